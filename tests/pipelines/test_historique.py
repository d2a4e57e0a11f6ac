"""The history: where it is, what is kept of it."""

import os

import dagster as dg
import pytest
import yaml

from observatoire.settings import RACINE, HistorySettings
from pipelines.history import PROCESSUS, cancel, end_dead_runs, prune, this_process


@pytest.fixture
def instance(tmp_path, monkeypatch):
    """Open a history as `dagster.yaml` does, in a folder of its own, from another folder."""
    accueil = tmp_path / "un accueil"
    accueil.mkdir()
    (accueil / "dagster.yaml").write_bytes((RACINE / "dagster.yaml").read_bytes())
    monkeypatch.setenv("OBSERVATOIRE_HISTORIQUE", str(tmp_path / "l'historique"))
    monkeypatch.chdir(tmp_path)
    with dg.DagsterInstance.from_config(str(accueil)) as instance:
        yield instance


@dg.asset(key=["socle", "ancienne"], check_specs=[dg.AssetCheckSpec("pandera", asset=["socle", "ancienne"])])
def ancienne():
    yield dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


@dg.asset(key=["socle", "courante"], check_specs=[dg.AssetCheckSpec("pandera", asset=["socle", "courante"])])
def courante(context: dg.AssetExecutionContext):
    context.log.info("courante")
    yield dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


@dg.job(name="rare")
def rare():
    @dg.op
    def rien() -> str:
        return "rien"

    rien()


ANCIENNE, COURANTE = dg.AssetKey(["socle", "ancienne"]), dg.AssetKey(["socle", "courante"])


def derniers(instance: dg.DagsterInstance) -> dict[str, tuple]:
    """Return the last materialization and the last check of each asset: run, and what they say."""
    controles = instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [dg.AssetCheckKey(cle, "pandera") for cle in (ANCIENNE, COURANTE)]
    )
    materialisations = instance.get_latest_materialization_events([ANCIENNE, COURANTE])
    return {
        "contrôles": {cle.to_user_string(): (c.run_id, c.status) for cle, c in controles.items()},
        "assets": {cle.to_user_string(): (e.run_id, e.timestamp) for cle, e in materialisations.items()},
    }


def test_l_historique_s_elague_et_garde_le_dernier_evenement_de_chacun(instance, tmp_path):
    vieille = dg.materialize([ancienne], instance=instance).run_id
    job = rare.execute_in_process(instance=instance).run_id
    passees = [dg.materialize([courante], instance=instance).run_id for _ in range(6)]
    avant = derniers(instance)
    assert prune(instance, garder=2) == 4
    assert {r.run_id for r in instance.get_runs()} == {vieille, job, *passees[-2:]}
    assert derniers(instance) == avant and len(avant["assets"]) == len(avant["contrôles"]) == 2
    assert len(list(instance.fetch_materializations(COURANTE, limit=10).records)) == 2
    # what is erased leaves no file behind
    restes = [c.name for c in (tmp_path / "l'historique").rglob("*") if any(n in c.name for n in passees[:4])]
    assert restes == []
    assert prune(instance, garder=2) == 0


def test_une_execution_en_cours_ne_s_efface_pas(instance):
    en_cours = instance.create_run_for_job(rare, status=dg.DagsterRunStatus.STARTED).run_id
    for _ in range(3):
        dg.materialize([courante], instance=instance)
    prune(instance, garder=1)
    assert en_cours in {r.run_id for r in instance.get_runs()}


def test_l_historique_est_ou_dagster_home_le_dit(tmp_path, monkeypatch):
    for nom in ("DAGSTER_HOME", "OBSERVATOIRE_HISTORIQUE", "OBSERVATOIRE_WAREHOUSE"):
        monkeypatch.delenv(nom, raising=False)
    monkeypatch.chdir(tmp_path)
    assert HistorySettings.from_environment() == HistorySettings(RACINE, RACINE / ".dagster")
    monkeypatch.setenv("DAGSTER_HOME", "chez moi")
    (tmp_path / "chez moi").mkdir()
    assert HistorySettings.from_environment().historique == tmp_path / "chez moi" / ".dagster", "absolute"
    monkeypatch.setenv("OBSERVATOIRE_HISTORIQUE", str(tmp_path / "ailleurs"))
    assert HistorySettings.from_environment().historique == tmp_path / "ailleurs"


def test_un_depot_en_lecture_seule_met_l_historique_pres_de_l_entrepot(tmp_path, monkeypatch):
    monkeypatch.delenv("OBSERVATOIRE_HISTORIQUE", raising=False)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("OBSERVATOIRE_WAREHOUSE", str(tmp_path / "entrepôt"))
    monkeypatch.setattr("observatoire.settings.os.access", lambda chemin, droit: False)
    assert HistorySettings.from_environment().historique == tmp_path / "entrepôt" / ".dagster"


def test_aucun_dossier_de_dagster_yaml_ne_depend_de_la_ou_l_on_est():
    dit = yaml.safe_load((RACINE / "dagster.yaml").read_text(encoding="utf-8"))
    dossiers = [dit["storage"]["sqlite"], dit["local_artifact_storage"]["config"], dit["compute_logs"]["config"]]
    assert [d["base_dir"] for d in dossiers] == [{"env": "OBSERVATOIRE_HISTORIQUE"}] * 3


@pytest.mark.parametrize(
    ("processus", "statut"),
    [
        ("999999999 1", dg.DagsterRunStatus.FAILURE),  # nobody
        (f"{os.getpid()} 1", dg.DagsterRunStatus.FAILURE),  # somebody else, under the same number
        (this_process()[PROCESSUS], dg.DagsterRunStatus.STARTED),
        ("", dg.DagsterRunStatus.STARTED),  # of an older version: nothing says where it is
    ],
    ids=["personne", "un autre", "celui-ci", "inconnu"],
)
def test_une_execution_dont_le_processus_n_est_plus_ne_bloque_rien(instance, processus: str, statut: dg.DagsterRunStatus):
    execution = instance.create_run_for_job(rare, status=dg.DagsterRunStatus.STARTED, tags={PROCESSUS: processus})
    assert end_dead_runs(instance) == [execution.run_id] * (statut == dg.DagsterRunStatus.FAILURE)
    assert instance.get_run_by_id(execution.run_id).status == statut


def test_une_execution_interrompue_n_est_pas_un_echec(instance):
    for statut in (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.FAILURE):
        execution = instance.create_run_for_job(rare, status=statut)
        cancel(instance, execution.run_id)
        assert instance.get_run_by_id(execution.run_id).status == dg.DagsterRunStatus.CANCELED
