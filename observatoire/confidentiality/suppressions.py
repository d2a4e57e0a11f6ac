"""The table of what is suppressed, cell by cell, of every protected measure: after the cube, before the values.

Restricted like the cube, never published. Nothing is computed when no restricted source has a row.
"""

import tempfile
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from observatoire.confidentiality.cells import CLE, Masque, Reels, Systeme, build_system, periods_of
from observatoire.confidentiality.movements import kept_figures, present_figures, told_apart
from observatoire.confidentiality.programme import SANS_REPONSE, SystemeIncoherent
from observatoire.confidentiality.protection import Protection, protect
from observatoire.confidentiality.published import (
    SecretNonGaranti,
    gives_away,
    known_cells,
    margins,
    match,
    same,
)
from observatoire.confidentiality.suppressed import (
    LISENT,
    SUPPRESSIONS,
    known_releases,
    protected_measures,
    suppressions_base,
    suppressions_version,
)
from observatoire.confidentiality.tau import Tau
from observatoire.confidentiality.years import shown_in_other_years
from observatoire.indicators.catalog import Mesure
from observatoire.warehouse import ATELIER, Entrepot

SECONDAIRE = "protège une autre cellule"
DIFFERENCE = "sa différence avec une autre année ou une publication gardée livre un répondant"


@dataclass
class Bilan:
    """What was suppressed: counts only, they are kept in the history of runs."""

    cellules: int = 0
    primaires: int = 0
    secondaires: int = 0
    echecs_tau: int = 0
    sans_regle_80: list[str] = field(default_factory=list)


def compute_suppressions(entrepot: Entrepot) -> Bilan:
    """Choose what to suppress of every protected measure, and write it, if anything it rests on changed.

    Raises:
        SecretNonGaranti: nothing that could be hidden protects a cell; the former table stays.
    """
    version = suppressions_version(entrepot)
    if entrepot.version("indicateurs", "suppressions") == version:
        return _summary(entrepot)
    protegees, publications = protected_measures(entrepot), known_releases(entrepot)
    noms = {nom for mesure in protegees for nom in (mesure.nom, mesure.salaries, mesure.plus_gros_salaire) if nom}
    with entrepot.connect((*LISENT, *(f"mesures.{nom}" for nom in noms))) as connexion:
        colonnes = ", ".join(f"{colonne.nom} {colonne.type_sql}" for colonne in SUPPRESSIONS.colonnes)
        connexion.execute(f"CREATE TEMP TABLE suppressions ({colonnes})")
        echecs = 0
        if protegees:
            connues = known_cells(connexion, entrepot, None)
            with tempfile.TemporaryDirectory(dir=entrepot.racine, prefix=ATELIER) as atelier, Tau(Path(atelier)) as tau:
                for mesure in protegees:
                    try:
                        echecs += _suppress(connexion, entrepot, mesure, connues, tau)
                    except (ArithmeticError, SystemeIncoherent):
                        raise SecretNonGaranti(
                            f"Secret statistique : la protection de {mesure.nom} n'a pas abouti, rien n'en est publié. "
                            f"Relancer recalculer_indicateurs, et {SANS_REPONSE}."
                        ) from None
        entrepot.write_query(
            connexion,
            f"FROM suppressions ORDER BY {', '.join(SUPPRESSIONS.cle)}",
            "indicateurs",
            "suppressions",
            {
                "version": version,
                "base": suppressions_base(entrepot),
                "publications": publications,
                "echecs_tau": echecs,
            },
        )
    return _summary(entrepot)


