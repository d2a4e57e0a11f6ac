"""The same work in pandas, in batches of half a million rows: what one would write without the product.

It writes the stocks, the tables, the contributions that unfold each count, the cells, the values. It does less than the
job, in its favour: nothing is hashed, what is left out is not counted, duplicates of SIREN, lists of agreements and history
are not looked at, there is no DuckDB file, no page. What it gives is compared with the job's.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from tests.bench.clock import Clock
from tests.bench.pandas_cube import MEASURES, count_cells, median_ages, modality, values

Told = dict[str, Any]
Given = dict[str, pd.DataFrame]
BATCH = 500_000
PLACE = ["niveau", "code_territoire"]
DATES = ("date_creation", "date_debut", "date_traitement")
EMPTY = {"code_commune_lu": "[ND]", "denomination": "[ND]", "rna": "[ND]"}


class Parquet:
    """A Parquet file written batch after batch."""

    def __init__(self, path: Path, texts: tuple[str, ...] = ()) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.writer = path, None

    def write(self, rows: pd.DataFrame) -> None:
        table = pa.Table.from_pandas(rows, preserve_index=False)
        # a batch whose texts are all absent has no type of its own
        kinds = [pa.field(f.name, pa.string() if pa.types.is_null(f.type) else f.type) for f in table.schema]
        table = table.cast(pa.schema(kinds))
        if self.writer is None:
            self.writer = parquet.ParquetWriter(self.path, table.schema, compression="zstd")
        self.writer.write_table(table.cast(self.writer.schema))

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()


def batches(path: str, columns: dict[str, str]) -> Any:
    """Read the wanted columns of a stock, with our names, texts without blanks and dates without placeholders."""
    if path.endswith(".zip"):
        renamed = {name: nom for nom, name in columns.items()}
        lots = pd.read_csv(path, usecols=list(renamed), dtype="str", chunksize=BATCH, na_values=[""])
        for lot in lots:
            yield typed(lot.rename(columns=renamed))
        return
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH, columns=list(columns.values())):
            lot = batch.to_pandas(date_as_object=False)
            yield typed(lot.rename(columns={name: nom for nom, name in columns.items()}))


def typed(rows: pd.DataFrame) -> pd.DataFrame:
    for name in rows:
        if name in DATES:
            rows[name] = pd.to_datetime(rows[name], errors="coerce").dt.floor("D")
            if name != "date_traitement":
                rows[name] = rows[name].mask(rows[name] == "1900-01-01")
        elif rows[name].dtype != "bool":
            text = rows[name] if rows[name].dtype in ("str", "object") else rows[name].astype("Int64").astype("str")
            rows[name] = text.mask(text == EMPTY[name]) if name in EMPTY else text
    for name in ("est_employeur", "est_ess_insee"):
        if name in rows:
            rows[name] = rows[name].map({"O": True, "N": False}).astype("boolean")
    return rows


def in_scope(rows: pd.DataFrame, may_have_closed: pd.Series) -> pd.DataFrame:
    """Keep what is active, and what closed these last ten years among what counts closed."""
    recent = rows["date_debut"].dt.year.fillna(0) >= datetime.now(UTC).year - 10
    kept = (rows["etat_administratif"] == "A") | (may_have_closed & recent)
    return rows[kept].reset_index(drop=True)


def classify(rows: pd.DataFrame, given: Given) -> pd.DataFrame:
    """Keep the legal units that may be in the ESS, and say whether they are."""
    rules = given["referentiels.perimetre_ess"].set_index("code_categorie_juridique")
    rule = rows["categorie_juridique"].map(rules["regle"])
    flagged = rows["est_ess_insee"].fillna(False).astype(bool)
    found = rule.isin(["retenue", "a_decider"]) | flagged | (rows["est_ess_insee"].fillna(False).astype(bool))
    rows, rule, flagged = rows[found], rule[found], flagged[found]
    activities = tuple(given["referentiels.naf_hors_ess"]["prefixe_naf"].str[:5])
    never = tuple(given["referentiels.categories_hors_ess"]["prefixe_categorie_juridique"])
    naf = rows["code_naf"].fillna("")
    by_category = (rule == "retenue") & ~naf.str.startswith(activities)
    by_flag = flagged & ~rows["categorie_juridique"].str.startswith(never)
    listed = (rows["statut_diffusion"] == "O") & ~rows["categorie_juridique"].str.match(r"1000$|2")
    return pd.DataFrame(
        {
            "siren": rows["siren"],
            "categorie_juridique": rows["categorie_juridique"],
            "denomination": rows["denomination"],
            "famille": rows["categorie_juridique"].map(rules["famille"]).fillna("autre"),
            "motif_ess": by_category.map({True: "catégorie juridique", False: ""})
            + (by_category & by_flag).map({True: " ; ", False: ""})
            + by_flag.map({True: "indicateur ESS de l'Insee", False: ""}),
            "est_ess": by_category,
            "est_ess_large": by_category | by_flag,
            "est_publiable": listed & publishable(naf),
        }
    ).reset_index(drop=True)


def publishable(naf: pd.Series) -> pd.Series:
    return naf.str.fullmatch(r"\d\d\.\d\d[A-Z]") & ~naf.str.fullmatch(r"94\.(20|91|92).")


def places(given: Given) -> pd.DataFrame:
    """Return where each code lies: communes, and the codes that are no longer one."""
    communes = given["referentiels.communes"][["code_commune"]].rename(columns={"code_commune": "code_commune_lu"})
    communes = communes.assign(niveau="commune", code_territoire=communes["code_commune_lu"])
    former = given["referentiels.passages_communes"][["code_ancien", *PLACE]]
    return pd.concat([communes, former.rename(columns={"code_ancien": "code_commune_lu"})], ignore_index=True)


def located(rows: pd.DataFrame, units: pd.DataFrame, where: pd.DataFrame, given: Given) -> pd.DataFrame:
    """Join establishments to their place, their sector and their legal unit."""
    naf = given["referentiels.naf"]
    divisions = naf[["division_a88", "a38", "a17"]].drop_duplicates().set_index("division_a88")
    departements = set(given["referentiels.zonages"].query("niveau == 'departement'")["code_territoire"])
    rows = rows.merge(units.drop(columns=["categorie_juridique", "denomination", "motif_ess"]), "left", "siren")
    ess = rows["est_ess"].fillna(False).astype(bool) | rows["est_ess_large"].fillna(False).astype(bool)
    rows = rows[rows["est_employeur"].fillna(False).astype(bool) | ess]
    rows = rows.merge(where, "left", "code_commune_lu")
    lost = rows["niveau"].isna()
    code = rows.loc[lost, "code_commune_lu"].fillna("")
    code = code.str[:2].where(~code.str.startswith("97"), code.str[:3])
    known = code.isin(departements)
    rows.loc[lost, "niveau"] = known.map({True: "departement", False: "inconnu"})
    rows.loc[lost, "code_territoire"] = code.where(known, "inconnu")
    revised = rows["nomenclature_activite"] == "NAF25"
    division = rows["code_naf"].map(naf.set_index("code_naf")["division_a88"])
    rows["a88"] = division.where(~revised, rows["code_naf"].str[:2])
    rows["a88"] = rows["a88"].where(rows["a88"].isin(divisions.index))
    rows["a38"], rows["a17"] = rows["a88"].map(divisions["a38"]), rows["a88"].map(divisions["a17"])
    for name in ("est_ess", "est_ess_large", "est_publiable"):
        rows[name] = rows[name].fillna(False).astype(bool)
    rows["famille"] = rows["famille"].where(rows["est_ess"] | rows["est_ess_large"])
    rows["est_publiable"] &= (rows["statut_diffusion"] == "O") & publishable(rows["code_naf"].fillna(""))
    rows["est_actif"] = rows["etat_administratif"] == "A"
    rows["date_fermeture"] = rows["date_debut"].where(~rows["est_actif"])
    rows["code_naf"] = rows["code_naf"].where(division.notna() & ~revised)
    return rows[
        ["siret", "siren", "est_actif", "date_fermeture", *PLACE, "code_naf", "a17", "a38", "a88", "tranche_effectifs",
         "annee_effectifs", "est_employeur", "date_creation", "est_ess", "est_ess_large", "famille", "est_publiable"]
    ]  # fmt: skip


def count(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the employers of a batch by place and by all that breaks them down."""
    employers = rows[rows["est_actif"] & rows["est_employeur"].fillna(False).astype(bool)]
    keys = [*PLACE, "a17", "a38", "a88", "tranche_effectifs", "famille", "est_ess", "est_ess_large"]
    return employers.groupby(keys, dropna=False).size().rename("nombre").reset_index()


