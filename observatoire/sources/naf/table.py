"""A sub-class of NAF rév. 2 and the aggregates that contain it."""

from observatoire.schemas import TEXTE, Colonne, Table

TABLE = Table(
    "Sous-classes de la NAF rév. 2, avec leurs niveaux agrégés.",
    (
        Colonne("code_naf", TEXTE, "Sous-classe, avec son point (ex. 88.99B).", requise=True, obligatoire=True),
        Colonne("libelle_naf", TEXTE, "Intitulé de la sous-classe.", requise=True, obligatoire=True),
        Colonne("division_a88", TEXTE, "Division (A88).", requise=True, obligatoire=True),
        Colonne("section_a21", TEXTE, "Section (A21).", requise=True, obligatoire=True),
        Colonne("a38", TEXTE, "Poste du niveau A38.", requise=True, obligatoire=True),
        Colonne("a17", TEXTE, "Poste du niveau A17.", requise=True, obligatoire=True),
    ),
    cle=("code_naf",),
)
