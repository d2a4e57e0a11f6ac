"""The check of the whole chain: nothing is published of tables that were not computed from those that are there now."""

from observatoire.chain.steps import steps
from observatoire.warehouse import Entrepot


class PublicationRefusee(Exception):
    """A release that must not be made, or moved to. The message, in French, says what to do."""


def check_chain(entrepot: Entrepot) -> None:
    """Check that the tables of every step were computed from the tables that are there now.

    Raises:
        PublicationRefusee: naming the first link that does not hold.
    """
    for etape in steps():
        attendue = etape.version(entrepot)
        for table in etape.tables:
            if attendue is None or entrepot.version(*table.split(".")) != attendue:
                raise PublicationRefusee(
                    f"{table} n'est pas à jour de ce qu'elle lit : rien n'est publié. Lancer {etape.job}, puis "
                    "relancer."
                )
