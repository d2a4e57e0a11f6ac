"""The four files of Sirene: stocks of establishments and of legal units, periods and successions of establishments.

Belongs here: writing them, in Parquet or in zipped CSV, in batches so that millions of rows take no more memory than
thousands. Does not: the mix (``profiles``), chance (``sirene_draws``, ``sirene_periods``), what the columns say
(``sirene_columns``), their order (``sirene_layout``).
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from observatoire.demonstration.geography import Geography
from observatoire.demonstration.profiles import LOCAL, NATIONAL, Mix
from observatoire.demonstration.sirene_columns import (
    NOMENCLATURES,
    Columns,
    establishment_columns,
    history_columns,
    succession_columns,
    unit_columns,
)
from observatoire.demonstration.sirene_draws import Establishments, Units, draw_establishments, draw_units
from observatoire.demonstration.sirene_layout import LATEST, schemas
from observatoire.demonstration.sirene_periods import draw_links, draw_periods
from observatoire.demonstration.writing import Origin, replacing, write_zip

HISTORY = ("sirene_historique", "sirene_successions")
"""Sources of what happened to establishments, which triple the volume."""

Schemas = Mapping[str, tuple[str, pa.Schema]]


def write(
    dossier: Path,
    geography: Geography,
    *,
    rows: int,
    seed: int,
    file_format: str = "parquet",
    departements: tuple[str, ...] | None = ("63",),
    history: bool = True,
    vintage: str = LATEST,
    nomenclature: str = "NAFRev2",
) -> list[Path]:
    """Write the files of `rows` establishments and return their paths, stocks first.

    The rows depend only on their number, on the seed and on the départements.
    """
    if file_format not in ("parquet", "csv"):
        raise ValueError(f"format inconnu : {file_format!r} ; choisir parquet ou csv")
    if nomenclature not in NOMENCLATURES:
        raise ValueError(f"nomenclature inconnue : {nomenclature!r} ; choisir {' ou '.join(NOMENCLATURES)}")
    layouts = {source: layout for source, layout in schemas(vintage).items() if history or source not in HISTORY}
    batches = _batches(geography.sirene_communes(departements), mix_of(departements), rows, seed, nomenclature, history)
    suffix = "parquet" if file_format == "parquet" else "zip"
    targets = {source: dossier / source / f"{name}.{suffix}" for source, (name, _) in layouts.items()}
    with ExitStack() as stack:
        ready = {
            source: stack.enter_context(replacing(path, _origin(path.stem, departements)))
            for source, path in targets.items()
        }
        if file_format == "parquet":
            _write_parquet(ready, layouts, batches)
        else:
            workspace = Path(stack.enter_context(TemporaryDirectory(dir=dossier, prefix=".demonstration-")))
            tables = {source: workspace / f"{source}.parquet" for source in layouts}
            _write_parquet(tables, layouts, batches)
            for source, (name, _) in layouts.items():
                _write_csv_zip(tables[source], ready[source], f"{name}.csv")
    return list(targets.values())


def mix_of(departements: tuple[str, ...] | None) -> Mix:
    """Return the proportions a stock is drawn in: those of the real one for France, denser ones for a département."""
    return NATIONAL if departements is None else LOCAL


def _origin(jeu: str, departements: tuple[str, ...] | None) -> Origin:
    return Origin(
        jeu=jeu,
        millesime="2026-11",
        couverture={"niveau": "france", "codes": ["FR"]}
        if departements is None
        else {"niveau": "departement", "codes": list(departements)},
        note="Unités et établissements inventés, répartis selon la population des communes ; SIREN de 290000000 à "
        "299999999 (au-delà d'un million d'unités, à partir de 300000000). Aucune personne, aucune structure réelle.",
    )


def _write_parquet(paths: Mapping[str, Path], layouts: Schemas, batches: Iterator[Mapping[str, Columns]]) -> None:
    with ExitStack() as stack:
        writers = {
            source: stack.enter_context(pq.ParquetWriter(path, layouts[source][1], compression="zstd"))
            for source, path in paths.items()
        }
        for batch in batches:
            for source, columns in batch.items():
                writers[source].write_table(_lay_out(layouts[source][1], columns))


def _write_csv_zip(table: Path, archive: Path, member: str) -> None:
    """Zip the CSV twin of a Parquet file: same rows, codes as five digits, times as Insee writes them."""
    text = table.with_suffix(".csv")
    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(table))
        if "nicSiegeUniteLegale" in rows.columns:
            rows = rows.project("* REPLACE (lpad(nicSiegeUniteLegale::VARCHAR, 5, '0') AS nicSiegeUniteLegale)")
        rows.write_csv(str(text), header=True, sep=",", timestamp_format="%Y-%m-%dT%H:%M:%S")
    write_zip(archive, {member: text})
    text.unlink()


def _batches(
    communes: pd.DataFrame, mix: Mix, rows: int, seed: int, nomenclature: str, history: bool
) -> Iterator[dict[str, Columns]]:
    """Draw and lay out batch after batch; a unit, its establishments and their past are in the same one."""
    for first_unit, units, drawn, rng in draw_batches(communes, mix, rows, seed):
        periods = draw_periods(drawn, rng)
        files = {
            "sirene_etablissements": establishment_columns(units, drawn, periods, communes, nomenclature, rng),
            "sirene_unites_legales": unit_columns(units, drawn, first_unit, nomenclature, rng),
        }
        if history:
            files["sirene_historique"] = history_columns(units, drawn, periods, nomenclature)
            files["sirene_successions"] = succession_columns(drawn, draw_links(drawn), rng)
        yield files


def draw_batches(
    communes: pd.DataFrame, mix: Mix, rows: int, seed: int
) -> Iterator[tuple[int, Units, Establishments, np.random.Generator]]:
    """Draw units and establishments batch after batch, each with the rank of its first unit and its source of chance.

    The same rows for whoever asks: what other producers say of these establishments starts from here.
    """
    batch, first_unit = 250_000, 0
    for number, start in enumerate(range(0, rows, batch)):
        rng = np.random.default_rng([seed, number])
        units = draw_units(first_unit, min(batch, rows - start), seed, mix, rng)
        yield first_unit, units, draw_establishments(units, communes, mix, rng), rng
        first_unit += len(units.siren)


def _lay_out(schema: pa.Schema, columns: Columns) -> pa.Table:
    """Put columns in the official order; those not given are null."""
    empty = pa.nulls(len(next(iter(columns.values()))))
    return pa.table([columns.get(field.name, empty).cast(field.type) for field in schema], schema=schema)
