"""A linear program asked several aims in turn: each starts from the basis where the last one ended.

On the same constraints, a new aim takes a few pivots where a new program takes them all. What cells are does not belong
here.
"""

import highspy
import numpy as np
from highspy import HighsModelStatus as Etat
from scipy import sparse

from observatoire.confidentiality.cells import Reels

SANS_REPONSE = "si cela se répète retirer la publication gardée la plus récente (job retirer_publication)"

PRIMAL = 4  # the simplex that goes from one feasible point to another


class SystemeIncoherent(Exception):
    """What is published contradicts itself: no value of the hidden cells satisfies the equations."""


class Programme:
    """The values x within bounds such that `matrice` @ x = `second`."""

    def __init__(self, matrice: sparse.csr_matrix, second: Reels, possibles: Reels) -> None:
        """State the constraints.

        Args:
            matrice: equations × variables.
            second: what each equation equals.
            possibles: variables × 2, between what each lies; infinite where nothing bounds it.
        """
        colonnes = matrice.tocsc()
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = matrice.shape
        lp.col_cost_ = np.zeros(lp.num_col_)
        lp.col_lower_, lp.col_upper_ = np.ascontiguousarray(possibles[:, 0]), np.ascontiguousarray(possibles[:, 1])
        lp.row_lower_ = lp.row_upper_ = second
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = colonnes.indptr, colonnes.indices
        lp.a_matrix_.value_ = colonnes.data.astype(float)
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        # in this order: the first option that is set prints a banner where it still may
        self._highs.setOptionValue("log_to_console", False)
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("threads", 1)
        # small cells stand beside the total of a country: what a constraint is left short of must be nothing to them
        self._highs.setOptionValue("primal_feasibility_tolerance", 1e-9)
        self._highs.passModel(lp)
        self._rangs = np.arange(lp.num_col_, dtype=np.int32)

    def lowest(self, cout: Reels) -> Reels | None:
        """Return a point where `cout` @ x is lowest, None where it has no bottom.

        Raises:
            SystemeIncoherent: nothing satisfies the constraints.
            ArithmeticError: the solver does not know; nothing may be concluded from it.
        """
        self._highs.changeColsCost(len(self._rangs), self._rangs, cout)
        for _ in range(2):
            self._highs.run()
            etat = self._highs.getModelStatus()
            if etat == Etat.kOptimal:
                # this basis satisfies the constraints, whatever the next aim: a solver that lets go of it starts over
                self._highs.setOptionValue("simplex_strategy", PRIMAL)
                return np.array(self._highs.getSolution().col_value)
            if etat == Etat.kUnbounded:
                return None
            if etat == Etat.kInfeasible:
                raise SystemeIncoherent
            # simplified until it no longer knew which of the two, or a basis gone astray: once more, from nothing
            self._highs.clearSolver()
            self._highs.setOptionValue("presolve", "off")
        raise ArithmeticError(f"Programme linéaire sans réponse : {self._highs.modelStatusToString(etat)}.")
