"""The portraits of every EPCI, from the release that stands: one folder of pages that share scripts and common pages.

They are named after their release and replaced in one step, as it is: `portraits` is a link. What a page shows belongs
to `publication`. Nothing here is part of a release: these pages can be deleted and written again.
"""

import shutil
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from duckdb import DuckDBPyConnection

from observatoire.obstacle import Obstacle
from observatoire.publication.french import nombre
from observatoire.publication.pages import Ligne, template, write_pages
from observatoire.publication.portrait import read_common, render, write_shared
from observatoire.releases.lifecycle import (
    PAGES,
    PORTRAITS,
    current_release,
    point_to,
)
from observatoire.warehouse import NOM_DUCKDB, Entrepot, erase, open_published, open_to_read, read_rows

PROCESSUS = 2
PAGES_PAR_LOT = 40


@dataclass(frozen=True)
class Portraits:
    """What was written.

    Attributes:
        release: the release the pages are made from.
        dossier: folder of the pages.
        pages: EPCI with a page there.
        plus_lourde: bytes of the heaviest page.
    """

    release: str
    dossier: Path
    pages: int
    plus_lourde: int


def write_portraits(
    entrepot: Entrepot,
    codes: Sequence[str] = (),
    processus: int = PROCESSUS,
    progres: Callable[[int, int], None] = lambda faites, toutes: None,
) -> Portraits:
    """Write the pages of EPCI, all of them or those named, and the list that leads to them.

    Pages of the same release that are already there stay: naming a few codes takes nothing away. `progres` is told the
    pages written and how many there will be.

    Raises:
        Obstacle: there is no release, or a code is no EPCI of it; what was there is unchanged.
    """
    release = current_release(entrepot)
    if release is None:
        raise Obstacle("Aucune publication : lancer actualiser, puis relancer portraits.")
    duckdb = (entrepot.racine / "releases" / release / NOM_DUCKDB).resolve()
    with open_published(duckdb) as base:
        connus = [ligne["code_territoire"] for ligne in _epci(base)]
        if inconnus := sorted(set(codes) - set(connus)):
            raise Obstacle(
                f"{', '.join(inconnus)} : aucun EPCI de la publication ne porte ce code (neuf chiffres, son SIREN). "
                "Rien n'a été écrit."
            )
        parent = entrepot.racine / PAGES
        with entrepot.unfinished(PAGES) as dossier:
            deja = parent / release
            if codes and deja.exists():
                shutil.copytree(deja, dossier, dirs_exist_ok=True)
            write_shared(base, dossier)
            poids = _write_pages(duckdb, dossier, codes or connus, processus, progres)
            presents = {chemin.parent.name for chemin in dossier.glob("*/index.html")}
            _write_list(base, dossier, presents)
            open_to_read(dossier)
            erase(deja)
            dossier.rename(deja)
    point_to(entrepot, PORTRAITS, f"{PAGES}/{release}")
    for ancien in parent.iterdir():
        if ancien.name != release:
            erase(ancien)
    return Portraits(release, deja, len(presents), max(poids))


def _epci(base: DuckDBPyConnection) -> list[Ligne]:
    return read_rows(base, "FROM referentiels.territoires WHERE niveau = 'epci' ORDER BY libelle, code_territoire")


def _write_pages(
    duckdb: Path, dossier: Path, codes: Sequence[str], processus: int, progres: Callable[[int, int], None]
) -> list[int]:
    """Write the pages in several processes; return the bytes of each."""
    lots = [codes[debut : debut + PAGES_PAR_LOT] for debut in range(0, len(codes), PAGES_PAR_LOT)]
    ecrire = partial(_write_batch, duckdb, dossier)
    poids: list[int] = []
    if processus == 1 or len(lots) == 1:
        for lot in lots:
            poids += ecrire(lot)
            progres(len(poids), len(codes))
        return poids
    # a fork would copy the threads of a database half-way through their work
    ouvriers = ProcessPoolExecutor(processus, mp_context=get_context("spawn"), initializer=_leave_interrupts)
    try:
        for ecrites in ouvriers.map(ecrire, lots):
            poids += ecrites
            progres(len(poids), len(codes))
    finally:
        ouvriers.shutdown(cancel_futures=True)  # interrupted, it does not write the rest first
    return poids


def _leave_interrupts() -> None:
    """Let the process that asked for the pages end this one: a terminal interrupts both."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _write_batch(duckdb: Path, dossier: Path, codes: Sequence[str]) -> list[int]:
    poids = []
    with open_published(duckdb) as base:
        base.execute("SET threads = 1")  # a processor for each process
        commun = read_common(base)
        for code in codes:
            place = dossier / code
            place.mkdir(exist_ok=True)
            page = render(base, code, commun, racine="../").encode()
            (place / "index.html").write_bytes(page)
            write_pages(base, place, code)
            poids.append(len(page))
    return poids


def _write_list(base: DuckDBPyConnection, dossier: Path, presents: set[str]) -> None:
    """Write the list of the pages, by name: what a person looks for first."""
    regions = read_rows(
        base,
        """
        SELECT a.code_territoire, t.libelle AS region FROM referentiels.appartenances a
        JOIN referentiels.territoires t ON t.niveau = 'region' AND t.code_territoire = a.code_parent
        WHERE a.niveau = 'epci' AND a.niveau_parent = 'region'""",
    )
    region_de = {ligne["code_territoire"]: ligne["region"] for ligne in regions}
    epci = [
        {**ligne, "region": region_de.get(ligne["code_territoire"])}
        for ligne in _epci(base)
        if ligne["code_territoire"] in presents
    ]
    release = read_rows(base, "FROM meta.release")[0]
    page = template("portraits.html").render(
        epci=epci, release=release, est_demonstration=release["nature"] == "demonstration", combien=nombre(len(epci))
    )
    (dossier / "index.html").write_text(page, encoding="utf-8")
