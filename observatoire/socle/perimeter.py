"""The perimeter of the ESS: which legal units belong to it, in which family, for which reasons.

Two definitions, both data (`motifs_ess`, `perimetre_ess`, `naf_hors_ess`, `categories_hors_ess`): the perimeter of
Insee, reconstituted and not official (loi 2014-856, article 1: families by legal category, minus activities out of the
field), and a large, approximate one (its union with Insee's flag, the list of ESS France and the ESUS agreements). A
CRESS corrects both. Establishments and their place belong to `establishments`.
"""

from observatoire.derived import Derivee
from observatoire.schemas import BOOLEEN, ENTIER, TEXTE, Colonne, Table

# unions, religious and political bodies, in NAF rév. 2 and in NAF 2025
ACTIVITES_TUES = r"94\.(20|91|92)."
# NAF rév. 2 and NAF 2025: of an older code, or of 00.00Z, nothing tells whether the activity is a sensitive one
ACTIVITE_CONNUE = r"(0[1-9]|[1-9]\d)\.\d\d[A-Z]"
# what may be listed: a legal person, wholly diffusible, whose activity is known and not a sensitive one
PUBLIABLE = f"""coalesce(statut_diffusion = 'O' AND categorie_juridique NOT SIMILAR TO '1000|2.*'
                        AND regexp_full_match(code_naf, '{ACTIVITE_CONNUE}')
                        AND NOT regexp_full_match(code_naf, '{ACTIVITES_TUES}'), false)"""
# A duplicate is followed to the SIREN that stands, which may be one itself; one that leads to several leads to none for
# sure. Only new pairs go on: a circle ends, and leads nowhere.
DOUBLONS = """
        chaines AS (
            SELECT siren_doublon, siren FROM socle.sirene_doublons
            UNION
            SELECT chaines.siren_doublon, suite.siren
            FROM chaines JOIN socle.sirene_doublons suite ON suite.siren_doublon = chaines.siren),
        doublons AS (
            SELECT siren_doublon, max(siren) AS siren
            FROM chaines ANTI JOIN socle.sirene_doublons encore ON encore.siren_doublon = chaines.siren
            GROUP BY siren_doublon HAVING count(DISTINCT siren) = 1)"""

