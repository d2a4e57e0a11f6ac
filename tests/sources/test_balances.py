"""Accounts of the EPCI: balances that follow from movements, nomenclatures told apart, nothing counted twice."""

import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.depots import charger_source, comptes_justes, deposer, en_csv, regles, table
from tests.donnees import lire_csv

# made by hand: an account of an invented budget, under the headers of the crossed files
COMPTE = {
    "exer": "2024", "ident": "24630070100017", "ndept": "063", "lbudg": "ESSAI", "insee": "113", "cbudg": "1",
    "ctype": "405", "cstyp": "00", "nomen": "M57", "siren": "246300701", "categ": "GFP", "bal": "DEF",
    "fonction": "65", "compte": "65748", "bedeb": "0.0", "becre": "0.0", "obnetdeb": "0.0", "obnetcre": "0.0",
    "onbdeb": "0.0", "onbcre": "0.0", "oobdeb": "0.0", "oobcre": "0.0", "sd": "0.0", "sc": "0.0",
}  # fmt: skip


def compte(debit: str, credit: str = "0.0", **changements: str) -> dict[str, str]:
    solde = Decimal(debit) - Decimal(credit)
    soldes = {"sd": str(max(solde, Decimal(0))), "sc": str(max(-solde, Decimal(0)))}
    return {**COMPTE, "obnetdeb": debit, "obnetcre": credit, **soldes, **changements}


def charger(entrepot, *lignes: dict[str, str], fichier: str = "balances_2024.csv", **changements):
    deposer(entrepot, "balances_dgfip", fichier, en_csv(lignes))
    etat = charger_source(entrepot, "balances_dgfip", **changements)
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    return table(entrepot, "balances_dgfip")


@pytest.fixture
def vraies(donnees) -> list[dict[str, str]]:
    """Give the twenty real rows: of communes, in the 28 columns of the producer."""
    lignes = lire_csv(donnees / "dgfip" / "dgfip_balances_communes_2024_extrait.csv", ";")
    assert len(lignes) == 20 and len(lignes[0]) == 28
    return lignes


def test_les_communes_sont_hors_champ_et_comptees(entrepot, vraies):
    assert charger(entrepot, *vraies) == []


def test_le_solde_des_vingt_lignes_reelles_suit_de_leurs_mouvements(entrepot, vraies):
    """The amounts are real; only the type of the body is changed, so that the rows are in scope."""
    lues = charger(entrepot, *({**ligne, "ctype": "405", "categ": "GFP"} for ligne in vraies))
    assert regles(entrepot, "balances_dgfip") == {}
    assert sum(ligne["sd_eur"] for ligne in lues) == sum(Decimal(ligne["sd"]) for ligne in vraies)
    assert {(ligne["siren"], ligne["code_insee"]) for ligne in lues} == {
        (ligne["siren"], ligne["insee"]) for ligne in vraies
    }


@pytest.mark.parametrize("montant", ["bedeb", "becre", "obnetdeb", "obnetcre", "onbdeb", "onbcre", "sd", "sc"])
def test_un_montant_altere_d_un_centime_se_voit(entrepot, vraies, montant):
    ligne = {**vraies[6], "ctype": "405", "categ": "GFP"}
    charger(entrepot, {**ligne, montant: str(Decimal(ligne[montant]) + Decimal("0.01"))})
    assert regles(entrepot, "balances_dgfip") == {("signalement", "solde_juste"): 1}


def test_seule_la_fonction_65_de_la_m57_est_celle_de_l_ess(entrepot):
    lues = charger(
        entrepot,
        compte("1000.10", "0.10"),
        compte("20.00", fonction="9365", compte="6288"),
        compte("7.00", fonction="65", nomen="M14", compte="6574", exer="2020"),
        compte("3.00", fonction="6", compte="60632"),
        compte("5.00", fonction="651", compte="6132"),
        compte("9.00", fonction="165", compte="6132"),
    )
    ess = [(ligne["nomenclature"], ligne["fonction"], ligne["mandate_eur"]) for ligne in lues if ligne["est_fonction_ess"]]
    assert ess == [("M57", "65", Decimal(1000)), ("M57", "9365", Decimal(20)), ("M57", "651", Decimal(5))]
    assert {ligne["presentation"] for ligne in lues} == {"croisée"}


def test_les_subventions_au_droit_prive_se_lisent_dans_chaque_nomenclature(entrepot):
    comptes = {
        **{("M14", numero): numero == "6574" for numero in ("6574", "65741", "6573", "6568", "657362")},
        **{("M57", numero): True for numero in ("65741", "65742", "65743", "65748")},
        **{("M57", numero): False for numero in ("6574", "65749", "657362", "20421", "6568")},
    }
    comptes["M14", "65741"] = True
    annees = {"M14": "2020", "M57": "2024"}
    # one budget an account: 6574 beside 65741 would be its father
    lues = charger(
        entrepot,
        *(
            compte("1.00", nomen=nomenclature, compte=numero, exer=annees[nomenclature], fonction=str(rang))
            for rang, (nomenclature, numero) in enumerate(comptes)
        ),
    )
    trouves = {(ligne["nomenclature"], ligne["compte"]): ligne["est_subvention_droit_prive"] for ligne in lues}
    assert trouves == comptes


