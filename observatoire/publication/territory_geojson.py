"""The indicators of the communes of a territory as GeoJSON (RFC 7946), for QGIS and others who draw maps themselves.

One feature per commune, flat properties: a desktop tool shows each as a column. A commune without contour has a null
geometry, as the standard says, and its figures all the same. Nothing is here that the public file does not say.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import shapely
from duckdb import DuckDBPyConnection

from observatoire.publication.contours import Contours, read_contours
from observatoire.publication.pages import Ligne
from observatoire.warehouse import open_published, read_rows

DITES = (
    "unite",
    "periode",
    "numerateur",
    "denominateur",
    "borne_basse",
    "borne_haute",
    "statut_observation",
    "statut_confidentialite",
    "nature",
)
DECRITES = ("titre", "unite", "definition", "champ", "sources", "licence", "reutilisation", "ruptures", "nature")


def write_geojson(duckdb: Path, dossier: Path, territoire: str) -> Path | None:
    """Write `<code>_communes.geojson` in a folder: the latest total of each indicator known by commune, for one EPCI.

    Properties: `code_commune`, `nom`; for each indicator its value under its own name, then, under its name and a
    suffix, unit, period, terms, bounds, SDMX status, confidentiality (a suppressed value is null, `C`) and nature.

    Returns:
        The file, None when there is nothing to map: the code is no EPCI, or no contour of its communes was received.
    """
    with open_published(duckdb) as base:
        contenu = _collection(base, territoire)
    if contenu is None:
        return None
    dossier.mkdir(parents=True, exist_ok=True)
    chemin = dossier / f"{territoire}_communes.geojson"
    chemin.write_text(json.dumps(contenu, ensure_ascii=False, allow_nan=False, default=_number), encoding="utf-8")
    return chemin


def _number(exact: Decimal) -> int | float:
    """Write a DECIMAL as JSON has it; fifteen digits are kept."""
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def _collection(base: DuckDBPyConnection, code: str) -> dict[str, Any] | None:
    territoires = read_rows(base, "FROM referentiels.territoires WHERE niveau = 'epci' AND code_territoire = ?", code)
    if not territoires:
        return None
    communes = read_rows(
        base,
        """
        SELECT t.code_territoire AS code_commune, t.libelle AS nom FROM referentiels.appartenances a
        JOIN referentiels.territoires t USING (niveau, code_territoire)
        WHERE a.niveau = 'commune' AND a.niveau_parent = 'epci' AND a.code_parent = ? ORDER BY t.code_territoire""",
        code,
    )
    valeurs = _values(base, code)
    indicateurs = sorted({indicateur for indicateur, _ in valeurs})
    contours = read_contours(base, code)
    if not contours.formes:
        return None
    release = read_rows(base, "FROM meta.release")[0]
    catalogue = {fiche["indicateur"]: fiche for fiche in read_rows(base, "FROM indicateurs.catalogue")}
    marque = "DÉMONSTRATION : " if release["nature"] == "demonstration" else ""
    return {
        "type": "FeatureCollection",
        "nom": f"{code}_communes",
        "titre": f"{marque}Indicateurs de l'économie sociale et solidaire par commune, {territoires[0]['libelle']}",
        "publication": release["release"],
        "nature": release["nature"],
        "attribution": _attribution(contours),
        "indicateurs": {nom: {champ: catalogue[nom][champ] for champ in DECRITES} for nom in indicateurs},
        "features": [
            {
                "type": "Feature",
                "id": commune["code_commune"],
                "geometry": _geometry(contours, commune["code_commune"]),
                "properties": commune | _properties(valeurs, indicateurs, commune["code_commune"]),
            }
            for commune in communes
        ],
    }


def _values(base: DuckDBPyConnection, code: str) -> dict[tuple[str, str], Ligne]:
    """Read, for each indicator, the totals of the latest period known of these communes."""
    lues = read_rows(
        base,
        """
        SELECT v.* FROM indicateurs.valeurs v JOIN referentiels.appartenances a USING (niveau, code_territoire)
        WHERE v.niveau = 'commune' AND v.axe = 'total' AND a.niveau_parent = 'epci' AND a.code_parent = ?
        QUALIFY periode = max(CASE WHEN periode <> 'inconnu' THEN periode ELSE '' END) OVER (PARTITION BY indicateur)
             OR bool_and(periode = 'inconnu') OVER (PARTITION BY indicateur)""",
        code,
    )
    return {(ligne["indicateur"], ligne["code_territoire"]): ligne for ligne in lues}


def _properties(valeurs: dict[tuple[str, str], Ligne], indicateurs: list[str], commune: str) -> Ligne:
    """Give every commune the same properties, null where nothing is known: a table has one set of columns."""
    proprietes: Ligne = {}
    for nom in indicateurs:
        ligne = valeurs.get((nom, commune), {})
        proprietes[nom] = ligne.get("valeur")
        proprietes |= {f"{nom}_{champ}": ligne.get(champ) for champ in DITES}
    return proprietes


def _geometry(contours: Contours, commune: str) -> Any:
    forme = contours.formes.get(commune)
    return None if forme is None else json.loads(shapely.to_geojson(forme))


def _attribution(contours: Contours) -> str:
    dit = contours.source or {}
    mots = (dit.get("producteur"), dit.get("millesime"), dit.get("licence"))
    return f"Contours simplifiés : {', '.join(mot for mot in mots if mot)}."
