"""A legal category of Insee's nomenclature."""

from observatoire.schemas import ENTIER, TEXTE, Colonne, Table

TABLE = Table(
    "Catégories juridiques de l'Insee (niveaux 1, 2 et 3).",
    (
        Colonne(
            "code_categorie_juridique", TEXTE, "Code : un, deux ou quatre chiffres.", requise=True, obligatoire=True
        ),
        Colonne("libelle", TEXTE, "Intitulé.", requise=True, obligatoire=True),
        Colonne("niveau_nomenclature", ENTIER, "Niveau : 1, 2 ou 3.", requise=True, obligatoire=True),
    ),
    cle=("niveau_nomenclature", "code_categorie_juridique"),
)
