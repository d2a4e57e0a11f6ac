"""Where downloads stand: who says from where, what became of the last one. Doing them belongs to `download`."""

from dataclasses import dataclass

from observatoire.sources import Source, sources
from observatoire.warehouse import Entrepot


@dataclass
class Telechargement:
    """What became of the last download of a source.

    Attributes:
        etat: `telecharge`, `inchange`, `plus_ancien` (older than what is here: not taken), `en_echec`.
        motif: what happened, in French.
        verifie_le: UTC time of the attempt.
        fichier: the file that stands in `raw/<source>/` after it, empty when there is none.
        octets, sha256: of that file.
        etag, derniere_modification: what the server last said of this content.
    """

    source: str
    etat: str
    motif: str
    verifie_le: str
    fichier: str = ""
    octets: int = 0
    sha256: str = ""
    etag: str = ""
    derniere_modification: str = ""


def downloadable() -> dict[str, Source]:
    """Return the sources that say from where, and under which name, their file is downloaded."""
    return {nom: source for nom, source in sources().items() if source.url and source.fichier}


def last_download(entrepot: Entrepot, source: Source) -> Telechargement | None:
    """Return what became of the last download of a source, None when it was never tried."""
    contenu = entrepot.read_json("telechargements", f"{source.nom}.json")
    try:
        return None if contenu is None else Telechargement(**contenu)
    except TypeError:  # written by another version: the next download says it again
        return None
