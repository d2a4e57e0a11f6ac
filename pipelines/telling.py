"""What a command says: first what failed and what to do, then what changed, where to look, and the rest in one line."""

import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from observatoire.journal.writing import read_journal
from observatoire.loading.trial import Essai
from observatoire.machine import refusal_in
from observatoire.receiving.downloads import last_download
from observatoire.releases.standing import AFaire, Situation, situation
from observatoire.settings import HistorySettings
from observatoire.sources import Source, sources
from observatoire.warehouse import NOM_DUCKDB, Entrepot

DETAIL = "derniere_erreur.log"
QUALITES = {
    "a_jour": "à jour",
    "en_retard": "en retard",
    "perime": "périmées",
    "en_echec": "en échec",
    "absente": "sans fichier",
}


def count(nombre: int) -> str:
    """Write a number as a French reader expects it."""
    return f"{nombre:,}".replace(",", " ")


def tell_failures(echecs: Iterable[tuple[str, str]]) -> None:
    """Say what failed in a run, and that what was published stands."""
    for etape, motif in echecs:
        print(f"ÉCHEC ({etape.replace('__', '/')}) : {motif}", file=sys.stderr)
    print("La publication précédente, s'il y en a une, est inchangée.", file=sys.stderr)


def tell_outcome(entrepot: Entrepot, avant: str | None) -> None:
    """Say where a run leaves the observatory; `avant` is the release that stood before."""
    la = situation(entrepot)
    tell_to_do(la.a_faire)
    print(f"Changé      : {_changes(entrepot, la, avant)}")
    _tell_places(entrepot, la)
    _tell_sources(la)
    _tell_look(la)


def tell_to_do(a_faire: Sequence[AFaire]) -> None:
    """List what waits for a person, the worst first."""
    if not a_faire:
        return
    print(f"À faire ({len(a_faire)}) :")
    for chose in a_faire:
        print(f"  {chose.quoi}\n      → {chose.comment}")
    print()


def tell_standing(entrepot: Entrepot, la: Situation, a_faire: Sequence[AFaire]) -> None:
    """Say where the observatory stands, outside of any run."""
    tell_to_do(a_faire)
    _tell_places(entrepot, la)
    _tell_sources(la)
    _tell_look(la)
    if la.en_cours:
        print(f"En cours    : {la.en_cours}")
    if not a_faire:
        print("\nRien à faire.")


def tell_downloads(entrepot: Entrepot, noms: Iterable[str], depuis: str) -> None:
    """Say what a run, begun at `depuis` UTC, brought: what came first, what did not move in one line."""
    tentes = [last_download(entrepot, sources()[nom]) for nom in noms]
    derniers = [dernier for dernier in tentes if dernier is not None and dernier.verifie_le >= depuis]
    arrives = [dernier for dernier in derniers if dernier.etat == "telecharge"]
    for dernier in arrives:
        print(f"{dernier.source} : téléchargé dans raw/{dernier.source}/{dernier.fichier} ({dernier.motif})")
    for dernier in derniers:
        if dernier.etat == "plus_ancien":
            print(f"{dernier.source} : {dernier.motif}")
    if inchanges := [dernier.source for dernier in derniers if dernier.etat == "inchange"]:
        print(f"Inchangé : {', '.join(inchanges)}")
    if arrives:
        print("Le lire  : observatoire actualiser")


