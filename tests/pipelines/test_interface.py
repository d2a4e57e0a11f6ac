"""The interface starts, says where, and ends with all that it started."""

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from pipelines.interface import _keep_errors, serve
from tests.chaine import RACINE, environnement

pytestmark = pytest.mark.long
EFFACE = "mutation { logTelemetry(action: x, clientTime: x, clientId: x, metadata: x) { __typename } }"


def ouvrir(dossier: Path, *options: str) -> subprocess.Popen[str]:
    """Start the interface as a person does, with a history of its own."""
    accueil = dossier / "dagster"
    accueil.mkdir(exist_ok=True)
    shutil.copy(RACINE / "dagster.yaml", accueil)
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.interface", *options],
        cwd=RACINE, env=environnement(dossier), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, umask=0o022,
    )  # fmt: skip


def adresse_dite(processus: subprocess.Popen[str]) -> tuple[str, str]:
    """Read what it says until it says where it is."""
    dit = ""
    while "Interface : " not in dit:
        ligne = processus.stdout.readline()
        assert ligne, processus.stderr.read()
        dit += ligne
    return dit, dit.split("Interface : ")[1].split()[0]


def daemons(parent: int) -> list[int]:
    """List the processes of the daemon that a process started."""
    liste = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    lus = [ligne.split(None, 2) for ligne in liste.splitlines()[1:]]
    return [int(pid) for pid, ppid, commande in lus if int(ppid) == parent and commande.endswith("-m pipelines.daemon")]


def finit(pid: int) -> bool:
    """Wait for a process that is no child of ours."""
    for _ in range(600):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0] == "Z":
            return True  # nobody here to bury it
        time.sleep(0.1)
    return False


def test_le_port_pris_donne_le_suivant_et_tout_s_arrete_ensemble(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as tenu:
        pris = tenu.getsockname()[1]
        processus = ouvrir(tmp_path, "--port", str(pris))
        dit, adresse = adresse_dite(processus)
    assert f"Le port {pris} est pris" in dit and adresse.startswith("http://127.0.0.1:") and not adresse.endswith(f":{pris}")
    (daemon,) = daemons(processus.pid)
    with httpx.Client(base_url=adresse, trust_env=False, timeout=60) as client:
        page = client.get("/")
        assert page.is_success and "frame-ancestors 'none'" in page.headers.get_list("content-security-policy")
        ailleurs = {"Origin": "http://evil.example"}
        assert client.post("/graphql", json={"query": "{version}"}).json()["data"]["version"]
        assert client.post("/graphql", json={"query": "{version}"}, headers={"Origin": adresse}).is_success
        for refus, statut in (
            (client.post("/graphql", json={"query": "{version}"}, headers=ailleurs), 403),
            (client.post("/report_asset_materialization/socle/communes", headers=ailleurs), 403),
            (client.get("/graphql", params={"query": EFFACE}), 405),
            (client.get("/", headers={"Host": "evil.example"}), 403),
        ):
            assert refus.status_code == statut
            assert not [nom for nom in refus.headers if nom.startswith("access-control-")]
        assert not [nom for nom in page.headers if nom.startswith("access-control-")]
    processus.send_signal(signal.SIGINT)
    reste, erreurs = processus.communicate(timeout=120)
    assert (processus.returncode, reste) == (130, "Interface arrêtée.\n") and "Traceback" not in erreurs
    assert finit(daemon)
    ecrits = list((tmp_path / "dagster" / ".dagster").rglob("*"))
    assert ecrits and not [chemin for chemin in ecrits if chemin.stat().st_mode & 0o077], "the history is its owner's"


def test_le_daemon_finit_avec_l_interface_meme_tuee(tmp_path: Path):
    processus = ouvrir(tmp_path, "--port", "20300")
    adresse_dite(processus)
    (daemon,) = daemons(processus.pid)
    processus.kill()
    processus.wait()
    assert finit(daemon)


@pytest.mark.campagne
def test_sans_daemon_elle_n_est_plus(tmp_path: Path):
    processus = ouvrir(tmp_path, "--port", "20400")
    adresse_dite(processus)
    (daemon,) = daemons(processus.pid)
    os.kill(daemon, signal.SIGKILL)
    _, erreurs = processus.communicate(timeout=120)
    assert processus.returncode == 1 and "Le daemon s'est arrêté" in erreurs and "daemon.log" in erreurs


@pytest.mark.campagne
def test_un_service_s_arrete_comme_on_le_lui_demande_et_n_a_pas_de_daemon(tmp_path: Path):
    processus = ouvrir(tmp_path, "--port", "20500", "--service", "--lecture-seule", "--prefixe", "/dagster")
    _, adresse = adresse_dite(processus)
    assert adresse == "http://127.0.0.1:20500/dagster" and daemons(processus.pid) == []
    assert httpx.get(f"{adresse}/server_info", trust_env=False, timeout=60).is_success
    processus.terminate()
    assert processus.communicate(timeout=120)[0] == "Interface arrêtée.\n" and processus.returncode == 143


@pytest.fixture
def signaux_rendus():
    """Give back what answered the signals of this process."""
    ecoutes = {numero: signal.getsignal(numero) for numero in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    masque = os.umask(0o022)
    yield
    os.umask(masque)
    for numero, ecoute in ecoutes.items():
        signal.signal(numero, ecoute)


@pytest.mark.usefixtures("signaux_rendus")
def test_un_service_ne_prend_pas_un_autre_port(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as tenu:
        assert serve(port=tenu.getsockname()[1], service=True) == 1
    assert "est pris : arrêter ce qui le tient" in capsys.readouterr().err
    assert serve(adresse="203.0.113.1") == 1
    assert "203.0.113.1 n'est pas une adresse de cette machine" in capsys.readouterr().err


@pytest.mark.usefixtures("signaux_rendus")
@pytest.mark.parametrize("accueil", [None, ".", "/nulle/part"])
def test_sans_dossier_d_historique_elle_dit_lequel_donner(accueil: str | None, monkeypatch, capsys):
    monkeypatch.delenv("DAGSTER_HOME", raising=False) if accueil is None else monkeypatch.setenv("DAGSTER_HOME", accueil)
    assert serve(port=20600) == 1
    assert "DAGSTER_HOME doit donner le chemin complet" in capsys.readouterr().err


def test_ce_qu_une_mauvaise_requete_casse_va_dans_un_fichier_et_pas_a_l_ecran(tmp_path: Path, capfd):
    du_serveur = logging.getLogger("uvicorn")
    avant = (du_serveur.handlers, du_serveur.propagate, du_serveur.level)
    try:
        _keep_errors(tmp_path / "interface.log")
        logging.getLogger("uvicorn.error").error("Exception in ASGI application")
    finally:
        du_serveur.handlers, du_serveur.propagate, du_serveur.level = avant
    assert "ASGI" in (tmp_path / "interface.log").read_text(encoding="utf-8") and capfd.readouterr() == ("", "")
