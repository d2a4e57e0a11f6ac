"""The currency of a grant: euros, or francs before 2002, where somebody says so; francs are converted."""

from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
import pyarrow as arrow

from observatoire.conversion import convert
from observatoire.schemas import EUROS, TEXTE
from observatoire.sources.subventions.annee import MONNAIE_UNIQUE, PREMIERE

EUROS_ECRITS, FRANCS_ECRITS = r"€|eur|euros?", r"f|frf|francs?( fran[cç]ais)?"
FRANCS_PAR_EURO = Decimal("6.55957")


def in_francs(monnaie: pd.Series) -> pd.Series:
    """Say which rows are in francs."""
    en_francs: pd.Series = (
        monnaie.astype(pd.ArrowDtype(TEXTE)).str.fullmatch(FRANCS_ECRITS, case=False).fillna(False).astype(bool)
    )
    return en_francs


def in_one_currency(lignes: pd.DataFrame) -> pd.Series:
    """Say which rows have a known currency: that of their time."""
    exercice = lignes["exercice"].fillna(MONNAIE_UNIQUE)
    ancienne, impossible = exercice < MONNAIE_UNIQUE, exercice < PREMIERE
    juste: pd.Series = lignes["monnaie"].notna().where(ancienne & ~impossible, ~in_francs(lignes["monnaie"]))
    return juste


def to_euros(montants: pd.Series, en_francs: pd.Series) -> pd.Series:
    """Convert the amounts in francs, to the cent, half up; what cannot be read stays as it is written."""
    lus = convert(montants, EUROS)
    euros = [
        str((lu / FRANCS_PAR_EURO).quantize(Decimal("0.01"), ROUND_HALF_UP)) if franc and pd.notna(lu) else ecrit
        for lu, franc, ecrit in zip(lus, en_francs, montants, strict=True)
    ]
    return pd.Series(euros, index=montants.index, dtype=pd.ArrowDtype(arrow.string()))
