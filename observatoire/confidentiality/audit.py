"""The attacker let loose on what would be published, with the kept releases: the last word before a release.

What it knows comes from published rows alone: a figure left by mistake, a share, a former vintage.
"""

import duckdb
import numpy as np
import pandas as pd

from observatoire.catalog import Mesure
from observatoire.confidentiality.attacker import SystemeIncoherent, attack
from observatoire.confidentiality.cells import Masque, Systeme, build_system, periods_of
from observatoire.confidentiality.published import ICI, differs_by_few, gives_away, known_cells, match, same
from observatoire.confidentiality.suppressions import cell_name, hidden_cells, protected_measures
from observatoire.warehouse import Entrepot


def first_leak(entrepot: Entrepot) -> str:
    """Return, in French, the first confidential cell that the values about to be published give away, and how.

    Empty when there is none: no cell that is hidden is known within ±10 %.
    """
    protegees = protected_measures(entrepot)
    if not protegees:
        return ""
    with entrepot.connect() as connexion:
        connues = known_cells(connexion, entrepot, "indicateurs.valeurs")
        for mesure in protegees:
            for periode in periods_of(connexion, mesure):
                if fuite := _leak(connexion, mesure, periode, connues):
                    return f"Secret statistique : {fuite} Rien n'est publié."
    return ""


def _leak(connexion: duckdb.DuckDBPyConnection, mesure: Mesure, periode: str, connues: pd.DataFrame) -> str:
    """Attack one measure and period from every published figure."""
    systeme = build_system(connexion, mesure, periode)
    face = match(systeme.cellules, connues, mesure.nom, periode)
    donnees = face[gives_away(face) | (face["raison"].notna() & (face["release"] == ICI) & (face["valeur"] != 0))]
    if len(donnees):
        ligne = donnees.iloc[0]
        return f"{cell_name(mesure.nom, periode, ligne)} ({ligne['raison']}) est donnée par {ligne['chemin']}."
    montrees = face[face["release"] == ICI]
    ecarts = face[differs_by_few(connexion, face) & face["rang"].isin(montrees["rang"])]
    if len(ecarts):
        ligne = ecarts.iloc[0]
        nombre = int(abs(ligne["nombre"] - ligne["nombre_unites"]))
        return (
            f"{cell_name(mesure.nom, periode, ligne)} diffère de {nombre} unité{'s' * (nombre > 1)} de ce que donne "
            f"{ligne['chemin']} : la différence est la valeur d'un ou deux répondants."
        )
    vraies = face[same(face)]
    variables = systeme.cellules["variable"].to_numpy()
    valeurs = np.where(systeme.valeurs == 0, 0.0, np.nan)
    valeurs[variables[vraies["rang"].to_numpy(dtype=int)]] = vraies["vraie"].to_numpy(dtype=float)
    # what no indicator shows and no rule protects is not hidden, only absent
    cachees = systeme.cellules["raison"].notna().to_numpy() | hidden_cells(connexion, systeme, mesure, periode)
    visees = systeme.variables_of(cachees) & np.isnan(valeurs) & np.isfinite(systeme.valeurs)
    try:
        bornes = attack(systeme.matrice, valeurs, visees)
    except SystemeIncoherent:
        return f"les valeurs de {mesure.nom} en {periode} se contredisent ; relancer recalculer_indicateurs."
    fuites = np.flatnonzero(bornes.known() & visees)
    return _path(systeme, int(fuites[0]), valeurs, bornes.par_soustraction, mesure, periode) if len(fuites) else ""


def _path(
    systeme: Systeme, fuite: int, connues: np.ndarray, par_soustraction: Masque, mesure: Mesure, periode: str
) -> str:
    """Say which cell is known, and how: by which subtraction, or by several equations at once."""
    cellules = systeme.cellules
    ordre = cellules[cellules["variable"] == fuite].sort_values("est_publiable", ascending=False)
    nom = cell_name(mesure.nom, periode, ordre.iloc[0])
    if not par_soustraction[fuite]:
        return f"{nom} est connue à ±10 % près en recoupant les totaux publiés autour d'elle."
    matrice = systeme.matrice
    for equation in matrice[:, [fuite]].nonzero()[0]:
        ligne = slice(matrice.indptr[equation], matrice.indptr[equation + 1])
        tout = int(matrice.indices[ligne][matrice.data[ligne] < 0][0])
        autres = [v for v in matrice.indices[ligne] if v != fuite]
        if all(not np.isnan(connues[v]) for v in autres):
            total = cell_name(mesure.nom, periode, cellules[cellules["variable"] == tout].iloc[0])
            return f"{nom} est connue par soustraction : {total} et ses autres parties sont publiées."
    return f"{nom} est connue par soustractions successives des totaux publiés."
