"""Time and memory of confidentiality: `python -m tests.bench.secret [sortie.json]`.

The Puy-de-Dôme with its four linked tables and its crossings, its région, then France by family; each in a process of
its own, on drawn establishments over the real communes. Prints a line a case, and writes JSON.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from observatoire.confidentiality.cells import build_system
from observatoire.confidentiality.protection import leaks, protect
from observatoire.confidentiality.tau import Tau
from tests.confidentiality.jeu_secret import MESURE, communes_reelles, connexion, poser, tirer

AURA = ("01", "03", "07", "15", "26", "38", "42", "43", "63", "69", "73", "74")
# départements (all when empty), establishments, sectors and crossings
CASES: dict[str, tuple[tuple[str, ...], int, bool]] = {
    "puy_de_dome": (("63",), 3_000, True),
    "region": (AURA, 26_000, True),
    "france_familles": ((), 220_000, False),
}


def measure(name: str) -> dict[str, object]:
    """Protect one case, then attack what is shown from nothing."""
    departements, count, sectors = CASES[name]
    communes = communes_reelles(departements or None)
    base = connexion(communes)
    poser(base, tirer(communes, count), croise=sectors, secteurs=sectors)
    started = time.perf_counter()
    system = build_system(base, MESURE, "2024")
    built = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, Tau(Path(folder)) as tau:
        result = protect(system, tau)
    protected = time.perf_counter()
    primary = system.variables_of(system.cellules["raison"].notna().to_numpy())
    left = leaks(system, result.cachees, primary)
    audited = time.perf_counter()
    published = system.cellules[system.cellules["est_publiable"]]
    hidden = result.cachees[published["variable"].to_numpy()]
    return {
        "case": name,
        "establishments": count,
        "cells": len(published),
        "primary": int(published["raison"].notna().sum()),
        "hidden": int(hidden.sum()),
        "hidden_by_tau": result.par_tau,
        "hidden_by_attacker": result.par_attaque,
        "tau_failures": result.echecs_tau,
        "unprotected": len(result.fuites),
        "leaks_at_audit": int(left.sum()),
        "build_s": round(built - started, 1),
        "protect_s": round(protected - built, 1),
        "audit_s": round(audited - protected, 1),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main(output: str = "", *names: str) -> None:
    """Measure every case, or those named."""
    measured = []
    for name in names or CASES:
        code = f"import json; from tests.bench.secret import measure; print(json.dumps(measure({name!r})))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        measured.append(json.loads(done.stdout.splitlines()[-1]))
        print("  ".join(f"{key} {value}" for key, value in measured[-1].items()), flush=True)
    if output:
        Path(output).write_text(json.dumps(measured, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
