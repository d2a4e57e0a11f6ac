"""How a static page is made from the public file: its templates, the words of codes, and which pages there are.

What a page shows belongs to the module of that page, which declares a `Page`: it is found by itself.
"""

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from observatoire.declarations import read_yaml
from observatoire.publication.french import (
    bref,
    court,
    en_clair,
    fourchette,
    lisible,
    majuscule,
    mesure,
    nombre,
    periode,
)

Ligne = dict[str, Any]

MODELES = Path(__file__).parent / "modeles"


@dataclass(frozen=True)
class Page:
    """A page beside the portrait of a territory.

    Attributes:
        fichier: its name.
        render: gives it, from the public file and the code of an EPCI.
        est_commune: whether it is one page for all territories, which takes no account of the code.
        lien: words of the link that leads to it in the menu of the portrait; empty when another place does.
    """

    fichier: str
    render: Callable[[DuckDBPyConnection, str], str]
    est_commune: bool = False
    lien: str = ""


@cache
def pages() -> tuple[Page, ...]:
    """Return the pages that the modules of this room declare, by name of file."""
    paquet = __name__.rpartition(".")[0]
    modules = [import_module(nom) for _, nom, _ in pkgutil.iter_modules([str(Path(__file__).parent)], f"{paquet}.")]
    declarees = {page for module in modules for page in vars(module).values() if isinstance(page, Page)}
    return tuple(sorted(declarees, key=lambda page: page.fichier))


def write_pages(base: DuckDBPyConnection, dossier: Path, code: str = "") -> None:
    """Write the pages of one EPCI; without a code, those that all territories share."""
    for page in pages():
        if page.est_commune == (not code):
            (dossier / page.fichier).write_text(page.render(base, code), encoding="utf-8")


@cache
def template(nom: str) -> Template:
    """Return a page's template, with the filters that write figures in French."""
    environnement = Environment(
        loader=FileSystemLoader(MODELES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,  # a country of pages: what only lays a template out is not written a thousand times
        lstrip_blocks=True,
    )
    environnement.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}
    filtres = (bref, court, en_clair, fourchette, lisible, majuscule, mesure, nombre, periode)
    environnement.filters |= {filtre.__name__: filtre for filtre in filtres}
    return environnement.get_template(nom)


def document_names(base: DuckDBPyConnection) -> dict[str, str]:
    """Read the title of each document, and who published it, by its code."""
    requete = "SELECT document, titre || coalesce(' (' || editeur || ')', '') FROM socle.documents"
    return dict(base.execute(requete).fetchall())


def words_of_codes(base: DuckDBPyConnection, libelles: Ligne) -> dict[str, dict[str, str]]:
    """Read the words of the codes of each axis: those of the file of words, the nomenclatures', the networks'."""
    modalites = {axe: dict(mots) for axe, mots in libelles["modalites"].items()}
    for axe, nomenclature in (("secteur", "a17"), ("secteur_a38", "a38"), ("division_naf", "a88")):
        requete = "SELECT code, libelle FROM referentiels.naf_agregats WHERE nomenclature = ?"
        modalites[axe] = dict(base.execute(requete, [nomenclature]).fetchall())
    modalites["reseau"] = dict(base.execute("SELECT reseau, nom_reseau FROM socle.reseaux").fetchall())
    return modalites


def read_words(nom: str = "libelles.yml") -> Ligne:
    """Read a file of words kept beside the templates."""
    return dict(read_yaml(MODELES / nom, nom))

