"""The comparison of two published files sees what it is for: a row more, a row less, a value, a repeat, a column."""

from pathlib import Path

import duckdb
import pytest

from tests.chain.compare_releases import main

DEPART = """
    CREATE SCHEMA socle; CREATE SCHEMA meta;
    CREATE TABLE socle.t (a BIGINT, b VARCHAR);
    INSERT INTO socle.t VALUES (1, 'x'), (1, 'x'), (2, NULL);
    CREATE TABLE meta.release (release VARCHAR);
    INSERT INTO meta.release VALUES ('{release}')"""


def ecrire(chemin: Path, *changements: str) -> str:
    with duckdb.connect(str(chemin)) as base:
        base.execute(DEPART.format(release=chemin.stem))
        for changement in changements:
            base.execute(changement)
    return str(chemin)


def test_les_memes_lignes_dans_un_autre_ordre_sont_les_memes(tmp_path, capsys):
    un = ecrire(tmp_path / "un.duckdb")
    autre = ecrire(
        tmp_path / "autre.duckdb", "DELETE FROM socle.t", "INSERT INTO socle.t VALUES (2, NULL), (1, 'x'), (1, 'x')"
    )
    assert main(un, autre) == 0 and "Mêmes tables" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changement", "dit"),
    [
        ("INSERT INTO socle.t VALUES (3, 'y')", "socle.t : 0 lignes perdues, 1 lignes nouvelles"),
        ("DELETE FROM socle.t WHERE a = 2", "socle.t : 1 lignes perdues, 0 lignes nouvelles"),
        ("UPDATE socle.t SET b = '' WHERE b IS NULL", "socle.t : 1 lignes perdues, 1 lignes nouvelles"),
        ("INSERT INTO socle.t VALUES (1, 'x')", "socle.t : 0 lignes perdues, 1 lignes nouvelles"),
        ("ALTER TABLE socle.t ALTER a TYPE INTEGER", "socle.t n'a pas les mêmes colonnes"),
        ("CREATE TABLE socle.u (a BIGINT)", "socle.u n'est que dans"),
    ],
)
def test_une_difference_est_dite(changement: str, dit: str, tmp_path, capsys):
    assert main(ecrire(tmp_path / "un.duckdb"), ecrire(tmp_path / "autre.duckdb", changement)) == 1
    assert dit in capsys.readouterr().out
