"""Territories: what wholly contains what, on a handful of communes and on the embedded reference files."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as parquet
import pytest

from observatoire.derived import TableIncoherente, compute_table
from observatoire.loading.ingestion import load_source
from observatoire.settings import REFERENCES, Settings
from observatoire.socle.territories import APPARTENANCES, TERRITOIRES
from observatoire.sources import sources
from observatoire.warehouse import Entrepot
from tests.fabrique import COLONNES_COMMUNES, COLONNES_ZONAGES, Fabrique, communes, fabrique, zonages

CAM = "246300701"


@pytest.fixture(scope="module")
def appartenances(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str, str, str]]:
    """Give what contains what among the hand-made communes."""
    with fabrique(tmp_path_factory.mktemp("petit")) as petite:
        lignes = petite.read_batches("referentiels.appartenances")
    return {(i["niveau"], i["code_territoire"], i["niveau_parent"], i["code_parent"]) for i in lignes}


@pytest.fixture(scope="module")
def reels(tmp_path_factory: pytest.TempPathFactory) -> Entrepot:
    """Give a warehouse with the embedded reference files, read as any file is."""
    dossier = tmp_path_factory.mktemp("reels")
    entrepot = Entrepot(Settings(dossier / "raw", dossier / "warehouse", CAM))
    for nom in ("communes", "communes_anciennes", "zonages"):
        assert load_source(entrepot, sources()[nom]).etat == "a_jour"
    for derivee in (TERRITOIRES, APPARTENANCES):
        compute_table(entrepot, derivee)
    return entrepot


@pytest.fixture(scope="module")
def fichier_communes() -> pd.DataFrame:
    """Give the embedded file as pandas reads it, to count without the product."""
    return pd.read_csv(REFERENCES / "communes.csv", dtype=str).assign(
        population=lambda lues: lues["population_municipale"].astype("Float64")
    )


def _lue(entrepot: Entrepot, table: str) -> pd.DataFrame:
    return parquet.read_table(entrepot.path_of("referentiels", table)).to_pandas()


def _parents(appartenances: set[tuple[str, str, str, str]], niveau: str, code: str) -> set[tuple[str, str]]:
    return {(n, c) for enfant, code_enfant, n, c in appartenances if (enfant, code_enfant) == (niveau, code)}


# by hand


@pytest.mark.parametrize(
    ("niveau", "code", "parents"),
    [
        ("commune", "63001", {("epci", "A"), ("departement", "63"), ("region", "84"), ("france", "FR")}),
        ("commune", "63007", {("departement", "63"), ("region", "84"), ("france", "FR")}),
        ("commune", "98735", set()),
        ("epci", "A", {("departement", "63"), ("region", "84"), ("france", "FR")}),
        ("epci", "C", {("region", "84"), ("france", "FR")}),
        ("epci", "D", {("france", "FR")}),
        ("departement", "63", {("region", "84"), ("france", "FR")}),
        ("region", "84", {("france", "FR")}),
    ],
)
def test_un_parent_contient_tout_le_territoire(
    appartenances: set[tuple[str, str, str, str]], niveau: str, code: str, parents: set[tuple[str, str]]
) -> None:
    assert _parents(appartenances, niveau, code) == parents


def test_une_population_inconnue_laisse_vide_celle_de_tout_ce_qui_la_contient(tmp_path: Path) -> None:
    lignes = communes()
    lignes[0]["population_municipale"] = None
    lignes[4]["millesime_population"] = "2017"  # 43001, in EPCI C
    petite = Fabrique(tmp_path)
    petite.table("referentiels", "communes", COLONNES_COMMUNES, lignes)
    petite.table("referentiels", "zonages", COLONNES_ZONAGES, zonages())
    compute_table(petite.entrepot, TERRITOIRES)
    dits = {
        (ligne["niveau"], ligne["code_territoire"]): (ligne["population"], ligne["millesime_population"])
        for ligne in petite.read_batches("referentiels.territoires")
    }
    assert dits["epci", "A"] == (None, "2023")
    assert dits["france", "FR"] == (None, None)
    assert dits["epci", "C"] == (100, None)
    assert dits["epci", "D"] == (30, "2023")
    assert dits["departement", "19"] == (1020, "2023")


def test_une_commune_en_double_est_refusee_et_la_table_reste(tmp_path: Path) -> None:
    with fabrique(tmp_path) as petite:
        avant = petite.entrepot.path_of("referentiels", "territoires").read_bytes()
        petite.table("referentiels", "communes", COLONNES_COMMUNES, [*communes(), communes()[0]])
        with pytest.raises(TableIncoherente, match=r"même clé \(niveau, code_territoire\) : 1 cas"):
            compute_table(petite.entrepot, TERRITOIRES)
        assert petite.entrepot.path_of("referentiels", "territoires").read_bytes() == avant


def test_un_niveau_inconnu_est_refuse(tmp_path: Path) -> None:
    with fabrique(tmp_path) as petite:
        lignes = [*zonages(), {"niveau": "canton", "code_territoire": "1", "libelle": "Canton"}]
        petite.table("referentiels", "zonages", COLONNES_ZONAGES, lignes)
        with pytest.raises(TableIncoherente, match=r"schéma.*niveau"):
            compute_table(petite.entrepot, TERRITOIRES)


def test_un_territoire_deja_calcule_ne_l_est_pas_deux_fois(tmp_path: Path) -> None:
    with fabrique(tmp_path) as petite:
        avant = petite.entrepot.path_of("referentiels", "territoires").stat().st_mtime_ns
        assert compute_table(petite.entrepot, TERRITOIRES) == len(communes()) + len(zonages())
        assert petite.entrepot.path_of("referentiels", "territoires").stat().st_mtime_ns == avant


# the embedded files


def test_clermont_auvergne_metropole_a_ses_21_communes_et_ses_habitants(
    reels: Entrepot, fichier_communes: pd.DataFrame
) -> None:
    contenus = _lue(reels, "appartenances").query("niveau_parent == 'epci' and code_parent == @CAM")
    dans_le_fichier = fichier_communes.query("code_epci == @CAM")
    assert len(contenus) == 21
    assert set(contenus["code_territoire"]) == set(dans_le_fichier["code_commune"])
    metropole = _lue(reels, "territoires").query("niveau == 'epci' and code_territoire == @CAM").iloc[0]
    assert metropole["libelle"] == "Clermont Auvergne Métropole"
    assert (metropole["population"], metropole["millesime_population"]) == (295_488, "2023")
    assert dans_le_fichier["population"].sum() == 295_488


def test_89_epci_sont_a_cheval_sur_des_departements_et_26_sur_des_regions(
    reels: Entrepot, fichier_communes: pd.DataFrame
) -> None:
    epci = set(_lue(reels, "territoires").query("niveau == 'epci'")["code_territoire"])
    assert len(epci) == 1255
    parents = _lue(reels, "appartenances").query("niveau == 'epci'")
    for parent, nombre in (("departement", 89), ("region", 26), ("france", 0)):
        a_cheval = epci - set(parents[parents["niveau_parent"] == parent]["code_territoire"])
        assert len(a_cheval) == nombre
        if nombre:
            comptes = fichier_communes.groupby("code_epci")[f"code_{parent}"].nunique()
            assert a_cheval == set(comptes[comptes > 1].index)


def test_98_communes_n_ont_pas_d_epci(reels: Entrepot) -> None:
    communes_connues = set(_lue(reels, "territoires").query("niveau == 'commune'")["code_territoire"])
    dans_un_epci = _lue(reels, "appartenances").query("niveau == 'commune' and niveau_parent == 'epci'")
    assert len(communes_connues - set(dans_un_epci["code_territoire"])) == 98


def test_paris_n_est_pas_dans_la_metropole_du_grand_paris_qui_la_recouvre(reels: Entrepot) -> None:
    # a level holds only what is below it
    paris = _lue(reels, "appartenances").query("niveau == 'departement' and code_territoire == '75'")
    assert set(paris["niveau_parent"]) == {"region", "france"}


def test_chaque_territoire_qui_contient_en_contient_un_et_un_seul_de_chaque_niveau(reels: Entrepot) -> None:
    appartenances = _lue(reels, "appartenances")
    assert not appartenances.duplicated(["niveau", "code_territoire", "niveau_parent"]).any()
    connus = set(map(tuple, _lue(reels, "territoires")[["niveau", "code_territoire"]].to_numpy()))
    for colonnes in (["niveau", "code_territoire"], ["niveau_parent", "code_parent"]):
        assert set(map(tuple, appartenances[colonnes].to_numpy())) <= connus


def test_les_populations_des_regions_font_celle_de_la_france(reels: Entrepot, fichier_communes: pd.DataFrame) -> None:
    territoires = _lue(reels, "territoires").set_index(["niveau", "code_territoire"])
    france = territoires.loc[("france", "FR"), "population"]
    assert territoires.loc["region", "population"].sum() == france
    assert fichier_communes.dropna(subset=["code_region"])["population"].sum() == france


def test_un_arrondissement_de_paris_mene_a_la_commune(reels: Entrepot) -> None:
    anciennes = _lue(reels, "communes_anciennes").set_index("code_ancien")["code_commune"]
    assert anciennes["75101"] == "75056"
    assert not set(anciennes.index) & set(_lue(reels, "communes")["code_commune"])
    assert set(anciennes) <= set(_lue(reels, "communes")["code_commune"])
