"""How far matches can be trusted, measured on names a person labelled, with the exact interval of a proportion.

What is labelled and matched comes from elsewhere; whether anything may be accepted without a person is said here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import exp, lgamma, log, log1p

PAIRES_MINIMALES = 200
PRECISION_MINIMALE = 0.98
RISQUE = 0.05


@dataclass(frozen=True)
class Proportion:
    """A proportion that was counted, and its 95 % interval (Clopper and Pearson, 1934: never too narrow)."""

    favorables: int
    total: int

    @property
    def taux(self) -> float | None:
        """The proportion; None of nothing."""
        return self.favorables / self.total if self.total else None

    @property
    def borne_basse(self) -> float:
        """Lower limit: below it, so many would be seen less than 2.5 % of the time."""
        if self.favorables == 0:
            return 0.0
        return _solve(lambda p: _at_least(self.favorables, self.total, p) < RISQUE / 2)

    @property
    def borne_haute(self) -> float:
        """Upper limit: above it, so few would be seen less than 2.5 % of the time."""
        if self.favorables == self.total:
            return 1.0
        return _solve(lambda p: 1 - _at_least(self.favorables + 1, self.total, p) > RISQUE / 2)


def _solve(trop_bas: Callable[[float], bool]) -> float:
    """Find where a condition on a probability stops being true, by halves."""
    bas, haut = 0.0, 1.0
    for _ in range(50):
        milieu = (bas + haut) / 2
        bas, haut = (milieu, haut) if trop_bas(milieu) else (bas, milieu)
    return bas


def _at_least(favorables: int, total: int, p: float) -> float:
    """Return the probability of at least so many successes out of `total`."""
    if p <= 0 or p >= 1:
        return float(p >= 1 or favorables <= 0)
    commun = lgamma(total + 1)
    return min(1.0, sum(
        exp(commun - lgamma(k + 1) - lgamma(total - k + 1) + k * log(p) + (total - k) * log1p(-p))
        for k in range(favorables, total + 1)
    ))  # fmt: skip


@dataclass(frozen=True)
class Etiquette:
    """A labelled name and what matching says of it.

    Attributes:
        identifiant: what it truly names; None when nothing in the registers.
        certain: what matching is certain of; None when of nothing.
        proposes: all that is proposed for it.
        est_reelle: labelled by a person; a generated pair never counts.
        nom: the name, spelt as `names` spells it: two spellings of one name are one proof.
        code_commune: commune of the name, when its document gives one.
    """

    identifiant: str | None
    certain: str | None
    proposes: frozenset[str]
    est_reelle: bool
    nom: str
    code_commune: str | None = None


@dataclass(frozen=True)
class QualiteDesNoms:
    """What a labelled set says.

    Attributes:
        precision: of the names matching is certain of, those it is right about.
        rappel: of the names that have an identifier, those it is certain and right about.
        rappel_propositions: of the same, those whose identifier is among the proposals.
    """

    precision: Proportion
    rappel: Proportion
    rappel_propositions: Proportion

    @property
    def peut_accepter(self) -> bool:
        """Whether what is certain may be accepted without a person."""
        return self.precision.total >= PAIRES_MINIMALES and self.precision.borne_basse >= PRECISION_MINIMALE


def measure(etiquettes: Iterable[Etiquette]) -> QualiteDesNoms:
    """Measure precision and recall on the names a person labelled.

    A label repeated, or spelt otherwise, is no more proof: of one name, commune and identifier, the label that speaks
    against matching is the one that counts.
    """
    distinctes: dict[tuple[str, str | None, str | None], Etiquette] = {}
    for etiquette in etiquettes:
        cle = (etiquette.nom, etiquette.code_commune, etiquette.identifiant)
        if etiquette.est_reelle and (cle not in distinctes or _is_wrong(etiquette)):
            distinctes[cle] = etiquette
    reelles = list(distinctes.values())
    certaines = [e for e in reelles if e.certain is not None]
    justes = sum(e.certain == e.identifiant for e in certaines)
    identifiables = [e for e in reelles if e.identifiant is not None]
    return QualiteDesNoms(
        Proportion(justes, len(certaines)),
        Proportion(sum(e.certain == e.identifiant for e in identifiables), len(identifiables)),
        Proportion(sum(e.identifiant in e.proposes for e in identifiables), len(identifiables)),
    )


def _is_wrong(etiquette: Etiquette) -> bool:
    return etiquette.certain is not None and etiquette.certain != etiquette.identifiant
