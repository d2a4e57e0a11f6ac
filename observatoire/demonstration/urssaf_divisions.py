"""The Urssaf table of the ESS by région and NAF division: the one by département, spread over divisions.

Belongs here: this spread. Does not: the départements it comes from (`urssaf`), published figures (`margins`).
"""

import numpy as np
import pandas as pd

DIVISIONS = {
    "47 Commerce de détail, à l'exception des automobiles et des motocycles": (0.02, 0.30),
    "64 Activités des services financiers, hors assurance et caisses de retraite": (0.07, 0.04),
    "65 Assurance": (0.05, 0.03),
    "78 Activités liées à l'emploi": (0.03, 0.12),
    "85 Enseignement": (0.17, 0.04),
    "86 Activités pour la santé humaine": (0.08, 0.10),
    "87 Hébergement médico-social et social": (0.19, 0.05),
    "88 Action sociale sans hébergement": (0.22, 0.05),
    "90 Activités créatives, artistiques et de spectacle": (0.02, 0.02),
    "93 Activités sportives, récréatives et de loisirs": (0.06, 0.05),
    "94 Activités des organisations associatives": (0.09, 0.20),
}
"""Shares of the jobs of the ESS and of the rest in each division: hand-made orders of magnitude; not all divisions."""

ECART = 0.995  # two tables of one producer differ by definition: so do these


def ess_by_region(ess: pd.DataFrame, seed: int, measures: list[str]) -> pd.DataFrame:
    """Spread the rows of the départements over the divisions: one row per région, family, division and year."""
    # its own generator: the other tables keep their bytes whatever is drawn here
    rng = np.random.default_rng([seed, 88])
    keys = ["region", "champ_ess", "famille_ess", "annee", "code_region"]
    regions = ess.groupby(keys, as_index=False)[measures].sum()
    table = regions.merge(pd.DataFrame({"secteur_na88": list(DIVISIONS)}), "cross")
    shares = np.array([DIVISIONS[division] for division in table["secteur_na88"]])
    weight = np.where(table["champ_ess"] == "OUI", shares[:, 0], shares[:, 1]) * rng.lognormal(0, 0.2, len(table))
    part = ECART * weight / table.assign(poids=weight).groupby(keys)["poids"].transform("sum").to_numpy()
    table[measures] = table[measures].mul(part, axis=0)
    table = table.round({"nombre_d_etablissements": 0, "effectifs_salaries_moyens": 1, "masse_salariale": 0})
    table = table.astype({"nombre_d_etablissements": "int64", "masse_salariale": "int64"})
    columns = ["region", "champ_ess", "famille_ess", "secteur_na88", "annee", "code_region", *measures]
    return table.loc[table["nombre_d_etablissements"] > 0, columns].sort_values(columns[:5], ignore_index=True)
