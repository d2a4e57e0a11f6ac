"""Downloads: the files of `raw/` that a producer serves at a stable address. Reading them is left to `sources`."""

from collections.abc import Iterator

import dagster as dg

from observatoire.receiving.download import download
from observatoire.receiving.downloads import Telechargement, downloadable
from observatoire.receiving.transfer import Reseau
from observatoire.sources import Source
from pipelines.assets import raw_key, received_files
from pipelines.defs.resources import EntrepotVerrouille
from pipelines.progress import Progression


@dg.multi_asset(
    name="telechargement",
    specs=[
        received_files(
            source, skippable=True, metadata={"adresse": source.url, "cadence": source.cadence or "sans échéance"}
        )
        for source in downloadable().values()
    ],
    check_specs=[
        dg.AssetCheckSpec(
            "telechargement",
            asset=raw_key(source),
            description="Le dernier téléchargement a abouti, ou rien n'a changé.",
        )
        for source in downloadable().values()
    ],
    can_subset=True,
)
def download_sources(
    context: dg.AssetExecutionContext, verrouille: EntrepotVerrouille
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Download the selected sources; one that fails keeps its last good file and lets the others go on.

    Without a network, two servers are tried, not all of them.
    """
    echecs, reseau = [], Reseau()
    choisies = [source for source in downloadable().values() if raw_key(source) in context.selected_asset_keys]
    for rang, source in enumerate(choisies):
        if reseau.absent:
            restent = ", ".join(restante.nom for restante in choisies[rang:])
            echecs.append(
                f"Pas de réseau : {' et '.join(sorted(reseau.injoignables))} sont injoignables. Vérifier la connexion "
                f"(et le proxy, s'il en faut un), puis relancer telecharger. Pas essayées : {restent}."
            )
            break
        context.log.info("Téléchargement de %s", source.nom)
        with Progression(context.log, source.nom) as suivi:
            resultat = download(verrouille.entrepot, source, suivi.advance, suivi.warn, reseau=reseau)
        if resultat.etat == "en_echec":
            context.log.error("%s", resultat.motif)
            echecs.append(resultat.motif)
            yield _check(source, resultat)
        else:
            context.log.info("%s : %s, %s", source.nom, resultat.etat, resultat.motif)
            yield _materialization(source, resultat)
    if echecs:
        raise dg.Failure(description="\n".join(echecs), allow_retries=False)


def _check(source: Source, resultat: Telechargement) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="telechargement",
        asset_key=raw_key(source),
        passed=resultat.etat != "en_echec",
        severity=dg.AssetCheckSeverity.ERROR,
        description=resultat.motif,
        metadata={"état": resultat.etat, "vérifié le": resultat.verifie_le, "fichier": resultat.fichier or "aucun"},
    )


def _materialization(source: Source, resultat: Telechargement) -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(
        asset_key=raw_key(source),
        metadata={
            "état": resultat.etat,
            "fichier": resultat.fichier or "aucun",
            "octets": resultat.octets,
            "dernière modification": resultat.derniere_modification or "non dite",
        },
        check_results=[_check(source, resultat)],
        # a file put there by hand has no hash here: its reading will say it
        data_version=dg.DataVersion(resultat.sha256) if resultat.sha256 else None,
    )
