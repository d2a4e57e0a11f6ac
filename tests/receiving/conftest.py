"""A server of this machine, and room on the disk."""

from collections.abc import Iterator

import pytest

from observatoire.receiving import checks as download_checks
from tests.receiving.serveur import Serveur, ecouter
from tests.receiving.telechargements import CSV


@pytest.fixture
def serveur() -> Iterator[Serveur]:
    """Serve a table of a hundred kilobytes."""
    with ecouter() as serveur:
        serveur.contenu = CSV
        yield serveur


@pytest.fixture(autouse=True)
def de_la_place(monkeypatch) -> None:
    """Ask for no margin: the disk of this machine may be small."""
    monkeypatch.setattr(download_checks, "MARGE", 0)
