"""Identifiers of legal units, establishments and associations, checked beyond their format.

Vectorised rules for SIREN, SIRET and RNA, and what can be read of them where a spreadsheet has been. What an identifier
*names* (is it in Sirene?) does not belong here.
"""

import re

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as arrow
import pyarrow.compute as pc
from stdnum.fr import siret as _siret

LA_POSTE = "356000000"
# what spreadsheets make of a SIRET, and what people type to fill a mandatory cell
SCIENTIFIC = r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+"
ROUNDED = r"[0-9]{9}00000"
MADE_UP = "|".join(f"{digit}+" for digit in range(10)) + "|11122233344455|12345678901234|123456789"

SIREN_PREFIX = "29"
"""First two digits of every demonstration SIREN: the range 290000000 to 299999999.

It holds exactly one million numbers with a right key. Nothing official reserves it: it is a convention of this
product, which lets a demonstration row be told from a real one wherever it ends up. Sets of more than a million legal
units, which only benches ask for, go on from 300000000 upward, where real units exist, and are not recognised.
"""


def _digits(identifiers: pd.Series, length: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.uint8]]:
    """Say which identifiers are `length` digits; return them as a matrix, a row an identifier, a column a digit."""
    words = identifiers.astype(pd.ArrowDtype(arrow.string())).array.__arrow_array__().combine_chunks()
    measured = pc.fill_null(pc.equal(pc.binary_length(words), length), False)
    # words of one length lie end to end in memory
    packed = words.filter(measured)
    offsets = np.frombuffer(packed.buffers()[1], "int32")[packed.offset :]
    letters = np.frombuffer(packed.buffers()[2] or b"", "uint8")[offsets[0] : offsets[0] + len(packed) * length]
    matrix = letters.reshape(-1, length) - np.uint8(ord("0"))
    numeric = (matrix <= 9).all(axis=1)
    found = np.zeros(len(words), dtype=bool)
    found[measured.to_numpy(zero_copy_only=False)] = numeric
    return found, matrix[numeric]


