"""The tables given to τ-Argus, and what one says to another: what one hides, each other hides, until nothing moves.

A département gives two geographies (its communes; its EPCI, then their communes), each by every breakdown; an EPCI that
straddles départements is a table of its own, for it nests in none; above, départements, régions and France. Crossings
start at the EPCI: below, a table of three dimensions is mostly empty. τ-Argus sees one table at a time: what several of
them tell together is for `attacker` to find.
"""

from dataclasses import dataclass

import pandas as pd

from observatoire.confidentiality.cells import Lieu, Masque, Systeme
from observatoire.confidentiality.tau import TOTAL, CelluleDeTableau, Codes, Tableau, Tau, TauEnEchec
from observatoire.indicators.catalog import CROISEMENT

PASSAGES = 8
Lignes = dict[Lieu, Lieu | None]


@dataclass(frozen=True)
class Geographie:
    """Rows of tables: the places that add up to `tout`, some of them inside another place of the table.

    Attributes:
        tout: the place they add up to.
        lieux: each place, and the place of the table that contains it.
        ventilations, croisements: whether each breakdown, each crossing makes a table.
    """


    tout: Lieu
    lieux: Lignes
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
    trouvees: list[Geographie] = []
    entiers: set[Lieu] = set()
    for zone, lieux in sorted(membres.items()):
        if zone[0] != "departement":
            continue
        dedans = {epci for epci, siens in par_epci.items() if all(systeme.zones.get(lieu) == zone for lieu in siens)}
        entiers |= dedans
        contenants: Lignes = {}
        for lieu in lieux:
            son_epci = systeme.epci.get(lieu)
            contenants[lieu] = son_epci if son_epci in dedans else None
        trouvees.append(Geographie(zone, dict.fromkeys(lieux)))
        trouvees.append(Geographie(zone, {**contenants, **dict.fromkeys(sorted(dedans))}))
        seuls = {lieu for lieu, epci in contenants.items() if epci is None}
        trouvees.append(Geographie(zone, dict.fromkeys(sorted(dedans | seuls)), ventilations=False, croisements=True))
    trouvees += [
        Geographie(epci, dict.fromkeys(lieux)) for epci, lieux in sorted(par_epci.items()) if epci not in entiers
    ]
    france = ("france", "FR")
    hauts: Lignes = {
        lieu: zone if zone[0] == "region" else None
        for lieu, zone in systeme.zones.items()
        if zone[0] in ("region", "france")
    }
    trouvees.append(Geographie(france, hauts, croisements=True))
    return trouvees


def protect_linked(systeme: Systeme, cachees: Masque, tau: Tau) -> tuple[Masque, int]:
    """Hide what τ-Argus hides in each table, carried from table to table until stable.

    Returns:
        The variables hidden, and the number of calls in which τ-Argus gave no answer.
    """
    tableaux = _tables(systeme)
    cachees = cachees.copy()
    vus: list[frozenset[int] | None] = [None] * len(tableaux)
    echecs = 0
    for _ in range(PASSAGES):
        stable, ajouts = True, cachees.copy()
        for rang, table in enumerate(tableaux):
            presentes = set(table.variables.values())
            ici = frozenset(variable for variable in presentes if cachees[variable])
            # τ-Argus stops on a table where all is hidden, and there is nothing to ask
            if not ici or ici == vus[rang] or len(ici) == len(presentes):
                continue
            stable = False
            reponse: frozenset[int] = frozenset()
            try:
                reponse = _hide(systeme, table, cachees, tau)
            except TauEnEchec:
                echecs += 1
            vus[rang] = ici | reponse
            ajouts[list(reponse)] = True
        cachees = ajouts
        if stable:
            break
    return cachees, echecs


@dataclass(frozen=True)
class _Table:
    """The cells of a table: row of each in the cells of the system, its variable, and the trees of its codes."""

    rangs: dict[Codes, int]
    variables: dict[Codes, int]
    contenants: tuple[dict[str, str], dict[str, str]]


def _hide(systeme: Systeme, table: _Table, cachees: Masque, tau: Tau) -> frozenset[int]:
    """Ask τ-Argus for one table; return the variables it hides."""
    textes, nombres = systeme.cellules["texte"].to_numpy(), systeme.cellules["nombre_unites"].to_numpy()
    cellules = {
        codes: CelluleDeTableau(textes[rang], int(nombres[rang]), bool(cachees[table.variables[codes]]))
        for codes, rang in table.rangs.items()
    }
    statuts = tau.statuses(Tableau(cellules, table.contenants))
    return frozenset(
        table.variables[codes] for codes, statut in statuts.items() if statut in "UM" and codes in table.variables
    )


def _tables(systeme: Systeme) -> list[_Table]:
    """Cut the cells into tables: each geography by each breakdown, or by each side of a crossing."""
    cellules = systeme.cellules
    utiles = cellules[(cellules["valeur"] > 0) & cellules["texte"].notna() & cellules["nombre_unites"].notna()]
    par_lieu = dict(iter(utiles.groupby(["niveau", "code_territoire"])))
    axes = sorted(set(utiles["axe"]) - {"total"})
    trouvees = []
    for geographie in geographies_of(systeme):
        presents = [lieu for lieu in geographie.lieux if lieu in par_lieu]
        noms = {geographie.tout: TOTAL} | {lieu: f"L{rang}" for rang, lieu in enumerate(presents)}
        if geographie.tout not in par_lieu or len(set(presents) - set(geographie.lieux.values())) < 2:
            continue
        lignes = pd.concat([par_lieu[lieu].assign(ligne=nom) for lieu, nom in noms.items()])
        contenants = {
            noms[lieu]: noms[contenant]
            for lieu, contenant in geographie.lieux.items()
            if contenant is not None and lieu in noms and contenant in noms
        }
        for axe in axes:
            if CROISEMENT not in axe and geographie.ventilations:
                trouvees.append(_table(lignes, contenants, axe))
            elif CROISEMENT in axe and geographie.croisements:
                trouvees += [_table(lignes, contenants, axe, cote) for cote in (0, 1)]
    # a breakdown of one modality repeats the total
    return [table for table in trouvees if len({modalite for _, modalite in table.rangs}) > 2]


def _table(lignes: pd.DataFrame, contenants: dict[str, str], axe: str, cote: int = 0) -> _Table:
    """Cut one table: a breakdown, or a crossing whose cells lie under the modalities of one of its sides."""
    dessus = axe.split(CROISEMENT)[cote]
    gardees = lignes[lignes["axe"].isin({"total", dessus, axe})]
    sous = {m: m.split("|")[cote] for m in gardees.loc[gardees["axe"] == axe, "modalite"]} if dessus != axe else {}
    codes = zip(gardees["ligne"], gardees["modalite"].where(gardees["axe"] != "total", TOTAL), strict=True)
    rangs = dict(zip(codes, gardees.index, strict=True))
    variables = lignes["variable"].groupby(level=0).first()
    return _Table(rangs, {codes: int(variables[rang]) for codes, rang in rangs.items()}, (contenants, sous))
