"""What a person can mend, told by Dagster as the domain says it: the one place where an obstacle becomes a failure."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from observatoire.obstacle import Obstacle


@contextmanager
def obstacles_told() -> Iterator[None]:
    """Turn an obstacle into a failure of the step: its own words, no trace, and no retry, which would meet it again."""
    try:
        yield
    except Obstacle as obstacle:
        raise dg.Failure(description=str(obstacle), allow_retries=False) from None
