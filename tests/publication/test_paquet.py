"""The open-data package of a real release: validated cell by cell, licensed table by table, harvestable, complete."""

import csv
import json
import re
import shutil
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from frictionless import Package, system

from observatoire.indicators.catalog import indicateurs
from observatoire.publication.data_package import ENUMERATIONS, TITRES
from observatoire.publication.dcat import catalogue
from observatoire.publication.licences import ODBL, OUVERTE, OriginePubliee, feeding, licences_of
from observatoire.publication.open_data import LISEZMOI, _write_readme
from observatoire.publication.public_tables import public_tables
from observatoire.releases.lifecycle import manifest_of
from observatoire.settings import Settings
from observatoire.sources import sources
from observatoire.warehouse import Entrepot, sha256

TABLES = [f"{publique.schema}.{publique.nom}" for publique in public_tables()]


@pytest.fixture(scope="module")
def release(publie: Path) -> Path:
    return (publie / "warehouse" / "observatoire.duckdb").resolve().parent


@pytest.fixture(scope="module")
def paquet(release: Path) -> dict:
    return json.loads((release / "datapackage.json").read_text(encoding="utf-8"))


def ressource(paquet: dict, nom: str) -> dict:
    (trouvee,) = [r for r in paquet["resources"] if r["name"] == nom]
    return trouvee


def valider(dossier: Path, seules: set[str] | None = None) -> list[str]:
    """Validate a package with frictionless, data included; return what it reproaches, by resource."""
    descripteur = json.loads((dossier / "datapackage.json").read_text(encoding="utf-8"))
    if seules is not None:
        descripteur["resources"] = [r for r in descripteur["resources"] if r["name"] in seules]
    with system.use_context(trusted=False):
        rapport = Package.from_descriptor(descripteur, basepath=str(dossier)).validate()
    assert len(rapport.tasks) == len(descripteur["resources"])
    return [f"{tache.name} {erreur.type} {erreur.note}" for tache in rapport.tasks for erreur in tache.errors] + [
        f"{erreur.type} {erreur.note}" for erreur in rapport.errors
    ]


@pytest.mark.long
def test_frictionless_valide_chaque_cellule_de_la_publication(release: Path):
    assert valider(release) == []


def test_le_paquet_dit_chaque_table_et_chaque_fichier_a_emporter(release: Path, paquet: dict):
    dits = {r["path"]: r for r in paquet["resources"]}
    attendus = {f"tables/{nom}{suffixe}" for nom in TABLES for suffixe in (".csv", ".parquet")}
    assert attendus <= set(dits) and {"observatoire.duckdb", "observatoire_ess.xlsx"} <= set(dits)
    for chemin, dit in dits.items():
        assert dit["hash"] == f"sha256:{sha256(release / chemin)}" and dit["bytes"] == (release / chemin).stat().st_size
        assert dit["licenses"] and dit["nature"] in ("reelle", "demonstration") and dit["title"]
    for publique in public_tables():
        champs = ressource(paquet, f"{publique.schema}.{publique.nom}")["schema"]["fields"]
        assert [champ["name"] for champ in champs] == list(publique.table.noms)
        assert all(champ["description"] for champ in champs)


def test_le_paquet_dit_la_publication(release: Path, paquet: dict):
    with duckdb.connect(str(release / "observatoire.duckdb"), read_only=True) as base:
        ((nom, cree_le, nature),) = base.execute("SELECT release, cree_le, nature FROM meta.release").fetchall()
    assert (paquet["version"], paquet["created"], paquet["nature"]) == (nom, f"{cree_le:%Y-%m-%dT%H:%M:%SZ}", nature)
    assert paquet["$schema"].startswith("https://datapackage.org/profiles/2.0/")
    assert nature == "demonstration" and "DÉMONSTRATION" in paquet["description"]
    assert paquet["coverage"]["territoire"]["code"] == "246300701" and paquet["coverage"]["debut"] < paquet["coverage"]["fin"]
    assert all(source["licence"] and source["title"] for source in paquet["sources"])


def test_les_contraintes_sont_celles_que_les_lignes_tiennent(paquet: dict):
    valeurs = ressource(paquet, "indicateurs.valeurs")["schema"]
    champs = {champ["name"]: champ for champ in valeurs["fields"]}
    assert valeurs["primaryKey"] == ["indicateur", "niveau", "code_territoire", "periode", "axe", "modalite"]
    assert valeurs["foreignKeys"][0]["reference"] == {"resource": "indicateurs.catalogue", "fields": ["indicateur"]}
    assert champs["statut_confidentialite"]["constraints"] == {"required": True, "enum": ["F", "C"]}
    assert champs["niveau"]["constraints"]["enum"] == ENUMERATIONS["niveau"]
    assert "constraints" not in champs["valeur"] and champs["valeur"]["type"] == "number"
    assert (champs["code_territoire"]["type"], champs["nombre_unites"]["type"]) == ("string", "integer")


