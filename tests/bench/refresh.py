"""What a refresh costs, in times the bare import of the libraries, on a small world: the committed files of `raw/`, and
the demonstration ones (60,000 establishments) beside them.

Each run is the command, as people type it.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from observatoire.settings import RACINE
from tests.bench.process import Run, run

CHANGED = "adhesions/adhesions_documents.csv"
LINE = "sismo,Structure {rank},,inconnu,,,inconnu,inconnu,faible,sismo,Structure {rank}\n"
# at most, times the imports
PROMISED = {"rien_s": 1.5, "une_ligne_s": 5.0, "zero_s": 10.0}
PASSES = 3


def measure(folder: Path, say: Callable[[str], None], said: Callable[[Run], None]) -> dict[str, float]:
    """Return the seconds of the imports, then of a run from scratch, of one with nothing to do, of one with one line.

    The shortest of three is kept: what else the machine does can only add.
    """
    shutil.copytree(RACINE / "raw", folder / "raw")
    environment = environment_of(folder)

    def timed(name: str, module: str, *words: str, passes: int = PASSES, before: Callable[[int], None] | None = None) -> float:
        found = []
        for rank in range(passes):
            if before is not None:
                before(rank)
            say(name)
            done = run(module, *words, folder=folder, **environment)
            said(done)
            found.append(done.wall_s)
        return min(found)

    def add_a_line(rank: int) -> None:
        with (folder / "raw" / CHANGED).open("a", encoding="utf-8") as stream:
            stream.write(LINE.format(rank=rank))

    return {
        "imports_s": timed("imports", "tests.bench.imports"),
        "zero_s": timed("de zéro", "pipelines", "actualiser", passes=1),
        "rien_s": timed("rien de changé", "pipelines", "actualiser"),
        "une_ligne_s": timed("une ligne changée", "pipelines", "actualiser", before=add_a_line),
    }


def environment_of(folder: Path) -> dict[str, object]:
    """Return the environment of a run in such a folder, with a history of its own."""
    (folder / "dagster").mkdir(parents=True, exist_ok=True)
    shutil.copy(RACINE / "dagster.yaml", folder / "dagster")
    return {
        "OBSERVATOIRE_RAW": folder / "raw",
        "OBSERVATOIRE_WAREHOUSE": folder / "warehouse",
        "DAGSTER_HOME": folder / "dagster",
        "OBSERVATOIRE_HISTORIQUE": folder / "dagster" / ".dagster",
        "DAGSTER_DISABLE_TELEMETRY": 1,
    }
