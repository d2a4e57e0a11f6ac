"""The two stocks of Sirene, ``StockEtablissement`` and ``StockUniteLegale``, in Parquet or in zipped CSV.

Belongs here: turning drawn numbers into official columns, and writing them in batches so that millions of rows take no
more memory than thousands. Does not: the mix (``profiles``), chance (``sirene_draws``), the layout (``sirene_layout``).
Left empty for want of anything true to put there: coordinates, signs, NAF 2025 codes. People have no name.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from observatoire.demonstration.geography import Geography
from observatoire.demonstration.identifiers import Integers
from observatoire.demonstration.profiles import PROFILES
from observatoire.demonstration.sirene_draws import (
    KNOWN,
    LAST_DAY,
    NOT_EMPLOYING,
    Booleans,
    Establishments,
    Units,
    draw_establishments,
    draw_units,
)
from observatoire.demonstration.sirene_layout import ETABLISSEMENT, UNITE_LEGALE
from observatoire.demonstration.writing import Origin, replacing, write_zip

BANDS = {"00": 0, "01": 1, "02": 3, "03": 6, "11": 10, "12": 20, "21": 50, "22": 100, "31": 200, "32": 250, "41": 500,
         "42": 1_000, "51": 2_000, "52": 5_000, "53": 10_000}  # fmt: skip
"""Smallest headcount of each size band."""

STOCKS = {
    "sirene_etablissements": ("StockEtablissement_utf8", ETABLISSEMENT),
    "sirene_unites_legales": ("StockUniteLegale_utf8", UNITE_LEGALE),
}
"""Name and layout of the stock of each source."""


def write(
    dossier: Path,
    geography: Geography,
    *,
    rows: int,
    seed: int,
    file_format: str = "parquet",
    departements: tuple[str, ...] | None = ("63",),
) -> list[Path]:
    """Write both stocks with `rows` establishments and return their paths."""
    if file_format not in ("parquet", "csv"):
        raise ValueError(f"format inconnu : {file_format!r} ; choisir parquet ou csv")
    communes = geography.sirene_communes(departements)
    suffix = "parquet" if file_format == "parquet" else "zip"
    targets = {source: dossier / source / f"{name}.{suffix}" for source, (name, _) in STOCKS.items()}
    with ExitStack() as stack:
        ready = {
            source: stack.enter_context(replacing(path, _origin(path.stem, departements)))
            for source, path in targets.items()
        }
        if file_format == "parquet":
            _write_parquet(ready, communes, rows, seed)
        else:
            workspace = Path(stack.enter_context(TemporaryDirectory(dir=dossier, prefix=".demonstration-")))
            tables = {source: workspace / f"{source}.parquet" for source in STOCKS}
            _write_parquet(tables, communes, rows, seed)
            for source, (name, _) in STOCKS.items():
                _write_csv_zip(tables[source], ready[source], f"{name}.csv")
    return list(targets.values())


def _origin(jeu: str, departements: tuple[str, ...] | None) -> Origin:
    return Origin(
        jeu=jeu,
        millesime="2026-11",
        couverture=None if departements is None else {"niveau": "departement", "codes": list(departements)},
        note="Unités et établissements inventés, répartis selon la population des communes ; SIREN de 290000000 à "
        "299999999 (au-delà d'un million d'unités, à partir de 300000000). Aucune personne, aucune structure réelle.",
    )


def _write_parquet(paths: Mapping[str, Path], communes: pd.DataFrame, rows: int, seed: int) -> None:
    with ExitStack() as stack:
        writers = {
            source: stack.enter_context(pq.ParquetWriter(path, STOCKS[source][1], compression="zstd"))
            for source, path in paths.items()
        }
        for tables in _batches(communes, rows, seed):
            for writer, table in zip(writers.values(), tables, strict=True):
                writer.write_table(table)


def _write_csv_zip(table: Path, archive: Path, member: str) -> None:
    """Zip the CSV twin of a Parquet stock: same rows, codes as five digits, times as Insee writes them."""
    text = table.with_suffix(".csv")
    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(table))
        if "nicSiegeUniteLegale" in rows.columns:
            rows = rows.project("* REPLACE (lpad(nicSiegeUniteLegale::VARCHAR, 5, '0') AS nicSiegeUniteLegale)")
        rows.write_csv(str(text), header=True, sep=",", timestamp_format="%Y-%m-%dT%H:%M:%S")
    write_zip(archive, {member: text})
    text.unlink()


def _batches(communes: pd.DataFrame, rows: int, seed: int) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Draw and lay out batch after batch; a unit and its establishments are in the same one."""
    batch, first_unit = 500_000, 0
    for number, start in enumerate(range(0, rows, batch)):
        rng = np.random.default_rng([seed, number])
        units = draw_units(first_unit, min(batch, rows - start), seed, rng)
        establishments = draw_establishments(units, communes, rng)
        yield (
            _lay_out(ETABLISSEMENT, _establishment_columns(units, establishments, communes, rng)),
            _lay_out(UNITE_LEGALE, _unit_columns(units, establishments, first_unit, rng)),
        )
        first_unit += len(units.siren)


def _lay_out(schema: pa.Schema, columns: Mapping[str, pa.Array]) -> pa.Table:
    """Put columns in the official order; those not given are null."""
    empty = pa.nulls(len(columns["siren"]))
    return pa.table([columns.get(field.name, empty).cast(field.type) for field in schema], schema=schema)


