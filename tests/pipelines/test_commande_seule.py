"""The command as it is installed: nothing of ours set, from another folder, a path with blanks and accents, a bare locale.

A whole life of one small warehouse, in order: each command is a process of several seconds.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from observatoire.settings import RACINE
from pipelines.parsing import command_names, of_today, parser
from tests.depots import subventions
from tests.docs.guide import installer_commandes

pytestmark = pytest.mark.long

DOCUMENTEES = re.compile(r"(?:-m pipelines|bin/observatoire|`observatoire|\$ observatoire) ([a-z][a-z_-]+)")
TERRITOIRE = "246300701"


@pytest.fixture(scope="module")
def installe(publie: Path, tmp_path_factory) -> Path:
    """Install a copy of the project, with the `raw/` and the warehouse of a first release, as pip does."""
    dossier = tmp_path_factory.mktemp("seule") / "L'observatoire à côté"
    shutil.copytree(publie, dossier, symlinks=True)
    for nom in ("observatoire", "pipelines"):
        shutil.copytree(RACINE / nom, dossier / nom, ignore=shutil.ignore_patterns("__pycache__"))
    for nom in ("dagster.yaml", "pyproject.toml"):
        shutil.copy(RACINE / nom, dossier)
    installer_commandes(dossier)
    # the environment of the tests is of another folder: here, what is installed is this copy
    bibliotheques = dossier / ".venv" / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (dossier / ".venv" / "lib").unlink()
    bibliotheques.mkdir(parents=True)
    ici = Path(next(chemin for chemin in sys.path if chemin.endswith("site-packages")))
    (bibliotheques / "observatoire.pth").write_text(f"{dossier}\n{ici}\n", encoding="utf-8")
    return dossier


def observatoire(installe: Path, *mots: str, devant: tuple[str, ...] = (), **variables: str) -> subprocess.CompletedProcess[str]:
    """Type a command in a fresh shell: a home, a path, a bare locale, files for oneself alone."""
    return subprocess.run(
        [*devant, str(installe / ".venv" / "bin" / "observatoire"), *mots],
        cwd="/",
        env={"PATH": os.defpath, "HOME": "/", "LANG": "C", **variables},
        umask=0o077,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=600,
    )


def reussir(installe: Path, *mots: str, **variables: str) -> str:
    fait = observatoire(installe, *mots, **variables)
    assert fait.returncode == 0, fait.stdout + fait.stderr
    assert "Traceback" not in fait.stderr and fait.stderr.startswith("Observatoire : ")
    return fait.stdout


def test_les_commandes_documentees_sont_celles_d_ici():
    pages = [RACINE / "README.md", *(RACINE / "docs").glob("**/*.md"), *(RACINE / "docs" / "exploitation").glob("*.service")]
    dites = {nom for page in pages for nom in DOCUMENTEES.findall(page.read_text(encoding="utf-8"))}
    jobs = {"purger_registre"}  # run by its name
    assert dites and {of_today([nom])[0] for nom in dites - jobs} <= set(command_names(parser()))


def test_une_vie_entiere_sans_rien_regler(installe: Path):
    depot = installe / "raw" / "subventions" / "2024.csv"
    assert "Rien à faire." in reussir(installe, "etat")
    fichier = installe / "un essai.csv"
    fichier.write_text(subventions(40), encoding="utf-8")
    assert "40 lues = 40 retenues" in reussir(installe, "essayer", "subventions", str(fichier))
    assert (installe / "warehouse" / "deplies").as_posix() in reussir(installe, "deplier")
    assert "Portraits   : " in reussir(installe, "portraits", TERRITOIRE)
    depot.parent.mkdir()
    fichier.rename(depot)
    assert observatoire(installe, "etat").returncode == 1
    dit = reussir(installe)
    premiere, nouvelle = sorted(c.name for c in (installe / "warehouse" / "releases").glob("[!.]*"))
    assert f"Publication : {nouvelle}" in dit and "Changé      : " in dit
    with duckdb.connect(str(installe / "warehouse" / "observatoire.duckdb"), read_only=True) as base:
        retenues = "SELECT lignes_retenues FROM qualite.sources WHERE source = 'subventions'"
        assert base.execute(retenues).fetchone() == (40,)
    assert f"Publication : {premiere} (épinglée" in reussir(installe, "revenir-a")
    assert f"Publication : {nouvelle}\n" in reussir(installe, "reprendre")
    assert f"Publication : {premiere}\n" in reussir(installe, "retirer", nouvelle, "--motif", "demande d'effacement")
    # the history is beside dagster.yaml, its owner's alone, and nowhere else
    historique = installe / ".dagster"
    assert (historique / "history").is_dir() and not Path("/.dagster").exists()


def test_python_m_pipelines_fait_de_meme(installe: Path):
    commande = [str(installe / ".venv" / "bin" / "python"), "-m", "pipelines", "revenir_a", "release=jadis"]
    fait = subprocess.run(commande, cwd="/", env={"PATH": os.defpath}, capture_output=True, encoding="utf-8", check=False)
    assert fait.returncode == 1 and "La publication « jadis » n'est pas gardée" in fait.stderr


def test_une_sortie_sans_accents_ne_fait_pas_d_un_succes_un_echec(installe: Path):
    fait = observatoire(installe, "--help", PYTHONIOENCODING="ascii:strict")
    assert fait.returncode == 0 and "d?plier un chiffre" in fait.stdout
    assert observatoire(installe, "reprendre", PYTHONIOENCODING="ascii:strict").returncode == 0


def test_sans_reseau_deux_serveurs_et_c_est_fini(installe: Path):
    # nothing listens there: no server can be reached
    fait = observatoire(installe, "telecharger", HTTPS_PROXY="http://127.0.0.1:9")
    assert fait.returncode == 1
    assert "Pas de réseau : " in fait.stderr and "Pas essayées : " in fait.stderr
    assert fait.stderr.count("nouvel essai") <= 2


def test_arretee_par_un_service_elle_finit_proprement(installe: Path, tmp_path: Path):
    variables = {"PATH": os.defpath, "OBSERVATOIRE_WAREHOUSE": str(tmp_path / "entrepôt")}
    processus = subprocess.Popen(
        [str(installe / ".venv" / "bin" / "observatoire"), "actualiser"],
        cwd="/", env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    try:
        assert processus.stderr.readline() == "Observatoire : actualiser…\n"
        while not (tmp_path / "entrepôt" / ".verrou.qui").exists():
            assert processus.poll() is None
        processus.send_signal(signal.SIGTERM)
        _, dit = processus.communicate(timeout=120)
    finally:
        processus.kill()
    assert processus.returncode == 143 and "Interrompu : ce qui était publié est inchangé" in dit
    assert "Traceback" not in dit and not (tmp_path / "entrepôt" / "observatoire.duckdb").exists()


def test_un_autre_compte_que_celui_de_l_entrepot_n_ecrit_rien(installe: Path, tmp_path: Path):
    entrepot = tmp_path / "entrepôt"
    entrepot.mkdir()
    if os.geteuid() == 0:
        os.chown(entrepot, 65534, -1)
        mots = "appartient au compte"
    else:
        entrepot.chmod(0o555)
        mots = "ce compte n'en a pas le droit"
    fait = observatoire(installe, "actualiser", OBSERVATOIRE_WAREHOUSE=str(entrepot))
    assert fait.returncode == 1 and mots in fait.stderr and "Rien n'a été écrit" in fait.stderr
    assert list(entrepot.iterdir()) == []


def test_un_projet_en_lecture_seule_travaille_dans_un_entrepot_ailleurs(installe: Path, publie: Path, tmp_path: Path):
    entrepot = tmp_path / "entrepôt"
    shutil.copytree(publie / "warehouse", entrepot, symlinks=True)
    lecture_seule = f'mount --bind "{installe}" "{installe}" && mount -o remount,ro,bind "{installe}" && exec "$@"'
    essai = subprocess.run(["unshare", "-m", "sh", "-c", lecture_seule, "sh", "true"], capture_output=True, check=False)
    if essai.returncode:
        pytest.skip("monter un dossier en lecture seule demande des droits que ce compte n'a pas")
    fait = observatoire(
        installe, "reprendre", devant=("unshare", "-m", "sh", "-c", lecture_seule, "sh"), OBSERVATOIRE_WAREHOUSE=str(entrepot)
    )
    assert fait.returncode == 0, fait.stderr
    assert (entrepot / ".dagster" / "history").is_dir()
