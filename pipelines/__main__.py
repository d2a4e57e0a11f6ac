"""Run a job from the command line: `python -m pipelines [job] [source…]`, sources being for `telecharger` only.

`python -m pipelines deplier [indicateur=… niveau=… code_territoire=… periode=… axe=… modalite=… release=…]` unfolds a
figure and says where.

Ends with what an operator wants to know, in French.
"""

import sys
from collections.abc import Iterable

import dagster as dg

from observatoire.download import downloadable, last_download
from observatoire.evidence import PreuvesAbsentes
from observatoire.publication.public_tables import summary
from observatoire.publication.unfolded_page import complete_key, write_unfolding
from observatoire.releases import current_release, pinned_release
from observatoire.settings import Settings
from observatoire.sources import sources
from observatoire.unfolding import CLE, DepliageImpossible, unfold
from observatoire.warehouse import Entrepot
from pipelines.assets import raw_key
from pipelines.definitions import defs


def main(job: str = "actualiser", *noms: str) -> int:
    """Run a job in this process and tell how it went; return 0 when it succeeded."""
    if job == "deplier":
        return _unfold(noms)
    choisies = noms or tuple(downloadable())
    if noms and job != "telecharger":
        print(f"Le job {job} ne prend pas de source : il lit toutes celles de raw/.", file=sys.stderr)
        return 2
    if inconnues := [nom for nom in noms if nom not in downloadable()]:
        print(
            f"{', '.join(inconnues)} : rien à télécharger. Sources qui se téléchargent : {', '.join(downloadable())} ; "
            "les autres se déposent dans raw/<source>/.",
            file=sys.stderr,
        )
        return 2
    with dg.DagsterInstance.get() as instance:
        resultat = (
            defs()
            .resolve_job_def(job)
            .execute_in_process(
                instance=instance,
                raise_on_error=False,
                asset_selection=[raw_key(sources()[nom]) for nom in noms] or None,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        )
    entrepot = Entrepot(Settings.from_environment())
    _tell(entrepot)
    if job == "telecharger":
        _tell_downloads(entrepot, choisies)
    if resultat.success:
        return 0
    for evenement in resultat.all_events:
        if evenement.is_failure and evenement.is_step_event:
            erreur = evenement.step_failure_data
            dit = erreur.user_failure_data.description if erreur.user_failure_data else erreur.error_display_string
            print(f"\nÉCHEC ({evenement.step_key}) : {dit}", file=sys.stderr)
    print("\nLa publication précédente est inchangée.", file=sys.stderr)
    return 1


def _unfold(cle: tuple[str, ...]) -> int:
    dite = dict(partie.split("=", 1) for partie in cle if "=" in partie)
    if len(dite) < len(cle) or not set(dite) <= {"release", *CLE}:
        print(f"deplier attend {', '.join(f'{nom}=…' for nom in (*CLE, 'release'))}.", file=sys.stderr)
        return 2
    entrepot = Entrepot(Settings.from_environment())
    try:
        print(write_unfolding(entrepot, unfold(entrepot, *complete_key(entrepot, dite))))
    except (DepliageImpossible, PreuvesAbsentes) as erreur:
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
    connus = set(sources()) | {"README.md"}
    for inconnu in sorted(chemin.name for chemin in entrepot.settings.raw.glob("[!.]*") if chemin.name not in connus):
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
