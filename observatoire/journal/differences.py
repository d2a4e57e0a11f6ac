"""What differs between two published files: values, definitions, territories, tables.

It reads both files as anyone may. Figures of a measure that is protected, by us or by its producer, are never repeated:
a release stops counting as known to an attacker when it is forgotten or retracted, and what quotes it would outlive it.
Nor is a former figure beside one that is suppressed now.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from observatoire.indicators.catalog import indicateurs, measures_of
from observatoire.indicators.values import VALEURS
from observatoire.socle.members import AXES_DE_NOMS
from observatoire.warehouse import read_rows, sql_literal

CLE = ", ".join(VALEURS.cle)
EXACT = "DECIMAL(38,6)"
# what is read of a definition, beside its title
DEFINITION = ("titre", "theme", "unite", "definition", "champ", "sources", "licence", "ruptures")
# lists are read by people: the counts are complete, the examples are not
EXEMPLES = 100
CHANGEMENTS = {
    "modifiee": "valeur modifiée",
    "apparue": "valeur apparue",
    "disparue": "valeur disparue",
    "confidentialite": "confidentialité changée",
    "statut": "statut d'observation changé",
    "nature": "nature changée",
}

Ligne = dict[str, Any]


@contextmanager
def attached(connexion: duckdb.DuckDBPyConnection, **fichiers: Path) -> Iterator[None]:
    """Give published files to read, each under its name, for the time of the call."""
    for nom, chemin in fichiers.items():
        connexion.execute(f"ATTACH {sql_literal(chemin)} AS {nom} (READ_ONLY)")
    try:
        yield
    finally:
        for nom in fichiers:
            connexion.execute(f"DETACH {nom}")


def free_indicators() -> list[str]:
    """Name the indicators of which figures may be repeated: no measure of theirs is protected."""
    return [
        nom
        for nom, indicateur in indicateurs().items()
        if all(mesure.diffusion == "libre" for mesure in measures_of(indicateur))
    ]


def comparable_values(table: str) -> str:
    """Query values as they are compared: exact sums as they are, the rest to six decimals."""
    chiffres = ", ".join(
        f"{nom} := TRY_CAST({nom} AS {EXACT})"
        for nom in ("valeur", "borne_basse", "borne_haute", "numerateur", "denominateur", "nombre_unites")
    )
    return f"""
        SELECT {CLE}, libelle_territoire, unite, statut_observation, statut_confidentialite, nature, true AS est_la,
               CASE WHEN denominateur IS NULL AND numerateur::DOUBLE = valeur THEN numerateur::{EXACT}
                    ELSE TRY_CAST(valeur AS {EXACT}) END AS exacte,
               borne_basse, borne_haute, struct_pack({chiffres}) AS chiffres
        FROM {table}"""


def compare_values(connexion: duckdb.DuckDBPyConnection, avant: str, apres: str) -> None:
    """Create `differences`: one row per value that is not the same in two tables of values.

    Columns: the key, `libelle_territoire`, `unite`, `changement` (a key of `CHANGEMENTS`), `est_montrable` (whether its
    figures may be repeated), then `_avant` and `_apres` of the exact value, bounds and statuses.
    A name that is no longer published may be one that must not be: it is not said again; the total tells the change.
    """
    statuts = ("statut_observation", "statut_confidentialite", "nature")
    paires = ("exacte", "borne_basse", "borne_haute", *statuts, "chiffres")
    cotes = ", ".join(f"{p}.{nom} AS {nom}_{cote}" for nom in paires for p, cote in (("a", "avant"), ("n", "apres")))
    connexion.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE differences AS
        SELECT {CLE}, coalesce(n.libelle_territoire, a.libelle_territoire) AS libelle_territoire,
               coalesce(n.unite, a.unite) AS unite,
               CASE WHEN a.est_la IS NULL THEN 'apparue'
                    WHEN n.est_la IS NULL THEN 'disparue'
                    WHEN a.statut_confidentialite <> n.statut_confidentialite THEN 'confidentialite'
                    WHEN a.chiffres IS DISTINCT FROM n.chiffres THEN 'modifiee'
                    WHEN a.statut_observation <> n.statut_observation THEN 'statut'
                    WHEN a.nature <> n.nature THEN 'nature' END AS changement,
               list_contains($libres, indicateur) AS est_libre,
               est_libre AND coalesce(a.statut_confidentialite, 'F') = 'F'
                         AND coalesce(n.statut_confidentialite, 'F') = 'F' AS est_montrable,
               {cotes}
        FROM ({comparable_values(avant)}) a FULL JOIN ({comparable_values(apres)}) n USING ({CLE})
        WHERE changement IS NOT NULL AND NOT (changement = 'disparue' AND axe IN {AXES_DE_NOMS})""",
        {"libres": free_indicators()},
    )


