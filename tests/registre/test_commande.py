"""The command of the register, and how far it stays from the observatory."""

import ast
import io
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as parquet
import pytest
from cryptography.fernet import Fernet

from observatoire.registre.store import Store
from observatoire.settings import RACINE
from tests.chaine import definitions, environnement
from tests.registre.registres import (
    CAM,
    TERRITOIRES,
    canari,
    fichiers,
    lancer,
    octets,
    ouvrir,
    porteur,
    presents,
    remplir,
)

# the command


REPONSES = [canari(1), canari(1001), canari(2001), CAM, "63113", "étude", "bois, eau", "accompagnement", "2026-10-02", "2028-10-02", "", ""]


def test_la_commande_ajoute_liste_apparie_et_efface(magasin: Store, monkeypatch):
    code, dit, _ = lancer("ajouter", reponses="\n".join(REPONSES) + "\n", monkeypatch=monkeypatch)
    assert code == 0
    (fiche,) = magasin.read().porteurs
    assert fiche.nom == canari(1) and fiche.themes == ("bois", "eau") and fiche.numero in dit
    offre = "Atelier\nCommune\n\nbois\n\n\n"
    assert "Atelier" in lancer("offres", "--ajouter", reponses=offre, monkeypatch=monkeypatch)[1]
    assert "1 thème(s) en commun" in lancer("apparier", fiche.numero)[1]
    assert presents(lancer("lister")[1].encode()) == [] and fiche.numero in lancer("lister")[1]
    assert canari(1) in lancer("lister", "--noms")[1]
    assert lancer("effacer", fiche.numero)[0] == 0 and magasin.read().porteurs == []
    assert lancer("effacer", fiche.numero)[0] == 1


class ReponsesPendant(io.StringIO):
    """Answers, each given after something else has been done with the register."""

    def __init__(self, reponses: str, faire) -> None:
        super().__init__(reponses)
        self.faire = faire

    def readline(self, *arguments) -> str:
        self.faire()
        return super().readline(*arguments)


@pytest.mark.parametrize(("commande", "reponses"), [(["ajouter"], "\n".join(REPONSES)), (["offres", "--ajouter"], "Atelier\nCommune\n\n\n\n\n")])
def test_une_question_sans_reponse_ne_tient_pas_le_registre(magasin: Store, commande: list[str], reponses: str, monkeypatch):
    monkeypatch.setattr("observatoire.registre.store.ATTENTE_S", 0)

    def ailleurs() -> None:
        with ouvrir().change() as contenu:
            contenu.mois_exportes.append("2026-01")

    monkeypatch.setattr("sys.stdin", ReponsesPendant(reponses, ailleurs))
    assert lancer(*commande)[0] == 0
    contenu = magasin.read()
    assert len(contenu.porteurs) + len(contenu.offres) == 1 and len(contenu.mois_exportes) > 5, "nothing done meanwhile is lost"


def test_un_registre_tenu_par_une_autre_fenetre_se_refuse_en_francais(magasin: Store, monkeypatch):
    monkeypatch.setattr("observatoire.registre.store.ATTENTE_S", 0)
    with magasin.change():
        code, _, dit = lancer("purger")
    assert code == 1 and "Une autre fenêtre tient le registre" in dit
    assert lancer("purger")[0] == 0, "free again"


