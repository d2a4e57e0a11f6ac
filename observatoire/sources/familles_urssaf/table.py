"""The family of the observatory that one of Urssaf stands for; whether the two match is measured, not said here."""

from observatoire.schemas import TEXTE, Colonne, Table, refus

FAMILLES = ["association", "coopérative", "fondation", "mutuelle"]

TABLE = Table(
    "Familles de l'ESS de l'Urssaf et de l'observatoire.",
    (
        Colonne("famille_urssaf", TEXTE, "Famille, dans les mots de l'Urssaf.", requise=True, obligatoire=True),
        Colonne(
            "famille",
            TEXTE,
            "Famille de l'observatoire.",
            requise=True,
            obligatoire=True,
            regles=(refus("famille_connue", "famille inconnue de l'observatoire", lambda v: v.isin(FAMILLES)),),
        ),
        Colonne("origine", TEXTE, "D'où vient cette correspondance.", requise=True, obligatoire=True),
        Colonne("confiance", TEXTE, "Confiance : forte, moyenne, faible.", requise=True, obligatoire=True),
        Colonne("version", TEXTE, "Version de la correspondance.", requise=True, obligatoire=True),
    ),
    cle=("famille_urssaf",),
)
