"""Traps of the registers and lists: each one is seen, said in French, and loses nothing.

Every file here is made by hand, with the headers of its producer; the ESUS workbook most of all: no real one was at
hand, and its form changes from one edition to the next.
"""

import datetime
import io

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from observatoire.derived import compute_table
from observatoire.indicators.catalog import mesures
from observatoire.indicators.cube import compute_measure
from observatoire.socle.former_communes import PASSAGES_COMMUNES
from observatoire.socle.territories import TERRITOIRES
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, comptes_justes, deposer, en_csv, regles, rejets, table

ESS_FRANCE = {
    "SIREN": "775669336",
    "Nom ou raison sociale de l'entreprise": "MAM P'TITE ÉTOILE",
    "Famille juridique de l'entreprise": "Associations",
    "Code postal": "63000",
    "Libellé de la commune de l'établissement": "CLERMONT-FERRAND",
    "Code du département de l'établissement": "63",
    "Département de l'établissement": "PUY DE DOME",
    "Région de l'établissement": "AUVERGNE-RHONE-ALPES",
}
# a valid SIREN that begins with zeros: 005 520 135
AVEC_ZEROS, SANS_ZEROS = "005520135", "5520135"
RNA = {
    "id": "W631001234",
    "siret": "",
    "date_creat": "2014-06-17",
    "date_disso": "0001-01-01",
    "nature": "D",
    "groupement": "S",
    "titre": "L'ÉTÉ À L'ŒUVRE",
    "objet_social1": "006030",
    "adrs_codeinsee": "63113",
    "position": "A",
    "maj_time": "2026-09-30 12:51:34",
}


def _bytes(lignes: list[dict[str, str]], encodage: str, separateur: str = ",") -> bytes:
    texte = en_csv(lignes)
    return (texte.replace(",", separateur) if separateur != "," else texte).encode(encodage)


@pytest.mark.parametrize("encodage", ["utf-8", "utf-8-sig", "cp1252"])
def test_les_zeros_perdus_des_siren_sont_rendus_et_dits(entrepot, encodage):
    lignes = [ESS_FRANCE, {**ESS_FRANCE, "SIREN": SANS_ZEROS, "Code du département de l'établissement": "1"}]
    deposer(entrepot, "ess_france", "entreprisesess.csv", _bytes(lignes, encodage))
    etat = charger_source(entrepot, "ess_france")
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    assert [(ligne["siren"], ligne["code_departement"]) for ligne in table(entrepot, "ess_france")] == [
        ("775669336", "63"),
        (AVEC_ZEROS, "01"),
    ]
    dits = {rejet["colonne"]: rejet for rejet in rejets(entrepot, "ess_france")}
    assert set(dits) == {"siren", "code_departement"}
    assert (dits["siren"]["ligne"], dits["siren"]["valeur"], dits["siren"]["gravite"]) == (3, SANS_ZEROS, "signalement")
    assert "zéros" in dits["siren"]["motif"] and "restitués" in dits["siren"]["motif"]


def test_les_zeros_d_un_parquet_d_entiers_sont_rendus_sans_bruit(entrepot):
    flux = io.BytesIO()
    colonnes = {"SIREN": [775669336, int(SANS_ZEROS)], "Famille juridique de l'entreprise": ["Associations", None]}
    pq.write_table(pa.table(colonnes), flux)
    deposer(entrepot, "ess_france", "entreprisesess.parquet", flux.getvalue())
    etat = charger_source(entrepot, "ess_france")
    assert [ligne["siren"] for ligne in table(entrepot, "ess_france")] == ["775669336", AVEC_ZEROS]
    assert etat.regles == []


def test_les_noms_de_la_liste_d_ess_france_ne_sont_pas_lus(entrepot):
    deposer(entrepot, "ess_france", "entreprisesess.csv", en_csv([ESS_FRANCE, {**ESS_FRANCE, "SIREN": ""}]))
    charger_source(entrepot, "ess_france", plafond_rejets_pct=100)
    assert "ÉTOILE" not in str(table(entrepot, "ess_france")) + str(rejets(entrepot, "ess_france"))


def test_un_siren_repete_compte_une_fois(entrepot):
    lignes = [ESS_FRANCE, {**ESS_FRANCE, "Famille juridique de l'entreprise": "Fondations"}]
    deposer(entrepot, "ess_france", "entreprisesess.csv", en_csv(lignes))
    etat = charger_source(entrepot, "ess_france", plafond_rejets_pct=100)
    assert etat.lignes_retenues == 1 and comptes_justes(etat)
    assert regles(entrepot, "ess_france") == {("refus", "cle_en_double"): 1}


