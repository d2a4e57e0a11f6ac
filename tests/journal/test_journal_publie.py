"""The journal, `releases.json` and the Atom feed of real releases: published, compared, rolled back, retracted."""

import json
import re
import stat
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pyarrow.parquet as parquet
import pytest

from observatoire.evidence import open_evidence
from observatoire.journal.causes import Cause
from observatoire.journal.feed import FLUX, LISTE, write_lists
from observatoire.journal.replay import replayed_values
from observatoire.journal.writing import JOURNAL, PAGE, TOUS, read_journal
from observatoire.releases.lifecycle import follow_latest, manifest_of, releases, retract, roll_back_to
from observatoire.warehouse import Entrepot, sha256
from tests.chaine import adhesion, ajouter, copier, installer, lancer, raisons

pytestmark = pytest.mark.long

ATOM = "{http://www.w3.org/2005/Atom}"
HEURE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"


@pytest.fixture
def ici(publie_trois_fois: Path, tmp_path: Path, monkeypatch) -> Entrepot:
    """Copy three releases: files of two sources came, then the perimeter and Sirene both changed."""
    return installer(copier(publie_trois_fois, tmp_path / "ici"), monkeypatch)


def journaux(entrepot: Entrepot) -> list[dict]:
    return [read_journal(entrepot.racine / "releases" / nom) or {} for nom in releases(entrepot)]


def test_chaque_publication_a_son_journal(ici: Entrepot):
    premiere, seconde, troisieme = journaux(ici)
    assert (premiere["cas"], seconde["cas"], troisieme["cas"]) == ("premiere", "comparee", "comparee")
    assert [cause["cause"] for cause in seconde["causes"]] == ["source"]
    assert seconde["causes"][0]["sources"] == ["adhesions", "subventions"] and "adhesions_documents.csv" in seconde["resume"] + str(seconde["causes"])
    assert seconde["methode"].startswith("Une seule cause")
    assert {tuple(ligne["causes"]) for ligne in seconde["changements"]} == {("source",)}
    for nom in releases(ici):
        dossier = ici.racine / "releases" / nom
        assert {JOURNAL, PAGE} <= set(manifest_of(ici, nom)["fichiers"])
        assert stat.S_IMODE((dossier / PAGE).stat().st_mode) == 0o444
        assert (dossier / TOUS).exists() == bool((read_journal(dossier) or {})["nombre_changements"])


def test_deux_causes_du_vrai_job_sont_rejouees(ici: Entrepot):
    journal = journaux(ici)[-1]
    assert [cause["cause"] for cause in journal["causes"]] == ["perimetre", "source"]
    assert "rejouées une à une" in journal["methode"], journal["methode"]
    assert {cause for ligne in journal["par_cause"] for cause in ligne["causes"]} <= {"perimetre", "source", "melees"}
    lignes = parquet.read_table(ici.racine / "releases" / releases(ici)[-1] / TOUS).to_pylist()
    assert len(lignes) == journal["nombre_changements"] > 0
    suivies = [ligne for ligne in lignes if ligne["ecart"] is not None and ligne["causes"] != ["melees"]]
    for ligne in suivies:
        parts = [valeur for nom, valeur in ligne.items() if nom.startswith("part_") and valeur is not None]
        assert sum(parts) == ligne["ecart"], ligne


def test_toutes_les_causes_rejouees_donnent_la_publication_au_bit_pres(ici: Entrepot):
    """The last step is not computed in the product: it is the new release, which this checks on the whole chain."""
    avant = open_evidence(ici, releases(ici)[-2])
    derniere = journaux(ici)[-1]["causes"]
    causes = [Cause(dite["cause"], tuple(dite["sources"]), ()) for dite in derniere]
    toutes = [*causes, Cause("source", (), ())]
    with replayed_values(ici, avant, toutes) as etapes:
        rejouees = parquet.read_table(etapes[-1])
        assert rejouees.equals(parquet.read_table(ici.path_of("indicateurs", "valeurs")))
        assert not parquet.read_table(etapes[0]).equals(rejouees)
        assert {stat.S_IMODE(etape.parent.stat().st_mode) for etape in etapes} == {0o700}
    assert not list(ici.racine.glob(".travail-*"))


