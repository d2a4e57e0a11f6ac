"""Drawn numbers of the demonstration turned into the columns of the four Sirene files.

Belongs here: what each column says, whatever the vintage that has it. Does not: chance that bears meaning
(``sirene_draws``, ``sirene_periods``), order and types of the columns (``sirene_layout``), files (``sirene``). Left
empty for want of anything true to put there: coordinates, signs. People have no name.
"""

import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from observatoire.demonstration.identifiers import Integers
from observatoire.demonstration.naf25 import NAF25
from observatoire.demonstration.profiles import ACTIVITIES, PROFILES
from observatoire.demonstration.sirene_draws import KNOWN, LAST_DAY, NOT_EMPLOYING, Booleans, Establishments, Units
from observatoire.demonstration.sirene_periods import Links, Periods

Columns = dict[str, pa.Array]

BANDS = {"00": 0, "01": 1, "02": 3, "03": 6, "11": 10, "12": 20, "21": 50, "22": 100, "31": 200, "32": 250, "41": 500,
         "42": 1_000, "51": 2_000, "52": 5_000, "53": 10_000}  # fmt: skip
"""Smallest headcount of each size band."""

NOMENCLATURES = ("NAFRev2", "NAF25")
"""Nomenclatures the main activity of what is active may be coded in."""


def establishment_columns(
    units: Units,
    drawn: Establishments,
    periods: Periods,
    communes: pd.DataFrame,
    nomenclature: str,
    rng: np.random.Generator,
) -> Columns:
    """Lay out the stock of establishments."""
    count, unit = len(drawn.unit), drawn.unit
    siret = pa.array(drawn.siret).cast(pa.string())
    partial = units.partial[unit]
    until = np.where(drawn.active, LAST_DAY, drawn.closed)
    activity, coded_in = _activity(units.activity[unit], units.profile[unit], until, nomenclature)
    state = np.where(drawn.active, units.band_state[unit], 0)
    state = np.where((state == KNOWN) & ~drawn.employer, NOT_EMPLOYING, state)
    # One postal code for a whole département: the real ones are in no reference table of the product.
    postal = communes["code_departement"].str.replace(r"[AB]$", "0", regex=True).str.pad(5, "right", "0")
    return {
        "siren": pc.utf8_slice_codeunits(siret, 0, 9),
        "nic": pc.utf8_slice_codeunits(siret, 9, 14),
        "siret": siret,
        "statutDiffusionEtablissement": _pick(["O", "P"], partial),
        "dateCreationEtablissement": _days(periods.start[periods.first]),
        "trancheEffectifsEtablissement": _band(state, drawn.headcount),
        "anneeEffectifsEtablissement": _where(state == KNOWN, units.band_year[unit]),
        "dateDernierTraitementEtablissement": _processed(count, rng),
        "etablissementSiege": pa.array(drawn.head),
        "nombrePeriodesEtablissement": pa.array(np.bincount(periods.establishment)),
        "numeroVoieEtablissement": _redact(pa.array(rng.integers(1, 120, count)).cast(pa.string()), partial),
        "typeVoieEtablissement": _redact(_pick(["RUE", "AV", "PL"], rng.integers(0, 3, count)), partial),
        "libelleVoieEtablissement": _redact(pa.repeat("DE LA DEMONSTRATION", count), partial),
        "codePostalEtablissement": _redact(_pick(postal.tolist(), drawn.commune), partial),
        "libelleCommuneEtablissement": _pick(_capitals(communes["libelle_commune"]), drawn.commune),
        "codeCommuneEtablissement": _pick(communes["code_commune"].tolist(), drawn.commune),
        "coordonneeLambertAbscisseEtablissement": _redact(pa.nulls(count, pa.string()), partial),
        "coordonneeLambertOrdonneeEtablissement": _redact(pa.nulls(count, pa.string()), partial),
        "dateDebut": _days(periods.start[periods.current]),
        "etatAdministratifEtablissement": _pick(["F", "A"], drawn.active),
        "activitePrincipaleEtablissement": activity,
        "nomenclatureActivitePrincipaleEtablissement": coded_in,
        "caractereEmployeurEtablissement": _where(drawn.employer_known, _pick(["N", "O"], drawn.employer)),
        "activitePrincipaleNAF25Etablissement": _where(drawn.active, _naf25(units.activity[unit])),
    }  # fmt: skip


