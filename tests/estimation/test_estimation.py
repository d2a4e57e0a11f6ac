"""Estimates of jobs: what calibration must always hold, and what the plausible range is worth where truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from observatoire.estimation.areas import certain_bounds, estimate
from observatoire.estimation.calibration import TotalImpossible, calibrate, logical_bounds
from observatoire.estimation.simulation import Employeurs, plausible_range, simulate
from observatoire.estimation.size_bands import BAS, CENTRES, HAUT, MANQUANTE, TRANCHES, band_ranks, find_donors
from tests.bench import estimations as banc
from tests.hasard import exemples

GRAINES = st.integers(0, 10_000)


def cas(graine: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Draw bounds, areas and a total that bands allow; some bounds are open."""
    rng = np.random.default_rng(graine)
    nombre = int(rng.integers(1, 30))
    bas = rng.integers(0, 50, nombre).astype(float)
    haut = bas + rng.integers(0, 60, nombre)
    total = float(bas.sum() + rng.random() * (haut - bas).sum())
    haut[rng.random(nombre) < 0.1] = np.inf
    return bas, haut, rng.integers(0, 5, nombre), total


def en_programme(bas, haut, dedans, total) -> tuple[float, float]:
    """Bound the sum of some employers by linear programming."""
    bornes = list(zip(bas, [None if np.isinf(h) else h for h in haut], strict=True))
    optima = [
        linprog(signe * dedans.astype(float), A_eq=np.ones((1, len(bas))), b_eq=[total], bounds=bornes)
        for signe in (1, -1)
    ]
    assert all(optimum.status == 0 for optimum in optima)
    return optima[0].fun, -optima[1].fun


@exemples(150)
@given(GRAINES)
def test_les_bornes_logiques_sont_celles_du_programme_lineaire(graine):
    bas, haut, zone, total = cas(graine)
    au_moins, au_plus = logical_bounds(bas, haut, zone, 5, total)
    for z in range(5):
        assert (au_moins[z], au_plus[z]) == pytest.approx(en_programme(bas, haut, zone == z, total), abs=1e-6)


def test_les_bornes_d_un_epci_ne_sont_pas_la_somme_de_celles_de_ses_communes():
    bas, haut, zone = np.array([0.0, 0.0, 0.0]), np.array([10.0, 10.0, 10.0]), np.array([0, 1, 2])
    communes = logical_bounds(bas, haut, zone, 3, 12.0)
    ensemble = logical_bounds(bas, haut, np.array([0, 0, 1]), 2, 12.0)
    assert (ensemble[0][0], ensemble[1][0]) == (2, 12)
    assert (communes[0][:2].sum(), communes[1][:2].sum()) == (0, 20)


@exemples(200)
@given(GRAINES)
def test_les_points_respectent_les_tranches_et_leur_somme_est_le_total(graine):
    bas, haut, _, total = cas(graine)
    centre = np.sqrt(np.maximum(bas, 0.25) * np.where(np.isinf(haut), 2 * bas + 1, np.maximum(haut, 1)))
    points = calibrate(bas, haut, centre, total)
    assert points.sum() == pytest.approx(total, rel=1e-9, abs=1e-6)
    assert np.all(points >= bas - 1e-9)
    assert np.all(points <= haut + 1e-9)
    lambdas = (points / centre)[(points > bas + 1e-6) & (points < haut - 1e-6)]
    assert lambdas.size == 0 or np.ptp(lambdas) < 1e-6


@pytest.mark.parametrize("total", [5.0, 31.0])
def test_un_total_hors_de_portee_ne_s_estime_pas_et_dit_son_ecart(total):
    bas, haut = np.array([1.0, 3.0, 6.0]), np.array([2.0, 5.0, 9.0])
    with pytest.raises(TotalImpossible, match=r"écart de (-5|\+15) salariés"):
        calibrate(bas, haut, np.sqrt(bas * haut), total)


def test_les_tranches_inconnues_et_nn_sont_manquantes():
    rangs = band_ranks(np.array(["NN", None, "00", "53", "11", "??"], dtype=object))
    assert list(rangs) == [MANQUANTE, MANQUANTE, 0, 14, TRANCHES.index("11"), MANQUANTE]
    assert (BAS[14], HAUT[14]) == (10_000, np.inf)
    assert np.all(np.diff(CENTRES) > 0)


