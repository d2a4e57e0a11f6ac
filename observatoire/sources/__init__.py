"""The sources: one folder each, `source.yml` (where files come from, what they promise) and `table.py` (what a row is).

A folder added here is found by itself. What is done with the rows afterwards does not belong here.
"""

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Annotated, ClassVar, Literal

import pandas as pd
import sqlglot
from pydantic import AfterValidator, ConfigDict, Field
from sqlglot import expressions
from sqlglot.errors import SqlglotError

from observatoire.declarations import FERMEE, Pourcentage, Texte, declared, nearest, read_yaml
from observatoire.levels import Niveau
from observatoire.obstacle import Obstacle
from observatoire.schemas import PROVENANCE, Table
from observatoire.settings import REFERENCES

DOSSIER = Path(__file__).parent
JOURS_PAR_CADENCE = {"mensuelle": 31, "trimestrielle": 92, "annuelle": 366}
Codes = Annotated[tuple[Texte, ...], Field(min_length=1)]


def _bare_name(nom: str) -> str:
    if Path(nom).name != nom or nom.startswith("."):
        raise ValueError(f"fichier « {nom} » : un nom seul, sans dossier")
    return nom


@dataclass(frozen=True)
class Aire:
    """Territories: those of a level with these codes."""

    __pydantic_config__: ClassVar[ConfigDict] = FERMEE
    niveau: Niveau
    codes: Codes


@dataclass(frozen=True)
class Couverture:
    """What rows are complete for: all that lies inside these territories, but for those of `sauf`."""

    __pydantic_config__: ClassVar[ConfigDict] = FERMEE
    niveau: Niveau
    codes: Codes
    sauf: Aire | None = None


@dataclass(frozen=True)
class Source:
    """What a `source.yml` declares.

    Attributes:
        nom: name of the folder, of the table and of the folder of `raw/`.
        titre, description, producteur, licence, url: provenance, in French.
        fichier: name given to what `url` downloads; without it, `url` is a page for people, files are dropped by hand.
        famille: group it belongs to: references, etablissements, masse_salariale, budgets, adhesions.
        nature: `reelle` unless the file itself says `demonstration`.
        diffusion: said by every source, for nothing may be public by omission: `publique`; `interne`, never published
            though nothing computed from it is confidential; `restreinte`.
        protegee_par_producteur: its rows are cells its producer protected before giving them, not micro-data.
        schema_public: schema of the published table (socle, referentiels, qualite); None when it is not published.
        cadence: mensuelle, trimestrielle, annuelle, or None when nothing is expected.
        couverture: default coverage: a `Couverture` (complete for all that lies inside), `lignes` (only the places its
            rows name, which do not add up to larger ones), or `inconnue` (what is known is counted, as a minimum).
        absence: what no row means where it is complete: `zero`, or `inconnue` (an omitted cell is not a zero).
        lignes_nationales: rows under which a file is an extract, complete for nothing unless its origin says for what.
        cumul: what several files are: `dernier`, `union`, `par_periode`.
        plafond_rejets_pct: share of refused rows above which the source fails.
        plancher_pct: share of the last good load under which the source fails.
        chute_pct: points that what a column is filled, matched or flagged may move by, from one load to the next.
        facultative: its absence takes nothing away from what reads it (a list that only adds reasons).
        indispensable: its failure stops the run.
        embarque: file of `references/` used while `raw/` has none.
        demonstration: set of generated files used while no source of that set has a real file.
        fraicheur: column whose latest day says how fresh the rows are: older ones never replace fresher ones.
        volumineuse: rows are counted in millions: DuckDB reads them (`bulk`), `table.py` writes `HORS_CHAMP`, and where
            needed `CALCULS`, in SQL.
        ruptures: breaks in the series, in French.
        aide: what to do when there is no file.
        publiee_si: SQL condition under which a row is published; all of them are when it is not given.
        anonyme_si: SQL condition under which the `nominatif` columns of a published row are not.
        tue: SQL that gives the French reason for which a row is never shown when a figure is unfolded, null when it may
            be; where it is not given, a row is shown when it is in the public file.
        lettre: its producers answer questions: a letter is made for each file with rows refused or flagged.
    """

    __pydantic_config__: ClassVar[ConfigDict] = FERMEE
    nom: str
    titre: Texte
    description: Texte
    famille: Texte
    producteur: Texte
    licence: Texte
    diffusion: Literal["publique", "interne", "restreinte"]
    url: Texte = ""
    fichier: Annotated[str, AfterValidator(_bare_name)] = ""
    nature: Literal["reelle", "demonstration"] = "reelle"
    protegee_par_producteur: bool = False
    schema_public: Literal["socle", "referentiels", "qualite"] | None = "socle"
    cadence: Literal["mensuelle", "trimestrielle", "annuelle"] | None = None
    couverture: Literal["lignes", "inconnue"] | Couverture = "inconnue"
    absence: Literal["zero", "inconnue"] = "inconnue"
    lignes_nationales: Annotated[int, Field(ge=0)] = 0
    cumul: Literal["dernier", "union", "par_periode"] = "dernier"
    plafond_rejets_pct: Pourcentage = 5.0
    plancher_pct: Pourcentage = 90.0
    chute_pct: Pourcentage = 30.0
    indispensable: bool = False
    facultative: bool = False
    embarque: Annotated[Texte, AfterValidator(_bare_name)] | None = None
    demonstration: Literal["sirene", "urssaf", "flores"] | None = None
    fraicheur: Texte = ""
    volumineuse: bool = False
    ruptures: Texte = ""
    aide: Texte = ""
    publiee_si: Texte = ""
    anonyme_si: Texte = ""
    tue: Texte = ""
    lettre: bool = False

    @property
    def dossier(self) -> Path:
        """Folder of the declaration."""
        return DOSSIER / self.nom

    @property
    def module(self) -> ModuleType:
        """The `table.py` of the source: `TABLE`, and `preparer` and `hors_champ`, or `CALCULS` and `HORS_CHAMP`."""
        return _load(self.dossier / "table.py")

    @property
    def table(self) -> Table:
        """Declaration of the rows."""
        table: Table = self.module.TABLE
        return table

    @property
    def tue_sql(self) -> str:
        """SQL, over its table: why a row is only counted when a figure is unfolded, null when it is shown."""
        if self.diffusion != "publique":
            return "'source de diffusion restreinte'"
        if self.tue or self.schema_public is not None and not self.publiee_si:
            return self.tue or "NULL::VARCHAR"
        if self.schema_public is None:
            return "'source absente du fichier public'"
        return (
            f"CASE WHEN NOT coalesce({self.publiee_si}, false) THEN 'ne peut être nommé : personne physique, organisme "
            "non reconnu, diffusion partielle, activité cultuelle, politique ou syndicale' END"
        )

    @property
    def hors_champ_sql(self) -> tuple[tuple[str, str], ...]:
        """The rules of scope of a `volumineuse` source: (French reason, SQL condition), the first true one wins."""
        regles: tuple[tuple[str, str], ...] = getattr(self.module, "HORS_CHAMP", ())
        return regles

    @property
    def calculs_sql(self) -> dict[str, str]:
        """The columns a `volumineuse` source derives: SQL over its typed columns, window functions over one file."""
        calculs: dict[str, str] = getattr(self.module, "CALCULS", {})
        return calculs

    def preparer(self, brut: pd.DataFrame, fichier: str, millesime: str) -> pd.DataFrame:
        """Let the source derive columns from its raw ones, from the file's name or from its vintage."""
        preparation = getattr(self.module, "preparer", None)
        return brut if preparation is None else preparation(brut, fichier, millesime)

    def hors_champ(self, lignes: pd.DataFrame) -> pd.Series:
        """Give the French reason for which each typed row is out of scope, null when it is in scope."""
        regle = getattr(self.module, "hors_champ", None)
        aucune = pd.Series(None, index=lignes.index, dtype="str")
        return aucune if regle is None else regle(lignes, aucune)


