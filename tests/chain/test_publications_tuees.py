"""Releases under real conditions: readers, two runs at once, a run that is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from observatoire.releases.lifecycle import (
    current_release,
    manifest_of,
    releases,
)
from observatoire.warehouse import Entrepot, sha256
from tests.chaine import RACINE, adhesion, ajouter, copier, environnement, installer, lancer, octets, raisons

pytestmark = pytest.mark.long


@pytest.fixture
def ici(publie: Path, tmp_path: Path, monkeypatch) -> Entrepot:
    """Copy a folder whose first release is made."""
    return installer(copier(publie, tmp_path / "ici"), monkeypatch)


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


@pytest.mark.campagne
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


@pytest.mark.parametrize("endroit", [pytest.param("assembly.write_portrait", marks=pytest.mark.campagne), "releases._point_to"])
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
