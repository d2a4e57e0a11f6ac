"""Private employment of a département for a year, in the ESS by family or outside it (Urssaf, régime général).

A null is no zero.
"""

import pandas as pd

from observatoire.conversion import as_code
from observatoire.schemas import TEXTE, Colonne, Table
from observatoire.sources.urssaf_columns import ANNEE, EST_ESS, FAMILLE_ESS, MESURES

TABLE = Table(
    "Emploi privé par département, dans l'ESS et hors ESS (Urssaf, régime général, hors agriculture et Mayotte).",
    (
        ANNEE,
        Colonne(
            "code_departement", TEXTE, "Code du département.", ("Code département",), requise=True, obligatoire=True
        ),
        EST_ESS,
        FAMILLE_ESS,
        *MESURES,
    ),
    cle=("annee", "code_departement", "est_ess", "famille_ess"),
)


def preparer(brut: pd.DataFrame, fichier: str, millesime: str) -> pd.DataFrame:
    """Give départements 01 to 09 back the zero that a spreadsheet or a Parquet writer takes away."""
    codes = as_code(brut["code_departement"], 2).str.strip()
    return brut.assign(code_departement=codes.str.replace(r"^(\d)$", r"0\1", regex=True))
