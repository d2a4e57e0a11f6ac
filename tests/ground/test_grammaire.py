"""One grammar of words for both readers: each kind of column, word by word, its value or the reason it has none."""

import datetime
import itertools
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from observatoire.identifiers import is_rna, is_siren, is_siret
from observatoire.loading import batches, bulk
from observatoire.loading.files import Fichier
from observatoire.schemas import BOOLEEN, DATE, ENTIER, EUROS, NOMBRE, TEXTE, Colonne, Table
from observatoire.settings import Settings
from observatoire.sources import Source
from observatoire.sources.states import FichierLu
from observatoire.warehouse import Entrepot
from observatoire.words import DITS, expected_of, read
from tests.hasard import exemples

COLONNES = {
    "montant": Colonne("montant", EUROS, "Montant.", unite="eur"),
    "compte": Colonne("compte", ENTIER, "Compte."),
    "part": Colonne("part", NOMBRE, "Part."),
    "effectif": Colonne("effectif", NOMBRE, "Effectif.", unite="salariés"),
    "annee": Colonne("annee", ENTIER, "Année.", genre="annee"),
    "jour": Colonne("jour", DATE, "Jour.", vides=("1900-01-01",)),
    "oui": Colonne("oui", BOOLEEN, "Oui ou non."),
    "commune": Colonne("commune", TEXTE, "Commune.", longueur=5, vides=("[ND]", "00000")),
    "code": Colonne("code", TEXTE, "Code.", genre="code"),
    "siren": Colonne("siren", TEXTE, "SIREN.", genre="siren"),
    "siret": Colonne("siret", TEXTE, "SIRET.", genre="siret"),
    "tiers": Colonne("tiers", TEXTE, "SIREN ou SIRET.", genre="siren_ou_siret"),
    "rna": Colonne("rna", TEXTE, "RNA.", genre="rna"),
    "libre": Colonne("libre", TEXTE, "Texte libre.", vides=("néant",)),
}
NB, FINE, SANS = "\u00a0", "\u202f", "\u200b"
SIREN, SIRET = "700000045", "70000004500018"
TVA = f"FR{(12 + 3 * (int(SIREN) % 97)) % 97:02}{SIREN}"

