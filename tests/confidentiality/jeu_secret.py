"""A measure to protect: establishments drawn on real or tiny territories, in a DuckDB that looks like the warehouse."""

from collections.abc import Iterable

import duckdb
import numpy as np
import pandas as pd
from scipy import optimize

from observatoire.indicators.catalog import Mesure
from observatoire.settings import REFERENCES
from observatoire.socle.territories import APPARTENANCES, TERRITOIRES

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
    base.execute(
        "CREATE TABLE referentiels.communes AS SELECT * REPLACE (population_municipale::BIGINT AS population_municipale) FROM c"
    )
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
    base.execute(
        "CREATE OR REPLACE TEMP TABLE lignes_lues AS SELECT * REPLACE (valeur::DECIMAL(38,6) AS valeur) FROM lignes_python"
    )
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


def petit_monde(communes: int, epci: int, departements: int) -> pd.DataFrame:
    """Make communes whose EPCI straddle départements as soon as there are two: the two cuts do not follow each other."""
    rangs = range(communes)
    return pd.DataFrame(
        {
            "code_commune": [f"C{rang:02d}" for rang in rangs],
            "libelle_commune": "x",
            "code_departement": [f"D{rang * departements // communes}" for rang in rangs],
            "code_region": "R",
            "code_epci": [f"E{rang % epci}" for rang in rangs],
            "population_municipale": [str(1000 // (rang + 1)) for rang in rangs],
            "millesime_population": "2023",
            "millesime_cog": "2026",
        }
    )


class AttaquantDuTest:
    """An attacker that owes nothing to the product: one unknown per commune, family and sector with an establishment."""

    def __init__(self, communes: pd.DataFrame, lignes: pd.DataFrame, cellules: pd.DataFrame) -> None:
        places = communes.assign(code_france="FR")
        detail = lignes.merge(places, left_on="code_territoire", right_on="code_commune")
        self.atomes = detail.groupby(["code_commune", "famille", "secteur"], as_index=False).agg(
            valeur=("valeur", "sum"), **{c: (c, "first") for c in places.columns if c != "code_commune"}
        )
        noms = {n: f"code_{n}" for n in ("commune", "epci", "departement", "region", "france")}
        self.lignes = []
        for niveau, code, axe, modalite in cellules[["niveau", "code_territoire", "axe", "modalite"]].itertuples(
            index=False
        ):
            choisis = self.atomes[noms[niveau]] == code
            for nom, voulue in zip(axe.split("×"), modalite.split("|"), strict=True):
                if nom != "total":
                    choisis &= self.atomes[nom] == voulue
            self.lignes.append(choisis.to_numpy(dtype=float))

    def bornes(self, rang: int, montrees: list[int]) -> tuple[float, float]:
        """Bound a cell from those that are shown."""
        valeurs = self.atomes["valeur"].to_numpy(dtype=float)
        connues = np.array([self.lignes[m] for m in montrees]).reshape(len(montrees), len(valeurs))
        trouvees: list[float] = []
        for signe in (1, -1):
            if trouvees == [0]:
                return 0, float("inf")  # nothing more to know: a cell that may be nothing is not known
            reponse = optimize.linprog(
                signe * self.lignes[rang],
                A_eq=connues / 1e4,
                b_eq=connues @ valeurs / 1e4,
                bounds=(0, None),
                method="highs",
            )
            trouvees.append(float("inf") if reponse.x is None else float(self.lignes[rang] @ reponse.x))
        return trouvees[0], trouvees[1]
