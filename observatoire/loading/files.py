"""Which files a source is made of: those of `raw/`, else the embedded one, else demonstration ones; and their origin.

Reading them does not belong here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from observatoire.loading.records import EXTENSIONS, FichierRefuse
from observatoire.settings import REFERENCES, Settings
from observatoire.sources import Source, sources
from observatoire.warehouse import sha256

NATURES = ("reelle", "demonstration")
COUVERTURES = ("lignes", "inconnue")
A_COTE, DU_SYSTEME = (".yml", ".yaml", ".md"), ("thumbs.db", "desktop.ini")
A_CONVERTIR = "Enregistrer en CSV (UTF-8) ou en XLSX, puis relancer."


@dataclass(frozen=True)
class Fichier:
    """A file of a source.

    Attributes:
        chemin: where it is.
        nom: path relative to the folder of the source, as reports name it.
        origine: content of its `.origine.yml`, empty when it has none.
        millesime: vintage said by the origin, else by the path, else empty.
    """

    chemin: Path
    nom: str
    origine: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def sha256(self) -> str:
        """Hash of the content."""
        return sha256(self.chemin)

    @property
    def est_demonstration(self) -> bool:
        """Whether its origin says its rows are invented."""
        return bool(self.origine.get("nature") == "demonstration")

    @property
    def millesime(self) -> str:
        """Vintage, `2024` or `2024-10`; empty when neither origin nor path says it, or when a name has several."""
        if dit := self.origine.get("millesime"):
            return str(dit)
        jour = r"(?:[-_]?(?:0[1-9]|[12]\d|3[01]))?"
        motif = rf"(?<!\d)((?:19|20)\d{{2}})(?:[-_]?(0[1-9]|1[0-2]){jour})?(?!\d)"
        for partie in reversed(Path(self.nom).parts):  # the name of the file, before those of its folders
            trouves = list(re.finditer(motif, partie))
            if trouves:
                annees = {trouve[1] for trouve in trouves}
                return "-".join(mot for mot in trouves[0].groups() if mot) if len(annees) == 1 else ""
        return ""

    @property
    def obtenu_le(self) -> date:
        """Day it was obtained, said by its origin, else the day it was written here."""
        dit = self.origine.get("obtenu_le")
        if isinstance(dit, datetime):
            return dit.date()
        if isinstance(dit, str):
            return date.fromisoformat(dit)
        return dit or datetime.fromtimestamp(self.chemin.stat().st_mtime, UTC).date()

    @property
    def derniere_modification(self) -> datetime | None:
        """Time its producer last changed it, said by its origin; None when it is not said."""
        dite = self.origine.get("derniere_modification")
        instant = datetime.fromisoformat(str(dite)) if dite else None
        return instant.replace(tzinfo=UTC) if instant is not None and instant.tzinfo is None else instant

    @property
    def date_du_contenu(self) -> date:
        """Day its content is from: what is downloaded late is not fresh."""
        return self.derniere_modification.date() if self.derniere_modification is not None else self.obtenu_le


def dropped_files(settings: Settings, source: str = "") -> list[Path]:
    """List the data files of `raw/`, of one source or of all; copies under way and office locks are not files yet."""
    dossier = settings.raw / source
    return [
        chemin
        for chemin in sorted(dossier.rglob("*"))
        if chemin.suffix.lower() in EXTENSIONS
        and chemin.is_file()
        and not any(partie.startswith(("~$", ".")) for partie in chemin.relative_to(dossier).parts)
    ]


def unread_files(settings: Settings, source: Source) -> list[str]:
    """Name the files of a source whose format nothing reads; what goes with files (`.yml`, `.md`) is not one."""
    dossier = settings.raw / source.nom
    return [
        chemin.relative_to(dossier).as_posix()
        for chemin in sorted(dossier.rglob("*"))
        if chemin.is_file()
        and chemin.suffix.lower() not in (*EXTENSIONS, *A_COTE)
        and chemin.name.lower() not in DU_SYSTEME
        and not any(partie.startswith(("~$", ".")) for partie in chemin.relative_to(dossier).parts)
    ]


def unknown_folders(settings: Settings) -> list[str]:
    """Name what lies in `raw/` and is the folder of no source: a mistyped name, mostly."""
    connus = {*sources(), "README.md"}
    return sorted(chemin.name for chemin in settings.raw.glob("[!.]*") if chemin.name not in connus)


def demonstration_needed(settings: Settings, jeu: str) -> bool:
    """Say whether a set of demonstration files is needed: none of its sources has a real file."""
    return not any(dropped_files(settings, source.nom) for source in sources().values() if source.demonstration == jeu)


def files_of(settings: Settings, source: Source) -> list[Fichier]:
    """List the files a source should be read from, in a stable order.

    Raises:
        FichierRefuse: a file whose `.origine.yml` cannot be understood.
    """
    if deposes := dropped_files(settings, source.nom):
        return [_file(chemin, settings.raw / source.nom) for chemin in deposes]
    if source.embarque:
        return [_file(REFERENCES / source.embarque, REFERENCES)]
    if source.demonstration and demonstration_needed(settings, source.demonstration):
        dossier = settings.warehouse / "demonstration" / source.nom
        return [_file(chemin, dossier) for chemin in sorted(dossier.glob("*")) if chemin.suffix in EXTENSIONS]
    return []


def yaml_fault(erreur: Exception) -> str:
    """Say in French what is wrong in a small YAML file; the words of libraries are English, and quote it."""
    if isinstance(erreur, yaml.MarkedYAMLError) and erreur.problem_mark is not None:
        return f"ligne {erreur.problem_mark.line + 1}, ce n'est pas du YAML"
    if isinstance(erreur, UnicodeDecodeError):
        return "ce n'est pas du texte en UTF-8"
    return str(erreur) if type(erreur) is ValueError else "une entrée manque, ou n'a pas la forme attendue"


def _check_date(nom: str, origine: dict[str, Any], lire: Callable[[str], date]) -> None:
    try:
        lire(str(origine[nom]))
    except ValueError:
        raise ValueError(f"« {nom} » n'est pas une date comme 2026-01-31") from None


def _file(chemin: Path, dossier: Path) -> Fichier:
    a_cote = chemin.with_name(f"{chemin.name}.origine.yml")
    try:
        origine = (yaml.safe_load(a_cote.read_text(encoding="utf-8")) or {}) if a_cote.exists() else {}
        if not isinstance(origine, dict):
            raise ValueError("des mots sans nom d'entrée")
        if origine.get("nature", "reelle") not in NATURES:
            raise ValueError(f"nature « {origine['nature']} » inconnue ; attendu : {', '.join(NATURES)}")
        if isinstance(origine.get("obtenu_le"), str):
            _check_date("obtenu_le", origine, date.fromisoformat)
        if origine.get("derniere_modification"):
            _check_date("derniere_modification", origine, datetime.fromisoformat)
        couverture: Any = origine.get("couverture") or "lignes"
        if isinstance(couverture, dict) and not isinstance(couverture.get("codes"), list):
            raise ValueError("couverture : « codes » est une liste")
        if couverture not in COUVERTURES and not (couverture["niveau"] and list(couverture["codes"])):
            raise ValueError("couverture sans code de territoire")
    except (yaml.YAMLError, ValueError, TypeError, KeyError) as erreur:
        raise FichierRefuse(
            f"{a_cote.name} est illisible ({yaml_fault(erreur)}) : des entrées comme « url », « licence », « nature », "
            "« millesime », « couverture » (lignes, inconnue, ou niveau et codes)."
        ) from erreur
    return Fichier(chemin, chemin.relative_to(dossier).as_posix(), origine)
