"""The job and the command that download: each source apart, told in French, and never by `actualiser`."""

from pathlib import Path

import dagster as dg
import pytest

from observatoire.loading.files import dropped_files
from observatoire.receiving import checks as download_checks
from observatoire.receiving.downloads import downloadable, last_download
from observatoire.sources import sources
from pipelines.command import main
from pipelines.progress import Progression
from tests.chaine import definitions, entrepot_ici, installer, lancer, raisons
from tests.depots import source
from tests.receiving.serveur import Panne, Serveur
from tests.receiving.telechargements import BON_ZIP, PRESSE

# the declarations


def test_une_source_se_telecharge_si_elle_dit_d_ou_et_sous_quel_nom():
    assert set(downloadable()) == {nom for nom, declaree in sources().items() if declaree.fichier}
    assert {"sirene_etablissements", "sirene_unites_legales"} <= set(downloadable())
    for declaree in downloadable().values():
        assert declaree.url.startswith("https://")
        assert Path(declaree.fichier).suffix in download_checks.CONTROLES


# the job


@pytest.fixture
def producteurs(tmp_path, serveur, monkeypatch) -> Serveur:
    """Point the sources that are downloaded at the server, and the job at an empty folder."""
    installer(tmp_path, monkeypatch)
    serveur.contenu = BON_ZIP
    servies = {nom: source(nom, url=serveur.url, fichier="Stock.zip") for nom in downloadable()}
    for module in ("observatoire.sources", "observatoire.receiving.downloads", "pipelines.telling"):
        monkeypatch.setattr(f"{module}.sources", lambda: {**sources(), **servies})
    monkeypatch.setattr("observatoire.receiving.download.Patience", lambda: PRESSE)
    return serveur


def test_le_job_telecharge_chaque_source_et_le_second_passage_rien(producteurs):
    resultat = lancer("telecharger")
    assert resultat.success, raisons(resultat)
    controles = resultat.get_asset_check_evaluations()
    assert {controle.asset_key.path[1] for controle in controles} == set(downloadable())
    assert all(controle.passed for controle in controles)
    envoyes = producteurs.envoyes
    assert lancer("telecharger").success
    assert producteurs.envoyes == envoyes
    assert {last_download(entrepot_ici(), source).etat for source in downloadable().values()} == {"inchange"}


def test_une_source_en_echec_n_arrete_pas_les_autres_et_le_job_le_dit(producteurs):
    producteurs.pannes = [Panne(404)]
    resultat = lancer("telecharger")
    assert not resultat.success
    assert "réponse 404" in raisons(resultat)
    controles = {controle.asset_key.path[1]: controle for controle in resultat.get_asset_check_evaluations()}
    premiere, *autres = downloadable()
    assert {nom: controle.passed for nom, controle in controles.items()} == {
        premiere: False,
        **dict.fromkeys(autres, True),
    }
    assert "réponse 404" in controles[premiere].description
    assert [evenement.asset_key.path[1] for evenement in resultat.get_asset_materialization_events()] == autres


def test_la_ligne_de_commande_telecharge_une_source(producteurs, tmp_path, monkeypatch, capsys):
    for nom in ("DAGSTER_HOME", "OBSERVATOIRE_HISTORIQUE"):  # the command sets what is not set
        monkeypatch.setenv(nom, str(tmp_path))
    assert main(["telecharger", "sirene_etablissements"]) == 0
    assert "téléchargé dans raw/sirene_etablissements/2024-11/Stock.zip" in capsys.readouterr().out
    assert [chemin.parts[-3] for chemin in dropped_files(entrepot_ici().settings)] == ["sirene_etablissements"]
    producteurs.pannes = [Panne(404)]
    assert main(["telecharger", "sirene_etablissements"]) == 1
    assert "Le dernier bon fichier est gardé" in capsys.readouterr().err
    assert main(["telecharger", "flores"]) == 2
    assert main(["actualiser", "sirene_etablissements"]) == 2


def test_actualiser_ne_touche_pas_au_reseau():
    telechargees = {dg.AssetKey(["raw", nom]) for nom in downloadable()}
    for job in definitions().resolve_all_job_defs():
        if job.name.startswith(("actualiser", "recalculer")):
            assert not telechargees & set(job.asset_layer.executable_asset_keys), job.name
    assert set(definitions().resolve_job_def("telecharger").asset_layer.executable_asset_keys) == telechargees


def test_chaque_cadence_telecharge_ses_sources_avant_de_les_lire():
    horaires = {horaire.name: horaire for horaire in definitions().schedules}
    cadences = {declaree.cadence for declaree in downloadable().values() if declaree.cadence}
    assert {nom for nom in horaires if nom.startswith("telecharger_")} == {f"telecharger_{c}" for c in cadences}
    for cadence in cadences:
        horaire = horaires[f"telecharger_{cadence}"]
        assert horaire.default_status == dg.DefaultScheduleStatus.RUNNING
        assert horaire.execution_timezone == "Europe/Paris"
        (demande,) = horaire.evaluate_tick(dg.build_schedule_context()).run_requests
        assert {cle.path[1] for cle in demande.asset_selection} == {
            nom for nom, declaree in downloadable().items() if declaree.cadence == cadence
        }
        minute, heure, jours, *_ = horaire.cron_schedule.split()
        lue = horaires[f"cadence_{cadence}"].cron_schedule.split()
        assert int(heure) <= int(lue[1]) - 3 and jours.split("-")[0] == lue[2]


def test_la_progression_tient_en_quelques_lignes(monkeypatch):
    lignes: list[str] = []

    class Journal:
        def info(self, modele: str, *mots: object) -> None:
            lignes.append(modele % mots)

    temps = iter(range(0, 10**9, 2))
    monkeypatch.setattr("pipelines.progress.time.monotonic", lambda: float(next(temps)))
    with Progression(Journal(), "stock") as suivi:
        for recu in range(0, 2 * 2**30, 2**20):
            suivi.advance(recu, 2 * 2**30)
    assert 5 <= len(lignes) <= 11
    assert lignes[0] == "stock : 205,0 Mo sur 2,0 Go (10 %)"
    lignes.clear()
    with Progression(Journal(), "sans fin") as suivi:
        for recu in range(0, 2 * 2**30, 2**20):
            suivi.advance(recu, None)
    assert 5 <= len(lignes) <= 40
