"""The pages of every EPCI: made from the release that stands, replaced whole or not at all, gone with a retraction."""

import re
import shutil
from pathlib import Path

import pytest

from observatoire.obstacle import Obstacle
from observatoire.releases import portraits
from observatoire.releases.lifecycle import current_release, releases, retract
from observatoire.releases.portraits import write_portraits
from observatoire.warehouse import Entrepot
from tests.chaine import installer, lancer, raisons
from tests.navigateur import Visite
from tests.socle.test_france_entiere import liens_morts

CAM, AUTRE = "246300701", "200070407"


@pytest.fixture(scope="module")
def modele(publie: Path, tmp_path_factory) -> Path:
    """Write the pages once, with the job, without any configuration."""
    dossier = tmp_path_factory.mktemp("portraits") / "ici"
    shutil.copytree(publie, dossier, symlinks=True)
    with pytest.MonkeyPatch.context() as monkeypatch:
        installer(dossier, monkeypatch)
        resultat = lancer("portraits")
        assert resultat.success, raisons(resultat)
    return dossier


@pytest.fixture
def ici(modele: Path, tmp_path: Path, monkeypatch) -> Entrepot:
    """Copy a warehouse whose pages are written."""
    dossier = tmp_path / "ici"
    shutil.copytree(modele, dossier, symlinks=True)
    return installer(dossier, monkeypatch)


def lues(entrepot: Entrepot) -> dict[str, bytes]:
    racine = entrepot.racine / "portraits"
    return {str(page.relative_to(racine)): page.read_bytes() for page in racine.rglob("*.*")}


def test_le_job_ecrit_une_page_par_epci_et_la_liste_qui_y_mene(modele: Path):
    racine = modele / "warehouse" / "portraits"
    assert racine.readlink() == Path("pages") / (modele / "warehouse" / "portrait").readlink().parent.name
    pages = {page.parent.name for page in racine.glob("*/index.html")}
    assert len(pages) == 14
    liste = (racine / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{code}/index.html"' in liste for code in pages)
    assert [liens_morts(page) for page in racine.rglob("*.html")] == [[]] * (2 * 14 + 3)


def test_la_page_d_un_epci_est_celle_de_la_publication(modele: Path):
    """The same page, but for the place of what pages share, and for the files, which are beside the release's only."""
    racine = modele / "warehouse"
    seule = (racine / "portrait" / "index.html").read_text(encoding="utf-8")
    parmi = (racine / "portraits" / CAM / "index.html").read_text(encoding="utf-8")
    assert 'href="journal.html"' in seule and 'id="telechargements"' in seule
    sans_fichiers = re.sub(r'<section id="telechargements".*?</section>', "", seule, flags=re.DOTALL)
    sans_fichiers = re.sub(r'<li><a href="(journal.html|#telechargements)">.*?</li>', "", sans_fichiers)
    assert "".join(parmi.replace('"../', '"').split()) == "".join(sans_fichiers.split())


@pytest.mark.long
def test_deux_processus_ecrivent_ce_qu_un_seul_ecrit(ici: Entrepot, monkeypatch):
    avant = lues(ici)
    monkeypatch.setattr(portraits, "PAGES_PAR_LOT", 5)
    write_portraits(ici, processus=2)
    assert lues(ici) == avant


def test_nommer_un_epci_n_efface_pas_les_autres_pages(ici: Entrepot):
    avant = lues(ici)
    assert write_portraits(ici, [AUTRE]).pages == 14
    assert lues(ici) == avant


def test_un_code_inconnu_ou_un_arret_ne_change_rien(ici: Entrepot, monkeypatch):
    avant = lues(ici)
    with pytest.raises(Obstacle, match=r"123456789 : aucun EPCI .* Rien n'a été écrit"):
        write_portraits(ici, [CAM, "123456789"])
    monkeypatch.setattr(portraits, "render", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_portraits(ici)
    assert lues(ici) == avant
    assert [dossier.name for dossier in (ici.racine / "pages").iterdir()] == [current_release(ici)]


def test_sans_publication_le_message_dit_quoi_lancer(entrepot: Entrepot):
    with pytest.raises(Obstacle, match="lancer actualiser"):
        write_portraits(entrepot)


def test_une_publication_retiree_emporte_ses_pages(ici: Entrepot):
    retract(ici, current_release(ici), "objection d'un organisme")
    assert not (ici.racine / "portraits").is_symlink()
    assert list((ici.racine / "pages").iterdir()) == []


@pytest.mark.campagne
def test_une_publication_oubliee_emporte_ses_pages(ici: Entrepot, monkeypatch):
    """Nobody may retract it any more: what is served of it would stay for good."""
    oubliee = current_release(ici)
    monkeypatch.setattr("observatoire.releases.lifecycle.GARDEES", 1)
    with (ici.settings.raw / "adhesions" / "adhesions_documents.csv").open("a", encoding="utf-8") as flux:
        flux.write("sismo,Structure neuve,,inconnu,,,inconnu,inconnu,faible,sismo,Structure neuve\n")
    resultat = lancer()
    assert resultat.success, raisons(resultat)
    assert oubliee not in releases(ici)
    assert not (ici.racine / "portraits").is_symlink()
    assert list((ici.racine / "pages").iterdir()) == []


def test_un_retrait_balaie_les_pages_que_rien_ne_mene_a_lire(ici: Entrepot):
    """Left by a killed run, or by a release that is gone: they may quote what is objected to."""
    for nom in (".en_cours-tue", "20200101T000000000Z-oubliee"):
        (ici.racine / "pages" / nom).mkdir()
    with pytest.raises(Obstacle, match="n'est pas gardée"):
        retract(ici, "20200101T000000000Z-oubliee", "objection")
    assert [dossier.name for dossier in (ici.racine / "pages").iterdir()] == [current_release(ici)]
    assert (ici.racine / "portraits" / CAM / "index.html").exists()


def test_la_liste_se_cherche_par_nom_sans_accent(modele: Path, visite: Visite):
    visite.page.goto((modele / "warehouse" / "portraits" / "index.html").as_uri())
    assert visite.page.locator(".liste li:visible").count() == 14
    visite.page.get_by_label("Nom, région ou SIREN").fill("clermont METROPOLE")
    assert visite.page.locator(".liste li:visible").count() == 1
    assert visite.page.get_by_role("status").text_content() == "1 sur 14"
    visite.page.locator(".liste li:visible a").click()
    assert "Clermont Auvergne Métropole" in visite.page.locator("header").inner_text()
    visite.page.wait_for_function("window.Plotly")
    assert (visite.erreurs, visite.dehors) == ([], [])
