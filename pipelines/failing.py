"""What a person can mend, told by Dagster as the domain says it: the one place where an obstacle becomes a failure."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from observatoire.machine import refusal_in
from observatoire.obstacle import Obstacle


@contextmanager
def obstacles_told() -> Iterator[None]:
    """Turn an obstacle into a failure of the step: its own words, no trace, and no retry, which would meet it again.

    What the machine refuses, wherever it is met, is one too: a full disk is told in French, with what to do.
    """
    try:
        yield
    except Obstacle as obstacle:
        raise dg.Failure(description=str(obstacle), allow_retries=False) from None
    except Exception as erreur:
        if (refus := refusal_in(str(erreur))) is None:
            raise
        raise dg.Failure(description=refus, allow_retries=False) from None
