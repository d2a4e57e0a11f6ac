"""Protection of one system: primary rules, τ-Argus, the attacker, and what it finds hidden in turn until it is blind.

Reading contributions belongs to `cells`; what a whole release gives away belongs to `audit`.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from observatoire.confidentiality.attacker import Bornes, attack
from observatoire.confidentiality.cells import Masque, Reels, Systeme
from observatoire.confidentiality.linked import protect_linked
from observatoire.confidentiality.repair import repair
from observatoire.confidentiality.sums import forbidden_sums, with_sums
from observatoire.confidentiality.tau import Tau
from observatoire.indicators.catalog import CROISEMENT

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
        fuites: hidden variables that hiding more does not protect, alone or in a sum.
        par_tau, par_attaque: variables hidden after τ-Argus, and because of the attacker.
        echecs_tau: tables for which τ-Argus gave no answer.
    """

    cachees: Masque
    fuites: list[int]
    par_tau: int = 0
    par_attaque: int = 0
    echecs_tau: int = 0


def protect(
    systeme: Systeme, tau: Tau, marges: Reels | None = None, a_cacher: Masque | None = None
) -> Protection:
    """Choose what to hide so that the attacker knows within ±10 % no hidden cell, nor a sum of them the rules forbid.

    Args:
        systeme: cells and equations.
        tau: τ-Argus.
        marges: how far from its value a former figure is, variable by variable: zero where a kept release gives it
            whatever is hidden now, infinite where nothing is close. A secondary one that has a margin counts as shown.
        a_cacher: variables to hide beside those of the primary rules.
    """
    marges = np.full(systeme.nombre, np.inf) if marges is None else marges
    primaires = systeme.variables_of(systeme.cellules["raison"].notna().to_numpy())
    if a_cacher is not None:
        primaires |= a_cacher
    # a zero says nothing of anyone, and cannot move
    primaires &= ~(systeme.valeurs == 0)
    if not primaires.any():
        return Protection(primaires, [])
    par_tau, echecs = protect_linked(systeme, primaires, tau)
    resultat = _hide_with_sums(systeme, par_tau, primaires, marges)
    if resultat.cachees.sum() <= ALLEGER_SOUS:
        resultat = _lighten(systeme, resultat, primaires, marges)
    resultat.par_tau, resultat.echecs_tau = int((par_tau & ~primaires).sum()), echecs
    resultat.par_attaque = int((resultat.cachees & ~par_tau).sum())
    return resultat


def views(primaires: Masque, marges: Reels) -> list[tuple[Masque, Reels]]:
    """Return what the attacker aims at, with the margins it knows.

    A variable that has a margin is known and not aimed at, except where it is hidden for its difference with the former
    figure: its exact value is sought, without that figure.
    """
    libres = np.isinf(marges)
    differences = primaires & ~libres
    vues = [(libres, marges)]
    return [*vues, (differences, np.where(differences, np.inf, marges))] if differences.any() else vues


def limits(valeurs: Reels, marges: Reels) -> tuple[Reels, Reels]:
    """Return between what each variable is known to lie."""
    larges = np.where(np.isfinite(valeurs), marges, np.inf)
    connues = np.where(np.isfinite(larges), valeurs, 0)
    return np.where(np.isfinite(larges), np.maximum(connues - larges, 0), 0), connues + larges


def _hide_with_sums(systeme: Systeme, cachees: Masque, primaires: Masque, marges: Reels) -> Protection:
    """Hide more until no hidden variable is known, nor a sum of them the rules forbid.

    Such a sum is one more variable to hide. Hiding makes other sums: each pass but the last hides more, or adds one.
    """
    etendu, visees, contenu = systeme, set[bytes](), sparse.eye(systeme.nombre, format="csr")
    publiables = systeme.variables_of(systeme.cellules["est_publiable"].to_numpy())
    while True:
        resultat = hide_until_unknown(etendu, cachees, primaires, marges)
        lues = _shown(systeme, publiables, resultat.cachees[: systeme.nombre], marges[: systeme.nombre])
        sommes = forbidden_sums(systeme, lues, visees)
        if sommes.raisons:
            visees.update(sommes.cles())
            etendu, ajouts = with_sums(etendu, sommes), len(sommes.raisons)
            contenu = sparse.vstack([contenu, sommes.parties], format="csr")
            cachees = np.append(resultat.cachees, np.full(ajouts, True))
            primaires, marges = np.append(primaires, np.full(ajouts, True)), np.append(marges, np.full(ajouts, np.inf))
        elif (resultat.cachees & ~cachees).any():
            # once more, from the true values alone: proofs that add up may add their roundings
            cachees = resultat.cachees
        else:
            break
    # a sum that nothing protects is named by its parts
    fuites = np.flatnonzero(np.asarray(contenu[resultat.fuites].sum(axis=0)).ravel() * publiables)
    return Protection(resultat.cachees[: systeme.nombre], [int(fuite) for fuite in fuites])


