"""Private employment of an EPCI for a year (Urssaf, régime général); an EPCI over two régions has a row for each.

A null is no zero.
"""

from observatoire.schemas import TEXTE, Colonne, Table
from observatoire.urssaf import ANNEE, MESURES

TABLE = Table(
    "Emploi privé par EPCI (Urssaf, régime général, hors agriculture et Mayotte).",
    (
        ANNEE,
        Colonne("code_epci", TEXTE, "SIREN de l'EPCI.", ("Code EPCI",), requise=True, obligatoire=True),
        Colonne("code_region", TEXTE, "Région de cette partie de l'EPCI.", ("Code région",), requise=True),
        *MESURES,
    ),
    cle=("annee", "code_epci", "code_region"),
)
