"""Downloading the file of a source into `raw/`, once each time it changes; the last good file is never lost.

`transfer` brings the bytes, `checks` judges the container. What belongs here: what is asked for, what is
taken, and where it is put; the name and the folder come from `source.yml` and the calendar, never from the server.
Reading the rows belongs to `ingestion`.
"""

import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import yaml

from observatoire.loading.files import Fichier, Origine, dropped_files, files_of
from observatoire.machine import refusal_in
from observatoire.obstacle import Obstacle
from observatoire.receiving.checks import (
    GONFLEMENT,
    PlaceInsuffisante,
    TelechargementRefuse,
    check_announced,
    check_content,
    in_words,
    require_room,
)
from observatoire.receiving.downloads import Telechargement, last_download
from observatoire.receiving.transfer import Annonce, Passager, Patience, Reseau, Transfert, http_date, in_french
from observatoire.sources import Source
from observatoire.warehouse import Entrepot, sha256, utc_now


class RienAPrendre(Exception):
    """The headers of the answer are enough: what is offered is not newer than what is here.

    Attributes:
        etat: `inchange` or `plus_ancien`.
    """

    def __init__(self, etat: str, motif: str) -> None:
        """Say why, in French."""
        super().__init__(motif)
        self.etat = etat


def download(
    entrepot: Entrepot,
    source: Source,
    progres: Callable[[int, int | None], None] = lambda recus, total: None,
    dire: Callable[[str], None] = lambda message: None,
    patience: Patience | None = None,
    reseau: Reseau | None = None,
) -> Telechargement:
    """Bring the file of a source up to date; what is in `raw/` only changes for a whole, checked, more recent file.

    Args:
        entrepot: warehouse; its settings say where `raw/` is.
        source: a source that has a `url` and a `fichier`.
        progres: told the bytes received and their total, if it is known.
        dire: told, in French, what goes wrong and passes.
        patience: how long to insist.
        reseau: what the downloads of a run learn of the network; when it is missing, insisting on each is in vain.

    Returns:
        What became of it, `en_echec` with its reason when it failed: one source must not stop the others.
    """
    echange = _Echange(entrepot, source)
    try:
        resultat = echange.run(
            Transfert(
                source.url, echange.base, echange.accept, progres, dire, patience or Patience(), reseau or Reseau()
            )
        )
    except RienAPrendre as erreur:
        resultat = echange.conclude(erreur.etat, str(erreur))
    except Obstacle as erreur:
        resultat = echange.fail(str(erreur).rstrip("."))
    except (Passager, httpx.HTTPError) as erreur:
        resultat = echange.fail(f"{in_french(erreur)}. Relancer telecharger : il reprendra où il s'est arrêté")
    except httpx.InvalidURL:
        resultat = echange.fail("une adresse est illisible. Corriger « url » dans source.yml")
    except OSError as erreur:
        refus = refusal_in(str(erreur)) or "vérifier le disque et les droits de raw/"
        resultat = echange.fail(f"écriture impossible. {refus}".rstrip("."))
    entrepot.write_json(asdict(resultat), "telechargements", f"{source.nom}.json")
    return resultat


