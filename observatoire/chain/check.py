"""The check of the whole chain: nothing is published of tables that were not computed from those that are there now."""

from observatoire.chain.steps import steps
from observatoire.obstacle import Obstacle
from observatoire.warehouse import Entrepot


def check_chain(entrepot: Entrepot) -> None:
    """Check that the tables of every step were computed from the tables that are there now.

    Raises:
        Obstacle: naming the first link that does not hold.
    """
    for etape in steps():
        attendue = etape.version(entrepot)
        for table in etape.tables:
            if attendue is None or entrepot.version(*table.split(".")) != attendue:
                raise Obstacle(
                    f"{table} n'est pas à jour de ce qu'elle lit : rien n'est publié. Lancer {etape.job}, puis "
                    "relancer."
                )
