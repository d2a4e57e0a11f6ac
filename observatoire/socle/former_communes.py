"""Former communes: where a code that is no longer a commune lies today, as finely as can be said for sure.

Files keep for years the codes of communes merged, split or moved since. A code means what it meant last: its place is
followed from the day it ceased, through every later movement. What a row's code is matched to does not belong here.
"""

from observatoire.derived import Derivee
from observatoire.levels import NIVEAUX
from observatoire.schemas import DATE, TEXTE, Colonne, Table, refus

# The journey of a code goes by steps: the first movement, from the day it arrived, of the commune where it is, or of
# the associated or delegated commune it became, which says more. Where a commune divides, a code that came through one
# of the communes re-established leaves with it; the others stay, when all that leaves had come from elsewhere; failing
# that it may be in any of the parts. A movement of the very day of arrival counts (a change of département, then a
# merge) unless it goes back: days only grow, hence cycles end. A code whose journey is lost on the way is not told.
PASSAGES_COMMUNES = Derivee(
    nom="passages_communes",
    schema="referentiels",
    famille="references",
    lit=("referentiels.communes", "referentiels.communes_anciennes", "referentiels.mouvements_communes"),
    publiee=True,
    table=Table(
        "Codes qui ne sont plus des communes, avec le territoire actuel le plus fin qui les contient à coup sûr.",
        (
            Colonne("code_ancien", TEXTE, "Code porté par certains fichiers.", obligatoire=True),
            Colonne("code_commune", TEXTE, "Commune actuelle ; vide quand plusieurs sont possibles, ou aucune connue."),
            Colonne(
                "niveau",
                TEXTE,
                "Niveau du territoire le plus fin qui le contient à coup sûr.",
                obligatoire=True,
                regles=(refus("niveau_connu", "niveau inconnu", lambda v: v.isin(NIVEAUX)),),
            ),
            Colonne(
                "code_territoire", TEXTE, "Code de ce territoire ; inconnu quand il ne l'est pas.", obligatoire=True
            ),
            Colonne(
                "motif",
                TEXTE,
                "Raison : arrondissement municipal, commune déléguée ou associée, fusion, scission…",
                obligatoire=True,
            ),
            Colonne("depuis", DATE, "Date depuis laquelle ce code n'est plus celui d'une commune ; vide si inconnue."),
        ),
        cle=("code_ancien",),
    ),
    requete="""
        WITH RECURSIVE
        mouvements AS (
            SELECT DISTINCT date_effet, code_mouvement, type_avant, code_avant, code_apres
            FROM referentiels.mouvements_communes
            WHERE type_avant IN ('COM', 'COMA', 'COMD') AND type_apres = 'COM' AND code_mouvement <> '10'
              -- the communes may be those of an older year than the movements
              AND year(date_effet) <= (SELECT coalesce(max(try_cast(millesime_cog AS INTEGER)), 9999)
                                       FROM referentiels.communes)),
        etapes AS (
            SELECT code_avant, type_avant = 'COM' AS est_commune, date_effet, min(code_mouvement) AS code_mouvement,
                   list(DISTINCT code_apres ORDER BY code_apres) AS suites
            FROM mouvements GROUP BY ALL HAVING list(DISTINCT code_apres) <> [code_avant]),
        retablissements AS (
            -- divisions that give back communes which had entered before
            SELECT e.code_avant, e.date_effet
            FROM (SELECT *, unnest(suites) AS suite FROM etapes WHERE est_commune AND code_mouvement = '21') e
            LEFT JOIN mouvements m ON m.type_avant = 'COM' AND m.code_avant = e.suite AND m.code_apres = e.code_avant
                                  AND m.date_effet < e.date_effet
            GROUP BY ALL
            HAVING bool_or(e.suite = e.code_avant) AND bool_and(e.suite = e.code_avant OR m.code_avant IS NOT NULL)),
        departs AS (
            SELECT code_avant AS code_ancien,
                   coalesce(max(date_effet) FILTER (est_commune), min(date_effet)) AS depuis,
                   coalesce(max_by(code_mouvement, date_effet) FILTER (est_commune),
                            min_by(code_mouvement, date_effet)) AS code_mouvement
            FROM etapes ANTI JOIN referentiels.communes c ON c.code_commune = code_avant GROUP BY ALL),
        trajets AS (
            SELECT code_ancien, code_ancien AS ici, [code_ancien] AS chemin, depuis AS jour, false AS est_arrive
            FROM departs
            UNION ALL
            SELECT code_ancien, suite, CASE WHEN suite = ici THEN chemin ELSE list_append(chemin, suite) END,
                   -- where it stays, that day is done with
                   CASE WHEN suite = ici THEN etape.jour + 1 ELSE etape.jour END, etape IS NULL
            FROM (
                SELECT code_ancien, ici, chemin, etape,
                       unnest(CASE WHEN etape IS NULL THEN [ici]
                                   WHEN len(etape.retours) > 0 THEN etape.retours[-1:]
                                   WHEN etape.est_retablissement THEN [ici]
                                   ELSE etape.suites END) AS suite
                FROM (
                    SELECT t.code_ancien, t.ici, t.chemin, t.jour,
                           min_by({jour: e.date_effet, suites: e.suites,
                                   retours: list_filter(t.chemin, lambda c: c <> t.ici AND e.est_commune
                                                        AND len(e.suites) > 1 AND list_contains(e.suites, c)),
                                   est_retablissement: r.code_avant IS NOT NULL},
                                  {jour: e.date_effet, est_commune: e.est_commune})
                               FILTER (e.code_avant IS NOT NULL) AS etape
                    FROM (SELECT *, unnest(chemin) AS passage FROM trajets WHERE NOT est_arrive) t
                    LEFT JOIN etapes e
                      ON e.code_avant = t.passage AND (t.passage = t.ici OR NOT e.est_commune) AND e.suites <> [t.ici]
                         AND (e.date_effet > t.jour
                              OR e.date_effet = t.jour AND NOT list_has_any(e.suites, t.chemin))
                    LEFT JOIN retablissements r
                      ON e.est_commune AND r.code_avant = e.code_avant AND r.date_effet = e.date_effet
                    GROUP BY t.code_ancien, t.ici, t.chemin, t.jour) prochaines) suivies),
        places AS (
            -- what the official code says of today comes before what movements let infer
            SELECT code_ancien, code_commune FROM referentiels.communes_anciennes
            UNION ALL
            SELECT DISTINCT t.code_ancien, coalesce(a.code_commune, t.ici)
            FROM trajets t LEFT JOIN referentiels.communes_anciennes a ON a.code_ancien = t.ici
            WHERE t.est_arrive AND t.code_ancien NOT IN (SELECT code_ancien FROM referentiels.communes_anciennes)),
        contenants AS (
            SELECT code_ancien,
                   CASE WHEN count(*) = 1 THEN max(c.code_commune) END AS code_commune,
                   CASE WHEN count(code_epci) = count(*) AND count(DISTINCT code_epci) = 1
                        THEN max(code_epci) END AS code_epci,
                   CASE WHEN count(code_departement) = count(*) AND count(DISTINCT code_departement) = 1
                        THEN max(code_departement) END AS code_departement,
                   CASE WHEN count(code_region) = count(*) AND count(DISTINCT code_region) = 1
                        THEN max(code_region) END AS code_region,
                   CASE WHEN count(code_region) = count(*) THEN 'FR' END AS code_france,
                   count(*) AS possibles
            FROM places p LEFT JOIN referentiels.communes c ON c.code_commune = p.code_commune
            GROUP BY ALL HAVING count(c.code_commune) = count(*))
        SELECT code_ancien, t.code_commune,
               CASE WHEN t.code_commune IS NOT NULL THEN 'commune' WHEN code_epci IS NOT NULL THEN 'epci'
                    WHEN code_departement IS NOT NULL THEN 'departement' WHEN code_region IS NOT NULL THEN 'region'
                    WHEN code_france IS NOT NULL THEN 'france' ELSE 'inconnu' END AS niveau,
               coalesce(t.code_commune, code_epci, code_departement, code_region, code_france, 'inconnu')
                   AS code_territoire,
               CASE WHEN type_ancien = 'arrondissement-municipal' THEN 'arrondissement municipal'
                    WHEN a.code_ancien IS NOT NULL THEN 'commune déléguée ou associée'
                    WHEN code_mouvement = '30' THEN 'suppression'
                    WHEN code_mouvement IN ('20', '21') OR possibles > 1 THEN 'scission'
                    WHEN code_mouvement = '41' THEN 'changement de département'
                    WHEN code_mouvement = '50' THEN 'changement de code'
                    ELSE 'fusion' END AS motif,
               depuis
        FROM contenants t
        LEFT JOIN referentiels.communes_anciennes a USING (code_ancien)
        LEFT JOIN departs USING (code_ancien)
        ANTI JOIN referentiels.communes actuelles ON actuelles.code_commune = code_ancien
        ORDER BY code_ancien""",
)
