"""Following what lasts: a bar in a terminal, a few lines elsewhere. What moves is not known here."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

import dagster as dg
from tqdm import tqdm

from observatoire.receiving.checks import in_words

SECONDES = 5
DIXIEMES = 10
SANS_NOUVELLES = 30


class Progression:
    """The progress of one piece of work: at most a line per tenth, never two in five seconds."""

    def __init__(
        self, journal: dg.DagsterLogManager, nom: str, dire: Callable[[int], str] = in_words, unite: str = "o"
    ) -> None:
        """Prepare a bar, which only a terminal shows.

        Args:
            journal: log of the run.
            nom: what is followed.
            dire: how a quantity is written.
            unite: what is counted, in the bar: bytes unless it is said.
        """
        self.journal, self.nom, self.dire = journal, nom, dire
        self._barre = tqdm(desc=nom, unit=unite, unit_scale=True, unit_divisor=1024, disable=None, leave=False)
        self._dernier, self._palier = time.monotonic(), 0

    def __enter__(self) -> "Progression":
        """Follow."""
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        """Give the line of the terminal back."""
        self._barre.close()

    def advance(self, faits: int, total: int | None) -> None:
        """Move the bar, and sometimes say where it is."""
        self._barre.total = total
        self._barre.update(faits - self._barre.n)
        # without a total, each doubling is worth a line
        palier = DIXIEMES * faits // total if total else faits.bit_length()
        maintenant = time.monotonic()
        if palier != self._palier and maintenant - self._dernier >= SECONDES:
            self._dernier, self._palier = maintenant, palier
            part = f" sur {self.dire(total)} ({100 * faits // total} %)" if total else ""
            self.journal.info("%s : %s%s", self.nom, self.dire(faits), part)

    def warn(self, message: str) -> None:
        """Say what goes wrong and passes."""
        self.journal.warning("%s : %s", self.nom, message)


class Deroulement:
    """The progress of a run, from its events: what is done, what is being done, and a sign of life in between."""

    def __init__(self) -> None:
        """Prepare a bar; out of a terminal, lines on the same stream."""
        self._terminal = sys.stderr.isatty()
        self._barre = tqdm(total=0, disable=not self._terminal, leave=False, bar_format="{n_fmt}/{total_fmt} {desc}")
        self._debut = self._dernier = time.monotonic()
        self._faits = self._prevus = 0
        self._etape = ""
        self._fini = threading.Event()
        self._veille = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Deroulement":
        """Follow."""
        self._veille.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        """Give the line of the terminal back."""
        self._fini.set()
        self._veille.join()
        self._barre.close()

    def see(self, evenement: dg.EventLogEntry) -> None:
        """Follow an event of the run."""
        if not evenement.is_dagster_event:
            # what fails is told once, at the end, with what to do
            if int(evenement.level) < logging.WARNING:
                self._name(evenement.user_message)
            return
        dit = evenement.get_dagster_event()
        if dit.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED:
            self._prevus += 1
        elif dit.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION and dit.asset_key is not None:
            self._faits += 1
            self._name(" / ".join(dit.asset_key.path))
        elif dit.event_type == dg.DagsterEventType.STEP_START and dit.step_key:
            self._name(dit.step_key.replace("__", " / "))

    def _name(self, etape: str) -> None:
        self._etape = etape
        if time.monotonic() - self._dernier >= SECONDES:
            self._tell()

    def _tell(self) -> None:
        """Say where the run is: the line of the terminal, or a line more."""
        self._dernier = time.monotonic()
        duree = int(self._dernier - self._debut)
        dit = f"{self._etape} ({duree // 60} min {duree % 60:02d} s)"
        if self._terminal:
            self._barre.total, self._barre.n = self._prevus, self._faits
            self._barre.set_description_str(dit)
        else:
            part = f"{self._faits}/{self._prevus} " if self._prevus else ""
            self._write(f"{part}{dit}")

    def _write(self, ligne: str) -> None:
        with suppress(OSError):  # nobody reads any more: the work goes on
            tqdm.write(f"  {ligne}", file=sys.stderr)

    def _watch(self) -> None:
        """Show that time passes when nothing is told: each second in a terminal, rarely in a log."""
        while not self._fini.wait(1):
            if self._terminal or time.monotonic() - self._dernier >= SANS_NOUVELLES:
                self._tell()
