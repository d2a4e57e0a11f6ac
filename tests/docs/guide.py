"""The French guide as the tests read it: its pages, their fenced blocks, and how a recipe is run where a release is.

A recipe is a block marked `sql`, `python` or `console`; a word after the mark says why it is not run (`hors-essai=…`)
or which recipe it is (`sauvegarder`). What each recipe must give belongs to the tests.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pip._vendor.distlib.scripts import ScriptMaker, enquote_executable

from tests.chaine import RACINE, environnement

DOCS = RACINE / "docs"
PAGES = sorted(DOCS.glob("*.md"))


@dataclass(frozen=True)
class Bloc:
    """A fenced block of a page.

    Attributes:
        page: name of the page.
        langage: first word of the fence.
        note: the words that follow.
        texte: its lines.
    """

    page: str
    langage: str
    note: str
    texte: str

    @property
    def hors_essai(self) -> str:
        """Why it is not run, empty when it is."""
        return self.note.removeprefix("hors-essai=") if self.note.startswith("hors-essai=") else ""

    @property
    def commandes(self) -> list[str]:
        """The commands of a console, without what they answer."""
        return [ligne.removeprefix("$ ") for ligne in self.texte.splitlines() if ligne.startswith("$ ")]


def blocs(*langages: str, page: str = "*") -> list[Bloc]:
    """List the blocks of these languages, in the order of the pages."""
    return [
        Bloc(chemin.name, langage, note.strip(), texte)
        for chemin in PAGES
        if chemin.match(page)
        for langage, note, texte in re.findall(
            r"^```(\w+)([^\n]*)\n(.*?)^```$", chemin.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
        if langage in langages
    ]


def copie(publie: Path, ou: Path) -> Path:
    """Copy a release, its `raw/` and its history where recipes may change them, with the programs of the tests."""
    shutil.copytree(publie, ou, symlinks=True)
    installer_commandes(ou)
    (ou / ".dagster").mkdir(exist_ok=True)
    (ou / "dagster").mkdir(exist_ok=True)
    return ou


def installer_commandes(ou: Path) -> None:
    """Give a folder a `.venv/`: what the environment of the tests holds, and the commands of this project, as pip does."""
    ici, bin_ = Path(sys.prefix), ou / ".venv" / "bin"
    bin_.mkdir(parents=True)
    scripts = tomllib.loads((RACINE / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    for chemin in (*(c for c in ici.iterdir() if c.name != "bin"), *(ici / "bin").iterdir()):
        if chemin.name not in scripts:
            (ou / ".venv" / chemin.relative_to(ici)).symlink_to(chemin)
    fabrique = ScriptMaker(None, str(bin_))
    fabrique.executable, fabrique.variants = enquote_executable(str(bin_ / "python")), {""}
    fabrique.make_multiple([f"{nom} = {cible}" for nom, cible in scripts.items()])


def jouer(commande: str, dossier: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the guide in a folder that stands for `/srv/observatoire`."""
    chemins = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commande],
        cwd=dossier,
        env={**environnement(dossier), "PATH": chemins, "PYTHONPATH": str(RACINE)},
        capture_output=True,
        text=True,
        check=False,
    )
