"""Decisions people take on names: they survive updates, and say when a document or a register contradicts them."""

import shutil

import pytest

from observatoire.settings import RACINE
from tests.depots import deposer, en_csv, subventions
from tests.matching.petits import Petits, qualite
from tests.petit_sirene import siren

CONTEXTE = "adhesions/essai"
# decisions


CISCA = [
    "Centre de recherche et développement et transfert en Innovations Sociales Clermont Auvergne",
    "Centre d'Innovations Sociales Clermont Auvergne",
    "collectif CISCA",
    "CISCA (centre d'innovations sociales)",
]
ALIAS = [["LieU'topie", "Lieutopie"], ["CoCoShaker", "Cocoshaker", "CocoShaker"], ["Epicentre", "Epicentre Factory"], CISCA]


def test_un_jeu_d_alias_se_resout_comme_relu_et_un_presque_non(petits: Petits):
    attendus = {}
    for alias in ALIAS:
        numero = petits.unite(alias[0])
        for nom in alias:
            petits.membre(nom)
            petits.decider(nom, numero)
            attendus[nom] = numero
    petits.membre("Lieutopi")
    petits.membre("Epicentre Factori")
    lues = petits.rapprocher()
    assert {nom: lues[nom]["identifiant"] for nom in attendus} == attendus
    assert {lues[nom]["etat_decision"] for nom in attendus} == {"active"}
    for presque, origine in (("Lieutopi", "LieU'topie"), ("Epicentre Factori", "Epicentre")):
        assert (lues[presque]["identifiant"], lues[presque]["bande"]) == (None, "a_revoir")
        proposes = [ligne["identifiant_propose"] for ligne in petits.file if ligne["nom"] == presque]
        assert petits.sirene.siren(origine) in proposes
    assert {ligne["nom"] for ligne in petits.file} == {"Lieutopi", "Epicentre Factori"}


def test_les_alias_relus_des_documents_suivent_la_decision_prise_une_fois(petits: Petits):
    """Where the register says that names are one organisation, one decision on the name it keeps is enough."""
    for source in ("organisations", "alias_organisations"):
        shutil.copytree(RACINE / "raw" / source, petits.entrepot.settings.raw / source)
    petits.rapprocher()
    with petits.entrepot.connect(("socle.noms_organisations",)) as connexion:
        retenus = dict(connexion.execute("SELECT nom_ecrit, nom FROM socle.noms_organisations").fetchall())
    attendus = {}
    for rang, alias in enumerate(ALIAS):
        assert len({retenus[nom] for nom in alias}) == 1, alias
        petits.decider(retenus[alias[0]], numero := petits.unite(f"Organisme {rang}"))
        attendus |= dict.fromkeys(alias, numero)
    petits.membre("Cocoshaker")  # written elsewhere, it is the same
    petits.membre("Cocoshakers")
    lues = petits.rapprocher()
    assert {nom: lues[nom]["identifiant"] for nom in attendus} == attendus
    assert lues["Cocoshakers"]["identifiant"] is None


def test_sans_etiquette_rien_n_est_accepte_seul_meme_a_l_identique(petits: Petits):
    petits.unite("Ressourcerie du Val")
    petits.membre("ressourcerie du val")
    lue = petits.rapprocher()["ressourcerie du val"]
    assert (lue["bande"], lue["identifiant"], lue["origine_identifiant"]) == ("certain", None, None)
    mesure = qualite(petits.entrepot)["sans_commune", "mesure", "precision"]
    assert (mesure["sur"], mesure["taux"], mesure["borne_basse"]) == (0, None, None)
    assert mesure["explication"].startswith("rien n'est accepté sans relecture")


