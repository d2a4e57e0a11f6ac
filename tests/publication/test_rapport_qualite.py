"""The quality report beside the portrait: what the estimates are worth, and what they must not be used for."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from observatoire.estimation.back_tests import TAILLES
from observatoire.publication.quality_report import render_quality_report
from observatoire.warehouse import open_published

ICI = "246300701"


@pytest.fixture
def public(publie: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(publie / "warehouse" / "observatoire.duckdb"), read_only=True) as connexion:
        yield connexion


@pytest.fixture(scope="module")
def page(publie: Path) -> str:
    return (publie / "warehouse" / "portrait" / "qualite.html").read_text(encoding="utf-8")


def texte(contenu: str) -> str:
    """Give the words of a page, as they are read."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", contenu))).replace("\u202f", "").replace("\xa0", " ")


def test_le_portrait_mene_au_rapport_et_le_rapport_au_portrait(publie: Path, page: str):
    portrait = (publie / "warehouse" / "portrait" / "index.html").read_text(encoding="utf-8")
    assert 'href="qualite.html"' in portrait and 'href="index.html"' in page
    assert "DÉMONSTRATION" in page


def test_le_rapport_montre_l_estimation_d_ici_et_ce_qu_elle_n_est_pas(public, page: str):
    [(point, bas, haut, publication)] = public.execute(
        "SELECT estimation, borne_basse, borne_haute, publication FROM indicateurs.estimations "
        "WHERE grandeur = 'emplois_ess' AND axe = 'total' AND code_territoire = ? AND niveau = 'epci'", [ICI]
    ).fetchall()
    dit = texte(page)
    assert publication in ("point", "intervalle")
    assert f"{bas:.0f} à {haut:.0f}" in dit
    assert (f"{point:.0f}" if publication == "point" else "fourchette seule") in dit
    assert "Il ne doit servir ni à suivre une évolution" in dit and "salaire moyen local" in dit


def test_le_rapport_montre_chaque_retrotest_chaque_calage_et_chaque_ecart_d_ici(public, page: str):
    dit = texte(page)
    tests = public.execute("SELECT DISTINCT test FROM qualite.retrotests").fetchall()
    assert tests and all(test in dit for (test,) in tests)
    places = [dit.index(texte(f" {nom} "), dit.index("Demi-largeur")) for nom, *_ in TAILLES]
    assert places == sorted(places), "de la plus petite à la plus grande"
    for (verdict,) in public.execute("SELECT explication FROM qualite.calages WHERE code_departement = '63'").fetchall():
        assert verdict in dit
    assert "Puy-de-Dôme" in dit and "comptes cotisants" in dit


def test_un_territoire_inconnu_donne_une_page_sans_estimation(publie: Path):
    with open_published(publie / "warehouse" / "observatoire.duckdb") as base:
        dit = texte(render_quality_report(base, "000000000"))
    assert "Aucune estimation" in dit and "Aucun calage" in dit and "Un seul compte est connu" in dit
