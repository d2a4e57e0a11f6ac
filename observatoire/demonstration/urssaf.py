"""The Urssaf tables: ESS by département and by région; the whole private sector by EPCI and by commune.

The second and third are the first one spread, so that they agree as far as tables of one producer do; where Sirene has
establishments, all count theirs (``private_jobs``), and the last has no other row. Belongs here: drawing and writing
these tables. Does not: the published figures the others are scaled on (``margins``), the columns of the last
(``urssaf_communes``).
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from observatoire.demonstration.geography import ANCIENNES_REGIONS, Geography
from observatoire.demonstration.margins import FAMILIES, gross_pay_per_head, private_outside_ess
from observatoire.demonstration.private_jobs import OUTSIDE_ESS, private_jobs
from observatoire.demonstration.urssaf_communes import private_by_commune
from observatoire.demonstration.urssaf_divisions import ess_by_region
from observatoire.demonstration.writing import Origin, replacing

Floats = npt.NDArray[np.float64]

YEARS = range(2019, 2025)
MEASURES = ["nombre_d_etablissements", "effectifs_salaries_moyens", "masse_salariale"]


ACCOUNTS = 1.02
"""Contribution accounts of an establishment: some have two."""


def write(
    dossier: Path, geography: Geography, *, seed: int, rows: int, departements: tuple[str, ...] | None = ("63",)
) -> list[Path]:
    """Write the tables and return their paths; `rows` and `departements` are those of the demonstration of Sirene."""
    rng = np.random.default_rng(seed)
    communes = geography.without_mayotte()
    jobs = private_jobs(geography, rows=rows, seed=seed, departements=departements)
    jobs = jobs[jobs["code_departement"] != "976"]
    ess = ess_by_departement(communes, geography, rng, jobs)
    name = "nombre-etab-effectifs-salaries-et-masse-salariale"
    tables = {
        dossier / "urssaf_ess_departements" / f"{name}-ess-departements.csv": ess,
        dossier / "urssaf_prive_epci" / f"{name}-secteur-prive-epci.csv": private_by_epci(
            communes, geography, ess, rng, jobs
        ),
        dossier / "urssaf_communes_ape" / "etablissements-et-effectifs-salaries-au-niveau-commune-x-ape-last.csv": (
            private_by_commune(jobs, geography, np.random.default_rng([seed, 1]))
        ),
        dossier / "urssaf_ess_regions_na88" / f"{name}-ess-regions-x-na88.csv": ess_by_region(ess, seed, MEASURES),
    }
    for path, table in tables.items():
        origin = Origin(
            jeu=path.stem,
            millesime=str(YEARS[-1]),
            note="Chiffres inventés, calés sur des statistiques publiées d'autres territoires, répartis selon la "
            "population ; ne décrivent aucun territoire réel. Mayotte est hors champ, comme dans le jeu officiel.",
        )
        with replacing(path, origin) as temporary:
            # The portal's exports start with a BOM.
            table.to_csv(temporary, sep=";", index=False, encoding="utf-8-sig", lineterminator="\n")
    return list(tables)


def ess_by_departement(
    communes: pd.DataFrame, geography: Geography, rng: np.random.Generator, jobs: pd.DataFrame
) -> pd.DataFrame:
    """Draw one row per département, family (those of the ESS, then the rest of the private sector) and year."""
    counted = jobs.groupby(["famille", "code_departement"])[["etablissements", "effectif_moyen"]].sum()
    population = communes.groupby(["code_departement", "code_region"], as_index=False)["population_municipale"].sum()
    outside_establishments, outside_jobs = private_outside_ess()
    families = [(*_national(f.etablissements, f.postes), "OUI", f.libelle) for f in FAMILIES]
    families.append((*_national(outside_establishments, outside_jobs), "NON", OUTSIDE_ESS))

    economy = population["population_municipale"].to_numpy() * rng.lognormal(0, 0.1, len(population))
    tables = []
    for establishments, jobs_, champ, libelle in families:
        weight = economy * rng.lognormal(0, 0.1, len(economy))
        count = np.rint(np.outer(weight / weight.sum(), establishments))
        size = np.outer(rng.lognormal(0, 0.1, len(economy)), jobs_ / establishments)
        headcount = (count * size * rng.lognormal(0, 0.01, count.shape)).round(1)
        known = population["code_departement"].isin(jobs["code_departement"]).to_numpy()
        seen = population.loc[known, "code_departement"].map(
            lambda code, libelle=libelle: (
                tuple(counted.loc[(libelle, code)]) if (libelle, code) in counted.index else (0, 0)
            )
        )
        establishments_seen, jobs_seen = np.array(seen.tolist()).reshape(-1, 2).T
        count[known] = np.rint(np.outer(establishments_seen * ACCOUNTS, establishments / establishments[-1]))
        headcount[known] = np.outer(jobs_seen, jobs_ / jobs_[-1]).round(1)
        pay = np.array([gross_pay_per_head(year, is_ess=champ == "OUI") for year in YEARS])
        payroll = np.rint(headcount * pay * rng.lognormal(0, 0.03, (len(economy), 1)))
        table = population.loc[population.index.repeat(len(YEARS)), ["code_departement", "code_region"]]
        tables.append(
            table.assign(champ_ess=champ, famille_ess=libelle, annee=np.tile(YEARS, len(economy)))
            .assign(**dict(zip(MEASURES, (count.ravel(), headcount.ravel(), payroll.ravel()), strict=True)))
            .astype({"nombre_d_etablissements": "int64", "masse_salariale": "int64"})
        )
    drawn = pd.concat(tables)
    # A family absent from a département has no row, rather than a row of zeros.
    drawn = _with_old_regions(drawn[drawn["nombre_d_etablissements"] > 0], geography)
    drawn = drawn.assign(departement=geography.label("departement", drawn["code_departement"]))
    drawn = drawn.sort_values(["code_departement", "champ_ess", "famille_ess", "annee"])
    columns = ["region", "ancienne_region", "departement", "champ_ess", "famille_ess", "annee"]
    return drawn.loc[:, [*columns, "code_region", "code_ancienne_region", "code_departement", *MEASURES]]


def private_by_epci(
    communes: pd.DataFrame, geography: Geography, ess: pd.DataFrame, rng: np.random.Generator, jobs: pd.DataFrame
) -> pd.DataFrame:
    """Spread the private sector of each département over its EPCI: one row per EPCI, région, former région and year.

    An EPCI that straddles two régions, or two former régions of one, has two rows for a year, as in the official table:
    whoever reads it must add them. Communes without EPCI take their part with them.
    """
    keys = ["code_departement", "code_region", "code_epci"]
    pieces = communes.groupby(keys, as_index=False)[["population_municipale"]].sum()
    pieces["poids"] = pieces["population_municipale"] * rng.lognormal(0, 0.2, len(pieces))
    pieces["poids"] /= pieces.groupby("code_departement")["poids"].transform("sum")
    pieces = _as_counted(pieces, communes, geography, jobs)
    pieces = _with_old_regions(pieces[pieces["code_epci"] != ""], geography)

    private = ess.groupby(["code_departement", "annee"], as_index=False)[MEASURES].sum()
    spread = pieces.merge(private, on="code_departement")
    spread[MEASURES[0]] *= spread["poids_etablissements"]
    spread[MEASURES[1:]] = spread[MEASURES[1:]].mul(spread["poids"], axis=0)
    parts = ["code_epci", "region", "code_region", "ancienne_region", "code_ancienne_region", "annee"]
    table = spread.groupby(parts, as_index=False)[MEASURES].sum()
    table = table.round({"nombre_d_etablissements": 0, "effectifs_salaries_moyens": 1, "masse_salariale": 0})
    table = table.astype({"nombre_d_etablissements": "int64", "masse_salariale": "Int64"})
    table = table[table["nombre_d_etablissements"] > 0].reset_index(drop=True)
    # Unknown is not zero: the six smallest cells keep their establishments and lose what they pay. One of them leaves
    # the gap between the tables unknown in its région: not, as far as can be, where Sirene has establishments.
    seen = communes.loc[communes["code_departement"].isin(jobs["code_departement"]), "code_region"]
    elsewhere = ~table["code_region"].isin(seen)
    smallest = table.loc[elsewhere if elsewhere.any() else table.index, "nombre_d_etablissements"].nsmallest(6).index
    table.loc[smallest, ["effectifs_salaries_moyens", "masse_salariale"]] = pd.NA

    table = table.assign(epci=geography.label("epci", table["code_epci"]))
    columns = ["region", "ancienne_region", "epci", "annee", "code_region", "code_ancienne_region", "code_epci"]
    return table.loc[:, [*columns, *MEASURES]]


def _as_counted(pieces: pd.DataFrame, communes: pd.DataFrame, geography: Geography, jobs: pd.DataFrame) -> pd.DataFrame:
    """Replace the weights of the EPCI of a département by what its establishments say, where they are known."""
    places = communes.set_index("code_commune")["code_epci"]
    counted = jobs.assign(
        code_epci=jobs["code_commune"].map(lambda code: geography.current.get(code, code)).map(places).fillna("")
    )
    shares = counted.groupby(["code_departement", "code_epci"])[["etablissements", "effectif_moyen"]].sum()
    shares = shares / shares.groupby("code_departement").transform("sum")
    keyed = pieces.merge(shares.reset_index(), "left", ["code_departement", "code_epci"])
    known = keyed["code_departement"].isin(jobs["code_departement"])
    return pieces.assign(
        poids=keyed["poids"].mask(known, keyed["effectif_moyen"].fillna(0)),
        poids_etablissements=keyed["poids"].mask(known, keyed["etablissements"].fillna(0)),
    )


def _national(establishments: float, jobs: float) -> tuple[Floats, Floats]:
    """National figures of each year: slow growth around the year they are published for, sizes a little faster."""
    gap = np.array(YEARS) - 2021  # the middle of 2020-22
    return establishments * 1.002**gap, jobs * 1.01**gap


def _with_old_regions(table: pd.DataFrame, geography: Geography) -> pd.DataFrame:
    old = {departement: code for code, (_, members) in ANCIENNES_REGIONS.items() for departement in members.split()}
    codes = table["code_departement"].map(old)
    return table.assign(
        region=geography.label("region", table["code_region"]),
        code_ancienne_region=codes,
        ancienne_region=codes.map(lambda code: ANCIENNES_REGIONS[code][0]),
    )
