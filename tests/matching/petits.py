"""Small registers and documents to match names on."""

import csv
from typing import Any

from hypothesis import strategies as st

from observatoire.derived import compute_table
from observatoire.matching.computation import FILE, compute_matches
from observatoire.matching.tables import LIT
from observatoire.socle.members import NOMS_ORGANISATIONS
from observatoire.sources import sources
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, deposer, en_csv
from tests.petit_sirene import PetitSirene

ADHESION = {
    "reseau": "essai", "membre": "", "siren_membre": "", "categorie": "inconnu", "depuis": "", "jusqu_a": "", "niveau": "inconnu",
    "code_territoire": "inconnu", "confiance": "faible", "document": "essai", "citation": "essai",
}
DECISION = {
    "nom": "", "contexte": "partout", "identifiant": "", "raison": "même structure, statuts lus", "auteur": "CRESS d'essai",
    "decidee_le": "2026-01-05",
}


class Petits:
    """A few legal units, the members of a network, and what was decided of their names."""

    def __init__(self, entrepot: Entrepot) -> None:
        self.entrepot = entrepot
        self.sirene = PetitSirene(entrepot)
        self.membres: dict[str, dict[str, str]] = {}

    def unite(self, nom: str, **colonnes: str) -> str:
        self.sirene.unite(nom, denominationUniteLegale=colonnes.pop("denominationUniteLegale", nom), **colonnes)
        return self.sirene.siren(nom)

    def membre(self, nom: str, **colonnes: str) -> None:
        self.membres[nom] = {**ADHESION, "membre": nom, **colonnes}

    def decider(self, nom: str, identifiant: str, **colonnes: str) -> None:
        ligne = {**DECISION, "nom": nom, "identifiant": identifiant, **colonnes}
        deposer(self.entrepot, "rapprochements_noms", f"{len(list(self._decisions()))}.csv", en_csv([ligne]))

    def _decisions(self):
        return (self.entrepot.settings.raw / "rapprochements_noms").glob("*.csv")

    def stock_complet(self) -> None:
        """Say that the stock holds every legal unit: what is not there has vanished."""
        deposer(
            self.entrepot, "sirene_unites_legales", "sirene_unites_legales.csv.origine.yml",
            "couverture: {niveau: france, codes: [FR]}\n",
        )

    def rapprocher(self) -> dict[str, dict[str, Any]]:
        """Load everything, match, and return the rows by name."""
        self.sirene.calculer()
        if self.membres:
            deposer(self.entrepot, "adhesions", "membres.csv", en_csv(self.membres.values()))
        return rapprocher(self.entrepot)

    @property
    def file(self) -> list[dict[str, str]]:
        return file_de(self.entrepot)


def rapprocher(entrepot: Entrepot) -> dict[str, dict[str, Any]]:
    for source in ("organisations", "alias_organisations", *(nom.split(".")[1] for nom in LIT)):
        if source in sources() and source != "communes":
            etat = charger_source(entrepot, source, plancher_pct=0, plafond_rejets_pct=0)
            assert etat.etat in ("a_jour", "absente"), etat.motif
    compute_table(entrepot, NOMS_ORGANISATIONS)
    compute_matches(entrepot)
    with entrepot.connect(("socle.rapprochements_noms",)) as connexion:
        lignes = connexion.sql("FROM socle.rapprochements_noms").to_arrow_table().to_pylist()
    return {ligne["nom"]: ligne for ligne in lignes}


def file_de(entrepot: Entrepot) -> list[dict[str, str]]:
    with entrepot.racine.joinpath(*FILE).open(encoding="utf-8-sig", newline="") as flux:
        return list(csv.DictReader(flux))


def qualite(entrepot: Entrepot) -> dict[tuple[str, str, str], dict[str, Any]]:
    with entrepot.connect(("qualite.rapprochements_noms",)) as connexion:
        lignes = connexion.sql("FROM qualite.rapprochements_noms").to_arrow_table().to_pylist()
    return {(ligne["contexte"], ligne["constat"], ligne["modalite"]): ligne for ligne in lignes}


identifiants = st.sampled_from(["A", "B", "C"])
