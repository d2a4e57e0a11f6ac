"""Who the members are, what is counted of them, and who is never named."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pyarrow as arrow
import pytest

from observatoire import members
from observatoire.catalog import derivees
from observatoire.derived import compute_table
from observatoire.graph_links import LIT, TU, read_links
from observatoire.publication.public_tables import public_tables
from observatoire.schemas import BOOLEEN, ENTIER, TEXTE
from observatoire.sources import sources
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, deposer
from tests.fabrique import Fabrique, fabrique
from tests.reseaux import poser_adhesions

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


def lues(table: str) -> set[str]:
    """List the sources a table comes from, through computed tables."""
    derivee = derivees().get(table)
    return {table.split(".")[1]} if derivee is None else {nom for lue in derivee.lit for nom in lues(lue)}


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
        [adhesion("r", "Asso"), adhesion("s", "Assoc."), adhesion("s", "Autre"), adhesion("r", "Double")],
        decisions=[("Asso", "700000011"), ("Assoc.", "700000011"), ("Autre", "aucun"), ("Double", "700000029"), ("Double", "700000037")],
    )
    membres = {m["organisme"]: m["est_reconnu"] for m in petit.read_batches("socle.membres_identifies")}
    assert membres == {"700000011": True, "Autre": False, "Double": False}


def test_un_nom_revu_pour_deux_organismes_est_refuse(entrepot: Entrepot):
    entete = "nom_ecrit,organisation,statut,document,citation\n"
    deposer(entrepot, "alias_organisations", "a.csv", entete + "Asso,un,revu,d,c\nAsso,deux,revu,d,c\n")
    etat = charger_source(entrepot, "alias_organisations", plafond_rejets_pct=100)
    assert (etat.lignes_retenues, [regle["regle"] for regle in etat.regles]) == (1, ["cle_en_double"])


def test_le_recouvrement_compte_les_membres_distincts_et_dit_les_zeros(petit: Fabrique):
    poser_adhesions(
        petit,
        [adhesion("r", "A"), adhesion("s", "A bis"), adhesion("r", "B"), adhesion("s", "B"), adhesion("s", "B "), adhesion("t", "C")],
        [{"organisation": "a", "nom": "A"}], [{"nom_ecrit": "A bis", "organisation": "a"}],
    )
    petit.source("reseaux")
    petit.table("socle", "reseaux", {"reseau": TEXTE}, [{"reseau": r} for r in "rst"])
    petit.mesure_du_produit("recouvrement_reseaux")
    petit.indicateur("i", numerateur={"mesure": "recouvrement_reseaux"})
    valeurs = {cle[5]: ligne["valeur"] for cle, ligne in petit.valeurs().items()}
    assert valeurs == {"r|s": 2, "r|t": 0, "s|t": 0, "total": 2}


def test_la_part_des_employeurs_de_l_ess_membres_d_un_reseau(petit: Fabrique):
    poser_adhesions(
        petit,
        [adhesion("r", "Asso"), adhesion("s", "Coop", siren_membre="700000029"), adhesion("s", "Sans SIREN")],
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
    poser_adhesions(petit, [adhesion("complet", "B"), adhesion("partiel", "B"), adhesion("tu", "B")], [
        {"organisation": "b", "nom": "B", "siren": "200000008"},
    ])
    petit.source("reseaux")
    petit.source("labels")
    petit.table("socle", "reseaux", {"reseau": TEXTE, "membres_declares": ENTIER}, [
        {"reseau": "complet", "membres_declares": 1}, {"reseau": "partiel", "membres_declares": 2}, {"reseau": "tu", "membres_declares": None},
    ])
    petit.table("socle", "labels", {"label": TEXTE, "titulaire": TEXTE, "etat": TEXTE, "titulaires_declares": ENTIER}, [
        {"label": "label", "titulaire": "B", "etat": "labellise", "titulaires_declares": 1},
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
    assert valeurs == {"complet": 25, "label": 25}


SYNDICAT, CULTE = "Union syndicale d'essai", "Paroisse d'essai"
TUS = {
    "organisations": "organisation,nom,type_organisation,siren,niveau,code_territoire,creation,est_sensible,document,citation\n"
    f"culte_essai,{CULTE},association,,inconnu,inconnu,,true,d,{CULTE}\n",
    "alias_organisations": f"nom_ecrit,organisation,statut,document,citation\nla {CULTE},culte_essai,revu,d,la {CULTE}\n",
    "adhesions": "reseau,membre,depuis,niveau,code_territoire,confiance,est_sensible,document,citation\n"
    f"rtes,{SYNDICAT},,inconnu,inconnu,forte,true,d,{SYNDICAT}\nsismo,la {CULTE},,inconnu,inconnu,forte,,d,la {CULTE}\n"
    "sismo,Cercle d'essai,,inconnu,inconnu,forte,,d,Cercle d'essai\n",
    "relations": "source,cible,nature_cible,type_relation,statut,depuis,jusqu_a,confiance,document,citation\n"
    f"la {CULTE},CISCA,organisation,partenariat,actif,,,forte,d,la {CULTE}\n",
}


@pytest.fixture
def registres(entrepot: Entrepot) -> Entrepot:
    """Load the committed registers, with a union, a religious body and their names, some flagged and some not."""
    racine = Path(__file__).parent.parent / "raw"
    for table in LIT:
        nom = table.split(".")[1]
        if nom not in sources():
            continue
        for chemin in (racine / nom).glob("*.csv"):
            deposer(entrepot, nom, chemin.name, chemin.read_bytes())
        if nom in TUS:
            deposer(entrepot, nom, "essai.csv", TUS[nom])
        assert charger_source(entrepot, nom, plafond_rejets_pct=100).etat == "a_jour"
    deposer(entrepot, "alias_organisations", "essai.csv", TUS["alias_organisations"])
    charger_source(entrepot, "alias_organisations")
    schema = arrow.schema([("siren", TEXTE), ("est_publiable", BOOLEEN)])
    with entrepot.replacing(entrepot.path_of("socle", "etablissements")) as chemin:
        entrepot.write_batches(chemin, schema, [pd.DataFrame({"siren": ["246300701"], "est_publiable": [True]})], {"version": "v"})
    for derivee in (members.NOMS_ORGANISATIONS, members.NOMS_TUS):
        compute_table(entrepot, derivee)
    return entrepot


def test_cultes_et_syndicats_sont_comptes_jamais_nommes_ni_dessines(registres: Entrepot):
    with registres.connect(LIT) as connexion:
        liens, ecartes = read_links(connexion)
    assert ecartes[TU] == 3
    noms = {nom for lien in liens for nom in (lien.source, lien.cible, lien.nom_source, lien.nom_cible, lien.citation)}
    assert not [nom for nom in noms if SYNDICAT in nom or CULTE in nom or nom == "culte_essai"]
    assert "Cercle d'essai" in noms, "the others are drawn: a test that found nothing would prove nothing"


def test_leurs_noms_ne_sont_dans_aucune_table_publique(registres: Entrepot):
    publiques = {publique.nom: publique for publique in public_tables()}
    with registres.connect() as connexion:
        for nom in TUS:
            lignes = connexion.sql(publiques[nom].requete).fetchall()
            lus = connexion.sql(f"SELECT count(*) FROM socle.{nom}").fetchall()[0][0]
            assert len(lignes) == lus, "counted"
            assert not [valeur for ligne in lignes for valeur in ligne if isinstance(valeur, str) and (SYNDICAT in valeur or "aroisse" in valeur)]


def test_une_unite_non_diffusible_de_sirene_est_tue_aussi(registres: Entrepot):
    schema = arrow.schema([("siren", TEXTE), ("est_publiable", BOOLEEN)])
    with registres.replacing(registres.path_of("socle", "etablissements")) as chemin:
        cadre = pd.DataFrame({"siren": ["246300701"], "est_publiable": [False]})
        registres.write_batches(chemin, schema, [cadre], {"version": "v2"})
    compute_table(registres, members.NOMS_TUS)
    with registres.connect(LIT) as connexion:
        liens, _ = read_links(connexion)
    assert "clermont_auvergne_metropole" not in {lien.source for lien in liens}


def test_une_personne_ne_peut_pas_etre_nommee_dans_un_siege(entrepot: Entrepot):
    entete = "organisation,organe,titulaire,nature_titulaire,fonction,nombre,depuis,jusqu_a,precision,confiance,document,citation\n"
    deposer(entrepot, "mandats", "m.csv", entete + "Asso,bureau,Quelqu'un,personne,,1,,,exact,forte,d,c\nAsso,bureau,[…],personne,,1,,,exact,forte,d,c\n")
    etat = charger_source(entrepot, "mandats", plafond_rejets_pct=100)
    assert (etat.lignes_retenues, [regle["regle"] for regle in etat.regles]) == (1, ["personne_masquee"])


def test_un_registre_se_depose_aussi_en_xlsx(entrepot: Entrepot):
    classeur = openpyxl.Workbook()
    colonnes = [colonne.nom for colonne in sources()["annuaires"].table.colonnes if colonne.requise]
    classeur.active.append(colonnes)
    classeur.active.append(["annuaire_essai", "partenaires", "Asso", "accueil", "inconnu", "inconnu", "d", "c"])
    chemin = entrepot.settings.raw / "annuaires" / "a.xlsx"
    chemin.parent.mkdir(parents=True)
    classeur.save(chemin)
    assert charger_source(entrepot, "annuaires").lignes_retenues == 1
    with duckdb.connect() as connexion:
        lu = entrepot.path_of("socle", "annuaires")
        assert connexion.execute(f"SELECT organisme FROM '{lu}'").fetchall() == [("Asso",)]
