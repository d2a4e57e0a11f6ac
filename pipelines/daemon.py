"""The daemon of Dagster beside the interface: it ends when the process that started it does, were that one killed.

The other end of its standard input is that process: when it ends, however it ends, there is nothing left to read.
"""

import os
import signal
import sys
import threading
import time
from contextlib import suppress

import dagster as dg
from dagster._daemon.cli import run_command

from pipelines.history import end_dead_runs

SECONDES = 30


def _wait_for_the_end() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGINT)


def _free_the_queue() -> None:
    """End, as long as the daemon lives, the runs that died without a word: those that wait would wait for hours."""
    with dg.DagsterInstance.get() as instance:
        while True:
            with suppress(Exception):  # a history that is busy is looked at again
                end_dead_runs(instance)
            time.sleep(SECONDES)


if __name__ == "__main__":
    threading.Thread(target=_wait_for_the_end, daemon=True).start()
    threading.Thread(target=_free_the_queue, daemon=True).start()
    run_command(["--module-name", "pipelines.definitions"])
