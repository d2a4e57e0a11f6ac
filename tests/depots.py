"""Dropping files in `raw/`, loading them, and reading back what became of each row."""

import csv
import dataclasses
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from observatoire.loading.ingestion import load_source
from observatoire.sources import Source, sources
from observatoire.sources.states import Etat
from observatoire.warehouse import Entrepot
from tests.donnees import CAM

SUBVENTION = {
    "nomAttribuant": "Clermont Auvergne Métropole",
    "idAttribuant": CAM,
    "dateConvention": "2024-01-31",
    "nomBeneficiaire": "Association d'essai",
    "idBeneficiaire": "70000004500018",
    "objet": "fonctionnement",
    "montant": "30000",
}


def source(nom: str, **changements: Any) -> Source:
    """Return a declared source, with some of its settings changed."""
    return dataclasses.replace(sources()[nom], **changements)


def deposer(entrepot: Entrepot, nom: str, fichier: str, contenu: str | bytes) -> Path:
    """Write a file in the folder of a source."""
    chemin = entrepot.settings.raw / nom / fichier
    chemin.parent.mkdir(parents=True, exist_ok=True)
    chemin.write_bytes(contenu if isinstance(contenu, bytes) else contenu.encode())
    return chemin


def en_csv(lignes: Iterable[Mapping[str, str]]) -> str:
    """Write rows as CSV."""
    lignes = list(lignes)
    flux = io.StringIO()
    sortie = csv.DictWriter(flux, list(lignes[0]), lineterminator="\n")
    sortie.writeheader()
    sortie.writerows(lignes)
    return flux.getvalue()


def subventions(nombre: int, **changements: str) -> str:
    """Write that many good grants, all different, with some of their values changed."""
    return en_csv({**SUBVENTION, "objet": f"objet {rang}", **changements} for rang in range(nombre))


def charger_source(entrepot: Entrepot, nom: str, **changements: Any) -> Etat:
    """Load a source, with some of its settings changed."""
    return load_source(entrepot, source(nom, **changements))


def table(entrepot: Entrepot, nom: str) -> list[dict[str, Any]]:
    """Return the rows of a table of the warehouse; the marks that DuckDB leaves in the large ones say nothing."""
    lue = pq.read_table(entrepot.path_of(sources()[nom].schema_public or "socle", nom))
    return lue.select([colonne for colonne in lue.column_names if colonne != "_anomalies"]).to_pylist()


def octets(entrepot: Entrepot, nom: str) -> bytes:
    """Return the bytes of a table of the warehouse."""
    return entrepot.path_of(sources()[nom].schema_public or "socle", nom).read_bytes()


def rejets(entrepot: Entrepot, nom: str) -> list[dict[str, Any]]:
    """Return every refusal and flag of the last load."""
    return pq.read_table(entrepot.racine / "rejets" / f"{nom}.parquet").to_pylist()


def regles(entrepot: Entrepot, nom: str) -> dict[tuple[str, str], int]:
    """Count refusals and flags by severity and rule."""
    compte: dict[tuple[str, str], int] = {}
    for rejet in rejets(entrepot, nom):
        clef = (rejet["gravite"], rejet["regle"])
        compte[clef] = compte.get(clef, 0) + 1
    return compte


def comptes_justes(etat: Etat) -> bool:
    """Say whether every row read of every file is kept, out of scope or refused."""
    return all(
        lu.lignes_lues == lu.lignes_retenues + lu.lignes_hors_champ + lu.lignes_rejetees for lu in etat.fichiers
    )
