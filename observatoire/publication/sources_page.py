"""The page of the sources, all territories together: each file read and what became of its rows.

Which sources fail a figure is said beside that figure, in the portrait.
"""

from duckdb import DuckDBPyConnection

from observatoire.publication.pages import Ligne, Page, read_words, template
from observatoire.sources import sources
from observatoire.warehouse import read_rows


def render_sources(base: DuckDBPyConnection, _: str = "") -> str:
    """Write the page, one for all territories."""
    release = read_rows(base, "FROM meta.release")[0]
    rejets = read_rows(
        base,
        """
        SELECT coalesce(titre, source) AS titre, regle, gravite, count(*) AS lignes,
               CASE WHEN count(DISTINCT r.motif) = 1 THEN min(r.motif) END AS motif
        FROM qualite.rejets r
        LEFT JOIN (SELECT source, min(titre) AS titre FROM qualite.sources GROUP BY source) USING (source)
        GROUP BY ALL ORDER BY titre, gravite, regle""",
    )
    return template(PAGE.fichier).render(
        read_words()
        | {
            "release": release,
            "sources": read_sources(base),
            "rejets": rejets,
            "indicateurs": read_rows(base, "FROM indicateurs.catalogue ORDER BY theme, titre"),
            "est_demonstration": release["nature"] == "demonstration",  # as soon as one input of the release is
        }
    )


PAGE = Page("sources.html", render_sources, est_commune=True)


def read_sources(base: DuckDBPyConnection) -> list[Ligne]:
    """Read the files, which are past their date when the release was made, which the observatory does without."""
    lues = read_rows(
        base,
        """
        SELECT s.*, coalesce(perime_le < cree_le::DATE, false) AS est_perimee
        FROM qualite.sources s CROSS JOIN meta.release ORDER BY titre, source, fichier""",
    )
    declarees = sources()
    for ligne in lues:
        declaree = declarees.get(ligne["source"])
        ligne["est_facultative"] = declaree is not None and declaree.facultative
    return lues
