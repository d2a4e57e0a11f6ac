"""The demonstration files: official formats, recognisable rows, the same bytes twice, no declared figure inside.

What the sources make of these files is tested with each source.
"""

import hashlib
import re
import zipfile
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from stdnum.fr import siren, siret

from observatoire.demonstration import generate
from observatoire.demonstration.geography import ANCIENNES_REGIONS
from observatoire.demonstration.identifiers import draw_sirens
from observatoire.demonstration.profiles import PROFILES
from observatoire.identifiers import SIREN_PREFIX, is_demonstration
from observatoire.publication.pages import MODELES
from observatoire.settings import REFERENCES

ETABLISSEMENT = """
siren nic siret statutDiffusionEtablissement dateCreationEtablissement trancheEffectifsEtablissement
anneeEffectifsEtablissement activitePrincipaleRegistreMetiersEtablissement dateDernierTraitementEtablissement
etablissementSiege nombrePeriodesEtablissement complementAdresseEtablissement numeroVoieEtablissement
indiceRepetitionEtablissement dernierNumeroVoieEtablissement indiceRepetitionDernierNumeroVoieEtablissement
typeVoieEtablissement libelleVoieEtablissement codePostalEtablissement libelleCommuneEtablissement
libelleCommuneEtrangerEtablissement distributionSpecialeEtablissement codeCommuneEtablissement codeCedexEtablissement
libelleCedexEtablissement codePaysEtrangerEtablissement libellePaysEtrangerEtablissement identifiantAdresseEtablissement
coordonneeLambertAbscisseEtablissement coordonneeLambertOrdonneeEtablissement complementAdresse2Etablissement
numeroVoie2Etablissement indiceRepetition2Etablissement typeVoie2Etablissement libelleVoie2Etablissement
codePostal2Etablissement libelleCommune2Etablissement libelleCommuneEtranger2Etablissement
distributionSpeciale2Etablissement codeCommune2Etablissement codeCedex2Etablissement libelleCedex2Etablissement
codePaysEtranger2Etablissement libellePaysEtranger2Etablissement dateDebut etatAdministratifEtablissement
enseigne1Etablissement enseigne2Etablissement enseigne3Etablissement denominationUsuelleEtablissement
activitePrincipaleEtablissement nomenclatureActivitePrincipaleEtablissement caractereEmployeurEtablissement
activitePrincipaleNAF25Etablissement
"""

UNITE_LEGALE = """
siren statutDiffusionUniteLegale unitePurgeeUniteLegale dateCreationUniteLegale sigleUniteLegale sexeUniteLegale
prenom1UniteLegale prenom2UniteLegale prenom3UniteLegale prenom4UniteLegale prenomUsuelUniteLegale pseudonymeUniteLegale
identifiantAssociationUniteLegale trancheEffectifsUniteLegale anneeEffectifsUniteLegale dateDernierTraitementUniteLegale
nombrePeriodesUniteLegale categorieEntreprise anneeCategorieEntreprise dateDebut etatAdministratifUniteLegale
nomUniteLegale nomUsageUniteLegale denominationUniteLegale denominationUsuelle1UniteLegale
denominationUsuelle2UniteLegale denominationUsuelle3UniteLegale categorieJuridiqueUniteLegale
activitePrincipaleUniteLegale nomenclatureActivitePrincipaleUniteLegale nicSiegeUniteLegale
economieSocialeSolidaireUniteLegale societeMissionUniteLegale caractereEmployeurUniteLegale
activitePrincipaleNAF25UniteLegale
"""

HISTORIQUE = """
siren nic siret dateFin dateDebut etatAdministratifEtablissement changementEtatAdministratifEtablissement
enseigne1Etablissement enseigne2Etablissement enseigne3Etablissement changementEnseigneEtablissement
denominationUsuelleEtablissement changementDenominationUsuelleEtablissement activitePrincipaleEtablissement
nomenclatureActivitePrincipaleEtablissement changementActivitePrincipaleEtablissement caractereEmployeurEtablissement
changementCaractereEmployeurEtablissement
"""

