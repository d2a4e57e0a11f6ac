"""Measures: the contributions of every SQL file of `observatoire/measures`."""

from collections.abc import Iterator

import dagster as dg

from observatoire.indicators.catalog import mesures
from observatoire.indicators.cube import compute_measure
from pipelines.assets import PROPRIETAIRES, asset_key_of
from pipelines.defs.resources import EntrepotVerrouille
from pipelines.failing import obstacles_told


@dg.multi_asset(
    name="mesures",
    specs=[
        dg.AssetSpec(
            key=["mesures", mesure.nom],
            deps=sorted({*map(asset_key_of, mesure.lit), asset_key_of("referentiels.territoires")}),
            group_name="mesures",
            description=mesure.description,
            kinds={"sql", "parquet"},
            owners=PROPRIETAIRES,
            metadata={"requête": dg.MetadataValue.md(f"```sql\n{mesure.requete}\n```")},
        )
        for mesure in mesures().values()
    ],
    can_subset=True,
)
def compute_measures(
    context: dg.AssetExecutionContext, verrouille: EntrepotVerrouille
) -> Iterator[dg.MaterializeResult[None]]:
    """Compute the contributions of the selected measures; one that is badly written stops the run, in French."""
    for mesure in mesures().values():
        if dg.AssetKey(["mesures", mesure.nom]) in context.selected_asset_keys:
            with obstacles_told():
                lignes = compute_measure(verrouille.entrepot, mesure)
            yield dg.MaterializeResult(asset_key=["mesures", mesure.nom], metadata={"dagster/row_count": lignes})
