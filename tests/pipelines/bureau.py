"""The interface of Dagster for the tests: a web server of this machine, and the gestures of an analyst in it.

Gestures are clicks on what is shown; what a test expects to read belongs to the test.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from playwright.sync_api import Page

from tests.chaine import RACINE, environnement

# runs start at once: the daemon that would queue them is not what is tried
INSTANCE = """
telemetry: {enabled: false}
nux: {enabled: false}
run_coordinator: {module: dagster._core.run_coordinator, class: DefaultRunCoordinator}
"""
# patience, not a measure: a run takes half a minute on a quiet machine
PATIENCE_MS = 600_000


@contextmanager
def interface(dossier: Path, *options: str) -> Iterator[str]:
    """Serve the interface on `raw/` and `warehouse/` of a folder; give its address. Whatever it started ends with it."""
    accueil = dossier / "dagster"
    accueil.mkdir(exist_ok=True)
    (accueil / "dagster.yaml").write_text(INSTANCE, encoding="utf-8")
    with socket.socket() as libre:
        libre.bind(("127.0.0.1", 0))
        port = libre.getsockname()[1]
    with (accueil / "serveur.log").open("w") as journal:
        serveur = subprocess.Popen(
            [sys.executable, "-m", "pipelines.interface", "--service", "--port", str(port), *options],
            env={**environnement(dossier), "PYTHONPATH": str(RACINE), "DAGSTER_DISABLE_TELEMETRY": "1"},
            cwd=RACINE,
            stdout=journal,
            stderr=journal,
            start_new_session=True,
        )
    adresse = f"http://127.0.0.1:{port}"
    try:
        while not _answers(adresse):
            assert serveur.poll() is None, (accueil / "serveur.log").read_text()
            time.sleep(0.2)
        yield adresse
    finally:
        serveur.terminate()
        with suppress(subprocess.TimeoutExpired):
            serveur.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(serveur.pid, signal.SIGKILL)  # the runs it launched are of its session
        serveur.wait()


def _answers(adresse: str) -> bool:
    try:
        return httpx.get(f"{adresse}/server_info", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def ouvrir_le_job(page: Page, adresse: str, job: str) -> None:
    """Open a job from the home page."""
    page.goto(adresse)
    page.get_by_role("link", name="Jobs").first.click()
    page.get_by_text(job, exact=True).click()
    page.get_by_role("tab", name="Launchpad").wait_for()


def lancer_dans_l_interface(page: Page, adresse: str, job: str) -> str:
    """Launch a job as it is, nothing typed, and watch its run; return its status as shown: Success or Failure."""
    ouvrir_le_job(page, adresse, job)
    page.get_by_role("tab", name="Launchpad").click()
    page.get_by_role("button", name="Launch Run").click()
    page.wait_for_url(re.compile("/runs/[0-9a-f-]{36}"))
    fini = page.get_by_text(re.compile("^(Success|Failure)$")).first
    fini.wait_for(timeout=PATIENCE_MS)
    return fini.inner_text()


def lire_l_asset(page: Page, adresse: str, nom: str, attendu: str, onglet: str = "Overview") -> str:
    """Find an asset by its name, open one of its tabs, wait for some words; return all that the page says."""
    page.goto(adresse)
    page.get_by_role("button", name="Search").click()
    page.get_by_placeholder("Search assets").fill(nom)
    page.locator(f"a[href='/assets/{nom}']").first.click()
    page.get_by_role("tab", name=onglet).click()
    page.get_by_text(attendu).first.wait_for()
    return page.locator("body").inner_text()
