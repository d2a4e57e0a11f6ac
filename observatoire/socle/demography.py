"""Births and closures of employers: events dated by the history of Sirene, moves left out.

A birth is the first day of the first period when an establishment was active and an employer; a closure, the last day
of the last one, when the establishment is now closed. An establishment that takes the place of another is neither, and
one that no longer employs, or did not when it closed, is in neither: its stock does not say that it ever did. What an
establishment is today belongs to `establishments`; counting, to the measures.
"""

from observatoire.derived import Derivee
from observatoire.schemas import DATE, TEXTE, Colonne, Table, refus
from observatoire.socle.establishments import PERIMETRE

ANNEES = 10
MOUVEMENTS = ["naissance", "fermeture"]

MOUVEMENTS_EMPLOYEURS = Derivee(
    nom="mouvements_employeurs",
    schema="socle",
    famille="etablissements",
    lit=("socle.sirene_historique", "socle.sirene_successions", "socle.etablissements"),
    publiee=False,
    table=Table(
        "Naissances et fermetures d'établissements employeurs sur dix ans, déménagements et reprises exclus.",
        (
            Colonne("siret", TEXTE, "SIRET de l'établissement.", obligatoire=True),
            Colonne("siren", TEXTE, "SIREN de l'unité légale.", obligatoire=True),
            Colonne(
                "mouvement",
                TEXTE,
                "naissance ou fermeture.",
                obligatoire=True,
                regles=(refus("mouvement_connu", "mouvement inconnu", lambda v: v.isin(MOUVEMENTS)),),
            ),
            Colonne("jour", DATE, "Jour du mouvement.", obligatoire=True),
            Colonne("niveau", TEXTE, "Niveau le plus fin où le lieu est connu.", obligatoire=True),
            Colonne("code_territoire", TEXTE, "Territoire à ce niveau.", obligatoire=True),
            *PERIMETRE,
        ),
        cle=("siret", "mouvement"),
    ),
    requete=f"""
        -- years that every file knows whole: one stops earlier, and closed employers are read ten years back from today
        WITH fenetre AS (
            SELECT greatest(annee, year(current_date)) - {ANNEES} AS premiere,
                   least(annee, coalesce((SELECT max(year(date_debut)) FROM socle.sirene_historique), annee),
                         coalesce((SELECT max(year(date_traitement)) FROM socle.sirene_successions), annee)) - 1
                       AS derniere
            FROM (SELECT max(try_cast(millesime[:4] AS INTEGER)) AS annee FROM socle.etablissements)),
        vies AS (
            SELECT try_cast(siret AS BIGINT) AS s,
                   CASE WHEN count(date_debut) = count(*) THEN min(date_debut) END AS debut,
                   CASE WHEN count(date_fin) = count(*) THEN max(date_fin) END AS fin
            FROM socle.sirene_historique GROUP BY ALL),
        bornes AS (
            SELECT s, debut, fin FROM vies, fenetre
            WHERE year(debut) BETWEEN premiere AND derniere OR year(fin) BETWEEN premiere AND derniere),
        liens AS (
            SELECT try_cast(siret_predecesseur AS BIGINT) AS avant, try_cast(siret_successeur AS BIGINT) AS apres,
                   date_lien
            FROM socle.sirene_successions WHERE siret_predecesseur <> siret_successeur),
        -- within a year of the event: an establishment taken over long before is none the less born, or closed
        nees_d_une_autre AS (
            SELECT DISTINCT s FROM bornes JOIN liens ON apres = s
            WHERE date_lien IS NULL OR abs(date_diff('day', date_lien, debut)) <= 366),
        suivies_d_une_autre AS (
            SELECT DISTINCT s FROM bornes JOIN liens ON avant = s
            WHERE date_lien IS NULL OR abs(date_diff('day', date_lien, fin)) <= 366),
        evenements AS (
            SELECT s, 'naissance' AS mouvement, debut AS jour FROM bornes ANTI JOIN nees_d_une_autre USING (s)
            UNION ALL SELECT s, 'fermeture', fin FROM bornes ANTI JOIN suivies_d_une_autre USING (s))
        SELECT e.siret, e.siren, mouvement, jour, e.niveau, e.code_territoire, e.est_ess, e.est_ess_large, e.famille
        FROM evenements
        JOIN (SELECT *, try_cast(siret AS BIGINT) AS s FROM socle.etablissements) e USING (s)
        CROSS JOIN fenetre
        WHERE year(jour) BETWEEN premiere AND derniere AND e.est_employeur
          AND (mouvement = 'naissance' OR NOT e.est_actif)""",
)
