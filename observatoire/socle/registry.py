"""The derived tables in the order they are computed, and the sources behind each."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from observatoire.derived import Derivee
from observatoire.matching import tables as noms
from observatoire.socle import (
    beneficiaries,
    communal_jobs,
    demography,
    establishments,
    euro_path,
    former_communes,
    grant_jumps,
    members,
    perimeter,
    territories,
)
from observatoire.sources import Source, sources

# computed in Python, not by one query: a measure may read them, and they read these
CALCULEES = {"socle.rapprochements_noms": noms.LIT}


@cache
def derivees() -> dict[str, Derivee]:
    """Return the derived tables, in the order they are computed."""
    toutes = (
        territories.TERRITOIRES,
        territories.APPARTENANCES,
        territories.COMPARABLES,
        former_communes.PASSAGES_COMMUNES,
        perimeter.UNITES_ESS,
        establishments.ETABLISSEMENTS,
        establishments.ETABLISSEMENTS_ESS,
        establishments.RAPPROCHEMENTS,
        perimeter.PERIMETRE_MOTIFS,
        demography.MOUVEMENTS_EMPLOYEURS,
        members.NOMS_ORGANISATIONS,
        members.NOMS_TUS,
        members.MEMBRES_IDENTIFIES,
        communal_jobs.EMPLOIS_PRIVES_COMMUNES,
        beneficiaries.PARTS_SUBVENTIONS,
        beneficiaries.BENEFICIAIRES,
        beneficiaries.SUBVENTIONS_IDENTIFIEES,
        beneficiaries.QUALITE_BENEFICIAIRES,
        grant_jumps.SAUTS_SUBVENTIONS,
        euro_path.COMPTES_SUBVENTIONS,
        euro_path.CHEMIN_EURO,
    )
    return {f"{derivee.schema}.{derivee.nom}": derivee for derivee in toutes}


@cache
def sources_of(table: str) -> tuple[Source, ...]:
    """Return the sources a table of the warehouse comes from, through derived tables; what only adds is optional."""
    if table in derivees():
        derivee = derivees()[table]
        return gather(
            replace(source, facultative=source.facultative or nom in derivee.appoints)
            for nom in derivee.lit
            for source in sources_of(nom)
        )
    if table in CALCULEES:
        return gather(source for nom in CALCULEES[table] for source in sources_of(nom))
    return (sources()[table.split(".")[1]],)


def gather(lues: Iterable[Source]) -> tuple[Source, ...]:
    """Return each source once, by name; one that is optional for one reader only is not."""
    uniques = {source.nom: source for source in sorted(lues, key=lambda source: not source.facultative)}
    return tuple(uniques[nom] for nom in sorted(uniques))

