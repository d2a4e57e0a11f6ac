"""A body or an event a local authority says it supports, whatever the amount: shown, never added to its grants."""

from observatoire.identifiers import is_siren
from observatoire.schemas import ENTIER, EUROS, TEXTE, Colonne, Table, refus, signalement
from observatoire.sources.territory_columns import siren_collectivite

TYPES = ["accompagnement", "événement", "lieu", "autre"]

TABLE = Table(
    "Structures et événements de l'ESS qu'une collectivité dit soutenir.",
    (
        siren_collectivite(),
        Colonne(
            "beneficiaire",
            TEXTE,
            "Structure ou événement, tel qu'écrit.",
            requise=True,
            obligatoire=True,
            nominatif=True,
        ),
        Colonne(
            "siren_beneficiaire",
            TEXTE,
            "SIREN de la structure ; vide quand le document ne le donne pas.",
            requise=True,
            genre="siren",
            regles=(signalement("siren_beneficiaire_invalide", "SIREN de la structure invalide", is_siren),),
            nominatif=True,
        ),
        Colonne(
            "type",
            TEXTE,
            "accompagnement, événement, lieu ou autre.",
            requise=True,
            obligatoire=True,
            regles=(refus("type_connu", f"type inconnu ; attendu : {', '.join(TYPES)}", lambda v: v.isin(TYPES)),),
        ),
        Colonne("montant_eur", EUROS, "Montant ; vide quand le document ne le donne pas.", requise=True, unite="eur"),
        Colonne(
            "exercice",
            ENTIER,
            "Exercice ; vide quand le document ne le donne pas.",
            requise=True,
            genre="annee",
        ),
        Colonne("inclus_dans", TEXTE, "Ligne de budget qui le comprend peut-être.", requise=True),
        Colonne("document", TEXTE, "Document.", requise=True, obligatoire=True),
        Colonne(
            "citation",
            TEXTE,
            "Mots du document, personnes masquées par « […] ».",
            requise=True,
            obligatoire=True,
            nominatif=True,
        ),
        Colonne("note", TEXTE, "Ce qu'il faut savoir pour lire cette ligne.", nominatif=True),
    ),
    cle=("siren_collectivite", "beneficiaire", "type", "exercice", "document"),
    regles=(
        signalement(
            "structure_a_identifier",
            "structure sans SIREN : à rapprocher du répertoire, puis à écrire ici",
            lambda lignes: (lignes["type"] == "événement").fillna(False) | lignes["siren_beneficiaire"].notna(),
        ),
    ),
)
