"""The README says true: commands, jobs, variables, files, queries."""

import re
from pathlib import Path

import duckdb
import pytest

from tests.chaine import RACINE, definitions

README = (RACINE / "README.md").read_text(encoding="utf-8")
MAKEFILE = (RACINE / "Makefile").read_text(encoding="utf-8")


def test_les_commandes_existent():
    cibles = set(re.findall(r"^(\w+):", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"(?:`|\$ )make (\w+)", README)) <= cibles == {"run", "test", "ui", "bench", "check"}


def test_les_jobs_nommes_sont_ceux_de_l_interface():
    jobs = {job.name for job in definitions().resolve_all_job_defs() if not job.name.startswith("__")}
    cites = set(re.findall(r"^\| `([a-z_]+)` \|", README, re.MULTILINE))
    assert cites == {job for job in jobs if not job.startswith("actualiser_")}
    capteurs = {capteur.name for capteur in definitions().sensors}
    assert capteurs == {"fichiers_deposes", "alertes"} and all(f"`{nom}`" in README for nom in capteurs)


def test_les_variables_sont_celles_que_le_code_lit():
    code = (RACINE / "observatoire" / "settings.py").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(OBSERVATOIRE_\w+)`", README, re.MULTILINE)) == set(
        re.findall(r'get\("(OBSERVATOIRE_\w+)"\)', code)
    )


def test_ce_que_make_run_donne_est_la_ou_le_readme_le_dit(publie: Path):
    chemins = re.findall(r"`(warehouse/[\w./]+)`", README.split("## What comes out")[1].split("## How")[0])
    assert len(chemins) > 6
    for chemin in chemins:
        assert "portraits/" in chemin or (publie / chemin).exists(), chemin  # the pages of every EPCI have their own job


def test_les_dossiers_cites_existent():
    for dossier in re.findall(r"^\| `(\w+/)` \|", README, re.MULTILINE):
        assert (RACINE / dossier).is_dir(), dossier


@pytest.mark.parametrize("requete", re.findall(r"```sql\n(SELECT indicateur.*?)```", README, re.DOTALL))
def test_les_requetes_donnent_des_lignes(publie: Path, requete: str):
    with duckdb.connect(str(publie / "warehouse" / "observatoire.duckdb"), read_only=True) as public:
        assert len(public.execute(requete).fetchall()) > 5


def test_le_programme_python_tourne(publie: Path, monkeypatch, capsys):
    monkeypatch.chdir(publie)
    (programme,) = re.findall(r"```python\n(import duckdb.*?)```", README, re.DOTALL)
    exec(programme, {})  # noqa: S102 — the README's own words are what is tested
    assert "Population municipale" in capsys.readouterr().out


def test_les_lignes_montrees_ont_la_forme_de_celles_que_make_run_ecrit():
    lignes = re.findall(r"^(\w+) +(?:a_jour|absente) .* lues = .* rejetées$", README, re.MULTILINE)
    assert len(lignes) == 4
