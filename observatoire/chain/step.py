"""A step of the chain, and what of it is public. Which ones there are belongs to `steps`."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from observatoire.schemas import Table
from observatoire.sources import Source
from observatoire.warehouse import Entrepot

# what a step says of each table it computed: `lignes`, then what else there is to know, in French
Bilan = Mapping[str, Mapping[str, int | str]]
LIGNES = "lignes"


@dataclass(frozen=True)
class TablePublique:
    """A table of the public file.

    Attributes:
        schema, nom: its place.
        table: its declaration.
        requete: the query that fills it, over the warehouse.
        lit: tables of the warehouse its rows rest on, whose sources bind it; none for what the observatory says of
            itself.
        origine: titles of its sources, where the dictionary says them.
    """

    schema: str
    nom: str
    table: Table
    requete: str
    lit: tuple[str, ...] = ()
    origine: str = ""


@dataclass(frozen=True)
class Etape:
    """A step: tables computed together.

    Attributes:
        nom: its own, French.
        tables: what it writes, `schema.table`, and their declarations.
        lit: tables it reads.
        version: gives the version its tables must have for what is in the warehouse, None when it never ran.
        calcule: computes its tables, if what they rest on changed.
        famille: group of its tables in the interface.
        ensemble: steps of one ensemble are one step of a run.
        moteurs: what computes them.
        publiques: what of it is public.
        sources: gives the sources its rows rest on, where they are fewer than those of all it reads.
        job: what to launch when it is not up to date.
        dit: what else is shown of its tables.
        depend_de: gives, of the tables it reads, those that can change it today, where they are fewer.
        est_rejouee: whether the values of indicators can change with it: the journal computes it again.
    """

    nom: str
    tables: Mapping[str, Table]
    lit: tuple[str, ...]
    version: Callable[[Entrepot], str | None]
    calcule: Callable[[Entrepot], Bilan]
    famille: str
    ensemble: str
    moteurs: tuple[str, ...]
    publiques: tuple[TablePublique, ...] = ()
    sources: Callable[[], Iterable[Source]] | None = None
    job: str = "recalculer_indicateurs"
    dit: Mapping[str, str] = field(default_factory=dict)
    depend_de: Callable[[Entrepot], tuple[str, ...]] | None = None
    est_rejouee: bool = False

    def can_change(self, entrepot: Entrepot, changees: Collection[str]) -> bool:
        """Say whether its tables may be others once those named are."""
        lues = self.lit if self.depend_de is None else self.depend_de(entrepot)
        return any(lue in changees for lue in lues)
