"""The columns by which a row says its year, its place and its local authority: the same rules wherever they are asked.

What documents name has columns of its own (`document_columns`), and so have the tables of Urssaf (`urssaf_columns`).
"""

from observatoire.identifiers import is_siren
from observatoire.levels import NIVEAUX
from observatoire.schemas import ENTIER, TEXTE, Colonne, Controle, refus, signalement

# EPCI that a single other took over under a new SIREN: the Métropole européenne de Lille
EPCI_REMPLACES = {"245900410": "200093201"}
# établissements publics territoriaux of the Métropole du Grand Paris, which are no EPCI à fiscalité propre
EPT = {
    "200057867": "Plaine Commune",
    "200057875": "Est Ensemble",
    "200057941": "Paris Est Marne et Bois",
    "200057966": "Vallée Sud - Grand Paris",
    "200057974": "Grand Paris Seine Ouest",
    "200057982": "Paris Ouest La Défense",
    "200057990": "Boucle Nord de Seine",
    "200058006": "Grand Paris Sud Est Avenir",
    "200058014": "Grand-Orly Seine Bièvre",
    "200058097": "Paris Terres d'Envol",
    "200058790": "Grand Paris - Grand Est",
}


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


def code_territoire(description: str) -> Colonne:
    """Declare the code of a place of any level: one that is no territory, or no longer, is told by its name."""
    return Colonne(
        "code_territoire",
        TEXTE,
        description,
        requise=True,
        obligatoire=True,
        regles=(
            signalement(
                "epci_remplace",
                "SIREN d'un EPCI devenu un autre : compté à celui qui l'a remplacé "
                f"({', '.join(f'{ancien} : {nouveau}' for ancien, nouveau in EPCI_REMPLACES.items())})",
                lambda v: ~v.isin(list(EPCI_REMPLACES)),
            ),
            *(
                signalement(
                    "ept_sans_territoire",
                    f"{nom} est un établissement public territorial du Grand Paris, non un EPCI à fiscalité propre : "
                    "lieu inconnu, donner celui de la commune ou de la métropole",
                    _is_not(code),
                )
                for code, nom in EPT.items()
            ),
        ),
    )


def _is_not(code: str) -> Controle:
    return lambda v: v != code
