"""The crosswalk of themes: what in any register, or in the nomenclature of activities, is about a theme."""

from observatoire.schemas import TEXTE, Colonne, Table
from observatoire.sources.document_columns import CITATION, DOCUMENT, PRECISION, code, parmi

OBJETS = ["programmes", "initiatives", "evenements", "relations", "conventions", "naf"]

TABLE = Table(
    "Thèmes, et ce qui s'y rattache dans les registres et dans la NAF.",
    (
        code("theme", "Thème."),
        Colonne("libelle", TEXTE, "Libellé du thème.", requise=True, obligatoire=True),
        parmi("registre", f"Registre de l'objet : {', '.join(OBJETS)}.", OBJETS),
        Colonne("objet", TEXTE, "Code de l'objet dans son registre, ou division de la NAF.", requise=True,
                obligatoire=True),
        PRECISION,
        DOCUMENT,
        CITATION,
    ),
    cle=("theme", "registre", "objet"),
)
