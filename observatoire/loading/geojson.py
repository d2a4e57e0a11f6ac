"""The features of a GeoJSON collection, as records: one cell per property, the geometry as compact text.

What a valid geometry is belongs to the source that reads it; finding columns in the records belongs to `records`.
"""

import json
from collections.abc import Iterator
from typing import IO, Any

from observatoire.obstacle import Obstacle

GEOMETRIE = "geometry"


class PasUneCollection(Obstacle):
    """A JSON that is no collection of features. The message, in French, says what to do."""


def feature_records(flux: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """Yield (rank, cells) for the header, of rank 0, then for each feature, from 1: nothing is left out.

    A feature without geometry has the word `null` in its place: an empty record would be taken for a blank line.

    Raises:
        PasUneCollection: valid JSON, without features.
        ValueError: no JSON at all, or cut short.
    """
    contenu = json.loads(flux.read().decode("utf-8-sig"))
    entites = contenu.get("features") if isinstance(contenu, dict) else None
    if not isinstance(entites, list):
        raise PasUneCollection(
            "ce JSON n'est pas une collection d'entités (« FeatureCollection »). Le demander au format GeoJSON, "
            "puis relancer."
        )
    if not entites:
        raise PasUneCollection("la collection n'a aucune entité. Déposer le fichier complet, puis relancer.")
    lues = [_cells(entite) for entite in entites]
    noms = list(dict.fromkeys(nom for cellules in lues for nom in cellules))
    yield 0, [GEOMETRIE, *(nom for nom in noms if nom != GEOMETRIE)]
    for rang, cellules in enumerate(lues, start=1):
        yield rang, [cellules[GEOMETRIE], *(cellules.get(nom, "") for nom in noms if nom != GEOMETRIE)]


def _cells(entite: Any) -> dict[str, str]:
    entite = entite if isinstance(entite, dict) else {}
    proprietes = entite.get("properties")
    mots = {str(nom): _as_text(valeur) for nom, valeur in (proprietes or {}).items()}
    return {**mots, GEOMETRIE: json.dumps(entite.get("geometry"), separators=(",", ":"))}


def _as_text(valeur: Any) -> str:
    if valeur is None:
        return ""
    return valeur if isinstance(valeur, str) else json.dumps(valeur, ensure_ascii=False)
