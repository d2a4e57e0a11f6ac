"""When people are told that something fails: every five minutes, a look at the last run of each job and at the sources.

What is said, and to whom it was already said, belongs to `observatoire.alerts.notifications`.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import dagster as dg

from observatoire.alerts.channels import channels
from observatoire.alerts.notifications import EnvoiImpossible, Memoire, Panne, announce, failing_sources
from observatoire.releases.work import up_to_date_on
from observatoire.settings import AlertSettings, Settings
from observatoire.warehouse import Entrepot
from pipelines.refreshing import LANCEE_PAR, RECALCUL

JOB = "job "  # what the name of a failing job starts with
REPRISES = (RECALCUL, "actualiser")  # what the names of refreshes start with
PARMI = 20  # runs looked at, to find one that no other began
FINIES = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


def _last_runs(instance: dg.DagsterInstance, jobs: Iterable[str]) -> dict[str, dg.RunRecord]:
    """Return the last finished run of each job that has one, however many runs of other jobs came after it.

    A run that another began is not one: that other answers for it.
    """
    dernieres = {}
    for nom in sorted(set(jobs)):
        finies = instance.get_run_records(dg.RunsFilter(job_name=nom, statuses=FINIES), limit=PARMI)
        if siennes := [fiche for fiche in finies if LANCEE_PAR not in fiche.dagster_run.tags]:
            dernieres[nom] = siennes[0]
    return dernieres


def _failing_runs(
    instance: dg.DagsterInstance, dernieres: Mapping[str, dg.RunRecord], adresse: str, a_jour_le: datetime | None
) -> dict[str, Panne]:
    """Return the jobs whose last finished run failed, with the reason the run gave.

    Nothing is left of the failure of a refresh once all was found up to date.
    """
    return {
        f"{JOB}{nom}": Panne(
            f"Le job « {nom} » a échoué",
            _reason(instance, fiche.dagster_run.run_id),
            "Ce qui était publié est inchangé. Lire l'exécution dans l'interface, corriger, puis relancer.",
            f"{adresse}/dagster/runs/{fiche.dagster_run.run_id}" if adresse else "",
        )
        for nom, fiche in dernieres.items()
        if fiche.dagster_run.status == dg.DagsterRunStatus.FAILURE
        and not (nom.startswith(REPRISES) and a_jour_le and (fiche.end_time or 0) < a_jour_le.timestamp())
    }


def _reason(instance: dg.DagsterInstance, run_id: str) -> str:
    """Repeat the words of the steps that failed; those of an unforeseen error may quote a value, and are not."""
    raisons = []
    for evenement in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        echec = evenement.get_dagster_event().step_failure_data
        if echec.user_failure_data and echec.user_failure_data.description:
            raisons.append(echec.user_failure_data.description)
        else:
            cause = echec.error.cause if echec.error and echec.error.cause else echec.error
            raisons.append(f"Erreur du programme ({cause.cls_name if cause else 'inconnue'}).")
    return " ".join(raisons) or "L'exécution s'est arrêtée sans dire pourquoi (machine ou processus arrêté ?)."


def _known(memoire: Memoire, dernieres: Mapping[str, dg.RunRecord]) -> Memoire:
    """Forget the jobs without a run any more, removed or whose history was erased: nothing says they recovered."""
    return {nom: dite for nom, dite in memoire.items() if not nom.startswith(JOB) or nom.removeprefix(JOB) in dernieres}


@dg.sensor(
    name="alertes",
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING
    if AlertSettings.from_environment().demandees
    else dg.DefaultSensorStatus.STOPPED,
    description="Prévient (courriel, webhook) quand un job échoue, quand une source passe en échec, et quand ils se "
    "rétablissent. Une fois par changement, un rappel par semaine. Sans réglage, n'envoie rien.",
)
def alertes(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Announce what changed; a channel that fails stops neither the other nor a run, and is tried again."""
    ouverts = channels(AlertSettings.from_environment())
    if not ouverts:
        return dg.SkipReason("Aucun destinataire : donner OBSERVATOIRE_COURRIEL et OBSERVATOIRE_SMTP, ou un webhook.")
    entrepot = Entrepot(Settings.from_environment())
    jobs = context.repository_def.job_names if context.repository_def else []
    dernieres = _last_runs(context.instance, jobs)
    pannes = failing_sources(entrepot) | _failing_runs(
        context.instance, dernieres, entrepot.settings.adresse, up_to_date_on(entrepot)
    )
    memoires = {canal: _known(memoire, dernieres) for canal, memoire in json.loads(context.cursor or "{}").items()}
    bilan = []
    for canal, envoyer in ouverts.items():
        try:
            memoires[canal], envois = announce(pannes, memoires.get(canal, {}), datetime.now(UTC), envoyer)
            bilan.append(f"{canal} : {'message envoyé' if envois else 'rien de nouveau'}")
        except EnvoiImpossible as erreur:
            context.log.warning("%s", erreur)
            bilan.append(f"{erreur}, nouvel essai au prochain passage")
    context.update_cursor(json.dumps(memoires, ensure_ascii=False))
    return dg.SkipReason(" ; ".join(bilan) + ".")


@dg.definitions
def notifications() -> dg.Definitions:
    """Give the sensor."""
    return dg.Definitions(sensors=[alertes])
