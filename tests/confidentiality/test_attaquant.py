"""The attacker: one equation, several at once, and what it does not know."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, sparse

from observatoire.confidentiality.attacker import attack
from observatoire.confidentiality.cells import build_system
from observatoire.confidentiality.programme import SystemeIncoherent
from observatoire.confidentiality.protection import limits
from observatoire.confidentiality.repair import repair
from tests.confidentiality.jeu_secret import MESURE, communes_reelles, connexion, poser, tirer

# a table of two rows and two columns: four cells, two row totals, two column totals, the whole
A, B, C, D, LIGNE_1, LIGNE_2, COL_1, COL_2, TOUT = range(9)
EQUATIONS = [
    (LIGNE_1, A, B),
    (LIGNE_2, C, D),
    (COL_1, A, C),
    (COL_2, B, D),
    (TOUT, LIGNE_1, LIGNE_2),
    (TOUT, COL_1, COL_2),
]


def carre() -> sparse.csr_matrix:
    lignes = np.zeros((len(EQUATIONS), 9))
    for rang, (tout, *parties) in enumerate(EQUATIONS):
        lignes[rang, tout], lignes[rang, parties] = -1, 1
    return sparse.csr_matrix(lignes)


def valeurs(a: float, b: float, c: float, d: float) -> np.ndarray:
    return np.array([a, b, c, d, a + b, c + d, a + c, b + d, a + b + c + d], dtype=float)


def lire(vraies: np.ndarray, *cachees: int) -> np.ndarray:
    lues = vraies.copy()
    lues[list(cachees)] = np.nan
    return lues


def viser(*variables: int) -> np.ndarray:
    masque = np.zeros(9, dtype=bool)
    masque[list(variables)] = True
    return masque


def test_une_seule_cellule_cachee_se_retrouve_par_soustraction() -> None:
    bornes = attack(carre(), lire(valeurs(10, 20, 30, 40), A), viser(A))
    assert bornes.bas[A] == bornes.haut[A] == 10
    assert bornes.par_soustraction[A] and bornes.known()[A]


def test_un_rectangle_ne_se_retrouve_pas() -> None:
    bornes = attack(carre(), lire(valeurs(10, 20, 30, 40), A, B, C, D), viser(A, B, C, D))
    assert not bornes.known()[[A, B, C, D]].any()


def test_un_rectangle_serre_se_retrouve_a_10_pour_cent_pres() -> None:
    """The move is bounded by the smallest: 1000 is known between 999 and 1001."""
    vraies = valeurs(1000, 1, 1, 1)
    bornes = attack(carre(), lire(vraies, A, B, C, D), viser(A))
    assert bornes.known()[A] and not bornes.par_soustraction[A]
    assert (bornes.bas[A], bornes.haut[A]) == (pytest.approx(999), pytest.approx(1001))


CENTIMES, GRANDS = st.integers(1, 2_000), st.integers(10**8, 10**13)


@given(st.tuples(CENTIMES, CENTIMES, CENTIMES, CENTIMES), st.lists(GRANDS, min_size=5, max_size=5))
def test_des_centimes_a_cote_de_milliards_se_bornent_encore(petites: tuple[int, ...], grands: list[int]) -> None:
    """A table of three rows and three columns: four cells of a few euros are hidden, the others are shown."""
    a, b, c, d = (centimes / 100 for centimes in petites)
    e, f, g, h, i = (centimes / 100 for centimes in grands)
    table = np.array([[a, b, e], [c, d, f], [g, h, i]])
    entiere = np.vstack([np.column_stack([table, table.sum(1)]), [*table.sum(0), table.sum()]])
    rangs, egalites = np.arange(16).reshape(4, 4), np.zeros((8, 16))
    for equation, cellules in enumerate([*rangs, *rangs.T]):
        egalites[equation, cellules] = [1, 1, 1, -1]
    cachees = np.isin(np.arange(16), [0, 1, 4, 5])
    bornes = attack(sparse.csr_matrix(egalites), np.where(cachees, np.nan, entiere.ravel()), cachees)
    bas, haut = a - min(a, d), a + min(b, c)
    # a total of a hundred billions is itself rounded to a few thousandths of a cent
    if abs(0.9 * haut - 1.1 * bas) > 1e-2:
        assert bornes.known()[0] == (0.9 * haut <= 1.1 * bas)


def test_des_valeurs_qui_se_contredisent_le_disent() -> None:
    lues = lire(valeurs(10, 20, 30, 40), A, B, C, D)
    lues[LIGNE_1] = 200
    with pytest.raises(SystemeIncoherent):
        attack(carre(), lues, viser(A))


@given(st.tuples(*[st.integers(1, 10**7)] * 4))
def test_les_bornes_du_rectangle_sont_celles_de_la_formule(quatre: tuple[int, int, int, int]) -> None:
    a, b, c, d = quatre
    bornes = attack(carre(), lire(valeurs(*quatre), A, B, C, D), viser(A))
    bas, haut = a - min(a, d), a + min(b, c)
    sue = Fraction(9, 10) * haut <= Fraction(11, 10) * bas
    if abs(0.9 * haut - 1.1 * bas) > 1e-5 * haut:
        assert bornes.known()[A] == sue
    if bornes.known()[A]:
        assert bornes.bas[A] == pytest.approx(bas, rel=1e-6, abs=1e-3)
        assert bornes.haut[A] == pytest.approx(haut, rel=1e-6, abs=1e-3)


@given(st.tuples(*[st.integers(1, 10**7)] * 4))
def test_une_reparation_protege_la_cellule_et_laisse_les_totaux_qu_elle_peut(quatre: tuple[int, int, int, int]) -> None:
    vraies, matrice = valeurs(*quatre), carre()
    couts = np.array([0, 1, 1, 1, 5, 5, 5, 5, 50], dtype=float)
    trouve = repair(matrice, vraies, A, couts, np.full(9, np.inf))
    assert trouve is not None
    a_cacher, mouvement = trouve
    assert np.abs(matrice @ mouvement).max() <= 1e-6 * vraies.max()
    assert (vraies + mouvement >= -1e-6 * vraies.max()).all()
    bornes = attack(matrice, lire(vraies, A, *a_cacher), viser(A))
    assert not bornes.known()[A]


@given(st.lists(st.sampled_from([0, 1, 40, 10**6]), min_size=3, max_size=3))
def test_une_reparation_ne_compte_pas_sur_un_zero_qui_se_lit(autres: list[int]) -> None:
    """A zero says nothing of anyone, and stays shown: no other cell may be protected by moving it."""
    vraies = valeurs(10, *autres)
    couts = np.where(vraies == 0, 0.1, 5.0) * (np.arange(9) != A)
    trouve = repair(carre(), vraies, A, couts, np.full(9, np.inf))
    assert trouve is not None
    a_cacher, mouvement = trouve
    assert vraies[a_cacher].all() and not mouvement[vraies == 0].any()


def test_rien_ne_repare_ce_que_tout_le_reste_donne_deja() -> None:
    marges = np.where(viser(A), np.inf, 0)
    assert repair(carre(), valeurs(10, 20, 30, 40), A, np.ones(9), marges) is None


def test_ce_que_dit_une_equation_lointaine_d_une_grande_composante_n_est_pas_oublie() -> None:
    """Each two neighbours add up to 1000; the last is at most 2, so that the first is at least 998."""
    nombre = 404
    vraies = np.where(np.arange(nombre) % 2, 1.0, 999.0)
    vraies = np.concatenate([vraies, [1.0], np.full(nombre - 1, 1000.0), [2.0]])
    voisins, total = np.arange(nombre), np.arange(nombre + 1, 2 * nombre + 1)
    lignes, uns = np.tile(np.arange(nombre), 3), np.ones(nombre)
    chaine = sparse.csr_matrix(
        (np.concatenate([uns, uns, -uns]), (lignes, np.concatenate([voisins, voisins + 1, total])))
    )
    assert np.abs(chaine @ vraies).max() == 0
    cachees = np.arange(len(vraies)) <= nombre
    bornes = attack(chaine, np.where(cachees, np.nan, vraies), cachees)
    assert bornes.known()[0] and bornes.bas[0] >= 998 - 1e-3


def test_sur_un_departement_l_attaquant_sait_ce_que_sait_un_programme_par_cellule() -> None:
    """Primary rules alone: many cells are known, many are not; most of them in one component."""
    base = connexion(communes := communes_reelles(["15"]))
    poser(base, tirer(communes, 500))
    systeme = build_system(base, MESURE, "2024")
    cachees = systeme.variables_of(systeme.cellules["raison"].notna().to_numpy()) & (systeme.valeurs > 0)
    publiables = systeme.variables_of(systeme.cellules["est_publiable"].to_numpy())
    lues = np.where((publiables & ~cachees) | (systeme.valeurs == 0), systeme.valeurs, np.nan)
    connues = attack(systeme.matrice, lues, cachees).known()
    choisies = np.random.default_rng(0).choice(np.flatnonzero(cachees), 40, replace=False)
    assert 5 < connues[choisies].sum() < 35
    libres, unite = np.isnan(lues), np.nanmax(lues) / 1e3
    for choisie in choisies:
        bornes = []
        for signe in (1, -1):
            cout = np.zeros(len(lues))
            cout[choisie] = signe
            trouve = optimize.linprog(
                cout[libres],
                A_eq=systeme.matrice[:, libres],
                b_eq=-(systeme.matrice[:, ~libres] @ lues[~libres]) / unite,
                bounds=(0, None),
                method="highs",
            )
            bornes.append(abs(trouve.fun))
        assert connues[choisie] == (0.9 * bornes[1] <= 1.1 * bornes[0] * (1 + 1e-6))


def test_d_anciens_chiffres_de_centaines_de_millions_bornent_sans_qu_aucun_total_soit_montre() -> None:
    """Nothing is shown, so no equation says how large it all is: the solver must not take a margin for infinity."""
    for facteur in (1.0, 1e3, 1e7, 1e9):
        vraies, marges = valeurs(50, 50, 30, 40) * facteur, np.full(9, np.inf)
        marges[[LIGNE_1, B]] = 1 * facteur, 0.5 * facteur
        bornes = attack(carre(), np.full(9, np.nan), viser(A), limites=limits(vraies, marges))
        assert bornes.known()[A]
        assert (bornes.bas[A] / facteur, bornes.haut[A] / facteur) == (pytest.approx(48.5), pytest.approx(51.5))


def test_un_ancien_chiffre_borne_ce_qu_il_approche() -> None:
    """B was 1 away from what it is: A, its difference with a total, is known just as well."""
    vraies = valeurs(20, 600, 300, 400)
    marges = np.where(viser(B), 1, np.inf)
    bornes = attack(carre(), lire(vraies, A, B, C, D), viser(A), limites=limits(vraies, marges))
    assert bornes.known()[A] and (bornes.bas[A], bornes.haut[A]) == (pytest.approx(19), pytest.approx(21))
    assert not attack(carre(), lire(vraies, A, B, C, D), viser(A)).known()[A]
