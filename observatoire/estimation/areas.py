"""One calibration, from the employers of a whole to the areas it is cut into: point, plausible range, logical bounds.

What the employers are, and which areas people read, belong to `local_jobs` and `back_tests`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from observatoire.estimation.calibration import calibrate, logical_bounds
from observatoire.estimation.simulation import TIRAGES, Draws, Employeurs, simulate
from observatoire.estimation.size_bands import BAS, CENTRES, HAUT, MANQUANTE, Booleans, Floats, Integers


@dataclass(frozen=True)
class Zones:
    """Areas of one calibration, one item each, in employees.

    Attributes:
        point: estimate.
        tirages: shape (areas, draws), from which the plausible range of any union of areas is taken.
    """

    point: Floats
    tirages: Draws


def bounds_of(employeurs: Employeurs) -> tuple[Floats, Floats, Floats]:
    """Return the smallest, largest and central headcount of each employer: of its band, or of what was measured."""
    manque = employeurs.tranche == MANQUANTE
    rang = np.where(manque, 0, employeurs.tranche)
    bas = np.where(manque, 0.0, BAS[rang])
    haut = np.where(manque, np.inf, HAUT[rang])
    centre = np.where(manque, employeurs.donneurs.centres, CENTRES[rang])
    mesure = ~np.isnan(employeurs.mesure)
    bas = np.where(mesure, employeurs.mesure * (1 - employeurs.tolerance), bas)
    haut = np.where(mesure, employeurs.mesure * (1 + employeurs.tolerance), haut)
    return bas, haut, np.where(mesure, np.maximum(employeurs.mesure, 1e-6), centre)


def estimate(
    employeurs: Employeurs, total: float, zone: Integers, zones: int, graine: Sequence[int], tirages: int = TIRAGES
) -> Zones:
    """Estimate the areas of a whole whose total is known.

    Arguments as in `simulation.simulate`.

    Raises:
        TotalImpossible: the bands cannot add up to the total.
    """
    bas, haut, centre = bounds_of(employeurs)
    point: Floats = np.bincount(zone, weights=calibrate(bas, haut, centre, total), minlength=zones).astype(np.float64)
    return Zones(point, simulate(employeurs, total, zone, zones, graine, tirages))


def certain_bounds(
    employeurs: Employeurs, total: float, zone: Integers, zones: int, sans_lieu: Booleans | None = None
) -> tuple[Floats, Floats]:
    """Return the logical bounds of areas, were every band of the year of the total; in employees.

    Arguments as in `calibration.logical_bounds`.
    """
    bas, haut, _ = bounds_of(employeurs)
    return logical_bounds(bas, haut, zone, zones, total, sans_lieu)