@pytest.mark.parametrize("encodage", ["iso-8859-15", "cp1252", "utf-8", "utf-8-sig"])
def test_la_date_nulle_du_rna_est_vide_et_les_accents_sont_les_siens(entrepot, encodage):
    titre = RNA["titre"] if encodage != "iso-8859-15" else "L'ÉTÉ À L'OEUVRE"
    lignes = [{**RNA, "titre": titre}, {**RNA, "id": "W631001235", "date_creat": "0001-01-01", "titre": titre}]
    contenu = _bytes(lignes, encodage, ";")
    deposer(entrepot, "rna", "rna_waldec_20261001_dpt_63.csv", contenu)
    etat = charger_source(entrepot, "rna")
    assert (etat.etat, etat.regles) == ("a_jour", []), etat.motif
    lues = table(entrepot, "rna")
    assert [str(ligne["date_creation"]) for ligne in lues] == ["2014-06-17", "None"]
    assert [ligne["date_dissolution"] for ligne in lues] == [None, None]
    assert {ligne["titre"] for ligne in lues} == {titre}


def test_un_mois_du_rna_ne_s_ajoute_pas_au_precedent(entrepot):
    lignes = [{**RNA, "id": f"W63100{numero}"} for numero in range(1000, 1010)]
    deposer(entrepot, "rna", "rna_waldec_20260901_dpt_63.csv", _bytes(lignes, "cp1252", ";"))
    deposer(entrepot, "rna", "rna_import_20260901_dpt_63.csv", _bytes([{**RNA, "id": "631P0001234567"}], "cp1252", ";"))
    assert charger_source(entrepot, "rna").lignes_retenues == 11
    suivantes = [{**ligne, "maj_time": "2026-10-01 10:00:00"} for ligne in lignes]
    deposer(entrepot, "rna", "rna_waldec_20261001_dpt_63.csv", _bytes(suivantes, "cp1252", ";"))
    etat = charger_source(entrepot, "rna")
    assert etat.etat == "en_echec" and "10 lignes refusées sur 21" in etat.motif
    assert len(table(entrepot, "rna")) == 11


@pytest.fixture
def associations(entrepot: Entrepot) -> dict[str, tuple[str, str]]:
    """Give where the measure puts associations whose commune is written in every way."""
    codes = {
        "W631000001": "63113",
        "W631000002": "63078",  # merged in 2019
        "W751000003": "75114",  # an arrondissement
        "W011000004": "1004",  # a lost zero
        "W631000005": "63999",  # of no commune that ever was
        "W631000006": "",
        "W911000007": "78001",  # before the Essonne
    }
    lignes = [{**RNA, "id": numero, "adrs_codeinsee": code} for numero, code in codes.items()]
    deposer(entrepot, "rna", "rna_waldec_20261001.csv", _bytes(lignes, "cp1252", ";"))
    for nom in ("communes", "communes_anciennes", "mouvements_communes", "zonages", "rna"):
        assert charger_source(entrepot, nom).etat == "a_jour"
    for derivee in (TERRITOIRES, PASSAGES_COMMUNES):
        compute_table(entrepot, derivee)
    assert compute_measure(entrepot, mesures()["associations_rna"]) == 3 * len(lignes)
    contributions = pq.read_table(entrepot.path_of("mesures", "associations_rna")).to_pylist()
    assert {ligne["periode"] for ligne in contributions} == {"2026-09"}
    assert {(ligne["axe"], ligne["modalite"]) for ligne in contributions} == {
        ("total", "total"),
        ("nature", "déclarée"),
        ("groupement", "simple"),
    }
    return {ligne["unite"]: (ligne["niveau"], ligne["code_territoire"]) for ligne in contributions}


def test_une_association_est_comptee_la_ou_est_aujourd_hui_sa_commune(associations):
    assert associations == {
        "W631000001": ("commune", "63113"),
        "W631000002": ("commune", "63448"),
        "W751000003": ("commune", "75056"),
        "W011000004": ("commune", "01004"),
        "W631000005": ("departement", "63"),
        "W631000006": ("inconnu", "inconnu"),
        "W911000007": ("commune", "91001"),
    }


PERIODE = {
    "siret": "70000010200017",
    "dateFin": "",
    "dateDebut": "2015-01-01",
    "etatAdministratifEtablissement": "A",
    "caractereEmployeurEtablissement": "O",
}


