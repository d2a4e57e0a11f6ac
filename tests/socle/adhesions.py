"""Memberships of the tests, and what becomes of them."""

from observatoire.socle.computed_tables import derivees


def lues(table: str) -> set[str]:
    """List the sources a table comes from, through computed tables."""
    derivee = derivees().get(table)
    return {table.split(".")[1]} if derivee is None else {nom for lue in derivee.lit for nom in lues(lue)}