def compare_definitions(connexion: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Say which indicators came, left, or are not defined in the same words."""
    comparees = [nom for nom in DEFINITION if nom in _columns(connexion, "avant", "indicateurs", "catalogue")]
    avant, apres = (
        {
            ligne["indicateur"]: ligne
            for ligne in read_rows(
                connexion, f"SELECT indicateur, {', '.join(comparees)} FROM {base}.indicateurs.catalogue"
            )
        }
        for base in ("avant", "apres")
    )
    return {
        "ajoutes": [{"indicateur": nom, "titre": apres[nom]["titre"]} for nom in sorted(set(apres) - set(avant))],
        "retires": [{"indicateur": nom, "titre": avant[nom]["titre"]} for nom in sorted(set(avant) - set(apres))],
        "definitions": [
            {
                "indicateur": nom,
                "titre": apres[nom]["titre"],
                "colonne": colonne,
                "avant": avant[nom][colonne],
                "apres": apres[nom][colonne],
            }
            for nom in sorted(set(avant) & set(apres))
            for colonne in comparees
            if avant[nom][colonne] != apres[nom][colonne]
        ],
    }


def compare_territories(connexion: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Say which territories came, left, changed name, and which are no longer in the same larger ones."""
    cle = "niveau, code_territoire"
    requetes = {
        "ajoutes": f"""SELECT {cle}, libelle FROM apres.referentiels.territoires
            ANTI JOIN avant.referentiels.territoires USING ({cle}) ORDER BY ALL""",
        "retires": f"""SELECT {cle}, libelle FROM avant.referentiels.territoires
            ANTI JOIN apres.referentiels.territoires USING ({cle}) ORDER BY ALL""",
        "renommes": f"""SELECT {cle}, a.libelle AS avant, n.libelle AS apres FROM avant.referentiels.territoires a
            JOIN apres.referentiels.territoires n USING ({cle}) WHERE a.libelle IS DISTINCT FROM n.libelle
            ORDER BY ALL""",
        "deplaces": f"""
            SELECT {cle}, coalesce(n.libelle, a.libelle) AS libelle, niveau_parent,
                   p.code_parent AS avant, q.code_parent AS apres
            FROM (SELECT {cle}, niveau_parent, code_parent FROM avant.referentiels.appartenances) p
            FULL JOIN (SELECT {cle}, niveau_parent, code_parent FROM apres.referentiels.appartenances) q
                 USING ({cle}, niveau_parent)
            LEFT JOIN avant.referentiels.territoires a USING ({cle})
            LEFT JOIN apres.referentiels.territoires n USING ({cle})
            WHERE p.code_parent IS DISTINCT FROM q.code_parent AND a.niveau IS NOT NULL AND n.niveau IS NOT NULL
            ORDER BY ALL""",
    }
    trouves: dict[str, Any] = {}
    for nom, requete in requetes.items():
        ((total,),) = connexion.execute(f"SELECT count(*) FROM ({requete})").fetchall()
        trouves[nom] = {"total": total, "exemples": read_rows(connexion, f"{requete} LIMIT {EXEMPLES}")}
    return trouves


def compare_tables(connexion: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Name the tables and columns that came or left."""
    avant, apres = (
        set(
            connexion.execute(
                "SELECT schema_name || '.' || table_name, column_name FROM duckdb_columns() WHERE database_name = ?",
                [base],
            ).fetchall()
        )
        for base in ("avant", "apres")
    )
    tables_avant, tables_apres = ({table for table, _ in colonnes} for colonnes in (avant, apres))
    communes = tables_avant & tables_apres
    return {
        "tables_ajoutees": sorted(tables_apres - tables_avant),
        "tables_retirees": sorted(tables_avant - tables_apres),
        "colonnes_ajoutees": sorted(f"{t}.{c}" for t, c in apres - avant if t in communes),
        "colonnes_retirees": sorted(f"{t}.{c}" for t, c in avant - apres if t in communes),
    }


def _columns(connexion: duckdb.DuckDBPyConnection, base: str, schema: str, table: str) -> set[str]:
    return {
        nom
        for (nom,) in connexion.execute(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = ? AND schema_name = ? AND table_name = ?",
            [base, schema, table],
        ).fetchall()
    }
