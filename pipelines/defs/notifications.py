"""When people are told that something fails: every five minutes, a look at the last run of each job and at the sources.

What is said, and to whom it was already said, belongs to `observatoire.alerts.notifications`.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import dagster as dg

from observatoire.alerts.channels import channels
from observatoire.alerts.notifications import EnvoiImpossible, Memoire, Panne, announce, failing_sources
from observatoire.settings import AlertSettings, Settings
from observatoire.warehouse import Entrepot

JOB = "job "  # what the name of a failing job starts with
FINIES = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


def _last_runs(instance: dg.DagsterInstance, jobs: Iterable[str]) -> dict[str, dg.DagsterRun]:
    """Return the last finished run of each job that has one, however many runs of other jobs came after it."""
    dernieres = {
        nom: instance.get_runs(dg.RunsFilter(job_name=nom, statuses=FINIES), limit=1) for nom in sorted(set(jobs))
    }
    return {nom: executions[0] for nom, executions in dernieres.items() if executions}


def _failing_runs(
    instance: dg.DagsterInstance, dernieres: Mapping[str, dg.DagsterRun], adresse: str
) -> dict[str, Panne]:
    """Return the jobs whose last finished run failed, with the reason the run gave."""
    return {
        f"{JOB}{nom}": Panne(
            f"Le job « {nom} » a échoué",
            _reason(instance, execution.run_id),
            "Ce qui était publié est inchangé. Lire l'exécution dans l'interface, corriger, puis relancer.",
            f"{adresse}/dagster/runs/{execution.run_id}" if adresse else "",
        )
        for nom, execution in dernieres.items()
        if execution.status == dg.DagsterRunStatus.FAILURE
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


def _known(memoire: Memoire, dernieres: Mapping[str, dg.DagsterRun]) -> Memoire:
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
    dernieres = _last_runs(context.instance, context.repository_def.job_names if context.repository_def else [])
    pannes = failing_sources(entrepot) | _failing_runs(context.instance, dernieres, entrepot.settings.adresse)
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