def unit_columns(
    units: Units, drawn: Establishments, first_unit: int, nomenclature: str, rng: np.random.Generator
) -> Columns:
    """Lay out the stock of legal units."""
    count = len(units.siren)
    headcount = np.bincount(drawn.unit, weights=drawn.headcount, minlength=count).astype("int64")
    person = units.category == 1000
    association = units.category // 100 == 92
    number = pc.utf8_lpad(pa.array(np.arange(first_unit, first_unit + count)).cast(pa.string()), 6, "0")
    name = pc.binary_join_element_wise(
        "DEMONSTRATION", _pick([profile.nom for profile in PROFILES], units.profile), number, " "
    )
    closed = np.where(units.active, LAST_DAY, units.changed)
    activity, coded_in = _activity(units.activity, units.profile, closed, nomenclature)
    classed = units.employer & (units.band_state == KNOWN) & ~association
    return {
        "siren": pa.array(units.siren).cast(pa.string()),
        "statutDiffusionUniteLegale": _pick(["O", "P"], units.partial),
        # Purged: ceased before 2003.
        "unitePurgeeUniteLegale": _where(closed < 12_053, pa.repeat(True, count)),
        "dateCreationUniteLegale": _days(units.created),
        "prenom1UniteLegale": _redact(pa.nulls(count, pa.string()), units.partial & person),
        # A département that does not exist, so that no real association is named.
        "identifiantAssociationUniteLegale": _where(
            association & (rng.random(count) < 0.8),
            pc.binary_join_element_wise("W", pc.utf8_lpad(number, 9, "0"), ""),
        ),
        "trancheEffectifsUniteLegale": _band(units.band_state, headcount),
        "anneeEffectifsUniteLegale": _where(units.band_state == KNOWN, units.band_year),
        "dateDernierTraitementUniteLegale": _processed(count, rng),
        "nombrePeriodesUniteLegale": pa.array(rng.integers(1, 9, count)),
        "categorieEntreprise": _where(classed, _pick(["PME", "ETI", "GE"], np.digitize(headcount, [250, 5_000]))),
        "anneeCategorieEntreprise": _where(classed, pa.repeat(2023, count)),
        "dateDebut": _days(units.changed),
        "etatAdministratifUniteLegale": _pick(["C", "A"], units.active),
        "nomUniteLegale": _redact(_where(person, pa.repeat("DEMONSTRATION", count)), units.partial & person),
        "denominationUniteLegale": _redact(_where(~person, name), units.partial & ~person),
        "categorieJuridiqueUniteLegale": pa.array(units.category),
        "activitePrincipaleUniteLegale": activity,
        "nomenclatureActivitePrincipaleUniteLegale": coded_in,
        "nicSiegeUniteLegale": pa.array(drawn.siret[drawn.head] % 100_000),
        "economieSocialeSolidaireUniteLegale": _pick([None, "O", "N"], units.ess),
        "caractereEmployeurUniteLegale": _pick(["N", "O"], units.employer),
        "activitePrincipaleNAF25UniteLegale": _where(units.active, _naf25(units.activity)),
    }  # fmt: skip


def history_columns(units: Units, drawn: Establishments, periods: Periods, nomenclature: str) -> Columns:
    """Lay out the periods of the establishments; an indicator of change compares one with the period before it."""
    place = periods.establishment
    unit = drawn.unit[place]
    siret = pa.array(drawn.siret).cast(pa.string()).take(pa.array(place))
    closing = np.where(periods.active, periods.following, periods.start)
    activity, coded_in = _activity(units.activity[unit], units.profile[unit], closing, nomenclature)
    # The next row is the period before, unless it is that of another establishment.
    code = activity.dictionary_encode().indices.to_numpy()
    known = drawn.employer_known[place]

    def changed(values: Integers | Booleans) -> pa.Array:
        return pa.array((values != np.roll(values, -1)) & ~periods.first)

    return {
        "siren": pc.utf8_slice_codeunits(siret, 0, 9),
        "nic": pc.utf8_slice_codeunits(siret, 9, 14),
        "siret": siret,
        "dateFin": _where(~periods.current, _days(periods.following - 1)),
        "dateDebut": _days(periods.start),
        "etatAdministratifEtablissement": _pick(["F", "A"], periods.active),
        "changementEtatAdministratifEtablissement": changed(periods.active),
        "changementEnseigneEtablissement": pa.repeat(False, len(place)),
        "denominationUsuelleEtablissement": _where(periods.named, pa.repeat("DEMONSTRATION", len(place))),
        "changementDenominationUsuelleEtablissement": changed(periods.named),
        "activitePrincipaleEtablissement": activity,
        "nomenclatureActivitePrincipaleEtablissement": coded_in,
        "changementActivitePrincipaleEtablissement": changed(code),
        "caractereEmployeurEtablissement": _where(known, _pick(["N", "O"], periods.employer)),
        "changementCaractereEmployeurEtablissement": changed(known & periods.employer),
    }


