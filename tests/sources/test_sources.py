"""Every source declares rules that refuse: each is shown a committed bad file, one fault a row."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from observatoire.schemas import TEXTE, Table
from observatoire.settings import Settings
from observatoire.sources import DOSSIER, sources
from observatoire.sources.states import Etat
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, comptes_justes, deposer, rejets, table
from tests.donnees import lire_csv

MAUVAIS = Path(__file__).parent / "mauvais"


@dataclass
class Charge:
    """A bad file and what became of it."""

    nom: str
    lignes: list[dict[str, str]]
    etat: Etat
    rejets: list[dict[str, Any]]
    gardees: list[int]


@pytest.fixture(scope="module", params=sources())
def mauvais(request, tmp_path_factory) -> Charge:
    """Load the bad file of a source, once for the tests that read the result."""
    nom = request.param
    chemin = MAUVAIS / f"{nom}.csv"
    assert chemin.exists(), f"tests/sources/mauvais/{nom}.csv manque : écrire une ligne par règle, qui l'enfreint"
    dossier = tmp_path_factory.mktemp(nom)
    entrepot = Entrepot(Settings(raw=dossier / "raw", warehouse=dossier / "warehouse", territoire="246300701"))
    deposer(entrepot, nom, chemin.name, chemin.read_bytes())
    # a rule that looks at the name of its file needs a file of another name
    for autre in sorted((MAUVAIS / nom).glob("*.csv")):
        deposer(entrepot, nom, autre.name, autre.read_bytes())
    etat = charger_source(entrepot, nom, plafond_rejets_pct=100)
    gardees = [ligne["_ligne"] for ligne in table(entrepot, nom) if ligne["_fichier"] == chemin.name]
    return Charge(nom, lire_csv(chemin), etat, rejets(entrepot, nom), gardees)


def test_chaque_mauvaise_ligne_est_refusee_ou_signalee_pour_sa_seule_faute(mauvais):
    assert mauvais.etat.etat == "a_jour", mauvais.etat.motif
    attendu = {rang: sorted(ligne["attendu"].split()) for rang, ligne in enumerate(mauvais.lignes, start=2)}
    trouve: dict[int, list[str]] = {rang: [] for rang in attendu}
    for rejet in (rejet for rejet in mauvais.rejets if rejet["fichier"] == f"{mauvais.nom}.csv"):
        trouve[rejet["ligne"]].append(f"{rejet['gravite']}:{rejet['regle']}")
    assert attendu.pop(2) == ["bonne"], "la première ligne est bonne : les autres n'ont donc que leur faute"
    assert trouve.pop(2) == []
    assert all(attendu.values()), "chaque ligne dit la règle qu'elle enfreint"
    assert {rang: sorted(dites) for rang, dites in trouve.items()} == attendu
    assert mauvais.etat.fichiers[0].colonnes_inconnues == ["attendu"]


def test_une_ligne_refusee_ne_compte_pas_une_signalee_compte(mauvais):
    attendues = [rang for rang, ligne in enumerate(mauvais.lignes, start=2) if "refus:" not in ligne["attendu"]]
    assert mauvais.gardees == attendues
    assert comptes_justes(mauvais.etat)
    assert mauvais.etat.fichiers[0].lignes_lues == len(mauvais.lignes)


def test_aucune_regle_declaree_n_est_incapable_d_echouer(mauvais):
    atteintes = {(rejet["colonne"], rejet["regle"], rejet["gravite"]) for rejet in mauvais.rejets}
    assert declarees(sources()[mauvais.nom].table) - atteintes == set()


def declarees(table: Table) -> set[tuple[str, str, str]]:
    """List what a table says it refuses or flags: rules, required values, types, key."""
    regles = {(colonne.nom, r.name, r.title) for colonne in table.colonnes for r in colonne.regles}
    regles |= {("", r.name, r.title) for r in table.regles}
    for colonne in table.colonnes:
        if colonne.obligatoire:
            regles.add((colonne.nom, "valeur_absente", "refus"))
        if colonne.type != TEXTE and not colonne.calculee:
            regles.add((colonne.nom, "valeur_illisible", "refus" if colonne.obligatoire else "signalement"))
        if colonne.longueur:
            regles.add((colonne.nom, "zeros_restitues", "signalement"))
    regles |= {(r.colonne, r.nom, "signalement") for r in table.ensemble}
    if table.cle:
        double = "cle_en_double" if table.gravite_cle == "refus" else "doublon_suspect"
        regles.add((", ".join(table.cle), double, table.gravite_cle))
    return regles


def test_chaque_dossier_de_source_est_une_source_et_a_son_mauvais_fichier():
    dossiers = {chemin.name for chemin in DOSSIER.iterdir() if chemin.is_dir() and not chemin.name.startswith("_")}
    assert set(sources()) == dossiers
    assert {chemin.stem for chemin in MAUVAIS.glob("*.csv")} == dossiers


@pytest.mark.parametrize("nom", sources())
def test_chaque_table_a_une_cle_et_des_descriptions_francaises(nom):
    declaree = sources()[nom].table
    assert set(declaree.cle) <= set(declaree.noms)
    assert declaree.cle, "sans clé, une ligne répétée compterait deux fois sans être vue"
    for colonne in declaree.colonnes:
        assert colonne.description.endswith((".", "…")), colonne.nom
        assert all(regle.error and regle.title in ("refus", "signalement") for regle in colonne.regles), colonne.nom


@pytest.mark.parametrize("nom", [nom for nom, source in sources().items() if source.embarque])
def test_les_references_embarquees_se_chargent_sans_un_rejet(entrepot, nom):
    etat = charger_source(entrepot, nom)
    assert (etat.etat, etat.regles) == ("a_jour", [])
    assert etat.lignes_retenues == etat.fichiers[0].lignes_lues > 0
    assert etat.fichiers[0].millesime
