"""A name as it is written, and the organisation a person has decided it is; what nobody reviewed resolves nothing.

Matching names to Sirene or to the RNA does not belong here.
"""

from dataclasses import replace

from observatoire.schemas import TEXTE, Colonne, Table
from observatoire.sources.document_columns import CITATION, DOCUMENT, EST_SENSIBLE, code, parmi

TABLE = Table(
    "Noms écrits des organismes ; seul un nom revu par une personne désigne un organisme.",
    (
        Colonne("nom_ecrit", TEXTE, "Nom, tel qu'écrit.", requise=True, obligatoire=True, nominatif=True),
        replace(code("organisation", "Organisme désigné, ou proposé."), nominatif=True),
        parmi("statut", "revu, a_revoir (proposition qui ne désigne rien), refuse.", ["revu", "a_revoir", "refuse"]),
        EST_SENSIBLE,
        DOCUMENT,
        CITATION,
        Colonne("note", TEXTE, "Ce qu'il faut savoir pour revoir ce nom.", nominatif=True),
    ),
    cle=("nom_ecrit",),
)
