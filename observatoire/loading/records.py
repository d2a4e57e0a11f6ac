"""Reading a file as its producer wrote it: CSV in any usual dialect, zipped or gzipped, Parquet, XLSX, GeoJSON.

Gives batches of strings (or typed Arrow columns for Parquet) under the names of the observatory, each row with its
line.
Judging values does not belong here; a file whose *structure* cannot be read is refused with `Obstacle`.
"""

import csv
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet
import python_calamine

from observatoire.conversion import read_column
from observatoire.loading.archives import open_bytes
from observatoire.loading.encodings import Encodage, decoded_lines, encoding_of
from observatoire.loading.geojson import PasUneCollection, json_records
from observatoire.loading.headers import header_place, known_headers, match_headers, missing_message
from observatoire.loading.other_rows import not_data
from observatoire.loading.quotes import Enregistrement, Epreuve, text_records
from observatoire.loading.workbooks import Classeur, workbook_records
from observatoire.obstacle import Obstacle
from observatoire.schemas import TEXTE, Table
from observatoire.words import expected_of

LIGNES_PAR_LOT = 500_000
CLASSEURS = (".xlsx", ".xls", ".ods", ".xlsb")
EXTENSIONS = (".csv", ".txt", ".tsv", ".gz", ".zip", ".parquet", ".geojson", ".json", *CLASSEURS)

# what the libraries raise on a damaged or disguised file; a locked archive raises RuntimeError
ERREURS_DE_LECTURE = (
    arrow.ArrowException,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    csv.Error,
    KeyError,
    ValueError,
    RuntimeError,
    ElementTree.ParseError,
    python_calamine.CalamineError,
)


@dataclass
class Lecture:
    """What reading a file taught about it, beside its rows.

    Attributes:
        en_tete: headers found.
        reconnues: the header of each column found, as the file writes it.
        inconnues: headers no column of the table claims: tolerated, reported.
        manquantes: optional columns the file does not have.
        malformees: rows refused for their structure: (line, words, reason).
        ecartees: records that are no row of the table, by reason.
        titres: values said once, above the header: (line, words) by column.
        origine: values said for the whole file by its `.origine.yml`, by column; set before reading.
        dites_en_tete: values the very words of a header say for the whole file, by column.
        doubles: places of the other headers that name a column already found.
        a_completer: columns the file waits for, which its `.origine.yml` may say.
        isoles: lines of a quote that would have swallowed other records, read as a character.
        classeur: what a workbook says beside its cells.
        melees: numbers of the lines of a text in UTF-8 that are in another encoding.
    """

    en_tete: list[str] = field(default_factory=list)
    reconnues: dict[str, str] = field(default_factory=dict)
    inconnues: list[str] = field(default_factory=list)
    manquantes: list[str] = field(default_factory=list)
    malformees: list[tuple[int, str, str]] = field(default_factory=list)
    ecartees: dict[str, int] = field(default_factory=dict)
    titres: dict[str, tuple[int, str]] = field(default_factory=dict)
    origine: dict[str, str] = field(default_factory=dict)
    dites_en_tete: dict[str, str] = field(default_factory=dict)
    doubles: dict[str, list[int]] = field(default_factory=dict)
    a_completer: list[str] = field(default_factory=list)
    isoles: list[int] = field(default_factory=list)
    melees: tuple[int, ...] = ()
    classeur: Classeur = field(default_factory=Classeur)

    @property
    def constantes(self) -> dict[str, str]:
        """Values said once for the whole file, where no column gives them."""
        titres = {nom: dite for nom, (_, dite) in self.titres.items()}
        dites = {**self.dites_en_tete, **self.origine, **titres}
        return {nom: dite for nom, dite in dites.items() if nom not in self.reconnues}


