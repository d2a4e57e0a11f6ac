"""Valid files spoilt in one known way, and what the way allows: which rows must be kept, which may be refused."""

import codecs
import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tests.depots import en_csv

MAUVAIS = Path(__file__).parents[1] / "sources" / "mauvais"


@dataclass(frozen=True)
class Modele:
    """How a valid file of a source is made.

    Attributes:
        fichier: name of its file.
        montant: header of its amount.
        colonne: column of the table that amount becomes.
        mot: header of a free text.
        varie: header that tells a row from another, and how it is written for the row of a rank.
        derniere: header put last: it holds no amount, whose digits a cut would change without a trace.
    """

    fichier: str
    montant: str
    colonne: str
    mot: str
    varie: tuple[str, Callable[[int], str]]
    derniere: str


MODELES = {
    "subventions": Modele("s_2024.csv", "montant", "montant_eur", "objet", ("objet", "mot {}".format), "nature"),
    "participations": Modele(
        "p.csv", "montant_eur", "montant_eur", "citation", ("societe", "société {}".format), "document"
    ),
    "budget_scdl": Modele(
        "b_2024.csv", "BGT_MTPREV", "mtprev_eur", "BGT_NATURE_LABEL", ("BGT_CONTNAT", "6{:04}".format), "BGT_NOM"
    ),
    "balances_dgfip": Modele("b_2024.csv", "sd", "sd_eur", "lbudg", ("compte", "6{:04}".format), "bal"),
}


@dataclass(frozen=True)
class Mutation:
    """A spoilt file.

    Attributes:
        octets: the file.
        montants: amounts of all its rows.
        touches: those whose row may be refused, if it is told; the others are kept, or the whole file is refused.
        lignes: rows of data it has.
    """

    octets: bytes
    montants: frozenset[Decimal]
    touches: frozenset[Decimal]
    lignes: int


def valid_rows(nom: str, nombre: int, hasard: random.Random) -> list[dict[str, str]]:
    """Make that many good rows of a source, each with an amount of its own."""
    modele = MODELES[nom]
    with (MAUVAIS / f"{nom}.csv").open(encoding="utf-8", newline="") as flux:
        bonne = next(iter(csv.DictReader(flux)))
    bonne = {titre: mot for titre, mot in bonne.items() if titre != "attendu" and (mot or titre == modele.montant)}
    bonne[modele.derniere] = bonne.pop(modele.derniere)
    titre, ecrire = modele.varie
    centimes = hasard.sample(range(1, 10_000_000), nombre)
    return [
        {**bonne, modele.mot: f"mot {rang}", titre: ecrire(rang), modele.montant: f"{somme / 100:.2f}"}
        for rang, somme in enumerate(centimes, start=1)
    ]


def _cells(rangs: list[dict[str, str]]) -> list[list[str]]:
    return [list(rangs[0]), *(list(rang.values()) for rang in rangs)]


