"""A refresh runs what changed, and says so of nothing else: in the command, in the interface, by the clock, after a kill."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from observatoire.chain.steps import steps
from observatoire.releases.lifecycle import releases
from observatoire.releases.work import reached_from, up_to_date_on, work_left
from observatoire.sources import sources, states
from observatoire.warehouse import Entrepot
from pipelines.assets import asset_key_of
from pipelines.command import main
from pipelines.defs.automation import fichiers_deposes
from pipelines.freshness import tell_freshness
from pipelines.refreshing import LANCEE_PAR
from tests.chain.compare_releases import differences
from tests.chaine import (
    RACINE,
    adhesion,
    ajouter,
    copier,
    definitions,
    entrepot_de,
    environnement,
    installer,
    lancer,
    raisons,
)

ADHESIONS = "adhesions/adhesions_documents.csv"


@pytest.fixture
def ici(publie: Path, tmp_path: Path, monkeypatch) -> Entrepot:
    """Copy a folder whose first release is made, with a history of its own."""
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").write_bytes((RACINE / "dagster.yaml").read_bytes())
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setenv("OBSERVATOIRE_HISTORIQUE", str(tmp_path / "dagster" / ".dagster"))
    return installer(copier(publie, tmp_path / "ici"), monkeypatch)


def noms(cles) -> set[str]:
    return {".".join(cle.path) for cle in cles or ()}


def test_l_horaire_ne_demande_que_ce_qui_a_change(ici: Entrepot):
    horaires = {horaire.name: horaire for horaire in definitions().schedules}
    attendu = {nom for nom, source in sources().items() if source.cadence == "mensuelle"}

    def demande(cadence: str) -> set[str]:
        with dg.DagsterInstance.ephemeral() as instance:
            contexte = dg.build_schedule_context(instance, datetime(2026, 12, 3, 4, tzinfo=UTC))
            dite = horaires[f"cadence_{cadence}"].evaluate_tick(contexte)
        return set().union(*(noms(une.asset_selection) for une in dite.run_requests or ()))

    assert demande("mensuelle") == set()
    (stock,) = (ici.settings.raw / "sirene_unites_legales").glob("*.parquet")
    stock.unlink()
    voulu = demande("mensuelle")
    assert "socle.sirene_unites_legales" in voulu and "publication.release" in voulu
    assert voulu <= reached_from(attendu) and "socle.sirene_etablissements" not in voulu
    assert demande("annuelle") == set(), "what another cadence reads is not theirs to refresh"


def test_le_capteur_ne_demande_que_ce_qui_a_change(ici: Entrepot):
    curseur, demandes = None, []
    for geste in (None, lambda: ajouter(ici.settings.raw, ADHESIONS, adhesion(1)), None):
        if geste:
            geste()
        tick = fichiers_deposes.evaluate_tick(dg.build_sensor_context(cursor=curseur))
        curseur = tick.cursor or curseur
        demandes += tick.run_requests or []
    (demande,) = demandes
    assert noms(demande.asset_selection) == set(work_left(ici).noms)


def test_la_fraicheur_ne_s_ecrit_que_quand_sa_reponse_change(ici: Entrepot, monkeypatch):
    jugees = {nom for nom, source in sources().items() if source.cadence and states.state_of(ici, source)}
    with dg.DagsterInstance.ephemeral() as instance:
        assert set(tell_freshness(instance, ici)) == jugees and tell_freshness(instance, ici) == []
        nom = min(nom for nom in jugees if states.state_of(ici, sources()[nom]).fichiers)
        lus = states.state_of(ici, sources()[nom])
        lus.nature, lus.fichiers[0].en_retard_le, lus.fichiers[0].perime_le = "reelle", "2040-01-01", "2050-01-01"
        states.keep_state(ici, lus)
        assert tell_freshness(instance, ici) == []
        for jour, change in (("2040-01-01", []), ("2040-01-02", [nom]), ("2045-06-01", []), ("2050-01-02", [nom])):
            monkeypatch.setattr(states, "utc_now", lambda jour=jour: f"{jour}T00:00:00")
            assert tell_freshness(instance, ici) == change, jour


def test_rien_de_change_ne_charge_pas_dagster(ici: Entrepot, capsys):
    code = (
        "import sys; from pipelines.command import main; code = main(['actualiser']);"
        "lourds = {'dagster', 'plotly', 'scipy', 'networkx', 'openpyxl', 'shapely', 'highspy', 'xlsxwriter', 'httpx'};"
        "print(sorted(lourds & set(sys.modules)), code)"
    )
    dit = subprocess.run(
        [sys.executable, "-c", code], cwd=RACINE, env={**os.environ, "PYTHONPATH": str(RACINE)}, capture_output=True, text=True, check=True
    ).stdout
    assert dit.endswith("[] 0\n"), dit
    assert "Changé      : rien, la publication est la même" in dit and "raw/ lu     : " in dit
    assert up_to_date_on(ici) is not None and not (ici.racine.parent.parent / "dagster" / ".dagster" / "history").exists()


@pytest.mark.long
def test_une_ligne_ne_materialise_que_ce_qu_elle_change(ici: Entrepot, capsys):
    ajouter(ici.settings.raw, ADHESIONS, adhesion(1))
    attendu = set(work_left(ici).noms)
    avant = {nom: ici.version(*nom.split(".")) for etape in steps() for nom in etape.tables}
    assert main(["actualiser"]) == 0
    assert "valeurs" in capsys.readouterr().out
    with dg.DagsterInstance.get() as instance:
        faits = noms(instance.all_asset_keys())
        assert faits == attendu
        jouees = instance.get_run_records()
        assert len(jouees) == 2, "the sources, then what they changed"
    changees = {nom for nom, version in avant.items() if ici.version(*nom.split(".")) != version}
    assert changees == attendu - {"publication.release"}
    assert main(["actualiser"]) == 0 and len(releases(ici)) == 2
    with dg.DagsterInstance.get() as instance:
        assert len(instance.get_run_records()) == len(jouees)


@pytest.mark.long
def test_une_source_qui_echoue_ne_fait_rien_recalculer_et_se_redit(ici: Entrepot, capsys):
    fichier = ici.settings.raw / ADHESIONS
    bon = fichier.read_text(encoding="utf-8")
    fichier.write_text(bon.replace("reseau,membre", "reseau,adherent", 1), encoding="utf-8")
    for fois in range(2):
        assert main(["actualiser"]) == 0
        assert "adhesions : en échec" in capsys.readouterr().out
        with dg.DagsterInstance.get() as instance:
            assert noms(instance.all_asset_keys()) == {"socle.adhesions", "publication.release"}
            cle = dg.AssetCheckKey(asset_key_of("socle.adhesions"), "pandera")
            fiche = instance.event_log_storage.get_latest_asset_check_execution_by_key([cle])[cle]
            assert fiche.evaluation is not None and not fiche.evaluation.passed
            assert len(instance.get_run_records()) == 2 + fois, "the second time, nothing else has to be told"
    fichier.write_text(bon, encoding="utf-8")
    assert main(["actualiser"]) == 0 and work_left(ici).noms == ()


@pytest.mark.long
def test_le_job_de_l_interface_fait_de_meme_sur_la_meme_instance(ici: Entrepot):
    ajouter(ici.settings.raw, ADHESIONS, adhesion(1))
    attendu = set(work_left(ici).noms)
    with dg.DagsterInstance.ephemeral() as instance:

        def cliquer() -> dg.ExecuteInProcessResult:
            job = definitions().get_repository_def().get_job("actualiser")
            return job.execute_in_process(instance=instance, raise_on_error=False)

        resultat = cliquer()
        assert resultat.success, raisons(resultat)
        assert noms(instance.all_asset_keys()) == attendu
        filles = instance.get_runs(dg.RunsFilter(job_name="tout_recalculer"))
        assert [fille.tags[LANCEE_PAR] for fille in filles] == [resultat.run_id] * 2
        assert cliquer().success and len(instance.get_runs()) == 4, "the second click launches nothing"
        (ici.settings.raw / "communes" / "communes.csv").write_text("rien\n")
        refuse = cliquer()
        assert not refuse.success and "Source indispensable en échec, rien n'est publié" in raisons(refuse)


TUER = """
import os, signal, sys
sys.path.insert(0, {racine!r})
from observatoire.warehouse import Entrepot
remplacer, rangs = Entrepot.replacing, iter(range(10**6))
def compter(self, chemin):
    if next(rangs) == {rang}:
        os.kill(os.getpid(), signal.SIGKILL)
    return remplacer(self, chemin)
