"""Tables computed from the tables of the sources, before any measure: one query each, checked by its own schema.

The queries live beside the idea they carry (`territories`, `perimeter`); this module runs them.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from observatoire.judging import judge_file
from observatoire.obstacle import Obstacle
from observatoire.schemas import Table
from observatoire.warehouse import Entrepot, count_repeats, fingerprint, sql_literal


class TableIncoherente(Obstacle):
    """A computed table that breaks its own schema: nothing downstream may be computed from it."""


@dataclass(frozen=True)
class Derivee:
    """A computed table.

    Attributes:
        nom, schema: where it is in the warehouse.
        famille: group of the asset.
        lit: tables it reads, `schema.table`.
        appoints: those of them that only add to what the others say: their absence takes nothing away.
        publiee: whether it is in the public file.
        table: its declaration; its key is checked.
        requete: the SELECT that gives its rows.
        controles: what must not be: a French reproach, and the query that counts its cases (one row, one number).
    """

    nom: str
    schema: str
    famille: str
    lit: tuple[str, ...]
    publiee: bool
    table: Table
    requete: str
    controles: tuple[tuple[str, str], ...] = ()
    appoints: tuple[str, ...] = ()


def versions_of(entrepot: Entrepot, tables: tuple[str, ...]) -> dict[str, str | None]:
    """Return the version of each `schema.table` in the warehouse."""
    return {nom: entrepot.version(*nom.split(".")) for nom in tables}


def compute_table(entrepot: Entrepot, derivee: Derivee) -> int:
    """Compute a derived table if what it reads changed; return its number of rows.

    Raises:
        TableIncoherente: its key repeats, or its schema is broken; the former table stays.
    """
    entrees = versions_of(entrepot, derivee.lit)
    version = table_version(entrees, derivee)
    if entrepot.version(derivee.schema, derivee.nom) != version:
        with entrepot.connect(derivee.lit) as connexion:
            colonnes = ", ".join(
                f"{colonne.nom}::{colonne.type_sql} AS {colonne.nom}" for colonne in derivee.table.colonnes
            )
            entrepot.write_query(
                connexion,
                f"SELECT {colonnes} FROM ({derivee.requete})",
                derivee.schema,
                derivee.nom,
                {"version": version, "entrees": entrees},
                lambda chemin: _check_table(connexion, derivee, chemin),
            )
    return entrepot.count_rows(derivee.schema, derivee.nom)


def table_version(entrees: dict[str, str | None], derivee: Derivee) -> str:
    """Return the version of a derived table, from what it reads and its declaration."""
    colonnes = [(colonne.nom, str(colonne.type)) for colonne in derivee.table.colonnes]
    return fingerprint(entrees, derivee.requete, colonnes)


def _check_table(connexion: duckdb.DuckDBPyConnection, derivee: Derivee, chemin: Path) -> None:
    """Check the file of a table before it takes its place; `calcul` is its name in the queries of the controls."""
    connexion.execute(f"CREATE OR REPLACE TEMP VIEW calcul AS FROM read_parquet({sql_literal(chemin)})")
    cle = ", ".join(derivee.table.cle)
    if doubles := count_repeats(connexion, "calcul", cle):
        raise TableIncoherente(f"{derivee.schema}.{derivee.nom} a des lignes de même clé ({cle}) : {doubles} cas.")
    for reproche, requete in derivee.controles:
        ((cas,),) = connexion.execute(requete).fetchall()
        if cas:
            raise TableIncoherente(f"{derivee.schema}.{derivee.nom} {reproche} : {cas} cas.")
    for cas in judge_file(chemin, derivee.table):
        exemples = cas[["colonne", "regle"]].drop_duplicates().to_dict("records")
        raise TableIncoherente(f"{derivee.schema}.{derivee.nom} ne respecte pas son schéma : {exemples[:5]}.")
