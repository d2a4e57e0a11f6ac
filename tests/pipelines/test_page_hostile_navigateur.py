"""A hostile page beside a running interface, in a real browser: it launches nothing and reads nothing; the analyst does."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, urlparse

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.navigateur import OPTIONS, SANS_NAVIGATEUR, chromium
from tests.pipelines.bureau import interface, ouvrir_le_job

pytestmark = pytest.mark.long
MECHANT = "evil.example"
LANCER = (
    'mutation { launchRun(executionParams: {mode: "default", selector: {repositoryLocationName: "pipelines.definitions", '
    'repositoryName: "__repository__", jobName: "reprendre"}}) { __typename } }'
)
LIRE = "{ runsOrError { ... on Runs { results { runId } } } }"
# every gesture a page has: what it could launch or read goes to `lu`
TENTER = """
async ({adresse, lancer, lire}) => {
  const lu = [], corps = JSON.stringify({query: lancer});
  const essai = async promesse => { try { const r = await promesse; lu.push(await r.text()); } catch (e) {} };
  const charge = (balise, attribut, url) => new Promise(fini => {
    const noeud = document.createElement(balise);
    noeud.onload = noeud.onerror = fini; setTimeout(fini, 4000);
    noeud[attribut] = url; document.body.append(noeud);
  });
  const parGet = adresse + '/graphql?query=' + encodeURIComponent(lancer);
  await charge('img', 'src', parGet);
  await charge('script', 'src', parGet);
  await charge('iframe', 'src', parGet);
  await charge('iframe', 'src', adresse + '/');
  for (const noeud of document.querySelectorAll('iframe'))
    try { lu.push(noeud.contentDocument.body.innerText || ''); } catch (e) {}
  for (const mode of ['no-cors', 'cors']) {
    await essai(fetch(parGet, {mode}));
    await essai(fetch(adresse + '/graphql?query=' + encodeURIComponent(lire), {mode}));
    await essai(fetch(parGet, {mode, method: 'POST'}));
    await essai(fetch(adresse + '/graphql', {mode, method: 'POST', body: corps, headers: {'Content-Type': 'text/plain'}}));
    await essai(fetch(adresse + '/report_asset_materialization/socle/communes', {mode, method: 'POST'}));
  }
  await essai(fetch(adresse + '/graphql', {method: 'POST', body: corps, headers: {'Content-Type': 'application/json'}}));
  navigator.sendBeacon(adresse + '/graphql', corps);
  await new Promise(fini => {
    const prise = new WebSocket(adresse.replace('http', 'ws') + '/graphql', 'graphql-ws');
    prise.onopen = () => { lu.push('websocket ouverte'); fini(); };
    prise.onerror = fini; setTimeout(fini, 4000);
  });
  const cadre = document.createElement('iframe');
  cadre.name = 'cible'; document.body.append(cadre);
  const form = document.createElement('form');
  Object.assign(form, {method: 'POST', action: parGet, target: 'cible'});
  document.body.append(form); form.submit();
  await new Promise(fini => setTimeout(fini, 1500));
  return lu.filter(texte => texte);
}
"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # noqa: N802 — the name the library calls
        corps = b"<!doctype html><meta charset=utf-8><title>Concours</title><body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(corps)))
        self.end_headers()
        self.wfile.write(corps)

    def log_message(self, *_) -> None:
        """Say nothing."""


@contextmanager
def page_hostile() -> Iterator[int]:
    """Serve a page of another site on this machine; give its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as serveur:
        threading.Thread(target=serveur.serve_forever, args=(0.01,), daemon=True).start()
        yield serveur.server_address[1]
        serveur.shutdown()


@pytest.fixture(scope="module")
def bureau(tmp_path_factory) -> Iterator[str]:
    """Serve an interface on an empty observatory."""
    dossier = tmp_path_factory.mktemp("porte")
    (dossier / "raw").mkdir()
    with interface(dossier) as adresse:
        yield adresse


@pytest.fixture(scope="module")
def detourne() -> Iterator[Browser]:
    """Give a browser for which a hostile name leads to this machine: what rebinding ends up doing."""
    if chromium() is None:
        pytest.skip(SANS_NAVIGATEUR)
    with sync_playwright() as playwright:
        options = [*OPTIONS, f"--host-resolver-rules=MAP {MECHANT} 127.0.0.1"]
        lance = playwright.chromium.launch(executable_path=chromium(), args=options)
        yield lance
        lance.close()


def lancees(adresse: str) -> list[str]:
    """Ask, as a program does, which runs there are."""
    reponse = httpx.post(f"{adresse}/graphql", json={"query": LIRE}, trust_env=False, timeout=60)
    return [run["runId"] for run in reponse.json()["data"]["runsOrError"]["results"]]


@pytest.mark.parametrize("hote", ["127.0.0.1", "localhost", MECHANT])
def test_une_page_hostile_ne_lance_ni_ne_lit_rien(bureau: str, detourne: Browser, hote: str):
    avant = lancees(bureau)
    with page_hostile() as port, detourne.new_context() as contexte:
        page = contexte.new_page()
        page.goto(f"http://{hote}:{port}/")
        lu = page.evaluate(TENTER, {"adresse": bureau, "lancer": LANCER, "lire": LIRE})
    assert (lu, lancees(bureau)) == ([], avant)


def test_un_nom_detourne_ne_sert_pas_l_interface(bureau: str, detourne: Browser):
    """After rebinding the page and the interface are one origin to the browser: only the name tells them apart."""
    ici, avant = f"http://{MECHANT}:{urlparse(bureau).port}", lancees(bureau)
    with detourne.new_context() as contexte:
        page = contexte.new_page()
        assert page.goto(f"{ici}/").status == 403
        assert page.goto(f"{ici}/graphql?query={quote(LIRE)}").status == 403
        demande = "([q]) => fetch('/graphql', {method: 'POST', body: JSON.stringify({query: q})}).then(r => r.status)"
        assert page.evaluate(demande, [LANCER]) == 403
    assert lancees(bureau) == avant


def test_un_lien_mene_a_l_interface_et_l_analyste_y_fait_ses_gestes(bureau: str, detourne: Browser):
    avant = lancees(bureau)
    with page_hostile() as port, detourne.new_context() as contexte:
        page = contexte.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"http://{MECHANT}:{port}/")
        page.evaluate("adresse => location.assign(adresse + '/jobs')", bureau)
        page.wait_for_url(f"{bureau}/**")
        ouvrir_le_job(page, bureau, "actualiser")
        lance = page.evaluate(
            "q => fetch('/graphql', {method: 'POST', headers: {'Content-Type': 'application/json'}, "
            "body: JSON.stringify({query: q})}).then(r => r.json())", LANCER,
        )  # fmt: skip
        assert lance["data"]["launchRun"]["__typename"] == "LaunchRunSuccess"
    assert len(lancees(bureau)) == len(avant) + 1


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl n'est pas installé : le programme essayé ailleurs est httpx.")
def test_un_programme_sans_origine_est_servi(bureau: str):
    corps = json.dumps({"query": "{version}"})
    demande = ["curl", "-s", "--noproxy", "*", "-H", "Content-Type: application/json", "-d", corps, f"{bureau}/graphql"]
    assert json.loads(subprocess.run(demande, capture_output=True, check=True).stdout)["data"]["version"]
