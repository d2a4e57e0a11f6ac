"""A table ordered from Insee or given by a CRESS: it takes the place of the estimate, and says what it was worth."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

from observatoire.derived import compute_table
from observatoire.estimation.tables import ESTIMATIONS
from observatoire.reconciliation.estimate_scores import NOTES
from tests.fabrique import Fabrique, fabrique


@pytest.fixture
def petit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fabrique]:
    """Give a small observatory whose estimates come from no source: they are written by hand."""
    monkeypatch.setattr("observatoire.indicators.catalog.LUES", ())
    with fabrique(tmp_path) as petite:
        yield petite


def _estimations(petit: Fabrique, *lieux: tuple[str, float | None, float | None, float | None], nature: str = "reelle") -> None:
    """Write the estimates of EPCI: code, point, bounds."""
    lignes: list[dict[str, Any]] = [
        {
            "grandeur": "emplois_ess", "niveau": "epci", "code_territoire": code, "periode": "2024", "axe": "total",
            "modalite": "total", "tolerance_tables_pct": 0.0, "estimation": point, "borne_basse": bas, "borne_haute": haut, "nombre_etablissements": 12,
            "publication": "point" if point else "intervalle" if bas else "non_estimable", "nature": nature,
        }
        for code, point, bas, haut in lieux
    ]
    petit.table("indicateurs", "estimations", {c.nom: c.type for c in ESTIMATIONS.colonnes}, lignes)


def _observatoire(petit: Fabrique, sur_mesure: dict[str, int | None]) -> None:
    lignes = [petit.ligne(f"epci:{code}", valeur) for code, valeur in sur_mesure.items()]
    # the calibration measure says what an estimate counts
    petit.contributions("effectifs_ess_urssaf", [petit.ligne("departement:63", 1)], couverture="lignes")
    petit.contributions("salaries_ess_sur_mesure", lignes or [petit.ligne("epci:E", 1)], couverture="lignes", absence="inconnue")
    petit.indicateur("emplois_ess_estimes", estimation="emplois_ess")
    petit.indicateur("salaries_ess_sur_mesure", numerateur={"mesure": "salaries_ess_sur_mesure"})


def _notes(petit: Fabrique) -> dict[str, dict[str, Any]]:
    petit.valeurs()
    compute_table(petit.entrepot, NOTES)
    lues = parquet.read_table(petit.entrepot.path_of("indicateurs", "notes_estimations")).to_pylist()
    return {ligne["code_territoire"]: ligne for ligne in lues}


def test_la_table_remplace_l_estimation_la_ou_elle_a_une_valeur(petit: Fabrique):
    _observatoire(petit, {"A": 1000, "C": None})
    _estimations(petit, ("A", 950.0, 900.0, 1010.0), ("B", 500.0, 450.0, 560.0), ("C", 80.0, 70.0, 95.0))
    valeurs = petit.valeurs()

    def publie(indicateur: str, code: str) -> tuple[Any, ...]:
        ligne = valeurs[indicateur, "epci", code, "2024", "total", "total"]
        return ligne["valeur"], ligne["borne_basse"], ligne["numerateur"], ligne["statut_observation"]

    assert publie("emplois_ess_estimes", "A") == (None, None, None, "O")
    assert publie("emplois_ess_estimes", "B") == (500, 450, 500, "E")
    assert publie("emplois_ess_estimes", "C") == (80, 70, 80, "E"), "a cell without a value replaces nothing"
    assert publie("salaries_ess_sur_mesure", "A")[0] == 1000


def test_la_part_estimee_reste_quand_la_table_remplace_l_effectif(petit: Fabrique):
    petit.contributions("prives", [petit.ligne("epci:A", 10_000)], couverture="lignes", absence="inconnue")
    for mesure in ("prives", "effectifs_ess_urssaf"):
        petit.contributions(mesure, [petit.ligne("epci:A", 10_000)], couverture="lignes")
        petit.mesure(mesure, f"-- {mesure}\n-- unité : salariés\n-- champ : secteur privé\nFROM socle.depot_{mesure}")
    petit.contributions("salaries_ess_sur_mesure", [petit.ligne("epci:A", 1000)], couverture="lignes")
    petit.indicateur("part", unite="%", facteur=100, estimation="emplois_ess", denominateur={"mesure": "prives"})
    _estimations(petit, ("A", 950.0, 900.0, 1010.0))
    assert petit.publiees("part") == {"epci:A": pytest.approx(9.5)}


def test_ce_que_le_producteur_a_supprime_le_reste(petit: Fabrique):
    petit.contributions("m", [petit.ligne("epci:A", 7), petit.ligne("epci:B", None)], couverture="lignes", absence="inconnue")
    petit.mesure("m", "-- m\n-- diffusion : producteur\nFROM socle.depot_m")
    petit.indicateur("i", numerateur={"mesure": "m"})
    valeurs = petit.valeurs()
    supprimee = valeurs["i", "epci", "B", "2024", "total", "total"]
    assert (supprimee["statut_confidentialite"], supprimee["valeur"], supprimee["nombre_unites"]) == ("C", None, None)
    assert valeurs["i", "epci", "A", "2024", "total", "total"]["statut_confidentialite"] == "F"


def test_la_table_note_l_estimation(petit: Fabrique):
    _observatoire(petit, {"A": 1000, "B": 600, "C": 100, "D": None})
    _estimations(petit, ("A", 950.0, 900.0, 1010.0), ("B", 500.0, 450.0, 560.0), ("C", None, 80.0, 130.0), ("D", 5.0, 4.0, 6.0))
    notes = _notes(petit)
    assert set(notes) == {"A", "B", "C"}
    assert {code: note["est_dans_la_fourchette"] for code, note in notes.items()} == {"A": True, "B": False, "C": True}
    assert notes["A"]["ecart_pct"] == pytest.approx(-5) and notes["C"]["ecart_pct"] == pytest.approx(5), "mid-range"
    assert notes["A"]["valeur_sur_mesure"] == Decimal(1000)


def test_une_estimation_de_demonstration_se_note_comme_une_demonstration(petit: Fabrique):
    _observatoire(petit, {"A": 1000})
    _estimations(petit, ("A", 950.0, 900.0, 1010.0), nature="demonstration")
    assert _notes(petit)["A"]["nature"] == "demonstration"
