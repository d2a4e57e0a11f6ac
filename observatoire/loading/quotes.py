"""Records of a text cut by its separators and quotes; a quote that swallows other records is read as a character.

A quote opened in one row and closed in a later one hides all the rows between, and what is left looks sound. Such a
record is told by its lines: read alone, one of them is a row of the table. A quoted address on three lines is not.
"""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO, NamedTuple

from observatoire.obstacle import Obstacle
from observatoire.words import Attendu, read

FIN = "\x1e\x1efin du fichier\x1e\x1e"
# of a table that types no column found there, only many cells tell a row from a sentence with separators
CELLULES_SANS_TYPE = 4

csv.field_size_limit(2**27)


class Enregistrement(NamedTuple):
    """A record: its first line, its cells, its lines as the file has them, and whether its quote was a character."""

    ligne: int
    cellules: list[str]
    lignes: list[str]
    est_isole: bool


@dataclass(frozen=True)
class Epreuve:
    """What a line read alone must be, to be a row of the table.

    Attributes:
        separateur: of its cells.
        largeur: number of cells.
        attendus: what the cell at each place must be, free text left out.
    """

    separateur: str
    largeur: int
    attendus: dict[int, Attendu]

    def read_alone(self, ligne: str) -> list[str] | None:
        """Return the cells of a line, where quotes that do not enclose a cell are characters; None if it is no row."""
        cellules = _cut(ligne, self.separateur)
        if len(cellules) < max(self.largeur, 2) or any(cellules[self.largeur :]):
            return None
        ecrits = [(mot, self.attendus[place]) for place in self.attendus if (mot := cellules[place].strip())]
        if any('"' in mot or read(mot, attendu).valeur is None for mot, attendu in ecrits):
            return None
        return cellules if ecrits or (not self.attendus and self.largeur >= CELLULES_SANS_TYPE) else None


def _cut(ligne: str, separateur: str) -> list[str]:
    signe = re.escape(separateur)
    cellule = re.compile(rf'(?:"((?:[^"]|"")*)"|([^{signe}]*))({signe}|$)', re.DOTALL)
    nue, cellules, place = ligne.rstrip("\r\n"), [], 0
    while (trouvee := cellule.match(nue, place)) is not None:
        entre_guillemets, simple, suite = trouvee.groups()
        cellules.append(simple if entre_guillemets is None else entre_guillemets.replace('""', '"'))
        if not suite:
            break
        place = trouvee.end()
    return cellules


class _Lignes:
    """The lines of a text, which can be given back; those taken since the last record are kept."""

    def __init__(self, flux: Iterable[str]) -> None:
        # the mark comes back alone, unless a quote left open has swallowed all that follows it
        self.flux = chain(flux, [FIN])
        self.rendues: deque[str] = deque()
        self.prises: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        ligne = self.rendues.popleft() if self.rendues else next(self.flux)
        self.prises.append(ligne)
        return ligne


def text_records(flux: Iterable[str], separateur: str, nom: str, epreuve: Epreuve | None) -> Iterator[Enregistrement]:
    """Yield the records of a text, blank lines apart; a record may span several lines.

    Args:
        flux: the lines, ends included.
        separateur: of the cells.
        nom: of the file, for messages.
        epreuve: how a swallowed row is told; None as long as the header is not known.

    Raises:
        Obstacle: a quote is never closed, and its line is no row without it.
    """
    lignes = _Lignes(flux)
    ligne, suivante = 1, 1
    for cellules in csv.reader(lignes, delimiter=separateur):
        prises, lignes.prises = lignes.prises, []
        ligne, suivante = suivante, suivante + len(prises)
        ouvert = bool(cellules) and cellules[-1].endswith(FIN) and prises != [FIN]
        seules = epreuve.read_alone(prises[0]) if epreuve is not None and len(prises) > 1 else None
        avale = epreuve is not None and _swallows(prises, seules is not None, epreuve)
        if avale and seules is not None:
            lignes.rendues.extendleft(reversed(prises[1:]))
            suivante = ligne + 1
            yield Enregistrement(ligne, seules, prises[:1], True)
        elif ouvert and epreuve is None and ligne > 1:
            return
        elif ouvert or avale:
            raise Obstacle(
                f"{nom} : un guillemet ouvert à l'enregistrement de la ligne {ligne} n'est jamais refermé, ou l'est "
                "dans une autre ligne. Corriger cette ligne, ou télécharger le fichier à nouveau s'il est tronqué."
            )
        elif cellules and prises != [FIN]:
            yield Enregistrement(ligne, cellules, prises, False)


def _swallows(lignes: list[str], est_premiere_une_ligne: bool, epreuve: Epreuve) -> bool:
    """Say whether the lines of a record hold rows: one inside, or the first and the last, which a sound cell cuts."""
    interieures = any(epreuve.read_alone(ligne) is not None for ligne in lignes[1:-1])
    return interieures or (est_premiere_une_ligne and epreuve.read_alone(lignes[-1]) is not None)


def may_swallow(flux: Iterable[str], epreuve: Epreuve) -> bool:
    """Say whether a quote of a text may swallow rows, from its lines alone: to be looked at if so."""
    ouverte = None
    for ligne in flux:
        impaire = ligne.count('"') % 2 == 1
        if ouverte is None:
            ouverte = ligne if impaire else None
        elif epreuve.read_alone(ligne) is not None and not (impaire and epreuve.read_alone(ouverte) is None):
            return True
        elif impaire:
            ouverte = None
    return False


def write_without_stray(records: Iterable[Enregistrement], separateur: str, sortie: IO[str]) -> list[int]:
    """Write the records of a text as they are, but the stray quotes, doubled as a quoted cell wants them.

    Returns:
        The ranks, from 1, of the records that had one.
    """
    isoles = []
    ecrire = csv.writer(sortie, delimiter=separateur, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for rang, record in enumerate(records, start=1):
        if record.est_isole:
            isoles.append(rang)
            ecrire.writerow(record.cellules)
        else:
            sortie.writelines(record.lignes)
    return isoles