SUCCESSIONS = """
siretEtablissementPredecesseur siretEtablissementSuccesseur dateLienSuccession transfertSiege continuiteEconomique
dateDernierTraitementLienSuccession
"""

MEASURES = ["nombre_d_etablissements", "effectifs_salaries_moyens", "masse_salariale"]

Stocks = tuple[pd.DataFrame, pd.DataFrame]


def _fingerprints(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.*")}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("demonstration")
    paths = [path for jeu in ("sirene", "urssaf", "flores") for path in generate(jeu, folder, REFERENCES)]
    return {path.parent.name: path for path in paths}


@pytest.fixture(scope="module")
def sirene(files: dict[str, Path]) -> Stocks:
    return pd.read_parquet(files["sirene_etablissements"]), pd.read_parquet(files["sirene_unites_legales"])


@pytest.fixture(scope="module")
def flores(files: dict[str, Path]) -> pd.DataFrame:
    with zipfile.ZipFile(files["flores"]) as archive, archive.open("DS_FLORES_A5_2024_data.csv") as data:
        return pd.read_csv(data, sep=";", dtype="str", keep_default_na=False)


def _urssaf(path: Path) -> pd.DataFrame:
    codes = dict.fromkeys(["code_region", "code_ancienne_region", "code_departement", "code_epci"], "str")
    return pd.read_csv(path, sep=";", encoding="utf-8-sig", dtype=codes)


@pytest.mark.parametrize(
    ("jeu", "file_format"), [("sirene", "parquet"), ("sirene", "csv"), ("urssaf", "parquet"), ("flores", "parquet")]
)
def test_deux_generations_donnent_les_memes_octets(
    tmp_path: Path, files: dict[str, Path], jeu: str, file_format: str
) -> None:
    for folder in ("un", "deux"):
        paths = generate(jeu, tmp_path / folder, REFERENCES, etablissements=1_000, format=file_format, graine=7)
    assert _fingerprints(tmp_path / "un") == _fingerprints(tmp_path / "deux")
    assert all(path.read_bytes() != files[path.parent.name].read_bytes() for path in paths)


def test_une_autre_graine_donne_d_autres_lignes(tmp_path: Path) -> None:
    communes = []
    for seed in (7, 8):
        sites, *_ = generate("sirene", tmp_path, REFERENCES, etablissements=200, graine=seed)
        communes.append(pd.read_parquet(sites)["codeCommuneEtablissement"].tolist())
    assert communes[0] != communes[1]


def test_les_stocks_sirene_ont_les_colonnes_et_les_types_de_data_gouv(files: dict[str, Path]) -> None:
    assert files["sirene_etablissements"].name == "StockEtablissement_utf8.parquet"
    assert files["sirene_unites_legales"].name == "StockUniteLegale_utf8.parquet"
    units = {field.name: str(field.type) for field in pq.read_schema(files["sirene_unites_legales"])}
    sites = {field.name: str(field.type) for field in pq.read_schema(files["sirene_etablissements"])}
    assert list(sites) == ETABLISSEMENT.split()
    assert list(units) == UNITE_LEGALE.split()
    assert (len(sites), len(units)) == (54, 35)
    assert units["categorieJuridiqueUniteLegale"] == units["nicSiegeUniteLegale"] == "int64"
    assert sites["siren"] == sites["nic"] == sites["siret"] == sites["codePostalEtablissement"] == "string"
    assert (sites["etablissementSiege"], sites["dateCreationEtablissement"]) == ("bool", "date32[day]")
    assert units["dateDernierTraitementUniteLegale"] == "timestamp[us]"


def test_le_csv_zippe_porte_les_memes_lignes_que_le_parquet(tmp_path: Path) -> None:
    parquet = generate("sirene", tmp_path / "parquet", REFERENCES, etablissements=500)
    zipped = generate("sirene", tmp_path / "csv", REFERENCES, etablissements=500, format="csv")
    assert [path.suffix for path in zipped] == [".zip"] * 4
    texts = {}
    layouts = (ETABLISSEMENT, UNITE_LEGALE, HISTORIQUE, SUCCESSIONS)
    for archive, table, columns in zip(zipped, parquet, layouts, strict=True):
        with zipfile.ZipFile(archive) as content:
            [member] = content.namelist()
            texts[member] = content.read(member)
        assert member == f"{archive.stem}.csv"
        assert texts[member].splitlines()[0].decode() == ",".join(columns.split())
        (tmp_path / member).write_bytes(texts[member])
        with duckdb.connect() as connection:
            expected = connection.read_parquet(str(table))
            types = {name: str(kind) for name, kind in zip(expected.columns, expected.types, strict=True)}
            read = connection.read_csv(str(tmp_path / member), header=True, dtype=types)
            assert read.except_(expected).limit(1).fetchall() == []
            assert expected.except_(read).limit(1).fetchall() == []
            assert len(read) == len(expected)
    stocks = [texts["StockEtablissement_utf8.csv"], texts["StockUniteLegale_utf8.csv"]]
    assert all(re.search(rb",2026-10-\d\dT\d\d:\d\d:\d\d,", text) for text in stocks)
    assert all(b",true," in text for text in texts.values())
    # The NIC is five digits in the CSV, an integer in the Parquet file.
    units = pd.read_csv(tmp_path / "StockUniteLegale_utf8.csv", dtype="str")
    assert units["nicSiegeUniteLegale"].str.fullmatch(r"\d{5}").all()


def test_tout_identifiant_est_valide_et_dans_la_plage_de_demonstration(sirene: Stocks) -> None:
    etablissements, unites = sirene
    assert is_demonstration(unites["siren"]).all()
    assert unites["siren"].is_unique
    assert etablissements["siret"].is_unique
    # One thousand suffice for the slow reference implementation.
    assert unites["siren"].head(1_000).map(siren.is_valid).all()
    assert etablissements["siret"].head(1_000).map(siret.is_valid).all()
    assert (etablissements["siret"] == etablissements["siren"] + etablissements["nic"]).all()


def test_la_plage_de_demonstration_se_reconnait_et_se_parcourt_en_entier() -> None:
    assert SIREN_PREFIX == "29"
    # In the range; wrong key; a real unit (the métropole); too short; missing.
    candidates = pd.Series(["290000173", "290000174", "246300701", "29000017", None])
    assert is_demonstration(candidates).tolist() == [True, False, False, False, False]
    whole = pd.Series(draw_sirens(0, 1_000_000, seed=5))
    assert whole.is_unique
    assert is_demonstration(whole[::1_000].astype("str")).all()
    beyond = pd.Series(draw_sirens(1_000_000, 100, seed=5)).astype("str")
    assert beyond.str.startswith("3").all()
    assert beyond.map(siren.is_valid).all()


def test_unites_et_etablissements_se_repondent(sirene: Stocks) -> None:
    etablissements, unites = sirene
    assert len(etablissements) == 60_000
    assert set(etablissements["siren"]) == set(unites["siren"])
    heads = etablissements[etablissements["etablissementSiege"]].merge(unites, on="siren", validate="one_to_one")
    assert len(heads) == len(unites)
    assert (heads["nic"].astype("int64") == heads["nicSiegeUniteLegale"]).all()
    ceased = heads["etatAdministratifUniteLegale"] == "C"
    assert (heads.loc[ceased, "etatAdministratifEtablissement"] == "F").all()


def test_la_composition_est_realiste(sirene: Stocks) -> None:
    etablissements, unites = sirene
    persons = unites["categorieJuridiqueUniteLegale"] == 1000
    assert 0.54 < persons.mean() < 0.58
    assert set(unites.loc[persons, "nomUniteLegale"]) == {"DEMONSTRATION", "[ND]"}
    assert set(unites["economieSocialeSolidaireUniteLegale"].dropna()) == {"O", "N"}
    assert 0.01 < (unites["statutDiffusionUniteLegale"] == "P").mean() < 0.03
    redacted = etablissements["statutDiffusionEtablissement"] == "P"
    assert (etablissements.loc[redacted, "libelleVoieEtablissement"] == "[ND]").all()
    assert set(etablissements["caractereEmployeurEtablissement"].dropna()) == {"O", "N"}
    assert etablissements["caractereEmployeurEtablissement"].isna().any()
    assert {"NAFRev2", "NAFRev1", "NAF1993"} == set(etablissements["nomenclatureActivitePrincipaleEtablissement"])
    assert etablissements["codeCommuneEtablissement"].str.startswith("63").all()
    processed = etablissements["dateDernierTraitementEtablissement"]
    assert ((processed >= "2026-10-01") & (processed < "2026-11-01")).all()
    no_employer = etablissements["caractereEmployeurEtablissement"] == "N"
    assert set(etablissements.loc[no_employer, "trancheEffectifsEtablissement"].dropna()) == {"NN"}


def test_les_codes_tires_existent_dans_les_nomenclatures() -> None:
    naf = set(pd.read_csv(REFERENCES / "naf.csv", dtype="str")["code_naf"])
    categories = set(pd.read_csv(REFERENCES / "categories_juridiques.csv", dtype="str").iloc[:, 0])
    for profile in PROFILES:
        assert profile.activites.keys() <= naf
        assert {str(code) for code in profile.categories} <= categories


def test_la_france_entiere_code_paris_lyon_et_marseille_par_arrondissement(tmp_path: Path) -> None:
    sites, *_ = generate("sirene", tmp_path, REFERENCES, etablissements=5_000, departements=None)
    communes = set(pd.read_parquet(sites)["codeCommuneEtablissement"])
    assert not communes & {"75056", "69123", "13055"}
    assert communes & {str(code) for code in range(75101, 75121)}


def test_les_fichiers_urssaf_ont_bom_separateur_et_entete(files: dict[str, Path]) -> None:
    common = "nombre-etab-effectifs-salaries-et-masse-salariale"
    ess, private = files["urssaf_ess_departements"], files["urssaf_prive_epci"]
    assert (ess.name, private.name) == (f"{common}-ess-departements.csv", f"{common}-secteur-prive-epci.csv")
    ess_keys = "region;ancienne_region;departement;champ_ess;famille_ess;annee;code_region;code_ancienne_region"
    private_keys = "region;ancienne_region;epci;annee;code_region;code_ancienne_region"
    for path, keys in ((ess, [ess_keys, "code_departement"]), (private, [private_keys, "code_epci"])):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf" + ";".join([*keys, *MEASURES]).encode() + b"\n")


def test_l_urssaf_par_departement_est_complete_et_plausible(files: dict[str, Path]) -> None:
    table = _urssaf(files["urssaf_ess_departements"])
    assert table["code_departement"].nunique() == 100
    assert sorted(table["annee"].unique()) == list(range(2019, 2025))
    ess = table[table["champ_ess"] == "OUI"]
    assert set(ess["famille_ess"]) == {"Associations", "Coopératives", "Mutuelles", "Fondations"}
    assert set(table.loc[table["champ_ess"] == "NON", "famille_ess"]) == {"Hors ESS"}
    assert ess["masse_salariale"].div(ess["effectifs_salaries_moyens"]).between(20_000, 35_000).all()
    totals = ess.groupby(["code_departement", "annee"])[MEASURES].sum()
    assert totals["effectifs_salaries_moyens"].div(totals["nombre_d_etablissements"]).between(8, 16).all()
    national = ess.groupby("annee")[MEASURES].sum()
    pay = national["masse_salariale"] / national["effectifs_salaries_moyens"]
    assert pay.pct_change().dropna().between(0, 0.03).all()


def test_un_epci_a_cheval_a_une_ligne_par_region_et_ancienne_region(files: dict[str, Path]) -> None:
    table = _urssaf(files["urssaf_prive_epci"])
    assert table["code_epci"].nunique() == 1_250
    assert not table.duplicated(["code_epci", "code_region", "code_ancienne_region", "annee"]).any()
    assert table.duplicated(["code_epci", "code_region", "annee"]).any(), "two former régions of one région"
    regions = table.groupby(["code_epci", "annee"])["code_region"].nunique()
    assert {len(regions[regions > 1].xs(year, level="annee")) for year in range(2019, 2025)} == {26}


def test_le_prive_des_epci_suit_celui_des_departements_et_a_des_inconnues(files: dict[str, Path]) -> None:
    table = _urssaf(files["urssaf_prive_epci"])
    by_departement = _urssaf(files["urssaf_ess_departements"]).groupby("annee")["nombre_d_etablissements"].sum()
    assert (table.groupby("annee")["nombre_d_etablissements"].sum() / by_departement).between(0.98, 1).all()
    unknown = table["masse_salariale"].isna()
    assert unknown.sum() == table["effectifs_salaries_moyens"].isna().sum() == 6
    assert (table.loc[unknown, "nombre_d_etablissements"] > 0).all()


def test_chaque_departement_a_une_seule_ancienne_region() -> None:
    members = " ".join(departements for _, departements in ANCIENNES_REGIONS.values()).split()
    zonages = pd.read_csv(REFERENCES / "zonages.csv", dtype="str")
    departements = set(zonages.loc[zonages["niveau"] == "departement", "code_territoire"])
    assert len(members) == len(set(members)) == 100
    assert set(members) == departements - {"976"}


def test_l_archive_flores_a_l_entete_et_les_guillemets_officiels(files: dict[str, Path]) -> None:
    assert files["flores"].name == "DS_FLORES_A5_2024_CSV_FR.zip"
    with zipfile.ZipFile(files["flores"]) as archive:
        assert archive.namelist() == ["DS_FLORES_A5_2024_data.csv", "DS_FLORES_A5_2024_metadata.csv"]
        lines = archive.read("DS_FLORES_A5_2024_data.csv").decode().splitlines()
    dimensions = "GEO GEO_OBJECT ACTIVITY NUMBER_EMPL LEGAL_FORM_WITH_PUBLIC FLORES_MEASURE"
    observation = "OBS_STATUS TIME_PERIOD OBS_VALUE"
    assert lines[0] == ";".join(f'"{name}"' for name in f"{dimensions} {observation}".split())
    assert all(line.count('"') == 18 for line in lines)


def test_les_territoires_flores_sont_la_somme_des_communes(flores: pd.DataFrame) -> None:
    assert set(flores["GEO_OBJECT"]) == {"COM", "EPCI", "DEP", "REG", "FRANCE"}
    totals = flores[(flores["ACTIVITY"] == "_T") & (flores["TIME_PERIOD"] == "2024")]
    france = totals[totals["GEO_OBJECT"] == "FRANCE"].set_index("FLORES_MEASURE")["OBS_VALUE"]
    assert france.to_dict() == {"UNIT_LOC": "2411570", "EMPL3112": "26604745"}
    units = totals[totals["FLORES_MEASURE"] == "UNIT_LOC"].astype({"OBS_VALUE": "int64"})
    communes = units.loc[units["GEO_OBJECT"] == "COM", "OBS_VALUE"].sum()
    assert communes == units.loc[(units["GEO_OBJECT"] == "DEP") & (units["GEO"] == "63"), "OBS_VALUE"].item()


def test_une_cellule_flores_non_diffusee_est_vide(flores: pd.DataFrame) -> None:
    withheld = flores["OBS_STATUS"] == "K"
    assert 0 < withheld.sum() < 100
    assert (withheld == (flores["OBS_VALUE"] == "")).all()
    assert set(flores.loc[withheld, "GEO_OBJECT"]) == {"COM"}
    assert 0 < flores.loc[flores["OBS_STATUS"] == "W", "GEO"].nunique() <= 3


def test_chaque_fichier_dit_qu_il_est_une_demonstration(files: dict[str, Path]) -> None:
    for source, path in files.items():
        origin = yaml.safe_load(path.with_name(f"{path.name}.origine.yml").read_text(encoding="utf-8"))
        assert origin["nature"] == "demonstration"
        assert origin["producteur"] == "Observatoire de l'ESS (données de démonstration)"
        assert origin["licence"] == "Licence Ouverte 2.0"
        assert str(origin["obtenu_le"]) == "2026-11-22"
        local = source.startswith("sirene")
        assert origin.get("couverture") == ({"niveau": "departement", "codes": ["63"]} if local else None)
        assert origin["millesime"] == ("2026-11" if local else "2024")


def test_aucun_total_ne_vaut_un_chiffre_declare(files: dict[str, Path], sirene: Stocks) -> None:
    etablissements, unites = sirene
    communes = pd.read_csv(REFERENCES / "communes.csv", dtype="str")
    metropole = communes.loc[communes["code_epci"] == "246300701", "code_commune"]
    sites = etablissements.merge(unites, on="siren")
    active = sites["etatAdministratifEtablissement"] == "A"
    employer = active & (sites["caractereEmployeurEtablissement"] == "O")
    flagged = sites["economieSocialeSolidaireUniteLegale"] == "O"
    families = {code for profile in PROFILES[-4:] for code in profile.categories} - {5710}
    legal = sites["categorieJuridiqueUniteLegale"].isin(families)
    figures = {
        int((scope & state & ess).sum())
        for scope in (sites["codeCommuneEtablissement"].isin(metropole), active | ~active)
        for state in (employer, active, active | ~active)
        for ess in (flagged, legal, flagged | legal)
    }
    urssaf = _urssaf(files["urssaf_ess_departements"]).query("code_departement == '63' and champ_ess == 'OUI'")
    totals = urssaf.groupby("annee")[MEASURES].sum()
    figures |= {round(value) for value in totals.to_numpy().ravel()}
    assert not figures & {1_295, 14_500, 400_000_000}


def test_un_jeu_ou_un_format_inconnu_est_refuse(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="jeu de démonstration inconnu"):
        generate("insee", tmp_path, REFERENCES)
    with pytest.raises(ValueError, match="format inconnu"):
        generate("sirene", tmp_path, REFERENCES, format="xlsx")
    with pytest.raises(ValueError, match="aucune commune"):
        generate("sirene", tmp_path, REFERENCES, departements=("999",))
    assert list(tmp_path.iterdir()) == []


def test_une_ecriture_interrompue_ne_remplace_rien(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate("sirene", tmp_path, REFERENCES, etablissements=100)
    before = _fingerprints(tmp_path)

    def broken(paths: dict[str, Path], *_: object) -> None:
        paths["sirene_etablissements"].write_bytes(b"PAR1")
        raise OSError("disque plein")

    monkeypatch.setattr("observatoire.demonstration.sirene._write_parquet", broken)
    with pytest.raises(OSError, match="disque plein"):
        generate("sirene", tmp_path, REFERENCES, etablissements=100, graine=2)
    assert _fingerprints(tmp_path) == before


PAGES = ["portrait", "acteurs", "sources", "qualite", "journal", "portraits", "depliage"]


@pytest.mark.parametrize("page", PAGES)
def test_chaque_page_porte_la_marque_de_la_demonstration_sur_papier(page: str):
    modele = (MODELES / f"{page}.html").read_text(encoding="utf-8")
    bandeau = (MODELES / "bandeau.html").read_text(encoding="utf-8")
    assert 'class="filigrane"' in modele.replace('{% include "bandeau.html" %}', bandeau)
    assert '{% include "impression.css" %}' in modele
