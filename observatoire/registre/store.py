"""The encrypted file of the register, its key, and where neither may be. What a record is belongs to `records`.

Fernet (AES-128-CBC and HMAC-SHA256, package `cryptography`). The store is rewritten whole at each change, and what was
there before is overwritten; a copy made elsewhere, by a backup, is not.
"""

import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from filelock import FileLock, Timeout

from observatoire.obstacle import Obstacle
from observatoire.registre.records import Contenu
from observatoire.settings import RACINE, RegisterSettings, Settings

FICHIER = "registre.chiffre"
INACHEVE = ".registre."
CLE = "OBSERVATOIRE_REGISTRE_CLE"
MAGASIN = "OBSERVATOIRE_REGISTRE"
ATTENTE_S = 30


class Store:
    """The store and its key, once both have been found where they may be."""

    def __init__(self, dossier: Path, cle: Path) -> None:
        """Remember where they are; `open_store` checks it."""
        self.dossier, self.cle = dossier, cle
        self.chemin = dossier / FICHIER

    def create(self, territoires: list[str]) -> None:
        """Make an empty store, and its key unless there is one.

        Raises:
            Obstacle: there is a store already.
        """
        if self.chemin.exists():
            raise Obstacle(f"Un registre existe déjà dans {MAGASIN} : rien n'est fait.")
        if not self.cle.exists():
            self.cle.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(self.cle, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as flux:
                flux.write(Fernet.generate_key())
        self.dossier.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock():
            self._write(Contenu(territoires))

    def read(self) -> Contenu:
        """Return what the store holds.

        Raises:
            Obstacle: no store, no key, a key others can read, or one that does not open it.
        """
        if not self.chemin.exists():
            raise Obstacle(f"Aucun registre dans {MAGASIN} : lancer « initialiser ».")
        try:
            clair = self._fernet().decrypt(self.chemin.read_bytes())
        except InvalidToken:
            raise Obstacle(
                f"La clé de {CLE} n'ouvre pas ce registre, ou son fichier est abîmé : retrouver la bonne clé."
            ) from None
        return Contenu.from_json(json.loads(clair))

    @contextmanager
    def change(self) -> Iterator[Contenu]:
        """Give what the store holds, then write it again; nothing is written when the block fails.

        Raises:
            Obstacle: as `read`, or another run holds the register.
        """
        with self._lock():
            contenu = self.read()
            yield contenu
            self._write(contenu)

    def purge(self, jour: date) -> int:
        """Erase the records kept until a day before this one; return how many. Nothing is written when none is.

        What a killed run left is erased either way: its former content may hold records erased since.

        Raises:
            Obstacle: as `change`.
        """
        self.read()  # a folder that is no register gets no lock
        with self._lock():
            contenu = self.read()
            if expires := contenu.purge(jour):
                self._write(contenu)
            return expires

    @contextmanager
    def _lock(self) -> Iterator[None]:
        verrou = FileLock(self.dossier / ".verrou", timeout=ATTENTE_S)
        try:
            verrou.acquire()
        except Timeout:
            raise Obstacle(
                "Une autre fenêtre tient le registre : attendre qu'elle ait fini, puis relancer."
            ) from None
        except OSError:
            raise Obstacle(
                f"Le registre ne s'écrit pas : disque plein, ou droits. Ouvrir le dossier de {MAGASIN} en écriture au "
                "compte qui lance l'observatoire (sous systemd, ReadWritePaths), puis relancer."
            ) from None
        try:
            for inacheve in self.dossier.glob(f"{INACHEVE}*"):  # left by a run that was killed
                _wipe(inacheve)
            yield
        finally:
            verrou.release()

    def _write(self, contenu: Contenu) -> None:
        chiffre = self._fernet().encrypt(json.dumps(contenu.as_json(), default=str).encode())
        descripteur, nom = tempfile.mkstemp(dir=self.dossier, prefix=INACHEVE)
        try:
            with os.fdopen(descripteur, "wb") as flux:
                flux.write(chiffre)
                flux.flush()
                os.fsync(flux.fileno())
            # the former content is still reachable by this link once the new one has taken its name
            ancien = Path(f"{nom}.ancien")
            if self.chemin.exists():
                os.link(self.chemin, ancien)
            os.replace(nom, self.chemin)  # noqa: PTH105 — the one call whose atomicity is documented
            _wipe(ancien)
        finally:
            _wipe(Path(nom))

    def _fernet(self) -> Fernet:
        if not self.cle.is_file():
            raise Obstacle(f"Clé absente : {CLE} ne mène à aucun fichier.")
        if self.cle.stat().st_mode & 0o077:
            raise Obstacle(f"D'autres que son propriétaire peuvent lire la clé : chmod 600 sur {CLE}.")
        try:
            return Fernet(self.cle.read_bytes().strip())
        except ValueError:
            raise Obstacle(f"Le fichier de {CLE} n'est pas une clé : « initialiser » en fait une.") from None


def open_store(places: RegisterSettings, settings: Settings) -> Store:
    """Find the store and its key.

    Args:
        places: what the environment says of them.
        settings: where the observatory works: the register is never there.

    Raises:
        Obstacle: one of them is not said, is in a folder of the observatory or of git, or they are together.
    """
    if places.magasin is None or places.cle is None:
        raise Obstacle(
            f"Dire où est le registre ({MAGASIN}, un dossier) et où est sa clé ({CLE}, un fichier rangé ailleurs) : "
            "rien n'est fait sans les deux."
        )
    for variable, chemin in ((MAGASIN, places.magasin), (CLE, places.cle)):
        for nom, dossier in (("raw/", settings.raw), ("warehouse/", settings.warehouse), ("le code", RACINE)):
            if chemin.is_relative_to(dossier) or dossier.is_relative_to(chemin):
                raise Obstacle(f"{variable} touche {nom} : le ranger hors des dossiers de l'observatoire.")
        if any((parent / ".git").exists() for parent in (chemin, *chemin.parents)):
            raise Obstacle(f"{variable} est dans un dossier suivi par git : le ranger ailleurs.")
    # the folder of one never holds the other
    if places.cle.is_relative_to(places.magasin) or places.magasin.is_relative_to(places.cle.parent):
        raise Obstacle("La clé est rangée avec le registre : qui emporte l'un a l'autre. La ranger ailleurs.")
    return Store(places.magasin, places.cle)


def _wipe(chemin: Path) -> None:
    """Overwrite a file, then forget it; what a disk keeps of overwritten blocks is ciphertext."""
    with contextlib.suppress(FileNotFoundError):
        with chemin.open("r+b") as flux:
            flux.write(secrets.token_bytes(chemin.stat().st_size))
            flux.flush()
            os.fsync(flux.fileno())
        chemin.unlink()
