"""The interface of the analysts: the web server of Dagster behind its gate, and the daemon beside it.

`python -m pipelines.interface --help` says what it takes. Who is answered belongs to `gate`.
"""

import argparse
import errno
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import dagster as dg
import uvicorn
from dagster._core.errors import DagsterHomeNotSetError, DagsterInvariantViolationError
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster_webserver.version import __version__
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware

from observatoire.obstacle import Obstacle
from observatoire.settings import RACINE, Settings
from pipelines.command import settle_history
from pipelines.defs.resources import close_history
from pipelines.gate import gate
from pipelines.history import end_dead_runs

PORT = 3000
ESSAIS = 20
# for connections to end, then for the daemon to
PATIENCE_S = 5
PATIENCE_DU_DAEMON_S = 30
# what `dagster-webserver` gives its own: a statement of the database, its connections
BASE = {"statement_timeout": 15_000, "pool_recycle": 3600, "max_overflow": 20}


class Interface(DagsterWebserver[WorkspaceProcessContext, WorkspaceRequestContext]):
    """The application of Dagster, behind the gate."""

    def __init__(self, processus: WorkspaceProcessContext, adresse: str, prefixe: str = "") -> None:
        """Serve a workspace.

        Args:
            processus: the workspace.
            adresse: the address a web server gives it under, empty when there is none.
            prefixe: the path it is served under, empty or beginning with a slash.
        """
        self._adresse = adresse
        super().__init__(processus, prefixe, live_data_poll_rate=2000)

    def build_middleware(self) -> list[Middleware]:
        """Put the gate before what Dagster puts."""
        return [*gate(self._adresse), *super().build_middleware()]


def serve(
    adresse: str = "127.0.0.1", port: int = PORT, lecture_seule: bool = False, service: bool = False, prefixe: str = ""
) -> int:
    """Serve the interface until it is told to stop, with the daemon unless another does its work.

    Args:
        adresse: the address of this machine to listen on.
        port: the port; when it is taken, the next one that is free.
        lecture_seule: whether it only shows; it then has no daemon.
        service: whether a service manager runs it: the daemon has its own unit, and the port is the one it was told.
        prefixe: the path it is served under, when a web server stands before it.

    Returns:
        128 and the number of the signal it was stopped by; 1 when it could not start, or when its daemon ended.
    """
    os.umask(0o077)  # the history is its owner's
    for signal_ecoute in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_ecoute, _stop)
    if hasattr(signal, "SIGHUP"):  # a terminal that is closed
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        with ExitStack() as pile:
            ecoute = pile.enter_context(_listen(adresse, port, 1 if service else ESSAIS))
            prise = ecoute.getsockname()[1]
            if prise != port:
                print(f"Le port {port} est pris : l'interface prend {prise}.")
            print("L'interface démarre…", flush=True)
            instance = pile.enter_context(dg.DagsterInstance.get())
            close_history(instance)
            instance.optimize_for_webserver(**BASE)
            cible = ModuleTarget("pipelines.definitions", None, str(RACINE), None)
            processus = pile.enter_context(
                WorkspaceProcessContext(
                    instance, cible, version=__version__, read_only=lecture_seule, code_server_log_level="warning"
                )
            )
            application = Interface(processus, Settings.from_environment().adresse, prefixe).create_asgi_app()
            ici = Path(instance.storage_directory()).parent
            _keep_errors(ici / "interface.log")
            serveur = uvicorn.Server(
                uvicorn.Config(application, log_config=None, timeout_graceful_shutdown=PATIENCE_S)
            )
            end_dead_runs(instance)
            daemon = None
            if not (lecture_seule or service):
                journal = ici / "daemon.log"
                daemon = pile.enter_context(_daemon(journal, serveur))
            hote = f"[{adresse}]" if ":" in adresse else adresse
            print(f"Interface : http://{hote}:{prise}{prefixe} (Ctrl-C pour arrêter)", flush=True)
            serveur.run(sockets=[ecoute])
            if daemon is not None:
                print(f"Le daemon s'est arrêté, l'interface aussi. Pourquoi : {journal}.", file=sys.stderr)
            return 1
    except SystemExit as arret:
        print("Interface arrêtée.")
        return int(arret.code or 0)
    except (DagsterHomeNotSetError, DagsterInvariantViolationError):
        print(
            "DAGSTER_HOME doit donner le chemin complet d'un dossier qui existe, celui de dagster.yaml : "
            "export DAGSTER_HOME=/chemin/du/dossier, puis relancer.",
            file=sys.stderr,
        )
        return 1
    except Obstacle as refus:
        print(refus, file=sys.stderr)
        return 1


