"""A figure a document declares, with its exact words: compared to what is computed, never mixed with it."""

from observatoire.schemas import BOOLEEN, DATE, NOMBRE, TEXTE, Colonne, Table, refus
from observatoire.sources.territory_columns import niveau

PRECISIONS = ["exact", "approximatif", "borne", "deduit"]

TABLE = Table(
    "Chiffres déclarés par des documents, et ce que l'observatoire calcule en regard.",
    (
        Colonne("reference", TEXTE, "Référence de la déclaration dans l'observatoire.", requise=True, obligatoire=True),
        Colonne("document", TEXTE, "Document.", requise=True, obligatoire=True),
        Colonne("date", DATE, "Date du document ; vide quand il n'en porte pas.", requise=True),
        Colonne(
            "citation",
            TEXTE,
            "Mots exacts du document, personnes masquées par « […] ».",
            requise=True,
            obligatoire=True,
        ),
        Colonne("grandeur", TEXTE, "Grandeur déclarée.", requise=True, obligatoire=True),
        niveau("Niveau du territoire, ou inconnu."),
        Colonne("code_territoire", TEXTE, "Code du territoire, ou inconnu.", requise=True, obligatoire=True),
        Colonne("periode", TEXTE, "Période du chiffre, ou inconnu.", requise=True, obligatoire=True),
        Colonne("valeur", NOMBRE, "Valeur déclarée, non arrondie ; vide pour une date ou un intervalle.", requise=True),
        Colonne("valeur_texte", TEXTE, "Valeur déclarée quand c'est une date ou une période.", requise=True),
        Colonne("borne_basse", NOMBRE, "Borne basse d'une approximation.", requise=True),
        Colonne("borne_haute", NOMBRE, "Borne haute d'une approximation.", requise=True),
        Colonne("est_borne_stricte", BOOLEEN, "La borne est exclue (« plus de 50 »).", requise=True),
        Colonne("unite", TEXTE, "Unité.", requise=True, obligatoire=True),
        Colonne(
            "precision",
            TEXTE,
            "exact, approximatif, borne, deduit.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "precision_connue",
                    f"précision inconnue ; attendu : {', '.join(PRECISIONS)}",
                    lambda v: v.isin(PRECISIONS),
                ),
            ),
        ),
        Colonne("note", TEXTE, "Ce qu'il faut savoir pour lire ce chiffre."),
    ),
    cle=("document", "grandeur", "niveau", "code_territoire", "periode"),
    regles=(
        refus(
            "chiffre_present",
            "ni valeur, ni date, ni borne : rien n'est déclaré",
            lambda lignes: lignes[["valeur", "valeur_texte", "borne_basse", "borne_haute"]].notna().any(axis=1),
        ),
    ),
)
