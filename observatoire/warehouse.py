"""The warehouse: Parquet tables written whole or not at all, each carrying its version, and the lock of the runs.

What the tables mean does not belong here.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet
from filelock import FileLock, Timeout

from observatoire.obstacle import Obstacle
from observatoire.settings import Settings, memory_ceiling

# the public file of a release, and the stable path to it
NOM_DUCKDB = "observatoire.duckdb"
# folder where a run works on what is too large for memory
ATELIER = ".travail-"
# what a run holds, and what tells a warehouse from another folder
VERROU = ".verrou"
# folder being filled, until it is given its name
INACHEVE = ".en_cours-"
SCHEMAS = ("socle", "referentiels", "qualite", "mesures", "indicateurs")
# what any account of the machine may read; all the rest of the warehouse is its owner's, what is added to it too
PUBLIES = ("releases", "pages", "portrait", "portraits", NOM_DUCKDB, "releases.json", "flux.atom")
PRIVE, OUVERT = 0o077, 0o022  # what a umask takes away

# emptied instances of DuckDB, ready to be lent again, and what makes them as they were
INSTANCES_LIBRES = 4
ATTACHEES = "SELECT database_name FROM duckdb_databases() WHERE NOT internal AND database_name <> 'memory'"
REGLAGES = ("preserve_insertion_order", "disabled_optimizers", "memory_limit", "threads")
_LIBRES: list[tuple[Path | None, duckdb.DuckDBPyConnection]] = []


class VerrouTenu(Obstacle):
    """Another run writes in this warehouse. The message, in French, says which."""


def sql_literal(texte: object) -> str:
    """Write a text or a path as SQL: an apostrophe is common in French folders."""
    return "'" + str(texte).replace("'", "''") + "'"


def fingerprint(*elements: object) -> str:
    """Hash values into the short version that tables, measures and releases carry."""
    return hashlib.sha256(json.dumps(elements, sort_keys=True, default=str).encode()).hexdigest()[:16]


def sha256(chemin: Path) -> str:
    """Hash a file."""
    with chemin.open("rb") as flux:
        return hashlib.file_digest(flux, "sha256").hexdigest()


def erase(dossier: Path) -> None:
    """Erase a folder, were it read-only; one that is not there is already erased."""
    if not dossier.exists():
        return
    for chemin in (dossier, *dossier.rglob("*")):
        if chemin.is_dir():
            chemin.chmod(0o700)
    shutil.rmtree(dossier)


def open_to_read(dossier: Path) -> None:
    """Let any account of the machine read a folder and what is in it; who may write does not change."""
    for chemin in (dossier, *dossier.rglob("*")):
        if not chemin.is_symlink():
            chemin.chmod(chemin.stat().st_mode & 0o777 | (0o555 if chemin.is_dir() else 0o444))


def link_file(chemin: Path, cible: Path) -> None:
    """Give a file a second name in place of what has it; none when there is no file.

    Tables are replaced, never rewritten: what is read under the second name stays.
    """
    cible.parent.mkdir(parents=True, exist_ok=True)
    cible.unlink(missing_ok=True)
    if not chemin.exists():
        return
    try:
        os.link(chemin, cible)
    except OSError:  # a file system without hard links, or with too many of one
        shutil.copyfile(chemin, cible)


def utc_now() -> str:
    """Give the current UTC time, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def count_repeats(connexion: duckdb.DuckDBPyConnection, table: str, cle: str) -> int:
    """Count the keys a table repeats.

    Hashes first, eight bytes a key, sorted: the exact search holds the keys themselves, and is for when two are equal.
    """
    empreintes = np.sort(connexion.execute(f"SELECT hash({cle}) AS h FROM {table}").fetchnumpy()["h"])
    if not (empreintes[1:] == empreintes[:-1]).any():
        return 0
    exacte = f"SELECT count(*) FROM (SELECT {cle} FROM {table} GROUP BY ALL HAVING count(*) > 1)"
    return int(connexion.execute(exacte).fetchall()[0][0])


