"""Loading a source whose rows are counted in millions: DuckDB converts and filters, Pandera judges batch after batch.

Nothing is ever whole in memory. What a valid row is belongs to each source; opening its files to `bulk_opening`,
writing its values to `bulk_values`, what becomes of a source that fails to `ingestion`.
"""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as arrow

from observatoire.judging import VIDE, judge_file
from observatoire.loading.bulk_opening import Entree, open_large
from observatoire.loading.bulk_values import REELS, anomalies_of, taught, typed_rows
from observatoire.loading.files import Fichier
from observatoire.loading.records import unreadable_file
from observatoire.loading.sorting import DE_DEMONSTRATION, ILLISIBLE, UNE_FOIS, repeated_key, told, told_of_file
from observatoire.schemas import Table
from observatoire.sources import Source
from observatoire.sources.states import FichierLu
from observatoire.warehouse import ATELIER, Entrepot, copy_query, count_repeats, sql_literal


class LignesPerdues(Exception):
    """A file whose rows are not all kept, out of scope or refused: an error of ours, never a property of the data."""


def load_rows(
    entrepot: Entrepot,
    source: Source,
    fichiers: Sequence[tuple[Fichier, FichierLu]],
    sortie: Path,
    dire: Callable[[], dict[str, Any]],
) -> list[pd.DataFrame]:
    """Write the kept rows of the files to a Parquet file, count all of them, return the reasons of the others.

    Args:
        entrepot: where to work.
        source: what is loaded.
        fichiers: the files, each with the record its counts go to.
        sortie: the Parquet to write.
        dire: gives what the table says of itself, once the rows of its files are counted.

    Raises:
        Obstacle: a file that cannot be read as this table.
    """
    table = source.table
    entrepot.make_folder()
    with ExitStack() as pile:
        atelier = Path(pile.enter_context(tempfile.TemporaryDirectory(dir=entrepot.racine, prefix=ATELIER)))
        connexion = pile.enter_context(entrepot.connect(()))
        pile.enter_context(taught(connexion, table))
        entrees = [open_large(connexion, fichier, table, atelier) for fichier, _ in fichiers]
        if any(ecrit in REELS for entree in entrees for _, ecrit in entree.brutes.values()):
            # Parquet leaves NaN out of its statistics, and by them DuckDB 2.0 takes for granted that there is none
            connexion.execute("SET disabled_optimizers = 'statistics_propagation'")
        typees = [typed_rows(entree, source) for entree in entrees]
        colonnes = ", ".join([*table.arrow().names, "_anomalies"])
        calculs = ", ".join(f"({sql})::{_type_of(table, nom)} AS {nom}" for nom, sql in source.calculs_sql.items())
        remplacees = f"* REPLACE ({calculs})" if calculs else "*"
        gardees = " UNION ALL ".join(
            f"SELECT {colonnes} FROM (SELECT {remplacees} FROM ({lignes}) WHERE _motif IS NULL)" for lignes in typees
        )
        if calculs:  # a window leaves its rows in no order
            gardees += " ORDER BY _fichier, _ligne"
        try:
            for entree, (_, lu) in zip(entrees, fichiers, strict=True):
                lu.lignes_lues = entree.lignes + len(entree.lecture.malformees)
            dit = dire()
            copy_query(connexion, gardees, sortie, dit)
            rejets = [VIDE.assign(fichier="")]
            for entree, lignes, (_, lu) in zip(entrees, typees, fichiers, strict=True):
                _count_out_of_scope(connexion, lignes, lu)
                rejets += _marked(connexion, entree, lignes, table, sortie)
        except (duckdb.InvalidInputException, duckdb.ConversionException) as erreur:
            raise unreadable_file(entrees[-1].fichier.chemin, erreur) from erreur
        tous = _said_once(pd.concat([*rejets, *judge_file(sortie, table)], ignore_index=True))
        _take_out(connexion, tous, sortie, dit)
        repetitions = _repeats(connexion, sortie, table)
        _take_out(connexion, repetitions, sortie, dit)
        tous = pd.concat([tous, repetitions], ignore_index=True)
        refusees = _refused(tous)
        completes = pd.concat([_whole_rows(connexion, entree, refusees) for entree in entrees])
        tous = tous.merge(completes, "left", ["fichier", "ligne"])
        for entree, (_, lu) in zip(entrees, fichiers, strict=True):
            ecrites = f"FROM read_parquet({sql_literal(sortie)}) WHERE _fichier = {sql_literal(lu.fichier)}"
            ((lu.lignes_retenues,),) = connexion.execute(f"SELECT count(*) {ecrites}").fetchall()
            lu.lignes_rejetees = int((refusees["fichier"] == lu.fichier).sum()) + len(entree.lecture.malformees)
            if lu.lignes_lues != lu.lignes_retenues + lu.lignes_hors_champ + lu.lignes_rejetees:
                raise LignesPerdues(f"{lu.fichier} : {lu}")
            lu.colonnes_inconnues = entree.lecture.inconnues
            lu.en_tetes = entree.lecture.reconnues
        dits = [told_of_file(entree.lecture).assign(fichier=entree.fichier.nom) for entree in entrees]
        return [tous, *map(_malformed, entrees), *dits]


