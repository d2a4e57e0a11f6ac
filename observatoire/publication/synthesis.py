"""The synthesis: two pages an elected official reads and prints, chosen among what the page says of the indicators.

What it shows, in which order, is `modeles/essentiel.yml`. Nothing is computed here: figures are set side by side only
where `comparison` allows it.
"""

from collections import Counter, defaultdict

from duckdb import DuckDBPyConnection

from observatoire.indicators.comparison import comparable
from observatoire.publication.pages import Ligne
from observatoire.publication.themes import figure_of
from observatoire.warehouse import read_rows

NIVEAUX = ("departement", "region", "france")
LARGEUR, HAUTEUR, MARGE = 240, 56, 6  # of the drawing of a series


def synthesis(base: DuckDBPyConnection, code: str, essentiel: Ligne, fiches: dict[str, Ligne]) -> Ligne:
    """Gather what the synthesis shows of an EPCI, from the records of its indicators."""
    choisies = {
        partie: [{**choix, "fiche": fiches[choix["indicateur"]]} for choix in choix_ if choix["indicateur"] in fiches]
        for partie, choix_ in essentiel.items()
        if isinstance(choix_, list) and partie != "declarations"
    }
    pairs = _peers(base, code, [choix["indicateur"] for choix in choisies["comparaisons"]])
    comparaisons = [_compared(choix, fiches, pairs) for choix in choisies["comparaisons"]]
    refus = [cellule["raison"] for ligne in comparaisons for cellule in (*ligne["cellules"], ligne["pairs"])]
    return {
        "chiffres": choisies["chiffres"],
        "repartitions": [_share(choix, essentiel["lignes_par_repartition"]) for choix in choisies["repartitions"]],
        "comparaisons": [ligne for ligne in comparaisons if ligne["dernier"] or ligne["est_connue_ailleurs"]],
        "raisons": list(dict.fromkeys(raison for raison in refus if raison)),
        "evolutions": [
            evolution
            for choix in choisies["evolutions"]
            if (evolution := _evolution(choix, essentiel["periodes_par_evolution"]))
        ],
        "argent": [_with_lines(choix, essentiel["lignes_par_liste"]) for choix in choisies["argent"]],
        "reseaux": [_with_lines(choix, essentiel["lignes_par_liste"]) for choix in choisies["reseaux"]],
        "absents": [choix for choix in choisies["chiffres"] if not choix["fiche"]["dernier"]],
    }


def short_declarations(essentiel: Ligne, declarations: list[Ligne]) -> Ligne:
    """Choose the declarations about what is most asked, the latest document first, and count the verdicts of all."""
    rangs = {grandeur: rang for rang, grandeur in enumerate(essentiel["declarations"])}
    choisies = [ligne for ligne in declarations if ligne["grandeur"] in rangs and ligne["niveau"] == "epci"]
    choisies.sort(key=lambda ligne: (rangs[ligne["grandeur"]], -(ligne["date"].toordinal() if ligne["date"] else 0)))
    return {
        "declarations": choisies[: essentiel["declarations_montrees"]],
        "verdicts": dict(Counter(ligne["verdict"] for ligne in declarations).most_common()),
    }


def _share(choix: Ligne, combien: int) -> Ligne:
    """Keep the first rows of a breakdown; bars are as long as their value, the largest is 100."""
    trouvees = [v for v in choix["fiche"]["ventilations"] if v["code_axe"] == choix["axe"]]
    if not trouvees:
        return {**choix, "lignes": [], "autres": 0, "periode": None}
    lignes = trouvees[0]["lignes"]
    if choix["axe"] != "tranche":  # sizes keep their order, and are all there
        montrees, autres = lignes[:combien], len(lignes) - combien
    else:
        montrees, autres = lignes, 0
    plus_grande = max((ligne["valeur"] or 0 for ligne in lignes), default=0)
    return {
        **choix,
        "lignes": [{**ligne, "longueur": _length(ligne["valeur"], plus_grande)} for ligne in montrees],
        "autres": max(autres, 0),
        "periode": trouvees[0]["periode"],
    }


def _length(valeur: float | None, plus_grande: float) -> float:
    return round(100 * valeur / plus_grande, 1) if valeur and plus_grande else 0


def _with_lines(choix: Ligne, combien: int) -> Ligne:
    """Add to an indicator the lines of the breakdown its synthesis asks for, of the same period as its value."""
    dernier = choix["fiche"]["dernier"]
    lignes = [
        ligne
        for ventilation in choix["fiche"]["ventilations"]
        if dernier and ventilation["code_axe"] == choix.get("axe") and ventilation["periode"] == dernier["periode"]
        for ligne in ventilation["lignes"]
    ]
    return {**choix, "lignes": lignes[:combien], "autres": max(len(lignes) - combien, 0)}


