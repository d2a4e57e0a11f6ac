"""What the other contenders are given: the files, the columns wanted, the small reference tables; for the floor, its SQL.

The reference tables are those the job has made: the others need not compute them, which is in their favour. The SQL of
the tables, of the measures, of the cube and of the values is the product's own, taken from it as it runs: the floor
writes the same tables, whatever they become. Reading the stocks is written here as one would by hand: no hash, no count
of what is left out, no rule.
"""

import json
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from observatoire.confidentiality.suppressed import SUPPRESSIONS
from observatoire.indicators import cube, values
from observatoire.indicators.catalog import indicateurs, is_estimated, measures_of, mesures, sources_of_measure
from observatoire.loading.files import files_of
from observatoire.publication.public_tables import public_tables
from observatoire.schemas import BOOLEEN, DATE, TEXTE, Colonne
from observatoire.settings import Settings
from observatoire.socle.computed_tables import derivees, sources_of
from observatoire.sources import Source, sources
from observatoire.sources.states import schema_of
from observatoire.warehouse import Entrepot, sql_literal

Step = dict[str, Any]


class Recorder:
    """A connection that notes what it is asked, and does it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, steps: list[Step], part: str) -> None:
        self._connection = connection
        self._steps = steps
        self._part = part

    def execute(self, sql: str, parameters: Any = None) -> duckdb.DuckDBPyConnection:
        self._steps.append({"part": self._part, "sql": sql, "parameters": parameters})
        return self._connection.execute(sql, parameters)


class RecordedWarehouse(Entrepot):
    """The warehouse the job left, of which nothing is written: what would be is noted for the floor to write."""

    def __init__(self, settings: Settings, output: Path) -> None:
        super().__init__(settings)
        self.output = output
        self.steps: list[Step] = []
        self.part = ""

    @contextmanager
    def connect(self, tables: Iterable[str] | None = None) -> Iterator[Any]:
        with super().connect(tables) as connection:
            yield Recorder(connection, self.steps, self.part)

    def write_query(self, connexion: Any, requete: str, schema: str, table: str, *_: Any, **__: Any) -> int:
        self.steps += write_table(self.part, "", requete, schema, table, self.output)
        return 0


def write_table(part: str, element: str, query: str, schema: str, table: str, output: Path) -> list[Step]:
    """Write a table to Parquet, and let what follows read it."""
    path = sql_literal(output / schema / f"{table}.parquet")
    told = {"part": part, "element": element}
    return [
        {**told, "sql": f"COPY ({query}\n) TO {path} (FORMAT parquet, COMPRESSION zstd)"},
        {**told, "sql": f"CREATE VIEW {schema}.{table} AS FROM read_parquet({path})"},
    ]


def base() -> dict[str, Source]:
    """Return the sources the tables of establishments rest on: the stocks, and the nomenclatures that place them."""
    read = (
        source for nom, table in derivees().items() if table.famille == "etablissements" for source in sources_of(nom)
    )
    return {source.nom: source for source in read}


def stocks(settings: Settings) -> dict[str, Path]:
    """Return the large files of this run."""
    files = {nom: files_of(settings, source) for nom, source in base().items() if source.volumineuse}
    return {nom: found[0].chemin for nom, found in files.items() if found}


def wanted_columns(source: Source, path: Path) -> list[tuple[Colonne, str, str]]:
    """Return the columns a table takes from a file: the declaration, the name and the type there; empty if it has none."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as text:
            there = dict.fromkeys(text.readline().decode("utf-8-sig").strip().split(","), "VARCHAR")
    else:
        with duckdb.connect() as connection:
            described = connection.execute(f"DESCRIBE FROM read_parquet({sql_literal(path)})").fetchall()
        there = {name: kind for name, kind, *_ in described}
    found = []
    for column in source.table.colonnes:
        name = next((name for name in (*column.en_tetes, column.nom) if name in there), "")
        found.append((column, name, there.get(name, "")))
    return found


def read_stock(source: Source, path: Path, output: Path) -> list[Step]:
    """Read a stock as one would by hand: the columns wanted, in their types, the rows in scope."""
    told = {"part": "lecture", "element": source.nom}
    steps: list[Step] = []
    if path.suffix == ".zip":
        text = output / f"{path.stem}.csv"
        steps.append({**told, "unzip": str(path), "to": str(text)})
        rows, line = f"read_csv({sql_literal(text)}, header = true, all_varchar = true)", "row_number() OVER () + 1"
    else:
        rows, line = f"read_parquet({sql_literal(path)}, file_row_number = true)", "file_row_number + 1"
    columns = ",\n       ".join(
        f"{_value(column, *cell)} AS {column.nom}" for column, *cell in wanted_columns(source, path)
    )
    in_scope = " AND ".join(f"NOT coalesce({condition}, false)" for _, condition in source.hors_champ_sql) or "true"
    query = f"""
SELECT {", ".join(source.table.noms)}, _fichier, _ligne FROM (
SELECT {columns},
       {sql_literal(path.name)} AS _fichier, {line} AS _ligne
FROM {rows}) WHERE {in_scope}"""
    return [*steps, *write_table("lecture", source.nom, query, schema_of(source), source.nom, output)]


def _value(column: Colonne, name: str, kind: str) -> str:
    if not name:
        return f"NULL::{column.type_sql}"
    value = f'"{name}"'
    if column.type == DATE and kind == "VARCHAR":
        value = f"{value}[:10]::DATE"
    for empty in column.vides:
        value = f"nullif({value}, {'DATE ' if column.type == DATE else ''}{sql_literal(empty)})"
    if column.type == TEXTE:
        if kind != "VARCHAR" and column.longueur:
            return f"lpad({value}::VARCHAR, {column.longueur}, '0')"
        return value if kind == "VARCHAR" else f"{value}::VARCHAR"
    if column.type == BOOLEEN and kind == "VARCHAR":
        return f"{value} IN ('O', 'true')"
    return value if column.type == DATE and kind in ("DATE", "VARCHAR") else f"{value}::{column.type_sql}"


