"""Loading a source whose rows are counted in millions: DuckDB converts and filters, Pandera judges batch after batch.

Nothing is ever whole in memory. What belongs here: the counterpart in SQL of `reading` and `conversion`, for the
sources that say `volumineuse`. What does not: what a valid row is (each source), what becomes of a source that fails
(`ingestion`).
"""

import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as arrow
from pyarrow import parquet

from observatoire.conversion import FAUX, VRAI
from observatoire.demonstration.identifiers import SIREN_PREFIX
from observatoire.files import Fichier
from observatoire.reading import (
    ERREURS_DE_LECTURE,
    FichierRefuse,
    Lecture,
    data_members,
    encoding_of,
    open_bytes,
    recognise,
    text_layout,
    unpacked_size,
    unreadable_file,
)
from observatoire.schemas import BOOLEEN, DATE, ENTIER, TEXTE, Colonne, Table
from observatoire.sources import Source
from observatoire.states import FichierLu
from observatoire.validation import DE_DEMONSTRATION, VIDE, ZEROS_RESTITUES, illisible, judge_file, repeated_key
from observatoire.warehouse import Entrepot, copy_query, repeated_keys, sql_literal

BLANCS_SQL = sql_literal(" \t\r\n\u00a0\u202f\u2009\ufeff")
# beyond, the file is another thing than announced, and telling each of them would take longer than reading it
MALFORMES_AU_PLUS = 10_000


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


@dataclass(frozen=True)
class Anomalie:
    """What a converted value no longer says: a condition, and the rule (name, severity, reason) its rows break."""

    colonne: str
    condition: str
    regle: tuple[str, str, str]


def load_rows(
    entrepot: Entrepot, source: Source, fichiers: Sequence[tuple[Fichier, FichierLu]], sortie: Path, dit: dict[str, Any]
) -> list[pd.DataFrame]:
    """Write the kept rows of the files to a Parquet file, count all of them, return the reasons of the others.

    Args:
        entrepot: where to work.
        source: what is loaded.
        fichiers: the files, each with the record its counts go to.
        sortie: the Parquet to write.
        dit: what the table says of itself.

    Raises:
        FichierRefuse: a file that cannot be read as this table.
    """
    table = source.table
    entrepot.racine.mkdir(parents=True, exist_ok=True)
    with ExitStack() as pile:
        atelier = Path(pile.enter_context(tempfile.TemporaryDirectory(dir=entrepot.racine, prefix=".travail-")))
        connexion = pile.enter_context(entrepot.connect(()))
        connexion.execute("SET preserve_insertion_order = false")
        entrees = [_open(connexion, fichier, table, atelier) for fichier, _ in fichiers]
        rejets, gardees = [], []
        for entree, (_, lu) in zip(entrees, fichiers, strict=True):
            anomalies = _anomalies(entree, table)
            typees = _typed_rows(entree, source)
            rejets += _take_census(connexion, entree, typees, anomalies, lu)
            gardees.append(f"SELECT {', '.join(table.arrow().names)} FROM ({typees}) WHERE _motif IS NULL")
        copy_query(connexion, " UNION ALL ".join(gardees), sortie, dit)
        tous = _said_once(pd.concat([VIDE.assign(fichier=""), *rejets, *judge_file(sortie, table)], ignore_index=True))
        _take_out(connexion, tous, sortie, dit)
        repetitions = _repeats(connexion, sortie, table)
        _take_out(connexion, repetitions, sortie, dit)
        tous = pd.concat([tous, repetitions], ignore_index=True)
        refusees = _refused(tous)
        completes = pd.concat([_whole_rows(connexion, entree, refusees) for entree in entrees])
        tous = tous.merge(completes, "left", ["fichier", "ligne"])
        for entree, (_, lu) in zip(entrees, fichiers, strict=True):
            perdues = int((refusees["fichier"] == lu.fichier).sum()) + len(entree.lecture.malformees)
            lu.lignes_lues = entree.lignes + len(entree.lecture.malformees)
            lu.lignes_rejetees = perdues
            lu.lignes_retenues = lu.lignes_lues - lu.lignes_hors_champ - perdues
            lu.colonnes_inconnues = entree.lecture.inconnues
        return [tous, *map(_malformed, entrees)]


