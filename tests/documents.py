"""The five founding documents, where they are beside the real data, and whether words are really theirs."""

import re
from pathlib import Path

import pytest

PREFIXES = {"sismo": "000_", "french_impact": "001_", "sancy_volcans": "002_", "cisca": "003_", "rtes_2019": "004_"}


def textes(donnees: Path) -> dict[str, str]:
    """Read the documents, spaces and line breaks made one; skip the test where they are not."""
    lus = {}
    for document, prefixe in PREFIXES.items():
        chemins = list((donnees.parent / "seeds").glob(f"{prefixe}*.txt"))
        if not chemins:
            pytest.skip("Les cinq documents ne sont pas à côté des données de test.")
        lus[document] = " ".join(chemins[0].read_text(encoding="utf-8").split())
    return lus


def est_citee(citation: str, texte: str) -> bool:
    """Say whether a citation is found word for word in a text; « […] » stands for anything."""
    morceaux = (re.escape(" ".join(morceau.split())) for morceau in citation.split("[…]"))
    return re.search(".*?".join(morceaux), texte) is not None
