"""The rules of the two stocks, as one would write them with Pandera on pandas frames, refusals and flags alike."""

import pandas as pd
import pandera.pandas as pa

from observatoire.identifiers import is_rna, is_siren, is_siret

SIZES = ["NN", "00", "01", "02", "03", "11", "12", "21", "22", "31", "32", "41", "42", "51", "52", "53"]
STATUS = pa.Column(checks=pa.Check.isin(["O", "P", "N"]), nullable=True)
REFUSED = {"statut_diffusion", "etat_administratif"}

UNITS = pa.DataFrameSchema(
    {
        "siren": pa.Column(checks=pa.Check(is_siren), nullable=False),
        "statut_diffusion": STATUS,
        "rna": pa.Column(checks=pa.Check(is_rna), nullable=True, required=False),
        "etat_administratif": pa.Column(checks=pa.Check.isin(["A", "C"]), nullable=False),
        "categorie_juridique": pa.Column(checks=pa.Check.str_matches(r"\d{4}$"), nullable=False),
    }
)
ESTABLISHMENTS = pa.DataFrameSchema(
    {
        "siren": pa.Column(nullable=False),
        "siret": pa.Column(checks=pa.Check(is_siret), nullable=False),
        "statut_diffusion": STATUS,
        "tranche_effectifs": pa.Column(checks=pa.Check.isin(SIZES), nullable=True),
        "code_commune_lu": pa.Column(checks=pa.Check.str_matches(r"(\d{2}|2A|2B)\d{3}$"), nullable=True),
        "etat_administratif": pa.Column(checks=pa.Check.isin(["A", "F"]), nullable=False),
        "nomenclature_activite": pa.Column(checks=pa.Check.isin(["NAFRev2", "NAF25"]), nullable=True),
    }
)


def judge(schema: pa.DataFrameSchema, rows: pd.DataFrame) -> pd.DataFrame:
    """Validate a batch; take out what the rules refuse, leave what they only flag."""
    try:
        schema.validate(rows, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        refused = cases[cases["column"].isin(REFUSED) | (cases["check"] == "not_nullable")]
        return rows.drop(refused["index"].unique()).reset_index(drop=True)
    return rows
