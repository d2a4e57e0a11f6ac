"""The computed tables, found in the modules of this room, in the order they are computed; and the sources behind each.

A module added here that declares a `Derivee` is found by itself.
"""

import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from types import ModuleType

from observatoire import socle
from observatoire.derived import Derivee
from observatoire.matching.tables import LIT as NOMS_LISENT
from observatoire.obstacle import Obstacle
from observatoire.sources import Source, sources
from observatoire.sources.states import schema_of

# computed in Python, not by one query: a measure may read them, and they read these
CALCULEES = {"socle.rapprochements_noms": NOMS_LISENT}


class TablesImpossibles(Obstacle):
    """Computed tables that cannot be put in order. The message, in French, names them and says what to do."""


@cache
def derivees() -> dict[str, Derivee]:
    """Return the computed tables, in the order they are computed.

    Raises:
        TablesImpossibles: two tables of one name, a table read that nothing declares, tables that read each other.
    """
    noms = [nom for _, nom, _ in pkgutil.iter_modules(socle.__path__, f"{socle.__name__}.")]
    trouvees = declared_in(import_module(nom) for nom in noms)
    receives = {f"{schema_of(source)}.{source.nom}" for source in sources().values()}
    lues = {nom: derivee.lit for nom, derivee in trouvees.items()} | CALCULEES
    return {nom: trouvees[nom] for nom in in_order(lues, receives) if nom in trouvees}


def declared_in(modules: Iterable[ModuleType]) -> dict[str, Derivee]:
    """Return the computed tables that modules declare, by `schema.table`.

    Raises:
        TablesImpossibles: two tables of one name.
    """
    trouvees: dict[str, Derivee] = {}
    for module in modules:
        for declaree in vars(module).values():
            if isinstance(declaree, Derivee):
                nom = f"{declaree.schema}.{declaree.nom}"
                if trouvees.setdefault(nom, declaree) is not declaree:
                    raise TablesImpossibles(
                        f"Deux tables calculées s'appellent {nom}, dont une dans {module.__name__} : renommer l'une."
                    )
    return trouvees


def in_order(lues: Mapping[str, Iterable[str]], recues: Iterable[str]) -> list[str]:
    """Order tables so that each comes after those it reads; among those that could come next, by name.

    Args:
        lues: what each computed table reads.
        recues: the tables that nothing computes.

    Raises:
        TablesImpossibles: a table read that nothing declares, or tables that read each other.
    """
    connues = {*lues, *recues}
    for nom, siennes in lues.items():
        if inconnues := sorted(set(siennes) - connues):
            raise TablesImpossibles(
                f"{nom} lit {', '.join(inconnues)}, que rien ne déclare : vérifier le nom, ou déclarer cette table "
                "(un dossier de sources/, ou un module de socle/)."
            )
    graphe = TopologicalSorter({nom: set(siennes) & set(lues) for nom, siennes in lues.items()})
    try:
        graphe.prepare()
    except CycleError as erreur:
        raise TablesImpossibles(
            f"Ces tables calculées se lisent en rond : {' → '.join(reversed(erreur.args[1]))}. L'une doit cesser de "
            "lire la suivante."
        ) from None
    ordre = []
    while graphe.is_active():
        pretes = sorted(graphe.get_ready())
        ordre += pretes
        graphe.done(*pretes)
    return ordre


@cache
def sources_of(table: str) -> tuple[Source, ...]:
    """Return the sources a table of the warehouse comes from, through derived tables; what only adds is optional."""
    if table in derivees():
        derivee = derivees()[table]
        return gather(
            replace(source, facultative=source.facultative or nom in derivee.appoints)
            for nom in derivee.lit
            for source in sources_of(nom)
        )
    if table in CALCULEES:
        return gather(source for nom in CALCULEES[table] for source in sources_of(nom))
    return (sources()[table.split(".")[1]],)


def gather(lues: Iterable[Source]) -> tuple[Source, ...]:
    """Return each source once, by name; one that is optional for one reader only is not."""
    uniques = {source.nom: source for source in sorted(lues, key=lambda source: not source.facultative)}
    return tuple(uniques[nom] for nom in sorted(uniques))
