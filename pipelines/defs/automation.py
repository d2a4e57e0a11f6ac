"""When things run: the jobs an analyst launches, a schedule per cadence, a sensor on the files that arrive."""

import json

import dagster as dg

from observatoire.files import dropped_files
from observatoire.settings import Settings
from observatoire.sources import sources
from observatoire.warehouse import Entrepot, VerrouTenu, fingerprint, utc_now
from pipelines.assets import source_key

PARIS = "Europe/Paris"
HORAIRES = {"mensuelle": "0 5 3 * *", "trimestrielle": "30 5 10 1,4,7,10 *", "annuelle": "0 6 15 1 *"}

actualiser = dg.define_asset_job(
    "actualiser",
    selection=dg.AssetSelection.all(),
    description="Lire ce que raw/ contient, tout recalculer, publier. Sans réglage.",
)
recalculer_indicateurs = dg.define_asset_job(
    "recalculer_indicateurs",
    selection=dg.AssetSelection.groups("mesures", "indicateurs", "publication"),
    description="Recalculer les mesures et les indicateurs sur les tables en place, puis publier. Sans réglage.",
)


def _schedules() -> list[dg.ScheduleDefinition]:
    """Refresh, at each cadence, the sources that have it and all that reads them."""
    cadences = sorted({source.cadence for source in sources().values() if source.cadence})
    return [
        dg.ScheduleDefinition(
            name=f"cadence_{cadence}",
            job=dg.define_asset_job(
                f"actualiser_{cadence}",
                selection=_sources_at_cadence(cadence).downstream()
                | dg.AssetSelection.keys(*[["demonstration", jeu] for jeu in _sets_at_cadence(cadence)]),
                description=f"Actualiser les sources à cadence {cadence} et ce qui en dépend.",
            ),
            cron_schedule=HORAIRES[cadence],
            execution_timezone=PARIS,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=f"Sources à cadence {cadence}.",
        )
        for cadence in cadences
    ]


def _sources_at_cadence(cadence: str) -> dg.AssetSelection:
    return dg.AssetSelection.assets(*[source_key(s) for s in sources().values() if s.cadence == cadence])


def _sets_at_cadence(cadence: str) -> list[str]:
    return sorted({s.demonstration for s in sources().values() if s.demonstration and s.cadence == cadence})


@dg.sensor(
    name="fichiers_deposes",
    job=actualiser,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Lance « actualiser » quand des fichiers de raw/ ont changé et ne changent plus depuis deux passages.",
)
def fichiers_deposes(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Wait until the files of `raw/` are equal in size and time over two ticks: they arrive half-copied."""
    settings = Settings.from_environment()
    # what is said of files counts too: an origin, an accepted shrink
    chemins = [*dropped_files(settings), *sorted(settings.raw.rglob("*.yml"))]
    vus = [(str(chemin), chemin.stat().st_size, chemin.stat().st_mtime_ns) for chemin in chemins]
    signature = fingerprint(vus)
    memoire = json.loads(context.cursor) if context.cursor else {"lancee": signature, "vue": signature}
    if signature == memoire["lancee"]:
        context.update_cursor(json.dumps({"lancee": signature, "vue": signature}))
        return dg.SkipReason("Rien de nouveau dans raw/.")
    if signature != memoire["vue"]:
        context.update_cursor(json.dumps({**memoire, "vue": signature}))
        return dg.SkipReason("Des fichiers arrivent : attendre qu'ils ne changent plus.")
    try:
        with Entrepot(settings).lock("vérification du dépôt"):
            pass
    except VerrouTenu as erreur:
        return dg.SkipReason(str(erreur))
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=f"{signature} {utc_now()}")],
        cursor=json.dumps({"lancee": signature, "vue": signature}),
    )


@dg.definitions
def automation() -> dg.Definitions:
    """Gather jobs, schedules and the sensor."""
    return dg.Definitions(jobs=[actualiser, recalculer_indicateurs], schedules=_schedules(), sensors=[fichiers_deposes])
