"""A hostile page beside an interface that nginx gives, in the browser of an analyst who has typed the password."""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.docs.nginx import MOT_DE_PASSE, Nginx, suivi
from tests.navigateur import OPTIONS, SANS_NAVIGATEUR, chromium
from tests.pipelines.test_page_hostile_navigateur import LANCER, LIRE, MECHANT, TENTER, page_hostile

pytestmark = pytest.mark.long


def test_une_page_hostile_ne_lance_ni_ne_lit_rien_derriere_nginx(serveur: Nginx, publie: Path, tmp_path: Path):
    if chromium() is None:
        pytest.skip(SANS_NAVIGATEUR)
    with suivi(serveur, publie, tmp_path) as adresse, page_hostile() as port, sync_playwright() as playwright:
        options = [*OPTIONS, f"--host-resolver-rules=MAP {MECHANT} 127.0.0.1"]
        with playwright.chromium.launch(executable_path=chromium(), args=options) as lance:
            contexte = lance.new_context(
                ignore_https_errors=True, http_credentials={"username": "analyste", "password": MOT_DE_PASSE}
            )
            page = contexte.new_page()
            page.goto(f"{adresse}/dagster/")
            demande = "q => fetch('/dagster/graphql', {method: 'POST', headers: {'Content-Type': 'application/json'}, " \
                "body: JSON.stringify({query: q})}).then(r => r.text())"
            assert "Runs" in page.evaluate(demande, LIRE.replace("results", "__typename results")), "the analyst reads"
            avant = page.evaluate(demande, LIRE)
            page.goto(f"http://{MECHANT}:{port}/")
            lu = page.evaluate(TENTER, {"adresse": f"{adresse}/dagster", "lancer": LANCER, "lire": LIRE})
            page.goto(f"{adresse}/dagster/")
            assert (lu, page.evaluate(demande, LIRE)) == ([], avant)
            # after rebinding the page and the interface are one origin to the browser: only the name tells them apart
            assert page.goto(f"https://{MECHANT}:{serveur.https}/dagster/").status in (403, 404, 421)
