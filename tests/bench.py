"""`make bench`: times of the main job on demonstration data, every source changed and a new release made.

Each figure is measured in a process of its own, in seconds, on the machine it prints. Nothing is asserted here.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from observatoire.demonstration import generate
from observatoire.settings import RACINE, REFERENCES

DIRECT = """
from observatoire.catalog import derivees, mesures
from observatoire.cube import compute_cube, compute_measure
from observatoire.derived import compute_table
from observatoire.indicators import compute_indicators
from observatoire.ingestion import load_source
from observatoire.releases import publish
from observatoire.settings import Settings
from observatoire.sources import sources
from observatoire.warehouse import Entrepot
import json, sys, time
entrepot, temps = Entrepot(Settings.from_environment()), {}
def chrono(nom, fonction, elements):
    debut = time.perf_counter()
    for element in elements: fonction(entrepot, element) if element is not None else fonction(entrepot)
    temps[nom] = round(time.perf_counter() - debut, 2)
chrono("sources", load_source, sources().values())
chrono("tables", compute_table, derivees().values())
chrono("mesures", compute_measure, mesures().values())
chrono("cube", compute_cube, [None])
chrono("indicateurs", compute_indicators, [None])
chrono("publication", publish, [None])
json.dump(temps, sys.stdout)
"""


def main() -> None:
    """Measure the job through Dagster, then the same work without it; leave the figures in `warehouse/bench.json`."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--etablissements", type=int, default=60_000)
    arguments.add_argument("--passages", type=int, default=3)
    choix = arguments.parse_args()
    job, direct, parts = [], [], {}
    for graine in range(choix.passages):  # another seed, hence other files: every demonstration source has changed
        with tempfile.TemporaryDirectory() as dossier:
            environnement = _preparer(Path(dossier), choix.etablissements, graine)
            job.append(_chronometrer([sys.executable, "-m", "pipelines"], environnement)[0])
            _vider(Path(dossier) / "warehouse")
            duree, sortie = _chronometrer([sys.executable, "-c", DIRECT], environnement)
            direct.append(duree)
            parts = json.loads(sortie)
            _vider(Path(dossier) / "warehouse")
    figures = {
        "etablissements": choix.etablissements,
        "coeurs": os.cpu_count(),
        "passages": choix.passages,
        "job_s": round(statistics.median(job), 2),
        "job_min_max_s": [round(min(job), 2), round(max(job), 2)],
        "sans_dagster_s": round(statistics.median(direct), 2),
        "part_dagster_s": round(statistics.median(a - b for a, b in zip(job, direct, strict=True)), 2),
        "etapes_sans_dagster_s": parts,
    }
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    sortie_json = RACINE / "warehouse" / "bench.json"
    sortie_json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _preparer(dossier: Path, etablissements: int, graine: int) -> dict[str, str]:
    shutil.copytree(RACINE / "raw", dossier / "raw")
    for jeu in ("sirene", "urssaf", "flores"):
        generate(jeu, dossier / "raw", REFERENCES, etablissements=etablissements, graine=graine)
    (dossier / "dagster").mkdir()
    shutil.copy(RACINE / "dagster.yaml", dossier / "dagster")
    return {
        **os.environ,
        "OBSERVATOIRE_RAW": str(dossier / "raw"),
        "OBSERVATOIRE_WAREHOUSE": str(dossier / "warehouse"),
        "DAGSTER_HOME": str(dossier / "dagster"),
    }


def _chronometrer(commande: list[str], environnement: dict[str, str]) -> tuple[float, str]:
    debut = time.perf_counter()
    resultat = subprocess.run(commande, env=environnement, cwd=RACINE, capture_output=True, text=True, check=True)
    return time.perf_counter() - debut, resultat.stdout


def _vider(dossier: Path) -> None:
    for chemin in (dossier, *dossier.rglob("*")):
        if chemin.is_dir() and not chemin.is_symlink():
            chemin.chmod(0o755)
    shutil.rmtree(dossier)


if __name__ == "__main__":
    main()
