"""A total that jumps from one year to the next, and whether a single beneficiary explains it.

Totals themselves belong to the measures; who each beneficiary is, to `beneficiaries`.
"""

from observatoire.derived import Derivee
from observatoire.schemas import ENTIER, NOMBRE, REEL, TEXTE, Colonne, Table
from observatoire.socle.beneficiaries import ATTRIBUTION, ETAT_DU_MONTANT

SAUTS_SUBVENTIONS = Derivee(
    nom="sauts_subventions",
    schema="qualite",
    famille="budgets",
    lit=("socle.beneficiaires",),
    publiee=True,
    table=Table(
        "Écart du total des subventions d'un exercice à l'autre, et le bénéficiaire qui l'explique le plus.",
        (
            *ATTRIBUTION,
            ETAT_DU_MONTANT,
            Colonne("exercice_precedent", ENTIER, "Exercice précédent parmi les fichiers reçus.", obligatoire=True),
            Colonne("montant_precedent_eur", NOMBRE, "Total de l'exercice précédent.", obligatoire=True, unite="eur"),
            Colonne("montant_eur", NOMBRE, "Total de l'exercice.", obligatoire=True, unite="eur"),
            Colonne("ecart_eur", NOMBRE, "Écart des deux totaux.", obligatoire=True, unite="eur"),
            Colonne("siren", TEXTE, "SIREN du premier contributeur ; vide s'il ne peut être nommé."),
            Colonne("denomination", TEXTE, "Sa dénomination ; vide s'il ne peut être nommé."),
            Colonne(
                "contribution_eur",
                NOMBRE,
                "Ce que son propre montant a pris ou perdu ; vide si c'est une personne physique.",
                unite="eur",
            ),
            Colonne("part_pct", REEL, "Sa contribution rapportée à l'écart."),
            Colonne("constat", TEXTE, "Ce qui explique l'écart.", obligatoire=True),
        ),
        cle=("siren_attribuant", "exercice", "etat"),
    ),
    requete="""
        WITH exercices AS (
            SELECT siren_attribuant, exercice, etat, sum(montant_eur + reste_eur) AS montant FROM socle.beneficiaires
            WHERE exercice IS NOT NULL AND siren_attribuant IS NOT NULL GROUP BY ALL),
        totaux AS (
            SELECT *, lag(exercice) OVER suite AS exercice_precedent, lag(montant) OVER suite AS montant_precedent
            FROM exercices WINDOW suite AS (PARTITION BY siren_attribuant, etat ORDER BY exercice)),
        par_beneficiaire AS (
            SELECT siren_attribuant, exercice, etat, beneficiaire, sum(montant_eur) AS montant,
                   max(siren) FILTER (est_publiable) AS siren, max(denomination) FILTER (est_publiable) AS denomination,
                   bool_or(est_personne_physique) AS est_personne_physique
            FROM socle.beneficiaires GROUP BY ALL),
        -- a beneficiary counts by what it received in either year
        recus AS (
            SELECT t.*, b.* EXCLUDE (siren_attribuant, exercice, etat, montant),
                   CASE WHEN b.exercice = t.exercice THEN b.montant ELSE -b.montant END AS mouvement
            FROM totaux t JOIN par_beneficiaire b
                 ON b.siren_attribuant = t.siren_attribuant AND b.etat = t.etat
                    AND b.exercice IN (t.exercice, t.exercice_precedent)
            WHERE t.exercice_precedent IS NOT NULL),
        contributions AS (
            SELECT siren_attribuant, exercice, etat, exercice_precedent, montant_precedent, montant,
                   montant - montant_precedent AS ecart, beneficiaire, sum(mouvement) AS contribution,
                   max(siren) AS siren, max(denomination) AS denomination,
                   bool_or(est_personne_physique) AS est_personne_physique
            FROM recus GROUP BY ALL),
        premieres AS (
            FROM contributions QUALIFY row_number() OVER (PARTITION BY siren_attribuant, exercice, etat
                ORDER BY contribution * sign(ecart) DESC, beneficiaire) = 1)
        SELECT siren_attribuant, exercice, etat, exercice_precedent, montant_precedent AS montant_precedent_eur,
               montant AS montant_eur, ecart AS ecart_eur, siren, denomination,
               CASE WHEN NOT est_personne_physique AND ecart <> 0 THEN contribution END AS contribution_eur,
               contribution_eur::DOUBLE / ecart::DOUBLE * 100 AS part_pct,
               CASE WHEN ecart = 0 THEN 'même total'
                    WHEN 2 * abs(contribution_eur) >= abs(ecart)
                         THEN 'un seul bénéficiaire explique la moitié de l''écart ou plus'
                    ELSE 'aucun bénéficiaire n''explique à lui seul la moitié de l''écart' END
               || CASE WHEN exercice - exercice_precedent > 1 THEN ' ; des exercices manquent entre les deux'
                       ELSE '' END AS constat
        FROM premieres ORDER BY siren_attribuant, exercice, etat""",
)
