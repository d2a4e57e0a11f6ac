"""An organisation that documents name, once, whatever the names it is given; never a natural person.

Its other names are in `alias_organisations`. A religious, political or union body is counted, never named.
"""

from dataclasses import replace

from observatoire.identifiers import is_siren
from observatoire.schemas import TEXTE, Colonne, Table, signalement
from observatoire.sources.document_columns import (
    CITATION,
    CODE_TERRITOIRE,
    DOCUMENT,
    EST_SENSIBLE,
    NIVEAU,
    code,
    date_dite,
)

TABLE = Table(
    "Organismes que nomment les documents, chacun une fois.",
    (
        replace(code("organisation", "Code de l'organisme."), nominatif=True),
        Colonne("nom", TEXTE, "Nom retenu.", requise=True, obligatoire=True, nominatif=True),
        Colonne("type_organisation", TEXTE, "Type d'organisme, ou inconnu.", requise=True, obligatoire=True),
        Colonne(
            "siren",
            TEXTE,
            "SIREN, quand un document le donne ou qu'une personne l'a décidé.",
            requise=True,
            genre="siren",
            regles=(signalement("siren_invalide", "SIREN de l'organisme invalide", is_siren),),
            nominatif=True,
        ),
        NIVEAU,
        CODE_TERRITOIRE,
        replace(
            date_dite("creation", "Date de création, telle que dite ; vide quand elle ne l'est pas."), nominatif=True
        ),
        EST_SENSIBLE,
        DOCUMENT,
        CITATION,
    ),
    cle=("organisation",),
)
