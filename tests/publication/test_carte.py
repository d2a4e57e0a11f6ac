"""The map of the communes and its ranked table, and the GeoJSON: the same figures as the database, hatched where none.

Contours are those of the communes of Clermont Auvergne Métropole where the real file is there, squares elsewhere.
"""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from observatoire.publication.pages import MODELES, read_words, template
from observatoire.publication.portrait import write_portrait
from observatoire.publication.territory_geojson import write_geojson
from observatoire.publication.territory_map import _class_of, _classes, _path, read_map
from tests.publication.base_publique import ecrire_base
from tests.publication.pages import indicateur
from tests.sources.test_contours import carre

EPCI = "246300701"
PART = "part_ess_etablissements_employeurs_sirene"
ATTAQUE = '<script>alert("1")</script>'
# a row of squares, from west to east
COMMUNES = {"63001": "Ambert", "63002": "Billom", "63003": "Cunlhat", "63004": "Dore", "63005": ATTAQUE, "63006": "Esteil"}
VALEURS = {"63001": 12.34, "63002": 0.0, "63003": 40.0, "63004": None, "63005": 25.0, "63006": 7.5}


def valeur(code: str, chiffre: float | None, indicateur: str = PART, **autres: Any) -> dict[str, Any]:
    return {
        "indicateur": indicateur,
        "niveau": "commune",
        "code_territoire": code,
        "periode": "2026-10",
        "axe": "total",
        "modalite": "total",
        "valeur": chiffre,
        "unite": "%",
        "numerateur": chiffre,
        "denominateur": 100,
        "statut_observation": "O" if chiffre is None else "A",
        "statut_confidentialite": "F",
        "nature": "reelle",
        **autres,
    }


