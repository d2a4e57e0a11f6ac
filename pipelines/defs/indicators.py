"""Measures, the cube, the local estimates, the indicators read from them, and what is set against these."""

import dagster as dg

from observatoire.chain.step import Etape
from observatoire.chain.steps import steps
from pipelines.steps import step_assets

# those whose assets also show checks; any other step, a new one too, is an asset here
AILLEURS = ("sources", "tables", "rapprochements_noms")


@dg.definitions
def indicators() -> dg.Definitions:
    """Make assets of the steps, those of one ensemble at once."""
    ensembles: dict[str, list[Etape]] = {}
    for etape in steps():
        if etape.ensemble not in AILLEURS:
            ensembles.setdefault(etape.ensemble, []).append(etape)
    return dg.Definitions(assets=[step_assets(nom, etapes) for nom, etapes in ensembles.items()])
