"""The plausible range: what could be drawn of the employers of a département, given their bands, raked to its total.

Four uncertainties are drawn: where each employer lies in its band; how far it moved between the year of its band and
that of the total; the band of those that have none, taken from donors; and what is common to many employers (the mean
position in a band, the size of a kind of employer), which no number of employers averages away. The deviations below
are orders of magnitude set by hand, before any trial; `tests/bench/estimations.py` measures what they are worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from observatoire.estimation.size_bands import (
    MANQUANTE,
    TIRAGE_BAS,
    TIRAGE_HAUT,
    Donneurs,
    Floats,
    Integers,
)

TIRAGES = 200
BLOC = 50
NIVEAU = 0.90
# deviations of logarithms: the mean of a year against its 31 December; a year of drift of an employer of one employee,
# less as it grows; the mean position in a band; the size of the employers of one kind
ECART_MOYENNE = 0.10
ECART_DERIVE, EXPOSANT_DERIVE = 0.30, -0.15
ECART_TRANCHE = 0.05
ECART_STRATE = 0.05
# employers without a band are not quite like their donors: smaller, most often, by an amount they share
ECART_MANQUANTES = 0.30
# what the employers of a group have in common, as raking shares the gap: measured, known band, missing band
MESUREE, CONNUE, SANS_TRANCHE = range(3)
ECARTS_GROUPE = (0.02, 0.07, ECART_MANQUANTES)
# and how far raking may move each, before what is left of the gap is shared by all
LIMITES_GROUPE = ((0.95, 1.05), (0.75, 1.33), (0.05, 20.0))
# share of the employers that the total does not count though Sirene shows them, and the reverse: at least this
PART_PERIMETRE = 0.05
PART_PERIMETRE_MAXIMUM = 0.30

Draws = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Employeurs:
    """Employers of one calibration (a département, or a région), one item each.

    Attributes:
        tranche: rank of the band, or `MANQUANTE`.
        derive: years between the band and the total.
        donneurs: what stands in for a missing band; its strata are also what employers of one kind have in common.
        mesure: headcount measured by another table, NaN for most; it stands in place of the band.
        nombre: employers behind the item: several where they were measured together.
        tolerance: relative tolerance of that measure.
        rapport_etablissements: establishments behind the total over these employers: below 1, the total leaves some
            out; above, Sirene does not show all.
    """

    tranche: Integers
    derive: Floats
    donneurs: Donneurs
    mesure: Floats
    nombre: Integers
    tolerance: float
    rapport_etablissements: float = 1.0

    @property
    def groupe(self) -> Integers:
        """What is known of each employer: `MESUREE`, `CONNUE` or `SANS_TRANCHE`."""
        bande = np.where(self.tranche == MANQUANTE, SANS_TRANCHE, CONNUE)
        return np.where(np.isnan(self.mesure), bande, MESUREE)


def simulate(
    employeurs: Employeurs, total: float, zone: Integers, zones: int, graine: Sequence[int], tirages: int = TIRAGES
) -> Draws:
    """Draw the headcount of each area, raked to the total in every draw; shape (areas, draws), in employees.

    Args:
        employeurs: those of the whole that the total is about.
        total: employees of the whole.
        zone: area of each employer, from 0 to `zones` - 1.
        zones: number of areas.
        graine: seed; the same gives the same draws.
        tirages: number of draws.
    """
    rng = np.random.default_rng(graine)
    ordre = np.argsort(zone, kind="stable")
    presentes, debuts = np.unique(zone[ordre], return_index=True)
    resultat = np.zeros((zones, tirages), dtype=np.float32)
    groupe = employeurs.groupe[ordre]
    for debut in range(0, tirages if len(ordre) else 0, BLOC):
        bloc = _draw(employeurs, ordre, rng, min(BLOC, tirages - debut))
        _rake(bloc, groupe, total)
        resultat[presentes, debut : debut + BLOC] = np.add.reduceat(bloc, debuts, axis=0)
    return resultat


def _draw(employeurs: Employeurs, ordre: Integers, rng: np.random.Generator, tirages: int) -> Draws:
    """Draw every employer, in the order asked for, before raking; shape (employers, draws)."""
    tranche, strate = employeurs.tranche[ordre], employeurs.donneurs.strate[ordre]
    mesure = employeurs.mesure[ordre]
    bas, largeur = np.log(TIRAGE_BAS).astype(np.float32), np.log(TIRAGE_HAUT / TIRAGE_BAS).astype(np.float32)
    forme = (len(ordre), tirages)
    commun_tranche = ECART_TRANCHE * rng.standard_normal((len(bas), tirages), dtype=np.float32)
    commun_strate = ECART_STRATE * rng.standard_normal((len(employeurs.donneurs.parts), tirages), dtype=np.float32)
    position = rng.random(forme, dtype=np.float32)
    connue = np.where(tranche == MANQUANTE, 0, tranche)
    logs = position * largeur[connue][:, None] + (bas[:, None] + commun_tranche)[connue]
    sans = np.flatnonzero(tranche == MANQUANTE)
    if len(sans):
        donnees = _borrow(employeurs.donneurs.parts, strate[sans], rng, tirages)
        logs[sans] = (
            bas[donnees] + position[sans] * largeur[donnees] + np.take_along_axis(commun_tranche, donnees, axis=0)
        ) + ECART_MANQUANTES * rng.standard_normal(tirages, dtype=np.float32)
    taille = np.where(tranche == MANQUANTE, 0.0, (bas + largeur / 2)[connue])
    agitation = np.hypot(
        ECART_MOYENNE, ECART_DERIVE * np.exp(EXPOSANT_DERIVE * taille) * np.sqrt(employeurs.derive[ordre])
    )
    logs += agitation.astype(np.float32)[:, None] * rng.standard_normal(forme, dtype=np.float32)
    logs += commun_strate[strate]
    valeurs: Draws = np.exp(logs)
    # an employer that Sirene does not show looks like one it shows in the same place, which then counts twice
    ecart = employeurs.rapport_etablissements - 1
    for facteur, mesuree in ((2, ecart), (0, -ecart)):
        part = min(max(PART_PERIMETRE, mesuree), PART_PERIMETRE_MAXIMUM)
        valeurs.ravel()[rng.integers(0, valeurs.size, rng.binomial(valeurs.size, part))] *= facteur
    mesurees = np.flatnonzero(~np.isnan(mesure))
    if len(mesurees):
        # the tables differ by a common amount; each cell, besides, by what its year was like
        commun = 1 + employeurs.tolerance * (2 * rng.random(tirages, dtype=np.float32) - 1)
        ecart_propre = (ECART_MOYENNE / np.sqrt(employeurs.nombre[ordre][mesurees])).astype(np.float32)
        propre = np.exp(ecart_propre[:, None] * rng.standard_normal((len(mesurees), tirages), dtype=np.float32))
        valeurs[mesurees] = mesure[mesurees].astype(np.float32)[:, None] * commun * propre
    return valeurs


def _rake(valeurs: Draws, groupe: Integers, total: float) -> None:
    """Bring every draw to the total, in place; each group takes of the gap what its common uncertainty is worth.

    Missing bands are the least known: they give way first. What was measured moves only when nothing else can. A last
    proportional step makes the sum exact.
    """
    sommes = np.array([valeurs[groupe == g].sum(axis=0, dtype=np.float64) for g in range(len(ECARTS_GROUPE))])
    poids = (sommes * np.array(ECARTS_GROUPE)[:, None]) ** 2
    ecart = total - sommes.sum(axis=0)
    part = ecart * poids / np.maximum(poids.sum(axis=0), 1e-12)
    moindre, plus_grand = np.array(LIMITES_GROUPE).T[:, :, None]
    facteur = np.clip(1 + part / np.maximum(sommes, 1e-12), moindre, plus_grand)
    reste = total - (sommes * facteur).sum(axis=0)
    sans = np.maximum(sommes[SANS_TRANCHE], 1e-12)
    facteur[SANS_TRANCHE] = np.clip(facteur[SANS_TRANCHE] + reste / sans, *LIMITES_GROUPE[SANS_TRANCHE])
    facteur *= total / np.maximum((sommes * facteur).sum(axis=0), 1e-12)
    for g in range(len(ECARTS_GROUPE)):
        valeurs[groupe == g] *= facteur[g].astype(np.float32)


def _borrow(parts: Floats, strate: Integers, rng: np.random.Generator, tirages: int) -> Integers:
    """Draw a band among the donors of each employer that has none; shape (employers, draws)."""
    cumul = parts.cumsum(axis=1)
    cumul[:, -1] = 1.0
    hasard = rng.random((len(strate), tirages), dtype=np.float32)
    empruntees = np.zeros(hasard.shape, dtype=np.int64)
    for une in np.unique(strate):
        lignes = np.flatnonzero(strate == une)
        empruntees[lignes] = np.searchsorted(cumul[une], hasard[lignes], side="right")
    return empruntees.clip(max=parts.shape[1] - 1)


def plausible_range(tirages: Draws, point: Floats) -> tuple[Floats, Floats]:
    """Return the central 90 % of the draws of each area, in employees, extended where needed to hold its point.

    Args:
        tirages: shape (areas, draws).
        point: estimate of each area.
    """
    marge = (1 - NIVEAU) / 2
    bas, haut = np.quantile(tirages, [marge, 1 - marge], axis=1).astype(np.float64)
    return np.minimum(bas, point), np.maximum(haut, point)
