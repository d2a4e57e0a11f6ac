"""What a document says of two actors: partnership, mentoring, support…, planned or active, with its words.

Memberships, seats, capital, labels, grants and signatures have registers of their own: they are not repeated here.
"""

from observatoire.schemas import TEXTE, Colonne, Table
from observatoire.sources.document_columns import CITATION, CONFIANCE, DOCUMENT, EST_SENSIBLE, date_dite, parmi

TABLE = Table(
    "Relations entre acteurs, prévues ou actives, chacune avec ses mots.",
    (
        Colonne("source", TEXTE, "Premier acteur, tel qu'écrit.", requise=True, obligatoire=True, nominatif=True),
        Colonne("cible", TEXTE, "Second acteur, tel qu'écrit.", requise=True, obligatoire=True, nominatif=True),
        parmi("nature_cible", "organisation, ou evenement (un forum auquel on participe).",
              ["organisation", "evenement"]),
        Colonne("type_relation", TEXTE, "partenariat, accompagnement, animation…", requise=True, obligatoire=True),
        parmi("statut", "prevu, actif, passe.", ["prevu", "actif", "passe"]),
        date_dite("depuis", "Début ; vide quand il n'est pas dit."),
        date_dite("jusqu_a", "Fin ; vide tant qu'elle dure ou n'est pas dite."),
        CONFIANCE,
        EST_SENSIBLE,
        DOCUMENT,
        CITATION,
        Colonne("note", TEXTE, "Ce qu'il faut savoir pour lire cette relation.", nominatif=True),
    ),
    cle=("source", "cible", "type_relation", "depuis", "document"),
)
