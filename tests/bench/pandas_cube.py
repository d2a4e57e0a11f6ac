"""From counted employers to cells and values, in pandas: every territory, zeros where there is nothing, shares, ranks.

Reading the stocks belongs to `in_pandas`.
"""

import pandas as pd

PLACE = ["niveau", "code_territoire"]
CELL = [*PLACE, "axe", "modalite"]
MEASURES = {"etablissements_employeurs": None, "etablissements_employeurs_ess": "est_ess",
            "etablissements_employeurs_ess_large": "est_ess_large"}  # fmt: skip
AGES = {"age_median_employeurs": None, "age_median_employeurs_ess": "est_ess"}
COLUMNS = {"famille": "famille", "secteur": "a17", "secteur_a38": "a38", "division_naf": "a88",
           "tranche": "tranche_effectifs"}  # fmt: skip
Given = dict[str, pd.DataFrame]


def ancestors(given: Given) -> pd.DataFrame:
    """Return the territories that wholly contain each one, itself included."""
    unknown = pd.DataFrame({"niveau": ["inconnu"], "code_territoire": ["inconnu"]})
    own = pd.concat([given["referentiels.territoires"][PLACE], unknown], ignore_index=True)
    own = own.assign(niveau_parent=own["niveau"], code_parent=own["code_territoire"])
    inside = given["referentiels.appartenances"][[*PLACE, "niveau_parent", "code_parent"]]
    return pd.concat([inside, own], ignore_index=True)


def climb(rows: pd.DataFrame, above: pd.DataFrame) -> pd.DataFrame:
    """Repeat each row for every territory that contains its place."""
    rows = rows.merge(above, on=PLACE).drop(columns=PLACE)
    return rows.rename(columns={"niveau_parent": "niveau", "code_parent": "code_territoire"})


def count_cells(counts: pd.DataFrame, axes: dict[str, list[str]], given: Given) -> pd.DataFrame:
    """Sum the counts of each measure in every territory and breakdown; where there is nothing, zero."""
    above, found = ancestors(given), []
    for measure, flag in MEASURES.items():
        kept = counts[counts[flag]] if flag else counts
        for axis in axes.get(measure, []):
            here = kept.assign(modalite=modality(kept, axis)).groupby([*PLACE, "modalite"])["nombre"].sum().reset_index()
            summed = climb(here, above).groupby([*PLACE, "modalite"])["nombre"].sum().reset_index()
            found.append(with_zeros(summed, axis, given).assign(mesure=measure, axe=axis))
    return pd.concat(found, ignore_index=True)[["mesure", *CELL, "nombre"]]


def modality(rows: pd.DataFrame, axis: str) -> pd.Series:
    """Return the item of each row in a breakdown."""
    if axis == "total":
        return pd.Series("total", index=rows.index)
    if axis == "famille×secteur":
        return rows["famille"] + "|" + rows["a17"].fillna("inconnu")
    return rows[COLUMNS[axis]].fillna("inconnu")


def with_zeros(summed: pd.DataFrame, axis: str, given: Given) -> pd.DataFrame:
    """Add the cells that have no row; in a commune, only that of the total."""
    covered = given["referentiels.territoires"][PLACE]
    if axis != "total":
        covered = covered[covered["niveau"] != "commune"]
    expected = covered.merge(summed[["modalite"]].drop_duplicates(), "cross")
    cells = summed.merge(expected, "outer", [*PLACE, "modalite"])
    return cells.assign(nombre=cells["nombre"].fillna(0).astype("int64"))


def median_ages(employers: pd.DataFrame, given: Given) -> pd.DataFrame:
    """Return the median age of employers in every territory."""
    above, found = ancestors(given), []
    for measure, flag in AGES.items():
        rows = climb((employers[employers[flag]] if flag else employers)[[*PLACE, "age"]], above)
        medians = rows.groupby(PLACE)["age"].agg(valeur="median", nombre="size").reset_index()
        found.append(medians.assign(mesure=measure, axe="total", modalite="total"))
    return pd.concat(found, ignore_index=True)


def values(cells: pd.DataFrame, ages: pd.DataFrame, given: Given) -> pd.DataFrame:
    """Compute the indicators of the cells: counts, shares, specialisations, ranks."""
    of = {measure: cells[cells["mesure"] == measure].drop(columns="mesure") for measure in MEASURES}
    all_, ess, large = of.values()
    total = ess[ess["axe"] == "total"][[*PLACE, "nombre"]]
    share = _ratio(ess.merge(all_, on=CELL, suffixes=("", "_bas")))
    wide = large[large["axe"] == "total"].merge(all_[all_["axe"] == "total"], on=CELL, suffixes=("", "_bas"))
    family = ess[ess["axe"] == "famille"].merge(total, on=PLACE, suffixes=("", "_bas"))
    found = [
        *(rows.assign(valeur=rows["nombre"].astype(float), indicateur=f"{name}_sirene") for name, rows in of.items()),
        share.assign(indicateur="part_ess_etablissements_employeurs_sirene"),
        _ratio(wide).assign(indicateur="part_ess_large_etablissements_employeurs_sirene"),
        _ratio(family).assign(indicateur="part_familles_ess_sirene"),
        *(ages[ages["mesure"] == name].drop(columns="mesure").assign(indicateur=name) for name in AGES),
    ]
    base = share[~share["niveau"].isin(["commune", "inconnu"])]
    inside = given["referentiels.appartenances"]
    for level in ("departement", "region", "france"):
        reference = base[base["niveau"] == level].rename(columns={"code_territoire": "code_parent"})
        rows = base[base["axe"].isin(["total", "secteur"])].merge(inside[inside["niveau_parent"] == level], on=PLACE)
        rows = rows.merge(reference[["code_parent", "axe", "modalite", "valeur"]], on=["code_parent", "axe", "modalite"],
                          suffixes=("", "_reference"))  # fmt: skip
        rows["valeur"] = rows["valeur"] / rows["valeur_reference"].replace(0, float("nan"))
        found.append(rows.assign(indicateur=f"specialisation_ess_{level}"))
    ranked = base[(base["axe"] == "total") & (base["niveau"] != "france")]
    rank = ranked.groupby("niveau")["valeur"].rank("min", ascending=False)
    found.append(ranked.assign(valeur=rank, indicateur="rang_part_ess_etablissements"))
    names = given["referentiels.territoires"][[*PLACE, "libelle"]]
    told = pd.concat(found, ignore_index=True)[["indicateur", *CELL, "valeur", "nombre", "nombre_bas"]]
    return told.merge(names, "left", PLACE).sort_values(["indicateur", *CELL])


def _ratio(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(valeur=100 * rows["nombre"] / rows["nombre_bas"].replace(0, float("nan")))
