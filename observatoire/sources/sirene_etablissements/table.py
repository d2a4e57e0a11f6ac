"""An active establishment of the Sirene register (Insee, StockEtablissement, 48 to 54 columns by vintage)."""

import pandas as pd

from observatoire.conversion import as_code
from observatoire.identifiers import is_siret
from observatoire.schemas import BOOLEEN, DATE, TEXTE, Colonne, Table, refus, signalement

TRANCHES = ["NN", "00", "01", "02", "03", "11", "12", "21", "22", "31", "32", "41", "42", "51", "52", "53"]

TABLE = Table(
    "Établissements actifs du répertoire Sirene, tels que reçus.",
    (
        Colonne("siren", TEXTE, "SIREN de l'unité légale.", requise=True, obligatoire=True),
        Colonne(
            "siret",
            TEXTE,
            "SIRET de l'établissement.",
            requise=True,
            obligatoire=True,
            regles=(
                signalement(
                    "siret_invalide", "SIRET invalide (quatorze chiffres et clé de contrôle attendus)", is_siret
                ),
            ),
        ),
        Colonne(
            "statut_diffusion",
            TEXTE,
            "O : diffusible ; P : diffusion partielle.",
            ("statutDiffusionEtablissement",),
            requise=True,
            regles=(refus("statut_diffusion_connu", "statut de diffusion inconnu", lambda v: v.isin(["O", "P", "N"])),),
        ),
        Colonne("date_creation", DATE, "Date de création.", ("dateCreationEtablissement",)),
        Colonne(
            "tranche_effectifs",
            TEXTE,
            "Tranche d'effectifs salariés.",
            ("trancheEffectifsEtablissement",),
            requise=True,
            regles=(signalement("tranche_connue", "tranche d'effectifs inconnue", lambda v: v.isin(TRANCHES)),),
        ),
        Colonne("annee_effectifs", TEXTE, "Année de validité de la tranche.", ("anneeEffectifsEtablissement",)),
        Colonne("est_siege", BOOLEEN, "Siège de l'unité légale.", ("etablissementSiege",)),
        Colonne(
            "code_commune_lu",
            TEXTE,
            "Code commune tel que reçu.",
            ("codeCommuneEtablissement",),
            requise=True,
            regles=(
                signalement(
                    "code_commune_forme",
                    "code commune mal formé : compté au département s'il est connu",
                    lambda v: v.str.fullmatch(r"(\d{2}|2A|2B)\d{3}"),
                ),
            ),
        ),
        Colonne(
            "etat_administratif",
            TEXTE,
            "A : actif ; F : fermé.",
            ("etatAdministratifEtablissement",),
            requise=True,
            obligatoire=True,
            regles=(refus("etat_connu", "état administratif inconnu : A ou F attendu", lambda v: v.isin(["A", "F"])),),
        ),
        Colonne("code_naf", TEXTE, "Activité principale.", ("activitePrincipaleEtablissement",), requise=True),
        Colonne(
            "nomenclature_activite",
            TEXTE,
            "Nomenclature de l'activité principale.",
            ("nomenclatureActivitePrincipaleEtablissement",),
            regles=(
                signalement(
                    "nomenclature_courante",
                    "activité codée dans une ancienne nomenclature : secteur inconnu",
                    lambda v: v.isin(["NAFRev2", "NAF25"]),
                ),
            ),
        ),
        Colonne(
            "est_employeur",
            BOOLEEN,
            "Employeur selon les déclarations sociales ; vide quand Sirene ne le dit pas.",
            ("caractereEmployeurEtablissement",),
            requise=True,
        ),
        Colonne(
            "date_traitement", DATE, "Dernier traitement de l'établissement.", ("dateDernierTraitementEtablissement",)
        ),
    ),
    cle=("siret",),
)


def preparer(brut: pd.DataFrame, fichier: str, millesime: str) -> pd.DataFrame:
    """Give identifiers and codes back their zeros where a Parquet file holds integers."""
    return brut.assign(
        siren=as_code(brut["siren"], 9),
        siret=as_code(brut["siret"], 14),
        code_commune_lu=as_code(brut["code_commune_lu"], 5),
    )


def hors_champ(lignes: pd.DataFrame, motifs: pd.Series) -> pd.Series:
    """Leave closed establishments out."""
    return motifs.mask((lignes["etat_administratif"] == "F").fillna(False).astype(bool), "établissement fermé")
