"""The portrait in a real browser: it opens anywhere, for everybody, on two sheets, and runs nothing that comes from files."""

import shutil
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from pypdf import PdfReader

from observatoire.publication.portrait import write_portrait
from observatoire.publication.unfolded_page import PAGE as DEPLIAGE
from observatoire.publication.unfolded_page import write_unfolding
from observatoire.releases.lifecycle import current_release
from observatoire.releases.portraits import write_portraits
from observatoire.settings import Settings
from observatoire.unfolding.figures import unfold
from observatoire.unfolding.key import complete_key
from observatoire.warehouse import Entrepot
from tests.navigateur import Visite
from tests.publication.pages import EPCI, LIBELLES, declaration, indicateur, source, valeur
from tests.publication.visites import chiffres, ouvrir

pytestmark = pytest.mark.long
AA = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
PAGES = ("index.html", "acteurs.html", "sources.html", "qualite.html", "journal.html")
ATTAQUE = "<script>window.attaque = 1</script><img src=x onerror='window.attaque = 2'>\u202e\u200bfin"
# a territory whose name says everything that may go wrong
LONG = f"{ATTAQUE} {'W' * 10_000}"


@pytest.fixture(scope="module")
def dossier(publie: Path) -> Path:
    return publie / "warehouse" / "portrait"


@pytest.fixture(scope="module")
def base(publie: Path):
    with duckdb.connect(str(publie / "warehouse" / "observatoire.duckdb"), read_only=True) as connexion:
        yield connexion


def tout_deplier(visite: Visite) -> None:
    visite.page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")


def une_seule_direction(visite: Visite) -> bool:
    return visite.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- a page that opens anywhere, for everybody


@pytest.mark.parametrize("nom", PAGES)
def test_la_page_s_ouvre_d_un_fichier_sans_erreur_ni_requete_dehors(visite: Visite, dossier: Path, nom: str):
    ouvrir(visite, dossier / nom)
    assert (visite.erreurs, visite.dehors) == ([], [])
    assert visite.page.evaluate("document.documentElement.lang") == "fr"
    assert all(visite.page.locator(repere).count() == 1 for repere in ("body > header", "main#contenu", "h1"))
    assert "DÉMONSTRATION" in visite.page.title() and visite.page.locator(".bandeau").is_visible()


@pytest.mark.parametrize(("nom", "largeur"), [("index.html", 1280), *((nom, 360) for nom in PAGES)])
def test_axe_ne_trouve_aucune_violation_et_la_page_defile_dans_une_seule_direction(visite: Visite, dossier: Path, nom: str, largeur: int):
    ouvrir(visite, dossier / nom, largeur)
    assert une_seule_direction(visite)
    tout_deplier(visite)
    assert une_seule_direction(visite)
    violations = Axe().run(visite.page, options=AA).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in violations] == []


@pytest.fixture(scope="module")
def a_la_demande(publie: Path, tmp_path_factory) -> dict[str, Path]:
    """Write the pages that are made when asked: the list of the pages of EPCI, a figure unfolded to its lines, a rank."""
    ici = tmp_path_factory.mktemp("demande") / "ici"
    shutil.copytree(publie, ici, symlinks=True)
    entrepot = Entrepot(Settings(ici / "raw", ici / "warehouse", EPCI))
    write_portraits(entrepot, [EPCI], processus=1)
    pages = {"liste": ici / "warehouse" / "portraits" / "index.html"}
    for nom in ("part_ess_etablissements_employeurs_sirene", "rang_part_ess_etablissements", "emplois_ess_estimes"):
        cle = complete_key(entrepot, current_release(entrepot), {"indicateur": nom})
        pages[nom] = write_unfolding(entrepot, unfold(entrepot, *cle)) / DEPLIAGE
    return pages


@pytest.mark.parametrize("largeur", [1280, 360])
@pytest.mark.parametrize(
    "nom", ["liste", "part_ess_etablissements_employeurs_sirene", "rang_part_ess_etablissements", "emplois_ess_estimes"]
)
def test_les_pages_a_la_demande_se_lisent_comme_les_autres(visite: Visite, a_la_demande: dict[str, Path], nom: str, largeur: int):
    ouvrir(visite, a_la_demande[nom], largeur)
    assert (visite.erreurs, visite.dehors) == ([], []) and une_seule_direction(visite)
    assert "DÉMONSTRATION" in visite.page.title() and visite.page.locator(".bandeau").is_visible()
    violations = Axe().run(visite.page, options=AA).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in violations] == []


