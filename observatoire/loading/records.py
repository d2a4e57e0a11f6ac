"""Reading a file as its producer wrote it: CSV in any usual dialect, zipped or gzipped, Parquet, XLSX, GeoJSON.

Gives batches of strings (or typed Arrow columns for Parquet) under the names of the observatory, each row with its
line.
Judging values does not belong here; a file whose *structure* cannot be read is refused with `Obstacle`.
"""

import codecs
import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import IO, Any, cast
from xml.etree import ElementTree

import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet

from observatoire.conversion import read_column
from observatoire.loading.geojson import PasUneCollection, feature_records
from observatoire.loading.headers import known_headers, match_headers, missing_message
from observatoire.loading.other_rows import not_data
from observatoire.obstacle import Obstacle
from observatoire.schemas import TEXTE, Table

LIGNES_PAR_LOT = 500_000
FIN = "\x1e\x1efin du fichier\x1e\x1e"
EXTENSIONS = (".csv", ".txt", ".tsv", ".gz", ".zip", ".parquet", ".xlsx", ".geojson")

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
)

csv.field_size_limit(2**27)


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
        elif suffixe == ".xlsx":
            yield from _in_batches(_xlsx_records(chemin, table), chemin, table, lecture)
        elif ".geojson" in (suffixe, Path(chemin.stem).suffix.lower()):
            with open_bytes(chemin) as flux:
                yield from _in_batches(feature_records(flux), chemin, table, lecture)
        else:
            with _open_text(chemin, table, encoding_of(chemin)) as (flux, separateur):
                yield from _in_batches(_csv_records(flux, separateur, chemin), chemin, table, lecture, separateur)
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
    """How a text file is laid out: separator, lines down to the end of its header, headers, columns found there."""

    separateur: str
    lignes_d_en_tete: int
    en_tete: list[str]
    positions: dict[str, int]


def text_layout(chemin: Path, table: Table, lecture: Lecture, encodage: str) -> Disposition:
    """Find separator and header of a text file, without reading it whole."""
    with _open_text(chemin, table, encodage) as (flux, separateur):
        debut = list(islice(_csv_records(flux, separateur, chemin), 20))
    place = _header_place(debut, table)
    en_tete = _header_of(debut[place][1])
    ligne, cellules = debut[place]
    derniere = ligne + sum(cellule.count("\n") for cellule in cellules)
    return Disposition(separateur, derniere, en_tete, recognise(en_tete, chemin, table, lecture))


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


def data_members(archive: zipfile.ZipFile) -> list[str]:
    """List the data files of an archive, in the order of their names."""
    return sorted(
        nom
        for nom in archive.namelist()
        if nom.lower().endswith((".csv", ".txt")) and "metadata" not in nom.lower() and "__MACOSX" not in nom
    )


@contextmanager
def open_bytes(chemin: Path) -> Iterator[IO[bytes]]:
    """Open a file, or the only data file of an archive."""
    if chemin.suffix.lower() == ".gz":
        with gzip.open(chemin) as comprime:
            yield cast(IO[bytes], comprime)
    elif chemin.suffix.lower() == ".zip":
        with zipfile.ZipFile(chemin) as archive:
            membres = data_members(archive)
            if len(membres) != 1:
                raise Obstacle(
                    f"{chemin.name} : l'archive devrait contenir un seul fichier de données, elle contient : "
                    f"{', '.join(archive.namelist()) or 'rien'}. Déposer le fichier de données seul."
                )
            with archive.open(membres[0]) as flux:
                yield flux
    else:
        with chemin.open("rb") as flux:
            yield flux


def unpacked_size(chemin: Path) -> int:
    """Return the bytes a file will take once open, as far as it says so."""
    if chemin.suffix.lower() == ".zip":
        with zipfile.ZipFile(chemin) as archive:
            return sum(membre.file_size for membre in archive.infolist())
    return chemin.stat().st_size


def encoding_of(chemin: Path) -> str:
    """Tell UTF-8 from cp1252 (bytes 0x80–0x9F are its € ’ œ) and from ISO-8859-1, over the whole file.

    UTF-16 is what Excel calls « Texte Unicode »: its mark is looked for first.
    """
    decodeur = codecs.getincrementaldecoder("utf-8")()
    utf8, cp1252, accents = True, False, False
    with open_bytes(chemin) as flux:
        debut = flux.read(2)
        if debut in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        for morceau in chain([debut], iter(lambda: flux.read(2**22), b"")):
            if utf8:
                try:
                    accents = not decodeur.decode(morceau).isascii() or accents
                except UnicodeDecodeError:
                    utf8 = False
            cp1252 = cp1252 or re.search(rb"[\x80-\x9f]", morceau) is not None
    if utf8 and decodeur.getstate()[0]:  # bytes of an unfinished character
        if accents:
            raise Obstacle(
                f"{chemin.name} : fichier tronqué au milieu d'un caractère. Le télécharger à nouveau, puis relancer."
            )
        utf8 = False
    if utf8:
        return "utf-8-sig"
    return "cp1252" if cp1252 else "iso-8859-1"


