"""A reason for which a legal unit is in the ESS, and the definitions of the perimeter that hold it good."""

from observatoire.schemas import BOOLEEN, DATE, TEXTE, Colonne, Table, refus

MOTIFS = ["categorie_juridique", "indicateur_insee", "liste_ess_france", "agrement_esus"]

TABLE = Table(
    "Raisons d'être dans l'ESS, et les deux définitions du périmètre qui les retiennent.",
    (
        Colonne(
            "motif",
            TEXTE,
            "Raison.",
            requise=True,
            obligatoire=True,
            regles=(
                refus("motif_connu", f"raison inconnue ; attendu : {', '.join(MOTIFS)}", lambda v: v.isin(MOTIFS)),
            ),
        ),
        Colonne("libelle", TEXTE, "Mots sous lesquels elle est publiée.", requise=True, obligatoire=True),
        Colonne(
            "est_insee_reconstitue",
            BOOLEEN,
            "Compte dans le périmètre Insee reconstitué, non officiel.",
            requise=True,
            obligatoire=True,
        ),
        Colonne("est_large", BOOLEEN, "Compte dans le périmètre large, approché.", requise=True, obligatoire=True),
        Colonne("origine", TEXTE, "D'où vient cette raison.", requise=True, obligatoire=True),
        Colonne("confiance", TEXTE, "Confiance quand elle est seule.", requise=True, obligatoire=True),
        Colonne("version", TEXTE, "Version de la règle.", requise=True, obligatoire=True),
        Colonne("valide_du", DATE, "Premier jour de validité, quand il est connu."),
        Colonne("valide_au", DATE, "Dernier jour de validité ; vide tant qu'elle vaut."),
    ),
    cle=("motif", "valide_du"),
)
