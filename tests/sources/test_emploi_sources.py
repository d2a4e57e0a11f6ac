"""The tables of jobs and payroll, as Urssaf, Insee, MSA and those who order tables give them."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from observatoire.publication.public_tables import public_tables
from observatoire.schemas import BOOLEEN, ENTIER, NOMBRE, TEXTE
from observatoire.sources import sources
from tests.depots import charger_source, comptes_justes, deposer, en_csv, regles, table
from tests.fabrique import Fabrique, fabrique


@pytest.fixture
def petit(tmp_path: Path) -> Iterator[Fabrique]:
    with fabrique(tmp_path) as petite:
        yield petite


# Urssaf

DIVISION = {
    "Région": "Auvergne-Rhône-Alpes", "Champ ESS ?": "OUI", "Famille ESS": "Associations",
    "Secteur NA88": "88 Action sociale sans hébergement", "Année": "2024", "Code région": "84",
    "Nombre d'établissements": "10", "Effectifs salariés moyens": "120.5", "Masse salariale": "3000000",
}


def test_les_etiquettes_francaises_et_la_marque_d_ordre_se_lisent(entrepot):
    deposer(entrepot, "urssaf_ess_regions_na88", "x_2024.csv", ("\ufeff" + en_csv([DIVISION]).replace(",", ";")).encode())
    etat = charger_source(entrepot, "urssaf_ess_regions_na88")
    assert etat.etat == "a_jour", etat.motif
    [ligne] = table(entrepot, "urssaf_ess_regions_na88")
    assert (ligne["division_naf"], ligne["est_ess"], ligne["code_region"]) == ("88", True, "84")
    assert ligne["effectifs_salaries_moyens"] == Decimal("120.5")


def test_une_cellule_urssaf_vide_n_est_pas_un_zero(entrepot):
    vide = {**DIVISION, "Effectifs salariés moyens": "", "Masse salariale": ""}
    deposer(entrepot, "urssaf_ess_regions_na88", "x_2024.csv", en_csv([DIVISION, {**vide, "Famille ESS": "Mutuelles"}]))
    charger_source(entrepot, "urssaf_ess_regions_na88")
    assert [ligne["effectifs_salaries_moyens"] for ligne in table(entrepot, "urssaf_ess_regions_na88")] == [
        Decimal("120.5"), None,
    ]


def test_un_epci_a_cheval_s_ajoute_sauf_si_une_partie_est_inconnue(petit: Fabrique):
    colonnes = {
        "annee": ENTIER, "code_epci": TEXTE, "code_region": TEXTE, "nombre_etablissements": NOMBRE,
        "effectifs_salaries_moyens": NOMBRE, "masse_salariale_eur": NOMBRE,
        "_fichier": TEXTE, "_ligne": ENTIER,
    }
    parties = [("A", "84", 10), ("D", "84", 3), ("D", "19", 4), ("C", "84", 5), ("C", "19", None)]
    petit.source("urssaf_prive_epci", couverture="lignes", absence="inconnue")
    petit.table("socle", "urssaf_prive_epci", colonnes, [
        {"annee": 2024, "code_epci": epci, "code_region": region, "effectifs_salaries_moyens": effectif,
         "nombre_etablissements": 1, "masse_salariale_eur": None,
         "_fichier": "x.csv", "_ligne": rang}
        for rang, (epci, region, effectif) in enumerate(parties, 2)
    ])
    petit.mesure_du_produit("effectifs_prives_epci_urssaf")
    petit.indicateur("i", numerateur={"mesure": "effectifs_prives_epci_urssaf"})
    assert petit.publiees("i") == {"epci:A": 10, "epci:D": 7, "epci:C": None}


PRIVE_EPCI = {
    "Année": "2024", "Code EPCI": "200071678", "Code région": "75", "Code ancienne région": "54",
    "Nombre d'établissements": "10", "Effectifs salariés moyens": "100", "Masse salariale": "3000000",
}


def test_un_epci_sur_deux_anciennes_regions_garde_ses_deux_lignes(entrepot):
    autre = {**PRIVE_EPCI, "Code ancienne région": "74", "Effectifs salariés moyens": "900"}
    deposer(entrepot, "urssaf_prive_epci", "x_2024.csv", en_csv([PRIVE_EPCI, autre]))
    etat = charger_source(entrepot, "urssaf_prive_epci")
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    assert [ligne["effectifs_salaries_moyens"] for ligne in table(entrepot, "urssaf_prive_epci")] == [100, 900]


def test_sans_ancienne_region_la_meme_ligne_ne_compte_qu_une_fois(entrepot):
    sans = {nom: valeur for nom, valeur in PRIVE_EPCI.items() if nom != "Code ancienne région"}
    deposer(entrepot, "urssaf_prive_epci", "x_2024.csv", en_csv([sans, sans]))
    etat = charger_source(entrepot, "urssaf_prive_epci", plafond_rejets_pct=100)
    assert (etat.lignes_retenues, comptes_justes(etat)) == (1, True), etat.motif


def test_les_regions_de_l_urssaf_par_epci_retrouvent_leur_zero(entrepot):
    guadeloupe = {**PRIVE_EPCI, "Code région": "1", "Code ancienne région": "1"}
    deposer(entrepot, "urssaf_prive_epci", "x_2024.csv", en_csv([guadeloupe]))
    charger_source(entrepot, "urssaf_prive_epci")
    [ligne] = table(entrepot, "urssaf_prive_epci")
    assert (ligne["code_region"], ligne["code_ancienne_region"]) == ("01", "01")


# Flores

FLORES = {
    "GEO": "63113", "GEO_OBJECT": "COM", "ACTIVITY": "_T", "NUMBER_EMPL": "_T", "LEGAL_FORM_WITH_PUBLIC": "1T9X7",
    "FLORES_MEASURE": "EMPL3112", "OBS_STATUS": "A", "TIME_PERIOD": "2023", "OBS_VALUE": "100",
}


def test_les_fichiers_flores_disent_leur_nomenclature_et_leur_millesime(entrepot):
    sans_taille = {clef: valeur for clef, valeur in FLORES.items() if clef != "NUMBER_EMPL"}
    deposer(entrepot, "flores", "DS_FLORES_A17_2023_data.csv", en_csv([FLORES]))
    deposer(entrepot, "flores", "DS_FLORES_A88_2024_data.csv", en_csv([sans_taille | {"TIME_PERIOD": "2024"}, sans_taille]))
    etat = charger_source(entrepot, "flores")
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    lus = {(ligne["nomenclature"], ligne["millesime"], ligne["time_period"]) for ligne in table(entrepot, "flores")}
    assert lus == {("a17", "2023", 2023), ("a88", "2024", 2024), ("a88", "2024", 2023)}


def _flores(petit: Fabrique, cellules: list[dict]) -> None:
    textes = ("geo_object", "geo", "niveau", "nomenclature", "millesime", "activity", "flores_measure", "obs_status")
    colonnes = {**dict.fromkeys(textes, TEXTE), "time_period": ENTIER, "obs_value": NOMBRE}
    defaut = {
        "geo_object": "COM", "niveau": "commune", "geo": "63001", "nomenclature": "a5", "millesime": "2024", "activity": "_T",
        "flores_measure": "EMPL3112", "time_period": 2024, "obs_status": "A",
    }
    petit.source("flores", couverture="lignes")
    petit.table("socle", "flores", colonnes, [{**defaut, **cellule} for cellule in cellules])
    petit.mesure_du_produit("postes_flores")
    petit.indicateur("i", numerateur={"mesure": "postes_flores"})


def test_une_cellule_flores_d_un_territoire_inconnu_ne_s_ajoute_a_rien(petit: Fabrique):
    cellules = [("COM", "63001", "commune"), ("COM", "63999", "commune"), ("EPCI", "Z", "epci"), ("FRANCE", "F", "france")]
    _flores(petit, [{"geo_object": o, "geo": g, "niveau": n, "obs_value": Decimal(10)} for o, g, n in cellules])
    assert petit.publiees("i") == {"commune:63001": 10, "france:FR": 10}
    parties = {cle[5]: v["valeur"] for cle, v in petit.valeurs().items() if cle[4] == "territoire_inconnu"}
    assert parties == {"COM|a5|_T": 10, "EPCI|a5|_T": 10}


def test_le_dernier_millesime_revise_l_annee_precedente_et_le_total_ne_compte_qu_une_fois(petit: Fabrique):
    _flores(petit, [
        {"time_period": 2023, "millesime": "2023", "obs_value": Decimal(100)},
        {"time_period": 2023, "millesime": "2024", "obs_value": Decimal(97)},
        {"time_period": 2024, "obs_value": Decimal(98)},
        {"time_period": 2024, "nomenclature": "a17", "obs_value": Decimal(98)},
        {"time_period": 2024, "activity": "AZ", "obs_value": Decimal(5)},
        {"time_period": 2024, "activity": "AZ", "nomenclature": "a17", "obs_value": Decimal(5)},
    ])
    assert petit.publiees("i", periode="2023") == {"commune:63001": 97}
    assert petit.publiees("i") == {"commune:63001": 98}
    ventilees = {cle[4:]: v["valeur"] for cle, v in petit.valeurs().items() if cle[4] not in ("total",)}
    assert ventilees == {("activite_a5", "AZ"): 5, ("activite_a17", "AZ"): 5}


def test_un_fichier_sans_millesime_ne_revise_pas_celui_qui_en_a_un(petit: Fabrique):
    _flores(petit, [
        {"millesime": "inconnu", "obs_value": Decimal(90)},
        {"millesime": "2024", "obs_value": Decimal(97)},
        {"geo": "63002", "millesime": "inconnu", "obs_value": Decimal(8)},
    ])
    assert petit.publiees("i") == {"commune:63001": 97, "commune:63002": 8}


def test_le_chiffre_d_une_commune_qui_en_comprend_une_autre_n_est_pas_donne_pour_le_sien(petit: Fabrique):
    _flores(petit, [
        {"geo": "63002", "obs_value": Decimal(8)},
        {"obs_status": "W", "obs_value": Decimal(97)},
        {"obs_status": "W", "nomenclature": "a17", "obs_value": Decimal(97)},
        {"obs_status": "W", "activity": "AZ", "obs_value": Decimal(5)},
        {"obs_status": "W", "activity": "AZ", "nomenclature": "a17", "obs_value": Decimal(5)},
    ])
    assert petit.publiees("i") == {"commune:63002": 8}
    a_part = {cle[2:]: v["valeur"] for cle, v in petit.valeurs().items() if cle[2] == "63001"}
    axe = "avec_commune_rattachee"
    assert a_part == {("63001", "2024", axe, m): v for m, v in (("total", 97), ("a5|AZ", 5), ("a17|AZ", 5))}


# tables a service receives

SUR_MESURE = {
    "annee": "2023", "niveau": "epci", "code_territoire": "246300701", "famille": "total", "secteur": "total",
    "grandeur": "salaries_moyens", "valeur": "14100", "statut": "A", "champ": "secteur privé",
}


def test_une_table_sur_mesure_n_est_pas_publiee_ni_les_valeurs_de_ses_rejets():
    assert sources()["tables_sur_mesure"].diffusion == "restreinte"
    assert not [publique for publique in public_tables() if publique.nom == "tables_sur_mesure"]


def test_une_annee_sans_total_est_signalee(entrepot):
    partielle = {**SUR_MESURE, "annee": "2022", "famille": "mutuelle"}
    deposer(entrepot, "tables_sur_mesure", "cress.csv", en_csv([SUR_MESURE, partielle]))
    etat = charger_source(entrepot, "tables_sur_mesure")
    assert (etat.etat, etat.lignes_retenues) == ("a_jour", 2)
    assert regles(entrepot, "tables_sur_mesure") == {("signalement", "annee_sans_total"): 1}


def test_une_cellule_supprimee_par_son_producteur_reste_sans_valeur(entrepot):
    supprimee = {**SUR_MESURE, "famille": "mutuelle", "valeur": "", "statut": "C"}
    deposer(entrepot, "tables_sur_mesure", "cress_2023.csv", en_csv([SUR_MESURE, supprimee]))
    etat = charger_source(entrepot, "tables_sur_mesure")
    assert (etat.etat, etat.lignes_retenues) == ("a_jour", 2), etat.motif
    assert [ligne["valeur"] for ligne in table(entrepot, "tables_sur_mesure")] == [Decimal(14100), None]


LIEUX = [("epci", "Z", 100), ("commune", "63999", 30), ("epci", "A", 5)]


@pytest.mark.parametrize(("mesure", "grandeur"), [
    ("salaries_ess_sur_mesure", "salaries_moyens"), ("postes_ess_sur_mesure", "postes_31_decembre"),
    ("masse_salariale_ess_sur_mesure", "masse_salariale_eur"),
])
def test_les_cellules_sur_mesure_de_territoires_inconnus_ne_s_ajoutent_pas(petit: Fabrique, mesure: str, grandeur: str):
    textes = ("niveau", "code_territoire", "famille", "secteur", "grandeur")
    petit.source("tables_sur_mesure", couverture="lignes")
    petit.table("socle", "tables_sur_mesure", {"annee": ENTIER, **dict.fromkeys(textes, TEXTE), "valeur": NOMBRE}, [
        {"annee": 2024, "niveau": niveau, "code_territoire": code, "famille": "total", "secteur": "total",
         "grandeur": grandeur, "valeur": Decimal(valeur)}
        for niveau, code, valeur in LIEUX
    ])
    petit.mesure_du_produit(mesure)
    petit.indicateur("i", numerateur={"mesure": mesure})
    assert petit.publiees("i") == {"epci:A": 5}
    inconnues = {cle[4:]: v["valeur"] for cle, v in petit.valeurs().items() if cle[1] == "inconnu"}
    assert inconnues == {("territoire_inconnu", "epci|total|total"): 100, ("territoire_inconnu", "commune|total|total"): 30}


def test_les_cellules_de_la_msa_de_territoires_inconnus_ne_s_ajoutent_pas(petit: Fabrique):
    textes = ("niveau", "code_territoire", "categorie", "unite_effectifs")
    colonnes = {"annee": ENTIER, **dict.fromkeys(textes, TEXTE), "est_ess": BOOLEEN}
    colonnes |= {"effectifs_salaries": NOMBRE, "nombre_etablissements": NOMBRE}
    petit.source("msa_emploi", couverture="lignes")
    petit.table("socle", "msa_emploi", colonnes, [
        {"annee": 2024, "niveau": niveau, "code_territoire": code, "categorie": "coopératives", "est_ess": True,
         "unite_effectifs": "salariés, moyenne annuelle", "effectifs_salaries": valeur, "nombre_etablissements": 1}
        for niveau, code, valeur in LIEUX
    ])
    petit.mesure_du_produit("effectifs_ess_msa")
    petit.indicateur("i", numerateur={"mesure": "effectifs_ess_msa"})
    assert petit.publiees("i") == {"epci:A": 5}
    inconnues = {cle[4:]: v["valeur"] for cle, v in petit.valeurs().items() if cle[1] == "inconnu"}
    assert inconnues == {("territoire_inconnu", "epci|coopératives"): 100, ("territoire_inconnu", "commune|coopératives"): 30}


@pytest.mark.parametrize("prefixe", ["", "2025-{}-", "{}-"])
def test_le_prefixe_des_codes_de_flores_n_en_fait_pas_partie(entrepot, prefixe):
    codes = (("COM", "63113"), ("EPCI", "246300701"), ("DEP", "2A"), ("DEP", "971"), ("REG", "84"), ("FRANCE", "F"))
    en_tete = "GEO;GEO_OBJECT;ACTIVITY;NUMBER_EMPL;LEGAL_FORM_WITH_PUBLIC;FLORES_MEASURE;OBS_STATUS;TIME_PERIOD;OBS_VALUE"
    rangs = [f"{prefixe.format(zonage)}{code};{zonage};_T;_T;1T9X7;UNIT_LOC;A;2024;5" for zonage, code in codes]
    deposer(entrepot, "flores", "DS_FLORES_A5_2024_data.csv", "\n".join([en_tete, *rangs]))
    etat = charger_source(entrepot, "flores")
    assert etat.etat == "a_jour", etat.motif
    assert [ligne["geo"] for ligne in table(entrepot, "flores")] == [code for _, code in codes]
