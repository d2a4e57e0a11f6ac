"""The Urssaf table of the communes: private jobs by activity, years as columns.

Belongs here: laying out the official columns. Does not: what the jobs are (``private_jobs``). Labels of sectors and
zones of employment are left empty, for want of a reference of theirs.
"""

import numpy as np
import pandas as pd

from observatoire.demonstration.geography import ANCIENNES_REGIONS, Geography
from observatoire.demonstration.private_jobs import YEAR

YEARS = range(2006, YEAR + 1)
COLUMNS = [
    "region", "ancienne_region", "departement", "zone_d_emploi", "epci", "commune", "intitule_commune",
    "grand_secteur_d_activite", "secteur_na17", "secteur_na38", "secteur_na88", "ape", "code_region",
    "code_ancienne_region", "code_departement", "code_zone_d_emploi", "code_epci", "code_commune", "code_ape",
]


def private_by_commune(jobs: pd.DataFrame, geography: Geography, rng: np.random.Generator) -> pd.DataFrame:
    """Lay out one row per commune, as it was coded, and activity; an unknown code has no row."""
    keys = ["code_commune", "code_naf"]
    cells = jobs.groupby(keys, as_index=False)[["etablissements", "effectif_fin"]].sum()
    cells["actuelle"] = cells["code_commune"].map(lambda code: geography.current.get(code, code))
    places = geography.communes.drop(columns=["population_municipale"]).rename(columns={"code_commune": "actuelle"})
    table = cells.merge(places, on="actuelle").sort_values(keys, ignore_index=True)
    old = {departement: code for code, (_, members) in ANCIENNES_REGIONS.items() for departement in members.split()}
    table["code_ape"] = table["code_naf"].str.replace(".", "")
    table["code_ancienne_region"] = table["code_departement"].map(old)
    table = table.assign(
        region=geography.label("region", table["code_region"]),
        ancienne_region=table["code_ancienne_region"].map(lambda code: ANCIENNES_REGIONS[code][0]),
        departement=geography.label("departement", table["code_departement"]),
        commune=table["code_commune"] + " " + table["libelle_commune"],
        intitule_commune=table["libelle_commune"],
        secteur_na88=table["code_ape"].str[:2],
        ape=table["code_ape"],
        epci=table["code_epci"].map(lambda code: geography.labels.get(("epci", code), "")),
    )
    # Unknown is not zero: a third of the smallest cells were not counted before 2015.
    silent = ((table["etablissements"] == 1) & (rng.random(len(table)) < 0.3)).to_numpy()
    measures = {}
    for year in YEARS:
        count = np.rint(table["etablissements"] * 1.002 ** (year - YEAR)).astype("Int64")
        heads = np.rint(table["effectif_fin"] * 1.01 ** (year - YEAR)).astype("Int64")
        hidden = silent & (year < 2015)
        measures[f"nombre_d_etablissements_{year}"] = count.mask(hidden)
        measures[f"effectifs_salaries_{year}"] = heads.mask(hidden)
    return pd.concat([table.reindex(columns=COLUMNS), pd.DataFrame(measures)], axis=1)
