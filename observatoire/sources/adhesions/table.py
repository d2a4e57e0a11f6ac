"""An organisation's membership of a network, with its period and its evidence; never a natural person.

The place is given by the document or unknown: names are resolved by `members`, from what a person reviewed.
"""

from dataclasses import replace

from observatoire.identifiers import is_siren
from observatoire.schemas import ENTIER, TEXTE, Colonne, Table, refus, signalement
from observatoire.sources.document_columns import CITATION, EST_SENSIBLE
from observatoire.sources.territory_columns import code_territoire, niveau

NATURES = ["organisation", "personne"]
MASQUE = "[…]"

TABLE = Table(
    "Adhésions d'organismes à des réseaux, avec leur preuve.",
    (
        Colonne("reseau", TEXTE, "Code du réseau.", requise=True, obligatoire=True),
        Colonne("membre", TEXTE, "Membre, tel qu'écrit.", requise=True, obligatoire=True, nominatif=True),
        Colonne(
            "nature_membre",
            TEXTE,
            "organisation, ou personne ; vide : organisation.",
            regles=(
                refus("nature_connue", f"nature inconnue ; attendu : {', '.join(NATURES)}", lambda v: v.isin(NATURES)),
            ),
        ),
        Colonne(
            "siren_membre",
            TEXTE,
            "SIREN du membre, quand le document le donne.",
            genre="siren",
            regles=(signalement("siren_invalide", "SIREN du membre invalide", is_siren),),
            nominatif=True,
        ),
        Colonne("categorie", TEXTE, "Catégorie de membre, dans les mots du document, ou inconnu."),
        Colonne(
            "depuis",
            ENTIER,
            "Année d'adhésion ; vide quand elle n'est pas connue.",
            requise=True,
            unite="année",
            genre="annee",
            regles=(refus("annee_plausible", "année d'adhésion impossible", lambda v: v.between(1800, 2100)),),
        ),
        Colonne(
            "jusqu_a",
            ENTIER,
            "Dernière année d'adhésion ; vide tant qu'elle dure ou n'est pas connue.",
            unite="année",
            genre="annee",
        ),
        niveau("Niveau du lieu du membre, ou inconnu."),
        code_territoire("Code du lieu du membre, ou inconnu."),
        Colonne("confiance", TEXTE, "Confiance dans cette adhésion : forte, moyenne, faible."),
        Colonne("document", TEXTE, "Document.", requise=True, obligatoire=True),
        replace(CITATION, description="Mots du document, personnes masquées."),
        EST_SENSIBLE,
        Colonne("nombre_cellules", ENTIER, "Cellules d'une grille lue par OCR qui portent ce nom.", unite="cellules"),
        Colonne("entetes_lus", TEXTE, "En-têtes sous lesquels l'OCR l'a posé, quand ils ne disent pas sa catégorie."),
    ),
    cle=("reseau", "membre", "depuis"),
    regles=(
        refus(
            "periode_ordonnee",
            "l'adhésion finit avant de commencer",
            lambda lignes: (lignes["jusqu_a"] >= lignes["depuis"]).fillna(True),
        ),
        refus(
            "personne_masquee",
            "une personne n'est jamais nommée : écrire « […] » à la place de son nom, sans SIREN",
            lambda lignes: (
                (lignes["nature_membre"] != "personne").fillna(True)
                | ((lignes["membre"] == MASQUE) & lignes["siren_membre"].isna())
            ).fillna(False),
        ),
    ),
)
