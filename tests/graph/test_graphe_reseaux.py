"""The graph of the actors against the golden one, written from the five documents before it; then its time and its cuts."""

import dataclasses
import datetime
from pathlib import Path

import duckdb
import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.graph.links import Lien
from observatoire.graph.structure import active_graph, changes, components, evolution, present_at, rupture
from observatoire.warehouse import sql_literal
from tests.documents import est_citee, textes
from tests.donnees import lire_csv

ATTENDU = Path(__file__).parent / "graphe_attendu"
NOEUDS = lire_csv(ATTENDU / "noeuds.csv")
LIENS = lire_csv(ATTENDU / "liens.csv")


@pytest.fixture
def public(publie: Path):
    with duckdb.connect(str(publie / "warehouse" / "observatoire.duckdb"), read_only=True) as connexion:
        yield connexion


@pytest.mark.parametrize("lignes", [NOEUDS, LIENS], ids=["noeuds", "liens"])
def test_chaque_citation_attendue_est_dans_son_document(donnees: Path, lignes: list[dict[str, str]]):
    dits = textes(donnees)
    absentes = [ligne["citation"] for ligne in lignes if not est_citee(ligne["citation"], dits[ligne["document"]])]
    assert absentes == []
    assert not est_citee("des mots que personne n'a écrits", dits["cisca"])


def test_chaque_lien_attendu_joint_deux_noeuds_attendus():
    noeuds = {ligne["noeud"] for ligne in NOEUDS}
    assert {ligne[bout] for ligne in LIENS for bout in ("source", "cible")} == noeuds


def test_le_graphe_publie_est_celui_qui_est_attendu(public):
    colonnes = list(LIENS[0])
    lus = public.execute(f"SELECT {', '.join(colonnes)} FROM indicateurs.graphe_liens").fetchall()
    assert sorted(tuple(valeur or "" for valeur in ligne) for ligne in lus) == sorted(tuple(ligne.values()) for ligne in LIENS)
    noeuds = public.execute("SELECT noeud, nom FROM indicateurs.graphe_noeuds").fetchall()
    assert sorted(noeuds) == sorted((ligne["noeud"], ligne["nom"]) for ligne in NOEUDS)


def test_chaque_lien_publie_s_ouvre_sur_sa_phrase(public, donnees: Path):
    dits = textes(donnees)
    lus = public.execute("SELECT document, citation, confiance FROM indicateurs.graphe_liens").fetchall()
    assert len(lus) == len(LIENS)
    for document, citation, confiance in lus:
        assert est_citee(citation, dits[document]), citation
        assert confiance in ("forte", "moyenne", "faible")


def test_le_depart_du_cisca_defait_le_graphe_comme_compte_a_la_main(public):
    """Counted by hand on the golden graph, active links only.

    58 organisations. Two have no active link: the SCIC to come and the Caisse des Dépôts (planned). The 56 others hold
    together: CISCA, the métropole and their neighbours, and Sancy Volcans through the Comité d'Expansion and the
    département. Before: 1 + 2 = 3 components.

    Without CISCA, who is joined to nothing else stands alone:
    - of the board's 14 organisations, all but the métropole, the university (joined to SISMO) and Epicentre (its
      capital): 11;
    - of the 25 names of the grid, 21 are no board member; CocoShaker and French Impact are joined to the métropole: 19;
    - the DLA, the Institut Godin, the ministry that noticed the project: 3.
    That is 33. What stays together: 56 − 1 − 33 = 22. After: 1 + 33 + 2 = 36 components.
    """
    (ligne,) = public.execute(
        "SELECT composantes_avant, composantes_apres, isoles, taille_principale_apres, detaches "
        "FROM indicateurs.graphe_ruptures WHERE noeud = 'cisca'"
    ).fetchall()
    assert ligne == (3, 36, 33, 22, 33)
    (cisca,) = public.execute(
        "SELECT taille_composante, est_articulation, voisins FROM indicateurs.graphe_noeuds WHERE noeud = 'cisca'"
    ).fetchall()
    # 14 of the board, 21 names of the grid, SISMO, the ministry, the DLA and the Institut Godin
    assert cisca == (56, True, 39)


def test_qui_fait_le_pont(public):
    ponts = public.execute(
        "SELECT DISTINCT source, cible FROM indicateurs.graphe_liens WHERE est_pont AND NOT (source = 'cisca' OR cible = 'cisca')"
    ).fetchall()
    assert ("comite_d_expansion", "departement_puy_de_dome") in ponts
    assert ("comite_d_expansion", "sancy_volcans") in ponts
    # SISMO, CISCA and the métropole form a loop: none of these pairs is a bridge
    assert not {("sismo", "clermont_auvergne_metropole"), ("clermont_auvergne_metropole", "cisca")} & set(ponts)
    premiers = public.execute("SELECT noeud FROM indicateurs.graphe_noeuds ORDER BY intermediarite DESC LIMIT 3").fetchall()
    assert [noeud for (noeud,) in premiers] == ["cisca", "clermont_auvergne_metropole", "departement_puy_de_dome"]


def test_aucune_personne_dans_le_graphe_et_elle_est_comptee(public):
    assert public.execute(
        "SELECT count(*) FROM indicateurs.graphe_noeuds WHERE contains(nom, '[…]') OR contains(noeud, '[…]')"
    ).fetchall() == [(0,)]
    comptes = dict(public.execute("FROM indicateurs.graphe_ecartes").fetchall())
    assert comptes["personne, ou nom possible d'une personne"] == 1  # a name of the grid that may be a person's