class _Echange:
    """What is here, what is offered, and what becomes of it."""

    def __init__(self, entrepot: Entrepot, source: Source) -> None:
        self.source = source
        self.dossier = entrepot.settings.raw / source.nom
        self.base = self.dossier / f".{source.fichier}"  # a dotfile is no file yet for who reads raw/
        self.settings = entrepot.settings
        self.precedent = last_download(entrepot, source)
        self.ici: list[Fichier] = []
        self.present: Fichier | None = None

    def run(self, transfert: Transfert) -> Telechargement:
        """Ask, receive, check, put in place."""
        self.ici = files_of(self.settings, self.source) if dropped_files(self.settings, self.source.nom) else []
        bons = [fichier for fichier in self.ici if self._is_ours(fichier)]
        self.present = max(bons, key=lambda fichier: fichier.millesime, default=None)
        recu = transfert.receive(self._conditions())
        if recu is None:
            return self.conclude("inchange", "le serveur n'a rien de nouveau")
        annonce, partiel = recu
        try:
            check_content(partiel, self.source.fichier, self.settings.warehouse)
        except PlaceInsuffisante:
            raise
        except TelechargementRefuse:
            partiel.unlink()
            raise
        empreinte = sha256(partiel)
        if self.present is not None and empreinte == self.present.origine.sha256:
            partiel.unlink()
            return self.conclude("inchange", "même contenu que le fichier déjà là", annonce)
        self.present = self._put_in_place(partiel, annonce, empreinte)
        return self.conclude("telecharge", f"{in_words(self.present.origine.octets or 0)} reçus", annonce)

    def accept(self, annonce: Annonce, partiel: Path) -> None:
        """Refuse an error page, the same or older data, or more than the disk can take, before any byte is received."""
        check_announced(self.source.fichier, annonce.type)
        connu = self._known()
        if annonce.etag and annonce.etag == connu.get("etag"):
            raise RienAPrendre("inchange", "le serveur n'a rien de nouveau")
        if annonce.modifie_le is not None:
            for fichier in self.ici:
                if _is_fresher(fichier, annonce.modifie_le):
                    raise RienAPrendre(
                        "plus_ancien",
                        f"le serveur offre un fichier du {annonce.modifie_le:%d/%m/%Y} : "
                        f"raw/{self.source.nom}/{fichier.nom}, plus récent, reste en place",
                    )
        deja = partiel.stat().st_size if partiel.exists() else 0
        total = annonce.octets or 0
        gonflement = GONFLEMENT.get(Path(self.source.fichier).suffix.lower(), 0)
        besoins = {self.settings.raw: max(0, total - deja)}
        besoins[self.settings.warehouse] = besoins.get(self.settings.warehouse, 0) + total * gonflement
        require_room(besoins)

    def conclude(self, etat: str, motif: str, annonce: Annonce | None = None) -> Telechargement:
        """Say what happened and which file stands."""
        dit = self.present.origine if self.present is not None else Origine()
        connu = self._known()
        if annonce is not None:
            connu = {"etag": annonce.etag, "derniere_modification": _iso(annonce.modifie_le)}
        return Telechargement(
            source=self.source.nom,
            etat=etat,
            motif=motif,
            verifie_le=utc_now(),
            fichier=self.present.nom if self.present is not None else "",
            octets=dit.octets or 0,
            sha256=dit.sha256 or "",
            **connu,
        )

    def fail(self, motif: str) -> Telechargement:
        """Say why, and what remains."""
        if self.present is not None:
            reste = f"Le dernier bon fichier est gardé : raw/{self.source.nom}/{self.present.nom}"
        else:
            reste = f"raw/{self.source.nom} est comme avant"
        return self.conclude("en_echec", f"{self.source.nom} : {motif}. {reste}.")

    def _is_ours(self, fichier: Fichier) -> bool:
        """Say whether a file was downloaded from this address, and is as it was put."""
        return (
            fichier.origine.url == self.source.url
            and fichier.chemin.name == self.source.fichier
            and fichier.origine.octets == fichier.chemin.stat().st_size
            and fichier.origine.sha256 is not None
        )

    def _known(self) -> dict[str, str]:
        """Return what the server last said of the file here: in its origin, or since, when only its labels changed."""
        if self.present is None:
            return {}
        dit = self.present.origine
        if self.precedent is not None and self.precedent.sha256 == dit.sha256:
            return {"etag": self.precedent.etag, "derniere_modification": self.precedent.derniere_modification}
        return {"etag": dit.etag or "", "derniere_modification": _iso(self.present.derniere_modification)}

    def _conditions(self) -> dict[str, str]:
        connu = self._known()
        conditions = {}
        if connu.get("etag"):
            conditions["If-None-Match"] = connu["etag"]
        if connu.get("derniere_modification"):
            conditions["If-Modified-Since"] = http_date(datetime.fromisoformat(connu["derniere_modification"]))
        return conditions

    def _put_in_place(self, partiel: Path, annonce: Annonce, empreinte: str) -> Fichier:
        """Rename the file into its vintage, then write its origin beside it.

        In this order, for an origin ahead of its file would hide a change; dated as the server says, for a file left
        without its origin is judged by its date.
        """
        millesime = _vintage(annonce.modifie_le)
        destination = self.dossier / millesime / self.source.fichier
        destination.parent.mkdir(parents=True, exist_ok=True)
        aujourd_hui = date.today()  # noqa: DTZ011 — the day of who reads it
        origine = Origine(
            url=self.source.url,
            producteur=self.source.producteur,
            licence=self.source.licence,
            millesime=millesime,
            obtenu_le=aujourd_hui.isoformat(),
            derniere_modification=_iso(annonce.modifie_le),
            etag=annonce.etag,
            octets=partiel.stat().st_size,
            sha256=empreinte,
        )
        dite = {cle: valeur for cle, valeur in asdict(origine).items() if valeur is not None}
        dite["obtenu_le"] = aujourd_hui
        if annonce.modifie_le is not None:
            os.utime(partiel, (annonce.modifie_le.timestamp(), annonce.modifie_le.timestamp()))
        partiel.replace(destination)
        provisoire = destination.with_name(f".{destination.name}.origine.part")
        provisoire.write_text(yaml.safe_dump(dite, allow_unicode=True, sort_keys=False), encoding="utf-8")
        provisoire.replace(destination.with_name(f"{destination.name}.origine.yml"))
        return Fichier(destination, destination.relative_to(self.dossier).as_posix(), origine)


def _is_fresher(fichier: Fichier, modifie_le: datetime) -> bool:
    """Say whether a file of `raw/` is fresher than what a server offers: by its date, its vintage, the day it came."""
    if fichier.derniere_modification is not None:
        return fichier.derniere_modification > modifie_le
    offert, ici = _vintage(modifie_le), fichier.millesime
    commun = min(len(offert), len(ici))
    if ici[:4].isdigit() and ici[:commun] != offert[:commun]:
        return ici > offert
    return fichier.obtenu_le > modifie_le.date()


def _vintage(modifie_le: datetime | None) -> str:
    """Return the month of a content: the one a French producer reads on its clock."""
    return f"{(modifie_le or datetime.now(UTC)).astimezone(ZoneInfo('Europe/Paris')):%Y-%m}"


def _iso(instant: datetime | None) -> str:
    return "" if instant is None else instant.astimezone(UTC).isoformat()
