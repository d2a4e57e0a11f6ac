"""A small observatory whose releases follow each other."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from observatoire.derived import compute_table
from observatoire.evidence import keep_evidence
from observatoire.journal.writing import JOURNAL, PAGE, TOUS, read_journal, write_journal
from observatoire.socle.territories import APPARTENANCES, TERRITOIRES
from observatoire.sources import sources
from observatoire.sources.states import FichierLu, state_of
from observatoire.warehouse import fingerprint, sha256, sql_literal
from tests.fabrique import COLONNES_COMMUNES, Fabrique

ATTAQUE = "<script>alert(1)</script>"


class Atelier:
    """A small observatory whose releases are made by hand, and whose journal is the real one."""

    def __init__(self, petite: Fabrique) -> None:
        self.petite = petite
        self.entrepot = petite.entrepot
        self.code = "code-1"
        self._rang = 0

    def deposer(self, source: str, lignes: list[dict[str, Any]], **autres: Any) -> None:
        """Lay the contributions of a source, and its state: the hash of its only file is that of its rows."""
        self.petite.contributions(source, lignes, **autres)
        self.lire(f"depot_{source}", lignes)

    def lire(self, source: str, lignes: object, **autres: Any) -> None:
        etat = state_of(self.entrepot, sources()[source])
        assert etat is not None
        etat.fichiers = [FichierLu("f.csv", fingerprint(lignes), "p", "l", "reelle", "2024", "2026-01-01")]
        contenu = asdict(etat) | {"version": fingerprint(lignes, autres)} | autres
        self.entrepot.write_json(contenu, "etats", f"{source}.json")

    def publier(self, preuves: bool = True) -> dict[str, Any]:
        """Compute everything, make a release of it with its journal, and return the journal."""
        self._rang += 1
        self.petite._calcules.clear()
        for derivee in (TERRITOIRES, APPARTENANCES):
            compute_table(self.entrepot, derivee)
        self.petite.valeurs()
        nom = f"2026010{self._rang}T000000000Z-essai"
        manifeste = {
            "release": nom, "contrat": 1, "cree_le": f"2026-01-0{self._rang}T00:00:00", "code_version": self.code,
            "nature": "reelle", "territoire": self.entrepot.settings.territoire, "identite": nom, "fichiers": {},
            "sources": [
                {
                    **{champ: getattr(etat, champ) for champ in ("source", "etat", "motif", "version", "nature")},
                    "couverture": etat.couverture, "acceptations": etat.acceptations,
                    "fichiers": [{"fichier": lu.fichier, "sha256": lu.sha256} for lu in etat.fichiers],
                }
                for etat in filter(None, (state_of(self.entrepot, source) for source in sources().values()))
            ],
        }  # fmt: skip
        dossier = self.entrepot.racine / "releases" / f".en_cours-{nom}"
        dossier.mkdir(parents=True)
        self._ecrire(dossier / "observatoire.duckdb")
        manifeste["avant"] = write_journal(self.entrepot, dossier, manifeste)
        # a second name beside the pages, as in a real release
        (dossier / "portrait" / "donnees").mkdir()
        for ecrit in (JOURNAL, TOUS):
            if (dossier / ecrit).exists():
                os.link(dossier / ecrit, dossier / "portrait" / "donnees" / ecrit)
        ecrits = [chemin for chemin in dossier.rglob("*") if chemin.is_file()]
        manifeste["fichiers"] = {str(chemin.relative_to(dossier)): sha256(chemin) for chemin in ecrits}
        (dossier / "manifest.json").write_text(json.dumps(manifeste), encoding="utf-8")
        if preuves:
            keep_evidence(self.entrepot, nom)
        self.dossier = dossier.rename(dossier.with_name(nom))
        journal = read_journal(self.dossier)
        assert journal is not None
        return journal

    def _ecrire(self, chemin: Path) -> None:
        with self.entrepot.connect() as connexion:
            connexion.execute(f"ATTACH {sql_literal(chemin)} AS public_")
            for table in (
                "indicateurs.valeurs", "indicateurs.catalogue", "referentiels.territoires", "referentiels.appartenances"
            ):  # fmt: skip
                connexion.execute(f"CREATE SCHEMA IF NOT EXISTS public_.{table.split('.')[0]}")
                connexion.execute(f"CREATE TABLE public_.{table} AS FROM {table}")
            connexion.execute("DETACH public_")

    def page(self) -> str:
        return (self.dossier / PAGE).read_text(encoding="utf-8")


def poser_communes(atelier: Atelier, lignes: list[dict[str, Any]]) -> None:
    atelier.petite.table("referentiels", "communes", COLONNES_COMMUNES, lignes)
    atelier.lire("communes", lignes)
    atelier.lire("zonages", "zonages")


def somme(atelier: Atelier, nom: str = "m", **autres: Any) -> None:
    atelier.petite.indicateur(nom, numerateur={"mesure": nom}, **autres)


def lignes_de(atelier: Atelier, *valeurs: object, lieu: str = "commune:63001") -> list[dict[str, Any]]:
    return [atelier.petite.ligne(lieu, valeur, unite=f"{lieu} {rang}") for rang, valeur in enumerate(valeurs)]
