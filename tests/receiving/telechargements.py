"""Downloading from a server of the tests, and reading what came of it."""

import io
import zipfile
from pathlib import Path

from observatoire.loading.files import dropped_files
from observatoire.receiving.download import download
from observatoire.receiving.downloads import Telechargement
from observatoire.receiving.transfer import Patience
from observatoire.sources import Source
from observatoire.warehouse import Entrepot
from tests.depots import deposer, source
from tests.receiving.serveur import Serveur

PRESSE = Patience(silence=0.3, essais=3, attente=0.001, attente_max=0.001, retry_after_max=2)
NOM = "sirene_etablissements"
CSV = b"siren,siret\n" + b"".join(b"%09d,%014d\n" % (n, n) for n in range(4000))
NOVEMBRE, DECEMBRE = "Fri, 01 Nov 2024 03:00:00 GMT", "Sun, 01 Dec 2024 03:00:00 GMT"


def servie(serveur: Serveur, fichier: str = "stock.csv", **changements) -> Source:
    """Return the Sirene source as if that server were its producer."""
    return source(NOM, url=serveur.url, fichier=fichier, **changements)


def telecharger(entrepot: Entrepot, serveur: Serveur, fichier: str = "stock.csv", **options) -> Telechargement:
    return download(entrepot, servie(serveur, fichier), patience=PRESSE, **options)


def recus(entrepot: Entrepot) -> list[str]:
    """List the files a source would be read from."""
    dossier = entrepot.settings.raw / NOM
    return [chemin.relative_to(dossier).as_posix() for chemin in dropped_files(entrepot.settings, NOM)]


def contenu(entrepot: Entrepot, resultat: Telechargement) -> bytes:
    return (entrepot.settings.raw / NOM / resultat.fichier).read_bytes()


def partiels(entrepot: Entrepot) -> list[Path]:
    return list(entrepot.settings.raw.rglob(".*"))


def archive(membres: dict[str, bytes]) -> bytes:
    flux = io.BytesIO()
    with zipfile.ZipFile(flux, "w", zipfile.ZIP_DEFLATED) as ecrite:
        for nom, octets in membres.items():
            ecrite.writestr(nom, octets)
    return flux.getvalue()


# refusals


def echouer(entrepot: Entrepot, serveur: Serveur, fichier: str = "stock.csv") -> str:
    """Fail over a good file of November; say why."""
    deposer(entrepot, NOM, "2024-10/ancien.csv", "siren\n1\n")
    avant = {c: c.read_bytes() for c in (entrepot.settings.raw).rglob("*") if c.is_file()}
    resultat = telecharger(entrepot, serveur, fichier)
    assert resultat.etat == "en_echec"
    assert {c: c.read_bytes() for c in (entrepot.settings.raw).rglob("*") if c.is_file()} == avant
    return resultat.motif


BON_ZIP = archive({"StockEtablissement_utf8.csv": CSV})
SOUS_CLE = bytearray(BON_ZIP)


for marque, ecart in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
    SOUS_CLE[SOUS_CLE.index(marque) + ecart] |= 1
