"""A refresh: runs of the assets that are not what they would be, and of no other. What there is to do, `work` says.

The command and the interface do it alike: the sources first, then what they changed; a source that fails changes
nothing, and what reads it is left as it is.
"""

from collections.abc import Callable, Sequence

import dagster as dg
from dagster._core.execution.plan.objects import ErrorSource

from observatoire.obstacle import Obstacle
from observatoire.releases.work import Travail, left_to_compute, note_look
from observatoire.warehouse import Entrepot
from pipelines.assets import asset_key_of
from pipelines.telling import unforeseen

RECALCUL = "tout_recalculer"
# of a run that another one began: the run that began it answers for it
LANCEE_PAR = "observatoire/lancee_par"
Echecs = list[tuple[str, str]]


def refresh(
    entrepot: Entrepot, travail: Travail, execute: Callable[[Sequence[dg.AssetKey]], dg.ExecuteInProcessResult]
) -> Echecs:
    """Do what there is to do; `execute` runs some assets of `tout_recalculer`.

    Returns:
        What failed: the step, and why, in French. Nothing is computed from sources one of which is indispensable and
        fails.

    Raises:
        KeyboardInterrupt: it was asked to stop.
    """
    suite: Sequence[str] = travail.suite
    if travail.lectures:
        if echecs := failures(execute(_keys(travail.lectures))):
            return echecs
        suite = left_to_compute(entrepot)
    if suite and (echecs := failures(execute(_keys(suite)))):
        return echecs
    note_look(entrepot, est_a_jour=True)
    return []


def _keys(noms: Sequence[str]) -> list[dg.AssetKey]:
    return [asset_key_of(nom) for nom in noms]


def failures(resultat: dg.ExecuteInProcessResult) -> Echecs:
    """Return what failed in a run: the step, and why.

    Raises:
        KeyboardInterrupt: the run was asked to stop; Dagster ends it as it should, then keeps that to itself.
    """
    echecs = [evenement for evenement in resultat.all_events if evenement.is_step_event and evenement.is_failure]
    if any(echec.step_failure_data.error_source == ErrorSource.INTERRUPT for echec in echecs):
        raise KeyboardInterrupt
    if not echecs and not resultat.success:
        raise Obstacle("L'exécution s'est arrêtée sans dire pourquoi : la relancer.")
    return [_told(echec) for echec in echecs]


def _told(evenement: dg.DagsterEvent) -> tuple[str, str]:
    """Say why a step failed: in the words of the domain, else in ours, the trace being kept for who can read it."""
    donnees = evenement.step_failure_data
    etape = str(evenement.step_key)
    if donnees.user_failure_data and donnees.user_failure_data.description:
        return etape, donnees.user_failure_data.description
    erreur = donnees.error.cause if donnees.error and donnees.error.cause else donnees.error
    sorte = erreur.cls_name if erreur else "inconnue"
    return etape, unforeseen(str(sorte), erreur.message if erreur else "", donnees.error_display_string)
