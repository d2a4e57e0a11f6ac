"""Two published files, row for row: `python -m tests.chain.compare_releases A.duckdb B.duckdb`.

Every table is compared as a multiset of rows, `meta.release` and the hours of runs apart. Ends with 1 when a table
differs, is missing or has other columns, and says which.
"""

import sys
from pathlib import Path

import duckdb

from observatoire.warehouse import sql_literal

# what says when, or by which code, and not what
A_PART = {"meta.release"}
HEURES = {("qualite.sources", "en_echec_depuis"), ("qualite.sources", "obtenu_le")}


def differences(un: Path, autre: Path) -> list[str]:
    """List what differs between two published files, in French; nothing when they say the same."""
    dites = []
    with duckdb.connect() as base:
        for nom, chemin in (("un", un), ("autre", autre)):
            base.execute(f"ATTACH {sql_literal(chemin)} AS {nom} (READ_ONLY)")
        tables = {nom: _tables(base, nom) for nom in ("un", "autre")}
        for table in sorted({*tables["un"], *tables["autre"]} - A_PART):
            if not all(table in siennes for siennes in tables.values()):
                dites.append(f"{table} n'est que dans {un if table in tables['un'] else autre}")
            elif tables["un"][table] != tables["autre"][table]:
                dites.append(f"{table} n'a pas les mêmes colonnes")
            elif manques := _missing(base, table, list(tables["un"][table])):
                dites.append(f"{table} : {manques[0]} lignes perdues, {manques[1]} lignes nouvelles")
    return dites


def _tables(base: duckdb.DuckDBPyConnection, nom: str) -> dict[str, dict[str, str]]:
    """Return the tables of a file, with the types of their columns."""
    tables: dict[str, dict[str, str]] = {}
    for table, colonne, type_ in base.execute(
        "SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = ? ORDER BY column_index",
        [nom],
    ).fetchall():
        tables.setdefault(table, {})[colonne] = type_
    return tables


def _missing(base: duckdb.DuckDBPyConnection, table: str, colonnes: list[str]) -> tuple[int, int] | None:
    """Count the rows each file has and the other has not, with their repeats; None when there are none."""
    dites = ", ".join(f'"{colonne}"' for colonne in colonnes if (table, colonne) not in HEURES)
    comptes = [
        base.execute(
            f"SELECT count(*) FROM (SELECT {dites} FROM {un}.{table} EXCEPT ALL SELECT {dites} FROM {autre}.{table})"
        ).fetchall()[0][0]
        for un, autre in (("un", "autre"), ("autre", "un"))
    ]
    return (comptes[0], comptes[1]) if any(comptes) else None


def main(un: str, autre: str) -> int:
    """Say what differs; return 1 when something does."""
    dites = differences(Path(un), Path(autre))
    print("\n".join(dites) or "Mêmes tables, mêmes lignes.")
    return 1 if dites else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
