"""Jobs of the ESS in each commune and EPCI, latest year only: employers of Sirene calibrated on the totals of Urssaf.

One calibration per département, and per family where the families of both sources match. No headcount of an employer
is written anywhere. The arithmetic belongs to `areas`, reading to `employers` and `urssaf_totals`, what may be
published to `publication_rule`.
"""

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from observatoire.estimation.areas import Zones, bounds_of, certain_bounds, estimate
from observatoire.estimation.calibration import TotalImpossible, check_total
from observatoire.estimation.employers import as_arrays, ratio_of_establishments
from observatoire.estimation.publication_rule import (
    HORS_BORNES,
    SANS_TOTAL,
    Estimation,
    estimation_row,
    no_employer,
    payroll_row,
)
from observatoire.estimation.simulation import SANS_TRANCHE, Draws, Employeurs, plausible_range
from observatoire.estimation.size_bands import MANQUANTE, Integers, band_ranks
from observatoire.estimation.urssaf_totals import ECART_MAXIMUM_PCT, TotauxUrssaf

GRAINE = 20261126
CALE = "le total est entre les sommes des bornes"
# the numbers of establishments of a family may differ by this much for the two sources to speak of the same family
ECART_FAMILLE = 0.20
# under this the measure of a cell is not more precise than what tables of two definitions can say
TOLERANCE_MINIMUM = 0.05
# up to so many employers, one account more may be most of the jobs of a cell: the numbers must be equal
PETITE_CELLULE = 5

Ligne = dict[str, Any]
Clef = tuple[str, str]


@dataclass
class Cumul:
    """What the départements of an EPCI add up to, for the total or a family."""

    point: float = 0.0
    tirages: Draws | float = 0.0
    masse: Draws | float = 0.0
    bas: float = 0.0
    haut: float = 0.0
    haut_sans_lieu: float = 0.0
    refus: list[str] = field(default_factory=list)
    est_masse_connue: bool = True
    est_renseigne: bool = False
    est_vide: bool = True


