"""What one year says of another: a cell hidden one year and shown, hardly changed, the next; one respondent more.

Cells of one period belong to `cells`; releases to `published`.
"""

import duckdb
import pandas as pd

from observatoire.catalog import Mesure
from observatoire.confidentiality.cells import CLE, Masque, Systeme

PROCHE = 0.10


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


def arrivals(connexion: duckdb.DuckDBPyConnection, mesure: Mesure, avant: str, apres: str) -> pd.DataFrame:
    """Return the cells that differ between two periods by one or two respondents, and tell their value within ±10 %.

    Returns:
        Columns `CLE`: the others moved so little that the difference of the two totals is what came, or left.
    """
    cle = ", ".join(CLE)
    return connexion.execute(
        f"""
        WITH lignes AS (
            SELECT p.niveau_parent AS niveau, p.code_parent AS code_territoire, axe, modalite, unite,
                   max(repondant) AS repondant,
                   sum(valeur) FILTER (periode = $avant) AS a, sum(valeur) FILTER (periode = $apres) AS b,
                   bool_or(periode = $avant) AS est_avant, bool_or(periode = $apres) AS est_apres
            FROM mesures.{mesure.nom} m JOIN secret_places p USING (niveau, code_territoire)
            WHERE periode IN ($avant, $apres) GROUP BY ALL),
        cellules AS (
            SELECT {cle}, coalesce(sum(b), 0) - coalesce(sum(a), 0) AS ecart,
                   coalesce(sum(b) FILTER (NOT est_avant), 0) - coalesce(sum(a) FILTER (NOT est_apres), 0) AS mouvement,
                   count(DISTINCT repondant) FILTER (NOT est_avant OR NOT est_apres) AS nombre,
                   bool_or(est_avant AND est_apres) AS reste
            FROM lignes GROUP BY ALL)
        SELECT {cle} FROM cellules
        WHERE nombre BETWEEN 1 AND 2 AND reste AND mouvement <> 0
          AND abs(ecart - mouvement) <= {PROCHE} * abs(mouvement)""",
        {"avant": avant, "apres": apres},
    ).df()
