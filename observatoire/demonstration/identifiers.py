"""SIREN and SIRET that belong to the demonstration: how they are built.

Every number has a right Luhn key, so that it passes the checks a real one passes. What is *not* here: judging whether
an identifier is valid, which ``observatoire.identifiers`` does for every source.
"""

import numpy as np
import numpy.typing as npt

from observatoire.identifiers import SIREN_PREFIX

Integers = npt.NDArray[np.int64]

_CAPACITY = 1_000_000


def draw_sirens(first_unit: int, count: int, seed: int) -> Integers:
    """Give their SIREN to the units `first_unit` and following, in increasing order as in the official stock.

    A multiplication coprime with the capacity visits the whole range once, scattered, without holding it in memory.
    """
    rank = np.arange(first_unit, first_unit + count, dtype=np.int64)
    scattered = (rank * 617_297 + seed) % _CAPACITY
    payload = int(SIREN_PREFIX) * _CAPACITY + np.where(rank < _CAPACITY, scattered, rank)
    return np.sort(_with_luhn_key(payload))


def sirets(siren: Integers, rank: Integers) -> Integers:
    """Build the SIRET of establishments from their rank in the unit: SIREN, four digits, and a key."""
    return _with_luhn_key(siren * 10_000 + rank)


def _with_luhn_key(payload: Integers) -> Integers:
    rest, total, doubled = payload, np.zeros_like(payload), True
    while rest.any():
        digit = rest % 10
        total = total + (digit * 2 - 9 * (digit > 4) if doubled else digit)
        rest, doubled = rest // 10, not doubled
    return payload * 10 + -total % 10
