"""Private employment of a région for a year and a NAF division, in the ESS by family or outside it (Urssaf).

Another table than the one by département: the two differ by definition, and are never put in one equality. A null is no
zero; a division that is not there is not zero either.
"""

import pandas as pd

from observatoire.conversion import convert
from observatoire.schemas import TEXTE, Colonne, Table, refus
from observatoire.sources.urssaf_columns import ANNEE, EST_ESS, FAMILLE_ESS, MESURES

TABLE = Table(
    "Emploi privé par région et division de la NAF, dans l'ESS et hors ESS (Urssaf, régime général).",
    (
        ANNEE,
        Colonne(
            "code_region", TEXTE, "Code de la région.", ("Code région",), requise=True, obligatoire=True, longueur=2
        ),
        Colonne(
            "secteur_na88",
            TEXTE,
            "Division, dans les mots de l'Urssaf (« 88 Action sociale »).",
            ("Secteur NA88",),
            requise=True,
            obligatoire=True,
        ),
        Colonne(
            "division_naf",
            TEXTE,
            "Code de la division de la NAF.",
            calculee=True,
            obligatoire=True,
            regles=(
                refus(
                    "division_connue",
                    "le secteur ne commence pas par les deux chiffres d'une division de la NAF",
                    lambda v: v.str.fullmatch(r"\d{2}"),
                ),
            ),
        ),
        EST_ESS,
        FAMILLE_ESS,
        *MESURES,
    ),
    cle=("annee", "code_region", "division_naf", "est_ess", "famille_ess"),
)


def preparer(brut: pd.DataFrame, fichier: str, millesime: str) -> pd.DataFrame:
    """Take the code of the division from its words."""
    return brut.assign(division_naf=convert(brut["secteur_na88"], TEXTE).str.slice(0, 2))