class Balises(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.titres: list[str] = []
        self.liens: list[str] = []
        self.langue = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if re.fullmatch(r"h[1-6]", tag):
            self.titres.append(tag)
        if tag == "a":
            self.liens.append(dict(attrs).get("href") or "")
        if tag == "html":
            self.langue = dict(attrs).get("lang") or ""


def test_la_page_du_journal_se_tient_seule(ici: Entrepot):
    for nom in releases(ici):
        page = ici.racine / "releases" / nom / PAGE
        texte = page.read_text(encoding="utf-8")
        balises = Balises()
        balises.feed(texte)
        assert balises.langue == "fr" and balises.titres[0] == "h1" and balises.titres.count("h1") == 1
        assert "http://" not in texte and "https://" not in texte and "<script" not in texte
        assert "DÉMONSTRATION" in texte
        for lien in balises.liens:
            if not lien.startswith("#"):
                assert (page.parent / lien).exists(), lien
        assert page.stat().st_size < 300_000


def racine_du_flux(entrepot: Entrepot) -> ElementTree.Element:
    return ElementTree.parse(entrepot.racine / FLUX).getroot()  # noqa: S314 — ours


def verifier_atom(flux: ElementTree.Element) -> None:
    """Check a feed against RFC 4287, sections 3 and 4."""
    def un(parent: ElementTree.Element, nom: str) -> str:
        (element,) = parent.findall(ATOM + nom)
        return element.text or ""

    assert flux.tag == f"{ATOM}feed"
    permis = {"author", "category", "contributor", "generator", "icon", "id", "link", "logo", "rights", "subtitle", "title", "updated", "entry"}
    assert {enfant.tag for enfant in flux} <= {ATOM + nom for nom in permis}
    identifiants = [un(flux, "id")]
    assert un(flux, "title") and re.fullmatch(HEURE, un(flux, "updated"))
    assert flux.findall(f"{ATOM}author/{ATOM}name")[0].text
    assert [lien.get("href") for lien in flux.findall(f"{ATOM}link") if lien.get("rel") == "self"] == [FLUX]
    for entree in flux.findall(f"{ATOM}entry"):
        assert {enfant.tag for enfant in entree} <= {
            ATOM + nom for nom in ("id", "title", "updated", "published", "link", "summary", "content", "category", "author")
        }
        identifiants.append(un(entree, "id"))
        assert un(entree, "title") and re.fullmatch(HEURE, un(entree, "updated"))
        liens = [lien for lien in entree.findall(f"{ATOM}link") if lien.get("rel") == "alternate"]
        # 4.1.2: an entry without content has an alternate link; at most one of a type and language
        assert entree.findall(f"{ATOM}content") or len(liens) == 1
        assert len(entree.findall(f"{ATOM}summary")) <= 1
        for lien in liens:
            assert lien.get("href") and not urlsplit(lien.get("href") or "").scheme
    # 4.2.6: an absolute IRI, one for each entry
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", dit) for dit in identifiants)
    assert len(set(identifiants)) == len(identifiants)


def test_le_flux_atom_suit_la_rfc_et_mene_aux_journaux(ici: Entrepot):
    flux = racine_du_flux(ici)
    verifier_atom(flux)
    entrees = flux.findall(f"{ATOM}entry")
    assert len(entrees) == 3
    assert [entree.find(f"{ATOM}summary").text[:40] for entree in entrees] == [
        journal["resume"][:40] for journal in reversed(journaux(ici))
    ]
    for entree in entrees:
        assert (ici.racine / entree.find(f"{ATOM}link").get("href")).is_file()
        assert entree.find(f"{ATOM}title").text.startswith("[DÉMONSTRATION]")
    avant = [entree.find(f"{ATOM}id").text for entree in entrees]
    roll_back_to(ici)
    suite = racine_du_flux(ici)
    verifier_atom(suite)
    assert [entree.find(f"{ATOM}id").text for entree in suite.findall(f"{ATOM}entry")] == avant, "ids never move"


def test_la_liste_des_publications_suit_retours_et_reprises(ici: Entrepot):
    def lue() -> dict:
        return json.loads((ici.racine / LISTE).read_text(encoding="utf-8"))

    noms = releases(ici)
    liste = lue()
    assert [dite["release"] for dite in liste["releases"]] == noms[::-1]
    assert (liste["courante"], liste["epinglee"], liste["retirees"]) == (noms[-1], None, [])
    for dite in liste["releases"]:
        manifeste = manifest_of(ici, dite["release"])
        assert dite["fichiers"] == manifeste["fichiers"] and dite["sources"] == manifeste["sources"]
        nom, empreinte = next(iter(dite["fichiers"].items()))
        assert sha256(ici.racine / dite["dossier"] / nom) == empreinte
    roll_back_to(ici, noms[0])
    assert (lue()["courante"], lue()["epinglee"]) == (noms[0], noms[0])
    assert [dite["est_courante"] for dite in lue()["releases"]] == [False, False, True]
    follow_latest(ici)
    assert (lue()["courante"], lue()["epinglee"]) == (noms[-1], None)
    assert all(stat.S_IMODE((ici.racine / nom).stat().st_mode) == 0o644 for nom in (LISTE, FLUX))


def test_une_publication_retiree_n_est_plus_racontee(ici: Entrepot):
    """The journal of the next release gave figures of the retracted one: they go with it, under each of their names."""
    premiere, seconde, troisieme = releases(ici)
    dossier = ici.racine / "releases" / troisieme
    cites = [nom for nom in manifest_of(ici, troisieme)["fichiers"] if Path(nom).name in (JOURNAL, TOUS)]
    assert JOURNAL in cites and TOUS in cites
    retract(ici, seconde, "objection <b>& \x07\u202e")
    journal = read_journal(dossier) or {}
    assert (journal["cas"], journal["changements"], journal["nombre_changements"]) == ("retiree", [], 0)
    assert "a été retirée" in (dossier / PAGE).read_text(encoding="utf-8")
    for nom in cites:
        if Path(nom).name == TOUS:
            assert not (dossier / nom).exists()
        else:
            assert json.loads((dossier / nom).read_text(encoding="utf-8"))["cas"] == "retiree"
    # still whole: one may go back to it
    for nom, empreinte in manifest_of(ici, troisieme)["fichiers"].items():
        assert sha256(dossier / nom) == empreinte and stat.S_IMODE((dossier / nom).stat().st_mode) == 0o444
    assert roll_back_to(ici, troisieme) == troisieme
    assert all(
        stat.S_IMODE(c.stat().st_mode) == 0o555 for c in (dossier, *dossier.rglob("*")) if c.is_dir() and not c.is_symlink()
    )
    flux = racine_du_flux(ici)
    verifier_atom(flux)
    (retiree,) = [e for e in flux.findall(f"{ATOM}entry") if e.find(f"{ATOM}content") is not None]
    assert "objection <b>&" in retiree.find(f"{ATOM}content").text
    liste = json.loads((ici.racine / LISTE).read_text(encoding="utf-8"))
    assert [dite["release"] for dite in liste["releases"]] == [troisieme, premiere]
    assert [dite["release"] for dite in liste["retirees"]] == [seconde]


def test_apres_un_retrait_la_suivante_se_compare_a_ce_qui_reste(ici: Entrepot):
    _, seconde, troisieme = releases(ici)
    retract(ici, seconde, "objection")
    assert roll_back_to(ici, troisieme) == troisieme
    ajouter(ici.settings.raw, "adhesions/adhesions_documents.csv", adhesion(9))
    resultat = lancer()
    assert resultat.success, raisons(resultat)
    assert journaux(ici)[-1]["avant"] == troisieme


def test_le_flux_porte_tout_texte_comme_du_texte(entrepot: Entrepot):
    hostile = '<script>alert(1)</script> ]]> & "=HYPERLINK(" \x00\x0b\u202e\ufffe ' + "x" * 10_000
    manifeste = {
        "release": "r", "cree_le": "2026-01-01T00:00:00", "nature": "reelle", "contrat": 1, "identite": "i", "code_version": "c",
        "territoire": "A", "fichiers": {}, "sources": [{"source": hostile, "etat": "en_echec"}],
    }  # fmt: skip
    write_lists(entrepot, [manifeste], "r", None, [{"release": "s", "motif": hostile, "le": "2026-01-02T00:00:00", "identite": "j"}])
    flux = racine_du_flux(entrepot)
    verifier_atom(flux)
    assert all("<script>alert(1)</script> ]]> &" in e[-1].text for e in flux.findall(f"{ATOM}entry"))
    assert "\x00" not in (entrepot.racine / FLUX).read_text(encoding="utf-8")
    write_lists(entrepot, [], None, None, [])
    assert not (entrepot.racine / FLUX).exists()
