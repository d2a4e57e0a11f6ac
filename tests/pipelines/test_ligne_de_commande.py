"""The command of operators: what it runs, what it refuses in French."""

from pathlib import Path

import pytest

from observatoire.releases.lifecycle import current_release, releases
from observatoire.warehouse import Entrepot
from pipelines.__main__ import main
from tests.chaine import copier, installer


@pytest.fixture
def ici(publie: Path, tmp_path: Path, monkeypatch) -> Entrepot:
    """Copy a folder whose first release is made."""
    copier(publie, tmp_path / "ici")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return installer(tmp_path / "ici", monkeypatch)


@pytest.mark.parametrize(
    ("arguments", "mots"),
    [
        (("jadis",), "Aucun job ne s'appelle jadis. Jobs : actualiser"),
        (("actualiser", "subventions"), "Le job actualiser ne prend rien de plus"),
        (("revenir_a", "20261126"), "revenir_a attend release=…"),
        (("retirer_publication", "release=x"), "retirer_publication attend release=… motif=…"),
        (("deplier", "un=deux"), "deplier attend indicateur=…"),
    ],
)
def test_ce_qui_ne_se_comprend_pas_se_dit_en_francais(arguments: tuple[str, ...], mots: str, capsys):
    assert main(*arguments) == 2
    assert mots in capsys.readouterr().err


def test_une_objection_s_honore_sans_interface(ici: Entrepot, capsys):
    retiree = current_release(ici)
    assert main("retirer_publication", f"release={retiree}", "motif=objection") == 0
    assert releases(ici) == [] and current_release(ici) is None
    assert main("revenir_a", f"release={retiree}") == 1
    assert "n'est pas gardée" in capsys.readouterr().err


def test_ce_que_rien_ne_lit_dans_raw_est_nomme(ici: Entrepot, capsys):
    (ici.settings.raw / "adhesion").mkdir()
    (ici.settings.raw / "adhesions" / "bilan.pdf").write_bytes(b"%PDF")
    assert main("reprendre") == 0
    dit = capsys.readouterr().out
    assert "raw/adhesion n'est lu par aucune source" in dit
    assert "raw/adhesions/bilan.pdf : format non lu. Enregistrer en CSV (UTF-8) ou en XLSX" in dit
