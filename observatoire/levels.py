"""The levels of territory, said once."""

from typing import Literal, get_args

# those of a place that is known
Niveau = Literal["commune", "epci", "departement", "region", "france"]
NIVEAUX: tuple[str, ...] = (*get_args(Niveau), "inconnu")
