"""The perimeter of the ESS: which establishments belong, in which family, and for which reasons.

Rules are data (`perimetre_ess`, `naf_hors_ess`), reconstituted and not official (loi 2014-856, article 1; Insee, champ
de l'ESS). Counting the establishments does not belong here.
"""

from observatoire.derived import Derivee
from observatoire.schemas import BOOLEEN, DATE, TEXTE, Colonne, Table

# Bodies counted, never listed: natural persons, religious, political and union bodies (public contract).
CATEGORIES_TUES = "categorie_juridique = '1000' OR categorie_juridique LIKE '2%'"
# unions, religious and political bodies, in NAF rév. 2 and in NAF 2025
ACTIVITES_TUES = r"94\.(20|91|92)."

COLONNES_COMMUNES = (
    Colonne("siret", TEXTE, "SIRET de l'établissement.", obligatoire=True),
    Colonne("siren", TEXTE, "SIREN de l'unité légale.", obligatoire=True),
    Colonne("code_commune", TEXTE, "Commune actuelle ; vide quand le code reçu n'est rattaché à aucune."),
    Colonne("code_naf", TEXTE, "Activité principale de l'établissement (NAF rév. 2) ; vide en ancienne nomenclature."),
    Colonne("a17", TEXTE, "Secteur de l'établissement (A17)."),
    Colonne("categorie_juridique", TEXTE, "Catégorie juridique de l'unité légale."),
    Colonne("tranche_effectifs", TEXTE, "Tranche d'effectifs salariés, de l'année `annee_effectifs`."),
    Colonne("annee_effectifs", TEXTE, "Année de validité de la tranche."),
    Colonne("est_employeur", BOOLEEN, "Employeur selon Sirene ; vide quand Sirene ne le dit pas."),
    Colonne("date_creation", DATE, "Date de création de l'établissement."),
    Colonne("famille", TEXTE, "Famille de l'ESS ; vide hors de l'ESS."),
    Colonne("motif_ess", TEXTE, "Raisons pour lesquelles l'unité légale est dans l'ESS."),
    Colonne("confiance", TEXTE, "Confiance dans ce classement : forte, moyenne, faible."),
    Colonne("millesime", TEXTE, "Mois du stock Sirene.", obligatoire=True),
)

