"""An initiative a document gives as an example: a place, a contest, a support; its organisation when it is one."""

from observatoire.schemas import NOMBRE, TEXTE, Colonne, Table
from observatoire.sources.document_columns import CITATION, CODE_TERRITOIRE, DOCUMENT, NIVEAU, PRECISION, code

TABLE = Table(
    "Initiatives que les documents donnent en exemple.",
    (
        code("initiative", "Initiative."),
        Colonne("nom", TEXTE, "Nom, tel qu'écrit.", requise=True, obligatoire=True, nominatif=True),
        Colonne("type_initiative", TEXTE, "tiers-lieu, concours, agriculture urbaine, accompagnement…", requise=True,
                obligatoire=True),
        code("theme", "Thème, quand le document le dit.", False),
        Colonne("surface_ha", NOMBRE, "Surface, quand elle est dite.", requise=True, unite="ha"),
        Colonne("recurrence", TEXTE, "annuelle…, quand elle est dite.", requise=True),
        NIVEAU,
        CODE_TERRITOIRE,
        PRECISION,
        DOCUMENT,
        CITATION,
    ),
    cle=("initiative",),
)
