"""The contributions behind cells, and what they give again: the same choice and the same sums as the cube, one by one.

Computing every cell at once belongs to `cube`; the rows behind contributions to `raw_lines`.
"""

from decimal import Decimal
from typing import Any

import duckdb

from observatoire.indicators.catalog import Mesure
from observatoire.indicators.cube import PAR_REPONDANT, PAR_UNITE, coverage_of, lay_ancestors
from observatoire.warehouse import Entrepot, sql_literal


def select_contributions(
    connexion: duckdb.DuckDBPyConnection, preuves: Entrepot, mesure: Mesure, cellule: dict[str, Any]
) -> None:
    """Make the temporary table `contributions`: those that count in a cell, as the cube takes them; restricted.

    Args:
        connexion: a warehouse, or kept evidence.
        preuves: the same, for the coverage of its sources.
        mesure: what they contribute to.
        cellule: niveau, code_territoire, and those of periode, axe, modalite that are chosen: all of them otherwise.
    """
    lay_ancestors(connexion)
    # without coverage a row is only about the place it names
    montee = "niveau = niveau_parent" if coverage_of(preuves, mesure) == "lignes" else "true"
    dites = [f"m.{nom} = {sql_literal(cellule[nom])}" for nom in ("periode", "axe", "modalite") if nom in cellule]
    dites += [f"niveau_parent = {sql_literal(cellule['niveau'])}", montee]
    dites += [f"code_parent = {sql_literal(cellule['code_territoire'])}"]
    connexion.execute(f"""
        CREATE OR REPLACE TEMP TABLE contributions AS
        SELECT m.* FROM mesures.{mesure.nom} m JOIN ancetres a USING (niveau, code_territoire)
        WHERE {" AND ".join(dites)}""")


def aggregate(connexion: duckdb.DuckDBPyConnection, agregat: str, lignes: str = "contributions") -> Any:
    """Recompute a term from contributions, or from rows that have their columns."""
    if agregat in ("somme", "nombre_unites"):
        colonne = "valeur" if agregat == "somme" else "nombre_unites"
        requete = f"SELECT coalesce(sum({colonne}), 0)::DECIMAL(38,6), count({colonne}) = count(*) FROM {lignes}"
    else:
        # as in the cube: a row of nothing says that its place is covered, it is no respondent
        parties = f"(FROM {lignes} WHERE (nombre_unites = 0 AND valeur = 0) IS NOT TRUE)"
        if agregat in PAR_REPONDANT:
            parties = f"(SELECT repondant, sum(valeur) AS v FROM {parties} GROUP BY ALL)"
        calcul = {**PAR_UNITE, **PAR_REPONDANT}[agregat]
        requete = f"SELECT {calcul}, (SELECT count(valeur) = count(*) FROM {lignes}) FROM {parties}"
    ((valeur, est_complete),) = connexion.execute(requete).fetchall()
    if not est_complete:
        return None
    return Decimal(valeur) if isinstance(valeur, int) else valeur
