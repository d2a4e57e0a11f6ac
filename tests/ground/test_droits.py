"""Who may read what a run writes: its owner alone, but what is published, whatever the umask."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from observatoire.loading.files import close_restricted
from observatoire.obstacle import Obstacle
from observatoire.warehouse import PUBLIES, Entrepot, copy_query


@pytest.fixture(params=[0o022, 0o077, 0o000, 0o002], ids=oct)
def masque(request) -> Iterator[int]:
    """Run under a umask."""
    avant = os.umask(request.param)
    yield request.param
    os.umask(avant)


def droits(chemin: Path) -> str:
    return oct(stat.S_IMODE(chemin.stat().st_mode))


@pytest.mark.usefixtures("masque")
def test_ce_qui_s_ecrit_est_a_son_proprietaire(entrepot: Entrepot):
    entrepot.write_json({"a": 1}, "etats", "x.json")
    with entrepot.connect(()) as base:
        entrepot.write_query(base, "SELECT 1 AS a", "mesures", "m", {})
    with entrepot.replacing(entrepot.racine / "deplies" / "r" / "c" / "lignes.csv") as chemin:
        chemin.write_text("a")
    assert {droits(entrepot.racine / nom) for nom in ("etats", "mesures", "deplies", "deplies/r", ".duckdb")} == {"0o700"}
    assert {droits(chemin) for chemin in entrepot.racine.rglob("*.*") if chemin.is_file()} == {"0o600"}
    assert droits(entrepot.racine) == "0o755", "the stable path goes through it"


@pytest.mark.usefixtures("masque")
def test_ce_qui_se_publie_se_lit(entrepot: Entrepot):
    with entrepot.replacing(entrepot.racine / "releases.json") as chemin:
        chemin.write_text("{}")
    with entrepot.unfinished("releases") as dossier:
        assert droits(dossier) == "0o700", "not yet"
    assert (droits(entrepot.racine / "releases.json"), droits(entrepot.racine / "releases")) == ("0o644", "0o755")


def test_ce_qu_un_calcul_ecrit_pendant_qu_il_tient_l_entrepot_est_ferme(entrepot: Entrepot, masque: int):
    """DuckDB, and any library, write with the rights the process gives."""
    with entrepot.lock("essai"), entrepot.connect(()) as base:
        (entrepot.racine / "nouveau").mkdir()
        copy_query(base, "SELECT 1 AS a", entrepot.racine / "nouveau" / "a.parquet", {})
    assert droits(entrepot.racine / "nouveau") == "0o700"
    assert droits(entrepot.racine / "nouveau" / "a.parquet") == "0o600"
    assert os.umask(masque) == masque, "given back"


def test_un_entrepot_reste_ouvert_se_referme(entrepot: Entrepot):
    """As an older version left it, or a backup restored under another umask."""
    for nom in ("rejets", "jamais_vu", "releases/r/portrait", "pages/r"):
        (entrepot.racine / nom).mkdir(parents=True)
    ecrits = ("rejets/a.csv", "etrange.txt", "releases/r/portrait/index.html", "pages/r/index.html", "flux.atom")
    for nom in ecrits:
        (entrepot.racine / nom).write_text("a")
    (entrepot.racine / "portrait").symlink_to("releases/r/portrait")
    for chemin in (entrepot.racine, *entrepot.racine.rglob("*")):
        if not chemin.is_symlink():
            chemin.chmod(0o755 if chemin.is_dir() else 0o644)
    for ferme in ("releases/r", "releases/r/portrait", "pages/r"):
        (entrepot.racine / ferme).chmod(0o500)
        for fichier in (entrepot.racine / ferme).glob("*.html"):
            fichier.chmod(0o400)
    with entrepot.lock("essai"):
        pass
    prives = {chemin.name for chemin in entrepot.racine.iterdir() if stat.S_IMODE(chemin.lstat().st_mode) & 0o077}
    assert prives <= set(PUBLIES) and {droits(entrepot.racine / nom) for nom in ("rejets", "jamais_vu")} == {"0o700"}
    assert {droits(entrepot.racine / nom) for nom in ("releases/r", "releases/r/portrait", "pages/r")} == {"0o555"}
    assert {droits(chemin) for chemin in entrepot.racine.rglob("*.html")} == {"0o444"}, "who may write has not changed"


def test_un_dossier_qui_contient_autre_chose_n_est_pas_touche(entrepot: Entrepot):
    outil = entrepot.racine / "outil"
    outil.parent.mkdir()
    outil.write_text("#!/bin/sh")
    outil.chmod(0o755)
    entrepot.racine.chmod(0o700)
    with pytest.raises(Obstacle, match=r"contient autre chose qu'un entrepôt \(outil…\)\. Rien n'a été écrit"), entrepot.lock("e"):
        raise AssertionError
    with pytest.raises(Obstacle, match="autre chose"):
        entrepot.write_json({}, "etats", "a.json")
    assert (droits(entrepot.racine), droits(outil), list(entrepot.racine.iterdir())) == ("0o700", "0o755", [outil])


def test_le_haut_d_un_disque_sert_d_entrepot(entrepot: Entrepot, monkeypatch):
    """`lost+found` is of another account, which alone may change its rights."""
    perdu = entrepot.racine / "lost+found"
    perdu.mkdir(parents=True)
    refuser = Path.chmod

    def chmod(chemin: Path, mode: int) -> None:
        if chemin.name == "lost+found":
            raise PermissionError(chemin)
        refuser(chemin, mode)

    monkeypatch.setattr(Path, "chmod", chmod)
    os.chown(perdu, os.geteuid() + 1, -1) if os.geteuid() == 0 else monkeypatch.setattr("os.geteuid", lambda: -1)
    with entrepot.lock("essai"):
        assert perdu.exists()


def test_un_dossier_restreint_se_ferme_a_son_groupe_sauf_s_il_lui_a_ete_donne(entrepot: Entrepot):
    dossier = entrepot.settings.raw / "paie_etablissements"
    dossier.mkdir(parents=True)
    (dossier / "paie.pdf").write_text("ce que rien ne lit est fermé aussi")
    for avant, apres in ((0o755, "0o700"), (0o2775, "0o2770")):
        dossier.chmod(avant)
        close_restricted(entrepot.settings)
        assert droits(dossier) == apres