def test_une_tranche_manquante_prend_celles_de_sa_famille_et_de_son_secteur_s_il_y_en_a_assez():
    rangs = np.array([1] * 30 + [6] * 30 + [3] * 5 + [MANQUANTE] * 3)
    famille = np.array(["a"] * 30 + ["b"] * 35 + ["a", "b", "c"])
    secteur = np.array(["a|Q"] * 30 + ["b|Q"] * 30 + ["b|R"] * 5 + ["a|Q", "b|R", "c|Q"])
    parts = find_donors(rangs, secteur, famille)
    donnees = parts.parts[parts.strate[-3:]]
    assert donnees[0][1] == 1  # enough of the same family and sector
    assert donnees[1][3] == pytest.approx(5 / 35)  # too few of the sector: the family
    assert donnees[2][1] == pytest.approx(30 / 65)  # none of the family: all of them
    assert np.allclose(parts.parts.sum(axis=1), 1)


def employeurs(rangs: np.ndarray, **autres) -> Employeurs:
    rien = np.full(len(rangs), np.nan)
    defauts = {"derive": np.ones(len(rangs)), "donneurs": find_donors(rangs), "mesure": rien, "tolerance": 0.05}
    defauts["nombre"] = np.ones(len(rangs), dtype=np.int64)
    return Employeurs(rangs, **{**defauts, **autres})


@exemples(30)
@given(GRAINES)
def test_chaque_tirage_est_cale_sur_le_total_et_la_graine_le_determine(graine):
    rng = np.random.default_rng(graine)
    rangs = rng.integers(0, MANQUANTE + 1, 40).clip(max=8)
    rangs[rng.random(40) < 0.2] = MANQUANTE
    zone = rng.integers(0, 6, 40)
    tirages = simulate(employeurs(rangs), 900.0, zone, 7, [graine])
    assert tirages.sum(axis=0) == pytest.approx(np.full(200, 900.0), rel=1e-3)
    assert np.all(tirages >= 0)
    assert np.all(tirages[6] == 0), "aucun employeur, aucun emploi"
    assert np.array_equal(tirages, simulate(employeurs(rangs), 900.0, zone, 7, [graine]))


def test_une_mesure_de_l_urssaf_prend_la_place_de_la_tranche_avec_sa_tolerance():
    rangs = np.full(30, TRANCHES.index("12"))
    mesure = np.full(30, np.nan)
    mesure[0] = 40.0
    vus = employeurs(rangs, mesure=mesure)
    zone = np.arange(30)
    estimees = estimate(vus, 1_000.0, zone, 30, [1])
    bas, haut = plausible_range(estimees.tirages, estimees.point)
    assert 30 < bas[0] < 40 < haut[0] < 50
    assert haut[1] - bas[1] > 2 * (haut[0] - bas[0])
    logique_bas, logique_haut = certain_bounds(vus, 1_000.0, zone, 30)
    assert (logique_bas[0], logique_haut[0]) == (38, 42)


def test_la_fourchette_s_elargit_avec_la_derive_et_les_tranches_manquantes():
    rng = np.random.default_rng(3)
    rangs = rng.integers(1, 7, 400)
    zone = np.repeat(np.arange(8), 50)
    trouees = np.where(rng.random(400) < 0.5, MANQUANTE, rangs)

    def largeur(rangs: np.ndarray, derive: float) -> float:
        vus = employeurs(rangs, derive=np.full(400, derive))
        estimees = estimate(vus, float(CENTRES[rangs.clip(max=6)].sum()), zone, 8, [5])
        bas, haut = plausible_range(estimees.tirages, estimees.point)
        assert np.all((bas <= estimees.point) & (estimees.point <= haut))
        return float(np.median((haut - bas) / estimees.point))

    assert largeur(rangs, 0) < largeur(rangs, 2) < largeur(trouees, 2)


def test_sous_hypotheses_exactes_les_bornes_logiques_contiennent_toujours_la_verite():
    mesures = banc.measure(banc.draw(np.random.default_rng(8), 0, 0, 0, 0), 0, 8)
    for tableau in mesures.values():
        assert banc.summarise(tableau)["couverture_logique_pct"] == 100


@pytest.mark.parametrize(("perimetre", "sans_faux"), [(0, True), (3, False)])
def test_un_zero_de_commune_n_est_faux_que_si_sirene_ne_montre_pas_un_employeur(perimetre: int, sans_faux: bool):
    departements = [banc.draw(np.random.default_rng([5, rang]), 0, 0, 0, perimetre) for rang in range(6)]
    assert (banc.false_zeros(departements) == 0) == sans_faux
    assert banc.false_zeros(departements) < 4


def test_la_fourchette_plausible_couvre_a_peu_pres_neuf_fois_sur_dix_dans_un_cas_ordinaire():
    tableaux = []
    for graine in range(12):
        departement = banc.draw(np.random.default_rng([77, graine]), 1, 10, 5, 3)
        tableaux.append(banc.measure(departement, 1, graine)["epci"])
    resume = banc.summarise(np.concatenate(tableaux))
    assert 80 <= resume["couverture_plausible_pct"] <= 99
    assert resume["ecart_median_pct"] < 8
