"""Sorting the rows of a batch: kept, out of scope, refused; and every reason, with the value as it was written.

Rules live in the `table.py` of each source; this module runs them through Pandera and translates what it answers.
"""

from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pa

from observatoire.conversion import read_column
from observatoire.judging import VIDE, judge, to_rejects
from observatoire.loading.records import Lecture
from observatoire.schemas import Colonne, Table
from observatoire.words import DITS

ILLISIBLE = "valeur_illisible"
UNE_FOIS = [cle for cle, dit in DITS.items() if dit.une_fois]
DE_DEMONSTRATION = (
    "siren_de_demonstration",
    "signalement",
    "SIREN de la plage réservée aux données de démonstration : vérifier l'origine du fichier",
)

GUILLEMET_ISOLE = (
    "guillemet ouvert ici, et refermé dans une autre ligne ou jamais : lu comme un caractère, sinon les lignes qui "
    "suivent disparaîtraient ; à vérifier"
)
FORMAT_ANCIEN = (
    "classeur d'un format où ni les lignes masquées ni une formule jamais calculée ne se voient : comparer le nombre "
    "de lignes, ou l'enregistrer en XLSX"
)
MONTANT_FUSIONNE = "montant dans une cellule fusionnée : compté une fois, ses lignes sont les parts d'une convention"
ENCODAGES_MELES = "fichier écrit en deux encodages : chaque ligne est lue dans le sien, accents à vérifier"


def repeated_key(table: Table) -> tuple[str, str, str]:
    """Return rule, severity and reason of a row that repeats the key of another."""
    if table.gravite_cle == "refus":
        return "cle_en_double", "refus", "ligne déjà présente : la première est comptée"
    return "doublon_suspect", "signalement", "ligne déjà présente : comptée, à vérifier"


def told(colonne: Colonne, cle: str) -> tuple[str, str, str]:
    """Return rule, severity and reason of what the grammar tells of a word (a key of `DITS`).

    A word that cannot be read refuses its row where the column is `obligatoire`; all the rest is flagged.
    """
    dit = DITS[cle]
    if dit.regle != ILLISIBLE:
        return dit.regle, "signalement", dit.motif
    gravite = "refus" if colonne.obligatoire else "signalement"
    return dit.regle, gravite, f"valeur de « {colonne.nom} » illisible : {dit.motif}"


def told_once(rejets: pd.DataFrame) -> pd.DataFrame:
    """Keep the first of what a file is told once; `rejets` have the key of `DITS` as `cle`, null where it has none."""
    une_fois = rejets["cle"].isin(UNE_FOIS)
    return rejets[~(une_fois & rejets.duplicated(["colonne", "cle"]))]


def told_of_file(lecture: Lecture) -> pd.DataFrame:
    """Tell what a file is made of that no cell shows: a quote alone, lines in two encodings, merged amounts."""
    dits = [(ligne, "guillemet_isole", GUILLEMET_ISOLE) for ligne in lecture.isoles]
    if lecture.melees:
        motif = f"{ENCODAGES_MELES} (lignes relues : {len(lecture.melees)})"
        dits.append((lecture.melees[0], "encodages_meles", motif))
    classeur = lecture.classeur
    if classeur.est_aveugle:
        dits.append((1, "format_ancien", FORMAT_ANCIEN))
    if classeur.masquees:
        dits.append((1, "lignes_masquees", f"lignes masquées dans le classeur ({classeur.masquees}) : lues"))
    for lignes_communes in dict.fromkeys(classeur.fusions.values()):
        premiere = next(ligne for ligne, dites in classeur.fusions.items() if dites == lignes_communes)
        dits.append((premiere, "montant_fusionne", f"{MONTANT_FUSIONNE} ({lignes_communes})"))
    lignes = pd.DataFrame(dits, columns=["ligne", "regle", "motif"])
    return lignes.assign(colonne="", valeur=None, gravite="signalement")


@dataclass
class Tri:
    """A batch, sorted.

    Attributes:
        retenues: typed rows that count, with `_ligne`.
        hors_champ: reason of each row left out by a declared rule.
        refusees: rows as written, indexed like the batch, that cannot be counted.
        rejets: one row per reason, refusals and flags: the columns of `COLONNES_REJETS`, and `cle`.
    """

    retenues: pd.DataFrame
    hors_champ: pd.Series
    refusees: pd.DataFrame
    rejets: pd.DataFrame


def convert_columns(brut: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Convert a batch to the types of a table; return it with what has to be told of its words, as rejects.

    The rejects have a column more, `cle`: the key of `DITS`, by which a file is told once what repeats.
    """
    colonnes: dict[str, pd.Series] = {}
    rejets = [VIDE.assign(cle=None)]
    for colonne in table.colonnes:
        if colonne.nom not in brut:
            colonnes[colonne.nom] = pd.Series(None, index=brut.index, dtype=pd.ArrowDtype(colonne.type))
            continue
        colonnes[colonne.nom], dits = read_column(brut[colonne.nom], colonne)
        for cle in dits.dropna().unique():
            places = dits.index[(dits == cle).fillna(False).astype(bool)]
            rejets.append(to_rejects(brut, places, colonne.nom, *told(colonne, cle)).assign(cle=cle))
    return pd.DataFrame(colonnes, index=brut.index), pd.concat(rejets)


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
        rejets: what is already known of its words, from `convert_columns`.

    Raises:
        RegleInexecutable: when a rule itself fails to run.
    """
    dans_le_champ = lignes[hors_champ.isna()]
    trouves = [rejets[rejets.index.isin(dans_le_champ.index)]]
    trouves.append(judge(dans_le_champ, schema, brut).assign(cle=None))
    # a value that could not be read is not, besides, absent
    tous = pd.concat(trouves)
    lus = tous[tous["regle"] == ILLISIBLE]
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
