"""The comments of a measure: its description, and the properties its first lines say; nothing like one is lost.

What a property means belongs to `catalog`.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any
from unicodedata import combining, normalize

from observatoire.declarations import nearest
from observatoire.obstacle import Obstacle

ENTETES = {
    "unité": "unite",
    "champ": "champ",
    "périmètre": "perimetre",
    "diffusion": "diffusion",
    "salariés": "salaries",
    "producteur": "producteur",
    "plus gros salaire": "plus_gros_salaire",
    "valeur d'une ligne": "valeur_ligne",
    "lignes": "lignes",
}
# a property of a measure: one to three words, then « : »
ENTETE = re.compile(r"([^\W\d_][\w'’]*(?:\s+[\w'’]+){0,2})\s*:(?![:/])\s*(.*)")
# strings are matched to be skipped: what they hold is no comment
MORCEAU = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\$\$.*?\$\$|--(?P<ligne>[^\n]*)|/\*(?P<bloc>.*?)(?:\*/|\Z)""", re.DOTALL
)
MOT = re.compile(r"[^\W_][\w'’]*")
# what people write where « : » is expected; never met so early in a sentence
SIGNE = re.compile(r"[:=<>;：→]|(?<!\w)-|-(?!\w)")
MOTS_D_UNE_PHRASE, MOTS_SANS_SIGNE = 6, 4


def read_headers(texte: str, ou: str) -> tuple[str, dict[str, Any]]:
    """Read the description of a measure, and its properties, in the comment lines above its SELECT.

    A line of one to three words then « : » (`-- unité : salariés`) is a property, and only those of `ENTETES` are.

    Args:
        texte: the file.
        ou: how messages name it.

    Raises:
        Obstacle: a property that is unknown, said twice or below the query; a comment, wherever it stands, that begins
            as a property does and is neither one nor a sentence.
    """
    description: list[str] = []
    dites: dict[str, list[str]] = {}
    for numero, commentaire, en_tete in _comments(texte):
        ici = f"{ou}, ligne {numero}"
        trouve = ENTETE.fullmatch(commentaire) if en_tete else None
        if trouve is None:
            refuse_lost(commentaire, ici, "s'écrit en tête du fichier, avant la requête, dans sa ligne")
            description += [commentaire] if en_tete and commentaire else []
            continue
        clef, valeur = " ".join(trouve[1].split()).replace("’", "'"), trouve[2].strip()
        if clef not in ENTETES:
            raise Obstacle(
                f"{ici} : propriété « {clef} » inconnue ; propriétés connues : {', '.join(ENTETES)}."
                f"{nearest(clef, ENTETES)} Pour une phrase, plus de trois mots avant « : »."
            )
        if ENTETES[clef] in dites and clef != "lignes":
            raise Obstacle(f"{ici} : « {clef} » est déjà dit plus haut : n'en garder qu'un.")
        dites.setdefault(ENTETES[clef], []).append(valeur)
    entetes = {champ: valeurs if champ == "lignes" else valeurs[0] for champ, valeurs in dites.items()}
    return " ".join(description), entetes


def check_common_part(texte: str, ou: str) -> None:
    """Refuse a property in what several measures share: nobody would read it.

    Raises:
        Obstacle: a comment begins as a property does.
    """
    for numero, commentaire, _ in _comments(texte):
        refuse_lost(commentaire, f"{ou}, ligne {numero}", "se dit dans chaque mesure, pas dans ce qu'elles partagent")


def refuse_lost(commentaire: str, ici: str, reproche: str) -> None:
    """Refuse a comment that begins with the word of a property, or nearly, and is no sentence.

    A sentence has six words, and none of the signs that lead to a value among the first four.

    Raises:
        Obstacle: read as prose, it would say nothing.
    """
    mots = list(MOT.finditer(commentaire))
    connus = {_plain(clef.split()[0]): clef for clef in ENTETES}
    proches = get_close_matches(_plain(mots[0][0]), connus, 1, 0.8) if mots else []
    debut = commentaire[: mots[MOTS_SANS_SIGNE].start()] if len(mots) > MOTS_SANS_SIGNE else commentaire
    if proches and (len(mots) < MOTS_D_UNE_PHRASE or SIGNE.search(debut)):
        raise Obstacle(
            f"{ici} : « {mots[0][0]} » ressemble à une propriété : « {connus[proches[0]]} » {reproche} "
            f"(« -- {connus[proches[0]]} : … ») ; pour une phrase, six mots au moins, et ni « : » ni « = » parmi les "
            "quatre premiers."
        )


def _comments(texte: str) -> Iterator[tuple[int, str, bool]]:
    """Yield the number and the words of each line of comment, and whether it is above the query, a `--` line alone."""
    fin, en_tete = 0, True
    for morceau in MORCEAU.finditer(texte):
        numero = texte.count("\n", 0, morceau.start()) + 1
        en_tete = en_tete and morceau["ligne"] is not None and not texte[fin : morceau.start()].strip()
        fin = morceau.end()
        dit = morceau["ligne"] if morceau["ligne"] is not None else morceau["bloc"] or ""
        for ecart, ligne in enumerate(normalize("NFC", dit).split("\n")):
            yield numero + ecart, ligne.strip(), en_tete


def _plain(mot: str) -> str:
    """Return a word without case nor accents."""
    return "".join(lettre for lettre in normalize("NFD", mot.casefold()) if not combining(lettre))
