"""Who the members are, what is counted of them, and who is never named."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from observatoire.schemas import BOOLEEN, DATE, ENTIER, TEXTE
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, deposer
from tests.fabrique import Fabrique, fabrique
from tests.reseaux import poser_adhesions
from tests.socle.adhesions import lues

EMPLOYEURS = {
    "siret": TEXTE, "siren": TEXTE, "niveau": TEXTE, "code_territoire": TEXTE, "millesime": TEXTE, "famille": TEXTE,
    "a17": TEXTE, "a38": TEXTE, "a88": TEXTE, "tranche_effectifs": TEXTE,
    "est_actif": BOOLEEN, "est_employeur": BOOLEEN, "est_ess": BOOLEEN,
}


@pytest.fixture
def petit(tmp_path: Path) -> Iterator[Fabrique]:
    """Give a small observatory, its territories known and no measure declared."""
    with fabrique(tmp_path) as petite:
        yield petite


def adhesion(reseau: str, membre: str, **champs) -> dict:
    return {"reseau": reseau, "membre": membre, **champs}


def decision(nom: str, identifiant: str, **champs) -> dict:
    return {"nom": nom, "identifiant": identifiant, **champs}


def sirens(petit: Fabrique) -> dict[tuple[str, str], str | None]:
    """Read the SIREN of each member of each network."""
    return {(m["reseau"], m["organisme"]): m["siren"] for m in petit.read_batches("socle.membres_identifies")}


def test_deux_noms_revus_sont_un_membre_un_nom_a_revoir_en_reste_un_autre(petit: Fabrique):
    poser_adhesions(
        petit,
        [adhesion("r", "Asso"), adhesion("r", "ASSO (l')"), adhesion("s", "L'Asso"), adhesion("s", "Assso"), adhesion("s", "700000011", siren_membre="700000011")],
        [{"organisation": "asso", "nom": "Asso", "siren": "700000011", "niveau": "commune", "code_territoire": "63001"}],
        [
            {"nom_ecrit": "ASSO (l')", "organisation": "asso"}, {"nom_ecrit": "L'Asso", "organisation": "asso"},
            {"nom_ecrit": "Assso", "organisation": "asso", "statut": "a_revoir"},
        ],
    )
    petit.mesure_du_produit("membres_reseaux")
    petit.indicateur("i", numerateur={"mesure": "membres_reseaux"})
    valeurs = {cle[1:]: ligne["valeur"] for cle, ligne in petit.valeurs().items()}
    assert valeurs["commune", "63001", "inconnu", "total", "total"] == 1  # its place is that of the register
    assert valeurs["commune", "63001", "inconnu", "reseau", "s"] == 1
    assert valeurs["inconnu", "inconnu", "inconnu", "total", "total"] == 1  # the near-miss, and no place
    assert valeurs["commune", "63001", "inconnu", "type_organisation", "association"] == 1


def test_un_siren_decide_fait_d_un_nom_un_membre_connu_une_proposition_non(petit: Fabrique):
    poser_adhesions(
        petit,
        [adhesion("r", "Asso"), adhesion("s", "Assoc."), adhesion("s", "Autre")],
        decisions=[decision("Asso", "700000011"), decision("Assoc.", "700000011"), decision("Autre", "aucun")],
    )
    membres = {m["organisme"]: m["est_reconnu"] for m in petit.read_batches("socle.membres_identifies")}
    assert membres == {"700000011": True, "Autre": False}


def test_de_deux_decisions_la_derniere_tient(petit: Fabrique):
    avant, apres = datetime.date(2026, 1, 5), datetime.date(2026, 2, 5)
    poser_adhesions(
        petit,
        [adhesion("r", "Retiré"), adhesion("r", "Corrigé")],
        decisions=[
            decision("Retiré", "aucun", decidee_le=apres), decision("Retiré", "700000011", decidee_le=avant),
            decision("Corrigé", "700000037", decidee_le=apres), decision("Corrigé", "700000029", decidee_le=avant),
        ],
    )
    assert sirens(petit) == {("r", "Retiré"): None, ("r", "700000037"): "700000037"}


def test_une_decision_vaut_dans_son_contexte_et_y_passe_avant_celle_de_partout(petit: Fabrique):
    poser_adhesions(
        petit,
        [adhesion("r", "Asso"), adhesion("s", "Asso"), adhesion("r", "Autre"), adhesion("s", "Autre"), adhesion("t", "Autre")],
        decisions=[
            decision("Asso", "700000011", contexte="adhesions/r"), decision("Autre", "700000029"),
            decision("Autre", "aucun", contexte="adhesions/s"), decision("Autre", "700000037", contexte="adhesions/t"),
        ],
    )
    assert sirens(petit) == {
        ("r", "700000011"): "700000011", ("s", "Asso"): None,
        ("r", "700000029"): "700000029", ("s", "Autre"): None, ("t", "700000037"): "700000037",
    }


def test_une_decision_sur_le_nom_retenu_vaut_pour_ses_alias(petit: Fabrique):
    poser_adhesions(
        petit, [adhesion("r", "L'Asso")], [{"organisation": "asso", "nom": "Asso"}],
        [{"nom_ecrit": "L'Asso", "organisation": "asso"}], [decision("Asso", "700000011")],
    )
    assert sirens(petit)["r", "700000011"] == "700000011"


def test_le_siren_d_un_nom_est_celui_de_tous_les_noms_de_l_organisme(petit: Fabrique):
    poser_adhesions(
        petit,
        [adhesion("r", "Asso"), adhesion("s", "L'Asso", siren_membre="700000011"), adhesion("s", "B", siren_membre="700000029"), adhesion("t", "B", siren_membre="700000037"), adhesion("r", "B")],
        [{"organisation": "asso", "nom": "Asso"}, {"organisation": "b", "nom": "B"}], [{"nom_ecrit": "L'Asso", "organisation": "asso"}],
    )
    lus = sirens(petit)
    assert lus["r", "700000011"] == lus["s", "700000011"] == "700000011"
    assert lus["r", "b"] is None, "of two SIREN, none is sure"


def test_un_nom_revu_pour_deux_organismes_est_refuse(entrepot: Entrepot):
    entete = "nom_ecrit,organisation,statut,document,citation\n"
    deposer(entrepot, "alias_organisations", "a.csv", entete + "Asso,un,revu,d,c\nAsso,deux,revu,d,c\n")
    etat = charger_source(entrepot, "alias_organisations", plafond_rejets_pct=100)
    assert (etat.lignes_retenues, [regle["regle"] for regle in etat.regles]) == (1, ["cle_en_double"])


def test_le_recouvrement_compte_les_membres_distincts_et_dit_les_zeros(petit: Fabrique):
    poser_adhesions(
        petit,
        [adhesion("r", "A"), adhesion("s", "A bis"), adhesion("r", "B"), adhesion("s", "B"), adhesion("s", "B "), adhesion("t", "C"), adhesion("t", "A", jusqu_a=2014)],
        [{"organisation": "a", "nom": "A"}], [{"nom_ecrit": "A bis", "organisation": "a"}],
    )
    petit.source("reseaux")
    petit.table("socle", "reseaux", {"reseau": TEXTE}, [{"reseau": r} for r in "rst"])
    petit.mesure_du_produit("recouvrement_reseaux")
    petit.indicateur("i", numerateur={"mesure": "recouvrement_reseaux"})
    valeurs = {cle[5]: ligne["valeur"] for cle, ligne in petit.valeurs().items()}
    assert valeurs == {"r|s": 2, "r|t": 0, "s|t": 0, "total": 2}


def test_un_membre_parti_avant_le_document_n_est_pas_un_de_ceux_qu_il_compte(petit: Fabrique):
    poser_adhesions(petit, [adhesion("r", "A"), adhesion("r", "B", jusqu_a=2014), adhesion("r", "C", jusqu_a=2020)])
    petit.source("reseaux")
    colonnes = {"reseau": TEXTE, "membres_declares": ENTIER, "date_document": DATE, "document": TEXTE}
    petit.table("socle", "reseaux", colonnes, [
        {"reseau": "r", "membres_declares": 2, "date_document": datetime.date(2019, 7, 24), "document": "d"},
    ])
    petit.mesure_du_produit("membres_nommes")
    petit.indicateur("i", numerateur={"mesure": "membres_nommes"}, axes=["reseau"])
    assert {cle[5]: ligne["valeur"] for cle, ligne in petit.valeurs().items()} == {"r": 2}


def test_les_evenements_tenus_d_une_regle_sans_dates_se_rapportent_a_leur_annee(petit: Fabrique):
    petit.source("evenements", couverture="inconnue")
    colonnes = {
        "evenement": TEXTE, "titre": TEXTE, "nature_ligne": TEXTE, "attendus_par_an": ENTIER, "nombre": ENTIER, "depuis": TEXTE,
        "jusqu_a": TEXTE, "niveau": TEXTE, "code_territoire": TEXTE, "document": TEXTE,
    }
    commun = {"evenement": "e", "titre": "E", "niveau": "inconnu", "code_territoire": "inconnu", "document": "d"}
    petit.table("socle", "evenements", colonnes, [
        {**commun, "nature_ligne": "regle", "attendus_par_an": 2},
        {**commun, "nature_ligne": "tenue", "nombre": 1, "depuis": "2018-03"},
        {**commun, "nature_ligne": "tenue", "nombre": 2, "depuis": "2019"},
        {**commun, "evenement": "f", "titre": "F", "nature_ligne": "regle", "attendus_par_an": 1},
    ])
    for nom in ("evenements_tenus_attendus", "evenements_attendus"):
        petit.mesure_du_produit(nom)
    petit.indicateur(
        "i", numerateur={"mesure": "evenements_tenus_attendus"}, denominateur={"mesure": "evenements_attendus"}, unite="%", facteur=100,
        axes=["evenement"],
    )
    assert {(cle[3], cle[5]): ligne["valeur"] for cle, ligne in petit.valeurs().items()} == {
        ("2018", "E"): 50, ("2019", "E"): 100, ("inconnu", "F"): 0,
    }


def test_la_part_des_employeurs_de_l_ess_membres_d_un_reseau(petit: Fabrique):
    poser_adhesions(
        petit,
        [adhesion("r", "Asso"), adhesion("s", "Coop", siren_membre="700000029"), adhesion("s", "Sans SIREN"), adhesion("s", "Parti", siren_membre="700000037", jusqu_a=2014)],
        [{"organisation": "asso", "nom": "Asso", "siren": "700000011"}],
    )
    for lu in lues("socle.etablissements") - {"communes", "zonages"}:
        petit.source(lu)
    for nom in ("etablissements_employeurs_ess", "etablissements_employeurs_ess_membres"):
        petit.mesure_du_produit(nom)
    petit.table("socle", "etablissements", EMPLOYEURS, [
        {"siret": f"{siren}{rang:05}", "siren": siren, "niveau": "commune", "code_territoire": "63001", "millesime": "2026-10",
         "famille": "association", "est_actif": True, "est_employeur": True, "est_ess": ess}
        for siren, rang, ess in [
            ("700000011", 1, True), ("700000011", 2, True), ("700000029", 1, True), ("700000037", 1, True), ("700000045", 1, False),
        ]
    ])
    petit.indicateur(
        "i", numerateur={"mesure": "etablissements_employeurs_ess_membres"}, denominateur={"mesure": "etablissements_employeurs_ess"},
        facteur=100, axes=["total"],
    )
    assert petit.publiees(periode="2026-10")["epci:A"] == 75  # three of the four; the fifth employer is no ESS


def test_la_part_des_epci_comparables_n_est_dite_que_si_la_liste_est_complete(petit: Fabrique):
    poser_adhesions(petit, [
        adhesion("complet", "B"), adhesion("partiel", "B"), adhesion("partiel", "C", jusqu_a=2014), adhesion("tu", "B"),
    ], [{"organisation": "b", "nom": "B", "siren": "200000008"}, {"organisation": "c", "nom": "C", "siren": "200000016"}])
    petit.source("reseaux")
    petit.source("labels")
    petit.table("socle", "reseaux", {"reseau": TEXTE, "membres_declares": ENTIER}, [
        {"reseau": "complet", "membres_declares": 1}, {"reseau": "partiel", "membres_declares": 2}, {"reseau": "tu", "membres_declares": None},
    ])
    petit.table("socle", "labels", {"label": TEXTE, "titulaire": TEXTE, "etat": TEXTE, "date_etat": TEXTE, "au_plus_tard": TEXTE, "titulaires_declares": ENTIER}, [
        {"label": "label", "titulaire": "B", "etat": "labellise", "titulaires_declares": 1},
        {"label": "rendu", "titulaire": "B", "etat": "labellise", "date_etat": "2019", "titulaires_declares": 1},
        {"label": "rendu", "titulaire": "B", "etat": "retire", "au_plus_tard": "2020-05"},
        {"label": "repris", "titulaire": "B", "etat": "retire", "date_etat": "2019", "titulaires_declares": 1},
        {"label": "repris", "titulaire": "B", "etat": "labellise", "date_etat": "2020-05"},
        {"label": "label_partiel", "titulaire": "B", "etat": "labellise", "titulaires_declares": 20},
    ])
    petit.table("referentiels", "comparables", {"code_territoire": TEXTE, "code_comparable": TEXTE}, [
        {"code_territoire": "A", "code_comparable": code} for code in ("200000008", "200000016", "200000024", "200000032")
    ])
    for nom in ("epci_comparables_membres", "epci_comparables"):
        petit.mesure_du_produit(nom)
    petit.indicateur(
        "i", numerateur={"mesure": "epci_comparables_membres"}, denominateur={"mesure": "epci_comparables"}, unite="%", facteur=100,
        axes=["reseau"],
    )
    valeurs = {cle[5]: ligne["valeur"] for cle, ligne in petit.valeurs().items() if cle[1:3] == ("epci", "A")}
    assert valeurs == {"complet": 25, "label": 25, "repris": 25}
