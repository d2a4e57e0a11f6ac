"""Where the observatory stands: what is published, and what a person has to do. It writes nothing."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from observatoire.loading.files import A_CONVERTIR, dropped_files, unknown_folders, unread_files
from observatoire.loading.hashes import Empreintes, aspect_of
from observatoire.receiving.downloads import downloadable, last_download
from observatoire.releases.lifecycle import current_release, pinned_release, releases
from observatoire.releases.work import REGARD
from observatoire.sources import Source, sources
from observatoire.sources.states import Etat, state_of
from observatoire.warehouse import Entrepot, sha256

MONTRES = 5


@dataclass(frozen=True)
class AFaire:
    """Something that waits for a person.

    Attributes:
        quoi: what is wrong, and where.
        comment: what to do.
    """

    quoi: str
    comment: str


@dataclass(frozen=True)
class Situation:
    """Where the observatory stands.

    Attributes:
        publiee: release the stable path gives, None when there is none.
        epinglee: release it is pinned to, None when it follows the last one.
        derniere: last release made, None when there is none.
        regarde_le: when `raw/` was last looked at, UTC, None when it never was.
        etats: sources by state of the day.
        en_cours: run that holds the warehouse, empty when none does.
        lignes: rows read, kept, out of scope, refused, of all sources.
        a_faire: what waits for a person, the worst first.
    """

    publiee: str | None
    epinglee: str | None
    derniere: str | None
    regarde_le: datetime | None
    en_cours: str
    etats: Counter[str]
    lignes: tuple[int, int, int, int]
    a_faire: list[AFaire]


def next_step(source: Source) -> str:
    """Say how a source is brought up to date."""
    return "lancer telecharger" if source.fichier else source.aide or f"déposer le suivant dans raw/{source.nom}/"


def situation(entrepot: Entrepot) -> Situation:
    """Read where the observatory stands."""
    etats = {nom: etat for nom, source in sources().items() if (etat := state_of(entrepot, source)) is not None}
    lus = [lu for etat in etats.values() for lu in etat.fichiers]
    lectures = [entrepot.racine.joinpath(*REGARD), *(_state_file(entrepot, source) for source in sources().values())]
    regardes = [quand for chemin in lectures if (quand := _written_at(chemin)) is not None]
    return Situation(
        publiee=current_release(entrepot),
        epinglee=pinned_release(entrepot),
        derniere=next(reversed(releases(entrepot)), None),
        regarde_le=datetime.fromtimestamp(max(regardes), UTC) if regardes else None,
        en_cours=_under_way(entrepot),
        etats=Counter(etat.etat_du_jour for etat in etats.values()),
        lignes=(
            sum(lu.lignes_lues for lu in lus),
            sum(lu.lignes_retenues for lu in lus),
            sum(lu.lignes_hors_champ for lu in lus),
            sum(lu.lignes_rejetees for lu in lus),
        ),
        a_faire=[
            *_failing(etats),
            *_downloads(entrepot),
            *_unread(entrepot),
            *_arrived(entrepot, etats),
            *_late(etats),
        ],
    )


def _failing(etats: dict[str, Etat]) -> list[AFaire]:
    return [
        AFaire(f"{nom} : en échec depuis le {(etat.depuis or '')[:10]}, son dernier bon chargement reste", etat.motif)
        for nom, etat in etats.items()
        if etat.etat == "en_echec"
    ]


def _late(etats: dict[str, Etat]) -> list[AFaire]:
    depuis = {"en_retard": "une cadence", "perime": "deux cadences"}
    return [
        AFaire(f"{nom} : rien de nouveau depuis {depuis[etat.retard]}", next_step(sources()[nom]))
        for nom, etat in etats.items()
        if etat.etat == "a_jour" and etat.retard
    ]


def _downloads(entrepot: Entrepot) -> list[AFaire]:
    derniers = [(source, last_download(entrepot, source)) for source in downloadable().values()]
    return [
        AFaire(f"{source.nom} : le dernier téléchargement a échoué", dernier.motif)
        for source, dernier in derniers
        if dernier is not None and dernier.etat == "en_echec"
    ]


def _unread(entrepot: Entrepot) -> list[AFaire]:
    """Name what lies in `raw/` and nothing reads."""
    inconnus = [
        AFaire(f"raw/{source.nom}/{fichier} : format non lu", A_CONVERTIR)
        for source in sources().values()
        for fichier in unread_files(entrepot.settings, source)
    ]
    return inconnus + [
        AFaire(f"raw/{dossier} n'est lu par aucune source", "vérifier le nom du dossier")
        for dossier in unknown_folders(entrepot.settings)
    ]


def _arrived(entrepot: Entrepot, etats: dict[str, Etat]) -> list[AFaire]:
    """Name the files of `raw/` no load has read yet."""
    if not etats:
        return [AFaire("raw/ n'a jamais été lu", "lancer observatoire actualiser")]
    nouveaux = [
        f"{nom}/{chemin.relative_to(entrepot.settings.raw / nom).as_posix()}"
        for nom, etat in etats.items()
        for chemin in dropped_files(entrepot.settings, nom)
        if _is_new(entrepot, etat, chemin)
    ]
    if not nouveaux:
        return []
    autres = f" et {len(nouveaux) - MONTRES} autres" if len(nouveaux) > MONTRES else ""
    return [
        AFaire(f"pas encore lu dans raw/ : {', '.join(nouveaux[:MONTRES])}{autres}", "lancer observatoire actualiser")
    ]


def _is_new(entrepot: Entrepot, etat: Etat, chemin: Path) -> bool:
    """Say whether a load has not seen a file as it is.

    A copy, or a restored backup, comes after the load with dates of before: only its content tells.
    """
    source = sources()[etat.source]
    # a load writes the state of its source, changed or not
    est_venu_apres = chemin.stat().st_ctime > (_written_at(_state_file(entrepot, source)) or 0)
    if etat.etat == "en_echec":  # what was refused is not among the files of the table
        return est_venu_apres
    connus = {lu.fichier: lu.sha256 for lu in etat.fichiers}
    nom = chemin.relative_to(entrepot.settings.raw / source.nom).as_posix()
    if nom not in connus or not est_venu_apres:
        return nom not in connus
    retenue = Empreintes(entrepot, source.nom).known(chemin, aspect_of(chemin))
    return (retenue or sha256(chemin)) != connus[nom]


def _state_file(entrepot: Entrepot, source: Source) -> Path:
    return entrepot.racine / "etats" / f"{source.nom}.json"


def _written_at(chemin: Path) -> float | None:
    return chemin.stat().st_mtime if chemin.exists() else None


def _under_way(entrepot: Entrepot) -> str:
    """Say who holds the warehouse, as the lock wrote it; nothing when its process is gone."""
    qui = entrepot.racine / ".verrou.qui"
    dit = qui.read_text(encoding="utf-8") if qui.exists() else ""
    processus = re.search(r"processus (\d+)", dit)
    return dit if processus and Path(f"/proc/{processus[1]}").exists() else ""
