"""The files people take away, around the tables: in which order they are written, and their place beside the pages.

What each one says belongs to its module: `workbook`, `data_package`, `dcat`; the readme is a template.
"""

from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from observatoire.publication.data_package import write_data_package
from observatoire.publication.dcat import DOSSIER, write_catalogue
from observatoire.publication.pages import MODELES
from observatoire.publication.workbook import FICHIER as CLASSEUR
from observatoire.publication.workbook import write_workbook
from observatoire.settings import Settings
from observatoire.warehouse import link_file, sha256

LISEZMOI = "LISEZMOI.md"


def write_open_data(duckdb: Path, dossier: Path, settings: Settings) -> dict[str, str]:
    """Write the open-data package of a release: the last of its files, since it describes the others.

    Returns:
        The sha256 of every file of the release, by path relative to it.
    """
    write_workbook(duckdb, dossier, settings.territoire)
    empreintes = _hash_new(dossier, {})
    paquet = write_data_package(duckdb, dossier, empreintes)
    write_catalogue(paquet, dossier, settings.adresse)
    _write_readme(paquet, dossier)
    empreintes = _hash_new(dossier, empreintes)
    return empreintes | _offer(dossier, empreintes)


def _hash_new(dossier: Path, connues: dict[str, str]) -> dict[str, str]:
    """Hash the files that are not hashed yet: each one is read once."""
    noms = [chemin.relative_to(dossier).as_posix() for chemin in sorted(dossier.rglob("*")) if chemin.is_file()]
    return {nom: connues.get(nom) or sha256(dossier / nom) for nom in noms}


def _offer(dossier: Path, empreintes: dict[str, str]) -> dict[str, str]:
    """Give the files a second name beside the pages, at `portrait/donnees/`; return the hashes under those names.

    A link of a page must lead to its release whether the page is opened in the release, through the stable path
    `warehouse/portrait`, where `../` is not the release, or from a copy of that folder alone on a server. A hard link
    takes no room; where the disk has none, it is a copy.
    """
    offertes = {}
    for nom, empreinte in empreintes.items():
        if nom.startswith("portrait/"):
            continue
        cible = dossier / "portrait" / DOSSIER / nom
        link_file(dossier / nom, cible)
        offertes[cible.relative_to(dossier).as_posix()] = empreinte
    return offertes


def _write_readme(paquet: dict[str, Any], dossier: Path) -> None:
    """Write `LISEZMOI.md`: what is in the release, under which licences, how to cite it."""
    par_licence: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for ressource in paquet["resources"]:
        if ressource["format"] != "apache-parquet":
            for licence in ressource["licenses"]:
                par_licence.setdefault(licence["title"], (licence, []))[1].append(f"`{ressource['name']}`")
    # Markdown, not a page: the bars of its tables are escaped, and what a reader of Markdown would take for HTML
    environnement = Environment(
        loader=FileSystemLoader(MODELES),
        autoescape=False,  # noqa: S701 — it would escape quotes too
        undefined=StrictUndefined,
        finalize=lambda valeur: escape(str(valeur), quote=False),
    )
    environnement.filters["cellule"] = lambda texte: texte.replace("|", "\\|").replace("\n", " ")
    modele = environnement.get_template("lisezmoi.md")
    texte = modele.render(paquet=paquet, classeur=CLASSEUR, licences=list(par_licence.values()))
    (dossier / LISEZMOI).write_text(texte + "\n", encoding="utf-8")
