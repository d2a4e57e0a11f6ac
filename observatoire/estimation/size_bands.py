"""The size bands of Sirene as numbers: smallest, largest and central headcount, and what stands in for a missing band.

Bands as Insee documents them (Sirene 3.11, `trancheEffectifsEtablissement`). Keeping the bands of past months belongs
to `socle.band_archive`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

# « 00 » had employees in the year and none on 31 December: the mean of its year is small, not nil
BORNES: dict[str, tuple[float, float]] = {
    "00": (0, 2), "01": (1, 2), "02": (3, 5), "03": (6, 9), "11": (10, 19), "12": (20, 49), "21": (50, 99),
    "22": (100, 199), "31": (200, 249), "32": (250, 499), "41": (500, 999), "42": (1_000, 1_999),
    "51": (2_000, 4_999), "52": (5_000, 9_999), "53": (10_000, np.inf),
}
TRANCHES = tuple(BORNES)
MANQUANTE = len(TRANCHES)
"""Rank of a band that is not known: absent, or « NN » of an establishment that now employs."""
BAS, HAUT = (np.array(bornes) for bornes in zip(*BORNES.values(), strict=True))
# where a draw may fall: the open band is taken to its double, the empty one to its half-post
TIRAGE_BAS, TIRAGE_HAUT = np.maximum(BAS, 0.25), np.where(np.isinf(HAUT), 2 * BAS, HAUT)
CENTRES = np.sqrt(TIRAGE_BAS * TIRAGE_HAUT)
DONNEURS_MINIMUM = 20


def band_ranks(tranches: npt.ArrayLike) -> Integers:
    """Return the rank of each band code in `TRANCHES`; `MANQUANTE` for « NN », null or an unknown word."""
    rangs = {code: rang for rang, code in enumerate(TRANCHES)}
    places, codes = pd.factorize(np.asarray(tranches, dtype=object))
    # a null has the place -1: the last one
    return np.array([*(rangs.get(code, MANQUANTE) for code in codes), MANQUANTE], dtype=np.int64)[places]


@dataclass(frozen=True)
class Donneurs:
    """What stands in for a missing band: the known bands of the employers that look like it.

    Attributes:
        strate: row of `parts` for each employer.
        parts: shape (strata, bands), the share of each band among the donors of a stratum.
    """

    strate: Integers
    parts: Floats

    @property
    def centres(self) -> Floats:
        """Central headcount of each employer, were its band missing: the mean over its donors."""
        moyennes: Floats = self.parts @ CENTRES
        return moyennes[self.strate]


def find_donors(rangs: Integers, *emboitees: npt.ArrayLike) -> Donneurs:
    """Give each employer its donors: the first stratum, from the finest, with enough known bands; all of them at last.

    Args:
        rangs: bands, from `band_ranks`.
        emboitees: strata of each employer, the finest first (family and sector, then family).
    """
    connues = rangs != MANQUANTE
    parts = [np.bincount(rangs[connues], minlength=MANQUANTE).astype(float)]
    if not connues.any():
        parts = [np.bincount([TRANCHES.index("01"), TRANCHES.index("02")], minlength=MANQUANTE).astype(float)]
    strate = np.zeros(len(rangs), dtype=np.int64)
    for niveau in reversed(emboitees):
        places, noms = pd.factorize(np.asarray(niveau, dtype=object), use_na_sentinel=False)
        comptes = np.zeros((len(noms), MANQUANTE))
        np.add.at(comptes, (places[connues], rangs[connues]), 1)
        assez = comptes.sum(axis=1) >= DONNEURS_MINIMUM
        nouveaux = np.full(len(noms), -1)
        nouveaux[assez] = len(parts) + np.arange(assez.sum())
        parts.extend(comptes[assez])
        strate = np.where(nouveaux[places] >= 0, nouveaux[places], strate)
    tableau = np.array(parts)
    return Donneurs(strate, tableau / tableau.sum(axis=1, keepdims=True))
