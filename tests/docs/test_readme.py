"""The README says true, and so do the pages it sends to: commands, jobs, variables, outputs, folders."""

import re
from pathlib import Path

from pipelines.command import AUTRES_JOBS
from pipelines.parsing import command_names, parser
from tests.chaine import RACINE, definitions
from tests.docs.guide import DOCS

README = (RACINE / "README.md").read_text(encoding="utf-8")
COMMANDES = (DOCS / "commandes.md").read_text(encoding="utf-8")
SORTIES = (DOCS / "sorties.md").read_text(encoding="utf-8")
CONTRIBUER = (RACINE / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_le_readme_tient_en_une_page():
    assert len(README.splitlines()) <= 60
    assert re.findall(r"^\$ (make \w+)", README, re.MULTILINE) == ["make run", "make test"]


def test_chaque_page_est_dans_l_index():
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index, page.name
    decisions = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    for page in (DOCS / "decisions").glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in decisions, page.name


def test_les_jobs_nommes_sont_ceux_de_l_interface():
    jobs = {job.name for job in definitions().resolve_all_job_defs() if not job.name.startswith("__")}
    cites = set(re.findall(r"^\| `([a-z_]+)` \|", COMMANDES, re.MULTILINE))
    assert cites == {job for job in jobs if not job.startswith("actualiser_")}
    connus = {nom.replace("-", "_") for nom in command_names(parser())} - {"essayer", "etat", "interface", "retirer"}
    assert cites == {*connus, *AUTRES_JOBS, "retirer_publication"}
    capteurs = {capteur.name for capteur in definitions().sensors}
    assert capteurs == {"fichiers_deposes", "alertes"} and all(f"`{nom}`" in COMMANDES for nom in capteurs)


def test_les_variables_sont_celles_que_le_code_lit():
    code = (RACINE / "observatoire" / "settings.py").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(OBSERVATOIRE_\w+)`", COMMANDES, re.MULTILINE)) == set(
        re.findall(r'get\("(OBSERVATOIRE_\w+)"\)', code)
    )


def test_ce_que_make_run_donne_est_la_ou_les_pages_le_disent(publie: Path):
    chemins = re.findall(r"`(warehouse/[\w./]+)`", README + SORTIES)
    assert len(chemins) > 8
    for chemin in chemins:
        assert "portraits/" in chemin or (publie / chemin).exists(), chemin  # the pages of every EPCI have their own job


def test_les_lignes_montrees_commencent_comme_celles_que_la_commande_ecrit():
    (montre,) = re.findall(r"```text\n(.*?)```", SORTIES, re.DOTALL)
    debuts = re.findall(r"^(\w+ +:|À faire \()", montre, re.MULTILINE)
    assert len(debuts) == 6
    ecrit = (RACINE / "pipelines" / "telling.py").read_text(encoding="utf-8")
    assert [debut for debut in debuts if f'"{debut}' not in ecrit] == []


def test_les_dossiers_cites_existent():
    dossiers = re.findall(r"^\| `(\w+/)` \|", CONTRIBUER, re.MULTILINE)
    assert len(dossiers) > 5
    for dossier in dossiers:
        assert (RACINE / dossier).is_dir(), dossier