def contributions(rows: pd.DataFrame, axes: list[str], flag: str | None, month: pd.Timestamp) -> pd.DataFrame:
    """Return a row per employer of a batch and breakdown: what a published count unfolds to."""
    employers = rows[rows["est_actif"] & rows["est_employeur"].fillna(False).astype(bool)]
    employers = employers[employers[flag]] if flag else employers
    here = employers[[*PLACE, "siret", "siren"]].rename(columns={"siret": "unite", "siren": "repondant"})
    here = here.assign(periode=f"{month:%Y-%m}", nombre_unites=1, valeur=1.0)
    return pd.concat([here.assign(axe=axis, modalite=modality(employers, axis)) for axis in axes], ignore_index=True)


def ages(rows: pd.DataFrame, month: pd.Timestamp) -> pd.DataFrame:
    """Return the age of the employers of a batch, in years."""
    employers = rows[
        rows["est_actif"] & rows["est_employeur"].fillna(False).astype(bool) & rows["date_creation"].notna()
    ]
    months = (month.year - employers["date_creation"].dt.year) * 12 + month.month - employers["date_creation"].dt.month
    return employers[[*PLACE, "est_ess"]].assign(age=months / 12)


def main(brief: str, output: str, validation: str, figures: str) -> None:
    """Do the work of a brief: the same tables, cells and values; leave the seconds of its parts in a JSON file."""
    told, out, clock = json.loads(Path(brief).read_text(encoding="utf-8")), Path(output), Clock()
    given = {name: pd.read_parquet(path) for name, path in told["given"].items()}
    units = legal_units(told, out, given, validation == "oui", clock)
    counts, employers, listed = establishments(told, out, given, units, validation == "oui", clock)
    with clock.part("tables", "etablissements_ess"):
        ess = listed.drop(columns=["est_actif", "date_fermeture", "est_publiable"])
        ess = ess.merge(units[["siren", "denomination", "categorie_juridique", "motif_ess"]], "left", "siren")
        ess = ess.sort_values("siret")
    with clock.part("cube"):
        cells, medians = count_cells(counts, told["axes"], given), median_ages(employers, given)
        cells.to_parquet(out / "cube.parquet", compression="zstd", index=False)
    with clock.part("indicateurs"):
        told_values = values(cells, medians, given)
    with clock.part("publication"):
        for name, table in (("etablissements_ess", ess), ("valeurs", told_values)):
            table.to_parquet(out / f"{name}.parquet", compression="zstd", index=False)
            table.to_csv(out / f"{name}.csv", index=False)
    clock.write(Path(figures))


