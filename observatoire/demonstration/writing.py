"""Putting a demonstration file in place, with the origin that says it is one.

Belongs here: names, atomic replacement, zip archives whose bytes do not depend on the clock, ``.origine.yml``. Does
not: what the files contain.
"""

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import yaml


@dataclass(frozen=True)
class Origin:
    """What is known of a demonstration file.

    Attributes:
        jeu: the data set it imitates.
        millesime: the vintage it imitates.
        note: what to know before using it.
        couverture: the territories it is complete for, where it differs from its source's.
    """

    jeu: str
    millesime: str
    note: str
    couverture: dict[str, object] | None = None

    def as_yaml(self) -> str:
        """Return the text of the ``.origine.yml``, with a fixed date: same seed, same bytes, any day."""
        content = {
            "producteur": "Observatoire de l'ESS (données de démonstration)",
            "jeu": self.jeu,
            "licence": "Licence Ouverte 2.0",
            "obtenu_le": date(2026, 11, 22),
            "millesime": self.millesime,
            "nature": "demonstration",
            **({"couverture": self.couverture} if self.couverture else {}),
            "note": self.note,
        }
        return str(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=10_000))


@contextmanager
def replacing(target: Path, origin: Origin | None = None) -> Iterator[Path]:
    """Give a temporary path to write to, then put it in place of `target`; on an error nothing is replaced.

    The origin is put first: a file seen without it could be taken for a real one.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{uuid4().hex}.part")
    try:
        yield temporary
        if origin is not None:
            with replacing(target.with_name(f"{target.name}.origine.yml")) as path:
                path.write_text(origin.as_yaml(), encoding="utf-8")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_zip(archive: Path, members: dict[str, Path]) -> None:
    """Zip files under the given names, with one fixed time."""
    with zipfile.ZipFile(archive, "w") as output:
        for name, path in members.items():
            info = zipfile.ZipInfo(name, date_time=(2026, 11, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as content, output.open(info, "w", force_zip64=True) as member:
                shutil.copyfileobj(content, member, 1 << 20)
