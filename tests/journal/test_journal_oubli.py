"""What a journal says of a release being retracted is forgotten whole, wherever the process is killed."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from observatoire.journal.writing import JOURNAL, PAGE, TOUS, forget_quoted, read_journal
from observatoire.warehouse import erase, sha256
from tests.journal.atelier import Atelier, lignes_de, somme


def interrompu_au(rang: int, appel: Callable[[], object]) -> bool:
    """Run a call, killed at the n-th time it touches the disk; say whether it was."""
    faits = 0

    def compter(vrai: Callable[..., Any]) -> Callable[..., Any]:
        def touche(*arguments: Any, **options: Any) -> Any:
            nonlocal faits
            faits += 1
            if faits == rang:
                raise KeyboardInterrupt
            return vrai(*arguments, **options)

        return touche

    with pytest.MonkeyPatch.context() as coupure:
        for ou, nom in (
            (Path, "unlink"), (Path, "replace"), (Path, "write_text"), (Path, "chmod"), (shutil, "copyfile"), (os, "replace")
        ):  # fmt: skip
            coupure.setattr(ou, nom, compter(getattr(ou, nom)))
        try:
            appel()
        except KeyboardInterrupt:
            return True
    return False


def test_un_oubli_tue_n_importe_ou_se_reprend_jusqu_au_bout(atelier: Atelier):
    """Wherever it is killed, the next try leaves no figure of the retracted release, and a release that is whole."""
    atelier.deposer("m", lignes_de(atelier, "7654.5"))
    somme(atelier)
    retiree = atelier.publier()["release"]
    atelier.deposer("m", lignes_de(atelier, "7654.5", "0.25"))
    atelier.publier()
    dossier, copie = atelier.dossier, atelier.entrepot.racine / "copie"
    assert "7654.5" in (dossier / JOURNAL).read_text(encoding="utf-8") and (dossier / TOUS).exists()
    shutil.copytree(dossier, copie)
    rang, tue = 0, True
    while tue:
        rang += 1
        erase(dossier)
        shutil.copytree(copie, dossier)
        tue = interrompu_au(rang, lambda: forget_quoted(atelier.entrepot, retiree))
        forget_quoted(atelier.entrepot, retiree)
        cites = [chemin for chemin in dossier.rglob("*") if chemin.is_file() and chemin.name != "observatoire.duckdb"]
        assert (read_journal(dossier) or {})["cas"] == "retiree" and not list(dossier.rglob(TOUS)), rang
        assert not [c for c in cites if "7654" in c.read_text(encoding="utf-8").replace("\u202f", "")], rang
        manifeste = json.loads((dossier / "manifest.json").read_text(encoding="utf-8"))
        assert {JOURNAL, PAGE, f"portrait/donnees/{JOURNAL}"} <= set(manifeste["fichiers"])
        assert all(sha256(dossier / nom) == dite for nom, dite in manifeste["fichiers"].items()), rang
    assert rang > 10, "the disk is touched many times"