def _establishment_columns(
    units: Units, drawn: Establishments, communes: pd.DataFrame, rng: np.random.Generator
) -> dict[str, pa.Array]:
    count, unit = len(drawn.unit), drawn.unit
    siret = pa.array(drawn.siret).cast(pa.string())
    partial = units.partial[unit]
    closed = np.where(drawn.active, LAST_DAY, drawn.changed)
    activity, nomenclature = _activity(units.activity[unit], units.profile[unit], closed)
    state = np.where(drawn.active, units.band_state[unit], 0)
    state = np.where((state == KNOWN) & ~drawn.employer, NOT_EMPLOYING, state)
    # One postal code for a whole département: the real ones are in no reference table of the product.
    postal = communes["code_departement"].str.replace(r"[AB]$", "0", regex=True).str.pad(5, "right", "0")
    return {
        "siren": pc.utf8_slice_codeunits(siret, 0, 9),
        "nic": pc.utf8_slice_codeunits(siret, 9, 14),
        "siret": siret,
        "statutDiffusionEtablissement": _pick(["O", "P"], partial),
        "dateCreationEtablissement": _days(drawn.created),
        "trancheEffectifsEtablissement": _band(state, drawn.headcount),
        "anneeEffectifsEtablissement": _where(state == KNOWN, units.band_year[unit]),
        "dateDernierTraitementEtablissement": _processed(count, rng),
        "etablissementSiege": pa.array(drawn.head),
        "nombrePeriodesEtablissement": pa.array(rng.integers(1, 7, count)),
        "numeroVoieEtablissement": _redact(pa.array(rng.integers(1, 120, count)).cast(pa.string()), partial),
        "typeVoieEtablissement": _redact(_pick(["RUE", "AV", "PL"], rng.integers(0, 3, count)), partial),
        "libelleVoieEtablissement": _redact(pa.repeat("DE LA DEMONSTRATION", count), partial),
        "codePostalEtablissement": _redact(_pick(postal.tolist(), drawn.commune), partial),
        "libelleCommuneEtablissement": _pick(_capitals(communes["libelle_commune"]), drawn.commune),
        "codeCommuneEtablissement": _pick(communes["code_commune"].tolist(), drawn.commune),
        "coordonneeLambertAbscisseEtablissement": _redact(pa.nulls(count, pa.string()), partial),
        "coordonneeLambertOrdonneeEtablissement": _redact(pa.nulls(count, pa.string()), partial),
        # 1900-01-01 is Insee's word for an unknown date.
        "dateDebut": _days(np.where(rng.random(count) < 0.003, -25_567, drawn.changed)),
        "etatAdministratifEtablissement": _pick(["F", "A"], drawn.active),
        "activitePrincipaleEtablissement": activity,
        "nomenclatureActivitePrincipaleEtablissement": nomenclature,
        # Unknown for a part of what closed before 2000.
        "caractereEmployeurEtablissement": _where(
            (closed > 10_957) | (rng.random(count) < 0.7), _pick(["N", "O"], drawn.employer)
        ),
    }  # fmt: skip


def _unit_columns(
    units: Units, drawn: Establishments, first_unit: int, rng: np.random.Generator
) -> dict[str, pa.Array]:
    count = len(units.siren)
    headcount = np.bincount(drawn.unit, weights=drawn.headcount, minlength=count).astype("int64")
    person = units.category == 1000
    association = units.category // 100 == 92
    number = pc.utf8_lpad(pa.array(np.arange(first_unit, first_unit + count)).cast(pa.string()), 6, "0")
    name = pc.binary_join_element_wise(
        "DEMONSTRATION", _pick([profile.nom for profile in PROFILES], units.profile), number, " "
    )
    closed = np.where(units.active, LAST_DAY, units.changed)
    activity, nomenclature = _activity(units.activity, units.profile, closed)
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
        "nomenclatureActivitePrincipaleUniteLegale": nomenclature,
        "nicSiegeUniteLegale": pa.array(drawn.siret[drawn.head] % 100_000),
        "economieSocialeSolidaireUniteLegale": _pick([None, "O", "N"], units.ess),
        "caractereEmployeurUniteLegale": _pick(["N", "O"], units.employer),
    }  # fmt: skip


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


def _activity(current: npt.NDArray[np.str_], profile: Integers, closed: Integers) -> tuple[pa.Array, pa.Array]:
    """Return codes and their nomenclatures: a closed row keeps the one in force when it closed."""
    nomenclature = np.digitize(closed, [12_053, 13_879])  # 2003-01-01, 2008-01-01
    old = np.array([kind.ancienne_activite for kind in PROFILES])[profile]
    return pa.array(np.where(nomenclature < 2, old, current)), _pick(["NAF1993", "NAFRev1", "NAFRev2"], nomenclature)


def _capitals(labels: pd.Series) -> list[str]:
    """Write labels as Sirene does: capitals without accents nor apostrophes."""
    plain = (unicodedata.normalize("NFKD", label.replace("œ", "oe").replace("Œ", "OE")) for label in labels)
    return [text.encode("ascii", "ignore").decode().upper().replace("'", " ") for text in plain]
