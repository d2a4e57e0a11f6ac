"""The bridge between the counts of ESS employment: Sirene, Urssaf, MSA, ordered tables, each gap in figures.

One name, one source: these counts are four, and none is corrected into another. Here they are set against each other
for a département or a région, with the reason `comparison` gives for not calling their gap an error. Made from
published values only, so that what is suppressed stays so.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from observatoire.derived import versions_of, write_rows
from observatoire.fingerprints import code_owed
from observatoire.indicators.catalog import figure_of_indicator, indicateurs
from observatoire.indicators.comparison import comparable
from observatoire.schemas import NOMBRE, TEXTE, Colonne, Table
from observatoire.warehouse import Entrepot, fingerprint

LIT = ("indicateurs.valeurs",)
Point = tuple[str, Decimal, str]  # period, value, nature


@dataclass(frozen=True)
class Ecart:
    """Two indicators whose values differ, what separates them, and whether one is what the other lacks."""

    premier: str
    second: str
    explication: str
    s_ajoutent: bool = False


ECARTS = (
    Ecart(
        "etablissements_employeurs_ess_sirene",
        "etablissements_ess_urssaf",
        "Sirene compte les SIRET actifs au caractère employeur « O » du mois, agriculture comprise ; l'Urssaf, la "
        "moyenne trimestrielle des comptes cotisants du régime général (un établissement peut en avoir deux), à son "
        "propre périmètre de l'ESS.",
    ),
    Ecart(
        "effectifs_ess_urssaf",
        "effectifs_ess_msa",
        "Ce que l'Urssaf ne compte pas : coopératives agricoles, Crédit agricole et organismes agricoles sont à la "
        "MSA ; les deux s'ajoutent, à l'unité près.",
        s_ajoutent=True,
    ),
    Ecart(
        "effectifs_ess_urssaf",
        "salaries_ess_sur_mesure",
        "L'Urssaf s'en tient au régime général et à son périmètre ; une table commandée a le champ de sa commande.",
    ),
    Ecart(
        "effectifs_ess_urssaf",
        "postes_ess_sur_mesure",
        "Une moyenne annuelle de salariés d'un côté, des postes au 31 décembre de l'autre ; un salarié peut avoir deux "
        "postes.",
    ),
    Ecart(
        "effectifs_ess_urssaf",
        "effectifs_ess_divisions_urssaf",
        "Deux tables de l'Urssaf : elles diffèrent par définition, et l'écart mesure ce qu'une égalité entre elles "
        "tolérerait.",
    ),
    Ecart(
        "masse_salariale_ess_urssaf",
        "masse_salariale_ess_sur_mesure",
        "Assiette déplafonnée du régime général d'un côté ; rémunérations brutes au champ de la commande de l'autre.",
    ),
)

PONT = Table(
    "Écarts entre les comptes de l'emploi de l'ESS (Sirene, Urssaf, MSA, tables sur mesure) : départements et régions.",
    (
        Colonne("niveau", TEXTE, "Niveau du territoire.", obligatoire=True),
        Colonne("code_territoire", TEXTE, "Code du territoire.", obligatoire=True),
        Colonne("indicateur_a", TEXTE, "Premier indicateur.", obligatoire=True),
        Colonne("indicateur_b", TEXTE, "Second indicateur.", obligatoire=True),
        Colonne("periode_a", TEXTE, "Dernière période du premier.", obligatoire=True),
        Colonne("periode_b", TEXTE, "Période du second : la même, à défaut la dernière.", obligatoire=True),
        Colonne("valeur_a", NOMBRE, "Valeur du premier.", obligatoire=True),
        Colonne("valeur_b", NOMBRE, "Valeur du second.", obligatoire=True),
        Colonne("ecart", NOMBRE, "Second moins premier.", obligatoire=True),
        Colonne("ecart_pct", NOMBRE, "Écart, en % du premier ; vide quand il est nul.", unite="%"),
        Colonne("somme", NOMBRE, "Somme des deux, quand l'un est ce que l'autre ne compte pas."),
        Colonne("comparabilite", TEXTE, "Pourquoi cet écart n'est pas une erreur ; vide quand les deux se comparent."),
        Colonne("explication", TEXTE, "Ce qui les sépare.", obligatoire=True),
        Colonne("nature", TEXTE, "reelle, ou demonstration dès que l'un des deux l'est.", obligatoire=True),
    ),
    cle=("niveau", "code_territoire", "indicateur_a", "indicateur_b"),
)


def compute_bridge(entrepot: Entrepot) -> int:
    """Set the counts against each other and write `indicateurs.pont_emploi`; return its number of rows."""
    entrees = versions_of(entrepot, LIT)
    noms = sorted({nom for ecart in ECARTS for nom in (ecart.premier, ecart.second)} & indicateurs().keys())
    with entrepot.connect(LIT) as connexion:
        valeurs = connexion.execute(
            f"""
            SELECT indicateur, niveau, code_territoire, periode, numerateur, nature FROM indicateurs.valeurs
            WHERE indicateur IN ({', '.join('?' * len(noms))}) AND axe = 'total' AND niveau IN ('departement', 'region')
              AND numerateur IS NOT NULL
            ORDER BY indicateur, niveau, code_territoire, periode <> 'inconnu', periode""",
            noms,
        ).fetchall()
    series: dict[tuple[str, str, str], list[Point]] = {}
    for indicateur, niveau, code, periode, valeur, nature in valeurs:
        series.setdefault((indicateur, niveau, code), []).append((periode, valeur, nature))
    places = sorted({(niveau, code) for _, niveau, code in series})
    lignes = [
        _gap(ecart, niveau, code, series[ecart.premier, niveau, code], series[ecart.second, niveau, code])
        for ecart in ECARTS
        for niveau, code in places
        if (ecart.premier, niveau, code) in series and (ecart.second, niveau, code) in series
    ]
    dit = {"version": bridge_version(entrees), "entrees": entrees}
    return write_rows(entrepot, "indicateurs.pont_emploi", PONT, lignes, dit)


def bridge_version(entrees: dict[str, str | None]) -> str:
    """Return the version of the bridge, from the values and how they are compared."""
    return fingerprint(entrees, code_owed(__name__, "indicators.yml", "measures/*.sql"))


def _gap(ecart: Ecart, niveau: str, code: str, premiers: list[Point], seconds: list[Point]) -> dict[str, Any]:
    """Set the latest value of one indicator against the other's of the same year, failing that its latest."""
    periode_a, a, nature_a = premiers[-1]
    periode_b, b, nature_b = next((s for s in seconds if s[0][:4] == periode_a[:4]), seconds[-1])
    nature = "demonstration" if "demonstration" in (nature_a, nature_b) else "reelle"
    termes = [
        replace(figure_of_indicator(indicateurs()[nom]), periode=periode, nature=sa_nature)
        for nom, periode, sa_nature in ((ecart.premier, periode_a, nature_a), (ecart.second, periode_b, nature_b))
    ]
    return {
        "niveau": niveau, "code_territoire": code, "indicateur_a": ecart.premier, "indicateur_b": ecart.second,
        "periode_a": periode_a, "periode_b": periode_b, "valeur_a": a, "valeur_b": b, "ecart": b - a,
        "somme": a + b if ecart.s_ajoutent else None,
        "ecart_pct": ((b - a) / a * 100).quantize(Decimal("0.000001")) if a else None,
        "comparabilite": comparable(*termes), "explication": ecart.explication, "nature": nature,
    }
