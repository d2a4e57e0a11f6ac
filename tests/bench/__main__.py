"""`python -m tests.bench`: generate the files, run the contenders one after the other, compare, tell.

Only this module knows the order of things; each contender is a module of its own.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from observatoire.settings import RACINE
from tests.bench.files import hand_over
from tests.bench.process import Run, RunFailed, run
from tests.bench.refresh import environment_of, measure
from tests.bench.report import Bench, Measured, tell, write

CONTENDERS = ("floor", "pandas", "polars")


class Workshop:
    """The folder of a bench: generated files, kept from one bench to the next if asked, and a folder for each run."""

    def __init__(self, folder: Path, file_format: str, history: bool, passes: int) -> None:
        self.folder, self.file_format, self.history, self.passes = folder, file_format, history, passes

    def files(self, rows: int) -> Path:
        """Return the generated files of a size, made if they are not there."""
        folder = self.folder / "fichiers" / f"{rows}-{self.file_format}{'-historique' if self.history else ''}"
        history = "oui" if self.history else "non"
        _say(f"fichiers de {rows:,} établissements".replace(",", " "))
        done = run("tests.bench.files", folder, rows, self.file_format, history, folder=self.folder / "generation")
        _said(done)
        return folder

    def fresh(self, name: str) -> Path:
        """Return an empty folder for a run."""
        folder = self.folder / "essais" / name
        _erase(folder)
        folder.mkdir(parents=True)
        return folder

    def job(self, files: Path, name: str, history: bool = False) -> tuple[Measured, Path]:
        """Run the main job on an empty warehouse; return what it cost and the folder it leaves."""
        folder = self.folder / "essais" / name

        def once() -> Run:
            self.fresh(name)
            hand_over(files, folder / "raw", history)
            return run("tests.bench.job", folder / "secondes.json", folder=folder, **environment_of(folder))

        return self._shortest(once, folder, name), folder

    def other(self, module: str, brief: Path, name: str, *options: str) -> tuple[Measured, Path]:
        """Run another contender on a brief."""
        folder = self.folder / "essais" / name

        def once() -> Run:
            self.fresh(name)
            return run(module, brief, folder / "tables", *options, folder / "secondes.json", folder=folder)

        return self._shortest(once, folder, name), folder / "tables"

    def _shortest(self, once: Callable[[], Run], folder: Path, name: str) -> Measured:
        """Keep the shortest of the passes: what else the machine does can only add."""
        best: Measured | None = None
        for _ in range(self.passes):
            _say(name)
            done = once()
            _said(done)
            if best is None or done.wall_s < best.run.wall_s:
                parts = json.loads((folder / "secondes.json").read_text(encoding="utf-8"))
                best = Measured(done, [(part, element, seconds) for part, element, seconds in parts])
        assert best is not None
        return best


def main() -> int:
    """Run a bench; return 1 when two contenders do not find the same numbers."""
    options = _arguments()
    temporary = options.dossier is None
    folder = Path(tempfile.mkdtemp(prefix="bench-")) if temporary else options.dossier.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    workshop = Workshop(folder, options.format, options.historique, options.passages)
    try:
        bench = _measure(workshop, options)
    except RunFailed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 2
    finally:
        if not options.garder:
            _erase(folder if temporary else folder / "essais")
            _erase(folder / "generation")
    tell(bench)
    write(bench, options.sortie)
    print(f"\nChiffres : {options.sortie}" + (f" ; fichiers et tables : {folder}" if options.garder else ""))
    return 1 if any(bench.differences.values()) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Mesurer le travail principal.")
    parser.add_argument("--etablissements", type=int, default=2_000_000, help="43900000 est la taille du pays")
    parser.add_argument(
        "--historique", action="store_true", help="mesurer aussi ce qu'ajoutent périodes et successions"
    )
    parser.add_argument("--tailles", type=_sizes, default=[], help="1000000,4000000,… : le travail seul, à ces tailles")
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet")
    parser.add_argument("--contre", type=_contenders, default=CONTENDERS, help="parmi floor,pandas,polars ; ou aucun")
    parser.add_argument("--passages", type=int, default=1, help="mesures de chacun ; la plus courte est gardée")
    parser.add_argument("--dossier", type=Path, help="où générer ; les fichiers y restent et resservent")
    parser.add_argument("--garder", action="store_true", help="garder aussi les tables de chacun")
    parser.add_argument("--sortie", type=Path, default=RACINE / "warehouse" / "bench.json")
    return parser.parse_args()


def _sizes(text: str) -> list[int]:
    return sorted({int(size) for size in text.split(",")})


def _contenders(text: str) -> tuple[str, ...]:
    asked = tuple(name for name in text.split(",") if name != "aucun")
    if unknown := set(asked) - set(CONTENDERS):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)} : choisir parmi {', '.join(CONTENDERS)}")
    return asked


def _measure(workshop: Workshop, options: argparse.Namespace) -> Bench:
    refresh = measure(workshop.fresh("reprises"), _say, _said)
    files = workshop.files(options.etablissements)
    job, job_folder = workshop.job(files, "travail")
    warehouse = job_folder / "warehouse"
    bench = Bench(options.etablissements, options.format, _kept_rows(warehouse), {"job": job}, refresh=refresh)
    _say("rien de changé, à cette taille")
    nothing = run("pipelines", "actualiser", folder=job_folder, **environment_of(job_folder))
    _said(nothing)
    bench.refresh["rien_national_s"] = nothing.wall_s
    brief = job_folder / "devis.json"
    if options.contre:
        floor_tables = workshop.folder / "essais" / "floor" / "tables"
        run("tests.bench.brief", floor_tables, brief, folder=workshop.folder / "generation", **environment_of(job_folder))
    for name, module, validation in (
        ("floor", "tests.bench.floor", ""),
        ("pandas", "tests.bench.in_pandas", "oui"),
        ("pandas_sans_validation", "tests.bench.in_pandas", "non"),
        ("polars", "tests.bench.in_polars", "oui"),
        ("polars_sans_validation", "tests.bench.in_polars", "non"),
    ):
        if name.split("_")[0] not in options.contre:
            continue
        bench.contenders[name], tables = workshop.other(module, brief, name, *filter(None, [validation]))
        told = job_folder / f"{name}.differences.json"
        run("tests.bench.figures", warehouse, tables, told, folder=workshop.folder / "generation")
        bench.differences[name] = json.loads(told.read_text(encoding="utf-8"))
        if not options.garder:
            _erase(tables)
    if not options.garder:
        _erase(warehouse)
    if options.historique:
        bench.history, _ = workshop.job(files, "travail avec historique", history=True)
    for size in options.tailles:
        if size == options.etablissements:
            bench.sizes[size] = job
            continue
        bench.sizes[size], folder = workshop.job(workshop.files(size), f"travail {size}")
        if not options.garder:
            _erase(folder)
    return bench


def _kept_rows(warehouse: Path) -> int:
    """Count the rows the job kept of the stocks of Sirene."""
    states = (json.loads(path.read_text(encoding="utf-8")) for path in (warehouse / "etats").glob("sirene_*.json"))
    return sum(file["lignes_retenues"] for state in states for file in state["fichiers"])


def _erase(folder: Path) -> None:
    """Erase a folder, releases included: they are read-only."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


def _say(what: str) -> None:
    print(f"{what}… ", end="", flush=True, file=sys.stderr)


def _said(done: Run) -> None:
    print(f"{done.wall_s:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