def _suppress(
    connexion: duckdb.DuckDBPyConnection, entrepot: Entrepot, mesure: Mesure, connues: pd.DataFrame, tau: Tau
) -> int:
    """Protect every period of a measure; return the number of tables τ-Argus left without an answer."""
    periodes = periods_of(connexion, mesure)
    systemes, sues, marges = {}, {}, {}
    for periode in periodes:
        systemes[periode] = build_system(connexion, mesure, periode)
        face = _former_figures(systemes[periode], connues, mesure, periode)
        sues[periode] = _among(systemes[periode], face[(face["periode"] == periode) & same(face)])
        marges[periode] = margins(systemes[periode].cellules, systemes[periode].nombre, face)
    presents = [present_figures(mesure, periode, systeme.cellules) for periode, systeme in systemes.items()]
    for avant, apres in combinations([*kept_figures(connexion, entrepot, mesure, connues), *presents], 2):
        if apres.est_sorti:
            continue
        reste = told_apart(connexion, avant, apres, avant.montrees.merge(apres.montrees))
        # hiding one of the two is enough; one that a kept release gives cannot be
        for periode in [chiffres.periode for chiffres in (apres, avant) if not chiffres.est_sorti]:
            reste = _add_reason(systemes[periode], reste, sues[periode])
        if len(reste):
            reproche = f"livre un répondant si on en soustrait sa valeur de {avant.periode}"
            raise SecretNonGaranti(_given_by_releases(mesure, apres.periode, reste.iloc[0], reproche, connues))
    trouvees = {periode: protect(systeme, tau, marges[periode]) for periode, systeme in systemes.items()}
    a_cacher = {periode: trouvee.cachees & False for periode, trouvee in trouvees.items()}
    # each pass hides more cells, or finds more of them known: it ends
    while a_revoir := _carry_years(systemes, trouvees, marges, a_cacher, mesure, connues):
        for periode in a_revoir:
            trouvees[periode] = protect(systemes[periode], tau, marges[periode], a_cacher[periode])
    for periode, trouvee in trouvees.items():
        if trouvee.fuites:
            raise SecretNonGaranti(_unprotected(systemes[periode], trouvee, mesure, periode))
        _insert(connexion, mesure, periode, systemes[periode], trouvee.cachees)
    return sum(trouvee.echecs_tau for trouvee in trouvees.values())


def _carry_years(
    systemes: dict[str, Systeme],
    trouvees: dict[str, Protection],
    marges: dict[str, Reels],
    a_cacher: dict[str, Masque],
    mesure: Mesure,
    connues: pd.DataFrame,
) -> set[str]:
    """Add to `a_cacher` what another period hides, to `marges` what another period cannot hide; return what changes.

    Raises:
        SecretNonGaranti: a cell is confidential, and a year that a kept release gives tells it.
    """
    cachees = {periode: trouvee.cachees for periode, trouvee in trouvees.items()}
    changent = set()
    for paire in shown_in_other_years(systemes, cachees).to_dict("records"):
        montree, cachee = paire["periode"], paire["periode_cachee"]
        if np.isinf(marges[montree][paire["variable"]]):
            a_cacher[montree][paire["variable"]] = True
            changent.add(montree)
            continue
        # a kept release gives the other year all the same
        if not pd.isna(paire["raison_cachee"]) and paire["raison_cachee"] != DIFFERENCE:
            reproche = f"est confidentielle et à ±10 % près sa valeur de {montree}"
            raise SecretNonGaranti(_given_by_releases(mesure, cachee, pd.Series(paire), reproche, connues))
        ecart = abs(paire["valeur"] - paire["valeur_cachee"])
        if ecart < marges[cachee][paire["variable_cachee"]]:
            marges[cachee][paire["variable_cachee"]] = ecart
            changent.add(cachee)
    for periode in changent:
        a_cacher[periode] = (a_cacher[periode] | cachees[periode]) & np.isinf(marges[periode])
    return changent


def _former_figures(systeme: Systeme, connues: pd.DataFrame, mesure: Mesure, periode: str) -> pd.DataFrame:
    """Return what kept releases give of the cells of a period, in any period.

    Raises:
        SecretNonGaranti: a kept release gives a cell that is confidential today: hiding it now protects nothing.
    """
    face = match(systeme.cellules, connues, mesure.nom)
    donnees = face[gives_away(face, periode)]
    if len(donnees):
        ligne = donnees.iloc[0]
        quand = "" if ligne["periode"] == periode else f", à ±10 % près, en {ligne['periode']}"
        raise SecretNonGaranti(
            f"Secret statistique : {cell_name(mesure.nom, periode, ligne)} est confidentielle ({ligne['raison']}), "
            f"mais {ligne['chemin']} la donne déjà{quand}. Retirer cette publication (job retirer_publication), puis "
            f"relancer. Cellules dans ce cas : {donnees['rang'].nunique()}."
        )
    return face


def hidden_cells(
    connexion: duckdb.DuckDBPyConnection, systeme: Systeme, mesure: Mesure, periode: str
) -> tuple[Masque, Masque]:
    """Return the cells of a system that the table suppresses, and those it does for a difference."""
    lues = connexion.execute(
        f"SELECT {', '.join(CLE)}, raison FROM indicateurs.suppressions WHERE mesure = $mesure AND periode = $periode",
        {"mesure": mesure.nom, "periode": periode},
    ).df()
    return _among(systeme, lues), _among(systeme, lues[lues["raison"] == DIFFERENCE])


