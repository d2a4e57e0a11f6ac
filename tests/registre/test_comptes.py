"""Counts that leave the register: none under eleven, none that a difference gives."""

import itertools
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.judging import judge
from observatoire.loading.sorting import convert_columns
from observatoire.registre.counts import SEUIL, Compte, monthly_counts, protect
from observatoire.registre.store import Store
from observatoire.schemas import TEXTE
from observatoire.settings import Settings
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, rejets, source, table
from tests.registre.registres import CAM, TERRITOIRES, lancer, octets, porteur, presents, remplir

# counts


def test_aucun_compte_sous_onze_ne_sort():
    mois = [porteur(rang, code_epci=TERRITOIRES[rang % 4]) for rang in range(56)]
    comptes = {c.code_territoire: c.nombre for c in monthly_counts(mois, TERRITOIRES, "2026-09")}
    assert comptes == {**dict.fromkeys(TERRITOIRES, 14), "registre": 56}
    peu = [*mois[:16], porteur(90, code_epci=TERRITOIRES[3])]
    assert {c.nombre for c in monthly_counts(peu, TERRITOIRES, "2026-09")} == {None, 17}
    assert {c.nombre for c in monthly_counts(mois, TERRITOIRES, "2026-08")} == {None}
    assert {c.as_row()["mention"] for c in monthly_counts([], TERRITOIRES, "2026-09")} == {
        "moins de 11, ou masqué pour en protéger un autre"
    }


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 40), min_size=1))
def test_un_total_moins_ce_qui_est_publie_ne_donne_aucun_petit_compte(comptes: dict[str, int]):
    publies, total = protect(comptes)
    visibles = {code: nombre for code, nombre in publies.items() if nombre is not None}
    assert all(nombre == comptes[code] and nombre >= SEUIL for code, nombre in visibles.items())
    masques = [comptes[code] for code in comptes if code not in visibles]
    if total is not None:
        assert total == sum(comptes.values())
        assert not masques or (len(masques) > 1 and sum(masques) >= SEUIL)


@pytest.mark.parametrize("territoires", [1, 2, 3, 4])
def test_qui_connait_la_regle_ne_retrouve_aucun_compte_masque(territoires: int):
    """Every situation that gives the same publication, rule known: no masked cell has a single possible value."""
    seuil, au_plus, codes = 3, 14 if territoires < 4 else 11, "abcd"[:territoires]
    possibles: dict[str, list[tuple[int, ...]]] = {}
    for valeurs in itertools.product(range(au_plus + 1), repeat=territoires):
        for tire in range(territoires):
            vue = repr(protect(dict(zip(codes, valeurs, strict=True)), seuil, lambda autres, tire=tire: autres[tire % len(autres)]))
            possibles.setdefault(vue, []).append(valeurs)
    for vue, situations in possibles.items():
        publies, total = eval(vue)  # noqa: S307 — written just above
        if total is not None and total > au_plus:
            continue  # some of the situations lie beyond what is enumerated
        for rang, code in enumerate(codes):
            if publies[code] is None:
                assert len({valeurs[rang] for valeurs in situations}) > 1, (vue, code)


def refus_de(comptes: list[Compte]) -> pd.DataFrame:
    """Read counts as the observatory does; return what it refuses of them."""
    declaree = source("porteurs_mensuels").table
    ecrites = [{nom: str(valeur) or None for nom, valeur in compte.as_row().items()} for compte in comptes]
    lues, illisibles = convert_columns(pd.DataFrame(ecrites, dtype=pd.ArrowDtype(TEXTE)), declaree)
    assert illisibles.empty
    return judge(lues, declaree.pandera(), lues.assign(_ligne=range(len(lues))))


@given(st.dictionaries(st.sampled_from(TERRITOIRES), st.integers(0, 40), min_size=1))
def test_ce_que_le_registre_exporte_se_lit_toujours(comptes: dict[str, int]):
    venus = [porteur(rang, code_epci=code) for code, nombre in comptes.items() for rang in range(nombre)]
    assert refus_de(monthly_counts(venus, comptes, "2026-09")).empty


@pytest.mark.parametrize(
    ("total", "territoires", "permis"),
    [
        (40, [20, 20], True),
        (None, [20, None], True),
        (40, [20, None, None], True),
        (30, [20, None], False),  # the only one that is masked
        (45, [20, None], False),
        (30, [20, None, None], False),  # ten persons between two
        (45, [20, 20], False),  # a row is missing
        (15, [], False),
        (15, [20], False),
    ],
)
def test_un_mois_dont_la_difference_designe_quelqu_un_se_refuse(total: int | None, territoires: list[int | None], permis: bool):
    lus = zip(TERRITOIRES, territoires, strict=False)
    comptes = [Compte("2026-09", "epci", code, nombre) for code, nombre in lus] + [Compte("2026-09", "registre", "registre", total)]
    assert set(refus_de(comptes)["regle"]) == (set() if permis else {"mois_sans_deduction"})


def test_un_mois_refuse_ne_cache_pas_celui_d_a_cote_et_ne_se_repete_pas():
    juste = [Compte("2026-08", "epci", CAM, 20), Compte("2026-08", "registre", "registre", 20)]
    faux = [Compte("2026-09", "epci", CAM, 20), Compte("2026-09", "registre", "registre", 24)]
    assert sorted(refus_de(juste + faux)["ligne"]) == [2, 3]
    # what is refused may be a name written in the wrong place
    assert all(colonne.nominatif for colonne in source("porteurs_mensuels").table.colonnes)


def test_un_mois_s_exporte_une_seule_fois_et_fini(magasin: Store, places: Path):
    remplir(magasin)
    dossier = places / "obs" / "raw" / "porteurs_mensuels"
    assert lancer("exporter_comptes", "2026-09", str(dossier))[0] == 0
    assert presents(octets(dossier)) == []
    with magasin.change() as contenu:
        contenu.erase("P000001")
    code, _, dit = lancer("exporter_comptes", "2026-09", str(places / "ailleurs"))
    assert code == 1 and "désignerait" in dit and not (places / "ailleurs").exists()
    assert lancer("exporter_comptes", "2999-01", str(dossier))[0] == 1
    entrepot = Entrepot(Settings.from_environment())
    etat = charger_source(entrepot, "porteurs_mensuels")
    assert (etat.etat, etat.regles) == ("a_jour", []), etat.motif
    lues = {ligne["code_territoire"]: ligne["nombre"] for ligne in table(entrepot, "porteurs_mensuels")}
    # nothing but the métropole met anyone: the others are masked, and the total with them but for what it hides
    assert lues[TERRITOIRES[1]] is None and rejets(entrepot, "porteurs_mensuels") == []
