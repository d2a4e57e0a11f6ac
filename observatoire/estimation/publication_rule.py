"""What is published of an estimate: the point, its range alone, or nothing, and why.

The thresholds are those of the house, not of a law. Computing the figures belongs to `local_jobs`.
"""

from typing import Any

import numpy as np

DEMI_LARGEUR_PCT = 15.0
REPONDANTS = 10
CHIFFRES_MASSE = 2
HORS_BORNES = "calage impossible au département"
SANS_TOTAL = "le total de l'Urssaf n'est pas connu dans ce département : un effectif vide n'est pas un zéro"

Ligne = dict[str, Any]


def estimation_row(commun: Ligne, comptes: Ligne, chiffres: tuple[float, ...] | None, motif: str) -> Ligne:
    """Return a row of `indicateurs.estimations`, with only the figures that may be read.

    Args:
        commun: what names the row.
        comptes: employers of the area; empty where there are none.
        chiffres: point, plausible bounds, logical bounds, in employees; None when nothing could be calibrated.
        motif: why nothing could be.
    """
    nombre, repondants = comptes.get("nombre_etablissements", 0), comptes.get("nombre_repondants", 0)
    publication = "non_estimable"
    valeurs: list[float | None] = [None] * 5
    if chiffres is not None and nombre and comptes["sans_tranche"] == nombre:
        motif = "aucun employeur de ce territoire n'a de tranche d'effectifs connue"
    elif chiffres is not None:
        point, bas, haut = chiffres[:3]
        valeurs = [round(float(valeur), 1) for valeur in chiffres]
        demi = 100 * (haut - bas) / 2 / point if point > 0 else 0.0
        raisons = []
        if nombre and demi > DEMI_LARGEUR_PCT:
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
