"""Amounts, dates and booleans as people write them in French files; what is ambiguous is unreadable, never guessed."""

import datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.conversion import convert, read_column
from observatoire.schemas import BOOLEEN, DATE, ENTIER, EUROS, NOMBRE, REEL, TEXTE, Colonne
from observatoire.words import BORDS, DITS


def colonne(*valeurs: object, type_: pa.DataType = TEXTE) -> pd.Series:
    return pd.Series(valeurs, dtype=pd.ArrowDtype(type_))


def illisibles(brut: pd.Series, type_: pa.DataType) -> list[bool]:
    """Say of which words it is told that they cannot be read."""
    _, dits = read_column(brut, Colonne("essai", type_, "Essai."))
    return [not pd.isna(dit) and DITS[dit].regle == "valeur_illisible" for dit in dits]


def lu(type_: pa.DataType, *valeurs: object, ecrit: pa.DataType = TEXTE) -> list:
    """Convert words; what is null comes back as None."""
    converti = convert(colonne(*valeurs, type_=ecrit), type_)
    return [None if pd.isna(valeur) else valeur for valeur in converti]


@pytest.mark.parametrize(
    ("ecrit", "montant"),
    [
        ("15000", "15000"),
        ("15000€", "15000"),
        ("15 000,50 €", "15000.50"),
        ("15\u00a0000,50\u00a0€", "15000.50"),
        ("15\u202f000,50\u202f€", "15000.50"),
        ("15\u2009000 euros", "15000"),
        ("29 000 EUR", "29000"),
        ("1 euro", "1"),
        ("7500.25", "7500.25"),
        ("7500,5", "7500.5"),
        ("1.295.000", "1295000"),
        ("1.295.000,40", "1295000.40"),
        ("12.345,67", "12345.67"),
        ("1,295,000", "1295000"),
        ("12,345.67", "12345.67"),
        ("1342500.0", "1342500"),
        ("1250.000", "1250"),
        ("-500,00 €", "-500"),
        ("- 1 500", "-1500"),
        ("0", "0"),
        ("0.250", "0.25"),
        ("007", "7"),
        ("  12,00 ", "12"),
        ("9999999999999999,99", "9999999999999999.99"),
    ],
)
def test_un_montant_se_lit_dans_ses_formes_francaises(ecrit, montant):
    assert lu(EUROS, ecrit) == [Decimal(montant)]


@pytest.mark.parametrize(
    "ecrit",
    [
        *["1.295", "1,295", "1.250", "1,250", "1.250 €", "-1.250", "12,500"],  # thousands, or three decimals?
        *["12,345", "999.999"],
        *["10 20", "1000 2000", "15 00", "1 0000", "1234 567", "1.2.3", "1,2,3", "1.295.00", "1.29,50"],
        *["7M€", "6000m2", "15k€", "environ 500", "500 / an", "€", "-", ",-", "--5", "(-5)", "12-5", "٣"],
        *["99999999999999999", "1" * 40, "nan", "inf", "#REF!"],
    ],
)
def test_un_montant_ambigu_ou_hors_forme_est_illisible(ecrit):
    assert lu(EUROS, ecrit) == [None]
    assert illisibles(colonne(ecrit), EUROS) == [True]


def a_la_francaise(montant: Decimal, blanc: str, fin: str) -> str:
    return f"{montant:,.2f}".translate({ord(","): blanc, ord("."): ","}) + fin


montants = st.decimals(-(10**15), 10**15, places=2, allow_nan=False, allow_infinity=False)


@given(
    st.lists(montants), st.sampled_from(["", " ", "\u00a0", "\u202f", "."]), st.sampled_from(["", "€", " €", " euros"])
)
def test_tout_montant_ecrit_a_la_francaise_revient_egal(valeurs, blanc, fin):
    assert lu(EUROS, *[a_la_francaise(montant, blanc, fin) for montant in valeurs]) == valeurs


@given(st.lists(montants), st.booleans())
def test_tout_montant_ecrit_a_l_anglaise_revient_egal(valeurs, milliers):
    ecrits = [f"{montant:,.2f}" if milliers else f"{montant:.2f}" for montant in valeurs]
    assert lu(EUROS, *ecrits) == valeurs


@given(st.lists(montants))
def test_tout_montant_d_un_parquet_en_flottants_revient_egal_au_centime(valeurs):
    precis = [montant for montant in valeurs if abs(montant) < 10**13]  # beyond, a float no longer holds cents
    assert lu(EUROS, *map(float, precis), ecrit=REEL) == precis


