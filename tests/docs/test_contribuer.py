"""Pages of developers say true: the rooms and their order, commands, modules, links; the package says its licence."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from observatoire.sources import sources
from pipelines.parsing import command_names, parser
from tests.chaine import RACINE, definitions
from tests.docs.guide import DOCS
from tests.ground.test_house import PIECES, VERSIONNES

CONTRIBUER = (RACINE / "CONTRIBUTING.md").read_text(encoding="utf-8")
PAGES = [chemin for chemin in VERSIONNES if chemin.suffix == ".md"]
PROJET = tomllib.loads((RACINE / "pyproject.toml").read_text(encoding="utf-8"))
# what an example adds, or a run makes: named, not there
INVENTES = re.compile(r"banc|benches|<|…|\*")


def noms(pages: list[Path]):
    """Name each page after its place."""
    return [pytest.param(chemin, id=str(chemin.relative_to(RACINE))) for chemin in pages]


def ancre(titre: str) -> str:
    """Return the anchor a forge gives a heading."""
    return re.sub(r"[^\w\- ]", "", titre.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", noms(PAGES))
def test_les_liens_et_les_images_menent_quelque_part(page: Path):
    hors_code = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for cible in re.findall(r"\]\(([^)\s]+)\)", hors_code):
        if cible.startswith(("https://", "http://")):
            continue
        chemin, _, vers = cible.partition("#")
        vise = (page.parent / chemin).resolve() if chemin else page
        assert vise.exists(), cible
        titres = re.findall(r"^#+ (.*)$", vise.read_text("utf-8"), re.MULTILINE) if vers else []
        assert not vers or vers in map(ancre, titres), cible


@pytest.mark.parametrize("page", noms(PAGES))
def test_les_fichiers_du_code_nommes_existent(page: Path):
    """A module that moves takes with it the pages that name it."""
    cites = re.findall(r"`((?:observatoire|pipelines|tests|docs|raw)/[^`\s]*)`", page.read_text(encoding="utf-8"))
    for cite in (cite for cite in cites if not INVENTES.search(cite)):
        if cite.startswith("raw/"):  # large files are not committed: their folder may be absent, not their source
            assert cite == "raw/" or cite.split("/")[1] in {*sources(), "README.md"}, cite
        else:
            assert (RACINE / cite).exists(), cite


def test_ce_qui_est_dit_d_un_autre_module_en_nomme_un_qui_existe():
    """« What is refused belongs to `sorting` »: a module that moves takes with it the docstrings that send to it."""
    fichiers = [chemin for nom in ("observatoire", "pipelines") for chemin in (RACINE / nom).rglob("*")]
    modules = {chemin.stem for chemin in fichiers if chemin.suffix == ".py" or chemin.is_dir()}
    modules |= {"observatoire", "pipelines"}
    renvois = [
        (chemin, nom)
        for chemin in fichiers
        if chemin.suffix == ".py"
        for phrase in re.findall(r"belongs? to ([^.]*(?:\.\w[^.]*)*)", _docstring(chemin))
        for nom in re.findall(r"`+([a-z_][\w./]*)`+", phrase)
    ]
    assert len(renvois) > 50
    assert [(c, nom) for c, nom in renvois if not set(re.split(r"[./]", nom.strip("/"))) <= modules] == []


def _docstring(chemin: Path) -> str:
    return " ".join((ast.get_docstring(ast.parse(chemin.read_text(encoding="utf-8"))) or "").split())


@pytest.mark.parametrize("page", noms(PAGES))
def test_les_modules_lances_et_les_commandes_existent(page: Path):
    texte = page.read_text(encoding="utf-8")
    cibles = set(re.findall(r"^([\w-]+):", (RACINE / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|\$ )(?:\w+=\S+ )*make (?:-C \S+ )?([\w-]+)", texte)) <= cibles
    for module in re.findall(r"python -m ((?:observatoire|pipelines|tests)[\w.]*)", texte):
        ici = RACINE / module.replace(".", "/")
        assert (ici / "__main__.py").exists() or ici.with_suffix(".py").exists(), module
    jobs = {job.name for job in definitions().resolve_all_job_defs()}
    assert set(re.findall(r"(?:bin/|`)observatoire (\w[\w-]*)", texte)) <= {*command_names(parser()), *jobs}


def test_les_pieces_sont_dites_dans_leur_ordre():
    lignes = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| [^|]+ \|$", CONTRIBUER.split("## Rooms")[1], re.MULTILINE)
    assert [set(re.findall(r"`(\w+)`", ligne)) for ligne in lignes] == PIECES


def test_une_decision_tient_sur_une_page_et_dit_quand_y_revenir():
    decisions = [page for page in (DOCS / "decisions").glob("*.md") if page.name != "README.md"]
    assert len(decisions) > 8
    for page in decisions:
        texte = page.read_text(encoding="utf-8")
        assert len(texte.splitlines()) <= 40, page.name
        dits = re.findall(r"^\*\*([\w ]+?)\.?\*\*", texte, re.MULTILINE)
        assert dits == ["Question", "Decision", "Why", "Cost", "Look again"], page.name


def test_la_licence_est_dite_partout_la_meme():
    licence = (RACINE / "LICENSE").read_text(encoding="utf-8")
    assert "SPDX-License-Identifier: EUPL-1.2\n" in licence and "Licensed under the EUPL\n" in licence
    assert (PROJET["project"]["license"], PROJET["project"]["license-files"]) == ("EUPL-1.2", ["LICENSE"])


def test_le_numero_de_version_ne_s_ecrit_nulle_part():
    assert "version" in PROJET["project"]["dynamic"] and "version" not in PROJET["project"]
    assert PROJET["tool"]["setuptools_scm"]["fallback_version"], "an archive without git installs too"


def test_le_journal_des_versions_a_sa_forme():
    texte = (RACINE / "CHANGELOG.md").read_text(encoding="utf-8")
    titre, *versions = re.findall(r"^## (.*)$", texte, re.MULTILINE)
    assert titre == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d{2}-\d{2}", version) for version in versions)
    permis = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", texte, re.MULTILINE)) <= permis


def test_les_crochets_n_appellent_que_les_outils_du_projet():
    lu = yaml.safe_load((RACINE / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [depot["repo"] for depot in lu["repos"]] == ["local"]
    for crochet in lu["repos"][0]["hooks"]:
        outil, *arguments = crochet["entry"].split()
        assert crochet["language"] == "system" and outil.startswith(".venv/bin/"), crochet["id"]
        for chemin in (argument for argument in arguments if "/" in argument):
            assert (RACINE / chemin).exists(), chemin
