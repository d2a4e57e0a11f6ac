"""What a run has to do: the sources to load, then the tables that are not what they would be, then the release.

Nothing, when nothing changed: neither a file, nor the program, nor the day. Doing it belongs to `pipelines`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from observatoire.chain.steps import steps
from observatoire.loading.demonstrations import demonstration_due
from observatoire.loading.foreseen import to_load
from observatoire.releases.lifecycle import is_published
from observatoire.socle.band_archive import archive_due
from observatoire.sources import sources
from observatoire.sources.states import schema_of
from observatoire.warehouse import Entrepot, utc_now

ARCHIVE = "archives.tranches_effectifs"
PUBLICATION = "publication.release"
REGARD = ("etats", "_regard.json")


@dataclass(frozen=True)
class Travail:
    """What is to be done, as names of assets, `schema.table`, in the order it is done.

    Attributes:
        lectures: demonstrations to generate, sources to load; one that fails is loaded again each time.
        suite: what is not what it would be, and what reads it or reads a source that may change.
    """

    lectures: tuple[str, ...]
    suite: tuple[str, ...]

    @property
    def noms(self) -> tuple[str, ...]:
        """All of it."""
        return (*self.lectures, *self.suite)

    def within(self, noms: Collection[str]) -> "Travail":
        """Return the part of it that is among these."""
        return Travail(*(tuple(nom for nom in part if nom in noms) for part in (self.lectures, self.suite)))


def work_left(entrepot: Entrepot, parmi: Collection[str] | None = None) -> Travail:
    """Find what a run has to do, with the sources named in `parmi`, or with all of them; no row is read to know it."""
    jeux = [
        jeu
        for jeu in sorted({source.demonstration for source in sources().values() if source.demonstration})
        if demonstration_due(entrepot, jeu)
    ]
    lectures, changees = [f"demonstration.{jeu}" for jeu in jeux], set[str]()
    for source in sources().values():
        if parmi is not None and source.nom not in parmi:
            continue
        table = f"{schema_of(source)}.{source.nom}"
        a_lire, peut_changer = (True, True) if source.demonstration in jeux else to_load(entrepot, source)
        if a_lire:
            lectures.append(table)
        if peut_changer:
            changees.add(table)
    return Travail(tuple(lectures), left_to_compute(entrepot, changees))


def left_to_compute(entrepot: Entrepot, changees: Collection[str] = ()) -> tuple[str, ...]:
    """Find what is not what it would be, once the sources are loaded; `changees` are tables that may still change."""
    touchees, suite = set(changees), list[str]()
    for etape in steps():
        if etape.ensemble != "sources" and (
            etape.can_change(entrepot, touchees)
            or any(entrepot.version(*table.split(".")) != etape.version(entrepot) for table in etape.tables)
        ):
            suite += etape.tables
            touchees.update(etape.tables)
    if "socle.etablissements" in touchees or archive_due(entrepot):
        suite.append(ARCHIVE)
    if touchees or not is_published(entrepot):
        suite.append(PUBLICATION)
    return tuple(suite)


def reached_from(noms: Collection[str]) -> set[str]:
    """Return the tables of these sources, and all that is computed from them, to the release."""
    tables = {f"{schema_of(source)}.{source.nom}" for source in sources().values() if source.nom in noms}
    for etape in steps():
        if not tables.isdisjoint(etape.lit):
            tables.update(etape.tables)
    return tables | {f"demonstration.{jeu}" for nom in noms if (jeu := sources()[nom].demonstration)} | {
        PUBLICATION,
        *([ARCHIVE] if "socle.etablissements" in tables else []),
    }


def note_look(entrepot: Entrepot, est_a_jour: bool) -> None:
    """Remember when `raw/` was looked at, and when all was found up to date."""
    dit = entrepot.read_json(*REGARD) or {}
    maintenant = utc_now()
    entrepot.write_json(dit | {"le": maintenant} | ({"a_jour_le": maintenant} if est_a_jour else {}), *REGARD)


def up_to_date_on(entrepot: Entrepot) -> datetime | None:
    """Return when all was last found up to date, None when it never was."""
    dit = (entrepot.read_json(*REGARD) or {}).get("a_jour_le")
    return datetime.fromisoformat(f"{dit}+00:00") if dit else None