def test_au_clavier_on_saute_au_contenu_puis_on_parcourt_toute_la_page(visite: Visite, dossier: Path):
    ouvrir(visite, dossier / "index.html")
    appuyer = visite.page.keyboard.press
    appuyer("Tab")
    assert visite.page.evaluate("document.activeElement.textContent") == "Aller au contenu"
    assert visite.page.evaluate("document.activeElement.getBoundingClientRect().left >= 0"), "visible dès qu'on y est"
    appuyer("Enter")
    appuyer("Tab")
    assert visite.page.evaluate("document.activeElement.closest('main') !== null")
    # every stop shows that it has the focus, in the order of the page, and none keeps it
    tout_deplier(visite)
    a_atteindre = visite.page.evaluate(
        "[...document.querySelectorAll('main a[href], main summary, main [tabindex=\"0\"]')].length"
    )
    vus = visite.page.evaluate("[1]")
    while len(vus) < a_atteindre and visite.page.evaluate("document.activeElement.closest('main') !== null"):
        vus.append(visite.page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
        appuyer("Tab")
    assert len(vus) >= a_atteindre and set(vus[1:]) == {"solid"}


def test_ce_qui_defile_se_defile_au_clavier(visite: Visite, dossier: Path):
    for nom in PAGES:
        ouvrir(visite, dossier / nom, 360)
        tout_deplier(visite)
        muettes = visite.page.evaluate(
            """[...document.querySelectorAll('main *')].filter(e => /auto|scroll/.test(getComputedStyle(e).overflowX)
                && e.scrollWidth > e.clientWidth && !(e.tabIndex === 0 && e.getAttribute('role') === 'region'
                && (e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')))).map(e => e.outerHTML.slice(0, 200))"""
        )
        assert muettes == []


def test_chaque_figure_a_un_titre_un_resume_et_son_tableau(visite: Visite, dossier: Path):
    ouvrir(visite, dossier / "index.html")
    sans = visite.page.evaluate(
        """[...document.querySelectorAll('figure')].filter(f => {
            const image = f.querySelector('[role=img]');
            const tableau = f.querySelector('table') || f.parentElement.querySelector('table') || f.parentElement.parentElement.querySelector('table');
            const decrite = image && ((image.getAttribute('aria-label') || '').length > 20 || image.getAttribute('aria-describedby'));
            return !(f.querySelector('figcaption') && decrite && tableau);
        }).map(f => f.textContent.slice(0, 80))"""
    )
    assert sans == [] and visite.page.locator("figure").count() > 15


# --- two sheets of paper


def test_une_barre_ne_passe_pas_sous_son_nombre_et_un_mot_n_est_pas_coupe(visite: Visite, dossier: Path):
    for largeur in (1280, 360):
        ouvrir(visite, dossier / "index.html", largeur)
        couvertes = """() => [...document.querySelectorAll('.barre')].filter(b =>
            b.getBoundingClientRect().right > b.nextElementSibling.getBoundingClientRect().left).length"""
        coupes = """() => [...document.querySelectorAll('.liste td strong')].filter(s =>
            s.getClientRects().length > s.textContent.split(/[ \\n]/).length).map(s => s.textContent)"""
        assert (visite.page.evaluate(couvertes), visite.page.evaluate(coupes)) == (0, []), largeur


def imprimer(visite: Visite) -> list[str]:
    octets = visite.page.pdf(prefer_css_page_size=True)
    return [feuille.extract_text() for feuille in PdfReader(BytesIO(octets)).pages]


def test_l_essentiel_s_imprime_sur_deux_feuilles_qui_disent_la_demonstration(visite: Visite, dossier: Path):
    ouvrir(visite, dossier / "index.html")
    recto, verso = imprimer(visite)
    assert "Clermont Auvergne Métropole" in recto and "DÉMONSTRATION" in recto and "DÉMONSTRATION" in verso
    assert "Comparé à qui le contient" in recto and "Budgets et subventions" in verso
    assert "se lit à l'écran" in verso.replace("\n", " "), "le papier dit où est le reste"


@pytest.mark.parametrize("cas", ["vide", "long"])
def test_un_territoire_sans_donnee_ou_au_nom_sans_fin_tient_aussi_sur_deux_feuilles(visite: Visite, page: Callable[..., str], tmp_path: Path, cas: str):  # noqa: F811
    page(**(hostiles() if cas == "long" else {}))
    ouvrir(visite, tmp_path / "portrait" / "index.html")
    assert len(imprimer(visite)) == 2


def test_tous_les_epci_tiennent_sur_deux_feuilles(visite: Visite, publie: Path, base, tmp_path: Path):
    codes = base.execute("SELECT code_territoire FROM referentiels.territoires WHERE niveau = 'epci' ORDER BY population").fetchall()
    assert len(codes) > 10
    for (code,) in (codes[0], codes[len(codes) // 2], codes[-2]):
        write_portrait(publie / "warehouse" / "observatoire.duckdb", tmp_path, code)
        ouvrir(visite, tmp_path / "index.html")
        assert len(imprimer(visite)) == 2, code
        assert (tmp_path / "index.html").stat().st_size < 300_000


# --- what comes from files is text


def hostiles() -> dict[str, list[dict[str, Any]]]:
    noms_ = {**LIBELLES, ("epci", EPCI): LONG, ("commune", "63113"): LONG}
    axes = [
        valeur("dons", 9 - rang, axe=axe, modalite=f"{ATTAQUE}{rang} {'x' * (10_000 if rang else 10)}", libelle_territoire=LONG)
        for axe in ("beneficiaire", "societe") for rang in range(3)
    ]  # fmt: skip
    return {
        "territoires": [{"niveau": n, "code_territoire": c, "libelle": nom} for (n, c), nom in noms_.items()],
        "catalogue": [
            indicateur("dons", titre=LONG, definition=ATTAQUE, theme="emploi", ruptures=f"2023 : {ATTAQUE}"),
            indicateur("etablissements_employeurs_ess_sirene", sources=ATTAQUE),
            indicateur("part_ess_etablissements_employeurs_sirene", unite="%", titre=ATTAQUE),
            indicateur("soutien_ess", theme="budgets", unite="€", ruptures=LONG),
        ],
        "valeurs": [
            valeur("dons", 12), valeur("dons", 9, periode="2023"), *axes,
            *(valeur("etablissements_employeurs_ess_sirene", n, axe="famille", modalite=f"{LONG}{n}") for n in range(4)),
            valeur("etablissements_employeurs_ess_sirene", 9),
            valeur("part_ess_etablissements_employeurs_sirene", 9, unite="%"),
            valeur("part_ess_etablissements_employeurs_sirene", 9, ("commune", "63113"), unite="%", libelle_territoire=LONG),
            valeur("soutien_ess", 9, unite="€"), valeur("soutien_ess", 8, unite="€", periode="2023"),
            *(valeur("soutien_ess", n, axe="ligne", modalite=f"{LONG}{n}", unite="€") for n in range(9)),
        ],
        "declarations": [declaration(LONG, ("epci", EPCI), grandeur="salaries_ess", explication=ATTAQUE)] * 6,
        "sources": [source(ATTAQUE, "absente", motif=LONG), source(LONG, "en_echec", motif=ATTAQUE)],
        "rejets": [{"source": "source a", "regle": LONG, "gravite": "refus", "motif": ATTAQUE}],
    }  # fmt: skip


@pytest.mark.parametrize("nom", ["index.html", "sources.html"])
def test_un_contenu_hostile_est_montre_et_n_execute_rien(visite: Visite, page: Callable[..., str], tmp_path: Path, nom: str):  # noqa: F811
    page(**hostiles())
    for largeur in (1280, 360):
        ouvrir(visite, tmp_path / "portrait" / nom, largeur)
        tout_deplier(visite)
        assert une_seule_direction(visite)
    assert ATTAQUE in visite.page.locator("body").inner_text()
    assert visite.page.evaluate("[window.attaque, document.querySelectorAll('main img, main script').length]") == [None, 0]
    assert (visite.erreurs, visite.dehors) == ([], [])


def test_un_nombre_s_ecrit_et_se_relit():
    assert chiffres("1\u202f234,5\xa0€ (entre −3 et 230\xa0€)") == [Decimal("1234.5"), Decimal(-3), Decimal(230)]
    assert chiffres("230 à 260\xa0M€") == [Decimal(230_000_000), Decimal(260_000_000)]
