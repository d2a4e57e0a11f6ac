"""An in-memory database is empty and nobody else's, whoever had its instance before."""

from pathlib import Path

import duckdb
import pytest

from observatoire.warehouse import Entrepot, memory_database


def test_rien_de_l_emprunteur_precedent_ne_reste(entrepot: Entrepot, tmp_path: Path):
    with duckdb.connect(str(tmp_path / "autre.duckdb")) as autre:
        autre.execute("CREATE TABLE t AS SELECT 1 AS a")
    with entrepot.connect() as connexion:
        neuf = connexion.execute("SELECT name, value FROM duckdb_settings() ORDER BY ALL").fetchall()
        connexion.execute("CREATE TABLE socle.t AS SELECT 1 AS a; CREATE TEMP TABLE u AS SELECT 2 AS a")
        connexion.execute(f"ATTACH '{tmp_path / 'autre.duckdb'}' AS autre (READ_ONLY)")
        connexion.execute("SET preserve_insertion_order = true; SET disabled_optimizers = 'statistics_propagation'; SET threads = 1")
    with entrepot.connect() as connexion:
        assert connexion.execute("SELECT name, value FROM duckdb_settings() ORDER BY ALL").fetchall() == neuf
        assert connexion.execute("SELECT table_name FROM duckdb_tables()").fetchall() == []
        with pytest.raises(duckdb.Error):
            connexion.execute("FROM autre.t")
    with duckdb.connect(str(tmp_path / "autre.duckdb")) as libre:  # nobody holds the file
        libre.execute("INSERT INTO t VALUES (2)")


def test_deux_bases_ouvertes_ensemble_ne_se_voient_pas(entrepot: Entrepot):
    with entrepot.connect() as une, entrepot.connect() as autre, memory_database() as nue:
        une.execute("CREATE TABLE socle.t AS SELECT 1 AS a; SET preserve_insertion_order = true")
        for vide in (autre, nue):
            assert vide.execute("SELECT table_name FROM duckdb_tables()").fetchall() == []
        (ordre,) = autre.execute("SELECT current_setting('preserve_insertion_order')").fetchall()
        assert ordre == (False,)


def test_une_base_dont_l_emprunteur_echoue_n_est_pas_repretee(entrepot: Entrepot):
    with pytest.raises(ZeroDivisionError), entrepot.connect() as connexion:
        connexion.execute("BEGIN; CREATE TABLE socle.t AS SELECT 1 AS a")
        raise ZeroDivisionError
    with entrepot.connect() as connexion:
        assert connexion.execute("SELECT table_name FROM duckdb_tables()").fetchall() == []


def test_chacun_deborde_dans_son_entrepot(entrepot: Entrepot):
    ailleurs = Entrepot(entrepot.settings, travail=entrepot.racine / "ailleurs")
    for _ in range(2):
        for lui in (entrepot, ailleurs):
            with lui.connect() as connexion:
                assert connexion.execute("SELECT current_setting('temp_directory')").fetchall() == [(str(lui.travail),)]
