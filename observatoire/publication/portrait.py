"""The portrait of a territory: one static page in French, made from the public DuckDB file and nothing else.

Here: what all the pages of a release share, read once, and what one page adds. What it says of the indicators is in
`themes`, what comes first and on paper in `synthesis`; the words of codes are in `modeles/libelles.yml`. Computing or
correcting a figure does not belong here.
"""

from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection, connect
from plotly.offline import get_plotlyjs

from observatoire.publication.network_section import read_networks
from observatoire.publication.pages import Ligne, read_rows, read_words, template
from observatoire.publication.themes import Catalogue, by_theme, read_catalogue, read_values, records

PLOTLY = "plotly.min.js"


@dataclass(frozen=True)
class Commun:
    """What every page of a release shares.

    Attributes:
        libelles: words of codes.
        release: the row of `meta.release`.
        catalogue: the indicators.
        toile: the networks, all territories together.
        sources, rejets: files read; rows refused, by rule.
        declarations, arithmetique: figures documents declare, and whether those of a document agree.
    """

    libelles: Ligne
    release: Ligne
    catalogue: Catalogue
    toile: Ligne
    sources: list[Ligne]
    rejets: list[Ligne]
    declarations: list[Ligne]
    arithmetique: list[Ligne]


def write_portrait(duckdb: Path, dossier: Path, territoire: str) -> None:
    """Write `index.html` and `plotly.min.js` for one EPCI; an unknown code gives a page that says so."""
    dossier.mkdir(parents=True, exist_ok=True)
    with connect(str(duckdb), read_only=True) as base:
        write_shared(base, dossier)
        (dossier / "index.html").write_text(render(base, territoire, read_common(base)), encoding="utf-8")


def write_shared(base: DuckDBPyConnection, dossier: Path) -> None:
    """Write what the pages of a release share, in the folder their `racine` leads to."""
    (dossier / PLOTLY).write_text(get_plotlyjs(), encoding="utf-8")


def read_common(base: DuckDBPyConnection) -> Commun:
    """Read what every page of a release shares."""
    libelles = read_words()
    return Commun(
        libelles=libelles,
        release=read_rows(base, "FROM meta.release")[0],
        catalogue=read_catalogue(base, libelles),
        toile=read_networks(base),
        sources=read_rows(base, "FROM qualite.sources ORDER BY titre, source, fichier"),
        rejets=read_rows(
            base,
            """
            SELECT coalesce(titre, source) AS titre, regle, gravite, count(*) AS lignes,
                   CASE WHEN count(DISTINCT r.motif) = 1 THEN min(r.motif) END AS motif
            FROM qualite.rejets r
            LEFT JOIN (SELECT source, min(titre) AS titre FROM qualite.sources GROUP BY source) USING (source)
            GROUP BY ALL ORDER BY titre, gravite, regle""",
        ),
        declarations=read_rows(
            base,
            """
            SELECT d.*, t.libelle AS lieu FROM qualite.declarations d
            LEFT JOIN referentiels.territoires t USING (niveau, code_territoire)
            ORDER BY date, document, _fichier, _ligne""",
        ),
        arithmetique=read_rows(base, "FROM indicateurs.arithmetique_declarations ORDER BY document, controle"),
    )


def render(base: DuckDBPyConnection, code: str, commun: Commun, racine: str = "") -> str:
    """Write the page of one EPCI; `racine` leads from the page to the folder of the files all pages share.

    An unknown code gives a page that says so.
    """
    trouves = read_rows(base, "FROM referentiels.territoires WHERE niveau = 'epci' AND code_territoire = ?", code)
    contexte: Ligne = {"code": code, "territoire": trouves[0] if trouves else None, "racine": racine}
    montrees = [commun.release]
    if trouves:
        fiches = records(commun.catalogue, read_values(base, code))
        montrees += [ligne for fiche in fiches.values() for ligne in fiche["montrees"]]
        contexte |= {"themes": by_theme(commun.catalogue, fiches), **_declared(base, code, commun)}
        montrees += contexte["declarations"]
    contexte["est_demonstration"] = any(ligne["nature"] == "demonstration" for ligne in montrees)
    partages = {"release": commun.release, "toile": commun.toile, "sources": commun.sources, "rejets": commun.rejets}
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
