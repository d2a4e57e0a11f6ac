"""The map of an indicator over the communes of a territory: drawing, classes, and the table that says the same.

Made from the public file; the page itself is `modeles/carte.html`. Without contours there is no drawing, and the ranked
table stands alone. The indicators a map may show are data (`indicateurs_de_la_carte` in `modeles/libelles.yml`):
ratios, for a surface coloured by a count only shows the size of places.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from duckdb import DuckDBPyConnection

from observatoire.publication.contours import Contours, read_contours, surfaces
from observatoire.publication.french import lisible
from observatoire.publication.pages import Ligne
from observatoire.warehouse import read_rows

CLASSES = 4
# units of the drawing, ten to a pixel at full width: whole numbers, and short
LARGEUR, HAUTEUR = 6400, 5600
CHIFFRE, LARGE = 95, 190  # room a number takes, as a radius: on a wide screen, on a phone
SANS_VALEUR: Ligne = dict.fromkeys(("valeur", "borne_basse", "borne_haute", "numerateur", "denominateur"))


def read_map(base: DuckDBPyConnection, code: str, indicateurs: Sequence[str]) -> Ligne | None:
    """Read the map of an EPCI: the first of the indicators that has a value for one of its communes.

    Returns:
        `fiche` (its row of the catalogue), `periode`, `lignes` (the communes, ranked, each with `classe`: up to 4 for
        the highest, 0 for zero, `secret` or `absente`, and with contours `chemin`, `x`, `y`, `place`), `classes` (the
        legend), `largeur`, `hauteur` (None without contours), `source` and `anciennes` of the contours, `sans_contour`
        (names), `resume`, `est_demonstration`; None when no commune has a value.
    """
    for indicateur in indicateurs:
        lignes = _values(base, code, indicateur)
        if any(ligne["valeur"] is not None for ligne in lignes):
            (fiche,) = read_rows(base, "FROM indicateurs.catalogue WHERE indicateur = ?", indicateur)
            return _map_of(fiche, lignes, read_contours(base, code))
    return None


def _values(base: DuckDBPyConnection, code: str, indicateur: str) -> list[Ligne]:
    """Read the latest total of each commune, at the latest period known of them all; a commune without a row too."""
    lues = read_rows(
        base,
        """
        WITH communes AS (
            SELECT t.code_territoire, t.libelle FROM referentiels.appartenances a
            JOIN referentiels.territoires t USING (niveau, code_territoire)
            WHERE a.niveau = 'commune' AND a.niveau_parent = 'epci' AND a.code_parent = $1),
        valeurs AS (
            SELECT * FROM indicateurs.valeurs
            WHERE indicateur = $2 AND niveau = 'commune' AND axe = 'total'
              AND code_territoire IN (SELECT code_territoire FROM communes)
            QUALIFY periode = max(CASE WHEN periode <> 'inconnu' THEN periode ELSE '' END) OVER ())
        SELECT c.code_territoire AS code, c.libelle, v.* EXCLUDE (code_territoire)
        FROM communes c LEFT JOIN valeurs v USING (code_territoire) ORDER BY c.libelle, c.code_territoire""",
        code,
        indicateur,
    )
    connue = next((ligne for ligne in lues if ligne["indicateur"] is not None), None)
    if connue is None:
        return []
    vide = {**connue, **SANS_VALEUR, "statut_observation": "O", "statut_confidentialite": "F"}
    return [
        ligne if ligne["indicateur"] is not None else {**vide, "code": ligne["code"], "libelle": ligne["libelle"]}
        for ligne in lues
    ]


def _map_of(fiche: Ligne, lignes: list[Ligne], contours: Contours) -> Ligne:
    decimales = fiche["decimales"]
    lignes = sorted(lignes, key=lambda ligne: (ligne["valeur"] is None, -(ligne["valeur"] or 0), ligne["libelle"]))
    connues = [ligne for ligne in lignes if ligne["valeur"] is not None]
    bornes = _classes([round(ligne["valeur"], decimales) for ligne in connues])
    for rang, ligne in enumerate(lignes, start=1):
        ligne["rang"] = rang if ligne["valeur"] is not None else None
        ligne["classe"] = _class_of(ligne, bornes, decimales)
        ligne["chemin"] = None
    dit = [f"{ligne['libelle']} ({lisible(ligne, decimales)})" for ligne in connues]
    extremes = f"{', '.join(dit[:2])}{'… ' + dit[-1] if len(dit) > 2 else ''}"
    return {
        "fiche": fiche,
        "periode": connues[0]["periode"],
        "lignes": lignes,
        "classes": _legend(lignes, decimales),
        "resume": f"Du plus haut au plus bas\u00a0: {extremes}.",
        "est_demonstration": any(ligne["nature"] == "demonstration" for ligne in lignes),
        "source": contours.source,
        "anciennes": contours.anciennes,
        "sans_contour": [ligne["libelle"] for ligne in lignes if ligne["code"] not in contours.formes],
        **_draw(lignes, contours.formes),
    }


def _classes(valeurs: list[float]) -> list[tuple[float, float]]:
    """Return lowest and highest value of each class, in order: about as many communes in each, equals together.

    Zero is a class of its own, and no part of these.
    """
    comptes = sorted(Counter(valeur for valeur in valeurs if valeur != 0).items())
    total, vus = sum(nombre for _, nombre in comptes), 0
    classes: list[list[float]] = []
    for valeur, nombre in comptes:
        if len(classes) <= vus * CLASSES // total:
            classes.append([])
        classes[-1].append(valeur)
        vus += nombre
    return [(classe[0], classe[-1]) for classe in classes]


def _class_of(ligne: Ligne, bornes: list[tuple[float, float]], decimales: int) -> str:
    if ligne["statut_confidentialite"] == "C":
        return "secret"
    if ligne["valeur"] is None:
        return "absente"
    valeur = round(ligne["valeur"], decimales)
    # the highest is always the darkest
    classes = enumerate(bornes, start=1 + CLASSES - len(bornes))
    return next((str(rang) for rang, (bas, haut) in classes if bas <= valeur <= haut), "0")


def _legend(lignes: list[Ligne], decimales: int) -> list[Ligne]:
    """Describe the classes that are there, from the highest: values, and ranks as numbered on the map."""
    classes: dict[str, list[Ligne]] = {}
    for ligne in lignes:
        classes.setdefault(ligne["classe"], []).append(ligne)
    return [
        {
            "classe": classe,
            "communes": len(membres),
            "haut": lisible(membres[0], decimales),
            "bas": lisible(membres[-1], decimales),
            "rangs": (membres[0]["rang"], membres[-1]["rang"]),
        }
        for classe, membres in sorted(classes.items(), key=lambda paire: (not paire[0].isdigit(), paire[1][0]["rang"]))
    ]


def _draw(lignes: list[Ligne], formes: dict[str, Any]) -> Ligne:
    """Give each commune its path and the place of its number; equal points stay equal, so shared borders stay one line.

    A plane chart at the latitude of the territory: it is small, and its proportions are right.
    """
    presentes = [ligne for ligne in lignes if ligne["code"] in formes]
    if not presentes:
        return {"largeur": None, "hauteur": None}
    toutes = np.array([formes[ligne["code"]] for ligne in presentes], dtype=object)
    ouest, sud, est, nord = shapely.total_bounds(toutes)
    serrement = np.cos(np.radians((sud + nord) / 2))
    echelle = min(LARGEUR / ((est - ouest) * serrement), HAUTEUR / (nord - sud))

    def placer(points: Any) -> Any:
        return np.round((points - (ouest, nord)) * (echelle * serrement, -echelle))

    for ligne, forme in zip(presentes, toutes, strict=True):
        dessinee = shapely.transform(forme, placer)
        ligne["chemin"] = "".join(_path(shapely.get_coordinates(anneau)) for anneau in _rings(dessinee))
        pleine = surfaces(dessinee)
        if shapely.is_empty(pleine):  # smaller than a unit of the drawing
            ligne["place"] = "aucune"
            continue
        # the number is written where there is most room
        rayon = shapely.maximum_inscribed_circle(pleine, tolerance=20)
        ligne["x"], ligne["y"] = (int(valeur) for valeur in shapely.get_coordinates(rayon)[0])
        longueur = shapely.length(rayon)
        ligne["place"] = "large" if longueur >= LARGE else "etroite" if longueur >= CHIFFRE else "aucune"
    return {
        "largeur": int(np.ceil((est - ouest) * serrement * echelle)),
        "hauteur": int(np.ceil((nord - sud) * echelle)),
    }


def _rings(forme: Any) -> list[Any]:
    return list(shapely.get_rings(shapely.get_parts(forme)))


def _path(points: Any) -> str:
    """Write a ring as moves from point to point, those that a rounding made null left out."""
    entiers = points.astype(int)
    pas = np.diff(entiers[:-1], axis=0)
    suite = " ".join(f"{x} {y}" for x, y in pas[(pas != 0).any(axis=1)])
    return f"M{entiers[0][0]} {entiers[0][1]}l{suite}z".replace(" -", "-")
