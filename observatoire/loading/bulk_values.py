"""From words to values in SQL: the counterpart of `conversion` for the sources that say `volumineuse`.

A value that is not understood becomes null, and its row carries a mark in `_anomalies`. What is done with the rows
belongs to `bulk`.
"""

from dataclasses import dataclass

from observatoire.conversion import FAUX, VRAI
from observatoire.identifiers import SIREN_PREFIX
from observatoire.loading.bulk_opening import Entree
from observatoire.loading.sorting import DE_DEMONSTRATION, ZEROS_RESTITUES, illisible
from observatoire.schemas import BOOLEEN, DATE, ENTIER, TEXTE, Colonne, Table
from observatoire.sources import Source
from observatoire.warehouse import sql_literal

BLANCS_SQL = sql_literal(" \t\r\n\u00a0\u202f\u2009\ufeff")
REELS = ("FLOAT", "DOUBLE")


@dataclass(frozen=True)
class Anomalie:
    """What a converted value no longer says: a condition, and the rule (name, severity, reason) its rows break."""

    colonne: str
    condition: str
    regle: tuple[str, str, str]


def _word(colonne: Colonne, brute: str, ecrit: str) -> str:
    """Write as SQL the word of a cell: without blanks at its ends, null when it says nothing.

    Args:
        colonne: what the cell should hold.
        brute: the cell.
        ecrit: DuckDB type it is written in.
    """
    if ecrit in REELS:
        # a column of whole numbers with gaps, written by a library that has no null integer: null, or NaN
        entier = f"CASE WHEN {brute} = floor({brute}) THEN try_cast({brute} AS HUGEINT)::VARCHAR END"
        return f"coalesce({entier}, nullif({brute}::VARCHAR, 'nan'))"
    if ecrit != "VARCHAR":
        return f"({brute}::VARCHAR)"
    mot = f"nullif(trim({brute}{f', {BLANCS_SQL}' if colonne.longueur else ''}), '')"
    for vide in colonne.vides:
        mot = f"nullif({mot}, {sql_literal(vide)})"
    if not colonne.longueur or colonne.longueur in map(len, colonne.vides):
        return mot
    # the usual case first: trimming tens of millions of codes takes longer than reading them
    return f"CASE WHEN {_is_whole(colonne, brute)} THEN {brute} ELSE {mot} END"


def _is_whole(colonne: Colonne, brute: str) -> str:
    return f"length({brute}) = {colonne.longueur} AND NOT contains({brute}, ' ')"


def _is_short(colonne: Colonne, mot: str) -> str:
    return f"length({mot}) < {colonne.longueur} AND regexp_full_match({mot}, '[0-9]+')"


def sql_value(colonne: Colonne, brute: str, ecrit: str) -> str:
    """Write as SQL the value of a cell in the type of its column; null when it cannot be read. Arguments as `_word`."""
    mot = _word(colonne, brute, ecrit)
    if colonne.type == TEXTE:
        rendu = f"CASE WHEN {_is_short(colonne, mot)} THEN lpad({mot}, {colonne.longueur}, '0') ELSE {mot} END"
        return rendu if colonne.longueur else mot
    if colonne.type == DATE:
        valeur = f"{brute}::DATE" if _is_of_type(colonne, ecrit) else _day(mot)
        for vide in colonne.vides:
            valeur = f"nullif({valeur}, try_cast({sql_literal(vide)} AS DATE))"
        return valeur
    if colonne.type == BOOLEEN:
        if _is_of_type(colonne, ecrit):
            return brute
        return f"CASE WHEN lower({mot}) IN {tuple(VRAI)} THEN true WHEN lower({mot}) IN {tuple(FAUX)} THEN false END"
    # a cast alone would round: 12.7 is not a count, nor 1.239 an amount
    if colonne.type == ENTIER:
        return f"CASE WHEN regexp_full_match({mot}, '-?[0-9]+') THEN try_cast({mot} AS BIGINT) END"
    precision, decimales = colonne.type.precision, colonne.type.scale
    lisible = f"regexp_full_match({mot}, '-?[0-9]+([.,][0-9]{{1,{decimales}}}0*)?')"
    return f"CASE WHEN {lisible} THEN try_cast(replace({mot}, ',', '.') AS DECIMAL({precision}, {decimales})) END"


