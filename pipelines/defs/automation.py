"""When things run: the jobs an analyst launches, schedules per cadence, a sensor on the files that arrive."""

import json

import dagster as dg

from observatoire.chain.steps import steps
from observatoire.loading.files import dropped_files
from observatoire.receiving.downloads import downloadable
from observatoire.releases.work import Travail, note_look, reached_from, work_left
from observatoire.settings import Settings
from observatoire.sources import sources
from observatoire.warehouse import Entrepot, VerrouTenu, fingerprint, utc_now
from pipelines.assets import asset_key_of, raw_key
from pipelines.refreshing import RECALCUL

PARIS = "Europe/Paris"
HORAIRES = {"mensuelle": "0 5 3 * *", "trimestrielle": "30 5 10 1,4,7,10 *", "annuelle": "0 6 15 1 *"}
# four hours before, then some nights more: what has not moved costs one request, what failed is tried again
HORAIRES_TELECHARGEMENT = {
    "mensuelle": "0 1 3-7 * *",
    "trimestrielle": "30 1 10-14 1,4,7,10 *",
    "annuelle": "0 2 15-19 1 *",
}

A_TELECHARGER = dg.AssetSelection.assets(*[raw_key(source) for source in downloadable().values()])

tout_recalculer = dg.define_asset_job(
    RECALCUL,
    selection=dg.AssetSelection.all() - A_TELECHARGER,
    description="Passer par toutes les étapes, qu'elles aient changé ou non ; « actualiser » fait de même en ne "
    "passant que par celles qui ont changé. Sans réglage, sans réseau.",
)
telecharger = dg.define_asset_job(
    "telecharger",
    selection=A_TELECHARGER,
    description="Télécharger dans raw/ ce qui a changé chez les producteurs ; « actualiser » le lit ensuite. "
    "Sans réglage ; une seule source : choisir son asset raw/<source>.",
)
recalculer_indicateurs = dg.define_asset_job(
    "recalculer_indicateurs",
    selection=dg.AssetSelection.groups("mesures", "indicateurs", "publication"),
    description="Recalculer les mesures et les indicateurs sur les tables en place, puis publier. Sans réglage.",
)
retrotester = dg.define_asset_job(
    "retrotester",
    selection=dg.AssetSelection.assets(
        *[asset_key_of(nom) for etape in steps() if etape.ensemble == "estimations" for nom in etape.tables]
    ),
    description="Refaire les estimations locales et leurs rétrotests sur les tables en place : qualite.retrotests dit "
    "ce que vaut la méthode sur ces fichiers. Sans réglage, sans publier.",
)


def _schedules() -> list[dg.ScheduleDefinition]:
    """Refresh, at each cadence, the sources that have it and all that reads them."""
    return [_schedule(cadence) for cadence in sorted({s.cadence for s in sources().values() if s.cadence})]


def _schedule(cadence: str) -> dg.ScheduleDefinition:
    siennes = [source.nom for source in sources().values() if source.cadence == cadence]

    @dg.schedule(
        name=f"cadence_{cadence}",
        job=dg.define_asset_job(
            f"actualiser_{cadence}",
            selection=dg.AssetSelection.assets(*map(asset_key_of, reached_from(siennes))),
            description=f"Actualiser les sources à cadence {cadence} et ce qui en dépend.",
        ),
        cron_schedule=HORAIRES[cadence],
        execution_timezone=PARIS,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Sources à cadence {cadence}.",
    )
    def horaire() -> dg.RunRequest | dg.SkipReason:
        entrepot = Entrepot(Settings.from_environment())
        return _request(work_left(entrepot, siennes).within(reached_from(siennes)))

    return horaire


def _request(travail: Travail, run_key: str | None = None) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run of what there is to do."""
    if not travail.noms:
        return dg.SkipReason("Rien n'a changé : rien à recalculer.")
    return dg.RunRequest(run_key=run_key, asset_selection=[asset_key_of(nom) for nom in travail.noms])


def _download_schedules() -> list[dg.ScheduleDefinition]:
    """Download, before each refresh, the sources of its cadence that say from where."""
    return [_download_schedule(cadence) for cadence in HORAIRES_TELECHARGEMENT if _downloads_at_cadence(cadence)]


def _download_schedule(cadence: str) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"telecharger_{cadence}",
        job=telecharger,
        cron_schedule=HORAIRES_TELECHARGEMENT[cadence],
        execution_timezone=PARIS,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Télécharge les sources à cadence {cadence}.",
    )
    def horaire() -> dg.RunRequest:
        return dg.RunRequest(asset_selection=_downloads_at_cadence(cadence))

    return horaire


def _downloads_at_cadence(cadence: str) -> list[dg.AssetKey]:
    return [raw_key(source) for source in downloadable().values() if source.cadence == cadence]


@dg.sensor(
    name="fichiers_deposes",
    job=tout_recalculer,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Actualise quand des fichiers de raw/ ont changé et ne changent plus depuis deux passages.",
)
def fichiers_deposes(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Wait until the files of `raw/` are equal in size and time over two ticks: they arrive half-copied."""
    settings = Settings.from_environment()
    entrepot = Entrepot(settings)
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
        with entrepot.lock("vérification du dépôt"):
            pass
    except VerrouTenu as erreur:
        return dg.SkipReason(str(erreur))
    memoire = json.dumps({"lancee": signature, "vue": signature})
    travail = work_left(entrepot)
    note_look(entrepot, est_a_jour=not travail.noms)
    demande = _request(travail, f"{signature} {utc_now()}")
    if isinstance(demande, dg.SkipReason):
        context.update_cursor(memoire)
        return demande
    return dg.SensorResult(run_requests=[demande], cursor=memoire)


@dg.definitions
def automation() -> dg.Definitions:
    """Gather jobs, schedules and the sensor."""
    return dg.Definitions(
        jobs=[tout_recalculer, recalculer_indicateurs, retrotester, telecharger],
        schedules=[*_schedules(), *_download_schedules()],
        sensors=[fichiers_deposes],
    )
