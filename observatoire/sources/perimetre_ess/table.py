"""A rule of the ESS perimeter: what a legal category makes of a legal unit (loi 2014-856, article 1)."""

from observatoire.schemas import DATE, TEXTE, Colonne, Table, refus

FAMILLES = ["association", "coopérative", "mutuelle", "fondation", "société commerciale de l'ESS"]
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
            "retenue ; si_indicateur (seulement avec l'indicateur ESS de l'Insee) ; a_decider (écartée en attendant).",
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
        Colonne("valide_du", DATE, "Premier jour de validité, quand il est connu."),
    ),
    cle=("code_categorie_juridique",),
)