def _open(connexion: duckdb.DuckDBPyConnection, fichier: Fichier, table: Table, atelier: Path) -> Entree:
    """Find the columns of a file; text is copied to Parquet first, as it is: all that follows reads one format."""
    lecture = Lecture()
    try:
        if fichier.chemin.suffix.lower() == ".parquet":
            with parquet.ParquetFile(fichier.chemin) as contenu:
                noms = list(contenu.schema_arrow.names)
                lignes = contenu.metadata.num_rows
            brutes = {nom: noms[place] for nom, place in recognise(noms, fichier.chemin, table, lecture).items()}
            chemin, ligne = fichier.chemin, "file_row_number + 1"
        else:
            chemin, ligne = _copy_text(connexion, fichier.chemin, table, lecture, atelier)
            lignes = parquet.read_metadata(chemin).num_rows
            brutes = {nom: nom for nom in table.noms if nom not in lecture.manquantes}
        decrits = connexion.execute(f"DESCRIBE FROM read_parquet({sql_literal(chemin)})").fetchall()
    except (*ERREURS_DE_LECTURE, duckdb.Error) as erreur:
        raise unreadable_file(fichier.chemin, erreur) from erreur
    types = {nom: type_ for nom, type_, *_ in decrits}
    trouvees = {nom: ('"' + brut.replace('"', '""') + '"', types[brut]) for nom, brut in brutes.items()}
    return Entree(fichier, lecture, chemin, trouvees, ligne, lignes)


def _copy_text(
    connexion: duckdb.DuckDBPyConnection, chemin: Path, table: Table, lecture: Lecture, atelier: Path
) -> tuple[Path, str]:
    """Copy the wanted columns of a text to Parquet, in their order; return it with the SQL of the record's line."""
    texte = _plain_utf8(chemin, atelier)
    disposition = text_layout(texte, table, lecture, "utf-8-sig")
    colonnes = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(disposition.en_tete)))
    voulues = ", ".join(f"c{place} AS {nom}" for nom, place in disposition.positions.items())
    copie = Path(tempfile.mkstemp(dir=atelier, suffix=".parquet")[1])
    saut = disposition.enregistrement_en_tete + 1
    copier = f"""
        SET preserve_insertion_order = true;
        COPY (SELECT {voulues} FROM read_csv({{}}, auto_detect = false, columns = {{{{{colonnes}}}}},
                  delim = {sql_literal(disposition.separateur)}, quote = '"', escape = '"', skip = {saut},
                  header = false, store_rejects = true, max_line_size = 10000000))
        TO {sql_literal(copie)} (FORMAT parquet, COMPRESSION snappy);
        SET preserve_insertion_order = false"""
    try:
        connexion.execute(copier.format(sql_literal(texte)))
    except duckdb.InvalidInputException:
        # ends of lines of two sorts (a file completed by hand, or from two machines): written again, all of one
        connexion.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
        connexion.execute(copier.format(sql_literal(_transcribed(texte, atelier, "utf-8-sig", newline=None))))
    fautes = _faults(connexion, chemin)
    connexion.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
    attendu = f"un autre nombre de champs que les {len(disposition.en_tete)} de l'en-tête"
    lecture.malformees = [
        (ligne, mots, f"{attendu} : séparateur ou guillemet dans une valeur, ou ligne coupée ?")
        for ligne, mots in fautes
    ]
    # the copy counts sound records only: those that were not sound come back into the numbering
    seuils = [ligne - rang - saut - 1 for rang, (ligne, _) in enumerate(fautes)]
    return copie, f"file_row_number + {saut + 1} + {_rank_among(seuils)}"


