"""Releases under real conditions: a broken source, a broken geography, the way back, retractions."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from observatoire.obstacle import Obstacle
from observatoire.publication.public_tables import summary
from observatoire.releases.lifecycle import (
    GARDEES,
    current_release,
    follow_latest,
    manifest_of,
    pinned_release,
    publish,
    releases,
    retract,
    roll_back_to,
)
from observatoire.releases.retraction_word import retraction_word, written_word
from observatoire.sources import states
from observatoire.warehouse import Entrepot
from tests.chaine import adhesion, ajouter, copier, installer, lancer, octets, raisons
from tests.depots import deposer, subventions


@pytest.fixture
def ici(publie: Path, tmp_path: Path, monkeypatch) -> Entrepot:
    """Copy a folder whose first release is made."""
    return installer(copier(publie, tmp_path / "ici"), monkeypatch)


@pytest.fixture
def deux(publie_deux_fois: Path, tmp_path: Path, monkeypatch) -> Entrepot:
    """Copy a folder that has two releases."""
    return installer(copier(publie_deux_fois, tmp_path / "ici"), monkeypatch)


@pytest.mark.campagne
def test_une_source_devenue_en_retard_fait_une_publication_et_une_seule(ici: Entrepot, monkeypatch):
    deposer(ici, "subventions", "2024.csv", subventions(3))
    deposer(ici, "subventions", "2024.csv.origine.yml", "obtenu_le: 2026-01-01\n")
    monkeypatch.setattr(states, "utc_now", lambda: "2027-01-02T00:00:00")
    resultat = lancer()
    assert resultat.success, raisons(resultat)

    def publier(jour: str) -> tuple[str, bool]:
        monkeypatch.setattr(states, "utc_now", lambda: f"{jour}T00:00:00")
        nom, nouvelle = publish(ici)
        with duckdb.connect(str(ici.racine / "observatoire.duckdb"), read_only=True) as public:
            ((etat,),) = public.execute("SELECT etat FROM qualite.sources WHERE source = 'subventions'").fetchall()
        (dite,) = [source["etat"] for source in manifest_of(ici, nom)["sources"] if source["source"] == "subventions"]
        assert dite == {"lu": "a_jour"}.get(etat, etat)
        return etat, nouvelle

    jours = ("2027-01-02", "2027-01-03", "2027-06-01", "2028-01-03", "2028-01-04", "2030-01-01")
    assert [publier(jour) for jour in jours] == [
        ("lu", False),
        ("en_retard", True),
        ("en_retard", False),
        ("en_retard", False),
        ("perime", True),
        ("perime", False),
    ]


@pytest.mark.campagne
def test_un_fichier_d_adhesions_casse_ne_stoppe_pas_les_autres(ici: Entrepot):
    table = ici.path_of("socle", "adhesions")
    bons = table.read_bytes()
    fichier = ici.settings.raw / "adhesions" / "adhesions_documents.csv"
    fichier.write_text(
        fichier.read_text(encoding="utf-8").replace("reseau,membre", "reseau,adherent", 1), encoding="utf-8"
    )
    ajouter(
        ici.settings.raw, "budget_ess/budget_ess_fiche_rtes_2019.csv", "246300701,2024,essai,inconnue,inconnu,10,essai,essai,essai"
    )
    resultat = lancer()
    assert resultat.success
    rouges = [c for c in resultat.get_asset_check_evaluations() if not c.passed]
    assert [c.asset_key.to_user_string() for c in rouges] == ["socle/adhesions"]
    assert "la colonne « membre » est absente" in rouges[0].description and "adherent" in rouges[0].description
    assert table.read_bytes() == bons
    with duckdb.connect(str(ici.racine / "observatoire.duckdb"), read_only=True) as c:
        dits = c.execute(
            "SELECT etat, motif, en_echec_depuis FROM qualite.sources WHERE source = 'adhesions'"
        ).fetchall()
        assert dits[0][0] == "en_echec" and "membre" in dits[0][1] and dits[0][2] is not None
        assert c.execute("SELECT count(DISTINCT source) FROM qualite.sources WHERE etat = 'en_echec'").fetchall() == [(1,)]
        assert c.execute("SELECT count(*) FROM socle.adhesions").fetchall() == [(45,)]
        assert c.execute("SELECT count(*) FROM socle.budget_ess WHERE perimetre <> 'fiche RTES 2025'").fetchall() == [(4,)]
        assert c.execute("SELECT gravite FROM qualite.rejets WHERE source = 'adhesions'").fetchall() == [("echec",)]
    assert "en échec" in (ici.racine / "portrait" / "index.html").read_text(encoding="utf-8").replace(
        "en_echec", "en échec"
    )


@pytest.mark.long
def test_une_geographie_cassee_laisse_chaque_octet_publie(ici: Entrepot):
    avant = octets(ici.racine)
    ajouter(ici.settings.raw, "adhesions/adhesions_documents.csv", adhesion(1))
    communes = ici.settings.raw / "communes" / "communes.csv"
    communes.write_text(communes.read_text(encoding="utf-8").replace("63113,", "6311,", 1), encoding="utf-8")
    resultat = lancer()
    assert not resultat.success
    assert "Source indispensable en échec, rien n'est publié" in raisons(resultat)
    rouges = [c for c in resultat.get_asset_check_evaluations() if not c.passed]
    assert [c.asset_key.to_user_string() for c in rouges] == ["referentiels/communes"]
    assert octets(ici.racine) == avant


@pytest.mark.campagne
def test_revenir_puis_reprendre(deux: Entrepot):
    ici = deux
    premiere, deuxieme = releases(ici)
    assert lancer("revenir_a").success
    assert (current_release(ici), pinned_release(ici)) == (premiere, premiere)
    ajouter(ici.settings.raw, "adhesions/adhesions_documents.csv", adhesion(2))
    assert lancer().success
    assert current_release(ici) == premiere and len(releases(ici)) == 3, "pinned: published aside, the stable path stays"
    assert lancer("reprendre").success
    assert current_release(ici) == releases(ici)[-1] != deuxieme and pinned_release(ici) is None


def test_revenir_refuse_une_publication_modifiee_ou_inconnue(deux: Entrepot):
    ici, premiere = deux, releases(deux)[0]
    fichier = ici.racine / "releases" / premiere / "observatoire.duckdb"
    fichier.chmod(0o644)
    with duckdb.connect(str(fichier)) as connexion:
        connexion.execute("CREATE TABLE intrus (a INTEGER)")
    with pytest.raises(Obstacle, match="a été modifiée"):
        roll_back_to(ici, premiere)
    with pytest.raises(Obstacle, match="n'est pas gardée"):
        roll_back_to(ici, "jadis")
    assert current_release(ici) != premiere


def retirer(release: str, mot: str):
    """Retract a release as the interface does."""
    config = {"release": release, "motif": "objection", "mot": mot}
    return lancer("retirer_publication", {"ops": {"effacer_publication": {"config": config}}})


@pytest.mark.long
def test_un_retrait_demande_un_mot_qui_ne_sert_qu_une_fois(ici: Entrepot):
    publiee, mot = current_release(ici), retraction_word(ici)
    refus = retirer(publiee, mot[:-1])
    assert not refus.success and "lancer « observatoire etat »" in raisons(refus) and mot not in raisons(refus)
    assert current_release(ici) == publiee and written_word(ici) not in (mot, None)
    mot = retraction_word(ici)
    assert not retirer("jadis", mot).success, "no such release, but the word has been said"
    assert not retirer(publiee, mot).success
    assert current_release(ici) == publiee
    assert retirer(publiee, f" {retraction_word(ici)} ").success and current_release(ici) is None


@pytest.mark.long
def test_une_publication_retiree_ne_revient_pas(deux: Entrepot):
    ici = deux
    premiere, deuxieme = releases(ici)
    with pytest.raises(Obstacle, match="motif"):
        retract(ici, premiere, " ")
    assert retirer(deuxieme, retraction_word(ici)).success
    assert current_release(ici) == premiere and deuxieme not in releases(ici)
    resultat = lancer()
    assert not resultat.success and "retiré après une objection" in raisons(resultat)
    assert current_release(ici) == premiere
    assert retract(ici, premiere, "objection") is None
    assert not (ici.racine / "observatoire.duckdb").is_symlink()
    with pytest.raises(Obstacle, match="lancer actualiser"):
        follow_latest(ici)


def test_un_territoire_qui_n_est_pas_un_epci_ne_remplace_pas_la_publication(ici: Entrepot):
    avant = octets(ici.racine)
    with pytest.raises(Obstacle, match="« 63113 » : aucun EPCI ne porte ce code"):
        publish(Entrepot(replace(ici.settings, territoire="63113")))
    assert octets(ici.racine) == avant


def test_une_chaine_dont_un_maillon_a_bouge_n_est_pas_publiee(ici: Entrepot):
    chemin = ici.path_of("socle", "budget_ess")
    with ici.connect() as connexion:
        connexion.execute(f"CREATE TEMP TABLE copie AS FROM read_parquet('{chemin}')")
        ici.write_query(connexion, "FROM copie", "socle", "budget_ess", {"version": "autre"})
    with pytest.raises(Obstacle, match=r"socle\.budget_ess n'est pas à jour"):
        publish(ici)


@pytest.mark.long
def test_seules_les_dernieres_publications_sont_gardees(deux: Entrepot, monkeypatch):
    ici, premiere = deux, releases(deux)[0]
    assert GARDEES >= 3
    monkeypatch.setattr("observatoire.releases.lifecycle.GARDEES", 2)
    ajouter(ici.settings.raw, "reseaux/reseaux_documents.csv", "essai,Essai,essai,3,,,,essai,essai,,")
    assert lancer().success
    assert len(releases(ici)) == 2 and premiere not in releases(ici) and current_release(ici) == releases(ici)[-1]
    assert all(not chemin.stat().st_mode & 0o222 for chemin in (ici.racine / "releases" / current_release(ici)).rglob("*"))


def test_le_resume_compte_chaque_ligne(ici: Entrepot):
    lignes = summary(ici)
    assert len(lignes) > 15
    assert (
        lignes["lignes_lues"] == lignes["lignes_retenues"] + lignes["lignes_hors_champ"] + lignes["lignes_rejetees"]
    ).all()


@pytest.mark.long
def test_un_retrait_tue_en_route_ne_laisse_rien_de_lisible(deux: Entrepot, monkeypatch):
    ici, premiere = deux, releases(deux)[0]
    with monkeypatch.context() as coupure:
        coupure.setattr("observatoire.warehouse.shutil.rmtree", lambda dossier: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            retract(ici, premiere, "objection")
    assert premiere not in releases(ici) and not (ici.racine / "releases" / premiere).exists()
    ajouter(ici.settings.raw, "adhesions/adhesions_documents.csv", adhesion(2))
    assert lancer().success
    assert not list((ici.racine / "releases").glob(".*")), "the next release sweeps what was left"


def test_un_retrait_repris_n_est_inscrit_qu_une_fois(ici: Entrepot, monkeypatch):
    premiere = current_release(ici)
    with monkeypatch.context() as coupure:
        coupure.setattr("observatoire.releases.lifecycle.forget_quoted", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            retract(ici, premiere, "objection")
    retract(ici, premiere, "objection, dite autrement")
    (inscrite,) = ici.read_json("etats", "_retirees.json")["retirees"]
    assert (inscrite["release"], inscrite["motif"]) == (premiere, "objection, dite autrement")


@pytest.mark.long
def test_ni_siren_d_une_table_tue_ni_beneficiaire_sans_identifiant_ne_sont_publies(ici: Entrepot):
    """A SIREN of the register may be a natural person's; so may a beneficiary nobody identifies."""
    (unites,) = (ici.settings.raw / "sirene_unites_legales").glob("*.parquet")
    cadre = pd.read_parquet(unites)
    vivante = cadre.index[cadre["etatAdministratifUniteLegale"] == "A"][0]
    cadre.loc[vivante, "siren"] = "290000002"
    cadre.to_parquet(unites)
    depot = ici.settings.raw / "subventions" / "2024.csv"
    depot.parent.mkdir()
    depot.write_text(
        "nomAttribuant;idAttribuant;nomBeneficiaire;idBeneficiaire;objet;montant\n"
        "Métropole;24630070100017;Jeanne Exemple;;aide à Jeanne;30000\n"
        "Métropole;24630070100017;Association;779222124;fonctionnement;40000\n",
        encoding="utf-8",
    )
    assert lancer().success
    with duckdb.connect(str(ici.racine / "observatoire.duckdb"), read_only=True) as public:
        rejets = public.execute(
            "SELECT colonne, valeur FROM qualite.rejets WHERE source = 'sirene_unites_legales' AND regle = 'siren_invalide'"
        ).fetchall()
        assert rejets == [("siren", None)]
        # invented registers know neither: no row of them, and their amounts count
        assert public.execute("SELECT * FROM socle.subventions").fetchall() == []
        assert public.execute("SELECT sum(montant_eur) FROM qualite.beneficiaires").fetchone() == (70000,)
