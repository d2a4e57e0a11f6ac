"""What the figures say: ratios, targets held or missed, the table people read, `bench.json`. Measuring is done elsewhere."""

import json
import os
import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench.process import Run
from tests.bench.refresh import PROMISED

TITLES = {
    "job": "travail (make run)",
    "floor": "plancher : DuckDB seul",
    "pandas": "pandas par lots, validé",
    "pandas_sans_validation": "pandas par lots, non validé",
    "polars": "Polars en flux, validé",
    "polars_sans_validation": "Polars en flux, non validé",
}
PARTS = {
    "imports": "démarrage et imports",
    "demonstration": "démonstration",
    "lecture": "lecture",
    "pandera": "Pandera",
    "tables": "tables calculées",
    "noms": "rapprochement des noms",
    "mesures": "mesures",
    "cube": "cube",
    "estimations": "estimations locales",
    "indicateurs": "indicateurs",
    "publication": "publication",
    "dagster": "Dagster",
}
REFRESHES = {
    "imports_s": "imports seuls",
    "rien_s": "rien de changé",
    "une_ligne_s": "une ligne changée",
    "zero_s": "de zéro",
    "rien_national_s": "rien de changé, à la taille du banc",
}
# what the contenders do too, against what they do not
COMPARABLE = ("lecture", "pandera", "tables", "mesures", "cube", "indicateurs")
SLOPE_TOLERANCE = 0.30


@dataclass
class Measured:
    """A contender's shortest run, and where its seconds went."""

    run: Run
    parts: list[tuple[str, str, float]]

    def part(self, name: str) -> float:
        """Return the seconds of a part."""
        return sum(seconds for part, _, seconds in self.parts if part == name)

    @property
    def shares(self) -> dict[str, float]:
        """Return the seconds of every part; what no part claims is the start of Python and its imports."""
        told = {name: self.part(name) for name in PARTS}
        told["imports"] += self.run.wall_s - sum(seconds for *_, seconds in self.parts)
        return told


@dataclass
class Bench:
    """All that was measured."""

    rows: int
    file_format: str
    kept_rows: int
    contenders: dict[str, Measured]
    differences: dict[str, list[str]] = field(default_factory=dict)
    history: Measured | None = None
    refresh: dict[str, float] = field(default_factory=dict)
    sizes: dict[int, Measured] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """A promise, what was measured, and whether it holds."""

    promise: str
    measured: str
    held: bool


def slopes(seconds: dict[int, float]) -> list[float]:
    """Return the seconds each added million costs, from one size to the next."""
    sizes = sorted(seconds)
    return [
        (seconds[large] - seconds[small]) / (large - small) * 1e6
        for small, large in zip(sizes, sizes[1:], strict=False)
    ]


def even(found: list[float]) -> bool:
    """Say whether slopes stay within the tolerance of their mean."""
    mean = sum(found) / len(found)
    return all(abs(slope - mean) <= SLOPE_TOLERANCE * abs(mean) for slope in found)


def targets(bench: Bench) -> list[Target]:
    """Compare what was measured with what is promised."""
    job = bench.contenders["job"]
    pandera = job.part("pandera")
    alone, per_million = job.run.wall_s - pandera, pandera / bench.kept_rows * 1e6
    found = [
        Target("Pandera ≤ 1,2 s par million de lignes retenues", f"{_fr(per_million)} s", per_million <= 1.2),
        Target("mémoire du travail < 2 Go", f"{_fr(job.run.peak_mb, 0)} Mo", job.run.peak_mb < 2000),
    ]
    if floor := bench.contenders.get("floor"):
        limit = 2 * floor.run.wall_s + 8
        found.append(
            Target("travail sans Pandera ≤ 2 × plancher + 8 s", f"{_fr(alone)} s pour {_fr(limit)} s", alone <= limit)
        )
    if plain := bench.contenders.get("pandas_sans_validation"):
        ratio = plain.run.wall_s / alone
        found.append(Target("≥ 3 × plus rapide que pandas, sans validation", f"{_fr(ratio, 2)} ×", ratio >= 3))
    for name, times in PROMISED.items():
        if name in bench.refresh:
            ratio = bench.refresh[name] / bench.refresh["imports_s"]
            told = f"{_fr(ratio, 2)} × ({_fr(bench.refresh[name])} s)"
            found.append(Target(f"{REFRESHES[name]} ≤ {times:g} × les imports", told, ratio <= times))
    if len(bench.sizes) > 2:
        found_slopes = slopes({size: measured.run.wall_s for size, measured in bench.sizes.items()})
        told = " ; ".join(_fr(slope, 2) for slope in found_slopes)
        found.append(Target("secondes par million ajouté, à ± 30 %", f"{told} s", even(found_slopes)))
    return found


