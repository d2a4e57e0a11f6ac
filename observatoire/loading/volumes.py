"""Volumes of a load, judged against its ceiling of refusals and the last good load.

What people accept of them is read in `foreseen`.
"""

from pathlib import Path

import pandas as pd

from observatoire.loading.files import Fichier
from observatoire.obstacle import Obstacle
from observatoire.sources import Source
from observatoire.sources.states import Etat, FichierLu


def to_accept(retenus: list[Fichier], precedent: Etat | None) -> set[str]:
    """Return the hashes a person has to accept: those of the new files, of all when none is new."""
    presents = {fichier.sha256 for fichier in retenus}
    connus = {lu.sha256 for lu in precedent.fichiers} if precedent is not None else set()
    return presents - connus or presents


def how_to_accept(source: Source) -> str:
    """Say in French what a person does of a load that is refused."""
    return f"Corriger le fichier, ou l'accepter par une entrée (sha256, raison) dans raw/{source.nom}/acceptations.yml."


def check_volumes(
    etat: Etat, precedent: Etat | None, source: Source, accepte: bool, rejets: pd.DataFrame
) -> None:
    """Refuse a load with too many refusals, or much smaller than the last good one, unless a person accepted it."""
    if accepte:
        return
    lues = sum(lu.lignes_lues for lu in etat.fichiers)
    rejetees = sum(lu.lignes_rejetees for lu in etat.fichiers)
    accepter = how_to_accept(source)
    if lues == 0:
        raise Obstacle(
            f"{source.nom} : aucun enregistrement sous l'en-tête. Déposer le fichier complet, puis relancer."
        )
    if rejetees > lues * source.plafond_rejets_pct / 100:
        raise Obstacle(
            f"{source.nom} : {rejetees} {'lignes refusées' if rejetees > 1 else 'ligne refusée'} sur {lues}, au-delà "
            f"du plafond de {source.plafond_rejets_pct:g} % ; {_most_refused(etat, rejets)}. Chaque ligne et sa raison "
            f": warehouse/rejets/{source.nom}.en_echec.csv. {accepter}"
        )
    if precedent is None or precedent.charge_le is None or precedent.nature != etat.nature:
        return
    if precedent.jusqu_au and etat.jusqu_au and etat.jusqu_au < precedent.jusqu_au:
        raise Obstacle(
            f"{source.nom} : ce fichier s'arrête au {etat.jusqu_au}, les données en place au {precedent.jusqu_au}. "
            f"Un fichier plus ancien n'en remplace pas un plus récent. {accepter}"
        )
    if source.cumul == "par_periode":
        _check_each_period(etat, precedent, source, accepter)
    plancher = precedent.lignes_retenues * source.plancher_pct / 100
    if etat.lignes_retenues < plancher:
        raise Obstacle(
            f"{source.nom} : {etat.lignes_retenues} lignes retenues, {precedent.lignes_retenues} au dernier chargement "
            f"(plancher {source.plancher_pct:g} %). Fichier tronqué ? {accepter}"
        )


def _most_refused(etat: Etat, rejets: pd.DataFrame) -> str:
    """Say the file that has most refusals, their most common rule and its most common reason."""
    pire = max(etat.fichiers, key=lambda lu: lu.lignes_rejetees)
    refus = [regle for regle in etat.regles if regle["gravite"] == "refus"]
    if not refus:
        return f"surtout dans {pire.fichier}"
    regle = max(refus, key=lambda regle: regle["size"])
    motifs = rejets.loc[(rejets["gravite"] == "refus") & (rejets["regle"] == regle["regle"]), "motif"]
    colonne = regle["colonne"] or "aucune"
    return f"surtout dans {pire.fichier}, colonne {colonne}, règle {regle['regle']} ({motifs.mode()[0]})"


def _check_each_period(etat: Etat, precedent: Etat, source: Source, accepter: str) -> None:
    """Refuse a file much smaller than the one of its producer and year it replaces: other years would hide it."""

    def par_annee(lus: list[FichierLu]) -> dict[tuple[str, str], FichierLu]:
        lues = [lu for lu in lus if lu.etat in ("lu", "a_completer", "en_echec")]
        return {(str(Path(lu.fichier).parent), lu.millesime[:4] or lu.fichier): lu for lu in lues}

    avant = par_annee(precedent.fichiers)
    for periode, lu in par_annee(etat.fichiers).items():
        if periode in avant and lu.lignes_retenues < avant[periode].lignes_retenues * source.plancher_pct / 100:
            raise Obstacle(
                f"{lu.fichier} : {lu.lignes_retenues} lignes retenues, {avant[periode].lignes_retenues} au dernier "
                f"chargement (plancher {source.plancher_pct:g} %). Fichier tronqué ? {accepter}"
            )
