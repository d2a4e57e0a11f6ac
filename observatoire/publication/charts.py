"""Plotly figures of the portrait: bars of a breakdown, line of a series, each with the sentence that says the same.

What every figure shares (margins, French separators, fonts) is written once, in `modeles/graphiques.html`. The drawings
of the synthesis, made without a script, are in `synthesis`.
"""

import html
import textwrap
from itertools import accumulate
from typing import Any

from observatoire.publication.french import lisible, periode

Ligne = dict[str, Any]

COULEUR, COULEUR_DEMONSTRATION = "#1f5c7a", "#a14a00"


def bars(lignes: list[Ligne], decimales: int) -> tuple[Ligne, str]:
    """Draw the bars of rows that have a `libelle` and a value; also say it in a sentence."""
    classees = sorted(lignes, key=lambda ligne: -ligne["valeur"])
    dit = [f"{ligne['libelle']} ({lisible(ligne, decimales)})" for ligne in classees]
    resume = f"Du plus haut au plus bas\u00a0: {', '.join(dit[:2])}{'… ' + dit[-1] if len(dit) > 2 else ''}."
    # plotly reads a few HTML tags in its labels: what comes from data must stay text
    etiquettes = [[html.escape(mot) for mot in _in_lines(ligne["libelle"])] for ligne in lignes]
    bas = list(accumulate(14 + 14 * len(etiquette) for etiquette in etiquettes))  # in pixels: as high as its label
    milieux = [fin - 7 - 7 * len(etiquette) for fin, etiquette in zip(bas, etiquettes, strict=True)]
    valeurs = [ligne["valeur"] for ligne in lignes]
    trace = {"type": "bar", "orientation": "h", "x": valeurs, "y": milieux, "width": 20, "textangle": 0}
    echelles = {
        "xaxis": {"visible": False},
        "yaxis": {
            "tickvals": milieux,
            "ticktext": list(map("<br>".join, etiquettes)),
            "range": [bas[-1], 0],
            "showgrid": False,
        },
    }
    return _figure(trace, lignes, decimales, bas[-1] + 34, echelles), resume


def line(lignes: list[Ligne], decimales: int) -> tuple[Ligne, str]:
    """Draw the line of rows that have a period and a value, in time; also say it in a sentence."""
    marquantes = (lignes[0], lignes[-1], max(lignes, key=lambda ligne: ligne["valeur"]))
    dit = [f"{lisible(ligne, decimales)} ({periode(ligne['periode'])})" for ligne in marquantes]
    dates = [ligne["periode"] for ligne in lignes]  # on a scale of time: a year nobody published leaves its room
    trace = {"type": "scatter", "mode": "lines+markers", "x": dates, "y": [ligne["valeur"] for ligne in lignes]}
    echelles = {
        "xaxis": {"type": "date", "tickvals": dates, "ticktext": [periode(quand) for quand in dates]},
        "yaxis": {"rangemode": "tozero", "tickformat": ",~f"},
    }
    figure = _figure(trace, lignes, decimales, 260, echelles)
    return figure, f"De {dit[0]} à {dit[1]}. Le plus haut\u00a0: {dit[2]}."


def _in_lines(libelle: str) -> list[str]:
    """Cut a label in a few short lines: the table beside the drawing has it whole."""
    return textwrap.wrap(libelle, 24, max_lines=4, placeholder=" …") or ["?"]


def _figure(trace: Ligne, lignes: list[Ligne], decimales: int, hauteur: int, echelles: Ligne) -> Ligne:
    """Finish a Plotly figure; demonstration data is written across it, for whoever copies the image."""
    est_demonstration = any(ligne["nature"] == "demonstration" for ligne in lignes)
    couleur = COULEUR_DEMONSTRATION if est_demonstration else COULEUR
    filigrane = {
        "text": "DÉMONSTRATION",
        "xref": "paper",
        "yref": "paper",
        "x": 1,
        "y": 1,
        "xanchor": "right",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 18, "color": couleur},
    }
    cadre = {"height": hauteur, **echelles, **({"annotations": [filigrane]} if est_demonstration else {})}
    # a bar has no room for a long unit, which the title says
    texte = [lisible(ligne if len(ligne["unite"]) == 1 else ligne | {"unite": "rang"}, decimales) for ligne in lignes]
    return {"data": [{**trace, "marker": {"color": couleur}, "text": texte, "hoverinfo": "text"}], "layout": cadre}
