"""Which files a source is made of: those of `raw/`, else the embedded one, else demonstration ones; and their origin.

Reading them does not belong here.
"""

import re
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field

from observatoire.declarations import FERMEE, Empreinte, declared, nearest, read_yaml
from observatoire.loading.hashes import Aspect, Empreintes, aspect_of
from observatoire.loading.records import EXTENSIONS
from observatoire.obstacle import Obstacle
from observatoire.settings import REFERENCES, Settings
from observatoire.sources import Couverture, Source, sources
from observatoire.sources.folders import MODELE
from observatoire.warehouse import Entrepot, sha256

ACCEPTATIONS = "acceptations.yml"
A_COTE, DU_SYSTEME = (".yml", ".yaml", ".md"), ("thumbs.db", "desktop.ini")
# a file that changed so little ago may still be being copied: it is looked at again once that time has passed
TEMPS_DE_COPIE_S = 1.0
A_CONVERTIR = "Enregistrer en CSV (UTF-8) ou en XLSX, puis relancer."


def _said(lire: Callable[[str], date]) -> AfterValidator:
    """Check a day or a time, kept as it is written."""

    def check(dite: str) -> str:
        try:
            lire(dite)
        except ValueError:
            if dite:
                raise ValueError(f"« {dite} » n'est pas une date comme 2026-01-31") from None
        return dite

    return AfterValidator(check)


def _day(dite: str) -> date:
    return datetime.fromisoformat(dite).date()


@dataclass(frozen=True)
class Origine:
    """What a `.origine.yml` says of the file beside it; what it does not say is as the source says.

    Attributes:
        producteur, jeu, url, licence, note: provenance, in French.
        obtenu_le: day it was obtained.
        millesime: vintage, where the path does not say it, or says another.
        nature: `demonstration` when its rows are invented.
        couverture: as in `Source`.
        attribuant, siret_attribuant: who gives the grants of the file, where no column says it.
        monnaie: currency of its amounts, where no column says it.
        etag, derniere_modification, octets, sha256: what a download keeps, to fetch nothing twice.
    """

    __pydantic_config__: ClassVar[ConfigDict] = FERMEE
    producteur: str | None = None
    jeu: str | None = None
    url: str | None = None
    licence: str | None = None
    note: str | None = None
    obtenu_le: Annotated[str, _said(_day)] | None = None
    millesime: str | Annotated[int, Field(ge=1900, le=2200)] | None = None
    nature: Literal["reelle", "demonstration"] | None = None
    couverture: Literal["lignes", "inconnue"] | Couverture | None = None
    attribuant: str | None = None
    siret_attribuant: str | int | None = None
    monnaie: str | None = None
    etag: str | None = None
    derniere_modification: Annotated[str, _said(datetime.fromisoformat)] | None = None
    octets: Annotated[int, Field(ge=0)] | None = None
    sha256: Empreinte | None = None


class FichierMouvant(Obstacle):
    """A file that changes while it is looked at: in a moment, the same question may have another answer."""