def test_un_petit_flottant_de_parquet_ne_se_perd_pas_dans_son_exposant():
    assert lu(NOMBRE, 0.00005, float("inf"), float("nan"), ecrit=REEL) == [Decimal("0.00005"), None, None]
    assert lu(TEXTE, 1e16, 2.5, ecrit=REEL) == ["10000000000000000", "2.5"]


@given(st.lists(st.text(max_size=20)), st.sampled_from([EUROS, NOMBRE, ENTIER, REEL, DATE, BOOLEEN, TEXTE]))
def test_aucun_texte_ne_fait_planter_et_ce_qui_est_perdu_est_dit(mots, type_):
    brut = colonne(*mots)
    converti = convert(brut, type_)
    assert converti.dtype == pd.ArrowDtype(type_)
    ecrits = [bool(mot.strip(BORDS)) for mot in mots]
    assert illisibles(brut, type_) == [
        ecrit and nul for ecrit, nul in zip(ecrits, converti.isna(), strict=True)
    ]


def test_un_compte_n_a_pas_de_decimales():
    assert lu(ENTIER, "29 000", "1 295", "12.0", "12,00", "12,5", "1.295", "1.295.000") == [
        *[29000, 1295, 12, 12, None, None, 1295000]
    ]


def test_une_valeur_garde_ses_six_decimales_et_se_dit_arrondie_au_dela():
    assert lu(NOMBRE, "0,333333", "12.333", "0.3333335", "1,5000000") == [
        *[Decimal("0.333333"), Decimal("12.333"), Decimal("0.333334"), Decimal("1.5")]
    ]
    _, dits = read_column(colonne("0,333333", "0.3333335"), Colonne("part", NOMBRE, "Part."))
    assert [None if pd.isna(dit) else dit for dit in dits] == [None, "arrondi"]


JANVIER = datetime.date(2024, 1, 31)


@pytest.mark.parametrize(
    "ecrit",
    ["2024-01-31", "31/01/2024", "2024/01/31", "31-01-2024", " 2024-01-31", "2024-01-31T10:11:12Z", "31/01/2024 10:11"],
)
def test_une_date_se_lit_dans_ses_formes_francaises(ecrit):
    assert lu(DATE, ecrit) == [JANVIER]


@pytest.mark.parametrize(
    "ecrit",
    [
        *["31/02/2024", "2024-02-30", "2024-13-01", "01/31/2024", "00/01/2024", "2023-02-29"],  # no such day
        *["2024", "2024-01", "01/2024", "2.7", "45322", "31/01/24"],  # a year, a reference, a serial number
        *["2024-01-31/2024-06-30", "31/01/2024 et 30/06/2024", "31/01/2024, 30/06/2024"],  # two dates in a cell
        *["31/01/2024 (avenant)", "31 ju 2024", "2024/01-31T", "2024-01-31Z10"],
    ],
)
def test_une_date_impossible_ou_partielle_est_illisible(ecrit):
    assert lu(DATE, ecrit) == [None]
    assert illisibles(colonne(ecrit), DATE) == [True]


@given(st.lists(st.dates(datetime.date(1, 1, 1))))
def test_toute_date_revient_egale(jours):
    assert lu(DATE, *[jour.isoformat() for jour in jours]) == jours
    assert lu(DATE, *[f"{jour.day:02}/{jour.month:02}/{jour.year:04}" for jour in jours]) == jours


def test_un_horodatage_de_parquet_donne_son_jour():
    instants = [datetime.datetime(2024, 1, 31, 23, 59, 59), None]  # noqa: DTZ001 — as Parquet files have it
    for unite in ("s", "ms", "us", "ns"):
        assert lu(DATE, *instants, ecrit=pa.timestamp(unite)) == [JANVIER, None]


def test_un_booleen_se_lit_en_francais_et_le_reste_est_illisible():
    assert lu(BOOLEEN, "OUI", "non", "O", "N", "true", "Faux", "1", "0", "x", "peut-être", "") == [
        *[True, False, True, False, True, False, True, False, True, None, None]
    ]


def test_une_cellule_blanche_est_vide_et_n_est_pas_illisible():
    for type_ in (EUROS, DATE, BOOLEEN, TEXTE):
        brut = colonne("", " ", "\u00a0", None)
        assert lu(type_, "", " ", "\u00a0", None) == [None] * 4
        assert not any(illisibles(brut, type_))
