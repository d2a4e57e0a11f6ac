"""A running nginx with the configuration of the guide, and the interface that only shows behind it."""

import base64
import configparser
import datetime
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.chaine import RACINE, environnement
from tests.docs.guide import DOCS

EXPLOITATION = DOCS / "exploitation"
MOT_DE_PASSE = "un mot de passe"
COMPTE = base64.b64encode(f"service_habitat:{MOT_DE_PASSE}".encode()).decode()
ANALYSTE = base64.b64encode(f"analyste:{MOT_DE_PASSE}".encode()).decode()
BIN = Path(sys.executable).parent


def ports(nombre: int) -> list[int]:
    """Return ports nobody listens on."""
    prises = [socket.create_server(("127.0.0.1", 0)) for _ in range(nombre)]
    libres = [prise.getsockname()[1] for prise in prises]
    for prise in prises:
        prise.close()
    return libres


def attendre(port: int, processus: subprocess.Popen, journal: Path) -> None:
    """Wait until something listens."""
    for _ in range(240):
        assert processus.poll() is None, journal.read_text(encoding="utf-8")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.25)
        else:
            return
    raise AssertionError(journal.read_text(encoding="utf-8"))


def arreter(processus: subprocess.Popen) -> None:
    """End a server, and what it started."""
    processus.terminate()
    processus.wait(timeout=60)


def certificat(dossier: Path) -> None:
    """Write a certificate of this machine, for an hour."""
    cle = ec.generate_private_key(ec.SECP256R1())
    nom = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    maintenant = datetime.datetime.now(datetime.UTC)
    signe = (
        x509.CertificateBuilder()
        .subject_name(nom)
        .issuer_name(nom)
        .public_key(cle.public_key())
        .serial_number(1)
        .not_valid_before(maintenant - datetime.timedelta(hours=1))
        .not_valid_after(maintenant + datetime.timedelta(hours=1))
        .sign(cle, hashes.SHA256())
    )
    (dossier / "certificat.pem").write_bytes(signe.public_bytes(serialization.Encoding.PEM))
    (dossier / "cle.pem").write_bytes(
        cle.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


class Nginx:
    """A running nginx with the configuration of the guide, moved to a folder and to ports of this machine."""

    def __init__(self, publie: Path, dossier: Path) -> None:
        """Start it."""
        self.http, self.https, self.dagster = ports(3)
        certificat(dossier)
        hache = subprocess.run(
            ["openssl", "passwd", "-6", MOT_DE_PASSE], capture_output=True, text=True, check=True
        ).stdout.strip()
        for fichier, compte in (("observatoire", "service_habitat"), ("observatoire-suivi", "analyste")):
            (dossier / f"{fichier}.htpasswd").write_text(f"{compte}:{hache}\n", encoding="utf-8")
        site = (EXPLOITATION / "nginx.conf").read_text(encoding="utf-8")
        for ecrit, ici in (
            (
                "/srv/observatoire/",
                f"{dossier}/observatoire/",
            ),  # a link: the folder of the tests has a quote and spaces
            ("/etc/ssl/observatoire/", f"{dossier}/"),
            ("/etc/nginx/", f"{dossier}/"),
            ("listen 80;", f"listen 127.0.0.1:{self.http};"),
            ("listen 443 ssl;", f"listen 127.0.0.1:{self.https} ssl;"),
            ("127.0.0.1:3001", f"127.0.0.1:{self.dagster}"),
        ):
            assert ecrit in site, ecrit
            site = site.replace(ecrit, ici)
        (dossier / "observatoire").symlink_to(publie)
        temporaires = "".join(
            f"{nom}_temp_path {dossier}/{nom};" for nom in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        qui = "user root;" if os.geteuid() == 0 else ""  # temporary folders of the tests are their owner's alone
        (dossier / "nginx.conf").write_text(
            f"{qui} daemon off; pid {dossier}/pid; error_log {dossier}/erreurs.log warn; events {{}}\n"
            f"http {{ access_log off; {temporaires}\n{site}\n}}\n",
            encoding="utf-8",
        )
        self.commande = [nginx(), "-p", str(dossier), "-e", f"{dossier}/erreurs.log", "-c", f"{dossier}/nginx.conf"]
        verifie = subprocess.run([*self.commande, "-t"], capture_output=True, text=True, check=False)
        assert verifie.returncode == 0 and "warn" not in verifie.stderr, verifie.stderr
        self.processus = subprocess.Popen(self.commande)
        attendre(self.https, self.processus, dossier / "erreurs.log")

    def demander(
        self, chemin: str, corps: bytes | None = None, compte: str | None = COMPTE, entetes: dict | None = None
    ) -> tuple[int, dict, bytes]:
        """Ask for a path, without following where it sends."""
        requete = urllib.request.Request(f"https://127.0.0.1:{self.https}{chemin}", data=corps, headers=entetes or {})
        if compte:
            requete.add_header("Authorization", f"Basic {compte}")
        if corps:
            requete.add_header("Content-Type", "application/json")
        contexte = ssl.create_default_context()
        contexte.check_hostname, contexte.verify_mode = False, ssl.CERT_NONE
        ouvreur = urllib.request.build_opener(urllib.request.HTTPSHandler(context=contexte), SansSuivre)
        try:
            with ouvreur.open(requete, timeout=60) as reponse:
                return reponse.status, dict(reponse.headers), reponse.read()
        except urllib.error.HTTPError as refus:
            return refus.code, dict(refus.headers), refus.read()


class SansSuivre(urllib.request.HTTPRedirectHandler):
    """Redirections are looked at, not followed."""

    def redirect_request(self, *_args, **_autres):
        return None


def nginx() -> str | None:
    """Return the nginx of this machine, None when there is none."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def unite(nom: str) -> configparser.ConfigParser:
    """Read a unit; of a key said twice, the last."""
    lue = configparser.ConfigParser(strict=False, interpolation=None)
    lue.optionxform = str
    lue.read(EXPLOITATION / nom, encoding="utf-8")
    return lue


@contextmanager
def suivi(nginx: Nginx, publie: Path, accueil: Path) -> Iterator[str]:
    """Serve the interface as its unit does, behind nginx; give the address of both."""
    commande = unite("observatoire-lecture.service")["Service"]["ExecStart"]
    commande = commande.replace("/srv/observatoire/.venv/bin", str(BIN)).replace("3001", str(nginx.dagster))
    shutil.copy(RACINE / "dagster.yaml", accueil)
    adresse = f"https://127.0.0.1:{nginx.https}"
    env = {**environnement(publie), "DAGSTER_HOME": str(accueil), "DAGSTER_DISABLE_TELEMETRY": "1", "OBSERVATOIRE_ADRESSE": adresse}
    journal = accueil / "journal"
    with journal.open("w") as flux:
        processus = subprocess.Popen(commande.split(), cwd=RACINE, env=env, stdout=flux, stderr=flux)
    try:
        attendre(nginx.dagster, processus, journal)
        yield adresse
    finally:
        arreter(processus)
