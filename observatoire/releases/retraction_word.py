"""The word a retraction asks for: it shows that whoever launches it reads the files of this machine.

It is used once, in a file of its owner; what a retraction does belongs to `releases.lifecycle`.
"""

import hmac
import os
import secrets

from observatoire.obstacle import Obstacle
from observatoire.warehouse import Entrepot

FICHIER = ".mot_de_retrait"
OCTETS = 6


def written_word(entrepot: Entrepot) -> str | None:
    """Read the word, nothing written; None when there is none yet, or when it is not ours to read."""
    chemin = entrepot.racine / FICHIER
    return chemin.read_text(encoding="utf-8").strip() if os.access(chemin, os.R_OK) else None


def retraction_word(entrepot: Entrepot) -> str:
    """Return the word of the next retraction, made when there is none."""
    chemin = entrepot.racine / FICHIER
    if not chemin.exists():
        with entrepot.replacing(chemin) as provisoire:
            provisoire.write_text(secrets.token_hex(OCTETS), encoding="utf-8")
    return chemin.read_text(encoding="utf-8").strip()


def renew_retraction_word(entrepot: Entrepot) -> None:
    """Make another word: the parameters of a run stay in the history of Dagster, where its word could be read."""
    (entrepot.racine / FICHIER).unlink(missing_ok=True)
    retraction_word(entrepot)


def check_retraction_word(entrepot: Entrepot, mot: str) -> None:
    """Check the word; it serves once, whatever becomes of the retraction.

    Raises:
        Obstacle: it is not the word.
    """
    if not hmac.compare_digest(retraction_word(entrepot).encode(), mot.strip().encode()):
        raise Obstacle(
            "Rien n'est retiré : le mot de retrait n'est pas le bon. Sur la machine de l'observatoire, lancer "
            "« observatoire etat », qui donne ce mot, puis relancer avec « mot » ; il ne sert qu'une fois."
        )
