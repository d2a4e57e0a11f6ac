"""Releases: immutable folders, one stable path that moves from one to the next, and the way back.

The stable path `observatoire.duckdb` is a relative link replaced in one step. What a release contains, and how it is
put together, belongs to `publication`.
"""

import json
import os
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from observatoire.chain.check import check_chain
from observatoire.confidentiality.suppressed import protected_measures
from observatoire.evidence import forget_evidence
from observatoire.journal.feed import FLUX, LISTE, write_lists
from observatoire.journal.writing import forget_quoted
from observatoire.obstacle import Obstacle
from observatoire.publication.public_tables import CONTRAT
from observatoire.releases.code import code_version
from observatoire.releases.retraction_word import retraction_word
from observatoire.sources import sources
from observatoire.sources.states import state_of
from observatoire.warehouse import INACHEVE, NOM_DUCKDB, Entrepot, erase, fingerprint, sha256, utc_now

GARDEES = 5
RETIREE = "Ce contenu a été retiré après une objection : corriger la source en cause, puis relancer actualiser."
PAGES, PORTRAITS = "pages", "portraits"  # of all EPCI, and the stable path to those of a release


def publish(entrepot: Entrepot) -> tuple[str, bool]:
    """Publish what the warehouse holds, unless nothing changed since the last release.

    Returns:
        The release that stands for the present state, and whether it was made now.

    Raises:
        Obstacle: the focal territory is no EPCI, a table was rewritten and what reads it was not, what would
            be published gives a confidential cell away, or this very content was retracted.
    """
    # solvers, drawings, workbooks: what takes long to load, to know that there is nothing to publish
    from observatoire.releases.assembly import build

    _check_territory(entrepot)
    check_chain(entrepot)
    if protected_measures(entrepot):
        from observatoire.confidentiality.audit import first_leak

        if fuite := first_leak(entrepot):
            raise Obstacle(fuite)
    identite = _identity(entrepot)
    if identite in {retiree["identite"] for retiree in _retracted(entrepot)}:
        raise Obstacle(RETIREE)
    existantes = releases(entrepot)
    if existantes and manifest_of(entrepot, existantes[-1])["identite"] == identite:
        if pinned_release(entrepot) is None:
            _point_to(entrepot, existantes[-1])
        _announce(entrepot)
        return existantes[-1], False
    nom = f"{datetime.now(UTC).strftime('%Y%m%dT%H%M%S%f')[:-3]}Z-{identite[:8]}"
    forget_evidence(entrepot, existantes)
    build(entrepot, nom, identite)
    if pinned_release(entrepot) is None:
        _point_to(entrepot, nom)
    _forget_old_ones(entrepot)
    _announce(entrepot)
    return nom, True


def unpublished(entrepot: Entrepot) -> str | None:
    """Say, in French, why what is published is not what the warehouse holds; None when it is. It writes nothing."""
    try:
        _check_territory(entrepot)
        check_chain(entrepot)
    except Obstacle as refus:
        return str(refus)
    identite, existantes = _identity(entrepot), releases(entrepot)
    if existantes and manifest_of(entrepot, existantes[-1])["identite"] == identite:
        return None
    if identite in {retiree["identite"] for retiree in _retracted(entrepot)}:
        return RETIREE
    return "Les tables, le programme ou les réglages ont changé depuis la dernière publication. Lancer actualiser."


def is_published(entrepot: Entrepot) -> bool:
    """Say whether publishing would change nothing: what the warehouse holds is out, at the end of the stable paths."""
    if unpublished(entrepot) is not None:
        return False
    derniere, epinglee = releases(entrepot)[-1], pinned_release(entrepot)
    dite = entrepot.read_json(LISTE) or {}
    portrait = entrepot.racine / "portrait"
    return (
        current_release(entrepot) == (epinglee or derniere)
        and portrait.is_symlink()
        and portrait.readlink().parent.name == (epinglee or derniere)
        and (entrepot.racine / FLUX).exists()
        and (dite.get("courante"), dite.get("epinglee")) == (epinglee or derniere, epinglee)
        and [ligne["release"] for ligne in dite["releases"]] == releases(entrepot)[::-1]
    )


