"""A declared association (Ministère de l'Intérieur, RNA): `waldec` (41 columns), and `import` (26) with old numbers.

An association of `import` that has since declared anything has a number in W in `waldec`: its old row is « reprise ».
"""

from observatoire.identifiers import is_siret
from observatoire.schemas import DATE, TEXTE, Colonne, Table, refus, signalement

NATURES = ["A", "B", "D", "G", "I", "M", "R", "S", "U"]
NULLE = ("0001-01-01",)

TABLE = Table(
    "Associations actives du répertoire national des associations, telles que reçues.",
    (
        Colonne(
            "id_association",
            TEXTE,
            "Numéro RNA (W et neuf chiffres), ou ancien numéro de préfecture.",
            ("id",),
            requise=True,
            obligatoire=True,
            regles=(
                signalement(
                    "numero_forme",
                    "numéro mal formé : W631001234, ou ancien numéro (751P00085568), attendu",
                    lambda v: v.str.fullmatch(r"W[0-9A-Z]{3}\d{6}|[0-9A-Z]{3}[PS][0-9A-Z]{6,14}"),
                ),
            ),
        ),
        Colonne(
            "siret",
            TEXTE,
            "SIRET, quand l'association l'a déclaré.",
            genre="siret",
            regles=(
                signalement(
                    "siret_invalide", "SIRET invalide (quatorze chiffres et clé de contrôle attendus)", is_siret
                ),
            ),
        ),
        Colonne("date_creation", DATE, "Date de déclaration de création.", ("date_creat",), vides=NULLE),
        Colonne("date_dissolution", DATE, "Date de déclaration de dissolution.", ("date_disso",), vides=NULLE),
        Colonne(
            "nature",
            TEXTE,
            "D : déclarée ; R : reconnue d'utilité publique ; autres lettres : cas particuliers.",
            requise=True,
            regles=(signalement("nature_connue", "nature inconnue : comptée sans nature", lambda v: v.isin(NATURES)),),
        ),
        Colonne(
            "groupement",
            TEXTE,
            "S : simple ; U : union ; F : fédération.",
            requise=True,
            regles=(
                signalement(
                    "groupement_connu",
                    "groupement inconnu (S, U ou F attendu) : comptée sans groupement",
                    lambda v: v.isin(["S", "U", "F"]),
                ),
            ),
        ),
        Colonne("titre", TEXTE, "Titre de l'association.", requise=True, nominatif=True),
        Colonne("titre_court", TEXTE, "Titre court, souvent un sigle ; import n'en a pas.", nominatif=True),
        Colonne("objet_social1", TEXTE, "Objet social (nomenclature du RNA).", longueur=6, vides=("000000",)),
        Colonne(
            "code_commune_lu",
            TEXTE,
            "Code commune du siège, tel que reçu.",
            ("adrs_codeinsee",),
            requise=True,
            longueur=5,
            reference="commune",
            regles=(
                signalement(
                    "code_commune_forme",
                    "code commune mal formé : compté au département s'il est connu",
                    lambda v: v.str.fullmatch(r"(\d{2}|2A|2B)\d{3}"),
                ),
            ),
        ),
        Colonne(
            "position",
            TEXTE,
            "A : active ; D : dissoute ; S : supprimée ; R : reprise sous un autre numéro.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "position_connue",
                    "position inconnue : A, D, S ou R attendu",
                    lambda v: v.isin(["A", "D", "S", "R"]),
                ),
            ),
        ),
        Colonne("date_maj", DATE, "Dernière mise à jour au répertoire.", ("maj_time",), vides=NULLE),
    ),
    cle=("id_association",),
)

HORS_CHAMP = (
    ("association dissoute", "position = 'D'"),
    ("association supprimée", "position = 'S'"),
    ("association reprise sous un autre numéro", "position = 'R'"),
)
