"""Repair of a leak: the fewest published cells to hide so that a hidden one may be something else.

One linear program: move the cell that leaks away from its value, keep every equation and nothing negative; what is
published and has to move is hidden. The move is a proof: another set of values that all published figures allow.
"""

import numpy as np
from scipy import optimize, sparse

from observatoire.confidentiality.cells import Entiers, Reels

# beyond what makes a cell unknown within ±10 %: a fifth less, a quarter more
BAISSE, HAUSSE = 0.20, 0.25
# equations around the leak; the whole of France is not needed to hide a commune
RAYONS = (3, 5, 9, 17, 40)
# a large cell that moves little is a leak in its turn
GRANDE, SURCOUT = 4.0, 3.0


def repair(
    matrice: sparse.csr_matrix, valeurs: Reels, fuite: int, couts: Reels, marges: Reels
) -> tuple[Entiers, Reels] | None:
    """Find what to hide for one hidden variable not to be known.

    Args:
        matrice: equations × variables.
        valeurs: true value of each variable.
        fuite: the variable known within ±10 %.
        couts: cost of hiding each variable, zero for the hidden ones.
        marges: how far from its value each variable may be: zero when it is known otherwise, infinite when nothing is.

    Returns:
        The variables to hide, and the move of every variable; None when no hiding helps.
    """
    voisins = np.zeros(len(valeurs), dtype=bool)
    voisins[fuite] = True
    transposee = matrice.T.tocsr()
    atteint = 0
    for rayon in RAYONS:
        for _ in range(rayon - atteint):
            voisins |= (np.abs(transposee) @ (np.abs(matrice) @ voisins.astype(float))) > 0
        atteint = rayon
        libres = np.flatnonzero(voisins & (marges > 0) & np.isfinite(valeurs))
        essais = [_move(matrice, valeurs, fuite, couts, marges, libres, part) for part in (-BAISSE, HAUSSE)]
        trouves = [essai for essai in essais if essai is not None]
        if trouves:
            _, mouvement = min(trouves, key=lambda essai: essai[0])
            bouge = np.abs(mouvement) > 1e-6 * valeurs[fuite]
            # smaller moves are the solver's rounding: they prove nothing of a small cell
            return np.flatnonzero(bouge & (couts > 0)), np.where(bouge, mouvement, 0.0)
    return None


def _move(
    matrice: sparse.csr_matrix, valeurs: Reels, fuite: int, couts: Reels, marges: Reels, libres: Entiers, part: float
) -> tuple[float, Reels] | None:
    """Move a variable by a part of its value, at the least cost; return the cost and every move."""
    bloc = matrice[:, libres]
    bloc = bloc[np.diff(bloc.indptr) > 0]
    unite = valeurs[fuite]
    hauteurs = valeurs[libres] / unite
    prix = couts[libres] * np.where(hauteurs > GRANDE * abs(part), SURCOUT, 1.0)
    place = np.flatnonzero(libres == fuite)
    if not len(place):
        return None
    ecarts = marges[libres] / unite
    bas, haut = np.zeros(2 * len(libres)), np.concatenate([ecarts, np.minimum(ecarts, hauteurs)])
    monte, descend = place[0], place[0] + len(libres)
    bas[monte] = haut[monte] = max(part, 0)
    bas[descend] = haut[descend] = max(-part, 0)
    reponse = optimize.linprog(
        np.concatenate([prix, prix]),
        A_eq=sparse.hstack([bloc, -bloc], format="csr"),
        b_eq=np.zeros(bloc.shape[0]),
        bounds=np.column_stack([bas, haut]),
        method="highs",
    )
    if reponse.x is None:
        return None
    mouvement = np.zeros(len(valeurs))
    mouvement[libres] = (reponse.x[: len(libres)] - reponse.x[len(libres) :]) * unite
    return float(reponse.fun), mouvement
