"""What published rows say of the cells of protected measures: figures as they are, a share times its total, and when.

Reads the values about to be published and those of the kept releases. What can be deduced from several of them at once
belongs to `attacker`.
"""

from collections.abc import Iterable

import duckdb
import numpy as np
import pandas as pd

from observatoire.confidentiality.cells import CLE, Reels
from observatoire.confidentiality.suppressed import kept_releases
from observatoire.indicators.catalog import Indicateur, Terme, indicateurs, mesures
from observatoire.obstacle import Obstacle
from observatoire.sources import sources
from observatoire.warehouse import Entrepot, sql_literal

COLONNES = ("mesure", "periode", *CLE, "valeur", "chemin", "release")
# a value is the same from one release to the next up to the rounding of a ratio
EGALITE = 1e-9
PROCHE = 0.10
ICI = ""
# what the catalogue names in place of a measure
ESTIMATIONS = "indicateurs.estimations"


class SecretNonGaranti(Obstacle):
    """A cell that no suppression protects. The message, in French, names it, the way to it, and says what to do."""


def known_cells(connexion: duckdb.DuckDBPyConnection, entrepot: Entrepot, valeurs: str | None) -> pd.DataFrame:
    """Return every figure that says the sum of a cell of a protected measure.

    Args:
        connexion: a DuckDB where the releases are attached for the time of the call.
        entrepot: the warehouse.
        valeurs: the table about to be published, none to read the kept releases alone.

    Returns:
        Columns `COLONNES`; `chemin` says where the figure is, in French; `release` is empty for what is not out yet.

    Raises:
        SecretNonGaranti: a kept release protects a measure that nobody knows any more.
    """
    morceaux = [] if valeurs is None else [_read(connexion, valeurs, ICI, indicateurs().values())]
    for rang, chemin in enumerate(kept_releases(entrepot)):
        base, release = f"gardee_{rang}", chemin.parent.name
        connexion.execute(f"ATTACH {sql_literal(chemin)} AS {base} (READ_ONLY)")
        try:
            dits = _kept_indicators(connexion, base, release)
            morceaux.append(_read(connexion, f"{base}.indicateurs.valeurs", release, dits))
        finally:
            connexion.execute(f"DETACH {base}")
    return pd.concat([pd.DataFrame(columns=list(COLONNES)), *morceaux], ignore_index=True)


def _kept_indicators(connexion: duckdb.DuckDBPyConnection, base: str, release: str) -> list[Indicateur]:
    """Return the indicators of a kept release as its own catalogue says them: names change, what is out stays.

    The catalogue says neither factor nor how a denominator is matched: today's indicator does while its terms and its
    unit are the same, a percentage and the same modality stand for it otherwise.
    """
    requete = f"""
        SELECT indicateur, unite, sources, mesure_numerateur, mesure_denominateur, EXISTS (
            FROM {base}.indicateurs.valeurs v WHERE v.indicateur = c.indicateur AND statut_confidentialite = 'C')
        FROM {base}.indicateurs.catalogue c WHERE mesure_numerateur IS NOT NULL ORDER BY indicateur"""
    restreintes = {s.titre for s in sources().values() if s.diffusion == "restreinte" and not s.protegee_par_producteur}
    lus = []
    for nom, unite, ses_sources, haut, bas, est_cachee in connexion.execute(requete).fetchall():
        termes = [None if dit is None else Terme(*dit.removesuffix(")").split(" (")) for dit in (haut, bas)]
        inconnues = [t.mesure for t in termes if t is not None and t.mesure not in (*mesures(), ESTIMATIONS)]
        if inconnues and (est_cachee or any(titre in ses_sources for titre in restreintes)):
            raise SecretNonGaranti(
                f"Secret statistique : la publication {release} donne l'indicateur « {nom} » de la mesure « "
                f"{inconnues[0]} », que measures/ ne connaît plus : rien ne dit ce qu'il livre aujourd'hui. Retirer "
                "cette publication (job retirer_publication), ou rendre son nom à la mesure, puis relancer."
            )
        actuel = indicateurs().get(nom)
        if actuel is not None and (actuel.unite, *_named(actuel)) == (unite, haut, bas):
            lus.append(actuel)
        elif not inconnues and haut.split(" (")[0] != ESTIMATIONS:
            facteur = 100 if unite == "%" else 1
            lus.append(Indicateur(nom, nom, unite, "", "", "", termes[0], termes[1], facteur=facteur))
    return lus


def _named(indicateur: Indicateur) -> list[str | None]:
    """Name the terms of an indicator as its catalogue does."""
    termes = (indicateur.numerateur, indicateur.denominateur)
    return [None if terme is None else f"{terme.mesure} ({terme.agregat})" for terme in termes]


def _read(
    connexion: duckdb.DuckDBPyConnection, table: str, release: str, dits: Iterable[Indicateur]
) -> pd.DataFrame:
    """Read what a table of values says of protected cells, indicator by indicator."""
    ou = f" de la publication {release}" if release else ""
    trouves = []
    for indicateur in dits:
        for mesure, agregat, valeur, axe, comment in _formulas(indicateur):
            total = "axe" if axe == "meme" else "'total'"
            modalite = "modalite" if axe == "meme" else "'total'"
            periode = "periode_denominateur" if comment.startswith("son dénominateur") else "periode"
            requete = f"""
                SELECT '{mesure}' AS mesure, {periode} AS periode, niveau, code_territoire, {total} AS axe,
                       {modalite} AS modalite, ({valeur})::DOUBLE AS valeur,
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
    formules: list[tuple[str, str, str, str, str]] = []
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
        One row per figure that names a cell: `rang` (of the cell), `vraie` (what the cell is now), and the
        columns of `connues`, its own `periode` included.
    """
    ici = connues[connues["mesure"] == mesure]
    cote = cellules.reset_index(names="rang")[["rang", *CLE, "valeur", "raison", "est_publiable"]]
    cote = cote.rename(columns={"valeur": "vraie"})
    return ici.merge(cote, on=list(CLE))


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