def _write(cellules: list[list[str]], separateur: str = ";", fin: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    flux = io.StringIO()
    csv.writer(flux, delimiter=separateur, lineterminator=fin, quoting=quoting).writerows(cellules)
    return flux.getvalue()


def _lines(rangs: list[dict[str, str]]) -> list[str]:
    return _write(_cells(rangs)).splitlines(keepends=True)


Gachis = Callable[[list[dict[str, str]], Modele, random.Random], tuple[bytes, set[int]]]


def _dialect(rangs, modele, hasard):
    quoting = hasard.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    texte = _write(_cells(rangs), hasard.choice(";,\t|"), hasard.choice(("\n", "\r\n", "\r")), quoting)
    return texte.encode(hasard.choice(("utf-8", "utf-8-sig", "cp1252", "utf-16"))), set()


def _mark_and_cp1252(rangs, modele, hasard):
    return codecs.BOM_UTF8 + "".join(_lines(rangs)).encode("cp1252"), set()


def _mixed_encodings(rangs, modele, hasard):
    lignes = [ligne.replace("mot", "été") for ligne in _lines(rangs)]
    return b"".join(ligne.encode(hasard.choice(("utf-8", "cp1252"))) for ligne in lignes), set()


def _open_quote(rangs, modele, hasard):
    """Open a quote in the text of a row; close it in that of a later one, or never."""
    lignes, place = _lines(rangs), hasard.randrange(1, len(rangs))
    lignes[place] = lignes[place].replace("mot", '"mot', 1)
    if hasard.random() < 0.7:
        autre = hasard.randrange(place + 1, len(rangs) + 1)
        lignes[autre] = lignes[autre].replace(f"mot {autre};", f'mot {autre}";', 1)
    return "".join(lignes).encode(), set()


def _quoted_lines(rangs, modele, hasard):
    """Put separators, quotes and ends of lines in a text, quoted as they should be."""
    rang = hasard.choice(rangs)
    rang[modele.mot] = hasard.choice(('a;b\n"c"', "a\nb\nc", '12; rue "x"', "\n\n;;"))
    return "".join(_write(_cells(rangs))).encode(), set()


def _shuffled_columns(rangs, modele, hasard):
    titres = list(rangs[0])
    hasard.shuffle(titres)
    titres.insert(hasard.randrange(len(titres)), "colonne inconnue")
    cellules = [titres, *([rang.get(titre, "?") for titre in titres] for rang in rangs)]
    cellules[0] = [hasard.choice((str, str.upper, str.lower, "{} ".format))(titre) for titre in titres]
    return _write(cellules).encode(), set()


def _extra_separator(rangs, modele, hasard):
    lignes, place = _lines(rangs), hasard.randrange(1, len(rangs) + 1)
    lignes[place] = lignes[place].replace("mot", "m;ot", 1)
    return "".join(lignes).encode(), {place - 1}


def _lost_separator(rangs, modele, hasard):
    lignes, place = _lines(rangs), hasard.randrange(1, len(rangs) + 1)
    lignes[place] = lignes[place].replace(";mot", "mot", 1)
    return "".join(lignes).encode(), {place - 1}


def _null_bytes(rangs, modele, hasard):
    lignes, place = _lines(rangs), hasard.randrange(1, len(rangs) + 1)
    lignes[place] = lignes[place].replace("mot", "m\0\0t", 1)
    return "".join(lignes).encode(), {place - 1}


def _strange_byte(rangs, modele, hasard):
    octets = "".join(_lines(rangs)).encode("cp1252" if hasard.random() < 0.5 else "utf-8")
    place = octets.index(f"mot {hasard.randrange(1, len(rangs) + 1)};".encode())
    return octets[:place] + bytes([hasard.randrange(0x80, 0x100)]) + octets[place + 1 :], set()


def _blank_lines_and_titles(rangs, modele, hasard):
    lignes = _lines(rangs)
    lignes.insert(hasard.randrange(2, len(lignes)), "\n")
    return ("Un titre\n\n" + "".join(lignes)).encode(), set()


def _cut(rangs, modele, hasard):
    """Cut the end of the file, inside its last row: its last cell tells no amount."""
    texte = "".join(_lines(rangs))
    perdus = hasard.randrange(1, len(_lines(rangs)[-1]))
    return texte[: len(texte) - perdus].encode(), {len(rangs) - 1}


def _other_amounts(rangs, modele, hasard):
    """Write amounts as people do; one of them in a way that has two meanings."""
    for rang in rangs:
        montant = Decimal(rang[modele.montant])
        groupe = f"{montant:,.2f}"
        rang[modele.montant] = hasard.choice(
            (
                *(str(montant), groupe.replace(",", " ").replace(".", ","), f"{montant} €".replace(".", ",")),
                *(groupe.replace(",", "\u202f").replace(".", ","), f"+{montant}", f" {montant} "),
            )
        )
    return _write(_cells(rangs)).encode(), set()


def _ambiguous_amount(rangs, modele, hasard):
    place = hasard.randrange(len(rangs))
    rangs[place][modele.montant] = hasard.choice(("15.000", "-", "beaucoup", "12 34", "1;5", "=A1", "#REF!"))
    return _write(_cells(rangs)).encode(), {place}


GACHIS: dict[str, Gachis] = {fonction.__name__.lstrip("_"): fonction for fonction in (
    _dialect, _mark_and_cp1252, _mixed_encodings, _open_quote, _quoted_lines, _shuffled_columns, _extra_separator,
    _lost_separator, _null_bytes, _strange_byte, _blank_lines_and_titles, _cut, _other_amounts, _ambiguous_amount,
)}  # fmt: skip


def mutate(nom: str, graine: int) -> tuple[str, Mutation]:
    """Spoil a valid file of a source in one way, the same for the same seed."""
    hasard = random.Random(f"{nom}-{graine}")  # noqa: S311 — the same for the same seed
    rangs = valid_rows(nom, hasard.randrange(4, 12), hasard)
    montants = [Decimal(rang[MODELES[nom].montant]) for rang in rangs]
    gachis = list(GACHIS)[graine % len(GACHIS)]
    octets, touches = GACHIS[gachis](rangs, MODELES[nom], hasard)
    touchees = frozenset(montants[place] for place in touches)
    return gachis, Mutation(octets, frozenset(montants), touchees, len(montants))


def valid_file(nom: str, nombre: int = 8) -> bytes:
    """Write a valid file, not spoilt."""
    return en_csv(valid_rows(nom, nombre, random.Random(0))).encode()  # noqa: S311 — the same rows every time