def test_ce_qui_a_change_entre_deux_dates(public):
    annees = {ligne[0]: ligne[1:] for ligne in public.execute("FROM indicateurs.graphe_evolution").fetchall()}
    assert annees[2006][:3] == (4, 4, 0)  # the charter of Sancy Volcans
    assert annees[2015][:3] == (5, 1, 0)  # the métropole joins RTES
    assert annees[2018][:3] == (6, 1, 0)  # the event held with RTES, over at the end of the year
    assert annees[2019][:3] == (5, 0, 1)
    assert {non_dates for *_, non_dates in annees.values()} == {83}, "a link without a date is in no year"


LIEN = Lien(
    source="a", cible="b", nom_source="A", nom_cible="B", type_source="association", type_cible="association",
    type_lien="adhesion", reseau=None, statut="actif", debut="2015", fin=None, vu_le=datetime.date(2019, 7, 24),
    confiance="forte", document="d", citation="c", registre="adhesions",
)


def lien(source: str, cible: str, **champs) -> Lien:
    return dataclasses.replace(LIEN, source=source, cible=cible, **champs)


@pytest.mark.parametrize(
    ("debut", "fin", "jour", "present"),
    [
        ("2015", None, "2014-12-31", False), ("2015", None, "2015-12-31", True), ("2015-06", None, "2015-05-31", False),
        ("2015-06", "2018", "2018-12-31", True), ("2015-06", "2018", "2019-01-01", False),
        ("2006-10-04", "2006-10-04", "2006-10-04", True), ("2006-10-04", None, "2006-10-03", False),
        (None, None, "2026-01-01", None), (None, "2018", "2017-01-01", None),
    ],
)
def test_un_lien_est_present_selon_la_precision_de_ses_dates(debut, fin, jour, present):
    assert present_at(lien("a", "b", debut=debut, fin=fin), jour) is present


def test_un_lien_prevu_n_est_pas_un_lien(public):
    graphe = active_graph([lien("a", "b"), lien("b", "c", statut="prevu"), lien("c", "d", fin="2018")])
    assert components(graphe) == [{"a", "b"}, {"c"}, {"d"}]
    assert changes([lien("a", "b", statut="prevu", debut="2020")], "2019-12-31", "2021-12-31") == {
        "apparus": [], "disparus": [], "maintenus": [], "non_dates": [],
    }
    assert evolution([]) == []
    assert public.execute("SELECT count(*) FROM indicateurs.graphe_liens WHERE statut = 'prevu' AND est_mesure").fetchall() == [(0,)]


PAIRES = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")).filter(lambda p: p[0] != p[1]), min_size=1)


@given(PAIRES, PAIRES)
def test_un_depart_ne_perd_aucun_organisme_et_l_ordre_des_liens_n_y_change_rien(paires, autres):
    liens = [lien(*paire) for paire in paires] + [lien(*paire, statut="prevu") for paire in autres]
    graphe = active_graph(liens)
    melange = active_graph(liens[::-1])
    for noeud in graphe:
        dit = rupture(graphe, noeud)
        assert dit == rupture(melange, noeud)
        reste = nx.Graph(graphe)
        reste.remove_node(noeud)
        assert dit["composantes_apres"] == nx.number_connected_components(reste)
        assert dit["isoles"] == sum(1 for n in nx.isolates(reste)) - sum(1 for n in nx.isolates(graphe) if n != noeud)
        separe = dit["composantes_apres"] > dit["composantes_avant"]
        assert separe == (noeud in set(nx.articulation_points(graphe))) == (dit["detaches"] > 0)


def test_les_noms_d_un_organisme_sont_un_seul_noeud(public):
    """LieU'topie / Lieutopie, the three CoCoShaker, Epicentre / Epicentre Factory, the four names of CISCA."""
    noeuds = {noeud for (noeud,) in public.execute("SELECT noeud FROM indicateurs.graphe_noeuds").fetchall()}
    assert {"lieutopie", "cocoshaker", "epicentre_factory", "cisca"} <= noeuds
    assert not {"LieU'topie", "Cocoshaker", "CoCoShaker", "Epicentre", "collectif CISCA"} & noeuds


def test_un_nom_proche_non_revu_reste_a_revoir_et_ne_fusionne_rien(public):
    assert public.execute(
        "SELECT organisation FROM socle.alias_organisations WHERE nom_ecrit = 'INSTITUT BOBIN' AND statut = 'a_revoir'"
    ).fetchall() == [("institut_godin",)]
    noeuds = {noeud for (noeud,) in public.execute("SELECT noeud FROM indicateurs.graphe_noeuds").fetchall()}
    assert {"institut_godin", "institut_bobin"} <= noeuds


def test_chaque_publication_porte_les_tables_du_graphe(publie: Path):
    dossier = (publie / "warehouse" / "observatoire.duckdb").resolve().parent / "tables"
    for nom in ("liens", "noeuds", "ruptures", "evolution", "ecartes"):
        chemin = sql_literal(dossier / f"indicateurs.graphe_{nom}.parquet")
        assert duckdb.sql(f"SELECT count(*) FROM read_parquet({chemin})").fetchall()[0][0] > 0
