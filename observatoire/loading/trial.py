"""Trying one file in one source, in a warehouse that lives as long as the trial: nothing else is written.

What is told is what a load would say of this file alone; the comparison with the last good load belongs to the load.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from observatoire.loading.files import dropped_files, unread_files
from observatoire.loading.ingestion import load_source
from observatoire.loading.rejects import rejects_path, sample
from observatoire.obstacle import Obstacle
from observatoire.settings import Settings
from observatoire.sources import Source
from observatoire.sources.states import Etat
from observatoire.warehouse import Entrepot

EXEMPLES_PAR_REGLE = 3


class EssaiImpossible(Obstacle):
    """A file that cannot be tried. The message, in French, says why."""


@dataclass(frozen=True)
class Essai:
    """What became of a file.

    Attributes:
        etat: as after a load: `a_jour`, or `en_echec` with its reason.
        exemples: the first rows refused or flagged by each rule, values as `qualite.rejets` may show them.
    """

    etat: Etat
    exemples: list[dict[str, Any]]

    @property
    def est_refuse(self) -> bool:
        """Whether the source refuses the file whole."""
        return self.etat.etat != "a_jour"


@contextmanager
def _warehouse_of(settings: Settings, source: Source, fichier: Path) -> Iterator[Entrepot]:
    """Give a warehouse whose `raw/` holds this file alone, with its origin and what people accepted of the source."""
    reel = settings.raw / source.nom
    # the folders above a file say its producer and its year
    ici = fichier.relative_to(reel) if fichier.is_relative_to(reel) else Path(fichier.name)
    with TemporaryDirectory(prefix="observatoire-essai-") as dossier:
        essai = Settings(Path(dossier) / "raw", Path(dossier) / "warehouse", settings.territoire)
        place = essai.raw / source.nom / ici
        place.parent.mkdir(parents=True)
        place.symlink_to(fichier)
        for a_cote, cible in (
            (fichier.with_name(f"{fichier.name}.origine.yml"), place.with_name(f"{place.name}.origine.yml")),
            (reel / "acceptations.yml", essai.raw / source.nom / "acceptations.yml"),
        ):
            if a_cote.exists():
                cible.symlink_to(a_cote)
        yield Entrepot(essai)


def try_file(settings: Settings, source: Source, fichier: Path) -> Essai:
    """Load a file in a source, in a warehouse that is erased afterwards.

    Raises:
        EssaiImpossible: there is no such file, or its name says that it is not one yet.
    """
    if not fichier.is_file():
        raise EssaiImpossible(f"{fichier} n'est pas un fichier : vérifier son chemin.")
    with _warehouse_of(settings, source, fichier.absolute()) as entrepot:
        if not dropped_files(entrepot.settings, source.nom) and not unread_files(entrepot.settings, source):
            raise EssaiImpossible(
                f"{fichier.name} ne serait pas lu : un nom qui commence par un point ou « ~$ », ou un fichier "
                "d'accompagnement. Le renommer, puis relancer."
            )
        etat = load_source(entrepot, source)
        combien = EXEMPLES_PAR_REGLE * len(etat.regles)
        return Essai(etat, sample(source, rejects_path(entrepot, source, etat), combien))
