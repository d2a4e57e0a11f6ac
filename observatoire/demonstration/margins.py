"""The margins the demonstration is scaled on: figures published about territories other than the observed one.

Each says where it comes from. None is declared about Clermont Auvergne Métropole, nor derived from such a declaration
(its 27.6 k€ per employee, for instance): a declaration must not find here what it would need to be confirmed. What is
only a hand-made order of magnitude (shape of a distribution, noise) stays in the module that draws with it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """A family of the ESS in France.

    Attributes:
        libelle: as Urssaf writes it.
        structures: employers published for the family, used as the weights of the families.
        postes: jobs published for the family.
    """

    libelle: str
    structures: int
    postes: int

    @property
    def etablissements(self) -> float:
        """Establishments of the family: the 212,718 of France 2020-22 (avise.org), shared as the structures are."""
        return 212_718 * self.structures / sum(family.structures for family in FAMILIES)

    @property
    def postes_par_etablissement(self) -> float:
        """Average size of an establishment of the family."""
        return self.postes / self.etablissements


FAMILIES = (
    Family("Associations", 120_749, 2_600_000 - 313_239 - 137_738 - 122_916),
    Family("Coopératives", 23_880, 313_239),
    Family("Mutuelles", 7_329, 137_738),
    Family("Fondations", 721, 122_916),
)
"""France 2020-22 by family (ESS France panorama, through carenews and avise.org).

The jobs of associations are what the other families leave of the 2.6 M. Published structures mix enterprises and
establishments, hence very large foundations: good enough for weights, not for a lesson on foundations.
"""

FLORES_YEAR = 2024
"""Vintage of Flores that is imitated."""


def flores_france(year: int) -> tuple[float, float]:
    """Return the employer establishments and the posts on 31 December of France.

    Flores 2024: 2,411,570 and 26,604,745 (Insee); other years a little below, by hand.
    """
    scale = 0.997 ** (FLORES_YEAR - year)
    return 2_411_570 * scale, 26_604_745 * scale


def private_outside_ess() -> tuple[float, float]:
    """Return the establishments and jobs of the private employers outside the ESS, France.

    The ESS is 13.6 % of private jobs (France, end of 2019, Atlas 2023) and 10 % of employer establishments
    (Auvergne-Rhône-Alpes 2015, CLAP).
    """
    establishments = sum(family.etablissements for family in FAMILIES)
    jobs = sum(family.postes for family in FAMILIES)
    return establishments * (1 / 0.10 - 1), jobs * (1 / 0.136 - 1)


def gross_pay_per_head(year: int, *, is_ess: bool) -> float:
    """Return the yearly gross pay per employee, in euros.

    France 2012: 60 G€ for 2.3 M employees of the ESS (Insee), carried on by 1.5 % a year, an order of magnitude chosen
    by hand. Outside the ESS, pay is deduced from the 11.1 % of employees and 9 % of payroll that the ESS is in
    Auvergne-Rhône-Alpes 2015 (CLAP).
    """
    ess = 60e9 / 2.3e6 * 1.015 ** (year - 2012)
    return ess if is_ess else ess * (0.91 / 0.889) / (0.09 / 0.111)