def succession_columns(drawn: Establishments, links: Links, rng: np.random.Generator) -> Columns:
    """Lay out the links of succession, processed within two months."""
    siret = pa.array(drawn.siret).cast(pa.string())
    seconds = links.day * 86_400 + rng.integers(0, 60 * 86_400, len(links.day))
    return {
        "siretEtablissementPredecesseur": siret.take(pa.array(links.predecessor)),
        "siretEtablissementSuccesseur": siret.take(pa.array(links.successor)),
        "dateLienSuccession": _days(links.day),
        "transfertSiege": pa.array(links.head_office),
        "continuiteEconomique": pa.array(links.continuity),
        "dateDernierTraitementLienSuccession": pa.array(np.minimum(seconds, LAST_DAY * 86_400)).cast(pa.timestamp("s")),
    }


def _pick(labels: Sequence[str | None], codes: Integers | Booleans) -> pa.Array:
    return pa.array(labels, pa.string()).take(pa.array(codes.astype("int64")))


def _where(condition: Booleans, values: object) -> pa.Array:
    """Keep the values where the condition holds, null elsewhere."""
    array = values if isinstance(values, pa.Array) else pa.array(values)
    return pc.if_else(condition, array, pa.scalar(None, array.type))


def _redact(values: pa.Array, partial: Booleans) -> pa.Array:
    return pc.if_else(partial, "[ND]", values)


def _days(days: Integers) -> pa.Array:
    return pa.array(days.astype("int32")).cast(pa.date32())


def _processed(count: int, rng: np.random.Generator) -> pa.Array:
    """Draw times of last processing, in the month before the stock."""
    seconds = np.datetime64("2026-10-01", "s").astype("int64") + rng.integers(0, 30 * 86_400, count)
    return pa.array(seconds).cast(pa.timestamp("s"))


def _band(state: Integers, headcount: Integers) -> pa.Array:
    codes = [None, "NN", *BANDS]
    known = np.searchsorted(list(BANDS.values()), headcount, side="right") + 1
    return _pick(codes, np.where(state == KNOWN, known, np.where(state == NOT_EMPLOYING, 1, 0)))


def _activity(activity: Integers, profile: Integers, day: Integers, nomenclature: str) -> tuple[pa.Array, pa.Array]:
    """Return codes and their nomenclatures: the one in force that day, which a closed row keeps."""
    reforms = [12_053, 13_879, *([LAST_DAY] if nomenclature == "NAF25" else [])]  # 2003-01-01, 2008-01-01
    version = np.digitize(day, reforms)
    codes = [*(kind.ancienne_activite for kind in PROFILES), *ACTIVITIES, *(NAF25[code] for code in ACTIVITIES)]
    current = len(PROFILES) + activity + np.where(version == 3, len(ACTIVITIES), 0)
    labels = ["NAF1993", "NAFRev1", *NOMENCLATURES]
    return _pick(codes, np.where(version < 2, profile, current)), _pick(labels, version)


def _naf25(activity: Integers) -> pa.Array:
    return _pick([NAF25[code] for code in ACTIVITIES], activity)


def _capitals(labels: pd.Series) -> list[str]:
    """Write labels as Sirene does: capitals without accents nor apostrophes."""
    plain = (unicodedata.normalize("NFKD", label.replace("œ", "oe").replace("Œ", "OE")) for label in labels)
    return [text.encode("ascii", "ignore").decode().upper().replace("'", " ") for text in plain]