# (word, value as read, key of what is told)
MOTS: dict[str, list[tuple[str, Any, str | None]]] = {
    "montant": [
        ("1500.50", Decimal("1500.50"), None),
        ("1 500,50", Decimal("1500.50"), None),
        (f"1{FINE}500,50{NB}€", Decimal("1500.50"), None),
        (f"15{SANS}000", Decimal(15000), None),
        ("1.234,50", Decimal("1234.50"), None),
        ("1'500.50", Decimal("1500.50"), None),
        ("€ 30 000", Decimal(30000), None),
        ("30 000 euros", Decimal(30000), None),
        ("'30000", Decimal(30000), None),
        ("+30000", Decimal(30000), None),
        ("30 000,-", Decimal(30000), None),
        ("30 000.–", Decimal(30000), None),
        ("(1 500,00)", Decimal(-1500), None),
        ("(1 500,00 €)", Decimal(-1500), None),
        ("1500-", Decimal(-1500), None),
        ("1 500,00-", Decimal(-1500), None),
        ("−1500", Decimal(-1500), None),
        ("–1 500", Decimal(-1500), None),
        ("- 1 500", Decimal(-1500), None),
        (".50", Decimal("0.50"), None),
        ("1250.000", Decimal(1250), None),
        ("1E+05", Decimal(100000), "peut_etre_arrondi"),
        ("1,5e3", Decimal(1500), "peut_etre_arrondi"),
        ("33333.3333333333", Decimal("33333.33"), "arrondi"),
        ("7200.000000000001", Decimal(7200), "arrondi"),
        ("2500.0050", Decimal("2500.01"), "arrondi"),
        ("-2500.005", Decimal("-2500.01"), "arrondi"),
        ("0.125", Decimal("0.13"), "arrondi"),
        ("15.000", None, "ambigu"),
        ("12,345", None, "ambigu"),
        ("1.250 €", None, "ambigu"),
        ("(15.000)", None, "ambigu"),
        ("-", None, "tiret_seul"),
        ("—", None, "tiret_seul"),
        (",-", None, "tiret_seul"),
        ("- €", None, "tiret_seul"),
        ("#REF!", None, "formule"),
        ("=SOMME(A1:A2)", None, "jamais_calculee"),
        ("12 %", None, "pourcentage"),
        ("$500", None, "autre_monnaie"),
        ("500 F", None, "autre_monnaie"),
        ("7M€", None, "multiple"),
        ("15 k€", None, "multiple"),
        ("10 20", None, "mal_groupe"),
        ("1 0000", None, "mal_groupe"),
        ("1.2.3", None, "mal_groupe"),
        ("--5", None, "mal_groupe"),
        ("6000m2", None, "unite"),
        ("environ 500", None, "unite"),
        ("néant", None, "mot"),
        ("99999999999999999", None, "trop_grand"),
        ("9999999999999999.999", None, "trop_grand"),
        ("1E+99", None, "trop_grand"),
    ],
    "compte": [
        ("29 000", 29000, None),
        ("12.0", 12, None),
        ("12,00", 12, None),
        ("1.295.000", 1295000, None),
        ("(12)", -12, None),
        ("1E+05", 100000, "peut_etre_arrondi"),
        ("15.000", None, "ambigu"),
        ("1,295", None, "ambigu"),
        ("12,5", None, "decimales"),
        ("-", None, "tiret_seul"),
    ],
    "part": [
        ("0.125", Decimal("0.125"), None),
        ("15.000", Decimal(15), None),
        ("0,5", Decimal("0.5"), None),
        ("0.33333333333", Decimal("0.333333"), "arrondi"),
        ("50 %", None, "pourcentage"),
    ],
    "effectif": [("12,25", Decimal("12.25"), None), ("12.333333", Decimal("12.333333"), None), ("15.000", None, "ambigu")],
    "annee": [
        ("2022", 2022, None),
        ("2023.0", 2023, None),
        ("2022-05", 2022, None),
        ("05/2022", 2022, None),
        ("mai 2022", 2022, None),
        ("2022-05-10", 2022, None),
        ("10/05/2022", 2022, None),
        ("2.022", None, "ambigu"),
        ("2022-2023", None, "plusieurs_annees"),
        ("2022/23", None, "plusieurs_annees"),
        ("marseille 2022", None, "unite"),
    ],
    "jour": [
        ("2024-01-31", datetime.date(2024, 1, 31), None),
        ("2024-01-31T10:11:12", datetime.date(2024, 1, 31), None),
        ("5/3/2023", datetime.date(2023, 3, 5), None),
        ("31.01.2024", datetime.date(2024, 1, 31), None),
        ("1er mars 2023", datetime.date(2023, 3, 1), None),
        ("31 janv. 2024", datetime.date(2024, 1, 31), None),
        ("2022-05-10T00:00:00+00:00", datetime.date(2022, 5, 10), None),
        ("2023-05-10T00:00:00+02:00", datetime.date(2023, 5, 10), None),
        ("2024-01-31T10:11:12.5Z", datetime.date(2024, 1, 31), None),
        ("2022-12-31T23:00:00Z", datetime.date(2023, 1, 1), "minuit_utc"),
        ("1900-01-01", None, None),
        ("1900-01-01T00:00:00", None, None),
        ("01/01/1900", None, None),
        ("2024-02-30", None, "jour_impossible"),
        ("01/31/2024", None, "jour_impossible"),
        ("2022", None, "annee_seule"),
        ("2022-05", None, "mois_seul"),
        ("31/01/24", None, "annee_courte"),
        ("45322", None, "numero_de_jour"),
        ("2024-01-31/2024-06-30", None, "plusieurs_dates"),
        ("hier", None, "pas_une_date"),
        ("20240131", None, "pas_une_date"),
    ],
    "oui": [
        ("OUI", True, None),
        ("True", True, None),
        ("1.0", True, None),
        ("x", True, None),
        ("n", False, None),
        ("0", False, None),
        ("peut-être", None, "ni_oui_ni_non"),
    ],
    "commune": [
        ("63113", "63113", None),
        ("2A004", "2A004", None),
        ("63113.0", "63113", "point_zero"),
        ("1004.0", "01004", "point_zero"),
        ("63113,00", "63113", "point_zero"),
        ("'63113", "63113", "apostrophe"),
        ("63 113", "63113", "blancs"),
        ("1004", "01004", "zeros"),
        ("6.3E+04", "6.3E+04", "notation_scientifique"),
        ("12E45", "12E45", None),
        ("ABCDEF", "ABCDEF", None),
        ("[ND]", None, None),
        ("00000", None, None),
        ("0", None, None),
    ],
    "code": [("65741", "65741", None), ("65741.0", "65741", "point_zero"), ("BP", "BP", None), ("a b", "a b", None)],
    "siren": [
        (SIREN, SIREN, None),
        (f"{SIREN}.0", SIREN, "point_zero"),
        (f"700{NB}000{FINE}045", SIREN, "blancs"),
        ("700.000.045", SIREN, "ponctuation"),
        ("356.000.000", "356000000", "ponctuation"),
        (f"SIREN : {SIREN}", SIREN, "etiquette"),
        (TVA, SIREN, "tva"),
        (f"FR00{SIREN}", f"FR00{SIREN}", None),
        (SIRET, SIREN, "siret_pour_siren"),
        ("5520135", "005520135", "zeros_a_confirmer"),
        ("58801482", "58801482", None),
        ("7.00000045E+08", "7.00000045E+08", "notation_scientifique"),
        ("W632001234", "W632001234", "rna"),
        ("Martin 700000045", "Martin 700000045", None),
    ],
    "siret": [
        (SIRET, SIRET, None),
        (f"{SIRET}.0", SIRET, "point_zero"),
        (f"{SIRET}.00", SIRET, "point_zero"),
        (f"{SIRET}.", SIRET, "point_zero"),
        (f"{SIRET},00", SIRET, "point_zero"),
        (f"'{SIRET}", SIRET, "apostrophe"),
        ("700.000.045.00018", SIRET, "ponctuation"),
        ("700000045-00018", SIRET, "ponctuation"),
        (f"SIRET {SIRET}", SIRET, "etiquette"),
        (f"n° {SIRET}", SIRET, "etiquette"),
        (f"{SIRET}{SANS}", SIRET, None),
        ("700 000 045", SIREN, "blancs"),
        ("552013500038", "00552013500038", "zeros_a_confirmer"),
        ("8,03E+13", "8,03E+13", "notation_scientifique"),
        ("w632001234", "W632001234", "rna"),
        ("PAS", "PAS", None),
    ],
    "tiers": [(SIREN, SIREN, None), (f"{SIRET}.0", SIRET, "point_zero"), (TVA, SIREN, "tva")],
    "rna": [("W632001234", "W632001234", None), ("w632001234", "W632001234", "casse"), ("RNA W632001234", "W632001234", "etiquette")],
    "libre": [(f"{NB}l'été ", "l'été", None), ("1 500,50", "1 500,50", None), ("néant", None, None)],
}  # fmt: skip