@dataclass(frozen=True)
class Fichier:
    """A file of a source.

    Attributes:
        chemin: where it is.
        nom: path relative to the folder of the source, as reports name it.
        origine: what its `.origine.yml` says.
        millesime: vintage said by the origin, else by the path, else empty.
        memoire: where its hash is remembered.
    """

    chemin: Path
    nom: str
    origine: Origine = Origine()
    memoire: Empreintes = field(default=Empreintes(), compare=False, repr=False)

    @cached_property
    def sha256(self) -> str:
        """Hash of the content, as it was when it was first looked at: remembered, unless it looks otherwise."""
        aspect = self.aspect
        connue = self.memoire.known(self.chemin, aspect)
        if connue is None:
            connue = sha256(self.chemin)
            self.memoire.keep(self.chemin, aspect, connue)
        return connue

    @cached_property
    def aspect(self) -> Aspect:
        """How the file first looked: no writing, no replacement leaves that as it was, even one that hides its date."""
        return aspect_of(self.chemin)

    def check_unchanged(self) -> None:
        """Check, once it is read, that what was read is what was hashed.

        Raises:
            FichierMouvant: it was replaced, written to or taken away meanwhile.
        """
        try:
            meme = aspect_of(self.chemin) == self.aspect
        except FileNotFoundError:
            meme = False
        if not meme:
            raise FichierMouvant(
                f"{self.nom} a changé pendant sa lecture : attendre la fin de la copie, puis relancer."
            )

    @property
    def est_demonstration(self) -> bool:
        """Whether its origin says its rows are invented."""
        return self.origine.nature == "demonstration"

    @property
    def millesime(self) -> str:
        """Vintage, `2024` or `2024-10`; empty when neither origin nor path says it, or when a name has several."""
        if dit := self.origine.millesime:
            return str(dit)
        jour = r"(?:[-_]?(?:0[1-9]|[12]\d|3[01]))?"
        motif = rf"(?<!\d)((?:19|20)\d{{2}})(?:[-_]?(0[1-9]|1[0-2]){jour})?(?!\d)"
        for partie in reversed(Path(self.nom).parts):  # the name of the file, before those of its folders
            trouves = list(re.finditer(motif, partie))
            if trouves:
                annees = {trouve[1] for trouve in trouves}
                return "-".join(mot for mot in trouves[0].groups() if mot) if len(annees) == 1 else ""
        return ""

    @property
    def obtenu_le(self) -> date:
        """Day it was obtained, said by its origin, else the day it was written here."""
        if self.origine.obtenu_le:
            return _day(self.origine.obtenu_le)
        return datetime.fromtimestamp(self.chemin.stat().st_mtime, UTC).date()

    @property
    def derniere_modification(self) -> datetime | None:
        """Time its producer last changed it, said by its origin; None when it is not said."""
        dite = self.origine.derniere_modification
        instant = datetime.fromisoformat(dite) if dite else None
        return instant.replace(tzinfo=UTC) if instant is not None and instant.tzinfo is None else instant

    @property
    def date_du_contenu(self) -> date:
        """Day its content is from: what is downloaded late is not fresh."""
        return self.derniere_modification.date() if self.derniere_modification is not None else self.obtenu_le


def wait_for_copies(fichiers: list[Fichier]) -> None:
    """Look again at the files that have just changed; nothing is waited for where none has.

    Raises:
        FichierMouvant: one of them is still changing: it is being copied.
    """
    for fichier in fichiers:
        depuis = time.time() - fichier.aspect[2] / 1e9
        if 0 <= depuis < TEMPS_DE_COPIE_S:
            time.sleep(TEMPS_DE_COPIE_S - depuis)
            if not fichier.chemin.exists() or aspect_of(fichier.chemin) != fichier.aspect:
                raise FichierMouvant(f"{fichier.nom} est en cours de copie : attendre qu'elle finisse, puis relancer.")


def close_restricted(settings: Settings) -> None:
    """Close the folders of restricted files to other accounts, before anything of them is looked at.

    The files are as they came, the folder is what closes; to its group too, unless a person gave it one (setgid). A
    folder that is somebody else's, or on a disk that is only read, is theirs to close.
    """
    for nom in (nom for nom, source in sources().items() if source.diffusion == "restreinte"):
        dossier = settings.raw / nom
        with suppress(OSError):
            mode = dossier.stat().st_mode
            dossier.chmod(mode & (0o7770 if mode & stat.S_ISGID else 0o7700))


def dropped_files(settings: Settings, source: str = "") -> list[Path]:
    """List the data files of `raw/`, of one source or of all; copies under way and office locks are not files yet.

    Nor is the empty table that shows what a file looks like.
    """
    dossier = settings.raw / source
    return [
        chemin
        for chemin in sorted(dossier.rglob("*"))
        if chemin.suffix.lower() in EXTENSIONS
        and chemin.name != MODELE
        and chemin.is_file()
        and not any(partie.startswith(("~$", ".")) for partie in chemin.relative_to(dossier).parts)
    ]


