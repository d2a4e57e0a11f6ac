"""Which files of a source are read, what is written down of each, and what they are together complete for."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from observatoire.loading.files import Fichier
from observatoire.obstacle import Obstacle
from observatoire.sources import JOURS_PAR_CADENCE, Couverture, Source
from observatoire.sources.states import FichierLu

# families whose files say what was: the others (budgets, grants, official lists) may speak of next year
OBSERVEES = ("etablissements", "masse_salariale")


def by_accumulation(trouves: list[Fichier], source: Source) -> tuple[list[Fichier], list[tuple[Fichier, str]]]:
    """Choose the files to read as the source's `cumul` says; the same content is read once."""
    uniques: dict[str, Fichier] = {}
    ecartes = []
    for fichier in trouves:
        if fichier.sha256 in uniques:
            ecartes.append((fichier, "doublon"))
        else:
            uniques[fichier.sha256] = fichier
    candidats = list(uniques.values())
    if source.cumul == "union":
        return candidats, ecartes
    if source.cumul == "par_periode":
        return candidats, ecartes
    if len(candidats) > 1 and (sans_date := [fichier.nom for fichier in candidats if not fichier.millesime]):
        raise Obstacle(
            f"{source.nom} : plusieurs fichiers, et rien ne dit de quand est {', '.join(sans_date)}. "
            f"Écrire « millesime: » dans {sans_date[0]}.origine.yml, ou retirer les anciens."
        )
    *anciens, dernier = sorted(candidats, key=lambda f: (f.millesime, f.obtenu_le, f.nom))
    return [dernier], [*ecartes, *((ancien, "remplace") for ancien in anciens)]


def too_soon(fichiers: Iterable[Fichier], source: Source) -> Iterator[tuple[Fichier, str]]:
    """Say in French which files have a vintage that cannot be yet: what is observed is not of tomorrow."""
    aujourdhui = date.today()  # noqa: DTZ011 — a vintage has no hour
    dernier = aujourdhui.isoformat() if source.famille in OBSERVEES else f"{aujourdhui.year + 1}-12-31"
    for fichier in fichiers:
        if re.match(r"\d{4}", fichier.millesime) and fichier.millesime > dernier[: len(fichier.millesime)]:
            yield (
                fichier,
                f"{fichier.nom} : millésime {fichier.millesime}, qui n'existe pas encore. Corriger la date de son nom "
                f"(ou « millesime: » dans {fichier.chemin.name}.origine.yml), puis relancer.",
            )


def file_record(fichier: Fichier, source: Source, etat: str = "lu") -> FichierLu:
    """Write down a file, before its rows are counted."""
    dit = fichier.origine
    jours = JOURS_PAR_CADENCE.get(source.cadence or "")
    return FichierLu(
        fichier=fichier.nom,
        sha256=fichier.sha256,
        producteur=dit.producteur or source.producteur,
        licence=dit.licence or source.licence,
        nature=dit.nature or source.nature,
        millesime=fichier.millesime,
        obtenu_le=fichier.obtenu_le.isoformat(),
        etat=etat,
        # two cadences without a new file: what is published no longer describes the present
        en_retard_le=(fichier.date_du_contenu + timedelta(days=jours)).isoformat() if jours else None,
        perime_le=(fichier.date_du_contenu + timedelta(days=2 * jours)).isoformat() if jours else None,
    )


def coverage_of(lus: list[Fichier], source: Source, lignes: int) -> Any:
    """Add up what the files are complete for; one that says nothing has the coverage of the source.

    The rows of a source in `lignes` are published at several levels: no file can make them add up. An extract that does
    not say what it is complete for is complete for nothing: its rows count where they are, and zeros are not invented.
    """
    extrait = lignes < source.lignes_nationales and not all(fichier.origine.couverture for fichier in lus)
    if source.couverture == "lignes" or extrait:
        return "lignes"
    dites = [fichier.origine.couverture or source.couverture for fichier in lus]
    aires = [couverture for couverture in dites if isinstance(couverture, Couverture)]
    if len(aires) < len(dites):
        return dites[0] if all(couverture == dites[0] for couverture in dites) else "lignes"
    incluses = {(aire.niveau, code) for aire in aires for code in aire.codes}
    exceptions = {(aire.sauf.niveau, code) for aire in aires if aire.sauf is not None for code in aire.sauf.codes}
    # what one file leaves out, another may cover
    return sorted(incluses | {(f"sauf {niveau}", code) for niveau, code in exceptions - incluses})
