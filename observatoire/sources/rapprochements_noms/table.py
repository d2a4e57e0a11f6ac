"""A decision on a name as written: the identifier of what it names, or none; dated and reasoned by a service."""

from observatoire.identifiers import is_rna, is_siren
from observatoire.schemas import DATE, TEXTE, Colonne, Table, refus

TABLE = Table(
    "Décisions sur des noms tels qu'écrits : l'identifiant de l'organisme, ou aucun.",
    (
        Colonne("nom", TEXTE, "Nom, tel qu'écrit.", requise=True, obligatoire=True, nominatif=True),
        Colonne(
            "contexte",
            TEXTE,
            "Où il est écrit (adhesions/rtes, subventions…), ou partout.",
            requise=True,
            obligatoire=True,
        ),
        Colonne(
            "identifiant",
            TEXTE,
            "SIREN ou numéro RNA de l'organisme, ou aucun.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "identifiant_decide",
                    "ni SIREN (neuf chiffres et clé de contrôle), ni numéro RNA (W et neuf chiffres), ni « aucun »",
                    lambda v: is_siren(v) | is_rna(v) | (v == "aucun").fillna(False).astype(bool),
                ),
            ),
        ),
        Colonne("raison", TEXTE, "Pourquoi, en une phrase.", requise=True, obligatoire=True, nominatif=True),
        Colonne("auteur", TEXTE, "Service ou organisme qui décide.", requise=True, obligatoire=True),
        Colonne("decidee_le", DATE, "Jour de la décision.", requise=True, obligatoire=True),
    ),
    # of two decisions on one name, the later one holds
    cle=("nom", "contexte", "decidee_le"),
)