def charger(dossier: Path, chargeur: Any, mots: dict[str, list[str | None]]) -> tuple[list[dict[str, Any]], set[Any]]:
    """Read words, a column for each kind, through one of the two readers; return its rows and what it tells."""
    table = Table("Essai.", tuple(COLONNES.values()), cle=("_ligne",))
    dossier.mkdir()
    chemin = dossier / "essai.parquet"
    pq.write_table(pa.table({nom: pa.array(colonne, pa.string()) for nom, colonne in mots.items()}), chemin)
    source = Source("essai", "Essai", "Essai.", "references", "essai", "lov2", "publique")
    entrepot = Entrepot(Settings(dossier / "raw", dossier / "warehouse", "246300701"))
    lu = FichierLu("essai.parquet", "", "essai", "lov2", "reelle", "", "2024-01-01")
    with pytest.MonkeyPatch.context() as remplacements:
        remplacements.setattr(Source, "module", SimpleNamespace(TABLE=table))
        dits = pd.concat(
            chargeur.load_rows(entrepot, source, [(Fichier(chemin, "essai.parquet"), lu)], dossier / "lu.parquet", dict)
        )
    rangs = sorted(pq.read_table(dossier / "lu.parquet").to_pylist(), key=lambda rang: rang["_ligne"])
    lignes = [{nom: rang[nom] for nom in COLONNES} for rang in rangs]
    noms = ["ligne", "colonne", "valeur", "regle", "gravite", "motif"]
    return lignes, {tuple(str(rang[nom]) for nom in noms) for rang in dits[noms].to_dict("records")}


def meme_longueur(mots: dict[str, list[str]]) -> dict[str, list[str | None]]:
    return {
        nom: list(colonne)
        for nom, colonne in zip(mots, zip(*itertools.zip_longest(*mots.values()), strict=True), strict=True)
    }


