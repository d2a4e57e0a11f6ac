"""How many cases hypothesis tries: what a test asks for in `make test`, and as many times more as the profile allows."""

from typing import Any

from hypothesis import settings

PROFILS = {"test": 25, "long": 100, "campagne": 1000}


def declarer_les_profils() -> None:
    """Register the profiles: a shared machine has no deadlines; the same cases every time, more of them in campaign."""
    for profil, exemples_ in PROFILS.items():
        settings.register_profile(profil, max_examples=exemples_, deadline=None, derandomize=True)
    settings.load_profile("test")


def exemples(nombre: int, **reglages: Any) -> settings:
    """Ask for that many cases in `make test`: fewer where each is slow, more where each is nothing."""
    return settings(max_examples=nombre * settings().max_examples // PROFILS["test"], **reglages)
