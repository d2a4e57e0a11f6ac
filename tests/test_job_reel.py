"""The main job on the real grants of Clermont Auvergne Métropole: what is published, to the cent."""

import csv
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.chaine import installer, lancer, petit_raw, raisons
from tests.donnees import TOTAUX_CAM, dossier_donnees, poser_subventions_cam


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    """Publish with the real grants, laid out as the portal does."""
    if dossier_donnees() is None:
        pytest.skip("données réelles absentes")
    dossier = tmp_path_factory.mktemp("reel")
    petit_raw(dossier / "raw")
    poser_subventions_cam(dossier / "raw")
    with pytest.MonkeyPatch.context() as monkeypatch:
        entrepot = installer(dossier, monkeypatch)
        resultat = lancer()
        assert resultat.success, raisons(resultat)
        with duckdb.connect(str(entrepot.racine / "observatoire.duckdb"), read_only=True) as connexion:
            yield connexion


def test_les_subventions_publiees_au_centime(public):
    lignes = public.execute(
        "SELECT n.periode::INT, n.numerateur::INT, m.numerateur FROM indicateurs.valeurs n JOIN indicateurs.valeurs m "
        "USING (niveau, code_territoire, periode, axe, modalite) WHERE n.indicateur = 'subventions_nombre' "
        "AND m.indicateur = 'subventions_montant' AND niveau = 'epci' AND code_territoire = '246300701' ORDER BY 1"
    ).fetchall()
    assert {annee: (nombre, montant) for annee, nombre, montant in lignes} == TOTAUX_CAM
    assert TOTAUX_CAM[2024] == (94, Decimal("11644820.90")) and sum(nombre for _, nombre, _ in lignes) == 327


def test_les_identifiants_et_dates_manquants_sont_signales_sans_perdre_d_argent(public):
    assert dict(
        public.execute(
            "SELECT regle || ' ' || gravite, count(*) FROM qualite.rejets WHERE source = 'subventions' GROUP BY ALL"
        ).fetchall()
    ) == {
        "identifiant_invalide signalement": 3,
        "siren_au_lieu_de_siret signalement": 324,
        "date_presente signalement": 327,
        "beneficiaire_nomme signalement": 200,
    }


def test_mediane_et_concentration_recalculees_a_la_main(public):
    chemin = (
        Path(dossier_donnees() or "")
        / "subventions_cam"
        / "subventions_clermont_auvergne_metropole_2020_2024_derive.csv"
    )
    with chemin.open(encoding="utf-8", newline="") as flux:
        lignes = [ligne for ligne in csv.DictReader(flux) if ligne["annee"] == "2024"]
    montants = sorted(Decimal(ligne["montant"]) for ligne in lignes)
    par_beneficiaire: dict[str, Decimal] = {}
    for ligne in lignes:
        siren = ligne["siren_beneficiaire"]
        par_beneficiaire[siren] = par_beneficiaire.get(siren, Decimal(0)) + Decimal(ligne["montant"])
    publies = dict(
        public.execute(
            "SELECT indicateur, valeur FROM indicateurs.valeurs WHERE periode = '2024' "
            "AND code_territoire = '246300701' AND indicateur LIKE 'subventions%'"
        ).fetchall()
    )
    assert publies["subventions_mediane"] == pytest.approx(float((montants[46] + montants[47]) / 2))
    dix = sum(sorted(par_beneficiaire.values())[-10:])
    assert publies["subventions_part_dix_premiers"] == pytest.approx(float(dix / sum(montants) * 100))
    parts = [float(valeur / sum(montants)) ** 2 for valeur in par_beneficiaire.values()]
    assert publies["subventions_herfindahl"] == pytest.approx(sum(parts))
