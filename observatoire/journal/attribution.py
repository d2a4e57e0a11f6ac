"""Which cause moved which value, and by how much: the parts of a change add up to it exactly.

Reads `differences` (one row per value that changed) and, where causes were replayed, the values after each of them.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from observatoire.journal.causes import ORDRE, Cause, causes_of
from observatoire.journal.differences import CLE, EXACT, comparable_values
from observatoire.warehouse import sql_literal

ECART = f"(exacte_apres - exacte_avant)::{EXACT}"


def attribute(
    connexion: duckdb.DuckDBPyConnection, causes: list[Cause], etapes: Sequence[Path] = ()
) -> None:
    """Create `changements`: the rows of `differences`, their causes, and the part of each in the change.

    Columns: those of `differences` that may be published, `causes` (names, or `melees` alone), `ecart`, and one
    `part_<cause>` for each cause. Figures are null where they may not be repeated.

    Args:
        connexion: where `differences` is.
        causes: what differs, in the order replayed.
        etapes: the values after each cause but the last; none when nothing was replayed.
    """
    noms = [nom for (nom,) in connexion.execute("SELECT DISTINCT indicateur FROM differences").fetchall()]
    possibles = [(nom, [cause.nom for cause in causes_of(nom, causes)]) for nom in noms]
    connexion.execute("CREATE OR REPLACE TEMP TABLE possibles (indicateur VARCHAR, possibles VARCHAR[])")
    if possibles:
        connexion.executemany("INSERT INTO possibles VALUES (?, ?)", possibles)
    if etapes:
        _replayed(connexion, [cause.nom for cause in causes], etapes)
    else:
        _not_replayed(connexion)
    parts = ", ".join(f"CASE WHEN est_montrable THEN part_{nom} END AS part_{nom}" for nom in ORDRE)
    montrees = ", ".join(
        f"CASE WHEN est_montrable THEN {nom}_{cote} END AS {public}_{cote}"
        for nom, public in (("exacte", "valeur"), ("borne_basse", "borne_basse"), ("borne_haute", "borne_haute"))
        for cote in ("avant", "apres")
    )
    statuts = ", ".join(
        f"{nom}_{cote}"
        for nom in ("statut_observation", "statut_confidentialite", "nature")
        for cote in ("avant", "apres")
    )
    connexion.execute(f"""
        CREATE OR REPLACE TEMP TABLE changements AS
        SELECT {CLE}, libelle_territoire, unite, changement, est_montrable, {montrees},
               CASE WHEN est_montrable THEN {ECART} END AS ecart,
               CASE WHEN est_montrable AND exacte_avant <> 0 THEN 100 * {ECART}::DOUBLE / abs(exacte_avant::DOUBLE) END
                   AS ecart_pct,
               {statuts}, causes, {parts}
        FROM attribuees""")


def _not_replayed(connexion: duckdb.DuckDBPyConnection) -> None:
    """Give a change to the one cause that may have moved its indicator; to none of them when there are several."""
    parts = ", ".join(f"CASE WHEN causes = ['{nom}'] THEN {ECART} END AS part_{nom}" for nom in ORDRE)
    connexion.execute(f"""
        CREATE OR REPLACE TEMP VIEW attribuees AS
        SELECT *, CASE WHEN len(possibles) = 1 THEN possibles ELSE ['melees'] END AS causes, {parts}
        FROM differences JOIN possibles USING (indicateur)""")


def _replayed(connexion: duckdb.DuckDBPyConnection, noms: list[str], etapes: Sequence[Path]) -> None:
    """Give each cause what moved when it did; a value with no figure half-way has no parts."""
    jointures = ""
    for rang, chemin in enumerate(etapes, 1):
        lue = comparable_values(f"read_parquet({sql_literal(chemin)})")
        jointures += f"""
            LEFT JOIN (SELECT {CLE}, exacte AS exacte_{rang}, statut_observation AS statut_{rang},
                              nature AS nature_{rang}, chiffres AS chiffres_{rang} FROM ({lue})) USING ({CLE})"""

    # the state of a value before and after each cause
    def etat(rang: int) -> str:
        cote = "avant" if rang == 0 else "apres" if rang == len(noms) else ""
        noms_ = (
            (f"statut_observation_{cote}", f"nature_{cote}", f"chiffres_{cote}")
            if cote
            else (f"statut_{rang}", f"nature_{rang}", f"chiffres_{rang}")
        )
        return f"row({', '.join(noms_)})"

    def exacte(rang: int) -> str:
        return "exacte_avant" if rang == 0 else "exacte_apres" if rang == len(noms) else f"exacte_{rang}"

    bougees = ", ".join(
        f"CASE WHEN {etat(rang)} IS DISTINCT FROM {etat(rang + 1)} THEN '{nom}' END" for rang, nom in enumerate(noms)
    )
    trouees = " OR ".join(f"exacte_{rang} IS NULL" for rang in range(1, len(noms))) or "false"
    parts = ", ".join(
        f"CASE WHEN exacte_avant IS NULL OR exacte_apres IS NULL THEN NULL "
        f"WHEN est_suivie THEN {_move(exacte, noms, nom)} WHEN causes = ['{nom}'] THEN {ECART} END AS part_{nom}"
        for nom in ORDRE
    )
    connexion.execute(f"""
        CREATE OR REPLACE TEMP VIEW attribuees AS
        SELECT *, {parts} FROM (
            SELECT *, exacte_avant IS NOT NULL AND exacte_apres IS NOT NULL AND ({trouees}) AS est_trouee,
                   list_filter([{bougees}], lambda nom: nom IS NOT NULL) AS trouvees,
                   est_libre AND NOT est_trouee AND len(trouvees) > 0 AS est_suivie,
                   CASE WHEN est_suivie THEN trouvees WHEN len(possibles) = 1 THEN possibles
                        ELSE ['melees'] END AS causes
            FROM differences JOIN possibles USING (indicateur) {jointures})""")


def _move(exacte: Callable[[int], str], noms: list[str], nom: str) -> str:
    if nom not in noms:
        return f"NULL::{EXACT}"
    return f"({exacte(noms.index(nom) + 1)} - {exacte(noms.index(nom))})::{EXACT}"
