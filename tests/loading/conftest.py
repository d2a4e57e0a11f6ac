"""What a good large file must give."""

import datetime
from typing import Any

import pytest

from tests.depots import charger_source, deposer
from tests.loading.volumineuses import SOURCE, _entrepot, gardees, texte
from tests.petit_sirene import siren


@pytest.fixture(scope="module")
def attendues(tmp_path_factory) -> list[dict[str, Any]]:
    """Give the rows of the plain CSV."""
    entrepot = _entrepot(tmp_path_factory.mktemp("csv"))
    deposer(entrepot, SOURCE, "StockEtablissement_utf8.csv", texte())
    etat = charger_source(entrepot, SOURCE)
    assert (etat.etat, etat.lignes_retenues, etat.regles) == ("a_jour", 3, []), etat.motif
    lues = gardees(entrepot)
    assert [(ligne["siren"], ligne["code_commune_lu"], ligne["annee_effectifs"]) for ligne in lues] == [
        *(("005520135", "01004", "2023"), (siren(1), None, None), (siren(2), "63113", "2023"))
    ]
    assert [ligne["date_debut"] for ligne in lues][:2] == [datetime.date(2010, 1, 1), None]
    return lues
