"""A web server of this machine that misbehaves on demand: it cuts, goes silent, refuses, redirects, changes its file."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Panne:
    """What one request suffers: another status, or a body that stops after so many bytes, cut or silent."""

    statut: int = 0
    entetes: dict[str, str] = field(default_factory=dict)
    corps: bytes = b""
    apres: int | None = None
    muet: bool = False


@dataclass
class Serveur:
    """What it serves, what it does wrong, and what it was asked.

    Attributes:
        contenu, etag, modifie, type: the file.
        reprend: whether it answers `Range`.
        ecoute: whether it answers 304.
        annonce: whether it says how long the body is.
        pannes: one for each request to come; None lets one through.
        requetes: headers of the requests received.
        envoyes: bytes of body sent.
    """

    contenu: bytes = b""
    etag: str = '"v1"'
    modifie: str = "Fri, 01 Nov 2024 03:00:00 GMT"
    type: str = "application/octet-stream"
    reprend: bool = True
    ecoute: bool = True
    annonce: bool = True
    pannes: list[Panne | None] = field(default_factory=list)
    requetes: list[dict[str, str]] = field(default_factory=list)
    envoyes: int = 0
    url: str = ""
    fin: threading.Event = field(default_factory=threading.Event)

    @property
    def reprises(self) -> list[str]:
        """The `Range` asked for, in order."""
        return [requete["range"] for requete in self.requetes if "range" in requete]


class _Poignee(BaseHTTPRequestHandler):
    serveur: Serveur
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802 — the name the library calls
        serveur = self.serveur
        demande = {nom.lower(): valeur for nom, valeur in self.headers.items()}
        serveur.requetes.append(demande)
        panne = (serveur.pannes.pop(0) if serveur.pannes else None) or Panne()
        self.close_connection = True
        if panne.statut:
            self._repondre(panne.statut, {**panne.entetes, "Content-Length": str(len(panne.corps))}, panne.corps)
            return
        dit = {"Content-Type": serveur.type, "ETag": serveur.etag, "Last-Modified": serveur.modifie}
        dit = {nom: valeur for nom, valeur in dit.items() if valeur} | panne.entetes
        if serveur.ecoute and serveur.etag and demande.get("if-none-match") == serveur.etag:
            self._repondre(304, dit)
            return
        debut = 0
        etendue = re.fullmatch(r"bytes=(\d+)-", demande.get("range", ""))
        if etendue and serveur.reprend and demande.get("if-range") in (None, serveur.etag, serveur.modifie):
            debut = int(etendue[1])
            if debut >= len(serveur.contenu):
                self._repondre(416, {"Content-Length": "0"})
                return
            dit["Content-Range"] = f"bytes {debut}-{len(serveur.contenu) - 1}/{len(serveur.contenu)}"
        corps = serveur.contenu[debut:]
        if serveur.annonce:
            dit["Content-Length"] = str(len(corps))
        self._repondre(206 if "Content-Range" in dit else 200, dit, corps[: panne.apres])
        if panne.muet:
            serveur.fin.wait(5)

    def _repondre(self, statut: int, entetes: dict[str, str], corps: bytes = b"") -> None:
        self.send_response_only(statut)
        for nom, valeur in {**entetes, "Connection": "close"}.items():
            self.send_header(nom, valeur)
        self.end_headers()
        self.wfile.write(corps)
        self.wfile.flush()
        self.serveur.envoyes += len(corps)

    def log_message(self, *_) -> None:
        """Say nothing: the tests read `requetes`."""


class _Ecoute(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_) -> None:
        """Say nothing of clients that hang up."""


@contextmanager
def ecouter() -> Iterator[Serveur]:
    """Serve on a free port of this machine."""
    serveur = Serveur()
    poignee = type("Poignee", (_Poignee,), {"serveur": serveur})
    with _Ecoute(("127.0.0.1", 0), poignee) as ecoute:
        serveur.url = f"http://127.0.0.1:{ecoute.server_address[1]}/donnees"
        fil = threading.Thread(target=ecoute.serve_forever, args=(0.01,), daemon=True)
        fil.start()
        try:
            yield serveur
        finally:
            serveur.fin.set()
            ecoute.shutdown()
            fil.join()
