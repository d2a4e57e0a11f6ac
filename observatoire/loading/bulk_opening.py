"""Opening a large file for DuckDB: Parquet as it is; text unpacked, transcoded and copied to Parquet, word for word.

The counterpart of `records` for the sources that say `volumineuse`. Converting words belongs to `bulk_values`,
counting rows to `bulk`.
"""

import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
from pyarrow import parquet

from observatoire.loading.archives import data_members, open_bytes, unpacked_size
from observatoire.loading.encodings import Encodage, decoded_lines, encoding_of
from observatoire.loading.files import Fichier
from observatoire.loading.quotes import may_swallow, text_records, write_without_stray
from observatoire.loading.records import (
    ERREURS_DE_LECTURE,
    Disposition,
    Lecture,
    recognise,
    text_layout,
    two_for_one,
    unreadable_file,
)
from observatoire.obstacle import Obstacle
from observatoire.schemas import Table
from observatoire.warehouse import sql_literal

# beyond, the file is another thing than announced, and telling each of them would take longer than reading it
MALFORMES_AU_PLUS = 10_000
UTF8 = Encodage("utf-8-sig")


@dataclass(frozen=True)
class Entree:
    """A file as DuckDB reads it.

    Attributes:
        fichier, lecture: the file, and what opening it taught.
        chemin: its Parquet, or the one its text was copied to word for word.
        brutes: for each column of the table found there, its name and its DuckDB type.
        ligne: SQL of the line (text) or of the record (Parquet), as people would look it up.
        lignes: its rows, malformed ones apart.
    """

    fichier: Fichier
    lecture: Lecture
    chemin: Path
    brutes: dict[str, tuple[str, str]]
    ligne: str
    lignes: int

    @property
    def sql(self) -> str:
        """FROM clause of its rows."""
        return f"read_parquet({sql_literal(self.chemin)}, file_row_number = true)"


def open_large(connexion: duckdb.DuckDBPyConnection, fichier: Fichier, table: Table, atelier: Path) -> Entree:
    """Find the columns of a file; text is copied to Parquet first, as it is: all that follows reads one format."""
    lecture = Lecture()
    try:
        if fichier.chemin.suffix.lower() == ".parquet":
            with parquet.ParquetFile(fichier.chemin) as contenu:
                noms = list(contenu.schema_arrow.names)
                lignes = contenu.metadata.num_rows
            brutes = {nom: noms[place] for nom, place in recognise(noms, fichier.chemin, table, lecture).items()}
            chemin, ligne = fichier.chemin, "file_row_number + 1"
            autres = {nom: [noms[place] for place in places] for nom, places in lecture.doubles.items()}
        else:
            chemin, ligne = _copy_text(connexion, fichier.chemin, table, lecture, atelier)
            lignes = parquet.read_metadata(chemin).num_rows
            brutes = {}
            autres = {nom: _copied_twins(nom, places) for nom, places in lecture.doubles.items()}
        decrits = connexion.execute(f"DESCRIBE FROM read_parquet({sql_literal(chemin)})").fetchall()
    except (*ERREURS_DE_LECTURE, duckdb.Error) as erreur:
        raise unreadable_file(fichier.chemin, erreur) from erreur
    types = {nom: type_ for nom, type_, *_ in decrits}
    # the copy of a text has the names of the table
    brutes = brutes or {nom: nom for nom in types if table.colonne(nom) is not None}
    for nom, noms_des_autres in autres.items():
        _check_twins(connexion, fichier.chemin, chemin, lecture, nom, [brutes[nom], *noms_des_autres])
    trouvees = {nom: (_quoted(brut), types[brut]) for nom, brut in brutes.items()}
    return Entree(fichier, lecture, chemin, trouvees, ligne, lignes)


def _quoted(nom: str) -> str:
    return '"' + nom.replace('"', '""') + '"'


def _copied_twins(nom: str, places: list[int]) -> list[str]:
    """Name, in the copy of a text, the columns whose headers name one already found."""
    return [f"_{place}_{nom}" for place in places]


def _check_twins(
    connexion: duckdb.DuckDBPyConnection, nomme: Path, chemin: Path, lecture: Lecture, nom: str, noms: list[str]
) -> None:
    """Refuse a file where another column says otherwise, or more, than the one that is read."""
    lue, *autres = (f"nullif(trim({_quoted(autre)}::VARCHAR), '')" for autre in noms)
    differe = " OR ".join(f"{autre} IS NOT NULL AND {autre} IS DISTINCT FROM {lue}" for autre in autres)
    requete = f"SELECT count(*) FROM read_parquet({sql_literal(chemin)}) WHERE {differe}"
    if connexion.execute(requete).fetchall()[0][0]:
        raise two_for_one(nomme, lecture, nom)


