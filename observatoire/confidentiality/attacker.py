"""The attacker: what published cells and the equations between cells say of the hidden ones.

It knows every published figure, every equation, that nothing is negative, how far a former figure is from what it tells
of today, and nothing else. A cell is *known* when one
figure can be announced that is right within ±10 %: 0.9 × its upper bound does not exceed 1.1 × its lower bound.
Deciding what to hide does not belong here.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from observatoire.confidentiality.cells import Masque, Reels
from observatoire.confidentiality.programme import Programme

PRECISION = 0.10
# two feasible points may prove many cells at once: so many pairs are tried before the cells left are bounded one by
# one, as long as each proves one variable in so many, which would take as long to bound
PAIRES, UNE_SUR = 6, 200
TOLERANCE = 1e-7
# no unit smaller than this part of what is known: a difference of large totals is right up to their rounding, which
# must be within the solver's tolerance
UNITE = 1e-6


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
    unite = UNITE * float(np.nanmax(np.abs(valeurs), initial=0))
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
        _bound(bloc, second[lignes], bornes, inconnues[colonnes], visees[inconnues[colonnes]], possibles, unite)
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
    matrice: sparse.csr_matrix,
    second: Reels,
    bornes: Bornes,
    variables: np.ndarray,
    visees: Masque,
    possibles: Reels,
    unite: float,
) -> None:
    """Bound a component: feasible points first, each of which may prove many cells, then two programs a cell left."""
    # where all is hidden only former figures say how large: what is finite must be nowhere near the solver's infinity
    tailles = np.abs(np.append(second, possibles[np.isfinite(possibles)]))
    echelle = max(float(tailles.max(initial=0)) / 1e3, unite, 1e-12)
    second, possibles = second / echelle, possibles / echelle
    programme = Programme(matrice, second, possibles)
    alea = np.random.default_rng(0)

    def point(cout: Reels) -> bool:
        """Find a feasible point; False when there is no bound in this direction."""
        trouve = programme.lowest(cout)
        if trouve is None:
            return False
        trouve = np.maximum(trouve, 0) * echelle
        bornes.bas[variables] = np.minimum(bornes.bas[variables], trouve)
        bornes.haut[variables] = np.maximum(bornes.haut[variables], trouve)
        return True

    reste = visees & ~_safe(bornes, variables)
    peu = max(2, len(variables) // UNE_SUR)
    for _ in range(PAIRES):
        avant = reste.sum()
        if avant <= peu:
            break
        poids = alea.uniform(0.5, 1.5, len(variables)) * reste
        point(poids)
        point(-poids)
        reste = visees & ~_safe(bornes, variables)
        if avant - reste.sum() < peu:
            break
    for rang in map(int, np.flatnonzero(reste)):
        for signe in (1, -1):
            if _safe(bornes, variables[rang : rang + 1])[0]:
                break
            cout = np.zeros(len(variables))
            cout[rang] = signe
            if not point(cout) and signe == -1:
                bornes.haut[variables[rang]] = np.inf
