"""An enterprise with the ESUS agreement (Direction générale du Trésor, XLSX of no fixed form: titles, then a table).

Only the column of the SIREN is in every edition; its header is not the same twice.
"""

from observatoire.identifiers import is_siren
from observatoire.schemas import DATE, TEXTE, Colonne, Table, signalement

TABLE = Table(
    "Entreprises agréées ESUS, par SIREN.",
    (
        Colonne(
            "siren",
            TEXTE,
            "SIREN de l'entreprise.",
            (
                "numero_siren",
                "Numéro SIREN",
                "N° SIREN",
                "SIREN de l'entreprise",
                "SIREN entreprise",
                "Code SIREN",
                "Identifiant SIREN",
                "SIREN / SIRET",
                "SIREN ou SIRET",
                "SIREN (9 chiffres)",
                "Numéro SIREN (9 chiffres)",
            ),
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
            "date_agrement",
            DATE,
            "Date de l'agrément, quand l'édition la donne.",
            ("Date d'agrément", "Date de l'agrément", "Date de début d'agrément", "Date de décision", "Date début"),
        ),
        Colonne(
            "date_fin",
            DATE,
            "Fin de l'agrément, quand l'édition la donne.",
            ("Date de fin d'agrément", "Date de fin de l'agrément", "Fin d'agrément", "Date d'échéance", "Date fin"),
        ),
        Colonne("region", TEXTE, "Région, dans les mots de la liste.", ("Région", "Nom de la région")),
    ),
    # an agreement renewed may stand beside the one before
    cle=("siren", "date_agrement"),
    gravite_cle="signalement",
    regles=(
        signalement(
            "agrement_dans_l_ordre",
            "l'agrément finit avant de commencer : dates à vérifier",
            lambda lignes: (lignes["date_fin"] >= lignes["date_agrement"]).fillna(True),
        ),
    ),
)
