"""The cube of all measures, the local estimates, and the indicators read from both."""

from collections.abc import Iterator

import dagster as dg

from observatoire.confidentiality.suppressions import SUPPRESSIONS, compute_suppressions
from observatoire.derived import compute_table
from observatoire.estimation.computation import ECRITES, compute_estimations
from observatoire.estimation.tables import LUES_RETROTESTS
from observatoire.graph import links as graph_links
from observatoire.graph import structure as graph
from observatoire.indicators.catalog import indicateurs, mesures
from observatoire.indicators.cube import compute_cube
from observatoire.indicators.values import CATALOGUE, VALEURS, VALEURS_LISENT, compute_indicators
from observatoire.reconciliation import document_arithmetic, verdicts
from observatoire.reconciliation import jobs_bridge as bridge
from observatoire.reconciliation.document_arithmetic import ARITHMETIQUE
from observatoire.reconciliation.estimate_scores import NOTES
from observatoire.reconciliation.verdicts import VERDICTS
from pipelines.assets import PROPRIETAIRES, asset_key_of, column_schema
from pipelines.defs.resources import EntrepotVerrouille
from pipelines.failing import obstacles_told


@dg.asset(
    key=["indicateurs", "cube"],
    deps=[["mesures", nom] for nom in mesures()],
    group_name="indicateurs",
    kinds={"duckdb", "parquet"},
    owners=PROPRIETAIRES,
    description="Chaque mesure, à chaque niveau de territoire, par ventilation.",
)
def cube(verrouille: EntrepotVerrouille) -> dg.MaterializeResult[None]:
    """Compute the cube."""
    with obstacles_told():
        return dg.MaterializeResult(metadata={"dagster/row_count": compute_cube(verrouille.entrepot)})


@dg.asset(
    key=["indicateurs", "suppressions"],
    deps=[["indicateurs", "cube"], ["referentiels", "appartenances"]],
    group_name="indicateurs",
    kinds={"python", "parquet"},
    owners=PROPRIETAIRES,
    description=f"{SUPPRESSIONS.description} Règles, suppression secondaire, puis un attaquant qui les éprouve.",
    metadata={"dagster/column_schema": column_schema(SUPPRESSIONS)},
)
def suppressions(verrouille: EntrepotVerrouille) -> dg.MaterializeResult[None]:
    """Choose what is suppressed of the protected measures; a cell that nothing protects stops the run."""
    with obstacles_told():
        bilan = compute_suppressions(verrouille.entrepot)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": bilan.cellules,
            "par une règle": bilan.primaires,
            "pour en protéger une autre": bilan.secondaires,
            "tableaux que τ-Argus n'a pas traités": bilan.echecs_tau,
            "règle des 80 % non vérifiée": ", ".join(bilan.sans_regle_80) or "aucune",
        }
    )


@dg.multi_asset(
    name="estimations",
    specs=[
        dg.AssetSpec(
            key=list(nom),
            deps=[asset_key_of(lue) for lue in LUES_RETROTESTS],
            group_name="indicateurs",
            description=table.description,
            kinds={"python", "parquet"},
            owners=PROPRIETAIRES,
            metadata={"dagster/column_schema": column_schema(table)},
        )
        for nom, table in ECRITES.items()
    ],
)
def estimations(verrouille: EntrepotVerrouille) -> Iterator[dg.MaterializeResult[None]]:
    """Estimate local jobs, and judge the method where its truth is published."""
    with obstacles_told():
        comptes = compute_estimations(verrouille.entrepot)
    for nom, lignes in comptes.items():
        yield dg.MaterializeResult(asset_key=nom.split("."), metadata={"dagster/row_count": lignes})


@dg.multi_asset(
    name="indicateurs",
    specs=[
        dg.AssetSpec(
            key=["indicateurs", nom],
            deps=[asset_key_of(table) for table in VALEURS_LISENT],
            group_name="indicateurs",
            description=table.description,
            kinds={"duckdb", "parquet"},
            owners=PROPRIETAIRES,
            metadata={"dagster/column_schema": column_schema(table)},
        )
        for nom, table in (("valeurs", VALEURS), ("catalogue", CATALOGUE))
    ],
)
def valeurs(verrouille: EntrepotVerrouille) -> Iterator[dg.MaterializeResult[None]]:
    """Compute every indicator and its catalogue."""
    with obstacles_told():
        comptes = compute_indicators(verrouille.entrepot)
    detail = "\n".join(f"- {indicateurs()[nom].titre} : {nombre}" for nom, nombre in comptes.items())
    yield dg.MaterializeResult(
        asset_key=["indicateurs", "valeurs"],
        metadata={"dagster/row_count": sum(comptes.values()), "valeurs par indicateur": dg.MetadataValue.md(detail)},
    )
    yield dg.MaterializeResult(asset_key=["indicateurs", "catalogue"], metadata={"dagster/row_count": len(comptes)})


@dg.multi_asset(
    name="confrontations",
    specs=[
        dg.AssetSpec(
            key=["indicateurs", nom],
            deps=[asset_key_of(lue) for lue in lues],
            group_name="indicateurs",
            description=table.description,
            kinds={"python", "parquet"},
            owners=PROPRIETAIRES,
            metadata={"dagster/column_schema": column_schema(table)},
        )
        for nom, table, lues in (
            ("verdicts", VERDICTS, verdicts.LIT),
            ("arithmetique_declarations", ARITHMETIQUE, document_arithmetic.LIT),
            ("pont_emploi", bridge.PONT, bridge.LIT),
            (NOTES.nom, NOTES.table, NOTES.lit),
        )
    ],
)
def confront(verrouille: EntrepotVerrouille) -> Iterator[dg.MaterializeResult[None]]:
    """Set what documents declare against what is computed and against itself, and counts against each other."""
    entrepot = verrouille.entrepot
    with obstacles_told():
        tous = {
            "verdicts": verdicts.compute_verdicts(entrepot),
            "arithmetique_declarations": document_arithmetic.compute_arithmetic(entrepot),
            "pont_emploi": {"écarts": bridge.compute_bridge(entrepot)},
            NOTES.nom: {"estimations notées": compute_table(entrepot, NOTES)},
        }
    for nom, comptes in tous.items():
        yield dg.MaterializeResult(
            asset_key=["indicateurs", nom], metadata={"dagster/row_count": sum(comptes.values()), **comptes}
        )


@dg.multi_asset(
    name="graphe",
    specs=[
        dg.AssetSpec(
            key=["indicateurs", nom],
            deps=[asset_key_of(lue) for lue in graph_links.LIT],
            group_name="indicateurs",
            description=table.description,
            kinds={"python", "parquet"},
            owners=PROPRIETAIRES,
            metadata={"dagster/column_schema": column_schema(table)},
        )
        for nom, table in graph.TABLES.items()
    ],
)
def compute_graph(verrouille: EntrepotVerrouille) -> Iterator[dg.MaterializeResult[None]]:
    """Join the organisations by what documents say of them, and measure what holds them together."""
    with obstacles_told():
        comptes = graph.compute_graph(verrouille.entrepot)
    for nom, lignes in comptes.items():
        yield dg.MaterializeResult(asset_key=["indicateurs", nom], metadata={"dagster/row_count": lignes})
