"""The job people launch: it finds what changed, and runs that, on the same instance."""

from collections.abc import Sequence

import dagster as dg
from dagster._check import CheckError

from observatoire.releases.work import note_look, work_left
from observatoire.settings import Settings
from observatoire.warehouse import Entrepot
from pipelines.failing import obstacles_told
from pipelines.history import this_process
from pipelines.refreshing import LANCEE_PAR, RECALCUL, refresh

RIEN = "Rien n'a changé, ni dans raw/, ni dans le programme, ni avec la date : rien à recalculer."


def _job_of_assets(context: dg.OpExecutionContext) -> dg.JobDefinition:
    """Return the job whose assets are run: of the repository this run was loaded from, which is already built."""
    try:
        return context.repository_def.get_job(RECALCUL)
    except CheckError:  # run from Python, without a repository
        from pipelines.running import definitions

        return definitions().resolve_job_def(RECALCUL)


@dg.op(
    name="actualiser_ce_qui_a_change",
    description="Compare raw/, le programme et la date à ce qui a été calculé, puis lance « tout_recalculer » sur les "
    "seuls assets concernés : les sources, puis ce qu'elles changent.",
)
def refresh_what_changed(context: dg.OpExecutionContext) -> None:
    """Find what there is to do, and run it."""
    entrepot = Entrepot(Settings.from_environment())
    context.instance.add_run_tags(context.run_id, this_process())
    recalcul = _job_of_assets(context)
    lancees: list[str] = []

    def execute(assets: Sequence[dg.AssetKey]) -> dg.ExecuteInProcessResult:
        context.log.info("%d asset(s) : %s", len(assets), ", ".join(cle.to_user_string() for cle in assets))
        resultat = recalcul.execute_in_process(
            instance=context.instance,
            raise_on_error=False,
            asset_selection=assets,
            tags={LANCEE_PAR: context.run_id, **this_process()},
        )
        lancees.append(resultat.run_id)
        return resultat

    with obstacles_told():
        travail = work_left(entrepot)
        note_look(entrepot, est_a_jour=not travail.noms)
        if not travail.noms:
            context.log.info(RIEN)
        echecs = refresh(entrepot, travail, execute) if travail.noms else []
    context.add_output_metadata(
        {
            "sources lues": len(travail.lectures),
            "exécutions": ", ".join(lancees) or RIEN,
        }
    )
    if echecs:
        raise dg.Failure(description="\n".join(motif for _, motif in echecs), allow_retries=False)


@dg.job(
    name="actualiser",
    description="**Lire ce que raw/ contient, recalculer ce qui a changé, publier.** Sans réglage, sans réseau : "
    "ouvrir « Launchpad », cliquer sur « Launch Run ». Ensuite, ouvrir l'asset publication/release : ce qui a été lu, "
    "refusé, changé, publié.",
)
def refresh_job() -> None:
    """Do what there is to do."""
    refresh_what_changed()
