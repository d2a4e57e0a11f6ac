"""Establishments that employ, or are in the ESS: where each one is today, what it does, whether its legal unit is ESS.

Active ones, and the employers closed these last ten years. Which legal units are in the ESS belongs to `perimeter`;
openings and closings to `demography`; counting, to the measures.
"""

from observatoire.derived import Derivee
from observatoire.schemas import BOOLEEN, DATE, ENTIER, TEXTE, Colonne, Table
from observatoire.socle.perimeter import ACTIVITE_CONNUE, ACTIVITES_TUES, DOUBLONS

SECTEURS = (
    Colonne("code_naf", TEXTE, "Activité principale (NAF rév. 2) ; vide dans une autre nomenclature."),
    Colonne("a17", TEXTE, "Secteur (A17) ; vide quand l'activité est codée dans une ancienne nomenclature."),
    Colonne("a38", TEXTE, "Secteur (A38)."),
    Colonne("a88", TEXTE, "Division de la NAF (A88)."),
)
EMPLOI = (
    Colonne("tranche_effectifs", TEXTE, "Tranche d'effectifs salariés, de l'année `annee_effectifs`."),
    Colonne("annee_effectifs", TEXTE, "Année de validité de la tranche."),
    Colonne("est_employeur", BOOLEEN, "Employeur selon Sirene ; vide quand Sirene ne le dit pas."),
    Colonne("date_creation", DATE, "Date de création de l'établissement."),
)
PERIMETRE = (
    Colonne("est_ess", BOOLEEN, "Dans l'ESS au périmètre Insee reconstitué, non officiel.", obligatoire=True),
    Colonne("est_ess_large", BOOLEEN, "Dans l'ESS au périmètre large, approché.", obligatoire=True),
    Colonne("famille", TEXTE, "Famille de l'ESS ; vide hors de l'ESS."),
)
MILLESIME = Colonne("millesime", TEXTE, "Mois du stock Sirene.", obligatoire=True)

# Asked once of each code of `codes_lus` (commune, activity and its nomenclature), not of each establishment.
LIEUX = """
        lieux AS (
            SELECT e.code_commune_lu,
                   CASE WHEN c.code_commune IS NOT NULL THEN 'commune' WHEN p.niveau IS NOT NULL THEN p.niveau
                        WHEN z.code_territoire IS NOT NULL THEN 'departement' END AS niveau,
                   coalesce(c.code_commune, p.code_territoire, z.code_territoire) AS code_territoire
            FROM (SELECT DISTINCT code_commune_lu FROM codes_lus) e
            LEFT JOIN referentiels.communes c ON c.code_commune = e.code_commune_lu
            LEFT JOIN referentiels.passages_communes p ON p.code_ancien = e.code_commune_lu
            LEFT JOIN referentiels.zonages z ON z.niveau = 'departement'
                 AND z.code_territoire = e.code_commune_lu[:CASE WHEN e.code_commune_lu LIKE '97%' THEN 3 ELSE 2 END]
        )"""
ACTIVITES = f"""
        divisions AS (SELECT DISTINCT division_a88 AS a88, a38, a17 FROM referentiels.naf),
        activites AS (
            -- NAF 2025 keeps the divisions: those it moves are few, and no table of passage is official before 2027
            SELECT e.code_naf AS code_lu, est_naf25, CASE WHEN NOT est_naf25 THEN n.code_naf END AS code_naf,
                   a88, d.a38, d.a17,
                   regexp_full_match(e.code_naf, '{ACTIVITE_CONNUE}')
                       AND NOT regexp_full_match(e.code_naf, '{ACTIVITES_TUES}') AS est_publiable
            FROM (SELECT DISTINCT code_naf, coalesce(nomenclature_activite, '') IN ('NAF25', 'NAF2025') AS est_naf25
                  FROM codes_lus) e
            LEFT JOIN referentiels.naf n ON n.code_naf = e.code_naf
            LEFT JOIN divisions d ON d.a88 = CASE WHEN est_naf25 THEN e.code_naf[:2] ELSE n.division_a88 END)"""

