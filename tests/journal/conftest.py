"""A small observatory whose releases follow each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from observatoire.chain.step import Etape
from observatoire.chain.steps import cube_step, indicator_step, measure_step, table_step
from observatoire.indicators.catalog import mesures
from observatoire.journal import replay
from observatoire.socle.territories import APPARTENANCES, TERRITOIRES
from tests.fabrique import communes, fabrique
from tests.journal.atelier import Atelier, poser_communes


def etapes() -> list[Etape]:
    """Give the steps of the small observatory, with the measures it has now."""
    tables = (table_step(TERRITOIRES), table_step(APPARTENANCES))
    return [*tables, *(measure_step(mesure) for mesure in mesures().values()), cube_step(), indicator_step()]


@pytest.fixture
def atelier(tmp_path: Path, monkeypatch) -> Iterator[Atelier]:
    with fabrique(tmp_path) as petite:
        # of the chain, what the small observatory has
        monkeypatch.setattr(replay, "steps", etapes)
        ici = Atelier(petite)
        poser_communes(ici, communes())
        yield ici
