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
# times the leak: no other cell has to move by more, and beside a leak of a few euros infinity is no number to solve
AMPLEUR = 100.0


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
        # a zero is shown, whatever is hidden
        libres = np.flatnonzero(voisins & (marges > 0) & (valeurs > 0))
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
    hausses = np.minimum(marges[libres] / unite, AMPLEUR)
    baisses = np.minimum(hausses, hauteurs)
    prix[place] = 0.0
    # what is shown costs as much up as down; what is hidden moves freely, and needs one column
    payes = np.flatnonzero(prix)
    bas, haut = np.where(prix > 0, 0.0, -baisses), hausses
    bas[place] = haut[place] = part
    reponse = optimize.linprog(
        np.concatenate([prix, prix[payes]]),
        A_eq=sparse.hstack([bloc, -bloc[:, payes]], format="csr"),
        b_eq=np.zeros(bloc.shape[0]),
        bounds=np.column_stack([np.concatenate([bas, 0 * payes]), np.concatenate([haut, baisses[payes]])]),
        method="highs",
        options={"presolve": False},
    )
    if reponse.x is None:
        return None
    mouvement = np.zeros(len(valeurs))
    mouvement[libres] = reponse.x[: len(libres)]
    mouvement[libres[payes]] -= reponse.x[len(libres) :]
    return float(reponse.fun), mouvement * unite
