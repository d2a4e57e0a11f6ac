"""Who is estimated: employers of the socle with their place, their band, and why some are left out of the total.

Reads the warehouse; what is done with the rows belongs to `local_jobs` and `back_tests`.
"""

from typing import Any

import duckdb
import numpy as np
import pandas as pd

from observatoire.estimation.simulation import Employeurs
from observatoire.estimation.size_bands import Floats, band_ranks, find_donors
from observatoire.sources.states import Portee
from observatoire.warehouse import sql_literal

# without its year, a band is taken for the oldest that Sirene gives
DERIVE_INCONNUE = 2.0

_LIEUX = """
    LEFT JOIN referentiels.communes c ON e.niveau = 'commune' AND c.code_commune = e.code_territoire
    LEFT JOIN referentiels.appartenances a ON e.niveau = 'epci' AND a.niveau = 'epci'
         AND a.code_territoire = e.code_territoire AND a.niveau_parent = 'departement'"""
_COLONNES = """
    coalesce(c.code_departement, a.code_parent, CASE WHEN e.niveau = 'departement' THEN e.code_territoire END)
        AS code_departement,
    c.code_commune, coalesce(c.code_epci, CASE WHEN e.niveau = 'epci' THEN e.code_territoire END) AS code_epci,
    e.siren, coalesce(e.a17, 'inconnu') AS secteur, e.code_naf, e.tranche_effectifs, e.annee_effectifs"""


def last_year(connexion: duckdb.DuckDBPyConnection) -> int | None:
    """Return the latest year of the totals of the ESS, None when there is none."""
    requete = "SELECT max(annee) FROM socle.urssaf_ess_departements WHERE est_ess AND effectifs_salaries_moyens > 0"
    ((annee,),) = connexion.execute(requete).fetchall()
    return None if annee is None else int(annee)


def _outside(connexion: duckdb.DuckDBPyConnection, annee: int, categorie: str) -> str:
    """Write as SQL whether an establishment is outside the régime général: the few rules in force, written out."""
    regles = connexion.execute(f"""
        SELECT critere, prefixe FROM referentiels.hors_regime_general
        WHERE make_date({annee}, 12, 31) BETWEEN coalesce(valide_du, DATE '1900-01-01')
                                             AND coalesce(valide_au, DATE '2999-12-31') ORDER BY ALL""").fetchall()
    colonnes = {"activite": "e.code_naf", "categorie_juridique": categorie}
    conditions = [f"starts_with({colonnes[critere]}, {sql_literal(prefixe)})" for critere, prefixe in regles]
    return f"coalesce({' OR '.join(conditions)}, false)" if conditions else "false"


def ess_employers(connexion: duckdb.DuckDBPyConnection, annee: int) -> pd.DataFrame:
    """Read the active employers of the ESS, one row each, in the order of their SIRET, which is not kept.

    `est_estimee` is false for those outside the régime général (`est_hors_regime`) or created after the year.
    """
    lignes = connexion.execute(f"""
        SELECT {_COLONNES}, coalesce(e.famille, 'inconnu') AS famille,
               {_outside(connexion, annee, "u.categorie_juridique")} AS est_hors_regime,
               coalesce(year(e.date_creation) > {annee}, false) AS est_creee_depuis
        FROM socle.etablissements e LEFT JOIN socle.unites_ess u USING (siren) {_LIEUX}
        WHERE e.est_actif AND e.est_employeur AND e.est_ess ORDER BY e.siret""").df()
    return lignes.assign(est_estimee=~(lignes["est_hors_regime"] | lignes["est_creee_depuis"]))


def prepare_private(connexion: duckdb.DuckDBPyConnection, annee: int) -> None:
    """Make the temporary table `prives`: the employers that Urssaf should count in its private sector, ESS or not."""
    connexion.execute(f"""
        CREATE OR REPLACE TEMP TABLE prives AS
        SELECT {_COLONNES}, e.siret
        FROM socle.etablissements e
        LEFT JOIN (SELECT siren, any_value(categorie_juridique) AS categorie FROM socle.sirene_unites_legales
                   SEMI JOIN (FROM socle.etablissements WHERE est_actif AND est_employeur) USING (siren)
                   GROUP BY siren) u USING (siren)
        {_LIEUX}
        WHERE e.est_actif AND e.est_employeur AND NOT coalesce(starts_with(u.categorie, '7'), false)
          AND NOT {_outside(connexion, annee, "u.categorie")}
          AND coalesce(year(e.date_creation), 0) <= {annee}""")


def as_arrays(
    lignes: pd.DataFrame, annee: int, strates: list[Any], rapport: float, tolerance: float = 0.0
) -> Employeurs:
    """Turn rows into the arrays of a calibration.

    Args:
        lignes: one row per employer, or per measured cell (`mesure` and its number of `employeurs`).
        annee: year of the total.
        strates: strata of donors, the finest first.
        rapport: establishments of the total over those of these rows.
        tolerance: relative tolerance of the measures.
    """
    rangs = band_ranks(lignes["tranche_effectifs"])
    annees = pd.to_numeric(lignes["annee_effectifs"], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    derive = np.nan_to_num(np.abs(annees - annee), nan=DERIVE_INCONNUE)
    mesure: Floats = np.full(len(lignes), np.nan)
    nombre = np.ones(len(lignes), dtype=np.int64)
    if "mesure" in lignes:
        mesure = lignes["mesure"].to_numpy(dtype=np.float64, na_value=np.nan)
        nombre = lignes["employeurs"].to_numpy(dtype=np.int64)
    return Employeurs(rangs, derive, find_donors(rangs, *strates), mesure, nombre, tolerance, rapport)


def ratio_of_establishments(comptes: float | None, nombre: int) -> float:
    """Return the accounts of a total over the employers that stand for it; 1 when either is not known."""
    return 1.0 if comptes is None or not nombre else comptes / nombre


def covered_departements(connexion: duckdb.DuckDBPyConnection, stocks: list[Portee]) -> set[str]:
    """Return the départements for which every one of these loads is complete."""
    paires = connexion.execute("""
        SELECT DISTINCT code_departement, code_region FROM referentiels.communes WHERE code_departement IS NOT NULL
        """).fetchall()
    couverts = {departement for departement, _ in paires}
    for stock in stocks:
        aire = set() if isinstance(stock.couverture, str) else {tuple(partie) for partie in stock.couverture}
        couverts &= {
            departement
            for departement, region in paires
            if aire & {("departement", departement), ("region", region), ("france", "FR")}
            and not aire & {("sauf departement", departement), ("sauf region", region)}
        }
    return couverts
