"""The portrait of a territory: one static page in French, made from the public DuckDB file and nothing else.

Here: what the page shows, how a figure is written in French, what a chart draws. Themes and indicators come from the
catalogue: a new one appears by itself. Computing or correcting a figure does not belong here; the words of codes are in
`modeles/libelles.yml`.
"""

import html
import re
import textwrap
from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml
from duckdb import DuckDBPyConnection, connect
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from plotly.offline import get_plotlyjs

from observatoire.comparison import Chiffre, comparable
from observatoire.publication.network_section import read_networks

Ligne = dict[str, Any]

MODELES = Path(__file__).parent / "modeles"
MOIS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
AXES_FINS = ("secteur_a38", "division_naf")  # a table says them; the sectors above them have the chart
UNITES_TUES = ("rang", "rapport", "indice")  # the title already says them
COULEUR, COULEUR_DEMONSTRATION = "#1f5c7a", "#a14a00"


def write_portrait(duckdb: Path, dossier: Path, territoire: str) -> None:
    """Write `index.html` and `plotly.min.js` for one EPCI; an unknown code gives a page that says so."""
    libelles = yaml.safe_load((MODELES / "libelles.yml").read_text(encoding="utf-8"))
    with connect(str(duckdb), read_only=True) as base:
        contexte = _context(base, territoire, libelles)
    dossier.mkdir(parents=True, exist_ok=True)
    (dossier / "index.html").write_text(template("portrait.html").render(libelles | contexte), encoding="utf-8")
    (dossier / "plotly.min.js").write_text(get_plotlyjs(), encoding="utf-8")


@cache
def template(nom: str) -> Template:
    """Return a page's template, with the filters that write figures in French."""
    environnement = Environment(loader=FileSystemLoader(MODELES), autoescape=True, undefined=StrictUndefined)
    environnement.filters |= {"nombre": nombre, "mesure": mesure, "lisible": lisible, "periode": periode}
    return environnement.get_template(nom)


def nombre(valeur: float | Decimal, decimales: int | None = None) -> str:
    """Write a number in French; without a number of decimals, all those it has."""
    if decimales is None:
        ecrit = f"{Decimal(str(valeur)):,f}"
        ecrit = ecrit.rstrip("0").rstrip(".") if "." in ecrit else ecrit
    else:
        ecrit = f"{valeur:,.{decimales}f}"
    return ecrit.replace(",", "\u202f").replace(".", ",").replace("-", "−")


def mesure(valeur: float | Decimal, unite: str, decimales: int | None = None) -> str:
    """Write a number and its unit, which agrees with it."""
    if unite in UNITES_TUES:
        return nombre(valeur, decimales)
    unite = "€" if unite == "eur" else unite
    accordee = re.sub(r"^(\w+)s\b", r"\1", unite) if -2 < valeur < 2 else unite
    return f"{nombre(valeur, decimales)}\u00a0{accordee}"


def lisible(ligne: Ligne, decimales: int) -> str:
    """Write the value of a row: itself, its range, or why there is none."""
    if ligne["statut_confidentialite"] == "C":
        return "supprimé (secret statistique)"
    valeur, bas, haut, unite = ligne["valeur"], ligne["borne_basse"], ligne["borne_haute"], ligne["unite"]
    a_bornes = bas is not None and haut is not None and bas != haut
    bornes = f"entre {nombre(bas, decimales)} et {mesure(haut, unite, decimales)}" if a_bornes else ""
    if valeur is None:
        if ligne.get("est_remplacee"):
            return "remplacé par la table sur mesure"
        return bornes or ("non estimable" if ligne.get("publication") == "non_estimable" else "non disponible")
    return mesure(valeur, unite, decimales) + (f" ({bornes})" if bornes else "")


def periode(quand: str | date | None) -> str:
    """Write a year, a month or a day in French; another period as it is."""
    if quand is None or quand == "inconnu":
        return "période inconnue"
    texte = f"{quand:%Y-%m-%d}" if isinstance(quand, date) else quand
    if (trouve := re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])(?:-(\d\d))?", texte)) is None:
        return texte
    annee, mois, jour_du_mois = trouve.groups()
    quantieme = "" if jour_du_mois is None else "1er " if jour_du_mois == "01" else f"{int(jour_du_mois)} "
    return f"{quantieme}{MOIS[int(mois) - 1]} {annee}"


def read_rows(base: DuckDBPyConnection, requete: str, *parametres: str) -> list[Ligne]:
    """Read rows of the public file, as dictionaries."""
    resultat = base.execute(requete, parametres)
    noms = [colonne[0] for colonne in resultat.description or []]
    return [dict(zip(noms, ligne, strict=True)) for ligne in resultat.fetchall()]