def hide_until_unknown(systeme: Systeme, cachees: Masque, primaires: Masque, marges: Reels) -> Protection:
    """Hide more until the attacker knows no hidden variable; those nothing protects are `fuites`."""
    cachees, perdues = cachees.copy(), np.zeros(systeme.nombre, dtype=bool)
    publiables = systeme.variables_of(systeme.cellules["est_publiable"].to_numpy())
    couts = _costs(systeme)
    vues = views(primaires, marges)
    acquises: list[Bornes] = [_truth_alone(systeme) for _ in vues]
    sans_fuite, rang = 0, 0
    while sans_fuite < len(vues):
        (cibles, permises), acquis = vues[rang], acquises[rang]
        visees = cachees & cibles & (publiables | primaires) & ~perdues & np.isfinite(systeme.valeurs)
        lues, limites = _shown(systeme, publiables, cachees, permises), limits(systeme.valeurs, permises)
        acquises[rang] = bornes = attack(systeme.matrice, lues, visees, acquis, limites)
        rang = (rang + 1) % len(vues)
        fuites = np.flatnonzero(bornes.known() & visees)
        sans_fuite = 0 if len(fuites) else sans_fuite + 1
        montrees, avant = publiables & ~cachees, cachees.sum()
        for fuite in map(int, fuites):
            if not bornes.known()[fuite]:
                continue
            trouve = repair(systeme.matrice, systeme.valeurs, fuite, np.where(montrees, couts, 0.0), permises)
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
        if cachees.sum() == avant:
            perdues[fuites] = True
    return Protection(cachees, [int(v) for v in np.flatnonzero(perdues)])


def _truth_alone(systeme: Systeme) -> Bornes:
    """Return the bounds one point proves: what every variable is."""
    bas, haut = systeme.valeurs.copy(), systeme.valeurs.copy()
    bas[np.isnan(bas)], haut[np.isnan(haut)] = np.inf, -np.inf
    return Bornes(bas, haut)


def _shown(systeme: Systeme, publiables: Masque, cachees: Masque, marges: Reels) -> Reels:
    """Return what the attacker reads: the published values, NaN elsewhere."""
    lues = (publiables & ~cachees) | (marges == 0) | (systeme.valeurs == 0)
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


def _lighten(systeme: Systeme, resultat: Protection, primaires: Masque, marges: Reels) -> Protection:
    """Show again each secondary cell that protects nothing, the most useful first."""
    couts = _costs(systeme) * np.log1p(np.where(np.isfinite(systeme.valeurs), systeme.valeurs, 0))
    publiables = systeme.variables_of(systeme.cellules["est_publiable"].to_numpy())
    secondaires = np.flatnonzero(resultat.cachees & ~primaires & publiables)
    for variable in secondaires[np.argsort(-couts[secondaires], kind="stable")]:
        essai = resultat.cachees.copy()
        essai[variable] = False
        if not leaks(systeme, essai, primaires, marges).any():
            resultat.cachees = essai
    return resultat


def leaks(systeme: Systeme, cachees: Masque, primaires: Masque, marges: Reels | None = None) -> Masque:
    """Return the hidden variables the attacker knows, alone or in a sum the rules forbid, from what is shown alone."""
    publiables = systeme.variables_of(systeme.cellules["est_publiable"].to_numpy())
    trouvees = np.zeros(systeme.nombre, dtype=bool)
    for cibles, permises in views(primaires, np.full(systeme.nombre, np.inf) if marges is None else marges):
        visees = cachees & cibles & (publiables | primaires) & np.isfinite(systeme.valeurs)
        lues, limites = _shown(systeme, publiables, cachees, permises), limits(systeme.valeurs, permises)
        trouvees |= attack(systeme.matrice, lues, visees, limites=limites).known() & visees
        if not trouvees.any():
            trouvees |= np.asarray(forbidden_sums(systeme, lues).parties.sum(axis=0)).ravel() > 0
    return trouvees
