"""Real files, laid out as their producers publish them: every row is kept, out of scope or refused with its reason."""

from collections import Counter
from decimal import Decimal

import pytest
from stdnum.fr import siret

from observatoire.states import Etat
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, comptes_justes, deposer, regles, table
from tests.donnees import CAM, TOTAUX_CAM, lire_csv, poser_subventions_cam


@pytest.fixture
def cam(entrepot: Entrepot, donnees) -> Etat:
    """Load the grants of the métropole."""
    poser_subventions_cam(entrepot.settings.raw)
    return charger_source(entrepot, "subventions")


def test_les_subventions_de_la_metropole_se_chargent_au_centime(entrepot, cam):
    assert siret.is_valid(CAM) and CAM.startswith(entrepot.settings.territoire)
    assert (cam.etat, cam.lignes_retenues, len(cam.fichiers)) == ("a_jour", 327, 4)
    lignes = table(entrepot, "subventions")
    totaux = {
        annee: (
            sum(1 for ligne in lignes if ligne["exercice"] == annee),
            sum((ligne["montant_eur"] for ligne in lignes if ligne["exercice"] == annee), Decimal(0)),
        )
        for annee in TOTAUX_CAM
    }
    assert totaux == TOTAUX_CAM
    assert {ligne["siren_attribuant"] for ligne in lignes} == {"246300701"}


def test_les_subventions_de_la_metropole_sont_signalees_et_aucune_refusee(entrepot, cam):
    assert sum(lu.lignes_rejetees for lu in cam.fichiers) == 0
    assert regles(entrepot, "subventions") == {
        ("signalement", "identifiant_invalide"): 3,
        ("signalement", "siren_au_lieu_de_siret"): 324,
        ("signalement", "date_presente"): 327,
    }
    assert sorted(lu.millesime for lu in cam.fichiers) == ["2020", "2022", "2023", "2024"]


@pytest.mark.parametrize(
    ("nom", "fichier", "etat_lu"),
    [
        (
            "sirene_etablissements",
            "StockEtablissement_utf8_extrait_2024-04_personnes_morales.csv",
            "etatAdministratifEtablissement",
        ),
        (
            "sirene_unites_legales",
            "StockUniteLegale_utf8_extrait_2022-04_personnes_morales.csv",
            "etatAdministratifUniteLegale",
        ),
    ],
)
def test_chaque_ligne_de_sirene_est_gardee_ou_hors_champ(entrepot, donnees, nom, fichier, etat_lu):
    chemin = donnees / "sirene" / fichier
    attendu = Counter(ligne[etat_lu] for ligne in lire_csv(chemin))
    deposer(entrepot, nom, fichier, chemin.read_bytes())
    etat = charger_source(entrepot, nom)
    [lu] = etat.fichiers
    assert etat.etat == "a_jour", etat.motif
    assert comptes_justes(etat)
    assert lu.lignes_lues == sum(attendu.values()) == {"sirene_etablissements": 74, "sirene_unites_legales": 488}[nom]
    assert (lu.lignes_retenues, lu.lignes_rejetees) == (attendu["A"], 0)
    assert sum(lu.motifs_hors_champ.values()) == lu.lignes_hors_champ == attendu["F"] + attendu["C"]
    actifs = {ligne["siren"] for ligne in lire_csv(chemin) if ligne[etat_lu] == "A"}
    assert {ligne["siren"] for ligne in table(entrepot, nom)} == actifs
    assert etat.regles == []


@pytest.mark.parametrize("fichier", ["datasubvention_exemple_valide.csv", "etalab_format_subventions_exemple.csv"])
def test_les_exemples_officiels_scdl_se_chargent(entrepot, donnees, fichier):
    chemin = donnees / "scdl_subventions" / fichier
    lignes = lire_csv(chemin)
    deposer(entrepot, "subventions", fichier, chemin.read_bytes())
    etat = charger_source(entrepot, "subventions")
    assert (etat.etat, etat.lignes_retenues) == ("a_jour", len(lignes)), etat.motif
    assert [ligne["montant_eur"] for ligne in table(entrepot, "subventions")] == [
        Decimal(ligne["montant"]) for ligne in lignes
    ]
    assert etat.fichiers[0].colonnes_inconnues == []
