"""Lives of the demonstration establishments: their periods, and who took over from whom, drawn as arrays.

Belongs here: when something changed, and what each period was like, so that the current one is the stock's. Does not:
births and closings (``sirene_draws``), the columns of the files (``sirene_columns``).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from observatoire.demonstration.identifiers import Integers
from observatoire.demonstration.sirene_draws import LAST_DAY, Booleans, Establishments

UNKNOWN_DAY = int(np.datetime64("1900-01-01").astype("int64"))
"""Insee's word for an unknown date."""

CHANGES = 3
"""Most changes of an establishment between its creation and its closing."""


@dataclass(frozen=True)
class Periods:
    """Periods of a batch in the order of the official file: by establishment, the current one first.

    Attributes:
        establishment: rank of the establishment.
        start: first day.
        following: first day of the next period; `LAST_DAY` for the current one.
        current: whether it is the current one.
        first: whether it opened the establishment.
        active: whether the establishment was active.
        employer: whether it was an employer.
        named: whether it had a usual name, which it has not any more.
    """

    establishment: Integers
    start: Integers
    following: Integers
    current: Booleans
    first: Booleans
    active: Booleans
    employer: Booleans
    named: Booleans


@dataclass(frozen=True)
class Links:
    """Links of succession: ranks of the two establishments of each, and what passed from one to the other."""

    predecessor: Integers
    successor: Integers
    day: Integers
    head_office: Booleans
    continuity: Booleans


def draw_periods(drawn: Establishments, rng: np.random.Generator) -> Periods:
    """Draw what happened to establishments since their creation."""
    count = len(drawn.siret)
    closing = ~drawn.active
    end = np.where(closing, drawn.closed - 1, LAST_DAY)
    room = end - drawn.created
    # 2.2 periods on average in the real history: fewer changes in what closed, which has its closing besides.
    wanted = np.where(
        closing, rng.choice(4, count, p=[0.66, 0.24, 0.08, 0.02]), rng.choice(4, count, p=[0.42, 0.34, 0.16, 0.08])
    )
    changes = np.minimum(wanted, room)
    numbers = np.arange(CHANGES)
    happens = numbers < changes[:, None]
    # Sorted, then one day apart at least.
    days = np.sort(np.where(happens, rng.random((count, CHANGES)), 1), axis=1) * (room - changes + 1)[:, None]
    days = drawn.created[:, None] + days.astype("int64") + numbers + 1

    hires = np.where(drawn.employer, 0.6, 0.25)[:, None] * np.array([1, 0.5, 0.5])
    of_employer = happens & (rng.random((count, CHANGES)) < hires)
    # A few closed, then opened again.
    reopened = drawn.active & (changes >= 2) & (rng.random(count) < 0.02)
    of_state = happens & reopened[:, None] & (numbers < 2)
    of_employer &= ~of_state
    of_name = happens & ~of_employer & ~of_state

    size = changes + 1 + closing
    first_row = size.cumsum() - size
    row = np.arange(size.sum())
    establishment = np.repeat(np.arange(count), size)
    rank = size[establishment] - 1 - (row - first_row[establishment])  # from the oldest
    start = np.column_stack([drawn.created, days])[establishment, np.minimum(rank, CHANGES)]
    start = np.where(rank > changes[establishment], drawn.closed[establishment], start)
    # Known for what took over from another: the link is dated.
    unknown = drawn.active & (size == 1) & ~np.roll(drawn.succeeded, 1) & (rng.random(count) < 0.01)
    start[unknown[establishment]] = UNKNOWN_DAY
    current = row == first_row[establishment]
    flips = np.minimum(rank, CHANGES)
    return Periods(
        establishment=establishment,
        start=start,
        following=np.where(current, LAST_DAY, np.roll(start, 1)),
        current=current,
        first=rank == 0,
        active=np.where(
            closing[establishment], ~current, drawn.active[establishment] ^ _later(of_state)[establishment, flips]
        ),
        employer=drawn.employer[establishment] ^ _later(of_employer)[establishment, flips],
        named=_later(of_name)[establishment, flips],
    )


def draw_links(drawn: Establishments) -> Links:
    """List the successions: the day a place closed, or the head office left one that stays open."""
    predecessor = np.flatnonzero(drawn.succeeded)
    successor = predecessor + 1
    left = drawn.closed[predecessor] <= drawn.created[successor]
    # The head office went from place to place up to the present one: never backwards, nor from a secondary place.
    heads = np.where(drawn.head, np.arange(len(drawn.head)), -1)
    head_of_unit = np.maximum.reduceat(heads, np.flatnonzero(np.diff(drawn.unit, prepend=-1)))
    return Links(
        predecessor=predecessor,
        successor=successor,
        day=np.where(left, drawn.closed[predecessor], drawn.created[successor]),
        head_office=predecessor < head_of_unit[drawn.unit[predecessor]],
        continuity=left,
    )


def _later(changes: Booleans) -> npt.NDArray[np.bool_]:
    """Say, for each period from the oldest, whether an odd number of changes came after it."""
    odd = np.zeros((len(changes), CHANGES + 1), dtype=bool)
    for number in reversed(range(CHANGES)):
        odd[:, number] = odd[:, number + 1] ^ changes[:, number]
    return odd
