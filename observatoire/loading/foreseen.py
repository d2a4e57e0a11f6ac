"""What a source would be read from today, before any of it is read: its files, what was accepted of them, its version.

Whether that is what its table was made of is said here too. Reading belongs to `ingestion`.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import ClassVar

from pydantic import ConfigDict

from observatoire.declarations import FERMEE, Empreinte, Texte, declared, read_yaml
from observatoire.fingerprints import code_owed
from observatoire.loading.accumulation import too_soon
from observatoire.loading.files import (
    A_CONVERTIR,
    ACCEPTATIONS,
    Fichier,
    dropped_files,
    files_of,
    unread_files,
    wait_for_copies,
)
from observatoire.obstacle import Obstacle
from observatoire.sources import Source, sources
from observatoire.sources.states import Etat, schema_of, state_of
from observatoire.warehouse import Entrepot, fingerprint

LECTEUR = "observatoire.loading.ingestion"


@dataclass(frozen=True)
class Acceptation:
    """A file a person accepted in spite of its volumes (an entry of `acceptations.yml`), and why."""

    __pydantic_config__: ClassVar[ConfigDict] = FERMEE
    sha256: Empreinte
    raison: Texte


@dataclass(frozen=True)
class Prevue:
    """What a load would be.

    Attributes:
        version: version its table would have.
        fichiers: what it would be read from; none when its table is to be empty.
        acceptes: hashes of the files a person accepted in spite of their volumes.
        motif: why there is nothing to read, in French.
    """

    version: str
    fichiers: tuple[Fichier, ...] = ()
    acceptes: frozenset[str] = frozenset()
    motif: str = ""


def foresee(entrepot: Entrepot, source: Source, precedent: Etat | None, attend: bool = False) -> Prevue:
    """Say what a source would be read from, after what its last state says; `attend` waits for files being copied.

    Raises:
        Obstacle: nothing there can be read, or what is there must not take the place of what was.
    """
    if (inconnus := unread_files(entrepot.settings, source)) and not dropped_files(entrepot.settings, source.nom):
        raise Obstacle(f"raw/{source.nom} ne contient rien qui se lise : {', '.join(inconnus)}. {A_CONVERTIR}")
    trouves = files_of(entrepot.settings, source)
    charge = precedent if precedent is not None and precedent.charge_le is not None else None
    aide = source.aide or f"déposer un fichier dans raw/{source.nom}/, puis relancer"
    if not trouves:
        # demonstration rows do not outlive the arrival of real ones in another source of their set
        if charge is not None and charge.nature != "demonstration":
            raise Obstacle(f"raw/{source.nom} ne contient plus de fichier lisible : {aide}.")
        if charge is not None and (refuses := _refused_of_its_set(entrepot, source)):
            raise Obstacle(
                f"La démonstration de {source.nom} reste, tant que rien de réel ne se lit de son jeu : corriger "
                f"{', '.join(f'raw/{nom}' for nom in refuses)}, ou l'en retirer, puis relancer."
            )
        return Prevue(empty_version(source), motif=f"raw/{source.nom} est vide : {aide}.")
    if (
        charge is not None
        and charge.nature != "demonstration"
        and all(fichier.est_demonstration for fichier in trouves)
    ):
        raise Obstacle(
            f"raw/{source.nom} ne contient plus de fichier réel, et la démonstration ne remplace pas des données "
            f"réelles : {aide}. Pour revenir à la démonstration, supprimer warehouse/etats/{source.nom}.json."
        )
    if attend:
        wait_for_copies([fichier for fichier in trouves if fichier.chemin.is_relative_to(entrepot.settings.raw)])
    acceptes = frozenset(_accepted(entrepot, source))
    version = fingerprint(
        [(fichier.nom, fichier.sha256, asdict(fichier.origine)) for fichier in trouves],
        sorted(acceptes),
        code_owed(LECTEUR, f"sources/{source.nom}/*"),
        date.today().year,  # noqa: DTZ011 — rules compare years with the present one
        [fichier.nom for fichier, _ in too_soon(trouves, source)],
    )
    return Prevue(version, tuple(trouves), acceptes)


def empty_version(source: Source) -> str:
    """Return the version of the table of a source that has no file."""
    return fingerprint(source.nom, "vide")


def to_load(entrepot: Entrepot, source: Source) -> tuple[bool, bool]:
    """Say whether a source has to be loaded, and whether its table may then be another.

    One that fails is tried again each time: what is said of it must be true today. Tried on the same files by the same
    code, it is not expected to give another table.
    """
    precedent, en_place = state_of(entrepot, source), entrepot.version(schema_of(source), source.nom)
    if precedent is None or en_place != precedent.version:
        return True, True
    try:
        prevue = foresee(entrepot, source, precedent)
    except Obstacle as refus:
        est_dit = precedent.etat == "en_echec" and precedent.motif == str(refus)
        return True, not est_dit
    except Exception:  # the load will say it
        return True, True
    if precedent.etat == "en_echec":
        return True, precedent.essai != prevue.version
    reste = precedent.version == prevue.version and precedent.motif == prevue.motif
    return not reste, not reste


def _accepted(entrepot: Entrepot, source: Source) -> set[str]:
    """Return the hashes of the files a person accepted in spite of their volumes, each with its reason."""
    chemin = entrepot.settings.raw / source.nom / ACCEPTATIONS
    if not chemin.exists():
        return set()
    ou = f"raw/{source.nom}/acceptations.yml"
    dites = read_yaml(chemin, ou)
    return set() if dites is None else {entree.sha256 for entree in declared(list[Acceptation], dites, ou)}


def _refused_of_its_set(entrepot: Entrepot, source: Source) -> list[str]:
    """Name the sources of the same demonstration set that have real files, when none of them could be read."""
    if source.demonstration is None:
        return []
    deposees = [
        autre
        for autre in sources().values()
        if autre.demonstration == source.demonstration and dropped_files(entrepot.settings, autre.nom)
    ]
    etats = [state_of(entrepot, autre) for autre in deposees]
    tous = all(etat is not None and etat.etat == "en_echec" and etat.nature == "demonstration" for etat in etats)
    return [autre.nom for autre in deposees] if tous else []
