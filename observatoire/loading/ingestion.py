"""Loading a source: read, sorted, counted, written; or refused whole, its last good table left as it was.

``lues = retenues + hors_champ + rejetees`` for every file, always. What a valid row is belongs to each source.
"""

import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as arrow
from pyarrow import parquet

from observatoire.judging import COLONNES_REJETS, VIDE
from observatoire.loading import batches, bulk
from observatoire.loading.accumulation import by_accumulation, coverage_of, file_record, too_soon
from observatoire.loading.batches import FichierEnFaute
from observatoire.loading.columns import check_columns, filled, matched
from observatoire.loading.files import (
    Fichier,
    FichierMouvant,
)
from observatoire.loading.foreseen import Prevue, empty_version, foresee
from observatoire.loading.letters import write_letters
from observatoire.loading.periods import conflicts, producer_of
from observatoire.loading.rejects import write_csv
from observatoire.loading.volumes import check_volumes, how_to_accept, to_accept
from observatoire.loading.whole_table import whole_table_flags
from observatoire.machine import MachineRefuse, refusal_in, stops_everything
from observatoire.obstacle import Obstacle
from observatoire.schemas import ENTIER, TEXTE
from observatoire.sources import Source
from observatoire.sources.states import Etat, FichierLu, keep_state, schema_of, state_of
from observatoire.warehouse import Entrepot, memory_database, utc_now

REJETS = arrow.schema(
    [
        ("fichier", TEXTE),
        *[(colonne, ENTIER if colonne == "ligne" else TEXTE) for colonne in COLONNES_REJETS],
        ("ligne_complete", TEXTE),
    ]
)


class ChargementRefuse(Obstacle):
    """Rows that were read, and must not replace the last good ones.

    Attributes:
        regles: failures by rule of the attempt.
    """

    def __init__(self, motif: str, regles: list[dict[str, Any]]) -> None:
        """Keep the rules beside the reason."""
        super().__init__(motif)
        self.regles = regles


def load_source(entrepot: Entrepot, source: Source) -> Etat:
    """Load a source if its files, its rules or its code changed; never leave less than there was.

    Returns:
        The state, `en_echec` with its reason when the files were refused whole, or when the code of the source failed:
        one source must not stop the others.

    Raises:
        MachineRefuse: the disk is full, read-only or failing: no file is to blame, and nothing can be written.
    """
    precedent, prevue = state_of(entrepot, source), None
    try:
        prevue = foresee(entrepot, source, precedent, attend=True)
        etat = _load(entrepot, source, precedent, prevue)
    except Exception as erreur:
        if stops_everything(erreur):
            raise MachineRefuse(f"{source.nom} n'a pas pu être lue : {refusal_in(str(erreur))}") from erreur
        motif = str(erreur) if isinstance(erreur, Obstacle) else _unexpected(source, erreur)
        en_place = entrepot.version(schema_of(source), source.nom)
        if en_place is None:
            precedent = _empty(entrepot, source)
        elif precedent is None:  # its state was deleted, not its table: kept, but what it covers is no longer known
            precedent = Etat(source.nom, "en_echec", en_place, source.nature, "aucune")
        deja = precedent.etat == "en_echec" and precedent.depuis
        regles = erreur.regles if isinstance(erreur, ChargementRefuse) else []
        # what the machine or a copy under way made fail is no judgement of these files
        est_juge = isinstance(erreur, Obstacle) and not isinstance(erreur, FichierMouvant)
        essai = prevue.version if prevue is not None and est_juge else ""
        constat = {"etat": "en_echec", "motif": motif, "depuis": deja or utc_now(), "regles": regles, "essai": essai}
        etat = Etat(**{**vars(precedent), **constat})
    keep_state(entrepot, etat)
    return etat


def _unexpected(source: Source, erreur: Exception) -> str:
    """Say what the machine refuses, else where the code failed, without the words of the error: they quote values."""
    if refus := refusal_in(str(erreur)):
        return f"{source.nom} : {refus} Le dernier chargement est gardé."
    derniere = traceback.extract_tb(erreur.__traceback__)[-1]
    lieu = f"{Path(derniere.filename).name}, ligne {derniere.lineno}"
    return (
        f"{source.nom} : erreur du programme ({type(erreur).__name__}, {lieu}). "
        "Le dernier chargement est gardé ; transmettre ce message au développeur."
    )


def _empty(entrepot: Entrepot, source: Source, motif: str = "") -> Etat:
    """Write an empty table, so that what reads the source runs and finds nothing covered."""
    version = empty_version(source)
    _write(entrepot, source, iter([]), {"version": version, "nature": source.nature, "couverture": "aucune"})
    return Etat(source.nom, "absente", version, source.nature, "aucune", motif)