def tables(contours: dict[str, Any] | None = None, **autres: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Give the rows of a small territory; without contours of its communes unless they are given."""
    fiche = {
        "indicateur": PART,
        "titre": "Part de l'ESS",
        "unite": "%",
        "decimales": 1,
        "mesure_denominateur": "tous (somme)",
        "licence": "Licence Ouverte 2.0",
        "nature": "reelle",
    }
    dit = {"source": "contours_communes", "fichier": "c.geojson", "producteur": "IGN", "millesime": "2026"}
    return {
        "release": [{"release": "r1", "contrat": 1, "cree_le": "2026-11-26 10:00:00", "nature": "reelle"}],
        "territoires": [
            {"niveau": "epci", "code_territoire": EPCI, "libelle": "Le territoire"},
            *({"niveau": "commune", "code_territoire": code, "libelle": nom} for code, nom in COMMUNES.items()),
        ],
        "appartenances": [
            {"niveau": "commune", "code_territoire": code, "niveau_parent": "epci", "code_parent": EPCI}
            for code in COMMUNES
        ],
        "catalogue": [fiche],
        "valeurs": [valeur(code, chiffre) for code, chiffre in VALEURS.items()],
        "sources": [{**dit, "licence": "Licence Ouverte 2.0"}],
        "contours_communes": [
            {"code_commune": code, "libelle_commune": code, "contour": json.dumps(geometrie), "_fichier": "c.geojson"}
            for code, geometrie in (contours or {}).items()
        ],
        **autres,
    }


def en_rang(codes: Any = COMMUNES) -> dict[str, Any]:
    return {code: carre(round(3 + rang / 10, 1), 45.5) for rang, code in enumerate(codes)}


def lire(tmp_path: Path, **lignes: list[dict[str, Any]]) -> tuple[dict[str, Any], str]:
    """Return the map and its page."""
    base = ecrire_base(tmp_path / "public.duckdb", **lignes)
    mots = read_words()
    with duckdb.connect(str(base), read_only=True) as connexion:
        carte = read_map(connexion, EPCI, mots["indicateurs_de_la_carte"])
    return carte, template("carte.html").render(mots | {"carte": carte})


def test_la_carte_et_le_tableau_disent_la_meme_chose_que_la_base(tmp_path):
    carte, page = lire(tmp_path, **tables(en_rang()))
    assert [(ligne["rang"], ligne["code"]) for ligne in carte["lignes"]] == [
        (1, "63003"), (2, "63005"), (3, "63001"), (4, "63006"), (5, "63002"), (None, "63004")
    ]  # fmt: skip
    assert re.findall(r'<td class="nombre">([\d,]+\u00a0%|non disponible)</td>', page) == [
        "40,0\u00a0%", "25,0\u00a0%", "12,3\u00a0%", "7,5\u00a0%", "0,0\u00a0%", "non disponible"
    ]  # fmt: skip
    # as many shapes as communes, each saying its own value to who points at it
    formes = dict(re.findall(r"<title>(.+?) : (.+?)</title>", page))
    assert formes["Cunlhat"] == "40,0\u00a0%"
    assert len(formes) == len(COMMUNES)
    assert "IGN, 2026, Licence Ouverte 2.0" in page


def test_la_couleur_n_est_jamais_seule(tmp_path):
    """The legend says values and numbers, the map bears the numbers: the classes can be read without a colour."""
    carte, page = lire(tmp_path, **tables(en_rang()))
    ecrits = {int(numero) for numero in re.findall(r"<text [^>]*>(\d+)</text>", page)}
    assert ecrits == {1, 2, 3, 4, 5}
    rangs = [classe["rangs"] for classe in carte["classes"] if classe["classe"].isdigit()]
    assert [premier for premier, _ in rangs] == [1, *(dernier + 1 for _, dernier in rangs[:-1])]
    assert rangs[-1][1] == 5
    assert len(re.findall(r"n° \d", page)) == len(rangs)
    for classe in {ligne["classe"] for ligne in carte["lignes"]} - {"4"}:
        assert f".c-{classe} " in (MODELES / "portrait.css").read_text(encoding="utf-8"), classe


def test_le_plus_haut_est_toujours_le_plus_fonce_et_zero_est_a_part(tmp_path):
    carte, _ = lire(tmp_path, **tables(en_rang()))
    classe = {ligne["code"]: ligne["classe"] for ligne in carte["lignes"]}
    assert (classe["63003"], classe["63002"], classe["63004"]) == ("4", "0", "absente")


def test_une_valeur_supprimee_est_hachuree_et_dite(tmp_path):
    vide = {"numerateur": None, "denominateur": None, "statut_confidentialite": "C"}
    valeurs = [valeur("63001", None, **vide), valeur("63003", 40.0)]  # the others have no row at all
    carte, page = lire(tmp_path, **tables(en_rang(), valeurs=valeurs))
    classes = {ligne["code"]: ligne["classe"] for ligne in carte["lignes"]}
    assert (classes["63001"], classes["63002"]) == ("secret", "absente")
    assert 'class="c-secret"><title>Ambert : supprimé (secret statistique)' in page
    assert page.count("supprimé (secret statistique)") == 3, "sur la forme, dans la légende et dans le tableau"
    assert page.count("non disponible") == 2 * 4
    assert "None" not in page


def test_sans_contours_un_tableau_classe_tient_lieu_de_carte(tmp_path):
    carte, page = lire(tmp_path, **tables())
    assert carte["largeur"] is None
    assert "<svg" not in page
    assert "<figure" not in page
    assert "tient lieu de carte" in page
    assert page.count("<tr>") == 1 + len(COMMUNES)


def test_une_commune_sans_contour_reste_dans_le_tableau_et_est_nommee(tmp_path):
    carte, page = lire(tmp_path, **tables(en_rang(list(COMMUNES)[:4])))
    assert carte["sans_contour"] == [ATTAQUE, "Esteil"]
    assert page.count("<path d=") == 4 + 2, "quatre communes, deux motifs de hachures"
    assert page.count("<tr>") == 1 + len(COMMUNES)


def test_une_ancienne_commune_rejoint_celle_d_aujourd_hui(tmp_path):
    """63001 took in 63999: one shape, without the border of before; 63998, divided, is nowhere."""
    contours = {"63001": carre(3.0, 45.5), "63999": carre(3.0, 45.6), "63998": carre(9.0, 45.6), "99999": carre(8, 45)}
    passages = [
        {"code_ancien": "63999", "code_commune": "63001", "niveau": "commune", "code_territoire": "63001"},
        {"code_ancien": "63998", "code_commune": None, "niveau": "epci", "code_territoire": EPCI},
    ]
    carte, page = lire(tmp_path, **tables(contours, passages_communes=passages))
    (dessinee,) = (ligne for ligne in carte["lignes"] if ligne["chemin"])
    assert dessinee["code"] == "63001"
    assert dessinee["chemin"].count("M") == 1
    assert carte["hauteur"] > carte["largeur"]
    assert "Anciennes communes réunies à celle d'aujourd'hui : 63999." in page


def anneau(*points: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[*points, points[0]]]}


ABIMES = {
    "croise": anneau((3.0, 45.5), (3.1, 45.6), (3.1, 45.5), (3.0, 45.6)),
    "plat": anneau((3.0, 45.5), (3.1, 45.5), (3.05, 45.5)),
    "infime": anneau((3.0, 45.5), (3.000001, 45.5), (3.000001, 45.500001)),
}


@pytest.mark.parametrize("ancienne", [False, True], ids=["seule", "reunie"])
@pytest.mark.parametrize("cas", ABIMES)
def test_un_contour_abime_n_empeche_pas_de_publier(tmp_path, cas, ancienne):
    """The pages and the GeoJSON of a release are written whatever a table kept of a contour; the figures are all there."""
    contours = {**en_rang(), "63001": ABIMES[cas]} | ({"63999": carre(2.99, 45.55)} if ancienne else {})
    passages = [{"code_ancien": "63999", "code_commune": "63001", "niveau": "commune", "code_territoire": "63001"}]
    comptes = dict.fromkeys(("lignes_lues", "lignes_retenues", "lignes_hors_champ", "lignes_rejetees"), 6)
    lignes = tables(contours, passages_communes=passages)
    lignes["sources"] = [{**dite, "titre": "Contours", "etat": "lu", **comptes} for dite in lignes["sources"]]
    lignes["catalogue"] = [indicateur(PART, unite="%", decimales=1)]
    base = ecrire_base(tmp_path / "public.duckdb", **lignes)
    write_portrait(base, tmp_path / "portrait", EPCI)
    page = (tmp_path / "portrait" / "index.html").read_text(encoding="utf-8")
    assert "12,3\u00a0%" in page
    contenu = json.loads(write_geojson(base, tmp_path / "geo", EPCI).read_text(encoding="utf-8"))
    conforme(contenu)
    premiere = contenu["features"][0]
    assert (premiere["id"], premiere["properties"][PART]) == ("63001", 12.34)
    assert (premiere["geometry"] is None) == (cas == "plat" and not ancienne), "ce qui n'a pas de surface n'a pas de contour"


def test_une_commune_trop_petite_pour_son_numero_reste_dans_le_tableau(tmp_path):
    carte, page = lire(tmp_path, **tables({**en_rang(), "63001": ABIMES["infime"]}))
    assert {ligne["code"]: ligne["place"] for ligne in carte["lignes"]}["63001"] == "aucune"
    assert page.count("<tr>") == 1 + len(COMMUNES)


def test_aucun_indicateur_par_commune_aucune_carte(tmp_path):
    vides = [valeur(code, None) for code in COMMUNES]
    carte, page = lire(tmp_path, **tables(en_rang(), valeurs=vides))
    assert carte is None
    assert page.strip() == ""


def test_la_carte_montre_la_derniere_periode_de_toutes(tmp_path):
    valeurs = [valeur("63001", 10.0), valeur("63001", 90.0, periode="2025-10"), valeur("63002", 80.0, periode="2025-10")]
    carte, page = lire(tmp_path, **tables(en_rang(), valeurs=valeurs))
    assert {ligne["code"]: ligne["valeur"] for ligne in carte["lignes"]}["63002"] is None
    assert "octobre 2026" in page
    assert "90,0" not in page


def test_une_demonstration_se_voit_sur_la_carte_et_sur_le_tableau(tmp_path):
    valeurs = [valeur("63001", 10.0, nature="demonstration"), valeur("63002", 80.0)]
    _, page = lire(tmp_path, **tables(en_rang(), valeurs=valeurs))
    assert page.count("insigne-demonstration") == 2
    assert re.search(r'class="filigrane-carte"[^>]*>DÉMONSTRATION', page)


def test_un_nom_hostile_reste_du_texte(tmp_path):
    _, page = lire(tmp_path, **tables(en_rang()))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 2


@given(st.dictionaries(st.sampled_from(list(COMMUNES)), st.floats(0, 100), min_size=1))
def test_chaque_commune_a_une_classe_et_la_legende_les_compte_toutes(chiffres):
    bornes = _classes([round(chiffre, 1) for chiffre in chiffres.values()])
    assert len(bornes) <= 4
    assert bornes == sorted(bornes)
    for chiffre in chiffres.values():
        classe = _class_of(valeur("", chiffre), bornes, 1)
        assert (classe == "0") == (round(chiffre, 1) == 0)
        if classe != "0":
            bas, haut = bornes[int(classe) - 5 + len(bornes)]
            assert bas <= round(chiffre, 1) <= haut


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=4, max_size=30))
def test_le_chemin_dessine_repasse_par_les_memes_points(points):
    """Relative moves lose nothing: two communes that share a border draw it in the same place."""
    anneau = np.array([*points, points[0]], dtype=float)
    trouve = re.fullmatch(r"M(-?\d+) ?(-?\d+)l(.*)z", _path(anneau))
    x, y = int(trouve[1]), int(trouve[2])
    pas = [int(nombre) for nombre in re.findall(r"-?\d+", trouve[3])]
    vus = {(x, y)}
    for dx, dy in zip(pas[::2], pas[1::2], strict=True):
        x, y = x + dx, y + dy
        vus.add((x, y))
    assert vus == set(points)


def geojson(tmp_path: Path, **lignes: list[dict[str, Any]]) -> dict[str, Any]:
    base = ecrire_base(tmp_path / "public.duckdb", **lignes)
    chemin = write_geojson(base, tmp_path / "geo", EPCI)
    assert chemin == tmp_path / "geo" / f"{EPCI}_communes.geojson"
    return json.loads(chemin.read_text(encoding="utf-8"))


def conforme(collection: dict[str, Any]) -> None:
    """Check what RFC 7946 asks of a collection of polygons."""
    assert collection["type"] == "FeatureCollection"
    assert "crs" not in collection, "toujours WGS84 : la norme a retiré ce membre"
    for entite in collection["features"]:
        assert entite["type"] == "Feature"
        assert isinstance(entite["properties"], dict)
        geometrie = entite["geometry"]
        if geometrie is None:
            continue
        assert set(geometrie) == {"type", "coordinates"}
        coordonnees = geometrie["coordinates"]
        for partie in [coordonnees] if geometrie["type"] == "Polygon" else coordonnees:
            for rang, anneau in enumerate(partie):
                assert len(anneau) >= 4
                assert anneau[0] == anneau[-1]
                assert all(-180 <= x <= 180 and -90 <= y <= 90 for x, y in anneau)
                assert shapely.is_ccw(shapely.linearrings(anneau)) == (rang == 0), "extérieur direct, trous indirects"


def test_le_geojson_porte_chaque_commune_et_ses_valeurs(tmp_path):
    troue = carre(3.0, 45.5)
    troue["coordinates"].append([[3.02, 45.52], [3.02, 45.54], [3.04, 45.54], [3.04, 45.52], [3.02, 45.52]])
    contenu = geojson(tmp_path, **tables({**en_rang(list(COMMUNES)[:4]), "63001": troue}))
    conforme(contenu)
    assert [entite["id"] for entite in contenu["features"]] == list(COMMUNES)
    assert [entite["geometry"] is None for entite in contenu["features"]] == [False] * 4 + [True] * 2
    premiere = contenu["features"][0]["properties"]
    assert (premiere["code_commune"], premiere["nom"], premiere[PART]) == ("63001", "Ambert", 12.34)
    dits = {suffixe: premiere[f"{PART}_{suffixe}"] for suffixe in ("unite", "periode", "nature", "denominateur")}
    assert dits == {"unite": "%", "periode": "2026-10", "nature": "reelle", "denominateur": 100}
    assert contenu["indicateurs"][PART]["licence"] == "Licence Ouverte 2.0"
    assert contenu["attribution"] == "Contours simplifiés : IGN, 2026, Licence Ouverte 2.0."
    colonnes = [set(entite["properties"]) for entite in contenu["features"]]
    assert all(noms == colonnes[0] for noms in colonnes), "une table a les mêmes colonnes à chaque ligne"


def test_le_geojson_garde_le_statut_et_la_derniere_periode(tmp_path):
    valeurs = [
        valeur("63001", None, numerateur=None, denominateur=None, statut_confidentialite="C"),
        valeur("63002", 5.0, periode="2025-10"),
        valeur("63003", 3.0, "membres", periode="inconnu", numerateur=Decimal("3.000000")),
    ]
    catalogue = [*tables()["catalogue"], {"indicateur": "membres", "titre": "Membres"}]
    contenu = geojson(tmp_path, **tables(en_rang(), valeurs=valeurs, catalogue=catalogue))
    conforme(contenu)
    une, deux, trois = (entite["properties"] for entite in contenu["features"][:3])
    assert (une[PART], une[f"{PART}_statut_confidentialite"]) == (None, "C")
    assert deux[PART] is None, "une valeur d'une autre année ne se mêle pas aux autres"
    assert (trois["membres"], trois["membres_periode"], trois["membres_numerateur"]) == (3, "inconnu", 3)


def test_sans_contour_il_n_y_a_ni_geojson_ni_lien(tmp_path):
    fiche = indicateur(PART, unite="%", decimales=1)
    base = ecrire_base(tmp_path / "public.duckdb", **tables(sources=[], catalogue=[fiche]))
    assert write_geojson(base, tmp_path / "geo", EPCI) is None and not (tmp_path / "geo").exists()
    write_portrait(base, tmp_path / "portrait", EPCI)
    assert ".geojson" not in (tmp_path / "portrait" / "index.html").read_text(encoding="utf-8")


def test_un_code_inconnu_n_a_pas_de_geojson(tmp_path):
    base = ecrire_base(tmp_path / "public.duckdb", **tables())
    assert write_geojson(base, tmp_path / "geo", "999999999") is None
    assert not (tmp_path / "geo").exists()
