"""The same work in Polars, streaming: lazy scans sunk to Parquet, so that no stock is ever whole in memory.

It leaves out what `in_pandas` leaves out, in its favour. Cells and values are in `polars_cube`.
"""

import json
import sys
import tempfile
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from tests.bench.clock import Clock
from tests.bench.polars_cube import MEASURES, count_cells, median_ages, modality, values

Told = dict[str, Any]
Given = dict[str, pl.DataFrame]
PLACE = ["niveau", "code_territoire"]
DATES = ("date_creation", "date_debut", "date_traitement")
EMPTY = {"code_commune_lu": "[ND]", "denomination": "[ND]", "rna": "[ND]"}
BATCH = 1_000_000


def scan(path: str, columns: dict[str, str], folder: Path) -> pl.LazyFrame:
    """Scan the wanted columns of a stock, with our names and types."""
    if path.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            text = archive.extract(archive.namelist()[0], folder)
        rows = pl.scan_csv(text, infer_schema=False)
    else:
        rows = pl.scan_parquet(path)
    kinds = rows.collect_schema()
    return rows.select(typed(pl.col(name), nom, kinds[name]).alias(nom) for nom, name in columns.items())


def typed(value: pl.Expr, name: str, kind: pl.DataType) -> pl.Expr:
    if name in DATES:
        value = value.str.head(10).str.to_date() if kind == pl.String else value.cast(pl.Date)
        return value if name == "date_traitement" else value.replace(date(1900, 1, 1), None)
    if name in ("est_employeur", "est_ess_insee"):
        return value.replace_strict({"O": True, "N": False}, default=None, return_dtype=pl.Boolean)
    if kind == pl.Boolean:
        return value
    text = value.cast(pl.String).str.zfill(4) if name == "categorie_juridique" else value.cast(pl.String)
    return text.replace(EMPTY[name], None) if name in EMPTY else text


def in_scope(rows: pl.LazyFrame, may_have_closed: pl.Expr) -> pl.LazyFrame:
    """Keep what is active, and what closed these last ten years among what counts closed."""
    recent = pl.col("date_debut").dt.year().fill_null(0) >= datetime.now(UTC).year - 10
    return rows.filter((pl.col("etat_administratif") == "A") | (may_have_closed & recent))


def publishable(naf: pl.Expr) -> pl.Expr:
    return (naf.str.contains(r"^\d\d\.\d\d[A-Z]$") & ~naf.str.contains(r"^94\.(20|91|92).$")).fill_null(False)


def classify(rows: pl.LazyFrame, given: Given) -> pl.LazyFrame:
    """Keep the legal units that may be in the ESS, and say whether they are."""
    rules = (
        given["referentiels.perimetre_ess"]
        .lazy()
        .select(pl.col("code_categorie_juridique").alias("categorie_juridique"), "famille", "regle")
    )
    prefixes = given["referentiels.naf_hors_ess"]["prefixe_naf"].str.head(5).str.replace_all(".", r"\.", literal=True)
    activities = "^(" + "|".join(prefixes) + ")"
    never = "^(" + "|".join(given["referentiels.categories_hors_ess"]["prefixe_categorie_juridique"]) + ")"
    flagged, category = pl.col("est_ess_insee").fill_null(False), pl.col("categorie_juridique")
    by_category = (pl.col("regle") == "retenue").fill_null(False) & ~pl.col("code_naf").fill_null("").str.contains(
        activities
    )
    by_flag = flagged & ~category.str.contains(never)
    return (
        rows.join(rules, "categorie_juridique", "left")
        .filter(pl.col("regle").is_in(["retenue", "a_decider"]).fill_null(False) | flagged)
        .select(
            "siren",
            "categorie_juridique",
            "denomination",
            pl.col("famille").fill_null("autre"),
            pl.concat_str(
                pl.when(by_category).then(pl.lit("catégorie juridique")),
                pl.when(by_flag).then(pl.lit("indicateur ESS de l'Insee")),
                separator=" ; ",
                ignore_nulls=True,
            ).alias("motif_ess"),
            by_category.alias("est_ess"),
            (by_category | by_flag).alias("est_ess_large"),
            (
                (pl.col("statut_diffusion") == "O").fill_null(False)
                & ~category.str.contains(r"^(1000$|2)")
                & publishable(pl.col("code_naf"))
            ).alias("est_publiable"),
        )
    )


