"""How the bytes of a text are read: the mark at their beginning, UTF-8, UTF-16, cp1252, or several, line by line."""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

from observatoire.loading.archives import open_bytes
from observatoire.obstacle import Obstacle

# an accented letter, or a curly quote, of UTF-8: in another encoding, « Ã© » or « â€™ », that nobody writes
EN_UTF8 = re.compile(rb"\xc3[\x80-\xbf]|\xe2\x80[\x80-\xbf]")
AUTRE_ENCODAGE = "observatoire.autre_encodage"


def _in_cp1252(erreur: UnicodeError) -> tuple[str, int]:
    """Read as cp1252 the bytes that are not UTF-8, in a line that has both."""
    if not isinstance(erreur, UnicodeDecodeError):
        raise erreur
    return erreur.object[erreur.start : erreur.end].decode("cp1252", errors="replace"), erreur.end


codecs.register_error(AUTRE_ENCODAGE, _in_cp1252)


@dataclass(frozen=True)
class Encodage:
    """How a text is written.

    Attributes:
        nom: of the codec; of the one that reads the lines UTF-8 does not, when they are mixed.
        marque: bytes of a UTF-8 mark that the codec would take for characters.
        melees: numbers of the first lines that are not in UTF-8, in a text that has others that are.
    """

    nom: str
    marque: int = 0
    melees: tuple[int, ...] = ()


def encoding_of(chemin: Path) -> Encodage:
    """Tell how a text is written, over the whole file: cp1252 (bytes 0x80–0x9F are its € ’ œ) from ISO-8859-1 too.

    UTF-16 is what Excel calls « Texte Unicode ».

    Raises:
        Obstacle: the file ends in the middle of a character.
    """
    with open_bytes(chemin) as flux:
        debut = flux.read(64)
        if seize := _utf16_of(debut):
            return Encodage(seize)
        decodeur = codecs.getincrementaldecoder("utf-8")()
        accents = False
        try:
            for morceau in chain([debut], iter(lambda: flux.read(2**22), b"")):
                accents = not decodeur.decode(morceau).removeprefix("\ufeff").isascii() or accents
            if not decodeur.getstate()[0]:
                return Encodage("utf-8-sig")
            if accents:
                raise Obstacle(
                    f"{chemin.name} : fichier tronqué au milieu d'un caractère. Le télécharger à nouveau, puis "
                    "relancer."
                )
        except UnicodeDecodeError:
            pass
    return _of_lines(chemin)


def _utf16_of(debut: bytes) -> str:
    """Name the UTF-16 a text begins by, marked or not: half of the bytes of plain words are null."""
    if debut[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    for decalage, nom in ((1, "utf-16-le"), (0, "utf-16-be")):
        nuls, autres = debut[decalage::2], debut[1 - decalage :: 2]
        if len(nuls) > 4 and nuls.count(0) * 10 >= len(nuls) * 9 and 0 not in autres:
            return nom
    return ""


def _of_lines(chemin: Path) -> Encodage:
    """Tell the encoding of a text that is not all UTF-8, from each of its lines."""
    cp1252, en_utf8, melees = False, False, []
    marque = 0
    with open_bytes(chemin) as flux:
        for numero, ligne in enumerate(flux, start=1):
            if numero == 1 and ligne.startswith(codecs.BOM_UTF8):
                marque = len(codecs.BOM_UTF8)
                ligne = ligne[marque:]  # noqa: PLW2901 — what follows the mark
            if ligne.isascii():
                continue
            try:
                ligne.decode()
                en_utf8 = True
            except UnicodeDecodeError:
                cp1252 = cp1252 or re.search(rb"[\x80-\x9f]", ligne) is not None
                en_utf8 = en_utf8 or EN_UTF8.search(ligne) is not None
                melees.append(numero)
    return Encodage("cp1252" if cp1252 else "iso-8859-1", marque, tuple(melees) if en_utf8 else ())


def decoded_lines(octets: IO[bytes], encodage: Encodage) -> Iterator[str]:
    """Yield the lines of a text, ends included and untouched."""
    octets.read(encodage.marque)
    if not encodage.melees:
        # cp1252 leaves five bytes undefined: replaced by « � », seen, rather than refusing the file
        yield from io.TextIOWrapper(octets, encoding=encodage.nom, errors="replace", newline="")
        return
    for ligne in octets:
        lue = ligne.decode("utf-8", errors=AUTRE_ENCODAGE)
        # an end of line of old machines may stand inside
        yield from io.StringIO(lue, newline="") if "\r" in lue[:-2] else (lue,)
