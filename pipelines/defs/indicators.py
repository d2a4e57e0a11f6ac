"""The cube of all measures, and the indicators read from it."""

from collections.abc import Iterator

import dagster as dg

from observatoire.catalog import indicateurs, mesures
from observatoire.confidentiality.suppressions import SUPPRESSIONS, SecretNonGaranti, compute_suppressions
from observatoire.cube import compute_cube
from observatoire.indicators import CATALOGUE, VALEURS, VALEURS_LISENT, compute_indicators
from pipelines.assets import PROPRIETAIRES, asset_key_of, column_schema
from pipelines.defs.resources import EntrepotVerrouille


@dg.asset(
    key=["indicateurs", "cube"],
    deps=[["mesures", nom] for nom in mesures()],
    group_name="indicateurs",
    kinds={"duckdb", "parquet"},
    owners=PROPRIETAIRES,
    description="Chaque mesure, à chaque niveau de territoire, par ventilation.",
)
def cube(verrouille: EntrepotVerrouille) -> dg.MaterializeResult:
    """Compute the cube."""
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
def suppressions(verrouille: EntrepotVerrouille) -> dg.MaterializeResult:
    """Choose what is suppressed of the protected measures; a cell that nothing protects stops the run."""
    try:
        bilan = compute_suppressions(verrouille.entrepot)
    except SecretNonGaranti as erreur:
        raise dg.Failure(description=str(erreur), allow_retries=False) from None
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
def valeurs(verrouille: EntrepotVerrouille) -> Iterator[dg.MaterializeResult]:
    """Compute every indicator and its catalogue."""
    comptes = compute_indicators(verrouille.entrepot)
    detail = "\n".join(f"- {indicateurs()[nom].titre} : {nombre}" for nom, nombre in comptes.items())
    yield dg.MaterializeResult(
        asset_key=["indicateurs", "valeurs"],
        metadata={"dagster/row_count": sum(comptes.values()), "valeurs par indicateur": dg.MetadataValue.md(detail)},
    )
    yield dg.MaterializeResult(asset_key=["indicateurs", "catalogue"], metadata={"dagster/row_count": len(comptes)})
