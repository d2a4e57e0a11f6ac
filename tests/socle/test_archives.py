"""The archive of bands: one small file a month of Sirene, kept when the next month comes."""

import pyarrow.parquet as parquet

from observatoire.derived import compute_table
from observatoire.loading.ingestion import load_source
from observatoire.socle.band_archive import archive_bands
from observatoire.socle.computed_tables import derivees
from observatoire.sources import sources
from observatoire.warehouse import Entrepot
from tests.depots import deposer, en_csv

ETABLISSEMENT = {
    "siren": "700000102",
    "siret": "70000010200017",
    "statutDiffusionEtablissement": "O",
    "trancheEffectifsEtablissement": "11",
    "anneeEffectifsEtablissement": "2023",
    "codeCommuneEtablissement": "63113",
    "etatAdministratifEtablissement": "A",
    "activitePrincipaleEtablissement": "88.99B",
    "nomenclatureActivitePrincipaleEtablissement": "NAFRev2",
    "caractereEmployeurEtablissement": "O",
}


def charger(entrepot: Entrepot, mois: str, origine: str = "", **changements: str) -> None:
    """Drop the stock of a month: an employer with a band, one without, one closed, one that employs nobody."""
    lignes = [
        {**ETABLISSEMENT, "dateDernierTraitementEtablissement": f"{mois}-03T10:00:00", **lui}
        for lui in (
            changements,
            {"siret": "70000010200025", "trancheEffectifsEtablissement": ""},
            {"siret": "70000010200033", "etatAdministratifEtablissement": "F"},
            {"siret": "70000010200041", "caractereEmployeurEtablissement": "N"},
        )
    ]
    nom = f"StockEtablissement_{mois}.csv"
    deposer(entrepot, "sirene_etablissements", nom, en_csv(lignes))
    if origine:
        deposer(entrepot, "sirene_etablissements", f"{nom}.origine.yml", origine)
    preparer(entrepot, "socle.etablissements")


def preparer(entrepot: Entrepot, table: str) -> None:
    """Load or compute a table, and what it reads first."""
    derivee = derivees().get(table)
    if derivee is None:
        load_source(entrepot, sources()[table.split(".")[1]])
        return
    for lue in derivee.lit:
        preparer(entrepot, lue)
    compute_table(entrepot, derivee)


def lire(chemin) -> list[dict]:
    lignes: list[dict] = parquet.read_table(chemin).to_pylist()
    return lignes


def test_chaque_mois_de_sirene_laisse_ses_tranches(entrepot):
    charger(entrepot, "2026-10")
    octobre = archive_bands(entrepot)
    charger(entrepot, "2026-11", trancheEffectifsEtablissement="12")
    novembre = archive_bands(entrepot)
    assert (octobre.name, novembre.name) == ("2026-10.parquet", "2026-11.parquet")
    assert lire(octobre) == [{"siret": 70000010200017, "tranche_effectifs": "11", "annee_effectifs": "2023"}]
    assert lire(novembre) == [{"siret": 70000010200017, "tranche_effectifs": "12", "annee_effectifs": "2023"}]


def test_la_demonstration_n_est_pas_archivee(entrepot):
    charger(entrepot, "2026-10", origine="nature: demonstration\n")
    assert archive_bands(entrepot) is None
    assert not (entrepot.racine / "archives").exists()
