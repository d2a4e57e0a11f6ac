"""A correction of the perimeter by people who know the enterprise: in, out, another family; dated and reasoned."""

from observatoire.identifiers import is_siren
from observatoire.schemas import DATE, TEXTE, Colonne, Table, refus

SENS = ["entre", "sort", "deplace"]
PERIMETRES = ["insee_reconstitue", "large", "les_deux"]
FAMILLES = [
    "association",
    "coopérative",
    "mutuelle",
    "fondation",
    "autre organisme privé à but non lucratif",
    "société commerciale de l'ESS",
]

TABLE = Table(
    "Corrections du périmètre de l'ESS, datées et motivées.",
    (
        Colonne(
            "siren",
            TEXTE,
            "SIREN de l'entreprise.",
            requise=True,
            obligatoire=True,
            genre="siren",
            regles=(refus("siren_invalide", "SIREN invalide : neuf chiffres et clé de contrôle attendus", is_siren),),
        ),
        Colonne(
            "sens",
            TEXTE,
            "entre, sort ou deplace (change de famille).",
            requise=True,
            obligatoire=True,
            regles=(refus("sens_connu", f"sens inconnu ; attendu : {', '.join(SENS)}", lambda v: v.isin(SENS)),),
        ),
        Colonne(
            "perimetre",
            TEXTE,
            "Définition que la correction touche : insee_reconstitue, large ou les_deux.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "perimetre_connu",
                    f"périmètre inconnu ; attendu : {', '.join(PERIMETRES)}",
                    lambda v: v.isin(PERIMETRES),
                ),
            ),
        ),
        Colonne(
            "famille",
            TEXTE,
            "Famille où elle entre, ou va.",
            requise=True,
            regles=(
                refus(
                    "famille_connue", f"famille inconnue ; attendu : {', '.join(FAMILLES)}", lambda v: v.isin(FAMILLES)
                ),
            ),
        ),
        Colonne("raison", TEXTE, "Pourquoi, en une phrase.", requise=True, obligatoire=True, nominatif=True),
        Colonne("auteur", TEXTE, "Organisme qui corrige.", requise=True, obligatoire=True),
        Colonne("decidee_le", DATE, "Jour de la décision.", requise=True, obligatoire=True),
        Colonne("valide_au", DATE, "Dernier jour où elle vaut ; vide tant qu'elle vaut."),
    ),
    # of two decisions on one enterprise, the later one holds
    cle=("siren", "decidee_le"),
    regles=(
        refus(
            "famille_dite",
            "une entreprise qui entre ou change de famille va quelque part : compléter la colonne « famille »",
            lambda lignes: lignes["famille"].notna() | (lignes["sens"] == "sort").fillna(True).astype(bool),
        ),
    ),
)
