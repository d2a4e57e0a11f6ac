"""What the observatory says of a figure a document declares: confirmed, ambiguous, contradicted, or out of its reach.

The definitions were fixed beforehand from the document's words (`definitions_declarations`); the tolerance is the
rounding of the figure as it is written; every definition and every year the words allow is tried, and how many is
said: where one of them cannot be computed the verdict is no better than ambiguous.
Sums between figures of one document belong to `document_arithmetic`; computing indicators to `indicators`.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from observatoire.derived import versions_of, write_rows
from observatoire.fingerprints import code_owed
from observatoire.schemas import ENTIER, NOMBRE, TEXTE, Colonne, Table
from observatoire.warehouse import Entrepot, fingerprint

# a sheet that gives no year speaks of its own, or of one of the three before: statistics come late
ANNEES_AVANT_LE_DOCUMENT = 3
LIT = ("qualite.declarations", "referentiels.definitions_declarations", "indicateurs.valeurs")
NOM = "indicateurs.verdicts"
# its rows are public beside those they judge
COMPLETE = "qualite.declarations"
CLE = ("document", "grandeur", "niveau", "code_territoire", "periode")

VERDICTS = Table(
    "Ce que l'observatoire dit de chaque chiffre déclaré par un document.",
    (
        *(Colonne(nom, TEXTE, f"Clé de la déclaration : {nom}.", obligatoire=True) for nom in CLE),
        Colonne("valeur_calculee", NOMBRE, "Valeur calculée, quand une seule combinaison est calculable."),
        Colonne("verdict", TEXTE, "confirme, ambigu, contredit, inverifiable.", obligatoire=True),
        Colonne("explication", TEXTE, "Pourquoi ce verdict.", obligatoire=True),
        Colonne("nombre_combinaisons", ENTIER, "Définitions × années essayées.", obligatoire=True),
        Colonne("nature", TEXTE, "reelle, ou demonstration dès qu'une donnée comparée l'est.", obligatoire=True),
    ),
    cle=CLE,
)


@dataclass(frozen=True)
class Calcul:
    """A value the observatory has for a definition and a year; its bounds are equal when it is exact."""

    indicateur: str
    periode: str
    bas: Decimal
    haut: Decimal

    def __str__(self) -> str:
        """Write it for the explanation."""
        dit = f"{self.bas:f}" if self.bas == self.haut else f"de {self.bas:f} à {self.haut:f}"
        return f"{self.indicateur} {self.periode} : {dit.replace('.', ',')}"


def compute_verdicts(entrepot: Entrepot) -> dict[str, int]:
    """Judge every declaration and write `indicateurs.verdicts`; return the number of each verdict."""
    entrees = versions_of(entrepot, LIT)
    with entrepot.connect(LIT) as connexion:
        declarations = connexion.sql("FROM qualite.declarations").to_arrow_table().to_pylist()
        definitions = connexion.sql(
            "SELECT document, grandeur, indicateur FROM referentiels.definitions_declarations ORDER BY ALL"
        ).fetchall()
        valeurs = connexion.sql(
            """
            SELECT indicateur, niveau, code_territoire, periode, valeur, borne_basse, borne_haute, unite,
                   statut_confidentialite, nature
            FROM indicateurs.valeurs SEMI JOIN qualite.declarations USING (niveau, code_territoire)
            WHERE axe = 'total' AND indicateur IN (SELECT indicateur FROM referentiels.definitions_declarations)
            ORDER BY ALL"""
        ).to_arrow_table().to_pylist()
    lignes = []
    for declaration in declarations:
        admises = [i for document, grandeur, i in definitions
                   if (document, grandeur) == (declaration["document"], declaration["grandeur"])]
        ici = [v for v in valeurs if v["indicateur"] in admises
               and (v["niveau"], v["code_territoire"]) == (declaration["niveau"], declaration["code_territoire"])]
        lignes.append({nom: declaration[nom] for nom in CLE} | judge(declaration, admises, ici))
    dit = {"version": verdicts_version(entrees), "entrees": entrees}
    write_rows(entrepot, NOM, VERDICTS, lignes, dit)
    return dict(Counter(ligne["verdict"] for ligne in lignes))


def verdicts_version(entrees: dict[str, str | None]) -> str:
    """Return the version of the verdicts, from what they read and how they are given."""
    return fingerprint(entrees, code_owed(__name__))


def judge(declaration: dict[str, Any], definitions: list[str], valeurs: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the verdict on one declaration.

    Args:
        declaration: its row.
        definitions: indicators its words allow.
        valeurs: every value of those indicators for its territory, all years.

    Returns:
        valeur_calculee, verdict, explication, nombre_combinaisons, nature.
    """
    dit: dict[str, Any] = {"valeur_calculee": None, "verdict": "inverifiable", "nombre_combinaisons": 0}
    if not definitions:
        return dit | {"explication": "aucune mesure indépendante de cette grandeur", "nature": "reelle"}
    annees = possible_years(declaration)
    if not annees:
        return dit | {"explication": "le document ne dit ni l'année du chiffre, ni la sienne", "nature": "reelle"}
    dit["nombre_combinaisons"] = essais = len(definitions) * len(annees)
    tries = (
        f"{essais} combinaison{'s' if essais > 1 else ''} ({len(definitions)} "
        f"définition{'s' if len(definitions) > 1 else ''} × {len(annees)} année{'s' if len(annees) > 1 else ''}, "
        f"{annees[0]}{f' à {annees[-1]}' if len(annees) > 1 else ''})"
    )
    atteintes = [v for v in valeurs if v["periode"][:4] in annees]
    calculs, obstacles = _computable(declaration, atteintes)
    inventee = any(valeur["nature"] == "demonstration" for valeur in atteintes)
    dit["nature"] = "demonstration" if inventee else "reelle"
    if inventee:
        obstacles = obstacles or ["une des valeurs est une démonstration, qui ne juge rien"]
        return dit | {"explication": f"{tries}, rien n'est jugé : {' ; '.join(obstacles)}"}
    if not calculs:
        ailleurs = sorted({v["periode"] for v in valeurs} - {v["periode"] for v in atteintes})
        pourquoi = " ; ".join(obstacles) or (
            f"les sources d'aujourd'hui n'atteignent pas ces années (elles donnent {', '.join(ailleurs)})"
            if ailleurs else "aucune source reçue ne le donne"
        )
        return dit | {"explication": f"{tries}, aucune calculable : {pourquoi}"}
    intervalle = tolerance(declaration)
    sorts = {calcul: _fate(calcul, *intervalle, bool(declaration["est_borne_stricte"])) for calcul in calculs}
    tous = set(sorts.values())
    dit["verdict"] = "confirme" if tous == {"dedans"} else "contredit" if tous == {"dehors"} else "ambigu"
    # a definition or a year the words allow, and that nothing computes, could say otherwise
    calculees = {(calcul.indicateur, calcul.periode[:4]) for calcul in calculs}
    for definition in definitions:
        if manquantes := [annee for annee in annees if (definition, annee) not in calculees]:
            obstacles.append(f"rien ne calcule {definition} pour {', '.join(manquantes)}")
    if obstacles:
        dit["verdict"] = "ambigu"
    if len(calculs) == 1 and calculs[0].bas == calculs[0].haut:
        dit["valeur_calculee"] = calculs[0].bas
    bas, haut = (("…" if borne is None else f"{borne:f}".replace(".", ",")) for borne in intervalle)
    detail = " ; ".join(f"{calcul} ({sort})" for calcul, sort in sorts.items())
    suite = "".join(f" ; {obstacle}" for obstacle in obstacles)
    combien = f"{len(calculees)} calculable{'s' if len(calculees) > 1 else ''}"
    if len(calculs) > len(calculees):  # two dates of one year
        combien += f" ({len(calculs)} valeurs)"
    dits = f"{combien} ; déclaré : de {bas} à {haut} ; {detail}{suite}"
    return dit | {"explication": f"{tries}, {dits}"}


