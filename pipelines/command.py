"""The command `observatoire`: what it does, and the one place where an error becomes a sentence and an exit code.

It needs no variable and no folder to stand in. Dagster takes seconds to load: only what runs a job loads it.
"""

import argparse
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from observatoire.declarations import nearest
from observatoire.machine import check_readable, check_writable, refusal_in
from observatoire.obstacle import Obstacle
from observatoire.settings import HistorySettings, Settings
from pipelines.parsing import MotsIncompris, command_names, of_today, parser

INCOMPRIS = 2
ARRETS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
# those that no command runs under its own name; the schedules have one each besides
AUTRES_JOBS = ("purger_registre", "recalculer_indicateurs", "retrotester", "tout_recalculer")
INTERROMPU = "Interrompu : ce qui était publié est inchangé. Relancer la même commande reprend le travail."


def main(mots: Sequence[str] | None = None) -> int:
    """Run what is typed, and return the code to exit with: no trace reaches a person, no output breaks a success."""
    for flux in (sys.stdout, sys.stderr):
        if hasattr(flux, "reconfigure"):
            flux.reconfigure(errors="replace")  # « → » does not exist everywhere
    with _signals() as recu:
        return _finish(_outcome(list(sys.argv[1:] if mots is None else mots), recu))


def _outcome(mots: list[str], recu: Callable[[], int]) -> int:
    """Do what is typed; return its code, whatever happens."""
    try:
        try:
            return _obey(mots)
        except SystemExit as fin:
            return int(fin.code or 0)
        except BrokenPipeError:  # who read has left: `| head`
            return 128 + signal.SIGPIPE
        except MotsIncompris as refus:
            print(refus, file=sys.stderr)
            return INCOMPRIS
        except Obstacle as refus:
            print(refus, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print(f"\n{INTERROMPU}", file=sys.stderr)
            return 128 + recu()
        except Exception as erreur:
            from pipelines.telling import unforeseen

            print(unforeseen(type(erreur).__name__, str(erreur), traceback.format_exc()), file=sys.stderr)
            return 1
    except OSError:  # even that could not be said
        return 1


def _finish(code: int) -> int:
    """Write what is still to be written; an output nobody reads any more takes nothing from what was done."""
    for flux, autre in ((sys.stdout, sys.stderr), (sys.stderr, None)):
        try:
            flux.flush()
        except OSError as erreur:
            os.dup2(os.open(os.devnull, os.O_WRONLY), flux.fileno())
            if not isinstance(erreur, BrokenPipeError):
                code = code or 1
                with suppress(OSError):
                    print(f"La sortie n'a pas pu être écrite : {refusal_in(str(erreur)) or erreur}", file=autre)
    return code


@contextmanager
def _signals() -> Iterator[Callable[[], int]]:
    """Let a person, or a service, stop what runs; give what tells the signal that was received.

    Dagster puts handlers of its own in place of any: the number is read where the system writes it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: signal.SIGINT
        return
    lu, ecrit = os.pipe()
    os.set_blocking(lu, False)
    os.set_blocking(ecrit, False)
    avant = signal.set_wakeup_fd(ecrit, warn_on_full_buffer=False)
    # a terminal that is closed stops what runs in it, unless it was asked to go on (nohup)
    suivis = [numero for numero in ARRETS if signal.getsignal(numero) != signal.SIG_IGN]
    anciens = {numero: signal.signal(numero, _interrupt) for numero in suivis}

    def recu() -> int:
        with suppress(BlockingIOError):
            return next((numero for numero in os.read(lu, 64) if numero in anciens), signal.SIGINT)
        return signal.SIGINT

    try:
        yield recu
    finally:
        for numero, ancien in anciens.items():
            signal.signal(numero, ancien)
        signal.set_wakeup_fd(avant)
        os.close(lu)
        os.close(ecrit)


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _obey(mots: list[str]) -> int:
    """Understand what is typed, and do it."""
    analyseur = parser()
    connues = command_names(analyseur)
    dits = of_today(mots or ["actualiser"])
    if dits[0] not in connues and not dits[0].startswith("-"):
        return _run_named(mots, connues)
    args = analyseur.parse_args(dits)
    return COMMANDES[args.commande](args)


def _run_named(mots: list[str], commandes: list[str]) -> int:
    """Run a job that is no command: those of the schedules, those few people need."""
    from observatoire.sources import sources

    autres = [*AUTRES_JOBS, *sorted({f"actualiser_{s.cadence}" for s in sources().values() if s.cadence})]
    if mots[0] not in autres:
        raise MotsIncompris(
            f"Aucune commande ne s'appelle {mots[0]}.{nearest(mots[0], [*commandes, *autres])} "
            f"Commandes : {', '.join(commandes)}. Jobs : {', '.join(autres)}."
        )
    _say(mots[0])
    if mots[1:]:
        raise MotsIncompris(f"Le job {mots[0]} ne prend rien de plus : il lit toutes les sources de raw/.")
    return _run_job(mots[0])


def _say(commande: str) -> None:
    """Say at once what begins: loading what it needs takes seconds."""
    print(f"Observatoire : {commande}…", file=sys.stderr, flush=True)


def _run(args: argparse.Namespace) -> int:
    _say(args.commande)
    return _run_job(args.commande)


def _run_job(job: str, config: dict[str, Any] | None = None, sources: Sequence[str] = ()) -> int:
    """Run a job where it may write, then say where it leaves things."""
    settings = Settings.from_environment()
    for dossier in (settings.warehouse, settle_history().historique, *([settings.raw] if job == "telecharger" else [])):
        check_writable(dossier)
    from observatoire.releases.lifecycle import current_release
    from observatoire.sources import sources as declarees
    from observatoire.warehouse import Entrepot, utc_now
    from pipelines import telling
    from pipelines.assets import raw_key
    from pipelines.running import run_job

    entrepot = Entrepot(settings)
    avant, debut = current_release(entrepot), utc_now()
    issue = run_job(job, config or {}, [raw_key(declarees()[nom]) for nom in sources])
    if not issue.reussie:
        telling.tell_failures(issue.echecs)
    elif job == "portraits":
        print(f"Portraits   : {entrepot.racine / 'portraits' / 'index.html'}")
    if job == "telecharger":
        from observatoire.receiving.downloads import downloadable

        telling.tell_downloads(entrepot, sources or tuple(downloadable()), debut)
    else:
        telling.tell_outcome(entrepot, avant)
    return 0 if issue.reussie else 1


def settle_history() -> HistorySettings:
    """Tell Dagster, which reads the environment, where its settings and its history are.

    Raises:
        Obstacle: its settings are not where they are said to be.
    """
    ici = HistorySettings.from_environment()
    if not ici.accueil.is_dir():
        raise Obstacle(
            f"DAGSTER_HOME dit {ici.accueil}, qui n'est pas un dossier. Lui donner celui de dagster.yaml, "
            "ou l'enlever (unset DAGSTER_HOME) : sans lui, c'est celui de l'observatoire."
        )
    os.environ["DAGSTER_HOME"] = str(ici.accueil)
    os.environ["OBSERVATOIRE_HISTORIQUE"] = str(ici.historique)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    return ici


def _refresh(args: argparse.Namespace) -> int:
    """Do what there is to do; nothing, and Dagster is not even loaded."""
    _say(args.commande)
    settings = Settings.from_environment()
    for dossier in (settings.warehouse, settle_history().historique):
        check_writable(dossier)
    from observatoire.loading.files import close_restricted
    from observatoire.releases.lifecycle import current_release
    from observatoire.releases.work import note_look, work_left
    from observatoire.warehouse import Entrepot

    close_restricted(settings)
    entrepot = Entrepot(settings)
    avant, travail = current_release(entrepot), work_left(entrepot)
    note_look(entrepot, est_a_jour=not travail.noms)
    echecs = []
    if travail.noms:
        from pipelines.running import run_refresh

        echecs = run_refresh(entrepot, travail).echecs
    from pipelines import telling

    if echecs:
        telling.tell_failures(echecs)
    telling.tell_outcome(entrepot, avant)
    return 1 if echecs else 0


def _download(args: argparse.Namespace) -> int:
    _say("telecharger")
    from observatoire.receiving.downloads import downloadable

    if inconnues := [nom for nom in args.sources if nom not in downloadable()]:
        raise MotsIncompris(
            f"{', '.join(inconnues)} : rien à télécharger. Sources qui se téléchargent : {', '.join(downloadable())} ; "
            "les autres se déposent dans raw/<source>/."
        )
    return _run_job("telecharger", sources=args.sources)


def _try(args: argparse.Namespace) -> int:
    _say(f"essai de {args.fichier.name}")
    from observatoire.loading.trial import try_file
    from observatoire.sources import sources
    from pipelines.telling import tell_trial

    if args.source not in sources():
        raise MotsIncompris(f"Aucune source ne s'appelle {args.source}. Sources : {', '.join(sources())}.")
    essai = try_file(Settings.from_environment(), sources()[args.source], args.fichier)
    tell_trial(sources()[args.source], args.fichier, essai)
    return 1 if essai.est_refuse else 0


def _unfold(args: argparse.Namespace) -> int:
    _say("deplier")
    from observatoire.publication.unfolded_page import write_unfolding
    from observatoire.releases.lifecycle import current_release
    from observatoire.unfolding.figures import CLE, unfold
    from observatoire.unfolding.key import complete_key
    from observatoire.warehouse import Entrepot

    dite = dict(partie.split("=", 1) for partie in args.cle if "=" in partie)
    if len(dite) < len(args.cle) or not set(dite) <= {"release", *CLE}:
        raise MotsIncompris(f"deplier attend {', '.join(f'{nom}=…' for nom in (*CLE, 'release'))}.")
    entrepot = Entrepot(Settings.from_environment())
    check_writable(entrepot.racine)
    print(write_unfolding(entrepot, unfold(entrepot, *complete_key(entrepot, current_release(entrepot), dite))))
    return 0


def _portraits(args: argparse.Namespace) -> int:
    _say("portraits")
    return _run_job("portraits", {"ecrire_portraits": {"config": {"codes": args.codes}}})


def _roll_back(args: argparse.Namespace) -> int:
    _say("revenir-a")
    return _run_job("revenir_a", {"epingler": {"config": {"release": args.publication}}})


def _retract(args: argparse.Namespace) -> int:
    _say("retirer")
    from observatoire.releases.retraction_word import retraction_word
    from observatoire.warehouse import Entrepot

    entrepot = Entrepot(Settings.from_environment())
    check_writable(entrepot.racine)
    # whoever runs this reads the files of the machine: the word shows nothing more
    config = {"release": args.publication, "motif": args.motif, "mot": retraction_word(entrepot)}
    return _run_job("retirer_publication", {"effacer_publication": {"config": config}})


def _serve(args: argparse.Namespace) -> int:
    _say("interface")
    settle_history()
    from pipelines.interface import serve

    return serve(port=args.port, lecture_seule=args.lecture_seule)


def _stand(_: argparse.Namespace) -> int:
    _say("etat")
    from observatoire.releases.lifecycle import unpublished
    from observatoire.releases.retraction_word import written_word
    from observatoire.releases.standing import AFaire, situation
    from observatoire.warehouse import Entrepot
    from pipelines.telling import tell_standing

    entrepot = Entrepot(Settings.from_environment())
    for dossier in (entrepot.racine, entrepot.racine / "etats"):
        check_readable(dossier)
    la = situation(entrepot)
    a_faire = list(la.a_faire)
    if la.regarde_le is not None and (pourquoi := unpublished(entrepot)) is not None:
        a_faire.append(AFaire("ce qui est publié n'est pas ce que l'entrepôt contient", pourquoi))
    tell_standing(entrepot, la, a_faire)
    if mot := written_word(entrepot):
        print(f"\nMot de retrait, que l'interface demande pour retirer une publication : {mot}")
    return 1 if a_faire else 0


COMMANDES: dict[str, Callable[[argparse.Namespace], int]] = {
    "actualiser": _refresh,
    "telecharger": _download,
    "essayer": _try,
    "deplier": _unfold,
    "portraits": _portraits,
    "revenir-a": _roll_back,
    "reprendre": _run,
    "retirer": _retract,
    "interface": _serve,
    "etat": _stand,
}