def _copy_text(
    connexion: duckdb.DuckDBPyConnection, chemin: Path, table: Table, lecture: Lecture, atelier: Path
) -> tuple[Path, str]:
    """Copy the wanted columns of a text to Parquet, in their order; return it with the SQL of the record's line."""
    texte = _plain_utf8(chemin, atelier, lecture)
    disposition = text_layout(texte, table, lecture, UTF8)
    colonnes = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(disposition.en_tete)))
    places = list(disposition.positions.items())
    for nom, autres in lecture.doubles.items():
        places += zip(_copied_twins(nom, autres), autres, strict=True)
    voulues = ", ".join(f"c{place} AS {nom}" for nom, place in places)
    copie = Path(tempfile.mkdtemp(dir=atelier)) / "copie.parquet"
    saut = disposition.lignes_d_en_tete

    def copier(lu: Path) -> list[tuple[int, str]]:
        connexion.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
        connexion.execute(f"""
            SET preserve_insertion_order = true;
            COPY (SELECT {voulues} FROM read_csv({sql_literal(lu)}, auto_detect = false, columns = {{{colonnes}}},
                      delim = {sql_literal(disposition.separateur)}, quote = '"', escape = '"', skip = {saut},
                      header = false, store_rejects = true, max_line_size = 10000000))
            TO {sql_literal(copie)} (FORMAT parquet, COMPRESSION snappy);
            SET preserve_insertion_order = false""")
        return _faults(connexion, chemin)

    def copier_d_une_fin(lu: Path) -> list[tuple[int, str]]:
        try:
            return copier(lu)
        except duckdb.InvalidInputException:
            # ends of lines of two sorts (a file completed by hand, or from two machines): written again, all of one
            return copier(_transcribed(lu, atelier, UTF8, newline="\n"))

    fautes, refus = [], None
    try:
        fautes = copier_d_une_fin(texte)
    except Obstacle as erreur:
        refus = erreur
    # lines and records are counted apart: more lines than records, and a quote may have swallowed some
    if refus or _count_lines(texte) != saut + len(fautes) + parquet.read_metadata(copie).num_rows:
        repare = _without_stray_quotes(texte, chemin, disposition, atelier, lecture)
        if refus and repare is None:
            raise refus
        fautes = copier_d_une_fin(repare) if repare is not None else fautes
    if texte != chemin:  # gigabytes, which nothing reads any more
        texte.unlink()
    connexion.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
    attendu = f"un autre nombre de champs que les {len(disposition.en_tete)} de l'en-tête"
    lecture.malformees = [
        (ligne, mots, f"{attendu} : séparateur ou guillemet dans une valeur, ou ligne coupée ?")
        for ligne, mots in fautes
    ]
    # the copy counts sound records only: those that were not sound come back into the numbering
    seuils = [ligne - rang - saut - 1 for rang, (ligne, _) in enumerate(fautes)]
    return copie, f"file_row_number + {saut + 1} + {_rank_among(seuils)}"


def _count_lines(chemin: Path) -> int:
    """Count the lines of a text, the last one with or without its end."""
    nombre, dernier = 0, b"\n"
    with chemin.open("rb") as octets:
        while morceau := octets.read(2**22):
            nombre += morceau.count(b"\n")
            dernier = morceau[-1:]
    return nombre + (dernier != b"\n")


def _without_stray_quotes(
    texte: Path, nomme: Path, disposition: Disposition, atelier: Path, lecture: Lecture
) -> Path | None:
    """Write a text again where a quote swallows rows, that quote being a character; None when none does.

    Raises:
        Obstacle: the line of such a quote is no row without it.
    """
    separateur, epreuve = disposition.separateur, disposition.epreuve
    with texte.open(encoding=UTF8.nom, newline="") as flux:
        if not may_swallow(flux, epreuve):
            return None
    _check_room(texte, atelier)
    repare = atelier / f"{texte.stem}.repare"
    with texte.open(encoding=UTF8.nom, newline="") as flux, repare.open("w", encoding="utf-8", newline="") as sortie:
        records = text_records(flux, separateur, nomme.name, epreuve)
        isoles = write_without_stray(records, separateur, sortie)
    lecture.isoles = isoles
    return repare if isoles else None