UNITES_ESS = Derivee(
    nom="unites_ess",
    schema="socle",
    famille="etablissements",
    lit=(
        "socle.sirene_unites_legales",
        "socle.sirene_etablissements",
        "socle.sirene_doublons",
        "socle.ess_france",
        "socle.esus",
        "socle.corrections_ess",
        "referentiels.perimetre_ess",
        "referentiels.naf_hors_ess",
        "referentiels.categories_hors_ess",
        "referentiels.motifs_ess",
    ),
    publiee=False,
    table=Table(
        "Unités légales qu'une raison au moins fait entrer dans l'ESS, ou qu'une règle en écarte.",
        (
            Colonne("siren", TEXTE, "SIREN de l'unité légale.", obligatoire=True),
            Colonne("categorie_juridique", TEXTE, "Catégorie juridique."),
            Colonne("denomination", TEXTE, "Dénomination de la personne morale."),
            Colonne("famille", TEXTE, "Famille de l'ESS ; autre quand sa catégorie juridique n'en a pas."),
            Colonne("motif_ess", TEXTE, "Raisons d'être dans l'ESS ; vide quand elle n'est dans aucun périmètre."),
            Colonne("confiance", TEXTE, "Confiance dans ce classement : forte, moyenne, faible."),
            Colonne("est_ess", BOOLEEN, "Dans le périmètre Insee reconstitué, non officiel.", obligatoire=True),
            Colonne("est_ess_large", BOOLEEN, "Dans le périmètre large, approché.", obligatoire=True),
            Colonne("desaccord", TEXTE, "En quoi les raisons se contredisent ; vide quand elles s'accordent."),
            Colonne("correction", TEXTE, "Correction d'une CRESS : active, close (la source lui a donné raison)."),
            Colonne(
                "est_publiable",
                BOOLEEN,
                "Peut être listée : personne morale, diffusible, activité connue et non sensible.",
                obligatoire=True,
            ),
        ),
        cle=("siren",),
    ),
    requete=f"""
        WITH RECURSIVE
        mois AS (SELECT coalesce(max(date_traitement), current_date) AS jour FROM socle.sirene_etablissements
                 WHERE date_traitement <= current_date + 1),
        {DOUBLONS},
        categories AS (
            -- of two versions of a rule in force, the later one: the former may have been left open
            SELECT * FROM referentiels.perimetre_ess, mois
            WHERE jour BETWEEN coalesce(valide_du, jour) AND coalesce(valide_au, jour)
            QUALIFY row_number() OVER (PARTITION BY code_categorie_juridique ORDER BY valide_du DESC NULLS LAST) = 1),
        motifs_valides AS (
            SELECT * FROM referentiels.motifs_ess, mois
            WHERE jour BETWEEN coalesce(valide_du, jour) AND coalesce(valide_au, jour)
            QUALIFY row_number() OVER (PARTITION BY motif ORDER BY valide_du DESC NULLS LAST) = 1),
        raisons AS (
            SELECT list(libelle) FILTER (est_insee_reconstitue) AS insee, list(libelle) FILTER (est_large) AS large,
                   map(list(libelle), list(confiance)) AS confiances, map(list(motif), list(libelle)) AS mots
            FROM motifs_valides),
        exclues AS (
            -- without the last letter, which NAF 2025 changes
            SELECT '^(' || string_agg(replace(prefixe_naf[:5], '.', '[.]'), '|') || ')' AS activites
            FROM referentiels.naf_hors_ess, mois
            WHERE jour BETWEEN coalesce(valide_du, jour) AND coalesce(valide_au, jour)),
        jamais AS (
            SELECT '^(' || string_agg(prefixe_categorie_juridique, '|') || ')' AS categories
            FROM referentiels.categories_hors_ess, mois
            WHERE jour BETWEEN coalesce(valide_du, jour) AND coalesce(valide_au, jour)),
        listees AS (
            SELECT DISTINCT coalesce(d.siren, f.siren) AS siren
            FROM socle.ess_france f LEFT JOIN doublons d ON d.siren_doublon = f.siren),
        agreees AS (
            SELECT DISTINCT coalesce(d.siren, a.siren) AS siren
            FROM socle.esus a CROSS JOIN mois LEFT JOIN doublons d ON d.siren_doublon = a.siren
            WHERE jour BETWEEN coalesce(date_agrement, jour) AND coalesce(date_fin, jour)),
        corrigees AS (
            SELECT coalesce(d.siren, c.siren) AS siren, sens, perimetre, famille
            FROM socle.corrections_ess c CROSS JOIN mois LEFT JOIN doublons d ON d.siren_doublon = c.siren
            WHERE jour <= coalesce(valide_au, jour)
            QUALIFY row_number() OVER (PARTITION BY coalesce(d.siren, c.siren) ORDER BY decidee_le DESC, c.siren) = 1),
        -- asked once of each code, not of each unit
        activites AS (
            SELECT code_naf, regexp_matches(code_naf, (SELECT activites FROM exclues)) AS est_activite_exclue
            FROM (SELECT DISTINCT code_naf FROM socle.sirene_unites_legales)),
        categories_lues AS (
            SELECT categorie_juridique,
                   regexp_matches(categorie_juridique, (SELECT categories FROM jamais)) AS est_categorie_exclue
            FROM (SELECT DISTINCT categorie_juridique FROM socle.sirene_unites_legales)),
        candidates AS (
            SELECT u.siren, u.categorie_juridique, u.denomination, u.statut_diffusion, u.code_naf, u.est_ess_insee,
                   p.famille AS famille_juridique, p.confiance AS confiance_categorie, p.regle,
                   f.siren IS NOT NULL AS est_listee, a.siren IS NOT NULL AS est_agreee,
                   c.sens, c.perimetre, c.famille AS famille_corrigee,
                   coalesce(est_activite_exclue, false) AS est_activite_exclue,
                   coalesce(est_categorie_exclue, false) AS est_categorie_exclue
            FROM socle.sirene_unites_legales u
            LEFT JOIN categories p ON p.code_categorie_juridique = u.categorie_juridique
            LEFT JOIN listees f ON f.siren = u.siren
            LEFT JOIN agreees a ON a.siren = u.siren
            LEFT JOIN corrigees c ON c.siren = u.siren
            LEFT JOIN activites ON activites.code_naf = u.code_naf
            LEFT JOIN categories_lues ON categories_lues.categorie_juridique = u.categorie_juridique
            WHERE p.regle IN ('retenue', 'a_decider') OR u.est_ess_insee OR f.siren IS NOT NULL OR a.siren IS NOT NULL
                OR c.siren IS NOT NULL),
        motivees AS (
            SELECT *, list_filter([
                       CASE WHEN regle = 'retenue' AND NOT est_activite_exclue THEN mots['categorie_juridique'] END,
                       CASE WHEN est_ess_insee AND NOT est_categorie_exclue THEN mots['indicateur_insee'] END,
                       CASE WHEN est_listee AND NOT est_categorie_exclue THEN mots['liste_ess_france'] END,
                       CASE WHEN est_agreee AND NOT est_categorie_exclue THEN mots['agrement_esus'] END],
                       lambda raison: raison IS NOT NULL) AS motifs,
                   coalesce(list_has_any(motifs, insee), false) AS insee_sans_correction,
                   coalesce(list_has_any(motifs, large), false) AS large_sans_correction,
                   coalesce(famille_juridique, 'autre') AS famille_sans_correction
            FROM candidates, raisons),
        corrections AS (
            SELECT *, CASE
                WHEN sens IS NULL THEN NULL
                WHEN sens = 'deplace' AND famille_corrigee = famille_sans_correction THEN 'close'
                -- the large perimeter holds the other: one cannot enter that one alone, nor leave this one alone
                WHEN sens = 'entre' AND famille_corrigee = famille_sans_correction AND large_sans_correction
                     AND (perimetre = 'large' OR insee_sans_correction) THEN 'close'
                WHEN sens = 'sort' AND NOT insee_sans_correction
                     AND (perimetre = 'insee_reconstitue' OR NOT large_sans_correction) THEN 'close'
                ELSE 'active' END AS correction
            FROM motivees),
        corrigees_enfin AS (
            SELECT *,
                   CASE WHEN correction = 'active' AND sens = 'entre' AND perimetre <> 'large' THEN true
                        WHEN correction = 'active' AND sens = 'sort' THEN false
                        ELSE insee_sans_correction END AS est_ess,
                   CASE WHEN correction = 'active' AND sens = 'entre' THEN true
                        WHEN correction = 'active' AND sens = 'sort' AND perimetre <> 'insee_reconstitue' THEN false
                        ELSE large_sans_correction END AS est_ess_large,
                   CASE WHEN correction = 'active' THEN list_append(motifs, 'correction d''une CRESS')
                        ELSE motifs END AS dits
            FROM corrections)
        SELECT siren, categorie_juridique, denomination,
               CASE WHEN correction = 'active' THEN coalesce(famille_corrigee, famille_sans_correction)
                    ELSE famille_sans_correction END AS famille,
               CASE WHEN est_ess OR est_ess_large THEN array_to_string(dits, ' ; ') END AS motif_ess,
               CASE WHEN NOT est_ess AND NOT est_ess_large THEN NULL
                    WHEN len(dits) > 1 OR correction = 'active' THEN 'forte'
                    WHEN dits[1] = mots['categorie_juridique'] THEN confiance_categorie ELSE confiances[dits[1]] END
                   AS confiance,
               est_ess, est_ess_large,
               nullif(concat_ws(' ; ',
                   CASE WHEN regle = 'retenue' AND NOT est_activite_exclue AND est_ess_insee IS FALSE
                        THEN 'catégorie retenue, indicateur « N »' END,
                   CASE WHEN est_activite_exclue AND (est_ess_insee OR est_listee OR est_agreee)
                        THEN 'activité hors champ, mais indicateur ou liste' END,
                   CASE WHEN est_categorie_exclue AND (est_ess_insee OR est_listee OR est_agreee)
                        THEN 'catégorie jamais dans l''ESS, mais indicateur ou liste' END,
                   CASE WHEN est_ess_insee IS FALSE AND (est_listee OR est_agreee)
                        THEN 'dans une liste, indicateur « N »' END,
                   CASE WHEN regle = 'a_decider' THEN 'catégorie à décider' END,
                   CASE WHEN correction = 'active' THEN 'corrigée par une CRESS' END), '') AS desaccord,
               correction,
               {PUBLIABLE} AS est_publiable
        FROM corrigees_enfin""",
)