def _faults(connexion: duckdb.DuckDBPyConnection, chemin: Path) -> list[tuple[int, str]]:
    """List the records DuckDB could not cut into the right number of fields, with their words.

    Raises:
        FichierRefuse: a quote left open swallowed other records, or too many are malformed to be told one by one.
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
        raise FichierRefuse(
            f"{chemin.name} : un guillemet ouvert à l'enregistrement {ouverte} n'est jamais refermé. "
            "Corriger cette ligne, ou télécharger le fichier à nouveau s'il est tronqué."
        )
    if nombre > MALFORMES_AU_PLUS:
        raise FichierRefuse(
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


def _plain_utf8(chemin: Path, atelier: Path) -> Path:
    """Unpack and transcode a text file where it has to be; the room left on the disk is looked at first."""
    if chemin.suffix.lower() in (".zip", ".gz"):
        _check_room(chemin, atelier)
        chemin = _unpacked(chemin, atelier / f"{chemin.stem}.ouvert")
    encodage = encoding_of(chemin)
    return chemin if encodage == "utf-8-sig" else _transcribed(chemin, atelier, encodage, newline="")


def _transcribed(chemin: Path, atelier: Path, encodage: str, newline: str | None) -> Path:
    """Write a text file again in UTF-8; with no `newline`, ends of lines all become the same."""
    _check_room(chemin, atelier)
    transcrit = atelier / f"{chemin.stem}.{encodage}.utf8"
    with (
        chemin.open(encoding=encodage, errors="replace", newline=newline) as entree,
        transcrit.open("w", encoding="utf-8", newline="") as sortie,
    ):
        shutil.copyfileobj(entree, sortie, 2**22)
    return transcrit


def _check_room(chemin: Path, atelier: Path) -> None:
    """Refuse to open a file that the disk would not hold."""
    place, libre = unpacked_size(chemin), shutil.disk_usage(atelier).free
    if place > libre:
        raise FichierRefuse(
            f"{chemin.name} : {place / 1e9:.1f} Go une fois ouvert, et {libre / 1e9:.1f} Go libres. "
            "Libérer de la place, ou déposer le fichier Parquet, puis relancer."
        )


def _unpacked(chemin: Path, ouvert: Path) -> Path:
    """Write what an archive contains; members of one header are one file, cut by its producer (RNA, by département)."""
    if chemin.suffix.lower() == ".gz":
        with open_bytes(chemin) as octets, ouvert.open("wb") as sortie:
            shutil.copyfileobj(octets, sortie, 2**22)
        return ouvert
    with zipfile.ZipFile(chemin) as archive, ouvert.open("wb") as sortie:
        membres = data_members(archive)
        en_tetes = set()
        for rang, nom in enumerate(membres):
            with archive.open(nom) as octets:
                en_tete = octets.readline()
                en_tetes.add(en_tete.strip(b"\r\n"))
                sortie.write(en_tete if rang == 0 else b"\r\n")
                shutil.copyfileobj(octets, sortie, 2**22)
    if len(en_tetes) != 1:
        raise FichierRefuse(
            f"{chemin.name} : l'archive devrait contenir un seul tableau, elle contient : "
            f"{', '.join(membres) or 'rien qui se lise'}. Déposer le fichier de données seul."
        )
    return ouvert


def _word(colonne: Colonne, brute: str, ecrit: str) -> str:
    """Write as SQL the word of a cell: without blanks at its ends, null when it says nothing.

    Args:
        colonne: what the cell should hold.
        brute: the cell.
        ecrit: DuckDB type it is written in.
    """
    if ecrit in ("FLOAT", "DOUBLE"):
        # a column of whole numbers with gaps, written by a library that has no null integer
        entier = f"isfinite({brute}) AND {brute} = floor({brute})"
        return f"CASE WHEN {entier} THEN {brute}::HUGEINT::VARCHAR WHEN NOT isnan({brute}) THEN {brute}::VARCHAR END"
    if ecrit != "VARCHAR":
        return f"{brute}::VARCHAR"
    mot = f"nullif(trim({brute}{f', {BLANCS_SQL}' if colonne.longueur else ''}), '')"
    for vide in colonne.vides:
        mot = f"nullif({mot}, {sql_literal(vide)})"
    if not colonne.longueur or colonne.longueur in map(len, colonne.vides):
        return mot
    # the usual case first: trimming tens of millions of codes takes longer than reading them
    entier = f"length({brute}) = {colonne.longueur} AND NOT contains({brute}, ' ')"
    return f"CASE WHEN {entier} THEN {brute} ELSE {mot} END"


def _is_short(colonne: Colonne, mot: str) -> str:
    return f"length({mot}) < {colonne.longueur} AND regexp_full_match({mot}, '[0-9]+')"


def _value(colonne: Colonne, brute: str, ecrit: str) -> str:
    """Write as SQL the value of a cell in the type of its column; null when it cannot be read. Arguments as `_word`."""
    mot = _word(colonne, brute, ecrit)
    if colonne.type == TEXTE:
        rendu = f"CASE WHEN {_is_short(colonne, mot)} THEN lpad({mot}, {colonne.longueur}, '0') ELSE {mot} END"
        return rendu if colonne.longueur else mot
    if colonne.type == DATE:
        valeur = f"{brute}::DATE" if _is_of_type(colonne, ecrit) else _day(mot)
        for vide in colonne.vides:
            valeur = f"nullif({valeur}, try_cast({sql_literal(vide)} AS DATE))"
        return valeur
    if colonne.type == BOOLEEN:
        if _is_of_type(colonne, ecrit):
            return brute
        return f"CASE WHEN lower({mot}) IN {tuple(VRAI)} THEN true WHEN lower({mot}) IN {tuple(FAUX)} THEN false END"
    # a cast alone would round: 12.7 is not a count, nor 1.239 an amount
    if colonne.type == ENTIER:
        return f"CASE WHEN regexp_full_match({mot}, '-?[0-9]+') THEN try_cast({mot} AS BIGINT) END"
    precision, decimales = colonne.type.precision, colonne.type.scale
    lisible = f"regexp_full_match({mot}, '-?[0-9]+([.,][0-9]{{1,{decimales}}}0*)?')"
    return f"CASE WHEN {lisible} THEN try_cast(replace({mot}, ',', '.') AS DECIMAL({precision}, {decimales})) END"


def _is_of_type(colonne: Colonne, ecrit: str) -> bool:
    """Say whether a column is written in the type it should have, hence always readable."""
    return ecrit.startswith(("DATE", "TIMESTAMP")) if colonne.type == DATE else ecrit == colonne.type_sql


def _day(mot: str) -> str:
    """Write as SQL the day of 2024-01-31, 2024/01/31, 31/01/2024 and the same followed by a time; of nothing else."""
    jour = f"replace({mot}[:10], '/', '-')"
    return f"""CASE
        WHEN length({mot}) > 10 AND NOT regexp_full_match({mot}[11:], '[T ][0-9:.]+Z?') THEN NULL
        WHEN {jour} LIKE '____-__-__' THEN try_cast({jour} AS DATE)
        WHEN {jour} LIKE '__-__-____' THEN try_strptime({jour}, '%d-%m-%Y')::DATE END"""


def _typed_rows(entree: Entree, source: Source) -> str:
    """Write the query of a file's rows: typed, as written (`_brut_…`), and what puts them out of scope."""
    colonnes = []
    for colonne in source.table.colonnes:
        if colonne.nom in entree.brutes:
            brute, ecrit = entree.brutes[colonne.nom]
            valeur = _value(colonne, brute, ecrit)
            colonnes.append(f"{brute} AS _brut_{colonne.nom}")
        else:
            valeur = "NULL"
        colonnes.append(f"({valeur})::{colonne.type_sql} AS {colonne.nom}")
    cas = " ".join(f"WHEN {condition} THEN {sql_literal(motif)}" for motif, condition in source.hors_champ_sql)
    return f"""
        SELECT *, {f"CASE {cas} END" if cas else "NULL::VARCHAR"} AS _motif
        FROM (SELECT {", ".join(colonnes)}, {sql_literal(entree.fichier.nom)} AS _fichier, {entree.ligne} AS _ligne
              FROM {entree.sql})"""


