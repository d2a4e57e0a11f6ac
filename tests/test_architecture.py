"""The shape of the house: who imports whom, what never enters the repository."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.chaine import RACINE

VERSIONNES = [
    RACINE / nom
    for nom in subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=RACINE, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    if (RACINE / nom).is_file()
]


def imports(chemin: Path) -> set[str]:
    """List the modules a file imports."""
    noeuds = list(ast.walk(ast.parse(chemin.read_text(encoding="utf-8"))))
    directs = {alias.name for noeud in noeuds if isinstance(noeud, ast.Import) for alias in noeud.names}
    return directs | {noeud.module or "" for noeud in noeuds if isinstance(noeud, ast.ImportFrom)}


def test_le_domaine_ignore_l_orchestrateur():
    for chemin in (RACINE / "observatoire").rglob("*.py"):
        assert not [nom for nom in imports(chemin) if nom.split(".")[0] in ("dagster", "pipelines")], chemin


@pytest.mark.parametrize(
    ("amont", "aval"),
    [
        ("schemas", ("reading", "validation", "ingestion", "cube", "indicators", "releases")),
        ("reading", ("validation", "ingestion", "cube", "indicators", "releases")),
        ("validation", ("ingestion", "cube", "indicators", "releases")),
        ("ingestion", ("catalog", "cube", "indicators", "releases")),
        ("cube", ("indicators", "releases")),
        ("indicators", ("releases",)),
    ],
)
def test_un_module_n_importe_que_ce_qui_est_en_amont(amont: str, aval: tuple[str, ...]):
    lus = imports(RACINE / "observatoire" / f"{amont}.py")
    assert not [nom for nom in lus if nom.removeprefix("observatoire.") in aval]


def test_pas_de_fourre_tout():
    assert not [chemin for chemin in VERSIONNES if re.search(r"util|helper|common|misc", chemin.stem)]


def test_le_haut_du_depot_est_celui_qui_est_promis():
    haut = {chemin.relative_to(RACINE).parts[0] for chemin in VERSIONNES}
    assert haut <= {
        "pipelines",
        "observatoire",
        "raw",
        "warehouse",
        "tests",
        "docs",
        "pyproject.toml",
        "dagster.yaml",
        "README.md",
        "Makefile",
        "requirements.lock",
        ".gitignore",
        ".ci",
        "LICENSE",
    }


def test_ni_chemin_de_machine_ni_adresse_de_registre():
    motifs = r"py[p]i\.org|python[h]osted|registry\.np[m]js|unp[k]g|--(extra-)?index-url|/ho[m]e/\w|/ro[o]t/|file:/[/]/"
    for chemin in VERSIONNES:
        assert not re.search(motifs, chemin.read_text(encoding="utf-8", errors="ignore")), chemin


def test_le_verrou_des_versions_ne_porte_que_noms_et_versions():
    for ligne in (RACINE / "requirements.lock").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+_-]+", ligne), ligne


def test_ce_qui_se_calcule_n_est_pas_versionne():
    dans_warehouse = [chemin.name for chemin in VERSIONNES if chemin.relative_to(RACINE).parts[0] == "warehouse"]
    assert dans_warehouse == ["README.md"]