def _context(base: DuckDBPyConnection, code: str, libelles: Ligne) -> Ligne:
    """Read all that the page shows."""
    release = read_rows(base, "FROM meta.release")[0]
    trouves = read_rows(base, "FROM referentiels.territoires WHERE niveau = 'epci' AND code_territoire = ?", code)
    contexte: Ligne = {"release": release, "code": code, "territoire": trouves[0] if trouves else None, "themes": []}
    if trouves:
        contexte |= {"themes": _themes(base, code, libelles), **_qualite(base, code), "toile": read_networks(base)}
    fiches = [fiche for theme in contexte["themes"] for fiche in theme["fiches"] + theme["absentes"]]
    montrees = [release, *contexte.get("declarations", []), *(ligne for fiche in fiches for ligne in fiche["montrees"])]
    return contexte | {"est_demonstration": any(ligne["nature"] == "demonstration" for ligne in montrees)}


def _qualite(base: DuckDBPyConnection, code: str) -> Ligne:
    """Read the declarations about the territory and its communes, the files read, the rows refused."""
    declarations = read_rows(
        base,
        """
        SELECT d.*, t.libelle AS lieu, (niveau = 'epci' AND code_territoire = $1) OR (niveau = 'commune'
            AND code_territoire IN (SELECT code_territoire FROM referentiels.appartenances
                WHERE niveau = 'commune' AND niveau_parent = 'epci' AND code_parent = $1)) AS concerne
        FROM qualite.declarations d LEFT JOIN referentiels.territoires t USING (niveau, code_territoire)
        ORDER BY date, document, _fichier, _ligne""",
        code,
    )
    rejets = """
        SELECT coalesce(titre, source) AS titre, regle, gravite, count(*) AS lignes,
               CASE WHEN count(DISTINCT r.motif) = 1 THEN min(r.motif) END AS motif
        FROM qualite.rejets r
        LEFT JOIN (SELECT source, min(titre) AS titre FROM qualite.sources GROUP BY source) USING (source)
        GROUP BY ALL ORDER BY titre, gravite, regle"""
    ici = [ligne for ligne in declarations if ligne["concerne"]]
    return {
        "declarations": ici,
        "autres_declarations": len(declarations) - len(ici),
        "arithmetique": [
            ligne
            for ligne in read_rows(base, "FROM indicateurs.arithmetique_declarations ORDER BY document, controle")
            if ligne["document"] in {declaration["document"] for declaration in ici}
        ],
        "rejets": read_rows(base, rejets),
        "sources": read_rows(base, "FROM qualite.sources ORDER BY titre, source, fichier"),
    }


def _themes(base: DuckDBPyConnection, code: str, libelles: Ligne) -> list[Ligne]:
    """Group the indicators by theme, those with a value for the territory apart from those without."""
    valeurs: dict[tuple[str, str], list[Ligne]] = defaultdict(list)
    # an unknown period sorts before the others: the last row of a list is the latest known
    for ligne in read_rows(
        base,
        """
            SELECT v.*, e.publication, e.motif,
                   n.grandeur IS NOT NULL AND c.mesure_denominateur IS NULL AS est_remplacee
            FROM indicateurs.valeurs v JOIN (
                SELECT niveau_parent AS niveau, code_parent AS code_territoire FROM referentiels.appartenances
                WHERE niveau = 'epci' AND code_territoire = $1
                UNION ALL VALUES ('epci', $1), ('inconnu', 'inconnu')) USING (niveau, code_territoire)
            LEFT JOIN indicateurs.catalogue c USING (indicateur)
            LEFT JOIN indicateurs.estimations e
                ON c.mesure_numerateur = 'indicateurs.estimations (' || e.grandeur || ')' AND e.niveau = v.niveau
                AND e.code_territoire = v.code_territoire AND e.periode = v.periode AND e.axe = v.axe
                AND e.modalite = v.modalite
            LEFT JOIN indicateurs.notes_estimations n ON n.grandeur = e.grandeur AND n.niveau = v.niveau
                AND n.code_territoire = v.code_territoire AND n.periode = v.periode AND n.axe = v.axe
                AND n.modalite = v.modalite
            ORDER BY v.axe, v.periode <> 'inconnu', v.periode, v.modalite = 'inconnu', valeur DESC NULLS LAST,
                     v.modalite
            """,
        code,
    ):
        valeurs[ligne["indicateur"], ligne["niveau"]].append(ligne)
    for axe, nomenclature in (("secteur", "a17"), ("secteur_a38", "a38"), ("division_naf", "a88")):
        requete = "SELECT code, libelle FROM referentiels.naf_agregats WHERE nomenclature = ?"
        libelles["modalites"][axe] = dict(base.execute(requete, [nomenclature]).fetchall())
    reseaux = base.execute("SELECT reseau, nom_reseau FROM socle.reseaux").fetchall()
    libelles["modalites"]["reseau"] = dict(reseaux)
    en_defaut = read_rows(base, "FROM qualite.sources WHERE etat IN ('en_echec', 'absente') ORDER BY source, fichier")
    catalogue = read_rows(
        base,
        """
        FROM indicateurs.catalogue ORDER BY est_derive, mesure_denominateur IS NOT NULL, indicateur""",
    )
    titres = {i["mesure_numerateur"] or "": i["titre"] for i in catalogue if i["mesure_denominateur"] is None}
    par_theme = defaultdict(list)
    for indicateur in catalogue:
        fiche = _file_record(indicateur, valeurs, libelles)
        fiche["titres"] = [titres.get(indicateur[f"mesure_{terme}"]) for terme in ("numerateur", "denominateur")]
        lues = (indicateur["sources"] or "").split(" ; ")
        fiche["en_defaut"] = [source for source in en_defaut if source["titre"] in lues]
        par_theme[indicateur["theme"]].append(fiche)
    ordre = [*libelles["themes"], *sorted(par_theme.keys() - libelles["themes"].keys())]
    return [
        {
            "titre": libelles["themes"].get(theme, theme.replace("_", " ").capitalize()),
            "fiches": [fiche for fiche in par_theme[theme] if fiche["est_connue"]],
            "absentes": [fiche for fiche in par_theme[theme] if not fiche["est_connue"]],
        }
        for theme in ordre
        if theme in par_theme
    ]


