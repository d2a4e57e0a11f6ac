"""Who is in the demonstration of Sirene: kinds of legal units, with their share and what distinguishes them.

Belongs here: the mixes. Does not: how a row is drawn from one (``sirene_draws``). Shares and probabilities are
hand-made, but for the families of the ESS, which follow the published margins.

There are two mixes. In `LOCAL`, ceased units and units without employees are deliberately scarce: sixty thousand rows
then hold about as many ESS employers as a département of the size of the Puy-de-Dôme has, and estimates calibrated on
Urssaf make sense. `NATIONAL` has the proportions of the real stock, so that a bench at its size costs what it costs.
"""

from dataclasses import dataclass, replace

from observatoire.demonstration.margins import FAMILIES


@dataclass(frozen=True)
class Profile:
    """A kind of legal unit.

    Attributes:
        nom: word put in the names of its units; empty for natural persons.
        part: weight among the units.
        categories: legal categories, with weights.
        activites: NAF rév. 2 codes, with weights.
        ancienne_activite: code of the nomenclatures before 2008, for what closed before.
        actif: probability of being active.
        employeur: probability of employing, when active.
        effectif: average size of an employer establishment.
        ess: probabilities of the ESS indicator being O and N, otherwise null.
    """

    nom: str
    part: float
    categories: dict[int, float]
    activites: dict[str, float]
    ancienne_activite: str
    actif: float
    employeur: float
    effectif: float
    ess: tuple[float, float] = (0.0, 0.0)


def _even(codes: str) -> dict[str, float]:
    return dict.fromkeys(codes.split(), 1.0)


def _ess_employers() -> list[Profile]:
    """Employers of the four families: one unit in 22, shared and sized as published.

    The indicator is the more often missing as the category is less clear-cut: 96 % of O observed on associations, 75 %
    on production co-operatives.
    """
    categories = {
        "Associations": {9220: 0.93, 9221: 0.02, 9222: 0.01, 9223: 0.01, 9230: 0.03},
        "Coopératives": {
            5458: 0.18, 5460: 0.18, 5558: 0.03, 5560: 0.06, 5710: 0.06, 6316: 0.17, 6317: 0.12, 6318: 0.03, 5552: 0.02,
            6595: 0.09, 6596: 0.05, 5192: 0.01,
        },
        "Mutuelles": {8210: 0.6, 6411: 0.25, 8290: 0.15},
        "Fondations": {9300: 1.0},
    }  # fmt: skip
    activities = {
        "Associations": {
            "94.99Z": 0.20, "93.12Z": 0.12, "88.10A": 0.08, "88.99B": 0.12, "88.91A": 0.07, "85.20Z": 0.06,
            "85.31Z": 0.04, "85.59A": 0.05, "87.10A": 0.03, "87.30B": 0.05, "90.01Z": 0.08, "90.04Z": 0.03,
            "93.29Z": 0.04, "81.30Z": 0.03,
        },
        "Coopératives": _even("43.32A 62.02A 71.12B 46.21Z 01.61Z 10.51C 64.19Z 70.22Z 47.29Z"),
        "Mutuelles": {"65.12Z": 0.4, "65.11Z": 0.1, "47.78A": 0.2, "86.23Z": 0.2, "87.10A": 0.1},
        "Fondations": {"94.99Z": 0.3, "86.10Z": 0.25, "87.10B": 0.2, "72.19Z": 0.15, "91.02Z": 0.1},
    }  # fmt: skip
    indicator = {"Associations": (0.96, 0.0), "Coopératives": (0.75, 0.05), "Mutuelles": (0.6, 0.0)}
    old = {"Associations": "91.3E", "Coopératives": "51.3S", "Mutuelles": "66.0G", "Fondations": "91.3E"}
    structures = sum(family.structures for family in FAMILIES)
    return [
        Profile(
            nom=family.libelle.removesuffix("s").upper().replace("É", "E"),
            part=0.0455 * family.structures / structures,
            categories=categories[family.libelle],
            activites=activities[family.libelle],
            ancienne_activite=old[family.libelle],
            actif=0.9,
            employeur=0.97,
            effectif=family.postes_par_etablissement,
            ess=indicator.get(family.libelle, (0.8, 0.0)),
        )
        for family in FAMILIES
    ]


