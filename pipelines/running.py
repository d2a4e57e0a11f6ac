"""Running a job in this process: followed as it goes, its failures in French."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import dagster as dg

from observatoire.releases.work import Travail
from observatoire.warehouse import Entrepot
from pipelines.definitions import defs
from pipelines.history import cancel, end_dead_runs, this_process
from pipelines.progress import Deroulement
from pipelines.refreshing import RECALCUL, failures, refresh


@dataclass(frozen=True)
class Issue:
    """How a run ended.

    Attributes:
        echecs: what failed: the step, and why, in French.
    """

    echecs: list[tuple[str, str]]

    @property
    def reussie(self) -> bool:
        """Whether every step succeeded."""
        return not self.echecs


@cache
def definitions() -> dg.Definitions:
    """Build the definitions, once."""
    return defs()


def run_job(job: str, config: Mapping[str, Any], assets: Sequence[dg.AssetKey] = ()) -> Issue:
    """Run a job in this process, with the run configuration of its ops and, if need be, some of its assets only.

    Raises:
        KeyboardInterrupt: it was asked to stop; what it was doing is given up, and the history says so.
    """
    definition = definitions().resolve_job_def(job)
    with dg.DagsterInstance.get() as instance, Deroulement() as suivi:
        return Issue(failures(_execute(definition, instance, suivi, assets, config)))


def run_refresh(entrepot: Entrepot, travail: Travail) -> Issue:
    """Do, in this process, what there is to do.

    Raises:
        KeyboardInterrupt: it was asked to stop.
    """
    definition = definitions().resolve_job_def(RECALCUL)
    with dg.DagsterInstance.get() as instance, Deroulement() as suivi:
        return Issue(
            refresh(entrepot, travail, lambda assets: _execute(definition, instance, suivi, assets, {}))
        )


def _execute(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    suivi: Deroulement,
    assets: Sequence[dg.AssetKey],
    config: Mapping[str, Any],
) -> dg.ExecuteInProcessResult:
    numero = str(uuid.uuid4())
    instance.add_event_listener(numero, suivi.see)
    end_dead_runs(instance)
    try:
        resultat = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_id=numero,
            asset_selection=assets or None,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}, "ops": config},
            tags=this_process(),
        )
        failures(resultat)
    except KeyboardInterrupt:
        cancel(instance, numero)
        raise
    return resultat
