"""A rule of the ESS perimeter: what a legal category makes of a legal unit (loi 2014-856, article 1)."""

from observatoire.schemas import DATE, TEXTE, Colonne, Table, refus

# the fifth family of Insee's is declared and empty: no list of its categories was found
FAMILLES = [
    "association",
    "coopérative",
    "mutuelle",
    "fondation",
    "autre organisme privé à but non lucratif",
    "société commerciale de l'ESS",
]
REGLES = ["retenue", "si_indicateur", "a_decider"]

TABLE = Table(
    "Périmètre de l'ESS par catégorie juridique, reconstitué et non officiel.",
    (
        Colonne("code_categorie_juridique", TEXTE, "Catégorie juridique (niveau 3).", requise=True, obligatoire=True),
        Colonne("libelle", TEXTE, "Intitulé de l'Insee.", requise=True),
        Colonne(
            "famille",
            TEXTE,
            "Famille de l'ESS.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "famille_connue",
                    f"famille inconnue ; attendu : {', '.join(FAMILLES)}",
                    lambda valeurs: valeurs.isin(FAMILLES),
                ),
            ),
        ),
        Colonne(
            "regle",
            TEXTE,
            "retenue ; si_indicateur (seulement dans le périmètre large, avec une autre raison) ; a_decider.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "regle_connue",
                    f"règle inconnue ; attendu : {', '.join(REGLES)}",
                    lambda valeurs: valeurs.isin(REGLES),
                ),
            ),
        ),
        Colonne("origine", TEXTE, "D'où vient cette règle.", requise=True, obligatoire=True),
        Colonne("confiance", TEXTE, "Confiance : forte, moyenne, faible.", requise=True, obligatoire=True),
        Colonne("version", TEXTE, "Version de la règle.", requise=True, obligatoire=True),
        Colonne("valide_du", DATE, "Premier jour de validité, quand il est connu."),
        Colonne("valide_au", DATE, "Dernier jour de validité ; vide tant qu'elle vaut."),
    ),
    cle=("code_categorie_juridique", "valide_du"),
)
