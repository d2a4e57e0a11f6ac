"""Budgets in SCDL: what is voted and what is realised are never in one column. Every row here is made by hand."""

from decimal import Decimal

import pytest

from tests.depots import charger_source, comptes_justes, deposer, en_csv, regles, table
from tests.donnees import CAM

LIGNE = {
    "BGT_NATDEC": "budget primitif", "BGT_ANNEE": "2024", "BGT_SIRET": CAM, "BGT_NOM": "Essai", "BGT_CONTNAT": "65748",
    "BGT_CONTNAT_LABEL": "essai", "BGT_NATURE": "65", "BGT_NATURE_LABEL": "essai", "BGT_FONCTION": "65",
    "BGT_FONCTION_LABEL": "essai", "BGT_OPERATION": "", "BGT_SECTION": "fonctionnement", "BGT_OPBUDG": "réel",
    "BGT_CODRD": "dépense", "BGT_MTREAL": "", "BGT_MTPROPNOUV": "", "BGT_MTPREV": "", "BGT_ARTSPE": "non spécialisé",
}  # fmt: skip


def charger(entrepot, *lignes: dict[str, str]):
    deposer(entrepot, "budget_scdl", "budget_2024.csv", en_csv({**LIGNE, **ligne} for ligne in lignes))
    etat = charger_source(entrepot, "budget_scdl", plafond_rejets_pct=100)
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    return table(entrepot, "budget_scdl")


def test_le_vote_et_le_realise_ne_sont_jamais_dans_une_meme_colonne(entrepot):
    lignes = charger(
        entrepot,
        {"BGT_MTPREV": "100000.00"},
        {"BGT_NATDEC": "décision modificative", "BGT_MTPROPNOUV": "-2 500,50"},
        {"BGT_NATDEC": "Compte administratif", "BGT_MTREAL": "96000.10", "BGT_MTPREV": "97499.50"},
    )
    assert [(ligne["etat_budgetaire"], ligne["vote_eur"], ligne["realise_eur"]) for ligne in lignes] == [
        ("voté", Decimal(100000), None),
        ("voté", Decimal("-2500.50"), None),
        ("réalisé", None, Decimal("96000.10")),
    ]
    assert {ligne["siren"] for ligne in lignes} == {"246300701"}
    assert regles(entrepot, "budget_scdl") == {}


@pytest.mark.parametrize(
    ("ligne", "regle"),
    [
        ({}, "montant_vote_present"),
        ({"BGT_NATDEC": "compte administratif", "BGT_MTPREV": "10"}, "montant_realise_present"),
        ({"BGT_MTPREV": "10", "BGT_MTREAL": "9"}, "realise_a_sa_place"),
    ],
)
def test_un_montant_absent_ou_mal_place_ne_compte_pas_et_se_dit(entrepot, ligne, regle):
    [lue] = charger(entrepot, ligne)
    assert lue["realise_eur"] is None
    assert regles(entrepot, "budget_scdl") == {("signalement", regle): 1}


def test_deux_decisions_modificatives_de_meme_compte_comptent_et_se_signalent(entrepot):
    modification = {"BGT_NATDEC": "décision modificative", "BGT_MTPREV": "5000"}
    assert sum(ligne["vote_eur"] for ligne in charger(entrepot, modification, modification)) == 10000
    assert regles(entrepot, "budget_scdl") == {("signalement", "doublon_suspect"): 1}


def test_un_compte_financier_unique_est_realise_et_l_emporte_sur_le_compte_administratif(entrepot):
    lignes = charger(
        entrepot,
        {"BGT_NATDEC": "compte administratif", "BGT_ANNEE": "2022", "BGT_MTREAL": "1000.5", "BGT_MTPREV": "1200"},
        {"BGT_NATDEC": "Compte financier unique", "BGT_MTREAL": "1000.5", "BGT_MTPREV": "1200"},
    )
    assert [(ligne["etat_budgetaire"], ligne["realise_eur"]) for ligne in lignes] == [("réalisé", Decimal("1000.5"))] * 2
    assert regles(entrepot, "budget_scdl") == {}
    charger(entrepot, {"BGT_NATDEC": "CA", "BGT_MTREAL": "1"}, {"BGT_NATDEC": "CFU", "BGT_MTREAL": "1"})
    assert regles(entrepot, "budget_scdl") == {("signalement", "deux_comptes"): 1}


def test_un_budget_annexe_n_est_pas_une_repetition_du_principal(entrepot):
    lignes = charger(
        entrepot,
        *({"BGT_MTPREV": montant, "CODE_BUDGET": code} for montant, code in (("100000", "00"), ("7000", "01"), ("7000", "02"))),
    )
    assert [(ligne["code_budget"], ligne["vote_eur"]) for ligne in lignes] == [("00", 100000), ("01", 7000), ("02", 7000)]
    assert regles(entrepot, "budget_scdl") == {}


@pytest.mark.parametrize(("sens", "operation"), [("d", "reel"), ("Depense", "REEL"), ("dépenses", "réelle")])
def test_les_mots_des_budgets_se_lisent_comme_on_les_ecrit(entrepot, sens, operation):
    [lue] = charger(entrepot, {"BGT_CODRD": sens, "BGT_OPBUDG": operation, "BGT_MTPREV": "10"})
    assert (lue["sens"], lue["type_operation"]) == ("dépense", "réel")
