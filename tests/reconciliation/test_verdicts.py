"""What is said of declared figures: never confirmed from a range too wide, from a demonstration, from a year out of reach."""

import csv
import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.indicators.catalog import indicateurs
from observatoire.reconciliation.document_arithmetic import check_arithmetic, evaluate
from observatoire.reconciliation.verdicts import judge, possible_years, tolerance
from observatoire.settings import REFERENCES


def declaration(valeur: str | None = "14500", **champs: Any) -> dict[str, Any]:
    defauts = {
        "document": "d", "grandeur": "salaries_ess", "niveau": "epci", "code_territoire": "A", "periode": "2024",
        "date": datetime.date(2025, 2, 11), "valeur": None if valeur is None else Decimal(valeur), "borne_basse": None,
        "borne_haute": None, "est_borne_stricte": False, "unite": "salariés",
    }
    return {**defauts, **champs}


def valeur(combien: float | None, **champs: Any) -> dict[str, Any]:
    defauts = {
        "indicateur": "emplois", "niveau": "epci", "code_territoire": "A", "periode": "2024", "valeur": combien,
        "borne_basse": None, "borne_haute": None, "unite": "salariés", "statut_confidentialite": "F", "nature": "reelle",
    }
    return {**defauts, **champs}


@pytest.mark.parametrize(
    ("ecrit", "bas", "haut"),
    [("1295", "1294.5", "1295.5"), ("14500", "14450", "14550"), ("400000000", "350000000", "450000000"), ("11.20", "11.15", "11.25")],
)
def test_la_tolerance_est_l_arrondi_du_chiffre(ecrit: str, bas: str, haut: str):
    assert tolerance(declaration(ecrit)) == (Decimal(bas), Decimal(haut))


def test_les_bornes_dites_par_le_document_l_emportent():
    assert tolerance(declaration("14", borne_basse=Decimal("13.5"), borne_haute=Decimal("14.5"))) == (Decimal("13.5"), Decimal("14.5"))


@pytest.mark.parametrize(
    ("valeurs", "verdict"),
    [
        ([valeur(14_520)], "ambigu"),
        ([valeur(14_600)], "ambigu"),
        ([valeur(14_520), valeur(14_480, indicateur="postes")], "confirme"),
        ([valeur(14_600), valeur(20_000, indicateur="postes")], "contredit"),
        ([valeur(14_520), valeur(14_480, indicateur="postes", nature="demonstration")], "inverifiable"),
        ([valeur(14_520), valeur(20_000, indicateur="postes")], "ambigu"),
        ([valeur(14_500, borne_basse=14_460, borne_haute=14_540), valeur(14_500, indicateur="postes")], "confirme"),
        ([valeur(14_500, borne_basse=13_000, borne_haute=16_000), valeur(14_500, indicateur="postes")], "ambigu"),
        ([valeur(None, borne_basse=8_000, borne_haute=9_000), valeur(9_000, indicateur="postes")], "contredit"),
        ([valeur(14_500, nature="demonstration")], "inverifiable"),
        ([valeur(20_000, nature="demonstration")], "inverifiable"),
        ([valeur(14_500, periode="2023")], "inverifiable"),
        ([valeur(None, statut_confidentialite="C")], "inverifiable"),
        ([valeur(None)], "inverifiable"),
        ([valeur(14_500, unite="postes")], "inverifiable"),
        ([], "inverifiable"),
    ],
)
def test_un_verdict_par_situation(valeurs: list[dict[str, Any]], verdict: str):
    rendu = judge(declaration(), ["emplois", "postes"], valeurs)
    assert rendu["verdict"] == verdict, rendu["explication"]
    assert rendu["nombre_combinaisons"] == 2 and rendu["explication"].startswith("2 combinaisons (2 définitions × 1 année")


def test_la_valeur_calculee_n_est_donnee_que_si_elle_est_seule():
    assert judge(declaration(), ["emplois"], [valeur(14_520)])["valeur_calculee"] == 14_520
    deux = [valeur(14_520), valeur(14_480, indicateur="postes")]
    assert judge(declaration(), ["emplois", "postes"], deux)["valeur_calculee"] is None, "one would be chosen"
    assert judge(declaration(), ["emplois"], [valeur(14_500, borne_basse=14_460, borne_haute=14_540)])["valeur_calculee"] is None


def test_une_annee_non_dite_multiplie_les_combinaisons_et_ne_se_choisit_pas():
    sans_annee = declaration(periode="inconnu", date=datetime.date(2019, 7, 24))
    assert possible_years(sans_annee) == ["2016", "2017", "2018", "2019"]
    bonne_puis_mauvaise = [valeur(14_500, periode="2018"), valeur(15_500, periode="2017")]
    rendu = judge(sans_annee, ["emplois"], bonne_puis_mauvaise)
    assert (rendu["verdict"], rendu["nombre_combinaisons"]) == ("ambigu", 4)
    assert judge(sans_annee, ["emplois"], [valeur(14_500)])["explication"].endswith("n'atteignent pas ces années (elles donnent 2024)")