ETABLISSEMENTS = Derivee(
    nom="etablissements",
    schema="socle",
    famille="etablissements",
    lit=(
        "socle.sirene_etablissements",
        "socle.sirene_unites_legales",
        "socle.sirene_doublons",
        "socle.unites_ess",
        "referentiels.communes",
        "referentiels.passages_communes",
        "referentiels.zonages",
        "referentiels.naf",
    ),
    publiee=False,
    table=Table(
        "Établissements qui emploient ou sont de l'ESS, actifs ou fermés depuis dix ans au plus.",
        (
            Colonne("siret", TEXTE, "SIRET de l'établissement.", obligatoire=True),
            Colonne("siren", TEXTE, "SIREN de l'unité légale, celui qui fait foi s'il y en a deux.", obligatoire=True),
            Colonne("est_actif", BOOLEEN, "Actif ; sinon fermé.", obligatoire=True),
            Colonne("date_fermeture", DATE, "Jour de la fermeture d'un établissement fermé."),
            Colonne("niveau", TEXTE, "Niveau le plus fin où le lieu est connu.", obligatoire=True),
            Colonne("code_territoire", TEXTE, "Territoire à ce niveau.", obligatoire=True),
            *SECTEURS,
            *EMPLOI,
            *PERIMETRE,
            Colonne("est_publiable", BOOLEEN, "Peut être listé, avec son unité légale.", obligatoire=True),
            MILLESIME,
        ),
        cle=("siret",),
    ),
    requete=f"""
        WITH RECURSIVE
        mois AS (
            SELECT coalesce(strftime(max(date_traitement), '%Y-%m'), 'inconnu') AS millesime
            FROM socle.sirene_etablissements WHERE date_traitement <= current_date + 1),
        -- millions of rows, of which each reader wants the distinct codes: not to be copied
        codes_lus AS NOT MATERIALIZED (
            SELECT code_commune_lu, code_naf, nomenclature_activite FROM socle.sirene_etablissements),
        {LIEUX},
        {ACTIVITES},
        {DOUBLONS}
        SELECT e.siret, e.siren_qui_fait_foi AS siren, e.etat_administratif = 'A' AS est_actif,
               CASE WHEN e.etat_administratif = 'F' THEN e.date_debut END AS date_fermeture,
               coalesce(l.niveau, 'inconnu') AS niveau, coalesce(l.code_territoire, 'inconnu') AS code_territoire,
               a.code_naf, a.a17, a.a38, a.a88, e.tranche_effectifs, e.annee_effectifs, e.est_employeur,
               e.date_creation, e.est_ess, e.est_ess_large,
               CASE WHEN e.est_ess OR e.est_ess_large THEN e.famille END AS famille,
               coalesce(e.est_unite_publiable AND e.statut_diffusion = 'O' AND a.est_publiable, false) AS est_publiable,
               mois.millesime
        FROM (
            -- before any other join: two establishments out of three neither employ nor are in the ESS
            SELECT e.*, coalesce(d.siren, e.siren) AS siren_qui_fait_foi, coalesce(u.est_ess, false) AS est_ess,
                   coalesce(u.est_ess_large, false) AS est_ess_large, u.famille, u.est_publiable AS est_unite_publiable
            FROM socle.sirene_etablissements e
            LEFT JOIN doublons d ON d.siren_doublon = e.siren
            LEFT JOIN socle.unites_ess u ON u.siren = coalesce(d.siren, e.siren)
            WHERE e.est_employeur OR u.est_ess OR u.est_ess_large) e
        CROSS JOIN mois
        LEFT JOIN lieux l ON l.code_commune_lu = e.code_commune_lu
        LEFT JOIN activites a ON a.code_lu = e.code_naf
             AND a.est_naf25 = (coalesce(e.nomenclature_activite, '') IN ('NAF25', 'NAF2025'))""",
    controles=(
        (
            "n'a pas tous les employeurs du stock, ou en a plus : une jointure en ajoute ou en perd",
            """
            SELECT abs((SELECT count(*) FROM calcul WHERE est_employeur)
                       - (SELECT count(*) FROM socle.sirene_etablissements WHERE est_employeur))""",
        ),
        (
            "a plus de 5 % d'employeurs actifs sans unité légale (déposer les deux stocks Sirene du même mois)",
            """
            WITH employeurs AS (SELECT siren FROM calcul WHERE est_actif AND est_employeur),
            connus AS (SELECT siren FROM socle.sirene_unites_legales SEMI JOIN employeurs USING (siren))
            SELECT CASE WHEN (SELECT count(*) FROM socle.sirene_unites_legales) > 0
                         AND 20 * perdus > (SELECT count(*) FROM employeurs) THEN perdus END
            FROM (SELECT count(*) AS perdus FROM employeurs ANTI JOIN connus USING (siren))""",
        ),
    ),
)

