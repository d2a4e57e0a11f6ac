"""placeholder"""
from pathlib import Path


def ecrire_portrait(duckdb: Path, dossier: Path, territoire: str) -> None:
    dossier.mkdir()
    (dossier / "index.html").write_text("", encoding="utf-8")
