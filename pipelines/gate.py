"""What the interface answers, and to whom: its own pages and programs of this machine, never a page of elsewhere.

A browser sends the requests of any page it shows, and joins what the person may do. Dagster asks neither who speaks nor
under which name it was called: these ASGI classes do, before it, for HTTP and for websockets. What the interface does
belongs to Dagster; who may reach the machine, to its firewall and to nginx.
"""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from graphql import OperationDefinitionNode, OperationType, parse
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ICI = ("127.0.0.1", "localhost", "[::1]")
HOTE = re.compile(r"(?P<nom>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?")
# what a browser says of a request that is no other site's: this page's, or one a person typed
LES_NOTRES = ("same-origin", "none")
HOTE_INCONNU = (
    "Refusé : l'interface ne répond pas sous ce nom. Ouvrir http://127.0.0.1 et son port ; si un serveur web la donne "
    "sous une autre adresse, écrire cette adresse dans OBSERVATOIRE_ADRESSE, puis relancer l'interface."
)
PAGE_D_AILLEURS = (
    "Refusé : cette demande vient d'une page qui n'est pas l'interface de l'observatoire. Si c'est vous qui la faites, "
    "ouvrir l'interface dans un onglet et l'y refaire."
)
PAR_GET = "Refusé : par GET, l'interface ne fait que lire. Passer par POST."


def gate(adresse: str) -> list[Middleware]:
    """List what stands before the interface, the first to speak first.

    Args:
        adresse: the address a web server gives the interface under (`OBSERVATOIRE_ADRESSE`), empty when there is none.
    """
    return [
        Middleware(EnTetes),
        Middleware(HoteConnu, adresse=adresse),
        Middleware(PagesDIci, adresse=adresse),
        Middleware(LectureParGet),
    ]


class EnTetes:
    """Says to browsers that no other site may frame what is answered, nor embed it."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to every answer."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                entetes = MutableHeaders(scope=message)
                # beside the policy of the page: a browser holds to both
                entetes.append("Content-Security-Policy", "frame-ancestors 'none'")
                entetes["Cross-Origin-Resource-Policy"] = "same-origin"
                entetes["Cross-Origin-Opener-Policy"] = "same-origin"
            await send(message)

        await self.app(scope, receive, send_with_headers)


class HoteConnu:
    """Refuses a name that is not the interface's: any name of the world may be made to lead to this machine."""

    def __init__(self, app: ASGIApp, adresse: str) -> None:
        """Know this machine's names, and the one of the address."""
        self.app = app
        self.connus = {*ICI, *filter(None, [_name(urlsplit(adresse).netloc)])}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what was asked under a known name, on any port."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        hotes = _values(scope, b"host")
        if len(hotes) == 1 and _name(hotes[0]) in self.connus:
            await self.app(scope, receive, send)
            return
        await _refuse(scope, receive, send, 403, HOTE_INCONNU)


class PagesDIci:
    """Refuses what a page of elsewhere asks for, but to be shown in its place; a program says nothing and is served."""

    def __init__(self, app: ASGIApp, adresse: str) -> None:
        """Know the address that is the interface's too."""
        self.app = app
        lue = urlsplit(adresse)
        self.origine, self.nom = f"{lue.scheme}://{lue.netloc}".lower(), _name(lue.netloc)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what this interface's own pages ask, and what no page asks."""
        if scope["type"] == "lifespan" or not self._foreign(scope) or _shown_in_place(scope):
            await self.app(scope, receive, send)
            return
        await _refuse(scope, receive, send, 403, PAGE_D_AILLEURS)

    def _foreign(self, scope: Scope) -> bool:
        hote = next(iter(_values(scope, b"host")), "")
        siennes = {f"http://{hote}"} | ({self.origine} if self.nom and _name(hote) == self.nom else set())
        origines, sites = _values(scope, b"origin"), _values(scope, b"sec-fetch-site")
        return not (set(origines) <= siennes and set(sites) <= set(LES_NOTRES))


class LectureParGet:
    """Refuses a GET that would do anything but read: an image is enough to send one."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is no GraphQL, and the GET of which every operation is a query."""
        if scope["type"] != "http" or scope["method"] == "POST" or _only_reads(scope):
            await self.app(scope, receive, send)
            return
        await _refuse(scope, receive, send, 405, PAR_GET)


def _only_reads(scope: Scope) -> bool:
    # wherever the word is: what a router makes of a path is its own affair
    if "graphql" not in scope["path"].casefold():
        return True
    champs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return all(_reads(valeur) for nom, valeur in champs if nom == "query")


def _reads(question: str) -> bool:
    """Say whether a document holds nothing but queries, whichever of them is named; what is not understood does not."""
    try:
        definitions = parse(question, no_location=True, max_tokens=20_000).definitions
    except Exception:  # noqa: BLE001 — a text that no one understands, or too deep to be read
        return False
    operations = [noeud for noeud in definitions if isinstance(noeud, OperationDefinitionNode)]
    return bool(operations) and all(noeud.operation is OperationType.QUERY for noeud in operations)


def _shown_in_place(scope: Scope) -> bool:
    """Say whether a link was followed to a page: it takes the whole tab, and the page it comes from reads nothing."""
    return (
        scope["type"] == "http"
        and scope["method"] in ("GET", "HEAD")
        and not _values(scope, b"origin")
        and _values(scope, b"sec-fetch-mode") == ["navigate"]
        and _values(scope, b"sec-fetch-dest") == ["document"]
        and "graphql" not in scope["path"].casefold()
    )


def _values(scope: Scope, nom: bytes) -> list[str]:
    entetes: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return [valeur.decode("latin-1").strip().lower() for lu, valeur in entetes if lu.lower() == nom]


def _name(hote: str) -> str:
    """Return the name in a `Host` or in an address, without its port; nothing when it is neither."""
    lu = HOTE.fullmatch(hote.lower())
    return lu["nom"] if lu else ""


async def _refuse(scope: Scope, receive: Receive, send: Send, statut: int, mots: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": ""})  # before it opens, a server answers 403
    else:
        await PlainTextResponse(f"{mots}\n", statut)(scope, receive, send)
