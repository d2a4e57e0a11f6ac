"""A small observatory to test on: twelve communes, hand-made rows, declarations of its own, and the real functions.

Régions 84 and 19; départements 63, 43 (in région 84) and 19 (in région 19: a code names a place within a level). EPCI A
lies in 63, E in 43 and B in 19; C straddles 63 and 43; D straddles 63 and 19, hence two régions. 63007 has no EPCI;
98735 is in none of these, and not in France.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from decimal import Decimal
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
import yaml

from observatoire import sources as module_sources
from observatoire.confidentiality.suppressions import compute_suppressions
from observatoire.derived import compute_table
from observatoire.indicators import catalog
from observatoire.indicators.cube import CONTRIBUTION, compute_cube, compute_measure
from observatoire.indicators.values import compute_indicators
from observatoire.schemas import ENTIER, NOMBRE, TEXTE
from observatoire.settings import Settings
from observatoire.socle.computed_tables import derivees
from observatoire.socle.places import LIEUX
from observatoire.socle.territories import APPARTENANCES, TERRITOIRES
from observatoire.sources.states import Etat
from observatoire.warehouse import Entrepot, fingerprint

FRANCE = [["france", "FR"]]
REFERENTIELS = ("communes", "zonages", "communes_anciennes", "mouvements_communes")
CELLULE = ("niveau", "code_territoire", "periode", "axe", "modalite")
MESURES_DU_PRODUIT = catalog.RACINE / "measures"
# commune: département, région, EPCI, population
COMMUNES: dict[str, tuple[str | None, str | None, str | None, int]] = {
    "63001": ("63", "84", "A", 100),
    "63002": ("63", "84", "A", 200),
    "63003": ("63", "84", "A", 300),
    "63004": ("63", "84", "C", 40),
    "43001": ("43", "84", "C", 60),
    "43002": ("43", "84", "E", 500),
    "63005": ("63", "84", "D", 10),
    "19001": ("19", "19", "D", 20),
    "19002": ("19", "19", "B", 700),
    "19003": ("19", "19", "B", 300),
    "63007": ("63", "84", None, 7),
    "98735": (None, None, None, 50),
}
ZONAGES = [
    *[("epci", code, f"EPCI {code}") for code in "ABCDE"],
    *[("departement", code, f"Département {code}") for code in ("63", "43", "19")],
    *[("region", code, f"Région {code}") for code in ("84", "19")],
    ("france", "FR", "France"),
]
COLONNES_COMMUNES = {
    "code_commune": TEXTE, "libelle_commune": TEXTE,
    "code_departement": TEXTE, "code_region": TEXTE, "code_epci": TEXTE,
    "population_municipale": ENTIER, "millesime_population": TEXTE, "millesime_cog": TEXTE,
}
COLONNES_ZONAGES = {"niveau": TEXTE, "code_territoire": TEXTE, "libelle": TEXTE, "type_zonage": TEXTE}
COLONNES_CONTRIBUTIONS = {
    nom: {"VARCHAR": TEXTE, "BIGINT": ENTIER, "DECIMAL(38,6)": NOMBRE}[type_] for nom, type_ in CONTRIBUTION.items()
}

Ligne = dict[str, Any]


def communes() -> list[Ligne]:
    """Rows of `referentiels.communes`."""
    return [
        {
            "code_commune": code, "libelle_commune": f"Commune {code}", "code_departement": departement,
            "code_region": region, "code_epci": epci, "population_municipale": population,
            "millesime_population": "2023", "millesime_cog": "2026",
        }
        for code, (departement, region, epci, population) in COMMUNES.items()
    ]


def zonages() -> list[Ligne]:
    """Rows of `referentiels.zonages`."""
    return [{"niveau": n, "code_territoire": c, "libelle": libelle, "type_zonage": None} for n, c, libelle in ZONAGES]


class Fabrique:
    """Declares sources, measures and indicators in a folder of its own, and runs the real chain on them."""

    def __init__(self, dossier: Path) -> None:
        self.declarations = dossier / "declarations"
        self.entrepot = Entrepot(Settings(dossier / "raw", dossier / "warehouse", "A"))
        self._indicateurs: dict[str, Any] = {}
        self._numeros = count(1)
        self._calcules: dict[str, dict[tuple[str, ...], Ligne]] = {}

    def table(self, schema: str, nom: str, colonnes: dict[str, arrow.DataType], lignes: list[Ligne]) -> None:
        """Write a table of the warehouse."""
        self._calcules.clear()
        valeurs = [[ligne.get(colonne) for colonne in colonnes] for ligne in lignes]
        cadre = pd.DataFrame(valeurs, columns=list(colonnes), dtype=object)
        with self.entrepot.replacing(self.entrepot.path_of(schema, nom)) as chemin:
            version = {"version": fingerprint(lignes)}
            self.entrepot.write_batches(chemin, arrow.schema(list(colonnes.items())), [cadre], version)

    def etat(self, source: str, couverture: Any = FRANCE, nature: str = "reelle") -> None:
        """Say that a source was loaded, and what it is complete for."""
        self._calcules.clear()
        self.entrepot.write_json(asdict(Etat(source, "a_jour", "v1", nature, couverture)), "etats", f"{source}.json")

    def source(self, nom: str, absence: str = "zero", diffusion: str = "publique", protegee: bool = False, **etat: Any) -> None:
        """Declare a source and say that it was loaded."""
        dossier = self.declarations / "sources" / nom
        dossier.mkdir(parents=True, exist_ok=True)
        dit = {"titre": nom, "description": nom, "famille": "budgets", "producteur": "p", "licence": "l"}
        dit |= {"absence": absence, "diffusion": diffusion, "protegee_par_producteur": protegee}
        (dossier / "source.yml").write_text(yaml.safe_dump(dit), encoding="utf-8")
        self.etat(nom, **etat)

    def mesure(self, nom: str, requete: str) -> None:
        """Declare a measure."""
        (self.declarations / "measures" / f"{nom}.sql").write_text(requete, encoding="utf-8")
        self._calcules.clear()
        oublier()

    def mesure_du_produit(self, nom: str) -> None:
        """Declare a measure with the very SQL of the product."""
        self.mesure(nom, (MESURES_DU_PRODUIT / f"{nom}.sql").read_text(encoding="utf-8"))

    def indicateur(self, nom: str, **champs: Any) -> None:
        """Declare an indicator."""
        dit = {"titre": nom, "theme": "t", "unite": "u", "definition": "d", "champ": "c"}
        self._indicateurs[nom] = {**dit, **champs}
        contenu = yaml.safe_dump(self._indicateurs, sort_keys=False)
        (self.declarations / "indicators.yml").write_text(contenu, encoding="utf-8")
        self._calcules.clear()
        oublier()

    def ligne(self, lieu: str, valeur: object, **champs: Any) -> Ligne:
        """Make a contribution: `lieu` is `commune:63001`, `inconnu`…; its unit is its own, its respondent its unit."""
        niveau, _, code = lieu.partition(":")
        unite = champs.get("unite") or f"u{next(self._numeros)}"
        defauts = {"periode": "2024", "axe": "total", "modalite": "total", "unite": unite, "repondant": unite}
        place = {"niveau": niveau, "code_territoire": code or "inconnu", "nombre_unites": 1}
        return {**place, **defauts, "valeur": None if valeur is None else Decimal(str(valeur)), **champs}

    def lignes(self, lieu: str, valeur: object, axe: str, modalite: str, **champs: Any) -> list[Ligne]:
        """Make the two contributions of a unit: to the total and to one modality."""
        total = self.ligne(lieu, valeur, **champs)
        return [total, {**total, "axe": axe, "modalite": modalite}]

    def contributions(self, mesure: str, lignes: list[Ligne], entete: str = "", **source: Any) -> None:
        """Declare a measure that is a source of contributions written by hand; `entete`: its properties, as comments."""
        self.source(f"depot_{mesure}", **source)
        self.table("socle", f"depot_{mesure}", COLONNES_CONTRIBUTIONS, lignes)
        # the axes of an indicator are those its measure writes
        axes = ", ".join(sorted({str(ligne["axe"]) for ligne in lignes}))
        self.mesure(mesure, f"-- {mesure}\n{entete}\nFROM socle.depot_{mesure} /* ventilations {axes} */")

    def protegee(self, mesure: str, lignes: list[Ligne], entete: str = "") -> None:
        """Declare a protected measure, and the indicator of its sum, of the same name."""
        protegee = f"-- diffusion : protegee\n{entete}"
        self.contributions(mesure, lignes, protegee, couverture="inconnue", diffusion="restreinte")
        self.indicateur(mesure, numerateur={"mesure": mesure})

    def cube(self) -> dict[tuple[str, ...], Ligne]:
        """Compute measures and cube; return the cells by measure, level, code, period, axis and modality."""
        if "cube" not in self._calcules:
            for mesure in catalog.mesures().values():
                compute_measure(self.entrepot, mesure)
            compute_cube(self.entrepot)
            self._calcules["cube"] = self._par_cle("cube", "mesure")
        return self._calcules["cube"]

    def valeurs(self) -> dict[tuple[str, ...], Ligne]:
        """Compute everything; return the values by indicator, level, code, period, axis and modality."""
        if "valeurs" not in self._calcules:
            self.cube()
            compute_suppressions(self.entrepot)
            compute_indicators(self.entrepot)
            self._calcules["valeurs"] = self._par_cle("valeurs", "indicateur")
        return self._calcules["valeurs"]

    def _par_cle(self, table: str, objet: str) -> dict[tuple[str, ...], Ligne]:
        lignes = self.read_batches(f"indicateurs.{table}")
        par_cle = {tuple(ligne[colonne] for colonne in (objet, *CELLULE)): ligne for ligne in lignes}
        assert len(par_cle) == len(lignes), f"indicateurs.{table} répète une clé"
        return par_cle

    def sommes(self, mesure: str = "m", axe: str = "total", modalite: str = "total") -> dict[str, Any]:
        """Compute measures and cube; return the sums of a measure in 2024 by `niveau:code`."""
        return {
            f"{niveau}:{code}": ligne["somme"]
            for (m, niveau, code, periode, a, mod), ligne in self.cube().items()
            if (m, periode, a, mod) == (mesure, "2024", axe, modalite)
        }

    def publiees(self, indicateur: str = "i", colonne: str = "valeur", periode: str = "2024") -> dict[str, Any]:
        """Compute everything; return the values of an indicator in a period, total, by `niveau:code`."""
        return {
            f"{niveau}:{code}": ligne[colonne]
            for (nom, niveau, code, quand, axe, _), ligne in self.valeurs().items()
            if (nom, quand, axe) == (indicateur, periode, "total")
        }

    def read_batches(self, table: str) -> list[Ligne]:
        """Read a table of the warehouse."""
        lignes: list[Ligne] = parquet.read_table(self.entrepot.path_of(*table.split("."))).to_pylist()
        return lignes


def oublier() -> None:
    """Forget the declarations read so far."""
    for lecture in (module_sources.sources, catalog.mesures, catalog.indicateurs, catalog.sources_of):
        lecture.cache_clear()


@contextmanager
def fabrique(dossier: Path) -> Iterator[Fabrique]:
    """Give a small observatory whose declarations are its own, with the territories above."""
    petite = Fabrique(dossier)
    for nom, contenu in _referentiels().items():
        chemin = petite.entrepot.path_of("referentiels", nom)
        chemin.parent.mkdir(parents=True, exist_ok=True)
        chemin.write_bytes(contenu)
    derivees()  # found with all the sources of the product: the small observatory reads none of the other tables
    shutil.copytree(MESURES_DU_PRODUIT / "communs", petite.declarations / "measures" / "communs")
    (petite.declarations / "indicators.yml").write_text("{}", encoding="utf-8")
    with pytest.MonkeyPatch.context() as remplacements, ExitStack() as ensuite:
        ensuite.callback(oublier)
        for nom in REFERENTIELS:
            shutil.copytree(module_sources.DOSSIER / nom, petite.declarations / "sources" / nom)
        remplacements.setattr(module_sources, "DOSSIER", petite.declarations / "sources")
        remplacements.setattr(catalog, "RACINE", petite.declarations)
        oublier()
        for nom in REFERENTIELS:
            petite.etat(nom)
        yield petite


@cache
def _referentiels() -> dict[str, bytes]:
    """Compute the territories once, with the real queries."""
    with TemporaryDirectory() as dossier:
        return referentiels(Path(dossier), communes(), zonages())


def referentiels(dossier: Path, des_communes: list[Ligne], des_zonages: list[Ligne]) -> dict[str, bytes]:
    """Compute the territories of these communes; return the files."""
    petite = Fabrique(dossier)
    petite.table("referentiels", "communes", COLONNES_COMMUNES, des_communes)
    petite.table("referentiels", "zonages", COLONNES_ZONAGES, des_zonages)
    passages = ("code_ancien", "code_commune", "niveau", "code_territoire", "motif")
    petite.table("referentiels", "passages_communes", dict.fromkeys(passages, TEXTE), [])
    for derivee in (TERRITOIRES, APPARTENANCES, LIEUX):
        compute_table(petite.entrepot, derivee)
    return {chemin.stem: chemin.read_bytes() for chemin in (dossier / "warehouse" / "referentiels").glob("*.parquet")}
