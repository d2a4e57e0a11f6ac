"""Kept evidence: each release stands with the tables it was computed from, and goes with them."""

from pathlib import Path

import pytest

from observatoire.evidence import PreuvesAbsentes, forget_evidence, keep_evidence, open_evidence
from observatoire.releases.lifecycle import current_release, releases, retract
from observatoire.warehouse import Entrepot
from tests.chaine import copier, entrepot_de, installer
from tests.fabrique import Fabrique, fabrique


@pytest.fixture
def ici(publie: Path, tmp_path: Path, monkeypatch) -> Entrepot:
    """Copy a folder whose first release is made."""
    return installer(copier(publie, tmp_path / "ici"), monkeypatch)


@pytest.fixture
def petite(tmp_path: Path):
    """Give a small observatory."""
    with fabrique(tmp_path) as petite:
        yield petite


def gardees(entrepot: Entrepot) -> list[str]:
    return sorted(chemin.name for chemin in (entrepot.racine / "preuves").iterdir())


def test_les_preuves_disent_ce_qui_etait_quand_la_publication_a_ete_faite(publie: Path, publie_deux_fois: Path):
    avant = entrepot_de(publie).version("mesures", "membres_reseaux")
    ici = entrepot_de(publie_deux_fois)
    assert gardees(ici) == releases(ici)
    premiere, _ = releases(ici)
    assert open_evidence(ici, premiere).version("mesures", "membres_reseaux") == avant
    derniere = open_evidence(ici, current_release(ici))
    assert derniere.version("mesures", "membres_reseaux") == ici.version("mesures", "membres_reseaux") != avant
    with derniere.connect() as connexion:
        requete = "SELECT count(*) FROM socle.adhesions JOIN mesures.membres_reseaux ON true"
        assert connexion.execute(requete).fetchall()[0][0] > 0
    assert derniere.read_json("etats", "adhesions.json")["etat"] == "a_jour"
    assert not list((ici.racine / "releases").rglob("mesures*")), "contributions never lie in what is published"


def test_une_publication_retiree_l_est_avec_ses_preuves(ici: Entrepot):
    premiere = current_release(ici)
    retract(ici, premiere, "objection")
    assert gardees(ici) == []
    with pytest.raises(PreuvesAbsentes, match="retirée"):
        open_evidence(ici, premiere)


def test_des_preuves_sans_publication_ne_s_ouvrent_pas_et_sont_balayees(ici: Entrepot):
    keep_evidence(ici, "tuee-en-route")
    with pytest.raises(PreuvesAbsentes):
        open_evidence(ici, "tuee-en-route")
    forget_evidence(ici, releases(ici))
    assert gardees(ici) == releases(ici)


def test_les_preuves_ne_pesent_rien_et_ne_se_rendent_qu_a_leur_proprietaire(petite: Fabrique):
    entrepot = petite.entrepot
    petite.contributions("m", [petite.ligne("commune:63001", 1)])
    dossier = keep_evidence(entrepot, "r")
    garde, courant = dossier / "socle" / "depot_m.parquet", entrepot.path_of("socle", "depot_m")
    assert garde.samefile(courant)
    assert [oct(chemin.stat().st_mode & 0o777) for chemin in (dossier, garde.parent)] == ["0o500", "0o500"]
    avant = garde.read_bytes()
    petite.contributions("m", [petite.ligne("commune:63001", 2)])
    assert garde.read_bytes() == avant and courant.read_bytes() != avant


def test_sans_liens_durs_les_preuves_sont_une_copie(petite: Fabrique, monkeypatch):
    petite.contributions("m", [petite.ligne("commune:63001", 1)])
    monkeypatch.setattr("observatoire.warehouse.os.link", lambda *_: (_ for _ in ()).throw(OSError("pas ici")))
    garde = keep_evidence(petite.entrepot, "r") / "socle" / "depot_m.parquet"
    assert garde.read_bytes() == petite.entrepot.path_of("socle", "depot_m").read_bytes()
    assert not garde.samefile(petite.entrepot.path_of("socle", "depot_m"))
