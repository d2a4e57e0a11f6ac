"""Whether the figures of one document agree with each other: sums and ratios, apart from any source.

Intervals are carried through, so that an approximation stays one. A document that agrees with itself is not confirmed:
verdicts belong to `verdicts`.
"""

from collections import Counter
from decimal import Decimal
from typing import Any

from observatoire.derived import versions_of, write_rows
from observatoire.fingerprints import code_owed
from observatoire.schemas import NOMBRE, TEXTE, Colonne, Table
from observatoire.warehouse import Entrepot, fingerprint

LIT = ("qualite.declarations", "referentiels.arithmetique_declarations")

ARITHMETIQUE = Table(
    "Calculs entre chiffres d'un même document ; un document cohérent n'est pas pour autant confirmé.",
    (
        Colonne("document", TEXTE, "Document.", obligatoire=True),
        Colonne("controle", TEXTE, "Nom du calcul.", obligatoire=True),
        Colonne("calcul", TEXTE, "Le calcul, de gauche à droite.", obligatoire=True),
        Colonne("resultat_bas", NOMBRE, "Résultat ; borne basse quand un terme est approximatif."),
        Colonne("resultat_haut", NOMBRE, "Résultat ; borne haute quand un terme est approximatif."),
        Colonne("unite", TEXTE, "Unité du résultat.", obligatoire=True),
        Colonne("verdict", TEXTE, "coherent, incoherent, plausible, peu_plausible, sans_repere.", obligatoire=True),
        Colonne("explication", TEXTE, "Ce qui était attendu, et pourquoi.", obligatoire=True),
    ),
    cle=("document", "controle"),
)

Intervalle = tuple[Decimal, Decimal]
SIXIEME = Decimal("0.000001")


def compute_arithmetic(entrepot: Entrepot) -> dict[str, int]:
    """Do every computation and write `indicateurs.arithmetique_declarations`; return the number of each verdict."""
    entrees = versions_of(entrepot, LIT)
    with entrepot.connect(LIT) as connexion:
        declarations = connexion.sql("FROM qualite.declarations").to_arrow_table().to_pylist()
        controles = connexion.sql(
            "FROM referentiels.arithmetique_declarations ORDER BY document, controle"
        ).to_arrow_table().to_pylist()
    lignes = [check_arithmetic(controle, _quantities(declarations, controle["document"])) for controle in controles]
    dit = {"version": arithmetic_version(entrees), "entrees": entrees}
    write_rows(entrepot, "indicateurs.arithmetique_declarations", ARITHMETIQUE, lignes, dit)
    return dict(Counter(ligne["verdict"] for ligne in lignes))


def arithmetic_version(entrees: dict[str, str | None]) -> str:
    """Return the version of the table, from what it reads and how it is computed."""
    return fingerprint(entrees, code_owed(__name__))


def check_arithmetic(controle: dict[str, Any], grandeurs: dict[str, Intervalle]) -> dict[str, Any]:
    """Do one computation on the quantities of its document.

    Returns:
        A row of `ARITHMETIQUE`: the result, its verdict, and what was expected.
    """
    dit = {nom: controle[nom] for nom in ("document", "controle", "calcul", "unite")}
    attendue = controle["grandeur_attendue"]
    nommees = {mot for mot in controle["calcul"].split()[::2] if mot[0].isalpha()} | ({attendue} if attendue else set())
    if manquantes := sorted(nommees - grandeurs.keys()):
        manque = f"le document ne déclare pas (ou déclare deux fois) : {', '.join(manquantes)}"
        return dit | {"resultat_bas": None, "resultat_haut": None, "verdict": "sans_repere", "explication": manque}
    try:
        bas, haut = evaluate(controle["calcul"], grandeurs)
    except ZeroDivisionError as erreur:
        nul = {"resultat_bas": None, "resultat_haut": None, "verdict": "sans_repere", "explication": str(erreur)}
        return dit | nul
    if attendue:
        voulu_bas, voulu_haut = grandeurs[attendue]
        verdict = "coherent" if bas <= voulu_haut and voulu_bas <= haut else "incoherent"
        attendu = f"doit retrouver {attendue} ({_in_words(voulu_bas, voulu_haut)})"
    elif controle["plausible_bas"] is not None and controle["plausible_haut"] is not None:
        dedans = controle["plausible_bas"] <= bas and haut <= controle["plausible_haut"]
        verdict = "plausible" if dedans else "peu_plausible"
        attendu = f"plausible {_in_words(controle['plausible_bas'], controle['plausible_haut'])}"
    else:
        verdict, attendu = "sans_repere", "rien à quoi le comparer"
    explication = f"{attendu} : {controle['raison']}"
    return dit | {"resultat_bas": bas, "resultat_haut": haut, "verdict": verdict, "explication": explication}


def evaluate(calcul: str, grandeurs: dict[str, Intervalle]) -> Intervalle:
    """Compute `a / b * 100` left to right on intervals, to the sixth decimal.

    Raises:
        ZeroDivisionError: a divisor may be zero.
    """
    premier, *suite = calcul.split()
    bas, haut = _term(premier, grandeurs)
    for operateur, mot in zip(suite[::2], suite[1::2], strict=True):
        autre_bas, autre_haut = _term(mot, grandeurs)
        if operateur == "/" and autre_bas <= 0 <= autre_haut:
            raise ZeroDivisionError(f"{calcul} : {mot} peut être nul")
        couples = [(x, y) for x in (bas, haut) for y in (autre_bas, autre_haut)]
        resultats = [_apply(operateur, x, y) for x, y in couples]
        bas, haut = min(resultats), max(resultats)
    return bas.quantize(SIXIEME), haut.quantize(SIXIEME)


def _apply(operateur: str, x: Decimal, y: Decimal) -> Decimal:
    match operateur:
        case "+":
            return x + y
        case "-":
            return x - y
        case "*":
            return x * y
        case _:
            return x / y


def _term(mot: str, grandeurs: dict[str, Intervalle]) -> Intervalle:
    return grandeurs[mot] if mot[0].isalpha() else (Decimal(mot), Decimal(mot))


def _quantities(declarations: list[dict[str, Any]], document: str) -> dict[str, Intervalle]:
    """List the quantities a document declares once, as intervals."""
    trouvees: dict[str, Intervalle] = {}
    repetees = set()
    for declaration in declarations:
        bas, haut = (
            declaration["valeur"] if declaration[nom] is None else declaration[nom]
            for nom in ("borne_basse", "borne_haute")
        )
        if declaration["document"] == document and bas is not None and haut is not None:
            repetees |= {declaration["grandeur"]} & trouvees.keys()
            trouvees[declaration["grandeur"]] = (bas, haut)
    return {grandeur: bornes for grandeur, bornes in trouvees.items() if grandeur not in repetees}


def _in_words(bas: Decimal, haut: Decimal) -> str:
    dits = [f"{borne.normalize():,f}".replace(",", "\u202f").replace(".", ",") for borne in (bas, haut)]
    return dits[0] if bas == haut else f"de {dits[0]} à {dits[1]}"
