"""Identifiers of legal units, establishments and associations, checked beyond their format.

Vectorised rules for SIREN, SIRET and RNA, and what can be read of them where a spreadsheet has been. What an identifier
*names* (is it in Sirene?) does not belong here.
"""

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


def restored(identifiers: pd.Series) -> pd.Series:
    """Read SIREN and SIRET as people write them: inner blanks taken out, zeros lost on the left given back.

    What has no right Luhn key even so is left as it is written. One number in ten has one by chance: a number given its
    zeros back may name somebody else, and whoever reads one flags it « à confirmer ».
    """
    read = identifiers.str.replace("[\\s\u00a0\u202f]", "", regex=True)
    # a spreadsheet that takes a code for a number leaves out the zeros of its SIREN: one, rarely two
    for length, shorter in ((9, "7,8"), (14, "12,13")):
        short = read.str.fullmatch(rf"[0-9]{{{shorter}}}").fillna(False).astype(bool)
        read = read.where(~short, read.str.zfill(length))
    return identifiers.where(~is_siren_or_siret(read), read)
