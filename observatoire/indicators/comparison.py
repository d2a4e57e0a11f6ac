"""Whether two figures may be set side by side: the one place that answers, with the reason when it is no.

Jobs of Urssaf are yearly means of the régime général, posts of Flores are those of 31 December, public and private;
Sirene counts employers. None of these is a part of another. Knowing what a figure is belongs to `catalog` (which also
asks here before it takes a ratio for a share); showing figures belongs to `publication`.
"""

from dataclasses import dataclass

INCONNUE = "inconnu"


@dataclass(frozen=True)
class Chiffre:
    """What is said of a figure, in the field's words.

    Attributes:
        unite: what is counted, and when (« salariés, moyenne annuelle » is not « postes au 31 décembre »).
        champ: among whom.
        producteurs: who publishes what it rests on; for an estimate, the total it is calibrated on.
        periode: year or date; empty when the question is about what is counted, whenever.
        perimetre: definition of the ESS, empty for what counts everybody.
        nature: `reelle` or `demonstration`.
        ruptures: breaks of its series (« 2023 : … »).
        denominateur: the other term, when the figure is a ratio.
    """

    unite: str
    champ: str
    producteurs: frozenset[str]
    periode: str = ""
    perimetre: str = ""
    nature: str = "reelle"
    ruptures: tuple[str, ...] = ()
    denominateur: "Chiffre | None" = None


def comparable(a: Chiffre, b: Chiffre) -> str | None:
    """Say why two figures may not be set side by side, in French; None when they may."""
    if raison := _differ_in_kind(a, b):
        return raison
    if a.periode != b.periode or INCONNUE in (a.periode, b.periode):
        return _periods(a, b)
    if a.nature != b.nature:
        return "l'un est une démonstration, l'autre une donnée réelle"
    if (a.denominateur is None) != (b.denominateur is None):
        return "l'un est un rapport, l'autre non"
    if a.denominateur is not None and b.denominateur is not None:
        raison = comparable(a.denominateur, b.denominateur)
        if raison is None and a.denominateur.perimetre != b.denominateur.perimetre:
            # a part and its whole, as denominators, make two ratios
            raison = "l'un compte un périmètre de l'ESS, l'autre tout le monde"
        return f"leurs dénominateurs diffèrent : {raison}" if raison else None
    return None


def _differ_in_kind(a: Chiffre, b: Chiffre) -> str | None:
    if not (a.unite and b.unite and a.champ and b.champ):
        return "l'unité ou le champ de l'un n'est pas dit"
    if a.unite != b.unite:
        return f"deux unités (« {a.unite} », « {b.unite} »)"
    if a.champ != b.champ:
        return f"deux champs (« {a.champ} », « {b.champ} »)"
    if a.producteurs != b.producteurs:
        dits = [" et ".join(sorted(chiffre.producteurs)) or "aucun" for chiffre in (a, b)]
        return f"deux sources ({dits[0]} ; {dits[1]})"
    if a.perimetre and b.perimetre and a.perimetre != b.perimetre:
        return f"deux périmètres de l'ESS (« {a.perimetre} », « {b.perimetre} »)"
    return None


def _periods(a: Chiffre, b: Chiffre) -> str:
    if INCONNUE in (a.periode, b.periode):
        return "la période de l'un est inconnue"
    premiere, derniere = sorted((a.periode, b.periode))
    entre = [rupture for rupture in {*a.ruptures, *b.ruptures} if premiere[:4] < rupture[:4] <= derniere[:4]]
    suite = f", séparées par une rupture de série ({' ; '.join(sorted(entre))})" if entre else ""
    return f"deux périodes ({premiere}, {derniere}){suite}"
