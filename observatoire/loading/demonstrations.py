"""Whether the demonstration files of a set have to be made: they are needed, and are not as they would be made today.

Making them belongs to `demonstration`, which this never imports.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from observatoire.fingerprints import code_owed
from observatoire.loading.files import demonstration_needed
from observatoire.warehouse import Entrepot

DOSSIER = "demonstration"


def demonstration_due(entrepot: Entrepot, jeu: str) -> bool:
    """Say whether a set has to be generated."""
    if not demonstration_needed(entrepot.settings, jeu):
        return False
    fiche = entrepot.read_json(DOSSIER, f"{jeu}.json") or {}
    tailles = fiche.get("fichiers", {})
    faits = {nom: entrepot.racine / DOSSIER / nom for nom in tailles}
    return fiche.get("version") != _version() or any(
        not chemin.is_file() or chemin.stat().st_size != tailles[nom] for nom, chemin in faits.items()
    )


def note_demonstration(entrepot: Entrepot, jeu: str, chemins: Iterable[Path]) -> None:
    """Remember what a set was made of, once all its files are there."""
    dossier = entrepot.racine / DOSSIER
    tailles = {chemin.relative_to(dossier).as_posix(): chemin.stat().st_size for chemin in chemins}
    entrepot.write_json({"version": _version(), "fichiers": tailles}, DOSSIER, f"{jeu}.json")


@cache
def _version() -> str:
    return code_owed("observatoire.demonstration", "references/communes*.csv", "references/zonages.csv")
