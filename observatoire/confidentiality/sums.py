"""Sums of hidden cells that subtraction gives: a total less the parts that are shown. They obey the primary rules too.

Two cells of one association, each hidden, say its payroll when their sum is public. Which cells to hide so that a sum
is no longer known belongs to `protection`; single cells, to `attacker`.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import linalg

from observatoire.confidentiality.attacker import subtract
from observatoire.confidentiality.cells import Reels, Systeme

SOMME = "somme:"
# what several equations give together: longer sums count more respondents, and would take too long to list
TERMES, TOURS = 6, 4
# moves are drawn of the order of one
EGAL = 1e-7


@dataclass(frozen=True)
class Sommes:
    """Sums that must not be known.

    Attributes:
        parties: sums × variables, 1 for what is added.
        raisons: the rule each breaks.
    """

    parties: sparse.csr_matrix
    raisons: list[str]

    def cles(self) -> list[bytes]:
        """Return what tells one sum from another."""
        return _keys(self.parties)


def forbidden_sums(systeme: Systeme, lues: Reels, sauf: Collection[bytes] = ()) -> Sommes:
    """Return the sums of hidden variables that equations give and a primary rule forbids.

    One equation gives any sum, however long; several, added or subtracted, those of `TERMES` variables at most; any
    combination, those of two.

    Args:
        systeme: cells and equations.
        lues: value of each variable that is shown, NaN for the others.
        sauf: keys of sums left out.
    """
    valeurs = lues.copy()
    subtract(systeme.matrice, valeurs)
    inconnues = np.isnan(valeurs)
    restantes = (systeme.matrice @ sparse.diags(inconnues.astype(float))).tocsr()
    restantes.eliminate_zeros()
    parties = _given(restantes)
    # what sensitive cells are not part of is as safe as its parts
    sensibles = systeme.variables_of(systeme.cellules["raison"].notna().to_numpy())
    parties = parties[np.flatnonzero(parties @ sensibles.astype(float))]
    raisons = systeme.broken_rules(parties)
    rangs = [rang for rang, cle in enumerate(_keys(parties)) if raisons[rang] and cle not in sauf]
    return Sommes(parties[rangs], [str(raisons[rang]) for rang in rangs])


def _given(restantes: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the sums that equations give: sums × variables.

    One by one, those whose whole is known. Then a sum with a hidden whole replaced by its hidden parts, and a sum less
    another that it contains, as long as there are new ones.
    """
    entieres = restantes.min(axis=1).toarray().ravel() >= 0
    sommes, ouvertes = _once(restantes[np.flatnonzero(entieres)]), restantes[np.flatnonzero(~entieres)]
    touts = (ouvertes < 0).astype(float)
    for _ in range(TOURS):
        tailles = np.diff(sommes.indptr)
        change = sparse.coo_matrix(sommes @ touts.T)
        petits = tailles[change.row] + np.diff(ouvertes.indptr)[change.col] - 2 <= TERMES
        communs = sparse.coo_matrix(sommes @ sommes.T)
        dedans = (communs.data == tailles[communs.col]) & (communs.row != communs.col)
        dedans &= tailles[communs.row] - tailles[communs.col] <= TERMES
        trouvees = sparse.vstack(
            [
                sommes,
                sommes[change.row[petits]] + ouvertes[change.col[petits]],
                sommes[communs.row[dedans]] - sommes[communs.col[dedans]],
            ],
            format="csr",
        )
        avant, sommes = sommes.shape[0], _once(trouvees)
        if sommes.shape[0] == avant:
            break
    return _once(sparse.vstack([sommes, _pairs(restantes)], format="csr"))


def _pairs(restantes: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the pairs whose sum is given, whatever combination of equations it takes.

    Among moves that respect every equation, drawn at random: the two always move by opposite amounts.
    """
    alea, nombre = np.random.default_rng(0), restantes.shape[1]
    mouvements = []
    for tire in alea.normal(size=(2, nombre)):
        garde = linalg.lsqr(restantes, restantes @ tire, atol=1e-13, btol=1e-13)[0]
        mouvements.append(np.where(np.diff(restantes.tocsc().indptr) > 0, tire - garde, np.nan))
    ordre = np.argsort(np.abs(mouvements[0]))
    ordre = ordre[np.abs(mouvements[0][ordre]) > EGAL]
    coupes = np.flatnonzero(np.diff(np.abs(mouvements[0][ordre])) > EGAL) + 1
    paires = [
        paire
        for groupe in np.split(ordre, coupes)
        for paire in combinations(groupe.tolist(), 2)
        if all(abs(mouvement[list(paire)].sum()) <= EGAL for mouvement in mouvements)
    ]
    colonnes = np.sort(np.array(paires, dtype=int).reshape(-1, 2), axis=1)
    lignes = np.arange(len(paires)).repeat(2)
    return sparse.csr_matrix((np.ones(colonnes.size), (lignes, colonnes.ravel())), shape=(len(paires), nombre))


def _once(sommes: sparse.csr_matrix) -> sparse.csr_matrix:
    """Keep, once each, what adds several variables and counts none twice."""
    sommes.eliminate_zeros()
    sommes.sort_indices()
    bonnes = (np.diff(sommes.indptr) > 1) & (sommes.max(axis=1).toarray().ravel() == 1)
    sommes = sommes[np.flatnonzero(bonnes & (sommes.min(axis=1).toarray().ravel() >= 0))]
    return sommes[sorted({cle: rang for rang, cle in enumerate(_keys(sommes))}.values())]


def _keys(parties: sparse.csr_matrix) -> list[bytes]:
    """Return what tells one sum from another: the variables it adds."""
    return [parties.indices[debut:fin].tobytes() for debut, fin in pairwise(parties.indptr)]


def with_sums(systeme: Systeme, sommes: Sommes) -> Systeme:
    """Return the system with a variable and an equation more for each sum, confidential and never shown."""
    nombre, ajouts = systeme.nombre, len(sommes.raisons)
    premieres = systeme.cellules.drop_duplicates("variable").set_index("variable")
    lignes = premieres.loc[sommes.parties.indices[sommes.parties.indptr[:-1]]].reset_index(drop=True)
    lignes = lignes.assign(
        niveau=SOMME + lignes["niveau"], raison=sommes.raisons, est_publiable=False, variable=nombre + np.arange(ajouts)
    )
    parties = sparse.csr_matrix((sommes.parties.data, sommes.parties.indices, sommes.parties.indptr), (ajouts, nombre))
    return replace(
        systeme,
        cellules=pd.concat([systeme.cellules, lignes], ignore_index=True),
        matrice=sparse.bmat([[systeme.matrice, None], [parties, -sparse.eye(ajouts)]], format="csr"),
        valeurs=np.concatenate([systeme.valeurs, parties @ systeme.valeurs]),
    )
