"""A funding a document tells of, possibly inside a budget line: shown beside it, never added to it."""

from observatoire.identifiers import is_siren
from observatoire.schemas import ENTIER, EUROS, TEXTE, Colonne, Table, signalement
from observatoire.sources.territory_columns import siren_collectivite

TABLE = Table(
    "Financements déclarés par des documents, possiblement compris dans une ligne de budget.",
    (
        siren_collectivite("siren_financeur"),
        Colonne(
            "beneficiaire", TEXTE, "Organisme financé, tel qu'écrit.", requise=True, obligatoire=True, nominatif=True
        ),
        Colonne(
            "siren_beneficiaire",
            TEXTE,
            "SIREN de l'organisme, quand le document le donne.",
            requise=True,
            genre="siren",
            regles=(signalement("siren_beneficiaire_invalide", "SIREN de l'organisme invalide", is_siren),),
            nominatif=True,
        ),
        Colonne("montant_eur", EUROS, "Montant.", requise=True, obligatoire=True, unite="eur"),
        Colonne(
            "exercice",
            ENTIER,
            "Exercice ; vide quand le document ne le donne pas.",
            requise=True,
            genre="annee",
        ),
        Colonne("inclus_dans", TEXTE, "Ligne de budget qui le comprend peut-être.", requise=True),
        Colonne("document", TEXTE, "Document.", requise=True, obligatoire=True),
        Colonne("citation", TEXTE, "Mots du document.", requise=True, obligatoire=True, nominatif=True),
    ),
    cle=("siren_financeur", "beneficiaire", "exercice", "montant_eur"),
)