ETABLISSEMENTS = Derivee(
    nom="etablissements",
    schema="socle",
    famille="etablissements",
    lit=(
        "socle.sirene_etablissements",
        "socle.sirene_unites_legales",
        "referentiels.communes",
        "referentiels.communes_anciennes",
        "referentiels.zonages",
        "referentiels.perimetre_ess",
        "referentiels.naf_hors_ess",
        "referentiels.naf",
    ),
    publiee=False,
    table=Table(
        "Établissements actifs, avec leur territoire et leur place dans l'ESS.",
        (
            *COLONNES_COMMUNES,
            Colonne("niveau", TEXTE, "Niveau le plus fin où le lieu est connu.", obligatoire=True),
            Colonne("code_territoire", TEXTE, "Territoire à ce niveau.", obligatoire=True),
            Colonne("est_ess", BOOLEEN, "Dans l'ESS au périmètre Insee reconstitué.", obligatoire=True),
            Colonne(
                "est_publiable",
                BOOLEEN,
                "Peut être listé : personne morale, diffusible, activité non sensible.",
                obligatoire=True,
            ),
            Colonne("denomination", TEXTE, "Dénomination de la personne morale."),
        ),
        cle=("siret",),
    ),
    requete=f"""
        WITH exclues AS (
            -- without the last letter, which NAF 2025 changes
            SELECT '^(' || string_agg(replace(prefixe_naf[:5], '.', '[.]'), '|') || ')' AS motif
            FROM referentiels.naf_hors_ess),
        unites AS (
            SELECT u.siren, u.categorie_juridique, u.denomination, u.est_ess_insee, u.statut_diffusion,
                   p.famille AS famille_juridique, p.regle, p.confiance AS confiance_regle,
                   regexp_matches(u.code_naf, (SELECT motif FROM exclues)) AS est_activite_exclue,
                   u.code_naf IN (SELECT code_naf FROM referentiels.naf) AS est_activite_connue,
                   regexp_full_match(u.code_naf, '{ACTIVITES_TUES}') AS est_activite_tue
            FROM socle.sirene_unites_legales u
            LEFT JOIN referentiels.perimetre_ess p ON p.code_categorie_juridique = u.categorie_juridique),
        classees AS (
            SELECT *,
                   CASE WHEN coalesce(est_activite_exclue, false) THEN false
                        WHEN regle = 'retenue' THEN true
                        WHEN regle = 'si_indicateur' THEN coalesce(est_ess_insee, false)
                        ELSE false END AS est_ess
            FROM unites),
        mois AS (
            SELECT coalesce(strftime(max(date_traitement), '%Y-%m'), 'inconnu') AS millesime
            FROM socle.sirene_etablissements)
        SELECT e.siret, e.siren, c.code_commune, n.code_naf, n.a17, u.categorie_juridique, e.tranche_effectifs,
               e.annee_effectifs, e.est_employeur, e.date_creation,
               CASE WHEN u.est_ess THEN u.famille_juridique END AS famille,
               CASE WHEN u.est_ess THEN concat_ws(' ; ',
                        CASE WHEN u.regle = 'retenue' THEN 'catégorie juridique' END,
                        CASE WHEN u.est_ess_insee THEN 'indicateur ESS de l''Insee' END) END AS motif_ess,
               CASE WHEN NOT u.est_ess THEN NULL WHEN u.est_ess_insee THEN 'forte' ELSE u.confiance_regle END
                   AS confiance,
               mois.millesime,
               CASE WHEN c.code_commune IS NOT NULL THEN 'commune' WHEN d.code_territoire IS NOT NULL THEN 'departement'
                    ELSE 'inconnu' END AS niveau,
               coalesce(c.code_commune, d.code_territoire, 'inconnu') AS code_territoire,
               coalesce(u.est_ess, false) AS est_ess,
               coalesce(u.statut_diffusion = 'O' AND e.statut_diffusion = 'O' AND NOT ({CATEGORIES_TUES})
                        AND NOT coalesce(u.est_activite_tue, false)
                        AND NOT coalesce(regexp_full_match(e.code_naf, '{ACTIVITES_TUES}'), false)
                        AND u.est_activite_connue AND n.code_naf IS NOT NULL, false) AS est_publiable,
               u.denomination
        FROM socle.sirene_etablissements e
        CROSS JOIN mois
        LEFT JOIN classees u USING (siren)
        LEFT JOIN referentiels.communes_anciennes a ON a.code_ancien = e.code_commune_lu
        LEFT JOIN referentiels.communes c ON c.code_commune = coalesce(a.code_commune, e.code_commune_lu)
        LEFT JOIN referentiels.zonages d ON d.niveau = 'departement'
             AND d.code_territoire = e.code_commune_lu[:CASE WHEN e.code_commune_lu LIKE '97%' THEN 3 ELSE 2 END]
        LEFT JOIN referentiels.naf n ON n.code_naf = e.code_naf""",
    controles=(
        (
            "a plus de 5 % d'établissements sans unité légale (déposer les deux stocks Sirene du même mois)",
            """
            SELECT CASE WHEN (SELECT count(*) FROM socle.sirene_unites_legales) > 0
                         AND 20 * perdus > tous THEN perdus END
            FROM (SELECT count(*) AS tous, count(*) FILTER (siren NOT IN (
                      SELECT siren FROM socle.sirene_unites_legales)) AS perdus FROM calcul)""",
        ),
    ),
)

ETABLISSEMENTS_ESS = Derivee(
    nom="etablissements_ess",
    schema="socle",
    famille="etablissements",
    lit=("socle.etablissements",),
    publiee=True,
    table=Table(
        "Établissements de l'ESS (périmètre Insee reconstitué, non officiel) qui peuvent être listés ; sans adresse.",
        (*COLONNES_COMMUNES, Colonne("denomination", TEXTE, "Dénomination de la personne morale.")),
        cle=("siret",),
    ),
    requete="""
        SELECT * EXCLUDE (niveau, code_territoire, est_ess, est_publiable)
        FROM socle.etablissements WHERE est_ess AND est_publiable ORDER BY siret""",
)
