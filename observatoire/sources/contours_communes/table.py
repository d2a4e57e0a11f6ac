"""The contour of a commune, simplified: what a map of a page needs, the file as received keeping the rest.

The country is downloaded at 100 m rather than a département: any EPCI has its map, those that straddle too, for a few
megabytes a year. Contours are simplified together, on the whole file (Visvalingam–Whyatt over a coverage): a line that
two communes share stays one line. Where a former code lies today belongs to `former_communes`.
"""

import json
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from observatoire.schemas import TEXTE, Colonne, Table, refus

TOLERANCE_DEG = 0.002  # about 200 m: half the weight, and less than two pixels of a métropole as wide as a page
DECIMALES = 5  # about one metre, as RFC 7946 advises
METROPOLE = (-6.0, 41.0, 10.0, 52.0)
# Lambert 93 of the mainland, in metres
LAMBERT_93 = (0.0, 6_000_000.0, 1_300_000.0, 7_200_000.0)


def fault_of(contour: str) -> str:
    """Return the rule a contour breaks, empty when it is a polygon (RFC 7946) or several, on the globe."""
    try:
        geometrie = json.loads(contour)
        sorte = geometrie["type"]
        parties = {"Polygon": lambda p: [p], "MultiPolygon": list}[sorte](geometrie["coordinates"])
        anneaux = [np.array([point[:2] for point in anneau], dtype=float) for partie in parties for anneau in partie]
    except (ValueError, TypeError, KeyError):
        return "contour_vide" if contour == "null" else "contour_polygone"
    if not anneaux or not all(parties) or any(len(anneau) == 0 for anneau in anneaux):
        return "contour_vide"
    points = np.concatenate(anneaux)
    if not np.isfinite(points).all():
        return "contour_polygone"
    if _inside(points, LAMBERT_93):
        return "contour_en_metres"
    if not _inside(points, (-180.0, -90.0, 180.0, 90.0)):
        return "contour_hors_du_globe"
    if any((anneau[0] != anneau[-1]).any() for anneau in anneaux):
        return "contour_ouvert"
    if any(len(anneau) < 4 for anneau in anneaux):
        return "contour_polygone"
    # a place of the mainland that is one only once its coordinates are swapped
    if not _inside(points, METROPOLE) and _inside(points[:, ::-1], METROPOLE):
        return "contour_interverti"
    return _fault_of_shape(contour)


def _fault_of_shape(contour: str) -> str:
    import shapely

    # numbers written as text, which numpy reads and GeoJSON does not have, give no shape at all
    forme = shapely.from_geojson(contour, on_invalid="ignore")
    if forme is None:
        return "contour_polygone"
    return "" if shapely.is_valid(forme) and shapely.area(forme) > 0 else "contour_invalide"


def _inside(points: np.ndarray[Any, Any], cadre: tuple[float, float, float, float]) -> bool:
    ouest, sud, est, nord = cadre
    return bool(((points >= (ouest, sud)) & (points <= (est, nord))).all())


def preparer(brut: pd.DataFrame, fichier: str, millesime: str) -> pd.DataFrame:
    """Simplify the sound contours of a file together; the others stay as they are written, to be refused."""
    import shapely

    if "contour" not in brut:
        return brut
    sains = brut["contour"].notna() & (brut["contour"].fillna("null").map(fault_of) == "")
    formes = shapely.force_2d(shapely.from_geojson(brut.loc[sains, "contour"].to_numpy(dtype=object)))
    simples = shapely.coverage_simplify(formes, TOLERANCE_DEG)
    simples = shapely.transform(simples, lambda points: np.round(points, DECIMALES))
    # an islet may vanish in the rounding: then all is kept
    simples = np.where(shapely.is_valid(simples) & ~shapely.is_empty(simples), simples, formes)
    contours = brut["contour"].copy()
    contours[sains] = shapely.to_geojson(shapely.orient_polygons(simples))
    return brut.assign(contour=contours)


# each rule asks the same question: it is answered once for a contour, as many as there are communes
_known_fault = lru_cache(2**16)(fault_of)


def _refuse(regle: str, motif: str) -> Any:
    return refus(regle, motif, lambda contours: contours.fillna("null").map(_known_fault) != regle)


TABLE = Table(
    "Contours simplifiés des communes, en WGS84, d'après Admin Express (IGN) mis en forme par Etalab.",
    (
        Colonne(
            "code_commune",
            TEXTE,
            "Code Insee tel que reçu ; un ancien code se retrouve dans referentiels.passages_communes.",
            ("code", "insee_com", "codgeo"),
            requise=True,
            obligatoire=True,
            longueur=5,
            regles=(
                refus(
                    "code_commune_forme",
                    "code commune mal formé : cinq caractères attendus, ex. 63113",
                    lambda codes: codes.str.fullmatch(r"(\d{2}|2A|2B)\d{3}"),
                ),
            ),
        ),
        Colonne("libelle_commune", TEXTE, "Nom de la commune dans le fichier.", ("nom", "nom_com")),
        Colonne(
            "contour",
            TEXTE,
            "Géométrie GeoJSON (Polygon, MultiPolygon ; longitude, latitude en degrés), simplifiée à 200 m environ.",
            ("geometry", "geometrie", "geo_shape"),
            requise=True,
            obligatoire=True,
            regles=(
                _refuse("contour_vide", "contour vide : demander à la source le fichier avec ses contours"),
                _refuse("contour_polygone", "ce n'est pas un contour : un Polygon ou MultiPolygon GeoJSON est attendu"),
                _refuse(
                    "contour_en_metres",
                    "coordonnées en mètres (Lambert 93 ?) : exporter le fichier en WGS84 (EPSG:4326), en degrés",
                ),
                _refuse(
                    "contour_hors_du_globe",
                    "coordonnées hors du globe : des longitudes et latitudes en degrés (WGS84) sont attendues",
                ),
                _refuse("contour_ouvert", "anneau non fermé : son dernier point doit être le premier"),
                _refuse(
                    "contour_invalide",
                    "contour qui se croise ou sans surface : réparer les géométries (QGIS le fait), puis exporter",
                ),
                _refuse("contour_interverti", "coordonnées interverties : la longitude vient d'abord (RFC 7946)"),
            ),
        ),
    ),
    cle=("code_commune",),
)
