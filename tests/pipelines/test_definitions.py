"""What the Dagster interface shows: the graph, the jobs, the schedules, the sensor; changes of them show in review."""

import json
import os
import time
from pathlib import Path

import dagster as dg
import pytest

from observatoire.indicators.catalog import mesures
from observatoire.receiving.downloads import downloadable
from observatoire.sources import sources
from pipelines.defs.automation import fichiers_deposes
from tests.chaine import RACINE, definitions, installer

GRAPHE = RACINE / "tests" / "instantanes" / "graphe.json"


def test_le_graphe_est_celui_qui_est_archive():
    noeuds = definitions().resolve_asset_graph().asset_nodes
    present = {
        noeud.key.to_user_string(): {
            "groupe": noeud.group_name,
            "amont": sorted(cle.to_user_string() for cle in noeud.parent_keys),
        }
        for noeud in sorted(noeuds, key=lambda noeud: noeud.key.to_user_string())
    }
    if os.environ.get("ECRIRE_INSTANTANES"):
        GRAPHE.write_text(json.dumps(present, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert present == json.loads(GRAPHE.read_text(encoding="utf-8"))


def test_chaque_asset_a_description_proprietaire_et_nature():
    for noeud in definitions().resolve_asset_graph().asset_nodes:
        assert noeud.description, noeud.key
        assert noeud.owners, noeud.key
        assert noeud.kinds, noeud.key


def test_chaque_table_a_son_controle_pandera():
    controles = {cle.asset_key.to_user_string() for cle in definitions().resolve_asset_graph().asset_check_keys}
    assert controles >= {f"{source.schema_public or 'socle'}/{source.nom}" for source in sources().values()}


def test_les_donnees_coulent_dans_un_seul_sens():
    rang = {
        "raw": 0,
        "demonstration": 0,
        "referentiels": 1,
        "socle": 1,
        "qualite": 1,
        "archives": 2,
        "mesures": 2,
        "indicateurs": 3,
        "publication": 4,
    }
    for noeud in definitions().resolve_asset_graph().asset_nodes:
        for amont in noeud.parent_keys:
            assert rang[amont.path[0]] <= rang[noeud.key.path[0]], (amont, noeud.key)
    assert len([n for n in definitions().resolve_asset_graph().asset_nodes if n.key.path[0] == "mesures"]) == len(
        mesures()
    )


@pytest.mark.parametrize(
    "job",
    [
        "actualiser",
        "tout_recalculer",
        "recalculer_indicateurs",
        "telecharger",
        "portraits",
        "revenir_a",
        "reprendre",
        "purger_registre",
        "deplier",
    ],
)
def test_les_jobs_se_lancent_sans_rien_ecrire(job: str):
    """Every job but a retraction, which is irreversible, validates with an empty configuration: nobody writes YAML."""
    assert dg.validate_run_config(definitions().resolve_job_def(job), {}) is not None


def test_un_horaire_par_cadence_a_l_heure_de_paris():
    horaires = {horaire.name: horaire for horaire in definitions().schedules}
    lues = {f"cadence_{source.cadence}" for source in sources().values() if source.cadence}
    telechargees = {f"telecharger_{s.cadence}" for s in downloadable().values() if s.cadence}
    assert set(horaires) == lues | telechargees | {"purge_registre"}
    for horaire in horaires.values():
        assert horaire.execution_timezone == "Europe/Paris"
        assert horaire.default_status == dg.DefaultScheduleStatus.RUNNING
    assert fichiers_deposes.default_status == dg.DefaultSensorStatus.RUNNING


def test_la_fraicheur_n_a_qu_un_juge():
    """A policy of Dagster would read the last materialisation, and an unchanged source has none."""
    for source in sources().values():
        cle = dg.AssetKey([source.schema_public or "socle", source.nom])
        assert definitions().resolve_asset_graph().get(cle).freshness_policy_or_from_metadata is None, source.nom
        controles = definitions().resolve_asset_graph().get_check_keys_for_assets({cle})
        assert (dg.AssetCheckKey(cle, "fraicheur") in controles) == (source.cadence is not None), source.nom


def test_le_capteur_attend_deux_passages_egaux(tmp_path: Path, monkeypatch):
    installer(tmp_path, monkeypatch)
    fichier = tmp_path / "raw" / "subventions" / "2024.csv"
    fichier.parent.mkdir(parents=True)
    curseur = None

    def passage() -> list[dg.RunRequest]:
        nonlocal curseur
        contexte = dg.build_sensor_context(cursor=curseur)
        donnees = fichiers_deposes.evaluate_tick(contexte)
        curseur = donnees.cursor or curseur
        return list(donnees.run_requests or [])

    assert passage() == [], "the first tick only remembers"
    fichier.write_text("a")
    assert passage() == [], "a file has just come"
    time.sleep(0.01)
    fichier.write_text("ab")
    assert passage() == [], "it is still growing"
    assert len(passage()) == 1, "two equal ticks"
    assert passage() == [], "launched once"
    (fichier.parent / "2025.csv.part").write_text("x")
    (fichier.parent / "~$2025.xlsx").write_text("x")
    assert passage() == [] and passage() == [], "copies under way and office locks are not files"
