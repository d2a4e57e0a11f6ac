"""Fixtures every test may ask for."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from observatoire.loading import files
from observatoire.settings import Settings
from observatoire.warehouse import Entrepot
from tests.chaine import publie, publie_deux_fois, publie_trois_fois  # noqa: F401 — fixtures are found by their names
from tests.donnees import SANS_DONNEES, dossier_donnees
from tests.hasard import declarer_les_profils
from tests.navigateur import navigateur, visite  # noqa: F401

declarer_les_profils()


def pytest_collection_finish() -> None:
    """Set aside the million objects of the libraries, which the collector would look at again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)


@pytest.fixture(scope="session", autouse=True)
def sans_attendre_les_copies() -> Iterator[None]:
    """Read at once the files that a test has just dropped: no copy is under way."""
    with pytest.MonkeyPatch.context() as remplacements:
        remplacements.setattr(files, "TEMPS_DE_COPIE_S", 0.0)
        yield


@pytest.fixture
def entrepot(tmp_path: Path) -> Entrepot:
    """Give an empty warehouse, and an empty `raw/`."""
    return Entrepot(Settings(raw=tmp_path / "raw", warehouse=tmp_path / "warehouse", territoire="246300701"))


@pytest.fixture
def donnees() -> Path:
    """Give the folder of the real files, or skip the test."""
    dossier = dossier_donnees()
    if dossier is None:
        pytest.skip(SANS_DONNEES)
    return dossier


@pytest.fixture(scope="session")
def donnees_du_module() -> Path:
    """Give the folder of the real files to fixtures that live longer than a test, or skip."""
    dossier = dossier_donnees()
    if dossier is None:
        pytest.skip(SANS_DONNEES)
    return dossier
