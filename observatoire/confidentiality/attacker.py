"""The attacker: what published cells and the equations between cells say of the hidden ones.

It knows every published figure, every equation, that nothing is negative, how far a former figure is from what it tells
of today, and nothing else. A cell is *known* when one
figure can be announced that is right within ±10 %: 0.9 × its upper bound does not exceed 1.1 × its lower bound.
Deciding what to hide does not belong here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from observatoire.confidentiality.cells import Masque, Reels
from observatoire.confidentiality.programme import Programme

PRECISION = 0.10
# a feasible point proves several cells at once: so many are tried before the cells left are bounded one by one
ESSAIS = 12
TOLERANCE = 1e-7
# in a large component, a cell may often move with its neighbours alone, at so many equations around it
GRAND, RAYONS = 400, (2, 4)


@dataclass
class Bornes:
    """What the attacker knows of each variable: `bas` and `haut`, exact where it is known, wide enough elsewhere."""

    bas: Reels
    haut: Reels
    par_soustraction: Masque = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def known(self) -> Masque:
        """Return the variables known within ±10 %."""
        return np.asarray((1 - PRECISION) * self.haut <= (1 + PRECISION) * self.bas * (1 + TOLERANCE))


def attack(
    matrice: sparse.csr_matrix,
    connues: Reels,
    visees: Masque,
    acquis: Bornes | None = None,
    limites: tuple[Reels, Reels] | None = None,
) -> Bornes:
    """Bound the hidden variables that are aimed at.

    Args:
        matrice: equations × variables; each equation is zero.
        connues: value of each published variable, NaN for the hidden ones.
        visees: variables to bound; those that are published are already known and left out.
        acquis: bounds already reached by feasible points of a system where fewer variables were hidden.
        limites: between what a former figure puts each variable; none by default.

    Raises:
        SystemeIncoherent: the published values satisfy no equation system of non-negative cells.
    """
    valeurs = connues.copy()
    subtract(matrice, valeurs)
    par_soustraction = np.isnan(connues) & ~np.isnan(valeurs)
    dessous, dessus = limites or (np.zeros(len(valeurs)), np.full(len(valeurs), np.inf))
    bornes = acquis or Bornes(np.full(len(valeurs), np.inf), np.full(len(valeurs), -np.inf))
    determinees = ~np.isnan(valeurs)
    bornes.bas[determinees] = bornes.haut[determinees] = np.maximum(valeurs[determinees], 0)
    bornes.par_soustraction = par_soustraction
    inconnues = np.flatnonzero(np.isnan(valeurs))
    if not len(inconnues):
        return bornes
    restantes = matrice[:, inconnues].tocsr()
    actives = np.flatnonzero(np.diff(restantes.indptr))
    restantes = restantes[actives]
    second = -(matrice[actives] @ np.where(np.isnan(valeurs), 0, valeurs))
    blocs = _components(restantes)
    for lignes, colonnes in blocs:
        cherchees = visees[inconnues[colonnes]] & ~_safe(bornes, inconnues[colonnes])
        if not cherchees.any():
            continue
        if not len(lignes):
            bornes.bas[inconnues[colonnes]] = dessous[inconnues[colonnes]]
            bornes.haut[inconnues[colonnes]] = dessus[inconnues[colonnes]]
            continue
        bloc = restantes[lignes][:, colonnes]
        possibles = np.column_stack([dessous[inconnues[colonnes]], dessus[inconnues[colonnes]]])
        _bound(bloc, second[lignes], bornes, inconnues[colonnes], visees[inconnues[colonnes]], possibles)
    return bornes


def subtract(matrice: sparse.csr_matrix, valeurs: Reels) -> None:
    """Fill in every variable that one equation suffices to give, until there is none."""
    transposee = matrice.tocsc()
    absents = np.isnan(valeurs)
    compte = np.abs(matrice) @ absents.astype(float)
    file = list(np.flatnonzero(compte == 1))
    while file:
        equation = file.pop()
        ligne = slice(matrice.indptr[equation], matrice.indptr[equation + 1])
        colonnes, signes = matrice.indices[ligne], matrice.data[ligne]
        manque = np.isnan(valeurs[colonnes])
        if manque.sum() != 1:
            continue
        (variable,), (signe,) = colonnes[manque], signes[manque]
        reste = -(signes[~manque] @ valeurs[colonnes[~manque]]) / signe
        # a difference of large published totals is zero up to their rounding
        valeurs[variable] = 0.0 if abs(reste) <= 1e-12 * np.abs(valeurs[colonnes[~manque]]).max(initial=0) else reste
        for autre in transposee.indices[transposee.indptr[variable] : transposee.indptr[variable + 1]]:
            compte[autre] -= 1
            if compte[autre] == 1:
                file.append(autre)


def _components(matrice: sparse.csr_matrix) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut the equations into groups that share no variable: (equations, variables)."""
    lignes, colonnes = matrice.shape
    if not lignes:
        return [(np.zeros(0, dtype=int), np.array([colonne])) for colonne in range(colonnes)]
    graphe = sparse.bmat([[None, matrice], [matrice.T, None]], format="csr")
    _, groupes = sparse.csgraph.connected_components(graphe, directed=False)
    ordre = np.argsort(groupes, kind="stable")
    coupes = np.flatnonzero(np.diff(groupes[ordre])) + 1
    return [(g[g < lignes], g[g >= lignes] - lignes) for g in np.split(ordre, coupes)]