def test_un_registre_qui_ne_s_ecrit_pas_se_refuse_en_francais(magasin: Store, monkeypatch):
    def lecture_seule(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("observatoire.registre.store.FileLock.acquire", lecture_seule)
    code, _, dit = lancer("purger")
    assert code == 1 and "Le registre ne s'écrit pas : disque plein, ou droits." in dit and "ReadWritePaths" in dit


def test_la_commande_refuse_en_francais_sans_registre(monkeypatch):
    monkeypatch.delenv("OBSERVATOIRE_REGISTRE", raising=False)
    code, dit, erreur = lancer("lister")
    assert (code, dit) == (1, "") and "rien n'est fait sans les deux" in erreur


# apart from the observatory


def imports(chemin: Path) -> set[str]:
    noeuds = list(ast.walk(ast.parse(chemin.read_text(encoding="utf-8"))))
    directs = {alias.name for noeud in noeuds if isinstance(noeud, ast.Import) for alias in noeud.names}
    return directs | {noeud.module or "" for noeud in noeuds if isinstance(noeud, ast.ImportFrom)}


def test_le_registre_ignore_l_observatoire_et_l_observatoire_l_ignore():
    dossier = RACINE / "observatoire" / "registre"
    for chemin in (RACINE / "observatoire").rglob("*.py"):
        lus = {nom for nom in imports(chemin) if nom.split(".")[0] == "observatoire"}
        if chemin.is_relative_to(dossier):
            assert all(nom.startswith(("observatoire.registre", "observatoire.settings", "observatoire.obstacle")) for nom in lus), chemin
        else:
            assert not [nom for nom in lus if nom.startswith("observatoire.registre")], chemin


def test_l_horaire_purge_chaque_nuit():
    (horaire,) = [h for h in definitions().schedules if h.name == "purge_registre"]
    assert (horaire.job_name, horaire.cron_schedule, horaire.execution_timezone) == ("purger_registre", "15 4 * * *", "Europe/Paris")


def purger(dossier: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the job as the schedule does, with a history on the disk."""
    (dossier / "dagster").mkdir(parents=True, exist_ok=True)
    shutil.copy(RACINE / "dagster.yaml", dossier / "dagster")
    code = (
        "import dagster as dg; from pipelines.definitions import defs; "
        "i = dg.DagsterInstance.get(); r = defs().resolve_job_def('purger_registre').execute_in_process(instance=i, "
        "raise_on_error=False); print([e.message for e in i.all_logs(r.run_id)]); raise SystemExit(not r.success)"
    )
    env = {**environnement(dossier), "PYTHONPATH": str(RACINE), **variables}
    return subprocess.run([sys.executable, "-c", code], cwd=dossier, env=env, capture_output=True, text=True, check=False)


def test_sans_registre_la_purge_ne_fait_rien_et_ne_dit_rien(tmp_path: Path, monkeypatch):
    for variable in ("OBSERVATOIRE_REGISTRE", "OBSERVATOIRE_REGISTRE_CLE"):
        monkeypatch.delenv(variable, raising=False)
    fait = purger(tmp_path)
    assert fait.returncode == 0, fait.stderr
    assert "effacée" not in fait.stdout


def lisible(dossier: Path) -> bytes:
    """Give every byte of a folder, and what is compressed in its Parquet and DuckDB files, in clear."""
    morceaux = [octets(dossier)]
    with duckdb.connect() as base:
        for chemin in fichiers(dossier, "*.parquet"):
            morceaux.append(en_clair(base, f"read_parquet('{chemin}')"))
            morceaux.append(repr(parquet.read_metadata(chemin).metadata).encode())
    for chemin in fichiers(dossier, "*.duckdb"):
        with duckdb.connect(str(chemin.resolve()), read_only=True) as base:
            tables = base.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
            morceaux += [en_clair(base, f"{schema}.{nom}") for schema, nom in tables]
    return b"".join(morceaux)


def en_clair(base: duckdb.DuckDBPyConnection, table: str) -> bytes:
    """Write every value of a table as text."""
    return "\n".join(ligne for (ligne,) in base.execute(f"SELECT t::VARCHAR FROM {table} t").fetchall()).encode()


@pytest.mark.campagne
def test_cinquante_six_porteurs_ne_laissent_aucune_trace_hors_du_registre(publie: Path, tmp_path: Path, monkeypatch):
    dossier = tmp_path / "observatoire"
    shutil.copytree(publie, dossier, symlinks=True)
    (dossier / "dagster").mkdir(exist_ok=True)
    shutil.copy(RACINE / "dagster.yaml", dossier / "dagster")
    variables = {"OBSERVATOIRE_REGISTRE": str(tmp_path / "registre"), "OBSERVATOIRE_REGISTRE_CLE": str(tmp_path / "coffre" / "cle")}
    for nom, valeur in {**environnement(dossier), **variables}.items():
        monkeypatch.setenv(nom, valeur)
    magasin = ouvrir()
    magasin.create(TERRITOIRES)
    with magasin.change() as contenu:
        for rang in range(56):
            expire = {"conserver_jusqu_au": date(2026, 10, 1)} if rang < 5 else {}
            contenu.add(porteur(rang, code_epci=TERRITOIRES[rang % 2], **expire))
    assert lancer("exporter_comptes", "2026-09", str(dossier / "raw" / "porteurs_mensuels"))[0] == 0
    (dossier / "raw" / "porteurs_mensuels" / "abime.csv").write_text("mois,niveau\n2026-09,epci\n")  # something to refuse

    def publier() -> None:
        fait = subprocess.run(
            [sys.executable, "-m", "pipelines"], cwd=dossier, env={**os.environ, "PYTHONPATH": str(RACINE)}, capture_output=True,
            text=True, check=False,
        )
        assert fait.returncode == 0, fait.stderr
        assert presents((fait.stdout + fait.stderr).encode()) == []

    publier()
    assert presents(lisible(dossier)) == [], "before any erasure"
    fait = purger(dossier, **variables)
    assert fait.returncode == 0 and "5 fiche(s)" in fait.stdout, fait.stderr
    assert len(magasin.read().porteurs) == 51
    assert lancer("effacer", "P000020")[0] == 0
    (dossier / "raw" / "porteurs_mensuels" / "abime.csv").unlink()
    publier()
    assert presents(lisible(tmp_path)) == [], "after erasure: the store too holds none in clear"
    with duckdb.connect(str(dossier / "warehouse" / "observatoire.duckdb"), read_only=True) as public:
        comptes = dict(public.execute("SELECT code_territoire, nombre FROM socle.porteurs_mensuels").fetchall())
    # two territories met nobody: one of the others, drawn by lot, is masked with them
    assert sorted(n for n in comptes.values() if n is not None) == [28, 56] and len(comptes) == 5
    # a detector that finds nothing must be able to find
    (dossier / "warehouse" / "etats" / "fuite.json").write_text(canari(3))
    assert presents(lisible(dossier)) == [canari(3)]


def test_une_purge_mal_reglee_echoue_en_francais_sans_rien_dire_des_fiches(magasin: Store, places: Path):
    remplir(magasin, 3)
    magasin.cle.write_bytes(Fernet.generate_key())
    fait = purger(places / "obs")
    assert fait.returncode == 1 and "n'ouvre pas ce registre" in fait.stdout + fait.stderr
    assert presents((fait.stdout + fait.stderr).encode() + octets(places / "obs")) == []
