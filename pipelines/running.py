"""Running a job in this process: followed as it goes, its failures in French."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.execution.plan.objects import ErrorSource

from pipelines.definitions import defs
from pipelines.progress import Deroulement
from pipelines.telling import unforeseen


@dataclass(frozen=True)
class Issue:
    """How a run ended.

    Attributes:
        reussie: whether every step succeeded.
        echecs: what failed: the step, and why, in French.
    """

    reussie: bool
    echecs: list[tuple[str, str]]


def job_names() -> list[str]:
    """List the jobs that have a name for people."""
    return sorted(job.name for job in defs().resolve_all_job_defs() if not job.name.startswith("__"))


def run_job(job: str, config: Mapping[str, Any], assets: Sequence[dg.AssetKey] = ()) -> Issue:
    """Run a job in this process, with the run configuration of its ops and, if need be, some of its assets only.

    Raises:
        KeyboardInterrupt: it was asked to stop; what it was doing is given up, and the history says so.
    """
    definitions, numero = defs(), str(uuid.uuid4())
    with dg.DagsterInstance.get() as instance, Deroulement() as suivi:
        instance.add_event_listener(numero, suivi.see)
        resultat = definitions.resolve_job_def(job).execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_id=numero,
            asset_selection=assets or None,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}, "ops": config},
        )
    echecs = [evenement for evenement in resultat.all_events if evenement.is_step_event and evenement.is_failure]
    # Dagster ends the run as it should, then keeps the interruption to itself
    if any(echec.step_failure_data.error_source == ErrorSource.INTERRUPT for echec in echecs):
        raise KeyboardInterrupt
    return Issue(resultat.success, [_told(echec) for echec in echecs])


def _told(evenement: dg.DagsterEvent) -> tuple[str, str]:
    """Say why a step failed: in the words of the domain, else in ours, the trace being kept for who can read it."""
    donnees = evenement.step_failure_data
    etape = str(evenement.step_key)
    if donnees.user_failure_data and donnees.user_failure_data.description:
        return etape, donnees.user_failure_data.description
    erreur = donnees.error.cause if donnees.error and donnees.error.cause else donnees.error
    sorte = erreur.cls_name if erreur else "inconnue"
    return etape, unforeseen(str(sorte), erreur.message if erreur else "", donnees.error_display_string)
