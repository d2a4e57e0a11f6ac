"""Of a series of events: the rule it announces, what was announced, what is known to have been held; each a row."""

from observatoire.schemas import ENTIER, TEXTE, Colonne, Table, refus
from observatoire.sources.document_columns import (
    CITATION,
    CODE_TERRITOIRE,
    DOCUMENT,
    NIVEAU,
    PRECISION,
    code,
    date_dite,
    parmi,
)

TABLE = Table(
    "Événements : la règle annoncée, ce qui est annoncé, ce qui a été tenu.",
    (
        code("evenement", "Série d'événements."),
        Colonne("titre", TEXTE, "Titre de la série.", requise=True, obligatoire=True, nominatif=True),
        parmi("nature_ligne", "regle, annonce (prévu, non constaté), tenue.", ["regle", "annonce", "tenue"]),
        Colonne("organisateur", TEXTE, "Organisateur, tel qu'écrit.", requise=True, nominatif=True),
        Colonne("recurrence", TEXTE, "mensuelle, annuelle…, dans une règle.", requise=True),
        Colonne("attendus_par_an", ENTIER, "Nombre attendu par an, au moins.", requise=True, unite="événements",
                regles=(refus("attendus_positifs", "nombre attendu négatif", lambda v: v >= 0),)),
        Colonne("nombre", ENTIER, "Nombre d'événements annoncés ou tenus.", requise=True, unite="événements"),
        date_dite("depuis", "Début de la règle, ou date ; vide quand elle n'est pas dite."),
        date_dite("jusqu_a", "Fin ; vide quand elle n'est pas dite."),
        Colonne("lieu", TEXTE, "Lieu, dans les mots du document.", requise=True, nominatif=True),
        Colonne("sujet", TEXTE, "Sujet, dans les mots du document.", requise=True, nominatif=True),
        NIVEAU,
        CODE_TERRITOIRE,
        PRECISION,
        DOCUMENT,
        CITATION,
    ),
    cle=("evenement", "nature_ligne", "depuis", "document"),
    regles=(
        refus(
            "nombre_dit",
            "un événement annoncé ou tenu dit combien (vide pour une règle seulement)",
            lambda lignes: ((lignes["nature_ligne"] == "regle") | lignes["nombre"].notna()).fillna(True),
        ),
    ),
)
