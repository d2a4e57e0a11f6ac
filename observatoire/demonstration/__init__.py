"""Demonstration files: invented rows in the official formats of Sirene, Urssaf and Flores.

They stand in for a source that has no real file yet, so that the whole chain can be run, tested and measured. What
belongs here: drawing the rows and writing them exactly as the producers do. What does not: reading or validating them
(``observatoire.sources`` does, without knowing they are invented) and any figure declared about Clermont Auvergne
Métropole, which a demonstration must never be able to confirm.
"""

from pathlib import Path

from observatoire.demonstration import flores, sirene, urssaf
from observatoire.demonstration.geography import Geography
from observatoire.demonstration.sirene_layout import LATEST


def generate(
    jeu: str,
    dossier: Path,
    references: Path,
    *,
    etablissements: int = 60_000,
    graine: int = 20261122,
    format: str = "parquet",  # noqa: A002  the word of the public interface
    departements: tuple[str, ...] | None = ("63",),
    historique: bool = True,
    vintage: str = LATEST,
    nomenclature: str = "NAFRev2",
) -> list[Path]:
    """Write one set of demonstration files and their ``.origine.yml``; return the data files.

    Args:
        jeu: ``sirene``, ``urssaf`` or ``flores``.
        dossier: the files go to ``dossier/<source>/<file>``.
        references: folder of ``communes.csv``, ``communes_anciennes.csv`` and ``zonages.csv``.
        etablissements: number of Sirene establishments, which the Urssaf tables count; ignored by Flores.
        graine: the same seed gives the same bytes, with the same versions of the libraries.
        format: ``parquet`` or ``csv`` (zipped) for Sirene; the other sets have one official format.
        departements: where the Sirene establishments are; ``None`` for the whole of France, in the proportions of the
            real stock.
        historique: whether Sirene comes with the periods and the successions of its establishments.
        vintage: year of which the Sirene stocks have the columns: ``2022``, ``2024`` or ``2026``.
        nomenclature: of the main activity of active Sirene rows, ``NAFRev2`` or ``NAF25``.
    """
    geography = Geography.read(references)
    match jeu:
        case "sirene":
            return sirene.write(
                dossier,
                geography,
                rows=etablissements,
                seed=graine,
                file_format=format,
                departements=departements,
                history=historique,
                vintage=vintage,
                nomenclature=nomenclature,
            )
        case "urssaf":
            return urssaf.write(dossier, geography, seed=graine, rows=etablissements, departements=departements)
        case "flores":
            return flores.write(dossier, geography, seed=graine)
        case _:
            raise ValueError(f"jeu de démonstration inconnu : {jeu!r} ; choisir sirene, urssaf ou flores")