def releases(entrepot: Entrepot) -> list[str]:
    """List the kept releases, oldest first."""
    return sorted(chemin.parent.name for chemin in (entrepot.racine / "releases").glob("[!.]*/manifest.json"))


def manifest_of(entrepot: Entrepot, release: str) -> dict[str, Any]:
    """Read the manifest of a release."""
    return dict(json.loads((entrepot.racine / "releases" / release / "manifest.json").read_text(encoding="utf-8")))


def current_release(entrepot: Entrepot) -> str | None:
    """Return the release the stable path gives, None when there is none."""
    lien = entrepot.racine / NOM_DUCKDB
    return lien.readlink().parent.name if lien.is_symlink() else None


def pinned_release(entrepot: Entrepot) -> str | None:
    """Return the release the stable path is pinned to, None when it follows the last one."""
    return (entrepot.read_json("etats", "_epingle.json") or {}).get("release")


def roll_back_to(entrepot: Entrepot, release: str | None = None) -> str:
    """Pin the stable path to a kept release, by default the one before the current; it stays until `reprendre`.

    Raises:
        Obstacle: there is no such release, or its file was changed since it was published.
    """
    gardees = releases(entrepot)
    if not release:
        avant = [nom for nom in gardees if nom < (current_release(entrepot) or "")]
        if not avant:
            raise Obstacle("Aucune publication antérieure n'est gardée : rien à quoi revenir.")
        release = avant[-1]
    if release not in gardees:
        raise Obstacle(
            f"La publication « {release} » n'est pas gardée ; gardées : {', '.join(gardees) or 'aucune'}."
        )
    dossier = entrepot.racine / "releases" / release
    for nom, attendue in manifest_of(entrepot, release)["fichiers"].items():
        if not (dossier / nom).exists() or sha256(dossier / nom) != attendue:
            raise Obstacle(f"La publication « {release} » a été modifiée ({nom}) : en choisir une autre.")
    entrepot.write_json({"release": release, "depuis": utc_now()}, "etats", "_epingle.json")
    _point_to(entrepot, release)
    _announce(entrepot)
    return release


def follow_latest(entrepot: Entrepot) -> str:
    """Unpin the stable path: it gives the last release again.

    Raises:
        Obstacle: there is no release.
    """
    gardees = releases(entrepot)
    if not gardees:
        raise Obstacle("Aucune publication : lancer actualiser.")
    (entrepot.racine / "etats" / "_epingle.json").unlink(missing_ok=True)
    _point_to(entrepot, gardees[-1])
    _announce(entrepot)
    return gardees[-1]


def retract(entrepot: Entrepot, release: str, motif: str) -> str | None:
    """Retract a release: its files are erased, its reason kept, and the same content cannot be published again.

    Returns:
        The release the stable path gives afterwards, None when none is left.

    Raises:
        Obstacle: no such release, or no reason.
    """
    if release not in releases(entrepot):
        forget_pages(entrepot, releases(entrepot))
        raise Obstacle(f"La publication « {release} » n'est pas gardée.")
    if not motif.strip():
        raise Obstacle("Un retrait demande un motif.")
    fiche = {
        "release": release,
        "identite": manifest_of(entrepot, release)["identite"],
        "motif": motif,
        "le": utc_now(),
    }
    # a retraction that was killed is made again: it is still one
    inscrites = [retiree for retiree in _retracted(entrepot) if retiree["release"] != release]
    entrepot.write_json({"retirees": [*inscrites, fiche]}, "etats", "_retirees.json")
    forget_quoted(entrepot, release)
    autres = [nom for nom in releases(entrepot) if nom != release]
    anterieures = [nom for nom in autres if nom < release]
    # one does not go forward to what may have been rolled back from, unless there is nothing else
    repli = next(reversed(anterieures or autres), None)
    epinglee = pinned_release(entrepot) == release
    if epinglee and repli is None:
        (entrepot.racine / "etats" / "_epingle.json").unlink()
    elif epinglee:
        entrepot.write_json({"release": repli, "depuis": utc_now()}, "etats", "_epingle.json")
    if current_release(entrepot) == release:
        # the path moves first: no reader may find a link to nothing while another release is kept
        if repli is not None:
            _point_to(entrepot, repli)
        else:
            (entrepot.racine / NOM_DUCKDB).unlink()
            (entrepot.racine / "portrait").unlink(missing_ok=True)
    forget_pages(entrepot, autres)
    # out of sight in one step: what a kill would leave of it is swept by the next release
    dossier = entrepot.racine / "releases" / release
    dossier.chmod(0o755)
    erase(dossier.rename(dossier.with_name(f"{INACHEVE}{release}")))
    forget_evidence(entrepot, releases(entrepot))
    _announce(entrepot)
    return current_release(entrepot)