def test_la_decision_survit_a_l_actualisation_et_se_ferme_quand_le_document_dit_de_meme(petits: Petits):
    numero = petits.unite("Épicentre")
    petits.membre("Epicentre Factory")
    petits.decider("Epicentre Factory", numero)
    assert petits.rapprocher()["Epicentre Factory"]["etat_decision"] == "active"
    petits.unite("Une autre")
    assert petits.rapprocher()["Epicentre Factory"]["identifiant"] == numero
    petits.membre("Epicentre Factory", siren_membre=numero)
    close = petits.rapprocher()["Epicentre Factory"]
    assert (close["etat_decision"], close["identifiant"]) == ("close", numero)


def test_un_document_qui_change_d_avis_met_la_decision_en_conflit(petits: Petits):
    numero, autre = petits.unite("Épicentre"), petits.unite("Épicentre Factory SAS")
    petits.membre("Epicentre", siren_membre=autre)
    petits.decider("Epicentre", numero)
    lue = petits.rapprocher()["Epicentre"]
    assert (lue["etat_decision"], lue["identifiant"], lue["identifiant_decide"]) == ("conflit", None, numero)
    assert autre in lue["preuve"]
    assert qualite(petits.entrepot)[CONTEXTE, "decision", "conflit"]["nombre"] == 1
    assert [ligne["nom"] for ligne in petits.file] == ["Epicentre"]
    # deciding again settles it
    petits.decider("Epicentre", autre, decidee_le="2026-02-01")
    assert petits.rapprocher()["Epicentre"]["etat_decision"] == "close"


def test_un_identifiant_cesse_met_la_decision_en_conflit(petits: Petits):
    numero = petits.unite("Épicentre")
    petits.membre("Epicentre")
    petits.decider("Epicentre", numero)
    assert petits.rapprocher()["Epicentre"]["etat_decision"] == "active"
    petits.sirene.unite_seule(
        "Épicentre", denominationUniteLegale="Épicentre", etatAdministratifUniteLegale="C", dateDebut="2026-05-01"
    )
    lue = petits.rapprocher()["Epicentre"]
    assert lue["etat_decision"] == "conflit" and "cessée le 2026-05-01" in lue["preuve"]


def test_un_identifiant_en_double_met_la_decision_en_conflit(petits: Petits):
    numero, vrai = petits.unite("Épicentre"), petits.unite("Épicentre (celui qui reste)")
    petits.membre("Epicentre")
    petits.decider("Epicentre", numero)
    petits.sirene.deposer("sirene_doublons", {"siren": vrai, "sirenDoublon": numero})
    lue = petits.rapprocher()["Epicentre"]
    assert lue["etat_decision"] == "conflit" and vrai in lue["preuve"]


def test_un_identifiant_disparu_n_est_un_conflit_que_si_le_stock_est_complet(petits: Petits):
    petits.unite("Une autre")
    petits.membre("Epicentre")
    petits.decider("Epicentre", siren(900))
    assert petits.rapprocher()["Epicentre"]["etat_decision"] == "active", "an extract says nothing of what it lacks"
    petits.stock_complet()
    assert petits.rapprocher()["Epicentre"]["etat_decision"] == "conflit"


def test_aucun_est_une_decision_que_le_document_peut_contredire(petits: Petits):
    numero = petits.unite("Hub")
    petits.membre("Hub")
    petits.decider("Hub", "aucun")
    lue = petits.rapprocher()["Hub"]
    assert (lue["identifiant"], lue["etat_decision"], petits.file) == (None, "active", [])
    petits.membre("Hub", siren_membre=numero)
    assert petits.rapprocher()["Hub"]["etat_decision"] == "conflit"


def test_la_decision_d_un_contexte_l_emporte_sur_celle_de_partout(petits: Petits):
    ici, ailleurs = petits.unite("Initiative Ici"), petits.unite("Initiative Ailleurs")
    petits.membre("Initiative")
    petits.decider("Initiative", ailleurs, decidee_le="2026-03-01")
    petits.decider("Initiative", ici, contexte=CONTEXTE)
    assert petits.rapprocher()["Initiative"]["identifiant"] == ici


