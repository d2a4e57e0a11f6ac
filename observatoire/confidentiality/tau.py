"""Secondary suppression of one table by τ-Argus: one process a call, in a private folder wiped afterwards.

τ-Argus leaves clear values where it works, and stale files there change its answers. What tables there are, and what
one says to another, belong to `linked`.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from pytauargus.result import parse_simple_tab

TOTAL = "Total"
# a hidden cell is not to be known within ±10 %: a margin of 11 % keeps clear of it
MARGE_PCT = 11
DUREE_MAXIMALE_S = 600
CHIFFRES = 7
DIMENSIONS = ("D0", "D1")
Codes = tuple[str, str]


class TauEnEchec(Exception):
    """τ-Argus gave no answer for a table."""


@dataclass(frozen=True)
class CelluleDeTableau:
    """A cell of a table: its exact value as text, its units, whether it must be hidden."""

    valeur: str
    nombre_unites: int
    est_cachee: bool


@dataclass(frozen=True)
class Tableau:
    """A table of two dimensions, totals included (code `Total`), empty cells left out.

    Attributes:
        cellules: cells by their codes.
        contenants: for each dimension, the code that contains a code, where it is not the total.
    """

    cellules: Mapping[Codes, CelluleDeTableau]
    contenants: tuple[Mapping[str, str], Mapping[str, str]] = field(default_factory=lambda: ({}, {}))


class Tau:
    """τ-Argus, ready to answer; one process a table, each in a private folder made in `atelier` and wiped."""

    def __init__(self, atelier: Path) -> None:
        """Say where the private folders are made."""
        self._atelier = atelier
        self._processus: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Tau":
        """Nothing is started before the first table."""
        return self

    def __exit__(self, *erreur: object) -> None:
        """Let the process go."""
        if self._processus is not None:
            self._processus.communicate()

    def statuses(
        self, tableau: Tableau, regles: str = f"MAN({MARGE_PCT})", maxima: Mapping[Codes, str] | None = None
    ) -> dict[Codes, str]:
        """Return the status of each cell: `S` shown, `U` unsafe, `M` hidden to protect another.

        Args:
            tableau: the table.
            regles: τ-Argus rules; by default the statuses given, protected by a margin.
            maxima: largest contribution of each cell, for rules that need it; statuses are then not read.

        Raises:
            TauEnEchec: τ-Argus failed, or took more than ten minutes. Its words, which may hold values, are not
                repeated.
        """
        with tempfile.TemporaryDirectory(dir=self._atelier, prefix="tau-") as nom:
            dossier = Path(nom).resolve()
            _write(dossier, tableau, regles, maxima)
            code = self._ask(dossier)
            if code or not (dossier / "t.sortie").exists():
                raise TauEnEchec(f"τ-Argus s'est arrêté sans réponse (code {code})")
            lignes = parse_simple_tab(dossier / "t.sortie", DIMENSIONS, "V")
        return {(str(ligne["D0"]), str(ligne["D1"])): str(ligne["status"]) for ligne in lignes}

    def _ask(self, dossier: Path) -> int:
        """Have a folder treated; return the exit code."""
        if self._processus is None:
            self._processus = subprocess.Popen(  # noqa: S603 — this interpreter, a file of this package
                [sys.executable, str(Path(__file__).with_name("tau_process.py")), str(DUREE_MAXIMALE_S)],
                cwd=self._atelier,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        entree, sortie = self._processus.stdin, self._processus.stdout
        if entree is None or sortie is None:
            raise TauEnEchec("τ-Argus ne répond pas")
        try:
            entree.write(f"{dossier}\n")
            entree.flush()
            return int(sortie.readline())
        except (BrokenPipeError, ValueError):
            # it is no more: the next table starts another
            self._processus.kill()
            self._processus.communicate()
            self._processus = None
            return -1


def _write(dossier: Path, tableau: Tableau, regles: str, maxima: Mapping[Codes, str] | None) -> None:
    """Write the table, its metadata and the batch."""
    # τ-Argus fails on values of ten digits: powers of ten are exact, and change no status
    trop = max(0, *(Decimal(cellule.valeur).adjusted() - CHIFFRES for cellule in tableau.cellules.values()))
    with (dossier / "t.tab").open("w", encoding="utf-8") as flux:
        for codes, cellule in tableau.cellules.items():
            dernier = _shift(maxima[codes], trop) if maxima else "U" if cellule.est_cachee else "S"
            flux.write(";".join([*codes, _shift(cellule.valeur, trop), str(cellule.nombre_unites), dernier]) + "\n")
    metadonnees = ['<SEPARATOR> ";"', '<SAFE> "S"', '<UNSAFE> "U"', '<PROTECT> "P"']
    for rang, dimension in enumerate(DIMENSIONS):
        metadonnees += [f'{dimension} "" ""', "<RECODABLE>", f'<TOTCODE> "{TOTAL}"']
        if tableau.contenants[rang]:
            codes_presents = {codes[rang] for codes in tableau.cellules} - {TOTAL}
            arbre = "\n".join(_tree(codes_presents, tableau.contenants[rang]))
            (dossier / f"{dimension}.hrc").write_text(arbre + "\n", encoding="utf-8")
            metadonnees += ["<HIERARCHICAL>", f'<HIERCODELIST> "{dimension}.hrc"', '<HIERLEADSTRING> "@"']
    metadonnees += ["V", "<NUMERIC>", "<DECIMALS> 9", "N", "<FREQUENCY>"]
    metadonnees += ["M", "<MAXSCORE>"] if maxima else ["S", "<STATUS>"]
    (dossier / "t.rda").write_text("\n".join(metadonnees) + "\n", encoding="utf-8")
    commandes = [
        '<OPENTABLEDATA> "t.tab"',
        '<OPENMETADATA> "t.rda"',
        '<SPECIFYTABLE> "D0""D1"|"V"|""|""',
        f"<SAFETYRULE> {regles}",
        "<READTABLE> 0",
        "<SUPPRESS> MOD(1)",
        '<WRITETABLE> (1,5,SO+,"t.sortie")',
    ]
    (dossier / "t.arb").write_text("\n".join(commandes) + "\n", encoding="utf-8")


def _shift(valeur: str, rangs: int) -> str:
    """Divide a decimal by a power of ten, exactly."""
    return format(Decimal(valeur).scaleb(-rangs), "f")


def _tree(presents: set[str], contenants: Mapping[str, str]) -> Iterator[str]:
    """Write the codes of a dimension, each under the code that contains it."""
    enfants: dict[str, list[str]] = {}
    for code in sorted(presents):
        enfants.setdefault(contenants.get(code, TOTAL), []).append(code)

    def sous(code: str, profondeur: int) -> Iterator[str]:
        for enfant in enfants.get(code, ()):
            yield "@" * profondeur + enfant
            yield from sous(enfant, profondeur + 1)

    return sous(TOTAL, 0)
