"""What is not read again: a file is hashed once, and again as soon as anything of how it looks differs."""

import os
from pathlib import Path

import pytest

from observatoire.loading import files, hashes
from observatoire.loading.files import files_of
from observatoire.warehouse import Entrepot, sha256
from tests.depots import deposer, source
from tests.loading.test_hash_et_lecture import VRAI, recrire, remplacer

NOM = "s_2024.csv"


@pytest.fixture
def lues(monkeypatch) -> list[Path]:
    """Keep the files that are read to be hashed, all old enough to be remembered."""
    liste: list[Path] = []
    monkeypatch.setattr(hashes, "TROP_RECENT_S", 0.0)
    monkeypatch.setattr(files, "sha256", lambda chemin: liste.append(chemin) or sha256(chemin))
    return liste


def empreinte(entrepot: Entrepot) -> str:
    (fichier,) = files_of(entrepot.settings, source("subventions"))
    assert fichier.sha256 == sha256(fichier.chemin)
    return fichier.sha256


def test_un_fichier_qui_n_a_pas_change_n_est_pas_relu(entrepot: Entrepot, lues):
    deposer(entrepot, "subventions", NOM, VRAI)
    assert empreinte(entrepot) == empreinte(entrepot) == empreinte(entrepot)
    assert len(lues) == 1


@pytest.mark.parametrize("geste", [remplacer, recrire])
def test_meme_taille_et_meme_date_ne_suffisent_pas(entrepot: Entrepot, lues, geste):
    deposer(entrepot, "subventions", NOM, VRAI)
    avant, chemin = empreinte(entrepot), entrepot.settings.raw / "subventions" / NOM
    geste(chemin, VRAI[::-1].encode())
    assert empreinte(entrepot) != avant and len(lues) == 2


def test_un_fichier_qui_vient_de_changer_est_relu(entrepot: Entrepot, lues, monkeypatch):
    monkeypatch.setattr(hashes, "TROP_RECENT_S", 60.0)
    deposer(entrepot, "subventions", NOM, VRAI)
    assert empreinte(entrepot) == empreinte(entrepot) and len(lues) == 2


@pytest.mark.parametrize("reste", ["{", "[]", '{"x": 1}'])
def test_une_memoire_abimee_ou_absente_ne_fait_que_relire(entrepot: Entrepot, lues, reste: str):
    deposer(entrepot, "subventions", NOM, VRAI)
    attendue, memoire = empreinte(entrepot), entrepot.racine / "empreintes" / "subventions.json"
    memoire.write_text(reste)
    assert empreinte(entrepot) == attendue
    memoire.unlink()
    assert empreinte(entrepot) == attendue and len(lues) == 3


def test_ou_rien_ne_s_ecrit_rien_n_est_retenu(entrepot: Entrepot, lues, monkeypatch):
    def refuse(*_):
        raise PermissionError(os.strerror(13))

    deposer(entrepot, "subventions", NOM, VRAI)
    monkeypatch.setattr(Entrepot, "write_json", refuse)
    assert empreinte(entrepot) == empreinte(entrepot)