@pytest.fixture
def abimee(release: Path, tmp_path: Path) -> Path:
    """Copy the package of a few tables, to be spoilt."""
    (tmp_path / "tables").mkdir()
    for nom in ("meta.release", "referentiels.territoires", "referentiels.appartenances", "indicateurs.catalogue"):
        shutil.copyfile(release / "tables" / f"{nom}.csv", tmp_path / "tables" / f"{nom}.csv")
    shutil.copyfile(release / "datapackage.json", tmp_path / "datapackage.json")
    return tmp_path


@pytest.mark.parametrize(
    ("table", "avant", "apres", "reproche"),
    [
        ("meta.release", ",1,", ",un,", "type-error"),
        ("meta.release", ":", "h", "type-error"),
        ("meta.release", ",demonstration,", ",inventee,", "constraint-error"),
        ("meta.release", ",246300701", "", "missing-cell"),
        ("meta.release", "contrat", "contract", "incorrect-label"),
        ("referentiels.territoires", "\ncommune,", "\nquartier,", "constraint-error"),
        ("referentiels.appartenances", ",epci,2", ",epci,9", "foreign-key"),
    ],
)
def test_un_csv_abime_est_refuse(abimee: Path, table: str, avant: str, apres: str, reproche: str):
    seules = {table, "referentiels.territoires"}
    assert valider(abimee, seules) == []
    fichier = abimee / "tables" / f"{table}.csv"
    texte = fichier.read_bytes().decode()
    assert avant in texte
    fichier.write_bytes(texte.replace(avant, apres, 1).encode())
    reproches = valider(abimee, seules)
    assert any(reproche in dit for dit in reproches), reproches
    assert any("hash-count" in dit for dit in reproches)


def test_deux_lignes_de_meme_cle_sont_refusees(abimee: Path):
    fichier = abimee / "tables" / "referentiels.territoires.csv"
    lignes = fichier.read_bytes().splitlines(keepends=True)
    fichier.write_bytes(b"".join([*lignes, lignes[-1]]))
    assert any("primary-key" in dit for dit in valider(abimee, {"referentiels.territoires"}))


def test_le_dialecte_des_csv_est_exact(release: Path, tmp_path: Path):
    """Each file read back by another library gives the very rows of the database."""
    formes = {
        "DATE": r"\d{4}-\d\d-\d\d",
        "TIMESTAMP": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
        "BOOLEAN": "true|false",
        "BIGINT": r"-?\d+",
    }
    with duckdb.connect(str(release / "observatoire.duckdb"), read_only=True) as base:
        for publique in public_tables():
            nom = f"{publique.schema}.{publique.nom}"
            octets = (release / "tables" / f"{nom}.csv").read_bytes()
            assert not octets.startswith(b"\xef\xbb\xbf") and octets.endswith(b"\n")
            with (release / "tables" / f"{nom}.csv").open(encoding="utf-8", newline="") as flux:
                entetes, *lignes = csv.reader(flux)
            assert entetes == list(publique.table.noms)
            attendues = base.execute(f"SELECT * FROM {nom}").fetchall()
            assert len(lignes) == len(attendues)
            for lue, attendue in zip(lignes, attendues, strict=True):
                for colonne, ecrit, valeur in zip(publique.table.colonnes, lue, attendue, strict=True):
                    assert (ecrit == "") == (valeur is None or valeur == ""), (nom, colonne.nom)
                    if ecrit == "":
                        continue
                    if (forme := formes.get(colonne.type_sql)) is not None:
                        assert re.fullmatch(forme, ecrit), (nom, colonne.nom, ecrit)
                    if isinstance(valeur, datetime):
                        assert datetime.fromisoformat(ecrit).replace(tzinfo=None) == valeur
                    elif not isinstance(valeur, bool):
                        assert (ecrit if isinstance(valeur, str) else type(valeur)(ecrit) if not hasattr(
                            valeur, "isoformat") else valeur.fromisoformat(ecrit)) == valeur


@pytest.mark.parametrize("table", TABLES)
def test_ce_qui_repose_sur_l_urssaf_est_sous_odbl(paquet: dict, table: str):
    lues = {source.nom for source in feeding(table)}
    repose = any(nom.startswith("urssaf_") for nom in lues)
    assert ressource(paquet, table)["licenses"][0]["name"] == ("ODbL-1.0" if repose else "etalab-2.0")


