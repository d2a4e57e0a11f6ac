"""The headers of a grant file, read from `en_tetes.yml` beside this module."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from observatoire.declarations import read_yaml
from observatoire.schemas import EnTete


class Noms(TypedDict):
    """What a `Colonne` takes of its headers."""

    en_tetes: tuple[str, ...]
    a_defaut: tuple[EnTete, ...]


def declared_headers() -> dict[str, Noms]:
    """Return the headers of each column; an entry that is mistyped raises a TypeError."""
    declares = read_yaml(Path(__file__).with_name("en_tetes.yml"), "subventions/en_tetes.yml")
    return {colonne: _names(**declare) for colonne, declare in declares.items()}


def _names(
    officiels: Sequence[str] = (), rencontres: Sequence[str] = (), a_defaut: Sequence[Mapping[str, Any]] = ()
) -> Noms:
    return Noms(en_tetes=(*officiels, *rencontres), a_defaut=tuple(_weaker(**declare) for declare in a_defaut))


def _weaker(
    nom: str, avec: Sequence[str] = (), sans: Sequence[str] = (), dit: Mapping[str, str] | None = None
) -> EnTete:
    return EnTete(nom, tuple(avec), tuple(sans), tuple((dit or {}).items()))
