"""Where each source stands: what was read, what became of the rows, what the table is complete for; kept between runs.

Reading and judging files belong to `ingestion`.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from observatoire.sources import Source
from observatoire.warehouse import Entrepot, utc_now


@dataclass
class FichierLu:
    """A file and what became of its rows: a line of `qualite.sources`."""

    fichier: str
    sha256: str
    producteur: str
    licence: str
    nature: str
    millesime: str
    obtenu_le: str
    etat: str = "lu"
    lignes_lues: int = 0
    lignes_retenues: int = 0
    lignes_hors_champ: int = 0
    lignes_rejetees: int = 0
    en_retard_le: str | None = None
    perime_le: str | None = None
    colonnes_inconnues: list[str] = field(default_factory=list)
    en_tetes: dict[str, str] = field(default_factory=dict)
    motifs_hors_champ: dict[str, int] = field(default_factory=dict)


@dataclass
class Etat:
    """Where a source stands.

    Attributes:
        etat: `a_jour`, `en_echec` (the table is the last good one), `absente` (the table is empty).
        motif: why, in French, when it is not `a_jour`.
        depuis: UTC time since which it has been failing.
        version: version of the table in the warehouse.
        nature: nature of its files.
        couverture: territories it is complete for.
        fichiers: files of the table in the warehouse.
        charge_le: UTC time of the last good load.
        jusqu_au: latest day its rows speak of, where the source says which column tells.
        regles: failures by rule and severity at the last attempt.
        acceptations: hashes of the files a person accepted in spite of their volumes, at the last good load.
        essai: when it is failing, the version the refused files would have made; empty when they were not judged.
        remplissage: percentage of rows where each column has a value, at the last good load.
        rapprochement: percentage of its values that its reference knows, for each column that names one.
    """

    source: str
    etat: str
    version: str
    nature: str
    couverture: Any
    motif: str = ""
    depuis: str | None = None
    charge_le: str | None = None
    jusqu_au: str | None = None
    fichiers: list[FichierLu] = field(default_factory=list)
    regles: list[dict[str, Any]] = field(default_factory=list)
    acceptations: list[str] = field(default_factory=list)
    essai: str = ""
    remplissage: dict[str, float] = field(default_factory=dict)
    rapprochement: dict[str, float] = field(default_factory=dict)

    @property
    def lignes_retenues(self) -> int:
        """Rows of the table."""
        return sum(lu.lignes_retenues for lu in self.fichiers)

    @property
    def retard(self) -> str:
        """`en_retard` after a cadence without a new file, `perime` after two, else empty; what is invented never is."""
        dates = [(lu.perime_le, lu.en_retard_le) for lu in self.fichiers if lu.perime_le and lu.en_retard_le]
        if not dates or self.nature == "demonstration":
            return ""
        perime_le, en_retard_le = max(dates)
        jour = utc_now()[:10]
        return "perime" if jour > perime_le else "en_retard" if jour > en_retard_le else ""

    @property
    def etat_du_jour(self) -> str:
        """State as published today: being late is not a failure, it is said of a table that is otherwise up to date."""
        return self.retard or self.etat if self.etat == "a_jour" else self.etat


def state_of(entrepot: Entrepot, source: Source) -> Etat | None:
    """Return where a source stood after its last run, None when it never ran."""
    contenu = entrepot.read_json("etats", f"{source.nom}.json")
    if contenu is None:
        return None
    contenu["fichiers"] = [FichierLu(**lu) for lu in contenu["fichiers"]]
    return Etat(**contenu)


@dataclass(frozen=True)
class Portee:
    """What the table of a source says of its rows: their nature, and the territories they are complete for."""

    nature: str
    couverture: Any


def carried_by(entrepot: Entrepot, source: Source) -> Portee | None:
    """Return what the table of a source says of its rows, None when it never ran.

    A table written before tables said so has it in the state of its source.
    """
    dit = entrepot.metadata(schema_of(source), source.nom) or {}
    if "nature" not in dit:
        etat = state_of(entrepot, source)
        return None if etat is None else Portee(etat.nature, etat.couverture)
    return Portee(dit["nature"], dit["couverture"])


def common_nature(entrepot: Entrepot, lues: Iterable[Source]) -> str:
    """Return `demonstration` as soon as one of these sources is."""
    portees = [carried_by(entrepot, source) for source in lues]
    inventee = any(portee is not None and portee.nature == "demonstration" for portee in portees)
    return "demonstration" if inventee else "reelle"


def schema_of(source: Source) -> str:
    """Return the schema of the warehouse a source's table lives in."""
    return source.schema_public or "socle"


def keep_state(entrepot: Entrepot, etat: Etat) -> None:
    """Write down where a source stands."""
    entrepot.write_json(asdict(etat), "etats", f"{etat.source}.json")
