"""The pictures of the guide, taken again: `python -m tests.docs.captures` writes `docs/captures/` and leaves nothing running.

From demonstration data alone, in a folder that is thrown away; the interface is read on this machine, in the browser of
the tests. What the pages must hold is tested elsewhere: here they are only photographed.
"""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from observatoire.demonstration import generate
from observatoire.settings import RACINE, REFERENCES
from tests.chaine import environnement
from tests.depots import SUBVENTION, en_csv
from tests.docs.guide import DOCS
from tests.navigateur import OPTIONS, SANS_NAVIGATEUR, chromium

CAPTURES = DOCS / "captures"
OCTETS_MAX = 150_000
MONTRE = "/srv/observatoire"  # what pictures say in place of the folder of the day
LOCATION = "pipelines.definitions"
LARGE = {"width": 1500, "height": 900}
# a picture names no folder of the machine it was taken on
NEUTRE = """([vu, dit]) => {
  const textes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (textes.nextNode()) textes.currentNode.nodeValue = textes.currentNode.nodeValue.replaceAll(vu, dit);
}"""


def preparer(dossier: Path) -> None:
    """Lay out `raw/`: what is committed, demonstration files, and grants some of which cannot be counted."""
    shutil.copytree(RACINE / "raw", dossier / "raw", ignore=shutil.ignore_patterns("subventions"))
    for jeu in ("sirene", "urssaf", "flores"):  # less of them than `make run` generates: they are only photographed
        generate(jeu, dossier / "raw", REFERENCES, etablissements=6000)
    bonnes = [{**SUBVENTION, "objet": f"action {rang}"} for rang in range(40)]
    mauvaises = [{**SUBVENTION, "montant": "à préciser"}, {**SUBVENTION, "montant": ""}]
    _deposer(dossier, "subventions/subventions_2024.csv", en_csv([*bonnes, *mauvaises]))
    shutil.copy(RACINE / "dagster.yaml", dossier)


def casser(dossier: Path) -> None:
    """Put in place of the memberships a file that is not one."""
    for chemin in (dossier / "raw" / "adhesions").iterdir():
        chemin.unlink()
    _deposer(dossier, "adhesions/adhesions_2026.csv", "structure;ville\nRéseau d'essai;Clermont-Ferrand\n")


def _deposer(dossier: Path, chemin: str, contenu: str) -> None:
    place = dossier / "raw" / chemin
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(contenu, encoding="utf-8")


def lancer(dossier: Path) -> None:
    """Run the main job as the command line does, with its history in the folder."""
    _dagster(dossier, "job", "execute", "-j", "actualiser")


def recharger(dossier: Path, table: str) -> None:
    """Read one source again."""
    _dagster(dossier, "asset", "materialize", "--select", table)


def _dagster(dossier: Path, *commande: str) -> None:
    dit = subprocess.run(
        [sys.executable, "-m", "dagster", *commande, "-m", LOCATION],
        cwd=dossier,
        env=_env(dossier),
        capture_output=True,
        text=True,
        check=False,
    )
    if dit.returncode:
        raise SystemExit(dit.stderr[-3000:])


def _env(dossier: Path) -> dict[str, str]:
    return environnement(dossier) | {"DAGSTER_HOME": str(dossier), "DAGSTER_DISABLE_TELEMETRY": "1"}


@contextmanager
def interface(dossier: Path) -> Iterator[str]:
    """Open the interface on a free port of this machine, and close it with all it started."""
    with socket.socket() as libre:
        libre.bind(("127.0.0.1", 0))
        port = libre.getsockname()[1]
    commande = [
        str(Path(sys.executable).with_name("dagster-webserver")),
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-m",
        LOCATION,
    ]
    with (dossier / "interface.log").open("w") as journal:
        serveur = subprocess.Popen(commande, cwd=dossier, env=_env(dossier), stdout=journal, stderr=journal)
    try:
        _attendre(f"http://127.0.0.1:{port}/server_info", serveur)
        yield f"http://127.0.0.1:{port}"
    finally:
        serveur.terminate()  # it ends its code server itself
        serveur.wait(timeout=60)