def _is_of_type(colonne: Colonne, ecrit: str) -> bool:
    """Say whether a column is written in the type it should have, hence always readable."""
    return ecrit.startswith(("DATE", "TIMESTAMP")) if colonne.type == DATE else ecrit == colonne.type_sql


def _day(mot: str) -> str:
    """Write as SQL the day of 2024-01-31, 2024/01/31, 31/01/2024 and the same followed by a time; of nothing else."""
    jour = f"replace({mot}[:10], '/', '-')"
    return f"""CASE
        WHEN length({mot}) > 10 AND NOT regexp_full_match({mot}[11:], '[T ][0-9:.]+Z?') THEN NULL
        WHEN {jour} LIKE '____-__-__' THEN try_cast({jour} AS DATE)
        WHEN {jour} LIKE '__-__-____' THEN try_strptime({jour}, '%d-%m-%Y')::DATE END"""


def typed_rows(entree: Entree, source: Source) -> str:
    """Write the query of a file's rows: typed, as written (`_brut_…`), with what puts them out of scope (`_motif`).

    `_anomalies` marks what the typed values no longer say: bit n for the n-th of `anomalies_of`.
    """
    colonnes = []
    for colonne in source.table.colonnes:
        if colonne.nom in entree.brutes:
            brute, ecrit = entree.brutes[colonne.nom]
            valeur = sql_value(colonne, brute, ecrit)
            colonnes.append(f"{brute} AS _brut_{colonne.nom}")
        else:
            valeur = "NULL"
        colonnes.append(f"({valeur})::{colonne.type_sql} AS {colonne.nom}")
    cas = " ".join(f"WHEN {condition} THEN {sql_literal(motif)}" for motif, condition in source.hors_champ_sql)
    marques = [
        f"CASE WHEN {anomalie.condition} THEN {1 << rang} ELSE 0 END"
        for rang, anomalie in enumerate(anomalies_of(entree, source.table))
    ]
    return f"""
        SELECT *, {f"CASE {cas} END" if cas else "NULL::VARCHAR"} AS _motif,
               ({" | ".join(marques) or "0"}) AS _anomalies
        FROM (SELECT {", ".join(colonnes)}, {sql_literal(entree.fichier.nom)} AS _fichier, {entree.ligne} AS _ligne
              FROM {entree.sql})"""


def anomalies_of(entree: Entree, table: Table) -> list[Anomalie]:
    """List what has to be asked of the words of a file, because the converted value no longer says it."""
    trouvees = []
    for colonne in table.colonnes:
        _, ecrit = entree.brutes.get(colonne.nom, ("", ""))
        mot = _word(colonne, f"_brut_{colonne.nom}", ecrit)
        if colonne.longueur and ecrit == "VARCHAR":
            court = f"NOT ({_is_whole(colonne, f'_brut_{colonne.nom}')}) AND {_is_short(colonne, mot)}"
            trouvees.append(Anomalie(colonne.nom, f"CASE WHEN {court} THEN true END", ZEROS_RESTITUES))
        if colonne.type != TEXTE and ecrit and not _is_of_type(colonne, ecrit):
            perdu = f"{mot} IS NOT NULL AND {colonne.nom} IS NULL"
            for vide in colonne.vides:  # followed by a time, it says nothing either
                perdu += f" AND {mot}[:{len(vide)}] <> {sql_literal(vide)}"
            trouvees.append(Anomalie(colonne.nom, perdu, illisible(colonne)))
        if colonne.nom == "siren" and not entree.fichier.est_demonstration:
            trouvees.append(Anomalie("siren", f"siren LIKE '{SIREN_PREFIX}_______'", DE_DEMONSTRATION))
    return trouvees
