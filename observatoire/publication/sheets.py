"""How a table becomes a sheet people can filter, read and print; what is typed, what stays text whatever it says.

Every text is written as a text: none becomes a formula, an address or a number. What the sheets hold is `workbook`'s.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

LONGUEUR = 32_767  # UTF-16 units in a cell: the limit of the format
SUITE = " […] (texte coupé : il est entier dans les fichiers CSV)"
ILLISIBLES = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
INTERDITS = re.compile(r"[\[\]:*?/\\\x00-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
ORANGE, BLEU = "#A14A00", "#1F5C7A"


@dataclass(frozen=True)
class Champ:
    """A column of a sheet.

    Attributes:
        titre: header, unit included.
        note: what a reader sees over the header.
        largeur: in characters.
        decimales: digits shown of a number; the cell keeps them all.
    """

    titre: str
    note: str = ""
    largeur: int = 14
    decimales: int = 0


@dataclass
class Ecrits:
    """What had to be changed of the texts to fit a spreadsheet: said on the sheet of notes."""

    coupes: int = 0
    nettoyes: int = 0


@dataclass
class Classeur:
    """A workbook being written, row after row, on disk as it goes.

    Attributes:
        chemin: the file.
        nature: of the release; a demonstration is said on every sheet and every printed page.
        pied: what the foot of every printed page says.
        cree_le: creation time written in the file: the same release, the same bytes.
    """

    chemin: Path
    nature: str
    pied: str
    cree_le: datetime
    ecrits: Ecrits = field(default_factory=Ecrits)
    _noms: list[str] = field(default_factory=list)
    _formats: dict[tuple[tuple[str, Any], ...], Format] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open the file: constant memory, and nothing guessed of a text."""
        options = {
            "constant_memory": True,
            "tmpdir": str(self.chemin.parent),
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": False,
        }
        self.sortie = xlsxwriter.Workbook(str(self.chemin), options)

    @property
    def est_demonstration(self) -> bool:
        """Whether what is written must not be cited."""
        return self.nature == "demonstration"

    def style(self, **proprietes: Any) -> Format:
        """Return a format, made once."""
        cle = tuple(sorted(proprietes.items()))
        if cle not in self._formats:
            self._formats[cle] = self.sortie.add_format({"valign": "top", "font_name": "Calibri", **proprietes})
        return self._formats[cle]

    def sheet(self, titre: str) -> tuple[Worksheet, str]:
        """Add a sheet, banner and printed header included; return it and its name."""
        nom = sheet_name(titre, self._noms)
        self._noms.append(nom)
        feuille = self.sortie.add_worksheet(nom)
        feuille.set_landscape()
        feuille.set_paper(9)
        feuille.fit_to_pages(1, 0)
        feuille.set_margins(left=0.4, right=0.4, top=0.8, bottom=0.8)
        entete = "&L&A"
        if self.est_demonstration:
            feuille.set_tab_color(ORANGE)
            entete += "&C&\"-,Bold\"&KA14A00 DÉMONSTRATION : données fabriquées, ne pas citer"
        feuille.set_header(f"{entete}&R&P / &N")
        feuille.set_footer(f"&L{self.pied.replace('&', '&&')[:200]}")
        return feuille, nom

    def banner(self, feuille: Worksheet, titre: str) -> None:
        """Write the first row: what the sheet is; of a demonstration, that first."""
        couleur = ORANGE if self.est_demonstration else BLEU
        style = self.style(bold=True, font_size=14, font_color="#FFFFFF", bg_color=couleur)
        alerte = "DÉMONSTRATION : données fabriquées, ne pas citer — " if self.est_demonstration else ""
        feuille.set_row(0, 22, style)
        self.text(feuille, 0, 0, alerte + titre, style)

    def text(self, feuille: Worksheet, ligne: int, colonne: int, texte: str, style: Format | None = None) -> None:
        """Write a text as a text."""
        feuille.write_string(ligne, colonne, self.clean(texte), style or self.style())

    def paragraph(self, feuille: Worksheet, ligne: int, cellules: list[tuple[str, int]]) -> None:
        """Write a row of texts that wrap, each with the width of its column: nobody sets a height at opening."""
        lignes = 1
        for rang, (texte, largeur) in enumerate(cellules):
            self.text(feuille, ligne, rang, texte, self.style(text_wrap=True, bold=rang == 0))
            lignes = max(lignes, sum(-(-max(len(part), 1) * 11 // (10 * largeur)) for part in texte.split("\n")))
        feuille.set_row(ligne, 15 * lignes)

    def clean(self, texte: str) -> str:
        """Fit a text in a cell: characters no spreadsheet reads are marked, what is too long is cut and says so."""
        propre = ILLISIBLES.sub("\ufffd", texte.replace("\r\n", "\n").replace("\r", "\n"))
        # this mark makes the library take the text for its own XML
        if propre.startswith("<r>"):
            propre = f" {propre}"
        if len(propre) > LONGUEUR // 2 and _units(propre) > LONGUEUR:
            propre = _cut(propre, LONGUEUR - len(SUITE)) + SUITE
            self.ecrits.coupes += 1
        elif propre != texte:
            self.ecrits.nettoyes += 1
        return propre

    def table(
        self,
        titre: str,
        champs: list[Champ],
        lignes: Iterable[list[Any]],
        decimales: int | None = None,
        imprimees: int | None = None,
    ) -> None:
        """Write a table on its own sheet: headers that stay, filters, notes.

        Args:
            titre: of the sheet.
            champs: its columns.
            lignes: cells, in the order of the columns: text, number, date, boolean or nothing.
            decimales: rank of the column that says how many decimals the numbers of the row show.
            imprimees: number of the first columns that go on paper, all of them when it is not given.
        """
        feuille, _ = self.sheet(titre)
        self.banner(feuille, titre)
        for rang, champ in enumerate(champs):
            feuille.set_column(rang, rang, champ.largeur)
        self._back_link(feuille)
        entete = self.style(bold=True, text_wrap=True, bg_color="#E6EDF2", border=1, border_color="#9AA7B0")
        feuille.set_row(2, 48)
        for rang, champ in enumerate(champs):
            self.text(feuille, 2, rang, champ.titre, entete)
            if champ.note:
                feuille.write_comment(2, rang, champ.note, {"x_scale": 2.2, "y_scale": 1.6, "author": ""})
        nombre = 0
        for nombre, cellules in enumerate(lignes, start=1):
            chiffres = cellules[decimales] if decimales is not None else None
            for rang, cellule in enumerate(cellules):
                self.cell(feuille, 2 + nombre, rang, cellule, champs[rang].decimales if chiffres is None else chiffres)
        feuille.freeze_panes(3, 1)
        feuille.autofilter(2, 0, 2 + max(nombre, 1), len(champs) - 1)
        feuille.repeat_rows(2)
        feuille.print_area(0, 0, 2 + nombre, (imprimees or len(champs)) - 1)

    def cell(self, feuille: Worksheet, ligne: int, colonne: int, valeur: Any, decimales: int = 0) -> None:
        """Write a value under its own type; nothing for nothing."""
        if valeur is None:
            return
        if isinstance(valeur, bool):
            self.text(feuille, ligne, colonne, "oui" if valeur else "non")
        elif isinstance(valeur, int | float | Decimal):
            forme = "#,##0" + ("." + "0" * decimales if decimales else "")
            # a spreadsheet holds doubles: a cent of 90,000 billion euros is still exact
            feuille.write_number(ligne, colonne, float(valeur), self.style(num_format=forme))
        elif isinstance(valeur, datetime):
            feuille.write_datetime(ligne, colonne, valeur, self.style(num_format="yyyy-mm-dd hh:mm"))
        elif isinstance(valeur, date):
            jour = datetime(valeur.year, valeur.month, valeur.day)  # noqa: DTZ001 — a day has no zone
            feuille.write_datetime(ligne, colonne, jour, self.style(num_format="yyyy-mm-dd"))
        else:
            self.text(feuille, ligne, colonne, str(valeur))

    def link(self, feuille: Worksheet, ligne: int, colonne: int, nom: str, texte: str) -> None:
        """Write a link to a sheet of this workbook: the only links there are."""
        cible = "internal:'" + nom.replace("'", "''") + "'!A1"
        feuille.write_url(ligne, colonne, cible, self.style(font_color=BLEU, underline=1), self.clean(texte))

    def _back_link(self, feuille: Worksheet) -> None:
        if self._noms[:-1]:
            self.link(feuille, 1, 0, self._noms[0], "Retour au sommaire")

    def close(self) -> None:
        """Finish the file."""
        self.sortie.close()


def sheet_name(titre: str, pris: Iterable[str]) -> str:
    """Make a name a spreadsheet accepts: 31 characters, none of `[]:*?/\\`, no apostrophe at its ends, not taken."""
    propre = _cut(INTERDITS.sub(" ", titre).strip(" '"), 31).strip(" '") or "Feuille"
    if propre.casefold() in ("history", "historique"):
        propre = f"{propre} (feuille)"
    nom, rang = propre, 1
    while nom.casefold() in {deja.casefold() for deja in pris}:
        rang += 1
        suffixe = f" ({rang})"
        nom = _cut(propre, 31 - len(suffixe)) + suffixe
    return nom


def _units(texte: str) -> int:
    """Count the UTF-16 units a text takes."""
    return len(texte.encode("utf-16-le")) // 2


def _cut(texte: str, unites: int) -> str:
    """Keep the characters that fit in so many UTF-16 units."""
    return texte.encode("utf-16-le")[: 2 * unites].decode("utf-16-le", errors="ignore")