def _attendre(adresse: str, serveur: subprocess.Popen[bytes]) -> None:
    for _ in range(120):
        if serveur.poll() is not None:
            raise SystemExit("L'interface s'est arrêtée avant de répondre.")
        try:
            urllib.request.urlopen(adresse, timeout=5).close()  # noqa: S310 — this machine
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise SystemExit("L'interface ne répond pas.")


def portraits(navigateur: Browser, dossier: Path) -> None:
    """Photograph the portrait: on a screen, on a phone, and its first printed page."""
    adresse = (dossier / "warehouse" / "portrait" / "index.html").resolve().as_uri()
    ecran = navigateur.new_page(viewport={"width": 1200, "height": 700}, locale="fr-FR")
    ecran.goto(adresse)
    _prendre(ecran, dossier, "portrait")
    telephone = navigateur.new_page(viewport={"width": 360, "height": 720}, locale="fr-FR")
    telephone.goto(adresse)
    _prendre(telephone, dossier, "portrait_telephone")
    # the top of an A4 sheet at 96 dots an inch; its margins are those of the printer, which a screen does not draw
    papier = navigateur.new_page(viewport={"width": 794, "height": 1020}, device_scale_factor=0.75, locale="fr-FR")
    papier.emulate_media(media="print")
    papier.goto(adresse)
    papier.add_style_tag(content="html { padding: 12mm; }")
    _prendre(papier, dossier, "portrait_imprime")


def bureau(navigateur: Browser, adresse: str, dossier: Path) -> None:
    """Photograph what an analyst opens in the interface."""
    page = navigateur.new_page(viewport=LARGE, device_scale_factor=0.8, locale="fr-FR")
    for nom, chemin, attendu in (
        ("dagster_graphe", "/asset-groups", "publication"),
        ("dagster_lancement", f"/locations/{LOCATION}/jobs/actualiser/playground", "Launch Run"),
        ("dagster_refus", "/assets/socle/subventions", "lignes refusées ou signalées"),
        ("dagster_rouge", "/assets/socle/adhesions?view=checks", "pandera"),
    ):
        page.goto(adresse + chemin)
        vise = page.get_by_text(attendu, exact=True).first
        vise.wait_for(timeout=60_000)
        if attendu == "pandera":
            vise.click()
        elif "refusées" in attendu:
            vise.scroll_into_view_if_needed()
        _prendre(page, dossier, nom)


def _prendre(page: Page, dossier: Path, nom: str) -> None:
    page.wait_for_load_state("load")
    page.wait_for_timeout(1500)  # charts and graphs are drawn after the page is loaded
    page.evaluate(NEUTRE, [str(dossier), MONTRE])
    page.screenshot(path=CAPTURES / f"{nom}.png", animations="disabled")


def main() -> int:
    """Take every picture; 0 when they are all there, none too heavy for the repository."""
    executable = chromium()
    if executable is None:
        print(SANS_NAVIGATEUR, file=sys.stderr)
        return 1
    CAPTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as ailleurs:
        dossier = Path(ailleurs).resolve() / "observatoire"
        preparer(dossier)
        lancer(dossier)
        casser(dossier)
        recharger(dossier, "socle/adhesions")
        with sync_playwright() as playwright:
            navigateur = playwright.chromium.launch(executable_path=executable, args=OPTIONS)
            portraits(navigateur, dossier)
            with interface(dossier) as adresse:
                bureau(navigateur, adresse, dossier)
            navigateur.close()
    tailles = {chemin: chemin.stat().st_size for chemin in sorted(CAPTURES.glob("*.png"))}
    for chemin, taille in tailles.items():
        trop = "" if taille < OCTETS_MAX else "  trop lourde : cadrer plus court"
        print(f"{taille / 1000:6.0f} ko  {chemin.relative_to(RACINE)}{trop}")
    return int(max(tailles.values()) >= OCTETS_MAX)


if __name__ == "__main__":
    sys.exit(main())
