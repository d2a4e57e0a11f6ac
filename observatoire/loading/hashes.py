"""Hashes of files, remembered: a file is read again to be hashed only when something of how it looks differs.

What is remembered can be erased: it is computed again. What a hash is for belongs to `files` and `foreseen`.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from observatoire.warehouse import Entrepot

DOSSIER = "empreintes"
# a clock ticks every few milliseconds: two writings within a tick leave the same dates, and would be taken for one
TROP_RECENT_S = 2.0

Aspect = tuple[int, ...]


def aspect_of(chemin: Path) -> Aspect:
    """Return the size, both dates and the inode of a file: no writing, no replacement leaves them as they were."""
    vu = chemin.stat()
    return vu.st_size, vu.st_mtime_ns, vu.st_ctime_ns, vu.st_ino, vu.st_dev


@dataclass(frozen=True)
class Empreintes:
    """The hashes remembered of the files of one source, in a file of the warehouse.

    Attributes:
        entrepot: the warehouse; None remembers nothing.
        source: name of the source.
    """

    entrepot: Entrepot | None = None
    source: str = ""

    def known(self, chemin: Path, aspect: Aspect) -> str | None:
        """Return the hash of a file that looks as it did when it was hashed, None when it has to be read."""
        vu, empreinte = self._connues.get(str(chemin), ([], None))
        return empreinte if tuple(vu) == aspect else None

    def keep(self, chemin: Path, aspect: Aspect, empreinte: str) -> None:
        """Remember the hash of a file, unless it has just changed; where nothing can be written, it is taken again."""
        if self.entrepot is None or time.time() - aspect[2] / 1e9 < TROP_RECENT_S:
            return
        with suppress(OSError):
            if aspect_of(chemin) == aspect:
                presentes = {nom: dite for nom, dite in self._connues.items() if Path(nom).exists()}
                self._connues.clear()
                self._connues.update(presentes | {str(chemin): (list(aspect), empreinte)})
                self.entrepot.write_json(self._connues, DOSSIER, f"{self.source}.json")

    @cached_property
    def _connues(self) -> dict[str, tuple[list[int], str | None]]:
        if self.entrepot is None:
            return {}
        try:
            return {nom: (vu, empreinte) for nom, (vu, empreinte) in self._lues().items()}
        except (OSError, ValueError, TypeError):  # half of a file, or of another shape: read again
            return {}

    def _lues(self) -> dict[str, tuple[list[int], str | None]]:
        assert self.entrepot is not None  # noqa: S101 — said by who calls
        return self.entrepot.read_json(DOSSIER, f"{self.source}.json") or {}
