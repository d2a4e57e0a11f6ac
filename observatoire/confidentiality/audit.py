"""The attacker let loose on what would be published, with the kept releases: the last word before a release.

What it knows comes from published rows alone: a figure left by mistake, a share, a former vintage.
"""

import duckdb
import numpy as np
import pandas as pd

from observatoire.confidentiality.attacker import attack
from observatoire.confidentiality.cells import CLE, Masque, Reels, Systeme, build_system, periods_of
from observatoire.confidentiality.movements import Chiffres, kept_figures, present_figures, told_apart
from observatoire.confidentiality.programme import SANS_REPONSE, SystemeIncoherent
from observatoire.confidentiality.protection import limits, views
from observatoire.confidentiality.published import (
    ICI,
    SecretNonGaranti,
    close,
    gives_away,
    known_cells,
    margins,
    match,
    same,
)
from observatoire.confidentiality.sums import forbidden_sums
from observatoire.confidentiality.suppressed import protected_measures
from observatoire.confidentiality.suppressions import cell_name, hidden_cells
from observatoire.indicators.catalog import Mesure
from observatoire.warehouse import Entrepot


def first_leak(entrepot: Entrepot) -> str:
    """Return, in French, the first confidential cell that the values about to be published give away, and how.

    Empty when there is none: no cell that is hidden is known within ±10 %.
    """
    protegees = protected_measures(entrepot)
    if not protegees:
        return ""
    with entrepot.connect() as connexion:
        try:
            connues = known_cells(connexion, entrepot, "indicateurs.valeurs")
            gardes = {mesure.nom: kept_figures(connexion, entrepot, mesure, connues) for mesure in protegees}
        except SecretNonGaranti as erreur:
            return f"{erreur} Rien n'est publié."
        for mesure in protegees:
            for periode in periods_of(connexion, mesure):
                if fuite := _leak(connexion, mesure, periode, connues, gardes[mesure.nom]):
                    return f"Secret statistique : {fuite} Rien n'est publié."
    return ""


def _leak(
    connexion: duckdb.DuckDBPyConnection,
    mesure: Mesure,
    periode: str,
    connues: pd.DataFrame,
    vues: list[Chiffres],
) -> str:
    """Attack one measure and period from every published figure; `vues`: those kept, and of the periods before."""
    systeme = build_system(connexion, mesure, periode)
    toutes = match(systeme.cellules, connues, mesure.nom)
    supprimees, differences = hidden_cells(connexion, systeme, mesure, periode)
    face, ailleurs = toutes[toutes["periode"] == periode], toutes[toutes["periode"] != periode]
    # what no rule lets out is a leak where it is shown, whatever it says
    ici = (face["raison"].notna() | ~face["est_publiable"]) & (face["release"] == ICI) & (face["valeur"] != 0)
    donnees = pd.concat([face[gives_away(face, periode) | ici], _told_by_a_year(ailleurs, toutes, supprimees, periode)])
    if len(donnees):
        ligne = donnees.iloc[0]
        raison = "" if pd.isna(ligne["raison"]) else f" ({ligne['raison']})"
        quand = "" if ligne["periode"] == periode else f", à ±10 % près, en {ligne['periode']}"
        return f"{cell_name(mesure.nom, periode, ligne)}{raison} est donnée par {ligne['chemin']}{quand}."
    vraies = face[same(face)]
    montrees = present_figures(mesure, periode, vraies[vraies["release"] == ICI])
    for chiffres in vues:
        if fuite := _difference(connexion, mesure, chiffres, montrees):
            return fuite
    vues.append(montrees)
    variables = systeme.cellules["variable"].to_numpy()
    valeurs = np.where(systeme.valeurs == 0, 0.0, np.nan)
    valeurs[variables[vraies["rang"].to_numpy(dtype=int)]] = vraies["vraie"].to_numpy(dtype=float)
    # what no indicator shows and no rule protects is not hidden, only absent
    cachees = systeme.variables_of(systeme.cellules["raison"].notna().to_numpy() | supprimees)
    anciennes = toutes[(toutes["release"] != ICI) | (toutes["periode"] != periode)]
    marges = margins(systeme.cellules, systeme.nombre, anciennes)
    for cibles, permises in views(systeme.variables_of(differences), marges):
        visees = cachees & cibles & np.isnan(valeurs) & np.isfinite(systeme.valeurs)
        try:
            bornes = attack(systeme.matrice, valeurs, visees, limites=limits(systeme.valeurs, permises))
        except SystemeIncoherent:
            return f"les valeurs de {mesure.nom} en {periode} se contredisent ; relancer recalculer_indicateurs."
        except ArithmeticError:
            return (
                f"l'attaque de {mesure.nom} en {periode} n'a pas abouti, rien ne peut en être conclu ; relancer "
                f"recalculer_indicateurs, et {SANS_REPONSE}."
            )
        fuites = np.flatnonzero(bornes.known() & visees)
        if len(fuites):
            return _path(systeme, int(fuites[0]), valeurs, bornes.par_soustraction, mesure, periode)
    return _sum(systeme, np.where(marges == 0, systeme.valeurs, valeurs), mesure, periode)


