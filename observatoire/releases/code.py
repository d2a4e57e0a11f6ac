"""The code a release owes itself to. Comparing it from one release to the next belongs to `journal`."""

from observatoire.fingerprints import code_owed


def code_version() -> str:
    """Hash the code and the templates a release owes itself to."""
    # what is found by itself is imported by nobody: sources, computed tables, pages
    trouves = ("sources/**/*.py", "socle/*.py", "publication/**/*.py")
    return code_owed("observatoire.releases.assembly", *trouves, "**/*.sql", "**/*.yml", "publication/modeles/*")
