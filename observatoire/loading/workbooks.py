"""Rows of a workbook, as text: the visible sheet that holds the table, merged ranges said on each of their rows.

XLSX is read by openpyxl, XLS, ODS and XLSB by calamine, which sees neither hidden rows nor a formula never computed.
Text, identifiers and dates of a merged range repeat; an amount is that of all its rows together, counted once.
"""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import python_calamine

from observatoire.loading.headers import header_place, known_headers, match_headers
from observatoire.obstacle import Obstacle
from observatoire.schemas import EUROS, Table
from observatoire.words import expected_of

SANS_CALCUL = "=formule"


@dataclass
class Classeur:
    """What a workbook says beside its cells.

    Attributes:
        fusions: for each row that shares a merged amount, the rows that share it.
        masquees: hidden rows, read like the others.
        est_aveugle: hidden rows and formulas never computed cannot be seen in this format.
    """

    fusions: dict[int, str] = field(default_factory=dict)
    masquees: int = 0
    est_aveugle: bool = False


@dataclass(frozen=True)
class Plage:
    """A merged range: its first and last rows, from 1, and its first column, from 0."""

    debut: int
    fin: int
    colonne: int


@dataclass
class Feuille:
    """A sheet: its rows (number from 1, cells), and what is known of them apart."""

    titre: str
    rangs: Iterator[tuple[int, list[Any]]]
    fusions: list[Plage] = field(default_factory=list)
    sans_calcul: set[tuple[int, int]] = field(default_factory=set)
    masquees: int = 0


def workbook_records(chemin: Path, table: Table, classeur: Classeur) -> Iterator[tuple[int, list[str]]]:
    """Yield (row, cells as text) of the visible sheet that holds the table; two such sheets refuse the workbook."""
    classeur.est_aveugle = chemin.suffix.lower() != ".xlsx"
    with (_by_calamine if classeur.est_aveugle else _by_openpyxl)(chemin, table) as feuille:
        classeur.masquees = feuille.masquees
        yield from _rows(feuille, table, classeur)


def _rows(feuille: Feuille, table: Table, classeur: Classeur) -> Iterator[tuple[int, list[str]]]:
    remplies = ((n, cellules) for n, cellules in feuille.rangs if any(mot not in (None, "") for mot in cellules))
    debut = [(n, [_as_text(cellule) for cellule in cellules]) for n, cellules in islice(remplies, 20)]
    place = header_place(debut, table) if debut else 0
    en_tete = debut[place][0] if debut else 0
    positions = match_headers(debut[place][1], table).positions if debut else {}
    colonnes = {place: table.colonne(nom) for nom, place in positions.items()}
    montants = {place for place, colonne in colonnes.items() if colonne is not None and colonne.type == EUROS}
    libres = {place for place, colonne in colonnes.items() if colonne is not None and not expected_of(colonne).sorte}
    plages = sorted((p for p in feuille.fusions if p.debut > en_tete and p.fin > p.debut), key=lambda p: p.debut)
    ouvertes: list[tuple[Plage, str]] = []
    largeur = 0
    for n, cellules in chain(debut, ((n, [_as_text(cellule) for cellule in suite]) for n, suite in remplies)):
        # a row may stop at its last cell written: what follows is empty, not missing
        largeur = max(largeur, len(cellules))
        cellules += [""] * (largeur - len(cellules))
        ouvertes = [(plage, mot) for plage, mot in ouvertes if plage.fin >= n]
        while plages and plages[0].debut <= n:
            plage = plages.pop(0)
            if plage.debut == n and plage.colonne < largeur:
                ouvertes.append((plage, cellules[plage.colonne]))
        for plage, mot in ouvertes:
            if plage.colonne not in montants:
                cellules[plage.colonne] = mot
            elif table.convention:
                cellules[plage.colonne] = mot
                classeur.fusions[n] = f"lignes {plage.debut} à {plage.fin}"
        for place in (place for place in colonnes if (n, place) in feuille.sans_calcul):
            cellules[place] = "" if place in libres else SANS_CALCUL
        yield n, cellules


