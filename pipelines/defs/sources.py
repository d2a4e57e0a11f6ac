"""From raw files to the socle: demonstration files where there is nothing else, sources, computed tables."""

from collections.abc import Iterator

import dagster as dg

from observatoire.chain.step import LIGNES
from observatoire.chain.steps import steps
from observatoire.demonstration import generate
from observatoire.derived import TableIncoherente
from observatoire.loading.demonstrations import DOSSIER, demonstration_due, note_demonstration
from observatoire.loading.files import dropped_files
from observatoire.loading.ingestion import load_source
from observatoire.receiving.downloads import downloadable
from observatoire.settings import REFERENCES
from observatoire.socle.band_archive import archive_bands
from observatoire.sources import sources
from pipelines.assets import (
    PROPRIETAIRES,
    asset_key_of,
    raw_key,
    received_files,
    source_asset,
    source_key,
)
from pipelines.defs.resources import EntrepotVerrouille
from pipelines.desk import source_result
from pipelines.failing import obstacles_told
from pipelines.steps import table_asset, table_metadata

JEUX = sorted({source.demonstration for source in sources().values() if source.demonstration})
TABLES = [etape for etape in steps() if etape.ensemble == "tables"]


def _demonstration_key(jeu: str) -> dg.AssetKey:
    return dg.AssetKey(["demonstration", jeu])


FICHIERS_DEPOSES = [received_files(source) for nom, source in sources().items() if nom not in downloadable()]


@dg.multi_asset(
    name="demonstration",
    specs=[
        dg.AssetSpec(
            key=_demonstration_key(jeu),
            group_name="demonstration",
            description=f"Fichiers de démonstration « {jeu} », générés tant qu'aucun fichier réel n'est déposé.",
            kinds={"python"},
            owners=PROPRIETAIRES,
        )
        for jeu in JEUX
    ],
    can_subset=True,
)
def demonstration(
    context: dg.AssetExecutionContext, verrouille: EntrepotVerrouille
) -> Iterator[dg.MaterializeResult[None]]:
    """Generate the demonstration files that are needed and are not there as they would be made, only them."""
    entrepot = verrouille.entrepot
    for jeu in JEUX:
        if _demonstration_key(jeu) not in context.selected_asset_keys:
            continue
        with obstacles_told():
            attendue = demonstration_due(entrepot, jeu)
            ecrits = generate(jeu, entrepot.racine / DOSSIER, REFERENCES) if attendue else []
            if attendue:
                note_demonstration(entrepot, jeu, ecrits)
        yield dg.MaterializeResult(
            asset_key=_demonstration_key(jeu),
            metadata={"générée": attendue, "fichiers": ", ".join(chemin.name for chemin in ecrits) or "aucun"},
        )


@dg.multi_asset(
    name="sources",
    specs=[
        source_asset(
            source,
            [raw_key(source)] + ([_demonstration_key(source.demonstration)] if source.demonstration else []),
        )
        for source in sources().values()
    ],
    check_specs=[
        dg.AssetCheckSpec(
            "pandera", asset=source_key(source), description="Structure, règles, plafond de rejets, plancher."
        )
        for source in sources().values()
    ]
    + [
        dg.AssetCheckSpec("fraicheur", asset=source_key(source), description="Un fichier de moins d'une cadence.")
        for source in sources().values()
        if source.cadence
    ],
    can_subset=True,
)
def load_sources(
    context: dg.AssetExecutionContext, verrouille: EntrepotVerrouille
) -> Iterator[dg.MaterializeResult[None]]:
    """Load each source; one that fails keeps its last good table and does not stop the others, unless indispensable."""
    choisies = [source for source in sources().values() if source_key(source) in context.selected_asset_keys]
    settings = verrouille.entrepot.settings
    # a demonstration goes once a real file of its set is read: those that have files come first
    with obstacles_told():
        ordre = sorted(choisies, key=lambda s: (not s.indispensable, not dropped_files(settings, s.nom)))
    for source in ordre:
        context.log.info("Lecture de %s", source.nom)
        with obstacles_told():
            etat = load_source(verrouille.entrepot, source)
            resultat = source_result(verrouille.entrepot, source, etat)
        yield resultat
        if etat.etat == "en_echec":
            context.log.error("%s", etat.motif)
            if source.indispensable:
                raise dg.Failure(
                    description=f"Source indispensable en échec, rien n'est publié. {etat.motif}",
                    metadata={"source": source.nom},
                    allow_retries=False,
                )


@dg.multi_asset(
    name="tables",
    specs=[table_asset(etape) for etape in TABLES],
    check_specs=[
        dg.AssetCheckSpec(
            "pandera", asset=asset_key_of(nom), description="Schéma et clé de la table calculée."
        )
        for etape in TABLES
        for nom in etape.tables
    ],
    can_subset=True,
)
def compute_tables(
    context: dg.AssetExecutionContext, verrouille: EntrepotVerrouille
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Compute territories, establishments and their place in the ESS."""
    for etape in TABLES:
        (nom,) = etape.tables
        cle = asset_key_of(nom)
        if cle not in context.selected_asset_keys:
            continue
        with obstacles_told():
            try:
                dit = etape.calcule(verrouille.entrepot)[nom]
            except TableIncoherente as erreur:
                yield dg.AssetCheckResult(check_name="pandera", asset_key=cle, passed=False, description=str(erreur))
                raise
        yield dg.MaterializeResult(
            asset_key=cle,
            metadata=table_metadata(dit),
            check_results=[
                dg.AssetCheckResult(check_name="pandera", asset_key=cle, passed=True, metadata={"lignes": dit[LIGNES]})
            ],
        )


@dg.asset(
    key=["archives", "tranches_effectifs"],
    deps=[["socle", "etablissements"]],
    group_name="etablissements",
    kinds={"duckdb", "parquet"},
    owners=PROPRIETAIRES,
    description="Tranches d'effectifs de chaque mois de Sirene : aucun fichier ouvert n'en garde l'historique.",
)
def bands(verrouille: EntrepotVerrouille) -> dg.MaterializeResult[None]:
    """Archive the bands of the stock in place."""
    with obstacles_told():
        chemin = archive_bands(verrouille.entrepot)
    return dg.MaterializeResult(metadata={"archive": chemin.name if chemin else "aucune (démonstration, ou sans date)"})
