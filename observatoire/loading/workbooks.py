"""Rows of a workbook: the visible sheet that holds the table, cells as text."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl

from observatoire.loading.headers import known_headers
from observatoire.obstacle import Obstacle
from observatoire.schemas import Table


def workbook_records(chemin: Path, table: Table) -> Iterator[tuple[int, list[str]]]:
    """Yield (row, cells as text) of the visible sheet that holds the table; two such sheets refuse the workbook."""
    try:
        classeur = openpyxl.load_workbook(chemin, read_only=True, data_only=True)
    except AttributeError:  # what the library makes of a sheet that is but a chart
        raise Obstacle(
            f"{chemin.name} : ce classeur a une feuille de graphique, qui empêche de le lire. Enregistrer la feuille "
            "du tableau seule, en CSV (UTF-8) ou en XLSX, puis relancer."
        ) from None
    largeur = 0
    try:
        visibles = [feuille for feuille in classeur.worksheets if feuille.sheet_state == "visible"]
        tableaux = [feuille for feuille in visibles if _holds(feuille, table)]
        if not visibles:
            raise Obstacle(f"{chemin.name} : aucune feuille visible. Afficher celle du tableau, puis relancer.")
        if len(tableaux) > 1:
            raise Obstacle(
                f"{chemin.name} : plusieurs feuilles portent un tableau ({', '.join(f.title for f in tableaux)}). "
                "Déposer un fichier par feuille, ou masquer celles qui ne sont pas à lire."
            )
        feuille = (tableaux or visibles)[0]
        for ligne, cellules in enumerate(feuille.iter_rows(values_only=True), start=1):
            if any(cellule is not None for cellule in cellules):
                # a row may stop at its last cell written: what follows is empty, not missing
                largeur = max(largeur, len(cellules))
                yield ligne, [_as_text(cellule) for cellule in cellules] + [""] * (largeur - len(cellules))
    finally:
        classeur.close()


def _holds(feuille: Any, table: Table) -> bool:
    """Say whether a sheet has a row of headers of the table near its top."""
    hauts = islice(feuille.iter_rows(values_only=True), 20)
    return any(known_headers([_as_text(cellule) for cellule in cellules], table) > 1 for cellules in hauts)


def _as_text(cellule: Any) -> str:
    if cellule is None:
        return ""
    if isinstance(cellule, bool):
        return "true" if cellule else "false"
    if isinstance(cellule, float):
        # fifteen digits, as Excel shows: 1234.56 may be stored as 1234.5600000000001
        return str(int(cellule)) if cellule.is_integer() else format(cellule, ".15g")
    if isinstance(cellule, datetime):
        return cellule.date().isoformat() if cellule.time() == cellule.min.time() else cellule.isoformat()
    return cellule.isoformat() if isinstance(cellule, date) else str(cellule)