@contextmanager
def _open_text(chemin: Path, table: Table, encodage: str) -> Iterator[tuple[Iterable[str], str]]:
    """Open a text file decoded, with the separator under which most of its headers are known."""
    with open_bytes(chemin) as octets:
        # cp1252 leaves five bytes undefined: replaced by « � », seen, rather than refusing the file
        texte = io.TextIOWrapper(octets, encoding=encodage, errors="replace", newline="")
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


def _csv_records(flux: Iterable[str], separateur: str, chemin: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (first line, cells) for each record; a record may span several lines."""
    # the mark comes back alone, unless a quote left open has swallowed all that follows it
    lecteur = csv.reader(chain(flux, [FIN]), delimiter=separateur)
    ligne = 1
    for cellules in lecteur:
        if cellules and cellules[-1].endswith(FIN):
            if cellules != [FIN]:
                raise Obstacle(
                    f"{chemin.name} : un guillemet ouvert à l'enregistrement de la ligne {ligne} n'est jamais refermé. "
                    "Corriger cette ligne, ou télécharger le fichier à nouveau s'il est tronqué."
                )
        elif cellules:
            yield ligne, cellules
        ligne = lecteur.line_num + 1


def _xlsx_records(chemin: Path, table: Table) -> Iterator[tuple[int, list[str]]]:
    """Yield (row, cells as text) of the visible sheet that holds the table; two such sheets refuse the workbook."""
    import openpyxl

    try:
        classeur = openpyxl.load_workbook(chemin, read_only=True, data_only=True)
    except AttributeError:  # what the library makes of a sheet that is but a chart
        raise Obstacle(
            f"{chemin.name} : ce classeur a une feuille de graphique, qui empêche de le lire. Enregistrer la feuille "
            "du tableau seule, en CSV (UTF-8) ou en XLSX, puis relancer."
        ) from None
    largeur = 0
    try:
        visibles = [feuille for feuille in classeur.worksheets if feuille.sheet_state == "visible"]
        tableaux = [feuille for feuille in visibles if _holds(feuille, table)]
        if not visibles:
            raise Obstacle(f"{chemin.name} : aucune feuille visible. Afficher celle du tableau, puis relancer.")
        if len(tableaux) > 1:
            raise Obstacle(
                f"{chemin.name} : plusieurs feuilles portent un tableau ({', '.join(f.title for f in tableaux)}). "
                "Déposer un fichier par feuille, ou masquer celles qui ne sont pas à lire."
            )
        feuille = (tableaux or visibles)[0]
        for ligne, cellules in enumerate(feuille.iter_rows(values_only=True), start=1):
            if any(cellule is not None for cellule in cellules):
                # a row may stop at its last cell written: what follows is empty, not missing
                largeur = max(largeur, len(cellules))
                yield ligne, [_as_text(cellule) for cellule in cellules] + [""] * (largeur - len(cellules))
    finally:
        classeur.close()


def _holds(feuille: Any, table: Table) -> bool:
    """Say whether a sheet has a row of headers of the table near its top."""
    hauts = islice(feuille.iter_rows(values_only=True), 20)
    return any(known_headers([_as_text(cellule) for cellule in cellules], table) > 1 for cellules in hauts)


def _as_text(cellule: Any) -> str:
    if cellule is None:
        return ""
    if isinstance(cellule, bool):
        return "true" if cellule else "false"
    if isinstance(cellule, float):
        # fifteen digits, as Excel shows: 1234.56 may be stored as 1234.5600000000001
        return str(int(cellule)) if cellule.is_integer() else format(cellule, ".15g")
    if isinstance(cellule, datetime):
        return cellule.date().isoformat() if cellule.time() == cellule.min.time() else cellule.isoformat()
    return cellule.isoformat() if isinstance(cellule, date) else str(cellule)


def _in_batches(
    enregistrements: Iterator[tuple[int, list[str]]], chemin: Path, table: Table, lecture: Lecture, separateur: str = ""
) -> Iterator[pd.DataFrame]:
    """Find the header, then turn records into frames of strings."""
    debut = list(islice(enregistrements, 20))
    if not debut:
        raise Obstacle(f"{chemin.name} : fichier vide. Déposer le fichier complet, puis relancer.")
    place = _header_place(debut, table)
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


def _header_place(debut: list[tuple[int, list[str]]], table: Table) -> int:
    """Find the header: titles may stand above it, it is the row that holds most of the names we know."""
    return max(range(len(debut)), key=lambda rang: (known_headers(debut[rang][1], table), -rang))


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
