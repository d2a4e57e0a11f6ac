"""Numbers behind the demonstration of Sirene: legal units and their establishments, drawn as arrays.

Belongs here: chance and the coherence of a unit with its establishments (a ceased unit has only closed ones, a moved
head office leaves a closed one behind). Does not: what happened to an establishment between its birth and now
(``sirene_periods``), names, codes of columns (``sirene_columns``), files (``sirene``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from observatoire.demonstration.identifiers import Integers, draw_sirens, sirets
from observatoire.demonstration.profiles import ACTIVITIES, Mix

Booleans = npt.NDArray[np.bool_]

LAST_DAY = int(np.datetime64("2026-10-31").astype("int64"))
"""Eve of the stock, counted in days from 1970: nothing happens after it."""

UNKNOWN, KNOWN, NOT_EMPLOYING = range(3)
"""What is known of the size band: nothing, the band, or ``NN``."""


@dataclass(frozen=True)
class Units:
    """Legal units of a batch, one item per unit; days are counted from 1970, activities are ranks in `ACTIVITIES`."""

    siren: Integers
    profile: Integers
    category: Integers
    activity: Integers
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
    """Establishments of a batch, one item per establishment, those of a unit in a row.

    Attributes:
        closed: day of closing, meaningless for an active one.
        succeeded: whether the next establishment of the unit takes over from this one, which may stay open.
    """

    unit: Integers
    siret: Integers
    head: Booleans
    active: Booleans
    employer: Booleans
    employer_known: Booleans
    headcount: Integers
    created: Integers
    closed: Integers
    succeeded: Booleans
    commune: Integers


def draw_units(first_unit: int, establishments: int, seed: int, mix: Mix, rng: np.random.Generator) -> Units:
    """Draw units until they hold exactly the number of establishments asked for."""
    size = _choose(mix.sizes, establishments, rng)
    held = size.cumsum()
    count = int(np.searchsorted(held, establishments)) + 1
    size = size[:count]
    size[-1] -= held[count - 1] - establishments

    profile = rng.choice(len(mix.profiles), count, p=_shares([profile.part for profile in mix.profiles]))
    category = np.zeros(count, dtype=np.int64)
    activity = np.zeros(count, dtype=np.int64)
    for index, kind in enumerate(mix.profiles):
        members = np.flatnonzero(profile == index)
        category[members] = _choose(kind.categories, len(members), rng)
        ranks = {ACTIVITIES.index(code): weight for code, weight in kind.activites.items()}
        activity[members] = _choose(ranks, len(members), rng)

    active = rng.random(count) < np.array([kind.actif for kind in mix.profiles])[profile]
    employer = active & (rng.random(count) < np.array([kind.employeur for kind in mix.profiles])[profile])
    longest = LAST_DAY - np.datetime64("1950-01-01").astype("int64")
    growth = mix.growth * 365.25
    # Two days for each establishment that has to open and close since.
    room = np.where(active & (size == 1), 0, 2 * size)
    age = -growth * np.log1p(-rng.random(count) * -np.expm1(-longest / growth))
    created = LAST_DAY - np.maximum(age.astype("int64"), room)
    changed = created + room + ((LAST_DAY - created - room) * rng.random(count) ** mix.brevity).astype("int64")
    moved = (size > 1) & (rng.random(count) < mix.moved)
    chance = rng.random(count)
    # Bands are known two years later, and some never are.
    known = employer & (chance < 0.94) & (created < LAST_DAY - 300)
    not_employing = ~employer & active & (chance < 0.12)
    yes = np.array([kind.ess[0] for kind in mix.profiles])[profile]
    no = np.array([kind.ess[1] for kind in mix.profiles])[profile]
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
        changed=changed,
        band_state=np.select([known, not_employing], [KNOWN, NOT_EMPLOYING], UNKNOWN),
        band_year=np.where(rng.random(count) < 0.1, 2023, 2024),
        ess=np.select([flag < yes, flag < yes + no], [1, 2], 0),
    )


def draw_establishments(units: Units, communes: pd.DataFrame, mix: Mix, rng: np.random.Generator) -> Establishments:
    """Draw the establishments of the units, in communes chosen by weight."""
    unit = np.repeat(np.arange(len(units.size)), units.size)
    rank = np.arange(len(unit)) - np.repeat(units.size.cumsum() - units.size, units.size)
    head_rank, chance = units.head_rank[unit], rng.random(len(unit))
    head = rank == head_rank
    # Those before the head office are the places it left; of the others, a quarter have closed.
    survives = head | np.where(rank < head_rank, chance < 0.15, chance < 0.75)
    active = units.active[unit] & survives
    # The head office went from each to the next; some of the other places moved as well.
    followed = rank < units.size[unit] - 1
    succeeded = followed & ((rank < head_rank) | (~survives & (rng.random(len(unit)) < 0.3)))
    created, closed = _draw_lives(units, unit, rank, survives, succeeded, mix, rng)

    once = rng.random(len(unit))
    # Frozen when closed: some closed establishments are employers for ever.
    employer = np.where(
        active,
        units.employer[unit] & (head | (once < 0.85)),
        once < np.where(succeeded & units.employer[unit], 0.8, 0.2),
    )
    means = np.array([kind.effectif for kind in mix.profiles])[units.profile][unit]
    # Lognormal of spread 1.5: many small employers, a few large ones, and the mean asked for.
    headcount = np.rint(means * rng.lognormal(-(1.5**2) / 2, 1.5, len(unit))).astype("int64")
    return Establishments(
        unit=unit,
        siret=sirets(units.siren[unit], rank + 1),
        head=head,
        active=active,
        employer=employer,
        # Unknown for a part of what closed before 2000.
        employer_known=active | (closed > 10_957) | (rng.random(len(unit)) < 0.7),
        headcount=np.where(active & employer, headcount, 0),
        created=created,
        closed=closed,
        succeeded=succeeded,
        commune=rng.choice(len(communes), len(unit), p=_shares(communes["poids"])),
    )


def _draw_lives(
    units: Units,
    unit: Integers,
    rank: Integers,
    survives: Booleans,
    succeeded: Booleans,
    mix: Mix,
    rng: np.random.Generator,
) -> tuple[Integers, Integers]:
    """Draw the days of creation and of closing: a unit opens with its first place, and closes with those that survive.

    What takes over from a closed place opens the day that one closes, or in the following month. Each place leaves two
    days to each of those that follow, so that all of them have the time to live one.
    """
    last = np.where(units.active, LAST_DAY, units.changed)[unit]
    born = units.created[unit]
    end = last - 2 * (units.size[unit] - 1 - rank)
    created = np.where(rank == 0, born, born + ((end - 2 - born) * rng.random(len(unit))).astype("int64"))
    life = rng.random(len(unit)) ** mix.brevity
    delay = np.where(rng.random(len(unit)) < 0.85, 0, rng.integers(1, 31, len(unit)))
    closed = np.zeros_like(created)
    for step in range(int(units.size.max())):
        here = np.flatnonzero(rank == step)
        if step:
            heirs = here[succeeded[here - 1] & ~survives[here - 1]]
            created[heirs] = np.minimum(closed[heirs - 1] + delay[heirs], end[heirs] - 2)
        closed[here] = created[here] + 1 + (life[here] * (end[here] - created[here] - 1)).astype("int64")
    return created, np.where(survives, last, closed)


def _choose(weights: Mapping[Any, float], count: int, rng: np.random.Generator) -> npt.NDArray[Any]:
    return rng.choice(np.array(list(weights)), count, p=_shares(list(weights.values())))


def _shares(weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = np.asarray(weights, dtype="float64")
    shares: npt.NDArray[np.float64] = values / values.sum()
    return shares
