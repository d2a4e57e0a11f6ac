"""The real job on a small territory: the Puy-de-Dôme, a few hundred establishments, in a folder of its own."""

import csv
import os
import shutil
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import dagster as dg
import pyarrow.parquet as parquet
import pytest
from filelock import FileLock

from observatoire.demonstration import generate
from observatoire.settings import RACINE, REFERENCES, Settings
from observatoire.warehouse import Entrepot
from pipelines.definitions import defs
from tests.depots import en_csv, subventions
from tests.donnees import lire_csv

DOSSIER = "l'ESS à Clermont"  # a name that has to be quoted, everywhere
ETABLISSEMENTS_RETIRES = 30


@cache
def definitions() -> dg.Definitions:
    """Load the code location once."""
    return defs()


def petit_raw(raw: Path) -> None:
    """Fill `raw/` with the committed files, the geography of the Puy-de-Dôme and small demonstration files."""
    shutil.copytree(RACINE / "raw", raw, ignore=shutil.ignore_patterns("subventions"))
    _extraire("communes", raw, lambda ligne: ligne["code_departement"] == "63")
    codes = {ligne["code_epci"] for ligne in _query(raw / "communes" / "communes.csv")}
    gardes = {("departement", "63"), ("region", "84"), ("france", "FR")} | {("epci", code) for code in codes}
    _extraire("zonages", raw, lambda ligne: (ligne["niveau"], ligne["code_territoire"]) in gardes)
    for jeu in ("sirene", "urssaf", "flores"):
        generate(jeu, raw, REFERENCES, etablissements=800)
    _alleger(raw, {code for _, code in gardes} | {"F"})


def _alleger(raw: Path, codes: set[str]) -> None:
    """Keep of the national files what is about these territories: the real job runs in a third of the time."""
    for chemin in raw.glob("urssaf_*/*.csv"):
        entete, *lignes = chemin.read_text(encoding="utf-8").splitlines(keepends=True)
        chemin.write_text(
            entete + "".join(ligne for ligne in lignes if codes & set(ligne.split(";"))), encoding="utf-8"
        )
    (archive,) = raw.glob("flores/*.zip")
    with zipfile.ZipFile(archive) as lue:
        donnees = next(nom for nom in lue.namelist() if nom.endswith("_data.csv"))
        entete, *lignes = lue.read(donnees).decode().splitlines(keepends=True)
    gardees = [ligne for ligne in lignes if ligne.split(";")[0].strip('"') in codes]
    with zipfile.ZipFile(archive, "w") as ecrite:
        ecrite.writestr(donnees, entete + "".join(gardees))


def _query(chemin: Path) -> list[dict[str, str]]:
    with chemin.open(encoding="utf-8", newline="") as flux:
        return list(csv.DictReader(flux))


def _extraire(source: str, raw: Path, garder) -> None:
    lignes = _query(REFERENCES / f"{source}.csv")
    (raw / source).mkdir()
    with (raw / source / f"{source}.csv").open("w", encoding="utf-8", newline="") as flux:
        sortie = csv.DictWriter(flux, lignes[0].keys())
        sortie.writeheader()
        sortie.writerows(ligne for ligne in lignes if garder(ligne))


def entrepot_ici() -> Entrepot:
    """Open the warehouse of the environment."""
    return Entrepot(Settings.from_environment())


def entrepot_de(dossier: Path) -> Entrepot:
    """Open the warehouse of such a folder, to read it."""
    return Entrepot(Settings(dossier / "raw", dossier / "warehouse", "246300701"))


def installer(dossier: Path, monkeypatch) -> Entrepot:
    """Point the environment at a folder that holds `raw/` and `warehouse/`."""
    monkeypatch.setenv("OBSERVATOIRE_RAW", str(dossier / "raw"))
    monkeypatch.setenv("OBSERVATOIRE_WAREHOUSE", str(dossier / "warehouse"))
    return entrepot_ici()


def lancer(job: str = "tout_recalculer", run_config: dict | None = None) -> dg.ExecuteInProcessResult:
    """Run a real job in this process."""
    with dg.DagsterInstance.ephemeral() as instance:
        return (
            definitions()
            .resolve_job_def(job)
            .execute_in_process(
                instance=instance,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}, **(run_config or {})},
            )
        )


