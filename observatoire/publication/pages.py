"""How a static page is made from the public file: its templates, the words of codes.

What a page shows belongs to the module of that page.
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from duckdb import DuckDBPyConnection
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

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
    return dict(yaml.safe_load((MODELES / nom).read_text(encoding="utf-8")))