@contextmanager
def _by_openpyxl(chemin: Path, table: Table) -> Iterator[Feuille]:
    import openpyxl  # long to load, for the few sources that are workbooks

    try:
        classeur = openpyxl.load_workbook(chemin, read_only=True, data_only=True)
    except AttributeError:  # what the library makes of a sheet that is but a chart
        raise Obstacle(
            f"{chemin.name} : ce classeur a une feuille de graphique, qui empêche de le lire. Enregistrer la feuille "
            "du tableau seule, en CSV (UTF-8) ou en XLSX, puis relancer."
        ) from None
    try:
        visibles = {feuille.title: feuille for feuille in classeur.worksheets if feuille.sheet_state == "visible"}
        hauts = {titre: list(islice(feuille.iter_rows(values_only=True), 20)) for titre, feuille in visibles.items()}
        titre = _sheet_of_table(chemin, table, hauts)
        rangs = enumerate(map(list, visibles[titre].iter_rows(values_only=True)), start=1)
        feuille = Feuille(titre, rangs)
        partie: Any = visibles[titre]
        _read_apart(chemin, partie._worksheet_path, feuille)
        yield feuille
    finally:
        classeur.close()


def _read_apart(chemin: Path, partie: str, feuille: Feuille) -> None:
    """Read what openpyxl does not say of a sheet that it does not hold whole: merged, hidden, never computed."""
    from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries

    with zipfile.ZipFile(chemin) as archive, archive.open(partie) as xml:
        for _, element in ElementTree.iterparse(xml):  # noqa: S314 — as openpyxl has just done
            nom = element.tag.rpartition("}")[2]
            if nom == "mergeCell":
                colonne, debut, _, fin = range_boundaries(element.get("ref") or "A1")
                feuille.fusions.append(Plage(int(debut or 1), int(fin or 1), int(colonne or 1) - 1))
            elif nom == "row":
                feuille.masquees += element.get("hidden") in ("1", "true")
                element.clear()
            elif nom == "c" and (lieu := element.get("r")) and _is_not_computed(element):
                ligne, colonne = coordinate_to_tuple(lieu)
                feuille.sans_calcul.add((ligne, colonne - 1))


def _is_not_computed(cellule: ElementTree.Element) -> bool:
    enfants = {enfant.tag.rpartition("}")[2]: enfant for enfant in cellule}
    return "f" in enfants and ("v" not in enfants or not enfants["v"].text)


@contextmanager
def _by_calamine(chemin: Path, table: Table) -> Iterator[Feuille]:
    with python_calamine.CalamineWorkbook.from_path(chemin) as classeur:
        visibles = {
            dite.name: classeur.get_sheet_by_name(dite.name)
            for dite in classeur.sheets_metadata
            if dite.visible == python_calamine.SheetVisibleEnum.Visible
            and dite.typ == python_calamine.SheetTypeEnum.WorkSheet
        }
        titre = _sheet_of_table(chemin, table, {nom: list(islice(f.iter_rows(), 20)) for nom, f in visibles.items()})
        lue = visibles[titre]
        premiere, decalage = lue.start or (0, 0)
        rangs = enumerate(map(list, lue.iter_rows()), start=premiere + 1)
        fusions = [
            Plage(haut + 1, bas + 1, gauche - decalage) for (haut, gauche), (bas, _) in lue.merged_cell_ranges or []
        ]
        yield Feuille(titre, rangs, fusions)


def _sheet_of_table(chemin: Path, table: Table, hauts: dict[str, list[Any]]) -> str:
    """Return the title of the visible sheet that has a row of headers of the table near its top."""
    if not hauts:
        raise Obstacle(f"{chemin.name} : aucune feuille visible. Afficher celle du tableau, puis relancer.")
    tableaux = [
        titre
        for titre, rangs in hauts.items()
        if any(known_headers([_as_text(cellule) for cellule in cellules], table) > 1 for cellules in rangs)
    ]
    if len(tableaux) > 1:
        raise Obstacle(
            f"{chemin.name} : plusieurs feuilles portent un tableau ({', '.join(tableaux)}). "
            "Déposer un fichier par feuille, ou masquer celles qui ne sont pas à lire."
        )
    return (tableaux or list(hauts))[0]


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
