"""The gaps measured between the tables of Urssaf: whole, or unknown; and a share only where its gap is small."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.estimation.publication_rule import share_reason
from observatoire.estimation.tables import ESTIMATIONS
from observatoire.estimation.urssaf_totals import TotauxUrssaf, read_totals
from observatoire.schemas import BOOLEEN, ENTIER, NOMBRE, TEXTE
from tests.fabrique import Fabrique, fabrique
from tests.hasard import exemples

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
) -> TotauxUrssaf:
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


PARTS_ATTENDUES = {
    # bounds of the estimate, tolerance, then: share, bounds, status
    "écart connu": ((95, 105), 4.0, (10, 9.12, 10.92, "E")),
    "écart inconnu": ((95, 105), None, (None, None, None, "O")),
    "tables qui ne parlent pas de la même chose": ((95, 105), 15.1, (None, None, None, "O")),
    "fourchette élargie au-delà de 15 %": ((90, 110), 10.0, (None, 8.1, 12.1, "E")),
    "fourchette seule": ((80, 140), 10.0, (None, 7.2, 15.4, "E")),
}


@pytest.mark.parametrize("cas", PARTS_ATTENDUES)
def test_la_part_d_une_estimation_se_dit_selon_l_ecart_entre_les_tables(petit: Fabrique, monkeypatch: pytest.MonkeyPatch, cas: str):
    monkeypatch.setattr("observatoire.indicators.catalog.LUES", ())
    (bas, haut), tolerance, attendue = PARTS_ATTENDUES[cas]
    point = 100.0 if haut < 120 else None
    [(emplois, part)] = _publiees(petit, [(1_000, point, bas, haut, tolerance)])
    assert part == [pytest.approx(v) if isinstance(v, float) else v for v in attendue]
    assert emplois == [point, bas, haut, "E"], "l'estimation, elle, ne dépend pas de cet écart"


@pytest.mark.parametrize(
    ("publiee", "ecart", "motif", "attendu"),
    [
        ((10.0, 9.0, "point"), 2.0, None, None),
        ((None, 9.0, "intervalle"), 2.0, "moins de 10 employeurs", "moins de 10 employeurs"),
        ((None, 9.0, "point"), 9.0, None, "fourchette, élargie de l'écart entre deux tables"),
        ((None, None, "non_estimable"), None, "calage impossible", "calage impossible"),
        ((None, None, "point"), None, None, "n'est pas mesuré ici"),
        ((None, None, "intervalle"), 15.1, "moins de 10 employeurs", "diffèrent de plus de 15 %"),
        ((None, None, "point"), 2.0, None, "l'emploi privé n'est pas connu ici"),
    ],
)
def test_une_part_sans_point_dit_pourquoi(
    publiee: tuple[float | None, float | None, str], ecart: float | None, motif: str | None, attendu: str | None
):
    valeur, basse, publication = publiee
    dite = share_reason({"valeur": valeur, "borne_basse": basse, "publication": publication}, ecart, motif)
    assert dite == attendu if attendu is None else attendu in (dite or "")


ESTIMEE = st.tuples(st.integers(0, 300), st.integers(0, 200), st.integers(0, 100), st.integers(0, 200), st.floats(0, 30))


@exemples(5)
@given(st.lists(ESTIMEE, min_size=60, max_size=90))
def test_une_part_est_toujours_entre_zero_et_cent_et_dans_ses_bornes(tirees: list[tuple[int, int, int, int, float]]):
    cas = [(prives, point, max(point - moins, 0), point + plus, ecart) for prives, point, moins, plus, ecart in tirees]
    with TemporaryDirectory() as dossier, pytest.MonkeyPatch.context() as monkeypatch, fabrique(Path(dossier)) as petite:
        monkeypatch.setattr("observatoire.indicators.catalog.LUES", ())
        parts = [part for _, part in _publiees(petite, cas)]
    for valeur, basse, haute, _ in parts:
        assert (basse is None) == (haute is None)
        assert basse is None or 0 <= basse <= haute <= 100
        assert valeur is None or basse <= valeur <= haute


def _publiees(petit: Fabrique, cas: list[tuple[int, float | None, float, float, float | None]]) -> list[tuple[list[Any], ...]]:
    """Publish estimates of an EPCI, a year each, and their shares: values, bounds, statuses.

    Each is given by its private jobs, its point, its bounds, and the gap of the tables in percent.
    """
    annees = [str(1900 + rang) for rang in range(len(cas))]
    petit.contributions("effectifs_ess_urssaf", [petit.ligne("departement:63", 1)], couverture="lignes")
    prives = [petit.ligne("epci:A", combien, periode=annee) for annee, (combien, *_) in zip(annees, cas, strict=True)]
    petit.contributions("prives", prives, couverture="lignes", absence="inconnue")
    petit.indicateur("emplois", estimation="emplois_ess")
    petit.indicateur("part", estimation="emplois_ess", denominateur={"mesure": "prives", "modalite": "total"}, facteur=100)
    petit.table("indicateurs", "estimations", {c.nom: c.type for c in ESTIMATIONS.colonnes}, [
        {"grandeur": "emplois_ess", "niveau": "epci", "code_territoire": "A", "periode": annee, "axe": "total",
         "modalite": "total", "estimation": point, "borne_basse": bas, "borne_haute": haut, "nombre_etablissements": 12,
         "tolerance_tables_pct": ecart, "publication": "point" if point else "intervalle", "nature": "reelle"}
        for annee, (_, point, bas, haut, ecart) in zip(annees, cas, strict=True)
    ])
    lues = {(nom, quand): ligne for (nom, _, code, quand, _, _), ligne in petit.valeurs().items() if code == "A"}
    colonnes = ("valeur", "borne_basse", "borne_haute", "statut_observation")
    return [tuple([lues[nom, annee][c] for c in colonnes] for nom in ("emplois", "part")) for annee in annees]
