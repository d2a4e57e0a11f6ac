"""The whole country, small: any EPCI is a focal territory, whatever the format and the vintage of the files."""

import csv
import html
import math
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from observatoire.confidentiality.suppressions import compute_suppressions
from observatoire.demonstration import generate
from observatoire.derived import compute_table
from observatoire.estimation.computation import compute_estimations
from observatoire.graph.structure import compute_graph
from observatoire.indicators.catalog import mesures
from observatoire.indicators.cube import compute_cube, compute_measure
from observatoire.indicators.values import compute_indicators
from observatoire.loading.ingestion import load_source
from observatoire.matching.computation import compute_matches
from observatoire.reconciliation.document_arithmetic import compute_arithmetic
from observatoire.reconciliation.estimate_scores import NOTES
from observatoire.reconciliation.jobs_bridge import compute_bridge
from observatoire.reconciliation.verdicts import compute_verdicts
from observatoire.releases.lifecycle import publish
from observatoire.releases.portraits import write_portraits
from observatoire.settings import REFERENCES, Settings
from observatoire.socle.computed_tables import derivees
from observatoire.sources import sources
from observatoire.warehouse import Entrepot

pytestmark = pytest.mark.long

ETABLISSEMENTS = 60_000
EPCI = {
    "249740119": "La Réunion",
    "246700488": "Alsace",
    "248400251": "à cheval sur Occitanie et Provence-Alpes-Côte d'Azur",
}

# one of them at each merge, the others before a version
AUX_QUATRE_COINS = [
    pytest.param(code, id=nom, marks=[] if nom == "La Réunion" else pytest.mark.campagne) for code, nom in EPCI.items()
]


def calculer(dossier: Path, **choix) -> Entrepot:
    """Generate the country in one form, load it, compute every indicator."""
    entrepot = Entrepot(Settings(dossier / "raw", dossier / "warehouse", "246300701"))
    raw, pays = entrepot.settings.raw, {"etablissements": ETABLISSEMENTS, "departements": None, "historique": False}
    generate("sirene", raw, REFERENCES, **pays, **choix)
    for source in sources().values():
        assert load_source(entrepot, source).etat in ("a_jour", "absente")
    for derivee in derivees().values():
        compute_table(entrepot, derivee)
    compute_matches(entrepot)
    for mesure in mesures().values():
        compute_measure(entrepot, mesure)
    compute_cube(entrepot)
    compute_suppressions(entrepot)
    compute_estimations(entrepot)
    compute_indicators(entrepot)
    for confronter in (compute_verdicts, compute_arithmetic, compute_bridge, compute_graph):
        confronter(entrepot)
    compute_table(entrepot, NOTES)
    return entrepot


@pytest.fixture(scope="module")
def pays(tmp_path_factory) -> Entrepot:
    """Give the country as its producer publishes it today: Parquet, all columns."""
    return calculer(tmp_path_factory.mktemp("pays"))


def lignes(chemin: Path) -> list[dict[str, str]]:
    with chemin.open(encoding="utf-8", newline="") as flux:
        return list(csv.DictReader(flux))


@pytest.fixture(scope="module")
def direct(pays: Entrepot) -> dict[str, Counter]:
    """Count the employers of each EPCI from the files themselves, with nothing of the product but its references."""
    raw = pays.settings.raw
    (unites,) = (raw / "sirene_unites_legales").glob("*.parquet")
    (etablissements,) = (raw / "sirene_etablissements").glob("*.parquet")
    retenues = {r["code_categorie_juridique"] for r in lignes(REFERENCES / "perimetre_ess.csv") if r["regle"] == "retenue"}
    exclues = tuple(ligne["prefixe_naf"][:5] for ligne in lignes(REFERENCES / "naf_hors_ess.csv"))
    ess = {
        unite["siren"]
        for unite in parquet.read_table(unites).to_pylist()
        if str(unite["categorieJuridiqueUniteLegale"]) in retenues
        and not (unite["activitePrincipaleUniteLegale"] or "").startswith(exclues)
    }
    epci = {ligne["code_commune"]: ligne["code_epci"] for ligne in lignes(REFERENCES / "communes.csv")}
    anciennes = {ligne["code_ancien"]: ligne["code_commune"] for ligne in lignes(REFERENCES / "communes_anciennes.csv")}
    comptes = {"tous": Counter(), "ess": Counter()}
    for ligne in parquet.read_table(etablissements).to_pylist():
        if ligne["etatAdministratifEtablissement"] == "A" and ligne["caractereEmployeurEtablissement"] == "O":
            code = ligne["codeCommuneEtablissement"]
            lieu = epci.get(code if code in epci else anciennes.get(code, ""))
            comptes["tous"][lieu] += 1
            comptes["ess"][lieu] += ligne["siren"] in ess
    return comptes


@pytest.mark.parametrize("code", AUX_QUATRE_COINS)
def test_n_importe_quel_epci_est_le_territoire_sans_rien_changer_d_autre(pays: Entrepot, direct, code: str):
    ici = Entrepot(replace(pays.settings, territoire=code))
    compute_matches(ici)  # the commune counts as evidence around the focal territory
    nom, _ = publish(ici)
    with pays.connect(("indicateurs.valeurs", "referentiels.territoires")) as connexion:
        valeurs = dict(
            connexion.execute(
                "SELECT indicateur, valeur FROM indicateurs.valeurs WHERE niveau = 'epci' AND code_territoire = ? AND axe = 'total'",
                [code],
            ).fetchall()
        )
        ((libelle,),) = connexion.execute(
            "SELECT libelle FROM referentiels.territoires WHERE niveau = 'epci' AND code_territoire = ?", [code]
        ).fetchall()
    assert direct["tous"][code] > 0
    assert valeurs["etablissements_employeurs_sirene"] == direct["tous"][code]
    assert valeurs["etablissements_employeurs_ess_sirene"] == direct["ess"][code]
    assert valeurs["part_ess_etablissements_employeurs_sirene"] == pytest.approx(
        100 * direct["ess"][code] / direct["tous"][code]
    )
    page = pays.racine / "releases" / nom / "portrait" / "index.html"
    assert libelle in page.read_text(encoding="utf-8")


