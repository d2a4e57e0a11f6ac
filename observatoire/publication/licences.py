"""What a reader may do with each published table: its licence, from the sources that feed it.

The rule is the strictest of its sources. One source under ODbL makes the whole table ODbL (section 4.4: a database
derived from one is shared under it); else Licence Ouverte 2.0, which is also that of what the observatory writes itself
(article D323-2-1 of the CRPA lists the licences of administrations). A short citation (article L122-5 of the CPI) binds
nobody to a licence: its author is named. A licence nobody checked is said, never guessed. What each indicator asks
belongs to `indicators`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from duckdb import DuckDBPyConnection

from observatoire.chain.steps import step_of
from observatoire.publication.public_tables import public_tables
from observatoire.sources import Source, sources


@dataclass(frozen=True)
class Licence:
    """A licence as catalogues name it.

    Attributes:
        code: SPDX identifier, or the one open-data catalogues use.
        titre: French title.
        adresse: where its text is; empty when there is none.
        europe: its address in the European vocabulary of licences, empty when it is not in it.
        portail: the address data.gouv.fr knows it by.
    """

    code: str
    titre: str
    adresse: str = ""
    europe: str = ""
    portail: str = ""


EUROPE = "http://publications.europa.eu/resource/authority/licence/"
ODBL = Licence(
    "ODbL-1.0",
    "Open Database License (ODbL) 1.0 : citer le producteur, partager sous la même licence une base qui en est tirée",
    "https://opendatacommons.org/licenses/odbl/1-0/",
    f"{EUROPE}ODC_BL",
    "http://opendatacommons.org/licenses/odbl/summary/",
)
OUVERTE = Licence(
    "etalab-2.0",
    "Licence Ouverte 2.0 : citer la source et sa date",
    "https://www.etalab.gouv.fr/wp-content/uploads/2017/04/ETALAB-Licence-Ouverte-v2.0.pdf",
    f"{EUROPE}ETALAB_2_0",
    "https://www.etalab.gouv.fr/wp-content/uploads/2017/04/ETALAB-Licence-Ouverte-v2.0.pdf",
)
# how the licences that bind nobody further begin in the files: a citation, a decision of the observatory's own services
CONNUES = ("ODbL", "Licence Ouverte", "citation courte", "usage interne")


@cache
def feeding(table: str) -> tuple[Source, ...]:
    """Return the sources whose rows a published table, `schema.table`, rests on: none for what is said of itself.

    A table nothing is known of rests on all of them: its licence is then never laxer than it should be.
    """
    lues = {f"{publique.schema}.{publique.nom}": publique.lit for publique in public_tables()}
    if table not in lues:
        return _once(sources().values())
    return _once(source for lue in lues[table] for source in _behind(lue))


@cache
def _behind(table: str) -> tuple[Source, ...]:
    """Return the sources a table of the warehouse rests on, through the steps that lead to it."""
    etape = step_of(table)
    if etape.sources is not None:
        return _once(etape.sources())
    return _once(source for lue in etape.lit for source in _behind(lue))


def _once(lues: Iterable[Source]) -> tuple[Source, ...]:
    uniques = {source.nom: source for source in lues}
    return tuple(uniques[nom] for nom in sorted(uniques))


@dataclass(frozen=True)
class OriginePubliee:
    """A source as this release read it: what a package cites."""

    source: Source
    producteurs: tuple[str, ...]
    licences: tuple[str, ...]
    nature: str
    obtenu_le: str


def read_origins(base: DuckDBPyConnection) -> dict[str, OriginePubliee]:
    """Read, in the public file, the sources that gave at least one file, by name."""
    lignes = base.execute("""
        SELECT source, list(DISTINCT producteur ORDER BY producteur), list(DISTINCT licence ORDER BY licence),
               CASE WHEN bool_or(nature = 'demonstration') THEN 'demonstration' ELSE 'reelle' END, max(obtenu_le)
        FROM qualite.sources WHERE fichier IS NOT NULL GROUP BY source ORDER BY source""").fetchall()
    return {
        nom: OriginePubliee(sources()[nom], tuple(producteurs), tuple(licences), nature, f"{obtenu_le or ''}")
        for nom, producteurs, licences, nature, obtenu_le in lignes
        if nom in sources()
    }


def licences_of(origines: Iterable[OriginePubliee]) -> list[Licence]:
    """Return the licence of what rests on these sources, strictest first; then those that nobody checked.

    A demonstration counts as what it imitates: the real file that takes its place changes nothing of the rule. What
    restricted sources give is protected aggregates, which are the observatory's.
    """
    publiques = [origine for origine in origines if origine.source.diffusion == "publique"]
    dites = {licence for origine in publiques for licence in (*origine.licences, origine.source.licence)}
    inconnues = sorted(
        {
            origine.source.titre
            for origine in publiques
            for licence in origine.licences
            if not licence.startswith(CONNUES)
        }
    )
    return [
        ODBL if any(licence.startswith("ODbL") for licence in dites) else OUVERTE,
        *(Licence("notspecified", f"Licence à demander au producteur de « {titre} »") for titre in inconnues),
    ]