def test_la_licence_de_chaque_indicateur_suit_ses_sources(release: Path):
    with duckdb.connect(str(release / "observatoire.duckdb"), read_only=True) as base:
        dites = dict(base.execute("SELECT indicateur, licence FROM indicateurs.catalogue").fetchall())
    assert "ODbL 1.0" in dites["effectifs_ess_urssaf"] and "ODbL 1.0" in dites["emplois_ess_estimes"]
    assert "ODbL" not in dites["etablissements_employeurs_sirene"] and set(dites) == set(indicateurs())


def test_les_tables_connues_ne_tombent_pas_dans_le_cas_inconnu():
    toutes = len(sources())
    assert [table for table in TABLES if len(feeding(table)) == toutes] == ["qualite.rejets"]
    assert len(feeding("meta.table_de_demain")) == toutes  # never laxer than it should be


def test_les_contributions_reposent_sur_les_sources_des_mesures_libres_et_sur_elles_seules():
    lues = {source.nom for source in feeding("indicateurs.contributions")}
    assert {"subventions", "sirene_etablissements", "urssaf_prive_epci"} <= lues
    assert not lues & {source.nom for source in sources().values() if source.diffusion == "restreinte"}


def origine(source: str, licence: str) -> OriginePubliee:
    return OriginePubliee(sources()[source], ("producteur",), (licence,), "reelle", "2026-01-01")


def test_la_licence_la_plus_stricte_l_emporte_et_l_inconnue_se_dit():
    ouverte, urssaf = origine("naf", "Licence Ouverte 2.0"), origine("urssaf_prive_epci", "ODbL 1.0")
    assert licences_of([ouverte]) == [OUVERTE] and licences_of([]) == [OUVERTE]
    assert licences_of([ouverte, urssaf]) == [ODBL]
    # a demonstration that imitates Urssaf says another licence: the table is shared as the real one would be
    assert licences_of([origine("urssaf_prive_epci", "Licence Ouverte 2.0")]) == [ODBL]
    gouverne, inconnue = licences_of([ouverte, origine("esus", "non vérifiée")])
    assert gouverne == OUVERTE and inconnue.code == "notspecified" and sources()["esus"].titre in inconnue.titre
    # what is restricted is published as protected aggregates: its own licence binds none of them
    assert licences_of([origine("paie_etablissements", "diffusion restreinte")]) == [OUVERTE]


OBLIGATOIRES = {
    "dcat:Catalog": {"dct:title", "dct:description", "dct:publisher", "dcat:dataset"},
    "dcat:Dataset": {"dct:title", "dct:description"},
    "dcat:Distribution": {"dcat:accessURL"},
    "foaf:Agent": {"foaf:name"},
    "spdx:Checksum": {"spdx:algorithm", "spdx:checksumValue"},
}
RECOMMANDEES = {
    "dcat:Catalog": {"dct:language", "dct:license", "dct:modified", "dct:spatial", "dcat:themeTaxonomy"},
    "dcat:Dataset": {
        *("dct:identifier", "dct:publisher", "dct:license", "dct:spatial", "dct:temporal", "dct:accrualPeriodicity"),
        *("dcat:theme", "dcat:keyword", "dcat:distribution", "dct:issued", "dct:modified", "dct:accessRights"),
    },
    "dcat:Distribution": {
        *("dct:title", "dct:license", "dcat:downloadURL", "dcat:mediaType", "dcat:byteSize", "spdx:checksum"),
    },
}


def noeuds(objet: object) -> list[dict]:
    """List the nodes of a JSON-LD document that have a type."""
    if isinstance(objet, list):
        return [noeud for element in objet for noeud in noeuds(element)]
    if not isinstance(objet, dict):
        return []
    dessous = [noeud for element in objet.values() for noeud in noeuds(element)]
    return [objet, *dessous] if ":" in str(objet.get("@type", "")) and "@value" not in objet else dessous


def test_le_catalogue_a_ce_que_dcat_ap_demande(release: Path, paquet: dict):
    contenu = json.loads((release / "catalogue.jsonld").read_text(encoding="utf-8"))
    lus = noeuds(contenu)
    for noeud in lus:
        proprietes = {nom for nom, valeur in noeud.items() if valeur not in (None, "", [])}
        attendues = OBLIGATOIRES.get(noeud["@type"], set()) | RECOMMANDEES.get(noeud["@type"], set())
        assert attendues <= proprietes, (noeud["@type"], attendues - proprietes)
        prefixes = {nom.partition(":")[0] for nom in noeud if not nom.startswith("@")}
        assert prefixes <= set(contenu["@context"]), prefixes
    identifiants = [noeud["@id"] for noeud in lus if "@id" in noeud]
    assert len(identifiants) == len(set(identifiants))
    distributions = [noeud for noeud in lus if noeud["@type"] == "dcat:Distribution"]
    assert {d["dcat:downloadURL"]["@id"] for d in distributions} == {r["path"] for r in paquet["resources"]}
    jeux = {jeu["dct:license"]["@id"]: jeu for jeu in contenu["dcat:dataset"]}
    assert set(jeux) == {ODBL.portail, OUVERTE.portail}
    assert all(jeu["dct:title"]["@value"].startswith("DÉMONSTRATION") for jeu in jeux.values())
    # what is harvested again is the same dataset
    assert jeux[ODBL.portail]["dct:identifier"] == "observatoire-ess-246300701-odbl-1.0"