def test_un_compte_et_ses_sous_comptes_ne_comptent_qu_une_fois(entrepot):
    lues = charger(
        entrepot,
        compte("300.00", compte="6574", nomen="M14"),
        compte("100.00", compte="65741", nomen="M14"),
        compte("200.00", compte="65748", nomen="M14"),
        compte("50.00", compte="6575", nomen="M14"),
        compte("80.00", compte="65", nomen="M14", fonction="02"),
    )
    assert sum(ligne["mandate_eur"] or 0 for ligne in lues) == 430
    assert [ligne["compte"] for ligne in lues if ligne["est_compte_pere"]] == ["6574"]
    assert regles(entrepot, "balances_dgfip") == {("signalement", "compte_pere"): 1}


def test_un_compte_que_ses_sous_comptes_ne_font_pas_compte_avec_eux_et_le_dit(entrepot):
    lues = charger(
        entrepot, compte("300.00", compte="6574", nomen="M14"), compte("1.00", compte="65741", nomen="M14")
    )
    assert sum(ligne["mandate_eur"] or 0 for ligne in lues) == 301
    assert regles(entrepot, "balances_dgfip") == {("signalement", "detail_partiel"): 1}


def test_des_comptes_emboites_se_comparent_a_ceux_que_rien_ne_detaille(entrepot):
    lues = charger(
        entrepot,
        compte("350.00", compte="65"),
        compte("300.00", compte="6574"),
        compte("300.00", compte="65748"),
        compte("50.00", compte="6588"),
        compte("7.00", compte="66"),
    )
    assert [ligne["compte"] for ligne in lues if ligne["est_compte_pere"]] == ["65", "6574"]
    assert sum(ligne["mandate_eur"] or 0 for ligne in lues) == 357


def test_un_compte_repete_que_son_sous_compte_detaille_ne_compte_pas(entrepot):
    pere = compte("300.00", compte="6574", nomen="M14")
    lues = charger(entrepot, pere, pere, compte("300.00", compte="65741", nomen="M14"), plafond_rejets_pct=100)
    assert sum(ligne["mandate_eur"] or 0 for ligne in lues) == 300


def test_le_mandate_est_net_des_annulations_et_se_lit_sans_les_ordres(entrepot):
    [charge, recette] = charger(
        entrepot, compte("1000.00", "250.25", oobdeb="100.00", oobcre="30.00"), compte("0.0", "80.00", compte="7478")
    )
    assert (charge["mandate_eur"], charge["mandate_reel_eur"]) == (Decimal("749.75"), Decimal("679.75"))
    assert (recette["mandate_eur"], recette["mandate_reel_eur"]) == (None, None)


def test_deux_presentations_d_un_exercice_se_distinguent(entrepot):
    par_nature = {nom: valeur for nom, valeur in compte("30.00").items() if nom != "fonction"}
    deposer(entrepot, "balances_dgfip", "nature_2024.csv", en_csv([par_nature]))
    lues = charger(
        entrepot,
        compte("10.00", fonction="02"),
        compte("15.00", fonction="65"),
        compte("5.00", fonction=""),
        fichier="croisee_2024.csv",
    )
    sommes = {nom: sum(ligne["mandate_eur"] for ligne in lues if ligne["presentation"] == nom) for nom in ("nature", "croisée")}
    assert sommes == {"nature": 30, "croisée": 30}


def test_l_ordre_des_colonnes_et_des_codes_pris_pour_des_nombres_n_importent_pas(entrepot):
    ligne = compte("10.50", insee="38", ndept="038")
    attendue = charger(entrepot, ligne)[0]
    colonnes = {nom: [valeur] for nom, valeur in reversed(ligne.items())}
    for nom in ("exer", "ident", "insee", "siren", "compte", "cbudg", "ctype", "fonction"):
        colonnes[nom] = [int(ligne[nom])]
    for nom in ("bedeb", "becre", "obnetdeb", "obnetcre", "onbdeb", "onbcre", "oobdeb", "oobcre", "sd", "sc"):
        colonnes[nom] = [float(ligne[nom])]
    flux = io.BytesIO()
    pq.write_table(pa.table(colonnes), flux)
    (entrepot.settings.raw / "balances_dgfip" / "balances_2024.csv").unlink()
    deposer(entrepot, "balances_dgfip", "balances_2024.parquet", flux.getvalue())
    etat = charger_source(entrepot, "balances_dgfip")
    assert etat.etat == "a_jour" and etat.regles == [], etat
    [lue] = table(entrepot, "balances_dgfip")
    lieu = ("_fichier", "_ligne")
    assert {nom: lue[nom] for nom in lue if nom not in lieu} == {nom: attendue[nom] for nom in attendue if nom not in lieu}
    assert lue["code_insee"] == "038"


@pytest.mark.parametrize(
    ("codes", "attendu"),
    [
        ({"cbudg": "1"}, "principal"),
        ({"cbudg": "2"}, "rattaché"),
        ({"cbudg": "3", "ctype": "440"}, "annexe"),
        ({"cbudg": "", "budget": "BP", "categ": "", "exer": "2012"}, "principal"),
        ({"cbudg": "", "budget": "BA", "categ": "", "exer": "2012"}, "annexe"),
    ],
)
def test_le_type_de_budget_se_lit_avant_et_depuis_2015(entrepot, codes, attendu):
    [lue] = charger(entrepot, {"budget": "", **compte("1.00"), **codes})
    assert lue["type_budget"] == attendu


def test_un_compte_deux_fois_dans_une_balance_est_refuse(entrepot):
    charger(entrepot, compte("1.00"), compte("2.00"), plafond_rejets_pct=100)
    assert regles(entrepot, "balances_dgfip") == {("refus", "cle_en_double"): 1}
