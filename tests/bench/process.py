"""Running one contender: a fresh process, its wall time, its own peak memory. What it runs does not belong here."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from observatoire.settings import RACINE


@dataclass(frozen=True)
class Run:
    """What a process cost.

    Attributes:
        wall_s: seconds from its start to its end.
        cpu_s: seconds of processor, all threads: on a busy machine it moves less than the wall time.
        peak_mb: largest resident memory.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float


class RunFailed(Exception):
    """A contender that did not end well; the message ends with what it said."""


def run(module: str, *arguments: object, folder: Path, **environment: object) -> Run:
    """Run `python -m module` in a folder and wait for it; what it prints goes to a file there.

    Dagster takes the folders of its history from where it runs, hence not from here. This process must stay small: the peak of a child starts from the memory of the one it was forked from.

    Raises:
        RunFailed: it exited with another code than 0.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    variables = {**os.environ, "PYTHONPATH": str(RACINE), **{name: str(value) for name, value in environment.items()}}
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{module}.log"
    with log.open("wb") as said:
        start = time.perf_counter()
        child = subprocess.Popen(command, env=variables, cwd=folder, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        last_words = log.read_text(encoding="utf-8", errors="replace")[-3000:]
        raise RunFailed(f"{module} s'est arrêté avec le code {child.returncode} :\n{last_words}")
    # kilobytes on Linux, bytes on macOS
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 1e6)