def places(given: Given) -> pl.LazyFrame:
    """Return where each code lies: communes, and the codes that are no longer one."""
    code = pl.col("code_commune")
    communes = given["referentiels.communes"].select(
        code.alias("code_commune_lu"), pl.lit("commune").alias("niveau_lu"), code.alias("code_lu")
    )
    former = given["referentiels.passages_communes"].select(
        pl.col("code_ancien").alias("code_commune_lu"),
        pl.col("niveau").alias("niveau_lu"),
        pl.col("code_territoire").alias("code_lu"),
    )
    return pl.concat([communes, former]).lazy()


def located(rows: pl.LazyFrame, units: pl.LazyFrame, given: Given) -> pl.LazyFrame:
    """Join establishments to their place, their sector and their legal unit."""
    naf = given["referentiels.naf"]
    sectors = naf.select(pl.col("division_a88").alias("a88"), "a38", "a17").unique().lazy()
    divisions = naf.select("code_naf", "division_a88").lazy()
    departements = given["referentiels.zonages"].filter(pl.col("niveau") == "departement")["code_territoire"].implode()
    code, revised = pl.col("code_commune_lu"), pl.col("nomenclature_activite").eq_missing(pl.lit("NAF25"))
    prefix = pl.when(code.str.starts_with("97")).then(code.str.head(3)).otherwise(code.str.head(2))
    departement = pl.when(prefix.is_in(departements)).then(prefix)
    active = pl.col("etat_administratif") == "A"
    return (
        rows.join(units.drop("categorie_juridique", "denomination", "motif_ess"), "siren", "left")
        .filter(
            pl.col("est_employeur").fill_null(False)
            | pl.col("est_ess").fill_null(False)
            | pl.col("est_ess_large").fill_null(False)
        )
        .join(places(given), "code_commune_lu", "left")
        .join(divisions, "code_naf", "left")
        .with_columns(a88=pl.when(revised).then(pl.col("code_naf").str.head(2)).otherwise("division_a88"))
        .join(sectors.with_columns(connue=True), "a88", "left")
        .select(
            "siret",
            "siren",
            active.alias("est_actif"),
            pl.when(~active).then("date_debut").alias("date_fermeture"),
            pl.when(pl.col("niveau_lu").is_not_null())
            .then("niveau_lu")
            .otherwise(pl.when(departement.is_not_null()).then(pl.lit("departement")).otherwise(pl.lit("inconnu")))
            .alias("niveau"),
            pl.coalesce("code_lu", departement, pl.lit("inconnu")).alias("code_territoire"),
            pl.when(pl.col("division_a88").is_not_null() & ~revised).then("code_naf").alias("code_naf"),
            "a17",
            "a38",
            pl.when("connue").then("a88").alias("a88"),
            "tranche_effectifs",
            "annee_effectifs",
            "est_employeur",
            "date_creation",
            pl.col("est_ess").fill_null(False),
            pl.col("est_ess_large").fill_null(False),
            pl.when(pl.col("est_ess") | pl.col("est_ess_large")).then("famille").alias("famille"),
            (
                pl.col("est_publiable").fill_null(False)
                & (pl.col("statut_diffusion") == "O").fill_null(False)
                & publishable(pl.col("code_naf"))
            ).alias("est_publiable"),
        )
    )


def contributions(employers: pl.LazyFrame, axes: list[str], month: date) -> pl.LazyFrame:
    """Return a row per employer and breakdown: what a published count unfolds to."""
    return pl.concat(
        employers.select(
            *PLACE,
            pl.lit(f"{month:%Y-%m}").alias("periode"),
            pl.lit(axis).alias("axe"),
            modality(axis).alias("modalite"),
            pl.col("siret").alias("unite"),
            pl.col("siren").alias("repondant"),
            pl.lit(1).alias("nombre_unites"),
            pl.lit(1.0).alias("valeur"),
        )
        for axis in axes
    )


