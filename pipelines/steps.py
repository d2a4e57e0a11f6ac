"""Steps of the chain as assets of the interface: what they write, read and say, all from their registry."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg

from observatoire.chain.step import LIGNES, Etape
from observatoire.socle.computed_tables import sources_of
from pipelines.assets import PROPRIETAIRES, asset_key_of, column_schema
from pipelines.defs.resources import EntrepotVerrouille
from pipelines.failing import obstacles_told


def step_specs(etapes: Iterable[Etape]) -> list[dg.AssetSpec]:
    """Describe the tables of steps."""
    return [
        dg.AssetSpec(
            key=asset_key_of(nom),
            deps=[asset_key_of(lue) for lue in etape.lit],
            group_name=etape.famille,
            description=table.description,
            kinds=set(etape.moteurs),
            owners=PROPRIETAIRES,
            metadata=_shown(table_dite=etape.dit, colonnes=column_schema(table) if table.colonnes else None),
        )
        for etape in etapes
        for nom, table in etape.tables.items()
    ]


def _shown(table_dite: Mapping[str, str], colonnes: dg.TableSchema | None) -> dict[str, Any]:
    """Return what is shown of a table before it is computed."""
    dit: dict[str, Any] = {nom: dg.MetadataValue.md(valeur) for nom, valeur in table_dite.items()}
    return dit if colonnes is None else {**dit, "dagster/column_schema": colonnes}


def table_metadata(dit: Mapping[str, int | str]) -> dict[str, Any]:
    """Return what is shown of a table once computed."""
    return {
        "dagster/row_count" if clef == LIGNES else clef: (
            dg.MetadataValue.md(valeur) if isinstance(valeur, str) and "\n" in valeur else valeur
        )
        for clef, valeur in dit.items()
    }


def table_asset(etape: Etape) -> dg.AssetSpec:
    """Describe the only table of a step, with the sources behind it."""
    (spec,) = step_specs([etape])
    (nom,) = etape.tables
    return spec.merge_attributes(metadata={"sources": " ; ".join(source.titre for source in sources_of(nom))})


def step_assets(ensemble: str, etapes: list[Etape]) -> dg.AssetsDefinition:
    """Make assets of steps that are computed together; what they refuse stops the run, in French.

    A run may compute some steps of an ensemble only; of the tables of one step, all or nothing.
    """
    specs = step_specs(etapes)

    @dg.multi_asset(
        name=ensemble if len(specs) > 1 else "__".join(specs[0].key.path),
        specs=specs,
        can_subset=len(etapes) > 1 and all(len(etape.tables) == 1 for etape in etapes),
    )
    def compute(
        context: dg.AssetExecutionContext, verrouille: EntrepotVerrouille
    ) -> Iterator[dg.MaterializeResult[None]]:
        for etape in etapes:
            if not {asset_key_of(nom) for nom in etape.tables} & context.selected_asset_keys:
                continue
            with obstacles_told():
                bilan = etape.calcule(verrouille.entrepot)
            for nom, dit in bilan.items():
                yield dg.MaterializeResult(asset_key=asset_key_of(nom), metadata=table_metadata(dit))

    return compute
