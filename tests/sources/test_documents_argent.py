"""What the documents say of money and places: their own words, nothing added up that they do not add up."""

import re
from decimal import Decimal

import pytest

from observatoire.settings import RACINE
from observatoire.sources.folders import MODELE
from tests.depots import charger_source, deposer, regles, table
from tests.donnees import lire_csv

DOCUMENTAIRES = ("budget_ess", "financements", "participations", "appels", "projets_lieux", "jalons", "soutiens")


@pytest.fixture
def documents(entrepot):
    """Load the committed files of these sources."""
    for nom in DOCUMENTAIRES:
        for chemin in sorted((RACINE / "raw" / nom).iterdir()):
            deposer(entrepot, nom, chemin.name, chemin.read_bytes())
        etat = charger_source(entrepot, nom)
        assert (etat.etat, sum(lu.lignes_rejetees for lu in etat.fichiers)) == ("a_jour", 0), etat.motif
    return entrepot


def test_les_citations_sont_les_mots_du_document(documents, donnees):
    fiche = donnees.parent / "seeds" / "004_92e0d76954153c70.txt"
    if not fiche.exists():
        pytest.skip("La fiche n'est pas à côté des données de test.")
    texte = re.sub(r"\s+", " ", fiche.read_text(encoding="utf-8"))
    citees = 0
    for nom in DOCUMENTAIRES:
        for ligne in table(documents, nom):
            if ligne["document"] == "rtes_2019":
                for morceau in ligne["citation"].split("[…]"):
                    assert morceau.strip(" .") in texte, (nom, morceau)
                    citees += 1
    assert citees >= 20


def test_le_budget_de_2025_est_un_autre_perimetre_et_non_une_hausse(documents):
    lignes = table(documents, "budget_ess")
    anciennes = [ligne for ligne in lignes if ligne["perimetre"] == "fiche RTES 2019"]
    assert {ligne["exercice"] for ligne in anciennes} == {None}, "la fiche de 2019 ne donne pas d'exercice"
    assert sum(ligne["montant_eur"] for ligne in anciennes) == 150_000
    nouvelles = [ligne for ligne in lignes if ligne["perimetre"] == "fiche RTES 2025"]
    assert len(anciennes) + len(nouvelles) == len(lignes)
    par_an = {annee: [li["montant_eur"] for li in nouvelles if li["exercice"] == annee] for annee in range(2022, 2027)}
    assert set(map(sum, par_an.values())) == {262_500}
    assert sum(ligne["montant_eur"] for ligne in nouvelles) == Decimal(1_312_500), "l'enveloppe annoncée"
    assert {ligne["etat_budgetaire"] for ligne in nouvelles} == {"annoncé"}
    assert {ligne["confiance"] for ligne in nouvelles} == {"deduit"}
    assert {ligne["nature"] for ligne in nouvelles} == {"investissement", "fonctionnement"}


def test_la_maison_de_l_ess_garde_ses_surfaces_et_ne_se_prete_a_aucun_ratio(documents):
    lignes = {(ligne["grandeur"], ligne["partie"]): ligne for ligne in table(documents, "projets_lieux")}
    surface = {partie: ligne for (grandeur, partie), ligne in lignes.items() if grandeur == "surface"}
    assert surface["ensemble"]["valeur"] == surface["La Poste"]["valeur"] + surface["hors La Poste"]["valeur"] == 6000
    ess = surface["acteurs de l'ESS"]
    assert (ess["valeur"], ess["borne_basse"], ess["borne_haute"], ess["precision"]) == (None, 3500, 4000, "deduit")
    cout = lignes["coût", "ensemble"]
    assert (cout["valeur"], cout["borne_basse"], cout["borne_haute"]) == (None, 6_500_000, 7_500_000)
    assert {ligne["unite"] for ligne in lignes.values()} == {"m²", "eur"}, "aucun prix au mètre carré"


def test_l_ouverture_prevue_le_reste(documents):
    jalons = {ligne["jalon"]: (ligne["date_prevue"], ligne["date_reelle"]) for ligne in table(documents, "jalons")}
    assert jalons["ouverture"] == ("2020-01", None)
    assert jalons["opération"] == ("2019", None)
    assert jalons["clôture de l'appel à manifestation d'intérêt"] == ("2018-11-30", None)


def test_une_vingtaine_de_reponses_n_est_jamais_vingt(documents):
    appels = {ligne["type"]: ligne for ligne in table(documents, "appels")}
    ami = appels["appel à manifestation d'intérêt"]
    assert str(ami["cloture"]) == "2018-11-30" and ami["ouverture"] is None
    assert (ami["reponses"], ami["reponses_min"], ami["reponses_max"]) == (None, 15, 25)
    assert (appels["appel à projets"]["annee"], appels["appel à projets"]["cloture"]) == (2016, None)


def test_les_trois_structures_d_accompagnement_sont_a_identifier(documents):
    soutiens = [ligne for ligne in table(documents, "soutiens") if ligne["type"] == "accompagnement"]
    assert [ligne["beneficiaire"] for ligne in soutiens] == ["AlterIncub", "CocoShaker", "France-Active Auvergne"]
    assert {ligne["montant_eur"] for ligne in soutiens} == {None}
    assert regles(documents, "soutiens") == {("signalement", "structure_a_identifier"): 3}


def test_les_fichiers_verses_disent_leur_origine():
    for nom in DOCUMENTAIRES:
        chemins = [chemin for chemin in (RACINE / "raw" / nom).glob("*.csv") if chemin.name != MODELE]
        assert chemins
        for chemin in chemins:
            assert chemin.with_name(f"{chemin.name}.origine.yml").exists(), chemin.name
            assert all(ligne["citation"] for ligne in lire_csv(chemin))
