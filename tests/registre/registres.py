"""A register of invented project leaders, whose words nobody bears."""

import contextlib
import io
import random
import re
from datetime import date
from pathlib import Path

from observatoire.registre.__main__ import main
from observatoire.registre.records import Porteur
from observatoire.registre.store import Store, open_store
from observatoire.settings import RegisterSettings, Settings

CAM = "246300701"
TERRITOIRES = [CAM, "200070407", "200071199", "246300966"]


def canari(rang: int) -> str:
    """Build a word nobody bears."""
    return "zqx" + "".join(random.Random(rang).choices("bcdfghjkvwz", k=14)) + "qz"  # noqa: S311


def porteur(rang: int, **champs) -> Porteur:
    defauts = {
        "numero": f"P{rang:06}", "nom": canari(rang), "contact": canari(1000 + rang), "projet": canari(2000 + rang), "code_epci": CAM,
        "etape": "étude", "finalite": "accompagnement", "rencontre_le": date(2026, 9, 1 + rang % 28),
        "conserver_jusqu_au": date(2028, 9, 1), "referent_technique": canari(3000 + rang) if rang % 2 else "",
    }
    return Porteur(**{**defauts, **champs})


CANARIS = [canari(base + rang) for base in (0, 1000, 2000, 3000) for rang in range(56)]


def ouvrir() -> Store:
    return open_store(RegisterSettings.from_environment(), Settings.from_environment())


def remplir(magasin: Store, nombre: int = 56) -> None:
    with magasin.change() as contenu:
        for rang in range(nombre):
            contenu.add(porteur(rang))


def lancer(*arguments: str, reponses: str = "", monkeypatch=None) -> tuple[int, str, str]:
    sortie, erreurs = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(sortie), contextlib.redirect_stderr(erreurs):
        if monkeypatch is not None:
            monkeypatch.setattr("sys.stdin", io.StringIO(reponses))
        code = main(list(arguments))
    return code, sortie.getvalue(), erreurs.getvalue()


# what is written, and what is erased


def fichiers(dossier: Path, motif: str = "*") -> list[Path]:
    """List the files of a folder, each once, however many names it has."""
    return list({chemin.stat().st_ino: chemin for chemin in dossier.rglob(motif) if chemin.is_file()}.values())


def octets(dossier: Path) -> bytes:
    return b"".join(chemin.read_bytes() for chemin in fichiers(dossier))


def presents(contenu: bytes) -> list[str]:
    """List the canaries found: they have one shape, which one pass finds."""
    trouves = {mot.decode() for mot in re.findall(rb"zqx[a-z]{14}qz", contenu)}
    return [mot for mot in CANARIS if mot in trouves]
