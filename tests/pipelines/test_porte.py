"""Who the interface answers: its own pages and programs; never a page of elsewhere, whatever it sends."""

import asyncio
from urllib.parse import quote_plus, urlencode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from pipelines.gate import gate

ADRESSE = "https://observatoire.exemple.fr"
ICI = "http://127.0.0.1:3000"
AILLEURS = "http://127.0.0.1:9999"
EFFACE = "mutation { launchRun { __typename } }"
LIEN = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


async def repondre(_: Request) -> PlainTextResponse:
    return PlainTextResponse("servi")


async def converser(prise: WebSocket) -> None:
    await prise.accept()
    await prise.send_text("servi")
    await prise.close()


def client(base: str = ICI, adresse: str = ADRESSE) -> TestClient:
    """Ask an application that answers everything, behind the gate."""
    methodes = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    routes = [
        WebSocketRoute("/graphql", converser),
        WebSocketRoute("/dagster/graphql", converser),
        Route("/{chemin:path}", repondre, methods=methodes),
    ]
    return TestClient(Starlette(routes=routes, middleware=gate(adresse)), base_url=base)


@pytest.mark.parametrize("hote", ["127.0.0.1", "127.0.0.1:3000", "localhost:4000", "LOCALHOST", "[::1]:3000", "observatoire.exemple.fr"])
def test_l_interface_repond_sous_ses_noms(hote: str):
    assert client().get("/runs", headers={"Host": hote}).text == "servi"


@pytest.mark.parametrize(
    "hote",
    ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "localhost.", "0.0.0.0:3000", "127.0.0.1@evil", "", "127.0.0.1:x", "a" * 200],
)
def test_et_sous_aucun_autre(hote: str):
    for methode in ("GET", "POST"):
        refus = client().request(methode, "/runs", headers={"Host": hote})
        assert refus.status_code == 403 and "OBSERVATOIRE_ADRESSE" in refus.text
    with pytest.raises(WebSocketDisconnect), client().websocket_connect("/graphql", headers={"Host": hote}):
        pass


def test_deux_noms_ou_aucun_ne_sont_pas_un_nom():
    for hotes in ([], [(b"host", b"127.0.0.1"), (b"host", b"evil.example")]):
        assert statut({"headers": hotes}) == 403


def statut(portee: dict) -> int:
    """Send one request as it is to the gate, below what a client would mend."""
    envoyes = []

    async def recevoir():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def envoyer(message):
        envoyes.append(message)

    complete = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http", "root_path": "", **portee}
    asyncio.run(client().app(complete, recevoir, envoyer))
    return envoyes[0]["status"]


@pytest.mark.parametrize("adresse", ["", "observatoire.exemple.fr", "https://moi@observatoire.exemple.fr"])
def test_une_adresse_qui_n_en_est_pas_une_n_ouvre_rien(adresse: str):
    assert client(adresse=adresse).get("/", headers={"Host": "observatoire.exemple.fr"}).status_code == 403
    assert client(adresse=adresse).get("/", headers={"Host": ""}).status_code == 403
    assert client(adresse=adresse).post("/graphql", headers={"Origin": "://"}).status_code == 403


@pytest.mark.parametrize("methode", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("chemin", ["/graphql", "/report_asset_materialization/x", "/report_asset_check/x", "/dagster/graphql"])
@pytest.mark.parametrize(
    "entetes",
    [
        {"Origin": AILLEURS},
        {"Origin": "http://localhost:3000"},  # another name of this machine is another site
        {"Origin": "https://127.0.0.1:3000"},
        {"Origin": "http://evil.example"},
        {"Origin": ADRESSE},  # what nginx serves elsewhere
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "inconnu"},
        {"Origin": ICI, "Sec-Fetch-Site": "cross-site"},
        {"Origin": AILLEURS, "Sec-Fetch-Site": "same-origin"},
        LIEN,
    ],
    ids=str,
)  # fmt: skip
def test_une_page_d_ailleurs_n_ecrit_rien(methode: str, chemin: str, entetes: dict):
    refus = client().request(methode, chemin, headers=entetes)
    assert refus.status_code == 403 and "vient d'une page" in refus.text
    assert not [nom for nom in refus.headers if nom.startswith("access-control-")]