def _load(entrepot: Entrepot, source: Source, precedent: Etat | None, prevue: Prevue) -> Etat:
    if not prevue.fichiers:
        return _empty(entrepot, source, prevue.motif)
    trouves, acceptes, version = list(prevue.fichiers), set(prevue.acceptes), prevue.version
    en_place = entrepot.version(schema_of(source), source.nom)
    if precedent is not None and precedent.etat == "a_jour" and precedent.version == version == en_place:
        return precedent

    for dernier_echec in (entrepot.racine / "rejets").glob(f"{source.nom}.en_echec.*"):
        dernier_echec.unlink()
    retenus, ecartes = by_accumulation(trouves, source)
    fautes = conflicts(retenus, source.nom) if source.cumul == "par_periode" else {}
    fautes |= {producer_of(fichier.nom): motif for fichier, motif in too_soon(retenus, source)}
    if fautes and source.cumul != "par_periode":
        raise Obstacle(" ".join(fautes.values()))
    with entrepot.replacing(entrepot.path_of(schema_of(source), source.nom)) as provisoire:
        try:
            lus, rejets, autres = _load_producers(
                entrepot, source, retenus, precedent, provisoire, fautes, version, acceptes
            )
            rejets += whole_table_flags(provisoire, source.table)
        finally:
            # before any other reproach: what half a copy says is no fault of its producer
            for fichier in trouves:
                fichier.check_unchanged()
        tous = pd.concat([*rejets, VIDE.assign(fichier="", ligne_complete="")], ignore_index=True)
        etat = Etat(
            source=source.nom,
            etat="en_echec" if fautes else "a_jour",
            motif=" ".join(fautes.values()),
            depuis=(precedent and precedent.depuis or utc_now()) if fautes else None,
            version=version,
            **_carried(source, retenus, lus),
            charge_le=utc_now(),
            fichiers=[*lus, *(file_record(fichier, source, sort) for fichier, sort in ecartes)],
            jusqu_au=_latest(provisoire, source),
            regles=tous.groupby(["colonne", "regle", "gravite"], as_index=False).size().to_dict("records"),  # type: ignore[arg-type]
            acceptations=sorted(acceptes),
            essai=version if fautes else "",
            remplissage=filled(provisoire, source.table),
            rapprochement=matched(provisoire, source.table),
        )
        est_accepte = to_accept(retenus, precedent) <= acceptes
        try:
            check_volumes(etat, precedent, source, est_accepte, tous)
            if not est_accepte:
                check_columns(provisoire, etat, precedent, source, how_to_accept(source))
        except Obstacle as erreur:
            _write_rejects(entrepot, f"{source.nom}.en_echec", tous)
            write_letters(entrepot, source, etat.fichiers, tous)
            raise ChargementRefuse(str(erreur), etat.regles) from None
    _write_rejects(entrepot, source.nom, tous)
    en_cause = pd.concat([tous, *(rejets_en_cause for _, rejets_en_cause in autres)], ignore_index=True)
    if autres:
        _write_rejects(entrepot, f"{source.nom}.en_echec", en_cause)
    lettres = {lu.fichier: lu for lus_ecrits in (etat.fichiers, *(siens for siens, _ in autres)) for lu in lus_ecrits}
    write_letters(entrepot, source, lettres.values(), en_cause)
    return etat


def _load_producers(
    entrepot: Entrepot,
    source: Source,
    retenus: list[Fichier],
    precedent: Etat | None,
    provisoire: Path,
    fautes: dict[str, str],
    version: str,
    acceptes: set[str],
) -> tuple[list[FichierLu], list[pd.DataFrame], list[tuple[list[FichierLu], pd.DataFrame]]]:
    """Load the files; where each producer has its folder, one that fails keeps its last good rows, alone.

    `fautes`, the French reason by producer that fails, is completed here.

    Returns:
        The files, the rejects, and the files and rejects of the producers whose rows were read, and refused.

    Raises:
        Obstacle: no producer is left.
    """
    load_rows = bulk.load_rows if source.volumineuse else batches.load_rows
    separes = source.cumul == "par_periode" and len({producer_of(fichier.nom) for fichier in retenus}) > 1
    refuses: list[tuple[list[FichierLu], pd.DataFrame]] = []
    while True:
        bons = [fichier for fichier in retenus if producer_of(fichier.nom) not in fautes]
        if not bons:
            if refuses:
                en_cause = pd.concat([rejets_en_cause for _, rejets_en_cause in refuses], ignore_index=True)
                _write_rejects(entrepot, f"{source.nom}.en_echec", en_cause)
                write_letters(entrepot, source, [lu for siens, _ in refuses for lu in siens], en_cause)
            raise Obstacle(" ".join(fautes.values()))
        lus = [file_record(fichier, source) for fichier in bons]

        def dire(bons: list[Fichier] = bons, lus: list[FichierLu] = lus) -> dict[str, Any]:
            return {"version": version, **_carried(source, bons, lus)}

        try:
            rejets = load_rows(entrepot, source, list(zip(bons, lus, strict=True)), provisoire, dire)
        except FichierEnFaute as erreur:
            if not separes:
                raise
            fautes[producer_of(erreur.fichier)] = str(erreur)
            continue
        nouvelles = _volume_faults(source, bons, lus, rejets, precedent, acceptes) if separes else {}
        if not nouvelles:
            break
        tous = pd.concat([*rejets, VIDE.assign(fichier="", ligne_complete="")], ignore_index=True)
        for producteur in nouvelles:
            siens = [lu for lu in lus if producer_of(lu.fichier) == producteur]
            refuses.append((siens, tous[tous["fichier"].isin([lu.fichier for lu in siens])]))
        fautes |= nouvelles
    if fautes:
        lus += _keep_last_good(entrepot, source, retenus, precedent, provisoire, set(fautes), version, lus)
    return lus, rejets, refuses