PROFILES = (
    Profile(
        "", 0.56, {1000: 1},
        _even("43.34Z 43.22A 47.11B 49.32Z 56.10C 62.01Z 69.10Z 74.10Z 86.21Z 86.90D 96.02A 01.50Z"),
        "52.4C", 0.62, 0.28, 2.5,
    ),
    Profile(
        "SOCIETE", 0.245, {5499: 0.49, 5710: 0.49, 5599: 0.02},
        _even("10.71C 22.29A 25.62B 43.32A 45.20A 46.69B 47.11F 49.41A 56.10A 62.02A 68.31Z 70.22Z"),
        "74.1G", 0.78, 0.8, 11, (0.0, 0.03),
    ),
    Profile("SOCIETE CIVILE", 0.045, {6540: 1}, {"68.20B": 1}, "70.2C", 0.85, 0.02, 2),
    Profile("COPROPRIETE", 0.01, {9110: 1}, {"81.10Z": 1}, "70.3C", 0.95, 0.1, 1.5),
    Profile(
        "ORGANISME PUBLIC", 0.012, {7210: 0.4, 7331: 0.2, 7361: 0.25, 7410: 0.15}, {"84.11Z": 1},
        "75.1A", 0.92, 0.9, 45, (0.02, 0.0),
    ),
    Profile("HOPITAL", 0.0003, {7364: 1}, {"86.10Z": 1}, "85.1A", 0.95, 1, 400),
    # Associations without employees: most associations.
    Profile(
        "ASSOCIATION", 0.075, {9220: 0.97, 9210: 0.03},
        {"94.99Z": 0.5, "93.12Z": 0.2, "90.01Z": 0.13, "93.29Z": 0.1, "88.99B": 0.07},
        "91.3E", 0.8, 0.0, 1, (0.96, 0.0),
    ),
    # Commercial companies of the ESS: only the indicator tells them from the others.
    Profile(
        "SOCIETE ESS", 0.002, {5710: 0.8, 5499: 0.2}, _even("38.11Z 47.79Z 70.22Z 88.99B"),
        "74.1G", 0.9, 0.8, 9, (1.0, 0.0),
    ),
    # Associative legal categories whose activity is out of the field.
    Profile("CULTE", 0.003, {9220: 0.8, 9240: 0.2}, {"94.91Z": 1}, "91.3A", 0.9, 0.35, 3, (0.3, 0.1)),
    Profile("SYNDICAT", 0.002, {8410: 0.9, 9220: 0.1}, {"94.20Z": 1}, "91.2Z", 0.85, 0.2, 3, (0.1, 0.1)),
    Profile("MOUVEMENT POLITIQUE", 0.0005, {9220: 1}, {"94.92Z": 1}, "91.3C", 0.8, 0.1, 2, (0.3, 0.1)),
    Profile(
        "ORGANISATION PATRONALE", 0.001, {8420: 0.5, 9220: 0.5}, {"94.11Z": 0.5, "94.12Z": 0.5},
        "91.1A", 0.85, 0.4, 5, (0.2, 0.1),
    ),
    *_ess_employers(),
)  # fmt: skip

ACTIVITIES = sorted({code for profile in PROFILES for code in profile.activites})
"""The NAF rév. 2 codes of the demonstration."""


@dataclass(frozen=True)
class Mix:
    """Proportions of a whole stock.

    Attributes:
        profiles: the kinds of units; the same ones, in the same order, in every mix.
        sizes: number of establishments of a unit, with weights.
        moved: probability that a unit of several establishments has moved its head office from one to the next.
        growth: years in which creations are multiplied by e; all of them are after 1950.
        brevity: above 1, what closed did so early in the time it had.
    """

    profiles: tuple[Profile, ...]
    sizes: dict[int, float]
    moved: float
    growth: float
    brevity: float


LOCAL = Mix(
    PROFILES,
    sizes={1: 0.86, 2: 0.1, 3: 0.02, 4: 0.01, 5: 0.004, 6: 0.003, 7: 0.002, 8: 0.001},
    moved=0.3,
    growth=25,
    brevity=2,
)


def _national() -> Mix:
    """Change weights and probabilities so as to find the margins of the real stock of 2026.

    43.9 M establishments of 29.9 M units, of which 56 % natural persons and 1.36 M flagged ESS; about 16 M active
    establishments, 2.4 M of them employers, a tenth of which in the ESS; some ten million links of succession.
    """
    changes = {  # weight, probability of being active, of employing when active
        "": (0.533, 0.35, 0.043),
        "SOCIETE": (0.222, 0.53, 0.405),
        "SOCIETE CIVILE": (0.105, 0.68, 0.015),
        "COPROPRIETE": (0.03, 0.9, 0.08),
        "ORGANISME PUBLIC": (0.005, 0.65, 0.9),
        "HOPITAL": (0.0001, 0.6, 1.0),
        "ASSOCIATION": (0.037, 0.85, 0.0),
        "SOCIETE ESS": (0.0006, 0.8, 0.6),
        "CULTE": (0.001, 0.9, 0.35),
        "SYNDICAT": (0.002, 0.85, 0.15),
        "MOUVEMENT POLITIQUE": (0.0003, 0.8, 0.1),
        "ORGANISATION PATRONALE": (0.0006, 0.85, 0.4),
    }
    profiles = []
    for profile in PROFILES[: -len(FAMILIES)]:
        part, actif, employeur = changes[profile.nom]
        profiles.append(replace(profile, part=part, actif=actif, employeur=employeur))
    # Of the units there are, the employers of the four families are over six times scarcer than in the local mix.
    profiles += [replace(profile, part=profile.part * 0.158) for profile in PROFILES[-len(FAMILIES) :]]
    return Mix(
        tuple(profiles),
        sizes={1: 0.72, 2: 0.18, 3: 0.055, 4: 0.022, 5: 0.01, 6: 0.006, 7: 0.004, 8: 0.003},
        moved=0.75,
        growth=40,
        brevity=3,
    )


NATIONAL = _national()
