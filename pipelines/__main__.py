"""Run a job from the command line: `python -m pipelines [job] [nom…]`.

Names are those of sources for `telecharger`, codes of EPCI for `portraits`. `revenir_a` takes `release=…`,
`retirer_publication` takes `release=… motif=…`; no other job takes anything.

`python -m pipelines deplier [indicateur=… niveau=… code_territoire=… periode=… axe=… modalite=… release=…]` unfolds a
figure and says where.

Ends with what an operator wants to know, in French.
"""

import sys
from collections.abc import Iterable
from typing import Any

import dagster as dg

from observatoire.loading.files import A_CONVERTIR, unknown_folders, unread_files
from observatoire.obstacle import Obstacle
from observatoire.publication.public_tables import summary
from observatoire.publication.unfolded_page import write_unfolding
from observatoire.receiving.download import downloadable, last_download
from observatoire.releases.lifecycle import current_release, pinned_release
from observatoire.settings import Settings
from observatoire.sources import sources
from observatoire.unfolding.figures import CLE, unfold
from observatoire.unfolding.key import complete_key
from observatoire.warehouse import Entrepot
from pipelines.assets import raw_key
from pipelines.definitions import defs

# the jobs that take `champ=valeur`: their op, what it takes, what it cannot do without
CHAMPS = {
    "revenir_a": ("epingler", {"release"}, set()),
    "retirer_publication": ("effacer_publication", {"release", "motif"}, {"release", "motif"}),
}


def main(job: str = "actualiser", *noms: str) -> int:
    """Run a job in this process and tell how it went; return 0 when it succeeded."""
    if job == "deplier":
        return _unfold(noms)
    champs = dict(nom.split("=", 1) for nom in noms if "=" in nom)
    if refus := _refusal(job, noms, champs):
        print(refus, file=sys.stderr)
        return 2
    config: dict[str, Any] = {}
    if job == "portraits":
        config = {"ops": {"ecrire_portraits": {"config": {"codes": list(noms)}}}}
    elif champs:
        config = {"ops": {CHAMPS[job][0]: {"config": champs}}}
    with dg.DagsterInstance.get() as instance:
        resultat = (
            defs()
            .resolve_job_def(job)
            .execute_in_process(
                instance=instance,
                raise_on_error=False,
                asset_selection=[raw_key(sources()[nom]) for nom in noms if job == "telecharger"] or None,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}, **config},
            )
        )
    entrepot = Entrepot(Settings.from_environment())
    _tell(entrepot)
    if job == "telecharger":
        _tell_downloads(entrepot, noms or tuple(downloadable()))
    if job == "portraits" and resultat.success:
        print(f"Portraits   : {entrepot.racine / 'portraits' / 'index.html'}")
    if resultat.success:
        return 0
    for evenement in resultat.all_events:
        if evenement.is_failure and evenement.is_step_event:
            erreur = evenement.step_failure_data
            dit = erreur.user_failure_data.description if erreur.user_failure_data else erreur.error_display_string
            print(f"\nÉCHEC ({evenement.step_key}) : {dit}", file=sys.stderr)
    print("\nLa publication précédente, s'il y en a une, est inchangée.", file=sys.stderr)
    return 1


def _refusal(job: str, noms: tuple[str, ...], champs: dict[str, str]) -> str:
    """Say, in French, what is wrong with what was asked; nothing when nothing is."""
    jobs = sorted(connu.name for connu in defs().resolve_all_job_defs() if not connu.name.startswith("__"))
    if job not in jobs:
        return f"Aucun job ne s'appelle {job}. Jobs : {', '.join(jobs)}."
    if job in CHAMPS:
        _, permis, requis = CHAMPS[job]
        if len(champs) < len(noms) or not requis <= set(champs) <= permis:
            return f"{job} attend {' '.join(f'{champ}=…' for champ in sorted(permis, reverse=True))}."
    elif noms and job not in ("telecharger", "portraits"):
        return f"Le job {job} ne prend rien de plus : il lit toutes les sources de raw/."
    elif job == "telecharger" and (inconnues := [nom for nom in noms if nom not in downloadable()]):
        return (
            f"{', '.join(inconnues)} : rien à télécharger. Sources qui se téléchargent : {', '.join(downloadable())} ; "
            "les autres se déposent dans raw/<source>/."
        )
    return ""


def _unfold(cle: tuple[str, ...]) -> int:
    dite = dict(partie.split("=", 1) for partie in cle if "=" in partie)
    if len(dite) < len(cle) or not set(dite) <= {"release", *CLE}:
        print(f"deplier attend {', '.join(f'{nom}=…' for nom in (*CLE, 'release'))}.", file=sys.stderr)
        return 2
    entrepot = Entrepot(Settings.from_environment())
    try:
        print(write_unfolding(entrepot, unfold(entrepot, *complete_key(entrepot, current_release(entrepot), dite))))
    except Obstacle as erreur:
        print(erreur, file=sys.stderr)
        return 1
    return 0


def _tell(entrepot: Entrepot) -> None:
    """Print one line per source, then where the release is."""
    for ligne in summary(entrepot).to_dict("records"):
        print(
            f"{ligne['source']:<26} {ligne['etat']:<9} {ligne['nature']:<13} {ligne['lignes_lues']:>9} lues = "
            f"{ligne['lignes_retenues']} retenues + {ligne['lignes_hors_champ']} hors champ "
            f"+ {ligne['lignes_rejetees']} rejetées"
        )
        if ligne["motif"]:
            print(f"{'':<26} → {ligne['motif']}")
    for source in sources().values():
        for inconnu in unread_files(entrepot.settings, source):
            print(f"raw/{source.nom}/{inconnu} : format non lu. {A_CONVERTIR}")
    for inconnu in unknown_folders(entrepot.settings):
        print(f"raw/{inconnu} n'est lu par aucune source : vérifier le nom du dossier.")
    epinglee = " (épinglée)" if pinned_release(entrepot) else ""
    print(f"\nPublication : {current_release(entrepot) or 'aucune'}{epinglee}")
    print(f"Fichier     : {entrepot.racine / 'observatoire.duckdb'}")
    print(f"Portrait    : {entrepot.racine / 'portrait' / 'index.html'}")


def _tell_downloads(entrepot: Entrepot, noms: Iterable[str]) -> None:
    """Print what became of each download, and what to do next."""
    print()
    for nom in noms:
        if (resultat := last_download(entrepot, sources()[nom])) is not None:
            la = f" → raw/{nom}/{resultat.fichier}" if resultat.fichier else ""
            print(f"{nom:<26} {resultat.etat:<11}{la}\n{'':<26} → {resultat.motif}")
            if resultat.etat == "telecharge":
                print(f"{'':<26} → make run le lira")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
