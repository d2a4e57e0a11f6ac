"""An unfolded figure for people: one page in French and one CSV of its rows, with only what may be shown to anybody.

What is behind a figure belongs to `unfolding`.
"""

import csv
import hashlib
import re
from decimal import Decimal
from pathlib import Path

from observatoire.catalog import indicateurs
from observatoire.evidence import DEPLIES, PreuvesAbsentes, open_evidence
from observatoire.formulas import harmless
from observatoire.publication.assembly import NOM_DUCKDB
from observatoire.publication.pages import read_words, template
from observatoire.raw_lines import LIGNES
from observatoire.releases import current_release
from observatoire.unfolding import AGREGATS, CLE, Depliage, DepliageImpossible, published_keys
from observatoire.warehouse import Entrepot, erase

PAGE = "depliage.html"
TABLE = "lignes.csv"
MONTREES = 500
# what the portrait shows first, of the focal territory
PAR_DEFAUT = {"indicateur": "etablissements_employeurs_ess_sirene", "niveau": "epci", "axe": "total"}
COLONNES = ("terme", "mesure", "agregat", *LIGNES.noms, "sha256", "nature")


def complete_key(entrepot: Entrepot, dite: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Complete what was asked: the current release, the focal territory, its last period, the total.

    Args:
        entrepot: the warehouse.
        dite: release, indicateur, niveau, code_territoire, periode, axe, modalite; empty ones are completed.

    Raises:
        DepliageImpossible: nothing is published, or no value answers.
        PreuvesAbsentes: the release is not kept, or its evidence is not.
    """
    release = dite.get("release") or current_release(entrepot)
    if release is None:
        raise DepliageImpossible("Aucune publication : lancer actualiser, puis déplier.")
    cle = {**PAR_DEFAUT, **{nom: valeur for nom, valeur in dite.items() if valeur and nom in CLE}}
    if "code_territoire" not in cle and cle["niveau"] == "epci":
        cle["code_territoire"] = entrepot.settings.territoire
    if cle["axe"] == "total":
        cle["modalite"] = "total"
    open_evidence(entrepot, release)
    trouvees = published_keys(entrepot.racine / "releases" / release / NOM_DUCKDB, cle)
    if not trouvees:
        raise DepliageImpossible(
            f"Aucune valeur publiée pour {', '.join(f'{nom} = {valeur}' for nom, valeur in cle.items())} : prendre "
            "indicateur, niveau, code_territoire, periode, axe et modalite dans indicateurs.valeurs."
        )
    return release, trouvees[0]


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
        contexte["decimales"] = (indicateurs()[derive["indicateur"]] if derive else indicateur).decimales
        chemin.write_text(template(PAGE).render(read_words() | contexte), encoding="utf-8")
    for chemin in (dossier / TABLE, dossier / PAGE):
        chemin.chmod(0o644)
    try:
        open_evidence(entrepot, depliage.release)
    except PreuvesAbsentes:
        # no lock is held here: a retraction may have passed before this was there to erase
        erase(entrepot.racine / DEPLIES / depliage.release)
        raise
    return dossier