def unread_files(settings: Settings, source: Source) -> list[str]:
    """Name the files of a source whose format nothing reads; what goes with files (`.yml`, `.md`) is not one."""
    dossier = settings.raw / source.nom
    return [
        chemin.relative_to(dossier).as_posix()
        for chemin in sorted(dossier.rglob("*"))
        if chemin.is_file()
        and chemin.suffix.lower() not in (*EXTENSIONS, *A_COTE)
        and chemin.name.lower() not in DU_SYSTEME
        and not any(partie.startswith(("~$", ".")) for partie in chemin.relative_to(dossier).parts)
    ]


def unknown_folders(settings: Settings) -> list[str]:
    """Name what lies in `raw/` and is the folder of no source: a mistyped name, mostly."""
    connus = {*sources(), "README.md"}
    return sorted(chemin.name for chemin in settings.raw.glob("[!.]*") if chemin.name not in connus)


def demonstration_needed(settings: Settings, jeu: str) -> bool:
    """Say whether a set of demonstration files is needed: none of its sources has a real file."""
    return not any(dropped_files(settings, source.nom) for source in sources().values() if source.demonstration == jeu)


def files_of(settings: Settings, source: Source) -> list[Fichier]:
    """List the files a source should be read from, in a stable order.

    Raises:
        Obstacle: a file whose `.origine.yml` cannot be understood.
    """
    _check_beside(settings.raw / source.nom)
    memoire = Empreintes(Entrepot(settings), source.nom)
    if deposes := dropped_files(settings, source.nom):
        return [_file(chemin, settings.raw / source.nom, memoire) for chemin in deposes]
    if source.embarque:
        return [_file(REFERENCES / source.embarque, REFERENCES, memoire)]
    if source.demonstration and demonstration_needed(settings, source.demonstration):
        dossier = settings.warehouse / "demonstration" / source.nom
        return [_file(chemin, dossier, memoire) for chemin in sorted(dossier.glob("*")) if chemin.suffix in EXTENSIONS]
    return []


def _check_beside(dossier: Path) -> None:
    """Refuse an origin that is of no file: what it says (that rows are invented) would be lost.

    The file may also be gone, and its origin left: that says nothing of those that remain, when each has its own.
    """
    for chemin in sorted(ecrit for ecrit in dossier.rglob("*") if ecrit.suffix.lower() in (".yml", ".yaml")):
        if not chemin.is_file() or chemin.name.startswith(".") or chemin == dossier / ACCEPTATIONS:
            continue
        voisins = [voisin for voisin in chemin.parent.iterdir() if voisin.suffix.lower() in EXTENSIONS]
        attendus = {f"{voisin.name}.origine.yml" for voisin in voisins if voisin.name != MODELE}
        sans_origine = attendus - {voisin.name for voisin in chemin.parent.iterdir()}
        if chemin.name not in attendus and (sans_origine or not chemin.name.endswith(".origine.yml")):
            raise Obstacle(
                f"{chemin.relative_to(dossier).as_posix()} n'est l'origine d'aucun fichier : la nommer "
                f"<fichier>.origine.yml, à côté de lui, ou la retirer.{nearest(chemin.name, sorted(attendus))}"
            )


def _file(chemin: Path, dossier: Path, memoire: Empreintes) -> Fichier:
    a_cote = chemin.with_name(f"{chemin.name}.origine.yml")
    dite = read_yaml(a_cote, a_cote.name) if a_cote.exists() else None
    origine = Origine() if dite is None else declared(Origine, dite, a_cote.name)
    return Fichier(chemin, chemin.relative_to(dossier).as_posix(), origine, memoire)
