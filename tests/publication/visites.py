"""Opening a page of the portrait in the browser of the tests."""

import re
from decimal import Decimal
from pathlib import Path

from tests.navigateur import Visite


def ouvrir(visite: Visite, chemin: Path, largeur: int = 1280) -> None:
    visite.page.set_viewport_size({"width": largeur, "height": 800})
    visite.page.goto(chemin.as_uri())
    visite.page.wait_for_function("!window.Plotly || [...document.querySelectorAll('[data-figure]')].every(d => d.querySelector('svg'))")


# --- what the page says is what the database says


def chiffres(texte: str) -> list[Decimal]:
    """Read the figures a French text writes; millions of euros are euros again."""
    lus = re.findall(r"(−?\d[\d\u202f]*(?:,\d+)?)(?=(?:\u202f|\xa0)?(M€)?)", texte)
    facteur = 1_000_000 if "M€" in texte else 1
    return [Decimal(lu.replace("\u202f", "").replace(",", ".").replace("−", "-")) * facteur for lu, _ in lus]


def libelle(axe: str, modalite: str, noms: dict[str, dict[str, str]]) -> str:
    parties = zip(axe.split("×"), modalite.split("|", axe.count("×")), strict=True)
    return " — ".join(noms.get(nom, {}).get(code) or code[:1].upper() + code[1:] for nom, code in parties)
