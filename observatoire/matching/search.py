"""Searching names among the candidates of a register: few pairs through shared keys, then a score for each of them.

DuckDB does the first part, on disk where it has to; `rapidfuzz` the second. What is proposed is no decision.
"""

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as arrow
import pyarrow.parquet as parquet

from observatoire.matching.names import claimed_family, keys, normalised
from observatoire.warehouse import sql_literal

# pairs looked at for each name: its rarest keys first, and no more than this many candidates through them
BUDGET = 2000
COMPARES = 40
PROPOSES = 10
SEUIL = 65
PAR_LOT = 10_000
# a name inside another, or written with the initials of another, is worth looking at whatever its letters say
SCORE_CONTENU = 75
SCORE_SIGLE = 80

PROPOSITIONS = arrow.schema([("nom_rang", arrow.int64()), ("rang", arrow.int64()), ("score", arrow.float64())])


def normalise_candidates(connexion: duckdb.DuckDBPyConnection, relation: str, chemin: Path) -> None:
    """Write the candidates with their normalised names.

    Args:
        connexion: where `relation` is.
        relation: `identifiant, nom, communes` (codes where it is known to be, or null), `famille` (or null),
            `est_local`, `est_actif`; an identifier has a row for each of its names.
        chemin: Parquet file written; it is meant to be read several times, hence never held in memory.
    """
    connexion.execute(f"""
        COPY (SELECT row_number() OVER () AS rang, identifiant, nom, {normalised("nom")} AS nom_normal, communes,
                     famille::VARCHAR AS famille, est_local, est_actif
              FROM {relation})
        TO {sql_literal(chemin)} (FORMAT parquet, COMPRESSION zstd)""")


def propose(connexion: duckdb.DuckDBPyConnection, relation: str, candidats: Path, chemin: Path) -> None:
    """Write the best candidates of each name: at most ten, the best first.

    Args:
        connexion: where `relation` is.
        relation: the names, `nom, code_commune` (or null); repeated ones are searched once.
        candidats: file of `normalise_candidates`.
        chemin: Parquet file written: `nom, code_commune, identifiant, nom_propose, score` (0 to 100), `rang`,
            `est_actif`, `est_identique` (same words, in any order), `est_meme_commune` and
            `est_meme_famille` (null: not known).
    """
    source = f"read_parquet({sql_literal(candidats)})"
    connexion.execute(f"""
        CREATE OR REPLACE TEMP TABLE noms AS
        SELECT row_number() OVER (ORDER BY nom, code_commune) - 1 AS rang, *,
               CASE WHEN code_commune IS NOT NULL THEN [code_commune] END AS communes, true AS est_local
        FROM (SELECT DISTINCT nom, code_commune, {normalised("nom")} AS nom_normal, {claimed_family("nom")} AS famille
              FROM {relation}) WHERE nom_normal <> ''""")
    _choose_keys(connexion, source)
    scores = chemin.with_suffix(".scores")
    with parquet.ParquetWriter(scores, PROPOSITIONS) as sortie:
        ((nombre,),) = connexion.execute("SELECT count(*) FROM noms").fetchall()
        for debut in range(0, nombre, PAR_LOT):
            sortie.write_table(_scored(_pairs(connexion, source, debut)))
    notes = f"read_parquet({sql_literal(scores)})"
    connexion.execute(f"""
        COPY (
            WITH notees AS (
                SELECT n.rang AS nom_rang, n.nom, n.code_commune, c.identifiant, c.nom AS nom_propose, s.score,
                       c.est_actif, c.est_local,
                       list_sort(string_split(n.nom_normal, ' ')) = list_sort(string_split(c.nom_normal, ' '))
                           AS est_identique,
                       list_contains(c.communes, n.code_commune) AS est_meme_commune,
                       n.famille = c.famille AS est_meme_famille
                FROM {notes} s JOIN noms n ON n.rang = s.nom_rang JOIN {source} c ON c.rang = s.rang
                -- of the names of one candidate, the nearest
                QUALIFY row_number() OVER (PARTITION BY n.rang, identifiant ORDER BY score DESC, nom_propose) = 1)
            SELECT * EXCLUDE (nom_rang, est_local),
                   row_number() OVER (
                       PARTITION BY nom_rang ORDER BY score DESC, est_meme_commune DESC NULLS LAST,
                       est_meme_famille DESC NULLS LAST, est_local DESC, est_actif DESC, identifiant) AS rang
            FROM notees QUALIFY rang <= {PROPOSES}
        ) TO {sql_literal(chemin)} (FORMAT parquet, COMPRESSION zstd)""")
    scores.unlink()


