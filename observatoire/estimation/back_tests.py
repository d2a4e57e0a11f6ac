"""The back-tests that published figures allow: the method asked for what Urssaf publishes, and compared with it.

All private jobs, calibrated by département, against the EPCI; jobs of the ESS, calibrated by région, against the
départements. The method is the one that is used (`areas.estimate`), with the same draws.
"""

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from observatoire.estimation.areas import estimate
from observatoire.estimation.calibration import TotalImpossible
from observatoire.estimation.employers import as_arrays, prepare_private, ratio_of_establishments
from observatoire.estimation.simulation import Draws, plausible_range
from observatoire.estimation.urssaf_totals import TotauxUrssaf

GRAINE = 20261127
TAILLES = (("moins de 1 000 salariés", 0, 1_000), ("1 000 à 9 999 salariés", 1_000, 10_000),
           ("10 000 salariés et plus", 10_000, np.inf), ("ensemble", 0, np.inf))
PRIVE_EPCI = "emploi privé des EPCI, calé par département"
ESS_DEPARTEMENTS = "emploi de l'ESS des départements, calé par région"

Ligne = dict[str, Any]
# published figure, estimate, draws of a territory
Comparaison = tuple[float, float, Draws]


def back_test(
    connexion: duckdb.DuckDBPyConnection,
    ess: pd.DataFrame,
    communes: pd.DataFrame,
    totaux: TotauxUrssaf,
    couverts: set[str],
    nature: str,
) -> list[Ligne]:
    """Return the rows of `qualite.retrotests`.

    Args:
        connexion: on the warehouse.
        ess: rows of `employers.ess_employers`.
        communes: `code_commune, code_departement, code_region, code_epci` of every commune.
        totaux: what Urssaf says of the year.
        couverts: départements that Sirene covers.
        nature: of everything computed.
    """
    faits = (
        (
            PRIVE_EPCI,
            list(_private(connexion, communes, totaux, couverts)),
            "totaux privés de la table des départements",
        ),
        (ESS_DEPARTEMENTS, list(_ess(ess, communes, totaux, couverts)), "somme des totaux de l'ESS des départements"),
    )
    return [
        _summary(test, comparaisons, taille, note) | {"periode": str(totaux.annee), "nature": nature}
        for test, comparaisons, note in faits
        for taille in TAILLES
    ]


def _private(
    connexion: duckdb.DuckDBPyConnection, communes: pd.DataFrame, totaux: TotauxUrssaf, couverts: set[str]
) -> Iterator[Comparaison]:
    """Estimate all private jobs of the EPCI that lie whole in calibrated départements."""
    prepare_private(connexion, totaux.annee)
    connus = connexion.execute(f"""
        SELECT code_departement, sum(effectifs_salaries_moyens)::DOUBLE,
               CASE WHEN count(nombre_etablissements) = count(*) THEN sum(nombre_etablissements)::DOUBLE END
        FROM socle.urssaf_ess_departements WHERE annee = {totaux.annee}
        GROUP BY ALL HAVING count(effectifs_salaries_moyens) = count(*) ORDER BY ALL""").fetchall()
    publies = dict(
        connexion.execute(f"""
        SELECT code_epci, sum(effectifs_salaries_moyens)::DOUBLE FROM socle.urssaf_prive_epci
        WHERE annee = {totaux.annee} GROUP BY ALL HAVING count(effectifs_salaries_moyens) = count(*)""").fetchall()
    )
    points: dict[str, float] = {}
    tirages: dict[str, Draws] = {}
    faits = set()
    for departement, total, comptes in connus:
        if departement not in couverts:
            continue
        lignes = connexion.execute(
            "SELECT code_epci, secteur, tranche_effectifs, annee_effectifs FROM prives WHERE code_departement = ? "
            "ORDER BY siret", [departement],
        ).df()
        zone, codes = pd.factorize(lignes["code_epci"].fillna(""), sort=True)
        rapport = ratio_of_establishments(comptes, len(lignes))
        employeurs = as_arrays(lignes, totaux.annee, [lignes["secteur"]], rapport)
        try:
            resultat = estimate(employeurs, total, zone, len(codes), [GRAINE, *map(ord, departement)])
        except TotalImpossible:
            continue
        faits.add(departement)
        noms: list[str] = [str(code) for code in codes]
        for rang, nom in enumerate(noms):
            points[nom] = points.get(nom, 0.0) + float(resultat.point[rang])
            tirages[nom] = tirages[nom] + resultat.tirages[rang] if nom in tirages else resultat.tirages[rang]
    for code, departements in communes.dropna(subset=["code_epci"]).groupby("code_epci")["code_departement"]:
        if set(departements) <= faits and (nom := str(code)) in points and publies.get(nom):
            yield publies[nom], points[nom], tirages[nom]


def _ess(ess: pd.DataFrame, communes: pd.DataFrame, totaux: TotauxUrssaf, couverts: set[str]) -> Iterator[Comparaison]:
    """Estimate the jobs of the ESS of the départements of the régions that are covered and known whole."""
    estimes = ess[ess["est_estimee"] & ess["code_departement"].notna()]
    for region, codes in communes.groupby("code_region")["code_departement"]:
        departements = sorted(set(codes))
        totals = [totaux.of(departement, "total") for departement in departements]
        vrais = [total for total, _ in totals if total]
        if len(departements) < 2 or not set(departements) <= couverts or len(vrais) < len(departements):
            continue
        lignes = estimes[estimes["code_departement"].isin(departements)].reset_index(drop=True)
        zone = lignes["code_departement"].map({code: rang for rang, code in enumerate(departements)}).to_numpy()
        comptes = [nombre for _, nombre in totals if nombre is not None]
        rapport = ratio_of_establishments(sum(comptes) if len(comptes) == len(totals) else None, len(lignes))
        strates = [lignes["famille"] + "|" + lignes["secteur"], lignes["famille"]]
        employeurs = as_arrays(lignes, totaux.annee, strates, rapport)
        try:
            resultat = estimate(employeurs, sum(vrais), zone, len(departements), [GRAINE, *map(ord, str(region))])
        except TotalImpossible:
            continue
        yield from zip(vrais, resultat.point.tolist(), resultat.tirages, strict=True)


def _summary(test: str, comparaisons: list[Comparaison], taille: tuple[str, float, float], note: str) -> Ligne:
    nom, au_moins, moins_de = taille
    choisies = [c for c in comparaisons if au_moins <= c[0] < moins_de]
    dit: Ligne = {"test": test, "taille": nom, "territoires": len(choisies), "note": f"calé sur : {note}"}
    if not choisies:
        return dit | {"note": f"{dit['note']} ; aucun territoire comparable dans les fichiers en place"}
    vrais, points = (np.array([c[rang] for c in choisies]) for rang in (0, 1))
    bas, haut = plausible_range(np.array([c[2] for c in choisies]), points)
    return dit | {
        "couverture_pct": round(100 * float(np.mean((bas <= vrais) & (vrais <= haut))), 1),
        "demi_largeur_mediane_pct": round(100 * float(np.median((haut - bas) / 2 / np.maximum(points, 1))), 1),
        "ecart_median_pct": round(100 * float(np.median(np.abs(points - vrais) / vrais)), 1),
    }
