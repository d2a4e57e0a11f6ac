"""A directory of partners or of territorial offers that a document says exists, and the entries of it that are known.

The row without an organisation says that the directory exists: a directory known to be empty of us is shown as such.
"""

from observatoire.schemas import TEXTE, Colonne, Table
from observatoire.sources.document_columns import CITATION, CODE_TERRITOIRE, DOCUMENT, EST_SENSIBLE, NIVEAU, code

TABLE = Table(
    "Annuaires de partenaires et d'offres territoriales, et leurs entrées connues.",
    (
        code("annuaire", "Annuaire, ou base d'offres."),
        Colonne("contenu", TEXTE, "Ce qu'il contient : partenaires, offres territoriales…", requise=True,
                obligatoire=True),
        Colonne("organisme", TEXTE, "Organisme inscrit ; vide : la ligne dit que l'annuaire existe.", requise=True,
                nominatif=True),
        Colonne("role", TEXTE, "Rôle, ou offre.", requise=True),
        NIVEAU,
        CODE_TERRITOIRE,
        EST_SENSIBLE,
        DOCUMENT,
        CITATION,
    ),
    cle=("annuaire", "organisme", "role"),
)
