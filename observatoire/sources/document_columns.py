"""The columns that every list drawn from documents carries: who is named, where, since when, with which words.

Such a list is an ordinary source; what is proper to one stays in its own `table.py`. Resolving names: `socle.members`.
"""

from observatoire.schemas import BOOLEEN, TEXTE, Colonne, refus
from observatoire.sources.territory_columns import niveau

PRECISIONS = ["exact", "approximatif", "borne", "deduit"]
CONFIANCES = ["forte", "moyenne", "faible"]
DATE_DITE = r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"

NIVEAU = niveau("Niveau du lieu, ou inconnu.")
CODE_TERRITOIRE = Colonne("code_territoire", TEXTE, "Code du lieu, ou inconnu.", requise=True, obligatoire=True)
DOCUMENT = Colonne("document", TEXTE, "Document, clé de socle.documents.", requise=True, obligatoire=True)
CITATION = Colonne(
    "citation",
    TEXTE,
    "Mots exacts du document, personnes masquées par « […] ».",
    requise=True,
    obligatoire=True,
    nominatif=True,
)
EST_SENSIBLE = Colonne("est_sensible", BOOLEEN, "Culte, parti ou syndicat : compté, jamais nommé ni dessiné.")


def code(nom: str, description: str, obligatoire: bool = True) -> Colonne:
    """Declare the code of an object of a list, by which others name it."""
    return Colonne(
        nom,
        TEXTE,
        description,
        requise=True,
        obligatoire=obligatoire,
        regles=(
            refus(
                "code_forme",
                "code mal formé : minuscules sans accent, chiffres et soulignés attendus",
                lambda v: v.str.fullmatch(r"[a-z0-9_]+"),
            ),
        ),
    )


def date_dite(nom: str, description: str) -> Colonne:
    """Declare a date as precise as the document is: a year, a month or a day; empty when it is not said."""
    return Colonne(
        nom,
        TEXTE,
        description,
        requise=True,
        regles=(
            refus(
                "date_dite",
                "date illisible : AAAA, AAAA-MM ou AAAA-MM-JJ attendu, ou rien quand elle n'est pas dite",
                lambda v: v.str.fullmatch(DATE_DITE),
            ),
        ),
    )


def parmi(nom: str, description: str, valeurs: list[str]) -> Colonne:
    """Declare a required word among a few."""
    return Colonne(
        nom,
        TEXTE,
        description,
        requise=True,
        obligatoire=True,
        regles=(refus("mot_connu", f"mot inconnu ; attendu : {', '.join(valeurs)}", lambda v: v.isin(valeurs)),),
    )


PRECISION = parmi("precision", "exact, approximatif, borne (« plus de »), deduit.", PRECISIONS)
CONFIANCE = parmi("confiance", "Confiance : forte (le document l'écrit), moyenne (il l'implique), faible.", CONFIANCES)
