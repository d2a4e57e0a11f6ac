"""Local estimates on hand-made employers: what is estimated, where, what is shown of it, and why not."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from observatoire.estimation.employers import covered_departements
from observatoire.estimation.local_jobs import Estimateur
from observatoire.estimation.publication_rule import Estimation, estimation_row, payroll_row
from observatoire.estimation.urssaf_totals import TotauxUrssaf
from observatoire.sources.states import Etat

Ligne = dict[str, Any]
# EPCI A lies in 63, C straddles 63 and 43; 63007 has no EPCI and no employer
COMMUNES = pd.DataFrame(
    [("63001", "63", "A"), ("63002", "63", "A"), ("63003", "63", "C"), ("63007", "63", None), ("43001", "43", "C")],
    columns=["code_commune", "code_departement", "code_epci"],
)
FAMILLES = {"Associations": "association", "Mutuelles": "mutuelle"}
COUVERTS = {"63", "43"}


def employeurs(*groupes: tuple[str, int, str], **champs: Any) -> list[Ligne]:
    """Give, for each (commune, number, band), that many employers; an empty commune is an unknown one of 63."""
    epci = dict(zip(COMMUNES["code_commune"], COMMUNES["code_epci"], strict=True))
    return [
        {
            "code_departement": (commune or "63")[:2], "code_commune": commune or None, "code_epci": epci.get(commune),
            "siren": f"{commune}|{tranche}|{rang}", "secteur": "Q", "code_naf": "88.99B", "tranche_effectifs": tranche,
            "annee_effectifs": "2024", "famille": "association", "est_hors_regime": False, "est_creee_depuis": False,
            **champs,
        }
        for commune, nombre, tranche in groupes
        for rang in range(nombre)
    ]  # fmt: skip


def totaux(par_departement: dict[str, Any], comptes: dict[str, float] | None = None, **autres: Any) -> TotauxUrssaf:
    """Give totals: jobs of each département, or of each label of a département."""
    lignes = []
    for departement, dit in par_departement.items():
        for famille, effectifs in (dit if isinstance(dit, dict) else {"Associations": dit}).items():
            vus = (comptes or {}).get(famille)
            masse = None if effectifs is None else 30_000.0 * effectifs
            lignes.append((departement, famille, effectifs, vus, masse))
    ess = pd.DataFrame(lignes, columns=["code_departement", "famille_urssaf", "effectifs", "comptes", "masse"])
    ess[["effectifs", "comptes", "masse"]] = ess[["effectifs", "comptes", "masse"]].astype(float)
    cellules = pd.DataFrame(columns=["code_commune", "code_naf", "comptes", "mesure", "tous_employeurs"])
    defauts = {"cells": cellules, "ecarts_communes": {}, "ecarts_epci": {"A": 0.02}}
    return TotauxUrssaf(2024, ess, FAMILLES, **{**defauts, **autres})


def estimer(lignes: list[Ligne], dits: TotauxUrssaf, couverts: set[str] = COUVERTS) -> Estimateur:
    tableau = pd.DataFrame(lignes)
    tableau["est_estimee"] = ~(tableau["est_hors_regime"] | tableau["est_creee_depuis"])
    estimateur = Estimateur(tableau, COMMUNES, dits, "reelle")
    estimateur.run(couverts)
    return estimateur


def de(estimateur: Estimateur, code: str, modalite: str = "total", grandeur: str = "emplois_ess") -> Ligne:
    (ligne,) = [
        ligne
        for ligne in estimateur.lignes
        if (ligne["code_territoire"], ligne["modalite"], ligne["grandeur"]) == (code, modalite, grandeur)
    ]
    return ligne


def calage(estimateur: Estimateur, departement: str, famille: str = "total") -> Ligne:
    (ligne,) = [
        ligne for ligne in estimateur.calages if (ligne["code_departement"], ligne["famille"]) == (departement, famille)
    ]
    return ligne


BEAUCOUP = (("63001", 40, "11"), ("63002", 3, "12"), ("63003", 20, "02"), ("43001", 30, "02"))


def test_un_epci_recoit_une_estimation_une_fourchette_et_ses_bornes_logiques():
    estimateur = estimer(employeurs(*BEAUCOUP), totaux({"63": 750.0, "43": 120.0}))
    a = de(estimateur, "A")
    assert a["publication"] == "point"
    assert a["borne_logique_basse"] <= a["borne_basse"] < a["estimation"] < a["borne_haute"] <= a["borne_logique_haute"]
    assert (a["nombre_etablissements"], a["nombre_repondants"], a["motif"]) == (43, 43, None)
    assert (a["periode"], a["nature"], a["tolerance_tables_pct"]) == ("2024", "reelle", 2.0)
    somme = sum(de(estimateur, code)["borne_haute"] for code in ("63001", "63002"))
    assert a["borne_haute"] < somme, "une fourchette d'EPCI n'est pas la somme de celles de ses communes"


def test_un_epci_a_cheval_est_cale_dans_chacun_de_ses_departements():
    petit = de(estimer(employeurs(*BEAUCOUP), totaux({"63": 750.0, "43": 100.0})), "C")
    grand = de(estimer(employeurs(*BEAUCOUP), totaux({"63": 750.0, "43": 150.0})), "C")
    assert grand["estimation"] - petit["estimation"] == pytest.approx(50, abs=0.2)
    seul = estimer(employeurs(*BEAUCOUP), totaux({"63": 750.0, "43": 100.0}), {"63"})
    assert "C" not in {ligne["code_territoire"] for ligne in seul.lignes}
    assert calage(seul, "43")["verdict"] == "non_couvert"


def test_un_total_hors_des_bornes_ne_donne_aucune_estimation_et_montre_l_ecart():
    estimateur = estimer(employeurs(*BEAUCOUP), totaux({"63": 5_000.0, "43": 120.0}))
    for code in ("A", "C", "63001"):
        ligne = de(estimateur, code)
        assert ligne["publication"] == "non_estimable"
        assert [ligne[c] for c in ("estimation", "borne_basse", "borne_haute", "borne_logique_basse")] == [None] * 4
        assert "écart de +" in ligne["motif"]
    assert de(estimateur, "43001")["publication"] == "point"
    dit = calage(estimateur, "63")
    assert (dit["verdict"], dit["ecart"]) == ("hors_bornes", pytest.approx(5_000 - (40 * 19 + 3 * 49 + 20 * 5)))
    assert not [
        ligne for ligne in estimateur.lignes if ligne["grandeur"] != "emplois_ess" and ligne["code_territoire"] == "A"
    ]


def test_un_total_que_l_urssaf_ne_dit_pas_n_est_pas_un_zero():
    estimateur = estimer(employeurs(*BEAUCOUP), totaux({"63": {"Associations": None, "Mutuelles": 20.0}, "43": 120.0}))
    assert de(estimateur, "A")["publication"] == "non_estimable"
    assert calage(estimateur, "63")["verdict"] == "total_inconnu"


def test_une_commune_couverte_sans_employeur_a_zero_emploi_connu():
    ligne = de(estimer(employeurs(*BEAUCOUP), totaux({"63": 750.0, "43": 120.0})), "63007")
    assert [ligne[c] for c in ("estimation", "borne_basse", "borne_haute", "nombre_etablissements")] == [0, 0, 0, 0]
    assert ligne["publication"] == "point"


def test_un_employeur_sans_commune_compte_dans_le_calage_mais_dans_aucune_commune():
    avec = estimer(employeurs(*BEAUCOUP, ("", 20, "11")), totaux({"63": 1_000.0, "43": 120.0}))
    assert calage(avec, "63")["nombre_sans_commune"] == 20
    communes = [
        ligne["estimation"] or 0
        for ligne in avec.lignes
        if (ligne["niveau"], ligne["modalite"], ligne["grandeur"]) == ("commune", "total", "emplois_ess")
        and ligne["code_territoire"].startswith("63")
    ]
    assert sum(communes) < 1_000 - 20 * 10


def test_un_employeur_sans_commune_peut_etre_dans_chaque_territoire_du_departement():
    places = (("63001", 40, "11"), ("63002", 3, "12"), ("63003", 20, "02"), ("43001", 30, "02"))
    estimateur = estimer(employeurs(*places, ("", 200, "11")), totaux({"63": 3_500.0, "43": 120.0}))
    ailleurs = 20 * 3  # at least, in 63003
    assert de(estimateur, "A")["borne_logique_haute"] == min(40 * 19 + 3 * 49 + 200 * 19, 3_500 - ailleurs)
    assert de(estimateur, "43001")["borne_logique_haute"] == 120, "those of 63 are not in 43"
    vide = de(estimateur, "63007")
    assert (vide["publication"], vide["estimation"], vide["nombre_etablissements"]) == ("intervalle", None, 0)
    assert 200 * 10 <= vide["borne_haute"] <= vide["borne_logique_haute"] == 3_500 - 40 * 10 - 3 * 20 - 20 * 3
    assert "n'ont pas de commune connue" in vide["motif"]
    assert not [ligne for ligne in estimateur.lignes if ligne["grandeur"] != "emplois_ess" and ligne["code_territoire"] == "63007"]


def test_un_epci_sans_employeur_visible_n_a_pas_zero_emploi_tant_qu_un_employeur_n_a_pas_de_commune():
    sans = de(estimer(employeurs(("63001", 40, "11"), ("", 20, "11")), totaux({"63": 800.0, "43": 0.0})), "C")
    assert (sans["publication"], sans["borne_haute"] > 0, sans["borne_logique_haute"]) == ("intervalle", True, 380)
    avec = de(estimer(employeurs(("63001", 40, "11")), totaux({"63": 600.0, "43": 0.0})), "C")
    assert (avec["publication"], avec["estimation"], avec["borne_logique_haute"]) == ("point", 0, 0)


def test_un_employeur_dont_seul_l_epci_est_connu_n_est_dans_les_bornes_d_aucun_autre():
    lignes = employeurs(*BEAUCOUP)
    perdus = [{**ligne, "code_epci": "A"} for ligne in employeurs(("", 5, "11"))]
    estimateur = estimer([*lignes, *perdus], totaux({"63": 800.0, "43": 120.0}))
    assert de(estimateur, "C")["borne_logique_haute"] == 20 * 5 + 120
    assert de(estimateur, "63007")["borne_logique_haute"] == 5 * 19


def test_hors_du_regime_general_et_cree_depuis_sont_comptes_a_part():
    lignes = [
        *employeurs(*BEAUCOUP),
        *employeurs(("63001", 4, "22"), est_hors_regime=True),
        *employeurs(("63001", 2, "22"), est_creee_depuis=True),
    ]
    estimateur = estimer(lignes, totaux({"63": 750.0, "43": 120.0}))
    assert (de(estimateur, "A")["nombre_etablissements"], de(estimateur, "A")["nombre_hors_regime_general"]) == (43, 4)
    dit = calage(estimateur, "63")
    assert [dit[c] for c in ("nombre_etablissements_sirene", "nombre_hors_regime_general", "nombre_crees_depuis")] == [
        63,
        4,
        2,
    ]


def test_peu_d_employeurs_ou_une_large_fourchette_ne_donnent_que_la_fourchette():
    estimateur = estimer(employeurs(*BEAUCOUP), totaux({"63": 750.0, "43": 120.0}))
    ligne = de(estimateur, "63002")
    assert (ligne["publication"], ligne["estimation"]) == ("intervalle", None)
    assert ligne["borne_basse"] < ligne["borne_haute"]
    assert "moins de 10 employeurs" in ligne["motif"]
    flou = estimer(employeurs(("63001", 12, "12"), ("63002", 12, "41")), totaux({"63": 12_000.0}), {"63"})
    assert "au-delà de 15 %" in de(flou, "63001")["motif"]


@pytest.mark.parametrize(("haut", "publication"), [(40.0, "intervalle"), (0.01, "point")])
def test_une_estimation_nulle_dont_la_fourchette_ne_l_est_pas_n_est_pas_un_point(haut: float, publication: str):
    comptes = {"nombre_etablissements": 20, "nombre_repondants": 20, "sans_tranche": 0}
    chiffres = Estimation(0.0, 0.0, haut, 0.0, 40.0, est_renseigne=True)
    ligne = estimation_row({"niveau": "commune"}, comptes, chiffres, "")
    assert ligne["publication"] == publication
    assert (ligne["estimation"] is None, bool(ligne["motif"])) == (publication == "intervalle",) * 2


def test_dix_etablissements_d_une_meme_association_ne_sont_qu_un_repondant():
    lignes = employeurs(("63001", 40, "11"), ("63002", 12, "02"))
    for ligne in lignes[40:]:
        ligne["siren"] = "une seule"
    ligne = de(estimer(lignes, totaux({"63": 620.0}), {"63"}), "63002")
    assert (ligne["nombre_etablissements"], ligne["nombre_repondants"]) == (12, 1)
    assert "moins de 10 employeurs" in ligne["motif"]


def test_un_territoire_sans_aucune_tranche_connue_n_est_pas_estimable():
    estimateur = estimer(employeurs(("63001", 40, "11"), ("63002", 12, "NN")), totaux({"63": 620.0}), {"63"})
    ligne = de(estimateur, "63002")
    assert (ligne["publication"], ligne["borne_haute"]) == ("non_estimable", None)
    assert "tranche" in ligne["motif"]
    assert de(estimateur, "A")["part_tranches_manquantes_pct"] == pytest.approx(100 * 12 / 52, abs=0.1)


def test_les_familles_ne_sont_estimees_que_si_celles_des_deux_sources_s_accordent():
    lignes = [*employeurs(("63001", 40, "11")), *employeurs(("63001", 15, "12"), famille="mutuelle")]
    dits = {"63": {"Associations": 560.0, "Mutuelles": 480.0}}
    accord = estimer(lignes, totaux(dits, {"Associations": 41.0, "Mutuelles": 15.0}), {"63"})
    assert de(accord, "63001", "mutuelle")["axe"] == "famille"
    assert de(accord, "A", "association")["estimation"] == pytest.approx(560, abs=1)
    autres_nombres = estimer(lignes, totaux(dits, {"Associations": 41.0, "Mutuelles": 30.0}), {"63"})
    assert not [ligne for ligne in autres_nombres.lignes if ligne["modalite"] == "mutuelle"]
    assert calage(autres_nombres, "63", "mutuelle")["verdict"] == "non_rapprochee"
    assert de(autres_nombres, "A", "association")["publication"] == "point"
    aucun_compte = estimer(lignes, totaux(dits, {"Associations": 41.0, "Mutuelles": 0.0}), {"63"})
    assert calage(aucun_compte, "63", "mutuelle")["verdict"] == "non_rapprochee"
    assert calage(aucun_compte, "63", "mutuelle")["ecart_etablissements_pct"] == -100
    autres_mots = {"63": {"Associations": 560.0, "Mutuelles": 480.0, "Clubs": 5.0}}
    inconnue = estimer(lignes, totaux(autres_mots, {"Associations": 41.0, "Mutuelles": 15.0}), {"63"})
    assert "Clubs" in calage(inconnue, "63", "association")["explication"]
    assert {ligne["axe"] for ligne in inconnue.lignes} == {"total"}


def test_un_nombre_d_etablissements_que_l_urssaf_ne_dit_pas_n_est_pas_celui_des_autres():
    dits = totaux({"63": {"Associations": 560.0, "Mutuelles": 480.0}}, {"Associations": 41.0})
    assert dits.of("63", "total") == (1_040.0, None)
    lignes = [*employeurs(("63001", 40, "11")), *employeurs(("63001", 15, "12"), famille="mutuelle")]
    estimateur = estimer(lignes, dits, {"63"})
    dit = calage(estimateur, "63", "mutuelle")
    assert (dit["verdict"], dit["nombre_etablissements_urssaf"], dit["ecart_etablissements_pct"]) == ("non_rapprochee", None, None)
    assert calage(estimateur, "63")["verdict"] == "cale"


def test_une_cellule_de_l_urssaf_tout_entiere_de_l_ess_resserre_la_fourchette():
    lignes = [*employeurs(("63001", 12, "12"), ("63002", 30, "12"))]
    for ligne in lignes[:12]:
        ligne["code_naf"] = "87.10A"
    colonnes = ["code_commune", "code_naf", "comptes", "mesure", "tous_employeurs"]

    def avec(*cellule: Any, ecart: float = 0.01) -> Estimateur:
        cellules = pd.DataFrame([("63001", "87.10A", *cellule)], columns=colonnes)
        return estimer(lignes, totaux({"63": 1_400.0}, cells=cellules, ecarts_communes={"63": ecart}), {"63"})

    def largeur(estimateur: Estimateur) -> float:
        return de(estimateur, "63001")["borne_haute"] - de(estimateur, "63001")["borne_basse"]

    retenue = avec(12.0, 480.0, 12)
    assert largeur(retenue) < largeur(avec(12.0, 480.0, 13)), "un employeur qui n'est pas de l'ESS est dans la cellule"
    assert calage(retenue, "63")["nombre_cellules_urssaf"] == 1
    assert de(retenue, "63001")["borne_basse"] < 480 < de(retenue, "63001")["borne_haute"]
    for ecartee in (avec(12.0, 480.0, 13), avec(20.0, 480.0, 12), avec(12.0, 480.0, 12, ecart=0.4)):
        assert calage(ecartee, "63")["nombre_cellules_urssaf"] == 0


@pytest.mark.parametrize(("comptes", "retenues"), [(1.0, 1), (2.0, 0), (1.25, 0)])
def test_une_petite_cellule_n_est_toute_de_l_ess_que_si_ses_comptes_sont_ses_employeurs(comptes: float, retenues: int):
    lignes = [*employeurs(("63001", 1, "12"), code_naf="87.10A"), *employeurs(("63002", 30, "12"))]
    colonnes = ["code_commune", "code_naf", "comptes", "mesure", "tous_employeurs"]
    cellules = pd.DataFrame([("63001", "87.10A", comptes, 40.0, 1)], columns=colonnes)
    estimateur = estimer(lignes, totaux({"63": 1_000.0}, cells=cellules, ecarts_communes={"63": 0.01}), {"63"})
    assert calage(estimateur, "63")["nombre_cellules_urssaf"] == retenues


def test_une_mesure_qui_contredit_le_total_laisse_la_place_aux_tranches():
    lignes = employeurs(("63001", 12, "12"))
    colonnes = ["code_commune", "code_naf", "comptes", "mesure", "tous_employeurs"]
    cellules = pd.DataFrame([("63001", "88.99B", 12.0, 520.0, 12)], columns=colonnes)
    estimateur = estimer(lignes, totaux({"63": 400.0}, cells=cellules, ecarts_communes={"63": 0.01}), {"63"})
    assert (calage(estimateur, "63")["verdict"], calage(estimateur, "63")["nombre_cellules_urssaf"]) == ("cale", 0)
    assert de(estimateur, "A")["estimation"] == pytest.approx(400)


def test_la_masse_salariale_n_est_qu_un_ordre_de_grandeur():
    estimateur = estimer(employeurs(*BEAUCOUP), totaux({"63": 750.0, "43": 120.0}))
    masse, emplois = de(estimateur, "A", grandeur="masse_salariale_ess"), de(estimateur, "A")
    assert (masse["estimation"], masse["publication"]) == (None, "intervalle")
    assert "ordre de grandeur" in masse["motif"]
    assert masse["borne_basse"] <= 30_000 * emplois["borne_basse"] * 1.001
    assert masse["borne_haute"] >= 30_000 * emplois["borne_haute"] * 0.999
    for borne in (masse["borne_basse"], masse["borne_haute"]):
        assert float(f"{borne:.1e}") == borne
    assert payroll_row({}, 0.0, 0.0)["borne_haute"] == 0


def test_les_memes_donnees_donnent_les_memes_chiffres():
    lignes, dits = employeurs(*BEAUCOUP), totaux({"63": 750.0, "43": 120.0})
    assert estimer(lignes, dits).lignes == estimer(lignes, dits).lignes


def test_aucun_effectif_d_employeur_n_est_dans_les_tables():
    estimateur = estimer(employeurs(*BEAUCOUP), totaux({"63": 750.0, "43": 120.0}))
    for ligne in (*estimateur.lignes, *estimateur.calages):
        assert not {"siren", "siret"} & set(ligne)
        assert not [valeur for valeur in ligne.values() if isinstance(valeur, str) and "|11|" in valeur]


@pytest.mark.parametrize(
    ("couverture", "attendus"),
    [
        ([["france", "FR"]], {"63", "43"}),
        ([["france", "FR"], ["sauf departement", "43"]], {"63"}),
        ([["departement", "63"]], {"63"}),
        ([["region", "84"]], {"63", "43"}),
        ("lignes", set()),
    ],
)
def test_seul_un_departement_que_les_deux_stocks_couvrent_est_estime(couverture, attendus):
    import duckdb

    with duckdb.connect() as connexion:
        connexion.execute("CREATE SCHEMA referentiels")
        communes = COMMUNES.assign(code_region="84")
        connexion.register("des_communes", communes)
        connexion.execute("CREATE TABLE referentiels.communes AS FROM des_communes")
        tout = Etat("sirene_unites_legales", "a_jour", "v", "reelle", [["france", "FR"]])
        assert covered_departements(connexion, [tout, Etat("e", "a_jour", "v", "reelle", couverture)]) == attendus


def test_les_sommes_des_points_des_communes_et_des_epci_sont_les_memes():
    lignes = employeurs(("63001", 80, "11"), ("63002", 40, "12"), ("63003", 150, "02"))
    estimateur = estimer(lignes, totaux({"63": 3_000.0, "43": 0.0}))
    points = [de(estimateur, code)["estimation"] for code in ("63001", "63002", "63003")]
    assert None not in points
    assert np.sum(points) == pytest.approx(3_000, abs=1)
    assert de(estimateur, "A")["estimation"] == pytest.approx(points[0] + points[1], abs=0.2)
