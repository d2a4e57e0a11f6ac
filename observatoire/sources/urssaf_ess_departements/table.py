"""Private employment of a département for a year, in the ESS by family or outside it (Urssaf, régime général).

A null is no zero.
"""

from observatoire.schemas import TEXTE, Colonne, Table
from observatoire.sources.urssaf_columns import ANNEE, EST_ESS, FAMILLE_ESS, MESURES

TABLE = Table(
    "Emploi privé par département, dans l'ESS et hors ESS (Urssaf, régime général, hors agriculture et Mayotte).",
    (
        ANNEE,
        Colonne(
            "code_departement",
            TEXTE,
            "Code du département.",
            ("Code département",),
            requise=True,
            obligatoire=True,
            longueur=2,
        ),
        EST_ESS,
        FAMILLE_ESS,
        *MESURES,
    ),
    cle=("annee", "code_departement", "est_ess", "famille_ess"),
)
