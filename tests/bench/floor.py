"""The floor: DuckDB alone, one connection, the SQL it is given. No hash, no count of refusals, no rule, no Dagster.

Which SQL belongs to `brief`. Threads are those of the machine, as for the job; memory is not limited.
"""

import json
import shutil
import sys
import zipfile
from pathlib import Path

import duckdb

from tests.bench.clock import Clock


def main(brief: str, output: str, figures: str) -> None:
    """Run the SQL of a brief; leave the seconds of its parts in a JSON file."""
    for schema in ("socle", "qualite", "mesures", "indicateurs"):
        (Path(output) / schema).mkdir(parents=True)
    clock = Clock()
    steps = json.loads(Path(brief).read_text(encoding="utf-8"))["steps"]
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET temp_directory = $1", [f"{output}/.duckdb"])
        for step in steps:
            with clock.part(step["part"], step.get("element", "")):
                if "unzip" in step:
                    _unzip(Path(step["unzip"]), Path(step["to"]))
                else:
                    connection.execute(step["sql"], step.get("parameters"))
    clock.write(Path(figures))


def _unzip(archive: Path, to: Path) -> None:
    with zipfile.ZipFile(archive) as opened, opened.open(opened.namelist()[0]) as member, to.open("wb") as text:
        shutil.copyfileobj(member, text, 2**22)


if __name__ == "__main__":
    main(*sys.argv[1:])