def _peers(base: DuckDBPyConnection, code: str, indicateurs: list[str]) -> Ligne:
    """Read what is known of the EPCI of the same kind whose population is the nearest."""
    valeurs = read_rows(
        base,
        """
        SELECT v.* FROM referentiels.comparables c JOIN indicateurs.valeurs v
            ON v.niveau = 'epci' AND v.code_territoire = c.code_comparable
        WHERE c.code_territoire = $1 AND v.axe = 'total' AND v.valeur IS NOT NULL
            AND list_contains($2, v.indicateur)""",
        code,
        indicateurs,
    )
    nombre = read_rows(base, "SELECT count(*) AS nombre FROM referentiels.comparables WHERE code_territoire = ?", code)[
        0
    ]["nombre"]
    return {"nombre": nombre, "valeurs": valeurs}


def _compared(choix: Ligne, fiches: dict[str, Ligne], pairs: Ligne) -> Ligne:
    """Set the value beside those of the territories that contain it and of its peers, or say why not."""
    dernier = choix["fiche"]["dernier"]
    cellules = [_beside(choix, fiches, niveau) for niveau in NIVEAUX]
    return {
        **choix,
        "dernier": dernier,
        "cellules": cellules,
        "est_connue_ailleurs": any(cellule["ligne"] for cellule in cellules),
        "pairs": _beside_peers(choix, pairs),
    }


def _beside_peers(choix: Ligne, pairs: Ligne) -> Ligne:
    """Count the peers that are known, those that may not be compared, and give the range of the others.

    Returns:
        `nombre` of peers; `connus` (comparable ones, or all that are known when nothing is known here) and their
        `bornes`, None without; `refuses`, with `raison`, that of most of them.
    """
    fiche, dernier = choix["fiche"], choix["fiche"]["dernier"]
    par_pair: dict[str, list[Ligne]] = defaultdict(list)
    for ligne in pairs["valeurs"]:
        if ligne["indicateur"] == choix["indicateur"]:
            par_pair[ligne["code_territoire"]].append(ligne)
    if not dernier:
        return {"nombre": pairs["nombre"], "connus": len(par_pair), "bornes": None, "refuses": 0, "raison": None}
    voisines, raisons = [], Counter[str]()
    for lignes in par_pair.values():
        # the same period if there is one, the latest otherwise
        ligne = max(lignes, key=lambda ligne: (ligne["periode"] == dernier["periode"], ligne["periode"]))
        if raison := comparable(figure_of(fiche, dernier), figure_of(fiche, ligne)):
            raisons[raison] += 1
        else:
            voisines.append(ligne["valeur"])
    return {
        "nombre": pairs["nombre"],
        "connus": len(voisines),
        "bornes": (min(voisines), max(voisines)) if voisines else None,
        "refuses": raisons.total(),
        "raison": min(raisons, key=lambda raison: (-raisons[raison], raison), default=None),
    }


def _beside(choix: Ligne, fiches: dict[str, Ligne], niveau: str) -> Ligne:
    """Find the value of a level that contains the territory, and whether it may be set beside its own."""
    dernier = choix["fiche"]["dernier"]
    for nom in (choix["indicateur"], choix.get("ailleurs", "")):
        lignes = fiches[nom]["plus_larges"].get(niveau) if nom in fiches else None
        if lignes:
            ligne = max(
                lignes, key=lambda ligne: (bool(dernier) and ligne["periode"] == dernier["periode"], ligne["periode"])
            )
            raison = comparable(figure_of(choix["fiche"], dernier), figure_of(fiches[nom], ligne)) if dernier else None
            return {"niveau": niveau, "ligne": ligne, "raison": raison, "decimales": fiches[nom]["decimales"]}
    return {"niveau": niveau, "ligne": None, "raison": None, "decimales": 0}


def _evolution(choix: Ligne, combien: int) -> Ligne | None:
    """Describe a series and draw it as a line that stops at each break."""
    serie = choix["fiche"]["serie"]
    if serie is None:
        return None
    lignes = [ligne for ligne in serie["lignes"] if ligne["valeur"] is not None][-combien:]
    annees = {rupture.strip()[:4] for rupture in (choix["fiche"]["ruptures"] or "").split(" ; ")}
    for rang, ligne in enumerate(lignes):
        ligne["est_rupture"] = ligne["statut_observation"] == "B" or (rang > 0 and ligne["periode"][:4] in annees)
    plus_haute = max(ligne["valeur"] for ligne in lignes) or 1
    pas = LARGEUR / len(lignes)  # each point above the middle of its column
    points = [
        (round((rang + 0.5) * pas, 1), round(HAUTEUR - MARGE - (HAUTEUR - 2 * MARGE) * ligne["valeur"] / plus_haute, 1))
        for rang, ligne in enumerate(lignes)
    ]
    segments: list[list[tuple[float, float]]] = [[]]
    for point, ligne in zip(points, lignes, strict=True):
        if ligne["est_rupture"] and segments[-1]:
            segments.append([])
        segments[-1].append(point)
    return {
        **choix,
        "lignes": lignes,
        "points": points,
        "segments": segments,
        "coupures": [
            round(point[0] - pas / 2, 1)
            for point, ligne in zip(points, lignes, strict=True)
            if ligne["est_rupture"] and point != points[0]
        ],
        "resume": serie["resume"],
        "cadre": (LARGEUR, HAUTEUR),
    }