class Estimateur:
    """Estimates département after département; EPCI when all of theirs are done.

    Attributes:
        lignes: rows of `indicateurs.estimations`.
        calages: rows of `qualite.calages`.
    """

    def __init__(self, employeurs: pd.DataFrame, communes: pd.DataFrame, totaux: TotauxUrssaf, nature: str) -> None:
        """Prepare the counts of every area.

        Args:
            employeurs: rows of `employers.ess_employers`.
            communes: `code_commune, code_departement, code_epci` of every commune.
            totaux: what Urssaf says of the year.
            nature: of everything computed.
        """
        self.totaux, self.nature = totaux, nature
        self.lignes: list[Ligne] = []
        self.calages: list[Ligne] = []
        self.communes = communes
        rangs = band_ranks(employeurs["tranche_effectifs"])
        annees = pd.to_numeric(employeurs["annee_effectifs"], errors="coerce")
        self.employeurs = employeurs.assign(
            sans_tranche=rangs == MANQUANTE,
            ecart_annees=(annees - totaux.annee).abs().where(rangs != MANQUANTE),
        )
        lieux = communes[["code_commune", "code_departement"]]
        self.cellules = dict(iter(totaux.cells.merge(lieux, on="code_commune").groupby("code_departement")))
        self.par_departement = dict(iter(self.employeurs.groupby("code_departement")))
        self._cumuls: dict[tuple[str, str], Cumul] = defaultdict(Cumul)
        self._comptes = {niveau: self._count(niveau) for niveau in ("commune", "epci")}

    def _count(self, niveau: str) -> dict[tuple[str, str], Ligne]:
        """Count the employers of each area, all families and each."""
        code = f"code_{niveau}"
        comptes: dict[tuple[str, str], Ligne] = defaultdict(dict)
        for modalite, lignes in self._by_family(self.employeurs):
            for clef, hors in lignes[lignes["est_hors_regime"]].groupby(code).size().items():
                comptes[str(clef), modalite]["nombre_hors_regime_general"] = int(hors)
            groupes = lignes[lignes["est_estimee"]].groupby(code)
            resume = groupes.agg(
                nombre_etablissements=("siren", "size"), nombre_repondants=("siren", "nunique"),
                sans_tranche=("sans_tranche", "sum"), ecart_annees=("ecart_annees", "mean"),
            )
            for clef, dit in zip(resume.index, resume.to_dict("records"), strict=True):
                comptes[str(clef), modalite] |= {str(nom): valeur for nom, valeur in dit.items()}
        return comptes

    @staticmethod
    def _by_family(lignes: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
        return [("total", lignes), *((str(famille), groupe) for famille, groupe in lignes.groupby("famille"))]

    def run(self, couverts: set[str]) -> None:
        """Estimate the covered départements that Urssaf knows, then the EPCI that lie in them whole."""
        for departement in sorted(couverts & self.totaux.departements):
            self._departement(departement)
        for departement in sorted(self.totaux.departements - couverts):
            self._calibration(departement, "total", verdict="non_couvert", explication=(
                "Les deux stocks Sirene ne disent pas couvrir ce département : rien n'y est estimé."
            ))
        perdus = self.employeurs[self.employeurs["code_departement"].isna()]
        if len(perdus):
            self._calibration("inconnu", "total", perdus, verdict="non_couvert", explication=(
                "Employeurs dont le département n'est pas connu : dans aucune estimation."
            ))
        self._epci(couverts & self.totaux.departements)

    def _departement(self, departement: str) -> None:
        tous = self.par_departement.get(departement, self.employeurs.iloc[:0])
        places = self.communes[self.communes["code_departement"] == departement]
        for modalite in ("total", *sorted(set(self.totaux.familles.values()))):
            lignes = tous if modalite == "total" else tous[tous["famille"] == modalite]
            total, comptes = self.totaux.of(departement, modalite)
            retenus = lignes[lignes["est_estimee"]].reset_index(drop=True)
            rapport = ratio_of_establishments(comptes, len(retenus))
            unites, tolerance, mesures = self._with_measures(departement, retenus)
            employeurs = self._arrays(unites, rapport, tolerance)
            motif = self._unreachable(employeurs, total)
            if motif and len(mesures):
                # two tables of two definitions may contradict each other where bands do not
                unites, mesures = retenus, mesures.iloc[:0]
                employeurs = self._arrays(unites, rapport, tolerance)
                motif = self._unreachable(employeurs, total)
            verdict = "total_inconnu" if total is None else "hors_bornes" if motif else "cale"
            bas, haut, _ = bounds_of(employeurs)
            if not motif and modalite != "total":
                motif = self._mismatch(departement, modalite, comptes, rapport)
                verdict = "non_rapprochee" if motif else verdict
            plafond = np.minimum(haut, np.maximum(total or 0.0, bas)).sum()
            self._calibration(
                departement, modalite, lignes, total_urssaf=total, somme_basse=bas.sum(), somme_haute=plafond,
                ecart=None if total is None else total - float(np.clip(total, bas.sum(), plafond)),
                verdict=verdict, explication=motif or CALE,
                nombre_etablissements_urssaf=comptes,
                ecart_etablissements_pct=100 * (rapport - 1) if len(retenus) and comptes is not None else None,
                nombre_cellules_urssaf=len(mesures), salaries_cellules_urssaf=float(mesures.sum()),
                tolerance_cellules_pct=100 * tolerance,
            )
            if modalite != "total" and motif:
                for code in places["code_epci"].dropna().unique():
                    self._cumuls[code, modalite].refus.append(motif)
                continue
            self._areas(departement, modalite, unites, employeurs, total, motif, places)

    def _arrays(self, unites: pd.DataFrame, rapport: float, tolerance: float) -> Employeurs:
        strates = [unites["famille"] + "|" + unites["secteur"], unites["famille"]]
        return as_arrays(unites, self.totaux.annee, strates, rapport, tolerance)

    @staticmethod
    def _unreachable(employeurs: Employeurs, total: float | None) -> str:
        """Say why a total cannot be calibrated on; nothing when it can."""
        if total is None:
            return SANS_TOTAL
        bas, haut, _ = bounds_of(employeurs)
        try:
            check_total(bas, haut, total)
        except TotalImpossible as erreur:
            return f"{HORS_BORNES} : {erreur}"
        return ""

    def _mismatch(self, departement: str, modalite: str, comptes: float | None, rapport: float) -> str:
        """Say why a family of Urssaf is not shown to be the one of the observatory; nothing when it is."""
        if inconnues := self.totaux.unknown_labels(departement):
            return f"famille de l'Urssaf sans correspondance ({', '.join(inconnues)}) : voir familles_urssaf"
        if comptes is None:
            return (
                "l'Urssaf ne dit pas le nombre d'établissements de cette famille : rien ne montre qu'il s'agit de la "
                "même"
            )
        if abs(rapport - 1) > ECART_FAMILLE:
            return (
                f"les nombres d'établissements de l'Urssaf et de Sirene diffèrent de {100 * (rapport - 1):+.0f} % pour "
                f"cette famille (au plus {100 * ECART_FAMILLE:.0f} %) : rien ne montre qu'il s'agit de la même"
            )
        return ""

    def _with_measures(self, departement: str, retenus: pd.DataFrame) -> tuple[pd.DataFrame, float, pd.Series]:
        """Put, in place of the employers of a cell that is all ESS and of one family, what Urssaf measures of it."""
        ecart = self.totaux.gap_of_communes(departement)
        tolerance = max(TOLERANCE_MINIMUM, abs(ecart) if ecart is not None else 0.0)
        cellules = self.cellules.get(departement)
        vides = pd.Series(dtype="float64")
        if ecart is None or 100 * tolerance > ECART_MAXIMUM_PCT or cellules is None or retenus.empty:
            return retenus.assign(mesure=np.nan, employeurs=1), tolerance, vides
        cles = ["code_commune", "code_naf"]
        ess = retenus.groupby(cles, as_index=False).agg(
            employeurs=("siren", "size"), familles=("famille", "nunique"), famille=("famille", "first"),
            secteur=("secteur", "first"), code_epci=("code_epci", "first"),
        )
        trouvees = ess.merge(cellules, on=cles)
        nombre = trouvees["employeurs"]
        permis = np.where(nombre > PETITE_CELLULE, np.maximum(1, 0.1 * nombre), 0)
        memes = (trouvees["comptes"] - nombre).abs() <= permis
        # all the employers of the cell, whatever they are, are those of this calibration
        entieres = trouvees[
            memes & (nombre == trouvees["tous_employeurs"]) & (trouvees["familles"] == 1)
        ]
        if entieres.empty:
            return retenus.assign(mesure=np.nan, employeurs=1), tolerance, vides
        reste = retenus.merge(entieres[cles].assign(mesuree=True), "left", cles)
        reste = reste[reste["mesuree"].isna()].assign(mesure=np.nan, employeurs=1)
        mesurees = entieres.assign(tranche_effectifs=None, annee_effectifs=str(self.totaux.annee))
        colonnes = ["code_commune", "code_epci", "famille", "secteur", "tranche_effectifs", "annee_effectifs"]
        colonnes += ["mesure", "employeurs"]
        return pd.concat([reste[colonnes], mesurees[colonnes]], ignore_index=True), tolerance, mesurees["mesure"]

    def _areas(
        self, departement: str, modalite: str, unites: pd.DataFrame, employeurs: Employeurs, total: float | None,
        motif: str, places: pd.DataFrame,
    ) -> None:
        """Estimate the communes of a département, and add its part to its EPCI."""
        lieux = pd.MultiIndex.from_frame(unites[["code_commune", "code_epci"]].fillna(""))
        zone, zones = pd.factorize(lieux, sort=True)
        epci = pd.Index(zones.get_level_values(1)).astype(str)
        codes_epci, parts = np.unique(epci.to_numpy(dtype=object), return_inverse=True)
        par_code: dict[str, Estimation] = {}
        vide = no_employer(0.0, 0.0)
        salaire = self.totaux.pay_per_job(departement)
        if total is None or motif:
            for code in places["code_epci"].dropna().unique():
                self._cumuls[code, modalite].refus.append(motif)
        else:
            graine = [GRAINE, *map(ord, f"{departement}|{modalite}")]
            resultat = estimate(employeurs, total, zone, len(zones), graine)
            bornes = plausible_range(resultat.tirages, resultat.point)
            # those whose place is not known may lie in each area, and in those where no employer is: one area more
            sans_commune = unites["code_commune"].isna().to_numpy()
            logiques = certain_bounds(employeurs, total, zone, len(zones) + 1, sans_commune)
            vide = self._no_employer(resultat, zone[sans_commune], logiques[1][-1])
            renseignes = np.bincount(zone, weights=employeurs.groupe != SANS_TRANCHE, minlength=len(zones)) > 0
            tableau = np.column_stack([resultat.point, *bornes, logiques[0][:-1], logiques[1][:-1]]).tolist()
            for (code, _), ligne, renseigne in zip(zones, tableau, renseignes.tolist(), strict=True):
                point, bas, haut, logique_bas, logique_haut = ligne
                par_code[str(code)] = Estimation(point, bas, haut, logique_bas, logique_haut, renseigne)
            sans_epci = sans_commune & unites["code_epci"].isna().to_numpy()
            logiques = certain_bounds(employeurs, total, parts[zone], len(codes_epci) + 1, sans_epci)
            dehors = self._no_employer(resultat, zone[sans_epci], logiques[1][-1])
            for code in sorted(set(places["code_epci"].dropna()) - set(codes_epci)):
                self._cumuls[code, modalite].haut += dehors.logique_haut
                self._cumuls[code, modalite].haut_sans_lieu += dehors.haut
            for rang, code in enumerate(codes_epci):
                dedans = np.flatnonzero(parts == rang)
                cumul, tirages = self._cumuls[code, modalite], resultat.tirages[dedans].sum(axis=0)
                cumul.point += float(resultat.point[dedans].sum())
                cumul.tirages = cumul.tirages + tirages
                cumul.masse = cumul.masse + (salaire or 0.0) * tirages
                cumul.est_masse_connue &= salaire is not None
                cumul.bas += float(logiques[0][rang])
                cumul.haut += float(logiques[1][rang])
                cumul.est_renseigne |= bool(renseignes[dedans].any())
                cumul.est_vide = False
        for code in map(str, places["code_commune"]):
            chiffres = par_code.get(code)
            # in a commune only the total has its zero, as everywhere in the observatory
            if chiffres is None and modalite != "total":
                continue
            if chiffres is None and not motif:
                chiffres = vide
            masse = None
            # no order of magnitude where no employer is known and one may be
            est_dite = code in par_code or not vide.haut
            if chiffres is not None and est_dite and modalite == "total" and salaire is not None:
                masse = (salaire * chiffres.bas, salaire * chiffres.haut)
            self._write("commune", code, modalite, chiffres, motif, masse)

    @staticmethod
    def _no_employer(resultat: Zones, zones: Integers, logique_haut: float) -> Estimation:
        """Figure an area without a known employer: those of these zones, whose place is not known, may all be there."""
        if not len(zones):
            return no_employer(0.0, 0.0)
        perdues = np.unique(zones)
        _, haut = plausible_range(resultat.tirages[perdues].sum(axis=0)[None], resultat.point[perdues].sum()[None])
        return no_employer(float(haut[0]), float(logique_haut))

    def _epci(self, faits: set[str]) -> None:
        """Write the EPCI of which every département is done."""
        communes = self.communes.dropna(subset=["code_epci"])
        modalites = ["total", *sorted(set(self.totaux.familles.values()))]
        for code, departements in communes.groupby("code_epci")["code_departement"]:
            if not set(departements) <= faits:
                continue
            for modalite in modalites:
                cumul = self._cumuls[str(code), modalite]
                refus = cumul.refus[0] if cumul.refus else ""
                if modalite != "total" and refus:
                    continue
                chiffres, masse = None, None
                if not refus:
                    tirages = np.atleast_2d(np.asarray(cumul.tirages, dtype=np.float32))
                    bas, haut = plausible_range(tirages, np.array([cumul.point]))
                    chiffres = no_employer(cumul.haut_sans_lieu, cumul.haut)
                    if not cumul.est_vide:
                        chiffres = Estimation(
                            cumul.point, float(bas[0]), float(haut[0]), cumul.bas, cumul.haut, cumul.est_renseigne
                        )
                    est_dite = not (cumul.est_vide and cumul.haut_sans_lieu)
                    if modalite == "total" and cumul.est_masse_connue and est_dite:
                        masses = np.atleast_2d(np.asarray(cumul.masse, dtype=np.float32))
                        basses, hautes = plausible_range(masses, masses.mean(axis=1))
                        masse = (float(basses[0]), float(hautes[0]))
                self._write("epci", str(code), modalite, chiffres, refus, masse)

    def _write(
        self, niveau: str, code: str, modalite: str, chiffres: Estimation | None, motif: str,
        masse: tuple[float, float] | None,
    ) -> None:
        commun = {
            "niveau": niveau, "code_territoire": code, "periode": str(self.totaux.annee),
            "axe": "total" if modalite == "total" else "famille", "modalite": modalite,
            "tolerance_tables_pct": self.totaux.gap_of_epci(code) if niveau == "epci" else None, "nature": self.nature,
        }
        ligne = estimation_row(commun, self._comptes[niveau].get((code, modalite), {}), chiffres, motif)
        self.lignes.append(ligne)
        if masse is not None and ligne["publication"] != "non_estimable":
            self.lignes.append(payroll_row(ligne, *masse))

    def _calibration(self, departement: str, famille: str, lignes: pd.DataFrame | None = None, **dit: Hashable) -> None:
        lignes = self.employeurs.iloc[:0] if lignes is None else lignes
        estimees = lignes[lignes["est_estimee"]]
        ecart = self.totaux.gap_of_communes(departement)
        self.calages.append(
            {
                "code_departement": departement,
                "periode": str(self.totaux.annee),
                "famille": famille,
                "nombre_etablissements_sirene": len(estimees),
                "nombre_hors_regime_general": int(lignes["est_hors_regime"].sum()),
                "nombre_crees_depuis": int((lignes["est_creee_depuis"] & ~lignes["est_hors_regime"]).sum()),
                "nombre_sans_commune": int(estimees["code_commune"].isna().sum()),
                "nombre_sans_tranche": int(estimees["sans_tranche"].sum()),
                "ecart_tables_pct": None if ecart is None else 100 * ecart,
                "nature": self.nature,
                **dit,
            }
        )
