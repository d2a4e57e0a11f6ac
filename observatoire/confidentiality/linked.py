"""The tables given to τ-Argus, and what one says to another: what one hides, each other hides, until nothing moves.

A département gives two geographies (its communes; its EPCI, then their communes), each by every breakdown; an EPCI that
straddles départements is a table of its own, for it nests in none; above, départements, régions and France. Crossings
start at the EPCI: below, a table of three dimensions is mostly empty. τ-Argus sees one table at a time: what several of
them tell together is for `attacker` to find.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from observatoire.catalog import CROISEMENT
from observatoire.confidentiality.cells import Lieu, Masque, Systeme
from observatoire.confidentiality.tau import TOTAL, CelluleDeTableau, Codes, Tableau, TauEnEchec, run_tau

PASSAGES = 8


@dataclass(frozen=True)
class Geographie:
    """Rows of tables: the places that add up to `tout`, and for some of them the place of the table that contains them."""

    tout: Lieu
    lieux: dict[Lieu, Lieu | None]
    ventilations: bool = True
    croisements: bool = False


def geographies_of(systeme: Systeme) -> list[Geographie]:
    """List the geographies of a system, each exact: its rows add up to its total."""
    membres: dict[Lieu, list[Lieu]] = {}
    for lieu, zone in systeme.zones.items():
        membres.setdefault(zone, []).append(lieu)
    par_epci: dict[Lieu, list[Lieu]] = {}
    for lieu, epci in systeme.epci.items():
        par_epci.setdefault(epci, []).append(lieu)
    trouvees, entiers = [], set()
    for zone, lieux in sorted(membres.items()):
        if zone[0] != "departement":
            continue
        dedans = {epci for epci, siens in par_epci.items() if all(systeme.zones.get(lieu) == zone for lieu in siens)}
        entiers |= dedans
        contenants = {lieu: epci if (epci := systeme.epci.get(lieu)) in dedans else None for lieu in lieux}
        trouvees.append(Geographie(zone, dict.fromkeys(lieux)))
        trouvees.append(Geographie(zone, contenants | dict.fromkeys(dedans)))
        hauts = dedans | {lieu for lieu, epci in contenants.items() if epci is None}
        trouvees.append(Geographie(zone, dict.fromkeys(sorted(hauts)), ventilations=False, croisements=True))
    trouvees += [
        Geographie(epci, dict.fromkeys(lieux)) for epci, lieux in sorted(par_epci.items()) if epci not in entiers
    ]
    france = ("france", "FR")
    hauts = {
        lieu: zone if zone[0] == "region" else None
        for lieu, zone in systeme.zones.items()
        if zone[0] in ("region", "france")
    }
    trouvees.append(Geographie(france, hauts, croisements=True))
    return trouvees


def protect_linked(systeme: Systeme, cachees: Masque, atelier: Path) -> tuple[Masque, int]:
    """Hide what τ-Argus hides in each table, carried from table to table until stable.

    Returns:
        The variables hidden, and the number of calls in which τ-Argus gave no answer.
    """
    tableaux = _tables(systeme, geographies_of(systeme))
    cachees = cachees.copy()
    vus: list[frozenset[int] | None] = [None] * len(tableaux)
    echecs = 0
    for _ in range(PASSAGES):
        a_faire = []
        for rang, cellules in enumerate(tableaux):
            cachees_ici = frozenset(v for v in cellules.variables.values() if cachees[v])
            if cachees_ici and cachees_ici != vus[rang]:
                a_faire.append((rang, cachees_ici))
        if not a_faire:
            break
        with ThreadPoolExecutor(2) as a_deux:
            reponses = list(a_deux.map(lambda fait: _hide(systeme, tableaux[fait[0]], cachees, atelier), a_faire))
        for (rang, ici), reponse in zip(a_faire, reponses, strict=True):
            if reponse is None:
                echecs += 1
                vus[rang] = ici
                continue
            vus[rang] = ici | reponse
            cachees[list(reponse)] = True
    return cachees, echecs


@dataclass(frozen=True)
class _Table:
    """The cells of a table: variable of each, and the tree of its rows."""

    variables: dict[Codes, int]
    contenants: dict[str, str]
    rangs: dict[Codes, int]


def _hide(systeme: Systeme, table: _Table, cachees: Masque, atelier: Path) -> frozenset[int] | None:
    """Ask τ-Argus for one table; return the variables it hides, None when it gave no answer."""
    textes, nombres = systeme.cellules["texte"].to_numpy(), systeme.cellules["nombre_unites"].to_numpy()
    cellules = {
        codes: CelluleDeTableau(textes[rang], int(nombres[rang]), bool(cachees[table.variables[codes]]))
        for codes, rang in table.rangs.items()
    }
    try:
        statuts = run_tau(Tableau(cellules, table.contenants), atelier)
    except TauEnEchec:
        return None
    return frozenset(table.variables[codes] for codes, statut in statuts.items() if statut in "UM" and codes in table.variables)


def _tables(systeme: Systeme, geographies: list[Geographie]) -> list[_Table]:
    """Cut the cells into tables: each geography by each breakdown, and by each crossing above the commune."""
    cellules = systeme.cellules
    utiles = cellules[(cellules["valeur"] > 0) & cellules["texte"].notna() & cellules["nombre_unites"].notna()]
    par_lieu = {lieu: lignes for lieu, lignes in utiles.groupby(["niveau", "code_territoire"])}
    axes = sorted(set(utiles["axe"]) - {"total"})
    trouvees = []
    for geographie in geographies:
        noms = {geographie.tout: TOTAL} | {
            lieu: f"L{rang}" for rang, lieu in enumerate(lieu for lieu in geographie.lieux if lieu in par_lieu)
        }
        feuilles = set(noms) - set(geographie.lieux.values()) - {geographie.tout}
        if geographie.tout not in par_lieu or len(feuilles) < 2:
            continue
        lignes = pd.concat(
            [par_lieu[lieu].assign(ligne=nom) for lieu, nom in noms.items()]
        )
        contenants = {
            noms[lieu]: noms[contenant]
            for lieu, contenant in geographie.lieux.items()
            if contenant is not None and lieu in noms and contenant in noms
        }
        for axe in axes:
            if CROISEMENT not in axe and geographie.ventilations:
                gardees, codes = lignes[lignes["axe"].isin(["total", axe])], 1
            elif CROISEMENT in axe and geographie.croisements:
                gardees, codes = lignes[lignes["axe"].isin(["total", axe, *axe.split(CROISEMENT)])], 2
            else:
                continue
            trouvees.append(_table(gardees, axe, codes, contenants))
    return trouvees


def _table(lignes: pd.DataFrame, axe: str, dimensions: int, contenants: dict[str, str]) -> _Table:
    axes = axe.split(CROISEMENT)
    variables, rangs = {}, {}
    for rang, ligne, son_axe, modalite, variable in zip(
        lignes.index, lignes["ligne"], lignes["axe"], lignes["modalite"], lignes["variable"], strict=True
    ):
        if son_axe == "total":
            codes = (TOTAL,) * dimensions
        elif son_axe == axe:
            codes = tuple(modalite.split("|")) if dimensions == 2 else (modalite,)
        else:
            codes = (modalite, TOTAL) if son_axe == axes[0] else (TOTAL, modalite)
        variables[(ligne, *codes)] = variable
        rangs[(ligne, *codes)] = rang
    return _Table(variables, contenants, rangs)
