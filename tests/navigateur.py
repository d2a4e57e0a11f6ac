"""A real browser for the tests: Debian's Chromium, driven by Playwright, cut off from every network but this machine's.

Here: how it is found and started, and what every page must hold (no error, no request outside). What a page shows
belongs to the tests of that page.
"""

import shutil
from collections.abc import Iterator
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

SANS_NAVIGATEUR = (
    "Chromium n'est pas installé : les essais dans un navigateur sont sautés. "
    "L'installer (Debian, Ubuntu : apt install chromium), puis relancer."
)
OPTIONS = [
    "--no-sandbox",  # a container runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOCALES = ("127.0.0.1", "localhost", "")


def chromium() -> str | None:
    """Return the browser of this machine, None when there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def navigateur() -> Iterator[Browser]:
    """Give a headless browser, or skip.

    Its event loop occupies the thread as long as it is open: a test that also runs a job does so in another process.
    """
    executable = chromium()
    if executable is None:
        pytest.skip(SANS_NAVIGATEUR)
    with sync_playwright() as playwright:
        lance = playwright.chromium.launch(executable_path=executable, args=OPTIONS)
        yield lance
        lance.close()


class Visite:
    """A page being visited, and what it did wrong: errors of its scripts or of its console, requests outside."""

    def __init__(self, contexte: BrowserContext) -> None:
        """Open an empty page."""
        self.page: Page = contexte.new_page()
        self.erreurs: list[str] = []
        self.dehors: list[str] = []
        self.page.on("pageerror", lambda erreur: self.erreurs.append(str(erreur)))
        self.page.on("console", lambda dit: self.erreurs.append(dit.text) if dit.type in ("error", "warning") else None)
        self.page.on("request", self._note)

    def _note(self, requete: Request) -> None:
        adresse = urlparse(requete.url)
        if adresse.scheme not in ("file", "data", "blob", "about") and adresse.hostname not in LOCALES:
            self.dehors.append(requete.url)


@pytest.fixture
def visite(navigateur: Browser) -> Iterator[Visite]:
    """Give a page 1,280 pixels wide, in French, offline outside this machine."""
    with navigateur.new_context(viewport={"width": 1280, "height": 900}, locale="fr-FR") as contexte:
        yield Visite(contexte)
