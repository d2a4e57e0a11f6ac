"""Flores: employer establishments and posts by territory and activity, in Insee's archive ``DS_FLORES_A5``.

Every territory adds up communes drawn once, so the levels agree, whatever the status of a cell. Belongs here: drawing
and writing this archive. Does not: any dimension of the ESS, which the official files do not have.
"""

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from observatoire.demonstration.geography import Geography
from observatoire.demonstration.margins import FLORES_YEAR, flores_france
from observatoire.demonstration.writing import Origin, replacing, write_zip

ACTIVITIES = {
    "AZ": ("Agriculture, sylviculture et pêche", 0.035, 0.012),
    "BE": ("Industrie", 0.080, 0.125),
    "FZ": ("Construction", 0.105, 0.060),
    "GU": ("Commerce, transports et services divers", 0.620, 0.480),
    "OQ": ("Administration publique, enseignement, santé et action sociale", 0.160, 0.323),
}
"""Label, share of the establishments and share of the posts of each activity: hand-made orders of magnitude."""


def write(dossier: Path, geography: Geography, *, seed: int) -> list[Path]:
    """Write the archive and return its path."""
    path = dossier / "flores" / f"DS_FLORES_A5_{FLORES_YEAR}_CSV_FR.zip"
    origin = Origin(
        jeu=f"DS_FLORES_A5_{FLORES_YEAR}",
        millesime=str(FLORES_YEAR),
        note="Chiffres inventés : totaux de France calés sur Flores 2024, répartis au hasard selon la population ; "
        "communes du Puy-de-Dôme seulement, territoires entiers au-dessus ; Mayotte laissée hors champ.",
    )
    tables = {"data": observations(geography.without_mayotte(), seed), "metadata": _metadata()}
    with replacing(path, origin) as archive, TemporaryDirectory() as workspace:
        members = {}
        for name, table in tables.items():
            member = f"DS_FLORES_A5_{FLORES_YEAR}_{name}.csv"
            members[member] = Path(workspace) / member
            table.to_csv(members[member], sep=";", index=False, quoting=csv.QUOTE_ALL, lineterminator="\n")
        write_zip(archive, members)
    return [path]


def observations(communes: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Draw the cells of every territory, in the columns of the official file."""
    rng = np.random.default_rng(seed)
    cells = _cells(communes, rng)
    local = communes["code_departement"] == "63"
    levels = {
        "EPCI": communes["code_epci"],
        "DEP": communes["code_departement"],
        "REG": communes["code_region"],
        "FRANCE": pd.Series("F", index=communes.index),
    }
    sums = {level: cells[code != ""].groupby(code[code != ""]).sum() for level, code in levels.items()}
    own = cells[local].set_index(communes.loc[local, "code_commune"])
    wide = pd.concat({"COM": own} | sums, names=["GEO_OBJECT", "GEO"])
    dimensions = ["ACTIVITY", "FLORES_MEASURE", "TIME_PERIOD"]
    table = wide.rename_axis(columns=dimensions).melt(value_name="OBS_VALUE", ignore_index=False).reset_index()
    table = table.sort_values(["GEO_OBJECT", "GEO", *dimensions], ignore_index=True)

    communal = table["GEO_OBJECT"] == "COM"
    tiny = communes.loc[local & (communes["population_municipale"] < 60), "code_commune"]
    detail = communal & table["GEO"].isin(tiny) & (table["ACTIVITY"] != "_T")
    table["OBS_STATUS"] = "A"
    # Three communes stand for those that answer for an attached one.
    attached = rng.choice(communes.loc[local, "code_commune"].to_numpy(dtype=object), 3, replace=False)
    table.loc[communal & table["GEO"].isin(attached), "OBS_STATUS"] = "W"
    withheld = detail & (table["FLORES_MEASURE"] == "EMPL3112") & (table["OBS_VALUE"] > 0)
    table.loc[withheld, "OBS_STATUS"] = "K"
    table["OBS_VALUE"] = table["OBS_VALUE"].astype("Int64").mask(withheld)
    table = table.assign(NUMBER_EMPL="_T", LEGAL_FORM_WITH_PUBLIC="1T9X7")
    columns = ["GEO", "GEO_OBJECT", "ACTIVITY", "NUMBER_EMPL", "LEGAL_FORM_WITH_PUBLIC"]
    return table.loc[:, [*columns, "FLORES_MEASURE", "OBS_STATUS", "TIME_PERIOD", "OBS_VALUE"]]


def _cells(communes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw the communes: one column per (activity, measure, year), totals included."""
    population = communes["population_municipale"].to_numpy()
    # A small commune may be anything; a large one looks like the country, or its whole métropole would be absurd.
    spread = 1 / (1 + population / 5_000)
    weight = population * rng.lognormal(0, 0.3 * spread)
    # Drawn once: from one year to the next, employers of a commune change less than from a commune to another.
    size = rng.lognormal(0, 0.25 * spread, (len(ACTIVITIES), len(communes)))
    columns = {}
    for year in (FLORES_YEAR, FLORES_YEAR - 1):
        all_units, all_posts = flores_france(year)
        units_of = _split(all_units, [units for _, units, _ in ACTIVITIES.values()])
        posts_of = _split(all_posts, [posts for _, _, posts in ACTIVITIES.values()])
        for index, activity in enumerate(ACTIVITIES):
            units = rng.multinomial(units_of[index], weight / weight.sum())
            jobs = units * size[index]
            columns[activity, "UNIT_LOC", year] = units
            columns[activity, "EMPL3112", year] = rng.multinomial(posts_of[index], jobs / jobs.sum())
        for measure in ("UNIT_LOC", "EMPL3112"):
            columns["_T", measure, year] = np.sum([columns[a, measure, year] for a in ACTIVITIES], axis=0)
    return pd.DataFrame(columns)


def _split(total: float, shares: list[float]) -> list[int]:
    """Share a total into integers that add up to it."""
    return [int(part) for part in np.diff(np.rint(np.cumsum([0, *shares]) * total))]


def _metadata() -> pd.DataFrame:
    labels = [
        ("ACTIVITY", "Activité", {"_T": "Total"} | {code: label for code, (label, *_) in ACTIVITIES.items()}),
        (
            "FLORES_MEASURE",
            "Mesure",
            {"UNIT_LOC": "Établissements employeurs", "EMPL3112": "Postes salariés au 31 décembre"},
        ),
        (
            "OBS_STATUS",
            "Statut de l'observation",
            {"A": "Valeur normale", "K": "Valeur non diffusée", "W": "Comprend une commune rattachée"},
        ),
    ]
    rows = [(code, label, mode, text) for code, label, modes in labels for mode, text in modes.items()]
    return pd.DataFrame(rows, columns=["COD_VAR", "LIB_VAR", "COD_MOD", "LIB_MOD"])
