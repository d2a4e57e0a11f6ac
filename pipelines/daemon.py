"""The daemon of Dagster beside the interface: it ends when the process that started it does, were that one killed.

The other end of its standard input is that process: when it ends, however it ends, there is nothing left to read.
"""

import os
import signal
import sys
import threading

from dagster._daemon.cli import run_command


def _wait_for_the_end() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    threading.Thread(target=_wait_for_the_end, daemon=True).start()
    run_command(["--module-name", "pipelines.definitions"])