def _among(systeme: Systeme, cellules: pd.DataFrame) -> Masque:
    """Say which cells of a system these name."""
    cles = pd.MultiIndex.from_frame(systeme.cellules[list(CLE)])
    return np.asarray(cles.isin(pd.MultiIndex.from_frame(cellules[list(CLE)])))


def _add_reason(systeme: Systeme, cellules: pd.DataFrame, sauf: Masque) -> pd.DataFrame:
    """Mark as confidential the cells whose difference tells; return those left out, which `sauf` names."""
    nommees = _among(systeme, cellules)
    systeme.cellules.loc[nommees & ~sauf, "raison"] = DIFFERENCE
    return systeme.cellules.loc[nommees & sauf, list(CLE)]


def _insert(
    connexion: duckdb.DuckDBPyConnection, mesure: Mesure, periode: str, systeme: Systeme, cachees: Masque
) -> None:
    """Write the cells of a period that are hidden."""
    cellules = systeme.cellules
    retenues = cellules["valeur"].isna().to_numpy()
    choisies = cellules[cellules["est_publiable"] & (cachees[cellules["variable"].to_numpy()] | retenues)]
    lignes = pd.DataFrame(
        {
            "mesure": mesure.nom,
            **{colonne: choisies[colonne] for colonne in ("niveau", "code_territoire")},
            "periode": periode,
            **{colonne: choisies[colonne] for colonne in ("axe", "modalite")},
            "raison": choisies["raison"].fillna(SECONDAIRE),
        }
    )
    connexion.register("a_supprimer", lignes)
    connexion.execute("INSERT INTO suppressions BY NAME SELECT * FROM a_supprimer")


def cell_name(mesure: str, periode: str, cellule: pd.Series) -> str:
    """Name a cell in French: never its value, this goes to logs that are kept."""
    detail = "" if cellule["axe"] == "total" else f", {cellule['axe']} « {cellule['modalite']} »"
    return f"{mesure}, {cellule['niveau']} {cellule['code_territoire']}, {periode}{detail}"


def _given_by_releases(
    mesure: Mesure, periode: str, cellule: pd.Series, reproche: str, connues: pd.DataFrame
) -> str:
    """Say which cell another year tells, that no hiding takes back since a kept release gives it."""
    siennes = connues[(connues["mesure"] == mesure.nom) & (connues[list(CLE)] == cellule[list(CLE)]).all(axis=1)]
    return (
        f"Secret statistique : {cell_name(mesure.nom, periode, cellule)} {reproche}, déjà donnée par "
        f"{', '.join(sorted(set(siennes['chemin'])))}. Retirer cette publication (job retirer_publication), puis "
        "relancer."
    )


def _unprotected(systeme: Systeme, trouvee: Protection, mesure: Mesure, periode: str) -> str:
    """Say which cell nothing protects."""
    rang = int(np.flatnonzero(systeme.cellules["variable"].to_numpy() == trouvee.fuites[0])[0])
    return (
        f"Secret statistique : {cell_name(mesure.nom, periode, systeme.cellules.iloc[rang])} reste connue à ±10 % près "
        "(ou sa somme avec d'autres) par soustraction de ce que donnent des publications gardées, quoi qu'on supprime "
        "aujourd'hui. Retirer ces "
        f"publications (job retirer_publication), puis relancer. Cellules dans ce cas : {len(trouvee.fuites)}."
    )


def _summary(entrepot: Entrepot) -> Bilan:
    """Count what the table holds."""
    with entrepot.connect(("indicateurs.suppressions",)) as connexion:
        ((cellules, secondaires),) = connexion.execute(
            f"SELECT count(*), count(*) FILTER (raison = '{SECONDAIRE}') FROM indicateurs.suppressions"
        ).fetchall()
    echecs = (entrepot.metadata("indicateurs", "suppressions") or {}).get("echecs_tau", 0)
    sans_regle = [mesure.nom for mesure in protected_measures(entrepot) if _unchecked(entrepot, mesure)]
    return Bilan(cellules, cellules - secondaires, secondaires, echecs, sans_regle)


def _unchecked(entrepot: Entrepot, mesure: Mesure) -> bool:
    """Say whether the rule of 80 % could not be checked everywhere: some file has no largest pay."""
    if not mesure.plus_gros_salaire:
        return False
    with entrepot.connect((f"mesures.{mesure.plus_gros_salaire}",)) as connexion:
        requete = f"SELECT count(*) > count(valeur) FROM mesures.{mesure.plus_gros_salaire} WHERE axe = 'total'"
        return bool(connexion.execute(requete).fetchall()[0][0])