def raisons(resultat: dg.ExecuteInProcessResult) -> str:
    """Gather the words of the steps that failed."""
    donnees = [e.step_failure_data for e in resultat.all_events if e.event_type_value == "STEP_FAILURE"]
    return "\n".join(
        d.user_failure_data.description if d.user_failure_data else d.error_display_string for d in donnees
    )


def environnement(dossier: Path) -> dict[str, str]:
    """Give a subprocess the environment of `installer`, with a Dagster home of its own."""
    return {
        **os.environ,
        "OBSERVATOIRE_RAW": str(dossier / "raw"),
        "OBSERVATOIRE_WAREHOUSE": str(dossier / "warehouse"),
        "DAGSTER_HOME": str(dossier / "dagster"),
        "OBSERVATOIRE_HISTORIQUE": str(dossier / "dagster" / ".dagster"),
    }


def octets(dossier: Path) -> dict[str, bytes]:
    """Read every published byte, and where the stable paths lead."""
    publies = {
        str(c.relative_to(dossier)): c.read_bytes() for c in sorted((dossier / "releases").rglob("*")) if c.is_file()
    }
    liens = {c.name: str(c.readlink()).encode() for c in dossier.iterdir() if c.is_symlink()}
    return publies | liens


def une_seule_fois(tmp_path_factory: pytest.TempPathFactory, nom: str, faire: Callable[[Path], None]) -> Path:
    """Give a folder made once for all the processes of the tests; whoever asks for it meanwhile waits."""
    base = tmp_path_factory.getbasetemp()
    commun = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / nom
    with FileLock(f"{commun}.verrou"):
        if not (commun / "fait").exists():
            shutil.rmtree(commun, ignore_errors=True)
            faire(commun / DOSSIER)
            (commun / "fait").touch()
    return commun / DOSSIER


def copier(modele: Path, ou: Path) -> Path:
    """Copy a shared folder, to write in it."""
    shutil.copytree(modele, ou, symlinks=True)
    return ou


def _actualiser(dossier: Path, changer: Callable[[Path], None]) -> None:
    changer(dossier / "raw")
    with pytest.MonkeyPatch.context() as monkeypatch:
        installer(dossier, monkeypatch)
        resultat = lancer()
        assert resultat.success, raisons(resultat)


def ajouter(raw: Path, fichier: str, ligne: str) -> None:
    """Change one input: a row at the end of a file of `raw/`."""
    with (raw / fichier).open("a", encoding="utf-8") as flux:
        flux.write(ligne + "\n")


def adhesion(numero: int) -> str:
    """Write a membership nobody has yet."""
    return f"sismo,Structure {numero},,inconnu,,,inconnu,inconnu,faible,sismo,Structure {numero}"


@pytest.fixture(scope="session")
def publie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with `raw/` and a warehouse whose first release the real job made. Copy it before changing it."""

    return une_seule_fois(tmp_path_factory, "publie", lambda dossier: _actualiser(dossier, petit_raw))


@pytest.fixture(scope="session")
def publie_deux_fois(publie: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder where a member and a file of grants came between two releases. Copy it before changing it."""

    def changer(raw: Path) -> None:
        ajouter(raw, "adhesions/adhesions_documents.csv", adhesion(1))
        (raw / "subventions").mkdir()
        (raw / "subventions" / "2024.csv").write_text(subventions(3), encoding="utf-8")

    return une_seule_fois(tmp_path_factory, "publie_deux_fois", lambda dossier: _actualiser(copier(publie, dossier), changer))


@pytest.fixture(scope="session")
def publie_trois_fois(publie_deux_fois: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder where the rule of one legal category and the stock of Sirene changed before a third release."""

    def changer(raw: Path) -> None:
        lignes = lire_csv(REFERENCES / "perimetre_ess.csv")
        for ligne in lignes:
            if ligne["code_categorie_juridique"] == "9220":
                ligne |= {"regle": "si_indicateur", "version": "essai-1"}
        (raw / "perimetre_ess").mkdir()
        (raw / "perimetre_ess" / "perimetre_ess_2026.csv").write_text(en_csv(lignes), encoding="utf-8")
        (stock,) = (raw / "sirene_etablissements").glob("*.parquet")
        connus = parquet.read_table(stock)
        parquet.write_table(connus.slice(0, connus.num_rows - ETABLISSEMENTS_RETIRES), stock)

    return une_seule_fois(
        tmp_path_factory, "publie_trois_fois", lambda dossier: _actualiser(copier(publie_deux_fois, dossier), changer)
    )
