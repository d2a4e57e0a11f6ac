"""Where the observatory reads and writes, and the territory it looks at: the only module that reads the environment."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from observatoire.obstacle import Obstacle

RACINE = Path(__file__).resolve().parent.parent
REFERENCES = Path(__file__).resolve().parent / "references"


# of memory: beyond it DuckDB works on disk, whatever the size of the country
PART, PLANCHER, PLAFOND = 4, 1_200_000_000, 8_000_000_000
UNITES = {"M": 10**6, "G": 10**9}
GROUPE = Path("/sys/fs/cgroup/memory.max")


def memory_ceiling() -> int:
    """Return the bytes DuckDB may hold: ``OBSERVATOIRE_MEMOIRE``, else a quarter of the memory of the machine, bounded.

    Raises:
        Obstacle: what is said is no quantity of memory.
    """
    if dite := (os.environ.get("OBSERVATOIRE_MEMOIRE") or "").strip():
        lue = re.fullmatch(r"([0-9]+(?:[.,][0-9]+)?) ?([MG])(?:o|B)", dite)
        if lue is None or not (octets := int(float(lue[1].replace(",", ".")) * UNITES[lue[2]])):
            raise Obstacle(f"OBSERVATOIRE_MEMOIRE vaut « {dite} » : y mettre une quantité, comme 4GB ou 800MB.")
        return octets
    return min(max(_machine_memory() // PART, PLANCHER), PLAFOND)


def _machine_memory() -> int:
    """Return the bytes of memory of this machine, or of the container it is seen from."""
    totale = 0
    with suppress(ValueError, OSError, AttributeError):  # where no such thing is told
        totale = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(ValueError, OSError):  # « max » is no number
        totale = min(totale, int(GROUPE.read_text(encoding="ascii")))
    return totale


@dataclass(frozen=True)
class Settings:
    """The settings of the public contract.

    Attributes:
        raw: folder of the files as received.
        warehouse: folder of everything computed.
        territoire: SIREN of the focal EPCI.
        adresse: address a web server gives `warehouse` and this interface under, empty when there is none.
    """

    raw: Path
    warehouse: Path
    territoire: str
    adresse: str = ""

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read ``OBSERVATOIRE_RAW``, ``_WAREHOUSE``, ``_TERRITOIRE`` and ``_ADRESSE``."""
        return cls(
            raw=Path(os.environ.get("OBSERVATOIRE_RAW") or RACINE / "raw").resolve(),
            warehouse=Path(os.environ.get("OBSERVATOIRE_WAREHOUSE") or RACINE / "warehouse").resolve(),
            territoire=os.environ.get("OBSERVATOIRE_TERRITOIRE") or "246300701",
            adresse=(os.environ.get("OBSERVATOIRE_ADRESSE") or "").rstrip("/"),
        )


@dataclass(frozen=True)
class HistorySettings:
    """Where Dagster reads its settings and keeps the history of the runs.

    Attributes:
        accueil: folder of `dagster.yaml`, the root of the project unless ``DAGSTER_HOME`` says another.
        historique: folder of the history, which `dagster.yaml` takes from ``OBSERVATOIRE_HISTORIQUE``.
    """

    accueil: Path
    historique: Path

    @classmethod
    def from_environment(cls) -> "HistorySettings":
        """Read ``DAGSTER_HOME`` and ``OBSERVATOIRE_HISTORIQUE``; a project nobody may write in keeps no history."""
        accueil = Path(os.environ.get("DAGSTER_HOME") or RACINE).resolve()
        dit = os.environ.get("OBSERVATOIRE_HISTORIQUE")
        if dit:
            return cls(accueil, Path(dit).resolve())
        ici = accueil / ".dagster"
        est_ouvert = os.access(ici if ici.exists() else accueil, os.W_OK)
        return cls(accueil, ici if est_ouvert else Settings.from_environment().warehouse / ".dagster")


@dataclass(frozen=True)
class RegisterSettings:
    """Where the register of project leaders is, apart from all the rest.

    Attributes:
        magasin: folder of its encrypted file, None when it is not said.
        cle: file of its key, None when it is not said.
    """

    magasin: Path | None
    cle: Path | None

    @classmethod
    def from_environment(cls) -> "RegisterSettings":
        """Read ``OBSERVATOIRE_REGISTRE`` and ``OBSERVATOIRE_REGISTRE_CLE``."""
        magasin, cle = os.environ.get("OBSERVATOIRE_REGISTRE"), os.environ.get("OBSERVATOIRE_REGISTRE_CLE")
        return cls(Path(magasin).resolve() if magasin else None, Path(cle).resolve() if cle else None)


@dataclass(frozen=True)
class AlertSettings:
    """Who is told of failures, and through what: nobody by default.

    Attributes:
        courriel: addresses, separated by commas.
        smtp: `smtp(s)://account@server:port`, without a password.
        secret: file of the password, None when the server asks for none.
        webhook: address that receives a JSON `{"text": …}`: a secret in itself.
    """

    courriel: str
    smtp: str
    secret: Path | None
    webhook: str

    @classmethod
    def from_environment(cls) -> "AlertSettings":
        """Read ``OBSERVATOIRE_COURRIEL``, ``_SMTP``, ``_SMTP_SECRET`` and ``_WEBHOOK``."""
        secret = os.environ.get("OBSERVATOIRE_SMTP_SECRET")
        return cls(
            courriel=os.environ.get("OBSERVATOIRE_COURRIEL") or "",
            smtp=os.environ.get("OBSERVATOIRE_SMTP") or "",
            secret=Path(secret).resolve() if secret else None,
            webhook=os.environ.get("OBSERVATOIRE_WEBHOOK") or "",
        )

    @property
    def demandees(self) -> bool:
        """Whether someone asked to be told."""
        return bool(self.courriel or self.smtp or self.webhook)
