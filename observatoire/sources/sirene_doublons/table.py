"""A legal unit registered twice (Insee, StockDoublons): the SIREN that stands, and the one that was one too many.

Old files still carry the second. It may lead to several, and one that stands may itself be a duplicate.
"""

from observatoire.identifiers import is_siren
from observatoire.schemas import DATE, TEXTE, Colonne, Table, signalement

SIREN_VALIDE = signalement("siren_invalide", "SIREN invalide (neuf chiffres et clé de contrôle attendus)", is_siren)

TABLE = Table(
    "SIREN en double du répertoire Sirene, avec celui qui fait foi.",
    (
        Colonne(
            "siren",
            TEXTE,
            "SIREN qui fait foi.",
            requise=True,
            obligatoire=True,
            genre="siren",
            regles=(SIREN_VALIDE,),
        ),
        Colonne(
            "siren_doublon",
            TEXTE,
            "SIREN en double, que portent encore des fichiers.",
            ("sirenDoublon",),
            requise=True,
            obligatoire=True,
            genre="siren",
            regles=(SIREN_VALIDE,),
        ),
        Colonne("date_traitement", DATE, "Dernier traitement du doublon.", ("dateDernierTraitementDoublon",)),
    ),
    cle=("siren_doublon", "siren"),
)