def _keep_errors(journal: Path) -> None:
    """Write what a bad request breaks in the server to a file of the history, not on the screen of a person."""
    flux = logging.FileHandler(journal, mode="w", encoding="utf-8", delay=True)
    flux.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    du_serveur = logging.getLogger("uvicorn")
    du_serveur.handlers, du_serveur.propagate = [flux], False
    du_serveur.setLevel(logging.WARNING)


class PortRefuse(Obstacle):
    """A port that cannot be listened on. The message, in French, says why."""


def _stop(numero: int, _: FrameType | None) -> None:
    raise SystemExit(128 + numero)


def _listen(adresse: str, port: int, essais: int) -> socket.socket:
    """Listen on a port, or on the first free one of those that follow it."""
    famille = socket.AF_INET6 if ":" in adresse else socket.AF_INET
    for essai in range(port, min(port + essais, 65_536)):
        try:
            return socket.create_server((adresse, essai), family=famille)
        except PermissionError:
            raise PortRefuse(
                f"Le port {essai} est réservé à l'administrateur : en prendre un au-delà de 1023."
            ) from None
        except OSError as erreur:
            if erreur.errno != errno.EADDRINUSE:
                raise PortRefuse(
                    f"{adresse} n'est pas une adresse de cette machine : 127.0.0.1 pour elle seule."
                ) from None
    suivants = f", et les {essais - 1} suivants aussi" if essais > 1 else ""
    raise PortRefuse(f"Le port {port} est pris{suivants} : arrêter ce qui le tient, ou en demander un autre (--port).")


@contextmanager
def _daemon(journal: Path, serveur: uvicorn.Server) -> Iterator[subprocess.Popen[bytes]]:
    """Run the daemon, which the server does not outlive, and which does not outlive this process."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    with journal.open("wb") as flux:
        processus = subprocess.Popen(
            [sys.executable, "-m", "pipelines.daemon"],  # noqa: S603 — this very program
            stdin=subprocess.PIPE,
            stdout=flux,
            stderr=flux,
            start_new_session=True,  # a Ctrl-C is for this process, which ends it
        )

    def watch() -> None:
        processus.wait()
        serveur.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield processus
    finally:
        if processus.stdin is not None:
            processus.stdin.close()  # what it waits for
        try:
            processus.wait(PATIENCE_DU_DAEMON_S)
        except subprocess.TimeoutExpired:
            processus.kill()


def main(arguments: list[str]) -> int:
    """Read the options, then serve; return what `serve` returns."""
    options = argparse.ArgumentParser(prog="python -m pipelines.interface", description="Ouvrir l'interface (Dagster).")
    options.add_argument("--adresse", default="127.0.0.1", help="adresse de cette machine où écouter (127.0.0.1)")
    options.add_argument("--port", type=int, default=PORT, help=f"port ({PORT} ; le suivant s'il est pris)")
    options.add_argument("--lecture-seule", action="store_true", help="montrer sans rien lancer, sans daemon")
    options.add_argument("--service", action="store_true", help="lancée par systemd : port exact, daemon à part")
    options.add_argument("--prefixe", default="", help="chemin sous lequel un serveur web la donne, comme /dagster")
    lues = options.parse_args(arguments)
    settle_history()
    return serve(**vars(lues))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
