"""The year a grant counts in, and what said it: the row, its file where the row agrees, its convention, its decision.

A convention signed in December, or for several years, does not tell the year of the money: where the file is about one
year and the words of the row name that year and no other, they win, and the row says so.
"""

import re

import pandas as pd
import pyarrow as arrow

from observatoire.conversion import convert
from observatoire.schemas import DATE, ENTIER, TEXTE

LIGNE, CONFIRMEE, CONVENTION, DECISION, FICHIER = "ligne", "fichier confirmé", "convention", "décision", "fichier"
ORIGINES = (LIGNE, CONFIRMEE, CONVENTION, DECISION, FICHIER)
ANNEE = r"(?<!\d)((?:19|20)\d{2})(?=(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)|(?!\d))"
# in a date the year is read before it is judged: 2999 is impossible, not absent
ANNEE_D_UNE_DATE = ANNEE.replace("(?:19|20)", "[12]\\d")
# « saison 2019/20 »: the second year of a pair, shortened
SUITE = r"(?<!\d)(?:19|20)(\d{2}) ?[-/] ?(\d{2})(?![-/\d])"
SANS_JOUR = r"(?:19|20)\d{2}([-/](0[1-9]|1[0-2]))?|(0[1-9]|1[0-2])[-/](19|20)\d{2}"
PREMIERE, MONNAIE_UNIQUE = 1990, 2002


def year_of_file(millesime: str) -> int | None:
    """Return the one year a vintage names; None when it names none, or several."""
    annees = set(re.findall(ANNEE, millesime))
    return int(annees.pop()) if len(annees) == 1 else None


def years_of(mots: pd.DataFrame, annee_du_fichier: int | None) -> tuple[pd.Series, pd.Series]:
    """Give the year of each row, and which of `ORIGINES` said it; both null where nothing does.

    Args:
        mots: frame of words with `exercice_budgetaire`, `date_convention`, `date_decision`, `objet`,
            `dates_periode_versement`, null where the file has no such column.
        annee_du_fichier: the one year the file says it is about, by its name or its origin.
    """
    de_la_ligne = convert(mots["exercice_budgetaire"], ENTIER).fillna(_single_year(mots["exercice_budgetaire"]))
    de_la_convention, de_la_decision = (_year_of_date(mots[nom]) for nom in ("date_convention", "date_decision"))
    du_fichier = pd.Series(annee_du_fichier, index=mots.index, dtype=pd.ArrowDtype(ENTIER))
    datee = de_la_convention.fillna(de_la_decision)
    confirmee = du_fichier.where(_confirms(mots, annee_du_fichier) & (datee != du_fichier).fillna(False).astype(bool))
    annee = pd.Series(None, index=mots.index, dtype=pd.ArrowDtype(ENTIER))
    origine = pd.Series(None, index=mots.index, dtype=pd.ArrowDtype(arrow.string()))
    for dite, annees in zip(
        ORIGINES, (de_la_ligne, confirmee, de_la_convention, de_la_decision, du_fichier), strict=True
    ):
        nouvelle = annee.isna() & annees.notna()
        annee, origine = annee.where(~nouvelle, annees), origine.where(~nouvelle, dite)
    return annee, origine


def _year_of_date(mots: pd.Series) -> pd.Series:
    """Read the year of a day as the grammar of words reads it, else the one year that is written."""
    annees: pd.Series = convert(mots, DATE).dt.year.astype(pd.ArrowDtype(ENTIER))
    return annees.fillna(_single_year(mots))


def _single_year(mots: pd.Series) -> pd.Series:
    """Read the year of a date however written, « 2022 », « 2022-05 », « 5/3/2023 »; null where there are two."""
    texte = convert(mots, TEXTE)
    if texte.isna().all():
        return pd.Series(None, index=mots.index, dtype=pd.ArrowDtype(ENTIER))
    annees = [set(re.findall(ANNEE_D_UNE_DATE, mot)) if isinstance(mot, str) else set() for mot in texte]
    seules = [int(vues.pop()) if len(vues) == 1 else None for vues in annees]
    return pd.Series(seules, index=mots.index, dtype=pd.ArrowDtype(ENTIER))


def without_day(mots: pd.Series) -> pd.Series:
    """Say which dates are a year or a month alone: they tell the year, and no day."""
    sans_jour: pd.Series = convert(mots, TEXTE).str.fullmatch(SANS_JOUR).fillna(False).astype(bool)
    return sans_jour


def _confirms(mots: pd.DataFrame, annee: int | None) -> pd.Series:
    """Say which rows name the year of their file and no other: by their object, else by the period they are paid over.

    A lone day of payment says nothing: what is granted in December is paid in January.
    """
    objets, periodes = (convert(mots[nom], TEXTE) for nom in ("objet", "dates_periode_versement"))
    dites = []
    for objet, periode in zip(objets, periodes, strict=True):
        nommees = _named(objet) or (_named(periode) if _is_period(periode) else set())
        dites.append(nommees == {annee})
    return pd.Series(dites, index=mots.index, dtype="bool")


def _named(mots: object) -> set[int]:
    if not isinstance(mots, str):
        return set()
    suites = {int(f"20{fin}") for debut, fin in re.findall(SUITE, mots) if int(fin) == (int(debut) + 1) % 100}
    return {int(annee) for annee in re.findall(ANNEE, mots)} | suites


def _is_period(mots: object) -> bool:
    """Say whether a period has two ends, or is a year whole."""
    return isinstance(mots, str) and (len(re.findall(ANNEE, mots)) > 1 or mots.strip().isdigit())
