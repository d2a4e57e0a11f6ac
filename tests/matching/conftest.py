"""Small registers without names."""

import pytest

from observatoire.warehouse import Entrepot
from tests.matching.petits import Petits


@pytest.fixture
def petits(entrepot: Entrepot) -> Petits:
    return Petits(entrepot)
