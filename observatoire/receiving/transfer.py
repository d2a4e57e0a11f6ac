"""Bringing the bytes of an address into a file, whatever happens on the way: cuts, silences, refusals, redirections.

A partial file is named after the version of the content, so that another run, even another day, goes on where this one
stopped. What the bytes are worth and where they go belong to `download`.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import httpx
import stamina
import stamina.instrumentation

from observatoire.receiving.checks import TelechargementRefuse, in_words, require_room
from observatoire.warehouse import fingerprint

PASSAGERS = (408, 425, 429, 500, 502, 503, 504)
REDIRECTIONS = 5
SERVEURS_INJOIGNABLES = 2
ESSAIS_EN_TOUT = 60  # even when each gains some bytes: another run will go on
ENTRE_DEUX_MESURES = 2**26

# retries are told in French, to who follows the download
stamina.instrumentation.set_on_retry_hooks([])


class Passager(Exception):
    """A failure that may pass by itself. The message is in French.

    Attributes:
        attendre: seconds the server asks to wait, None when it does not say.
    """

    def __init__(self, message: str, attendre: float | None = None) -> None:
        """Say what failed, and for how long."""
        super().__init__(message)
        self.attendre = attendre


@dataclass(frozen=True)
class Patience:
    """How long to insist, in seconds.

    Attributes:
        silence: without a byte, after which a connection is given up.
        essais: attempts in a row that gain nothing.
        essais_de_connexion: attempts in a row to reach a server that never answered.
        attente: before the second attempt; doubled each time, up to `attente_max`.
        retry_after_max: the longest wait a server may ask for.
    """

    silence: float = 60.0
    essais: int = 6
    essais_de_connexion: int = 3
    attente: float = 2.0
    attente_max: float = 60.0
    retry_after_max: float = 900.0


@dataclass(frozen=True)
class Annonce:
    """What the headers of an answer say of the content to come."""

    etag: str
    modifie_le: datetime | None
    octets: int | None
    type: str

    @property
    def validateur(self) -> str:
        """What `If-Range` compares, empty when the server gives nothing to compare: a weak tag does not do."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return http_date(self.modifie_le) if self.modifie_le else ""


@dataclass
class Reseau:
    """What the downloads of a run have learnt of the network.

    Attributes:
        joints: hosts that answered, whatever they answered.
        injoignables: hosts that no attempt could reach.
    """

    joints: set[str] = field(default_factory=set)
    injoignables: set[str] = field(default_factory=set)

    @property
    def absent(self) -> bool:
        """Whether it is the network that is missing, and no longer a server: two could not be reached, none could."""
        return not self.joints and len(self.injoignables) >= SERVEURS_INJOIGNABLES


def http_date(instant: datetime) -> str:
    """Write a time as HTTP does."""
    return format_datetime(instant.astimezone(UTC), usegmt=True)