def _choose_keys(connexion: duckdb.DuckDBPyConnection, source: str) -> None:
    """Leave `choisies`, the keys of each name that are worth following, and `entrees`, their candidates.

    The keys of the candidates are made twice, to be counted and then to be kept: they are many, those kept are few.
    """
    connexion.execute(f"CREATE OR REPLACE TEMP TABLE cles AS SELECT DISTINCT rang, cle FROM ({keys('noms')})")
    connexion.execute(f"""
        CREATE OR REPLACE TEMP TABLE frequences AS
        SELECT cle, count(*)::UINTEGER AS nombre
        FROM ({keys(source)}) SEMI JOIN cles USING (cle) GROUP BY cle""")
    connexion.execute(f"""
        CREATE OR REPLACE TEMP TABLE choisies AS
        SELECT rang, cle, (ln(1 + (SELECT max(rang) FROM {source})) - ln(nombre))::FLOAT AS poids
        FROM cles JOIN frequences USING (cle)
        QUALIFY sum(nombre) OVER (PARTITION BY rang ORDER BY nombre, cle) <= {BUDGET}
             OR row_number() OVER (PARTITION BY rang ORDER BY nombre, cle) = 1""")
    connexion.execute(f"""
        CREATE OR REPLACE TEMP TABLE entrees AS
        SELECT cle, rang::UINTEGER AS rang FROM ({keys(source)}) SEMI JOIN choisies USING (cle)""")
    connexion.execute("DROP TABLE cles; DROP TABLE frequences")


def _pairs(connexion: duckdb.DuckDBPyConnection, source: str, debut: int) -> arrow.Table:
    """Give, for some of the names, the candidates that share their keys, the rarest ones first."""
    connexion.execute(f"""
        CREATE OR REPLACE TEMP TABLE couples AS
        SELECT nom_rang, unnest(max_by(rang, poids, {COMPARES})) AS rang FROM (
            SELECT c.rang AS nom_rang, e.rang, sum(poids) AS poids
            FROM choisies c JOIN entrees e USING (cle)
            WHERE c.rang BETWEEN {debut} AND {debut + PAR_LOT - 1} GROUP BY ALL)
        GROUP BY nom_rang""")
    lecture = connexion.sql(f"""
        SELECT p.nom_rang, p.rang, n.nom_normal AS nom, c.nom_normal AS candidat
        FROM couples p JOIN noms n ON n.rang = p.nom_rang JOIN {source} c ON c.rang = p.rang""")
    return lecture.to_arrow_table()


def _scored(lot: arrow.Table) -> arrow.Table:
    """Score pairs of normalised names from 0 to 100, and keep those worth a look."""
    from rapidfuzz import fuzz

    noms, candidats = lot["nom"].to_pylist(), lot["candidat"].to_pylist()
    colles = [[nom.replace(" ", "") for nom in cote] for cote in (noms, candidats)]
    score = np.maximum(
        _compare(noms, candidats, fuzz.token_sort_ratio), _compare(colles[0], colles[1], fuzz.ratio)
    )
    contenu = _compare(noms, candidats, fuzz.token_set_ratio) == 100
    score = np.where(contenu, np.maximum(score, SCORE_CONTENU), score)
    sigle = np.array([_initials(a, b) for a, b in zip(noms, candidats, strict=True)], dtype=bool)
    score = np.where(sigle, np.maximum(score, SCORE_SIGLE), score)
    note = arrow.table([lot["nom_rang"], lot["rang"], arrow.array(score, arrow.float64())], schema=PROPOSITIONS)
    return note.filter(arrow.array(score >= SEUIL))


def _compare(a: list[str], b: list[str], mesure: Any) -> Any:
    from rapidfuzz import process

    return process.cpdist(a, b, scorer=mesure, dtype=np.float64)


def _initials(a: str, b: str) -> bool:
    """Say whether one of two names is written with the initials of the other."""
    court, long = (a, b) if len(a) < len(b) else (b, a)
    return 3 <= len(court) <= 8 and court == "".join(mot[0] for mot in long.split())