@pytest.mark.parametrize("valeur_calculee", [14_500, 20_000])
def test_une_annee_permise_que_rien_ne_calcule_laisse_le_verdict_ambigu(valeur_calculee: int):
    sans_annee = declaration(periode="inconnu", date=datetime.date(2019, 7, 24))
    toutes = [valeur(valeur_calculee, periode=annee) for annee in possible_years(sans_annee)]
    assert judge(sans_annee, ["emplois"], toutes)["verdict"] in ("confirme", "contredit")
    une_seule = judge(sans_annee, ["emplois"], toutes[:1])
    assert une_seule["verdict"] == "ambigu"
    assert "4 combinaisons" in une_seule["explication"] and "1 calculable ;" in une_seule["explication"]
    assert une_seule["explication"].endswith("rien ne calcule emplois pour 2017, 2018, 2019")
    tue = judge(sans_annee, ["emplois"], [*toutes[:3], valeur(None, periode="2019", statut_confidentialite="C")])
    assert tue["verdict"] == "ambigu" and "secret statistique" in tue["explication"]


def test_deux_dates_d_une_annee_sont_une_combinaison():
    dates = [valeur(14_510, periode="2024-01-01"), valeur(14_490, periode="2024-12-01")]
    rendu = judge(declaration(), ["emplois"], dates)
    assert (rendu["verdict"], rendu["valeur_calculee"]) == ("confirme", None)
    assert "1 calculable (2 valeurs)" in rendu["explication"]
    dates[0] |= {"valeur": None, "statut_confidentialite": "C"}
    assert judge(declaration(), ["emplois"], dates)["verdict"] == "ambigu", "one of the two dates is not known"


@pytest.mark.parametrize("champs", [{"periode": "2016-2020"}, {"periode": "inconnu", "date": None}])
def test_sans_annee_possible_rien_n_est_verifiable(champs: dict[str, Any]):
    assert judge(declaration(**champs), ["emplois"], [valeur(14_500)])["verdict"] == "inverifiable"


def test_plus_de_cinquante_exclut_cinquante():
    plus_de = declaration(None, borne_basse=Decimal(50), est_borne_stricte=True)
    assert judge(plus_de, ["emplois"], [valeur(50)])["verdict"] == "contredit"
    assert judge(plus_de, ["emplois"], [valeur(51)])["verdict"] == "confirme"
    assert judge({**plus_de, "est_borne_stricte": False}, ["emplois"], [valeur(50)])["verdict"] == "confirme"


bornes = st.floats(min_value=1, max_value=1e6).map(lambda x: round(x, 2))


@given(bornes, bornes, st.booleans(), st.sampled_from(["reelle", "demonstration"]))
def test_jamais_confirme_par_un_intervalle_plus_large_que_la_tolerance_ni_par_une_demonstration(a, b, a_point, nature):
    bas, haut = sorted((a, b))
    rendu = judge(declaration(), ["emplois"], [valeur(bas if a_point else None, borne_basse=bas, borne_haute=haut, nature=nature)])
    tolere_bas, tolere_haut = tolerance(declaration())
    if rendu["verdict"] == "confirme":
        assert nature == "reelle" and tolere_bas <= Decimal(str(bas)) <= Decimal(str(haut)) <= tolere_haut
    if nature == "demonstration":
        assert (rendu["verdict"], rendu["nature"]) == ("inverifiable", "demonstration")


def test_les_definitions_embarquees_nomment_des_indicateurs_qui_existent():
    with (REFERENCES / "definitions_declarations.csv").open(encoding="utf-8", newline="") as flux:
        nommes = {ligne["indicateur"] for ligne in csv.DictReader(flux)}
    assert nommes <= set(indicateurs())


# the arithmetic of a document


def grandeurs(**valeurs: tuple[int | str, int | str]) -> dict[str, tuple[Decimal, Decimal]]:
    return {nom: (Decimal(bas), Decimal(haut)) for nom, (bas, haut) in valeurs.items()}


RTES = grandeurs(salaries=(14500, 14500), etablissements=(1295, 1295), masse=(400_000_000, 400_000_000), part=("13.5", "14.5"))


def test_les_rapports_de_la_fiche_se_recalculent():
    assert evaluate("salaries / etablissements", RTES)[0].quantize(Decimal("0.01")) == Decimal("11.20")
    assert evaluate("masse / salaries", RTES)[0].quantize(Decimal(1)) == 27_586
    bas, haut = evaluate("salaries / part * 100", RTES)
    assert (round(bas), round(haut)) == (100_000, 107_407), "an approximate share stays approximate"


def controle(calcul: str, **champs: Any) -> dict[str, Any]:
    defauts = {
        "document": "d", "controle": "c", "unite": "u", "raison": "r", "grandeur_attendue": None, "plausible_bas": None,
        "plausible_haut": None,
    }
    return {**defauts, "calcul": calcul, **champs}


@pytest.mark.parametrize(
    ("fait", "verdict"),
    [
        (controle("partenaires + territoires", grandeur_attendue="signataires"), "coherent"),
        (controle("partenaires - territoires", grandeur_attendue="signataires"), "incoherent"),
        (controle("partenaires + territoires", plausible_bas=Decimal(2), plausible_haut=Decimal(40)), "plausible"),
        (controle("partenaires + territoires", plausible_bas=Decimal(20), plausible_haut=Decimal(40)), "peu_plausible"),
        (controle("partenaires + territoires"), "sans_repere"),
        (controle("partenaires + absents", grandeur_attendue="signataires"), "sans_repere"),
        (controle("partenaires / nul", grandeur_attendue="signataires"), "sans_repere"),
    ],
)
def test_un_verdict_par_calcul(fait: dict[str, Any], verdict: str):
    ecrites = grandeurs(partenaires=(15, 15), territoires=(4, 4), signataires=(19, 19), nul=(0, 0))
    assert check_arithmetic(fait, ecrites)["verdict"] == verdict
