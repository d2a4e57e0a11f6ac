"""Following a long transfer: a few lines in the log of the run, a bar in a terminal. What moves is not known here."""

import time
from types import TracebackType

import dagster as dg
from tqdm import tqdm

from observatoire.receiving.checks import in_words

SECONDES = 5
DIXIEMES = 10


class Progression:
    """The progress of one source: at most a line per tenth, never two in five seconds."""

    def __init__(self, journal: dg.DagsterLogManager, nom: str) -> None:
        """Prepare a bar, which only a terminal shows."""
        self.journal, self.nom = journal, nom
        self._barre = tqdm(desc=nom, unit="o", unit_scale=True, unit_divisor=1024, disable=None, leave=False)
        self._dernier, self._palier = time.monotonic(), 0

    def __enter__(self) -> "Progression":
        """Follow."""
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        """Give the line of the terminal back."""
        self._barre.close()

    def advance(self, recus: int, total: int | None) -> None:
        """Move the bar, and sometimes say where it is."""
        self._barre.total = total
        self._barre.update(recus - self._barre.n)
        # without a total, each doubling is worth a line
        palier = DIXIEMES * recus // total if total else recus.bit_length()
        maintenant = time.monotonic()
        if palier != self._palier and maintenant - self._dernier >= SECONDES:
            self._dernier, self._palier = maintenant, palier
            part = f" sur {in_words(total)} ({100 * recus // total} %)" if total else ""
            self.journal.info("%s : %s%s", self.nom, in_words(recus), part)

    def warn(self, message: str) -> None:
        """Say what goes wrong and passes."""
        self.journal.warning("%s : %s", self.nom, message)