def possible_years(declaration: dict[str, Any]) -> list[str]:
    """List the years a declared figure may be about: its own, or those its document may speak of."""
    if re.fullmatch(r"\d{4}(-\d\d){0,2}", declaration["periode"]):
        return [declaration["periode"][:4]]
    if declaration["periode"] != "inconnu" or declaration["date"] is None:
        return []
    derniere = declaration["date"].year
    return [str(annee) for annee in range(derniere - ANNEES_AVANT_LE_DOCUMENT, derniere + 1)]


def tolerance(declaration: dict[str, Any]) -> tuple[Decimal | None, Decimal | None]:
    """Return the interval a declared figure stands for: its bounds, or half a unit of its last significant digit."""
    bas, haut, valeur = (declaration[nom] for nom in ("borne_basse", "borne_haute", "valeur"))
    if bas is not None or haut is not None or valeur is None:
        return bas, haut
    exposant = valeur.normalize().as_tuple().exponent if valeur else 0
    demi = Decimal(5).scaleb(int(exposant) - 1)
    return (valeur - demi).normalize(), (valeur + demi).normalize()


def _computable(
    declaration: dict[str, Any], valeurs: Iterable[dict[str, Any]]
) -> tuple[list[Calcul], list[str]]:
    """Sort the values that can be compared from those that cannot, with the reasons."""
    calculs, obstacles = [], set()
    for v in valeurs:
        bornes = [borne if borne is not None else v["valeur"] for borne in (v["borne_basse"], v["borne_haute"])]
        if v["statut_confidentialite"] == "C":
            obstacles.add(f"{v['indicateur']} {v['periode']} est supprimé (secret statistique)")
        elif v["nature"] == "demonstration":
            obstacles.add(f"{v['indicateur']} {v['periode']} est une démonstration, qui ne juge rien")
        elif None in bornes:
            obstacles.add(f"{v['indicateur']} {v['periode']} n'est pas disponible")
        elif v["unite"].replace("€", "eur") != declaration["unite"].replace("€", "eur"):
            obstacles.add(f"{v['indicateur']} est en {v['unite']}, le chiffre en {declaration['unite']}")
        else:
            bas, haut = (Decimal(repr(borne)) for borne in bornes)
            calculs.append(Calcul(v["indicateur"], v["periode"], bas, haut))
    return calculs, sorted(obstacles)


def _fate(calcul: Calcul, bas: Decimal | None, haut: Decimal | None, strict: bool) -> str:
    """Say whether a value falls in the declared interval, out of it, or is too wide to tell."""

    def sous(valeur: Decimal) -> bool:
        return bas is not None and (valeur <= bas if strict else valeur < bas)

    def sur(valeur: Decimal) -> bool:
        return haut is not None and (valeur >= haut if strict else valeur > haut)

    if sous(calcul.haut) or sur(calcul.bas):
        return "dehors"
    return "trop large pour conclure" if sous(calcul.bas) or sur(calcul.haut) else "dedans"