def copy_query(connexion: duckdb.DuckDBPyConnection, requete: str, chemin: Path, dit: dict[str, Any]) -> None:
    """Write the result of a query to a Parquet file that says `dit` of itself."""
    metadonnees = f"{{observatoire: {sql_literal(json.dumps(dit))}}}"
    connexion.execute(
        f"COPY ({requete}) TO {sql_literal(chemin)} (FORMAT parquet, COMPRESSION zstd, KV_METADATA {metadonnees})"
    )


def read_rows(connexion: duckdb.DuckDBPyConnection, requete: str, *parametres: Any) -> list[dict[str, Any]]:
    """Read the rows of a query, by column."""
    lues = connexion.execute(requete, parametres)
    noms = [colonne[0] for colonne in lues.description or []]
    return [dict(zip(noms, ligne, strict=True)) for ligne in lues.fetchall()]


@contextmanager
def open_published(fichier: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a published file to read, in no more memory than the rest, and without spilling beside it."""
    with duckdb.connect(fichier, read_only=True) as base:
        base.execute(f"SET memory_limit = '{memory_ceiling()}B'")
        base.execute(f"SET temp_directory = {sql_literal(tempfile.gettempdir())}")
        yield base


@contextmanager
def memory_database(travail: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give an empty in-memory database, which nobody else sees.

    Opening DuckDB takes 15 ms, and loading everything asks for it some four hundred times: an instance is emptied and
    lent again, or closed when its borrower failed.

    Args:
        travail: where queries spill, the default of DuckDB unless it is given; an instance keeps the one it began with.
    """
    libre = next((prete for prete in _LIBRES if prete[0] == travail), None)
    if libre is not None:
        _LIBRES.remove(libre)
        instance = libre[1]
    else:
        instance = duckdb.connect()
        if travail is not None:
            instance.execute(f"SET temp_directory = {sql_literal(travail)}")
    with ExitStack() as rate:
        rate.callback(instance.close)
        with instance.cursor() as connexion:  # its temporary tables go with it
            connexion.execute("ATTACH ':memory:' AS pretee; USE pretee")
            yield connexion
        for (nom,) in instance.execute(ATTACHEES).fetchall():
            instance.execute(f'DETACH "{nom}"')
        for reglage in REGLAGES:
            instance.execute(f"RESET {reglage}")
        rate.pop_all()
    _LIBRES.append((travail, instance))
    while len(_LIBRES) > INSTANCES_LIBRES:
        _LIBRES.pop(0)[1].close()


class Entrepot:
    """The folder of everything computed."""

    def __init__(self, settings: Settings, travail: Path | None = None) -> None:
        """Open the warehouse of these settings; its folders are made when first written to.

        Args:
            settings: where it is.
            travail: where queries spill what memory does not hold, in the warehouse itself unless it is given.
        """
        self.settings = settings
        self.racine = settings.warehouse
        self.travail = travail or self.racine / ".duckdb"
        self._est_un_entrepot = False
        self._dites: dict[Path, tuple[tuple[int, ...], dict[str, Any]]] = {}

    def path_of(self, schema: str, table: str) -> Path:
        """Return the Parquet file of a table."""
        return self.racine / schema / f"{table}.parquet"

    def make_folder(self, *parties: str) -> Path:
        """Make a folder of the warehouse, its owner's alone unless it is published, whatever the umask; return it.

        Raises:
            Obstacle: the folder of the warehouse holds other things.
        """
        dossier = self.racine.joinpath(*parties)
        if not self._est_un_entrepot:
            self._check_is_a_warehouse()
        if not self.racine.is_dir():
            self.racine.mkdir(parents=True)
            self.racine.chmod(0o755)  # the stable path goes through it
        if not self._est_un_entrepot:
            (self.racine / VERROU).touch(0o600)  # says from now on that it is one
            self._est_un_entrepot = True
        manquants = [ici for ici in (dossier, *dossier.parents) if self.racine in ici.parents and not ici.exists()]
        for ici in reversed(manquants):
            ici.mkdir()
            ici.chmod(0o777 & ~self._umask_of(ici))
        return dossier

    def close(self) -> None:
        """Give each path to those who may read it: what an older version or a backup left open closes.

        What another account put there (`lost+found` at the top of a disk) is its own.
        """
        self.racine.chmod(self.racine.stat().st_mode & 0o777 | 0o111)  # the stable path goes through it
        for chemin in self.racine.iterdir():
            if chemin.is_symlink() or (etat := chemin.stat()).st_uid != os.geteuid():
                continue
            lisible = 0o755 if chemin.is_dir() else 0o644
            chemin.chmod(lisible if chemin.name in PUBLIES else etat.st_mode & 0o777 & ~PRIVE)
        for dossier in (publie for nom in ("releases", "pages") for publie in (self.racine / nom).glob("[!.]*")):
            if dossier.stat().st_mode & 0o005 != 0o005:
                open_to_read(dossier)

    def _check_is_a_warehouse(self) -> None:
        """Refuse a folder that holds other things: their rights would be changed, and some of it opened to all.

        Raises:
            Obstacle: it is neither empty nor a warehouse.
        """
        noms = {chemin.name for chemin in self.racine.iterdir()} if self.racine.is_dir() else set()
        autres = {nom for nom in noms if not nom.startswith(".")} - {"README.md", "lost+found"}
        if autres and not noms & {VERROU, *SCHEMAS, "etats", "demonstration", "releases"}:
            raise Obstacle(
                f"{self.racine} contient autre chose qu'un entrepôt ({', '.join(sorted(autres)[:3])}…). Rien n'a été "
                "écrit. Donner à OBSERVATOIRE_WAREHOUSE un dossier vide, ou celui d'un entrepôt."
            )

    def _umask_of(self, chemin: Path) -> int:
        return OUVERT if chemin.relative_to(self.racine).parts[0] in PUBLIES else PRIVE

    @contextmanager
    def unfinished(self, nom: str) -> Iterator[Path]:
        """Give a folder to fill, then to rename, under the lock; one that was not is erased, by a later run if need be.

        Args:
            nom: the folder of the warehouse it is made in.
        """
        parent = self.make_folder(nom)
        for reste in parent.glob(f"{INACHEVE}*"):
            erase(reste)
        dossier = Path(tempfile.mkdtemp(prefix=INACHEVE, dir=parent))
        try:
            yield dossier
        finally:
            erase(dossier)

    @contextmanager
    def lock(self, auteur: str) -> Iterator[None]:
        """Hold the warehouse for one run; what this process writes meanwhile is its owner's alone, unless it says else.

        Raises:
            VerrouTenu: another run holds it; the lock falls with its process, even killed.
        """
        self.make_folder()
        qui = self.racine / ".verrou.qui"
        masque = os.umask(PRIVE)
        try:
            with FileLock(self.racine / VERROU, timeout=0):
                self.close()
                for inacheve in self.racine.glob("*/.*.part"):  # left by a run that was killed
                    inacheve.unlink()
                for atelier in self.racine.glob(f"{ATELIER}*"):  # gigabytes, where a large source was being read
                    shutil.rmtree(atelier)
                qui.write_text(f"{auteur}, processus {os.getpid()}, depuis {utc_now()} UTC", encoding="utf-8")
                yield
                qui.unlink(missing_ok=True)
        except Timeout:
            tenu = qui.read_text(encoding="utf-8") if qui.exists() else "une sauvegarde, si elle ne dit pas son nom"
            raise VerrouTenu(
                f"Une autre exécution écrit dans {self.racine.name}/ ({tenu}). Attendre qu'elle finisse, puis relancer."
            ) from None
        finally:
            os.umask(masque)

    def version(self, schema: str, table: str) -> str | None:
        """Return the version a table carries, None when there is no table."""
        return (self.metadata(schema, table) or {}).get("version")

    def metadata(self, schema: str, table: str) -> dict[str, Any] | None:
        """Return what a table says of itself: its version and the versions of its inputs."""
        chemin = self.path_of(schema, table)
        return self.said_by(chemin) if chemin.exists() else None

    def said_by(self, chemin: Path) -> dict[str, Any]:
        """Return what a Parquet file says of itself, nothing when there is no such file."""
        if not chemin.exists():
            return {}
        etat = chemin.stat()
        # tables are replaced, never rewritten: the same file still says the same
        signature = (etat.st_ino, etat.st_mtime_ns, etat.st_size)
        if self._dites.get(chemin, ((), {}))[0] != signature:
            brutes = parquet.read_metadata(chemin).metadata or {}
            self._dites[chemin] = signature, json.loads(brutes.get(b"observatoire", b"{}"))
        return dict(self._dites[chemin][1])

    def count_rows(self, schema: str, table: str) -> int:
        """Count the rows of a table, without reading them."""
        return int(parquet.read_metadata(self.path_of(schema, table)).num_rows)

    @contextmanager
    def replacing(self, chemin: Path) -> Iterator[Path]:
        """Give a temporary path that takes the place of `chemin` if all goes well, and vanishes if not.

        What takes the place is its owner's alone, unless it is published.
        """
        self.make_folder(*chemin.parent.relative_to(self.racine).parts)
        descripteur, nom = tempfile.mkstemp(dir=chemin.parent, prefix=f".{chemin.name}.", suffix=".part")
        os.close(descripteur)
        try:
            yield Path(nom)
            # last: DuckDB writes a file of its own in its place, for everyone
            Path(nom).chmod(0o666 & ~self._umask_of(chemin))
            os.replace(nom, chemin)  # noqa: PTH105 — the one call whose atomicity is documented
        finally:
            Path(nom).unlink(missing_ok=True)

    def write_batches(
        self,
        chemin: Path,
        schema: arrow.Schema,
        lots: Iterable[pd.DataFrame],
        metadonnees: dict[str, Any] | Callable[[], dict[str, Any]] | None = None,
    ) -> int:
        """Write batches as one Parquet file; return the number of rows.

        What the file says of itself is asked for after the last batch: some of it is known only then.
        """
        lignes = 0
        with parquet.ParquetWriter(chemin, schema, compression="zstd") as sortie:
            for lot in lots:
                lignes += len(lot)
                sortie.write_table(arrow.Table.from_pandas(lot[schema.names], schema=schema, preserve_index=False))
            dites = metadonnees() if callable(metadonnees) else metadonnees or {}
            sortie.add_key_value_metadata({"observatoire": json.dumps(dites)})
        return lignes

    def write_query(
        self,
        connexion: duckdb.DuckDBPyConnection,
        requete: str,
        schema: str,
        table: str,
        metadonnees: dict[str, Any],
        verifier: Callable[[Path], None] | None = None,
    ) -> int:
        """Write the result of a query as a table, unless `verifier` refuses the file; return the number of rows."""
        with self.replacing(self.path_of(schema, table)) as chemin:
            copy_query(connexion, requete, chemin, metadonnees)
            if verifier is not None:
                verifier(chemin)
            return int(parquet.read_metadata(chemin).num_rows)

    @contextmanager
    def connect(self, tables: Iterable[str] | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open an in-memory DuckDB where tables of the warehouse are views of their schema: those named, or all."""
        # spilling must not land in the current folder, nor in a release; DuckDB would make the folder for everyone
        if os.access(self.travail.parent, os.W_OK):
            self.travail.mkdir(mode=0o700, exist_ok=True)
        with memory_database(self.travail) as connexion:
            connexion.execute(f"SET memory_limit = '{memory_ceiling()}B'")
            # a query that needs an order says so; keeping one nobody asked for takes memory and time
            connexion.execute("SET preserve_insertion_order = false")
            for schema in SCHEMAS:
                connexion.execute(f"CREATE SCHEMA {schema}")
                for chemin in sorted((self.racine / schema).glob("[!.]*.parquet")):
                    if tables is None or f"{schema}.{chemin.stem}" in tables:
                        vue = f"{schema}.{chemin.stem}"
                        connexion.execute(f"CREATE VIEW {vue} AS FROM read_parquet({sql_literal(chemin)})")
            yield connexion

    def read_json(self, *parties: str) -> dict[str, Any] | None:
        """Read a small state file of the warehouse, None when it is not there."""
        chemin = self.racine.joinpath(*parties)
        return dict(json.loads(chemin.read_text(encoding="utf-8"))) if chemin.exists() else None

    def write_json(self, contenu: dict[str, Any], *parties: str) -> None:
        """Write a small state file of the warehouse, whole or not at all."""
        with self.replacing(self.racine.joinpath(*parties)) as chemin:
            chemin.write_text(json.dumps(contenu, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