def _carried(source: Source, fichiers: list[Fichier], lus: list[FichierLu]) -> dict[str, Any]:
    """Return what the table says of its rows: their nature, and what they are complete for."""
    nature = "demonstration" if any(lu.nature == "demonstration" for lu in lus) else source.nature
    return {"nature": nature, "couverture": coverage_of(fichiers, source, sum(lu.lignes_lues for lu in lus))}


def _volume_faults(
    source: Source,
    fichiers: list[Fichier],
    lus: list[FichierLu],
    rejets: list[pd.DataFrame],
    precedent: Etat | None,
    acceptes: set[str],
) -> dict[str, str]:
    """Judge the volumes of each producer apart: one that refuses everything would be lost among the others."""
    fautes = {}
    tous = pd.concat([*rejets, VIDE.assign(fichier="")], ignore_index=True)
    for producteur in sorted({producer_of(lu.fichier) for lu in lus}):
        siens = [lu for lu in lus if producer_of(lu.fichier) == producteur]
        ses_rejets = tous[tous["fichier"].isin([lu.fichier for lu in siens])]
        regles: Any = ses_rejets.groupby(["colonne", "regle", "gravite"], as_index=False).size().to_dict("records")
        nature = "demonstration" if any(lu.nature == "demonstration" for lu in lus) else source.nature
        etat = Etat(source.nom, "a_jour", "", nature, "lignes", fichiers=siens, regles=regles)
        avant = None
        if precedent is not None:
            anciens = [lu for lu in precedent.fichiers if producer_of(lu.fichier) == producteur]
            avant = Etat(**{**vars(precedent), "fichiers": anciens, "jusqu_au": None})
        ses_fichiers = [fichier for fichier in fichiers if producer_of(fichier.nom) == producteur]
        try:
            check_volumes(etat, avant, source, to_accept(ses_fichiers, avant) <= acceptes, ses_rejets)
        except Obstacle as erreur:
            fautes[producteur] = str(erreur)
    return fautes


def _keep_last_good(
    entrepot: Entrepot,
    source: Source,
    retenus: list[Fichier],
    precedent: Etat | None,
    provisoire: Path,
    producteurs: set[str],
    version: str,
    lus: list[FichierLu],
) -> list[FichierLu]:
    """Add to a table the rows its failing producers have in the table in place; return their files, `en_echec`."""
    en_place = entrepot.path_of(schema_of(source), source.nom)
    anciens = [lu for lu in precedent.fichiers if producer_of(lu.fichier) in producteurs] if precedent else []
    if anciens and en_place.exists():
        neuves, gardees = (
            parquet.read_table(chemin).to_pandas(types_mapper=pd.ArrowDtype) for chemin in (provisoire, en_place)
        )
        gardees = gardees[gardees["_fichier"].map(producer_of).isin(producteurs)]
        lots = iter([neuves, gardees.reindex(columns=neuves.columns)])
        dit = {"version": version, **_carried(source, retenus, [*lus, *anciens])}
        entrepot.write_batches(provisoire, source.table.arrow(), lots, dit)
    deja = {producer_of(lu.fichier) for lu in anciens}
    nouveaux = [f for f in retenus if producer_of(f.nom) in producteurs - deja]
    return [
        *(replace(lu, etat="en_echec") for lu in anciens),
        *(file_record(fichier, source, "en_echec") for fichier in nouveaux),
    ]


def _latest(chemin: Path, source: Source) -> str | None:
    """Return the latest day the rows speak of, where the source says which column tells."""
    if not source.fraicheur:
        return None
    with memory_database() as connexion:
        # a date to come, mistyped, must not bar every later file
        jour = f"max({source.fraicheur}) FILTER ({source.fraicheur} <= current_date + 1)"
        requete = f"SELECT {jour}::VARCHAR FROM read_parquet(?)"
        ((jour,),) = connexion.execute(requete, [str(chemin)]).fetchall()
    return None if jour is None else str(jour)


def _write(entrepot: Entrepot, source: Source, lots: Iterator[pd.DataFrame], dit: dict[str, Any]) -> None:
    with entrepot.replacing(entrepot.path_of(schema_of(source), source.nom)) as chemin:
        entrepot.write_batches(chemin, source.table.arrow(), lots, dit)


def _write_rejects(entrepot: Entrepot, nom: str, rejets: pd.DataFrame) -> None:
    chemin = entrepot.racine / "rejets" / f"{nom}.parquet"
    with entrepot.replacing(chemin) as provisoire:
        ordonnes = rejets.sort_values(["fichier", "ligne", "colonne", "regle"])
        entrepot.write_batches(provisoire, REJETS, iter([ordonnes.reindex(columns=REJETS.names)]))
    with entrepot.replacing(chemin.with_suffix(".csv")) as provisoire:
        write_csv(chemin, provisoire)