def sink(rows: pl.LazyFrame, path: Path) -> pl.LazyFrame:
    """Write a table in streaming, and scan it back."""
    rows.sink_parquet(path, compression="zstd", mkdir=True, engine="streaming")
    return pl.scan_parquet(path)


def judge(rows: pl.LazyFrame, stock: str, key: str, path: Path) -> pl.LazyFrame:
    """Validate a stock a million rows at a time: on a LazyFrame, Pandera would skip the rules on values."""
    from tests.bench import polars_rules

    columns = list(polars_rules.SCHEMAS[stock].columns)
    refused = []
    for lot in rows.select(columns).with_row_index("rang").collect_batches(chunk_size=BATCH, engine="streaming"):
        refused += polars_rules.judge(polars_rules.SCHEMAS[stock], lot)
    if rows.select(pl.col(key).hash().n_unique() < pl.len()).collect(engine="streaming").item():
        raise ValueError(f"{key} en double")
    if not refused:
        return rows
    return sink(rows.with_row_index("rang").filter(~pl.col("rang").is_in(refused)).drop("rang"), path)


def main(brief: str, output: str, validation: str, figures: str) -> None:
    """Do the work of a brief: the same tables, cells and values; leave the seconds of its parts in a JSON file."""
    told, out, clock = json.loads(Path(brief).read_text(encoding="utf-8")), Path(output), Clock()
    given = {name: pl.read_parquet(path) for name, path in told["given"].items()}
    stocks: dict[str, pl.LazyFrame] = {}
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        for name, key, may_have_closed in (
            ("sirene_unites_legales", "siren", pl.col("categorie_juridique") != "1000"),
            ("sirene_etablissements", "siret", pl.col("est_employeur").fill_null(False)),
        ):
            with clock.part("lecture", name):
                rows = scan(told["files"][name], told["columns"][name], Path(folder))
                rows = in_scope(rows, may_have_closed)
                stocks[name] = sink(rows, out / "socle" / f"{name}.parquet")
            if validation == "oui":
                with clock.part("pandera", name):
                    stocks[name] = judge(stocks[name], name, key, out / "socle" / f"{name}.gardees.parquet")
    with clock.part("tables", "unites_ess"):
        units = sink(classify(stocks["sirene_unites_legales"], given), out / "socle" / "unites_ess.parquet")
    with clock.part("tables", "etablissements"):
        rows = sink(located(stocks["sirene_etablissements"], units, given), out / "socle" / "etablissements.parquet")
    with clock.part("tables", "etablissements_ess"):
        listed = rows.filter(
            pl.col("est_actif") & pl.col("est_publiable") & (pl.col("est_ess") | pl.col("est_ess_large"))
        )
        listed = listed.drop("est_actif", "date_fermeture", "est_publiable")
        listed = listed.join(units.select("siren", "denomination", "categorie_juridique", "motif_ess"), "siren", "left")
        ess = listed.sort("siret").collect(engine="streaming")
    with clock.part("mesures"):
        employers = rows.filter(pl.col("est_actif") & pl.col("est_employeur").fill_null(False))
        keys = [*PLACE, "a17", "a38", "a88", "tranche_effectifs", "famille", "est_ess", "est_ess_large"]
        for measure, flag in MEASURES.items():
            kept = employers.filter(pl.col(flag)) if flag else employers
            unfolded = contributions(kept, told["axes"].get(measure, []), date.fromisoformat(told["month"]))
            sink(unfolded, out / "mesures" / f"{measure}.parquet")
        counts = employers.group_by(keys).agg(pl.len().alias("nombre")).collect(engine="streaming")
    with clock.part("cube"):
        cells = count_cells(counts, told["axes"], given)
        medians = median_ages(employers, date.fromisoformat(told["month"]), given)
        cells.write_parquet(out / "cube.parquet", compression="zstd")
    with clock.part("indicateurs"):
        told_values = values(cells, medians, given)
    with clock.part("publication"):
        for name, table in (("etablissements_ess", ess), ("valeurs", told_values)):
            table.write_parquet(out / f"{name}.parquet", compression="zstd")
            table.write_csv(out / f"{name}.csv")
    clock.write(Path(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
