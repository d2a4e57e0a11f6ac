"""The code a release owes itself to. Comparing it from one release to the next belongs to `journal`."""

from observatoire.fingerprints import files_fingerprint


def code_version() -> str:
    """Hash the code and the templates a release owes itself to."""
    return files_fingerprint("**/*.py", "**/*.sql", "**/*.yml", "publication/modeles/*")
