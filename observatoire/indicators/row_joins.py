"""What the `-- lignes` header of a measure joins: the table of a source, named `l`, whose rows a contribution counts.

Finding the rows themselves belongs to `raw_lines`.
"""

import re

from observatoire.sources import sources

LUE = re.compile(r"\b(socle|referentiels)\.(\w+) l\b")


def source_of_lines(jointure: str) -> tuple[str, str]:
    """Return the schema and the name of the table whose rows a `lignes` header gives.

    Raises:
        ValueError: the header names no table `l`, or one that is no source's. The message, in French, says what to do.
    """
    trouvee = LUE.search(jointure)
    if trouvee is None or trouvee[2] not in sources():
        raise ValueError(f"« -- lignes : {jointure} » : nommer l la table d'une source (socle.x l ON …).")
    return trouvee[1], trouvee[2]