def legal_units(told: Told, out: Path, given: Given, validated: bool, clock: Clock) -> pd.DataFrame:
    """Write the stock of legal units, then those that may be in the ESS; return these."""
    name = "sirene_unites_legales"
    stock, candidates, rules = Parquet(out / "socle" / f"{name}.parquet"), [], Rules(validated, "siren")
    for rows in clock.each("lecture", name, batches(told["files"][name], told["columns"][name])):
        with clock.part("lecture", name):
            rows["categorie_juridique"] = rows["categorie_juridique"].str.zfill(4)
            rows = in_scope(rows, rows["categorie_juridique"] != "1000")
        with clock.part("pandera", name):
            rows = rules.judge("UNITS", rows)
        with clock.part("lecture", name):
            stock.write(rows)
        with clock.part("tables", "unites_ess"):
            candidates.append(classify(rows, given))
    stock.close()
    with clock.part("pandera", name):
        rules.refuse_repeats()
    with clock.part("tables", "unites_ess"):
        units = pd.concat(candidates, ignore_index=True)
        units.to_parquet(out / "socle" / "unites_ess.parquet", compression="zstd", index=False)
    return units


def establishments(
    told: Told, out: Path, given: Given, units: pd.DataFrame, validated: bool, clock: Clock
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Write the stock of establishments, then each with its place; return counts, ages and those of the ESS."""
    name, where, month = "sirene_etablissements", places(given), pd.Timestamp(told["month"])
    stock, rules = Parquet(out / "socle" / f"{name}.parquet"), Rules(validated, "siret")
    all_, counts, aged, listed = Parquet(out / "socle" / "etablissements.parquet"), [], [], []
    unfolded = {measure: Parquet(out / "mesures" / f"{measure}.parquet") for measure in MEASURES}
    for rows in clock.each("lecture", name, batches(told["files"][name], told["columns"][name])):
        with clock.part("lecture", name):
            rows = in_scope(rows, rows["est_employeur"].fillna(False).astype(bool))
        with clock.part("pandera", name):
            rows = rules.judge("ESTABLISHMENTS", rows)
        with clock.part("lecture", name):
            stock.write(rows)
        with clock.part("tables", "etablissements"):
            rows = located(rows, units, where, given)
            all_.write(rows)
            listed.append(rows[rows["est_actif"] & rows["est_publiable"] & (rows["est_ess"] | rows["est_ess_large"])])
        with clock.part("mesures"):
            counts.append(count(rows))
            aged.append(ages(rows, month))
            for measure, flag in MEASURES.items():
                unfolded[measure].write(contributions(rows, told["axes"].get(measure, []), flag, month))
    for written in (stock, all_, *unfolded.values()):
        written.close()
    with clock.part("pandera", name):
        rules.refuse_repeats()
    return pd.concat(counts, ignore_index=True), pd.concat(aged, ignore_index=True), pd.concat(listed)


class Rules:
    """The rules of a stock and its key; without validation, none of it is even imported."""

    def __init__(self, validated: bool, key: str) -> None:
        self.key, self.keys, self.module = key, [], None
        if validated:
            from tests.bench import pandas_rules

            self.module = pandas_rules

    def judge(self, schema: str, rows: pd.DataFrame) -> pd.DataFrame:
        if self.module is None:
            return rows
        kept = self.module.judge(getattr(self.module, schema), rows)
        self.keys.append(pd.util.hash_array(kept[self.key].to_numpy(dtype=object)))
        return kept

    def refuse_repeats(self) -> None:
        """Stop on a key that comes twice over the whole file: the generated files have none."""
        if self.module is not None and pd.Series(np.concatenate(self.keys)).duplicated().any():
            raise ValueError(f"{self.key} en double")


if __name__ == "__main__":
    main(*sys.argv[1:])
