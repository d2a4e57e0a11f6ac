"""The columns by which a row says its year, its place and its local authority: the same rules wherever they are asked.

What documents name has columns of its own (`document_columns`), and so have the tables of Urssaf (`urssaf_columns`).
"""

from observatoire.identifiers import is_siren
from observatoire.levels import NIVEAUX
from observatoire.schemas import ENTIER, TEXTE, Colonne, refus


def annee(description: str, *en_tetes: str, depuis: int = 1998, obligatoire: bool = True) -> Colonne:
    """Declare a calendar year, refused before `depuis` and after 2100."""
    return Colonne(
        "annee",
        ENTIER,
        description,
        en_tetes,
        requise=True,
        obligatoire=obligatoire,
        genre="annee",
        regles=(refus("annee_plausible", "année impossible", lambda v: v.between(depuis, 2100)),),
    )


def niveau(description: str = "Niveau du territoire.") -> Colonne:
    """Declare the level of a place, one of `levels.NIVEAUX`."""
    attendus = ", ".join(NIVEAUX)
    return Colonne(
        "niveau",
        TEXTE,
        description,
        requise=True,
        obligatoire=True,
        regles=(refus("niveau_connu", f"niveau inconnu ; attendu : {attendus}", lambda v: v.isin(NIVEAUX)),),
    )


def siren_collectivite(nom: str = "siren_collectivite") -> Colonne:
    """Declare the SIREN of the local authority a row is about: without a valid one, it is refused."""
    return Colonne(
        nom,
        TEXTE,
        "SIREN de la collectivité.",
        requise=True,
        obligatoire=True,
        genre="siren",
        regles=(refus("siren_invalide", "SIREN de la collectivité invalide", is_siren),),
    )
