"""How assets are described in the interface: keys, columns, groups. What computes them belongs to `defs/`."""

from typing import Any

import dagster as dg

from observatoire.schemas import PROVENANCE, Table
from observatoire.sources import Source
from observatoire.sources.states import schema_of

PROPRIETAIRES = ["team:observatoire"]


def asset_key_of(table: str) -> dg.AssetKey:
    """Return the asset key of a `schema.table`."""
    return dg.AssetKey(table.split("."))


def source_key(source: Source) -> dg.AssetKey:
    """Return the asset key of a source's table."""
    return dg.AssetKey([schema_of(source), source.nom])


def raw_key(source: Source) -> dg.AssetKey:
    """Return the asset key of the files of a source."""
    return dg.AssetKey(["raw", source.nom])


def received_files(source: Source, **autres: Any) -> dg.AssetSpec:
    """Describe the files of a source, as received."""
    return dg.AssetSpec(
        key=raw_key(source),
        group_name="fichiers_recus",
        description=f"Fichiers de raw/{source.nom}/ : {source.titre}. {source.aide}".strip(),
        kinds={"file"},
        owners=PROPRIETAIRES,
        **autres,
    )


def column_schema(table: Table, provenance: bool = False) -> dg.TableSchema:
    """Describe the columns of a table."""
    toutes = (*table.colonnes, *PROVENANCE) if provenance else table.colonnes
    return dg.TableSchema(
        columns=[dg.TableColumn(name=c.nom, type=str(c.type), description=c.description) for c in toutes]
    )


def source_asset(source: Source, amont: list[dg.AssetKey]) -> dg.AssetSpec:
    """Describe the table of a source; whether it is fresh is said by its check."""
    return dg.AssetSpec(
        key=source_key(source),
        deps=amont,
        group_name=source.famille,
        description=f"**{source.titre}.** {source.description}",
        kinds={"pandera", "parquet"},
        owners=PROPRIETAIRES,
        metadata={
            "dagster/column_schema": column_schema(source.table, provenance=True),
            "producteur": source.producteur,
            "licence": source.licence,
            "cadence": source.cadence or "sans échéance",
            "dépôt": f"raw/{source.nom}/",
            "adresse": source.url or "aucune",
        },
    )
