"""The share of each beneficiary in a convention, and the rows that share one: on the grantor's side it counts once."""

import hashlib
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as arrow

from observatoire.conversion import convert
from observatoire.schemas import NOMBRE, TEXTE

POUR_CENT = r"\s*[0-9]+([.,][0-9]+)?\s*%\s*"
# what the rows of one convention repeat
REPETEES = (
    *("id_attribuant", "etat", "exercice_budgetaire", "id_subvention", "reference_decision", "date_convention"),
    *("objet", "montant_eur"),
)


def shares_of(brut: pd.DataFrame) -> dict[str, pd.Series]:
    """Read the shares row by row, and name the conventions they share by a hash (an object may name people).

    `0.5`, `50 %` and `50` are a half: above 1 and up to 100 it is per cent; `1` is the whole, one per cent is `1 %` or
    `0.01`. A row without a share belongs to the convention whose other shares leave something to it.
    """
    ecrites = brut["pourcentage_subvention"].astype(pd.ArrowDtype(TEXTE))
    en_pct = ecrites.str.fullmatch(POUR_CENT).fillna(False).astype(bool)
    nombres = convert(ecrites.where(~en_pct, ecrites.str.replace("%", "")), NOMBRE)
    parts = pd.Series(
        [_share(nombre, pct) for nombre, pct in zip(nombres, en_pct, strict=True)], index=brut.index, dtype=object
    )
    lues = brut[[nom for nom in REPETEES if nom in brut]].astype("str")
    cles = pd.Series([" | ".join(ligne) for ligne in lues.to_numpy()], index=brut.index, dtype="str")
    partielle = parts.map(lambda part: part is not None and part != 1).astype(bool)
    connue = parts.where(partielle).astype("float64").groupby(cles).transform("sum")
    attend = parts.map(lambda part: part is None).astype(bool) & partielle.groupby(cles).transform("any")
    attend &= (connue - 1).abs() > 0.02
    references = [
        hashlib.sha256(cle.encode()).hexdigest()[:16] if partagee else None
        for cle, partagee in zip(cles, partielle | attend, strict=True)
    ]
    mots = [str(part) if part is not None else ecrite for part, ecrite in zip(parts, ecrites, strict=True)]
    return {
        # what cannot be read as a share stays as it is written, to be said so
        "pourcentage_subvention": pd.Series(mots, index=brut.index, dtype=pd.ArrowDtype(arrow.string())),
        "reference_convention": pd.Series(references, index=brut.index, dtype=pd.ArrowDtype(arrow.string())),
    }


def _share(nombre: Any, en_pct: bool) -> Decimal | None:
    if pd.isna(nombre):
        return None
    part = Decimal(nombre)
    return part / 100 if en_pct or 1 < part <= 100 else part
