"""Kept evidence: what explains a release, as long as the release itself.

A copy of nothing: hard links to the tables of the warehouse, which are always replaced and never rewritten. It holds
restricted rows, beside the releases and never inside one. What is read from it belongs to `unfolding`, and to what
compares two releases.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from observatoire.obstacle import Obstacle
from observatoire.warehouse import SCHEMAS, Entrepot, erase, link_file

DOSSIER = "preuves"
# what was unfolded of a release goes with it too
DEPLIES = "deplies"
# tables, refused rows, and where each source stood: all that figures were computed from, and nothing of `raw/`
GARDES = (*SCHEMAS, "rejets", "etats")


class PreuvesAbsentes(Obstacle):
    """A release whose evidence is not kept. The message, in French, says what to do."""


def keep_evidence(entrepot: Entrepot, release: str) -> Path:
    """Keep what the warehouse holds now as the evidence of a release; return its folder, read by its owner alone."""
    parent = entrepot.racine / DOSSIER
    with entrepot.unfinished(DOSSIER) as dossier:
        for nom in GARDES:
            for chemin in sorted((entrepot.racine / nom).glob("[!.]*.parquet" if nom != "etats" else "[!._]*.json")):
                link_file(chemin, dossier / nom / chemin.name)
        for chemin in dossier.iterdir():
            chemin.chmod(0o500)
        garde = dossier.rename(parent / release)
    garde.chmod(0o500)
    return garde


def forget_evidence(entrepot: Entrepot, gardees: Iterable[str]) -> None:
    """Erase the evidence of every release that is not kept any more, and what a killed run left."""
    connues = set(gardees)
    for nom in (DOSSIER, DEPLIES):
        for dossier in (entrepot.racine / nom).glob("*"):
            if dossier.name not in connues:
                erase(dossier)


def open_evidence(entrepot: Entrepot, release: str) -> Entrepot:
    """Open the warehouse as it was when a release was made, to read only: its folders refuse writers.

    Raises:
        PreuvesAbsentes: its evidence is not kept (retracted, forgotten, or published before evidence was kept).
    """
    dossier = entrepot.racine / DOSSIER / release
    # a release out of sight has no evidence either, even if a kill left it there
    publiee = (entrepot.racine / "releases" / release / "manifest.json").exists()
    if not (publiee and dossier.is_dir()):
        raise PreuvesAbsentes(
            f"Les contributions de la publication « {release} » ne sont pas gardées : elle a été retirée ou oubliée, "
            "ou date d'avant leur conservation. Choisir une publication de warehouse/preuves/."
        )
    return Entrepot(replace(entrepot.settings, warehouse=dossier), travail=entrepot.travail)
