"""A governance seat and who holds it: an organisation by its name, a natural person counted and masked."""

from observatoire.schemas import ENTIER, TEXTE, Colonne, Table, refus
from observatoire.sources.document_columns import (
    CITATION,
    CONFIANCE,
    DOCUMENT,
    EST_SENSIBLE,
    PRECISION,
    date_dite,
    parmi,
)

MASQUE = "[…]"

TABLE = Table(
    "Sièges de gouvernance ; les personnes physiques sont comptées et masquées.",
    (
        Colonne("organisation", TEXTE, "Organisme gouverné, tel qu'écrit.", requise=True, obligatoire=True,
                nominatif=True),
        Colonne("organe", TEXTE, "Organe : conseil d'administration, coprésidence…", requise=True, obligatoire=True),
        Colonne("titulaire", TEXTE, "Titulaire, tel qu'écrit ; « […] » pour une personne.", requise=True,
                obligatoire=True, nominatif=True),
        parmi("nature_titulaire", "organisation ou personne.", ["organisation", "personne"]),
        Colonne("fonction", TEXTE, "Fonction, quand elle est dite.", requise=True),
        Colonne("nombre", ENTIER, "Nombre de sièges.", requise=True, obligatoire=True, unite="sièges",
                regles=(refus("nombre_positif", "nombre de sièges nul ou négatif", lambda v: v > 0),)),
        date_dite("depuis", "Début ; vide quand il n'est pas dit."),
        date_dite("jusqu_a", "Fin ; vide quand elle n'est pas dite."),
        PRECISION,
        CONFIANCE,
        EST_SENSIBLE,
        DOCUMENT,
        CITATION,
    ),
    cle=("organisation", "organe", "titulaire", "fonction", "document"),
    regles=(
        refus(
            "personne_masquee",
            "une personne n'est jamais nommée : écrire « […] » et compter ses sièges",
            lambda lignes: ((lignes["nature_titulaire"] != "personne") | (lignes["titulaire"] == MASQUE)).fillna(True),
        ),
    ),
)
