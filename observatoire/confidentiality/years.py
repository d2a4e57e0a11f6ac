"""What one year says of another: a cell hidden one year and shown, hardly changed, another one.

Cells of one period belong to `cells`; what the difference of two figures tells, to `movements`.
"""

import pandas as pd

from observatoire.confidentiality.cells import CLE, Masque, Systeme
from observatoire.confidentiality.published import PROCHE


def shown_in_other_years(systemes: dict[str, Systeme], cachees: dict[str, Masque]) -> pd.DataFrame:
    """Return the cells that a period shows and another hides at nearly the same value.

    Returns:
        Columns `CLE`, then `periode`, `variable`, `valeur` and `raison` where it is shown, and the same followed by
        `_cachee` where it is hidden.
    """
    lues = []
    for periode, systeme in systemes.items():
        cellules = systeme.cellules[systeme.cellules["est_publiable"]].assign(periode=periode)
        cellules["raison"] = cellules["raison"].astype(object).where(cellules["raison"].notna(), None)
        lues.append(cellules.assign(cachee=cachees[periode][cellules["variable"].to_numpy()]))
    toutes = pd.concat(lues)[[*CLE, "periode", "variable", "valeur", "raison", "cachee"]]
    paires = toutes[~toutes["cachee"]].merge(toutes[toutes["cachee"]], on=list(CLE), suffixes=("", "_cachee"))
    return paires[(paires["valeur"] - paires["valeur_cachee"]).abs() <= PROCHE * paires["valeur_cachee"]]