def read_batches(chemin: Path, table: Table, lecture: Lecture) -> Iterator[pd.DataFrame]:
    """Yield the rows of a file in batches, with the table's column names and `_ligne`.

    Args:
        chemin: the file.
        table: what it should hold; a column is recognised by its name or its headers, never by its position.
        lecture: filled while reading.

    Raises:
        Obstacle: unreadable, truncated, not the announced type, or without a required column.
    """
    suffixe = chemin.suffix.lower()
    try:
        if suffixe == ".parquet":
            yield from _read_parquet(chemin, table, lecture)
        elif suffixe in CLASSEURS:
            yield from _in_batches(workbook_records(chemin, table, lecture.classeur), chemin, table, lecture)
        elif suffixe == ".json" or ".geojson" in (suffixe, Path(chemin.stem).suffix.lower()):
            with open_bytes(chemin) as flux:
                yield from _in_batches(json_records(flux), chemin, table, lecture)
        else:
            encodage = encoding_of(chemin)
            lecture.melees = encodage.melees
            epreuve = _row_test(chemin, table, encodage)
            with _open_text(chemin, table, encodage) as (flux, separateur):
                records = text_records(flux, separateur, chemin.name, epreuve)
                yield from _in_batches(_heard(records, lecture), chemin, table, lecture, separateur)
    except PasUneCollection as erreur:
        raise Obstacle(f"{chemin.name} : {erreur}") from erreur
    except ERREURS_DE_LECTURE as erreur:
        raise unreadable_file(chemin, erreur) from erreur


def unreadable_file(chemin: Path, erreur: Exception) -> Obstacle:
    """Say in French that a library gave up on a file; its own words may hold a path, or a value."""
    return Obstacle(
        f"{chemin.name} : fichier illisible, tronqué ou d'un autre type que « {chemin.suffix} » "
        f"({type(erreur).__name__}). Le télécharger à nouveau, puis relancer."
    )


@dataclass(frozen=True)
class Disposition:
    """How a text file is laid out: separator, lines down to the end of its header, headers, columns found there, and
    what a line must be to be a row.
    """

    separateur: str
    lignes_d_en_tete: int
    en_tete: list[str]
    positions: dict[str, int]
    epreuve: Epreuve


def text_layout(chemin: Path, table: Table, lecture: Lecture, encodage: Encodage) -> Disposition:
    """Find separator and header of a text file, without reading it whole."""
    en_tete, separateur, derniere = _header_in_text(chemin, table, encodage)
    positions = recognise(en_tete, chemin, table, lecture)
    return Disposition(separateur, derniere, en_tete, positions, _test_of(table, separateur, en_tete, positions))


def _header_in_text(chemin: Path, table: Table, encodage: Encodage) -> tuple[list[str], str, int]:
    """Return the header of a text, its separator, and the last line of that header."""
    with _open_text(chemin, table, encodage) as (flux, separateur):
        debut = list(islice(text_records(flux, separateur, chemin.name, None), 20))
    ecrit = debut[header_place([(record.ligne, record.cellules) for record in debut], table)]
    return _header_of(ecrit.cellules), separateur, ecrit.ligne + len(ecrit.lignes) - 1


def _row_test(chemin: Path, table: Table, encodage: Encodage) -> Epreuve:
    """Say what a line of a text must be, read alone, to be a row of the table."""
    en_tete, separateur, _ = _header_in_text(chemin, table, encodage)
    return _test_of(table, separateur, en_tete, match_headers(en_tete, table).positions)


def _test_of(table: Table, separateur: str, en_tete: list[str], positions: dict[str, int]) -> Epreuve:
    attendus = {positions[c.nom]: expected_of(c) for c in table.colonnes if c.nom in positions}
    return Epreuve(separateur, len(en_tete), {place: dit for place, dit in attendus.items() if dit.sorte})


def _heard(records: Iterable[Enregistrement], lecture: Lecture) -> Iterator[tuple[int, list[str]]]:
    """Yield line and cells of the records of a text; keep the lines whose quote was read as a character."""
    for record in records:
        if record.est_isole:
            lecture.isoles.append(record.ligne)
        yield record.ligne, record.cellules


def recognise(en_tete: list[str], chemin: Path, table: Table, lecture: Lecture) -> dict[str, int]:
    """Return the position of each column of the table in the header of a file.

    Raises:
        Obstacle: required columns are missing, and neither a title nor the origin of the file gives them.
    """
    vu = match_headers(en_tete, table)
    lecture.doubles = vu.doubles
    lecture.dites_en_tete = vu.dites
    for nom in vu.positions:
        lecture.titres.pop(nom, None)
    prises = {*vu.positions.values(), *chain.from_iterable(vu.doubles.values())}
    lecture.en_tete = en_tete
    lecture.reconnues = {nom: en_tete[place] for nom, place in vu.positions.items()}
    lecture.inconnues = [nom for place, nom in enumerate(en_tete) if nom and place not in prises]
    manquantes = [c for c in vu.manquantes if c.nom not in lecture.titres and c.nom not in lecture.origine]
    lecture.manquantes = [colonne.nom for colonne in manquantes if not colonne.requise]
    lecture.a_completer = [colonne.nom for colonne in manquantes if colonne.requise and colonne.origine]
    if requises := [colonne for colonne in manquantes if colonne.requise and not colonne.origine]:
        # where no header is known the row may be data, with names in it: it is not quoted
        connus = known_headers(en_tete, table)
        montres, inconnues = (en_tete, lecture.inconnues) if connus else ([], [])
        raise Obstacle(
            f"{chemin.name} : {missing_message(requises, montres, inconnues)} "
            "Corriger l'en-tête ou déposer un autre fichier."
        )
    return vu.positions


