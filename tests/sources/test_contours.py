"""The contours of communes: read from GeoJSON, refused with a reason, simplified without opening a shared border."""

import gzip
import json

import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from observatoire.sources import sources
from tests.depots import charger_source, comptes_justes, deposer, regles, table

SOURCE = "contours_communes"


def carre(ouest: float, sud: float, cote: float = 0.1) -> dict:
    est, nord = ouest + cote, sud + cote
    return {"type": "Polygon", "coordinates": [[[ouest, sud], [est, sud], [est, nord], [ouest, nord], [ouest, sud]]]}


def collection(*entites: tuple[str, object]) -> str:
    features = [
        {"type": "Feature", "properties": {"code": code, "nom": f"Commune {code}"}, "geometry": geometrie}
        for code, geometrie in entites
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def test_le_fichier_du_departement_est_lu_en_entier(entrepot, donnees):
    recu = (donnees / "geo" / "communes_63_puy_de_dome_2018.geojson").read_bytes()
    deposer(entrepot, SOURCE, "communes-2018.geojson", recu)
    etat = charger_source(entrepot, SOURCE)
    assert (etat.etat, etat.lignes_retenues, etat.regles) == ("a_jour", 467, [])
    assert comptes_justes(etat)
    lues = {ligne["code_commune"]: ligne for ligne in table(entrepot, SOURCE)}
    # a former commune keeps its contour: it is part of the one of today
    assert {"63078", "63127", "63133", "63330", "63113"} <= set(lues)
    assert lues["63113"]["libelle_commune"] == "Clermont-Ferrand"
    assert lues["63113"]["_ligne"] == 1 + next(
        rang for rang, entite in enumerate(json.loads(recu)["features"]) if entite["properties"]["code"] == "63113"
    )


def test_simplifier_divise_le_poids_et_garde_les_limites_communes(entrepot, donnees):
    recu = (donnees / "geo" / "communes_63_puy_de_dome_2018.geojson").read_bytes()
    deposer(entrepot, SOURCE, "communes-2018.geojson", recu)
    charger_source(entrepot, SOURCE)
    contours = [ligne["contour"] for ligne in table(entrepot, SOURCE)]
    formes = shapely.from_geojson(contours)
    assert sum(map(len, contours)) < len(recu) / 2
    assert shapely.is_valid(formes).all()
    assert shapely.coverage_is_valid(formes), "deux communes voisines ont les mêmes points sur leur limite"
    avant = shapely.union_all(shapely.from_geojson([json.dumps(e["geometry"]) for e in json.loads(recu)["features"]]))
    ecart = shapely.area(shapely.symmetric_difference(avant, shapely.union_all(formes)))
    assert ecart < shapely.area(avant) / 500


def test_l_exterieur_tourne_dans_le_sens_de_la_rfc_7946(entrepot):
    horaire = carre(3, 45)
    horaire["coordinates"][0].reverse()
    deposer(entrepot, SOURCE, "communes.geojson", collection(("63001", horaire)))
    charger_source(entrepot, SOURCE)
    (ligne,) = table(entrepot, SOURCE)
    assert shapely.is_ccw(shapely.get_exterior_ring(shapely.from_geojson(ligne["contour"])))


def test_un_fichier_compresse_est_lu_comme_celui_qu_il_contient(entrepot):
    contenu = collection(("63001", carre(3, 45)), ("63002", carre(3.1, 45)))
    deposer(entrepot, SOURCE, "communes-100m.geojson.gz", gzip.compress(contenu.encode()))
    etat = charger_source(entrepot, SOURCE)
    assert (etat.etat, etat.lignes_retenues) == ("a_jour", 2)


def test_une_entite_sans_rien_est_refusee_pas_oubliee(entrepot):
    contenu = json.loads(collection(*((f"63{rang:03}", carre(3, 45)) for rang in range(1, 30))))
    contenu["features"] += [None, {"type": "Feature", "properties": None, "geometry": None}]
    deposer(entrepot, SOURCE, "communes.geojson", json.dumps(contenu))
    etat = charger_source(entrepot, SOURCE, plafond_rejets_pct=10)
    assert comptes_justes(etat)
    assert (etat.lignes_retenues, etat.fichiers[0].lignes_lues) == (29, 31)
    assert regles(entrepot, SOURCE)["refus", "contour_vide"] == 2


@pytest.mark.parametrize(
    ("contenu", "dit"),
    [
        ('{"type": "FeatureCollection", "features": [{"type": "Fea', "illisible, tronqué"),
        ('{"code": 404, "message": "not found"}', "n'est pas une collection d'entités"),
        ("<!doctype html><html></html>", "illisible"),
        ('{"type": "FeatureCollection", "features": []}', "aucune entité"),
    ],
)
def test_un_fichier_qui_n_est_pas_une_collection_ne_remplace_pas_le_precedent(entrepot, contenu, dit):
    bon = deposer(entrepot, SOURCE, "communes-2025.geojson", collection(("63001", carre(3, 45))))
    charger_source(entrepot, SOURCE)
    bon.unlink()
    deposer(entrepot, SOURCE, "communes-2026.geojson", contenu)
    etat = charger_source(entrepot, SOURCE)
    assert etat.etat == "en_echec"
    assert dit in etat.motif
    assert len(table(entrepot, SOURCE)) == 1


def test_un_fichier_en_lambert_93_est_refuse_en_disant_pourquoi(entrepot):
    metres = {"type": "Polygon", "coordinates": [[[705e3, 652e4], [706e3, 652e4], [706e3, 6521e3], [705e3, 652e4]]]}
    deposer(entrepot, SOURCE, "communes.geojson", collection(("63001", metres)))
    assert charger_source(entrepot, SOURCE).etat == "en_echec"
    charger_source(entrepot, SOURCE, plafond_rejets_pct=100)
    assert regles(entrepot, SOURCE) == {("refus", "contour_en_metres"): 1}


@given(st.lists(st.floats(-0.01, 0.01), min_size=3, max_size=60))
def test_une_limite_partagee_reste_une_seule_ligne(ecarts):
    """Two communes along any border: what one loses in the simplification, the other gains."""
    module = sources()[SOURCE].module
    limite = [[3.1 + ecart, 45 + (rang + 1) / (len(ecarts) + 1)] for rang, ecart in enumerate(ecarts)]
    ligne = [[3.1, 45.0], *limite, [3.1, 46.0]]
    ouest = {"type": "Polygon", "coordinates": [[[3.0, 45.0], *ligne, [3.0, 46.0], [3.0, 45.0]]]}
    est = {"type": "Polygon", "coordinates": [[[3.2, 46.0], *ligne[::-1], [3.2, 45.0], [3.2, 46.0]]]}
    brut = pd.DataFrame({"contour": [json.dumps(ouest), json.dumps(est)]}, dtype="string[pyarrow]")
    formes = shapely.from_geojson(module.preparer(brut, "", "")["contour"].to_numpy(dtype=object))
    assert shapely.area(shapely.intersection(*formes)) == pytest.approx(0, abs=1e-12)
    assert shapely.area(shapely.union_all(formes)) == pytest.approx(0.2)
