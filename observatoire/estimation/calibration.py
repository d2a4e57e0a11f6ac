"""Calibration on a known total: the point of each employer, and what bands and total alone imply of an area.

Pure arithmetic on arrays. What is likely, rather than certain, belongs to `simulation`.
"""

import numpy as np

from observatoire.estimation.size_bands import Booleans, Floats, Integers

ITERATIONS = 100


class TotalImpossible(Exception):
    """A total that no headcounts within the bounds can add up to. The message, in French, gives the gap."""


def calibrate(bas: Floats, haut: Floats, centre: Floats, total: float) -> Floats:
    """Return x = clip(λ·centre, bas, haut) that adds up to the total; λ is found by bisection.

    Args:
        bas: smallest headcount of each employer, in employees.
        haut: largest one; an infinite one is worth the total.
        centre: positive central value of each employer, √(bas·haut) for a band.
        total: employees of the whole.

    Raises:
        TotalImpossible: the total is outside [Σ bas, Σ haut].
    """
    haut = np.minimum(haut, np.maximum(total, bas))
    check_total(bas, haut, total)
    if not len(bas):
        return bas.copy()
    moindre, plus_grand = 0.0, 1.0
    while np.clip(plus_grand * centre, bas, haut).sum() < total and plus_grand < 1e12:
        plus_grand *= 2
    for _ in range(ITERATIONS):
        milieu = (moindre + plus_grand) / 2
        if np.clip(milieu * centre, bas, haut).sum() < total:
            moindre = milieu
        else:
            plus_grand = milieu
    return np.clip(plus_grand * centre, bas, haut)


def check_total(bas: Floats, haut: Floats, total: float) -> None:
    """Refuse a total that the bounds cannot reach.

    Raises:
        TotalImpossible: as in `calibrate`.
    """
    au_moins, au_plus = float(bas.sum()), float(np.minimum(haut, np.maximum(total, bas)).sum())
    if not au_moins - 1e-9 <= total <= au_plus + 1e-9:
        ecart = total - (au_moins if total < au_moins else au_plus)
        raise TotalImpossible(
            f"le total de l'Urssaf ({total:.0f}) est hors de ce que permettent les tranches "
            f"({au_moins:.0f} à {au_plus:.0f}) : écart de {ecart:+.0f} salariés"
        )


def logical_bounds(
    bas: Floats, haut: Floats, zone: Integers, zones: int, total: float, sans_lieu: Booleans | None = None
) -> tuple[Floats, Floats]:
    """Return what bounds and total imply of each area: the two optima of a linear program, in closed form.

    max(Σ bas of A, T − Σ haut elsewhere) to min(Σ haut of A, T − Σ bas elsewhere). Bounds of an area made of several
    are those of their union, asked for as one area: never the sum of theirs.

    Args:
        bas: smallest headcount of each employer, in employees.
        haut: largest one; an infinite one is worth the total.
        zone: area of each employer, from 0 to `zones` - 1.
        zones: number of areas.
        total: employees of the whole.
        sans_lieu: employers that may lie in any area, whatever their `zone`: all may be in A, or elsewhere.
    """
    haut = np.minimum(haut, np.maximum(total, bas))
    if sans_lieu is None:
        sans_lieu = np.zeros(len(bas), dtype=np.bool_)
    bas_zone = np.bincount(zone, weights=bas, minlength=zones)
    haut_zone = np.bincount(zone, weights=haut, minlength=zones)
    au_moins = np.maximum(bas_zone, total - (haut.sum() - haut_zone))
    au_plus = np.minimum(haut_zone + haut[sans_lieu].sum(), total - (bas.sum() - bas_zone - bas[sans_lieu].sum()))
    return au_moins, au_plus