def _anomalies(entree: Entree, table: Table) -> list[Anomalie]:
    """List what has to be asked of the words of a file, because the converted value no longer says it."""
    trouvees = []
    for colonne in table.colonnes:
        _, ecrit = entree.brutes.get(colonne.nom, ("", ""))
        mot = _word(colonne, f"_brut_{colonne.nom}", ecrit)
        if colonne.longueur and ecrit == "VARCHAR":
            court = f"length(_brut_{colonne.nom}) <> {colonne.longueur} AND {_is_short(colonne, mot)}"
            trouvees.append(Anomalie(colonne.nom, f"CASE WHEN {court} THEN true END", ZEROS_RESTITUES))
        if colonne.type != TEXTE and ecrit and not _is_of_type(colonne, ecrit):
            perdu = f"{mot} IS NOT NULL AND {colonne.nom} IS NULL"
            for vide in colonne.vides:  # followed by a time, it says nothing either
                perdu += f" AND {mot}[:{len(vide)}] <> {sql_literal(vide)}"
            trouvees.append(Anomalie(colonne.nom, perdu, illisible(colonne)))
        if colonne.nom == "siren" and not entree.fichier.est_demonstration:
            trouvees.append(Anomalie("siren", f"siren LIKE '{SIREN_PREFIX}_______'", DE_DEMONSTRATION))
    return trouvees


def _take_census(
    connexion: duckdb.DuckDBPyConnection, entree: Entree, typees: str, anomalies: list[Anomalie], lu: FichierLu
) -> list[pd.DataFrame]:
    """Count the rows of a file that are out of scope, by reason; return the anomalies of the others."""
    comptes = "".join(f", count(*) FILTER ({anomalie.condition})" for anomalie in anomalies)
    cas = []
    try:
        for motif, lignes, *nombres in connexion.execute(
            f"SELECT _motif, count(*){comptes} FROM ({typees}) GROUP BY 1 ORDER BY 1"
        ).fetchall():
            if motif is not None:
                lu.motifs_hors_champ[motif] = lignes
                lu.lignes_hors_champ += lignes
            else:
                cas = [anomalie for anomalie, nombre in zip(anomalies, nombres, strict=True) if nombre]
    except duckdb.Error as erreur:
        raise unreadable_file(entree.fichier.chemin, erreur) from erreur
    trouvees = []
    for anomalie in cas:
        lignes = _frame(
            connexion,
            f"""
            SELECT _ligne AS ligne, _brut_{anomalie.colonne}::VARCHAR AS valeur FROM ({typees})
            WHERE _motif IS NULL AND ({anomalie.condition}) ORDER BY ligne""",
        )
        regle, gravite, motif = anomalie.regle
        trouvees.append(
            lignes.assign(fichier=lu.fichier, colonne=anomalie.colonne, regle=regle, gravite=gravite, motif=motif)
        )
    return trouvees


