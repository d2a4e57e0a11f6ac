"""A small observatory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fabrique import Fabrique, fabrique


@pytest.fixture
def petit(tmp_path: Path) -> Iterator[Fabrique]:
    """Give a small observatory, its territories known and no measure declared."""
    with fabrique(tmp_path) as petite:
        yield petite
