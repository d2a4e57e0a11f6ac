"""Loading a source read in Python: files of any kind, batch after batch, each row sorted by the rules of its table.

What is done with sources whose rows are counted in millions belongs to `bulk`; what becomes of a source that fails, to
`ingestion`.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as arrow

from observatoire.identifiers import is_demonstration
from observatoire.loading.files import Fichier
from observatoire.loading.other_rows import Addition
from observatoire.loading.periods import Repetition, repetitions
from observatoire.loading.records import Lecture, read_batches
from observatoire.loading.sorting import (
    DE_DEMONSTRATION,
    Tri,
    convert_columns,
    repeated_key,
    sort_rows,
    told_of_file,
    told_once,
)
from observatoire.machine import stops_everything
from observatoire.obstacle import Obstacle
from observatoire.schemas import Table
from observatoire.sources import Source
from observatoire.sources.states import FichierLu
from observatoire.warehouse import Entrepot, memory_database


class FichierEnFaute(Obstacle):
    """A file that cannot be read, among others that can: its message, and its name in the folder of its source."""

    def __init__(self, fichier: str, motif: str) -> None:
        """Keep the name beside the message."""
        super().__init__(motif)
        self.fichier = fichier


DIT_EN_TITRE = "colonne absente, valeur lue au-dessus de l'en-tête : comptée pour tout le fichier, à vérifier"


def load_rows(
    entrepot: Entrepot,
    source: Source,
    fichiers: Sequence[tuple[Fichier, FichierLu]],
    sortie: Path,
    dire: Callable[[], dict[str, Any]],
) -> list[pd.DataFrame]:
    """Write the kept rows of the files to a Parquet file, count all of them, return the reasons of the others.

    Arguments, errors and result as in `bulk.load_rows`.
    """
    rejets: list[pd.DataFrame] = []
    freres = [fichier for fichier, _ in fichiers] if source.cumul == "par_periode" else []
    try:
        repetees = repetitions(freres, source.table)
    except Obstacle:  # said, with its name, when its turn to be read comes
        repetees = {}
    lots = (
        lot
        for fichier, lu in fichiers
        for lot in _batches_of_file(fichier, source, lu, rejets, repetees.get(fichier.nom))
    )
    entrepot.write_batches(sortie, source.table.arrow(), lots, dire)
    _handle_repeats(entrepot, sortie, source.table, [lu for _, lu in fichiers], rejets, dire)
    return rejets


def _batches_of_file(
    fichier: Fichier, source: Source, lu: FichierLu, rejets: list[pd.DataFrame], repetition: Repetition | None
) -> Iterator[pd.DataFrame]:
    """Yield the kept rows of a file; count the others and keep their reasons.

    Raises:
        FichierEnFaute: the file cannot be read as this table.
    """
    try:
        yield from _sorted_batches(fichier, source, lu, rejets, repetition)
    except Obstacle as erreur:
        if stops_everything(erreur):
            raise
        raise FichierEnFaute(fichier.nom, str(erreur)) from erreur


def _sorted_batches(
    fichier: Fichier, source: Source, lu: FichierLu, rejets: list[pd.DataFrame], repetition: Repetition | None
) -> Iterator[pd.DataFrame]:
    table = source.table
    schema = table.pandera()
    dites = said_beside(fichier, table)
    lecture = Lecture(origine=dites)
    addition = Addition(table.totaux) if table.totaux is not None else None
    premiers = len(rejets)
    for brut in read_batches(fichier.chemin, table, lecture):
        deja = repetition.take_out(brut) if repetition is not None else None
        if repetition is not None and deja is not None and deja.any():
            lu.lignes_lues += int(deja.sum())
            _count_out_of_scope(lu, {repetition.motif: int(deja.sum())})
            brut = brut[~deja].reset_index(drop=True)  # noqa: PLW2901 — what is left of the batch
        tri = _sort_batch(brut, fichier, source, schema, addition)
        lu.lignes_lues += len(brut)
        lu.lignes_retenues += len(tri.retenues)
        lu.lignes_rejetees += len(tri.refusees)
        _count_out_of_scope(lu, {str(motif): int(nombre) for motif, nombre in tri.hors_champ.value_counts().items()})
        completes = _whole_rows(tri.refusees)
        rejets.append(tri.rejets.assign(fichier=fichier.nom, ligne_complete=tri.rejets["ligne"].map(completes)))
        yield tri.retenues.assign(_fichier=fichier.nom)
    # what a file is told once may come back in each of its batches
    if du_fichier := rejets[premiers:]:
        rejets[premiers:] = [told_once(pd.concat(du_fichier)).drop(columns="cle")]
    lu.lignes_lues += sum(lecture.ecartees.values())
    _count_out_of_scope(lu, lecture.ecartees)
    titres = [(ligne, colonne, valeur) for colonne, (ligne, valeur) in lecture.titres.items()]
    rejets.append(
        pd.DataFrame(titres, columns=["ligne", "colonne", "valeur"]).assign(
            fichier=fichier.nom, regle="dit_en_titre", gravite="signalement", motif=DIT_EN_TITRE
        )
    )
    if repetition is not None:
        dite = pd.DataFrame({"ligne": [1], "colonne": "", "valeur": None, "motif": repetition.motif})
        rejets.append(dite.assign(fichier=fichier.nom, regle="fichier_contenu", gravite="signalement"))
    rejets.append(told_of_file(lecture).assign(fichier=fichier.nom))
    if lecture.a_completer:
        lu.etat = "a_completer"
        rejets.append(_to_complete(fichier, table, lecture.a_completer))
    malformees = pd.DataFrame(lecture.malformees, columns=["ligne", "ligne_complete", "motif"])
    lu.lignes_lues += len(malformees)
    lu.lignes_rejetees += len(malformees)
    lu.colonnes_inconnues = lecture.inconnues
    lu.en_tetes = lecture.reconnues
    rejets.append(malformees.assign(fichier=fichier.nom, colonne="", regle="structure", gravite="refus"))


def said_beside(fichier: Fichier, table: Table) -> dict[str, str]:
    """Return what the origin of a file says of all its rows, by column."""
    dits = {colonne.nom: getattr(fichier.origine, colonne.origine) for colonne in table.colonnes if colonne.origine}
    return {nom: str(dit) for nom, dit in dits.items() if dit}


def _count_out_of_scope(lu: FichierLu, motifs: dict[str, int]) -> None:
    for motif, nombre in motifs.items():
        lu.lignes_hors_champ += nombre
        lu.motifs_hors_champ[motif] = lu.motifs_hors_champ.get(motif, 0) + nombre


def _to_complete(fichier: Fichier, table: Table, colonnes: list[str]) -> pd.DataFrame:
    """Say once what a file does not say of all its rows, and where to write it: they count without it."""
    lignes = []
    for nom in colonnes:
        colonne = table.colonne(nom)
        assert colonne is not None  # noqa: S101 — a column of this table
        motif = (
            f"fichier à compléter : aucune colonne ne donne « {(colonne.en_tetes or (nom,))[0]} » ; écrire "
            f"« {colonne.origine}: » dans {Path(fichier.nom).name}.origine.yml, à côté de lui ; ses lignes comptent, "
            "sans cette valeur"
        )
        lignes.append({"ligne": 1, "colonne": nom, "valeur": None, "motif": motif})
    return pd.DataFrame(lignes).assign(fichier=fichier.nom, regle="a_completer", gravite="signalement")


def _whole_rows(lignes: pd.DataFrame) -> dict[int, str]:
    """Write each row as JSON, by line."""
    return {
        int(ligne["_ligne"]): json.dumps(
            {nom: None if pd.isna(valeur) else valeur for nom, valeur in ligne.items()}, ensure_ascii=False, default=str
        )
        for ligne in lignes.to_dict("records")
    }


def _sort_batch(
    brut: pd.DataFrame, fichier: Fichier, source: Source, schema: Any, addition: Addition | None
) -> Tri:
    table = source.table
    brut = source.preparer(brut, fichier.nom, fichier.millesime)
    lignes, illisibles = convert_columns(brut, table)
    hors_champ = source.hors_champ(lignes)
    if addition is not None:
        totaux, faux = addition.sort(lignes, brut)
        hors_champ, illisibles = hors_champ.fillna(totaux), pd.concat([illisibles, faux.assign(cle=None)])
    tri = sort_rows(brut, table, schema, hors_champ, lignes, illisibles)
    if "siren" in tri.retenues and not fichier.est_demonstration:
        intrus = tri.retenues[is_demonstration(tri.retenues["siren"])]
        signale = pd.DataFrame({"ligne": intrus["_ligne"], "colonne": "siren", "valeur": intrus["siren"]})
        regle, gravite, motif = DE_DEMONSTRATION
        signale = signale.assign(regle=regle, gravite=gravite, motif=motif)
        tri.rejets = pd.concat([tri.rejets, signale], ignore_index=True)
    return tri


def _handle_repeats(
    entrepot: Entrepot,
    chemin: Path,
    table: Table,
    lus: list[FichierLu],
    rejets: list[pd.DataFrame],
    dire: Callable[[], dict[str, Any]],
) -> None:
    """Find rows that repeat a key over the whole table: refused or flagged, as the table declares."""
    if not table.cle:
        return
    cle = ", ".join(table.cle)
    requete = f"""
        SELECT _fichier, _ligne, concat_ws(' | ', {cle}) AS _cle
        FROM read_parquet(?)
        QUALIFY row_number() OVER (PARTITION BY {cle} ORDER BY _fichier, _ligne) > 1
        ORDER BY ALL"""
    with memory_database() as connexion:
        repetitions = _frame(connexion, requete, chemin)
        if repetitions.empty:
            return
        connexion.register("repetitions", arrow.Table.from_pandas(repetitions))
        regle, gravite, motif = repeated_key(table)
        rejet = pd.DataFrame(
            {
                "fichier": repetitions["_fichier"],
                "ligne": repetitions["_ligne"],
                "colonne": cle,
                "valeur": repetitions["_cle"],
                "regle": regle,
                "gravite": gravite,
                "motif": motif,
            }
        )
        if gravite == "signalement":
            rejets.append(rejet)
            return
        jointure = "JOIN repetitions USING (_fichier, _ligne) ORDER BY _fichier, _ligne"
        en_trop = _frame(connexion, f"FROM read_parquet(?) SEMI {jointure}", chemin)
        uniques = _frame(connexion, f"FROM read_parquet(?) ANTI {jointure}", chemin)
        for lu in lus:
            cas = rejet[rejet["fichier"] == lu.fichier]
            completes = _whole_rows(en_trop[en_trop["_fichier"] == lu.fichier])
            rejets.append(cas.assign(ligne_complete=cas["ligne"].map(completes)))
            lu.lignes_retenues -= len(cas)
            lu.lignes_rejetees += len(cas)
    entrepot.write_batches(chemin, table.arrow(), iter([uniques]), dire)


def _frame(connexion: duckdb.DuckDBPyConnection, requete: str, chemin: Path) -> pd.DataFrame:
    """Run a query on a Parquet file; decimals stay decimals, which `.df()` would turn into floats."""
    table: arrow.Table = connexion.sql(requete, params=[str(chemin)]).to_arrow_table()
    cadre: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return cadre