def _repeats(connexion: duckdb.DuckDBPyConnection, sortie: Path, table: Table) -> pd.DataFrame:
    """Find rows that repeat a key over the whole table: refused or flagged, as the table declares."""
    lignes, cle = f"read_parquet({sql_literal(sortie)}) l", ", ".join(table.cle)
    memes = " AND ".join(f"l.{nom} IS NOT DISTINCT FROM d.{nom}" for nom in table.cle)
    ((repetees,),) = connexion.execute(repeated_keys(lignes, cle)).fetchall()
    if not repetees:
        return VIDE.assign(fichier="")
    repetitions = _frame(
        connexion,
        f"""
        SELECT _fichier AS fichier, _ligne AS ligne, concat_ws(' | ', {cle}) AS valeur
        FROM {lignes} SEMI JOIN (SELECT {cle} FROM {lignes} GROUP BY ALL HAVING count(*) > 1) d ON {memes}
        QUALIFY row_number() OVER (PARTITION BY {cle} ORDER BY _fichier, _ligne) > 1 ORDER BY ALL""",
    )
    regle, gravite, motif = repeated_key(table)
    return repetitions.assign(colonne=cle, regle=regle, gravite=gravite, motif=motif)


def _said_once(rejets: pd.DataFrame) -> pd.DataFrame:
    """Drop « absent » where « unreadable » is said of the same cell."""
    cellules = ["fichier", "ligne", "colonne"]
    illisibles = rejets.loc[rejets["regle"] == "valeur_illisible", cellules].assign(deja_dit=True)
    marques = rejets.merge(illisibles, "left", cellules)["deja_dit"].notna().to_numpy()
    return rejets[~(marques & (rejets["regle"] == "valeur_absente"))]


def _refused(rejets: pd.DataFrame) -> pd.DataFrame:
    return rejets.loc[rejets["gravite"] == "refus", ["fichier", "ligne"]].drop_duplicates()


def _take_out(connexion: duckdb.DuckDBPyConnection, rejets: pd.DataFrame, sortie: Path, dit: dict[str, Any]) -> None:
    """Write the table again without its refused rows, if it has any."""
    refusees = _refused(rejets)
    if refusees.empty:
        return
    connexion.register("refusees", arrow.Table.from_pandas(refusees, preserve_index=False))
    propre = sortie.with_name(f"{sortie.name}.part")
    lignes = f"FROM read_parquet({sql_literal(sortie)}) ANTI JOIN refusees ON _fichier = fichier AND _ligne = ligne"
    copy_query(connexion, lignes, propre, dit)
    propre.replace(sortie)


def _whole_rows(connexion: duckdb.DuckDBPyConnection, entree: Entree, refusees: pd.DataFrame) -> pd.DataFrame:
    """Return the refused rows of a file as it wrote them, in JSON: the columns of the table, never the others."""
    lignes = [int(ligne) for ligne in refusees.loc[refusees["fichier"] == entree.fichier.nom, "ligne"]]
    if not lignes:
        return pd.DataFrame(
            {"fichier": pd.Series(dtype="str"), "ligne": pd.Series(dtype="int64"), "ligne_complete": ""}
        )
    champs = ", ".join(f"{nom} := {brute}::VARCHAR" for nom, (brute, _) in entree.brutes.items())
    brutes = _frame(
        connexion,
        f"""
        SELECT {entree.ligne} AS ligne, to_json(struct_pack({champs}))::VARCHAR AS ligne_complete FROM {entree.sql}
        WHERE ligne IN {(*lignes, -1)}""",
    )
    return brutes.assign(fichier=entree.fichier.nom)


def _malformed(entree: Entree) -> pd.DataFrame:
    lignes = pd.DataFrame(entree.lecture.malformees, columns=["ligne", "ligne_complete", "motif"])
    return lignes.assign(fichier=entree.fichier.nom, colonne="", regle="structure", gravite="refus")


def _frame(connexion: duckdb.DuckDBPyConnection, requete: str) -> pd.DataFrame:
    cadre: pd.DataFrame = connexion.sql(requete).to_arrow_table().to_pandas()
    return cadre
