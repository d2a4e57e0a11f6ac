"""What a spreadsheet would run when it opens a CSV, and how a cell is written so that it does not.

For files people open by hand; the public tables keep the very values they publish.
"""

from typing import Any

import pandas as pd

# a spreadsheet takes for a formula a cell that begins so
FORMULES = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(valeur: Any) -> str:
    """Write a cell so that no spreadsheet runs it: an apostrophe before what would be a formula."""
    mots = "" if pd.isna(valeur) else str(valeur)
    return f"'{mots}" if mots.lstrip(" \u00a0").startswith(FORMULES) else mots
