"""How many headers of published grant files the product recognises: `python -m tests.loading.recensement_entetes CSV`.

The CSV lists files found on portals, one a line, with `;`: how many rows (`lignes`) and the header (`colonnes`, names
separated by ` | `). No row of data is known: two headers for one column may still agree once their values are read.
"""

import csv
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from observatoire.loading.headers import match_headers
from observatoire.schemas import Table
from observatoire.sources import sources

LONGUEUR_MAX = 10**8  # of a cell: a header of hundreds of columns is one
ENTIERS, A_COMPLETER, EN_DOUBLE, REFUSES = "entiers", "à compléter", "colonnes en double", "refusés"


@dataclass
class Recensement:
    """What becomes of headers: how many files and rows by fate, and the first column that the refused ones lack."""

    fichiers: Counter[str] = field(default_factory=Counter)
    lignes: Counter[str] = field(default_factory=Counter)
    manquantes: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        """Write a line by fate."""
        sorts = [
            f"{sort} : {self.fichiers[sort]} fichiers, {self.lignes[sort]} lignes"
            for sort in (ENTIERS, A_COMPLETER, EN_DOUBLE, REFUSES)
        ]
        return "\n".join([*sorts, f"première colonne absente des refusés : {dict(self.manquantes)}"])


def lire(chemin: Path) -> list[tuple[list[str], int]]:
    """Read the headers, and how many rows each file has."""
    csv.field_size_limit(LONGUEUR_MAX)
    with chemin.open(encoding="utf-8") as flux:
        return [
            (ligne["colonnes"].split(" | "), int(ligne["lignes"] or 0)) for ligne in csv.DictReader(flux, delimiter=";")
        ]


def recenser(entetes: list[tuple[list[str], int]], table: Table) -> Recensement:
    """Count headers and rows: whole, waiting for what stands beside the file, with a column twice, refused."""
    compte = Recensement()
    for colonnes, lignes in entetes:
        vu = match_headers([nom.strip().strip('"').lstrip("\ufeff") for nom in colonnes], table)
        requises = [colonne for colonne in vu.manquantes if colonne.requise]
        absentes = [colonne.nom for colonne in requises if not colonne.origine]
        sort = REFUSES if absentes else EN_DOUBLE if vu.doubles else A_COMPLETER if requises else ENTIERS
        compte.fichiers[sort] += 1
        compte.lignes[sort] += lignes
        compte.manquantes.update(absentes[:1])
    return compte


if __name__ == "__main__":
    print(recenser(lire(Path(sys.argv[1])), sources()["subventions"].table))
