"""Protection of one system: primary rules, τ-Argus, the attacker, and what it finds hidden in turn until it is blind.

Reading contributions belongs to `cells`; what a whole release gives away belongs to `audit`.
"""

from dataclasses import dataclass

import numpy as np

from observatoire.catalog import CROISEMENT
from observatoire.confidentiality.attacker import Bornes, attack
from observatoire.confidentiality.cells import Masque, Reels, Systeme
from observatoire.confidentiality.linked import protect_linked
from observatoire.confidentiality.repair import repair
from observatoire.confidentiality.tau import Tau

# a total is worth more than a commune's breakdown
POIDS = {"commune": 1.0, "epci": 2.0, "departement": 4.0, "region": 6.0, "france": 8.0}
POIDS_TOTAL, POIDS_CROISE = 1.5, 0.8
# under this many hidden cells, each secondary one is tried shown again
ALLEGER_SOUS = 40


@dataclass
class Protection:
    """What is hidden of a system.

    Attributes:
        cachees: variables hidden.
        fuites: hidden variables that hiding more does not protect.
        par_tau, par_attaque: variables hidden after τ-Argus, and because of the attacker.
        echecs_tau: tables for which τ-Argus gave no answer.
    """

    cachees: Masque
    fuites: list[int]
    par_tau: int = 0
    par_attaque: int = 0
    echecs_tau: int = 0


def protect(
    systeme: Systeme, tau: Tau, deja_connues: Masque | None = None, a_cacher: Masque | None = None
) -> Protection:
    """Choose what to hide so that the attacker knows no hidden cell within ±10 %.

    Args:
        systeme: cells and equations.
        tau: τ-Argus.
        deja_connues: variables known whatever is hidden now: a kept release gives them.
        a_cacher: variables to hide beside those of the primary rules.
    """
    connues = np.zeros(systeme.nombre, dtype=bool) if deja_connues is None else deja_connues
    primaires = systeme.variables_of(systeme.cellules["raison"].notna().to_numpy())
    if a_cacher is not None:
        primaires |= a_cacher
    # a zero says nothing of anyone, and cannot move
    primaires &= ~(systeme.valeurs == 0)
    if not primaires.any():
        return Protection(primaires, [])
    par_tau, echecs = protect_linked(systeme, primaires, tau)
    resultat = hide_until_unknown(systeme, par_tau, primaires, connues)
    if resultat.cachees.sum() <= ALLEGER_SOUS:
        resultat = _lighten(systeme, resultat, primaires, connues)
    resultat.par_tau, resultat.echecs_tau = int((par_tau & ~primaires).sum()), echecs
    resultat.par_attaque = int((resultat.cachees & ~par_tau).sum())
    return resultat


def hide_until_unknown(systeme: Systeme, cachees: Masque, primaires: Masque, deja_connues: Masque) -> Protection:
    """Hide more until the attacker knows no hidden variable; those nothing protects are `fuites`."""
    cachees, perdues = cachees.copy(), np.zeros(systeme.nombre, dtype=bool)
    publiables = systeme.variables_of(systeme.cellules["est_publiable"].to_numpy())
    couts = _costs(systeme)
    bornes = Bornes(systeme.valeurs.copy(), systeme.valeurs.copy())
    bornes.bas[np.isnan(systeme.valeurs)], bornes.haut[np.isnan(systeme.valeurs)] = np.inf, -np.inf
    while True:
        visees = cachees & (publiables | primaires) & ~deja_connues & ~perdues & np.isfinite(systeme.valeurs)
        bornes = attack(systeme.matrice, _shown(systeme, publiables, cachees, deja_connues), visees, bornes)
        fuites = np.flatnonzero(bornes.known() & visees)
        if not len(fuites):
            return Protection(cachees, [int(v) for v in np.flatnonzero(perdues | (primaires & deja_connues))])
        montrees = publiables & ~cachees
        for fuite in map(int, fuites):
            if not bornes.known()[fuite]:
                continue
            trouve = repair(systeme.matrice, systeme.valeurs, fuite, np.where(montrees, couts, 0.0), deja_connues)
            if trouve is None:
                perdues[fuite] = True
                continue
            a_cacher, mouvement = trouve
            cachees[a_cacher], montrees[a_cacher] = True, False
            ailleurs = np.maximum(systeme.valeurs + mouvement, 0)
            bornes.bas = np.fmin(bornes.bas, ailleurs)
            bornes.haut = np.fmax(bornes.haut, ailleurs)
            # a move too small for the arithmetic proves nothing, and would be found again for ever
            perdues[fuite] = bool(bornes.known()[fuite])


def _shown(systeme: Systeme, publiables: Masque, cachees: Masque, deja_connues: Masque) -> Reels:
    """Return what the attacker reads: the published values, NaN elsewhere."""
    lues = (publiables & ~cachees) | deja_connues | (systeme.valeurs == 0)
    return np.where(lues, systeme.valeurs, np.nan)


def _costs(systeme: Systeme) -> Reels:
    """Weigh each variable by the most useful of its cells."""
    cellules = systeme.cellules
    poids = cellules["niveau"].map(POIDS).fillna(1.0).to_numpy(dtype=float)
    axe = cellules["axe"]
    poids = poids * np.where(axe == "total", POIDS_TOTAL, np.where(axe.str.contains(CROISEMENT), POIDS_CROISE, 1.0))
    couts = np.zeros(systeme.nombre)
    np.maximum.at(couts, cellules["variable"].to_numpy(), np.where(cellules["est_publiable"], poids, 0.0))
    return couts


def _lighten(systeme: Systeme, resultat: Protection, primaires: Masque, deja_connues: Masque) -> Protection:
    """Show again each secondary cell that protects nothing, the most useful first."""
    couts = _costs(systeme) * np.log1p(np.where(np.isfinite(systeme.valeurs), systeme.valeurs, 0))
    publiables = systeme.variables_of(systeme.cellules["est_publiable"].to_numpy())
    secondaires = np.flatnonzero(resultat.cachees & ~primaires & publiables)
    for variable in secondaires[np.argsort(-couts[secondaires], kind="stable")]:
        essai = resultat.cachees.copy()
        essai[variable] = False
        if not leaks(systeme, essai, primaires, deja_connues).any():
            resultat.cachees = essai
    return resultat


def leaks(systeme: Systeme, cachees: Masque, primaires: Masque, deja_connues: Masque) -> Masque:
    """Return the hidden variables the attacker knows, from what is shown alone."""
    publiables = systeme.variables_of(systeme.cellules["est_publiable"].to_numpy())
    visees = cachees & (publiables | primaires) & ~deja_connues & np.isfinite(systeme.valeurs)
    bornes = attack(systeme.matrice, _shown(systeme, publiables, cachees, deja_connues), visees)
    return np.asarray(bornes.known() & visees)
