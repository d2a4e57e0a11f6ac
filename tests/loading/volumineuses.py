"""A large source: good rows, files made of them, and what is kept."""

import datetime
import io
import zipfile
from pathlib import Path
from typing import Any

from observatoire.settings import Settings
from observatoire.warehouse import Entrepot
from tests.depots import en_csv, table
from tests.petit_sirene import siren, siret

SOURCE = "sirene_etablissements"
BON = {
    "siren": "005520135",
    "nic": "00038",
    "siret": "00552013500038",
    "statutDiffusionEtablissement": "O",
    "dateCreationEtablissement": "1954-12-25",
    "trancheEffectifsEtablissement": "01",
    "anneeEffectifsEtablissement": "2023",
    "dateDernierTraitementEtablissement": "2026-09-30T12:51:34",
    "etablissementSiege": "true",
    "libelleCommuneEtablissement": "AMBÉRIEU, L'ÉTÉ",
    "codeCommuneEtablissement": "01004",
    "dateDebut": "2010-01-01",
    "etatAdministratifEtablissement": "A",
    "activitePrincipaleEtablissement": "88.99B",
    "nomenclatureActivitePrincipaleEtablissement": "NAFRev2",
    "caractereEmployeurEtablissement": "O",
}
ENTETE = ",".join(BON)


def lignes(nombre: int = 3) -> list[dict[str, str]]:
    """Write good rows: the first has zeros on its left, the second has gaps, the third closed last year."""
    autres = [
        {**BON, "siren": siren(rang), "siret": siret(siren(rang)), "codeCommuneEtablissement": "63113"}
        for rang in range(1, nombre)
    ]
    vides = ("anneeEffectifsEtablissement", "trancheEffectifsEtablissement", "dateCreationEtablissement")
    autres[0] |= dict.fromkeys((*vides, "caractereEmployeurEtablissement", "etablissementSiege"), "")
    autres[0] |= {"codeCommuneEtablissement": "", "dateDebut": "1900-01-01", "anneeEffectifsEtablissement": ""}
    autres[1] |= {"etatAdministratifEtablissement": "F", "dateDebut": f"{datetime.date.today().year - 1}-03-31"}  # noqa: DTZ011
    return [BON, *autres]


def texte(*rangs: dict[str, str]) -> str:
    return en_csv(rangs or lignes())


def gardees(entrepot: Entrepot) -> list[dict[str, Any]]:
    """Return the rows kept, in the order of the file, without where they come from."""
    lues = sorted(table(entrepot, SOURCE), key=lambda ligne: ligne["_ligne"])
    return [{nom: valeur for nom, valeur in ligne.items() if not nom.startswith("_")} for ligne in lues]


def _entrepot(dossier: Path) -> Entrepot:
    return Entrepot(Settings(dossier / "raw", dossier / "warehouse", "246300701"))


# ---- the same rows whatever the file is made of


def _zip(contenu: bytes) -> bytes:
    flux = io.BytesIO()
    with zipfile.ZipFile(flux, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("StockEtablissement_utf8.csv", contenu)
    return flux.getvalue()
