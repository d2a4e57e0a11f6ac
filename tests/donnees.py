"""The real files of the tests: where they are, and how to lay them out as their producers do."""

import csv
import os
from decimal import Decimal
from pathlib import Path

from observatoire.settings import RACINE

VARIABLE = "OBSERVATOIRE_DONNEES_TEST"
PAR_DEFAUT = RACINE.parent / "shared" / "data"
SANS_DONNEES = f"données réelles absentes : donner leur dossier dans {VARIABLE} (par défaut {PAR_DEFAUT})"

CAM = "24630070100017"
TOTAUX_CAM = {
    2020: (76, Decimal("7615631.60")),
    2022: (83, Decimal("8502749.98")),
    2023: (74, Decimal("8248741.27")),
    2024: (94, Decimal("11644820.90")),
}
# one name a year on the portal, and no file for 2021 (its amounts are missing)
FICHIERS_CAM = {
    "2020": "liste-subventions-plus-23-000-euros-en-2020.csv",
    "2022": "2022_subventions-versees-org-prives-sup-a-23-000.csv",
    "2023": "2023_subventions-versees-org-prives-sup-a-23-000.csv",
    "2024": "liste-des-subventions-versees-de-plus-de-23-000-euros-en-2024-par-clermont-auvergne-metropole-copie.csv",
}
COLONNES_SCDL_V1 = [
    *["nomAttribuant", "idAttribuant", "dateConvention", "referenceDecision", "nomBeneficiaire", "idBeneficiaire"],
    *["objet", "montant", "nature", "conditionsVersement", "datesPeriodeVersement", "idRAE", "notificationUE"],
    "pourcentageSubvention",
]


def dossier_donnees() -> Path | None:
    """Return the folder of the real files, None where it is not."""
    dossier = Path(os.environ.get(VARIABLE) or PAR_DEFAUT)
    return dossier if dossier.is_dir() else None


def lire_csv(chemin: Path, separateur: str = ",") -> list[dict[str, str]]:
    """Read a file with nothing of the product: what it says is counted independently."""
    with chemin.open(encoding="utf-8-sig", newline="") as flux:
        return list(csv.DictReader(flux, delimiter=separateur))


def poser_subventions_cam(raw: Path) -> list[Path]:
    """Write the grants of the métropole as its portal does: SCDL v1, `;`, UTF-8 with its mark, one file a year.

    Raises:
        FileNotFoundError: the real files are not here.
    """
    donnees = dossier_donnees()
    if donnees is None:
        raise FileNotFoundError(SANS_DONNEES)
    lignes = lire_csv(donnees / "subventions_cam" / "subventions_clermont_auvergne_metropole_2020_2024_derive.csv")
    chemins = []
    for annee, nom in FICHIERS_CAM.items():
        chemin = raw / "subventions" / nom
        chemin.parent.mkdir(parents=True, exist_ok=True)
        with chemin.open("w", encoding="utf-8-sig", newline="") as flux:
            sortie = csv.DictWriter(flux, COLONNES_SCDL_V1, delimiter=";", restval="")
            sortie.writeheader()
            sortie.writerows(
                {
                    "nomAttribuant": ligne["nomAttribuant"],
                    "idAttribuant": CAM,
                    "nomBeneficiaire": ligne["nom_beneficiaire_si_connu"],
                    "idBeneficiaire": ligne["siren_beneficiaire"],
                    "objet": ligne["objet"],
                    "montant": ligne["montant"],
                }
                for ligne in lignes
                if ligne["annee"] == annee
            )
        chemins.append(chemin)
    return chemins
