"""What the table of a source says of its rows: carried by its file, read once, and asked of no state file."""

import json
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from observatoire.settings import Settings
from observatoire.sources import sources
from observatoire.sources.states import Portee, carried_by, common_nature, state_of
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, deposer, en_csv
from tests.donnees import CAM

SOURCE = "urssaf_ess_departements"
URSSAF = {
    **{"annee": "2024", "code_departement": "63", "champ_ess": "OUI", "famille_ess": "Associations"},
    **{"nombre_d_etablissements": "10", "effectifs_salaries_moyens": "100.5", "masse_salariale": "2500000.10"},
}

ORIGINE = "nature: demonstration\ncouverture: {niveau: epci, codes: ['246300701']}\n"


@pytest.fixture
def entrepot(tmp_path: Path) -> Entrepot:
    ici = Entrepot(Settings(tmp_path / "raw", tmp_path / "warehouse", CAM))
    deposer(ici, SOURCE, "u.csv", en_csv([URSSAF]))
    deposer(ici, SOURCE, "u.csv.origine.yml", ORIGINE)
    charger_source(ici, SOURCE)
    return ici


def test_une_table_porte_sa_nature_et_sa_couverture(entrepot):
    portee = Portee("demonstration", [["epci", "246300701"]])
    assert carried_by(entrepot, sources()[SOURCE]) == portee
    (entrepot.racine / "etats" / f"{SOURCE}.json").unlink()
    assert carried_by(entrepot, sources()[SOURCE]) == portee
    assert common_nature(entrepot, [sources()[SOURCE], sources()["naf"]]) == "demonstration"


def test_une_table_d_avant_a_la_sienne_dans_l_etat_de_sa_source(entrepot):
    chemin = entrepot.path_of("socle", SOURCE)
    lue = parquet.read_table(chemin)
    version = {"observatoire": json.dumps({"version": "ancienne"})}
    parquet.write_table(lue.replace_schema_metadata(version), chemin)
    assert carried_by(entrepot, sources()[SOURCE]) == Portee("demonstration", [["epci", "246300701"]])


def test_une_source_jamais_chargee_ne_porte_rien(entrepot):
    assert carried_by(entrepot, sources()["naf"]) is None and state_of(entrepot, sources()["naf"]) is None
    assert common_nature(entrepot, [sources()["naf"]]) == "reelle"


def test_ce_que_dit_une_table_est_lu_une_fois_tant_qu_elle_reste(entrepot, monkeypatch):
    lectures = []
    lire = parquet.read_metadata
    monkeypatch.setattr(parquet, "read_metadata", lambda chemin: lectures.append(chemin) or lire(chemin))
    for _ in range(3):
        carried_by(entrepot, sources()[SOURCE])
    assert len(lectures) <= 1
    deposer(entrepot, SOURCE, "u.csv.origine.yml", ORIGINE.replace("demonstration", "reelle"))
    charger_source(entrepot, SOURCE)
    assert carried_by(entrepot, sources()[SOURCE]).nature == "reelle"
