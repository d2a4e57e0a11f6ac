"""The page of the networks, all territories together: the graph, its actors and links, what is promised.

Everything comes from the public file. What the networks are in one territory is in its portrait.
"""

import math

import networkx as nx
from duckdb import DuckDBPyConnection

from observatoire.publication.pages import Ligne, Page, document_names, read_words, template
from observatoire.warehouse import read_rows

LARGEUR, HAUTEUR, MARGE = 1200, 900, 80
# beyond, a drawing says nothing: the most linked are drawn, all are listed
DESSINES = 150
GRAINE = 2019
TOURS = 300


def render_networks(base: DuckDBPyConnection, _: str = "") -> str:
    """Write the page, one for all territories."""
    release = read_rows(base, "FROM meta.release")[0]
    est_demonstration = release["nature"] == "demonstration"  # as soon as one input of the release is
    contexte = {"release": release, "toile": read_networks(base), "est_demonstration": est_demonstration}
    contexte["titres"] = document_names(base)
    return template(PAGE.fichier).render(read_words() | contexte)


PAGE = Page("acteurs.html", render_networks, est_commune=True, lien="Qui est lié à qui")


def read_networks(base: DuckDBPyConnection) -> Ligne:
    """Read and lay out all that the section shows; everything is empty where no register was received."""
    noeuds = read_rows(
        base,
        """
        SELECT n.*, r.detaches, r.isoles, r.composantes_avant, r.composantes_apres
        FROM indicateurs.graphe_noeuds n JOIN indicateurs.graphe_ruptures r USING (noeud)
        ORDER BY n.voisins DESC, n.intermediarite DESC, n.nom""",
    )
    liens = read_rows(base, "FROM indicateurs.graphe_liens ORDER BY type_lien, nom_source, nom_cible, lien")
    for lien in liens:
        lien["citation"] = (lien["citation"] or "").replace("*", "")  # marks of emphasis, not words
    return {
        "dessin": _drawing(noeuds, liens),
        "acteurs": noeuds,
        "liens": liens,
        "par_type": {nom: [lien for lien in liens if lien["type_lien"] == nom] for nom in _in_order(liens)},
        "ecartes": read_rows(base, "FROM indicateurs.graphe_ecartes WHERE liens > 0 ORDER BY motif"),
        "evolution": read_rows(
            base, "FROM indicateurs.graphe_evolution WHERE apparus > 0 OR disparus > 0 ORDER BY annee"
        ),
        "reseaux": read_rows(
            base,
            """
            SELECT nom_reseau, any_value(membres_declares) AS declares, any_value(membres_declares_min) AS au_moins,
                   coalesce(any_value(est_borne_stricte), false) AS est_borne_stricte,
                   any_value(r.citation) AS citation, any_value(r.document) AS document,
                   (SELECT count(DISTINCT source) FROM indicateurs.graphe_liens l
                    WHERE l.reseau = r.reseau AND type_lien = 'adhesion') AS nommes
            FROM socle.reseaux r GROUP BY r.reseau, nom_reseau ORDER BY nom_reseau""",
        ),
        "promesses": read_rows(
            base,
            """
            SELECT d.titre, d.rang, d.type_element, p.titre AS programme, d.resultats, d.citation, d.document,
                   (SELECT titre FROM indicateurs.catalogue c WHERE c.indicateur = d.indicateur) AS suivi,
                   (SELECT list(a.titre ORDER BY a.titre) FROM socle.programmes a
                    WHERE a.type_element = 'action' AND d.element IN (a.parent, a.rattache_a)) AS actions
            FROM socle.programmes d LEFT JOIN socle.programmes p ON p.element = d.parent
            WHERE d.type_element IN ('defi', 'objectif') ORDER BY d.type_element, programme, d.rang, d.titre""",
        ),
        "labels": read_rows(base, "FROM socle.labels ORDER BY label, coalesce(date_etat, au_plus_tard), etat"),
        "evenements": read_rows(
            base,
            """
            SELECT r.titre, r.recurrence, r.attendus_par_an, r.citation, r.document,
                   (SELECT coalesce(sum(nombre), 0)::BIGINT FROM socle.evenements t
                    WHERE t.evenement = r.evenement AND t.nature_ligne = 'tenue') AS tenus
            FROM socle.evenements r WHERE r.nature_ligne = 'regle' AND attendus_par_an IS NOT NULL ORDER BY r.titre""",
        ),
        "annuaires": read_rows(
            base,
            """
            SELECT any_value(contenu) AS contenu, count(organisme) AS entrees, any_value(citation) AS citation
            FROM socle.annuaires GROUP BY annuaire ORDER BY annuaire""",
        ),
        "perimetres": read_rows(base, "FROM socle.perimetres_nommes ORDER BY perimetre, composante NULLS FIRST"),
        "documents": read_rows(
            base,
            "SELECT d.*, date_diff('day', date_document, cree_le::DATE) AS jours "
            "FROM socle.documents d CROSS JOIN meta.release ORDER BY date_document NULLS LAST, document",
        ),
    }