def _check_territory(entrepot: Entrepot) -> None:
    territoire = entrepot.settings.territoire
    with entrepot.connect(("referentiels.territoires",)) as connexion:
        requete = "SELECT count(*) FROM referentiels.territoires WHERE niveau = 'epci' AND code_territoire = ?"
        ((connu,),) = connexion.execute(requete, [territoire]).fetchall()
    if not connu:
        raise Obstacle(
            f"OBSERVATOIRE_TERRITOIRE vaut « {territoire} » : aucun EPCI ne porte ce code. Y mettre les neuf chiffres "
            "du SIREN d'un EPCI (246300701 pour Clermont Auvergne Métropole), puis relancer."
        )


def _identity(entrepot: Entrepot) -> str:
    """Hash what a release depends on: inputs, state of each source, code, territory, address."""
    etats = [state_of(entrepot, source) for source in sources().values()]
    # the state of the day: a release is made the day a source becomes late, not every day after
    dites = [(etat.source, etat.version, etat.etat_du_jour, etat.motif) for etat in etats if etat is not None]
    return fingerprint(dites, code_version(), CONTRAT, entrepot.settings.territoire, entrepot.settings.adresse)


def point_to(entrepot: Entrepot, lien: str, cible: str) -> None:
    """Make a stable path of the warehouse lead to a target, in one step; the target is relative to the warehouse."""
    chemin = entrepot.racine / lien
    if chemin.is_symlink() and str(chemin.readlink()) == cible:
        return
    provisoire = entrepot.racine / f".{lien}.{os.getpid()}"
    provisoire.unlink(missing_ok=True)
    provisoire.symlink_to(cible)
    provisoire.replace(chemin)


def _point_to(entrepot: Entrepot, release: str) -> None:
    """Make the stable paths give a release, each in one step."""
    point_to(entrepot, NOM_DUCKDB, f"releases/{release}/{NOM_DUCKDB}")
    point_to(entrepot, "portrait", f"releases/{release}/portrait")


def _forget_old_ones(entrepot: Entrepot) -> None:
    """Keep the last releases, and the one the stable path gives."""
    for release in releases(entrepot)[:-GARDEES]:
        if release not in (current_release(entrepot), pinned_release(entrepot)):
            erase(entrepot.racine / "releases" / release)
    forget_pages(entrepot, releases(entrepot))
    forget_evidence(entrepot, releases(entrepot))


def forget_pages(entrepot: Entrepot, gardees: Collection[str]) -> None:
    """Erase the pages of all EPCI, but those the stable path leads to if they are made from a release that is kept."""
    lien = entrepot.racine / PORTRAITS
    if lien.is_symlink() and lien.readlink().name not in gardees:
        lien.unlink()
    servies = lien.readlink().name if lien.is_symlink() else None
    for dossier in (entrepot.racine / PAGES).glob("*"):
        if dossier.name != servies:
            erase(dossier)


def _announce(entrepot: Entrepot) -> None:
    """Tell machines which releases there are now, and leave to the person at this one the word that takes one back."""
    retraction_word(entrepot)
    manifestes = [manifest_of(entrepot, release) for release in releases(entrepot)]
    write_lists(entrepot, manifestes, current_release(entrepot), pinned_release(entrepot), _retracted(entrepot))


def _retracted(entrepot: Entrepot) -> list[dict[str, str]]:
    return list((entrepot.read_json("etats", "_retirees.json") or {}).get("retirees", []))
