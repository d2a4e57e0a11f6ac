"""Rows that are not data: totals, titles, notes, blank rows. None doubles an amount, none is lost without a word."""

from decimal import Decimal

import pytest

from tests.depots import charger_source, comptes_justes, deposer, regles, rejets, table
from tests.donnees import CAM

EN_TETE = "nomAttribuant;idAttribuant;dateConvention;nomBeneficiaire;idBeneficiaire;objet;montant"
A = f"Métropole;{CAM};2024-03-15;Asso A;70000004500018;F;30000"
B = f"Métropole;{CAM};2024-03-15;Asso B;70000004500018;x;45000"


def charger(entrepot, *lignes: str):
    deposer(entrepot, "subventions", "s_2024.csv", "\n".join([EN_TETE, *lignes, ""]))
    etat = charger_source(entrepot, "subventions", plafond_rejets_pct=100)
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    return etat.fichiers[0], sum((ligne["montant_eur"] for ligne in table(entrepot, "subventions")), Decimal(0))


@pytest.mark.parametrize(
    "total",
    [
        *(f"Métropole;{CAM};;TOTAL GENERAL;;;75000", ";;;Total;;;75 000,00", ";;;;;Sous-total;75000", "Totaux :;;;;;;75000"),
        *(";;;à reporter;;;75000", f"Métropole;{CAM};2024-12-31;TOTAL;;;75000"),
    ],
)
def test_un_total_juste_est_hors_champ_et_ne_double_rien(entrepot, total):
    lu, somme = charger(entrepot, A, B, total)
    assert (somme, lu.lignes_retenues, lu.lignes_hors_champ) == (75000, 2, 1)
    assert lu.motifs_hors_champ == {"total : la somme des lignes qui le précèdent, au centime": 1}
    assert rejets(entrepot, "subventions") == []


def test_des_sous_totaux_et_un_total_general_sont_chacun_verifies(entrepot):
    lu, somme = charger(entrepot, A, ";;;Sous-total;;;30000", B, B.replace("45000", "5000"), ";;;Sous-total;;;50000", ";;;TOTAL;;;80000")
    assert (somme, lu.lignes_hors_champ, lu.lignes_rejetees) == (80000, 3, 0)


def test_un_total_faux_est_refuse_avec_les_deux_chiffres(entrepot):
    lu, somme = charger(entrepot, A, B, ";;;TOTAL;;;76000")
    assert (somme, lu.lignes_rejetees) == (75000, 1)
    [rejet] = [rejet for rejet in rejets(entrepot, "subventions") if rejet["regle"] == "total_faux"]
    assert "76\u202f000,00 €" in rejet["motif"] and "75\u202f000,00 €" in rejet["motif"]
    lettre = (entrepot.racine / "lettres" / "subventions" / "s_2024.csv" / "lettre.txt").read_text(encoding="utf-8")
    assert "76\u202f000,00 €" in lettre


@pytest.mark.parametrize(
    ("ligne", "regle"),
    [
        (f"Métropole;{CAM};2024-03-15;Total Festum;;concert;5000", {("signalement", "total_a_verifier"): 1}),
        (f"Métropole;{CAM};2024-03-15;TotalEnergies Fondation;70000004500018;f;75000", {}),
        (f"Métropole;{CAM};2024-03-15;Total Énergies Fondation;700000045;f;75000", {("signalement", "siren_au_lieu_de_siret"): 1}),
        (f"Métropole;{CAM};2024-03-15;Reporters sans essai;70000004500018;f;5000", {}),
    ],
)
def test_un_beneficiaire_dont_le_nom_commence_comme_un_total_est_compte(entrepot, ligne, regle):
    lu, somme = charger(entrepot, A, B, ligne)
    assert (lu.lignes_retenues, somme) == (3, 75000 + int(ligne.rsplit(";", 1)[1]))
    dites = {clef: n for clef, n in regles(entrepot, "subventions").items() if clef[1] != "beneficiaire_identifie"}
    assert dites == regle


def test_une_somme_sans_libelle_est_signalee_et_comptee(entrepot):
    lu, somme = charger(entrepot, A, B, B.replace("x", "y"), f"Métropole;{CAM};;;;;120000")
    assert (lu.lignes_retenues, somme) == (4, 240000)
    assert regles(entrepot, "subventions")["signalement", "somme_sans_libelle"] == 1


@pytest.mark.parametrize(
    ("ligne", "motif"),
    [
        (";;;;;;", "ligne vide"),
        (" ; ;;;;;\u00a0", "ligne vide"),
        ("Source : direction des finances;;;;;;", "titre ou note : le reste de la ligne est vide"),
        (";;;Culture;;;", "titre ou note : le reste de la ligne est vide"),
        ("(1) hors fonds européens", "titre ou note : le reste de la ligne est vide"),
        (EN_TETE, "en-tête répété"),
    ],
)
def test_un_titre_une_note_une_ligne_vide_sont_hors_champ_comptes_et_dits(entrepot, ligne, motif):
    lu, somme = charger(entrepot, A, ligne, B)
    assert (somme, lu.lignes_lues, lu.motifs_hors_champ) == (75000, 3, {motif: 1})
    assert rejets(entrepot, "subventions") == []


def test_une_ligne_coupee_n_est_pas_une_note(entrepot):
    lu, _ = charger(entrepot, A, "Clermont Auv")
    assert (lu.lignes_hors_champ, lu.lignes_rejetees) == (0, 1)


def test_un_montant_seul_n_est_pas_une_note(entrepot):
    lu, _ = charger(entrepot, A, ";;;;;;12")
    assert (lu.lignes_hors_champ, lu.lignes_retenues) == (0, 2)


BUDGET = "BGT_NATDEC;BGT_ANNEE;BGT_SIRET;BGT_CONTNAT;BGT_CONTNAT_LABEL;BGT_SECTION;BGT_OPBUDG;BGT_CODRD;BGT_MTREAL;BGT_MTPREV"


def test_un_total_de_budget_ne_le_double_pas(entrepot):
    ligne = f"budget primitif;2024;{CAM};65748;Subventions;fonctionnement;réel;dépense;;"
    deposer(
        entrepot,
        "budget_scdl",
        "bp.csv",
        "\n".join([BUDGET, f"{ligne}1000", f"{ligne.replace('65748', '6574')}500", f";;{CAM};;TOTAL;;;;;1500", ";;;;;;;;;"]),
    )
    etat = charger_source(entrepot, "budget_scdl", plafond_rejets_pct=100)
    assert comptes_justes(etat) and etat.fichiers[0].lignes_hors_champ == 2
    assert sum(ligne["vote_eur"] for ligne in table(entrepot, "budget_scdl")) == 1500