def _passes_luhn(digits: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Say which rows of digits have a right Luhn key; all zeros has one and names nobody."""
    doubled = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], dtype="uint8")
    total = np.zeros(len(digits), dtype="uint16")
    for place, column in enumerate(reversed(digits.T)):
        total += doubled[column] if place % 2 else column
    valid: npt.NDArray[np.bool_] = (total % 10 == 0) & (total > 0)
    return valid


def is_siren(identifiers: pd.Series) -> pd.Series:
    """Say which strings are valid SIREN: nine digits with their Luhn key (Insee), all zeros refused."""
    valid, digits = _digits(identifiers, 9)
    valid[valid] = _passes_luhn(digits)
    return pd.Series(valid, index=identifiers.index)


def is_siret(identifiers: pd.Series) -> pd.Series:
    """Say which strings are valid SIRET: fourteen digits, Luhn key over the whole and over the SIREN.

    Those of La Poste (SIREN 356000000) are judged by python-stdnum, which knows their exception: head office apart,
    the sum of their digits is a multiple of five.
    """
    numeric, digits = _digits(identifiers, 14)
    valid = numeric.copy()
    # no establishment has the number 00000: a spreadsheet rounded it
    valid[numeric] = _passes_luhn(digits) & _passes_luhn(digits[:, :9]) & digits[:, 9:].any(axis=1)
    la_poste = numeric.copy()
    la_poste[numeric] = (digits[:, :9] == np.array([int(digit) for digit in LA_POSTE])).all(axis=1)
    valid[la_poste] = [_siret.is_valid(word) for word in identifiers[la_poste]]
    return pd.Series(valid, index=identifiers.index)


def is_demonstration(siren: pd.Series) -> pd.Series:
    """Say which strings are SIREN of the demonstration range, key included."""
    return siren.str.startswith(SIREN_PREFIX).fillna(False).astype(bool) & is_siren(siren)


def is_rna(identifiers: pd.Series) -> pd.Series:
    """Say which strings have the form of a number of the Répertoire national des associations: W and nine digits."""
    return identifiers.str.fullmatch(r"W[0-9]{9}").fillna(False).astype(bool)


def is_siren_or_siret(identifiers: pd.Series) -> pd.Series:
    """Say which strings name a legal unit, by its SIREN or by one of its SIRET."""
    return is_siren(identifiers) | is_siret(identifiers)


LABELS = {"", "n", "no", "num", "numero", "numéro", "siret", "siren", "rna", "tva", "id", "code", "de", "du", "le"}
_LENGTHS = {"siren": (9,), "siret": (9, 14), "siren_ou_siret": (9, 14)}
# a spreadsheet that takes a code for a number leaves out the zeros of its SIREN: one or two, rarely three
_SHORTENED = {"siren": ((9, 6),), "siret": ((14, 11),), "siren_ou_siret": ((9, 7), (14, 12))}


def read_identifier(word: str, kind: str) -> tuple[str, str | None]:
    """Read an identifier as people and tools write it: dots, dashes, labels, « .0 », lost zeros, VAT number.

    Zeros are given back only where the Luhn key is right even so. One number in ten has one by chance: it may then name
    somebody else, and whoever reads it is told. What cannot be read is left as it is written.

    Args:
        word: without blanks at its ends.
        kind: siren, siret, siren_ou_siret or rna: what the column should hold.

    Returns:
        the identifier, and the key of `words.DITS` that tells what was done to it, None when it was written plainly.
    """
    # a register saved again by a library has tens of millions of these
    if word.endswith(".0") and len(word) - 2 in _LENGTHS.get(kind, ()) and word.isascii() and word[:-2].isdigit():
        return word[:-2], "point_zero"
    if re.fullmatch(SCIENTIFIC, word):
        return word, "notation_scientifique"
    label, rest = _parted(word)
    bare = re.sub(r"[\s.,_'’`/-]", "", rest).upper()
    if re.fullmatch("W[0-9]{9}", bare):
        if kind != "rna":
            return bare, "rna"
        return bare, None if bare == word else label or ("casse" if bare == word.upper() else "ponctuation")
    if kind == "rna":
        return word, None
    if kind != "siret" and (vat := re.fullmatch("FR([0-9]{2})([0-9]{9})", bare)):
        right = _has_key(vat[2]) and (12 + 3 * (int(vat[2]) % 97)) % 97 == int(vat[1])
        return (vat[2], "tva") if right else (word, None)
    whole = re.sub(r"(?<=[0-9])[.,]0{0,2}$", "", rest)
    digits = re.sub(r"[\s.,_'’`/-]", "", whole)
    if not (digits.isascii() and digits.isdigit()):
        return word, None
    told = label or ("point_zero" if whole != rest else _mark_of(whole))
    if len(digits) in _LENGTHS[kind]:
        return digits, told
    if kind == "siren" and len(digits) == 14 and names_establishment(digits):
        return digits[:9], "siret_pour_siren"
    for length, least in _SHORTENED[kind]:
        full = digits.zfill(length)
        if least <= len(digits) < length and (_has_key(full) if length == 9 else names_establishment(full)):
            return full, "zeros_a_confirmer"
    return word, None


def _parted(word: str) -> tuple[str | None, str]:
    """Part an identifier from what stands before it (« SIRET : », « n° », an apostrophe); say which."""
    found = re.fullmatch(r"([^0-9]*?)((?:FR|W)?\s?[0-9].*)", word, re.IGNORECASE)
    before = found[1].strip() if found else ""
    if not found or not before:
        return None, word
    if not before.strip("'’`"):
        return "apostrophe", found[2]
    words = {part.lower() for part in re.split(r"[\s°º.:=#'’`-]+", before)}
    return ("etiquette", found[2]) if words <= LABELS else (None, word)


def _mark_of(written: str) -> str | None:
    """Say what parts the digits of an identifier: blanks, other marks, nothing."""
    if re.fullmatch("[0-9]+", written):
        return None
    return "blancs" if re.fullmatch(r"[0-9\s]+", written) else "ponctuation"


def _has_key(digits: str) -> bool:
    """Say whether digits have a right Luhn key, all zeros refused."""
    total = sum(
        int(digit) if place % 2 else sum(divmod(2 * int(digit), 10)) for place, digit in enumerate(digits[::-1], 1)
    )
    return total > 0 and total % 10 == 0


def names_establishment(digits: str) -> bool:
    """Say whether fourteen digits are a valid SIRET, as `is_siret`."""
    if digits.startswith(LA_POSTE):
        return bool(_siret.is_valid(digits))
    return _has_key(digits) and _has_key(digits[:9]) and digits[9:] != "00000"


def restored(identifiers: pd.Series) -> pd.Series:
    """Read a column of SIREN and SIRET as `read_identifier`; what cannot be read is left as it is written."""
    plain = identifiers.str.fullmatch("[0-9]{9}|[0-9]{14}").fillna(True).astype(bool)
    read = {word: read_identifier(word, "siren_ou_siret")[0] for word in identifiers[~plain].unique()}
    return identifiers.where(plain, identifiers.map(read).astype(identifiers.dtype)) if read else identifiers
