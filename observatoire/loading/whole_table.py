"""Rules that look at a table whole, across its files and years: what no batch can see. They flag, and refuse nothing.

Rules on a value or a row belong to `sorting`.
"""

from pathlib import Path

import pandas as pd

from observatoire.schemas import Table
from observatoire.warehouse import memory_database, sql_literal


def whole_table_flags(chemin: Path, table: Table) -> list[pd.DataFrame]:
    """Run the rules of a table over its Parquet file; return the flags of each, as rejects."""
    with memory_database() as connexion:
        connexion.execute(f"CREATE VIEW lignes AS FROM read_parquet({sql_literal(chemin)})")
        trouvees = []
        for regle in table.ensemble:
            lieux = "_fichier AS fichier, _ligne AS ligne, valeur"
            cas = connexion.sql(f"SELECT {lieux} FROM ({regle.requete}) ORDER BY ALL")
            dits = {"colonne": regle.colonne, "regle": regle.nom, "gravite": "signalement", "motif": regle.motif}
            trouvees.append(cas.to_arrow_table().to_pandas().assign(**dits))
        return trouvees