def _faults(connexion: duckdb.DuckDBPyConnection, chemin: Path) -> list[tuple[int, str]]:
    """List the records DuckDB could not cut into the right number of fields, with their words.

    Raises:
        Obstacle: a quote left open swallowed other records, or too many are malformed to be told one by one.
    """
    connexion.execute("""
        CREATE OR REPLACE TEMP VIEW fautes AS
        SELECT line AS ligne, trim(any_value(csv_line), chr(10) || chr(13)) AS mots,
               list_has_any(list(error_type::VARCHAR), ['UNQUOTED VALUE', 'LINE SIZE OVER MAXIMUM']) AS est_ouverte
        FROM reject_errors GROUP BY line""")
    # otherwise the quote is closed and something stands after it: that record alone is at fault
    ((nombre, ouverte),) = connexion.execute("""
        SELECT count(*), min(ligne) FILTER (est_ouverte AND (
            regexp_matches(mots, '[\\r\\n]') OR length(replace(mots, '"', '')) % 2 <> length(mots) % 2))
        FROM fautes""").fetchall()
    if ouverte is not None:
        raise Obstacle(
            f"{chemin.name} : un guillemet ouvert à l'enregistrement {ouverte} n'est jamais refermé. "
            "Corriger cette ligne, ou télécharger le fichier à nouveau s'il est tronqué."
        )
    if nombre > MALFORMES_AU_PLUS:
        raise Obstacle(
            f"{chemin.name} : {nombre} enregistrements n'ont pas autant de champs que l'en-tête : séparateur "
            "inattendu, ou fichier abîmé. Le télécharger à nouveau, puis relancer."
        )
    return connexion.execute("SELECT ligne, mots FROM fautes ORDER BY ligne").fetchall()


def _rank_among(seuils: list[int], avant: int = 0) -> str:
    """Write as SQL how many of these thresholds a record has reached: a tree, since millions of records ask."""
    if not seuils:
        return str(avant)
    milieu = len(seuils) // 2
    gauche, droite = _rank_among(seuils[:milieu], avant), _rank_among(seuils[milieu + 1 :], avant + milieu + 1)
    return f"CASE WHEN file_row_number < {seuils[milieu]} THEN {gauche} ELSE {droite} END"


def _plain_utf8(chemin: Path, atelier: Path, lecture: Lecture) -> Path:
    """Unpack and transcode a text file where it has to be; the room left on the disk is looked at first."""
    if chemin.suffix.lower() in (".zip", ".gz"):
        _check_room(chemin, atelier)
        chemin = _unpacked(chemin, atelier / f"{chemin.stem}.ouvert")
    encodage = encoding_of(chemin)
    lecture.melees = encodage.melees
    return chemin if encodage == UTF8 else _transcribed(chemin, atelier, encodage)


def _transcribed(chemin: Path, atelier: Path, encodage: Encodage, newline: str = "") -> Path:
    """Write a text file again in UTF-8, its ends of lines as they are unless `newline` says which."""
    _check_room(chemin, atelier)
    transcrit = atelier / f"{chemin.stem}.{encodage.nom}.utf8"
    with chemin.open("rb") as octets, transcrit.open("w", encoding="utf-8", newline="") as sortie:
        lignes = decoded_lines(octets, encodage)
        sortie.writelines((ligne.rstrip("\r\n") + newline for ligne in lignes) if newline else lignes)
    return transcrit


def _check_room(chemin: Path, atelier: Path) -> None:
    """Refuse to open a file that the disk would not hold."""
    place, libre = unpacked_size(chemin), shutil.disk_usage(atelier).free
    if place > libre:
        raise Obstacle(
            f"{chemin.name} : {place / 1e9:.1f} Go une fois ouvert, et {libre / 1e9:.1f} Go libres. "
            "Libérer de la place, ou déposer le fichier Parquet, puis relancer."
        )


def _unpacked(chemin: Path, ouvert: Path) -> Path:
    """Write what an archive contains; members of one header are one file, cut by its producer (RNA, by département)."""
    if chemin.suffix.lower() == ".gz":
        with open_bytes(chemin) as octets, ouvert.open("wb") as sortie:
            shutil.copyfileobj(octets, sortie, 2**22)
        return ouvert
    with zipfile.ZipFile(chemin) as archive, ouvert.open("w+b") as sortie:
        membres = data_members(archive)
        en_tetes = set()
        for rang, nom in enumerate(membres):
            with archive.open(nom) as octets:
                en_tete = octets.readline()
                en_tetes.add(en_tete.strip(b"\r\n"))
                if rang == 0:
                    sortie.write(en_tete)
                elif sortie.seek(-1, 2) and sortie.read(1) != b"\n":  # a blank line would shift the numbers
                    sortie.write(en_tete[len(en_tete.rstrip(b"\r\n")) :])
                shutil.copyfileobj(octets, sortie, 2**22)
    if len(en_tetes) != 1:
        raise Obstacle(
            f"{chemin.name} : l'archive devrait contenir un seul tableau, elle contient : "
            f"{', '.join(membres) or 'rien qui se lise'}. Déposer le fichier de données seul."
        )
    return ouvert
