"""Jobs of the establishments that the demonstration of Sirene draws, as Urssaf would count them.

Belongs here: the truth behind the Urssaf tables of the départements that Sirene describes, so that what is estimated
from bands can be compared with it. Does not: the tables (``urssaf``, ``urssaf_communes``), nor the bands.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from observatoire.demonstration.geography import Geography
from observatoire.demonstration.margins import FAMILIES
from observatoire.demonstration.profiles import ACTIVITIES
from observatoire.demonstration.sirene import draw_batches, mix_of

YEAR = 2024
OUTSIDE_ESS = "Hors ESS"
PUBLIC = ("ORGANISME PUBLIC", "HOPITAL")
AGRICULTURAL = (6316, 6317, 6318, 6596)
"""Legal categories of the agricultural scheme, which Urssaf does not count; nor does it count agriculture."""

KEYS = ["code_commune", "code_departement", "code_naf", "famille"]


def private_jobs(
    geography: Geography, *, rows: int, seed: int, departements: tuple[str, ...] | None = ("63",)
) -> pd.DataFrame:
    """Count what Urssaf would see in `YEAR`, by commune as Sirene codes it, activity and family.

    Columns `etablissements`, `effectif_fin` (31 December) and `effectif_moyen` (mean of the year).
    """
    batches = list(_batches(geography, rows, seed, departements))
    return pd.concat(batches).groupby(KEYS, as_index=False, observed=True).sum()


def _batches(
    geography: Geography, rows: int, seed: int, departements: tuple[str, ...] | None
) -> Iterator[pd.DataFrame]:
    communes, mix = geography.sirene_communes(departements), mix_of(departements)
    public = np.array([profile.nom in PUBLIC for profile in mix.profiles])
    families = [OUTSIDE_ESS] * (len(mix.profiles) - len(FAMILIES)) + [family.libelle for family in FAMILIES]
    agriculture = np.array([code.startswith("01.") for code in ACTIVITIES])
    end_of_year = int(np.datetime64(f"{YEAR}-12-31").astype("int64"))
    for number, (_, units, drawn, _) in enumerate(draw_batches(communes, mix, rows, seed)):
        unit = drawn.unit
        seen = drawn.active & drawn.employer & (drawn.created <= end_of_year) & ~public[units.profile[unit]]
        seen &= ~agriculture[units.activity[unit]] & ~np.isin(units.category[unit], AGRICULTURAL)
        kept = np.flatnonzero(seen)
        rng = np.random.default_rng([seed, number, YEAR])
        # The band of 2023 is a year old; those of 2024 are of the year's last day, when Urssaf counts a mean.
        drift = rng.laplace(0, 0.12, len(kept)) * (units.band_year[unit[kept]] < YEAR)
        end = np.rint(drawn.headcount[kept] * np.exp(drift))
        mean = np.maximum(end, 0.3) * rng.lognormal(0, 0.08, len(kept))
        table = pd.DataFrame(
            {
                "code_commune": communes["code_commune"].to_numpy()[drawn.commune[kept]],
                "code_departement": communes["code_departement"].to_numpy()[drawn.commune[kept]],
                "code_naf": np.array(ACTIVITIES)[units.activity[unit[kept]]],
                "famille": np.array(families)[units.profile[unit[kept]]],
                "etablissements": 1,
                "effectif_fin": end,
                "effectif_moyen": mean,
            }
        )
        yield table.groupby(KEYS, as_index=False).sum()
