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

from observatoire.estimation.computation import ECRITES
from observatoire.estimation.tables import LUES_RETROTESTS
from observatoire.graph import links as graph_links
from observatoire.graph.structure import TABLES as GRAPHE
from observatoire.indicators.catalog import indicateurs, mesures, sources_of_indicator, sources_of_measure
from observatoire.matching import tables as noms
from observatoire.reconciliation import document_arithmetic, verdicts
from observatoire.reconciliation import jobs_bridge as bridge
from observatoire.reconciliation.estimate_scores import NOTES
from observatoire.socle.registry import CALCULEES, derivees, sources_of
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

# what computed tables read, as the modules that compute them say; what is not here is a source or a derived table
_LUES: dict[str, tuple[str, ...]] = {
    "indicateurs.arithmetique_declarations": document_arithmetic.LIT,
    "indicateurs.pont_emploi": bridge.LIT,
    f"{NOTES.schema}.{NOTES.nom}": NOTES.lit,
    "qualite.rapprochements_noms": noms.LIT,
    "qualite.declarations": tuple(table for table in verdicts.LIT if table != "qualite.declarations"),
    **{f"indicateurs.{nom}": graph_links.LIT for nom in GRAPHE},
    **{".".join(nom): LUES_RETROTESTS for nom in ECRITES},
}
# what the observatory says of itself, not of anybody's rows
PROPRES = ("indicateurs.catalogue", "qualite.sources", "meta.release", "meta.dictionnaire")


@cache
def feeding(table: str) -> tuple[Source, ...]:
    """Return the sources whose rows a published table, `schema.table`, rests on.

    A table nothing is known of rests on all of them: its licence is then never laxer than it should be.
    """
    if table in PROPRES:
        return ()
    if table == "indicateurs.valeurs":
        return _once(source for indicateur in indicateurs().values() for source in sources_of_indicator(indicateur))
    if table == "indicateurs.contributions":
        libres = (mesure for mesure in mesures().values() if mesure.diffusion == "libre")
        return _once(source for mesure in libres for source in sources_of_measure(mesure))
    propre = sources().get(table.partition(".")[2])
    if table in _LUES:
        amont = [source for lue in _LUES[table] for source in feeding(lue)]
        return _once([*amont, *([propre] if propre is not None else [])])
    if table in derivees() or table in CALCULEES or propre is not None:
        return sources_of(table)
    return _once(sources().values())


def _once(lues: Iterable[Source]) -> tuple[Source, ...]:
    uniques = {source.nom: source for source in lues}
    return tuple(uniques[nom] for nom in sorted(uniques))


@dataclass(frozen=True)
class Origine:
    """A source as this release read it: what a package cites."""

    source: Source
    producteurs: tuple[str, ...]
    licences: tuple[str, ...]
    nature: str
    obtenu_le: str


def read_origins(base: DuckDBPyConnection) -> dict[str, Origine]:
    """Read, in the public file, the sources that gave at least one file, by name."""
    lignes = base.execute("""
        SELECT source, list(DISTINCT producteur ORDER BY producteur), list(DISTINCT licence ORDER BY licence),
               CASE WHEN bool_or(nature = 'demonstration') THEN 'demonstration' ELSE 'reelle' END, max(obtenu_le)
        FROM qualite.sources WHERE fichier IS NOT NULL GROUP BY source ORDER BY source""").fetchall()
    return {
        nom: Origine(sources()[nom], tuple(producteurs), tuple(licences), nature, f"{obtenu_le or ''}")
        for nom, producteurs, licences, nature, obtenu_le in lignes
        if nom in sources()
    }


def licences_of(origines: Iterable[Origine]) -> list[Licence]:
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
