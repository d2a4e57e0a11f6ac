"""Numbers behind the demonstration of Sirene: legal units and their establishments, drawn as arrays.

Belongs here: chance and the coherence of a unit with its establishments (a ceased unit has only closed ones, a moved
head office leaves a closed one behind). Does not: names, codes of columns, files (``sirene``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from observatoire.demonstration.identifiers import Integers, draw_sirens, sirets
from observatoire.demonstration.profiles import PROFILES

Booleans = npt.NDArray[np.bool_]

LAST_DAY = int(np.datetime64("2026-10-31").astype("int64"))
"""Eve of the stock, counted in days from 1970: nothing happens after it."""

UNKNOWN, KNOWN, NOT_EMPLOYING = range(3)
"""What is known of the size band: nothing, the band, or ``NN``."""


@dataclass(frozen=True)
class Units:
    """Legal units of a batch, one item per unit; days are counted from 1970."""

    siren: Integers
    profile: Integers
    category: Integers
    activity: npt.NDArray[np.str_]
    size: Integers
    head_rank: Integers
    active: Booleans
    employer: Booleans
    partial: Booleans
    created: Integers
    changed: Integers
    band_state: Integers
    band_year: Integers
    ess: Integers


@dataclass(frozen=True)
class Establishments:
    """Establishments of a batch, one item per establishment, those of a unit in a row."""

    unit: Integers
    siret: Integers
    head: Booleans
    active: Booleans
    employer: Booleans
    headcount: Integers
    created: Integers
    changed: Integers
    commune: Integers


def draw_units(first_unit: int, establishments: int, seed: int, rng: np.random.Generator) -> Units:
    """Draw units until they hold exactly the number of establishments asked for."""
    # Number of establishments of a unit: 1 for 86 % of them, up to 8.
    size = rng.choice(np.arange(1, 9), establishments, p=[0.86, 0.1, 0.02, 0.01, 0.004, 0.003, 0.002, 0.001])
    held = size.cumsum()
    count = int(np.searchsorted(held, establishments)) + 1
    size = size[:count]
    size[-1] -= held[count - 1] - establishments

    parts = np.array([profile.part for profile in PROFILES])
    profile = rng.choice(len(PROFILES), count, p=parts / parts.sum())
    category = np.zeros(count, dtype=np.int64)
    activity = np.empty(count, dtype="U6")
    for index, kind in enumerate(PROFILES):
        members = np.flatnonzero(profile == index)
        category[members] = _choose(kind.categories, len(members), rng)
        activity[members] = _choose(kind.activites, len(members), rng)

    active = rng.random(count) < np.array([kind.actif for kind in PROFILES])[profile]
    employer = active & (rng.random(count) < np.array([kind.employeur for kind in PROFILES])[profile])
    # From 1950 on; squared, for more units of recent years than of old ones.
    span = LAST_DAY - np.datetime64("1950-01-01").astype("int64")
    created = (LAST_DAY - span * rng.random(count) ** 2).astype("int64")
    moved = (size > 1) & (rng.random(count) < 0.3)
    chance = rng.random(count)
    # Bands are known two years later, and some never are.
    known = employer & (chance < 0.94) & (created < LAST_DAY - 300)
    not_employing = ~employer & active & (chance < 0.12)
    yes = np.array([kind.ess[0] for kind in PROFILES])[profile]
    no = np.array([kind.ess[1] for kind in PROFILES])[profile]
    flag = rng.random(count)
    return Units(
        siren=draw_sirens(first_unit, count, seed),
        profile=profile,
        category=category,
        activity=activity,
        size=size,
        head_rank=np.where(moved, size - 1, 0),
        active=active,
        employer=employer,
        # Partial diffusion is mostly asked for by natural persons.
        partial=rng.random(count) < np.where(category == 1000, 0.035, 0.002),
        created=created,
        changed=(created + (LAST_DAY - created) * rng.random(count)).astype("int64"),
        band_state=np.select([known, not_employing], [KNOWN, NOT_EMPLOYING], UNKNOWN),
        band_year=np.where(rng.random(count) < 0.1, 2023, 2024),
        ess=np.select([flag < yes, flag < yes + no], [1, 2], 0),
    )


def draw_establishments(units: Units, communes: pd.DataFrame, rng: np.random.Generator) -> Establishments:
    """Draw the establishments of the units, in communes chosen by population."""
    unit = np.repeat(np.arange(len(units.size)), units.size)
    rank = np.arange(len(unit)) - np.repeat(units.size.cumsum() - units.size, units.size)
    head_rank, chance = units.head_rank[unit], rng.random(len(unit))
    head = rank == head_rank
    # Those before the head office are the places it left; of the others, a quarter have closed.
    survives = head | np.where(rank < head_rank, chance < 0.15, chance < 0.75)
    active = units.active[unit] & survives
    once = rng.random(len(unit))
    # Frozen when closed: some closed establishments are employers for ever.
    employer = np.where(active, units.employer[unit] & (head | (once < 0.85)), once < 0.2)

    last = np.where(units.active, LAST_DAY, units.changed)[unit]
    born = units.created[unit]
    created = np.where(rank == 0, born, born + (last - born) * rng.random(len(unit))).astype("int64")
    changed = (created + (last - created) * rng.random(len(unit))).astype("int64")
    changed = np.where(survives & ~active, last, changed)

    means = np.array([kind.effectif for kind in PROFILES])[units.profile][unit]
    # Lognormal of spread 1.5: many small employers, a few large ones, and the mean asked for.
    headcount = np.rint(means * rng.lognormal(-(1.5**2) / 2, 1.5, len(unit))).astype("int64")
    weight = communes["population_municipale"].to_numpy(dtype="float64")
    return Establishments(
        unit=unit,
        siret=sirets(units.siren[unit], rank + 1),
        head=head,
        active=active,
        employer=employer,
        headcount=np.where(active & employer, headcount, 0),
        created=created,
        changed=changed,
        commune=rng.choice(len(communes), len(unit), p=weight / weight.sum()),
    )


def _choose(weights: Mapping[Any, float], count: int, rng: np.random.Generator) -> npt.NDArray[Any]:
    shares = np.array(list(weights.values()))
    return rng.choice(np.array(list(weights)), count, p=shares / shares.sum())
