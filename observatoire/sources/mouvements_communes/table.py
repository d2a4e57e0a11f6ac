"""A movement of a commune (Insee, code officiel géographique, `v_mvt_commune`): a code before, a code after, a date.

One event takes several rows: a merge gives, for each commune, the commune it enters and the delegated one it becomes.
"""

from observatoire.schemas import DATE, TEXTE, Colonne, Table, refus, signalement

MODES = ["10", "20", "21", "30", "31", "32", "33", "34", "35", "41", "50", "70"]
TYPES = ["COM", "COMA", "COMD", "ARM"]

CODE_FORME = refus(
    "code_commune_forme",
    "code commune mal formé : cinq caractères attendus, ex. 63113",
    lambda codes: codes.str.fullmatch(r"(\d{2}|2A|2B)\d{3}"),
)
TYPE_CONNU = signalement(
    "type_connu",
    "type inconnu (COM, COMA, COMD ou ARM attendu) : le mouvement n'est pas suivi",
    lambda types: types.isin(TYPES),
)

TABLE = Table(
    "Mouvements de communes : code avant, code après, date d'effet.",
    (
        Colonne(
            "code_mouvement",
            TEXTE,
            "Nature : 10 nom, 20 création, 21 rétablissement, 30 suppression, 31 à 35 fusion, 41 département, 50 code.",
            ("MOD",),
            requise=True,
            obligatoire=True,
            regles=(
                signalement(
                    "mouvement_connu",
                    "nature du mouvement inconnue : suivi comme une fusion",
                    lambda modes: modes.isin(MODES),
                ),
            ),
        ),
        Colonne("date_effet", DATE, "Date d'effet.", ("DATE_EFF",), requise=True, obligatoire=True),
        Colonne(
            "type_avant",
            TEXTE,
            "COM : commune ; COMA : associée ; COMD : déléguée ; ARM : arrondissement municipal.",
            ("TYPECOM_AV",),
            requise=True,
            obligatoire=True,
            regles=(TYPE_CONNU,),
        ),
        Colonne(
            "code_avant",
            TEXTE,
            "Code avant le mouvement.",
            ("COM_AV",),
            requise=True,
            obligatoire=True,
            longueur=5,
            regles=(CODE_FORME,),
        ),
        Colonne("libelle_avant", TEXTE, "Nom avant le mouvement.", ("LIBELLE_AV",)),
        Colonne(
            "type_apres",
            TEXTE,
            "Type après le mouvement, mêmes codes.",
            ("TYPECOM_AP",),
            requise=True,
            obligatoire=True,
            regles=(TYPE_CONNU,),
        ),
        Colonne(
            "code_apres",
            TEXTE,
            "Code après le mouvement.",
            ("COM_AP",),
            requise=True,
            obligatoire=True,
            longueur=5,
            regles=(CODE_FORME,),
        ),
        Colonne("libelle_apres", TEXTE, "Nom après le mouvement.", ("LIBELLE_AP",)),
    ),
    cle=("date_effet", "code_mouvement", "type_avant", "code_avant", "type_apres", "code_apres"),
    # a movement said twice is the same movement
    gravite_cle="signalement",
)
