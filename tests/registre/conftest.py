"""A store and a key that are apart."""

from pathlib import Path

import pytest

from observatoire.registre.store import Store
from tests.registre.registres import TERRITOIRES, ouvrir


@pytest.fixture
def places(tmp_path: Path, monkeypatch) -> Path:
    """Point the environment at a store and a key that are apart, and at folders of the observatory."""
    for variable, lieu in (
        ("OBSERVATOIRE_REGISTRE", "registre"), ("OBSERVATOIRE_REGISTRE_CLE", "coffre/cle"), ("OBSERVATOIRE_RAW", "obs/raw"),
        ("OBSERVATOIRE_WAREHOUSE", "obs/warehouse"),
    ):
        monkeypatch.setenv(variable, str(tmp_path / lieu))
    return tmp_path


@pytest.fixture
def magasin(places: Path) -> Store:
    ouvert = ouvrir()
    ouvert.create(TERRITOIRES)
    return ouvert
