"""Whether two contenders found the same: rows of the tables, counts of employers, published values.

A zero and no cell are the same count here: which zeros are written is the product's own choice, tested elsewhere.
"""

import json
import sys
from pathlib import Path

import duckdb

from observatoire.levels import NIVEAUX
from observatoire.warehouse import sql_literal

TABLES = ("sirene_etablissements", "sirene_unites_legales", "etablissements", "unites_ess")
MEASURES = ("etablissements_employeurs", "etablissements_employeurs_ess")
AXES = ("total", "famille", "secteur", "tranche")
SHARES = ("etablissements_employeurs_ess_sirene", "part_ess_etablissements_employeurs_sirene")
SHOWN = 5


def differences(job: Path, other: Path, levels: tuple[str, ...] = NIVEAUX) -> list[str]:
    """Say in French the first differences between what the job wrote and what another contender wrote.

    Args:
        job: folder of its tables.
        other: folder of the other's.
        levels: levels compared; the job says nothing of a territory that its files do not wholly cover.
    """
    found = []
    with duckdb.connect() as connection:
        for table in TABLES:
            expected, given = (
                connection.execute(
                    "SELECT count(*) FROM read_parquet(?)", [str(root / "socle" / f"{table}.parquet")]
                ).fetchall()[0][0]
                for root in (job, other)
            )
            if expected != given:
                found.append(f"{table} : {given} lignes, {expected} dans le travail")
        for name, root in (("voulus", job), ("donnes", other)):
            connection.execute(
                f"CREATE TEMP TABLE {name} AS FROM ({_cells(connection, root)}) WHERE niveau IN {levels}"
            )
            connection.execute(
                f"CREATE TEMP TABLE valeurs_{name} AS FROM ({_values(connection, root)}) WHERE niveau IN {levels}"
            )
        told = connection.execute("SELECT DISTINCT mesure, axe FROM voulus").fetchall()
        found += [
            f"le travail ne compte pas {measure} par {axis}"
            for measure in MEASURES for axis in AXES
            if (measure, axis) not in told and (axis != "famille" or measure.endswith("ess"))
        ]  # fmt: skip
        found += [
            f"{' '.join(cell)} : {given}, {expected} dans le travail"
            for *cell, expected, given in connection.execute(f"""
                SELECT mesure, niveau, code_territoire, axe, modalite, coalesce(v.nombre, 0) AS voulu,
                       coalesce(d.nombre, 0) AS donne
                FROM voulus v FULL JOIN donnes d USING (mesure, niveau, code_territoire, axe, modalite)
                WHERE voulu <> donne ORDER BY ALL LIMIT {SHOWN}""").fetchall()
        ]
        # some write no period: what they compute is about one month
        ((dated,),) = connection.execute("SELECT count(periode) > 0 FROM valeurs_donnes").fetchall()
        keys = "indicateur, niveau, code_territoire, axe, modalite" + (", periode" if dated else "")
        found += [
            f"{' '.join(cell)} : {given}, {expected} dans le travail"
            for *cell, expected, given in connection.execute(f"""
                SELECT indicateur, niveau, code_territoire, axe, modalite, v.valeur, d.valeur
                FROM (FROM valeurs_voulus WHERE indicateur IN (SELECT indicateur FROM valeurs_donnes)) v
                FULL JOIN valeurs_donnes d USING ({keys})
                WHERE abs(v.valeur - d.valeur) > 1e-5 * greatest(1, abs(v.valeur))
                   OR indicateur IN {SHARES} AND (v.valeur IS NULL OR d.valeur IS NULL)
                      AND coalesce(v.valeur, d.valeur) <> 0
                ORDER BY ALL LIMIT {SHOWN}""").fetchall()
        ]
        compared = dict(connection.execute("SELECT indicateur, count(*) FROM valeurs_donnes GROUP BY ALL").fetchall())
        found += [f"{name} : aucune valeur à comparer" for name in SHARES if not compared.get(name)]
    return found


def _cells(connection: duckdb.DuckDBPyConnection, root: Path) -> str:
    rows = _table(root, "cube")
    count = "nombre" if "nombre" in _columns(connection, rows) else "nombre_unites"
    return f"""
        SELECT mesure, niveau, code_territoire, axe, modalite, {count}::BIGINT AS nombre {rows}
        WHERE mesure IN {MEASURES} AND {count} > 0"""


def _values(connection: duckdb.DuckDBPyConnection, root: Path) -> str:
    rows = _table(root, "valeurs")
    # only what is about one month is computed by all, and some do not write it
    period = "periode" if "periode" in _columns(connection, rows) else "NULL::VARCHAR"
    return f"""
        SELECT indicateur, niveau, code_territoire, {period} AS periode, axe, modalite, valeur {rows}
        WHERE valeur IS NOT NULL"""


def _columns(connection: duckdb.DuckDBPyConnection, rows: str) -> list[str]:
    return [name for name, *_ in connection.execute(f"DESCRIBE {rows}").fetchall()]


def _table(root: Path, name: str) -> str:
    """Query a table where the product writes it, or where the others do."""
    path = root / "indicateurs" / f"{name}.parquet"
    return f"FROM read_parquet({sql_literal(path if path.exists() else root / path.name)})"


def main(job: str, other: str, told: str) -> None:
    """Compare in a process of its own, whose memory is not that of the bench."""
    Path(told).write_text(json.dumps(differences(Path(job), Path(other)), ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
