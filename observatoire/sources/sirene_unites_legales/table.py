"""An active legal unit of the Sirene register (Insee, StockUniteLegale, 33 to 35 columns according to the vintage).

Columns that name natural persons are not declared here, hence never read.
"""

import pandas as pd

from observatoire.conversion import as_code
from observatoire.identifiers import is_rna, is_siren
from observatoire.schemas import BOOLEEN, DATE, TEXTE, Colonne, Table, refus, signalement

TABLE = Table(
    "Unités légales actives du répertoire Sirene, sans les noms des personnes physiques.",
    (
        Colonne(
            "siren",
            TEXTE,
            "SIREN de l'unité légale.",
            requise=True,
            obligatoire=True,
            regles=(
                signalement("siren_invalide", "SIREN invalide (neuf chiffres et clé de contrôle attendus)", is_siren),
            ),
        ),
        Colonne(
            "statut_diffusion",
            TEXTE,
            "O : diffusible ; P : diffusion partielle.",
            ("statutDiffusionUniteLegale",),
            requise=True,
            regles=(refus("statut_diffusion_connu", "statut de diffusion inconnu", lambda v: v.isin(["O", "P", "N"])),),
        ),
        Colonne("date_creation", DATE, "Date de création.", ("dateCreationUniteLegale",)),
        Colonne(
            "rna",
            TEXTE,
            "Numéro au répertoire national des associations.",
            ("identifiantAssociationUniteLegale",),
            regles=(signalement("rna_forme", "numéro RNA mal formé (W et neuf chiffres attendus)", is_rna),),
        ),
        Colonne(
            "etat_administratif",
            TEXTE,
            "A : active ; C : cessée.",
            ("etatAdministratifUniteLegale",),
            requise=True,
            obligatoire=True,
            regles=(refus("etat_connu", "état administratif inconnu : A ou C attendu", lambda v: v.isin(["A", "C"])),),
        ),
        Colonne(
            "denomination", TEXTE, "Dénomination de la personne morale.", ("denominationUniteLegale",), nominatif=True
        ),
        Colonne(
            "categorie_juridique",
            TEXTE,
            "Catégorie juridique (niveau 3).",
            ("categorieJuridiqueUniteLegale",),
            requise=True,
            obligatoire=True,
            regles=(
                signalement(
                    "categorie_juridique_forme",
                    "catégorie juridique mal formée : quatre chiffres attendus",
                    lambda v: v.str.fullmatch(r"\d{4}"),
                ),
            ),
        ),
        Colonne(
            "code_naf",
            TEXTE,
            "Activité principale de l'unité légale.",
            ("activitePrincipaleUniteLegale",),
            requise=True,
        ),
        Colonne(
            "est_ess_insee",
            BOOLEEN,
            "Indicateur ESS de l'Insee ; vide pour la plupart des unités.",
            ("economieSocialeSolidaireUniteLegale",),
            requise=True,
        ),
        Colonne(
            "est_employeur",
            BOOLEEN,
            "Employeur selon les déclarations sociales ; vide quand Sirene ne le dit pas.",
            ("caractereEmployeurUniteLegale",),
            requise=True,
        ),
    ),
    cle=("siren",),
)


def preparer(brut: pd.DataFrame, fichier: str, millesime: str) -> pd.DataFrame:
    """Give identifiers and codes back their zeros where a Parquet file holds integers."""
    return brut.assign(siren=as_code(brut["siren"], 9), categorie_juridique=as_code(brut["categorie_juridique"], 4))


def hors_champ(lignes: pd.DataFrame, motifs: pd.Series) -> pd.Series:
    """Leave ceased legal units out."""
    return motifs.mask((lignes["etat_administratif"] == "C").fillna(False).astype(bool), "unité légale cessée")
