"""The gaps measured between the tables of Urssaf: whole, or unknown; and a share only where its gap is known."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from observatoire.estimation.tables import ESTIMATIONS
from observatoire.estimation.urssaf_totals import Totaux, read_totals
from observatoire.schemas import BOOLEEN, ENTIER, NOMBRE, TEXTE
from tests.fabrique import Fabrique, fabrique

MESURES = {"nombre_etablissements": NOMBRE, "effectifs_salaries_moyens": NOMBRE, "masse_salariale_eur": NOMBRE}
ESS = {"annee": ENTIER, "code_departement": TEXTE, "est_ess": BOOLEEN, "famille_ess": TEXTE, **MESURES}
EPCI = {"annee": ENTIER, "code_epci": TEXTE, "code_region": TEXTE, **MESURES}
COMMUNES = {"annee": ENTIER, "code_departement": TEXTE, "code_commune": TEXTE, "code_naf": TEXTE,
            "nombre_etablissements": NOMBRE, "effectifs_salaries": NOMBRE}
DEPARTEMENTS = {"63": 1_000, "43": 500, "19": 800}
PARTS = {("A", "84"): 900, ("C", "84"): 300, ("E", "84"): 280, ("D", "84"): 20, ("D", "19"): 40, ("B", "19"): 840}
CELLULES = {("63001", "63"): 990, ("63002", "63"): 20, ("43001", "43"): 480}


@pytest.fixture
def petit(tmp_path: Path) -> Iterator[Fabrique]:
    with fabrique(tmp_path) as petite:
        yield petite


def _lus(
    petit: Fabrique, departements: dict[str, Any] = DEPARTEMENTS, parts: dict[Any, Any] = PARTS,
    cellules: dict[Any, Any] = CELLULES,
) -> Totaux:
    lieux = {"socle.urssaf_ess_departements": (ESS, [
        {"annee": 2024, "code_departement": code, "est_ess": False, "famille_ess": "Hors ESS", "effectifs_salaries_moyens": n}
        for code, n in departements.items()
    ]), "socle.urssaf_prive_epci": (EPCI, [
        {"annee": 2024, "code_epci": epci, "code_region": region, "effectifs_salaries_moyens": n}
        for (epci, region), n in parts.items()
    ]), "socle.emplois_prives_communes": (COMMUNES, [
        {"annee": 2024, "code_departement": departement, "code_commune": code, "code_naf": "87.10A",
         "nombre_etablissements": 1, "effectifs_salaries": n}
        for (code, departement), n in cellules.items()
    ]), "socle.etablissements": ({"code_territoire": TEXTE, "niveau": TEXTE, "code_naf": TEXTE, "est_actif": BOOLEEN,
                                  "est_employeur": BOOLEEN, "est_ess": BOOLEEN}, []),
        "referentiels.familles_urssaf": ({"famille_urssaf": TEXTE, "famille": TEXTE}, [])}
    for nom, (colonnes, lignes) in lieux.items():
        petit.table(*nom.split("."), colonnes, lignes)
    with petit.entrepot.connect() as connexion:
        return read_totals(connexion, 2024)


def test_l_ecart_d_un_epci_a_cheval_est_le_plus_grand_de_ses_regions(petit: Fabrique):
    lus = _lus(petit)
    assert [lus.gap_of_epci(code) for code in "ACED"] == [0, 0, 0, 10], "1 500 de 1 500 dans la 84, 880 de 800 dans la 19"
    assert lus.gap_of_communes("63") == pytest.approx(0.01)


@pytest.mark.parametrize("inconnu", [("D", "84"), ("C", "84")])
def test_un_effectif_d_epci_inconnu_rend_inconnu_l_ecart_de_sa_region(petit: Fabrique, inconnu: tuple[str, str]):
    lus = _lus(petit, parts={**PARTS, inconnu: None})
    assert [lus.gap_of_epci(code) for code in "ACED"] == [None] * 4, "celui de D est à cheval"
    assert lus.gap_of_epci("B") == 10


@pytest.mark.parametrize("departements", [{**DEPARTEMENTS, "43": None}, {"63": 1_000, "19": 800}])
def test_un_departement_inconnu_rend_inconnu_l_ecart_de_sa_region(petit: Fabrique, departements: dict[str, Any]):
    lus = _lus(petit, departements)
    assert (lus.gap_of_epci("A"), lus.gap_of_epci("B")) == (None, 10)


def test_un_effectif_de_commune_inconnu_rend_inconnu_l_ecart_de_son_departement(petit: Fabrique):
    lus = _lus(petit, cellules={**CELLULES, ("63002", "63"): None})
    assert (lus.gap_of_communes("63"), lus.gap_of_communes("43")) == (None, pytest.approx(-0.04))


def test_un_ecart_inconnu_entre_les_tables_n_est_pas_un_ecart_nul(petit: Fabrique, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("observatoire.catalog.LUES", ())
    petit.contributions("effectifs_ess_urssaf", [petit.ligne("departement:63", 1)], couverture="lignes")
    prives = [petit.ligne(f"epci:{code}", 1_000) for code in "AB"]
    petit.contributions("prives", prives, couverture="lignes", absence="inconnue")
    petit.indicateur("emplois", estimation="emplois_ess")
    petit.indicateur("part", estimation="emplois_ess", denominateur={"mesure": "prives", "modalite": "total"}, facteur=100)
    petit.table("indicateurs", "estimations", {c.nom: c.type for c in ESTIMATIONS.colonnes}, [
        {"grandeur": "emplois_ess", "niveau": "epci", "code_territoire": code, "periode": "2024", "axe": "total",
         "modalite": "total", "estimation": 100.0, "borne_basse": 90.0, "borne_haute": 110.0, "nombre_etablissements": 12,
         "tolerance_tables_pct": tolerance, "publication": "point", "nature": "reelle"}
        for code, tolerance in (("A", 10.0), ("B", None))
    ])
    lues = {cle[:3:2]: ligne for cle, ligne in petit.valeurs().items()}
    colonnes = ("valeur", "borne_basse", "borne_haute", "statut_observation")

    def publie(indicateur: str, code: str) -> list[Any]:
        return [lues[indicateur, code][colonne] for colonne in colonnes]

    assert publie("part", "A") == [10, pytest.approx(8.1), pytest.approx(12.1), "E"]
    assert publie("part", "B") == [None, None, None, "O"]
    assert publie("emplois", "B") == [100, 90, 110, "E"], "l'estimation, elle, ne dépend pas de cet écart"
