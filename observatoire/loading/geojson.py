"""JSON as data portals export it, as records: a GeoJSON collection, or a list of objects, nested in `fields` or not.

One cell per property, the geometry as compact text. What a valid geometry is belongs to the source that reads it;
finding columns in the records belongs to `records`.
"""

import json
from collections.abc import Iterator
from typing import IO, Any

from observatoire.obstacle import Obstacle

GEOMETRIE = "geometry"


class PasUneCollection(Obstacle):
    """A JSON that holds no rows. The message, in French, says what to do."""


def json_records(flux: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """Yield (rank, cells) for the header, of rank 0, then for each object, from 1: nothing is left out.

    A feature without geometry has the word `null` in its place: an empty record would be taken for a blank line.

    Raises:
        PasUneCollection: valid JSON, without features nor objects.
        ValueError: no JSON at all, or cut short.
    """
    # numbers keep the digits they are written with
    contenu = json.loads(flux.read().decode("utf-8-sig"), parse_float=str, parse_int=str)
    entites = contenu.get("features") if isinstance(contenu, dict) else contenu
    if not isinstance(entites, list) or not all(isinstance(entite, dict) or entite is None for entite in entites):
        raise PasUneCollection(
            "ce JSON n'est pas une collection d'entités (« FeatureCollection »), ni une liste de lignes. Le demander "
            "au format GeoJSON ou CSV, puis relancer."
        )
    if not entites:
        raise PasUneCollection("la collection n'a aucune entité. Déposer le fichier complet, puis relancer.")
    lues = [_properties(entite or {}, isinstance(contenu, dict)) for entite in entites]
    noms = list(dict.fromkeys(nom for cellules in lues for nom in cellules))
    yield 0, noms
    for rang, cellules in enumerate(lues, start=1):
        yield rang, [cellules.get(nom, "") for nom in noms]


def _properties(entite: dict[str, Any], est_geographique: bool) -> dict[str, str]:
    if est_geographique:
        geometrie = json.dumps(_numbers(entite.get("geometry")), separators=(",", ":"))
        return {GEOMETRIE: geometrie, **_cells(entite.get("properties"), sauf=GEOMETRIE)}
    # the first exports of Opendatasoft put the columns of a row apart from what it says of the row
    return _cells(entite["fields"] if isinstance(entite.get("fields"), dict) else entite)


def _cells(proprietes: Any, sauf: str = "") -> dict[str, str]:
    return {str(nom): _as_text(valeur) for nom, valeur in (proprietes or {}).items() if nom != sauf}


def _numbers(valeur: Any) -> Any:
    """Give coordinates back as numbers: they were kept as words."""
    if isinstance(valeur, dict):
        return {nom: suite if nom == "type" else _numbers(suite) for nom, suite in valeur.items()}
    if isinstance(valeur, list):
        return [_numbers(suite) for suite in valeur]
    return json.loads(valeur) if isinstance(valeur, str) else valeur


def _as_text(valeur: Any) -> str:
    if valeur is None:
        return ""
    if isinstance(valeur, list) and all(isinstance(mot, str) for mot in valeur):
        return ", ".join(valeur)
    return valeur if isinstance(valeur, str) else json.dumps(valeur, ensure_ascii=False)
