"""What the tests of the documents share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.nginx import Nginx, arreter, nginx


@pytest.fixture(scope="module")
def serveur(publie: Path, tmp_path_factory) -> Iterator[Nginx]:
    """Give a running nginx, or skip."""
    if nginx() is None or shutil.which("openssl") is None:
        pytest.skip(
            "nginx ou openssl n'est pas installé : l'installer (Debian, Ubuntu : apt install nginx-light), relancer."
        )
    lance = Nginx(publie, tmp_path_factory.mktemp("nginx"))
    yield lance
    arreter(lance.processus)
