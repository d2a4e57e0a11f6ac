"""A data file as it comes: alone, or packed in an archive."""

import gzip
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from observatoire.obstacle import Obstacle


def data_members(archive: zipfile.ZipFile) -> list[str]:
    """List the data files of an archive, in the order of their names."""
    return sorted(
        nom
        for nom in archive.namelist()
        if nom.lower().endswith((".csv", ".txt")) and "metadata" not in nom.lower() and "__MACOSX" not in nom
    )


@contextmanager
def open_bytes(chemin: Path) -> Iterator[IO[bytes]]:
    """Open a file, or the only data file of an archive."""
    if chemin.suffix.lower() == ".gz":
        with gzip.open(chemin) as comprime:
            yield cast(IO[bytes], comprime)
    elif chemin.suffix.lower() == ".zip":
        with zipfile.ZipFile(chemin) as archive:
            membres = data_members(archive)
            if len(membres) != 1:
                raise Obstacle(
                    f"{chemin.name} : l'archive devrait contenir un seul fichier de données, elle contient : "
                    f"{', '.join(archive.namelist()) or 'rien'}. Déposer le fichier de données seul."
                )
            with archive.open(membres[0]) as flux:
                yield flux
    else:
        with chemin.open("rb") as flux:
            yield flux


def unpacked_size(chemin: Path) -> int:
    """Return the bytes a file will take once open, as far as it says so."""
    if chemin.suffix.lower() == ".zip":
        with zipfile.ZipFile(chemin) as archive:
            return sum(membre.file_size for membre in archive.infolist())
    return chemin.stat().st_size
