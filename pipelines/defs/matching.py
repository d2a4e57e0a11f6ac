"""Names as written, matched to identifiers: both tables, and the check that is red when decisions are in conflict."""

from collections.abc import Iterator

import dagster as dg

from observatoire.chain.steps import step_of
from observatoire.matching.computation import FILE
from pipelines.assets import asset_key_of
from pipelines.defs.resources import EntrepotVerrouille
from pipelines.failing import obstacles_told
from pipelines.steps import step_specs, table_metadata

ETAPE = step_of("socle.rapprochements_noms")
NOMS = dg.AssetKey(["socle", "rapprochements_noms"])


@dg.multi_asset(
    name="rapprochements_noms",
    specs=step_specs([ETAPE]),
    check_specs=[
        dg.AssetCheckSpec(
            "decisions", asset=NOMS, description="Aucune décision que les sources contredisent depuis."
        )
    ],
)
def match_names(verrouille: EntrepotVerrouille) -> Iterator[dg.MaterializeResult[None]]:
    """Match the names; what is counted here says no name."""
    with obstacles_told():
        bilan = ETAPE.calcule(verrouille.entrepot)
    secret, public = bilan
    comptes = dict(bilan[secret])
    conflits = int(comptes.pop("conflits"))
    file = f"warehouse/{'/'.join(FILE)}"
    yield dg.MaterializeResult(
        asset_key=NOMS,
        metadata={**table_metadata(comptes), "à revoir dans": file},
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
    yield dg.MaterializeResult(asset_key=asset_key_of(public), metadata=table_metadata(bilan[public]))
