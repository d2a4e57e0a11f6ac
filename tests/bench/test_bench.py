"""The arithmetic of the bench, and that all its contenders find the same numbers, on a few establishments."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from observatoire.settings import RACINE
from tests.bench.clock import Clock
from tests.bench.figures import differences
from tests.bench.process import Run, RunFailed, run
from tests.bench.report import Bench, Measured, as_json, even, slopes, targets


def mesure(duree: float, parts: list[tuple[str, str, float]], memoire: float = 500) -> Measured:
    return Measured(Run(duree, duree, memoire), parts)


@pytest.fixture
def banc() -> Bench:
    travail = mesure(20, [("pandera", "stock", 3.0), ("lecture", "stock", 5.0), ("dagster", "", 4.0)])
    return Bench(2_000_000, "parquet", 2_500_000, {"job": travail, "floor": mesure(5, [("lecture", "stock", 2.0)])})


def test_les_parts_font_le_tout(banc: Bench):
    parts = banc.contenders["job"].shares
    assert sum(parts.values()) == pytest.approx(20) and parts["imports"] == 8


def test_les_cibles_sont_tenues_ou_manquees(banc: Bench):
    tenues = {cible.promise.split(" ≤")[0]: cible.held for cible in targets(banc)}
    assert tenues == {"Pandera": True, "mémoire du travail < 2 Go": True, "travail sans Pandera": True}
    banc.contenders["floor"] = mesure(4, [])
    banc.contenders["pandas_sans_validation"] = mesure(40, [])
    par_nom = {cible.promise: cible for cible in targets(banc)}
    assert not par_nom["travail sans Pandera ≤ 2 × plancher + 8 s"].held
    assert par_nom["≥ 3 × plus rapide que pandas, sans validation"].measured == "2,35 ×"


def test_une_reprise_se_compte_en_imports(banc: Bench):
    banc.refresh = {"imports_s": 1.0, "rien_s": 1.4, "une_ligne_s": 6.0, "zero_s": 10.0, "rien_national_s": 2.0}
    tenues = {cible.promise: cible.held for cible in targets(banc) if "imports" in cible.promise}
    assert tenues == {
        "rien de changé ≤ 1.5 × les imports": True,
        "une ligne changée ≤ 5 × les imports": False,
        "de zéro ≤ 10 × les imports": True,
    }
    assert as_json(banc)["rien_national_s"] == 2.0


def test_le_travail_se_partage_entre_ce_qui_se_compare_et_le_reste(banc: Bench):
    dit = as_json(banc)
    assert (dit["comparable_s"], dit["estimations_s"], dit["reste_s"]) == (8.0, 0.0, 12.0)


def test_les_secondes_par_million_ajoute():
    trouvees = slopes({1_000_000: 10.0, 3_000_000: 14.0, 4_000_000: 16.0})
    assert trouvees == [2.0, 2.0] and even(trouvees)
    assert even([1.0, 1.5]) and not even([1.0, 2.2])


def test_les_chiffres_laisses_ont_les_noms_promis(banc: Bench):
    chiffres = as_json(banc)
    promis = "rows floor_s job_s pandera_s job_peak_mb pandas_s polars_s same_numbers"
    assert list(chiffres)[:8] == promis.split()
    assert chiffres["pandas_s"] is None and chiffres["same_numbers"] is None
    banc.differences = {"floor": [], "polars": ["une cellule"]}
    assert as_json(banc)["same_numbers"] is False and json.dumps(as_json(banc))


def test_l_horloge_ne_compte_qu_une_fois(monkeypatch):
    instants = iter([0.0, 1.0, 3.0, 7.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(instants))
    horloge = Clock()
    with horloge.part("lecture", "stock"), horloge.part("pandera"):
        pass
    assert horloge.seconds == {("lecture", "stock"): 1.0 + 4.0, ("pandera", "stock"): 2.0}


def test_tout_ce_que_le_travail_chronometre_existe():
    """In a process of its own: what is wrapped stays so."""
    programme = "from tests.bench import clock, job; job.instrument(clock.Clock()); import pipelines.command, pipelines.running"
    subprocess.run([sys.executable, "-c", programme], cwd=RACINE, check=True)


@pytest.mark.long
def test_un_concurrent_qui_echoue_se_dit(tmp_path: Path):
    with pytest.raises(RunFailed, match="code 1"):
        run("tests.bench.floor", "absent.json", tmp_path / "tables", tmp_path / "secondes.json", folder=tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("nom", ["floor", "in_pandas", "in_polars"])
def test_tous_trouvent_les_memes_nombres(nom: str, publie: Path, tmp_path: Path):
    """The published warehouse of the tests stands for the job: the Puy-de-Dôme, 800 establishments."""
    ici = {"OBSERVATOIRE_RAW": publie / "raw", "OBSERVATOIRE_WAREHOUSE": publie / "warehouse"}
    devis, tables = tmp_path / "devis.json", tmp_path / "l'essai" / "tables"
    tables.parent.mkdir()
    run("tests.bench.brief", tables, devis, folder=tmp_path, **ici)
    options = [] if nom == "floor" else ["oui"]
    run(f"tests.bench.{nom}", devis, tables, *options, tmp_path / "secondes.json", folder=tmp_path)
    # its files cover one département: beyond, the job says nothing, where the others count what they find
    assert differences(publie / "warehouse", tables, ("commune", "departement")) == []
