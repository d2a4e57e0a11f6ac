"""What is published of an estimate: the point, its range alone, or nothing, and why.

The thresholds are those of the house, not of a law. Computing the figures belongs to `local_jobs`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from observatoire.estimation.urssaf_totals import ECART_MAXIMUM_PCT

DEMI_LARGEUR_PCT = 15.0
REPONDANTS = 10
CHIFFRES_MASSE = 2
HORS_BORNES = "calage impossible au département"
SANS_TOTAL = "le total de l'Urssaf n'est pas connu dans ce département : un effectif vide n'est pas un zéro"

Ligne = dict[str, Any]


@dataclass(frozen=True)
class Estimation:
    """What is computed of an area, in employees.

    Attributes:
        point: estimate.
        bas: low bound of the plausible range.
        haut: high bound.
        logique_bas: low logical bound.
        logique_haut: high logical bound.
        est_renseigne: whether a band or a measure is known of one employer at least.
    """

    point: float
    bas: float
    haut: float
    logique_bas: float
    logique_haut: float
    est_renseigne: bool


def no_employer(haut: float, logique_haut: float) -> Estimation:
    """Return the figures of an area without a known employer: zero, were it not for those whose place is not known.

    Args:
        haut: what these employers are likely to have at most, in employees.
        logique_haut: what they may have at most.
    """
    return Estimation(0.0, 0.0, haut, 0.0, logique_haut, est_renseigne=True)


def estimation_row(commun: Ligne, comptes: Ligne, chiffres: Estimation | None, motif: str) -> Ligne:
    """Return a row of `indicateurs.estimations`, with only the figures that may be read.

    Args:
        commun: what names the row.
        comptes: employers of the area; empty where there are none.
        chiffres: what is computed; None when nothing could be calibrated.
        motif: why nothing could be.
    """
    nombre, repondants = comptes.get("nombre_etablissements", 0), comptes.get("nombre_repondants", 0)
    publication = "non_estimable"
    valeurs: list[float | None] = [None] * 5
    if chiffres is not None and not chiffres.est_renseigne:
        motif = "aucun employeur de ce territoire n'a de tranche d'effectifs connue"
    elif chiffres is not None:
        lus = (chiffres.point, chiffres.bas, chiffres.haut, chiffres.logique_bas, chiffres.logique_haut)
        valeurs = [round(float(valeur), 1) for valeur in lus]
        demi = 100 * (chiffres.haut - chiffres.bas) / 2 / chiffres.point if chiffres.point > 0 else 0.0
        raisons = []
        if not nombre and valeurs[2]:
            raisons.append("aucun employeur n'y est connu, mais certains du département n'ont pas de commune connue")
        elif nombre and valeurs[0] == 0 and valeurs[2]:
            raisons.append("estimation nulle d'une fourchette qui ne l'est pas")
        elif nombre and demi > DEMI_LARGEUR_PCT:
            raisons.append(f"fourchette de ± {demi:.0f} %, au-delà de {DEMI_LARGEUR_PCT:.0f} %")
        if nombre and repondants < REPONDANTS:
            raisons.append(f"moins de {REPONDANTS} employeurs")
        motif = " ; ".join(raisons)
        publication = "intervalle" if raisons else "point"
        if raisons:
            valeurs[0] = None
    return {
        "grandeur": "emplois_ess",
        **commun,
        "estimation": valeurs[0],
        "borne_basse": valeurs[1],
        "borne_haute": valeurs[2],
        "borne_logique_basse": valeurs[3],
        "borne_logique_haute": valeurs[4],
        "nombre_etablissements": nombre,
        "nombre_repondants": repondants,
        "nombre_hors_regime_general": comptes.get("nombre_hors_regime_general", 0),
        "part_tranches_manquantes_pct": round(100 * comptes["sans_tranche"] / nombre, 1) if nombre else None,
        "ecart_annees": _rounded(comptes.get("ecart_annees")),
        "publication": publication,
        "motif": motif or None,
    }


def share_reason(publiee: Ligne, tolerance_pct: float | None, motif: str | None) -> str | None:
    """Say why the share of an estimate is a range, or nothing; None for a point.

    Args:
        publiee: the share, as `indicateurs.valeurs` has it, and the `publication` of the estimate.
        tolerance_pct: gap measured between the table of the estimate and the one of the denominator, in percent.
        motif: why the estimate itself has no point.
    """
    if publiee["valeur"] is not None or publiee["publication"] == "non_estimable":
        return motif
    if publiee["borne_basse"] is not None:
        elargie = f"fourchette, élargie de l'écart entre deux tables de l'Urssaf, au-delà de ± {DEMI_LARGEUR_PCT:.0f} %"
        return motif or elargie
    if tolerance_pct is None:
        return "l'écart entre les deux tables de l'Urssaf n'est pas mesuré ici"
    if tolerance_pct > ECART_MAXIMUM_PCT:
        return f"les deux tables de l'Urssaf diffèrent de plus de {ECART_MAXIMUM_PCT:.0f} %"
    return "l'emploi privé n'est pas connu ici, ou est moindre que l'estimation"


def payroll_row(emplois: Ligne, bas: float, haut: float) -> Ligne:
    """Return the order of magnitude of the payroll where jobs are estimated: a range of two figures, never a point.

    Args:
        emplois: the row of the jobs.
        bas: low bound, in euros, at the mean pay of the ESS in the département.
        haut: high bound.
    """
    return {
        **emplois,
        "grandeur": "masse_salariale_ess",
        "estimation": None,
        "borne_basse": _to_figures(bas, np.floor),
        "borne_haute": _to_figures(haut, np.ceil),
        "borne_logique_basse": None,
        "borne_logique_haute": None,
        "publication": "intervalle",
        "motif": "ordre de grandeur : fourchette des emplois au salaire moyen de l'ESS du département",
    }


def _rounded(valeur: float | None) -> float | None:
    return None if valeur is None or np.isnan(valeur) else round(float(valeur), 2)


def _to_figures(valeur: float, arrondi: Any) -> float:
    """Round outwards to `CHIFFRES_MASSE` significant figures."""
    if valeur <= 0:
        return 0.0
    unite = 10.0 ** (np.floor(np.log10(valeur)) - CHIFFRES_MASSE + 1)
    return float(arrondi(valeur / unite) * unite)
