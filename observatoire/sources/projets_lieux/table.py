"""A surface or a cost of a place project, part by part, as a document tells it: no ratio follows from them."""

from observatoire.schemas import NOMBRE, TEXTE, Colonne, Table, refus
from observatoire.sources.territory_columns import siren_collectivite

UNITES = {"surface": "m²", "coût": "eur"}
PRECISIONS = ["exact", "approximatif", "deduit"]

TABLE = Table(
    "Surfaces et coûts des projets de lieux de l'ESS, par partie.",
    (
        siren_collectivite(),
        Colonne("projet", TEXTE, "Projet.", requise=True, obligatoire=True),
        Colonne(
            "grandeur",
            TEXTE,
            "surface ou coût.",
            requise=True,
            obligatoire=True,
            regles=(
                refus("grandeur_connue", "grandeur inconnue : surface ou coût attendu", lambda v: v.isin(UNITES)),
            ),
        ),
        Colonne("partie", TEXTE, "Partie du lieu, ou « ensemble ».", requise=True, obligatoire=True),
        Colonne("porteur", TEXTE, "Qui porte la dépense ou occupe la partie, dans les mots du document.", requise=True),
        Colonne("valeur", NOMBRE, "Valeur ; vide quand elle n'est connue que par des bornes.", requise=True),
        Colonne("borne_basse", NOMBRE, "Valeur au moins.", requise=True),
        Colonne("borne_haute", NOMBRE, "Valeur au plus.", requise=True),
        Colonne("unite", TEXTE, "m² ou eur.", requise=True, obligatoire=True),
        Colonne(
            "precision",
            TEXTE,
            "exact, approximatif, ou deduit : calculé, non écrit par le document.",
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
        Colonne("document", TEXTE, "Document.", requise=True, obligatoire=True),
        Colonne("citation", TEXTE, "Mots du document, personnes masquées par « […] ».", requise=True, obligatoire=True),
        Colonne("note", TEXTE, "Ce qu'il faut savoir pour lire cette ligne."),
    ),
    cle=("siren_collectivite", "projet", "grandeur", "partie", "document"),
    regles=(
        refus(
            "chiffre_present",
            "ni valeur, ni borne : rien n'est déclaré",
            lambda lignes: lignes[["valeur", "borne_basse", "borne_haute"]].notna().any(axis=1),
        ),
        refus(
            "unite_de_la_grandeur",
            "unité qui n'est pas celle de la grandeur : m² pour une surface, eur pour un coût",
            lambda lignes: (lignes["grandeur"].map(UNITES) == lignes["unite"]).fillna(True).astype(bool),
        ),
        refus(
            "bornes_dans_l_ordre",
            "borne basse plus grande que la borne haute",
            lambda lignes: (lignes["borne_haute"] >= lignes["borne_basse"]).fillna(True),
        ),
    ),
)
