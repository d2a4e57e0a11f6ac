"""What the difference of two figures of one cell tells: who came or left between two periods, or two releases.

A figure is out, in a kept release, or about to be. Whose it was is read in the contributions, those of a release in the
evidence kept with it. What a figure says by itself belongs to `published`.
"""

from dataclasses import dataclass

import duckdb
import pandas as pd

from observatoire.confidentiality.cells import CLE, write_places
from observatoire.confidentiality.primary import PART_MAXIMALE_REPONDANT_PCT, SEUIL_REPONDANTS
from observatoire.confidentiality.published import ICI, PROCHE, SecretNonGaranti
from observatoire.evidence import PreuvesAbsentes, open_evidence
from observatoire.indicators.catalog import Mesure
from observatoire.warehouse import Entrepot, sql_literal


@dataclass(frozen=True, eq=False)
class Chiffres:
    """The figures of a measure in a period, in a release or about to be published.

    Attributes:
        release: the last release that gives them, `ICI` when they are not out yet.
        periode: their period.
        contributions: the table of what they are computed from.
        lieux: the table of the places that contain each place.
        cellules: the cells, columns `CLE` and `raison` at least; of what is out, those that are shown.
    """

    release: str
    periode: str
    contributions: str
    lieux: str
    cellules: pd.DataFrame

    @property
    def est_sorti(self) -> bool:
        """Whether a kept release gives them: nothing takes them back."""
        return self.release != ICI

    @property
    def montrees(self) -> pd.DataFrame:
        """Cells shown, as far as rules say now: columns `CLE`."""
        montrees = self.cellules if self.est_sorti else self.cellules[self.cellules["raison"].isna()]
        return montrees[list(CLE)].drop_duplicates()


def present_figures(mesure: Mesure, periode: str, cellules: pd.DataFrame) -> Chiffres:
    """Describe what is about to be published; the table of places is that of `build_system`."""
    return Chiffres(ICI, periode, f"mesures.{mesure.nom}", "secret_places", cellules)


def kept_figures(
    connexion: duckdb.DuckDBPyConnection, entrepot: Entrepot, mesure: Mesure, connues: pd.DataFrame
) -> list[Chiffres]:
    """Describe what kept releases give of a measure: each period once, as many times as its contributions changed.

    Args:
        connexion: where the tables of places are made.
        entrepot: the warehouse.
        mesure: a protected measure.
        connues: what is known of its cells, as `known_cells` returns it.

    Raises:
        SecretNonGaranti: a release gives figures of the measure, and what they were computed from is not kept.
    """
    siennes = connues[(connues["mesure"] == mesure.nom) & (connues["release"] != ICI) & (connues["valeur"] > 0)]
    lots: dict[tuple[str | None, ...], tuple[str, str, list[pd.DataFrame]]] = {}
    for release, dites in siennes.groupby("release"):
        try:
            preuve = open_evidence(entrepot, str(release))
        except PreuvesAbsentes:
            raise SecretNonGaranti(_unknown(str(release), mesure)) from None
        lues = (("mesures", mesure.nom), ("referentiels", "appartenances"), ("referentiels", "territoires"))
        versions = [preuve.version(*table) for table in lues]
        if None in versions:
            raise SecretNonGaranti(_unknown(str(release), mesure))
        contributions, *lieux = [f"read_parquet({sql_literal(preuve.path_of(*table))})" for table in lues]
        vue = f"secret_places_{mesure.nom}_{len(lots)}"
        write_places(connexion, vue, *lieux)
        for periode, figures in dites.groupby("periode"):
            lot = lots.setdefault((*versions, str(periode)), (contributions, vue, []))
            lot[2].append(figures)
    return [
        Chiffres(dites[-1]["release"].iloc[0], str(periode), contributions, vue, pd.concat(dites))
        for (*_, periode), (contributions, vue, dites) in lots.items()
    ]


def told_apart(
    connexion: duckdb.DuckDBPyConnection, avant: Chiffres, apres: Chiffres, cellules: pd.DataFrame
) -> pd.DataFrame:
    """Return those of these cells whose two figures, subtracted, tell the value of a respondent.

    A unit came or left when its two values differ by one of them within ±10 %: a zero that was corrected came. What the
    others moved by blurs the difference. It tells a respondent where one or two moved, or one above the part that a
    cell allows, and the others hardly did; or where it is the largest movement within ±10 %.

    Args:
        connexion: the warehouse, with its tables as views.
        avant: figures.
        apres: others.
        cellules: cells that both show, columns `CLE` at least.

    Returns:
        Columns `CLE`.
    """
    cle = ", ".join(CLE)
    connexion.register("secret_comparees", cellules[list(CLE)].drop_duplicates())
    lignes = " UNION ALL ".join(
        f"""
        SELECT p.niveau_parent AS niveau, p.code_parent AS code_territoire, axe, modalite, unite, repondant, valeur,
               {rang} AS rang
        FROM {chiffres.contributions} m JOIN {chiffres.lieux} p USING (niveau, code_territoire)
        WHERE periode = $periode_{rang}"""
        for rang, chiffres in enumerate((avant, apres))
    )
    return connexion.execute(
        f"""
        WITH unites AS (
            SELECT {cle}, unite, max(repondant) AS repondant, coalesce(sum(valeur) FILTER (rang = 0), 0) AS a,
                   coalesce(sum(valeur) FILTER (rang = 1), 0) AS b
            FROM ({lignes}) SEMI JOIN secret_comparees USING ({cle}) GROUP BY ALL),
        repondants AS (
            SELECT {cle}, repondant, sum(b - a) AS ecart,
                   coalesce(sum(b - a) FILTER (abs(b - a) >= {1 - PROCHE} * greatest(a, b)), 0) AS venu
            FROM unites GROUP BY ALL),
        cellules AS (
            SELECT {cle}, sum(ecart) AS ecart, sum(venu) AS venus, sum(abs(venu)) AS mouvement,
                   max(abs(venu)) AS plus_gros, arg_max(venu, (abs(venu), venu)) AS premier,
                   count(*) FILTER (venu <> 0) AS nombre
            FROM repondants GROUP BY ALL)
        SELECT {cle} FROM cellules
        WHERE plus_gros > 0 AND (
            (nombre < {SEUIL_REPONDANTS} OR 100 * plus_gros > {PART_MAXIMALE_REPONDANT_PCT} * mouvement)
            AND abs(ecart - venus) <= {PROCHE} * mouvement OR abs(ecart - premier) <= {PROCHE} * plus_gros)
        ORDER BY ALL""",
        {"periode_0": avant.periode, "periode_1": apres.periode},
    ).df()


def _unknown(release: str, mesure: Mesure) -> str:
    """Say which release cannot be compared with what is about to be published."""
    return (
        f"Secret statistique : la publication {release} donne des chiffres de {mesure.nom}, et leurs contributions ne "
        "sont plus gardées : rien ne dit qui se lirait dans leur différence avec ceux d'aujourd'hui. Retirer cette "
        "publication (job retirer_publication), puis relancer."
    )
