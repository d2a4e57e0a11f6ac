"""Places as registers write them are those of today; what is no place of the observatory stays unknown, and is named."""

import pyarrow.parquet as parquet
import pytest

from observatoire.derived import compute_table
from observatoire.socle.computed_tables import derivees
from observatoire.socle.places import LIEUX
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, deposer, rejets

ADHESIONS = """reseau,membre,siren_membre,categorie,depuis,jusqu_a,niveau,code_territoire,confiance,document,citation
rtes,Métropole Européenne de Lille,245900410,collectivité,2015,,epci,245900410,forte,rtes_2019,MEL
rtes,Plaine Commune,200057867,collectivité,2015,,epci,200057867,forte,rtes_2019,Plaine Commune
rtes,Commune de Pierrefitte,219300593,collectivité,2015,,commune,93059,forte,rtes_2019,Pierrefitte
rtes,Ville de Lyon 1er,,collectivité,2015,,commune,69381,forte,rtes_2019,Lyon
"""


@pytest.fixture
def lieux(entrepot: Entrepot) -> Entrepot:
    """Load the official places, and resolve what is written."""
    for nom in ("communes", "communes_anciennes", "mouvements_communes", "zonages"):
        assert charger_source(entrepot, nom).etat == "a_jour"
    for nom in ("referentiels.territoires", "referentiels.passages_communes", "referentiels.lieux"):
        compute_table(entrepot, derivees()[nom])
    return entrepot


def test_les_lieux_d_hier_sont_ceux_d_aujourd_hui(lieux):


    lues = parquet.read_table(lieux.path_of("referentiels", LIEUX.nom)).to_pylist()
    places = {(ligne["niveau_lu"], ligne["code_lu"]): (ligne["niveau"], ligne["code_territoire"]) for ligne in lues}
    assert places["commune", "69381"] == ("commune", "69123")
    assert places["commune", "93059"] == ("commune", "93066")
    assert places["commune", "63113"] == ("commune", "63113")
    assert places["epci", "245900410"] == ("epci", "200093201")
    assert ("epci", "200057867") not in places


def test_un_ept_est_signale_par_son_nom_et_un_epci_remplace_par_son_successeur(entrepot):
    deposer(entrepot, "adhesions", "essai.csv", ADHESIONS)
    assert charger_source(entrepot, "adhesions").etat == "a_jour"
    dits = {rejet["ligne"]: rejet["motif"] for rejet in rejets(entrepot, "adhesions") if rejet["colonne"] == "code_territoire"}
    assert "200093201" in dits[2] and "Plaine Commune" in dits[3] and not dits.keys() & {4, 5}
