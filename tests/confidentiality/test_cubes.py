"""Random cubes: an attacker that owes nothing to the product knows none of the hidden cells; five hundred in campaign."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations
from random import Random
from statistics import median
from types import SimpleNamespace

import numpy as np
import pytest

from observatoire.confidentiality.cells import build_system
from observatoire.confidentiality.protection import leaks, protect
from observatoire.confidentiality.tau import Codes, Tableau, Tau, TauEnEchec
from tests.confidentiality.jeu_secret import (
    MESURE,
    SECTEURS,
    AttaquantDuTest,
    communes_reelles,
    connexion,
    petit_monde,
    poser,
    tirer,
)

CUBES, PAR_LOT = range(500), 50
# drawn once for all: the same cubes every time, a few of each kind
QUELQUES, QUARANTE = (tuple(Random(14).sample(CUBES, combien)) for combien in (6, 40))  # noqa: S311
LOTS = [
    pytest.param(QUELQUES, id="quelques"),
    pytest.param(QUARANTE, id="quarante", marks=pytest.mark.campagne),
    *[pytest.param(lot, id=f"de {lot[0]}", marks=pytest.mark.campagne) for lot in (CUBES[n : n + PAR_LOT] for n in CUBES[::PAR_LOT])],
]
PRECISION = 0.10


@pytest.fixture(scope="module")
def tau(tmp_path_factory) -> Iterator[Tau]:
    """Start τ-Argus once; each table still has a process and a folder of its own."""
    with Tau(tmp_path_factory.mktemp("tau")) as pret:
        yield pret


monde = cache(lambda *formes: connexion(petit_monde(*formes)))


def cube(graine: int) -> SimpleNamespace:
    """Draw a small cube; one in five links EPCI, départements, families and sectors, the others two breakdowns."""
    alea = np.random.default_rng(graine)
    lie = graine % 5 == 0
    communes = petit_monde(int(alea.integers(3, 7)), int(alea.integers(2, 4)) if lie else 1, 2 if lie else 1)
    lignes = tirer(communes, int(alea.integers(8, 40)), graine)
    lignes["famille"] = alea.choice(list("ABC"), len(lignes), p=[0.6, 0.3, 0.1])
    lignes["secteur"] = alea.choice(SECTEURS[: int(alea.integers(1, 4)) if lie else 1], len(lignes))
    base = monde(len(communes), communes["code_epci"].nunique(), communes["code_departement"].nunique())
    poser(base, lignes, croise=lie, secteurs=lie)
    return SimpleNamespace(communes=communes, lignes=lignes, systeme=build_system(base, MESURE, "2024"))


@pytest.mark.parametrize("graines", LOTS)
def test_aucune_cellule_cachee_n_est_connue_a_10_pour_cent_pres(graines: Sequence[int], tau: Tau) -> None:
    cachees_en_tout = 0
    for graine in graines:
        tire = cube(graine)
        resultat = protect(tire.systeme, tau)
        assert not resultat.fuites, graine
        publiables = tire.systeme.cellules[tire.systeme.cellules["est_publiable"]]
        cachees = resultat.cachees[publiables["variable"].to_numpy()]
        confidentielles = publiables["raison"].notna().to_numpy() & (publiables["valeur"] != 0).to_numpy()
        assert cachees[confidentielles].all(), graine
        attaquant = AttaquantDuTest(tire.communes, tire.lignes, publiables)
        montrees = np.flatnonzero(~cachees).tolist()
        for rang in np.flatnonzero(cachees):
            bas, haut = attaquant.bornes(int(rang), montrees)
            assert (1 - PRECISION) * haut > (1 + PRECISION) * bas * (1 - 1e-6), (
                graine,
                publiables.iloc[rang].to_dict(),
            )
        cachees_en_tout += cachees.sum()
    assert cachees_en_tout > 10 * len(graines), "cubes that hide nothing would prove nothing"


@pytest.mark.long
def test_une_secondaire_oubliee_se_voit(tau: Tau) -> None:
    """The attacker of the product can fail: without its secondary cells a cube leaks, for it and for the test's own."""
    vues = 0
    for graine in range(20):
        systeme = cube(graine).systeme
        primaires = systeme.variables_of(systeme.cellules["raison"].notna().to_numpy())
        if (protect(systeme, tau).cachees & ~primaires).any():
            vues += leaks(systeme, primaires, primaires).any()
    assert vues > 5