@pytest.mark.parametrize(
    "entetes",
    [{}, {"Origin": ICI}, {"Sec-Fetch-Site": "same-origin", "Origin": ICI}, {"Sec-Fetch-Site": "none"}, {"Origin": ICI.upper()}],
    ids=str,
)  # fmt: skip
def test_une_page_d_ici_et_un_programme_sont_servis(entetes: dict):
    for methode in ("POST", "PUT", "DELETE"):
        assert client().request(methode, "/graphql", headers=entetes).text == "servi"
    with client().websocket_connect("/graphql", headers={"Host": "127.0.0.1:3000", **entetes}) as prise:
        assert prise.receive_text() == "servi"


@pytest.mark.parametrize("origine", [AILLEURS, "null", "http://evil.example", ADRESSE, "https://127.0.0.1:3000"])
def test_une_page_d_ailleurs_n_ouvre_pas_de_websocket(origine: str):
    for chemin in ("/graphql", "/dagster/graphql"):
        ici = {"Host": "127.0.0.1:3000"}
        with pytest.raises(WebSocketDisconnect), client().websocket_connect(chemin, headers={**ici, "Origin": origine}):
            pass
        with pytest.raises(WebSocketDisconnect), client().websocket_connect(chemin, headers={**ici, "Sec-Fetch-Site": "same-site"}):
            pass


def test_derriere_nginx_l_adresse_est_celle_de_l_interface():
    """What nginx passes: the name without the port, and the origin the browser said."""
    nginx = {"Host": "observatoire.exemple.fr", "Origin": ADRESSE, "Sec-Fetch-Site": "same-origin"}
    assert client().post("/dagster/graphql", headers=nginx).text == "servi"
    with client().websocket_connect("/dagster/graphql", headers=nginx) as prise:
        assert prise.receive_text() == "servi"
    assert client().post("/dagster/graphql", headers={**nginx, "Origin": "https://autre.exemple.fr"}).status_code == 403
    assert client(adresse="").post("/dagster/graphql", headers=nginx).status_code == 403


@pytest.mark.parametrize(
    "question",
    [
        EFFACE,
        "subscription { x }",
        f"query a {{ version }} {EFFACE}",  # whichever is named
        f"{EFFACE} query a {{ version }}",
        "fragment f on Query { version }",
        "# rien",
        "",
        "{",
        "[]",
        '[{"query": "{version}"}]',
        "type T { a: Int }",
        "{a " * 30_000,
        "\ufeffmutation{x}",
    ],
    ids=lambda question: question[:20],
)
def test_un_get_qui_ne_lit_pas_est_refuse(question: str):
    lire = {"query": "{version}"}
    for chemin in ("/graphql", "/dagster/graphql", "/GraphQL", "/graphql/", "/graphql%0A"):
        for texte in (
            urlencode({"query": question}),
            urlencode({"operationName": "a", "query": question}),
            f"{urlencode(lire)}&{urlencode({'query': question})}",
            f"{urlencode({'query': question})}&{urlencode(lire)}",
            f"%71uery={quote_plus(question)}",
        ):
            for entetes in ({}, {"Accept": "text/html"}):
                refus = client().get(f"{chemin}?{texte[:60_000]}", headers=entetes)
                assert (refus.status_code, refus.text.startswith("Refusé")) == (405, True), (chemin, texte[:100])


@pytest.mark.parametrize("question", ["{version}", "query q { version } query r { version }", "query q { a } fragment f on Q { a }"])
def test_un_get_qui_lit_est_servi(question: str):
    for texte in (f"query={quote_plus(question)}", urlencode({"operationName": "q", "query": question})):
        assert client().get(f"/graphql?{texte}").text == "servi"
    assert client().get("/graphql", headers={"Accept": "text/html"}).text == "servi"


def test_une_page_d_ailleurs_ne_charge_rien_mais_mene_ici():
    """An image, a script, a frame are refused; a link a person follows is not, and reads nothing for the page it left."""
    for destination in ("image", "script", "iframe", "object", "empty"):
        entetes = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": destination}
        assert client().get("/", headers=entetes).status_code == 403
        assert client().get("/", headers={**entetes, "Sec-Fetch-Mode": "navigate"}).status_code == 403
    suivi = client().get("/runs/abc", headers=LIEN)
    assert suivi.text == "servi"
    assert client().get("/graphql?query={version}", headers=LIEN).status_code == 403
    assert client().get("/graphql?query={version}", headers={"Origin": AILLEURS}).status_code == 403


def test_rien_ne_s_encadre_et_rien_ne_s_offre_a_d_autres_origines():
    for reponse in (client().get("/"), client().get("/", headers={"Host": "evil.example"}), client().get("/graphql?query=x{")):
        assert reponse.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        assert reponse.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert not [nom for nom in reponse.headers if nom.startswith("access-control-")]