Entrepot.replacing = compter
from pipelines.command import main
sys.exit(main(["actualiser"]))
"""


def _tuer_a(dossier: Path, rang: int) -> int:
    """Run the command and kill it as it begins its nth writing; return its code."""
    (dossier / "dagster").mkdir(exist_ok=True)
    (dossier / "dagster" / "dagster.yaml").write_bytes((RACINE / "dagster.yaml").read_bytes())
    return subprocess.run(
        [sys.executable, "-c", TUER.format(racine=str(RACINE), rang=rang)],
        env=environnement(dossier),
        cwd=RACINE,
        capture_output=True,
    ).returncode


@pytest.mark.campagne
@pytest.mark.parametrize("rang", [1, 4, 9, 20, 35, 45])
def test_tuee_n_importe_quand_la_suivante_rend_les_memes_tables(ici: Entrepot, tmp_path: Path, monkeypatch, rang: int):
    ajouter(ici.settings.raw, ADHESIONS, adhesion(1))
    assert _tuer_a(ici.racine.parent, rang) in (-signal.SIGKILL, 0)
    assert main(["actualiser"]) == 0 and work_left(ici).noms == ()
    neuf = tmp_path / "neuf"
    copier(ici.settings.raw, neuf / "raw")
    with monkeypatch.context() as m:
        installer(neuf, m)
        resultat = lancer()
        assert resultat.success, raisons(resultat)
    publies = [entrepot.racine / "observatoire.duckdb" for entrepot in (ici, entrepot_de(neuf))]
    assert differences(*publies) == []