def _type_of(table: Table, nom: str) -> str:
    """Return the DuckDB type of a column."""
    return next(colonne.type_sql for colonne in table.colonnes if colonne.nom == nom)


def _count_out_of_scope(connexion: duckdb.DuckDBPyConnection, lignes: str, lu: FichierLu) -> None:
    """Count the rows of a file that are out of scope, by reason."""
    comptes = connexion.execute(
        f"SELECT _motif, count(*) FROM ({lignes}) WHERE _motif IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    lu.motifs_hors_champ = dict(comptes.fetchall())
    lu.lignes_hors_champ = sum(lu.motifs_hors_champ.values())


def _marked(
    connexion: duckdb.DuckDBPyConnection, entree: Entree, lignes: str, table: Table, sortie: Path
) -> list[pd.DataFrame]:
    """Return what has to be told of the kept rows of a file, found by their marks, with the words of the file."""
    gardees = (
        f"FROM read_parquet({sql_literal(sortie)}) WHERE _fichier = {sql_literal(entree.fichier.nom)} AND _anomalies"
    )
    trouvees = []
    for rang, anomalie in enumerate(anomalies_of(entree, table)):
        marquees = f"{gardees} & {1 << rang} <> 0"
        if not connexion.execute(f"SELECT count(*) {marquees}").fetchall()[0][0]:
            continue
        nom = anomalie.colonne
        cas = _frame(
            connexion,
            f"""
            SELECT _ligne AS ligne, _brut_{nom}::VARCHAR AS valeur, {anomalie.dit or "'demonstration'"} AS cle
            FROM ({lignes}) SEMI JOIN (SELECT _ligne {marquees}) USING (_ligne) WHERE cle IS NOT NULL
            QUALIFY NOT list_contains({UNE_FOIS}, cle) OR row_number() OVER (PARTITION BY cle ORDER BY ligne) = 1
            ORDER BY ligne""",
        )
        cas = cas.assign(fichier=entree.fichier.nom, colonne=nom)
        for cle, dits in cas.groupby("cle"):
            colonne = table.colonne(nom)
            assert colonne is not None  # noqa: S101 — anomalies are of its columns
            regle, gravite, motif = told(colonne, str(cle)) if anomalie.dit else DE_DEMONSTRATION
            trouvees.append(dits.drop(columns="cle").assign(regle=regle, gravite=gravite, motif=motif))
    return trouvees


def _repeats(connexion: duckdb.DuckDBPyConnection, sortie: Path, table: Table) -> pd.DataFrame:
    """Find rows that repeat a key over the whole table: refused or flagged, as the table declares."""
    lignes, cle = f"read_parquet({sql_literal(sortie)}) l", ", ".join(table.cle)
    memes = " AND ".join(f"l.{nom} IS NOT DISTINCT FROM d.{nom}" for nom in table.cle)
    if not count_repeats(connexion, lignes, cle):
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
    illisibles = rejets.loc[rejets["regle"] == ILLISIBLE, cellules].assign(deja_dit=True)
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
    lignes = refusees.loc[refusees["fichier"] == entree.fichier.nom, ["ligne"]]
    if lignes.empty:
        return pd.DataFrame(
            {"fichier": pd.Series(dtype="str"), "ligne": pd.Series(dtype="int64"), "ligne_complete": ""}
        )
    connexion.register("a_relire", arrow.Table.from_pandas(lignes, preserve_index=False))
    champs = ", ".join(f"{nom} := {brute}::VARCHAR" for nom, (brute, _) in entree.brutes.items())
    brutes = _frame(
        connexion,
        f"""
        SELECT ligne, to_json(struct_pack({champs}))::VARCHAR AS ligne_complete
        FROM (SELECT *, {entree.ligne} AS ligne FROM {entree.sql}) SEMI JOIN a_relire USING (ligne)""",
    )
    return brutes.assign(fichier=entree.fichier.nom)


def _malformed(entree: Entree) -> pd.DataFrame:
    lignes = pd.DataFrame(entree.lecture.malformees, columns=["ligne", "ligne_complete", "motif"])
    return lignes.assign(fichier=entree.fichier.nom, colonne="", regle="structure", gravite="refus")


def _frame(connexion: duckdb.DuckDBPyConnection, requete: str) -> pd.DataFrame:
    cadre: pd.DataFrame = connexion.sql(requete).to_arrow_table().to_pandas()
    return cadre
