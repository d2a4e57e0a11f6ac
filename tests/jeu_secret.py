"""A measure to protect: establishments drawn on real or tiny territories, in a DuckDB that looks like the warehouse."""

from collections.abc import Iterable

import duckdb
import numpy as np
import pandas as pd

from observatoire.catalog import Mesure
from observatoire.settings import REFERENCES
from observatoire.territories import APPARTENANCES, TERRITOIRES
from observatoire.warehouse import sql_literal

MESURE = Mesure("paie", "", "", (), diffusion="protegee")
FAMILLES, PARTS = list("ABCDE"), [0.85, 0.09, 0.04, 0.01, 0.01]
SECTEURS = [f"S{rang:02d}" for rang in range(17)]
COLONNES = ["niveau", "code_territoire", "periode", "unite", "repondant", "famille", "secteur", "valeur"]


def communes_reelles(departements: Iterable[str] | None = None) -> pd.DataFrame:
    """Read the committed communes of some départements, or of France."""
    toutes = pd.read_csv(REFERENCES / "communes.csv", dtype=str)
    return toutes if departements is None else toutes[toutes["code_departement"].isin(list(departements))]


def connexion(communes: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    """Open a warehouse that knows these communes and what contains them, by the product's own queries."""
    base = duckdb.connect()
    for schema in ("referentiels", "mesures", "indicateurs"):
        base.execute(f"CREATE SCHEMA {schema}")
    base.register("c", communes.astype(object).where(communes.notna(), None))
    base.execute("CREATE TABLE referentiels.communes AS SELECT * REPLACE (population_municipale::BIGINT AS population_municipale) FROM c")
    base.execute("""
        CREATE TABLE referentiels.zonages AS
        SELECT DISTINCT unnest([{niveau: 'epci', code_territoire: code_epci},
               {niveau: 'departement', code_territoire: code_departement},
               {niveau: 'region', code_territoire: code_region},
               {niveau: 'france', code_territoire: 'FR'}], recursive := true), 'x' AS libelle,
               NULL::VARCHAR AS type_zonage
        FROM referentiels.communes""")
    base.execute("DELETE FROM referentiels.zonages WHERE code_territoire IS NULL")
    for derivee in (TERRITOIRES, APPARTENANCES):
        base.execute(f"CREATE TABLE referentiels.{derivee.nom} AS {derivee.requete}")
    return base


def poser(base: duckdb.DuckDBPyConnection, lignes: pd.DataFrame, croise: bool = True, secteurs: bool = True) -> None:
    """Write the contributions of establishments (columns `COLONNES`) and the cells they give."""
    base.register("lignes_python", lignes)
    base.execute("CREATE OR REPLACE TEMP TABLE lignes_lues AS SELECT * REPLACE (valeur::DECIMAL(38,6) AS valeur) FROM lignes_python")
    axes = ["{axe: 'total', modalite: 'total'}", "{axe: 'famille', modalite: famille}"]
    axes += ["{axe: 'secteur', modalite: secteur}"] * secteurs
    axes += ["{axe: 'famille×secteur', modalite: famille || '|' || secteur}"] * croise
    base.execute(f"""
        CREATE OR REPLACE TABLE mesures.paie AS
        SELECT niveau, code_territoire, periode, unnest([{", ".join(axes)}], recursive := true), unite, repondant,
               1 AS nombre_unites, valeur FROM lignes_lues""")
    base.execute("""
        CREATE OR REPLACE TABLE indicateurs.cube AS
        WITH ancetres AS (
            SELECT niveau, code_territoire, niveau_parent, code_parent FROM referentiels.appartenances
            UNION ALL SELECT niveau, code_territoire, niveau, code_territoire FROM referentiels.territoires)
        SELECT 'paie' AS mesure, niveau_parent AS niveau, code_parent AS code_territoire, periode, axe, modalite,
               sum(valeur) AS somme, sum(nombre_unites)::BIGINT AS nombre_unites
        FROM mesures.paie JOIN ancetres USING (niveau, code_territoire) GROUP BY ALL""")


def tirer(communes: pd.DataFrame, nombre: int, graine: int = 0, periode: str = "2024") -> pd.DataFrame:
    """Draw establishments: many in the large communes, mostly associations, payrolls spread as real ones are."""
    alea = np.random.default_rng(graine)
    poids = communes["population_municipale"].fillna("0").astype(float).to_numpy() + 1
    lieux = alea.choice(communes["code_commune"].to_numpy(), nombre, p=poids / poids.sum())
    repondants = alea.integers(0, max(1, int(nombre * 0.8)), nombre)
    return pd.DataFrame(
        {
            "niveau": "commune",
            "code_territoire": lieux,
            "periode": periode,
            "unite": [f"u{rang}" for rang in range(nombre)],
            "repondant": [f"r{numero}" for numero in repondants],
            "famille": alea.choice(FAMILLES, nombre, p=PARTS),
            "secteur": alea.choice(SECTEURS, nombre),
            "valeur": alea.lognormal(11, 1.3, nombre).round().astype("int64"),
        }
    )
