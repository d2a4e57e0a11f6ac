"""Rules run through Pandera on typed rows, and what it answers translated into reasons."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
from pyarrow import parquet

from observatoire.schemas import TEXTE, Table

LIGNES_PAR_LOT = 1_000_000


COLONNES_REJETS = ["ligne", "colonne", "valeur", "regle", "gravite", "motif"]


class RegleInexecutable(Exception):
    """A rule that Pandera could not run: an error of ours, never a property of the data."""


def judge(lignes: pd.DataFrame, schema: pa.DataFrameSchema, brut: pd.DataFrame) -> pd.DataFrame:
    """Run the rules of a schema on typed rows; return the rejects, with the values of `brut`.

    Raises:
        RegleInexecutable: when a rule itself fails to run.
    """
    try:
        schema.validate(lignes, lazy=True)
    except pa.errors.SchemaErrors as erreurs:
        return pd.concat([_translate(erreur, brut) for erreur in erreurs.schema_errors])
    return VIDE


def judge_file(chemin: Path, table: Table) -> Iterator[pd.DataFrame]:
    """Run the rules of a table on its Parquet file, a million rows at a time; yield the rejects.

    Only the columns that have a rule are read; one of few values is judged on its distinct values: the dictionary that
    Parquet stores.
    """
    jugees = [colonne.nom for colonne in table.colonnes if colonne.regles or colonne.obligatoire or table.regles]
    with parquet.ParquetFile(chemin) as ecrit:
        presentes, groupes = ecrit.schema_arrow, ecrit.metadata.num_row_groups
        lieux = [nom for nom in ("_fichier", "_ligne") if nom in presentes.names]
        premier = ecrit.metadata.row_group(0) if groupes else None
        repetees = [
            nom
            for rang, nom in enumerate(presentes.names)
            if nom in (*jugees, "_fichier") and presentes.field(nom).type == TEXTE and premier is not None
            and premier.column(rang).has_dictionary_page
        ]  # fmt: skip
    with parquet.ParquetFile(chemin, read_dictionary=repetees) as ecrit:
        schema = table.pandera({nom: ecrit.schema_arrow.field(nom).type for nom in jugees})
        for lot in ecrit.iter_batches(LIGNES_PAR_LOT, columns=[*jugees, *lieux]):
            lignes = lot.to_pandas(types_mapper=pd.ArrowDtype)
            cas = judge(lignes[jugees], schema, lignes if "_ligne" in lignes else lignes.assign(_ligne=0))
            if not cas.empty:
                yield cas.assign(fichier=lignes.loc[cas.index, "_fichier"].astype("str")) if lieux else cas


def _translate(erreur: pa.errors.SchemaError, brut: pd.DataFrame) -> pd.DataFrame:
    """Turn one failure of Pandera into rejects, with the severity and the words of its rule."""
    cas = erreur.failure_cases
    controle = erreur.check
    if not isinstance(cas, pd.DataFrame) or "index" not in cas or cas["index"].isna().any():
        raise RegleInexecutable(f"la règle « {controle} » n'a pas pu être exécutée : {erreur}")
    places = pd.Index(cas["index"].unique())
    if isinstance(controle, pa.Check):
        colonne = erreur.schema.name if isinstance(erreur.schema, pa.Column) else ""
        regle = (str(controle.name), str(controle.title), str(controle.error))
        return to_rejects(brut, places, str(colonne or ""), *regle)
    if controle != "not_nullable":
        raise RegleInexecutable(f"la structure du lot n'est pas celle de la table : {erreur}")
    nom = str(erreur.schema.name)
    motif = f"valeur de « {nom} » absente : la compléter à la source"
    return to_rejects(brut, places, nom, "valeur_absente", "refus", motif)


def to_rejects(
    brut: pd.DataFrame, places: pd.Index, colonne: str, regle: str, gravite: str, motif: str
) -> pd.DataFrame:
    """Write the rows at these places as rejects of one rule, with their words."""
    valeurs = brut.loc[places, colonne].astype("str") if colonne in brut else None
    return pd.DataFrame(
        {
            "ligne": brut.loc[places, "_ligne"].astype("int64"),
            "colonne": colonne,
            "valeur": valeurs,
            "regle": regle,
            "gravite": gravite,
            "motif": motif,
        },
        index=places,
    )


VIDE = pd.DataFrame({nom: pd.Series(dtype="int64" if nom == "ligne" else "str") for nom in COLONNES_REJETS})

