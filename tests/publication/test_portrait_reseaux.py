"""What the portrait says of the networks: each drawn link opens to its sentence, the lists say what the drawing says."""

import re
from html import unescape
from pathlib import Path

import duckdb
import pytest

from observatoire.publication.network_page import DESSINES, _drawing, read_networks
from tests.publication.pages import ATTAQUE


@pytest.fixture
def portrait(publie: Path) -> str:
    return (publie / "warehouse" / "portrait" / "acteurs.html").read_text(encoding="utf-8")


@pytest.fixture
def base(publie: Path):
    with duckdb.connect(str(publie / "warehouse" / "observatoire.duckdb"), read_only=True) as connexion:
        yield connexion


@pytest.fixture
def acteurs(page, tmp_path: Path):
    """Write the pages of a small public database; give the one of the networks."""

    def ecrire(**tables) -> str:
        page(**tables)
        return (tmp_path / "portrait" / "acteurs.html").read_text(encoding="utf-8")

    return ecrire


def acteur(noeud: str, voisins: int = 1) -> dict:
    return {"noeud": noeud, "nom": noeud, "type_organisation": "association", "voisins": voisins, "liens": voisins,
            "intermediarite": 0.0, "composante": 1, "taille_composante": 2, "est_articulation": False}


def lien(numero: int, source: str, cible: str, **champs) -> dict:
    return {"lien": numero, "source": source, "cible": cible, "nom_source": source, "nom_cible": cible, "type_lien": "adhesion",
            "statut": "actif", "document": "d", "citation": "c", "confiance": "forte", "registre": "adhesions",
            "est_mesure": True, "est_pont": True, **champs}


def test_chaque_trait_s_ouvre_sur_la_phrase_de_son_lien(portrait: str, base):
    svg = re.search(r"<svg.*?</svg>", portrait, re.DOTALL)
    assert svg and "<title id=\"titre-graphe\">" in svg[0] and 'aria-describedby="resume-graphe"' in svg[0]
    ouverts = set(re.findall(r'href="#lien-(\d+)"', svg[0]))
    paires = base.execute("SELECT count(*) FROM (SELECT DISTINCT least(source, cible), greatest(source, cible) FROM indicateurs.graphe_liens)")
    assert len(ouverts) == paires.fetchall()[0][0] > 50
    phrases = dict(re.findall(r'<details id="lien-(\d+)" class="lien">.*?<blockquote>(.*?)</blockquote>', portrait, re.DOTALL))
    dits = dict(base.execute("SELECT lien::VARCHAR, replace(citation, '*', '') FROM indicateurs.graphe_liens").fetchall())
    assert ouverts <= set(phrases) == set(dits)
    for numero, citation in dits.items():
        assert citation in unescape(phrases[numero]), numero


def test_la_liste_dit_tous_les_acteurs_du_dessin(portrait: str, base):
    tableau = portrait[portrait.index("Organismes, du plus lié au moins lié") :].split("</table>")[0]
    noms = [unescape(nom) for nom in re.findall(r'<th scope="row">(.*?)</th>', tableau)]
    assert sorted(noms) == sorted(nom for (nom,) in base.execute("SELECT nom FROM indicateurs.graphe_noeuds").fetchall())
    assert noms[0] == "CISCA"


def test_le_dessin_est_toujours_le_meme_et_tient_dans_son_cadre(base):
    dessin = read_networks(base)["dessin"]
    assert dessin == read_networks(base)["dessin"]
    assert all(0 <= p["x"] <= dessin["largeur"] and 0 <= p["y"] <= dessin["hauteur"] for p in dessin["points"])
    assert len({(p["x"], p["y"]) for p in dessin["points"]}) == len(dessin["points"]) == 58


def test_un_graphe_trop_grand_ne_dessine_que_les_plus_lies_et_le_dit(acteurs):
    noeuds = [acteur(f"n{rang:04}", 2) for rang in range(DESSINES + 30)]
    liens = [lien(rang, f"n{rang:04}", f"n{rang + 1:04}") for rang in range(DESSINES + 29)]
    dessin = _drawing(noeuds, liens)
    assert (len(dessin["points"]), dessin["omis"]) == (DESSINES, 30)
    contenu = acteurs(
        graphe_noeuds=noeuds, graphe_liens=liens,
        graphe_ruptures=[{"noeud": a["noeud"], "nom": a["nom"], "detaches": 0} for a in noeuds],
    )
    assert "30 organismes moins liés ne sont que dans la liste" in contenu
    assert contenu.count('class="lien"') == len(liens)


def test_un_lien_prevu_est_en_pointilles_et_le_dit(acteurs):
    contenu = acteurs(
        graphe_noeuds=[acteur("a"), acteur("b")], graphe_liens=[lien(1, "a", "b", statut="prevu", est_mesure=False, est_pont=False)],
        graphe_ruptures=[{"noeud": n, "nom": n, "detaches": 0} for n in "ab"],
    )
    assert re.search(r'class="trait prevu"', contenu)
    assert "a — b (prévu)" in contenu


def test_un_point_rouge_dit_ce_qu_il_est(acteurs):
    liens, legende = [lien(1, "a", "b")], "Point rouge"
    ruptures = [{"noeud": n, "nom": n, "detaches": 0} for n in "ab"]
    rouge = acteur("a") | {"est_articulation": True}
    assert legende in acteurs(graphe_noeuds=[rouge, acteur("b")], graphe_liens=liens, graphe_ruptures=ruptures)
    sans = acteurs(graphe_noeuds=[acteur("a"), acteur("b")], graphe_liens=liens, graphe_ruptures=ruptures)
    assert legende not in sans


def test_un_nom_hostile_reste_du_texte(acteurs):
    contenu = acteurs(
        graphe_noeuds=[acteur(ATTAQUE), acteur("b")], graphe_liens=[lien(1, ATTAQUE, "b", citation=ATTAQUE)],
        graphe_ruptures=[{"noeud": n, "nom": n, "detaches": 0} for n in (ATTAQUE, "b")],
        reseaux=[{"reseau": "r", "nom_reseau": ATTAQUE, "citation": ATTAQUE, "document": "d", "_fichier": "f", "_ligne": 1}],
    )
    assert ATTAQUE not in contenu and "&lt;script&gt;" in contenu


def test_sans_registre_la_section_le_dit(acteurs):
    assert "Aucun lien connu" in acteurs()