@pytest.mark.parametrize("chargeur", [batches, bulk], ids=["python", "duckdb"])
def test_chaque_mot_a_sa_valeur_ou_sa_raison_dans_chaque_lecteur(tmp_path, chargeur):
    mots = meme_longueur({nom: [mot for mot, _, _ in table] for nom, table in MOTS.items()})
    lues, dits = charger(tmp_path / "a", chargeur, mots)
    for nom, table in MOTS.items():
        assert [(mot, ligne[nom]) for (mot, _, _), ligne in zip(table, lues, strict=False)] == [
            (mot, valeur) for mot, valeur, _ in table
        ]
        # what is told once is told of its first row
        attendus, vus = set(), set()
        for rang, (mot, _, cle) in enumerate(table, 1):
            if cle is not None and not (DITS[cle].une_fois and cle in vus):
                attendus.add((str(rang), mot, DITS[cle].regle, DITS[cle].motif))
                vus.add(cle)
        trouves = {(d[0], d[2], d[3], d[5].removeprefix(f"valeur de « {nom} » illisible : ")) for d in dits if d[1] == nom}
        assert trouves == attendus


MOT_DE_NOMBRE = st.from_regex(r"[-(−]?[0-9]{1,4}[ .,'\u00a0]?[0-9]{0,3}([.,][0-9]{0,4})?( ?€|\)|-|E\+?[0-9])?", fullmatch=True)
MOT_DE_JOUR = st.from_regex(r"[0-9]{1,4}[-/. ][0-9]{1,2}([-/. ][0-9]{1,4})?([T ][0-9]{2}:00(:00)?(Z|\+0[0-2]:00)?)?", fullmatch=True)
MOT_DE_CODE = st.from_regex(r"(SIRET |n° |W|FR|')?[0-9]{3,14}([ .,-][0-9]{0,5})?", fullmatch=True)
MOT = (
    st.sampled_from(sorted({mot for table in MOTS.values() for mot, _, _ in table}))
    | MOT_DE_NOMBRE
    | MOT_DE_JOUR
    | MOT_DE_CODE
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)  # fmt: skip
DE_BORD = st.sampled_from(["", " ", NB, SANS, "\t"])


@exemples(8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(DE_BORD, MOT, DE_BORD).map("".join) | st.none(), min_size=1, max_size=40))
@example(["", " ", None, "\0", "'", "-", "."])
def test_le_meme_mot_a_la_meme_valeur_et_la_meme_raison_dans_les_deux_lecteurs(tmp_path_factory, mots):
    """Every word is read in a column of every kind."""
    dossier = tmp_path_factory.mktemp("lecteurs")
    colonnes = dict.fromkeys(COLONNES, mots)
    assert charger(dossier / "p", batches, colonnes) == charger(dossier / "d", bulk, colonnes)


@given(MOT, st.sampled_from(sorted(COLONNES)))
def test_un_mot_lu_se_relit_sans_changer_et_sans_rien_dire(mot, nom):
    """What the grammar writes, it reads: a value written again by this product is not flagged a second time."""
    attendu = expected_of(COLONNES[nom])
    valeur, dit = read(mot.strip() or "x", attendu)
    if valeur is not None and dit not in ("rna", "notation_scientifique") and nom != "effectif":
        assert read(valeur, attendu) == (valeur, None)


@given(st.sampled_from(sorted(COLONNES)), st.data())
def test_un_mot_ordinaire_dit_ce_qu_il_semble_dire(nom, donnees):
    """The words both readers spare the grammar are those to which it has nothing to add."""
    attendu = expected_of(COLONNES[nom])
    if not attendu.ordinaire:
        return
    mot = donnees.draw(st.from_regex(rf"\A({attendu.ordinaire})\Z"))
    valeur, dit = read(mot, attendu)
    assert dit is None or (nom == "jour" and dit == "jour_impossible")
    if nom in ("montant", "compte", "part", "effectif", "annee"):
        assert Decimal(valeur or "NaN") == Decimal(mot.replace(",", "."))
    elif nom == "jour" and dit is None:
        assert valeur == mot[:10]
    elif nom not in ("jour", "oui"):
        assert valeur == mot


@given(st.sampled_from(["siren", "siret", "tiers"]), MOT_DE_CODE)
def test_un_identifiant_rendu_est_de_la_forme_qu_on_attend(nom, mot):
    valeur, dit = read(mot, expected_of(COLONNES[nom]))
    lu = pd.Series([valeur], dtype=pd.ArrowDtype(pa.string()))
    if dit in ("zeros_a_confirmer", "tva", "siret_pour_siren"):
        assert (is_siren(lu) | is_siret(lu)).all(), "ce qui est complété ou traduit a une clé juste"
    elif dit == "rna":
        assert is_rna(lu).all()


def test_chaque_raison_est_donnee_a_un_mot():
    servies = {cle for table in MOTS.values() for _, _, cle in table if cle}
    assert set(DITS) == servies, "une raison que rien ne donne, ou qu'aucun mot n'essaie"
