"""Identifiers of legal units, establishments and associations, checked beyond their format.

Vectorised rules for SIREN, SIRET and RNA. What an identifier *names* (is it in Sirene?) does not belong here.
"""

import numpy as np
import pandas as pd
from stdnum.fr import siret as _siret

LA_POSTE = "356000000"


def _passes_luhn(identifiers: pd.Series, length: int) -> pd.Series:
    """Say which identifiers are `length` digits whose Luhn key is right; all zeros has a right key and names nobody."""
    numeric = identifiers.str.fullmatch(rf"[0-9]{{{length}}}").fillna(False).astype(bool)
    rest = identifiers.where(numeric, "0").astype("int64").to_numpy()
    total = np.zeros_like(rest)
    for place in range(length):
        digit = rest % 10
        total = total + (digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4))
        rest = rest // 10
    valid: pd.Series = numeric & (total % 10 == 0) & (total > 0)
    return valid


def is_siren(identifiers: pd.Series) -> pd.Series:
    """Say which strings are valid SIREN: nine digits with their Luhn key (Insee), all zeros refused."""
    return _passes_luhn(identifiers, 9)


def is_siret(identifiers: pd.Series) -> pd.Series:
    """Say which strings are valid SIRET: fourteen digits, Luhn key over the whole and over the SIREN.

    Those of La Poste (SIREN 356000000) are judged by python-stdnum, which knows their exception: head office apart,
    the sum of their digits is a multiple of five.
    """
    valid = _passes_luhn(identifiers, 14) & is_siren(identifiers.str.slice(0, 9))
    la_poste = identifiers[identifiers.str.fullmatch(rf"{LA_POSTE}[0-9]{{5}}").fillna(False).astype(bool)]
    valid.loc[la_poste.index] = la_poste.map(_siret.is_valid).astype(bool)
    return valid


def is_rna(identifiers: pd.Series) -> pd.Series:
    """Say which strings have the form of a number of the Répertoire national des associations: W and nine digits."""
    return identifiers.str.fullmatch(r"W[0-9]{9}").fillna(False).astype(bool)


def is_siren_or_siret(identifiers: pd.Series) -> pd.Series:
    """Say which strings name a legal unit, by its SIREN or by one of its SIRET."""
    return is_siren(identifiers) | is_siret(identifiers)