PERIMETRE_MOTIFS = Derivee(
    nom="perimetre_motifs",
    schema="qualite",
    famille="etablissements",
    lit=(
        "socle.unites_ess",
        "socle.etablissements",
        "socle.corrections_ess",
        "socle.sirene_unites_legales",
        "socle.sirene_doublons",
    ),
    publiee=True,
    table=Table(
        "Ce que chaque raison apporte au périmètre de l'ESS, et où les raisons se contredisent ; unités légales "
        "actives, ou cessées depuis dix ans au plus.",
        (
            Colonne("famille", TEXTE, "Famille de l'ESS.", obligatoire=True),
            Colonne("motif_ess", TEXTE, "Raisons, ensemble ; vide pour ce qu'une règle écarte."),
            Colonne("desaccord", TEXTE, "En quoi les raisons se contredisent."),
            Colonne("est_ess", BOOLEEN, "Dans le périmètre Insee reconstitué.", obligatoire=True),
            Colonne("est_ess_large", BOOLEEN, "Dans le périmètre large.", obligatoire=True),
            Colonne("correction", TEXTE, "Correction d'une CRESS : active, close, sans objet (SIREN inconnu)."),
            Colonne("nombre_unites_legales", ENTIER, "Unités légales.", obligatoire=True, unite="unités légales"),
            Colonne(
                "nombre_etablissements_employeurs",
                ENTIER,
                "Établissements employeurs actifs de ces unités.",
                obligatoire=True,
                unite="établissements",
            ),
        ),
        cle=("famille", "motif_ess", "desaccord", "est_ess", "est_ess_large", "correction"),
    ),
    requete=f"""
        WITH RECURSIVE {DOUBLONS}
        SELECT u.famille, u.motif_ess, u.desaccord, u.est_ess, u.est_ess_large, u.correction,
               count(*) AS nombre_unites_legales,
               coalesce(sum(e.employeurs), 0)::BIGINT AS nombre_etablissements_employeurs
        FROM socle.unites_ess u
        LEFT JOIN (SELECT siren, count(*) AS employeurs FROM socle.etablissements WHERE est_actif AND est_employeur
                   GROUP BY siren) e USING (siren)
        GROUP BY ALL
        UNION ALL
        SELECT coalesce(famille, 'autre'), NULL, 'correction d''une unité que Sirene ne connaît pas, ou plus', false,
               false, 'sans objet', count(*), 0
        FROM (SELECT coalesce(d.siren, c.siren) AS siren, famille
              FROM socle.corrections_ess c LEFT JOIN doublons d ON d.siren_doublon = c.siren)
        ANTI JOIN socle.sirene_unites_legales USING (siren) GROUP BY ALL
        ORDER BY ALL""",
)
