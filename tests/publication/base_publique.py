"""A public database made by hand, with the declared columns of the contract: what fills it is tested elsewhere."""

from pathlib import Path
from typing import Any

import duckdb

from observatoire.publication.public_tables import public_tables


def ecrire_base(chemin: Path, **tables: list[dict[str, Any]]) -> Path:
    """Write every public table, empty but for the rows given by name of table."""
    with duckdb.connect(str(chemin)) as connexion:
        connexion.begin()
        for publique in public_tables():
            colonnes = ", ".join(f"{c.nom} {c.type_sql}" for c in publique.table.colonnes)
            connexion.execute(f"CREATE SCHEMA IF NOT EXISTS {publique.schema}")
            connexion.execute(f"CREATE TABLE {publique.schema}.{publique.nom} ({colonnes})")
            for ligne in tables.get(publique.nom, []):
                valeurs = f"({', '.join(ligne)}) VALUES ({', '.join('?' * len(ligne))})"
                connexion.execute(f"INSERT INTO {publique.schema}.{publique.nom} {valeurs}", list(ligne.values()))
        connexion.commit()
    return chemin
