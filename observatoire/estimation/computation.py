"""The step of the chain: read the socle, estimate, judge the method, write the three tables.

What is estimated belongs to `local_jobs`, what the method is worth to `back_tests`, columns to `tables`.
"""

from typing import Any

import duckdb

from observatoire.derived import versions_of, write_rows
from observatoire.estimation.back_tests import back_test
from observatoire.estimation.employers import covered_departements, ess_employers, last_year
from observatoire.estimation.local_jobs import Estimateur
from observatoire.estimation.tables import CALAGES, ESTIMATIONS, LUES, LUES_RETROTESTS, RETROTESTS
from observatoire.estimation.urssaf_totals import read_totals
from observatoire.fingerprints import code_owed
from observatoire.socle.computed_tables import sources_of
from observatoire.sources import sources
from observatoire.sources.states import carried_by, common_nature
from observatoire.warehouse import Entrepot, fingerprint

ECRITES = {
    ("indicateurs", "estimations"): ESTIMATIONS,
    ("qualite", "calages"): CALAGES,
    ("qualite", "retrotests"): RETROTESTS,
}


def estimations_version(entrees: dict[str, str | None]) -> str:
    """Return the version of the three tables, from what they read and the code that makes them."""
    return fingerprint(entrees, code_owed(__name__))


def compute_estimations(entrepot: Entrepot) -> dict[str, int]:
    """Compute the estimates, their calibrations and their back-tests if what they read changed; return their rows.

    Raises:
        TableIncoherente: a table whose key repeats; the former one stays.
    """
    entrees = versions_of(entrepot, LUES_RETROTESTS)
    version = estimations_version(entrees)
    if any(entrepot.version(*nom) != version for nom in ECRITES):
        with entrepot.connect(LUES_RETROTESTS) as connexion:
            lignes = _compute(connexion, entrepot)
        for (schema, nom), table in ECRITES.items():
            write_rows(entrepot, f"{schema}.{nom}", table, lignes[nom], {"version": version, "entrees": entrees})
    return {f"{schema}.{nom}": entrepot.count_rows(schema, nom) for schema, nom in ECRITES}


def _compute(connexion: duckdb.DuckDBPyConnection, entrepot: Entrepot) -> dict[str, list[dict[str, Any]]]:
    annee = last_year(connexion)
    portees = [carried_by(entrepot, sources()[nom]) for nom in ("sirene_etablissements", "sirene_unites_legales")]
    stocks = [portee for portee in portees if portee is not None]
    if annee is None or len(stocks) < len(portees):
        return {nom: [] for _, nom in ECRITES}
    nature = common_nature(entrepot, (source for table in LUES for source in sources_of(table)))
    couverts = covered_departements(connexion, stocks)
    totaux = read_totals(connexion, annee)
    employeurs = ess_employers(connexion, annee)
    communes = connexion.execute("""
        SELECT code_commune, code_departement, code_region, code_epci FROM referentiels.communes
        WHERE code_departement IS NOT NULL ORDER BY code_commune""").df()
    estimateur = Estimateur(employeurs, communes, totaux, nature)
    estimateur.run(couverts)
    retrotests = back_test(connexion, employeurs, communes, totaux, couverts, nature)
    return {"estimations": estimateur.lignes, "calages": estimateur.calages, "retrotests": retrotests}