def _file_record(indicateur: Ligne, valeurs: dict[tuple[str, str], list[Ligne]], libelles: Ligne) -> Ligne:
    """Gather what the page says of an indicator."""
    propres = valeurs[indicateur["indicateur"], "epci"]
    totaux = {
        niveau: [ligne for ligne in valeurs[indicateur["indicateur"], niveau] if ligne["axe"] == "total"]
        for niveau in ("epci", "inconnu", "departement", "region", "france")
    }
    dernier = totaux["epci"][-1] if totaux["epci"] else None
    plus_larges = [totaux[niveau] for niveau in ("departement", "region", "france") if totaux[niveau]]
    comparaisons: list[Ligne] = []
    refusees: list[Ligne] = []
    if dernier and indicateur["unite"] != "rang":  # a rank among départements says nothing beside a rank among EPCI
        for ligne in (lignes[-1] for lignes in _same_period_last(plus_larges, dernier)):
            raison = comparable(_figure_of(indicateur, dernier), _figure_of(indicateur, ligne))
            (refusees if raison else comparaisons).append({**ligne, "raison": raison})
    # unknown places add up, their ratios say nothing
    sans_lieu = totaux["inconnu"][-1] if totaux["inconnu"] and not indicateur["mesure_denominateur"] else None
    ailleurs = plus_larges[0][-1] if plus_larges and not propres else None
    ventilees = sorted({ligne["axe"] for ligne in propres} - {"total"}, key=lambda axe: (axe.count("×"), axe))
    return {
        **indicateur,
        "est_connue": bool(propres),
        "dernier": dernier,
        "comparaisons": comparaisons,
        "comparaisons_refusees": refusees,
        "serie": _serie(indicateur, totaux["epci"]),
        "sans_lieu": sans_lieu,
        "ailleurs": ailleurs,
        "ventilations": [_ventilation(indicateur, axe, propres, libelles) for axe in ventilees],
        "montrees": [*propres, *comparaisons, *(ligne for ligne in (sans_lieu, ailleurs) if ligne)],
    }


def _same_period_last(par_niveau: list[list[Ligne]], dernier: Ligne) -> list[list[Ligne]]:
    """Put last, among the values of each level, the one of the same period, if there is one."""
    return [sorted(lignes, key=lambda ligne: ligne["periode"] == dernier["periode"]) for lignes in par_niveau]


def _figure_of(indicateur: Ligne, ligne: Ligne) -> Chiffre:
    """Say what a published value is, as `comparison` asks it; its denominator may be of another period."""
    chiffre = Chiffre(
        unite=indicateur["unite_statistique"] or indicateur["unite"],
        champ=indicateur["champ_statistique"] or indicateur["champ"],
        producteurs=frozenset((indicateur["producteurs"] or "").split(" ; ")),
        periode=ligne["periode"],
        perimetre=indicateur["perimetre"] or "",
        nature=ligne["nature"],
        ruptures=tuple((indicateur["ruptures"] or "").split(" ; ")),
    )
    bas = ligne["periode_denominateur"]
    return chiffre if bas is None else replace(chiffre, denominateur=replace(chiffre, periode=bas))


