"""A mail server and a webhook of this machine, which keep what they receive, and refuse or go silent on demand."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Boite:
    """What a server received, and how it behaves.

    Attributes:
        port: where it listens.
        bruts: bytes of the e-mails; recus: what the webhook was told.
        refus: status or SMTP code given instead of accepting; 0 accepts.
        muet: whether it listens and never answers.
    """

    port: int = 0
    bruts: list[bytes] = field(default_factory=list)
    recus: list[str] = field(default_factory=list)
    refus: int = 0
    muet: bool = False
    fin: threading.Event = field(default_factory=threading.Event)

    @property
    def courriels(self) -> list[EmailMessage]:
        return [message_from_bytes(brut, policy=policy.default) for brut in self.bruts]


class _Smtp(socketserver.StreamRequestHandler):
    boite: Boite

    def handle(self) -> None:
        if self.boite.muet:
            self.boite.fin.wait(5)
            return
        self._dire(220, "pret")
        while ligne := self.rfile.readline():
            verbe = ligne.split()[0].upper() if ligne.split() else b""
            if verbe == b"DATA":
                self._dire(354, "continuer")
                corps = b""
                while (suite := self.rfile.readline()) not in (b".\r\n", b""):
                    corps += suite
                self.boite.bruts.append(corps)
                self._dire(250, "recu")
            elif verbe == b"QUIT":
                self._dire(221, "au revoir")
                return
            elif verbe == b"RCPT" and self.boite.refus:
                self._dire(self.boite.refus, "refus")
            else:
                self._dire(250, "bien")

    def _dire(self, code: int, mot: str) -> None:
        self.wfile.write(f"{code} {mot}\r\n".encode())


class _Webhook(BaseHTTPRequestHandler):
    boite: Boite

    def do_POST(self) -> None:  # noqa: N802 — the name the library calls
        corps = self.rfile.read(int(self.headers["Content-Length"]))
        if self.boite.muet:
            self.boite.fin.wait(5)
            return
        if not self.boite.refus:
            self.boite.recus.append(json.loads(corps)["text"])
        self.send_response_only(self.boite.refus or 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_) -> None:
        """Say nothing: the tests read `recus`."""


class _Serveur(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_) -> None:
        """Say nothing of clients that hang up."""


@contextmanager
def _ecouter(serveur: type[socketserver.BaseServer], poignee: type) -> Iterator[Boite]:
    boite = Boite()
    with serveur(("127.0.0.1", 0), type("Poignee", (poignee,), {"boite": boite})) as ecoute:
        boite.port = ecoute.server_address[1]
        fil = threading.Thread(target=ecoute.serve_forever, args=(0.01,), daemon=True)
        fil.start()
        try:
            yield boite
        finally:
            boite.fin.set()
            ecoute.shutdown()
            fil.join()


def messagerie():
    """Receive e-mails on a free port of this machine."""
    return _ecouter(_Serveur, _Smtp)


def crochet():
    """Receive messages of a webhook on a free port of this machine."""
    return _ecouter(ThreadingHTTPServer, _Webhook)
