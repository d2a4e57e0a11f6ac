"""Whether the files of a source are recent: the check `fraicheur`, from the states, told anew when it changes."""

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord

from observatoire.releases.standing import next_step
from observatoire.sources import Source, sources
from observatoire.sources.states import Etat, state_of
from observatoire.warehouse import Entrepot
from pipelines.assets import source_key

FRAICHEUR = "fraicheur"


def freshness(source: Source, etat: Etat) -> dg.AssetCheckResult:
    """Judge a source as of today."""
    perime_le = expires_on(etat)
    lenteurs = {
        "en_retard": f"Rien de nouveau depuis plus d'une cadence : {next_step(source)}.",
        "perime": f"Périmé depuis le {perime_le} : {next_step(source)}.",
    }
    return dg.AssetCheckResult(
        check_name=FRAICHEUR,
        asset_key=source_key(source),
        passed=not etat.retard,
        severity=dg.AssetCheckSeverity.WARN,
        description=lenteurs.get(etat.retard, ""),
        metadata={"périme le": perime_le or "aucun fichier"},
    )


def expires_on(etat: Etat) -> str | None:
    """Return the day after which nothing read of a source describes the present."""
    return max((lu.perime_le for lu in etat.fichiers if lu.perime_le), default=None)


def tell_freshness(instance: dg.DagsterInstance, entrepot: Entrepot) -> list[str]:
    """Write in the history the answers that are no longer the last ones there, outside of any run; name the sources."""
    juges = {
        source.nom: freshness(source, etat)
        for source in sources().values()
        if source.cadence and (etat := state_of(entrepot, source)) is not None
    }
    cles = {nom: dg.AssetCheckKey(source_key(sources()[nom]), FRAICHEUR) for nom in juges}
    dernieres = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(cles.values()))
    dites = {nom: _said(dernieres.get(cle)) for nom, cle in cles.items()}
    changees = [nom for nom, juge in juges.items() if dites[nom] != (juge.passed, juge.description)]
    for nom in changees:
        juge = juges[nom]
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=cles[nom].asset_key,
                check_name=FRAICHEUR,
                passed=juge.passed,
                severity=juge.severity,
                description=juge.description,
                metadata=juge.metadata,
            )
        )
    return changees


def _said(fiche: AssetCheckExecutionRecord | None) -> tuple[bool, str | None] | None:
    """Return the answer of an execution, None when it has none: never run, or killed."""
    evaluation = fiche.evaluation if fiche is not None else None
    return None if evaluation is None else (evaluation.passed, evaluation.description)
