"""Demonstration data gives way to real files, and says what it is as long as it stays."""

import pytest

from observatoire.demonstration import generate
from observatoire.loading.files import files_of
from observatoire.settings import REFERENCES
from tests.depots import (
    charger_source,
    deposer,
    en_csv,
    octets,
    rejets,
    source,
    subventions,
    table,
)

ANNEE = "subventions_2024.csv"
UNITE = {
    "siren": "700000102",
    "statutDiffusionUniteLegale": "O",
    "etatAdministratifUniteLegale": "A",
    "categorieJuridiqueUniteLegale": "9220",
    "activitePrincipaleUniteLegale": "94.99Z",
    "economieSocialeSolidaireUniteLegale": "O",
    "caractereEmployeurUniteLegale": "N",
}


@pytest.fixture
def demontre(entrepot):
    """Give a warehouse where the demonstration of Sirene is loaded."""
    generate("sirene", entrepot.racine / "demonstration", REFERENCES, etablissements=300)
    for nom in ("sirene_unites_legales", "sirene_etablissements"):
        etat = charger_source(entrepot, nom)
        assert (etat.etat, etat.nature, etat.regles) == ("a_jour", "demonstration", [])
        assert etat.lignes_retenues > 0
    return entrepot


def test_un_fichier_reel_chasse_la_demonstration_de_tout_son_jeu(demontre):
    deposer(demontre, "sirene_unites_legales", "reel.csv", en_csv([UNITE]))
    etat = charger_source(demontre, "sirene_unites_legales")
    assert (etat.etat, etat.nature, etat.lignes_retenues) == ("a_jour", "reelle", 1)
    autre = charger_source(demontre, "sirene_etablissements")
    assert (autre.etat, autre.lignes_retenues) == ("absente", 0)
    assert table(demontre, "sirene_etablissements") == []


def test_un_fichier_reel_illisible_n_efface_pas_la_demonstration_de_son_jeu(demontre):
    avant = octets(demontre, "sirene_etablissements")
    deposer(demontre, "sirene_unites_legales", "reel.csv", "<html>503</html>")
    assert charger_source(demontre, "sirene_unites_legales").etat == "en_echec"
    autre = charger_source(demontre, "sirene_etablissements")
    assert (autre.etat, autre.nature) == ("en_echec", "demonstration") and "corriger raw/sirene_unites_legales" in autre.motif
    assert octets(demontre, "sirene_etablissements") == avant
    deposer(demontre, "sirene_unites_legales", "reel.csv", en_csv([UNITE]))
    assert charger_source(demontre, "sirene_unites_legales").nature == "reelle"
    assert charger_source(demontre, "sirene_etablissements").etat == "absente"


def test_une_demonstration_deposee_hors_de_tout_jeu_s_en_va_avec_son_fichier(entrepot):
    entete = "reseau,membre,depuis,niveau,code_territoire,confiance,est_sensible,document,citation\n"
    ligne = "sismo,Cercle visible,,inconnu,inconnu,forte,,d,Cercle visible\n"
    membres = deposer(entrepot, "adhesions", "a.csv", entete + ligne)
    aides = deposer(entrepot, "subventions", ANNEE, subventions(5))
    for nom, chemin in (("adhesions", membres), ("subventions", aides)):
        deposer(entrepot, nom, f"{chemin.name}.origine.yml", "nature: demonstration\n")
        assert (etat := charger_source(entrepot, nom)).nature == "demonstration", etat.motif
    membres.write_text("<html>503</html>", encoding="utf-8")
    assert (charger_source(entrepot, "adhesions").etat, aides.unlink()) == ("en_echec", None)
    assert charger_source(entrepot, "subventions").etat == "absente"


def test_un_fichier_reel_disparu_n_est_pas_remplace_par_la_demonstration(demontre):
    chemin = deposer(demontre, "sirene_unites_legales", "reel.csv", en_csv([UNITE]))
    charger_source(demontre, "sirene_unites_legales")
    avant = octets(demontre, "sirene_unites_legales")
    chemin.unlink()
    assert files_of(demontre.settings, source("sirene_unites_legales")), "la démonstration serait lue"
    etat = charger_source(demontre, "sirene_unites_legales")
    assert (etat.etat, etat.nature) == ("en_echec", "reelle")
    assert "la démonstration ne remplace pas des données réelles" in etat.motif
    assert octets(demontre, "sirene_unites_legales") == avant


def test_un_siren_de_demonstration_dans_un_fichier_reel_est_signale(demontre):
    factice = next(ligne["siren"] for ligne in table(demontre, "sirene_unites_legales"))
    deposer(demontre, "sirene_unites_legales", "reel.csv", en_csv([UNITE, {**UNITE, "siren": factice}]))
    etat = charger_source(demontre, "sirene_unites_legales")
    assert (etat.nature, etat.lignes_retenues) == ("reelle", 2)
    [rejet] = rejets(demontre, "sirene_unites_legales")
    assert (rejet["valeur"], rejet["regle"], rejet["gravite"]) == (factice, "siren_de_demonstration", "signalement")


def test_une_erreur_du_programme_met_sa_source_en_echec_sans_citer_de_valeur(entrepot, monkeypatch):
    deposer(entrepot, "subventions", ANNEE, subventions(5))
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    avant = octets(entrepot, "subventions")
    deposer(entrepot, "subventions", ANNEE, subventions(6))

    def casse(*_):
        raise ValueError("secret 1234")

    monkeypatch.setattr("observatoire.sources.Source.preparer", casse)
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "en_echec" and "secret" not in etat.motif
    assert "erreur du programme (ValueError, test_chargement_demonstration.py" in etat.motif
    assert octets(entrepot, "subventions") == avant
