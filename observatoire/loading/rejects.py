"""The refused and flagged rows of a source as people read them: what of them may be shown, a sample, a CSV to open.

The full rows stay in `warehouse/rejets/`, restricted; deciding what is refused belongs to `sorting`.
"""

from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet

from observatoire.formulas import FORMULES
from observatoire.schemas import TEXTE
from observatoire.sources import Source
from observatoire.sources.states import Etat
from observatoire.warehouse import Entrepot, memory_database, read_rows, sql_literal

# a value as long as a page says nothing more
LONGUEUR_MONTREE = 80
MARQUE_UTF8 = "\ufeff"


def rejects_path(entrepot: Entrepot, source: Source, etat: Etat | None = None) -> Path:
    """Return the full table of a source: of its last attempt when that one failed on rows, else of its last load."""
    derniere = entrepot.racine / "rejets" / f"{source.nom}.en_echec.parquet"
    if etat is not None and etat.etat == "en_echec" and derniere.exists():
        return derniere
    return entrepot.racine / "rejets" / f"{source.nom}.parquet"


def shown_rejects(source: Source, chemin: Path) -> str:
    """Query the rejects of a file of rejects, without the values that may name a person or that are restricted."""
    # a table that is not published has no value to show either: a SIREN may be a person's
    publiee = source.diffusion == "publique" and source.schema_public is not None
    libres = [colonne for colonne in source.table.colonnes if not colonne.nominatif] if publiee else []
    # words where a number or a date should be may be anybody's name
    mots = [colonne.nom for colonne in libres if colonne.type == TEXTE]
    autres = [colonne.nom for colonne in libres if colonne.type != TEXTE]
    garder = (
        f"regle <> 'valeur_illisible' AND (list_contains({mots}::VARCHAR[], colonne) OR "
        f"list_contains({autres}::VARCHAR[], colonne) AND NOT regexp_matches(valeur, '\\p{{L}}'))"
    )
    return (
        f"SELECT '{source.nom}' AS source, fichier, ligne, colonne, CASE WHEN {garder} THEN valeur END AS valeur, "
        f"regle, gravite, motif FROM read_parquet({sql_literal(chemin)})"
    )


def sample(source: Source, chemin: Path, combien: int) -> list[dict[str, Any]]:
    """Return some rejects, refusals first, one of each rule before a second of any; values as in `qualite.rejets`."""
    if not chemin.exists() or not parquet.read_metadata(chemin).num_rows:
        return []
    rang = "row_number() OVER (PARTITION BY gravite, colonne, regle ORDER BY fichier, ligne)"
    requete = (
        f"SELECT fichier, ligne, colonne, left(valeur, {LONGUEUR_MONTREE}) AS valeur, regle, gravite, motif "
        f"FROM ({shown_rejects(source, chemin)}) ORDER BY gravite, {rang}, colonne, regle LIMIT {combien}"
    )
    with memory_database() as connexion:
        return read_rows(connexion, requete)


def write_csv(rejets: Path, chemin: Path) -> None:
    """Write a file of rejects as French spreadsheets open it: semicolons, a mark of UTF-8, and no formula."""
    with memory_database() as connexion:
        lus = connexion.execute(f"DESCRIBE FROM read_parquet({sql_literal(rejets)})").fetchall()
        colonnes = [_harmless(nom) if sorte == "VARCHAR" else nom for nom, sorte, *_ in lus]
        # the mark is the first character of the first header
        entetes = [("" if rang else MARQUE_UTF8) + nom for rang, (nom, *_) in enumerate(lus)]
        choisies = ", ".join(f'{colonne} AS "{entete}"' for colonne, entete in zip(colonnes, entetes, strict=True))
        connexion.execute(
            f"COPY (SELECT {choisies} FROM read_parquet({sql_literal(rejets)})) TO {sql_literal(chemin)} "
            "(FORMAT csv, DELIMITER ';', HEADER)"
        )


def _harmless(colonne: str) -> str:
    """Put an apostrophe before what a spreadsheet would run."""
    debuts = " OR ".join(f"starts_with(ltrim({colonne}, ' \u00a0'), {sql_literal(debut)})" for debut in FORMULES)
    return f"CASE WHEN {debuts} THEN '''' || {colonne} ELSE {colonne} END"