def two_for_one(chemin: Path, lecture: Lecture, nom: str) -> Obstacle:
    """Say in French that several headers name one thing, and that their values differ."""
    titres = [lecture.reconnues[nom], *(lecture.en_tete[place] for place in lecture.doubles[nom])]
    cites = ", ".join(f"« {titre} »" for titre in titres)
    return Obstacle(
        f"{chemin.name} : {len(titres)} colonnes pour une même chose ({cites}), "
        f"et leurs valeurs diffèrent : laquelle est « {nom} » ? Garder celle-là, renommer l'autre, puis relancer."
    )


@contextmanager
def _open_text(chemin: Path, table: Table, encodage: Encodage) -> Iterator[tuple[Iterable[str], str]]:
    """Open a text file decoded, with the separator under which most of its headers are known."""
    with open_bytes(chemin) as octets:
        texte = decoded_lines(octets, encodage)
        debut = list(islice(texte, 30))
        if not any(ligne.strip() for ligne in debut):
            raise Obstacle(f"{chemin.name} : fichier vide. Déposer le fichier complet, puis relancer.")
        if re.match(r"\s*<(!doctype|html|\?xml)", "".join(debut), re.IGNORECASE):
            raise Obstacle(
                f"{chemin.name} : c'est une page web, pas un tableau (téléchargement en erreur ?). "
                "Le télécharger à nouveau."
            )
        separateur = max(
            ";,\t|", key=lambda signe: max(known_headers(ligne, table) for ligne in csv.reader(debut, delimiter=signe))
        )
        yield chain(debut, texte), separateur


def _in_batches(
    enregistrements: Iterator[tuple[int, list[str]]], chemin: Path, table: Table, lecture: Lecture, separateur: str = ""
) -> Iterator[pd.DataFrame]:
    """Find the header, then turn records into frames of strings."""
    debut = list(islice(enregistrements, 20))
    if not debut:
        raise Obstacle(f"{chemin.name} : fichier vide. Déposer le fichier complet, puis relancer.")
    place = header_place(debut, table)
    en_tete = _header_of(debut[place][1])
    lecture.titres = _said_above(debut[:place], table)
    positions = recognise(en_tete, chemin, table, lecture)
    largeur = len(en_tete)
    lignes = chain(debut[place + 1 :], enregistrements)
    while paquet := list(islice(lignes, LIGNES_PAR_LOT)):
        bonnes = []
        for numero, cellules in paquet:
            if autre := not_data(cellules, en_tete, positions, table):
                lecture.ecartees[autre] = lecture.ecartees.get(autre, 0) + 1
            elif not any(cellule.strip() for cellule in cellules):
                continue
            elif motif := _malformed(cellules, largeur, separateur):
                lecture.malformees.append((numero, " | ".join(cellules), motif))
            else:
                bonnes.append((numero, cellules))
        colonnes: dict[str, Any] = {
            nom: arrow.array([cellules[place] for _, cellules in bonnes], TEXTE) for nom, place in positions.items()
        }
        for nom, places in lecture.doubles.items():
            for seconde_place in places:
                seconde = arrow.array([cellules[seconde_place] for _, cellules in bonnes], TEXTE)
                colonnes[nom] = _one_of_two(colonnes[nom], seconde, table, nom)
                if colonnes[nom] is None:
                    raise two_for_one(chemin, lecture, nom)
        if fusions := lecture.classeur.fusions:
            colonnes["_fusion"] = arrow.array([fusions.get(numero) for numero, _ in bonnes], TEXTE)
        numeros = arrow.array([numero for numero, _ in bonnes], arrow.int64())
        yield _frame({**colonnes, **_constants(lecture, len(bonnes))}, numeros)


def _constants(lecture: Lecture, lignes: int) -> dict[str, Any]:
    return {nom: arrow.array([dite] * lignes, TEXTE) for nom, dite in lecture.constantes.items()}