@cache
def _load(chemin: Path) -> ModuleType:
    # loaded by path: a copy of this package elsewhere must read its own folders
    specification = importlib.util.spec_from_file_location(f"observatoire_source_{chemin.parent.name}", chemin)
    if specification is None or specification.loader is None:
        raise ImportError(f"{chemin} n'est pas un module Python")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@cache
def sources() -> dict[str, Source]:
    """Return every declared source by name.

    Raises:
        Obstacle: a badly written `source.yml`; none is returned then, for what reads the others may rest on it.
    """
    trouvees = {}
    for chemin in sorted(DOSSIER.glob("*/source.yml")):
        nom = chemin.parent.name
        ou = f"sources/{nom}/source.yml"
        trouvees[nom] = declared(Source, read_yaml(chemin, ou), ou, nom=nom)
    for source in trouvees.values():
        if reproche := misnamed(source, {autre.famille for autre in trouvees.values()}):
            raise Obstacle(f"sources/{source.nom}/source.yml : {reproche}")
    return trouvees


def misnamed(source: Source, familles: Iterable[str]) -> str | None:
    """Say which word of a declaration names nothing: a file, a column, a family written another way elsewhere.

    Args:
        source: what its `source.yml` declares.
        familles: those of all sources; a new one is a new group, one that looks like another is a slip.
    """
    if proches := get_close_matches(source.famille, set(familles) - {source.famille}, 1, 0.8):
        return f"famille « {source.famille} » ressemble à « {proches[0]} » : n'écrire que l'une des deux."
    if source.embarque is not None and not (REFERENCES / source.embarque).is_file():
        return f"embarque : « {source.embarque} » n'est pas un fichier de observatoire/references/."
    requises = {"fraicheur": source.fraicheur, "publiee_si": source.publiee_si, "anonyme_si": source.anonyme_si}
    for clef, sql in {**requises, "tue": source.tue}.items():
        if not sql:
            continue
        try:
            condition = sqlglot.parse_one(f"SELECT {sql}", dialect="duckdb")
        except SqlglotError:
            return f"{clef} : « {sql} » n'est pas du SQL."
        connues = {colonne.nom for colonne in (*source.table.colonnes, *PROVENANCE)}
        # the columns of a query inside are those of another table
        siennes = {c.name for c in condition.find_all(expressions.Column) if c.parent_select is condition}
        if inconnues := sorted(siennes - connues):
            return f"{clef} : colonne « {inconnues[0]} » inconnue de table.py.{nearest(inconnues[0], connues)}"
    return None
