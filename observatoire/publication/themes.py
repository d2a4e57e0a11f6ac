"""The indicators of a territory, by theme: latest value, series, breakdowns, and who it is compared with.

Themes and indicators come from the catalogue: a new one appears by itself. Nothing is computed here; which of them come
first is said by `synthesis`.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

from duckdb import DuckDBPyConnection

from observatoire.estimation.publication_rule import share_reason
from observatoire.indicators.catalog import indicateurs as declares
from observatoire.indicators.comparison import Chiffre, comparable
from observatoire.publication.charts import bars, line
from observatoire.publication.pages import Ligne, words_of_codes
from observatoire.warehouse import read_rows

AXES_FINS = ("secteur_a38",)  # a table says them; the sectors above them have the chart
AXES_TUS = ("division_naf",)  # too long for a page; the database has them


@dataclass(frozen=True)
class Catalogue:
    """What the indicators are, for every page of a release.

    Attributes:
        indicateurs: rows of the catalogue, in the order of a page, with the titles of their terms, what failed in their
            sources, those sources without the references that are behind all, and the `base` they derive from.
        themes: titles of the parts of the page, in order.
        modalites: words of the codes, by axis.
        axes: words of the axes.
    """

    indicateurs: list[Ligne]
    themes: dict[str, str]
    modalites: dict[str, dict[str, str]]
    axes: dict[str, str]


def read_catalogue(base: DuckDBPyConnection, libelles: Ligne) -> Catalogue:
    """Read what every page says of the indicators."""
    en_defaut = read_rows(base, "FROM qualite.sources WHERE etat IN ('en_echec', 'absente') ORDER BY source, fichier")
    # geography and nomenclatures are behind every figure: said once for all
    requete = "SELECT DISTINCT source FROM meta.dictionnaire WHERE nom_schema = 'referentiels'"
    communes = {titre for (titre,) in base.execute(requete).fetchall()}
    indicateurs = read_rows(
        base,
        """
        FROM indicateurs.catalogue ORDER BY est_derive, mesure_denominateur IS NOT NULL, indicateur""",
    )
    par_nom = {i["indicateur"]: i for i in indicateurs}
    titres = {i["mesure_numerateur"] or "": i["titre"] for i in indicateurs if i["mesure_denominateur"] is None}
    for indicateur in indicateurs:
        indicateur["titres"] = [titres.get(indicateur[f"mesure_{terme}"]) for terme in ("numerateur", "denominateur")]
        declare = declares().get(indicateur["indicateur"])
        indicateur["base"] = par_nom.get(declare.derive.indicateur) if declare and declare.derive else None
        lues = (indicateur["sources"] or "").split(" ; ")
        indicateur["en_defaut"] = [source for source in en_defaut if source["titre"] in lues]
        propres = [titre for titre in lues if titre not in communes]
        indicateur["sources_propres"] = propres or lues
        indicateur["est_sur_referentiels"] = 0 < len(propres) < len(lues)
        # « Sirene, stock des établissements » is said « Sirene » where room is short
        indicateur["sources_courtes"] = list(dict.fromkeys(titre.split(", ")[0] for titre in propres or lues if titre))
    presents = {indicateur["theme"] for indicateur in indicateurs}
    connus = {theme: titre for theme, titre in libelles["themes"].items() if theme in presents}
    nouveaux = {theme: theme.replace("_", " ").capitalize() for theme in sorted(presents - connus.keys())}
    return Catalogue(indicateurs, connus | nouveaux, words_of_codes(base, libelles), libelles["axes"])


def read_values(base: DuckDBPyConnection, code: str) -> dict[tuple[str, str], list[Ligne]]:
    """Read the values of an EPCI with their breakdowns, and the totals of what contains it, by indicator and level."""
    valeurs: dict[tuple[str, str], list[Ligne]] = defaultdict(list)
    # an unknown period sorts before the others: the last row of a list is the latest known
    for ligne in read_rows(
        base,
        """
            SELECT v.*, e.publication, e.motif, e.tolerance_tables_pct, c.mesure_denominateur,
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
            WHERE v.niveau = 'epci' OR v.axe = 'total'
            ORDER BY v.axe, v.periode <> 'inconnu', v.periode, v.modalite = 'inconnu', valeur DESC NULLS LAST,
                     v.modalite
            """,
        code,
    ):
        ecart, denominateur = ligne.pop("tolerance_tables_pct"), ligne.pop("mesure_denominateur")
        if ligne["publication"] is not None and denominateur is not None:
            ligne["motif"] = share_reason(ligne, ecart, ligne["motif"])
        valeurs[ligne["indicateur"], ligne["niveau"]].append(ligne)
    return valeurs


def records(catalogue: Catalogue, valeurs: dict[tuple[str, str], list[Ligne]]) -> dict[str, Ligne]:
    """Gather what a page says of each indicator, in the order of the catalogue."""
    return {i["indicateur"]: _record(i, valeurs, catalogue) for i in catalogue.indicateurs}


def by_theme(catalogue: Catalogue, fiches: dict[str, Ligne]) -> list[Ligne]:
    """Group the records by theme, those with a value for the territory apart from those without."""
    par_theme = defaultdict(list)
    for fiche in fiches.values():
        par_theme[fiche["theme"]].append(fiche)
    return [_theme(titre, par_theme[theme]) for theme, titre in catalogue.themes.items()]


def _theme(titre: str, fiches: list[Ligne]) -> Ligne:
    absentes = [fiche for fiche in fiches if not fiche["est_connue"]]
    en_defaut = {(s["source"], s["fichier"]): s for fiche in absentes for s in fiche["en_defaut"]}
    return {
        "titre": titre,
        "fiches": [fiche for fiche in fiches if fiche["est_connue"]],
        "absentes": absentes,
        "en_defaut": list(en_defaut.values()),  # said once for all that lack them
    }


def _record(indicateur: Ligne, valeurs: dict[tuple[str, str], list[Ligne]], catalogue: Catalogue) -> Ligne:
    """Gather what the page says of an indicator."""
    propres = valeurs.get((indicateur["indicateur"], "epci"), [])
    totaux = {
        niveau: [ligne for ligne in valeurs.get((indicateur["indicateur"], niveau), []) if ligne["axe"] == "total"]
        for niveau in ("epci", "inconnu", "departement", "region", "france")
    }
    dernier = totaux["epci"][-1] if totaux["epci"] else None
    plus_larges = [totaux[niveau] for niveau in ("departement", "region", "france") if totaux[niveau]]
    comparaisons: list[Ligne] = []
    refusees: list[Ligne] = []
    if dernier and indicateur["unite"] != "rang":  # a rank among départements says nothing beside a rank among EPCI
        for ligne in (lignes[-1] for lignes in _same_period_last(plus_larges, dernier)):
            raison = comparable(figure_of(indicateur, dernier), figure_of(indicateur, ligne))
            (refusees if raison else comparaisons).append({**ligne, "raison": raison})
    # unknown places add up, their ratios say nothing
    sans_lieu = totaux["inconnu"][-1] if totaux["inconnu"] and not indicateur["mesure_denominateur"] else None
    ailleurs = plus_larges[0][-1] if plus_larges and not propres else None
    ventilees = sorted(
        {ligne["axe"] for ligne in propres} - {"total", *AXES_TUS}, key=lambda axe: (axe.count("×"), axe)
    )
    return {
        **indicateur,
        "est_connue": bool(propres),
        "dernier": dernier,
        "comparaisons": comparaisons,
        "comparaisons_refusees": refusees,
        "plus_larges": {niveau: totaux[niveau] for niveau in ("departement", "region", "france")},
        "serie": _series(indicateur, totaux["epci"]),
        "sans_lieu": sans_lieu,
        "ailleurs": ailleurs,
        "ventilations": [_breakdown(indicateur, axe, propres, catalogue) for axe in ventilees],
        "montrees": [*propres, *comparaisons, *(ligne for ligne in (sans_lieu, ailleurs) if ligne)],
    }


def _same_period_last(par_niveau: list[list[Ligne]], dernier: Ligne) -> list[list[Ligne]]:
    """Put last, among the values of each level, the one of the same period, if there is one."""
    return [sorted(lignes, key=lambda ligne: ligne["periode"] == dernier["periode"]) for lignes in par_niveau]


def figure_of(indicateur: Ligne, ligne: Ligne) -> Chiffre:
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
    if ligne["periode_denominateur"] is None:
        return chiffre
    bas = replace(
        chiffre,
        # a measure that does not say what it counts is like itself alone
        unite=indicateur["unite_denominateur"] or indicateur["mesure_denominateur"] or chiffre.unite,
        champ=indicateur["champ_denominateur"] or indicateur["mesure_denominateur"] or chiffre.champ,
        producteurs=frozenset((indicateur["producteurs_denominateur"] or "").split(" ; ")),
        periode=ligne["periode_denominateur"],
        perimetre=indicateur["perimetre_denominateur"] or "",
    )
    return replace(chiffre, denominateur=bas)


def _series(indicateur: Ligne, lignes: list[Ligne]) -> Ligne | None:
    """Describe a series and its chart; None for a single period."""
    lignes = [ligne for ligne in lignes if ligne["periode"] != "inconnu"]
    connues = [ligne for ligne in lignes if ligne["valeur"] is not None]
    if len(connues) < 2:
        return None
    figure, resume = line(connues, indicateur["decimales"])
    return {"lignes": lignes, "resume": resume, "figure": figure}


def _breakdown(indicateur: Ligne, axe: str, propres: list[Ligne], catalogue: Catalogue) -> Ligne:
    """Describe the latest breakdown along an axis, with a chart where the bars of a single axis say something."""
    noms = axe.split("×")
    toutes = [ligne for ligne in propres if ligne["axe"] == axe]
    lignes = [ligne for ligne in toutes if ligne["periode"] == toutes[-1]["periode"]]
    for ligne in lignes:
        codes = zip(noms, ligne["modalite"].split("|", len(noms) - 1), strict=False)
        mots = (catalogue.modalites.get(nom, {}).get(code, code[:1].upper() + code[1:]) for nom, code in codes)
        ligne["libelle"] = " — ".join(mots)
    if axe == "tranche":
        lignes.sort(key=lambda ligne: (ligne["modalite"] == "inconnu", ligne["modalite"]))
    connues = [ligne for ligne in lignes if ligne["valeur"] is not None]
    figure, resume = None, ""
    if len(noms) == 1 and axe not in AXES_FINS and len(connues) > 1 and not indicateur["est_derive"]:
        figure, resume = bars(connues, indicateur["decimales"])
    dit_axe = " × ".join(catalogue.axes.get(nom, nom.replace("_", " ")) for nom in noms)
    return {
        "code_axe": axe,
        "axe": dit_axe,
        "periode": lignes[-1]["periode"],
        "lignes": lignes,
        "figure": figure,
        "resume": resume,
    }
