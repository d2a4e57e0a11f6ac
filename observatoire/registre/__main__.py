"""`python -m observatoire.registre`: the register from the command line, in French.

What is asked about a person is read on the standard input, never on the command line, which other users and histories
see. What a record must be belongs to `records`.
"""

import argparse
import csv
import re
import secrets
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from observatoire.obstacle import Obstacle
from observatoire.registre.counts import Compte, monthly_counts
from observatoire.registre.pairing import offers_for
from observatoire.registre.records import ETAPES, Contenu, Offre, Porteur
from observatoire.registre.store import Store, open_store
from observatoire.settings import RegisterSettings, Settings

COLONNES = ("mois", "niveau", "code_territoire", "nombre", "statut_confidentialite", "mention")


def main(arguments: list[str]) -> int:
    """Run a command; return 0, or 1 after saying in French why it was refused."""
    options = _parser().parse_args(arguments)
    try:
        magasin = open_store(RegisterSettings.from_environment(), Settings.from_environment())
        commande: Callable[[Store, argparse.Namespace], None] = options.commande
        commande(magasin, options)
    except Obstacle as erreur:
        print(erreur, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    analyseur = argparse.ArgumentParser(
        prog="python -m observatoire.registre", description="Le registre des porteurs de projets, tenu à part."
    )
    commandes = analyseur.add_subparsers(required=True, metavar="commande")

    def commande(nom: str, aide: str, faire: Callable[[Store, argparse.Namespace], None]) -> argparse.ArgumentParser:
        sienne = commandes.add_parser(nom, help=aide)
        sienne.set_defaults(commande=faire)
        return sienne

    creer = commande("initialiser", "créer la clé et un registre vide", _create)
    creer.add_argument("territoires", nargs="+", help="SIREN des EPCI que le registre couvre")
    commande("ajouter", "ajouter un porteur ; les réponses sont demandées une à une", _add)
    lister = commande("lister", "lister les fiches, sans les noms", _list)
    lister.add_argument("--noms", action="store_true", help="avec les noms et les contacts")
    offres = commande("offres", "lister les offres, ou en ajouter une", _offers)
    offres.add_argument("--ajouter", action="store_true")
    apparier = commande("apparier", "proposer des offres à un porteur", _pair)
    apparier.add_argument("numero")
    effacer = commande("effacer", "effacer une fiche ou une offre", _erase)
    effacer.add_argument("numero")
    commande("purger", "effacer les fiches arrivées à échéance", _purge)
    exporter = commande("exporter_comptes", "écrire les comptes d'un mois fini, pour raw/porteurs_mensuels/", _export)
    exporter.add_argument("mois", help="2026-10")
    exporter.add_argument("dossier", type=Path)
    return analyseur


def _create(magasin: Store, options: argparse.Namespace) -> None:
    if mauvais := [code for code in options.territoires if not re.fullmatch(r"\d{9}", code)]:
        raise Obstacle(f"Neuf chiffres attendus, le SIREN de l'EPCI : {', '.join(mauvais)}.")
    magasin.create(options.territoires)
    print("Registre créé. Garder une copie de sa clé en lieu sûr : sans elle, il ne s'ouvre plus.")


def _add(magasin: Store, options: argparse.Namespace) -> None:
    # asked before the lock is taken: a window left open must not hold the register
    territoires = magasin.read().territoires
    repondu = Porteur(
        numero="",
        nom=_asked("Nom"),
        contact=_asked("Contact"),
        projet=_asked("Projet"),
        code_epci=_asked(f"Territoire ({', '.join(territoires)})"),
        code_commune=_asked("Code commune du projet, vide s'il n'est pas connu"),
        etape=_asked(f"Étape ({', '.join(ETAPES)})"),
        themes=_words("Thèmes, séparés par des virgules"),
        finalite=_asked("Finalité de la fiche"),
        rencontre_le=_day("Rencontré le (2026-10-31)"),
        conserver_jusqu_au=_day("À conserver jusqu'au"),
        referent_technique=_asked("Référent technique proposé, vide s'il n'y en a pas"),
        referent_territorial=_asked("Référent territorial proposé, vide s'il n'y en a pas"),
    )
    with magasin.change() as contenu:
        fiche = replace(repondu, numero=_free_number(contenu, "P"))
        contenu.add(fiche)
    print(f"Fiche {fiche.numero} ajoutée.")


def _list(magasin: Store, options: argparse.Namespace) -> None:
    for p in sorted(magasin.read().porteurs, key=lambda porteur: porteur.rencontre_le):
        referents = " et ".join(
            nom for nom, qui in (("technique", p.referent_technique), ("territorial", p.referent_territorial)) if qui
        )
        champs = [p.numero, p.code_epci, p.etape, f"rencontre {p.rencontre_le}", f"jusqu'au {p.conserver_jusqu_au}"]
        champs += [f"référent {referents}"] if referents else []
        print(" ; ".join([*champs, *([p.nom, p.contact, p.projet] if options.noms else [])]))


def _offers(magasin: Store, options: argparse.Namespace) -> None:
    if options.ajouter:
        magasin.read()  # nothing is asked where nothing can be kept
        repondue = Offre(
            numero="",
            intitule=_asked("Intitulé"),
            organisme=_asked("Organisme"),
            code_epci=_asked("Territoire, vide s'il n'y en a pas"),
            themes=_words("Thèmes, séparés par des virgules"),
            etapes=_words(f"Étapes, séparées par des virgules ({', '.join(ETAPES)}), vide pour toutes"),
            jusqu_au=_day_or_none("Jusqu'au, vide si elle dure"),
        )
        with magasin.change() as contenu:
            contenu.offres.append(replace(repondue, numero=_free_number(contenu, "O")))
    for offre in magasin.read().offres:
        print(f"{offre.numero} ; {offre.intitule} ; {offre.organisme} ; {', '.join(offre.themes) or 'tous thèmes'}")


def _pair(magasin: Store, options: argparse.Namespace) -> None:
    contenu = magasin.read()
    porteur = next((p for p in contenu.porteurs if p.numero == options.numero), None)
    if porteur is None:
        raise Obstacle("Aucune fiche de ce numéro : les lister.")
    trouvees = offers_for(porteur, contenu.offres, _today())
    for offre, communs in trouvees:
        print(f"{offre.numero} ; {offre.intitule} ; {offre.organisme} ; {communs} thème(s) en commun")
    if not trouvees:
        print("Aucune offre ouverte ne convient.")


def _erase(magasin: Store, options: argparse.Namespace) -> None:
    with magasin.change() as contenu:
        contenu.erase(options.numero)
    print(
        "Effacé. Les sauvegardes de ce dossier le gardent jusqu'à leur rotation ; si une publication en parle, la "
        "retirer (job retirer_publication)."
    )


def _purge(magasin: Store, options: argparse.Namespace) -> None:
    print(f"{magasin.purge(_today())} fiche(s) arrivée(s) à échéance effacée(s).")


def _export(magasin: Store, options: argparse.Namespace) -> None:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", options.mois) or options.mois >= _today().isoformat()[:7]:
        raise Obstacle("Un mois fini est attendu, écrit comme 2026-10.")
    if options.dossier.resolve().is_relative_to(magasin.dossier):
        raise Obstacle("Les comptes quittent le registre : donner un autre dossier, raw/porteurs_mensuels/.")
    with magasin.change() as contenu:
        if options.mois in contenu.mois_exportes:
            raise Obstacle(
                f"Les comptes de {options.mois} ont déjà été exportés : les refaire après un effacement désignerait "
                "la personne effacée."
            )
        contenu.mois_exportes.append(options.mois)
        _write_counts(options, monthly_counts(contenu.porteurs, contenu.territoires, options.mois))
    print(f"Comptes de {options.mois} écrits.")


def _write_counts(options: argparse.Namespace, comptes: list[Compte]) -> None:
    options.dossier.mkdir(parents=True, exist_ok=True)
    with (options.dossier / f"porteurs_{options.mois}.csv").open("w", encoding="utf-8", newline="") as flux:
        sortie = csv.DictWriter(flux, COLONNES, lineterminator="\n")
        sortie.writeheader()
        sortie.writerows(compte.as_row() for compte in comptes)


def _free_number(contenu: Contenu, lettre: str) -> str:
    pris = {porteur.numero for porteur in contenu.porteurs} | {offre.numero for offre in contenu.offres}
    while (numero := f"{lettre}{secrets.token_hex(3)}") in pris:
        pass
    return numero


def _asked(question: str) -> str:
    print(f"{question} : ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _words(question: str) -> tuple[str, ...]:
    return tuple(mot.strip() for mot in _asked(question).split(",") if mot.strip())


def _day(question: str) -> date:
    if (jour := _day_or_none(question)) is None:
        raise Obstacle("Fiche refusée : une date manque.")
    return jour


def _day_or_none(question: str) -> date | None:
    try:
        return date.fromisoformat(dite) if (dite := _asked(question)) else None
    except ValueError:
        raise Obstacle("Fiche refusée : une date s'écrit comme 2026-10-31.") from None


def _today() -> date:
    return datetime.now(UTC).date()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
