"""Monthly counts of project leaders, the only thing of the register that leaves it: nothing under eleven persons.

A total minus what is published must not give a small count either. Writing the file belongs to the command.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from observatoire.registre.records import Porteur

SEUIL = 11
MENTION = "moins de 11, ou masqué pour en protéger un autre"


@dataclass(frozen=True)
class Compte:
    """Project leaders met in a month, in an EPCI or in all those of the register (`registre`)."""

    mois: str
    niveau: str
    code_territoire: str
    nombre: int | None

    def as_row(self) -> dict[str, object]:
        """Give it as a row of the source `porteurs_mensuels`."""
        cache = self.nombre is None
        return {
            **vars(self),
            "nombre": "" if cache else self.nombre,
            "statut_confidentialite": "C" if cache else "F",
            "mention": MENTION if cache else "",
        }


def monthly_counts(porteurs: Iterable[Porteur], territoires: Iterable[str], mois: str) -> list[Compte]:
    """Count the project leaders first met in a month (`2026-10`), by territory and in all.

    Every territory has its row, met or not: a missing row would be a count.
    """
    rencontres = Counter(porteur.code_epci for porteur in porteurs if porteur.rencontre_le.isoformat()[:7] == mois)
    publies, total = protect({territoire: rencontres[territoire] for territoire in territoires})
    lignes = [Compte(mois, "epci", code, nombre) for code, nombre in sorted(publies.items())]
    return [*lignes, Compte(mois, "registre", "registre", total)]


def protect(
    comptes: Mapping[str, int], seuil: int = SEUIL, choisir: Callable[[list[str]], str] = secrets.choice
) -> tuple[dict[str, int | None], int | None]:
    """Mask the counts that must not be known; return the others, and the total where it gives nothing away.

    What is masked together is at least two cells and `seuil` persons. A cell masked for another is drawn by lot: chosen
    by a rule, it would be recognised, and two masked cells that add up to twice ten would be ten each. Any masked cell
    may then be zero, or all that is masked.
    """
    masques = {code for code, nombre in comptes.items() if nombre < seuil}

    def trop_peu() -> bool:
        return bool(masques) and (len(masques) == 1 or sum(comptes[code] for code in masques) < seuil)

    autres = sorted(set(comptes) - masques)
    if trop_peu() and autres:
        masques.add(choisir(autres))
    publies = {code: None if code in masques else nombre for code, nombre in comptes.items()}
    return publies, None if trop_peu() else sum(comptes.values())
