"""Private employment of an EPCI for a year (Urssaf, régime général), one row for each part of an EPCI.

An EPCI over two régions, or over two former régions of one région, has a row for each. A null is no zero.
"""

from observatoire.schemas import TEXTE, Colonne, Table
from observatoire.sources.urssaf_columns import ANNEE, MESURES

TABLE = Table(
    "Emploi privé par EPCI (Urssaf, régime général, hors agriculture et Mayotte).",
    (
        ANNEE,
        Colonne(
            "code_epci",
            TEXTE,
            "SIREN de l'EPCI.",
            ("Code EPCI",),
            requise=True,
            obligatoire=True,
            genre="siren",
            reference="epci",
        ),
        Colonne("code_region", TEXTE, "Région de cette partie de l'EPCI.", ("Code région",), requise=True, longueur=2),
        Colonne(
            "code_ancienne_region",
            TEXTE,
            "Région d'avant 2016 de cette partie ; vide quand le fichier ne la dit pas.",
            ("Code ancienne région",),
            longueur=2,
        ),
        *MESURES,
    ),
    cle=("annee", "code_epci", "code_region", "code_ancienne_region"),
)
