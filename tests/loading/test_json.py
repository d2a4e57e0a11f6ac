"""JSON as a data portal exports it gives the rows of its CSV."""

import json
from decimal import Decimal

import pytest

from tests.depots import SUBVENTION, charger_source, comptes_justes, deposer, regles, table

LIGNES = [{**SUBVENTION, "objet": f"o{rang}", "montant": montant} for rang, montant in enumerate((30000, 1500.5, 7))]
FORMES = {
    "s_2024.json": LIGNES,
    "fields_2024.json": [{"datasetid": "s", "recordid": str(rang), "fields": li} for rang, li in enumerate(LIGNES)],
    "s_2024.geojson": {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "geometry": None, "properties": ligne} for ligne in LIGNES],
    },
    "geo_2024.json": {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [3.08, 45.77]}, "properties": ligne}
            for ligne in LIGNES
        ],
    },
}


@pytest.mark.parametrize("nom", FORMES)
def test_un_export_json_donne_les_lignes_de_son_csv(entrepot, nom):
    deposer(entrepot, "subventions", nom, json.dumps(FORMES[nom]))
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    montants = sorted(ligne["montant_eur"] for ligne in table(entrepot, "subventions"))
    assert montants == [7, Decimal("1500.50"), 30000]
    assert regles(entrepot, "subventions") == {}


def test_les_decimales_d_un_json_sont_celles_qui_y_sont_ecrites(entrepot):
    texte = json.dumps([LIGNES[0]]).replace("30000", "9007199254740993.01")
    deposer(entrepot, "subventions", "s_2024.json", texte)
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    assert [ligne["montant_eur"] for ligne in table(entrepot, "subventions")] == [Decimal("9007199254740993.01")]


@pytest.mark.parametrize("contenu", ['{"erreur": "trop de requêtes"}', "[1, 2]", "[]", '"rien"'])
def test_un_json_sans_lignes_est_refuse_en_francais(entrepot, contenu):
    deposer(entrepot, "subventions", "s_2024.json", contenu)
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "en_echec" and "s_2024.json" in etat.motif