@dataclass
class Transfert:
    """The transfer of one file.

    Attributes:
        url: address.
        base: hidden path that partial files extend: `.stock.zip` gives `.stock.zip.<version>.part`.
        accepter: told what is offered and where it would go, before any byte of it; raises to refuse.
        progres: told the bytes received and their total, if it is known.
        dire: told, in French, what goes wrong and passes.
        patience: how long to insist.
        reseau: what other downloads learnt of the network, and this one adds to.
    """

    url: str
    base: Path
    accepter: Callable[[Annonce, Path], None]
    progres: Callable[[int, int | None], None]
    dire: Callable[[str], None]
    patience: Patience
    reseau: Reseau = field(default_factory=Reseau)
    _annonce: Annonce | None = None
    _partiel: Path = Path()
    _plus_loin: int = 0
    _vains: int = 0

    def receive(self, conditions: Mapping[str, str]) -> tuple[Annonce, Path] | None:
        """Return what was offered and the whole file, or None when the conditions say that it has not changed.

        Raises:
            TelechargementRefuse: the answer is not the file, and insisting would not help.
            Passager, httpx.TransportError: the server failed for longer than our patience.
        """
        depart = _allowed(httpx.URL(self.url), loopback=_is_loopback(httpx.URL(self.url)))
        delais = httpx.Timeout(self.patience.silence, connect=min(self.patience.silence, 20))
        insister = stamina.RetryingCaller(
            attempts=ESSAIS_EN_TOUT,
            timeout=None,
            wait_initial=self.patience.attente,
            wait_max=self.patience.attente_max,
            wait_jitter=self.patience.attente / 2,
        )
        # a proxy of the environment does not lead to this machine
        with httpx.Client(timeout=delais, trust_env=not _is_loopback(depart)) as client:
            return insister(self._worth_insisting, self._attempt, client, conditions)

    def _worth_insisting(self, erreur: Exception) -> bool | float:
        """Say whether, and when, to try again: as long as each attempt goes further than the last."""
        if not isinstance(erreur, (Passager, httpx.TransportError)):
            return False
        recus = _size(self._partiel)
        self._vains = 0 if recus > self._plus_loin else self._vains + 1
        self._plus_loin = max(recus, self._plus_loin)
        hote = httpx.URL(self.url).host
        if isinstance(erreur, httpx.ConnectError | httpx.ConnectTimeout) and hote not in self.reseau.joints:
            # a second server that does not answer either: insisting would not bring the network back
            autres = self.reseau.injoignables - {hote}
            if self._vains >= self.patience.essais_de_connexion or (autres and not self.reseau.joints):
                self.reseau.injoignables.add(hote)
                return False
        attendre = erreur.attendre if isinstance(erreur, Passager) else None
        if self._vains >= self.patience.essais or (attendre or 0) > self.patience.retry_after_max:
            return False
        self.dire(f"{in_french(erreur)} ; nouvel essai, {in_words(recus)} déjà là")
        return True if attendre is None else attendre

    def _attempt(self, client: httpx.Client, conditions: Mapping[str, str]) -> tuple[Annonce, Path] | None:
        deja = _size(self._partiel) if self._annonce is not None and self._annonce.validateur else 0
        if self._annonce is not None and deja and deja == self._annonce.octets:
            return self._annonce, self._partiel
        reprise = {"Range": f"bytes={deja}-", "If-Range": self._annonce.validateur} if self._annonce and deja else {}
        with self._open(client, reprise or conditions) as reponse:
            if reponse.status_code == 304 and conditions and not reprise:
                return None
            if self._annonce is not None and reprise and _continues(reponse, self._annonce, deja):
                return self._write(reponse, self._annonce, deja)
            if reprise and reponse.status_code in (206, 416):
                self._partiel.unlink()
                raise Passager("le serveur a perdu le fil de la reprise")
            _require_success(reponse)
            self._annonce = _announced(reponse)
            self._partiel = self._partial(self._annonce)
            self.accepter(self._annonce, self._partiel)
            if reprise or not _size(self._partiel):
                return self._write(reponse, self._annonce, 0)
        # another run left the beginning of this very version: the answer is dropped, the end of it asked for
        return self._attempt(client, conditions)

    @contextmanager
    def _open(self, client: httpx.Client, entetes: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Ask for the address, through the redirections that are allowed."""
        url = httpx.URL(self.url)
        loopback = _is_loopback(url)
        for _ in range(REDIRECTIONS + 1):
            # a body compressed on the way could neither be measured nor resumed
            demande = client.build_request("GET", url, headers={**entetes, "Accept-Encoding": "identity"})
            reponse = client.send(demande, stream=True)
            self.reseau.joints.add(httpx.URL(self.url).host)
            try:
                if not reponse.has_redirect_location:
                    yield reponse
                    return
            finally:
                reponse.close()
            url = _allowed(url.join(reponse.headers["location"]), loopback)
        raise TelechargementRefuse(
            f"plus de {REDIRECTIONS} redirections de suite. Vérifier l'adresse de source.yml dans un navigateur"
        )

    def _partial(self, annonce: Annonce) -> Path:
        """Name the partial file of this version of the content; those of other versions are of no use any more."""
        version = fingerprint(self.url, annonce.validateur, annonce.octets)
        partiel = self.base.with_name(f"{self.base.name}.{version}.part")
        for autre in self.base.parent.glob(f"{self.base.name}.*.part"):
            if autre != partiel or not annonce.validateur or _size(autre) > (annonce.octets or _size(autre)):
                autre.unlink()
        return partiel

    def _write(self, reponse: httpx.Response, annonce: Annonce, deja: int) -> tuple[Annonce, Path]:
        """Write the body after what is already there."""
        self._partiel.parent.mkdir(parents=True, exist_ok=True)
        recus = deja
        with self._partiel.open("ab" if deja else "wb") as sortie:
            for morceau in reponse.iter_raw():
                sortie.write(morceau)
                recus += len(morceau)
                self.progres(recus, annonce.octets)
                if recus // ENTRE_DEUX_MESURES > (recus - len(morceau)) // ENTRE_DEUX_MESURES:
                    require_room({self._partiel.parent: 0})  # a server may not say when it will end
            sortie.flush()
            os.fsync(sortie.fileno())
        if annonce.octets is not None and recus != annonce.octets:
            raise Passager(f"{in_words(recus)} reçus sur {in_words(annonce.octets)}")
        return annonce, self._partiel


def in_french(erreur: Exception) -> str:
    """Say what failed between the server and us."""
    if isinstance(erreur, httpx.ConnectError):
        return "le serveur est injoignable"
    if isinstance(erreur, httpx.TimeoutException):
        return "le serveur ne répond plus"
    return str(erreur) if isinstance(erreur, Passager) else "la connexion a été coupée"


def _is_loopback(url: httpx.URL) -> bool:
    return url.host in ("127.0.0.1", "::1", "localhost")


def _allowed(url: httpx.URL, loopback: bool) -> httpx.URL:
    """Let through https; http only from this machine to itself, where nobody listens in between.

    Raises:
        TelechargementRefuse: any other address.
    """
    if url.scheme == "https" or (url.scheme == "http" and loopback and _is_loopback(url)):
        return url
    raise TelechargementRefuse(
        f"l'adresse mène à {url.scheme or 'rien'}://{url.host}, qui n'est pas en https : refusé. "
        "Corriger « url » dans source.yml"
    )


def _require_success(reponse: httpx.Response) -> None:
    code = reponse.status_code
    if code in PASSAGERS:
        raise Passager(f"le serveur répond {code}", _retry_after(reponse.headers.get("retry-after", "")))
    if code in (404, 410):
        raise TelechargementRefuse(
            f"le fichier n'est plus à cette adresse (réponse {code}). Corriger « url » dans source.yml, "
            "ou déposer le fichier à la main"
        )
    if code != 200:
        raise TelechargementRefuse(f"le serveur refuse (réponse {code}). Vérifier l'adresse de source.yml")
    if reponse.headers.get("content-encoding", "identity").lower() != "identity":
        raise TelechargementRefuse("le serveur n'envoie que du compressé à la volée. Déposer le fichier à la main")


def _continues(reponse: httpx.Response, annonce: Annonce, deja: int) -> bool:
    """Say whether an answer is the end we asked for, of the version whose beginning we have."""
    etendue = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", reponse.headers.get("content-range", ""))
    return (
        reponse.status_code == 206
        and etendue is not None
        and int(etendue[1]) == deja
        and (annonce.octets is None or etendue[2] in ("*", str(annonce.octets)))
        and reponse.headers.get("etag", annonce.etag) == annonce.etag
    )


def _retry_after(dit: str) -> float | None:
    """Read `Retry-After`: seconds, or a date."""
    if dit.strip().isdigit():
        return float(dit)
    instant = _instant(dit)
    return None if instant is None else max(0.0, (instant - datetime.now(UTC)).total_seconds())


def _instant(dit: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(dit)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _announced(reponse: httpx.Response) -> Annonce:
    entetes = reponse.headers
    taille = entetes.get("content-length", "")
    modifie_le = _instant(entetes.get("last-modified", ""))
    # a clock ahead of ours would make every later file look older
    if modifie_le is not None and modifie_le > datetime.now(UTC) + timedelta(days=1):
        modifie_le = None
    return Annonce(
        etag=entetes.get("etag", ""),
        modifie_le=modifie_le,
        octets=int(taille) if taille.isdigit() else None,
        type=entetes.get("content-type", ""),
    )


def _size(chemin: Path) -> int:
    return chemin.stat().st_size if chemin.is_file() else 0
