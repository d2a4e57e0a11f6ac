"""The graph of the organisations: who bridges, what holds together, what splits if one leaves, what changes in time.

Measures are taken on the active links, the planned ones are only shown. Two organisations joined by several links are
one pair. Where the links come from belongs to `links`; drawing them to `publication`.
"""

from collections.abc import Sequence
from typing import Any

import networkx as nx

from observatoire.derived import versions_of, write_rows
from observatoire.graph.links import LIT, Lien, read_links
from observatoire.graph.tables import TABLES, graph_version
from observatoire.warehouse import Entrepot


def compute_graph(entrepot: Entrepot) -> dict[str, int]:
    """Compute the tables `indicateurs.graphe_*`; return the rows of each."""
    entrees = versions_of(entrepot, LIT)
    with entrepot.connect(LIT) as connexion:
        liens, ecartes = read_links(connexion)
    graphe = active_graph(liens)
    lignes = {
        "graphe_liens": _links(liens, graphe),
        "graphe_noeuds": _nodes(liens, graphe),
        "graphe_ruptures": [{"nom": graphe.nodes[n]["nom"], **rupture(graphe, n)} for n in sorted(graphe)],
        "graphe_evolution": evolution(liens),
        "graphe_ecartes": [{"motif": motif, "liens": nombre} for motif, nombre in ecartes.items()],
    }
    dit = {"version": graph_version(entrees), "entrees": entrees}
    return {nom: write_rows(entrepot, f"indicateurs.{nom}", table, lignes[nom], dit) for nom, table in TABLES.items()}


def is_measured(lien: Lien) -> bool:
    """Say whether a link holds: active, and no end is known."""
    return lien.statut == "actif" and lien.fin is None


def active_graph(liens: Sequence[Lien]) -> nx.Graph:
    """Join the organisations by their active links; one that is only promised a link stands alone."""
    graphe = nx.Graph()
    for lien in liens:
        graphe.add_node(lien.source, nom=lien.nom_source, type_organisation=lien.type_source)
        graphe.add_node(lien.cible, nom=lien.nom_cible, type_organisation=lien.type_cible)
        if is_measured(lien):
            graphe.add_edge(lien.source, lien.cible)
    return graphe


def components(graphe: nx.Graph) -> list[set[str]]:
    """List the sets that hold together, the largest first, then by their first name."""
    return sorted(nx.connected_components(graphe), key=lambda ensemble: (-len(ensemble), min(ensemble)))


def rupture(graphe: nx.Graph, noeud: str) -> dict[str, Any]:
    """Say what splits when one organisation leaves: columns of `RUPTURES`, but its name."""
    avant = components(graphe)
    reste = nx.restricted_view(graphe, [noeud], [])
    apres = components(reste)
    sien = next(ensemble for ensemble in avant if noeud in ensemble) - {noeud}
    parts = [len(ensemble) for ensemble in apres if ensemble <= sien]
    isoles = sum(1 for voisin in graphe[noeud] if graphe.degree(voisin) == 1)
    return {
        "noeud": noeud,
        "composantes_avant": len(avant),
        "composantes_apres": len(apres),
        "taille_principale_apres": len(apres[0]) if apres else 0,
        "isoles": isoles,
        "detaches": sum(parts) - max(parts, default=0),
    }


def present_at(lien: Lien, jour: str) -> bool | None:
    """Say whether a link was there on a day (AAAA-MM-JJ); None when its beginning is not known.

    A date is as precise as its document: a link of 2015 is there on 31 December 2015, one that ends in 2018 still is
    on 31 December 2018.
    """
    if lien.debut is None:
        return None
    return lien.debut <= jour[: len(lien.debut)] and (lien.fin is None or jour[: len(lien.fin)] <= lien.fin)


def changes(liens: Sequence[Lien], avant: str, apres: str) -> dict[str, list[Lien]]:
    """Compare two days: the links that appeared, disappeared, stayed, and those no date allows to place."""
    suite: dict[str, list[Lien]] = {"apparus": [], "disparus": [], "maintenus": [], "non_dates": []}
    for lien in liens:
        if lien.statut == "prevu":
            continue
        la, ici = present_at(lien, avant), present_at(lien, apres)
        if la is None or ici is None:
            suite["non_dates"].append(lien)
        elif la or ici:
            suite["maintenus" if la and ici else "disparus" if la else "apparus"].append(lien)
    return suite


def evolution(liens: Sequence[Lien]) -> list[dict[str, int]]:
    """Compare each 31 December with the one before, from the first dated link to the last date known."""
    datees = [int(date[:4]) for lien in liens if lien.statut != "prevu" for date in (lien.debut, lien.fin) if date]
    lignes = []
    for annee in range(min(datees), max(datees) + 2) if datees else ():
        suite = changes(liens, f"{annee - 1}-12-31", f"{annee}-12-31")
        lignes.append(
            {
                "annee": annee,
                "presents": len(suite["maintenus"]) + len(suite["apparus"]),
                "apparus": len(suite["apparus"]),
                "disparus": len(suite["disparus"]),
                "non_dates": len(suite["non_dates"]),
            }
        )
    return lignes


def _links(liens: Sequence[Lien], graphe: nx.Graph) -> list[dict[str, Any]]:
    ponts = {frozenset(paire) for paire in nx.bridges(graphe)}
    return [
        {
            **vars(lien),
            "lien": numero,
            "est_mesure": is_measured(lien),
            "est_pont": is_measured(lien) and frozenset((lien.source, lien.cible)) in ponts,
        }
        for numero, lien in enumerate(liens, start=1)
    ]


def _nodes(liens: Sequence[Lien], graphe: nx.Graph) -> list[dict[str, Any]]:
    ensembles = components(graphe)
    place = {noeud: rang for rang, ensemble in enumerate(ensembles, start=1) for noeud in ensemble}
    intermediarite = nx.betweenness_centrality(graphe)
    articulations = set(nx.articulation_points(graphe))
    return [
        {
            "noeud": noeud,
            **graphe.nodes[noeud],
            "voisins": graphe.degree(noeud),
            "liens": sum(noeud in (lien.source, lien.cible) for lien in liens),
            "intermediarite": round(intermediarite[noeud], 6),
            "composante": place[noeud],
            "taille_composante": len(ensembles[place[noeud] - 1]),
            "est_articulation": noeud in articulations,
        }
        for noeud in sorted(graphe)
    ]
