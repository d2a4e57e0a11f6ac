"""The warehouse as a Dagster resource, held by one run at a time. What is written there belongs to the assets."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import dagster as dg
from pydantic import PrivateAttr

from observatoire.loading.files import close_restricted
from observatoire.settings import HistorySettings, Settings
from observatoire.warehouse import Entrepot
from pipelines.failing import obstacles_told
from pipelines.history import end_dead_runs, prune, this_process


def close_history(instance: dg.DagsterInstance) -> None:
    """Leave the history of Dagster to its owner: parameters that were typed, and errors as they were raised.

    Runs have folders of their own in it, made as they come: the folder of all is what closes. One that is somebody
    else's is theirs to close.
    """
    if not instance.is_ephemeral:
        historique = HistorySettings.from_environment().historique
        with suppress(PermissionError):
            historique.mkdir(mode=0o700, parents=True, exist_ok=True)
            historique.chmod(0o700)


class EntrepotVerrouille(dg.ConfigurableResource["EntrepotVerrouille"]):
    """The warehouse of the settings, locked from the first step that asks for it to the end of the run."""

    _jusqu_a_la_fin: ExitStack = PrivateAttr(default_factory=ExitStack)
    _tenu: Entrepot | None = PrivateAttr(default=None)
    _auteur: str = PrivateAttr(default="")

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["EntrepotVerrouille"]:
        """Let the lock go when the run ends, however it ends; the history is pruned before the next one begins."""
        self._auteur = f"exécution {context.run_id}"
        if context.instance is not None:
            close_history(context.instance)
            if context.run_id:
                context.instance.add_run_tags(context.run_id, this_process())
        with self._jusqu_a_la_fin:
            yield self
        self._tenu = None
        if context.instance is not None:
            end_dead_runs(context.instance)
            _prune(context, context.instance)

    @property
    def entrepot(self) -> Entrepot:
        """The warehouse; a run that finds it held fails in its first step, where reasons are read, and says why."""
        if self._tenu is None:
            entrepot = Entrepot(Settings.from_environment())
            with obstacles_told():
                self._jusqu_a_la_fin.enter_context(entrepot.lock(self._auteur))
                close_restricted(entrepot.settings)
            self._tenu = entrepot
        return self._tenu


def _prune(context: dg.InitResourceContext, instance: dg.DagsterInstance) -> None:
    """Prune the history; what is published does not depend on it, and is not lost for it."""
    try:
        prune(instance)
    except Exception as erreur:
        if context.log is not None:
            context.log.warning("L'historique n'a pas été élagué (%s) : le prochain run réessaiera.", erreur)


@dg.definitions
def resources() -> dg.Definitions:
    """Give the warehouse to every asset; steps share one process, hence one lock."""
    return dg.Definitions(resources={"verrouille": EntrepotVerrouille()}, executor=dg.in_process_executor)
