"""Figures, units and periods as French writes them; whatever has no figure says why.

Which figures a page shows does not belong here.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Any

MOIS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
MILLION = 1_000_000
UNITES_TUES = ("rang", "rapport", "indice")  # the title already says them


def nombre(valeur: float | Decimal, decimales: int | None = None) -> str:
    """Write a number in French; without a number of decimals, all those it has."""
    if decimales is None:
        ecrit = f"{Decimal(str(valeur)):,f}"
        ecrit = ecrit.rstrip("0").rstrip(".") if "." in ecrit else ecrit
    else:
        ecrit = f"{valeur:,.{decimales}f}"
    if not ecrit.strip("-0,."):  # what rounds to zero has no sign
        ecrit = ecrit.removeprefix("-")
    return ecrit.replace(",", "\u202f").replace(".", ",").replace("-", "−")


def mesure(valeur: float | Decimal, unite: str, decimales: int | None = None) -> str:
    """Write a number and its unit, which agrees with it."""
    if unite in UNITES_TUES:
        return nombre(valeur, decimales)
    unite = re.sub(r"^eur\b", "€", unite)
    accordee = re.sub(r"^(\w+)s\b", r"\1", unite) if -2 < valeur < 2 else unite
    return f"{nombre(valeur, decimales)}\u00a0{accordee}"


def lisible(ligne: dict[str, Any], decimales: int) -> str:
    """Write the value of a row: itself, its range, or why there is none."""
    if ligne["statut_confidentialite"] == "C":
        return "supprimé (secret statistique)"
    valeur, bas, haut, unite = ligne["valeur"], ligne["borne_basse"], ligne["borne_haute"], ligne["unite"]
    a_bornes = bas is not None and haut is not None and bas != haut
    bornes = f"entre {nombre(bas, decimales)} et {mesure(haut, unite, decimales)}" if a_bornes else ""
    if valeur is None:
        if ligne.get("est_remplacee"):
            return "remplacé par la table sur mesure"
        return bornes or ("non estimable" if ligne.get("publication") == "non_estimable" else "non disponible")
    return mesure(valeur, unite, decimales) + (f" ({bornes})" if bornes else "")


def bref(ligne: dict[str, Any], decimales: int) -> str:
    """Write the value of a row where room is short: itself or its range, millions of euros as such; or why none."""
    if ligne["statut_confidentialite"] == "C" or ligne.get("est_remplacee"):
        return lisible(ligne, decimales)
    valeur, bas, haut, unite = ligne["valeur"], ligne["borne_basse"], ligne["borne_haute"], ligne["unite"]
    if valeur is not None:
        return _short(valeur, unite, decimales)
    if bas is None or haut is None:
        return lisible(ligne, decimales)
    if bas == haut:
        return _short(bas, unite, decimales)
    return " à ".join(_bounds(bas, haut, unite, decimales))


def fourchette(ligne: dict[str, Any], decimales: int) -> str:
    """Write the range of a value that has both; empty otherwise."""
    bas, haut = ligne["borne_basse"], ligne["borne_haute"]
    if ligne["valeur"] is None or bas is None or haut is None or bas == haut:
        return ""
    return f"entre {' et '.join(_bounds(bas, haut, ligne['unite'], decimales))}"


def _bounds(bas: float | Decimal, haut: float | Decimal, unite: str, decimales: int) -> tuple[str, str]:
    """Write both ends of a range; the unit is said once, unless one alone is in millions."""
    debut = _short(bas, unite, decimales)
    meme_unite = _unit(bas, unite) == _unit(haut, unite)
    return debut.split("\u00a0")[0] if meme_unite else debut, _short(haut, unite, decimales)


def _short(valeur: float | Decimal, unite: str, decimales: int) -> str:
    if unite not in ("€", "eur") or -MILLION < valeur < MILLION:
        return mesure(valeur, unite, decimales)
    millions = Decimal(str(valeur)) / MILLION
    return f"{nombre(round(millions, 1))}{_unit(valeur, unite)}"


def _unit(valeur: float | Decimal, unite: str) -> str:
    return "\u00a0M€" if unite in ("€", "eur") and not -MILLION < valeur < MILLION else ""


def court(texte: str, longueur: int = 90) -> str:
    """Cut a text that would not fit a sheet of paper, at a word; it is whole where the page has room."""
    if len(texte) <= longueur:
        return texte
    debut = texte[: longueur - 1]
    return f"{debut[: debut.rfind(' ')] if ' ' in debut[longueur // 2 :] else debut}…"


def en_clair(texte: str, mots: dict[str, str]) -> str:
    """Write a text with words for the names it quotes, and its months in French."""
    nomme = re.sub(r"\b[a-z]\w*\b", lambda nom: mots.get(nom[0], nom[0].replace("_", " ")), texte)
    return re.sub(r"\b\d{4}-(?:0[1-9]|1[0-2])\b", lambda mois: periode(mois[0]), nomme)


def majuscule(texte: str) -> str:
    """Write a text with a capital first; the others it has stay."""
    return texte[:1].upper() + texte[1:]


def periode(quand: str | date | None) -> str:
    """Write a year, a month or a day in French; another period as it is."""
    if quand is None or quand == "inconnu":
        return "période inconnue"
    texte = f"{quand:%Y-%m-%d}" if isinstance(quand, date) else quand
    if (trouve := re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])(?:-(\d\d))?", texte)) is None:
        return texte
    annee, mois, jour_du_mois = trouve.groups()
    quantieme = "" if jour_du_mois is None else "1er " if jour_du_mois == "01" else f"{int(jour_du_mois)} "
    return f"{quantieme}{MOIS[int(mois) - 1]} {annee}"