def test_chaque_epci_compte_ce_que_comptent_les_fichiers(pays: Entrepot, direct):
    with pays.connect(("indicateurs.valeurs",)) as connexion:
        trouves = dict(
            connexion.execute("""
                SELECT code_territoire, valeur::BIGINT FROM indicateurs.valeurs
                WHERE indicateur = 'etablissements_employeurs_ess_sirene' AND niveau = 'epci' AND axe = 'total'
                """).fetchall()
        )
    assert len(trouves) > 1_200
    assert {code: nombre for code, nombre in trouves.items() if nombre} == {
        code: nombre for code, nombre in direct["ess"].items() if nombre and code
    }


@pytest.mark.campagne
def test_ni_le_format_ni_le_millesime_des_colonnes_ne_change_un_indicateur(pays: Entrepot, tmp_path):
    """Parquet of 2026, codes as integers and 54 columns; zipped CSV of 2022, codes as text and 48."""
    autre = calculer(tmp_path, format="csv", vintage="2022")
    for table in ("valeurs", "catalogue", "cube"):
        attendu = parquet.read_table(pays.path_of("indicateurs", table))
        assert parquet.read_table(autre.path_of("indicateurs", table)).equals(attendu), table
    assert attendu.num_rows > 100_000


def test_le_rang_parmi_les_comparables_est_celui_que_donne_la_regle(pays: Entrepot):
    """Same type, twenty nearest populations in proportion: counted again from the references and the published shares."""
    population, types = Counter(), {}
    for ligne in lignes(REFERENCES / "communes.csv"):
        population[ligne["code_epci"]] += int(ligne["population_municipale"] or 0)
    for ligne in lignes(REFERENCES / "zonages.csv"):
        if ligne["niveau"] == "epci":
            types[ligne["code_territoire"]] = ligne["type_zonage"]
    with pays.connect(("indicateurs.valeurs",)) as connexion:
        requete = """SELECT code_territoire, valeur, borne_basse, borne_haute, denominateur FROM indicateurs.valeurs
                     WHERE indicateur = ? AND niveau = 'epci' AND axe = 'total' AND periode = '2026-10'"""
        lues = {
            nom: {code: reste for code, *reste in connexion.execute(requete, [nom]).fetchall()}
            for nom in ("part_ess_etablissements_employeurs_sirene", "rang_part_ess_comparables")
        }
    parts = {code: valeur for code, (valeur, *_) in lues["part_ess_etablissements_employeurs_sirene"].items()}
    rangs = lues["rang_part_ess_comparables"]
    for code in (*EPCI, "246300701"):
        pareils = [autre for autre in types if types[autre] == types[code] and autre != code]
        pareils.sort(key=lambda autre: (abs(math.log(population[autre] / population[code])), autre))
        connues = [parts[autre] for autre in pareils[:20] if parts.get(autre) is not None]
        rang = 1 + sum(part > parts[code] for part in connues)  # equals share the better rank
        assert [float(nombre) for nombre in rangs[code]] == [rang, rang, rang, 1 + len(connues)], code
    seul = next(code for code, type_zonage in types.items() if type_zonage == "MET69")
    assert seul not in rangs, "seul de son type, il n'a pas de rang"


def test_la_page_de_n_importe_quel_epci_se_lit_et_partage_le_meme_script(pays: Entrepot, direct):
    """Straddling régions, Corse, overseas, without one employer of the ESS: two processes write what one page says."""
    vide = next(code for code in sorted(filter(None, direct["tous"])) if not direct["ess"][code])
    codes = [*EPCI, "242010056", vide]
    compute_matches(pays)  # another territory was tried before
    publish(pays)
    portraits = write_portraits(pays, codes, processus=2)
    assert (portraits.pages, portraits.dossier.name) == (len(codes), portraits.release)
    racine = pays.racine / "portraits"
    liste = (racine / "index.html").read_text(encoding="utf-8")
    with pays.connect(("referentiels.territoires",)) as connexion:
        requete = "SELECT code_territoire, libelle FROM referentiels.territoires WHERE niveau = 'epci'"
        libelles = dict(connexion.execute(requete).fetchall())
    for code in codes:
        page = (racine / code / "index.html").read_text(encoding="utf-8")
        assert libelles[code] in html.unescape(page)
        assert f'href="{code}/index.html"' in liste
        assert "DÉMONSTRATION" in page
        assert portraits.release in page
        assert len(page.encode()) < 300_000
        assert liens_morts(racine / code / "index.html") == []
        assert (racine / code / "../plotly.min.js").resolve() == racine.resolve() / "plotly.min.js"
    assert len(list(racine.rglob("plotly*.js"))) == 1
    assert liens_morts(racine / "index.html") == []


def liens_morts(page: Path) -> list[str]:
    """List what a page leads to and that is not there."""
    adresses = re.findall(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"', page.read_text(encoding="utf-8"))
    return sorted({adresse for adresse in adresses if not (page.parent / adresse).is_file()})
