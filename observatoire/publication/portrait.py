"""The portrait of a territory: one static page in French, made from the public DuckDB file and nothing else.

Here: what all the pages of a release share, read once, and what one page adds. What it says of the indicators is in
`themes`, what comes first and on paper in `synthesis`; the words of codes are in `modeles/libelles.yml`. Computing or
correcting a figure does not belong here.
"""

from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection
from plotly.offline import get_plotlyjs

from observatoire.publication.pages import Ligne, document_names, pages, read_words, template, write_pages
from observatoire.publication.sources_page import read_sources
from observatoire.publication.synthesis import short_declarations, synthesis
from observatoire.publication.territory_map import read_map
from observatoire.publication.themes import Catalogue, by_theme, read_catalogue, read_values, records
from observatoire.warehouse import open_published, read_rows

PLOTLY = "plotly.min.js"


@dataclass(frozen=True)
class Commun:
    """What every page of a release shares.

    Attributes:
        libelles: words of codes.
        release: the row of `meta.release`.
        catalogue: the indicators.
        essentiel: what the synthesis shows.
        sources: files read.
        declarations, arithmetique: figures documents declare, and whether those of a document agree.
    """

    libelles: Ligne
    release: Ligne
    catalogue: Catalogue
    essentiel: Ligne
    sources: list[Ligne]
    declarations: list[Ligne]
    arithmetique: list[Ligne]


def write_portrait(duckdb: Path, dossier: Path, territoire: str) -> None:
    """Write the pages of one EPCI, and beside them what those of all share: common pages, the script that draws.

    An unknown code gives a page that says so.
    """
    dossier.mkdir(parents=True, exist_ok=True)
    with open_published(duckdb) as base:
        write_shared(base, dossier)
        write_pages(base, dossier, territoire)
        page = render(base, territoire, read_common(base), donnees="donnees/")
    (dossier / "index.html").write_text(page, encoding="utf-8")


def write_shared(base: DuckDBPyConnection, dossier: Path) -> None:
    """Write what the pages of a release share, in the folder their `racine` leads to: common pages, the script."""
    write_pages(base, dossier)
    (dossier / PLOTLY).write_text(get_plotlyjs(), encoding="utf-8")


def read_common(base: DuckDBPyConnection) -> Commun:
    """Read what every page of a release shares."""
    libelles = read_words() | {"documents": document_names(base)}
    return Commun(
        libelles=libelles,
        release=read_rows(base, "FROM meta.release")[0],
        catalogue=read_catalogue(base, libelles),
        essentiel=read_words("essentiel.yml"),
        sources=read_sources(base),
        declarations=read_rows(
            base,
            """
            SELECT d.*, t.libelle AS lieu FROM qualite.declarations d
            LEFT JOIN referentiels.territoires t USING (niveau, code_territoire)
            ORDER BY date, document, _fichier, _ligne""",
        ),
        arithmetique=read_rows(base, "FROM indicateurs.arithmetique_declarations ORDER BY document, controle"),
    )


def render(base: DuckDBPyConnection, code: str, commun: Commun, racine: str = "", donnees: str = "") -> str:
    """Write the page of one EPCI; `racine` leads from the page to the folder of the files all pages share.

    `donnees` leads to the files of the release, for the page that is published beside them and their journal.

    An unknown code gives a page that says so.
    """
    trouves = read_rows(base, "FROM referentiels.territoires WHERE niveau = 'epci' AND code_territoire = ?", code)
    lieu = trouves[0] if trouves else None
    contexte: Ligne = {"code": code, "territoire": lieu, "racine": racine, "donnees": donnees, "pages": pages()}
    montrees = [commun.release]
    if trouves:
        fiches = records(commun.catalogue, read_values(base, code))
        montrees += [ligne for fiche in fiches.values() for ligne in fiche["montrees"]]
        contexte |= {"themes": by_theme(commun.catalogue, fiches), **_declared(base, code, commun)}
        contexte["contenants"] = _containers(base, code)
        contexte["carte"] = read_map(base, code, commun.libelles["indicateurs_de_la_carte"])
        contexte["essentiel"] = synthesis(base, code, commun.essentiel, fiches)
        contexte["essentiel"] |= short_declarations(commun.essentiel, contexte["declarations"])
        montrees += contexte["declarations"]
    contexte["est_demonstration"] = any(ligne["nature"] == "demonstration" for ligne in montrees)
    partages = {"release": commun.release, "sources": commun.sources}
    return template("portrait.html").render(commun.libelles | partages | contexte)


def _declared(base: DuckDBPyConnection, code: str, commun: Commun) -> Ligne:
    """Tell the declarations about the territory and its communes from the others."""
    communes = read_rows(
        base,
        "FROM referentiels.appartenances WHERE niveau = 'commune' AND niveau_parent = 'epci' AND code_parent = ?",
        code,
    )
    lieux = {("epci", code), *(("commune", commune["code_territoire"]) for commune in communes)}
    ici = [ligne for ligne in commun.declarations if (ligne["niveau"], ligne["code_territoire"]) in lieux]
    documents = {declaration["document"] for declaration in ici}
    return {
        "declarations": ici,
        "autres_declarations": len(commun.declarations) - len(ici),
        "arithmetique": [ligne for ligne in commun.arithmetique if ligne["document"] in documents],
    }


def _containers(base: DuckDBPyConnection, code: str) -> dict[str, str]:
    """Name the territories that wholly contain an EPCI, by level."""
    requete = """
        SELECT niveau_parent, libelle FROM referentiels.appartenances a
        JOIN referentiels.territoires t ON t.niveau = niveau_parent AND t.code_territoire = code_parent
        WHERE a.niveau = 'epci' AND a.code_territoire = ?"""
    return dict(base.execute(requete, [code]).fetchall())
