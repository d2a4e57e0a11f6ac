"""From words to values, a column at a time: what `words` says of one word, asked once of each that is not ordinary.

A value that is not understood becomes null and is told, with its reason: nothing is guessed, no error is raised.
"""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as arrow

from observatoire.schemas import BOOLEEN, DATE, TEXTE, Colonne
from observatoire.words import BORDS, Attendu, expected_of, read

MOTS = pd.ArrowDtype(TEXTE)


def read_column(brut: pd.Series, colonne: Colonne) -> tuple[pd.Series, pd.Series]:
    """Convert a column of a file to its Arrow type.

    Returns:
        the values, null where a word has none; and what has to be told of each word, as a key of `words.DITS`.
    """
    ecrit = _type(brut)
    aucun = pd.Series(None, index=brut.index, dtype=MOTS)
    if ecrit == colonne.type and colonne.type != TEXTE:
        return brut, aucun
    if arrow.types.is_timestamp(ecrit) and colonne.type == DATE:
        jours: pd.Series = brut.dt.floor("D").astype(pd.ArrowDtype(DATE))
        return jours, aucun
    attendu = expected_of(colonne, en_nombres=ecrit != TEXTE)
    texte = _cleaned(brut)
    if colonne.vides:
        texte = texte.where(~texte.isin(colonne.vides).fillna(False).astype(bool))
    if not attendu.sorte:
        return texte, aucun
    ordinaires = texte.str.fullmatch(attendu.ordinaire).fillna(False).astype(bool)
    valeurs, dits = _typed(texte.where(ordinaires), colonne.type), aucun
    # a day written plainly may not exist: its reason is asked like that of the words that are not ordinary
    a_lire = texte.notna() & valeurs.isna()
    if a_lire.any():
        lus, dits = _asked(texte.where(a_lire), attendu)
        valeurs = valeurs.fillna(_typed(lus, colonne.type))
    if colonne.vides and colonne.type in (TEXTE, DATE):
        # written in another way, or followed by a time, a word for « no value » says nothing either
        valeurs = valeurs.where(~valeurs.astype(MOTS).isin(colonne.vides).fillna(False).astype(bool))
    return valeurs, dits


def convert(brut: pd.Series, type_: arrow.DataType) -> pd.Series:
    """Convert a column to a type, apart from any table, for the sources that derive columns from raw ones."""
    return read_column(brut, Colonne("", type_, ""))[0]


def _cleaned(brut: pd.Series) -> pd.Series:
    """Write a column in words, without blanks at their ends (no-break ones too); an empty cell is null."""
    propre = _as_text(brut).str.strip(BORDS)
    return propre.where(propre != "")


def _type(brut: pd.Series) -> arrow.DataType:
    """Return the Arrow type of a column that `records` gave."""
    assert isinstance(brut.dtype, pd.ArrowDtype)  # noqa: S101 — reading a file gives no other
    return brut.dtype.pyarrow_dtype


def _as_text(brut: pd.Series) -> pd.Series:
    """Write a column in words; a float without exponent, and without the decimal point of a whole number."""
    if arrow.types.is_floating(_type(brut)):
        simple = _type(brut) != arrow.float64()  # 0.1 of single precision is 0.1, not 0.10000000149
        mots = [
            None if pd.isna(v) else f"{Decimal(str(np.float32(v)) if simple else repr(float(v))):f}".removesuffix(".0")
            for v in brut
        ]
        return pd.Series(mots, index=brut.index, dtype=MOTS)
    return brut.astype(MOTS)


def _asked(texte: pd.Series, attendu: Attendu) -> tuple[pd.Series, pd.Series]:
    """Ask the grammar, once, of each distinct word of a column; return values and what is told of them."""
    code = arrow.array(texte.array).dictionary_encode()
    code = code.combine_chunks() if isinstance(code, arrow.ChunkedArray) else code
    lus = [read(mot, attendu) for mot in code.dictionary.to_pylist()]
    colonnes = (arrow.array([lu[rang] for lu in lus], TEXTE).take(code.indices) for rang in (0, 1))
    valeurs, dits = (pd.Series(pd.arrays.ArrowExtensionArray(colonne), index=texte.index) for colonne in colonnes)
    return valeurs, dits


def _typed(mots: pd.Series, type_: arrow.DataType) -> pd.Series:
    """Convert words written plainly, as the grammar writes values; null is what no calendar has."""
    if type_ == TEXTE:
        return mots
    if type_ == BOOLEEN:
        vrais = mots.isin(["true", "1", "O"]).astype(pd.ArrowDtype(BOOLEEN))
        return vrais.where(mots.notna())
    if type_ == DATE:
        jours = pd.to_datetime(mots.str.slice(0, 10).astype(object), format="%Y-%m-%d", errors="coerce")
        return jours.astype(pd.ArrowDtype(arrow.timestamp("ms"))).astype(pd.ArrowDtype(DATE))
    return mots.str.replace(",", ".", regex=False).astype(pd.ArrowDtype(type_))
