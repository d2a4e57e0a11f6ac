"""The purge of the register of project leaders, every night; nothing where there is no register.

What is told of a run is a number: no record reaches the history of the runs.
"""

from datetime import UTC, datetime

import dagster as dg

from observatoire.registre.store import open_store
from observatoire.settings import RegisterSettings, Settings
from pipelines.failing import obstacles_told


@dg.op(name="effacer_les_fiches_expirees", description="Efface du registre les fiches arrivées à échéance.")
def erase_expired(context: dg.OpExecutionContext) -> None:
    """Purge the register, if there is one."""
    places = RegisterSettings.from_environment()
    if places.magasin is None and places.cle is None:
        return
    with obstacles_told():
        expirees = open_store(places, Settings.from_environment()).purge(datetime.now(UTC).date())
    context.log.info("%d fiche(s) arrivée(s) à échéance effacée(s).", expirees)


@dg.job(
    name="purger_registre",
    description="Effacer du registre des porteurs de projets les fiches arrivées à échéance. Sans réglage ; "
    "sans registre, ne fait rien.",
)
def purge_job() -> None:
    """Purge the register of project leaders."""
    erase_expired()


@dg.definitions
def register() -> dg.Definitions:
    """Give the job and its schedule."""
    return dg.Definitions(
        jobs=[purge_job],
        schedules=[
            dg.ScheduleDefinition(
                name="purge_registre",
                job=purge_job,
                cron_schedule="15 4 * * *",
                execution_timezone="Europe/Paris",
                default_status=dg.DefaultScheduleStatus.RUNNING,
                description="Chaque nuit, les fiches arrivées à échéance s'effacent.",
            )
        ],
    )
