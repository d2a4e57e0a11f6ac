"""A vintage that cannot be yet is refused, by the name of its file; what speaks of next year is not."""

import datetime

import pytest

from tests.depots import charger_source, deposer, subventions, table
from tests.loading.volumineuses import SOURCE, texte

ANNEE = datetime.date.today().year  # noqa: DTZ011


@pytest.mark.parametrize("millesime", [f"{ANNEE + 1}-12", str(ANNEE + 1), str(ANNEE + 26)])
def test_un_stock_de_demain_est_refuse_et_le_dernier_reste(entrepot, millesime):
    deposer(entrepot, SOURCE, f"StockEtablissement_{ANNEE - 1}-11.csv", texte())
    assert charger_source(entrepot, SOURCE).etat == "a_jour"
    deposer(entrepot, SOURCE, f"StockEtablissement_{millesime}.csv", texte()[:-1] + "\n\n")
    etat = charger_source(entrepot, SOURCE)
    assert etat.etat == "en_echec" and f"StockEtablissement_{millesime}.csv" in etat.motif
    assert [lu.fichier for lu in etat.fichiers] == [f"StockEtablissement_{ANNEE - 1}-11.csv"]
    assert len(table(entrepot, SOURCE)) == 3


def test_une_liste_de_demain_est_refusee(entrepot):
    deposer(entrepot, "esus", f"liste_esus_{ANNEE - 1}.csv", "Numéro SIREN\n005520135\n")
    deposer(entrepot, "esus", "liste_esus_2052.csv", "Numéro SIREN\n552013500\n")
    etat = charger_source(entrepot, "esus")
    assert etat.etat == "en_echec" and "liste_esus_2052.csv" in etat.motif


def test_les_subventions_de_l_an_prochain_se_lisent_celles_d_apres_non(entrepot):
    deposer(entrepot, "subventions", f"ville/s_{ANNEE + 1}.csv", subventions(3))
    deposer(entrepot, "subventions", "region/s_2099.csv", subventions(2))
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "en_echec" and "region/s_2099.csv" in etat.motif
    assert len(table(entrepot, "subventions")) == 3