def test_ne_restent_que_les_periodes_actives_et_employeuses(entrepot):
    lignes = [
        PERIODE,
        {**PERIODE, "dateDebut": "1900-01-01", "dateFin": "2014-12-31"},
        {**PERIODE, "dateDebut": "2010-01-01", "caractereEmployeurEtablissement": "N"},
        {**PERIODE, "dateDebut": "2009-01-01", "caractereEmployeurEtablissement": ""},
        {**PERIODE, "dateDebut": "2008-01-01", "etatAdministratifEtablissement": "F"},
    ]
    deposer(entrepot, "sirene_historique", "StockEtablissementHistorique_utf8.csv", en_csv(lignes))
    etat = charger_source(entrepot, "sirene_historique")
    assert (etat.etat, etat.regles, comptes_justes(etat)) == ("a_jour", [], True), etat.motif
    assert etat.fichiers[0].motifs_hors_champ == {"période fermée": 1, "période sans caractère employeur": 2}
    bornes = [(ligne["date_debut"], ligne["date_fin"]) for ligne in table(entrepot, "sirene_historique")]
    assert bornes == [(datetime.date(2015, 1, 1), None), (None, datetime.date(2014, 12, 31))]
    assert etat.couverture == "lignes", "un extrait n'est pas complet pour la France"


def test_un_siren_en_double_mene_a_celui_qui_fait_foi(entrepot):
    lignes = [{"siren": "775669336", "sirenDoublon": SANS_ZEROS, "dateDernierTraitementDoublon": "2025-06-01T10:00:00"}]
    deposer(entrepot, "sirene_doublons", "StockDoublons_utf8.csv", en_csv(lignes))
    etat = charger_source(entrepot, "sirene_doublons")
    assert etat.etat == "a_jour" and regles(entrepot, "sirene_doublons") == {("signalement", "zeros_restitues"): 1}
    (lien,) = table(entrepot, "sirene_doublons")
    assert (lien["siren_doublon"], lien["siren"]) == (AVEC_ZEROS, "775669336")


def _classeur_esus(en_tetes: list[str], *lignes: list[object]) -> bytes:
    classeur, flux = openpyxl.Workbook(), io.BytesIO()
    feuille = classeur.active
    feuille.append(["CLASSEUR D'ESSAI FAIT À LA MAIN, ce n'est pas la liste du Trésor"])
    feuille.append(["Liste nationale des entreprises agréées ESUS"])
    feuille.append([])
    feuille.append(en_tetes)
    for ligne in lignes:
        feuille.append(ligne)
    classeur.save(flux)
    return flux.getvalue()


@pytest.mark.parametrize("en_tete", ["numero_siren", "N° SIREN", "Siren", "SIREN / SIRET", "Numéro SIREN (9 chiffres)"])
def test_la_liste_esus_se_lit_sous_ses_titres_quel_que_soit_le_nom_du_siren(entrepot, en_tete):
    contenu = _classeur_esus(
        ["Région", "Raison sociale", en_tete, "Date d'agrément", "Date de fin d'agrément"],
        ["Bretagne", "A", 775669336, datetime.datetime(2021, 3, 1), datetime.datetime(2026, 2, 28)],  # noqa: DTZ001
        ["Bretagne", "B", "775 669 336", "01/04/2022", None],
        ["Bretagne", "C", "77566933600015", None, None],
        ["Bretagne", "D", int(SANS_ZEROS), None, None],
    )
    deposer(entrepot, "esus", "liste-esus-2025.xlsx", contenu)
    etat = charger_source(entrepot, "esus")
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    lues = [(ligne["siren"], str(ligne["date_agrement"]), ligne["_ligne"]) for ligne in table(entrepot, "esus")]
    assert lues == [
        ("775669336", "2021-03-01", 5),
        ("775669336", "2022-04-01", 6),
        ("775669336", "None", 7),
        (AVEC_ZEROS, "None", 8),
    ]
    assert regles(entrepot, "esus") == {
        ("signalement", "zeros_restitues"): 1,
        ("signalement", "identifiant_restitue"): 1,
        ("signalement", "siret_au_lieu_de_siren"): 1,
    }


def test_une_liste_esus_sans_siren_reconnu_est_refusee_et_dit_quoi_faire(entrepot):
    deposer(entrepot, "esus", "liste-esus-2025.xlsx", _classeur_esus(["Région", "Identifiant"], ["Bretagne", "1"]))
    etat = charger_source(entrepot, "esus")
    assert etat.etat == "absente" or etat.motif
    assert "absente" in etat.motif and "Corriger l'en-tête" in etat.motif
