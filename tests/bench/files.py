"""The files every contender reads: generated in the official formats, then handed over by hard link.

What the rows say belongs to `observatoire.demonstration`.
"""

import json
import os
import shutil
import sys
from pathlib import Path

from observatoire.settings import REFERENCES

SETS = ("sirene", "urssaf", "flores")
HISTORY = ("sirene_historique", "sirene_successions")


def generate_files(folder: Path, rows: int, file_format: str, history: bool) -> None:
    """Generate every set, unless the folder already holds them: the mark is written last."""
    mark = folder / "fichiers.json"
    asked = {"etablissements": rows, "format": file_format, "historique": history}
    if mark.exists() and json.loads(mark.read_text(encoding="utf-8")) == asked:
        return
    from observatoire.demonstration import generate  # heavy, where the bench itself must stay small

    shutil.rmtree(folder, ignore_errors=True)
    for name in SETS:
        generate(
            name, folder, REFERENCES, etablissements=rows, departements=None, format=file_format, historique=history
        )
    mark.write_text(json.dumps(asked), encoding="utf-8")


def main(folder: str, rows: str, file_format: str, history: str) -> None:
    """Generate in a process of its own, whose memory is not that of the bench."""
    generate_files(Path(folder), int(rows), file_format, history == "oui")


def hand_over(files: Path, raw: Path, history: bool) -> None:
    """Fill `raw/` with links to the generated files, without the history unless it is wanted."""
    for source in sorted(path for path in files.iterdir() if path.is_dir()):
        if source.name in HISTORY and not history:
            continue
        (raw / source.name).mkdir(parents=True)
        for path in source.iterdir():
            os.link(path, raw / source.name / path.name)


if __name__ == "__main__":
    main(*sys.argv[1:])
