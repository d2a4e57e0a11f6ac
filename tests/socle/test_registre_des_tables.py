"""Computed tables are found by themselves, each after those it reads; what cannot be ordered refuses, in French."""

import dataclasses
from types import ModuleType

import pytest

from observatoire.socle.computed_tables import TablesImpossibles, declared_in, derivees, in_order
from observatoire.socle.territories import APPARTENANCES, TERRITOIRES


def test_chaque_table_vient_apres_celles_qu_elle_lit():
    vues: set[str] = set()
    for nom, derivee in derivees().items():
        assert not set(derivee.lit) & (set(derivees()) - vues), nom
        vues.add(nom)
    assert {"referentiels.territoires", "socle.etablissements_ess", "qualite.chemin_euro"} <= vues


def test_l_ordre_ne_depend_que_des_noms_et_des_lectures():
    lues = {"b.z": ["r.x"], "b.a": ["b.z"], "b.c": ["r.x"]}
    assert in_order(lues, ["r.x"]) == in_order(dict(reversed(lues.items())), ["r.x"]) == ["b.c", "b.z", "b.a"]


def test_des_tables_qui_se_lisent_en_rond_sont_refusees():
    with pytest.raises(TablesImpossibles, match="en rond : .*socle.a.*socle.b.*socle.a"):
        in_order({"socle.a": ["socle.b"], "socle.b": ["socle.a"]}, [])


def test_une_table_lue_que_rien_ne_declare_est_refusee():
    with pytest.raises(TablesImpossibles, match=r"socle\.a lit socle\.inconnue, que rien ne déclare"):
        in_order({"socle.a": ["socle.inconnue"]}, ["socle.connue"])


def test_deux_tables_d_un_meme_nom_sont_refusees():
    un, autre = ModuleType("un"), ModuleType("autre")
    un.TERRITOIRES = autre.IMPORTEE = TERRITOIRES
    assert declared_in([un, autre]) == {"referentiels.territoires": TERRITOIRES}
    autre.APPARTENANCES = dataclasses.replace(APPARTENANCES, nom="territoires")
    with pytest.raises(TablesImpossibles, match=r"referentiels\.territoires, dont une dans autre"):
        declared_in([un, autre])