def floor_steps(entrepot: RecordedWarehouse) -> list[Step]:
    """List what the floor runs, in order."""
    output, settings = entrepot.output, entrepot.settings
    large, rests_on = stocks(settings), base()
    steps: list[Step] = []
    for nom, path in large.items():
        steps += read_stock(rests_on[nom], path, output)
    counted = [table for table in derivees().values() if table.famille == "etablissements"]
    for table in counted:
        columns = ", ".join(f"{c.nom}::{c.type_sql} AS {c.nom}" for c in table.table.colonnes)
        query = f"SELECT {columns} FROM ({table.requete})"
        steps += write_table("tables", table.nom, query, table.schema, table.nom, output)
    measured = {nom: m for nom, m in mesures().items() if {s.nom for s in sources_of_measure(m)} <= set(rests_on)}
    for measure in measured.values():
        columns = ", ".join(f"{nom}::{kind} AS {nom}" for nom, kind in cube.CONTRIBUTION.items())
        query = f"SELECT {columns} FROM ({measure.requete.rstrip().rstrip(';')}\n)"
        steps += write_table("mesures", measure.nom, query, "mesures", measure.nom, output)
    told = {
        nom: i
        for nom, i in indicateurs().items()
        if not is_estimated(i) and {m.nom for m in measures_of(i)} <= set(measured)
    }
    cube.mesures = lambda: measured  # type: ignore[assignment]
    values.indicateurs = lambda: told  # type: ignore[assignment]
    entrepot.part = "cube"
    cube.compute_cube(entrepot)
    entrepot.part = "indicateurs"
    # nothing here is restricted: nothing is suppressed
    empty = ", ".join(f"NULL::{column.type_sql} AS {column.nom}" for column in SUPPRESSIONS.colonnes)
    entrepot.write_query(None, f"SELECT {empty} WHERE false", "indicateurs", "suppressions")
    values.compute_indicators(entrepot)
    written = {("indicateurs", "valeurs"), *((table.schema, table.nom) for table in counted)}
    steps += entrepot.steps
    steps.append(
        _publish(f"ATTACH {sql_literal(output / 'observatoire.duckdb')} AS public_ (STORAGE_VERSION 'v1.0.0')")
    )
    for public in public_tables():
        if (public.schema, public.nom) in written:
            columns = ", ".join(f"{c.nom}::{c.type_sql} AS {c.nom}" for c in public.table.colonnes)
            name = f"public_.{public.schema}.{public.nom}"
            steps.append(_publish(f"CREATE SCHEMA IF NOT EXISTS public_.{public.schema}"))
            steps.append(_publish(f"CREATE TABLE {name} AS SELECT {columns} FROM ({public.requete})"))
            for suffix, options in (("parquet", "FORMAT parquet, COMPRESSION zstd"), ("csv", "FORMAT csv, HEADER")):
                path = output / f"{public.schema}.{public.nom}.{suffix}"
                steps.append(_publish(f"COPY {name} TO {sql_literal(path)} ({options})", "Parquet et CSV"))
    steps.append(_publish("DETACH public_"))
    return [*_given_views(entrepot, set(large)), *steps]


def _publish(sql: str, element: str = "observatoire.duckdb") -> Step:
    return {"part": "publication", "element": element, "sql": sql}


def given_tables(entrepot: Entrepot, large: set[str]) -> dict[str, Path]:
    """Return the tables no contender has to compute: those of the nomenclatures, and of what has no file here."""
    read = [(schema_of(source), nom) for nom, source in base().items() if nom not in large]
    computed = [(table.schema, table.nom) for table in derivees().values() if table.famille == "references"]
    computed.append(("socle", "noms_tus"))  # whom the published values must not name, from the registers
    return {f"{schema}.{nom}": entrepot.path_of(schema, nom) for schema, nom in (*read, *computed)}


def _given_views(entrepot: RecordedWarehouse, large: set[str]) -> list[Step]:
    schemas = ("socle", "referentiels", "qualite", "mesures", "indicateurs")
    return [
        *({"part": "lecture", "sql": f"CREATE SCHEMA {schema}"} for schema in schemas),
        *(
            {"part": "lecture", "sql": f"CREATE VIEW {nom} AS FROM read_parquet({sql_literal(path)})"}
            for nom, path in given_tables(entrepot, large).items()
        ),
    ]


def main(output: str, path: str) -> None:
    """Write the brief of the contenders of a job that has run, in the warehouse of the environment."""
    entrepot = RecordedWarehouse(Settings.from_environment(), Path(output))
    large = stocks(entrepot.settings)
    columns = {
        nom: {c.nom: name for c, name, _ in wanted_columns(sources()[nom], file) if name} for nom, file in large.items()
    }
    with duckdb.connect() as connection:
        cells = sql_literal(entrepot.path_of("indicateurs", "cube"))
        told = connection.execute(
            f"SELECT mesure, list(DISTINCT axe) FROM read_parquet({cells}) GROUP BY ALL"
        ).fetchall()
        placed = sql_literal(entrepot.path_of("socle", "etablissements"))
        ((month,),) = connection.execute(f"SELECT min(millesime) || '-01' FROM read_parquet({placed})").fetchall()
    brief = {
        "files": large,
        "axes": dict(told),
        "month": month,
        "columns": columns,
        "given": given_tables(entrepot, set(large)),
        "steps": floor_steps(entrepot),
    }
    Path(path).write_text(json.dumps(brief, default=str, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