ETABLISSEMENTS_ESS = Derivee(
    nom="etablissements_ess",
    schema="socle",
    famille="etablissements",
    lit=("socle.etablissements", "socle.unites_ess"),
    publiee=True,
    table=Table(
        "Établissements actifs de l'ESS qui peuvent être listés, dans l'un ou l'autre périmètre (est_ess : Insee "
        "reconstitué, non officiel ; est_ess_large : approché) ; sans adresse.",
        (
            Colonne("siret", TEXTE, "SIRET de l'établissement.", obligatoire=True),
            Colonne("siren", TEXTE, "SIREN de l'unité légale.", obligatoire=True),
            Colonne("denomination", TEXTE, "Dénomination de la personne morale."),
            Colonne("code_commune", TEXTE, "Commune actuelle ; vide quand le code reçu n'est rattaché à aucune."),
            *SECTEURS,
            Colonne("categorie_juridique", TEXTE, "Catégorie juridique de l'unité légale."),
            *EMPLOI,
            *PERIMETRE,
            Colonne("motif_ess", TEXTE, "Raisons pour lesquelles l'unité légale est dans l'ESS."),
            Colonne("confiance", TEXTE, "Confiance dans ce classement : forte, moyenne, faible."),
            MILLESIME,
        ),
        cle=("siret",),
    ),
    requete="""
        SELECT e.*, u.denomination, u.categorie_juridique, u.motif_ess, u.confiance,
               CASE WHEN e.niveau = 'commune' THEN e.code_territoire END AS code_commune
        FROM socle.etablissements e JOIN socle.unites_ess u USING (siren)
        WHERE e.est_actif AND e.est_publiable AND (e.est_ess OR e.est_ess_large) ORDER BY siret""",
)

RAPPROCHEMENTS = Derivee(
    nom="rapprochements",
    schema="qualite",
    famille="etablissements",
    lit=(
        "socle.sirene_etablissements",
        "socle.sirene_unites_legales",
        "socle.sirene_doublons",
        "socle.etablissements",
        "referentiels.communes",
        "referentiels.passages_communes",
        "referentiels.categories_juridiques",
    ),
    publiee=True,
    table=Table(
        "Ce que les rapprochements de Sirene n'ont pas trouvé tel quel, et ce qui en est fait : rien n'est perdu.",
        (
            Colonne("rapprochement", TEXTE, "Ce qui est rapproché.", obligatoire=True),
            Colonne("cas", TEXTE, "Code en cause, ou sorte de cas.", obligatoire=True),
            Colonne("consequence", TEXTE, "Ce qui en est fait.", obligatoire=True),
            Colonne("nombre", ENTIER, "Établissements ou unités légales.", obligatoire=True, unite="lignes"),
        ),
        cle=("rapprochement", "cas", "consequence"),
    ),
    requete="""
        WITH lieux AS (
            SELECT code_commune_lu, count(*) AS nombre FROM socle.sirene_etablissements GROUP BY ALL),
        perdus AS (
            SELECT est_actif FROM socle.etablissements
            ANTI JOIN (FROM socle.sirene_unites_legales SEMI JOIN socle.etablissements USING (siren)) USING (siren))
        -- a word that is no code may name somebody: it is counted, not repeated
        SELECT 'commune' AS rapprochement,
               CASE WHEN code_commune_lu IS NULL THEN 'sans code'
                    WHEN regexp_full_match(code_commune_lu, '([0-9]{2}|2A|2B)[0-9]{3}') THEN code_commune_lu
                    ELSE 'code mal formé' END AS cas,
               'compté au département quand le code commence comme le sien, sinon sans lieu' AS consequence,
               sum(lieux.nombre) AS nombre
        FROM lieux ANTI JOIN referentiels.communes c ON c.code_commune = code_commune_lu
                   ANTI JOIN referentiels.passages_communes p ON p.code_ancien = code_commune_lu
        GROUP BY ALL
        UNION ALL
        SELECT 'ancienne commune', motif, CASE WHEN p.code_commune IS NULL THEN 'compté au territoire qui la contient'
                                               ELSE 'compté à la commune actuelle' END AS consequence, sum(nombre)
        FROM lieux JOIN referentiels.passages_communes p ON p.code_ancien = code_commune_lu
        GROUP BY ALL
        UNION ALL
        SELECT 'unité légale', CASE WHEN est_actif THEN 'absente du stock'
                                    ELSE 'hors champ ou absente du stock, employeur fermé' END AS cas,
               'établissement compté hors de l''ESS', count(*)
        FROM perdus GROUP BY ALL
        UNION ALL
        SELECT 'unité légale', 'SIREN en double',
               CASE WHEN e.siren = lu.siren THEN 'laissé : il mène à plusieurs SIREN, ou à aucun'
                    ELSE 'suivi jusqu''au SIREN qui fait foi' END AS consequence, count(*)
        FROM (FROM socle.sirene_etablissements SEMI JOIN socle.sirene_doublons
              ON siren_doublon = sirene_etablissements.siren) lu
        JOIN socle.etablissements e USING (siret) GROUP BY ALL
        UNION ALL
        SELECT 'catégorie juridique',
               CASE WHEN regexp_full_match(categorie_juridique, '[0-9]{4}') THEN categorie_juridique
                    ELSE 'code mal formé' END,
               'hors de l''ESS, sauf indicateur ou liste', count(*)
        FROM socle.sirene_unites_legales
        ANTI JOIN referentiels.categories_juridiques c ON c.code_categorie_juridique = categorie_juridique
        GROUP BY ALL
        ORDER BY ALL""",
)
