"""What `observatoire` understands, and its help. What each command does belongs to `command`."""

import argparse
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

from observatoire.obstacle import Obstacle

# what argparse says, in English, of what was typed
FAUTES = {
    r"the following arguments are required: (.+)": "il manque {}",
    r"unrecognized arguments: (.+)": "« {} » est en trop",
    r"argument (\S+): expected one argument": "{} attend une valeur",
    r"argument (\S+): invalid _port value: (.+)": "{} attend un nombre de 1 à 65535, pas {}",
}


class _Mise(argparse.RawDescriptionHelpFormatter):
    """The help of argparse, its own words in French."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=20)

    def add_usage(self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, "usage : " if prefix is None else prefix)


class Analyseur(argparse.ArgumentParser):
    """The parser of argparse, its own words in French."""

    def __init__(self, **options: Any) -> None:
        """Prepare a parser with `--help`."""
        super().__init__(**options, formatter_class=_Mise, add_help=False, allow_abbrev=False)
        self._positionals.title, self._optionals.title = "à donner", "réglages"
        self.add_argument("-h", "--help", action="help", help="affiche cette aide")

    def error(self, message: str) -> NoReturn:
        """Say what was not understood, and where the help is."""
        dites = (mots.format(*vu.groups()) for motif, mots in FAUTES.items() if (vu := re.fullmatch(motif, message)))
        dit = next(dites, "ces mots ne se comprennent pas")
        tirets = [mot for mot in sys.argv[1:] if mot.startswith("-") and Path(mot).exists()]
        dit += "".join(f" ; pour le fichier {nom}, écrire ./{nom}" for nom in tirets)
        raise MotsIncompris(f"{self.prog} : {dit}. « {self.prog} --help » dit ce qui s'écrit.")


class MotsIncompris(Obstacle):
    """What was typed is not understood. The message, in French, says what and where the help is."""


def parser() -> Analyseur:
    """Build the parser; what it returns names the command in `commande`."""
    analyseur = Analyseur(
        prog="observatoire",
        description="L'observatoire de l'ESS : lire ce qui est reçu, calculer, publier.",
        epilog="Sans commande : actualiser. « observatoire <commande> --help » dit tout d'une commande.\n"
        "Tout job de l'interface se lance aussi par son nom : observatoire retrotester.\n"
        "Sort en 0 quand tout va bien, 1 en cas d'échec, 2 quand la commande ne se comprend pas.",
    )
    commandes = analyseur.add_subparsers(metavar="commande", title="commandes", dest="commande")

    def commande(nom: str, aide: str, suite: str = "") -> Analyseur:
        return commandes.add_parser(nom, help=aide, description=f"{aide[0].upper()}{aide[1:]}.", epilog=suite)

    commande(
        "actualiser",
        "lire ce que raw/ contient, tout recalculer, publier (sans réseau)",
        "Rien de changé, rien de publié. Une source en échec garde son dernier bon chargement.",
    )
    ici = commande(
        "telecharger",
        "apporter dans raw/ ce qui a changé chez les producteurs",
        "Ensuite, « observatoire actualiser » le lit.",
    )
    ici.add_argument("sources", nargs="*", metavar="source", help="les sources voulues ; toutes, sans rien préciser")
    ici = commande(
        "essayer",
        "essayer un fichier dans une source, sans rien écrire dans raw/ ni dans warehouse/",
        "Dit ce qui serait lu, retenu, refusé et pourquoi. Sort en 1 quand la source refuse le fichier.",
    )
    ici.add_argument("source", help="la source : un dossier de raw/")
    ici.add_argument("fichier", type=Path, help="le fichier, où qu'il soit")
    ici = commande(
        "deplier",
        "déplier un chiffre publié jusqu'aux lignes lues",
        "Exemple : observatoire deplier indicateur=etablissements_employeurs_ess_sirene niveau=epci",
    )
    ici.add_argument("cle", nargs="*", metavar="colonne=valeur", help="la clé du chiffre ; ce qui manque se complète")
    ici = commande("portraits", "écrire le portrait de chaque EPCI, d'après la publication en cours")
    ici.add_argument("codes", nargs="*", metavar="code", help="les EPCI voulus ; tous, sans rien préciser")
    ici = commande("revenir-a", "revenir à une publication gardée, jusqu'à « reprendre »")
    ici.add_argument("publication", nargs="?", default="", help="son nom ; la précédente, sans rien préciser")
    commande("reprendre", "redonner au chemin stable la dernière publication")
    ici = commande(
        "retirer",
        "retirer une publication après une objection",
        "Ses fichiers sont effacés, le même contenu ne sera plus publié. Le motif est public : n'y nommer personne.",
    )
    ici.add_argument("publication", help="son nom")
    ici.add_argument("--motif", required=True, metavar="motif", help="pourquoi")
    ici = commande(
        "interface",
        "ouvrir l'interface (Dagster), sur cette machine seulement",
        "Un port pris : le suivant, qui est dit.",
    )
    ici.add_argument("--port", type=_port, default=3000, metavar="port", help="le port voulu (3000)")
    ici.add_argument("--lecture-seule", action="store_true", help="montrer, sans rien pouvoir lancer")
    commande(
        "etat",
        "dire ce qui est publié, épinglé, en échec, en retard, et quoi faire",
        "Ne lance rien, ne change rien. Sort en 1 quand quelque chose attend quelqu'un.",
    )
    return analyseur


def _port(dit: str) -> int:
    """Read a port.

    Raises:
        ValueError: there is none of that number.
    """
    if not 1 <= (port := int(dit)) <= 65_535:
        raise ValueError
    return port


def command_names(analyseur: Analyseur) -> list[str]:
    """List the commands a parser knows."""
    (choix,) = (action.choices for action in analyseur._actions if isinstance(action, argparse._SubParsersAction))
    return list(choix)


def of_today(mots: list[str]) -> list[str]:
    """Write as today what was typed as before: `revenir_a release=x`, `retirer_publication release=x motif=y`."""
    nom = mots[0].replace("_", "-")
    nom = "retirer" if nom == "retirer-publication" else nom
    suite = mots[1:]
    if nom in ("revenir-a", "retirer"):
        suite = [re.sub("^release=", "", re.sub("^motif=", "--motif=", mot)) for mot in suite]
    return [nom, *suite]
