"""The ways a message leaves: an e-mail, a webhook. What it says belongs to `notifications`.

Encrypted outside this machine; a few seconds at most; a password stays in its file, and no error repeats it nor the
address of a webhook, which is one.
"""

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

import httpx

from observatoire.alerts.notifications import EnvoiImpossible, Message, one_line
from observatoire.obstacle import Obstacle
from observatoire.settings import AlertSettings

DELAI_S = 10.0
LOCALES = ("127.0.0.1", "::1", "localhost")


def channels(reglages: AlertSettings, delai_s: float = DELAI_S) -> dict[str, Callable[[Message], None]]:
    """Return the channels that are set up, by name: none unless someone asked.

    Raises:
        Obstacle: a variable that cannot be followed.
    """
    ouverts: dict[str, Callable[[Message], None]] = {}
    if reglages.courriel or reglages.smtp:
        envoi = _mail(reglages, delai_s)
        ouverts["courriel"] = envoi
    if reglages.webhook:
        ouverts["webhook"] = _webhook(reglages.webhook, delai_s)
    return ouverts


def _mail(reglages: AlertSettings, delai_s: float) -> Callable[[Message], None]:
    try:
        serveur = urlsplit(reglages.smtp)
        hote, port = serveur.hostname or "", serveur.port or {"smtp": 587, "smtps": 465}[serveur.scheme]
    except (KeyError, ValueError):
        hote, port = "", 0
    destinataires = [adresse.strip() for adresse in reglages.courriel.split(",") if adresse.strip()]
    if not destinataires or not all(
        adresse.count("@") == 1 and adresse == one_line(adresse) for adresse in destinataires
    ):
        raise Obstacle("OBSERVATOIRE_COURRIEL : des adresses séparées par des virgules.")
    if not hote:
        raise Obstacle(
            "OBSERVATOIRE_SMTP : smtps://compte@serveur:465, ou smtp://compte@serveur:587 ; dans le compte, « @ » "
            "s'écrit %40."
        )
    if serveur.password:
        raise Obstacle(
            "OBSERVATOIRE_SMTP : sans mot de passe ; l'écrire dans un fichier que nomme OBSERVATOIRE_SMTP_SECRET."
        )

    def envoyer(message: Message) -> None:
        courriel = _mail_message(message, unquote(serveur.username or ""), destinataires)
        try:
            with _session(serveur, hote, port, delai_s) as session:
                if serveur.username:
                    session.login(unquote(serveur.username), _password(reglages.secret))
                session.send_message(courriel)
        except (smtplib.SMTPException, OSError) as erreur:
            raise EnvoiImpossible(f"courriel non envoyé ({type(erreur).__name__})") from None

    return envoyer


def _session(serveur: SplitResult, hote: str, port: int, delai_s: float) -> smtplib.SMTP:
    """Open a session, encrypted unless the server is this machine."""
    if serveur.scheme == "smtps":
        return smtplib.SMTP_SSL(hote, port, timeout=delai_s, context=ssl.create_default_context())
    session = smtplib.SMTP(hote, port, timeout=delai_s)
    try:
        if hote not in LOCALES:
            session.starttls(context=ssl.create_default_context())
    except BaseException:
        session.close()
        raise
    return session


def _password(chemin: Path | None) -> str:
    if chemin is None:
        raise EnvoiImpossible("courriel non envoyé : OBSERVATOIRE_SMTP_SECRET ne nomme pas le fichier du mot de passe")
    return chemin.read_text(encoding="utf-8").strip()


def _mail_message(message: Message, compte: str, destinataires: list[str]) -> EmailMessage:
    courriel = EmailMessage()
    courriel["Subject"] = one_line(message.sujet)
    courriel["From"] = compte if compte.count("@") == 1 else destinataires[0]
    courriel["To"] = ", ".join(destinataires)
    courriel["Date"] = formatdate(localtime=False)
    courriel["Message-ID"] = make_msgid(domain="observatoire.invalid")
    courriel["Auto-Submitted"] = "auto-generated"  # RFC 3834: an absence does not answer it
    courriel.set_content(message.texte)
    return courriel


def _webhook(adresse: str, delai_s: float) -> Callable[[Message], None]:
    try:
        url = httpx.URL(adresse)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if not url.host or not (url.scheme == "https" or (url.scheme == "http" and url.host in LOCALES)):
        raise Obstacle("OBSERVATOIRE_WEBHOOK : une adresse https (http vers cette machine seulement).")

    def envoyer(message: Message) -> None:
        # `text` is what Mattermost, Rocket.Chat and Slack read
        contenu = {"text": f"{message.sujet}\n\n{message.texte}"}
        try:
            reponse = httpx.post(url, json=contenu, timeout=delai_s, trust_env=url.host not in LOCALES)
        except httpx.HTTPError as erreur:
            raise EnvoiImpossible(f"webhook non envoyé ({type(erreur).__name__})") from None
        if not reponse.is_success:
            raise EnvoiImpossible(f"webhook non envoyé (le serveur répond {reponse.status_code})")

    return envoyer
