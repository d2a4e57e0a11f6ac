"""From words to values: amounts, numbers, dates and booleans as people and spreadsheets write them in French files.

A value that is not understood becomes null and is reported as unreadable: nothing is guessed, no error is raised.
"""

import pandas as pd
import pyarrow as arrow

from observatoire.schemas import BOOLEEN, DATE, ENTIER, TEXTE

BLANCS = "[\\s\u00a0\u202f\u2009]+"
VRAI = ["true", "vrai", "oui", "o", "1", "x"]
FAUX = ["false", "faux", "non", "n", "0"]


def convertir(brut: pd.Series, type_: arrow.DataType) -> pd.Series:
    """Convert a column of a file to its Arrow type; what cannot be read becomes null."""
    if arrow.types.is_floating(brut.dtype.pyarrow_dtype) and arrow.types.is_string(type_):
        brut = brut.astype(pd.ArrowDtype(ENTIER))  # codes that a Parquet writer took for numbers
    if brut.dtype.pyarrow_dtype == type_ and type_ != TEXTE:
        return brut
    if arrow.types.is_timestamp(brut.dtype.pyarrow_dtype) and type_ == DATE:
        return brut.astype(pd.ArrowDtype(DATE))
    texte = _nettoyer(brut.astype(pd.ArrowDtype(TEXTE)))
    if type_ == TEXTE:
        return texte
    if type_ == BOOLEEN:
        return _booleen(texte)
    if type_ == DATE:
        return _date(texte)
    return _nombre(texte, type_)


def illisibles(brut: pd.Series, converti: pd.Series) -> pd.Series:
    """Say where a value was written and could not be read."""
    ecrit = _nettoyer(brut.astype(pd.ArrowDtype(TEXTE))).notna()
    return (ecrit & converti.isna()).fillna(False).astype(bool)


def _nettoyer(texte: pd.Series) -> pd.Series:
    """Strip blanks at both ends (no-break ones too); an empty cell is null."""
    propre = texte.str.strip(" \t\r\n\u00a0\u202f\ufeff")
    return propre.where(propre != "")


def _booleen(texte: pd.Series) -> pd.Series:
    minuscules = texte.str.lower()
    valeurs = minuscules.isin(VRAI).astype(pd.ArrowDtype(BOOLEEN))
    return valeurs.where(minuscules.isin(VRAI + FAUX))


def _date(texte: pd.Series) -> pd.Series:
    """Read 2024-01-31, 2024/01/31, 31/01/2024 and the same followed by a time; never a lone year or month."""
    jour = texte.str.slice(0, 10).str.replace("/", "-")
    seule = texte.str.fullmatch(r"[0-9/-]{10}([T ][0-9:.]+Z?)?").fillna(False).astype(bool)
    iso = jour.str.fullmatch(r"\d{4}-\d{2}-\d{2}").fillna(False).astype(bool)
    francaise = jour.str.fullmatch(r"\d{2}-\d{2}-\d{4}").fillna(False).astype(bool)
    inversee = jour.str.slice(6, 10) + "-" + jour.str.slice(3, 5) + "-" + jour.str.slice(0, 2)
    lisible = jour.where(iso, inversee.where(francaise)).where(seule)
    dates = pd.to_datetime(lisible.astype(object), format="%Y-%m-%d", errors="coerce")
    return dates.astype(pd.ArrowDtype(arrow.timestamp("ms"))).astype(pd.ArrowDtype(DATE))


def _nombre(texte: pd.Series, type_: arrow.DataType) -> pd.Series:
    """Read 15000, 15 000,50 €, 7500.25 and 1.295.000; a lone dot before three digits is ambiguous, hence unreadable.

    A number with more decimals than its type keeps is unreadable too, but for trailing zeros: nothing is rounded.
    """
    decimales = 0 if type_ == ENTIER else (type_.scale if arrow.types.is_decimal(type_) else 15)
    nu = texte.str.replace(BLANCS, "", regex=True).str.replace(r"(€|euros?)$", "", regex=True)
    milliers_a_point = nu.str.fullmatch(r"-?\d{1,3}(\.\d{3})+,\d+|-?\d{1,3}(\.\d{3}){2,}").fillna(False).astype(bool)
    nu = nu.where(~milliers_a_point, nu.str.replace(".", "", regex=False)).str.replace(",", ".", regex=False)
    nu = nu.str.replace(r"(\.\d*?)0+$", r"\1", regex=True).str.replace(r"\.$", "", regex=True)
    ambigu = texte.str.fullmatch(r"-?[1-9]\d{0,2}\.\d{3}").fillna(False).astype(bool) & (decimales <= 2)
    motif = rf"-?\d{{1,18}}(\.\d{{1,{decimales}}})?" if decimales else r"-?\d{1,18}"
    lisible = nu.where(nu.str.fullmatch(motif).fillna(False).astype(bool) & ~ambigu)
    return lisible.astype(pd.ArrowDtype(type_))


def en_code(brut: pd.Series, longueur: int) -> pd.Series:
    """Give back the leading zeros of codes a Parquet writer took for integers; texts are left as they are."""
    if arrow.types.is_string(brut.dtype.pyarrow_dtype):
        return brut
    return brut.astype(pd.ArrowDtype(ENTIER)).astype(pd.ArrowDtype(TEXTE)).str.zfill(longueur)
