"""From counted employers to cells and values, in Polars: every territory, zeros where there is nothing, shares, ranks.

Reading the stocks belongs to `in_polars`.
"""

from datetime import date

import polars as pl

PLACE = ["niveau", "code_territoire"]
CELL = [*PLACE, "axe", "modalite"]
MEASURES = {"etablissements_employeurs": None, "etablissements_employeurs_ess": "est_ess",
            "etablissements_employeurs_ess_large": "est_ess_large"}  # fmt: skip
AGES = {"age_median_employeurs": None, "age_median_employeurs_ess": "est_ess"}
COLUMNS = {"famille": "famille", "secteur": "a17", "secteur_a38": "a38", "division_naf": "a88",
           "tranche": "tranche_effectifs"}  # fmt: skip
Given = dict[str, pl.DataFrame]


def ancestors(given: Given) -> pl.DataFrame:
    """Return the territories that wholly contain each one, itself included."""
    own = given["referentiels.territoires"].select(PLACE)
    own = pl.concat([own, pl.DataFrame({"niveau": ["inconnu"], "code_territoire": ["inconnu"]})])
    own = own.with_columns(niveau_parent="niveau", code_parent="code_territoire")
    inside = given["referentiels.appartenances"].select(*PLACE, "niveau_parent", "code_parent")
    return pl.concat([inside, own])


def climb(rows: pl.LazyFrame, given: Given) -> pl.LazyFrame:
    """Repeat each row for every territory that contains its place."""
    rows = rows.join(ancestors(given).lazy(), PLACE).drop(PLACE)
    return rows.rename({"niveau_parent": "niveau", "code_parent": "code_territoire"})


def count_cells(counts: pl.DataFrame, axes: dict[str, list[str]], given: Given) -> pl.DataFrame:
    """Sum the counts of each measure in every territory and breakdown; where there is nothing, zero."""
    found = []
    for measure, flag in MEASURES.items():
        kept = counts.lazy().filter(pl.col(flag)) if flag else counts.lazy()
        for axis in axes.get(measure, []):
            here = kept.with_columns(modalite=modality(axis)).group_by(*PLACE, "modalite").agg(pl.col("nombre").sum())
            summed = climb(here, given).group_by(*PLACE, "modalite").agg(pl.col("nombre").sum().cast(pl.Int64))
            cells = with_zeros(summed, axis, given).with_columns(mesure=pl.lit(measure), axe=pl.lit(axis))
            found.append(cells.select("mesure", *CELL, "nombre").collect(engine="streaming"))
    return pl.concat(found)


def modality(axis: str) -> pl.Expr:
    """Return the item of a row in a breakdown."""
    if axis == "total":
        return pl.lit("total")
    if axis == "famille×secteur":
        return pl.concat_str("famille", pl.lit("|"), pl.col("a17").fill_null("inconnu"))
    return pl.col(COLUMNS[axis]).fill_null("inconnu")


def with_zeros(summed: pl.LazyFrame, axis: str, given: Given) -> pl.LazyFrame:
    """Add the cells that have no row; in a commune, only that of the total."""
    covered = given["referentiels.territoires"].lazy().select(PLACE)
    if axis != "total":
        covered = covered.filter(pl.col("niveau") != "commune")
    expected = covered.join(summed.select("modalite").unique(), how="cross")
    cells = summed.join(expected, [*PLACE, "modalite"], "full", coalesce=True)
    return cells.with_columns(pl.col("nombre").fill_null(0))


def median_ages(employers: pl.LazyFrame, month: date, given: Given) -> pl.DataFrame:
    """Return the median age of employers in every territory."""
    created, found = pl.col("date_creation"), []
    months = (month.year - created.dt.year()) * 12 + month.month - created.dt.month().cast(pl.Int32)
    for measure, flag in AGES.items():
        rows = employers.filter(created.is_not_null() & (pl.col(flag) if flag else pl.lit(True)))
        medians = climb(rows.select(*PLACE, age=months / 12), given).group_by(PLACE)
        medians = medians.agg(valeur=pl.col("age").median(), nombre=pl.len().cast(pl.Int64))
        medians = medians.with_columns(mesure=pl.lit(measure), axe=pl.lit("total"), modalite=pl.lit("total"))
        found.append(medians.collect(engine="streaming"))
    return pl.concat(found)


def values(cells: pl.DataFrame, ages: pl.DataFrame, given: Given) -> pl.DataFrame:
    """Compute the indicators of the cells: counts, shares, specialisations, ranks."""
    of = {measure: cells.filter(pl.col("mesure") == measure).drop("mesure") for measure in MEASURES}
    all_, ess, large = of.values()
    only_total = pl.col("axe") == "total"
    share = _ratio(ess.join(all_, CELL, suffix="_bas"))
    wide = _ratio(large.filter(only_total).join(all_.filter(only_total), CELL, suffix="_bas"))
    total = ess.filter(only_total).select(*PLACE, pl.col("nombre").alias("nombre_bas"))
    family = _ratio(ess.filter(pl.col("axe") == "famille").join(total, PLACE))
    found = [
        *(
            _named(rows.with_columns(valeur=pl.col("nombre").cast(float)), f"{name}_sirene")
            for name, rows in of.items()
        ),
        _named(share, "part_ess_etablissements_employeurs_sirene"),
        _named(wide, "part_ess_large_etablissements_employeurs_sirene"),
        _named(family, "part_familles_ess_sirene"),
        *(_named(ages.filter(pl.col("mesure") == name), name) for name in AGES),
    ]
    base = share.filter(~pl.col("niveau").is_in(["commune", "inconnu"]))
    inside = given["referentiels.appartenances"]
    for level in ("departement", "region", "france"):
        reference = base.filter(pl.col("niveau") == level).rename({"code_territoire": "code_parent"})
        rows = base.filter(pl.col("axe").is_in(["total", "secteur"]))
        rows = rows.join(inside.filter(pl.col("niveau_parent") == level), PLACE)
        rows = rows.join(reference.select("code_parent", "axe", "modalite", reference=pl.col("valeur")),
                         ["code_parent", "axe", "modalite"])  # fmt: skip
        below = pl.when(pl.col("reference") != 0).then("reference")
        found.append(_named(rows.with_columns(valeur=pl.col("valeur") / below), f"specialisation_ess_{level}"))
    ranked = base.filter(only_total & (pl.col("niveau") != "france"))
    rank = pl.col("valeur").rank("min", descending=True).over("niveau").cast(float)
    found.append(_named(ranked.with_columns(valeur=rank), "rang_part_ess_etablissements"))
    names = given["referentiels.territoires"].select(*PLACE, "libelle")
    return pl.concat(found).join(names, PLACE, "left").sort("indicateur", *CELL)


def _ratio(rows: pl.DataFrame) -> pl.DataFrame:
    below = pl.when(pl.col("nombre_bas") != 0).then("nombre_bas")
    return rows.with_columns(valeur=100 * pl.col("nombre") / below)


def _named(rows: pl.DataFrame, indicator: str) -> pl.DataFrame:
    below = pl.col("nombre_bas") if "nombre_bas" in rows.columns else pl.lit(None, pl.Int64).alias("nombre_bas")
    return rows.select(pl.lit(indicator).alias("indicateur"), *CELL, "valeur", "nombre", below)
