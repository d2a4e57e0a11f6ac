"""A legal category that no flag and no list brings into the ESS: public bodies, natural persons, observed mistakes."""

from observatoire.schemas import DATE, TEXTE, Colonne, Table

TABLE = Table(
    "Catégories juridiques hors de l'ESS, quels que soient l'indicateur et les listes.",
    (
        Colonne("prefixe_categorie_juridique", TEXTE, "Début du code exclu.", requise=True, obligatoire=True),
        Colonne("libelle", TEXTE, "Intitulé.", requise=True),
        Colonne("origine", TEXTE, "Pourquoi cette exclusion.", requise=True, obligatoire=True),
        Colonne("confiance", TEXTE, "Confiance : forte, moyenne, faible.", requise=True, obligatoire=True),
        Colonne("version", TEXTE, "Version de la règle.", requise=True, obligatoire=True),
        Colonne("valide_du", DATE, "Premier jour de validité, quand il est connu."),
        Colonne("valide_au", DATE, "Dernier jour de validité ; vide tant qu'elle vaut."),
    ),
    cle=("prefixe_categorie_juridique", "valide_du"),
)
