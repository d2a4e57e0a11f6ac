"""Releases under real conditions: readers, two runs, a killed run, a broken source, a broken geography, the way back."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from observatoire.publication.public_tables import summary
from observatoire.releases.lifecycle import (
    GARDEES,
    PublicationRefusee,
    current_release,
    follow_latest,
    manifest_of,
    pinned_release,
    publish,
    releases,
    retract,
    roll_back_to,
)
from observatoire.sources import states
from observatoire.warehouse import Entrepot, sha256
from tests.chaine import RACINE, adhesion, ajouter, copier, environnement, installer, lancer, octets, raisons
from tests.depots import deposer, subventions

pytestmark = pytest.mark.long


@pytest.fixture
def ici(publie: Path, tmp_path: Path, monkeypatch) -> Entrepot:
    """Copy a folder whose first release is made."""
    return installer(copier(publie, tmp_path / "ici"), monkeypatch)


@pytest.fixture
def deux(publie_deux_fois: Path, tmp_path: Path, monkeypatch) -> Entrepot:
    """Copy a folder that has two releases."""
    return installer(copier(publie_deux_fois, tmp_path / "ici"), monkeypatch)


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


LECTEUR = """
import json, sys, time, pathlib, duckdb
chemin, arret, journal = sys.argv[1:4]
garde = duckdb.connect(chemin, read_only=True) if len(sys.argv) > 4 else None
vues, erreurs, rang = [], [], 0
while not pathlib.Path(arret).exists() or rang < 2:
    rang += 1
    try:
        connexion = garde or duckdb.connect(chemin, read_only=True)
        lues = set()
        for _ in range(3):
            lues.add(connexion.execute("SELECT release FROM meta.release").fetchall()[0][0])
            connexion.execute("SELECT sum(valeur), count(*) FROM indicateurs.valeurs").fetchall()
            time.sleep(0.1)
        vues.append(sorted(lues))
        if not garde:
            connexion.close()
    except Exception as erreur:
        erreurs.append(repr(erreur))
    pathlib.Path(journal).write_text(json.dumps({"vues": vues, "erreurs": erreurs}))
"""


def test_cinq_executions_sous_trois_lecteurs(ici: Entrepot, tmp_path: Path):
    """No run is blocked, no reader errs, each connection sees one release only; nothing new, no sixth release."""
    arret, stable = tmp_path / "arret", str(ici.racine / "observatoire.duckdb")
    premiere = current_release(ici)
    journaux = [tmp_path / f"lecteur{rang}.json" for rang in range(3)]
    lecteurs = [
        subprocess.Popen(
            [sys.executable, "-c", LECTEUR, stable, str(arret), str(journal), *(["garde"] if rang == 0 else [])]
        )
        for rang, journal in enumerate(journaux)
    ]
    try:
        while not all(journal.exists() for journal in journaux):
            time.sleep(0.05)
        changements = [
            ("adhesions/adhesions_documents.csv", adhesion(1)),
            (
                "budget_ess/budget_ess_fiche_rtes_2019.csv",
                "246300701,2024,essai,inconnue,inconnu,1.10,essai,essai,essai",
            ),
            ("participations/participations_documents.csv", "246300701,Essai,,5,2024-01-01,sociétaire,essai,essai"),
            ("financements/financements_documents.csv", "246300701,Essai,,7,2024,,essai,essai"),
            ("reseaux/reseaux_documents.csv", "essai,Essai,essai,3,,,,essai,essai,,"),
        ]
        faites = []
        for fichier, ligne in changements:
            ajouter(ici.settings.raw, fichier, ligne)
            resultat = lancer()
            assert resultat.success, raisons(resultat)
            faites.append(current_release(ici))
        assert len({premiere, *faites}) == 6
        avant = octets(ici.racine)
        assert lancer().success
        assert octets(ici.racine) == avant
        time.sleep(0.5)
    finally:
        arret.touch()
        codes = [lecteur.wait(timeout=30) for lecteur in lecteurs]
    assert codes == [0, 0, 0]
    lus = [json.loads(journal.read_text()) for journal in journaux]
    assert [lu["erreurs"] for lu in lus] == [[], [], []]
    assert all(len(vue) == 1 for lu in lus for vue in lu["vues"])
    # the one that keeps its connection keeps its release; those that connect again follow the stable path
    assert {release for vue in lus[0]["vues"] for release in vue} == {premiere}
    assert all(lu["vues"][-1] == [faites[-1]] for lu in lus[1:])


PREPARER = """
import pathlib, sys, time
sys.path.insert(0, {racine!r})
from tests.chaine import definitions, lancer, raisons
import observatoire.releases.assembly as assembly
import observatoire.releases.lifecycle as releases
def attendre(nom):
    pathlib.Path(nom).touch()
    time.sleep(120)
