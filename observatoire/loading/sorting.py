"""Sorting the rows of a batch: kept, out of scope, refused; and every reason, with the value as it was written.

Rules live in the `table.py` of each source; this module runs them through Pandera and translates what it answers.
"""

from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pa

from observatoire.conversion import convert, restore_zeros, unreadable, without_empty_words
from observatoire.judging import VIDE, judge, to_rejects
from observatoire.schemas import EUROS, Colonne, Table

ZEROS_RESTITUES = (
    "zeros_restitues",
    "signalement",
    "zéros de gauche perdus (fichier passé par un tableur ?) : restitués, vérifier le code",
)
DE_DEMONSTRATION = (
    "siren_de_demonstration",
    "signalement",
    "SIREN de la plage réservée aux données de démonstration : vérifier l'origine du fichier",
)


def repeated_key(table: Table) -> tuple[str, str, str]:
    """Return rule, severity and reason of a row that repeats the key of another."""
    if table.gravite_cle == "refus":
        return "cle_en_double", "refus", "ligne déjà présente : la première est comptée"
    return "doublon_suspect", "signalement", "ligne déjà présente : comptée, à vérifier"


def illisible(colonne: Colonne) -> tuple[str, str, str]:
    """Return rule, severity and reason of a value that cannot be read as the type of its column."""
    gravite = "refus" if colonne.obligatoire else "signalement"
    motif = f"valeur de « {colonne.nom} » illisible : corriger la valeur à la source"
    if colonne.type == EUROS:
        # « 1.295 » may be 1295 or 1.30, and « 7M€ » is not to the cent: for money nothing is guessed
        motif += " (un nombre d'euros, sans mot ni « M€ » ; « 1.295 » : milliers ou décimales ?)"
    return "valeur_illisible", gravite, motif




@dataclass
class Tri:
    """A batch, sorted.

    Attributes:
        retenues: typed rows that count, with `_ligne`.
        hors_champ: reason of each row left out by a declared rule.
        refusees: rows as written, indexed like the batch, that cannot be counted.
        rejets: one row per reason, refusals and flags: the columns of `COLONNES_REJETS`.
    """

    retenues: pd.DataFrame
    hors_champ: pd.Series
    refusees: pd.DataFrame
    rejets: pd.DataFrame


def convert_columns(brut: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Convert a batch to the types of a table; return it with the unreadable values as rejects.

    An unreadable value refuses the row where the column is `obligatoire`, and is flagged elsewhere.
    """
    colonnes: dict[str, pd.Series] = {}
    rejets = []
    for colonne in table.colonnes:
        if colonne.nom not in brut:
            colonnes[colonne.nom] = pd.Series(None, index=brut.index, dtype=pd.ArrowDtype(colonne.type))
            continue
        ecrit = brut[colonne.nom]
        if colonne.vides:
            ecrit = without_empty_words(ecrit, colonne.vides)
        if colonne.longueur:
            ecrit, rendus = restore_zeros(ecrit, colonne.longueur)
            rejets.append(to_rejects(brut, rendus[rendus].index, colonne.nom, *ZEROS_RESTITUES))
        colonnes[colonne.nom] = convert(ecrit, colonne.type)
        perdus = unreadable(ecrit, colonnes[colonne.nom])
        if perdus.any():
            rejets.append(to_rejects(brut, perdus[perdus].index, colonne.nom, *illisible(colonne)))
    return pd.DataFrame(colonnes, index=brut.index), pd.concat([*rejets, VIDE])


def sort_rows(
    brut: pd.DataFrame,
    table: Table,
    schema: pa.DataFrameSchema,
    hors_champ: pd.Series,
    lignes: pd.DataFrame,
    rejets: pd.DataFrame,
) -> Tri:
    """Validate typed rows with Pandera and separate kept, out-of-scope and refused ones.

    Args:
        brut: the batch as written, with `_ligne`.
        table: declaration of the table.
        schema: its Pandera schema, built once per file.
        hors_champ: reason for which a row is out of scope, null when it is in.
        lignes: typed rows, same index.
        rejets: reasons already known (unreadable values).

    Raises:
        RegleInexecutable: when a rule itself fails to run.
    """
    dans_le_champ = lignes[hors_champ.isna()]
    trouves = [rejets[rejets.index.isin(dans_le_champ.index)]]
    trouves.append(judge(dans_le_champ, schema, brut))
    # a value that could not be read is not, besides, absent
    tous = pd.concat(trouves)
    lus = tous[tous["regle"] == "valeur_illisible"]
    couples = set(zip(lus.index, lus["colonne"], strict=True))
    deja_dit = [
        regle == "valeur_absente" and (place, colonne) in couples
        for place, colonne, regle in zip(tous.index, tous["colonne"], tous["regle"], strict=True)
    ]
    tous = tous[~pd.Series(deja_dit, index=tous.index, dtype=bool)]
    index_refuses = tous.index[tous["gravite"] == "refus"].unique()
    retenues = dans_le_champ.drop(index_refuses)
    retenues["_ligne"] = brut.loc[retenues.index, "_ligne"]
    return Tri(retenues, hors_champ.dropna(), brut.loc[index_refuses], tous.reset_index(drop=True))










