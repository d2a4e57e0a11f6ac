"""A share a local authority took in the capital of an ESS company: capital is never a grant."""

from observatoire.identifiers import is_siren
from observatoire.schemas import DATE, EUROS, TEXTE, Colonne, Table, signalement
from observatoire.sources.territory_columns import siren_collectivite

TABLE = Table(
    "Participations de collectivités au capital de sociétés de l'ESS.",
    (
        siren_collectivite("siren_detenteur"),
        Colonne("societe", TEXTE, "Société, telle qu'écrite.", requise=True, obligatoire=True, nominatif=True),
        Colonne(
            "siren_societe",
            TEXTE,
            "SIREN de la société, quand le document le donne.",
            requise=True,
            genre="siren",
            regles=(signalement("siren_societe_invalide", "SIREN de la société invalide", is_siren),),
            nominatif=True,
        ),
        Colonne("montant_eur", EUROS, "Montant de la participation.", requise=True, obligatoire=True, unite="eur"),
        Colonne("date_participation", DATE, "Date ; vide quand le document ne la donne pas.", requise=True),
        Colonne("statut", TEXTE, "Statut : sociétaire, actionnaire…", requise=True),
        Colonne("document", TEXTE, "Document.", requise=True, obligatoire=True),
        Colonne("citation", TEXTE, "Mots du document.", requise=True, obligatoire=True, nominatif=True),
    ),
    cle=("siren_detenteur", "societe", "date_participation", "montant_eur"),
)