def as_json(bench: Bench) -> dict[str, Any]:
    """Return the figures for `warehouse/bench.json`."""
    job = bench.contenders["job"]
    pandera = job.part("pandera")

    def wall(name: str) -> float | None:
        found = bench.contenders.get(name)
        return round(found.run.wall_s, 2) if found else None

    told: dict[str, Any] = {
        "rows": bench.rows,
        "floor_s": wall("floor"),
        "job_s": wall("job"),
        "pandera_s": round(pandera, 2),
        "job_peak_mb": round(job.run.peak_mb),
        "pandas_s": wall("pandas"),
        "polars_s": wall("polars"),
        "same_numbers": None if not bench.differences else not any(bench.differences.values()),
        "pandas_sans_validation_s": wall("pandas_sans_validation"),
        "polars_sans_validation_s": wall("polars_sans_validation"),
        "comparable_s": round(sum(job.part(name) for name in COMPARABLE), 2),
        "estimations_s": round(job.part("estimations"), 2),
        "reste_s": round(job.run.wall_s - sum(job.part(name) for name in (*COMPARABLE, "estimations")), 2),
        "lignes_retenues": bench.kept_rows,
        "format": bench.file_format,
        "parts": {
            name: {part: round(s, 2) for part, s in found.shares.items()} for name, found in bench.contenders.items()
        },
        "processeur_s": {name: round(found.run.cpu_s, 2) for name, found in bench.contenders.items()},
        "memoire_mo": {name: round(found.run.peak_mb) for name, found in bench.contenders.items()},
        "cibles": [{"cible": t.promise, "mesure": t.measured, "tenue": t.held} for t in targets(bench)],
        "differences": bench.differences,
        "profil": [[part, element, s] for part, element, s in job.parts[:30]],
        "machine": machine(),
    }
    told |= {name: round(seconds, 2) for name, seconds in bench.refresh.items()}
    if bench.history is not None:
        told["historique"] = {
            "job_s": round(bench.history.run.wall_s, 2),
            "ajoute_s": round(bench.history.run.wall_s - job.run.wall_s, 2),
            "job_peak_mb": round(bench.history.run.peak_mb),
        }
    if bench.sizes:
        walls = {size: found.run.wall_s for size, found in sorted(bench.sizes.items())}
        told["tailles"] = [
            {"rows": size, "job_s": round(wall, 2), "job_peak_mb": round(bench.sizes[size].run.peak_mb)}
            for size, wall in walls.items()
        ]
        told["s_par_million_ajoute"] = [round(slope, 2) for slope in slopes(walls)]
    return told


def machine() -> str:
    """Say what the figures were measured on."""
    names = ("dagster", "duckdb", "pandera", "pandas", "polars")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    tools = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{os.cpu_count()} cœurs, {memory:.0f} Go, Python {platform.python_version()}, {tools}"


def tell(bench: Bench) -> None:
    """Print the figures in French."""
    print(f"\nBanc d'essai : {_thousands(bench.rows)} établissements ({bench.file_format}), "
          f"{_thousands(bench.kept_rows)} lignes retenues dans les stocks\n{machine()}\n")  # fmt: skip
    job = bench.contenders["job"]
    bare = job.run.wall_s - job.part("pandera")
    print(f"{'':30}{'durée':>10}{'processeur':>12}{'mémoire':>10}   rapport au travail")
    for name, found in bench.contenders.items():
        # without validation, against the job without its own
        against = bare if name in ("floor", "pandas_sans_validation", "polars_sans_validation") else job.run.wall_s
        ratio = "" if name == "job" else f"   {_fr(found.run.wall_s / against, 2)} ×"
        ratio += " (sans Pandera)" if against == bare and ratio else ""
        run = found.run
        print(f"{TITLES[name]:30}{_fr(run.wall_s):>8} s{_fr(run.cpu_s):>10} s{_fr(run.peak_mb, 0):>7} Mo{ratio}")
    _tell_parts(bench)
    if bench.history is not None:
        added = bench.history.run.wall_s - job.run.wall_s
        print(f"\nL'historique et les successions ajoutent {_fr(added)} s "
              f"({_fr(bench.history.run.wall_s)} s, {_fr(bench.history.run.peak_mb, 0)} Mo en tout).")  # fmt: skip
    for name, seconds in bench.refresh.items():
        print(f"{REFRESHES[name]:36}{_fr(seconds):>8} s")
    for size, found in sorted(bench.sizes.items()):
        print(f"{_thousands(size):>14} établissements : {_fr(found.run.wall_s)} s, {_fr(found.run.peak_mb, 0)} Mo")
    print()
    checked = targets(bench)
    for target in checked:
        print(f"{'tenu  ' if target.held else 'manqué'}  {target.promise} : {target.measured}")
    for name, found_differences in bench.differences.items():
        for difference in found_differences:
            print(f"DIFFÉRENCE ({TITLES[name]}) {difference}")
    if bench.differences and not any(bench.differences.values()):
        print("Mêmes nombres partout.")
    if not all(target.held for target in checked):
        _tell_profile(bench)


def _tell_parts(bench: Bench) -> None:
    """Print where the seconds of each contender went, part by part; of the job, its shares too."""
    print(
        f"\n{'où passent les secondes':30}"
        + "".join(f"{name.split('_')[0] + ('*' if '_' in name else ''):>10}" for name in bench.contenders)
        + "   part du travail"
    )
    shares = {name: found.shares for name, found in bench.contenders.items()}
    for part, title in PARTS.items():
        if any(told[part] >= 0.05 for told in shares.values()):
            share = 100 * shares["job"][part] / bench.contenders["job"].run.wall_s
            print(
                f"{title:30}" + "".join(f"{_fr(told[part]):>10}" for told in shares.values()) + f"{_fr(share, 0):>14} %"
            )
    if any("_" in name for name in bench.contenders):
        print("* sans validation")


def _tell_profile(bench: Bench) -> None:
    print("\nUne cible est manquée. Les secondes du travail, en regard de celles du plancher :")
    floor = bench.contenders.get("floor")
    below = {(part, element): s for part, element, s in floor.parts} if floor else {}
    for part, element, seconds in bench.contenders["job"].parts[:25]:
        if seconds >= 0.1:
            other = below.get((part, element))
            told = f"   plancher {_fr(other, 2)} s" if other is not None else ""
            print(f"  {_fr(seconds, 2):>8} s  {PARTS.get(part, part)} {element}{told}")


def write(bench: Bench, path: Path) -> None:
    """Leave the figures in a JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(as_json(bench), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _fr(number: float, digits: int = 1) -> str:
    return f"{number:.{digits}f}".replace(".", ",")


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", " ")
