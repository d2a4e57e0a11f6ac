"""The counts of ESS employment are set against each other, never corrected into one."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from observatoire.reconciliation.jobs_bridge import compute_bridge
from tests.fabrique import Fabrique, fabrique


@pytest.fixture
def petit(tmp_path: Path) -> Iterator[Fabrique]:
    with fabrique(tmp_path) as petite:
        yield petite


def _indicateur(petit: Fabrique, nom: str, unite: str, champ: str, valeurs: dict[str, int], **source: str) -> None:
    petit.contributions(nom, [petit.ligne("departement:63", v, periode=annee) for annee, v in valeurs.items()], couverture="lignes", **source)
    petit.mesure(nom, f"-- {nom}\n-- unité : {unite}\n-- champ : {champ}\nFROM socle.depot_{nom}")
    petit.indicateur(nom, numerateur={"mesure": nom})


def _pont(petit: Fabrique) -> list[dict]:
    petit.valeurs()
    compute_bridge(petit.entrepot)
    return parquet.read_table(petit.entrepot.path_of("indicateurs", "pont_emploi")).to_pylist()


def test_l_ecart_est_chiffre_et_dit_pourquoi_il_n_est_pas_une_erreur(petit: Fabrique):
    _indicateur(petit, "effectifs_ess_urssaf", "salariés, moyenne annuelle", "régime général", {"2023": 900, "2024": 1000})
    _indicateur(petit, "postes_ess_sur_mesure", "postes au 31 décembre", "public et privé", {"2023": 1200})
    [ligne] = _pont(petit)
    assert (ligne["periode_a"], ligne["periode_b"]) == ("2024", "2023"), "the latest of each, both said"
    assert (ligne["ecart"], ligne["ecart_pct"]) == (200, Decimal(20))
    assert "deux unités" in ligne["comparabilite"] and "postes" in ligne["explication"]


def test_l_annee_commune_est_prise_quand_il_y_en_a_une(petit: Fabrique):
    for nom, valeurs in (("effectifs_ess_urssaf", {"2023": 1000}), ("effectifs_ess_divisions_urssaf", {"2022": 7, "2023": 995, "2024": 8})):
        _indicateur(petit, nom, "salariés", "régime général", valeurs)
    [ligne] = _pont(petit)
    assert (ligne["periode_b"], ligne["ecart"], ligne["ecart_pct"], ligne["comparabilite"]) == ("2023", -5, Decimal("-0.5"), None)


def test_une_periode_inconnue_n_est_pas_la_derniere(petit: Fabrique):
    _indicateur(petit, "effectifs_ess_urssaf", "salariés", "régime général", {"2024": 1000, "inconnu": 3})
    _indicateur(petit, "effectifs_ess_msa", "salariés", "régime agricole", {"2023": 50, "inconnu": 7})
    [ligne] = _pont(petit)
    assert (ligne["periode_a"], ligne["periode_b"], ligne["ecart"]) == ("2024", "2023", -950)


def test_sans_second_compte_il_n_y_a_pas_d_ecart(petit: Fabrique):
    _indicateur(petit, "effectifs_ess_urssaf", "salariés", "régime général", {"2024": 1000})
    assert _pont(petit) == []


def test_un_ecart_avec_une_demonstration_en_est_une(petit: Fabrique):
    _indicateur(petit, "effectifs_ess_urssaf", "salariés", "régime général", {"2024": 1000})
    _indicateur(petit, "effectifs_ess_msa", "salariés", "régime agricole", {"2024": 50}, nature="demonstration")
    [ligne] = _pont(petit)
    assert ligne["nature"] == "demonstration" and ligne["ecart"] == -950
    assert ligne["somme"] == 1050, "what MSA counts is what Urssaf leaves out"
