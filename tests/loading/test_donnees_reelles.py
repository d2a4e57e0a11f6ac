"""Real files, laid out as their producers publish them: every row is kept, out of scope or refused with its reason."""

import datetime
from collections import Counter
from decimal import Decimal

import pytest
from stdnum.fr import siret

from observatoire.sources.states import Etat
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, comptes_justes, deposer, en_csv, regles, table
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
        ("signalement", "beneficiaire_nomme"): 200,
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

    def recente(ligne: dict[str, str]) -> bool:
        """Say whether a closed employer, or a body, is still counted: openings and closings look ten years back."""
        comptee = ligne.get("caractereEmployeurEtablissement", "O") == "O"
        entrepreneur = ligne.get("categorieJuridiqueUniteLegale") == "1000"
        premiere = datetime.date.today().year - 10  # noqa: DTZ011
        return comptee and not entrepreneur and int(ligne["dateDebut"][:4] or 0) >= premiere

    attendu = Counter("A" if ligne[etat_lu] != "A" and recente(ligne) else ligne[etat_lu] for ligne in lire_csv(chemin))
    deposer(entrepot, nom, fichier, chemin.read_bytes())
    etat = charger_source(entrepot, nom)
    [lu] = etat.fichiers
    assert etat.etat == "a_jour", etat.motif
    assert comptes_justes(etat)
    assert lu.lignes_lues == sum(attendu.values()) == {"sirene_etablissements": 74, "sirene_unites_legales": 488}[nom]
    assert (lu.lignes_retenues, lu.lignes_rejetees) == (attendu["A"], 0)
    assert sum(lu.motifs_hors_champ.values()) == lu.lignes_hors_champ == attendu["F"] + attendu["C"]
    gardes = {ligne["siren"] for ligne in lire_csv(chemin) if ligne[etat_lu] == "A" or recente(ligne)}
    assert {ligne["siren"] for ligne in table(entrepot, nom)} == gardes
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


def test_les_associations_du_rna_sont_gardees_ou_hors_champ(entrepot, donnees):
    attendu = Counter()
    for fichier in ("rna_sample_waldec.csv", "rna_sample_import.csv"):
        chemin = donnees / "rna" / fichier
        attendu.update(ligne["position"] for ligne in lire_csv(chemin, ";"))
        deposer(entrepot, "rna", fichier, chemin.read_bytes())
    assert attendu == {"A": 2, "D": 1, "R": 3}
    etat = charger_source(entrepot, "rna")
    assert etat.etat == "a_jour", etat.motif
    assert comptes_justes(etat) and etat.regles == [], "rien n'est signalé, 0001-01-01 est vide"
    motifs = Counter()
    for lu in etat.fichiers:
        motifs.update(lu.motifs_hors_champ)
    assert motifs == {"association dissoute": 1, "association reprise sous un autre numéro": 3}
    assert etat.couverture == "lignes", "six lignes ne sont pas la France"
    gardees = {ligne["id_association"]: ligne for ligne in table(entrepot, "rna")}
    assert set(gardees) == {"W012000002", "W012000005"}
    ariadne = gardees["W012000002"]
    assert (ariadne["code_commune_lu"], str(ariadne["date_creation"])) == ("69266", "1983-10-10")
    assert ariadne["date_dissolution"] is None and str(ariadne["date_maj"]) == "2008-02-12"
    assert (ariadne["nature"], ariadne["groupement"], ariadne["objet_social1"]) == ("D", "S", "006070")


def test_la_liste_d_ess_france_rend_leurs_zeros_aux_siren(entrepot, donnees):
    """Real SIREN, laid out as the national list does: numbers, one row an enterprise, and headers of establishments."""
    lignes = lire_csv(donnees / "ess" / "ess_france_liste_x_naf_numerique_2023-11.csv")
    sans_zero = [{"SIREN": ligne["siren"].lstrip("0"), "Famille juridique de l'entreprise": ""} for ligne in lignes]
    deposer(entrepot, "ess_france", "entreprisesess.csv", en_csv(sans_zero))
    etat = charger_source(entrepot, "ess_france")
    assert (etat.etat, etat.lignes_retenues) == ("a_jour", 2061), etat.motif
    assert {ligne["siren"] for ligne in table(entrepot, "ess_france")} == {ligne["siren"] for ligne in lignes}
    assert etat.fichiers[0].licence == "non vérifiée"
    assert etat.regles == []


def test_le_fichier_officiel_des_mouvements_se_charge_sans_un_rejet(entrepot, donnees):
    chemin = donnees / "geo" / "insee_cog_mvt_commune_2026_dep63.csv"
    deposer(entrepot, "mouvements_communes", chemin.name, chemin.read_bytes())
    etat = charger_source(entrepot, "mouvements_communes")
    assert (etat.etat, etat.lignes_retenues, etat.regles) == ("a_jour", 65, []), etat.motif
    assert etat.fichiers[0].colonnes_inconnues == [
        "TNCC_AV",
        "NCC_AV",
        "NCCENR_AV",
        "TNCC_AP",
        "NCC_AP",
        "NCCENR_AP",
    ]