def test_une_decision_dont_le_nom_est_parti_est_gardee_et_dite(petits: Petits):
    petits.membre("Hub")
    petits.decider("Parti", "aucun")
    lue = petits.rapprocher()["Parti"]
    assert (lue["etat_decision"], lue["contexte"], lue["identifiant"]) == ("sans_objet", "partout", None)


def test_une_personne_physique_n_est_jamais_proposee(petits: Petits):
    petits.unite("Ferrand Zéphyrin", categorie="1000")
    petits.unite("Indivision Ferrand Zéphyrin", categorie="2310")
    petits.membre("Ferrand Zéphyrin")
    assert petits.rapprocher()["Ferrand Zéphyrin"]["bande"] == "inconnu"
    assert [ligne["identifiant_propose"] for ligne in petits.file] == [""]


def test_la_commune_departage_des_homonymes(petits: Petits):
    for rang, commune in enumerate(("63113", "63300", "63113")):
        nom = f"homonyme {rang}"
        petits.sirene.unite_seule(nom, denominationUniteLegale="FOYER RURAL" if rang < 2 else "FOYER LAIQUE")
        petits.sirene.etablissement(nom, codeCommuneEtablissement=commune)
    petits.membre("Foyer rural")
    petits.membre("Le Foyer Rural", niveau="commune", code_territoire="63300")
    lues = petits.rapprocher()
    assert (lues["Foyer rural"]["bande"], lues["Le Foyer Rural"]["bande"]) == ("a_revoir", "certain")
    premiere = next(ligne for ligne in petits.file if ligne["nom"] == "Le Foyer Rural")
    assert premiere["identifiant_propose"] == petits.sirene.siren("homonyme 1") and "même commune" in premiere["preuve"]


def test_un_sigle_retrouve_son_nom_entier(petits: Petits):
    numero = petits.unite("Centre d'Innovations Sociales Clermont Auvergne", sigleUniteLegale="")
    autre = petits.unite("Tout autre chose", sigleUniteLegale="ADERE")
    petits.membre("CISCA")
    petits.membre("Adère")
    petits.rapprocher()
    proposes = {ligne["nom"]: ligne["identifiant_propose"] for ligne in petits.file}
    assert proposes == {"CISCA": numero, "Adère": autre}


def test_une_association_connue_des_deux_repertoires_porte_son_siren(petits: Petits):
    numero = petits.unite("Amicale du lac", identifiantAssociationUniteLegale="W631001234")
    rna = {
        "id": "W631001234", "siret": "", "date_creat": "2014-06-17", "date_disso": "", "nature": "D", "groupement": "S",
        "titre": "AMICALE DU LAC ET DE SES RIVES", "objet_social1": "006030", "adrs_codeinsee": "63113", "position": "A",
        "maj_time": "2015-02-09 12:51:34",
    }
    deposer(petits.entrepot, "rna", "rna.csv", en_csv([rna, {**rna, "id": "W631009999", "titre": "AMICALE DES RIVES DU LAC"}]))
    petits.membre("Amicale du lac et de ses rives")
    petits.rapprocher()
    assert [ligne["identifiant_propose"] for ligne in petits.file] == [numero, "W631009999"]


@pytest.mark.parametrize("decide_par", ["rna", "siren"])
def test_le_numero_rna_et_le_siren_d_une_association_sont_un_seul_identifiant(petits: Petits, decide_par: str):
    numeros = {"rna": "W631001234", "siren": petits.unite("Amicale du lac", identifiantAssociationUniteLegale="W631001234")}
    petits.membre("Amicale", siren_membre=numeros["siren"])
    petits.decider("Amicale", numeros[decide_par])
    deposer(petits.entrepot, "subventions", "2024.csv", subventions(1, nomBeneficiaire="Le lac", idBeneficiaire="", rnaBeneficiaire=numeros["rna"]))
    petits.decider("Le lac", numeros[decide_par])
    lues = petits.rapprocher()
    for nom in ("Amicale", "Le lac"):
        assert (lues[nom]["etat_decision"], lues[nom]["identifiant"]) == ("close", numeros["siren"]), nom
