"""The warehouse as a Dagster resource, held by one run at a time. What is written there belongs to the assets."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from pydantic import PrivateAttr

from observatoire.settings import Settings
from observatoire.warehouse import Entrepot, VerrouTenu


class EntrepotVerrouille(dg.ConfigurableResource):
    """The warehouse of the environment's settings, locked for the whole run."""

    _entrepot: Entrepot = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["EntrepotVerrouille"]:
        """Hold the lock; a run that finds it held fails at once and says who holds it."""
        self._entrepot = Entrepot(Settings.from_environment())
        try:
            with self._entrepot.verrou(f"exécution {context.run_id or 'sans nom'}"):
                yield self
        except VerrouTenu as erreur:
            raise dg.Failure(description=str(erreur)) from None

    @property
    def entrepot(self) -> Entrepot:
        """The warehouse itself."""
        return self._entrepot


@dg.definitions
def resources() -> dg.Definitions:
    """Give the warehouse to every asset; steps share one process, hence one lock."""
    return dg.Definitions(resources={"verrouille": EntrepotVerrouille()}, executor=dg.in_process_executor)
