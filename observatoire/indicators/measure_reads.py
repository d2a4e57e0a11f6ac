"""The tables a query reads, found in its tree: nothing else is allowed to give rows.

Whether a measure may read them belongs to `catalog`.
"""

import re

import sqlglot
from sqlglot import expressions
from sqlglot.errors import ParseError, SqlglotError

from observatoire.obstacle import Obstacle

NOM = re.compile(r"\w+")
# a table function that gives rows of what the query already has; any other may read a file, or a table by its name
PERMISES = (expressions.GenerateSeries, expressions.Subquery, expressions.Unnest)


def tables_read(requete: str, ou: str) -> set[str]:
    """Return the tables a query reads, `schema.table`, without those it makes itself.

    Args:
        requete: one SELECT.
        ou: how messages name its file.

    Raises:
        Obstacle: it is not one SELECT, or rows come from a file or a function.
    """
    try:
        arbres = sqlglot.parse(requete, dialect="duckdb")
    except SqlglotError as erreur:
        faute = erreur.errors[0] if isinstance(erreur, ParseError) and erreur.errors else {}
        lieu = f"ligne {faute['line']}, colonne {faute['col']}" if faute.get("line") else "un guillemet manque ?"
        raise Obstacle(f"{ou} : SQL illisible ({lieu}) : corriger la requête, puis relancer.") from None
    arbre = arbres[0] if len(arbres) == 1 else None
    if not isinstance(arbre, expressions.Query) or arbre.find(expressions.Describe, expressions.Summarize):
        raise Obstacle(f"{ou} : une mesure est un seul SELECT : rien avant, rien après, pas de « ; ».")
    internes = {cte.alias_or_name for cte in arbre.find_all(expressions.CTE)}
    lues = set()
    for source in arbre.find_all(expressions.Table, expressions.Lateral):
        if isinstance(source, expressions.Table) and isinstance(source.this, expressions.Identifier):
            nom = ".".join(partie.name for partie in source.parts)
            # a name that is no word may be the path of a file: it stays, and nothing declares it
            if nom not in internes or not NOM.fullmatch(nom):
                lues.add(nom)
        elif not isinstance(source.this, PERMISES):
            appel = source.sql("duckdb").partition("(")[0]
            raise Obstacle(f"{ou} : la fonction « {appel} » donne des lignes d'ailleurs ; une mesure lit le socle.")
    return lues
