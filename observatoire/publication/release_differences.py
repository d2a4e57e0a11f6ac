"""What two releases say differently, in a few counts: the values of each indicator, the state of each source.

Why they differ belongs to the changelog, not to this module.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from observatoire.warehouse import sql_literal

CLE = "indicateur, niveau, code_territoire, periode, axe, modalite"
DITES = ("valeur", "borne_basse", "borne_haute", "statut_observation", "statut_confidentialite")


@dataclass(frozen=True)
class IndicateurChange:
    """An indicator whose published values differ: how many changed, appeared, disappeared."""

    indicateur: str
    titre: str
    changees: int
    apparues: int
    disparues: int


def changed_indicators(avant: Path, apres: Path) -> list[IndicateurChange]:
    """Compare the values of two `observatoire.duckdb`; return the indicators that differ, the most changed first."""
    autre = " OR ".join(f"a.{nom} IS DISTINCT FROM b.{nom}" for nom in DITES)
    requete = f"""
        WITH ecarts AS (
            SELECT indicateur, count(*) FILTER (a.la AND b.la AND ({autre})) AS changees,
                   count(*) FILTER (a.la IS NULL) AS apparues, count(*) FILTER (b.la IS NULL) AS disparues
            FROM (SELECT *, true AS la FROM avant.indicateurs.valeurs) a
            FULL JOIN (SELECT *, true AS la FROM apres.indicateurs.valeurs) b USING ({CLE})
            GROUP BY indicateur
        ), titres AS (
            SELECT indicateur, titre FROM apres.indicateurs.catalogue
            UNION ALL SELECT indicateur, titre FROM avant.indicateurs.catalogue ANTI JOIN apres.indicateurs.catalogue
            USING (indicateur)
        )
        SELECT indicateur, coalesce(titre, indicateur), changees, apparues, disparues
        FROM ecarts LEFT JOIN titres USING (indicateur) WHERE changees + apparues + disparues > 0
        ORDER BY changees + apparues + disparues DESC, indicateur
    """
    with duckdb.connect() as connexion:
        connexion.execute(f"ATTACH {sql_literal(avant)} AS avant (READ_ONLY)")
        connexion.execute(f"ATTACH {sql_literal(apres)} AS apres (READ_ONLY)")
        return [IndicateurChange(*ligne) for ligne in connexion.execute(requete).fetchall()]


def changed_sources(avant: dict[str, Any], apres: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Compare the manifests of two releases; return source, former state and state, where state or files differ."""

    def dites(manifeste: dict[str, Any]) -> dict[str, tuple[str, str]]:
        return {source["source"]: (source["etat"], source["version"]) for source in manifeste["sources"]}

    anciennes, nouvelles = dites(avant), dites(apres)
    inconnue = ("absente", "")
    return [
        (nom, anciennes.get(nom, inconnue)[0], nouvelles.get(nom, inconnue)[0])
        for nom in sorted(anciennes | nouvelles)
        if anciennes.get(nom) != nouvelles.get(nom)
    ]
