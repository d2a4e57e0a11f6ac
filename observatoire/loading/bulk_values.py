"""From words to values for the sources that say `volumineuse`: ordinary words in SQL, the others by `words`.

A value that is not understood becomes null; a row of which something may have to be told carries a mark in
`_anomalies`. What is done with the rows belongs to `bulk`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as arrow
from duckdb.func import FunctionNullHandling, PythonUDFType

from observatoire.identifiers import SIREN_PREFIX
from observatoire.loading.bulk_opening import Entree
from observatoire.schemas import BOOLEEN, DATE, TEXTE, Colonne, Table
from observatoire.sources import Source
from observatoire.warehouse import sql_literal
from observatoire.words import BORDS, Attendu, expected_of, read

REELS = ("FLOAT", "DOUBLE")


@dataclass(frozen=True)
class Anomalie:
    """What may have to be told of a column: the condition that marks its rows, and the SQL of the key of `DITS`.

    Attributes:
        colonne: its name.
        condition: SQL over the rows of `typed_rows`, true where something may have to be told.
        dit: SQL that gives the key of `DITS`, null when nothing has to be; empty for a SIREN of demonstration.
    """

    colonne: str
    condition: str
    dit: str = ""


@contextmanager
def taught(connexion: duckdb.DuckDBPyConnection, table: Table) -> Iterator[None]:
    """Teach a connection the grammar of words, for a while: `lire(word, what is expected)` gives its value, `dire` what
    is told of it.
    """
    attendus = {
        repr(attendu): attendu
        for colonne in table.colonnes
        for attendu in (expected_of(colonne), expected_of(colonne, en_nombres=True))
    }

    def asked(rang: int, mots: arrow.ChunkedArray, noms: arrow.ChunkedArray) -> arrow.Array:
        attendu = attendus[noms[0].as_py()]
        code = mots.combine_chunks().dictionary_encode()
        return arrow.array([read(mot, attendu)[rang] for mot in code.dictionary.to_pylist()], TEXTE).take(code.indices)

    def lire(mots: arrow.ChunkedArray, noms: arrow.ChunkedArray) -> arrow.Array:
        return asked(0, mots, noms)

    def dire(mots: arrow.ChunkedArray, noms: arrow.ChunkedArray) -> arrow.Array:
        return asked(1, mots, noms)

    for fonction in (lire, dire):
        connexion.create_function(
            fonction.__name__,
            fonction,
            ["VARCHAR", "VARCHAR"],
            "VARCHAR",
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,  # a word that cannot be read has no value
        )
    yield
    for fonction in (lire, dire):  # an instance is lent again
        connexion.remove_function(fonction.__name__)


def _text(brute: str, ecrit: str) -> str:
    """Write as SQL the text of a cell, as the file has it, of the DuckDB type `ecrit`."""
    if ecrit in REELS:
        # a column of whole numbers with gaps, written by a library that has no null integer: null, or NaN
        entier = f"CASE WHEN {brute} = floor({brute}) THEN try_cast({brute} AS HUGEINT)::VARCHAR END"
        petit = f"CASE WHEN contains({brute}::VARCHAR, 'e') THEN try_cast({brute} AS DECIMAL(38, 20))::VARCHAR END"
        return f"coalesce({entier}, {petit}, nullif({brute}::VARCHAR, 'nan'))"
    return brute if ecrit == "VARCHAR" else f"({brute}::VARCHAR)"


def _without(vides: tuple[str, ...], mot: str) -> str:
    for vide in vides:
        mot = f"nullif({mot}, {sql_literal(vide)})"
    return mot


def _trimmed(texte: str) -> str:
    """Write as SQL a word without blanks at its ends, null when it says nothing."""
    # the usual case first: trimming tens of millions of words takes longer than reading them
    net = f"{texte}[1] BETWEEN '!' AND '~' AND {texte}[-1] BETWEEN '!' AND '~'"
    return f"CASE WHEN {net} THEN {texte} ELSE nullif(trim({texte}, {sql_literal(BORDS)}), '') END"


def _expected(colonne: Colonne, ecrit: str) -> Attendu:
    return expected_of(colonne, en_nombres=ecrit != "VARCHAR")


def _asked(quoi: str, colonne: Colonne, ecrit: str, texte: str) -> str:
    """Write as SQL the call of `lire` or `dire` on the word of a cell."""
    mot = _without(colonne.vides, _trimmed(texte))
    return f"{quoi}({mot}, {sql_literal(repr(_expected(colonne, ecrit)))})"


def _is_ordinary(colonne: Colonne, ecrit: str, texte: str) -> str:
    """Write as SQL whether a cell holds a word that DuckDB reads by itself, null when it is empty."""
    return f"regexp_full_match({texte}, {sql_literal(_expected(colonne, ecrit).ordinaire)})"


def _cast(colonne: Colonne, mot: str) -> str:
    """Write as SQL the value of a word written plainly, as the grammar writes values."""
    if colonne.type == TEXTE:
        return mot
    if colonne.type == DATE:
        return f"try_cast({mot}[:10] AS DATE)"
    if colonne.type == BOOLEEN:
        return f"{mot} IN ('true', '1', 'O')"
    return f"try_cast(replace({mot}, ',', '.') AS {colonne.type_sql})"


def sql_value(colonne: Colonne, ecrit: str, texte: str, ordinaire: str) -> str:
    """Write as SQL the value of a cell in the type of its column; null when it cannot be read.

    Args:
        colonne: what the cell should hold.
        ecrit: DuckDB type it is written in.
        texte: SQL of its text.
        ordinaire: SQL of whether its word is ordinary.
    """
    attendu = _expected(colonne, ecrit)
    if not attendu.sorte:
        return _without(colonne.vides, _trimmed(texte))
    vides = tuple(vide for vide in colonne.vides if re.fullmatch(attendu.ordinaire, vide))
    simple = _cast(colonne, _without(vides, texte))
    lu = _cast(colonne, _asked("lire", colonne, ecrit, texte))
    if colonne.type == BOOLEEN:  # « IN » says false of a null
        lu = f"CASE {_asked('lire', colonne, ecrit, texte)} WHEN 'true' THEN true WHEN 'false' THEN false END"
    valeur = f"CASE WHEN {ordinaire} THEN {simple} WHEN {texte} IS NOT NULL THEN {lu} END"
    if colonne.type in (TEXTE, DATE):
        # written in another way, or followed by a time, a word for « no value » says nothing either
        for vide in colonne.vides:
            ecart = f"try_cast({sql_literal(vide)} AS DATE)" if colonne.type == DATE else sql_literal(vide)
            valeur = f"nullif({valeur}, {ecart})"
    return valeur


def _is_of_type(colonne: Colonne, ecrit: str) -> bool:
    """Say whether a column is written in the type it should have, hence always readable."""
    if colonne.type == TEXTE:
        return False
    return ecrit.startswith(("DATE", "TIMESTAMP")) if colonne.type == DATE else ecrit == colonne.type_sql


def _is_asked(colonne: Colonne, ecrit: str) -> bool:
    """Say whether the words of a column, as a file writes it, are of a kind the grammar judges."""
    return bool(ecrit) and not _is_of_type(colonne, ecrit) and bool(_expected(colonne, ecrit).sorte)


def typed_rows(entree: Entree, source: Source) -> str:
    """Write the query of a file's rows: typed, as written (`_brut_…`), with what puts them out of scope (`_motif`).

    `_anomalies` marks the rows of which something may have to be told: bit n for the n-th of `anomalies_of`. The
    connection has to be taught the grammar first (`taught`).
    """
    brutes, ordinaires, valeurs = [], [], []
    for colonne in source.table.colonnes:
        nom = colonne.nom
        if nom not in entree.brutes:
            valeurs.append(f"NULL::{colonne.type_sql} AS {nom}")
            continue
        brute, ecrit = entree.brutes[nom]
        brutes.append(f"{brute} AS _brut_{nom}")
        if _is_of_type(colonne, ecrit):
            valeur = f"_brut_{nom}::DATE" if colonne.type == DATE else f"_brut_{nom}"
            for vide in colonne.vides if colonne.type == DATE else ():
                valeur = f"nullif({valeur}, try_cast({sql_literal(vide)} AS DATE))"
        else:
            # asked once of each word, since both its value and its mark depend on it
            if _is_asked(colonne, ecrit):
                ordinaires.append(f"{_is_ordinary(colonne, ecrit, _text(f'_brut_{nom}', ecrit))} AS _net_{nom}")
            valeur = sql_value(colonne, ecrit, _text(f"_brut_{nom}", ecrit), f"_net_{nom}")
        valeurs.append(f"({valeur})::{colonne.type_sql} AS {nom}")
    cas = " ".join(f"WHEN {condition} THEN {sql_literal(motif)}" for motif, condition in source.hors_champ_sql)
    marques = [
        f"CASE WHEN {anomalie.condition} THEN {1 << rang} ELSE 0 END"
        for rang, anomalie in enumerate(anomalies_of(entree, source.table))
    ]
    return f"""
        SELECT *, {f"CASE {cas} END" if cas else "NULL::VARCHAR"} AS _motif,
               ({" | ".join(marques) or "0"}) AS _anomalies
        FROM (SELECT *, {", ".join(valeurs)}, {sql_literal(entree.fichier.nom)} AS _fichier
              FROM (SELECT {", ".join(["*", *ordinaires])}
                    FROM (SELECT {", ".join([*brutes, f"{entree.ligne} AS _ligne"])} FROM {entree.sql})))"""


def anomalies_of(entree: Entree, table: Table) -> list[Anomalie]:
    """List what has to be asked of the words of a file, because the converted value no longer says it."""
    trouvees = []
    for colonne in table.colonnes:
        nom = colonne.nom
        _, ecrit = entree.brutes.get(nom, ("", ""))
        if _is_asked(colonne, ecrit):
            texte = _text(f"_brut_{nom}", ecrit)
            rien = ", ".join(map(sql_literal, ("", *colonne.vides)))
            etrange = f"NOT _net_{nom} AND {texte} NOT IN ({rien})"
            # a day written plainly may not exist
            perdu = f" OR _net_{nom} AND {nom} IS NULL" if colonne.type == DATE else ""
            trouvees.append(Anomalie(nom, f"{etrange}{perdu}", _asked("dire", colonne, ecrit, texte)))
        if nom == "siren" and not entree.fichier.est_demonstration:
            trouvees.append(Anomalie("siren", f"siren LIKE '{SIREN_PREFIX}_______'"))
    return trouvees