def _one_of_two(premiere: Any, seconde: Any, table: Table, nom: str) -> Any:
    """Merge two columns that name one thing, where each completes the other; None when they differ somewhere."""
    colonne = table.colonne(nom)
    assert colonne is not None  # noqa: S101 — recognised in this table
    mots = [pd.Series(mot, dtype=pd.ArrowDtype(mot.type)) for mot in (premiere, seconde)]
    (premiers, dits), (seconds, autres_dits) = (read_column(mot, colonne) for mot in mots)
    vides = [premiers.isna() & dits.isna(), seconds.isna() & autres_dits.isna()]
    if not (vides[0] | vides[1] | (premiers == seconds).fillna(False)).all():
        return None
    return arrow.array(mots[0].where(~vides[0], mots[1]))


def _said_above(titres: list[tuple[int, list[str]]], table: Table) -> dict[str, tuple[int, str]]:
    """Find in the lines above the header what a column declares it may say there, once for the whole file."""
    dites: dict[str, tuple[int, str]] = {}
    for colonne in table.colonnes:
        for numero, cellules in titres:
            if colonne.titre and (trouve := re.search(colonne.titre, "\t".join(cellules), re.IGNORECASE)):
                dites.setdefault(colonne.nom, (numero, trouve[1].strip()))
    return dites


def _header_of(cellules: list[str]) -> list[str]:
    return [nom.strip().lstrip("\ufeff") for nom in cellules]


def _malformed(cellules: list[str], largeur: int, separateur: str) -> str:
    """Say in French why the structure of a record forbids to read it, empty when it is sound."""
    if "\0" in "".join(cellules):
        return "octets nuls : fichier abîmé, ou copie interrompue ; le télécharger à nouveau"
    if len(cellules) >= largeur and not any(cellules[largeur:]):
        return ""
    if separateur == "," and len(cellules) > largeur and _cuts_a_number(cellules):
        return (
            f"{len(cellules)} champs au lieu de {largeur} : virgule décimale dans un fichier séparé par des virgules ? "
            "mettre les montants entre guillemets, ou séparer par des points-virgules"
        )
    motif = f"{len(cellules)} champs au lieu de {largeur} : séparateur ou guillemet dans une valeur ?"
    etendue = 1 + sum(cellule.count("\n") for cellule in cellules)
    return motif if etendue == 1 else f"{motif} L'enregistrement s'étend sur {etendue} lignes."


def _cuts_a_number(cellules: list[str]) -> bool:
    """Say whether two cells in a row may be the euros and the cents of one amount."""
    return any(
        re.fullmatch(r"\s*-?\d{1,3}([\s\u00a0\u202f]?\d{3})*", euros) and re.fullmatch(r"\d{1,2}\s*€?\s*", centimes)
        for euros, centimes in pairwise(cellules)
    )


def _read_parquet(chemin: Path, table: Table, lecture: Lecture) -> Iterator[pd.DataFrame]:
    """Yield the wanted columns of a Parquet file; the line is the number of the record."""
    with parquet.ParquetFile(chemin) as fichier:
        positions = recognise(list(fichier.schema_arrow.names), chemin, table, lecture)
        noms = {fichier.schema_arrow.names[place]: nom for nom, place in positions.items()}
        if lecture.doubles:
            raise two_for_one(chemin, lecture, next(iter(lecture.doubles)))
        premiere = 1
        for lot in fichier.iter_batches(batch_size=LIGNES_PAR_LOT, columns=list(noms)):
            colonnes = {noms[nom]: _chaine_simple(lot.column(nom)) for nom in lot.schema.names}
            colonnes |= _constants(lecture, lot.num_rows)
            yield _frame(colonnes, arrow.array(range(premiere, premiere + lot.num_rows), arrow.int64()))
            premiere += lot.num_rows


def _chaine_simple(colonne: arrow.Array) -> arrow.Array:
    """Give the strings of a column the one type that converts: writers have three others."""
    type_ = colonne.type.value_type if arrow.types.is_dictionary(colonne.type) else colonne.type
    chaine = any(est(type_) for est in (arrow.types.is_string, arrow.types.is_large_string, arrow.types.is_string_view))
    return colonne.cast(TEXTE if chaine else type_)


def _frame(colonnes: dict[str, Any], lignes: Any) -> pd.DataFrame:
    cadre: pd.DataFrame = arrow.table({**colonnes, "_ligne": lignes}).to_pandas(types_mapper=pd.ArrowDtype)
    return cadre
