"""What is announced to people when the observatory fails, and when it recovers: what, why, what to do; once.

A channel remembers what it announced: it repeats nothing, says what is over, and reminds after a week. How a message
leaves belongs to `channels`; no value of a row is ever in one, only reasons written by this project.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from observatoire.obstacle import Obstacle
from observatoire.sources import sources
from observatoire.sources.states import state_of
from observatoire.warehouse import Entrepot

RAPPEL = timedelta(days=7)
LONGUEUR = 1_000


@dataclass(frozen=True)
class Panne:
    """Something that fails: what it is called, why, and what to do next, in French; where to look, if it has a page."""

    quoi: str
    pourquoi: str
    que_faire: str
    lien: str = ""


@dataclass(frozen=True)
class Message:
    """What leaves by a channel: one line, and a text."""

    sujet: str
    texte: str


class EnvoiImpossible(Obstacle):
    """A message that did not leave. The reason, in French, has no password and no address of a webhook."""


Memoire = dict[str, dict[str, Any]]


def failing_sources(entrepot: Entrepot) -> dict[str, Panne]:
    """Return what is failing among the sources, by a name that stays the same from day to day."""
    adresse = entrepot.settings.adresse
    etats = [(source, state_of(entrepot, source)) for source in sources().values()]
    return {
        f"source {source.nom}": Panne(
            f"La source « {source.titre} » ({source.nom}) est en échec depuis le {etat.depuis} UTC",
            etat.motif,
            "Rien n'est publié tant qu'elle l'est : la corriger, puis lancer « actualiser »."
            if source.indispensable
            else "Son dernier chargement réussi reste publié. Corriger le fichier, puis lancer « actualiser ».",
            f"{adresse}/dagster/assets/{source.schema_public or 'socle'}/{source.nom}" if adresse else "",
        )
        for source, etat in etats
        if etat is not None and etat.etat == "en_echec"
    }


def announce(
    pannes: Mapping[str, Panne], memoire: Memoire, maintenant: datetime, envoyer: Callable[[Message], None]
) -> tuple[Memoire, int]:
    """Tell a channel what it does not know yet: what fails, what fails otherwise, what still fails, what is over.

    Args:
        pannes: what fails now.
        memoire: what this channel announced: reason and time, by name.
        maintenant: UTC time.
        envoyer: sends a message; raises `EnvoiImpossible`, and then nothing is held as announced.

    Returns:
        The memory to keep, and how many messages left: one at most, however many sources fail.
    """
    nouvelles = {nom: panne for nom, panne in pannes.items() if memoire.get(nom, {}).get("motif") != panne.pourquoi}
    rappels = {
        nom: panne
        for nom, panne in pannes.items()
        if nom not in nouvelles and maintenant - datetime.fromisoformat(memoire[nom]["annoncee_le"]) >= RAPPEL
    }
    retablies = {nom: dite["quoi"] for nom, dite in memoire.items() if nom not in pannes}
    if not nouvelles and not rappels and not retablies:
        return memoire, 0
    envoyer(_message(nouvelles, rappels, retablies))
    dites = {
        nom: {"motif": panne.pourquoi, "quoi": panne.quoi, "annoncee_le": maintenant.isoformat()}
        for nom, panne in (nouvelles | rappels).items()
    }
    return {nom: dites.get(nom) or memoire[nom] for nom in pannes}, 1


def _message(nouvelles: Mapping[str, Panne], rappels: Mapping[str, Panne], retablies: Mapping[str, str]) -> Message:
    parties = [
        *(_paragraph("ÉCHEC", panne) for panne in nouvelles.values()),
        *(_paragraph("TOUJOURS EN ÉCHEC", panne) for panne in rappels.values()),
        *(
            f"RÉTABLIE : {one_line(nom)}.\nElle était annoncée ainsi : {one_line(quoi)}."
            for nom, quoi in retablies.items()
        ),
    ]
    comptes = (("en échec", nouvelles), ("rappel", rappels), ("rétablie", retablies))
    sujet = ", ".join(f"{mot} : {_names(noms)}" for mot, noms in comptes if noms)
    return Message(one_line(f"Observatoire ESS, {sujet}", 150), "\n\n".join(parties) + "\n")


def _names(noms: Mapping[str, Any]) -> str:
    premiers = list(noms)[:3]
    return ", ".join(premiers) + (f" et {len(noms) - 3} autre(s)" if len(noms) > 3 else "")


def _paragraph(titre: str, panne: Panne) -> str:
    lignes = [f"{titre} : {panne.quoi}.", f"Pourquoi : {panne.pourquoi}", f"Que faire : {panne.que_faire}"]
    return "\n".join(one_line(ligne) for ligne in [*lignes, *([f"Où regarder : {panne.lien}"] if panne.lien else [])])


def one_line(texte: str, longueur: int = LONGUEUR) -> str:
    """Keep a text on one line: the name of a file may hold a line break, and would write another header."""
    plat = re.sub(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+", " ", texte).strip()
    return plat if len(plat) <= longueur else plat[: longueur - 1] + "…"
