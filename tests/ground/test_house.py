"""The shape of the house: who imports whom, what never enters the repository."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.chaine import RACINE

# a module imports the ground, its own room, and the rooms written before it
SOL = "le sol"
SOL_CONNU = {
    *("settings", "schemas", "identifiers", "conversion", "levels", "judging", "warehouse", "derived", "evidence"),
    *("fingerprints", "formulas", "obstacle", "declarations", "machine", "words"),
}
PIECES = [
    {"sources"},
    {"loading"},
    {"receiving", "alerts"},
    {"matching"},
    {"socle"},
    {"estimation"},
    {"indicators"},
    {"confidentiality", "reconciliation", "graph"},
    {"chain"},
    {"unfolding"},
    {"publication"},
    {"journal"},
    {"releases"},
]
# they stand alone: they import the ground, and nothing of the domain imports them
A_PART = {"demonstration", "registre"}
PIECES_CONNUES = set().union(*PIECES, A_PART)

VERSIONNES = [
    RACINE / nom
    for nom in subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=RACINE, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    if (RACINE / nom).is_file()
]


def imports(chemin: Path) -> set[str]:
    """List the modules a file imports; what would hide one is listed as it is written, and is a fault."""
    noeuds = list(ast.walk(ast.parse(chemin.read_text(encoding="utf-8"))))
    directs = {alias.name for noeud in noeuds if isinstance(noeud, ast.Import) for alias in noeud.names}
    depuis = [noeud for noeud in noeuds if isinstance(noeud, ast.ImportFrom)]
    # « from observatoire import warehouse » names a module; « from observatoire.warehouse import Entrepot » what is in it
    des_paquets = {f"{n.module}.{alias.name}" for n in depuis if n.module == "observatoire" for alias in n.names}
    return directs | des_paquets | {noeud.module or "" for noeud in depuis if noeud.module != "observatoire"}


def test_le_domaine_ignore_l_orchestrateur():
    for chemin in (RACINE / "observatoire").rglob("*.py"):
        assert not [nom for nom in imports(chemin) if nom.split(".")[0] in ("dagster", "pipelines")], chemin


def a_rebours(racine: Path) -> list[str]:
    """List the imports of `observatoire` that run against the order of the rooms: "file → module"."""
    etage = {piece: rang for rang, pieces in enumerate(PIECES) for piece in pieces}
    fautes = detours(racine)
    for chemin in sorted((racine / "observatoire").rglob("*.py")):
        ici = piece_de(".".join(chemin.relative_to(racine).with_suffix("").parts), racine)
        for nom in sorted(imports(chemin)):
            la = piece_de(nom, racine)
            if la in ("", SOL, ici):
                continue
            if la not in etage or etage.get(ici, -1) <= etage[la]:
                fautes.append(f"{chemin.relative_to(racine)} → {nom}")
    return fautes


# they import by name what they find in their own room
DECOUVRENT = {"socle/registry.py", "publication/pages.py", "sources/__init__.py"}


def detours(racine: Path) -> list[str]:
    """List the ways round the rule: relative imports, stars, the whole package, imports by name."""
    fautes = []
    for chemin in sorted((racine / "observatoire").rglob("*.py")):
        nom = chemin.relative_to(racine / "observatoire").as_posix()
        for noeud in ast.walk(ast.parse(chemin.read_text(encoding="utf-8"))):
            relatif = isinstance(noeud, ast.ImportFrom) and (noeud.level or any(a.name == "*" for a in noeud.names))
            entier = isinstance(noeud, ast.Import) and any(a.name == "observatoire" for a in noeud.names)
            par_nom = isinstance(noeud, ast.Name | ast.Attribute) and nom not in DECOUVRENT and (
                getattr(noeud, "id", getattr(noeud, "attr", "")) in ("import_module", "__import__")
            )  # fmt: skip
            if relatif or entier or par_nom:
                fautes.append(f"observatoire/{nom}, ligne {noeud.lineno} : import détourné")
    return fautes


def piece_de(module: str, racine: Path) -> str:
    """Return the room of a module of the domain, `SOL` for a module of the ground, nothing for what is elsewhere."""
    paquet, _, reste = module.partition(".")
    if paquet != "observatoire" or not reste:
        return ""
    premier = reste.split(".")[0]
    return premier if (racine / "observatoire" / premier).is_dir() else SOL


def test_une_piece_n_importe_que_le_sol_et_les_pieces_ecrites_avant_elle():
    assert a_rebours(RACINE) == []
    assert {f.name for f in (RACINE / "observatoire").iterdir() if (f / "__init__.py").exists()} == PIECES_CONNUES


@pytest.mark.parametrize(
    ("fichier", "fautif"),
    [
        ("observatoire/loading/essai.py", "observatoire.releases.lifecycle"),  # against the order
        ("observatoire/essai.py", "observatoire.loading.records"),  # the ground knows no room
        ("observatoire/sources/essai.py", "observatoire.demonstration"),  # invented data stands alone
        ("observatoire/graph/essai.py", "observatoire.confidentiality.cells"),  # two rooms side by side
        ("observatoire/registre/essai.py", "observatoire.sources"),
    ],
)
def test_un_import_a_rebours_est_nomme(fichier: str, fautif: str, tmp_path):
    copie = tmp_path / "observatoire"
    for chemin in (RACINE / "observatoire").rglob("*.py"):
        cible = copie / chemin.relative_to(RACINE / "observatoire")
        cible.parent.mkdir(parents=True, exist_ok=True)
        cible.write_bytes(chemin.read_bytes())
    (tmp_path / fichier).write_text(f"import {fautif}\n", encoding="utf-8")
    assert a_rebours(tmp_path) == [f"{fichier} → {fautif}"]


@pytest.mark.parametrize(
    "ligne",
    [
        "from ..releases import lifecycle",
        "from observatoire.releases.lifecycle import *",
        "import observatoire",
        "from importlib import import_module\nimport_module('observatoire.releases.lifecycle')",
        "__import__('observatoire.releases.lifecycle')",
    ],
)
def test_un_import_detourne_est_une_faute(ligne: str, tmp_path):
    fichier = tmp_path / "observatoire" / "loading" / "essai.py"
    fichier.parent.mkdir(parents=True)
    fichier.write_text(f"{ligne}\n", encoding="utf-8")
    assert any("observatoire/loading/essai.py" in faute for faute in a_rebours(tmp_path))


def test_seul_ce_qui_genere_la_demonstration_l_importe():
    importeurs = {
        chemin.name for chemin in (RACINE / "pipelines").rglob("*.py")
        if any(nom.startswith("observatoire.demonstration") for nom in imports(chemin))
    }  # fmt: skip
    assert importeurs == {"sources.py"}


def test_le_sol_est_petit():
    assert {f.stem for f in (RACINE / "observatoire").glob("*.py")} == {"__init__", *SOL_CONNU}


def test_pas_de_fourre_tout():
    assert not [chemin for chemin in VERSIONNES if re.search(r"util|helper|common|misc", chemin.stem)]


def test_un_fichier_d_essais_tient_en_quatre_cents_lignes():
    longs = {
        str(chemin.relative_to(RACINE)): lignes
        for chemin in (RACINE / "tests").rglob("*.py")
        if (lignes := len(chemin.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert longs == {}, "couper par sujet ; ce que deux fichiers partagent va dans un module de la pièce"


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
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        ".pre-commit-config.yaml",
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
