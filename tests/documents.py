"""The five founding documents, where they are beside the real data, and whether words are really theirs."""

import re
from pathlib import Path

import pytest

# the last name of the grid of members is that far from the title above it
ECART = 650
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
    """Say whether a citation is found word for word in a text; « […] » stands for at most `ECART` characters.

    A person masked at an end leaves nothing, or a bracket, beyond; between two « […] » there is a word at least.
    """
    morceaux = [" ".join(morceau.split()) for morceau in citation.split("[…]")]
    if not all(re.search(r"\w", morceau) for morceau in morceaux[1:-1] or ["".join(morceaux)]):
        return False
    return re.search(f".{{0,{ECART}}}?".join(map(re.escape, morceaux)), texte) is not None
