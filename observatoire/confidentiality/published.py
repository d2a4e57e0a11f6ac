"""What published rows say of the cells of protected measures: figures as they are, a share times its total, and when.

Reads the values about to be published and those of the kept releases. What can be deduced from several of them at once
belongs to `attacker`.
"""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from observatoire.catalog import Indicateur, indicateurs, mesures
from observatoire.confidentiality.cells import CLE, Reels
from observatoire.warehouse import Entrepot, sql_literal

COLONNES = ("mesure", "periode", *CLE, "valeur", "nombre_unites", "chemin", "release")
# a value is the same from one release to the next up to the rounding of a ratio
EGALITE = 1e-9
PROCHE = 0.10
ICI = ""


def kept_releases(entrepot: Entrepot) -> list[Path]:
    """List the files of the kept releases, oldest first."""
    return sorted((entrepot.racine / "releases").glob("[!.]*/observatoire.duckdb"))


def known_cells(connexion: duckdb.DuckDBPyConnection, entrepot: Entrepot, valeurs: str | None) -> pd.DataFrame:
    """Return every figure that says the sum of a cell of a protected measure.

    Args:
        connexion: a DuckDB where the releases are attached for the time of the call.
        entrepot: the warehouse.
        valeurs: the table about to be published, none to read the kept releases alone.

    Returns:
        Columns `COLONNES`; `chemin` says where the figure is, in French; `release` is empty for what is not out yet.
    """
    morceaux = [] if valeurs is None else [_read(connexion, valeurs, ICI)]
    for rang, chemin in enumerate(kept_releases(entrepot)):
        connexion.execute(f"ATTACH {sql_literal(chemin)} AS gardee_{rang} (READ_ONLY)")
        morceaux.append(_read(connexion, f"gardee_{rang}.indicateurs.valeurs", chemin.parent.name))
        connexion.execute(f"DETACH gardee_{rang}")
    return pd.concat([pd.DataFrame(columns=list(COLONNES)), *morceaux], ignore_index=True)


def _read(connexion: duckdb.DuckDBPyConnection, table: str, release: str) -> pd.DataFrame:
    """Read what a table of values says of protected cells, indicator by indicator."""
    ou = f" de la publication {release}" if release else ""
    trouves = []
    for indicateur in indicateurs().values():
        for mesure, agregat, valeur, axe, comment in _formulas(indicateur):
            total = "axe" if axe == "meme" else "'total'"
            modalite = "modalite" if axe == "meme" else "'total'"
            periode = "periode_denominateur" if comment == "son dénominateur" else "periode"
            nombre = "nombre_unites" if comment != "son dénominateur" else "NULL::BIGINT"
            requete = f"""
                SELECT '{mesure}' AS mesure, {periode} AS periode, niveau, code_territoire, {total} AS axe,
                       {modalite} AS modalite, ({valeur})::DOUBLE AS valeur, {nombre} AS nombre_unites,
                       $chemin AS chemin, '{release}' AS release
                FROM {table} WHERE indicateur = '{indicateur.nom}' AND ({valeur}) IS NOT NULL"""
            if agregat == "somme":
                chemin = f"l'indicateur « {indicateur.nom} »{ou} ({comment})"
                trouves.append(connexion.execute(requete, {"chemin": chemin}).df())
    return pd.concat([pd.DataFrame(columns=list(COLONNES)), *trouves], ignore_index=True)


def _formulas(indicateur: Indicateur) -> list[tuple[str, str, str, str, str]]:
    """List the ways a row of an indicator gives a protected cell: measure, aggregate, formula, breakdown, words."""
    haut, bas = indicateur.numerateur, indicateur.denominateur
    if haut is None:
        return []
    formules = []
    facteur = indicateur.facteur
    if mesures()[haut.mesure].est_protegee:
        formules.append((haut.mesure, haut.agregat, "numerateur", "meme", "son numérateur"))
        if bas is None:
            formules.append((haut.mesure, haut.agregat, f"valeur / {facteur}", "meme", "sa valeur"))
        else:
            formule = f"valeur * denominateur::DOUBLE / {facteur}"
            formules.append((haut.mesure, haut.agregat, formule, "meme", "sa part et son total"))
    if bas is not None and mesures()[bas.mesure].est_protegee:
        formules.append((bas.mesure, bas.agregat, "denominateur", bas.modalite, "son dénominateur"))
        formule = f"CASE WHEN valeur <> 0 THEN numerateur::DOUBLE * {facteur} / valeur END"
        formules.append((bas.mesure, bas.agregat, formule, bas.modalite, "son dénominateur, par sa part"))
    return formules


