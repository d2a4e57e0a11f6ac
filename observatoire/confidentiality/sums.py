"""Sums of hidden cells that subtraction gives: a total less the parts that are shown. They obey the primary rules too.

Two cells of one association, each hidden, say its payroll when their sum is public. Which cells to hide so that a sum
is no longer known belongs to `protection`; single cells, to `attacker`.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse

from observatoire.confidentiality.attacker import subtract
from observatoire.confidentiality.cells import Reels, Systeme

SOMME = "somme:"


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
    """Return the sums of hidden variables that one equation gives and a primary rule forbids.

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
    # a whole that is hidden says nothing of the sum of its parts
    sues = (np.diff(restantes.indptr) > 1) & (restantes.min(axis=1).toarray().ravel() >= 0)
    parties = restantes[np.flatnonzero(sues)]
    # what sensitive cells are not part of is as safe as its parts
    sensibles = systeme.variables_of(systeme.cellules["raison"].notna().to_numpy())
    parties = parties[np.flatnonzero(parties @ sensibles.astype(float))]
    parties.sort_indices()
    raisons = systeme.broken_rules(parties)
    # two equations may give one sum
    rangs = {cle: rang for rang, cle in enumerate(_keys(parties)) if raisons[rang] and cle not in sauf}
    return Sommes(parties[list(rangs.values())], [str(raisons[rang]) for rang in rangs.values()])


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