def _in_order(liens: list[Ligne]) -> list[str]:
    return sorted({lien["type_lien"] for lien in liens})


def _drawing(noeuds: list[Ligne], liens: list[Ligne]) -> Ligne:
    """Lay out the graph, planned links included, always in the same way; points are in whole pixels.

    Links between the same two organisations are one line, that opens the first of them.
    """
    dessines = noeuds[:DESSINES]
    paires: dict[tuple[str, str], list[Ligne]] = {}
    noms = {noeud["noeud"] for noeud in dessines}
    for lien in liens:
        if lien["source"] in noms and lien["cible"] in noms:
            un, autre = sorted((lien["source"], lien["cible"]))
            paires.setdefault((un, autre), []).append(lien)
    graphe = nx.Graph()
    graphe.add_nodes_from(noeud["noeud"] for noeud in dessines)
    graphe.add_edges_from(paires)
    places = _places(graphe)
    return {
        "largeur": LARGEUR,
        "hauteur": HAUTEUR,
        "omis": len(noeuds) - len(dessines),
        "traits": [
            {
                "x1": places[a][0],
                "y1": places[a][1],
                "x2": places[b][0],
                "y2": places[b][1],
                "lien": ensemble[0]["lien"],
                "dit": f"{ensemble[0]['nom_source']} — {ensemble[0]['nom_cible']}\u00a0: "
                + ", ".join(sorted({lien["type_lien"] for lien in ensemble})),
                "est_prevu": not any(lien["est_mesure"] for lien in ensemble),
                "est_faible": all(lien["confiance"] == "faible" for lien in ensemble),
                "est_pont": any(lien["est_pont"] for lien in ensemble),
            }
            for (a, b), ensemble in paires.items()
        ],
        "points": [
            {
                "x": places[noeud["noeud"]][0],
                "y": places[noeud["noeud"]][1],
                "rayon": round(4 + 2.2 * math.sqrt(noeud["voisins"])),
                "nom": noeud["nom"],
                "dit": f"{noeud['nom']} ({noeud['type_organisation']}), {noeud['voisins']} organismes liés",
                "est_nomme": noeud["voisins"] > 1,
                "est_articulation": noeud["est_articulation"],
            }
            for noeud in dessines
        ],
    }


def _places(graphe: nx.Graph) -> dict[str, tuple[int, int]]:
    """Place the nodes in the frame; the same graph always gives the same places."""
    if not graphe:
        return {}
    places = nx.spring_layout(graphe, seed=GRAINE, iterations=TOURS, k=2.2 / math.sqrt(len(graphe)), method="force")
    bornes = [(min(p[axe] for p in places.values()), max(p[axe] for p in places.values())) for axe in (0, 1)]

    def pixel(valeur: float, axe: int, taille: int) -> int:
        bas, haut = bornes[axe]
        return round(MARGE + (taille - 2 * MARGE) * ((valeur - bas) / (haut - bas) if haut > bas else 0.5))

    return {noeud: (pixel(p[0], 0, LARGEUR), pixel(p[1], 1, HAUTEUR)) for noeud, p in places.items()}
