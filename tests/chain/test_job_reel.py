"""The main job on the real grants of Clermont Auvergne Métropole: what is published, to the cent."""

import csv
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.chaine import installer, lancer, petit_raw, raisons
from tests.donnees import TOTAUX_CAM, dossier_donnees, poser_subventions_cam

pytestmark = pytest.mark.long


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


@pytest.mark.campagne
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


def test_les_beneficiaires_que_sirene_de_demonstration_ignore_sont_montres_et_gardes(public):
    """C22: invented registers know none of the real beneficiaries; nothing is lost, and the share of the ESS is not 0."""
    par_annee = {
        exercice: (nombre, montant)
        for exercice, nombre, montant in public.execute(
            "SELECT exercice, sum(nombre_subventions)::INT, sum(montant_eur) FROM qualite.beneficiaires GROUP BY ALL"
        ).fetchall()
    }
    assert par_annee == TOTAUX_CAM
    assert public.execute("SELECT DISTINCT statut_beneficiaire FROM qualite.beneficiaires").fetchall() == [("inconnu",)]
    assert public.execute("SELECT count(*) FROM socle.subventions_identifiees").fetchone() == (0,)
    parts = public.execute(
        "SELECT DISTINCT valeur, statut_observation, nature FROM indicateurs.valeurs WHERE indicateur = 'part_ess_subventions'"
    ).fetchall()
    assert parts == [(None, "O", "demonstration")]
    assert public.execute(
        "SELECT DISTINCT valeur, nature FROM indicateurs.valeurs WHERE indicateur = 'part_reconnue_subventions'"
    ).fetchall() == [(0, "demonstration")]


def test_chaque_ventilation_publiee_rend_le_total_au_centime(public):
    ventilees = public.execute(
        "SELECT axe, periode::INT, sum(numerateur) FROM indicateurs.valeurs WHERE indicateur = 'subventions_par_beneficiaire' "
        "AND code_territoire = '246300701' GROUP BY ALL"
    ).fetchall()
    assert {axe for axe, _, _ in ventilees} >= {"total", "famille", "secteur", "lieu_beneficiaire", "identification"}
    assert all(somme == TOTAUX_CAM[annee][1] for _, annee, somme in ventilees)


def test_le_saut_de_2024_et_le_chemin_de_l_euro_sont_publies(public):
    saut = public.execute(
        "SELECT ecart_eur, contribution_eur, siren, constat FROM qualite.sauts_subventions WHERE exercice = 2024"
    ).fetchone()
    assert saut == (
        Decimal("3396079.63"),
        Decimal("1882387.00"),
        None,
        "un seul bénéficiaire explique la moitié de l'écart ou plus",
    )
    chemin = public.execute(
        "SELECT etape, montant_eur, reste_inexplique_eur FROM qualite.chemin_euro WHERE exercice = 2024 AND rang >= 3 ORDER BY rang"
    ).fetchall()
    total = TOTAUX_CAM[2024][1]
    assert chemin == [
        ("convention", total, None), ("versement", None, total), ("bénéficiaire", 0, total), ("territoire", 0, 0)
    ]  # fmt: skip


def test_les_fiches_du_budget_de_l_ess_sont_deux_perimetres(public):
    lues = public.execute(
        "SELECT exercice, perimetre, montant_eur, est_rupture FROM qualite.chemin_euro "
        "WHERE etape = 'délibération' ORDER BY exercice NULLS FIRST LIMIT 3"
    ).fetchall()
    assert lues == [
        (None, "fiche RTES 2019", 150000, None),
        (2022, "fiche RTES 2025", 262500, True),
        (2023, "fiche RTES 2025", 262500, False),
    ]
    statuts = dict(
        public.execute(
            "SELECT periode, statut_observation FROM indicateurs.valeurs WHERE indicateur = 'soutien_ess' AND axe = 'total' "
            "AND niveau = 'epci'"
        ).fetchall()
    )
    assert (statuts["inconnu"], statuts["2022"], statuts["2023"]) == ("A", "B", "E")