definitions()
"""


def _sous_processus(dossier: Path, suite: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", PREPARER.format(racine=str(RACINE)) + suite],
        env=environnement(dossier),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_de_deux_executions_ensemble_une_seule_court(ici: Entrepot, tmp_path: Path):
    dossier = ici.racine.parent
    ajouter(ici.settings.raw, "adhesions/adhesions_documents.csv", adhesion(1))
    suite = """
pathlib.Path("{pret}").touch()
while not pathlib.Path("{depart}").exists():
    time.sleep(0.005)
resultat = lancer()
print("REUSSI" if resultat.success else "REFUS " + raisons(resultat))
"""
    prets = [tmp_path / "pret0", tmp_path / "pret1"]
    lances = [_sous_processus(dossier, suite.format(pret=pret, depart=tmp_path / "depart")) for pret in prets]
    while not all(pret.exists() for pret in prets):
        time.sleep(0.05)
    (tmp_path / "depart").touch()
    sorties = sorted(lance.communicate(timeout=60)[0] for lance in lances)
    assert "REFUS" in sorties[0] and "Une autre exécution écrit dans warehouse/" in sorties[0], sorties
    assert "Attendre qu'elle finisse, puis relancer" in sorties[0]
    assert sorties[1].strip().endswith("REUSSI"), sorties
    assert len(releases(ici)) == 2


@pytest.mark.parametrize("endroit", ["assembly.write_portrait", "releases._point_to"])
def test_tuee_pendant_la_publication_le_chemin_stable_reste_complet(ici: Entrepot, tmp_path: Path, endroit: str):
    ajouter(ici.settings.raw, "adhesions/adhesions_documents.csv", adhesion(1))
    premiere, temoin = current_release(ici), tmp_path / "temoin"
    lance = _sous_processus(
        ici.racine.parent, f"{endroit} = lambda *a, **k: attendre({str(temoin)!r})\nlancer()"
    )
    while not temoin.exists():
        assert lance.poll() is None, lance.communicate()[0]
        time.sleep(0.05)
    os.kill(lance.pid, signal.SIGKILL)
    lance.wait()
    assert current_release(ici) == premiere
    verifier_complete(ici, premiere)
    assert lancer().success
    assert current_release(ici) != premiere
    verifier_complete(ici, current_release(ici))
    assert not list((ici.racine / "releases").glob(".*"))


def verifier_complete(entrepot: Entrepot, release: str) -> None:
    """Open the stable path, and compare every byte of the release with its manifest."""
    with duckdb.connect(str(entrepot.racine / "observatoire.duckdb"), read_only=True) as connexion:
        assert connexion.execute("SELECT release FROM meta.release").fetchall() == [(release,)]
    dossier = entrepot.racine / "releases" / release
    attendus = manifest_of(entrepot, release)["fichiers"]
    assert {nom: sha256(dossier / nom) for nom in attendus} == attendus
    presents = {str(c.relative_to(dossier)) for c in dossier.rglob("*") if c.is_file()}
    assert presents == {*attendus, "manifest.json"}


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
    with pytest.raises(PublicationRefusee, match="a été modifiée"):
        roll_back_to(ici, premiere)
    with pytest.raises(PublicationRefusee, match="n'est pas gardée"):
        roll_back_to(ici, "jadis")
    assert current_release(ici) != premiere


def test_une_publication_retiree_ne_revient_pas(deux: Entrepot):
    ici = deux
    premiere, deuxieme = releases(ici)
    with pytest.raises(PublicationRefusee, match="motif"):
        retract(ici, premiere, " ")
    assert lancer(
        "retirer_publication", {"ops": {"effacer_publication": {"config": {"release": deuxieme, "motif": "objection"}}}}
    ).success
    assert current_release(ici) == premiere and deuxieme not in releases(ici)
    resultat = lancer()
    assert not resultat.success and "retiré après une objection" in raisons(resultat)
    assert current_release(ici) == premiere
    assert retract(ici, premiere, "objection") is None
    assert not (ici.racine / "observatoire.duckdb").is_symlink()
    with pytest.raises(PublicationRefusee, match="lancer actualiser"):
        follow_latest(ici)


def test_un_territoire_qui_n_est_pas_un_epci_ne_remplace_pas_la_publication(ici: Entrepot):
    avant = octets(ici.racine)
    with pytest.raises(PublicationRefusee, match="« 63113 » : aucun EPCI ne porte ce code"):
        publish(Entrepot(replace(ici.settings, territoire="63113")))
    assert octets(ici.racine) == avant


def test_une_chaine_dont_un_maillon_a_bouge_n_est_pas_publiee(ici: Entrepot):
    chemin = ici.path_of("socle", "budget_ess")
    with ici.connect() as connexion:
        connexion.execute(f"CREATE TEMP TABLE copie AS FROM read_parquet('{chemin}')")
        ici.write_query(connexion, "FROM copie", "socle", "budget_ess", {"version": "autre"})
    with pytest.raises(PublicationRefusee, match=r"socle\.budget_ess n'est pas à jour"):
        publish(ici)


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
