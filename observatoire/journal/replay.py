"""The former inputs computed again, then changed one cause at a time: the values after each.

A private folder of hard links, wiped: it holds restricted rows. What is suppressed is not chosen again, for no figure
of a protected measure is attributed.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from observatoire.chain.steps import steps
from observatoire.journal.causes import Cause
from observatoire.sources import Source, sources
from observatoire.sources.states import schema_of
from observatoire.warehouse import ATELIER, SCHEMAS, Entrepot, link_file

# a replay must not delay what is published: beyond, on two cores, each cause would take minutes
LIGNES_REJOUEES = 2_000_000


class RejeuImpossible(Exception):
    """Causes that are not replayed. The message, in French, says why."""


@contextmanager
def replayed_values(entrepot: Entrepot, avant: Entrepot, causes: list[Cause]) -> Iterator[list[Path]]:
    """Give the tables of values after each cause but the last, after which values are those of the new release.

    Args:
        entrepot: the warehouse as it is now.
        avant: the evidence of the former release, with its territory.
        causes: what differs, in the order to replay.

    Raises:
        RejeuImpossible: there is too much to compute again.
    """
    lignes = sum(_rows(entrepot, source) + _rows(avant, source) for source in sources().values()) // 2
    if lignes > LIGNES_REJOUEES:
        raise RejeuImpossible(
            f"les sources ont {lignes} lignes, plus que les {LIGNES_REJOUEES} que la publication rejoue sans attendre"
        )
    with tempfile.TemporaryDirectory(dir=entrepot.racine, prefix=ATELIER) as dossier:
        atelier = Entrepot(replace(avant.settings, warehouse=Path(dossier) / "warehouse"))
        _start(atelier, avant, entrepot)
        etapes = []
        for rang, cause in enumerate(causes[:-1]):
            for nom in cause.sources:
                if nom in sources():  # a source that is no longer declared went with the code
                    _take(atelier, entrepot, sources()[nom])
            if cause.nom == "geographie":
                atelier.settings = replace(atelier.settings, territoire=entrepot.settings.territoire)
            _recompute(atelier)
            etapes.append(Path(dossier) / f"{rang}.parquet")
            link_file(atelier.path_of("indicateurs", "valeurs"), etapes[-1])
        yield etapes


def _start(atelier: Entrepot, avant: Entrepot, apres: Entrepot) -> None:
    """Lay the tables of the former release; of a source it did not have, those of today: it came with the code."""
    for schema in SCHEMAS:
        for chemin in (avant.racine / schema).glob("[!.]*.parquet"):
            link_file(chemin, atelier.path_of(schema, chemin.stem))
    for chemin in (avant.racine / "etats").glob("[!._]*.json"):
        link_file(chemin, atelier.racine / "etats" / chemin.name)
    for source in sources().values():
        if not atelier.path_of(schema_of(source), source.nom).exists():
            _take(atelier, apres, source)
    link_file(apres.path_of("indicateurs", "suppressions"), atelier.path_of("indicateurs", "suppressions"))


def _take(atelier: Entrepot, d_ou: Entrepot, source: Source) -> None:
    """Put a source as it stands in another warehouse: its table and its state."""
    link_file(d_ou.path_of(schema_of(source), source.nom), atelier.path_of(schema_of(source), source.nom))
    link_file(d_ou.racine / "etats" / f"{source.nom}.json", atelier.racine / "etats" / f"{source.nom}.json")


def _recompute(atelier: Entrepot) -> None:
    """Compute what the tables in place give: only what reads a table that changed is computed again."""
    for etape in steps():
        if etape.est_rejouee:
            etape.calcule(atelier)


def _rows(entrepot: Entrepot, source: Source) -> int:
    if not entrepot.path_of(schema_of(source), source.nom).exists():
        return 0
    return entrepot.count_rows(schema_of(source), source.nom)
