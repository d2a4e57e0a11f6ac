"""A small observatory whose releases follow each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from observatoire.journal import replay
from observatoire.socle.territories import APPARTENANCES, TERRITOIRES
from tests.fabrique import communes, fabrique
from tests.journal.atelier import Atelier, poser_communes


@pytest.fixture
def atelier(tmp_path: Path, monkeypatch) -> Iterator[Atelier]:
    with fabrique(tmp_path) as petite:
        # of the chain, what the small observatory has
        monkeypatch.setattr(replay, "derivees", lambda: {"t": TERRITOIRES, "a": APPARTENANCES})
        for sans_objet in ("compute_matches", "compute_estimations"):
            monkeypatch.setattr(replay, sans_objet, lambda _: None)
        ici = Atelier(petite)
        poser_communes(ici, communes())
        yield ici
