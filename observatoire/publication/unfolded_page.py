"""An unfolded figure for people: one page in French and one CSV of its rows, with only what may be shown to anybody.

What is behind a figure belongs to `unfolding`.
"""

import csv
import hashlib
import re
from decimal import Decimal
from pathlib import Path

from observatoire.evidence import DEPLIES, PreuvesAbsentes, open_evidence
from observatoire.formulas import harmless
from observatoire.indicators.catalog import indicateurs
from observatoire.indicators.raw_lines import LIGNES
from observatoire.publication.pages import read_words, template
from observatoire.unfolding.figures import AGREGATS, CLE, Depliage
from observatoire.warehouse import Entrepot, erase

PAGE = "depliage.html"
TABLE = "lignes.csv"
MONTREES = 500
COLONNES = ("terme", "mesure", "agregat", *LIGNES.noms, "sha256", "nature")


def exact(valeur: Decimal | float | None) -> str:
    """Write a number in French with all of its digits: rounded, rows would not add up any more."""
    if valeur is None:
        return "—"
    chiffres = f"{valeur:f}"
    return (chiffres.rstrip("0").rstrip(".") if "." in chiffres else chiffres).replace(".", ",")


def write_unfolding(entrepot: Entrepot, depliage: Depliage) -> Path:
    """Write the page and the CSV of an unfolded value under `deplies/`; return their folder.

    Raises:
        PreuvesAbsentes: the release was retracted meanwhile; nothing of it is left.
    """
    cle = [str(depliage.valeur[nom]) for nom in CLE]
    lisible = re.sub(r"[^a-z0-9_]+", "-", "-".join(cle[:4]).lower())[:100]
    marque = hashlib.sha256("|".join(cle).encode()).hexdigest()[:8]
    dossier = entrepot.racine / DEPLIES / depliage.release / f"{lisible}-{marque}"
    with entrepot.replacing(dossier / TABLE) as chemin, chemin.open("w", encoding="utf-8", newline="") as flux:
        sortie = csv.DictWriter(flux, COLONNES, extrasaction="ignore")
        sortie.writeheader()
        for terme in depliage.termes:
            commun = {"terme": terme.role, "mesure": terme.mesure, "agregat": terme.agregat}
            commun |= {"nature": depliage.valeur["nature"]}
            for ligne in terme.lignes:
                # a number is written as it is: a minus begins no formula there, and rows must add up
                cellules = ((nom, harmless(v) if isinstance(v, str) else v) for nom, v in {**commun, **ligne}.items())
                sortie.writerow(dict(cellules))
    with entrepot.replacing(dossier / PAGE) as chemin:
        indicateur = indicateurs()[cle[0]]
        contexte = {"d": depliage, "indicateur": indicateur, "montrees": MONTREES, "exact": exact, "agregats": AGREGATS}
        # what a derived indicator compares is written as that is
        derive = indicateur.derive
        contexte["decimales"] = (indicateurs()[derive.indicateur] if derive else indicateur).decimales
        chemin.write_text(template(PAGE).render(read_words() | contexte), encoding="utf-8")
    try:
        open_evidence(entrepot, depliage.release)
    except PreuvesAbsentes:
        # no lock is held here: a retraction may have passed before this was there to erase
        erase(entrepot.racine / DEPLIES / depliage.release)
        raise
    return dossier
