"""Memberships in a small observatory, with the register of organisations and their names, resolved by the real queries."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from observatoire.derived import compute_table
from observatoire.schemas import BOOLEEN, DATE, ENTIER, TEXTE
from observatoire.socle import members
from tests.fabrique import Fabrique

ADHESIONS = {
    "reseau": TEXTE, "membre": TEXTE, "siren_membre": TEXTE, "categorie": TEXTE, "niveau": TEXTE, "code_territoire": TEXTE,
    "depuis": ENTIER, "jusqu_a": ENTIER, "est_sensible": BOOLEEN, "_fichier": TEXTE, "_ligne": ENTIER,
}
ORGANISATIONS = {
    "organisation": TEXTE, "nom": TEXTE, "type_organisation": TEXTE, "siren": TEXTE, "niveau": TEXTE, "code_territoire": TEXTE,
    "est_sensible": BOOLEEN,
}
DECISIONS = {"nom": TEXTE, "contexte": TEXTE, "identifiant": TEXTE, "decidee_le": DATE}
ALIAS = {"nom_ecrit": TEXTE, "organisation": TEXTE, "statut": TEXTE, "est_sensible": BOOLEEN}


def poser_adhesions(
    petit: Fabrique,
    adhesions: Iterable[Mapping[str, Any]],
    organisations: Iterable[Mapping[str, Any]] = (),
    alias: Iterable[Mapping[str, Any]] = (),
    decisions: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Write memberships, organisations, names and decided identifiers, then compute who the members are."""
    for nom in ("adhesions", "organisations", "alias_organisations", "rapprochements_noms"):
        petit.source(nom, couverture="inconnue")
    inconnu = {"niveau": "inconnu", "code_territoire": "inconnu"}
    petit.table("socle", "adhesions", ADHESIONS, [
        {**inconnu, **ligne, "_fichier": "f", "_ligne": rang} for rang, ligne in enumerate(adhesions)
    ])
    petit.table("socle", "organisations", ORGANISATIONS, [
        {"nom": o["organisation"], "type_organisation": "association", **inconnu, **o} for o in organisations
    ])
    petit.table("socle", "alias_organisations", ALIAS, [{"statut": "revu", **nom} for nom in alias])
    petit.table("referentiels", "rapprochements_noms", DECISIONS, [
        {"contexte": "partout", "decidee_le": datetime.date(2026, 1, 5), **decision} for decision in decisions
    ])
    for derivee in (members.NOMS_ORGANISATIONS, members.MEMBRES_IDENTIFIES):
        compute_table(petit.entrepot, derivee)
