"""The contours of the communes of a territory, from the public file: those of today, made of former ones where needed.

Drawing them belongs to `territory_map`, giving them away to `territory_geojson`.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from duckdb import DuckDBPyConnection

from observatoire.publication.pages import Ligne
from observatoire.warehouse import read_rows


@dataclass(frozen=True)
class Contours:
    """The contours of the communes of an EPCI.

    Attributes:
        formes: geometry (WGS84, degrees) by code of commune; a commune without contour is not there.
        anciennes: former communes whose contours were joined to those of today.
        source: the row of `qualite.sources` the contours come from, None without contours.
    """

    formes: dict[str, Any] = field(default_factory=dict)
    anciennes: list[str] = field(default_factory=list)
    source: Ligne | None = None


def read_contours(base: DuckDBPyConnection, code: str) -> Contours:
    """Read the contours of the communes of an EPCI.

    A contour under a former code joins the commune that contains it for sure today; one that may be in several, or a
    code nobody knows, is in none.
    """
    lues = read_rows(
        base,
        """
        SELECT a.code_territoire AS code_commune, list(c.contour ORDER BY c.code_commune) AS contours,
               list(c.libelle_commune) FILTER (p.code_ancien IS NOT NULL) AS anciennes, any_value(c._fichier) AS fichier
        FROM referentiels.contours_communes c
        LEFT JOIN referentiels.passages_communes p ON p.code_ancien = c.code_commune
        JOIN referentiels.appartenances a
          ON a.niveau = 'commune' AND a.code_territoire = coalesce(p.code_commune, c.code_commune)
        WHERE a.niveau_parent = 'epci' AND a.code_parent = $1 AND (p.code_ancien IS NULL OR p.code_commune IS NOT NULL)
        GROUP BY a.code_territoire ORDER BY a.code_territoire""",
        code,
    )
    if not lues:
        return Contours()
    sources = read_rows(
        base, "FROM qualite.sources WHERE source = 'contours_communes' AND fichier = $1", lues[0]["fichier"]
    )
    reunies = {ligne["code_commune"]: _join(ligne["contours"]) for ligne in lues}
    return Contours(
        {commune: forme for commune, forme in reunies.items() if not shapely.is_empty(forme)},
        sorted(nom or "" for ligne in lues for nom in ligne["anciennes"] or []),
        sources[0] if sources else None,
    )


def _join(contours: list[str]) -> Any:
    """Join contours into one shape of polygons, empty when none has a surface: no contour may stop a release."""
    formes = shapely.from_geojson(np.array(contours, dtype=object))
    if len(formes) == 1 and shapely.is_valid(formes[0]):
        return formes[0]
    return shapely.orient_polygons(shapely.union_all(surfaces(formes)))


def surfaces(formes: Any) -> Any:
    """Keep of each shape what is valid and has a surface; lines and points that remain of it are left out."""
    return shapely.make_valid(formes, method="structure", keep_collapsed=False)
