"""The portraits of the whole country, timed: `python -m tests.bench.pages [établissements]`, 60,000 unless said.

The main job runs on generated files, with a contour invented for each commune (as many points as a real one has once
simplified: 35 on average in the Puy-de-Dôme); then the job `portraits` writes every page, in two processes.
"""

import csv
import json
import math
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from zlib import crc32

from observatoire.demonstration import generate
from observatoire.settings import RACINE, REFERENCES
from tests.bench.process import run

MINUTES, KILO_OCTETS = 10, 300
PAS = 9  # points along a side of a commune
COTE, ENTRE_EPCI = 0.05, 15  # degrees; communes


def contours(destination: Path) -> None:
    """Invent a contour for each commune: cells of a grid, one grid per EPCI, whose sides two neighbours share."""
    communes = defaultdict(list)
    with (REFERENCES / "communes.csv").open(encoding="utf-8", newline="") as flux:
        for ligne in csv.DictReader(flux):
            communes[ligne["code_epci"]].append(ligne["code_commune"])
    entites = []
    for numero, (code, membres) in enumerate(sorted(communes.items())):
        largeur = math.isqrt(len(membres) - 1) + 1
        for rang, commune in enumerate(membres):
            y, x = divmod(rang, largeur)
            x, y = x + numero % 36 * ENTRE_EPCI, y + numero // 36 * ENTRE_EPCI
            coins = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1), (x, y)]
            anneau = [point for a, b in zip(coins, coins[1:], strict=False) for point in _side(code, a, b)]
            geometrie = {"type": "Polygon", "coordinates": [[*anneau, anneau[0]]]}
            entites.append({"type": "Feature", "properties": {"code": commune}, "geometry": geometrie})
    destination.parent.mkdir(parents=True)
    destination.write_text(json.dumps({"type": "FeatureCollection", "features": entites}), encoding="utf-8")


def _side(code: str, debut: tuple[int, int], fin: tuple[int, int]) -> list[list[float]]:
    """Walk a side but for its end: the same points whichever way it is walked."""
    bas, haut = sorted((debut, fin))
    points = []
    for rang in range(PAS + 1):
        ecart = 0.0 if rang in (0, PAS) else (crc32(f"{code}{bas}{haut}{rang}".encode()) % 200 - 100) / 700
        avance = rang / PAS
        place = (bas[0] + avance, bas[1] + ecart) if bas[1] == haut[1] else (bas[0] + ecart, bas[1] + avance)
        points.append([round(2 + COTE * place[0], 5), round(46 + COTE * place[1], 5)])
    return points[:-1] if (debut, fin) == (bas, haut) else points[:0:-1]


def main(etablissements: int = 60_000) -> int:
    """Measure; return 1 when the pages take too long or one is too heavy."""
    folder = Path(tempfile.mkdtemp(prefix="bench-pages-"))
    try:
        generate("sirene", folder / "raw", REFERENCES, etablissements=etablissements, departements=None)
        contours(folder / "raw" / "contours_communes" / "communes-2026.geojson")
        (folder / "dagster").mkdir()
        shutil.copy(RACINE / "dagster.yaml", folder / "dagster")
        environment = {
            "OBSERVATOIRE_RAW": folder / "raw",
            "OBSERVATOIRE_WAREHOUSE": folder / "warehouse",
            "DAGSTER_HOME": folder / "dagster",
            "DAGSTER_DISABLE_TELEMETRY": 1,
        }
        job = run("pipelines", folder=folder, **environment)
        pages = run("pipelines", "portraits", folder=folder, **environment)
        weights = sorted(page.stat().st_size / 1000 for page in (folder / "warehouse/portraits").glob("*/index.html"))
        print(f"{etablissements} établissements, travail principal {job.wall_s:.0f} s")
        print(f"{len(weights)} pages en {pages.wall_s:.0f} s ({pages.cpu_s:.0f} s de processeur)")
        print(f"Page médiane {statistics.median(weights):.0f} ko, la plus lourde {weights[-1]:.0f} ko, sans plotly.js")
        return int(pages.wall_s > 60 * MINUTES or weights[-1] > KILO_OCTETS)
    finally:
        for path in (folder, *folder.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(folder)


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))
