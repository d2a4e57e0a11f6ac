"""A public file without rows, and the portrait of rows of the tests."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from observatoire.publication.portrait import write_portrait
from observatoire.publication.public_tables import public_tables
from tests.publication.pages import EPCI, LIBELLES, source


@pytest.fixture(scope="module")
def base_vide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make every public table once, empty."""
    base = tmp_path_factory.mktemp("public") / "vide.duckdb"
    with duckdb.connect(str(base)) as connexion:
        for publique in public_tables():
            colonnes = ", ".join(f"{c.nom} {c.type_sql}" for c in publique.table.colonnes)
            connexion.execute(f"CREATE SCHEMA IF NOT EXISTS {publique.schema}")
            connexion.execute(f"CREATE TABLE {publique.schema}.{publique.nom} ({colonnes})")
    return base


@pytest.fixture
def page(base_vide: Path, tmp_path: Path) -> Callable[..., str]:
    """Write the portrait of a small public database; a table is given as a list of rows."""

    def ecrire(territoire: str = EPCI, nature: str = "reelle", **tables: list[dict[str, Any]]) -> str:
        lignes = {
            "release": [{"release": "r1", "contrat": 1, "cree_le": "2026-11-22 10:00:00", "nature": nature}],
            "territoires": [{"niveau": n, "code_territoire": c, "libelle": nom} for (n, c), nom in LIBELLES.items()],
            "appartenances": [
                {"niveau": n, "code_territoire": c, "niveau_parent": pn, "code_parent": pc}
                for n, c, pn, pc in (
                    ("epci", EPCI, "departement", "63"),
                    ("epci", EPCI, "france", "FR"),
                    ("commune", "63113", "epci", EPCI),
                )
            ],
            "sources": [source("Source A")],
            **tables,
        }
        base = tmp_path / "public.duckdb"
        shutil.copyfile(base_vide, base)
        places = {publique.nom: f"{publique.schema}.{publique.nom}" for publique in public_tables()}
        with duckdb.connect(str(base)) as connexion:
            connexion.begin()
            for nom, table in lignes.items():
                for ligne in table:
                    requete = f"INSERT INTO {places[nom]} ({', '.join(ligne)}) VALUES ({', '.join('?' * len(ligne))})"
                    connexion.execute(requete, list(ligne.values()))
            connexion.commit()
        write_portrait(base, tmp_path / "portrait", territoire)
        return (tmp_path / "portrait" / "index.html").read_text(encoding="utf-8")

    return ecrire
