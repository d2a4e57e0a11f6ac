"""A document that registers quote: its publisher and its own date, null when it carries none."""

from observatoire.schemas import DATE, TEXTE, Colonne, Table
from observatoire.sources.document_columns import code

TABLE = Table(
    "Documents cités par les registres, avec leur date.",
    (
        code("document", "Document."),
        Colonne("titre", TEXTE, "Titre, dans les mots du document.", requise=True, obligatoire=True),
        Colonne("editeur", TEXTE, "Qui le publie ; vide quand le document ne le dit pas.", requise=True),
        Colonne("date_document", DATE, "Date que porte le document ; vide quand il n'en porte pas.", requise=True),
        Colonne("url", TEXTE, "Adresse, quand elle est connue."),
    ),
    cle=("document",),
)
