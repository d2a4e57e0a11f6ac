"""Headers of grant files: those of the official schemas, and those really met; each names one column, or says why not.

`entetes_lus.csv` is a sample drawn once among the matches made in 911 published headers, and read by eye.
"""

import csv
from pathlib import Path

import pytest

from observatoire.loading.headers import match_headers
from observatoire.loading.records import Lecture, recognise
from observatoire.obstacle import Obstacle
from observatoire.sources import sources
from tests.depots import charger_source, comptes_justes, deposer, rejets, table
from tests.donnees import CAM

TABLE = sources()["subventions"].table
LUS = list(
    csv.DictReader((Path(__file__).parent / "entetes_lus.csv").open(encoding="utf-8", newline=""), delimiter=";")
)
TITRES_SCDL_1_1 = {
    "Nom de l'attribuant": "Collectivité X",
    "Identification de l'attribuant": CAM,
    "Date de la convention de subvention": "2014-03-01",
    "Référence de la décision": "D1",
    "Nom du bénéficiaire": "ORGANISME A",
    "Identification du bénéficiaire": "779222124",
    "Objet de la subvention": "Fonctionnement",
    "Montant total de la subvention": "1000.0",
    "Nature de la subvention": "aide en numéraire",
    "Conditions de versement de la subvention": "unique",
    "Date ou période de versement": "2014-06-01",
    "Numéro unique de référencement dans le Répertoire des Aides aux Entreprises": "",
    "Aide d'Etat notifiée à la Commission européenne": "non",
    "Pourcentage du montant total de la subvention attribuée au bénéficiaire": "1",
}


def lus(*en_tetes: str) -> dict[str, str]:
    """Give the header of each column found."""
    return {nom: en_tetes[place] for nom, place in match_headers(list(en_tetes), TABLE).positions.items()}


@pytest.mark.parametrize("lu", LUS, ids=[f"{lu['colonne']} {lu['en_tete']}" for lu in LUS])
def test_un_en_tete_vraiment_publie_nomme_sa_colonne(lu):
    assert lus(*lu["fichier"].split(" | "))[lu["colonne"]] == lu["en_tete"]


def test_les_titres_des_schemas_de_1_1_a_2_0_2_donnent_toutes_les_colonnes(entrepot):
    contenu = "\n".join([";".join(TITRES_SCDL_1_1), ";".join(TITRES_SCDL_1_1.values())])
    deposer(entrepot, "subventions", "s_2014.csv", contenu)
    etat = charger_source(entrepot, "subventions")
    assert (etat.etat, etat.fichiers[0].colonnes_inconnues) == ("a_jour", []), etat.motif
    [ligne] = table(entrepot, "subventions")
    assert (ligne["siren_beneficiaire"], ligne["montant_eur"], ligne["exercice"]) == ("779222124", 1000, 2014)


@pytest.mark.parametrize(
    "ecrit",
    [
        *("dateConvention", "date_convention", "DATE CONVENTION", "Date de convention*", "\ufeffDate de la convention"),
        *("Date de la convention de subvention (AAAA-MM-JJ)", "Date de la convention (JJ/MM/AAAA)"),
    ],
)
def test_une_date_de_convention_se_reconnait_comme_on_l_ecrit(ecrit):
    assert lus(ecrit)["date_convention"] == ecrit


@pytest.mark.parametrize(
    ("en_tetes", "colonne", "attendu"),
    [
        # « attributaire » is who gives, or who receives
        (
            ("Identification de l'attributaire", "Nom du bénéficiaire"),
            "id_attribuant",
            "Identification de l'attributaire",
        ),
        (("Identification de l'attributaire", "objet"), "id_attribuant", None),
        (("SIRET autorité administrative", "Nom attributaire"), "nom_beneficiaire", "Nom attributaire"),
        # a lone number is nobody's where the grantor is named
        (("Nom bénéficiaire", "N° SIRET"), "id_beneficiaire", "N° SIRET"),
        (("nomAttribuant", "Nom bénéficiaire", "N° SIRET"), "id_beneficiaire", None),
        # a grant of several places has a row for each
        (
            ("Bénéficiaire", "Montant voté", "Montant voté par localisation"),
            "montant_eur",
            "Montant voté par localisation",
        ),
        # « public » or « privé », for a school
        (("Statut",), "statut", None),
    ],
)
def test_un_mot_qui_a_deux_sens_ne_nomme_une_colonne_que_la_ou_il_n_en_a_qu_un(en_tetes, colonne, attendu):
    assert lus(*en_tetes).get(colonne) == attendu


def test_un_montant_verse_est_paye(entrepot):
    deposer(entrepot, "subventions", "s_2024.csv", f"idAttribuant;Bénéficiaire;Montant versé\n{CAM};A;100\n")
    charger_source(entrepot, "subventions")
    assert [ligne["etat"] for ligne in table(entrepot, "subventions")] == ["payé"]


def test_toutes_les_colonnes_absentes_sont_dites_d_un_coup_avec_ce_qui_leur_ressemble():
    with pytest.raises(Obstacle) as refus:
        recognise(["idAttribuant", "nomBeneficaire2", "total"], Path("s.csv"), TABLE, Lecture())
    for mots in ("« nomBeneficiaire » est absente, comme « montant »", "« total »", "« nomBeneficaire2 » ressemble à"):
        assert mots in str(refus.value)


DEUX = f"idAttribuant;dateConvention;nomBeneficiaire;idBeneficiaire;montant;montant\n{CAM};2024-03-15;A;70000004500018;"


def test_deux_colonnes_pour_un_montant_refusent_le_fichier(entrepot):
    deposer(entrepot, "subventions", "s_2024.csv", f"{DEUX}50000;30000\n")
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "en_echec" and "2 colonnes pour une même chose (« montant », « montant »)" in etat.motif


@pytest.mark.parametrize("paire", ["50000;50 000,00", "50000;", ";50000"])
def test_deux_colonnes_egales_la_ou_elles_sont_remplies_n_en_font_qu_une(entrepot, paire):
    deposer(entrepot, "subventions", "s_2024.csv", f"{DEUX}{paire}\n")
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    assert [ligne["montant_eur"] for ligne in table(entrepot, "subventions")] == [50000]


def test_une_colonne_non_lue_est_nommee_dans_la_lettre_avec_ce_qu_elle_aurait_pu_etre(entrepot):
    ligne = f"{CAM};2024-03-15;A;1;W1;Nord\n"
    deposer(
        entrepot,
        "subventions",
        "s_2024.csv",
        "idAttribuant;dateConvention;nomBeneficiaire;montant;rnaBenef;Canton\n" + ligne,
    )
    charger_source(entrepot, "subventions")
    lettre = entrepot.racine / "lettres" / "subventions" / "s_2024.csv" / "lettre.txt"
    texte = lettre.read_text(encoding="utf-8")
    assert "Colonnes que l'observatoire ne lit pas : « rnaBenef », « Canton »." in texte
    assert "« Canton » ressemble" not in texte


def test_rien_de_ce_qui_est_lu_n_est_perdu_quand_une_colonne_est_en_double(entrepot):
    deposer(entrepot, "subventions", "s_2024.csv", f"{DEUX}50000;\n{CAM};2024-03-15;B;70000004500018;;x\n")
    etat = charger_source(entrepot, "subventions", plafond_rejets_pct=100)
    assert comptes_justes(etat)
    assert [rejet["valeur"] for rejet in rejets(entrepot, "subventions")] == ["x"]
