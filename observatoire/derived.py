"""Tables computed from other tables, by a query or in Python: each is checked by its own schema before it stands.

The queries live beside the idea they carry (`territories`, `perimeter`); this module runs them.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow

from observatoire.fingerprints import code_owed
from observatoire.judging import judge_file
from observatoire.obstacle import Obstacle
from observatoire.schemas import NOMBRE, REEL, Table
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
            # what is published is the same bytes when it is the same content; the rest is spared a sort
            ordre = f" ORDER BY {', '.join(derivee.table.cle)}" if derivee.publiee else ""
            entrepot.write_query(
                connexion,
                f"SELECT {colonnes} FROM ({derivee.requete}){ordre}",
                derivee.schema,
                derivee.nom,
                {"version": version, "entrees": entrees},
                lambda chemin: _check_table(
                    connexion, f"{derivee.schema}.{derivee.nom}", derivee.table, chemin, derivee.controles
                ),
            )
    return entrepot.count_rows(derivee.schema, derivee.nom)


def table_version(entrees: dict[str, str | None], derivee: Derivee) -> str:
    """Return the version of a derived table: what it reads, its declaration, what must not be, and who checks it."""
    table = derivee.table
    colonnes = [
        (colonne.nom, str(colonne.type), colonne.obligatoire, [_said(regle) for regle in colonne.regles])
        for colonne in table.colonnes
    ]
    juges = {_written_in(regle) for regles in (table.regles, *(c.regles for c in table.colonnes)) for regle in regles}
    return fingerprint(
        entrees,
        derivee.requete,
        colonnes,
        table.cle,
        [_said(regle) for regle in table.regles],
        derivee.controles,
        derivee.appoints,
        code_owed(__name__, *sorted(juges)),
    )


def _said(regle: pa.Check) -> tuple[object, ...]:
    """Return what a rule says of itself: its name, its severity, its reason, and the values it was made with."""
    return str(regle.name), str(regle.title), str(regle.error), _values_of(regle._check_fn)


def _values_of(fonction: Callable[..., Any]) -> list[object]:
    """Return the values a function was made with: `annee(depuis=1998)` is another rule than `annee(depuis=2015)`."""
    fonction = inspect.unwrap(fonction)
    cellules = [cellule.cell_contents for cellule in getattr(fonction, "__closure__", None) or ()]
    donnees = [*cellules, *(getattr(fonction, "__defaults__", None) or ()), *getattr(fonction, "args", ())]
    return [_values_of(valeur) if callable(valeur) else _written(valeur) for valeur in donnees]


def _written(valeur: object) -> object:
    """Write a value the same way in every process: sets have no order of their own, other objects say their address."""
    if isinstance(valeur, set | frozenset):
        return sorted(map(str, valeur))
    return valeur if isinstance(valeur, str | int | float | list | tuple | dict | None) else type(valeur).__name__


def _written_in(regle: pa.Check) -> str:
    """Return the file where a rule is written: two rules of one name may differ in what they check."""
    return inspect.getfile(inspect.unwrap(regle._check_fn))


def write_rows(
    entrepot: Entrepot, nom: str, table: Table, lignes: list[dict[str, Any]], dit: dict[str, Any]
) -> int:
    """Write rows computed in Python as a table, `schema.table`, sorted by its key; return their number.

    Raises:
        TableIncoherente: its key repeats, or its schema is broken; the former table stays.
    """
    cadre = pd.DataFrame(lignes, columns=list(table.noms), dtype=object)
    # Arrow takes no float for a decimal, DuckDB does
    flottants = {nom for ligne in lignes for nom, valeur in ligne.items() if isinstance(valeur, float)}
    types = [(c.nom, REEL if c.type == NOMBRE and c.nom in flottants else c.type) for c in table.colonnes]
    schema, _, court = nom.partition(".")
    with entrepot.connect(()) as connexion:
        connexion.register("calculees", arrow.Table.from_pandas(cadre, arrow.schema(types), preserve_index=False))
        colonnes = ", ".join(f"{colonne.nom}::{colonne.type_sql} AS {colonne.nom}" for colonne in table.colonnes)
        return entrepot.write_query(
            connexion,
            f"SELECT {colonnes} FROM calculees ORDER BY {', '.join(table.cle)}",
            schema,
            court,
            dit,
            lambda chemin: _check_table(connexion, nom, table, chemin),
        )


def _check_table(
    connexion: duckdb.DuckDBPyConnection,
    nom: str,
    table: Table,
    chemin: Path,
    controles: tuple[tuple[str, str], ...] = (),
) -> None:
    """Check the file of a table before it takes its place; `calcul` is its name in the queries of the controls."""
    connexion.execute(f"CREATE OR REPLACE TEMP VIEW calcul AS FROM read_parquet({sql_literal(chemin)})")
    cle = ", ".join(table.cle)
    if doubles := count_repeats(connexion, "calcul", cle):
        raise TableIncoherente(f"{nom} a des lignes de même clé ({cle}) : {doubles} cas.")
    for reproche, requete in controles:
        ((cas,),) = connexion.execute(requete).fetchall()
        if cas:
            raise TableIncoherente(f"{nom} {reproche} : {cas} cas.")
    for cas in judge_file(chemin, table):
        exemples = cas[["colonne", "regle"]].drop_duplicates().to_dict("records")
        raise TableIncoherente(f"{nom} ne respecte pas son schéma : {exemples[:5]}.")