def _safe(bornes: Bornes, variables: np.ndarray) -> Masque:
    """Say which of these variables two feasible points already keep apart."""
    bas, haut = bornes.bas[variables], bornes.haut[variables]
    return np.asarray(np.isfinite(bas) & ((1 - PRECISION) * haut > (1 + PRECISION) * bas * (1 + TOLERANCE)))


def _bound(
    matrice: sparse.csr_matrix, second: Reels, bornes: Bornes, variables: np.ndarray, visees: Masque, possibles: Reels
) -> None:
    """Bound a component: feasible points first, each of which may prove many cells, then two programs a cell left."""
    # where all is hidden only former figures say how large: what is finite must be nowhere near the solver's infinity
    tailles = np.abs(np.append(second, possibles[np.isfinite(possibles)]))
    echelle = max(float(tailles.max(initial=0)), 1e-9) / 1e3
    second, possibles = second / echelle, possibles / echelle
    programme = Programme(matrice, second, possibles)
    alea = np.random.default_rng(0)
    points: list[Reels] = []

    def keep(ou: np.ndarray, trouve: Reels) -> None:
        bornes.bas[variables[ou]] = np.minimum(bornes.bas[variables[ou]], trouve * echelle)
        bornes.haut[variables[ou]] = np.maximum(bornes.haut[variables[ou]], trouve * echelle)

    def point(cout: Reels) -> bool:
        """Find a feasible point; False when there is no bound in this direction."""
        trouve = programme.lowest(cout)
        if trouve is None:
            return False
        points.append(np.maximum(trouve, 0))
        keep(toutes, points[-1])
        return True

    toutes = np.arange(len(variables))
    reste = visees & ~_safe(bornes, variables)
    for essai in range(ESSAIS if reste.sum() > 2 else 0):
        poids = alea.uniform(0.5, 1.5, len(variables)) * reste
        point(poids if essai % 2 == 0 else -poids)
        avant, reste = reste.sum(), visees & ~_safe(bornes, variables)
        if not reste.any() or (essai > 2 and avant - reste.sum() < 2):
            break
    if points and len(variables) > GRAND:
        # what lies between feasible points is feasible
        milieu, transposee = np.mean(points, axis=0), matrice.T.tocsr()
        for rang in map(int, np.flatnonzero(reste)):
            for rayon in RAYONS:
                if _safe(bornes, variables[rang : rang + 1])[0]:
                    break
                _move_nearby(matrice, transposee, rang, rayon, milieu, possibles, keep)
        reste = visees & ~_safe(bornes, variables)
    for rang in map(int, np.flatnonzero(reste)):
        for signe in (1, -1):
            if _safe(bornes, variables[rang : rang + 1])[0]:
                break
            cout = np.zeros(len(variables))
            cout[rang] = signe
            if not point(cout) and signe == -1:
                bornes.haut[variables[rang]] = np.inf


def _move_nearby(
    matrice: sparse.csr_matrix,
    transposee: sparse.csr_matrix,
    rang: int,
    rayon: int,
    milieu: Reels,
    possibles: Reels,
    keep: Callable[[np.ndarray, Reels], None],
) -> None:
    """Move a variable as far as its neighbours allow, all others left where a feasible point has them.

    What is found is feasible for the whole component: it may prove a cell unknown, never that it is known.
    """
    proches = np.array([rang])
    for _ in range(rayon):
        equations = np.unique(transposee[proches].indices)
        proches = np.unique(matrice[equations].indices)
    # the farthest that move have equations of their own, where the others stay
    equations = np.unique(transposee[proches].indices)
    bloc = matrice[equations][:, proches]
    place = np.searchsorted(proches, rang)
    programme = Programme(bloc, bloc @ milieu[proches], possibles[proches])
    for signe in (1.0, -1.0):
        cout = np.zeros(len(proches))
        cout[place] = signe
        trouve = programme.lowest(cout)
        if trouve is not None:
            keep(proches, np.maximum(trouve, 0))
