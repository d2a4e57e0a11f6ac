"""Names as written, matched to identifiers: both tables, and the check that is red when decisions are in conflict."""

from collections.abc import Iterator

import dagster as dg

from observatoire.matching.computation import FILE, compute_matches
from observatoire.matching.tables import LIT, NOMS_RAPPROCHES, QUALITE_NOMS
from pipelines.assets import PROPRIETAIRES, asset_key_of, column_schema
from pipelines.defs.resources import EntrepotVerrouille
from pipelines.failing import obstacles_told

NOMS = dg.AssetKey(["socle", "rapprochements_noms"])


@dg.multi_asset(
    name="rapprochements_noms",
    specs=[
        dg.AssetSpec(
            key=[schema, "rapprochements_noms"],
            deps=[asset_key_of(table) for table in LIT],
            group_name="adhesions",
            description=table.description,
            kinds={"python", "parquet"},
            owners=PROPRIETAIRES,
            metadata={"dagster/column_schema": column_schema(table)},
        )
        for schema, table in (("socle", NOMS_RAPPROCHES), ("qualite", QUALITE_NOMS))
    ],
    check_specs=[
        dg.AssetCheckSpec(
            "decisions", asset=NOMS, description="Aucune décision que les sources contredisent depuis."
        )
    ],
)
def match_names(verrouille: EntrepotVerrouille) -> Iterator[dg.MaterializeResult[None]]:
    """Match the names; what is counted here says no name."""
    with obstacles_told():
        comptes = compute_matches(verrouille.entrepot)
    conflits = comptes.pop("conflits")
    file = f"warehouse/{'/'.join(FILE)}"
    yield dg.MaterializeResult(
        asset_key=NOMS,
        metadata={"dagster/row_count": sum(comptes.values()), **comptes, "à revoir dans": file},
        check_results=[
            dg.AssetCheckResult(
                check_name="decisions",
                asset_key=NOMS,
                passed=conflits == 0,
                severity=dg.AssetCheckSeverity.ERROR,
                description=f"{conflits} décision(s) en conflit avec une source : décider à nouveau, d'après {file}."
                if conflits
                else "Aucune décision en conflit.",
                metadata={"conflits": conflits},
            )
        ],
    )
    yield dg.MaterializeResult(asset_key=["qualite", "rapprochements_noms"])