def tell_trial(source: Source, fichier: Path, essai: Essai) -> None:
    """Say what would become of a file: the verdict, the counts, then each rule with its first rows."""
    etat = essai.etat
    print(f"{fichier.name} dans {source.nom} : {'REFUSÉ' if essai.est_refuse else 'accepté'}")
    if etat.motif:
        # the rows are below: the folder of the trial is already gone
        ou = f"Chaque ligne et sa raison : warehouse/rejets/{source.nom}.en_echec.csv. "
        print(f"      → {etat.motif.replace(ou, '')}")
    for lu in etat.fichiers:
        print(
            f"{count(lu.lignes_lues)} lues = {count(lu.lignes_retenues)} retenues + {count(lu.lignes_hors_champ)} hors "
            f"champ + {count(lu.lignes_rejetees)} refusées"
        )
        for motif, nombre in sorted(lu.motifs_hors_champ.items()):
            print(f"  hors champ · {motif} : {count(nombre)}")
        if lu.colonnes_inconnues:
            print(f"  colonnes que l'observatoire ne lit pas : {', '.join(lu.colonnes_inconnues)}")
    for regle in sorted(etat.regles, key=lambda r: (r["gravite"], -int(r["size"]))):
        ou = regle["colonne"] or "ligne entière"
        print(f"  {regle['gravite']} · {ou} · {regle['regle']} : {count(regle['size'])}")
        siens = [e for e in essai.exemples if all(e[c] == regle[c] for c in ("gravite", "colonne", "regle"))]
        for exemple in siens:
            valeur = "" if exemple["valeur"] is None else f" (« {exemple['valeur']} »)"
            print(f"      ligne {exemple['ligne']}{valeur} : {exemple['motif']}")
    print("Rien n'a été écrit dans raw/ ni dans warehouse/ ; la comparaison avec les fichiers déjà lus reste à faire.")


def unforeseen(sorte: str, dit: str, trace: str) -> str:
    """Say an error nobody foresaw: what the machine refuses, or a fault of the program; its trace goes to a file."""
    detail = _keep(trace)
    ou = f" Détail technique : {detail}." if detail else ""
    return f"{refusal_in(dit) or f'Erreur du programme ({sorte}) : la transmettre au développeur.'}{ou}"


def _keep(trace: str) -> Path | None:
    """Write a trace where its owner alone reads it: it may quote a value. None when no disk takes it."""
    for dossier in (HistorySettings.from_environment().historique, Path(tempfile.gettempdir())):
        with suppress(OSError):
            dossier.mkdir(parents=True, exist_ok=True)
            chemin = dossier / DETAIL
            chemin.unlink(missing_ok=True)
            with os.fdopen(os.open(chemin, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as flux:
                flux.write(trace)
            return chemin
    return None


def _changes(entrepot: Entrepot, la: Situation, avant: str | None) -> str:
    """Say what the release that stands changes: what its journal says of the one before."""
    if la.publiee is None:
        return "rien n'est publié"
    if la.derniere == avant or la.publiee == avant:
        return "rien, la publication est la même"
    journal = read_journal(entrepot.racine / "releases" / la.publiee)
    return str(journal["resume"]) if journal else "nouvelle publication"


def _tell_places(entrepot: Entrepot, la: Situation) -> None:
    epinglee = f" (épinglée ; la dernière est {la.derniere} : observatoire reprendre)" if la.epinglee else ""
    print(f"Publication : {la.publiee or 'aucune'}{epinglee}")
    if la.publiee:
        print(f"Fichier     : {entrepot.racine / NOM_DUCKDB}")
        print(f"Portrait    : {entrepot.racine / 'portrait' / 'index.html'}")


def _tell_sources(la: Situation) -> None:
    """Say in one line what asks for nothing."""
    lues, retenues, hors_champ, refusees = map(count, la.lignes)
    comptees = ", ".join(f"{la.etats[etat]} {mots}" for etat, mots in QUALITES.items() if la.etats[etat])
    if comptees:
        # of a source that fails, these are the rows of what stands
        en_place = " (celles en échec : à leur dernier bon chargement)" if la.etats["en_echec"] else ""
        print(
            f"Sources     : {comptees} ; {lues} lignes lues = {retenues} retenues + {hors_champ} hors champ "
            f"+ {refusees} refusées{en_place}"
        )


def _tell_look(la: Situation) -> None:
    regarde = f"{la.regarde_le.astimezone():%d/%m/%Y à %H:%M}" if la.regarde_le else "jamais"
    print(f"raw/ lu     : {regarde}")
