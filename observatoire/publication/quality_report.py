"""The quality report of the local estimates: one static page in French, made from the public DuckDB file.

Here: what back-tests, calibrations and the bridge between sources say, for whoever has to defend a figure or refuse to
use it. The figures themselves are in `portrait`; computing any of this belongs to `estimation` and `reconciliation`.
"""

from typing import Any

from duckdb import DuckDBPyConnection

from observatoire.estimation.back_tests import TAILLES
from observatoire.estimation.publication_rule import DEMI_LARGEUR_PCT, REPONDANTS
from observatoire.publication.pages import Page, read_words, template
from observatoire.warehouse import read_rows


def render_quality_report(base: DuckDBPyConnection, code: str) -> str:
    """Write the report of one EPCI."""
    seuils = {"demi_largeur_pct": DEMI_LARGEUR_PCT, "repondants": REPONDANTS}
    return template(PAGE.fichier).render(read_words() | seuils | _context(base, code))


PAGE = Page("qualite.html", render_quality_report)


def _context(base: DuckDBPyConnection, code: str) -> dict[str, Any]:
    """Read what the page shows: the estimates of the EPCI, the calibrations of its départements, tests and gaps."""
    autour = """
        SELECT DISTINCT a.niveau_parent AS niveau, a.code_parent AS code_territoire FROM referentiels.appartenances c
        JOIN referentiels.appartenances a USING (niveau, code_territoire)
        WHERE c.niveau = 'commune' AND c.niveau_parent = 'epci' AND c.code_parent = $1
          AND a.niveau_parent IN ('departement', 'region')"""
    requetes = {
        "estimations": """
            SELECT e.*, t.libelle, n.valeur_sur_mesure, n.est_dans_la_fourchette FROM indicateurs.estimations e
            LEFT JOIN referentiels.territoires t USING (niveau, code_territoire)
            LEFT JOIN indicateurs.notes_estimations n
                USING (grandeur, niveau, code_territoire, periode, axe, modalite)
            WHERE axe = 'total' AND grandeur = 'emplois_ess' AND (niveau = 'epci' AND code_territoire = $1
                OR niveau = 'commune' AND code_territoire IN (
                    SELECT code_territoire FROM referentiels.appartenances
                    WHERE niveau = 'commune' AND niveau_parent = 'epci' AND code_parent = $1))
            ORDER BY niveau = 'commune', borne_haute DESC NULLS LAST, code_territoire""",
        "calages": f"""
            SELECT c.*, t.libelle FROM qualite.calages c
            LEFT JOIN referentiels.territoires t ON t.niveau = 'departement' AND t.code_territoire = c.code_departement
            WHERE code_departement IN (SELECT code_territoire FROM ({autour}) WHERE niveau = 'departement')
            ORDER BY code_departement, famille <> 'total', famille""",
        "ponts": f"""
            SELECT p.*, t.libelle, a.titre AS titre_a, b.titre AS titre_b FROM indicateurs.pont_emploi p
            JOIN ({autour}) USING (niveau, code_territoire)
            LEFT JOIN referentiels.territoires t USING (niveau, code_territoire)
            LEFT JOIN indicateurs.catalogue a ON a.indicateur = indicateur_a
            LEFT JOIN indicateurs.catalogue b ON b.indicateur = indicateur_b
            ORDER BY niveau, code_territoire, indicateur_a, indicateur_b""",
    }
    contexte: dict[str, Any] = {nom: read_rows(base, requete, code) for nom, requete in requetes.items()}
    tailles = [nom for nom, *_ in TAILLES]
    contexte["retrotests"] = read_rows(
        base, "FROM qualite.retrotests ORDER BY test, periode, list_position(?, taille)", tailles
    )
    contexte["publications"] = read_rows(
        base,
        """
        SELECT niveau, publication, count(*) AS territoires FROM indicateurs.estimations
        WHERE axe = 'total' AND grandeur = 'emplois_ess' GROUP BY ALL ORDER BY niveau DESC, publication""",
    )
    contexte["release"] = read_rows(base, "FROM meta.release")[0]
    noms = read_rows(base, "FROM referentiels.territoires WHERE niveau = 'epci' AND code_territoire = ?", code)
    contexte["territoire"] = noms[0]["libelle"] if noms else code
    # as on every page: the release is a demonstration as soon as one of its inputs is
    return contexte | {"est_demonstration": contexte["release"]["nature"] == "demonstration"}