def match(cellules: pd.DataFrame, connues: pd.DataFrame, mesure: str) -> pd.DataFrame:
    """Set what is known of a measure, in any period, beside the cells of its system of one period.

    Returns:
        One row per figure that names a cell: `rang` (of the cell), `vraie` and `nombre` (what the cell is now), and the
        columns of `connues`, its own `periode` included.
    """
    ici = connues[connues["mesure"] == mesure]
    cote = cellules.reset_index(names="rang")[["rang", *CLE, "valeur", "nombre_unites", "raison", "est_publiable"]]
    cote = cote.rename(columns={"valeur": "vraie", "nombre_unites": "nombre"})
    return ici.merge(cote, on=list(CLE))


def differs_by_few(connexion: duckdb.DuckDBPyConnection, face: pd.DataFrame) -> pd.Series:
    """Say which figures of former releases differ from today's cell by one or two respondents, which subtraction gives.

    A release says how many units it counts, not whose: three units or more that came are one or two respondents when
    one or two of today's (`secret_repondants`, of the period last built) have as many in the cell, worth the difference
    within ±10 %. Of three units or more that left, nothing is known any more.
    """
    venues = face["nombre"] - face["nombre_unites"]
    ecarts = pd.DataFrame(
        {"rang": face.index, **{c: face[c] for c in CLE}, "k": venues, "d": face["vraie"] - face["valeur"]}
    )
    connexion.register("secret_ecarts", ecarts[venues >= 3])
    trouves = connexion.execute(f"""
        WITH candidats AS (
            SELECT rang, k, d, repondant, n, v FROM secret_ecarts JOIN secret_repondants USING ({", ".join(CLE)})
            WHERE n <= k AND v <= {1 + PROCHE} * d)
        SELECT rang FROM candidats WHERE n = k AND abs(v - d) <= {PROCHE} * d
        UNION SELECT a.rang FROM candidats a JOIN candidats b ON a.rang = b.rang AND b.n = a.k - a.n
        WHERE a.repondant <> b.repondant AND a.n >= b.n AND abs(a.v + b.v - a.d) <= {PROCHE} * a.d""").fetchall()
    peu = venues.abs().between(1, 2) | face.index.isin([rang for (rang,) in trouves])
    return pd.Series((face["release"] != ICI) & peu & ~same(face) & (face["valeur"] > 0), dtype=bool)


def same(face: pd.DataFrame) -> pd.Series:
    """Say which figures are still the value of the cell."""
    return pd.Series((face["valeur"] - face["vraie"]).abs() <= EGALITE * face["vraie"].abs(), dtype=bool)


def close(face: pd.DataFrame) -> pd.Series:
    """Say which figures, of whatever period, are within ±10 % of the cell."""
    return pd.Series((face["valeur"] - face["vraie"]).abs() <= PROCHE * face["vraie"].abs(), dtype=bool)


def gives_away(face: pd.DataFrame, periode: str) -> pd.Series:
    """Say which figures of former releases give a cell confidential today: within ±10 %, or withheld since."""
    retenue = face["vraie"].isna() & face["valeur"].notna() & (face["periode"] == periode)
    return pd.Series(
        (face["release"] != ICI) & face["raison"].notna() & (close(face) | retenue) & (face["valeur"] != 0), dtype=bool
    )


def margins(cellules: pd.DataFrame, nombre: int, face: pd.DataFrame) -> Reels:
    """Return how far the closest of these figures is from each variable: infinite when none is within ±10 %."""
    marges = np.full(nombre, np.inf)
    proches = face[close(face)]
    ecarts = np.where(same(proches), 0, (proches["valeur"] - proches["vraie"]).abs())
    np.minimum.at(marges, cellules["variable"].to_numpy()[proches["rang"].to_numpy(dtype=int)], ecarts.astype(float))
    return marges
