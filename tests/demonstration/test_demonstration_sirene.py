"""The Sirene files of the demonstration tell one story: stocks, periods and successions agree, whatever the vintage."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from observatoire.demonstration import generate
from observatoire.demonstration.naf25 import NAF25
from observatoire.demonstration.profiles import ACTIVITIES
from observatoire.settings import REFERENCES

JOUR = pd.Timedelta(days=1)
INCONNUE = pd.Timestamp("1900-01-01")

Tables = dict[str, pd.DataFrame]


def _lire(paths: list[Path]) -> Tables:
    tables = {path.parent.name: pd.read_parquet(path) for path in paths}
    for table in tables.values():
        for column in table.columns[table.columns.str.startswith("date")]:
            table[column] = pd.to_datetime(table[column])
    return tables


@pytest.fixture(scope="module")
def sirene(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return _lire(generate("sirene", tmp_path_factory.mktemp("sirene"), REFERENCES))


@pytest.fixture(scope="module")
def nationale(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("nationale")
    return _lire(generate("sirene", folder, REFERENCES, etablissements=100_000, departements=None))


@pytest.fixture(scope="module")
def periodes(sirene: Tables) -> pd.DataFrame:
    """Give the periods with what the period before was, for those that have one."""
    history = sirene["sirene_historique"].sort_values(["siret", "dateDebut"], ignore_index=True)
    before = history.groupby("siret")[
        ["dateFin", "etatAdministratifEtablissement", "caractereEmployeurEtablissement"]
    ].shift()
    return history.join(before.add_suffix("_avant")).assign(premiere=~history["siret"].duplicated())


def test_l_historique_et_les_successions_ont_leur_fichier_et_leurs_types(tmp_path: Path) -> None:
    paths = generate("sirene", tmp_path, REFERENCES, etablissements=100)
    assert [path.relative_to(tmp_path).as_posix() for path in paths[2:]] == [
        "sirene_historique/StockEtablissementHistorique_utf8.parquet",
        "sirene_successions/StockEtablissementLiensSuccession_utf8.parquet",
    ]
    assert all(path.with_name(f"{path.name}.origine.yml").exists() for path in paths)
    history, links = ({field.name: str(field.type) for field in pq.read_schema(path)} for path in paths[2:])
    assert (len(history), len(links)) == (18, 6)
    assert history["siret"] == links["siretEtablissementSuccesseur"] == "string"
    assert history["dateFin"] == history["dateDebut"] == links["dateLienSuccession"] == "date32[day]"
    assert {kind for name, kind in history.items() if name.startswith("changement")} == {"bool"}
    assert links["transfertSiege"] == links["continuiteEconomique"] == "bool"
    assert links["dateDernierTraitementLienSuccession"] == "timestamp[us]"


def test_sans_historique_les_stocks_sont_les_memes(tmp_path: Path) -> None:
    whole = generate("sirene", tmp_path / "avec", REFERENCES, etablissements=2_000)
    stocks = generate("sirene", tmp_path / "sans", REFERENCES, etablissements=2_000, historique=False)
    assert [path.read_bytes() for path in stocks] == [path.read_bytes() for path in whole[:2]]
    assert not (tmp_path / "sans" / "sirene_historique").exists()


def test_la_periode_courante_est_celle_du_stock(sirene: Tables) -> None:
    stock, history = sirene["sirene_etablissements"], sirene["sirene_historique"]
    current = history[history["dateFin"].isna()].reset_index(drop=True)
    shared = [
        "siren", "nic", "siret", "dateDebut", "etatAdministratifEtablissement", "denominationUsuelleEtablissement",
        "activitePrincipaleEtablissement", "nomenclatureActivitePrincipaleEtablissement",
        "caractereEmployeurEtablissement",
    ]  # fmt: skip
    pd.testing.assert_frame_equal(current[shared], stock[shared])
    assert (history.groupby("siret", sort=False).size().to_numpy() == stock["nombrePeriodesEtablissement"]).all()


def test_la_premiere_periode_commence_a_la_creation(sirene: Tables, periodes: pd.DataFrame) -> None:
    first = periodes[periodes["premiere"]].merge(sirene["sirene_etablissements"], on="siret", validate="one_to_one")
    assert (first["dateDebut_x"] == first["dateCreationEtablissement"]).all()
    assert (first["etatAdministratifEtablissement_x"] == "A").all()
    assert 0 < (first["dateCreationEtablissement"] == INCONNUE).mean() < 0.01


def test_les_periodes_se_suivent_sans_trou_ni_recouvrement(sirene: Tables, periodes: pd.DataFrame) -> None:
    later = periodes[~periodes["premiere"]]
    assert (later["dateDebut"] == later["dateFin_avant"] + JOUR).all()
    assert (periodes["dateFin"].isna() | (periodes["dateFin"] >= periodes["dateDebut"])).all()
    assert periodes["dateDebut"].max() < pd.Timestamp("2026-11-01")
    # In the file: by establishment, the current period first.
    history = sirene["sirene_historique"]
    assert history["siret"].is_monotonic_increasing
    same = history["siret"] == history["siret"].shift()
    assert (same == history["dateFin"].notna()).all()
    assert (history["dateDebut"] < history["dateDebut"].shift())[same].all()


def test_un_indicateur_de_changement_dit_ce_qui_a_change(periodes: pd.DataFrame) -> None:
    later = periodes[~periodes["premiere"]]
    state = later["etatAdministratifEtablissement"] != later["etatAdministratifEtablissement_avant"]
    employer = later["caractereEmployeurEtablissement"].fillna("") != later["caractereEmployeurEtablissement_avant"]
    employer &= later["caractereEmployeurEtablissement"].notna()
    assert (later["changementEtatAdministratifEtablissement"] == state).all()
    assert (later["changementCaractereEmployeurEtablissement"] == employer).all()
    changes = periodes.columns[periodes.columns.str.startswith("changement")]
    assert not periodes.loc[periodes["premiere"], changes].to_numpy().any()
    # A period that changes nothing would not be one.
    told = later[later["caractereEmployeurEtablissement"].notna()]
    assert told[changes].any(axis=1).all()
    # Frozen when it closes: an establishment is never an employer, or no longer one, because it closed.
    assert not (state & employer).any()


def test_l_historique_a_des_embauches_des_fermetures_et_des_reouvertures(periodes: pd.DataFrame) -> None:
    assert 1.9 < len(periodes) / periodes["siret"].nunique() < 2.4
    state, employer = periodes["etatAdministratifEtablissement"], periodes["caractereEmployeurEtablissement"]
    reopened = (state == "A") & (periodes["etatAdministratifEtablissement_avant"] == "F")
    closed = (state == "F") & (periodes["etatAdministratifEtablissement_avant"] == "A")
    hires = (employer == "O") & (periodes["caractereEmployeurEtablissement_avant"] == "N")
    assert 0 < reopened.sum() < 0.05 * closed.sum()
    employers = (periodes["dateFin"].isna() & (state == "A") & (employer == "O")).sum()
    assert 0.2 < hires.sum() / employers < 0.6
    # Every year of the last ten has births and closings, neither of which doubles from one to the next.
    for events in (periodes["premiere"], closed):
        years = periodes.loc[events, "dateDebut"].dt.year.value_counts().reindex(range(2016, 2026), fill_value=0)
        assert (years > 500).all()
        assert (years.sort_index().pct_change().dropna() < 0.5).all()


def test_un_lien_relie_un_etablissement_a_celui_qui_le_remplace(sirene: Tables) -> None:
    links, stock = sirene["sirene_successions"], sirene["sirene_etablissements"]
    ends = stock.set_index("siret")
    before = ends.loc[links["siretEtablissementPredecesseur"]].reset_index()
    after = ends.loc[links["siretEtablissementSuccesseur"]].reset_index()
    assert (before["siren"] == after["siren"]).all()
    assert (before["siret"] != after["siret"]).all()
    assert not links["siretEtablissementPredecesseur"].duplicated().any()
    moved = links["continuiteEconomique"]
    gap = after["dateCreationEtablissement"] - before["dateDebut"]
    assert (before.loc[moved, "etatAdministratifEtablissement"] == "F").all()
    assert (links["dateLienSuccession"] == before["dateDebut"])[moved].all()
    assert gap[moved].between(pd.Timedelta(0), 30 * JOUR).all()
    # The head office left for the next place, and this one stays open.
    stays = ~moved & (before["etatAdministratifEtablissement"] == "A")
    assert stays.any()
    assert links.loc[~moved, "transfertSiege"].all()
    assert (links["dateLienSuccession"] == after["dateCreationEtablissement"])[~moved].all()
    assert (~links["transfertSiege"]).any()
    assert not before.loc[links["transfertSiege"], "etablissementSiege"].any()
    assert (links["dateDernierTraitementLienSuccession"] >= links["dateLienSuccession"]).all()
    assert 0.10 < moved.sum() / (stock["etatAdministratifEtablissement"] == "F").sum() < 0.16


@pytest.mark.parametrize(("vintage", "columns"), [("2022", (48, 33)), ("2024", (53, 34)), ("2026", (54, 35))])
def test_un_millesime_de_colonnes_porte_les_memes_lignes(
    tmp_path: Path, vintage: str, columns: tuple[int, int]
) -> None:
    latest = generate("sirene", tmp_path / "defaut", REFERENCES, etablissements=1_000)
    older = generate("sirene", tmp_path / "ancien", REFERENCES, etablissements=1_000, vintage=vintage)
    stocks = [pq.read_table(path) for path in older[:2]]
    assert tuple(len(stock.schema) for stock in stocks) == columns
    assert ("activitePrincipaleNAF25Etablissement" in stocks[0].schema.names) == (vintage == "2026")
    assert ("identifiantAdresseEtablissement" in stocks[0].schema.names) == (vintage != "2022")
    assert ("societeMissionUniteLegale" in stocks[1].schema.names) == (vintage != "2022")
    for path, same in zip(older, latest, strict=True):
        kept = pq.read_schema(path).names
        assert pq.read_table(path).equals(pq.read_table(same).select(kept))


def test_ce_qui_est_actif_a_un_code_naf_2025(sirene: Tables) -> None:
    assert NAF25.keys() == set(ACTIVITIES)
    codes = pd.Series(NAF25)
    assert codes.str.fullmatch(r"\d{2}\.\d{2}[G-Y]").all()
    left = codes[codes.str[:2] != codes.index.str[:2]]
    assert left.to_dict() == {"45.20A": "95.31G"}
    for source, suffix in (("sirene_etablissements", "Etablissement"), ("sirene_unites_legales", "UniteLegale")):
        stock = sirene[source]
        active = stock[f"etatAdministratif{suffix}"] == "A"
        expected = stock[f"activitePrincipale{suffix}"].map(NAF25).where(active)
        assert active.any() and (stock[f"activitePrincipaleNAF25{suffix}"].fillna("") == expected.fillna("")).all()


def test_l_activite_peut_etre_codee_en_naf_2025(tmp_path: Path) -> None:
    usual = _lire(generate("sirene", tmp_path / "rev2", REFERENCES, etablissements=2_000))
    coded = _lire(generate("sirene", tmp_path / "naf25", REFERENCES, etablissements=2_000, nomenclature="NAF25"))
    for source, suffix in (("sirene_etablissements", "Etablissement"), ("sirene_unites_legales", "UniteLegale")):
        names = [f"activitePrincipale{suffix}", f"nomenclatureActivitePrincipale{suffix}"]
        before, after = usual[source], coded[source]
        active = before[f"etatAdministratif{suffix}"] == "A"
        assert (after.loc[active, names[0]] == after.loc[active, f"activitePrincipaleNAF25{suffix}"]).all()
        assert set(after.loc[active, names[1]]) == {"NAF25"}
        pd.testing.assert_frame_equal(after.drop(columns=names), before.drop(columns=names))
        pd.testing.assert_frame_equal(after.loc[~active, names], before.loc[~active, names])


def test_quelques_adresses_gardent_le_code_d_une_ancienne_commune(sirene: Tables, nationale: Tables) -> None:
    current = set(pd.read_csv(REFERENCES / "communes.csv", dtype="str")["code_commune"])
    former = pd.read_csv(REFERENCES / "communes_anciennes.csv", dtype="str").set_index("code_ancien")
    delegated = set(former.index[former["type_ancien"] != "arrondissement-municipal"])
    for tables in (sirene, nationale):
        codes = tables["sirene_etablissements"]["codeCommuneEtablissement"]
        assert 0.003 < codes.isin(delegated).mean() < 0.007
        unknown = codes[~codes.isin(current | set(former.index))]
        assert 0 < len(unknown) < 0.001 * len(codes)
        assert unknown.str.fullmatch(r"(\d{2}|2A|2B)\d{3}").all()
    local = sirene["sirene_etablissements"]
    old = local[local["codeCommuneEtablissement"].isin(delegated)]
    assert "DALLET" in set(old["libelleCommuneEtablissement"])
    assert old["codeCommuneEtablissement"].str.startswith("63").all()


def test_la_france_entiere_a_les_proportions_du_vrai_repertoire(nationale: Tables) -> None:
    stock, units = nationale["sirene_etablissements"], nationale["sirene_unites_legales"]
    active = stock["etatAdministratifEtablissement"] == "A"
    employer = active & (stock["caractereEmployeurEtablissement"] == "O")
    assert 0.66 < len(units) / len(stock) < 0.70
    assert 0.34 < active.mean() < 0.39
    assert 0.13 < employer.sum() / active.sum() < 0.17
    assert 0.55 < (units["categorieJuridiqueUniteLegale"] == 1000).mean() < 0.58
    assert 0.04 < (units["economieSocialeSolidaireUniteLegale"] == "O").mean() < 0.05
    flagged = units.loc[units["economieSocialeSolidaireUniteLegale"] == "O", "siren"]
    assert 0.07 < stock.loc[employer, "siren"].isin(flagged).mean() < 0.11
    assert 2.1 < len(nationale["sirene_historique"]) / len(stock) < 2.3
    assert 0.2 < len(nationale["sirene_successions"]) / len(stock) < 0.26


def test_un_millesime_ou_une_nomenclature_inconnus_sont_refuses(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"millésime de colonnes inconnu : .2023. ; choisir 2022, 2024, 2026"):
        generate("sirene", tmp_path, REFERENCES, vintage="2023")
    with pytest.raises(ValueError, match=r"nomenclature inconnue : .NAP. ; choisir NAFRev2 ou NAF25"):
        generate("sirene", tmp_path, REFERENCES, nomenclature="NAP")
    assert list(tmp_path.iterdir()) == []
