"""What a result owes to the code: the modules that compute it, with all they import, and the versions of libraries.

What it owes to its inputs belongs to what computes it.
"""

import ast
import os
import platform
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from observatoire.obstacle import Obstacle
from observatoire.warehouse import fingerprint, sha256

PAQUET = Path(__file__).parent
# libraries that are imported under another name than the one they are installed by
DISTRIBUTIONS = {"stdnum": "python-stdnum", "yaml": "PyYAML"}


class CodeIntrouvable(Obstacle):
    """Code that no fingerprint can follow. The message, in French, names the file and says what to write."""


@cache
def code_owed(*lieux: str) -> str:
    """Hash what a result owes to the code: it changes when, and only when, what may have made the result does.

    Args:
        lieux: modules by their dotted name (`observatoire.loading.ingestion`), files by their whole path or by a
            pattern from the package (`sources/naf/*`). What is Python counts with all it imports from this package.

    Raises:
        CodeIntrouvable: a place where there is no file, a relative import, or a library that is not installed.
    """
    depart: set[Path] = set()
    for lieu in lieux:
        trouves = _files_of(lieu) if lieu.startswith(f"{PAQUET.name}.") else _files_matching(lieu)
        if not trouves:
            raise CodeIntrouvable(f"Empreinte du code : rien ne s'appelle {lieu} dans {PAQUET.name}/. Corriger ce nom.")
        depart |= trouves
    chemins = sorted(_closure(frozenset(depart)))
    bibliotheques = sorted({nom for chemin in chemins for nom in _imports(chemin)[1]})
    return fingerprint(
        _hashes(chemins),
        platform.python_version(),
        [(nom, _installed(nom)) for nom in bibliotheques],
    )


def _files_matching(motif: str) -> set[Path]:
    """Return the file of that path, or those of this package that match a pattern, compiled ones aside."""
    trouves = [Path(motif)] if Path(motif).is_absolute() else PAQUET.glob(motif)
    return {chemin for chemin in trouves if chemin.is_file() and chemin.suffix != ".pyc"}


def _hashes(chemins: list[Path]) -> list[tuple[str, str]]:
    return [(os.path.relpath(chemin, PAQUET), _hash(chemin)) for chemin in chemins]


def _closure(depart: frozenset[Path]) -> set[Path]:
    """Add to files the modules of this package that they import, directly or not."""
    atteints, a_voir = set(depart), list(depart)
    while a_voir:
        for nom in _imports(a_voir.pop())[0]:
            nouveaux = _files_of(nom) - atteints
            atteints |= nouveaux
            a_voir += nouveaux
    return atteints


@cache
def _imports(chemin: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Read which modules of this package, and which libraries, a file of it imports."""
    if chemin.suffix != ".py" or not chemin.is_relative_to(PAQUET):
        return frozenset(), frozenset()
    siens, bibliotheques = set(), set()
    for noeud in _statements(ast.parse(chemin.read_text(encoding="utf-8"))):
        if isinstance(noeud, ast.Import):
            noms = [alias.name for alias in noeud.names]
        elif isinstance(noeud, ast.ImportFrom):
            if noeud.level:
                raise CodeIntrouvable(
                    f"{chemin.name}, ligne {noeud.lineno} : import relatif, que l'empreinte du code ne "
                    f"suit pas. Écrire le nom entier du module : from {PAQUET.name}.…"
                )
            # what is imported from a package may be a module of it
            noms = [f"{noeud.module}.{alias.name}" for alias in noeud.names]
        else:
            continue
        for nom in noms:
            racine = nom.partition(".")[0]
            if racine == PAQUET.name:
                siens.add(nom)
            elif racine not in sys.stdlib_module_names:
                bibliotheques.add(_distribution(racine, chemin))
    return frozenset(siens), frozenset(bibliotheques)


def _statements(bloc: ast.AST) -> Iterator[ast.AST]:
    """Give the statements of a block and of those inside; an import is one, what they compute is not looked into."""
    for champ in ("body", "orelse", "handlers", "finalbody", "cases"):
        for noeud in getattr(bloc, champ, ()):
            yield noeud
            yield from _statements(noeud)


@cache
def _files_of(nom: str) -> frozenset[Path]:
    """Return the files that importing a name runs: its module, and the packages around it."""
    trouves, dossier = set(), PAQUET.parent
    for partie in nom.split("."):
        trouves |= {dossier / f"{partie}.py", dossier / partie / "__init__.py"}
        dossier /= partie
    return frozenset(chemin for chemin in trouves if chemin.is_file())


def _distribution(racine: str, chemin: Path) -> str:
    """Return the name a library is installed by."""
    nom = DISTRIBUTIONS.get(racine, racine)
    try:
        _installed(nom)
    except PackageNotFoundError:
        raise CodeIntrouvable(
            f"{chemin.name} importe {racine}, dont la version ne se trouve pas : l'installer, ou dire "
            "dans DISTRIBUTIONS (fingerprints.py) sous quel nom elle s'installe."
        ) from None
    return nom


@cache
def _installed(nom: str) -> str:
    """Return the version of a library: asking for it reads its files, and every source asks for a dozen."""
    return version(nom)


@cache
def _hash(chemin: Path) -> str:
    return sha256(chemin)
