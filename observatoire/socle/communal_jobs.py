"""Private jobs of a commune by activity and year: the columns of the Urssaf table turned into rows, at today's places.

What the table says is left to its source; estimating from it, to `estimation`.
"""

from observatoire.derived import Derivee
from observatoire.schemas import ENTIER, NOMBRE, TEXTE, Colonne, Table
from observatoire.sources import sources

ANNEES = tuple(sources()["urssaf_communes_ape"].module.ANNEES)

_PAR_ANNEE = ", ".join(
    f"{{annee: {annee}, etablissements: nombre_d_etablissements_{annee}, effectifs: effectifs_salaries_{annee}}}"
    for annee in ANNEES
)

EMPLOIS_PRIVES_COMMUNES = Derivee(
    nom="emplois_prives_communes",
    schema="socle",
    famille="masse_salariale",
    lit=(
        "socle.urssaf_communes_ape",
        "referentiels.communes",
        "referentiels.passages_communes",
        "referentiels.zonages",
        "referentiels.naf",
    ),
    publiee=False,
    table=Table(
        "Établissements et effectifs salariés privés de fin d'année, par commune actuelle et activité (Urssaf).",
        (
            Colonne(
                "code_departement", TEXTE, "Département ; inconnu quand le code reçu ne le dit pas.", obligatoire=True
            ),
            Colonne(
                "code_commune",
                TEXTE,
                "Commune actuelle ; inconnu quand le code reçu n'en est pas un.",
                obligatoire=True,
            ),
            Colonne(
                "code_naf",
                TEXTE,
                "Activité (NAF rév. 2) ; inconnu quand le code reçu n'en est pas un.",
                obligatoire=True,
            ),
            Colonne("annee", ENTIER, "Année.", obligatoire=True),
            Colonne(
                "nombre_etablissements", NOMBRE, "Comptes cotisants ; vide s'il n'est pas dit.", unite="établissements"
            ),
            Colonne(
                "effectifs_salaries",
                NOMBRE,
                "Effectif salarié de fin d'année ; vide s'il n'est pas dit.",
                unite="salariés",
            ),
        ),
        cle=("code_departement", "code_commune", "code_naf", "annee"),
    ),
    # a commune made of several has no total when one of them is not said: a null is no zero
    requete=f"""
        WITH lieux AS (
            SELECT u.code_commune AS code_lu, coalesce(c.code_commune, p.code_commune, 'inconnu') AS code_commune,
                   coalesce(c.code_departement, a.code_departement, z.code_territoire, 'inconnu') AS code_departement
            FROM (SELECT DISTINCT code_commune FROM socle.urssaf_communes_ape) u
            LEFT JOIN referentiels.communes c ON c.code_commune = u.code_commune
            LEFT JOIN referentiels.passages_communes p ON p.code_ancien = u.code_commune
            LEFT JOIN referentiels.communes a ON a.code_commune = p.code_commune
            LEFT JOIN referentiels.zonages z ON z.niveau = 'departement'
                 AND z.code_territoire = u.code_commune[:CASE WHEN u.code_commune LIKE '97%' THEN 3 ELSE 2 END]),
        activites AS (
            SELECT u.code_ape, coalesce(n.code_naf, 'inconnu') AS code_naf
            FROM (SELECT DISTINCT code_ape FROM socle.urssaf_communes_ape) u
            LEFT JOIN referentiels.naf n ON replace(n.code_naf, '.', '') = lpad(u.code_ape, 5, '0')),
        parts AS (
            SELECT *, count(*) OVER (PARTITION BY code_departement, code_commune, code_naf) AS parts
            FROM (SELECT code_commune AS code_lu, code_ape FROM socle.urssaf_communes_ape)
            JOIN lieux USING (code_lu) JOIN activites USING (code_ape)),
        longues AS (
            SELECT * FROM parts JOIN (
                SELECT code_commune AS code_lu, code_ape, unnest([{_PAR_ANNEE}], recursive := true)
                FROM socle.urssaf_communes_ape) USING (code_lu, code_ape))
        -- nearly all are alone at their place: only the others are added up
        SELECT code_departement, code_commune, code_naf, annee, etablissements AS nombre_etablissements,
               effectifs AS effectifs_salaries
        FROM longues WHERE parts = 1 AND (etablissements IS NOT NULL OR effectifs IS NOT NULL)
        UNION ALL
        SELECT code_departement, code_commune, code_naf, annee,
               CASE WHEN count(etablissements) = count(*) THEN sum(etablissements) END,
               CASE WHEN count(effectifs) = count(*) THEN sum(effectifs) END
        FROM longues WHERE parts > 1
        GROUP BY ALL HAVING count(etablissements) > 0 OR count(effectifs) > 0""",
)
