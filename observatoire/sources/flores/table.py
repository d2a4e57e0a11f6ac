"""A published cell of Flores (Insee): territory × activity × year × measure, in posts or employer establishments.

``OBS_STATUS``: A normal, K withheld (no value), W with an attached commune. A cell that is not in the file is not zero.
A data set a nomenclature (A5, A17, A38, A88), each vintage with its year and the one before, revised: all are kept, and
what reads them takes the latest vintage of a cell.
"""

import re

import pandas as pd
import pyarrow as arrow

from observatoire.schemas import ENTIER, NOMBRE, TEXTE, Colonne, Table, refus

NIVEAUX = {"COM": "commune", "EPCI": "epci", "DEP": "departement", "REG": "region", "FRANCE": "france"}

# how the codes of each level are written: nothing else can be placed
FORMES = {
    "commune": r"(?:\d{2}|2A|2B)\d{3}",
    "epci": r"\d{9}",
    "departement": r"\d{2,3}|2A|2B",
    "region": r"\d{2}",
    "france": r"F|FR",
}
PREFIXE = r"^(?:\d{4}-)?(?:COM|EPCI|DEP|REG|FRANCE)-"  # « 2025-COM-63113 », as Insee writes codes in its new exports

NOMENCLATURE = re.compile(r"DS_FLORES_(A\d+)_", re.IGNORECASE)

TABLE = Table(
    "Flores : établissements employeurs et postes au 31 décembre, par territoire et activité.",
    (
        Colonne("geo_object", TEXTE, "Zonage dans les mots de l'Insee.", requise=True, obligatoire=True),
        Colonne("geo", TEXTE, "Code du territoire.", requise=True, obligatoire=True),
        Colonne("niveau", TEXTE, "Niveau du territoire dans l'observatoire.", calculee=True),
        Colonne(
            "nomenclature",
            TEXTE,
            "Nomenclature des activités du fichier : a5, a17, a38, a88 ; inconnue quand son nom ne la dit pas.",
            calculee=True,
        ),
        Colonne("millesime", TEXTE, "Millésime du fichier : son année, et la précédente révisée.", calculee=True),
        Colonne("activity", TEXTE, "Activité, dans la nomenclature du fichier, ou _T.", requise=True, obligatoire=True),
        Colonne("number_empl", TEXTE, "Taille d'établissement ou _T."),
        Colonne("legal_form_with_public", TEXTE, "Champ juridique ; 1T9X7 est le total publié."),
        Colonne(
            "flores_measure",
            TEXTE,
            "UNIT_LOC : établissements employeurs ; EMPL3112 : postes.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "mesure_connue",
                    "mesure inconnue : UNIT_LOC ou EMPL3112 attendu",
                    lambda v: v.isin(["UNIT_LOC", "EMPL3112"]),
                ),
            ),
        ),
        Colonne(
            "obs_status",
            TEXTE,
            "A : normal ; K : non diffusé ; W : commune rattachée.",
            requise=True,
            regles=(refus("statut_connu", "statut inconnu : A, K ou W attendu", lambda v: v.isin(["A", "K", "W"])),),
        ),
        Colonne(
            "time_period",
            ENTIER,
            "Année.",
            requise=True,
            obligatoire=True,
            regles=(
                refus("annee_plausible", "année impossible : Flores commence en 2017", lambda v: v.between(2017, 2100)),
            ),
        ),
        Colonne("obs_value", NOMBRE, "Valeur ; vide quand elle n'est pas diffusée.", requise=True),
    ),
    cle=(
        "nomenclature",
        "millesime",
        "geo_object",
        "geo",
        "activity",
        "number_empl",
        "legal_form_with_public",
        "flores_measure",
        "time_period",
    ),
    regles=(
        refus(
            "geo_connu",
            "code de territoire (GEO) qui n'est pas de son zonage : donner le code de l'Insee seul",
            lambda lignes: _is_of_its_level(lignes),
        ),
        refus(
            "valeur_diffusee",
            "valeur absente alors que le statut la dit diffusée",
            lambda lignes: lignes["obs_value"].notna() | (lignes["obs_status"] == "K").fillna(False),
        ),
    ),
)


def _is_of_its_level(lignes: pd.DataFrame) -> pd.Series:
    juste = lignes["niveau"].isna() | lignes["geo"].isna()
    for niveau, forme in FORMES.items():
        juste |= (lignes["niveau"] == niveau).fillna(False) & lignes["geo"].str.fullmatch(forme).fillna(False)
    return juste.astype(bool)


def preparer(brut: pd.DataFrame, fichier: str, millesime: str) -> pd.DataFrame:
    """Name the levels as the observatory does, and the data set by its file."""
    trouvee = NOMENCLATURE.search(fichier)
    texte = pd.ArrowDtype(arrow.string())
    return brut.assign(
        geo=brut["geo"].str.replace(PREFIXE, "", regex=True),
        niveau=brut["geo_object"].map(NIVEAUX).astype(brut["geo_object"].dtype),
        nomenclature=pd.Series(trouvee[1].lower() if trouvee else "inconnue", index=brut.index, dtype=texte),
        millesime=pd.Series(millesime or "inconnu", index=brut.index, dtype=texte),
    )


def hors_champ(lignes: pd.DataFrame, motifs: pd.Series) -> pd.Series:
    """Leave out territories the observatory does not follow, and the cells of sizes and legal forms."""
    autre_zonage = (lignes["geo_object"].notna() & lignes["niveau"].isna()).astype(bool)
    detail = (
        ((lignes["number_empl"] != "_T") | (lignes["legal_form_with_public"] != "1T9X7")).fillna(False).astype(bool)
    )
    # « FM », France métropolitaine, is no territory of the observatory
    autre_france = ((lignes["geo_object"] == "FRANCE") & ~lignes["geo"].isin(["F", "FR"])).fillna(False).astype(bool)
    autre_zonage = autre_zonage | autre_france
    return motifs.mask(detail, "détail par taille ou champ juridique").mask(autre_zonage, "zonage non suivi")
