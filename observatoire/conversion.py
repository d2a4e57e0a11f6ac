"""From words to values: amounts, numbers, dates and booleans as people and spreadsheets write them in French files.

A value that is not understood becomes null and is reported as unreadable: nothing is guessed, no error is raised.
"""

from decimal import Decimal

import pandas as pd
import pyarrow as arrow

from observatoire.schemas import BOOLEEN, DATE, ENTIER, TEXTE

BLANCS = "[\\s\u00a0\u202f\u2009]+"
VRAI = ["true", "vrai", "oui", "o", "1", "x"]
FAUX = ["false", "faux", "non", "n", "0"]


def convert(brut: pd.Series, type_: arrow.DataType) -> pd.Series:
    """Convert a column of a file to its Arrow type; what cannot be read becomes null."""
    ecrit = _type(brut)
    if ecrit == type_ and type_ != TEXTE:
        return brut
    if arrow.types.is_timestamp(ecrit) and type_ == DATE:
        jours: pd.Series = brut.dt.floor("D").astype(pd.ArrowDtype(DATE))
        return jours
    texte = _clean(_as_text(brut))
    if type_ == TEXTE:
        return texte
    if type_ == BOOLEEN:
        return _to_boolean(texte)
    if type_ == DATE:
        return _to_date(texte)
    return _to_number(texte, type_)


def unreadable(brut: pd.Series, converti: pd.Series) -> pd.Series:
    """Say where a value was written and could not be read."""
    ecrit = _clean(_as_text(brut)).notna()
    return (ecrit & converti.isna()).fillna(False).astype(bool)


def without_empty_words(brut: pd.Series, vides: tuple[str, ...]) -> pd.Series:
    """Empty the cells that hold a word by which the producer means « no value »."""
    return brut.where(~_clean(_as_text(brut)).isin(vides).fillna(False).astype(bool))


def restore_zeros(brut: pd.Series, longueur: int) -> tuple[pd.Series, pd.Series]:
    """Give back the zeros a code lost on its left; say which were written in words (a spreadsheet did it)."""
    texte = _clean(_as_text(brut))
    perdus = _selon(texte, rf"[0-9]{{1,{longueur - 1}}}")
    return texte.where(~perdus, texte.str.zfill(longueur)), perdus & (_type(brut) == TEXTE)


def as_code(brut: pd.Series, longueur: int) -> pd.Series:
    """Give back the leading zeros of codes a Parquet writer took for numbers; texts are left as they are."""
    return brut if _type(brut) == TEXTE else _as_text(brut).str.zfill(longueur)


def _type(brut: pd.Series) -> arrow.DataType:
    """Return the Arrow type of a column that `records` gave."""
    assert isinstance(brut.dtype, pd.ArrowDtype)  # noqa: S101 — reading a file gives no other
    return brut.dtype.pyarrow_dtype


def _as_text(brut: pd.Series) -> pd.Series:
    """Write a column in words; a float without exponent, and without the decimal point of a whole number."""
    if arrow.types.is_floating(_type(brut)):
        mots = [None if pd.isna(v) else f"{Decimal(repr(float(v))):f}".removesuffix(".0") for v in brut]
        return pd.Series(mots, index=brut.index, dtype=pd.ArrowDtype(TEXTE))
    return brut.astype(pd.ArrowDtype(TEXTE))


def _clean(texte: pd.Series) -> pd.Series:
    """Strip blanks at both ends (no-break ones too); an empty cell is null."""
    propre = texte.str.strip(" \t\r\n\u00a0\u202f\u2009\ufeff")
    return propre.where(propre != "")


def _to_boolean(texte: pd.Series) -> pd.Series:
    minuscules = texte.str.lower()
    valeurs = minuscules.isin(VRAI).astype(pd.ArrowDtype(BOOLEEN))
    return valeurs.where(minuscules.isin(VRAI + FAUX))


def _to_date(texte: pd.Series) -> pd.Series:
    """Read 2024-01-31, 2024/01/31, 31/01/2024 and the same followed by a time; never a lone year or month."""
    jour = texte.str.slice(0, 10).str.replace("/", "-")
    seule = _selon(texte, r"[0-9/-]{10}([T ][0-9:.]+Z?)?")
    iso = _selon(jour, r"\d{4}-\d{2}-\d{2}")
    francaise = _selon(jour, r"\d{2}-\d{2}-\d{4}")
    inversee = jour.str.slice(6, 10) + "-" + jour.str.slice(3, 5) + "-" + jour.str.slice(0, 2)
    lisible = jour.where(iso, inversee.where(francaise)).where(seule)
    dates = pd.to_datetime(lisible.astype(object), format="%Y-%m-%d", errors="coerce")
    return dates.astype(pd.ArrowDtype(arrow.timestamp("ms"))).astype(pd.ArrowDtype(DATE))


def _to_number(texte: pd.Series, type_: arrow.DataType) -> pd.Series:
    """Read 15000, 15 000,50 €, 15,000.50, 7500.25 and 1.295.000; blanks, dots and commas only part groups of three.

    A lone mark before three digits (1.295) says thousands or decimals: unreadable as an amount or a count. A number
    with more decimals than its type keeps is unreadable too, but for trailing zeros: nothing is rounded.
    """
    decimales = type_.scale if arrow.types.is_decimal(type_) else 0 if type_ == ENTIER else 15
    entiers = type_.precision - type_.scale if arrow.types.is_decimal(type_) else 18
    nu = texte.str.lower().str.replace(BLANCS, " ", regex=True).str.replace(r" ?(€|euros?|eur)$", "", regex=True)
    nu = nu.str.replace(r"^- ", "-", regex=True)
    ambigu = _selon(nu, r"-?[1-9]\d{0,2}[.,]\d{3}") & (decimales <= 2)
    a_espaces = _selon(nu, r"-?\d{1,3}( \d{3})+([.,]\d*)?")
    a_points = _selon(nu, r"-?\d{1,3}(\.\d{3})+,\d+|-?\d{1,3}(\.\d{3}){2,}")
    a_virgules = _selon(nu, r"-?\d{1,3}(,\d{3})+\.\d+|-?\d{1,3}(,\d{3}){2,}")
    nu = nu.where(~a_espaces, nu.str.replace(" ", "", regex=False))
    nu = nu.where(~a_points, nu.str.replace(".", "", regex=False))
    nu = nu.where(~a_virgules, nu.str.replace(",", "", regex=False)).str.replace(",", ".", regex=False)
    nu = nu.str.replace(r"(\.\d*?)0+$", r"\1", regex=True).str.replace(r"\.$", "", regex=True)
    motif = rf"-?\d{{1,{entiers}}}" + (rf"(\.\d{{1,{decimales}}})?" if decimales else "")
    return nu.where(_selon(nu, motif) & ~ambigu).astype(pd.ArrowDtype(type_))


def _selon(texte: pd.Series, motif: str) -> pd.Series:
    """Say which words follow a pattern from end to end; a null follows none."""
    return texte.str.fullmatch(motif).fillna(False).astype(bool)