def _serie(indicateur: Ligne, lignes: list[Ligne]) -> Ligne | None:
    """Describe a series and its chart; None for a single period."""
    lignes = [ligne for ligne in lignes if ligne["periode"] != "inconnu"]
    connues = [ligne for ligne in lignes if ligne["valeur"] is not None]
    if len(connues) < 2:
        return None
    marquantes = (connues[0], connues[-1], max(connues, key=lambda ligne: ligne["valeur"]))
    dit = [f"{lisible(ligne, indicateur['decimales'])} ({periode(ligne['periode'])})" for ligne in marquantes]
    dates = [ligne["periode"] for ligne in connues]  # on a scale of time: a year nobody published leaves its room
    trace = {"type": "scatter", "mode": "lines+markers", "x": dates, "y": [ligne["valeur"] for ligne in connues]}
    echelles = {
        "xaxis": {"type": "date", "tickvals": dates, "ticktext": [periode(quand) for quand in dates]},
        "yaxis": {"rangemode": "tozero", "tickformat": ",~f"},
    }
    return {
        "lignes": lignes,
        "resume": f"De {dit[0]} à {dit[1]}. Le plus haut\u00a0: {dit[2]}.",
        "figure": _figure(trace, connues, indicateur["decimales"], 260, echelles),
    }


def _ventilation(indicateur: Ligne, axe: str, propres: list[Ligne], libelles: Ligne) -> Ligne:
    """Describe the latest breakdown along an axis, with a chart where the bars of a single axis say something."""
    noms = axe.split("×")
    toutes = [ligne for ligne in propres if ligne["axe"] == axe]
    lignes = [ligne for ligne in toutes if ligne["periode"] == toutes[-1]["periode"]]
    for ligne in lignes:
        codes = zip(noms, ligne["modalite"].split("|", len(noms) - 1), strict=False)
        mots = (libelles["modalites"].get(nom, {}).get(code, code[:1].upper() + code[1:]) for nom, code in codes)
        ligne["libelle"] = " — ".join(mots)
    if axe == "tranche":
        lignes.sort(key=lambda ligne: (ligne["modalite"] == "inconnu", ligne["modalite"]))
    connues = [ligne for ligne in lignes if ligne["valeur"] is not None]
    figure, resume = None, ""
    if len(noms) == 1 and axe not in AXES_FINS and len(connues) > 1 and not indicateur["est_derive"]:
        classees = sorted(connues, key=lambda ligne: -ligne["valeur"])
        dit = [f"{ligne['libelle']} ({lisible(ligne, indicateur['decimales'])})" for ligne in classees]
        resume = f"Du plus haut au plus bas\u00a0: {', '.join(dit[:2])}{'… ' + dit[-1] if len(dit) > 2 else ''}."
        # plotly reads a few HTML tags in its labels: what comes from data must stay text
        etiquettes = [[html.escape(mot) for mot in textwrap.wrap(ligne["libelle"], 24) or ["?"]] for ligne in connues]
        bas = list(accumulate(14 + 14 * len(etiquette) for etiquette in etiquettes))  # in pixels: as high as its label
        milieux = [fin - 7 - 7 * len(etiquette) for fin, etiquette in zip(bas, etiquettes, strict=True)]
        valeurs = [ligne["valeur"] for ligne in connues]
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
        figure = _figure(trace, connues, indicateur["decimales"], bas[-1] + 34, echelles)
    dit_axe = " × ".join(libelles["axes"].get(nom, nom.replace("_", " ")) for nom in noms)
    return {"axe": dit_axe, "periode": lignes[-1]["periode"], "lignes": lignes, "figure": figure, "resume": resume}


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
    cadre = {
        "height": hauteur,
        "margin": {"l": 8, "r": 24, "t": 26, "b": 8},
        "separators": ",\u202f",
        "dragmode": False,
        "font": {"family": "system-ui, sans-serif"},
        "annotations": [filigrane] if est_demonstration else [],
        **{nom: {"automargin": True, "fixedrange": True, "gridcolor": "#ddd", **axe} for nom, axe in echelles.items()},
    }
    # a bar has no room for a long unit, which the title says
    texte = [lisible(ligne if len(ligne["unite"]) == 1 else ligne | {"unite": "rang"}, decimales) for ligne in lignes]
    return {"data": [{**trace, "marker": {"color": couleur}, "text": texte, "hoverinfo": "text"}], "layout": cadre}
