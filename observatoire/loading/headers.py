"""Headers as producers write them, and the columns of a table they name: by declared names, never by guessing.

Reading a file, and refusing it, belong to `records`.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from observatoire.schemas import Colonne, Table

# « (AAAA-MM-JJ) », « (JJ/MM/AAAA) », « (en euros) »: how the values are written, which is no part of the name
FORMAT = re.compile(r"\((?:format)?[ ajmyd/_.\-]*\)|\((?:en )?(?:€|euros?|eur)\)")
# Opendatasoft writes « N° SIRET » as « ndeg_siret »
NUMERO = re.compile(r"(?<![a-z])(?:ndeg_?|n[°º])")


@dataclass
class Reconnaissance:
    """What the columns of a table are called in a header.

    Attributes:
        positions: place of each column found; of the first, when several headers name it.
        doubles: the other places of a column that several headers name.
        dites: what a header says of every row, by column.
        manquantes: columns not found, in the order of the table.
    """

    positions: dict[str, int] = field(default_factory=dict)
    doubles: dict[str, list[int]] = field(default_factory=dict)
    dites: dict[str, str] = field(default_factory=dict)
    manquantes: list[Colonne] = field(default_factory=list)


@lru_cache(maxsize=16_384)
def header_key(en_tete: str | None) -> str:
    """Reduce a header to its letters and digits, without accents, case, or the format it may announce."""
    mots = NUMERO.sub("n", FORMAT.sub(" ", (en_tete or "").lower()))
    decompose = unicodedata.normalize("NFKD", mots)
    return re.sub(r"[^a-z0-9]", "", decompose.encode("ascii", "ignore").decode())


def match_headers(en_tete: list[str], table: Table) -> Reconnaissance:
    """Find the columns of a table in a header: by their sure names first, then by words that say less alone."""
    vu = Reconnaissance()
    clefs = [header_key(nom) for nom in en_tete]
    attendues = [colonne for colonne in table.colonnes if not colonne.calculee]
    for colonne in attendues:
        _place(vu, colonne, _places(clefs, _sure_names(colonne)))
    sures = set(vu.positions)
    for colonne in attendues:
        if colonne.nom in sures:
            continue
        pris = {place for places in (vu.positions.values(), *vu.doubles.values()) for place in places}
        for nom in (autre for autre in colonne.a_defaut if sures.issuperset(autre.avec)):
            libres = [place for place in _places(clefs, (nom.nom,)) if place not in pris]
            if libres and sures.isdisjoint(nom.sans):
                _place(vu, colonne, libres)
                vu.dites |= dict(nom.dit)
                break
    vu.manquantes = [colonne for colonne in attendues if colonne.nom not in vu.positions]
    return vu


def _sure_names(colonne: Colonne) -> tuple[str, ...]:
    return (colonne.nom, *colonne.en_tetes) if colonne.nom_lu else colonne.en_tetes


def _places(clefs: list[str], noms: Iterable[str]) -> list[int]:
    """Return the places of the headers that these names spell, in the order of the names."""
    voulues = dict.fromkeys(header_key(nom) for nom in noms)
    return [place for voulue in voulues for place, clef in enumerate(clefs) if clef == voulue]


def _place(vu: Reconnaissance, colonne: Colonne, places: list[int]) -> None:
    if places:
        vu.positions[colonne.nom] = places[0]
    if places[1:]:
        vu.doubles[colonne.nom] = places[1:]


def known_headers(cellules: list[str], table: Table) -> int:
    """Count the cells that are headers of the table: how a header row, and a separator, are recognised."""
    attendus = {
        header_key(nom)
        for colonne in table.colonnes
        for nom in (*_sure_names(colonne), *(autre.nom for autre in colonne.a_defaut))
    }
    return len(attendus & {header_key(cellule) for cellule in cellules})


def header_place(debut: list[tuple[int, list[str]]], table: Table) -> int:
    """Find the header: titles may stand above it, it is the row that holds most of the names we know."""
    return max(range(len(debut)), key=lambda rang: (known_headers(debut[rang][1], table), -rang))


def missing_message(manquantes: list[Colonne], en_tete: list[str], inconnues: list[str]) -> str:
    """Say in French every required column a header lacks, what it has, and what it has that resembles them."""
    noms = [f"« {(colonne.en_tetes or (colonne.nom,))[0]} »" for colonne in manquantes]
    absentes = f"la colonne {noms[0]} est absente" + (f", comme {', '.join(noms[1:])}" if noms[1:] else "")
    trouvees = f"colonnes trouvées : {', '.join(f'« {nom} »' for nom in en_tete if nom)}"
    if not en_tete:
        trouvees = "aucun en-tête connu n'a été trouvé"
    proches = [dit for colonne in manquantes if (dit := resemblance(colonne, inconnues))]
    return f"{absentes} ; {trouvees}." + "".join(f" {dit}." for dit in proches)


def resemblance(colonne: Colonne, inconnues: list[str]) -> str:
    """Say in French which unread header resembles a missing column; empty when none does. For people only."""
    clefs = {header_key(nom): nom for nom in reversed(inconnues)}
    for nom in _sure_names(colonne):
        if proche := difflib.get_close_matches(header_key(nom), clefs, 1, 0.8):
            return f"« {clefs[proche[0]]} » ressemble à « {(colonne.en_tetes or (colonne.nom,))[0]} »"
    return ""
