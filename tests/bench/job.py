"""The main job, timed from outside: functions of the product are wrapped, then `python -m pipelines` runs as it is.

What no part claims is Dagster, Python and imports.
"""

import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.clock import Clock

# what a release is made of, in the words of the report
PUBLISHED = {
    "write_duckdb": "observatoire.duckdb",
    "export_tables": "Parquet et CSV",
    "write_portrait": "portrait",
    "write_geojson": "GeoJSON",
    "write_journal": "journal",
    "write_open_data": "classeur, paquet et empreintes",
    "keep_evidence": "preuves",
}


def _second(_: Any, element: Any, *__: Any) -> str:
    return str(element.nom)


def instrument(clock: Clock) -> None:
    """Wrap the parts, upstream first: a module takes its functions from another when it is imported."""
    from observatoire import judging

    clock.wrap_generator(judging, "judge_file", "pandera")
    clock.wrap(judging, "judge", "pandera")
    from observatoire import demonstration, derived
    from observatoire.loading import ingestion

    clock.wrap(demonstration, "generate", "demonstration", lambda jeu, *_, **__: str(jeu))
    clock.wrap(ingestion, "load_source", "lecture", _second)
    clock.wrap(derived, "compute_table", "tables", lambda _, table: str(table.nom))
    from observatoire.indicators import cube

    clock.wrap(cube, "compute_measure", "mesures", _second)
    clock.wrap(cube, "compute_cube", "cube")
    from observatoire.estimation import computation
    from observatoire.matching import computation as matching

    clock.wrap(computation, "compute_estimations", "estimations")
    clock.wrap(matching, "compute_matches", "noms")
    from observatoire.graph import structure
    from observatoire.indicators import values

    clock.wrap(structure, "compute_graph", "indicateurs", lambda *_: "graphe des acteurs")
    clock.wrap(values, "compute_indicators", "indicateurs")
    from observatoire.releases import assembly

    for name, element in PUBLISHED.items():
        clock.wrap(assembly, name, "publication", lambda *_, element=element, **__: element)
    from observatoire.releases import lifecycle

    clock.wrap(lifecycle, "publish", "publication", lambda *_: "le reste")


def main(figures: str) -> int:
    """Run the job; leave the seconds of its parts in a JSON file."""
    start = time.perf_counter()
    clock = Clock()
    instrument(clock)
    from pipelines.command import main as run_job

    ready = time.perf_counter()
    code = run_job(["actualiser"])
    end = time.perf_counter()
    parts = ("pandera", "lecture", "tables", "mesures", "cube", "indicateurs", "publication")
    if silent := [part for part in parts if not clock.calls[part]]:
        raise RuntimeError(f"jamais appelé, donc jamais chronométré : {', '.join(silent)} (renommé ?)")
    clock.seconds["imports", ""] = ready - start
    clock.seconds["dagster", ""] = end - start - sum(clock.seconds.values())
    clock.write(Path(figures))
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
