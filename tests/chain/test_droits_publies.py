"""A plain run with a payroll file, under an ordinary umask: what another account of the machine can read of it."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from observatoire.settings import RACINE
from tests.chaine import environnement

pytestmark = pytest.mark.long
PERSONNE = 65534
LIRE = """
import json, os, sys
from pathlib import Path
lus = []
for dossier, _, fichiers in os.walk(sys.argv[1]):
    for nom in fichiers:
        try:
            lus.append((os.path.join(dossier, nom), len(Path(dossier, nom).read_bytes())))
        except PermissionError:
            pass
print(json.dumps(lus))
"""


@pytest.fixture(scope="module")
def paie(publie: Path, tmp_path_factory) -> Path:
    """Run the job as a person does, on a warehouse an older version left open, with a payroll file of mode 644."""
    dossier = tmp_path_factory.mktemp("paie") / "ici"
    shutil.copytree(publie, dossier, symlinks=True)
    for chemin in (dossier / "warehouse").iterdir():
        if chemin.is_dir() and not chemin.is_symlink() and chemin.name not in ("releases", "preuves"):
            chemin.chmod(0o755)
            for fichier in chemin.glob("*.*"):
                fichier.chmod(0o755 if fichier.is_dir() else 0o644)
    (dossier / "warehouse" / "preuves").chmod(0o755)
    depot = dossier / "raw" / "paie_etablissements" / "paie.csv"
    depot.parent.mkdir(exist_ok=True)
    shutil.copyfile(RACINE / "observatoire" / "sources" / "paie_etablissements" / "exemple.csv", depot)
    depot.chmod(0o644)
    accueil = dossier / "dagster"
    accueil.mkdir()
    shutil.copy(RACINE / "dagster.yaml", accueil)
    fait = subprocess.run(
        [sys.executable, "-m", "pipelines"], cwd=RACINE, env=environnement(dossier), umask=0o022,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert fait.returncode == 0, fait.stdout + fait.stderr
    return dossier


def est_publie(chemin: Path, dossier: Path) -> bool:
    """Say whether a path of this folder is of a release, of a list of releases, or of no restricted source of `raw/`."""
    premiers = chemin.resolve().relative_to(dossier.resolve()).parts[:2]
    if premiers[0] == "raw":
        return premiers[1] not in ("paie_etablissements", "tables_sur_mesure")
    return premiers == ("dagster", "dagster.yaml") or premiers[0] == "warehouse" and premiers[1] in (
        "releases", "pages", "releases.json", "flux.atom"
    )  # fmt: skip


def test_rien_de_restreint_n_est_ouvert_a_un_autre_compte(paie: Path):
    """By mode bits: a path is open when its file and every folder that leads to it are."""
    assert (paie / "warehouse" / "mesures" / "masse_salariale_ess_paie.parquet").exists()
    ouverts = []
    for chemin in (c for c in paie.rglob("*") if c.is_file() and not c.is_symlink()):
        menent = [ici for ici in chemin.parents if paie in ici.parents]
        if chemin.stat().st_mode & 0o004 and all(ici.stat().st_mode & 0o001 for ici in menent):
            ouverts.append(chemin)
    assert [str(c) for c in ouverts if not est_publie(c, paie)] == []
    assert not (paie / "raw" / "paie_etablissements").stat().st_mode & 0o007, "of a person's folder, others are put out"
    publies = [c for c in (paie / "warehouse" / "releases").rglob("*") if not c.is_symlink()]
    assert {stat.S_IMODE(c.stat().st_mode) for c in publies} == {0o444, 0o555}
    ecrits = [c for nom in ("mesures", "socle", "rejets", "etats") for c in (paie / "warehouse" / nom).glob("*paie*.*")]
    assert len(ecrits) >= 4 and {stat.S_IMODE(c.stat().st_mode) for c in ecrits} == {0o600}


def test_un_autre_compte_ne_lit_que_ce_qui_est_publie(paie: Path):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("Lire sous un autre compte demande d'être administrateur, et setpriv : les droits sont lus ailleurs.")
    # folders of the tests are their owner's alone: what leads to the observatory is opened for this test
    fermes = [ici for ici in paie.parents if not ici.stat().st_mode & 0o001]
    for ici in fermes:
        ici.chmod(ici.stat().st_mode | 0o001)
    autre = ["setpriv", f"--reuid={PERSONNE}", f"--regid={PERSONNE}", "--clear-groups"]
    python = shutil.which("python3", path="/usr/bin:/bin")
    if python is None:
        pytest.skip("Aucun Python qu'un autre compte puisse lancer : les droits sont lus ailleurs.")
    try:
        lus = subprocess.run([*autre, python, "-c", LIRE, str(paie)], capture_output=True, text=True, check=True)
        lien = paie / "warehouse" / "observatoire.duckdb"
        ouvert = subprocess.run([*autre, "head", "-c", "12", str(lien)], capture_output=True, check=True).stdout
        portrait = subprocess.run([*autre, "cat", str(paie / "warehouse" / "portrait" / "index.html")], capture_output=True, check=True)
    finally:
        for ici in fermes:
            ici.chmod(ici.stat().st_mode & ~0o001)
    chemins = [Path(chemin) for chemin, _ in json.loads(lus.stdout)]
    assert [str(c) for c in chemins if not est_publie(c, paie)] == []
    assert ouvert[8:12] == b"DUCK" and b"<html" in portrait.stdout
    assert any("releases" in c.parts for c in chemins)


def test_l_etat_est_bon_juste_apres_une_publication_avec_la_paie(paie: Path):
    etat = subprocess.run(
        [sys.executable, "-m", "pipelines", "etat"], cwd=RACINE, env=environnement(paie), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert "n'est pas ce que l'entrepôt contient" not in etat.stdout, etat.stdout