class TauMuet(Tau):
    """τ-Argus that answers nothing: all is left to the attacker and the repair."""

    def __init__(self) -> None:
        """Start nothing."""

    def statuses(self, tableau: Tableau) -> dict[Codes, str]:
        """Answer nothing."""
        raise TauEnEchec("muet")


@pytest.mark.parametrize("graine", range(3))
def test_des_paies_de_rien_de_quelques_centimes_et_de_centaines_de_millions_se_protegent(graine: int) -> None:
    base = connexion(communes := communes_reelles(["90"]))
    alea, nombre = np.random.default_rng(graine), 150
    petites, grandes = alea.uniform(0, 5, nombre) * (alea.random(nombre) > 0.1), alea.uniform(1e6, 1e9, nombre)
    poser(base, tirer(communes, nombre, graine).assign(valeur=np.where(alea.random(nombre) < 0.5, petites, grandes).round(2)))
    systeme = build_system(base, MESURE, "2024")
    resultat = protect(systeme, TauMuet())
    assert resultat.fuites == []
    assert not leaks(systeme, resultat.cachees, systeme.variables_of(systeme.cellules["raison"].notna().to_numpy())).any()


# over-suppression, in number of cells


def interieur(graine: int) -> SimpleNamespace:
    """Draw a cube of at most eight interior cells, and its system."""
    alea = np.random.default_rng(graine)
    lignes_, colonnes = [(2, 2), (2, 3), (3, 2), (2, 4), (4, 2)][graine % 5]
    communes = petit_monde(lignes_, 1, 1)
    tire = tirer(communes, int(alea.integers(14, 30)), graine)
    tire["famille"] = alea.choice(list("ABCD")[:colonnes], len(tire))
    base = monde(lignes_, 1, 1)
    poser(base, tire, croise=False, secteurs=False)
    return SimpleNamespace(systeme=build_system(base, MESURE, "2024"))


def au_mieux(systeme, primaires: np.ndarray) -> int:
    """Count the cells of the smallest safe suppression, by trying all of them from the smallest up."""
    libres = np.flatnonzero(~primaires & (systeme.valeurs > 0))
    parties = (systeme.matrice != 0).toarray()
    for nombre in range(len(libres) + 1):
        for choix in combinations(libres, nombre):
            cachees = primaires.copy()
            cachees[list(choix)] = True
            if (parties @ cachees.astype(int) == 1).any():
                continue  # alone in an equation
            if not leaks(systeme, cachees, primaires).any():
                return int(cachees.sum())
    raise AssertionError("hiding everything is always safe")


@pytest.mark.campagne
def test_on_ne_cache_pas_beaucoup_plus_que_le_strict_necessaire(tau: Tau, record_property) -> None:
    rapports = {}
    for graine in range(60):
        systeme = interieur(graine).systeme
        primaires = systeme.variables_of(systeme.cellules["raison"].notna().to_numpy())
        if primaires.any() and not primaires.all():
            rapports[graine] = int(protect(systeme, tau).cachees.sum()) / au_mieux(systeme, primaires)
    record_property("mediane", median(rapports.values()))
    record_property("pire", max(rapports.values()))
    assert len(rapports) > 20
    assert min(rapports.values()) >= 1, "fewer than the best would leak"
    assert median(rapports.values()) <= 1.5
    print(
        f"\nsur-suppression : médiane {median(rapports.values()):.2f}, pire {max(rapports.values()):.2f}, {len(rapports)} cubes"
    )
