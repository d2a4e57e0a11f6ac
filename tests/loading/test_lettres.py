"""Letters to producers: everything refused or flagged is asked, the text quotes no value, no cell is a formula."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.formulas import FORMULES, harmless
from observatoire.sources import sources
from tests.depots import SUBVENTION, charger_source, deposer, en_csv, rejets, subventions

ANNEE = "subventions_2024.csv"
FORMULE = "=HYPERLINK(secret)"


def lettre(entrepot, fichier: str = ANNEE, source: str = "subventions") -> tuple[list[dict[str, str]], str]:
    dossier = entrepot.racine / "lettres" / source / fichier
    lignes = csv.DictReader(io.StringIO((dossier / "lignes.csv").read_text(encoding="utf-8-sig")), delimiter=";")
    return list(lignes), (dossier / "lettre.txt").read_text(encoding="utf-8")


@pytest.fixture
def deux_refus(entrepot):
    """Load a file where two amounts are not written and a beneficiary is not identified."""
    lignes = [{**SUBVENTION, "objet": f"objet {rang}"} for rang in range(60)]
    lignes[1] |= {"montant": "à déterminer"}
    lignes[2] |= {"montant": "7M€", "nomBeneficiaire": FORMULE}
    lignes[3] |= {"idBeneficiaire": ""}
    deposer(entrepot, "subventions", ANNEE, en_csv(lignes))
    deposer(entrepot, "subventions", f"{ANNEE}.origine.yml", "producteur: Ville d'essai\nobtenu_le: 2025-03-02\n")
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    return entrepot


def test_chaque_ligne_refusee_ou_signalee_est_dans_la_lettre(deux_refus):
    lignes, texte = lettre(deux_refus)
    assert [(int(ligne["ligne"]), ligne["gravite"], ligne["valeur_lue"]) for ligne in lignes] == [
        (3, "refusée", "à déterminer"),
        (4, "refusée", "7M€"),
        (5, "à confirmer", ""),
    ]
    assert len(lignes) == len(rejets(deux_refus, "subventions"))
    assert "60 lignes" in texte and "Retenues : 58." in texte and "comptées : 2." in texte
    # each with the reason that fits it
    assert "- 1 ligne, colonne « montant » : valeur de « montant » illisible : des mots à la place d'un nombre" in texte
    assert "- 1 ligne, colonne « montant » : valeur de « montant » illisible : « k » ou « M » ne dit pas tout" in texte
    assert "- 1 ligne : bénéficiaire sans SIRET ni RNA" in texte
    assert "obtenu le 02/03/2025" in texte and "Producteur : Ville d'essai." in texte


def test_le_texte_ne_cite_aucune_valeur(deux_refus):
    lignes, texte = lettre(deux_refus)
    assert "secret" in lignes[1]["ligne_complete"] and "7M€" in lignes[1]["ligne_complete"]
    for valeur in ("secret", "7M€", "à déterminer", SUBVENTION["nomBeneficiaire"], SUBVENTION["idBeneficiaire"]):
        assert valeur not in texte


def test_la_lettre_disparait_quand_plus_rien_n_est_demande(deux_refus):
    deposer(deux_refus, "subventions", ANNEE, subventions(60))
    assert charger_source(deux_refus, "subventions").etat == "a_jour"
    assert list((deux_refus.racine / "lettres").rglob("*.*")) == []


def test_relancer_ecrit_la_meme_lettre(deux_refus):
    avant = lettre(deux_refus)
    (deux_refus.racine / "etats" / "subventions.json").unlink()
    charger_source(deux_refus, "subventions")
    assert lettre(deux_refus) == avant


def test_un_chargement_refuse_ecrit_aussi_a_son_producteur(entrepot):
    """Half of the amounts are no number: the source fails, its last table stays, and the producer is asked."""
    deposer(entrepot, "subventions", ANNEE, subventions(20).replace(",30000", ",néant", 10))
    assert charger_source(entrepot, "subventions").etat == "en_echec"
    lignes, texte = lettre(entrepot)
    assert len(lignes) == 10 and "Refusées, faute de pouvoir être comptées : 10." in texte


def test_chaque_fichier_a_sa_lettre(entrepot):
    for producteur, montant in (("ville", "néant"), ("metropole", "30000"), ("region", "0")):
        lignes = subventions(30, nomAttribuant=producteur).replace(",30000", f",{montant}", 1)
        deposer(entrepot, "subventions", f"{producteur}/2024.csv", lignes)
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    ecrites = {chemin.parent.name for chemin in (entrepot.racine / "lettres" / "subventions").glob("*/2024.csv")}
    assert ecrites == {"ville", "region"}
    _, texte = lettre(entrepot, "region/2024.csv")
    assert "Lignes refusées" not in texte and "de corriger les lignes refusées" not in texte


def test_une_source_sans_producteur_a_interroger_n_ecrit_rien(entrepot):
    deposer(entrepot, "reseaux", "reseaux.csv", b"reseau,nom_reseau\n")
    charger_source(entrepot, "reseaux")
    assert not (entrepot.racine / "lettres").exists()
    assert {nom for nom, source in sources().items() if source.lettre} == {"subventions", "budget_scdl", "balances_dgfip"}


@given(st.text())
def test_aucune_cellule_n_est_une_formule_et_aucune_n_est_perdue(mots):
    ecrite = harmless(mots)
    assert not ecrite.lstrip(" \u00a0").startswith(FORMULES)
    assert ecrite.removeprefix("'") == mots or ecrite == mots


@pytest.mark.parametrize("mots", ["=1+1", "+33", "-500,00 €", "@SUM(A1)", " =1+1", "\t=1", "\u00a0=1"])
def test_une_formule_est_rendue_inerte(mots):
    assert harmless(mots) == f"'{mots}"
