"""The history of the runs: what is kept of it, and the runs that died without a word.

An asset's last event is never erased, however old its run. Dagster erases nothing by itself, and writes some four
megabytes a run.
"""

import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log import SqlEventLogStorage, SqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from sqlalchemy import delete, select

# beyond these, only runs that say the last of something stay
GARDEES = 30
# a run that was killed never says that it ended
ABANDONNEE = timedelta(days=2)
# the process a run is in: its number, and when it began, since numbers serve again
PROCESSUS = "observatoire/processus"
MORTE = "Le processus de cette exécution a été tué ou arrêté (terminal fermé, machine éteinte). La relancer."
COMMENCEES = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
FINIES = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def this_process() -> dict[str, str]:
    """Return the tag that tells the process a run is in."""
    return {PROCESSUS: f"{os.getpid()} {_began(os.getpid())}"}


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """End the runs whose process is gone: killed, they never said that they ended, and the queue would wait for them.

    Returns:
        Their identifiers.
    """
    finies = []
    for execution in instance.get_runs(dg.RunsFilter(statuses=COMMENCEES)):
        numero, _, debut = execution.tags.get(PROCESSUS, "").partition(" ")
        if numero and _began(int(numero)) != debut:
            instance.report_run_failed(execution, MORTE)
            finies.append(execution.run_id)
    return finies


def cancel(instance: dg.DagsterInstance, numero: str) -> None:
    """Write that a run was stopped by who asked for it: that is no failure."""
    execution = instance.get_run_by_id(numero)
    if execution is not None and execution.status != dg.DagsterRunStatus.CANCELED:
        instance.report_run_canceled(execution, "Interrompue par la personne ou le service qui l'a lancée.")


def _began(processus: int) -> str:
    """Say when a process began, as the system counts; empty when there is none, or where the system does not say."""
    try:
        return Path(f"/proc/{processus}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except OSError:
        return "" if Path("/proc/self").exists() else str(_is_alive(processus))


def _is_alive(processus: int) -> bool:
    try:
        os.kill(processus, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def prune(instance: dg.DagsterInstance, garder: int = GARDEES) -> int:
    """Erase the runs beyond the last ones, but those that hold the last event of an asset, of a check, or of a job.

    Returns:
        The number of runs erased.
    """
    fiches = instance.get_run_records(order_by="id")  # the most recent first
    if len(fiches) <= garder:
        return 0
    tenues = _last_of_jobs([fiche.dagster_run for fiche in fiches]) | _last_of_assets(instance)
    avant = datetime.now(UTC) - ABANDONNEE
    effacees = [
        fiche.dagster_run.run_id
        for fiche in fiches[garder:]
        if fiche.dagster_run.run_id not in tenues
        and (fiche.dagster_run.status in FINIES or fiche.create_timestamp < avant)
    ]
    for numero in effacees:
        _erase(instance, numero)
    return len(effacees)


def _last_of_jobs(executions: list[dg.DagsterRun]) -> set[str]:
    """Return the last finished run of each job, that alerts compare with: `executions`, the most recent first."""
    dernieres: dict[str, str] = {}
    for execution in executions:
        if execution.status in FINIES:
            dernieres.setdefault(execution.job_name, execution.run_id)
    return set(dernieres.values())


def _last_of_assets(instance: dg.DagsterInstance) -> set[str]:
    """Return the runs that hold the last event of an asset or of a check."""
    tenues = set(_last_of_checks(instance).values())
    for fiche in instance.get_asset_records():
        entree = fiche.asset_entry
        tenues |= {
            evenement.run_id
            for evenement in (
                entree.last_materialization_record,
                entree.last_observation_record,
                entree.last_failed_to_materialize_record,
            )
            if evenement is not None
        }
    return tenues


def _last_of_checks(instance: dg.DagsterInstance) -> dict[tuple[str, str], str]:
    """Return the run of the last execution of each check; Dagster gives it only of checks one can name."""
    journal = instance.event_log_storage
    assert isinstance(journal, SqlEventLogStorage)  # noqa: S101 — the storage that dagster.yaml chooses
    fiches = AssetCheckExecutionsTable.c
    with journal.index_connection() as connexion:
        lues = connexion.execute(select(fiches.asset_key, fiches.check_name, fiches.run_id).order_by(fiches.id))
        return {(asset, controle): execution for asset, controle, execution in lues}


def _erase(instance: dg.DagsterInstance, numero: str) -> None:
    """Erase a run: its row, its events, its checks, and the files Dagster leaves behind."""
    journal = instance.event_log_storage
    instance.delete_run(numero)
    instance.compute_log_manager.delete_logs(prefix=[numero])
    shutil.rmtree(Path(instance.storage_directory()) / numero, ignore_errors=True)
    if isinstance(journal, SqlEventLogStorage):
        with journal.index_connection() as connexion:
            connexion.execute(delete(AssetCheckExecutionsTable).where(AssetCheckExecutionsTable.c.run_id == numero))
    if isinstance(journal, SqliteEventLogStorage):
        base = journal.path_for_shard(numero)
        for reste in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.unlink(f"{base}{reste}")  # noqa: PTH108 — a name with a suffix of SQLite, not a path of ours