def _sum(systeme: Systeme, connues: Reels, mesure: Mesure, periode: str) -> str:
    """Say which hidden cells add up to a sum that a rule forbids and subtraction gives."""
    sommes = forbidden_sums(systeme, connues)
    if not sommes.raisons:
        return ""
    parties = systeme.cellules[systeme.cellules["variable"].isin(sommes.parties[0].indices)]
    parties = parties.drop_duplicates("variable").sort_values("est_publiable", ascending=False, kind="stable")
    autres = f"{len(parties) - 1} autre{'s' * (len(parties) > 2)} cellule{'s' * (len(parties) > 2)}"
    return (
        f"{cell_name(mesure.nom, periode, parties.iloc[0])} est cachée, mais sa somme avec {autres} est connue par "
        f"soustraction, et confidentielle ({sommes.raisons[0]})."
    )


def _told_by_a_year(ailleurs: pd.DataFrame, toutes: pd.DataFrame, supprimees: Masque, periode: str) -> pd.DataFrame:
    """Return the figures of other years that tell a cell within ±10 %.

    Any cell a rule protects; one that only protects another, where no kept release names it: where one does, the
    other year was out already, and the attack reckons with it.
    """
    sorties = ailleurs["rang"].isin(toutes.loc[toutes["release"] != ICI, "rang"])
    cachees = pd.Series(supprimees[ailleurs["rang"].to_numpy(dtype=int)], index=ailleurs.index)
    dites = close(ailleurs) & (ailleurs["valeur"] != 0)
    return ailleurs[dites & (ailleurs["raison"].notna() | (cachees & ~sorties))]


def _difference(
    connexion: duckdb.DuckDBPyConnection, mesure: Mesure, avant: Chiffres, apres: Chiffres
) -> str:
    """Name a cell that two figures show and whose difference tells the value of a respondent."""
    deux = apres.cellules.merge(avant.cellules, on=list(CLE), suffixes=("", "_avant"))
    livrees = told_apart(connexion, avant, apres, deux).merge(deux, on=list(CLE))
    if livrees.empty:
        return ""
    ligne = livrees.iloc[0]
    return (
        f"{cell_name(mesure.nom, apres.periode, ligne)} livre un répondant par sa différence avec ce que donne "
        f"{ligne['chemin_avant']}, en {avant.periode}."
    )


def _path(
    systeme: Systeme, fuite: int, connues: np.ndarray, par_soustraction: Masque, mesure: Mesure, periode: str
) -> str:
    """Say which cell is known, and how: by which subtraction, or by several equations at once."""
    cellules = systeme.cellules
    ordre = cellules[cellules["variable"] == fuite].sort_values("est_publiable", ascending=False)
    nom = cell_name(mesure.nom, periode, ordre.iloc[0])
    if not par_soustraction[fuite]:
        return f"{nom} est connue à ±10 % près en recoupant les chiffres publiés autour d'elle."
    matrice = systeme.matrice
    for equation in matrice[:, [fuite]].nonzero()[0]:
        ligne = slice(matrice.indptr[equation], matrice.indptr[equation + 1])
        tout = int(matrice.indices[ligne][matrice.data[ligne] < 0][0])
        autres = [v for v in matrice.indices[ligne] if v != fuite]
        if all(not np.isnan(connues[v]) for v in autres):
            total = cell_name(mesure.nom, periode, cellules[cellules["variable"] == tout].iloc[0])
            return f"{nom} est connue par soustraction : {total} et ses autres parties sont publiées."
    return f"{nom} est connue par soustractions successives des totaux publiés."
