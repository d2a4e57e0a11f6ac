"""A budget line a local authority says it devotes to the ESS; voted, contracted and paid are never added together."""

from observatoire.schemas import ENTIER, EUROS, TEXTE, Colonne, Table, Totaux, refus
from observatoire.sources.territory_columns import siren_collectivite

ETATS = ["voté", "engagé", "payé", "annoncé", "inconnu"]
CONFIANCES = ["rapporté", "deduit"]

TABLE = Table(
    "Lignes de budget consacrées à l'ESS, telles que déclarées.",
    (
        siren_collectivite(),
        Colonne(
            "exercice",
            ENTIER,
            "Exercice ; vide quand le document ne le donne pas.",
            requise=True,
            genre="annee",
            regles=(refus("exercice_plausible", "exercice impossible", lambda v: v.between(2000, 2100)),),
        ),
        Colonne("ligne", TEXTE, "Ligne, dans les mots du document.", requise=True, obligatoire=True),
        Colonne(
            "nature",
            TEXTE,
            "fonctionnement, investissement ou inconnue.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "nature_connue",
                    "nature inconnue : fonctionnement, investissement ou inconnue",
                    lambda v: v.isin(["fonctionnement", "investissement", "inconnue"]),
                ),
            ),
        ),
        Colonne(
            "etat_budgetaire",
            TEXTE,
            "voté, engagé, payé, annoncé ou inconnu.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "etat_connu",
                    f"état inconnu ; attendu : {', '.join(ETATS)}",
                    lambda v: v.isin(ETATS),
                ),
            ),
        ),
        Colonne("montant_eur", EUROS, "Montant.", requise=True, obligatoire=True, unite="eur"),
        Colonne("perimetre", TEXTE, "Périmètre : deux périmètres ne se comparent pas.", requise=True, obligatoire=True),
        Colonne("document", TEXTE, "Document.", requise=True, obligatoire=True),
        Colonne("citation", TEXTE, "Mots du document, ou chiffres rapportés.", requise=True, obligatoire=True),
        Colonne("deliberation", TEXTE, "Délibération qui l'a décidé ; vide quand le document ne la donne pas."),
        Colonne(
            "confiance",
            TEXTE,
            "Vide : mot à mot ; rapporté : chiffre relevé, mots non conservés ; deduit : calculé à partir d'eux.",
            regles=(
                refus(
                    "confiance_connue",
                    f"confiance inconnue ; attendu : {', '.join(CONFIANCES)}",
                    lambda v: v.isin(CONFIANCES),
                ),
            ),
        ),
    ),
    totaux=Totaux(("montant_eur",), ("ligne",), propres=("citation",)),
    cle=("siren_collectivite", "perimetre", "exercice", "ligne", "nature", "etat_budgetaire"),
)
