"""What a download must be before it enters `raw/`: of its announced type, whole, no bomb, and with room to unpack it.

Only the container is looked at: what the rows are worth belongs to `loading` and to each source.
"""

import gzip
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow.parquet as parquet

from observatoire.loading.archives import data_members
from observatoire.loading.records import ERREURS_DE_LECTURE
from observatoire.obstacle import Obstacle

MARGE = 2**30
GONFLEMENT = {".zip": 5, ".gz": 5}  # the Sirene stock unpacks to about four times its size
RATIO_DE_BOMBE = 100  # the most repetitive tables of producers compress thirty times
JAMAIS_UNE_BOMBE = 2**26
TYPES_D_ERREUR = ("text/html", "application/xhtml+xml", "application/json", "application/problem+json")


class TelechargementRefuse(Obstacle):
    """A download that must not enter `raw/`. The message, in French, says why and what to do."""


class PlaceInsuffisante(TelechargementRefuse):
    """No room on the disk: what was received is good, and is kept for the next attempt."""


def in_words(octets: int) -> str:
    """Write a size as a French reader expects it."""
    for unite, taille in (("Go", 2**30), ("Mo", 2**20), ("ko", 2**10)):
        if octets >= taille:
            return f"{octets / taille:.1f} {unite}".replace(".", ",")
    return f"{octets} octets"


def free_bytes(dossier: Path) -> int:
    """Return the room left on the disk of a folder that may not be there yet."""
    while not dossier.exists():
        dossier = dossier.parent
    return shutil.disk_usage(dossier).free


def require_room(besoins: Mapping[Path, int]) -> None:
    """Check that each folder can take so many bytes more; two folders of one disk add up.

    Raises:
        PlaceInsuffisante: saying how much is missing.
    """
    par_disque: dict[int, tuple[Path, int]] = {}
    for dossier, octets in besoins.items():
        present = next(parent for parent in (dossier, *dossier.parents) if parent.exists())
        disque = present.stat().st_dev
        par_disque[disque] = (present, par_disque.get(disque, (present, 0))[1] + octets)
    for present, octets in par_disque.values():
        if (libre := free_bytes(present)) < octets + MARGE:
            raise PlaceInsuffisante(
                f"place insuffisante : {in_words(octets + MARGE)} nécessaires (fichier, contenu décompressé, marge), "
                f"{in_words(libre)} libres. Libérer de la place, puis relancer telecharger"
            )


def check_announced(nom: str, type_annonce: str) -> None:
    """Refuse, before reading its body, an answer that says it is an error page.

    Raises:
        TelechargementRefuse: HTML or JSON in the place of a table.
    """
    if type_annonce.partition(";")[0].strip().lower() in TYPES_D_ERREUR:
        raise TelechargementRefuse(
            f"le serveur répond une page « {type_annonce} », pas {nom}. Ouvrir l'adresse de source.yml dans un "
            "navigateur : le jeu a peut-être changé de place"
        )


def check_content(chemin: Path, nom: str, atelier: Path) -> None:
    """Check that a received file is what its name says, whole and reasonable.

    Args:
        chemin: where it is, under a temporary name.
        nom: the name it will have: its suffix says what it must be.
        atelier: folder where it will be unpacked.

    Raises:
        TelechargementRefuse: wrong type, truncated, bomb, or too large once unpacked.
    """
    suffixe = Path(nom).suffix.lower()
    controle = CONTROLES.get(suffixe)
    if controle is None:
        raise TelechargementRefuse(f"« {nom} » : extension non lue. Corriger « fichier » dans source.yml")
    try:
        decompresse = controle(chemin)
    except ERREURS_DE_LECTURE as erreur:
        raise TelechargementRefuse(
            f"ce n'est pas un fichier « {suffixe} » entier : tronqué, ou d'un autre type ({erreur}). "
            "Relancer telecharger ; si cela dure, prévenir le producteur"
        ) from erreur
    require_room({atelier: decompresse})


def _check_parquet(chemin: Path) -> int:
    with chemin.open("rb") as flux:
        if flux.read(4) != b"PAR1":
            raise ValueError("il ne commence pas par PAR1")
    parquet.read_metadata(chemin)
    return 0


def _check_zip(chemin: Path) -> int:
    """Read the central directory, never the data: sums are checked when the rows are read."""
    with zipfile.ZipFile(chemin) as archive:
        membres = [archive.getinfo(nom) for nom in data_members(archive)]
        if len(membres) != 1:
            raise TelechargementRefuse(
                f"l'archive devrait contenir un seul fichier de données, elle en contient {len(membres)}. "
                "Vérifier l'adresse de source.yml"
            )
        if membres[0].flag_bits & 1:
            raise TelechargementRefuse("l'archive demande un mot de passe. Vérifier l'adresse de source.yml")
        archive.open(membres[0]).close()  # its own header is where the directory says
        return _reasonable(chemin, membres[0].file_size)


def _check_xlsx(chemin: Path) -> int:
    with zipfile.ZipFile(chemin) as archive:
        archive.getinfo("[Content_Types].xml")
        return _reasonable(chemin, sum(membre.file_size for membre in archive.infolist()))


def _check_gzip(chemin: Path) -> int:
    """Read it through: a gzip says its size only modulo 4 GB, and its end is the only proof that it is whole."""
    lus = 0
    with gzip.open(chemin) as flux:
        while morceau := flux.read(2**20):
            lus += len(morceau)
            _reasonable(chemin, lus)
    return lus


def _reasonable(chemin: Path, decompresse: int) -> int:
    """Return an unpacked size, unless no table compresses that well.

    Raises:
        TelechargementRefuse: a bomb.
    """
    if decompresse > max(JAMAIS_UNE_BOMBE, RATIO_DE_BOMBE * chemin.stat().st_size):
        raise TelechargementRefuse(
            f"bombe de décompression : {in_words(chemin.stat().st_size)} qui en deviendraient {in_words(decompresse)}. "
            "Ne pas l'ouvrir ; prévenir le producteur"
        )
    return decompresse


def _check_text(chemin: Path) -> int:
    with chemin.open("rb") as flux:
        debut = flux.read(4096)
    mots = debut.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not mots:
        raise ValueError("fichier vide")
    if re.match(rb"<(!doctype|html|\?xml)|[{\[]", mots, re.IGNORECASE):
        raise ValueError("c'est une page web ou un message d'erreur, pas un tableau")
    # UTF-16, which Excel writes, is the only text with null bytes
    if b"\0" in debut and not debut.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError("octets nuls")
    return 0


CONTROLES: dict[str, Callable[[Path], int]] = {
    ".parquet": _check_parquet,
    ".zip": _check_zip,
    ".gz": _check_gzip,
    ".xlsx": _check_xlsx,
    ".csv": _check_text,
    ".txt": _check_text,
    ".tsv": _check_text,
}
