"""An enterprise of the national list of ESS France: one row a SIREN, though its headers speak of establishments.

Names are not declared here, hence never read: those of small associations name persons. Its SIREN lost their zeros.
"""

from observatoire.identifiers import is_siren
from observatoire.schemas import TEXTE, Colonne, Table, signalement

FAMILLES = ["Associations", "Coopératives", "Mutuelles", "Fondations"]

TABLE = Table(
    "Entreprises de la liste nationale de l'ESS, par SIREN.",
    (
        Colonne(
            "siren",
            TEXTE,
            "SIREN de l'entreprise.",
            requise=True,
            obligatoire=True,
            genre="siren",
            regles=(
                signalement(
                    "siren_invalide",
                    "SIREN invalide (neuf chiffres et clé de contrôle attendus) : ne sera pas rapproché de Sirene",
                    is_siren,
                ),
            ),
        ),
        Colonne(
            "famille_ess_france",
            TEXTE,
            "Famille juridique, dans les mots de la liste ; vide pour quelques entreprises.",
            ("Famille juridique de l'entreprise",),
            regles=(
                signalement(
                    "famille_connue",
                    "famille inconnue : Associations, Coopératives, Mutuelles ou Fondations attendu",
                    lambda v: v.isin(FAMILLES),
                ),
            ),
        ),
        Colonne(
            "code_departement",
            TEXTE,
            "Département de l'entreprise, dans les mots de la liste.",
            ("Code du département de l'établissement",),
            longueur=2,
        ),
    ),
    cle=("siren",),
)
