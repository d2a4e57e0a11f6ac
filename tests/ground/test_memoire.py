"""How much memory DuckDB may take: what is said, else a share of the machine; a word that is no quantity refuses."""

import pytest

from observatoire import settings
from observatoire.obstacle import Obstacle
from observatoire.settings import memory_ceiling
from observatoire.warehouse import Entrepot

GO = 10**9


@pytest.mark.parametrize(
    ("dite", "octets"), [("4GB", 4 * GO), ("800MB", 800 * 10**6), ("1,5 Go", 1_500_000_000), ("2.5GB", 2_500_000_000)]
)
def test_la_memoire_dite_est_celle_de_duckdb(entrepot: Entrepot, monkeypatch, dite: str, octets: int):
    monkeypatch.setenv("OBSERVATOIRE_MEMOIRE", dite)
    assert memory_ceiling() == octets
    with entrepot.connect() as connexion:
        ((reglee,),) = connexion.execute("SELECT current_setting('memory_limit')").fetchall()
    assert reglee.endswith("iB"), reglee


@pytest.mark.parametrize(("machine", "octets"), [(0, 1.2), (2, 1.2), (16, 4), (24, 6), (512, 8)])
def test_sans_rien_dire_un_quart_de_la_machine(monkeypatch, machine: int, octets: float):
    monkeypatch.delenv("OBSERVATOIRE_MEMOIRE", raising=False)
    monkeypatch.setattr(settings, "_machine_memory", lambda: machine * GO)
    assert memory_ceiling() == int(octets * GO)


def test_un_conteneur_dit_la_sienne(tmp_path, monkeypatch):
    (tmp_path / "memory.max").write_text("max\n")
    monkeypatch.setattr(settings, "GROUPE", tmp_path / "memory.max")
    machine = settings._machine_memory()
    (tmp_path / "memory.max").write_text("1000000\n")
    assert settings._machine_memory() == 1_000_000 <= machine


@pytest.mark.parametrize("dite", ["beaucoup", "4", "0GB", "-1GB", "4 gigas"])
def test_un_mot_qui_n_en_est_pas_une_refuse(monkeypatch, dite: str):
    monkeypatch.setenv("OBSERVATOIRE_MEMOIRE", dite)
    with pytest.raises(Obstacle, match="OBSERVATOIRE_MEMOIRE vaut .* comme 4GB ou 800MB"):
        memory_ceiling()
