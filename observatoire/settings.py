"""Where the observatory reads and writes, and the territory it looks at: the only module that reads the environment."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

RACINE = Path(__file__).resolve().parent.parent
REFERENCES = Path(__file__).resolve().parent / "references"


@dataclass(frozen=True)
class Settings:
    """The settings of the public contract: three, and the address where the pages are served, if they are.

    Attributes:
        raw: folder of the files as received.
        warehouse: folder of everything computed.
        territoire: SIREN of the focal EPCI.
        adresse: where `warehouse/portrait` is served, ending with `/`: what portals harvest needs whole addresses;
            empty when it is served nowhere, and addresses are relative.
    """

    raw: Path
    warehouse: Path
    territoire: str
    adresse: str = ""

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read ``OBSERVATOIRE_RAW``, ``OBSERVATOIRE_WAREHOUSE``, ``OBSERVATOIRE_TERRITOIRE``, ``OBSERVATOIRE_ADRESSE``.

        Raises:
            ValueError: the address is not one of the web.
        """
        adresse = os.environ.get("OBSERVATOIRE_ADRESSE") or ""
        if adresse and not re.fullmatch(r"https?://[^\s?#]+", adresse):
            raise ValueError(f"OBSERVATOIRE_ADRESSE « {adresse} » : écrire l'adresse de la page, « https://… ».")
        return cls(
            raw=Path(os.environ.get("OBSERVATOIRE_RAW") or RACINE / "raw").resolve(),
            warehouse=Path(os.environ.get("OBSERVATOIRE_WAREHOUSE") or RACINE / "warehouse").resolve(),
            territoire=os.environ.get("OBSERVATOIRE_TERRITOIRE") or "246300701",
            adresse=adresse and f"{adresse.rstrip('/')}/",
        )


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
