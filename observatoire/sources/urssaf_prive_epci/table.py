"""Private employment of an EPCI for a year (Urssaf, régime général), one row for each part of an EPCI.

An EPCI over two régions, or over two former régions of one région, has a row for each. A null is no zero.
"""

import pandas as pd

from observatoire.conversion import as_code
from observatoire.schemas import TEXTE, Colonne, Table
from observatoire.sources.urssaf_columns import ANNEE, MESURES

TABLE = Table(
    "Emploi privé par EPCI (Urssaf, régime général, hors agriculture et Mayotte).",
    (
        ANNEE,
        Colonne("code_epci", TEXTE, "SIREN de l'EPCI.", ("Code EPCI",), requise=True, obligatoire=True),
        Colonne("code_region", TEXTE, "Région de cette partie de l'EPCI.", ("Code région",), requise=True),
        Colonne(
            "code_ancienne_region",
            TEXTE,
            "Région d'avant 2016 de cette partie ; vide quand le fichier ne la dit pas.",
            ("Code ancienne région",),
        ),
        *MESURES,
    ),
    cle=("annee", "code_epci", "code_region", "code_ancienne_region"),
)


def preparer(brut: pd.DataFrame, fichier: str, millesime: str) -> pd.DataFrame:
    """Give the région codes 01 to 06 the zero that a spreadsheet or a Parquet writer takes away."""
    regions = [nom for nom in ("code_region", "code_ancienne_region") if nom in brut]
    codes = {nom: as_code(brut[nom], 2).str.strip() for nom in regions}
    return brut.assign(**{nom: lus.str.replace(r"^(\d)$", r"0\1", regex=True) for nom, lus in codes.items()})