def test_les_adresses_du_catalogue_menent_aux_fichiers(release: Path, paquet: dict):
    contenu = json.loads((release / "portrait" / "donnees" / "catalogue.jsonld").read_text(encoding="utf-8"))
    assert "@base" not in contenu["@context"]  # nothing was said of where it is served: relative to itself
    for noeud in noeuds(contenu):
        if noeud["@type"] == "dcat:Distribution":
            assert (release / "portrait" / "donnees" / noeud["dcat:accessURL"]["@id"]).is_file()
    servi = catalogue(paquet, "https://ess.exemple.invalid")
    assert servi["@context"]["@base"] == "https://ess.exemple.invalid/portrait/donnees/"


def test_le_lisezmoi_dit_ce_qu_il_y_a_les_licences_et_la_demonstration(release: Path, paquet: dict):
    texte = (release / "LISEZMOI.md").read_text(encoding="utf-8")
    assert paquet["version"] in texte and "DÉMONSTRATION" in texte and "ODbL" in texte and "Licence Ouverte" in texte
    cites = set(re.findall(r"^\| `([\w./*]+)`", texte, flags=re.MULTILINE))
    assert {"observatoire_ess.xlsx", "datapackage.json", "catalogue.jsonld"} <= cites and "manifest.json" in texte
    for motif in cites:
        for dossier in (release, release / "portrait" / "donnees"):
            assert list(dossier.glob(motif)), (dossier, motif)
    assert texte.count("\n| ") >= len(paquet["sources"])


def test_les_fichiers_sont_offerts_a_cote_de_la_page(publie: Path, release: Path):
    """Through the stable path as in the release, `donnees/` is beside the page: a copy of that folder is enough."""
    noms = re.findall(r'href="donnees/([^"]+)"', (release / "portrait" / "index.html").read_text(encoding="utf-8"))
    # no contour was received here: nothing to map
    assert set(TITRES) - {".geojson"} <= {Path(nom).suffix for nom in noms}
    for page in (publie / "warehouse" / "portrait", release / "portrait"):
        for nom in noms:
            assert (page / "donnees" / nom).read_bytes() == (release / nom).read_bytes(), nom
        assert valider(page / "donnees", {"meta.release", "indicateurs.catalogue"}) == []
    entrepot = Entrepot(Settings(publie / "raw", publie / "warehouse", "246300701"))
    dits = manifest_of(entrepot, release.name)["fichiers"]
    assert dits["portrait/donnees/datapackage.json"] == dits["datapackage.json"]


def test_le_lisezmoi_ne_porte_pas_de_html(tmp_path: Path):
    """Titles come from files people dropped; some readers of Markdown run what is in it."""
    balise = "<img src=x onerror=alert(1)> d'Auvergne & <script>"
    paquet = {
        "title": balise, "version": "r", "created": "2026-11-30T00:00:00Z", "nature": "reelle",
        "resources": [{"name": "t", "format": "csv", "licenses": [{"name": "l", "title": balise, "path": "javascript:<b>"}]}],
        "coverage": {"territoire": {"libelle": balise, "code": "1"}, "niveaux": ["epci"], "debut": None, "fin": None},
        "contributors": [{"title": balise}],
        "sources": [{"title": balise, "licence": "a|<b>", "nature": "reelle", "version": None}],
    }  # fmt: skip
    _write_readme(paquet, tmp_path)
    ecrit = (tmp_path / LISEZMOI).read_text(encoding="utf-8")
    assert not re.search(r"<[a-z/!]", ecrit, re.IGNORECASE) and "d'Auvergne &amp; &lt;script&gt;" in ecrit
    assert "| a\\|&lt;b&gt; | reelle |  |" in ecrit


def test_le_lisezmoi_dit_ce_qu_un_tableur_ferait_d_un_csv(release: Path):
    """The tables keep the very values they publish: what a spreadsheet may do of them is said instead."""
    dit = (release / LISEZMOI).read_text(encoding="utf-8")
    assert "`=`, `+`, `-` ou `@`" in dit and "ouvrir le classeur" in dit
