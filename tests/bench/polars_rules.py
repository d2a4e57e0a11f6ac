"""The rules of the two stocks, as one would write them with Pandera on Polars frames, refusals and flags alike."""

import pandera.polars as pa
import polars as pl

SIZES = ["NN", "00", "01", "02", "03", "11", "12", "21", "22", "31", "32", "41", "42", "51", "52", "53"]
REFUSED = {"statut_diffusion", "etat_administratif"}


def _digit_sum(number: pl.Expr, digits: int, *, doubled: bool) -> pl.Expr:
    total = pl.lit(0)
    for place in range(digits):
        digit = number // 10**place % 10
        if doubled and place % 2:
            digit = digit * 2 - pl.when(digit > 4).then(9).otherwise(0)
        total = total + digit
    return total


def _is_siren(data: pa.PolarsData) -> pl.LazyFrame:
    word = pl.col(data.key)
    number = word.cast(pl.Int64, strict=False)
    valid = word.str.contains(r"^\d{9}$") & (_digit_sum(number, 9, doubled=True) % 10 == 0) & (number > 0)
    return data.lazyframe.select(valid.fill_null(False))


def _is_siret(data: pa.PolarsData) -> pl.LazyFrame:
    word = pl.col(data.key)
    number = word.cast(pl.Int64, strict=False)
    siren = number // 100_000
    keyed = (_digit_sum(number, 14, doubled=True) % 10 == 0) & (_digit_sum(siren, 9, doubled=True) % 10 == 0)
    la_poste = (siren == 356_000_000) & (_digit_sum(number, 14, doubled=False) % 5 == 0)
    return data.lazyframe.select((word.str.contains(r"^\d{14}$") & (keyed | la_poste) & (number > 0)).fill_null(False))


STATUS = pa.Column(pl.String, pa.Check.isin(["O", "P", "N"]), nullable=True)
SCHEMAS = {
    "sirene_unites_legales": pa.DataFrameSchema(
        {
            "siren": pa.Column(pl.String, pa.Check(_is_siren)),
            "statut_diffusion": STATUS,
            "rna": pa.Column(pl.String, pa.Check.str_matches(r"^W\d{9}$"), nullable=True),
            "etat_administratif": pa.Column(pl.String, pa.Check.isin(["A", "C"])),
            "categorie_juridique": pa.Column(pl.String, pa.Check.str_matches(r"^\d{4}$")),
        }
    ),
    "sirene_etablissements": pa.DataFrameSchema(
        {
            "siren": pa.Column(pl.String),
            "siret": pa.Column(pl.String, pa.Check(_is_siret)),
            "statut_diffusion": STATUS,
            "tranche_effectifs": pa.Column(pl.String, pa.Check.isin(SIZES), nullable=True),
            "code_commune_lu": pa.Column(pl.String, pa.Check.str_matches(r"^(\d{2}|2A|2B)\d{3}$"), nullable=True),
            "etat_administratif": pa.Column(pl.String, pa.Check.isin(["A", "F"])),
            "nomenclature_activite": pa.Column(pl.String, pa.Check.isin(["NAFRev2", "NAF25"]), nullable=True),
        }
    ),
}


def judge(schema: pa.DataFrameSchema, rows: pl.DataFrame) -> list[int]:
    """Validate a batch; return the ranks of the rows that the rules refuse, not of those they only flag."""
    try:
        schema.validate(rows.drop("rang"), lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        refused = cases.filter(pl.col("column").is_in(list(REFUSED)) | (pl.col("check") == "not_nullable"))
        return rows["rang"].gather(refused["index"].drop_nulls().cast(pl.UInt32)).to_list()
    return []
