"""The journal of a release: what changed since the one before, in a page for people and in files for machines.

A release is never held back by its journal: what cannot be compared is said, and the release goes out.
"""

import json
import shutil
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from observatoire.evidence import PreuvesAbsentes, open_evidence
from observatoire.indicators.catalog import indicateurs
from observatoire.journal.attribution import attribute
from observatoire.journal.causes import LIBELLES, ORDRE, Cause, differing_causes, sources_behind
from observatoire.journal.differences import (
    CHANGEMENTS,
    CLE,
    attached,
    compare_definitions,
    compare_tables,
    compare_territories,
    compare_values,
)
from observatoire.journal.replay import RejeuImpossible, replayed_values
from observatoire.publication.french import nombre
from observatoire.publication.pages import read_words, template
from observatoire.sources import sources
from observatoire.warehouse import Entrepot, open_published, read_rows, sha256, sql_literal, utc_now

JOURNAL = "journal.json"
PAGE = "portrait/journal.html"
TOUS = "journal.parquet"
# what a page and a JSON file can carry; the Parquet file has all of them, up to a weight that stays readable
MONTRES = 1000
GARDES = 1_000_000

DITS = {
    "modifiee": ("valeur modifiée", "valeurs modifiées"),
    "apparue": ("valeur apparue", "valeurs apparues"),
    "disparue": ("valeur disparue", "valeurs disparues"),
    "confidentialite": ("confidentialité changée", "confidentialités changées"),
    "statut": ("statut d'observation changé", "statuts d'observation changés"),
    "nature": ("nature changée", "natures changées"),
}

Ligne = dict[str, Any]


def write_journal(entrepot: Entrepot, dossier: Path, manifeste: dict[str, Any]) -> str | None:
    """Write the journal of a release being built: `journal.json`, `journal.parquet`, `portrait/journal.html`.

    Args:
        entrepot: the warehouse the release is made from.
        dossier: the folder of the release, where its DuckDB file is already.
        manifeste: what its manifest will say.

    Returns:
        The release it is compared with, whose figures the journal quotes; None when it quotes none.
    """
    journal: Ligne
    try:
        journal = _compare(entrepot, dossier, manifeste)
        _write(dossier, journal, manifeste)
    except Exception as erreur:  # noqa: BLE001 — whatever fails, the release goes out and the page says why
        (dossier / TOUS).unlink(missing_ok=True)
        journal = _empty("echec", manifeste, None)
        # no message: it may quote a value
        raison = type(erreur).__name__
        journal["resume"] = f"Le journal n'a pas pu être établi ({raison}) ; la publication est complète."
        _write(dossier, journal, manifeste)
    avant: str | None = journal["avant"]
    return avant


def read_journal(dossier: Path) -> Ligne | None:
    """Read the journal of a release; None when it was made before journals were kept."""
    chemin = dossier / JOURNAL
    return dict(json.loads(chemin.read_text(encoding="utf-8"))) if chemin.exists() else None


def forget_quoted(entrepot: Entrepot, retiree: str) -> None:
    """Rewrite the journals that quote a release being retracted: what is erased is not told by the next one.

    Killed anywhere, it starts again: the manifest, which says who quotes whom, is never without its `avant`.
    """
    for chemin in sorted((entrepot.racine / "releases").glob("[!.]*/manifest.json")):
        dossier = chemin.parent
        manifeste = json.loads(chemin.read_text(encoding="utf-8"))
        # a release made before manifests said it has a journal that does
        if retiree != manifeste.get("avant", (read_journal(dossier) or {}).get("avant")):
            continue
        tu = _empty("retiree", manifeste, retiree)
        tu["etabli_le"] = utc_now()
        tu["resume"] = (
            f"La publication précédente, {retiree}, a été retirée : rien n'est dit de ce qui la séparait de celle-ci."
        )
        # the files of a release also have a name beside its pages
        cites = [nom for nom in manifeste["fichiers"] if Path(nom).name in (JOURNAL, TOUS, Path(PAGE).name)]
        dossiers = {dossier, *((dossier / nom).parent for nom in cites)}
        for ouvert in dossiers:
            ouvert.chmod(0o755)
        for nom in cites:
            if nom not in (JOURNAL, PAGE):
                (dossier / nom).unlink(missing_ok=True)
        _write(dossier, tu, manifeste)
        for nom in cites:
            if Path(nom).name == JOURNAL and nom != JOURNAL:
                shutil.copyfile(dossier / JOURNAL, dossier / nom)
        restes = [nom for nom in cites if (dossier / nom).exists()]
        for nom in cites:
            manifeste["fichiers"].pop(nom)
        manifeste["fichiers"] |= {nom: sha256(dossier / nom) for nom in restes}
        with entrepot.replacing(chemin) as provisoire:
            provisoire.write_text(json.dumps(manifeste, ensure_ascii=False, indent=1), encoding="utf-8")
        for nom in (*restes, chemin.name):
            (dossier / nom).chmod(0o444)
        for ferme in dossiers:
            ferme.chmod(0o555)


def _empty(cas: str, manifeste: Ligne, avant: str | None) -> Ligne:
    return {
        "release": manifeste["release"],
        "avant": avant,
        "etabli_le": manifeste["cree_le"],
        "cas": cas,
        "resume": "",
        "methode": "",
        "causes": [],
        "par_cause": [],
        "bilan": [],
        "indicateurs": {"ajoutes": [], "retires": [], "definitions": []},
        "territoires": {
            nom: {"total": 0, "exemples": []} for nom in ("ajoutes", "retires", "renommes", "deplaces")
        },
        "tables": {
            nom: [] for nom in ("tables_ajoutees", "tables_retirees", "colonnes_ajoutees", "colonnes_retirees")
        },
        "nombre_changements": 0,
        "changements": [],
    }


def _compare(entrepot: Entrepot, dossier: Path, manifeste: Ligne) -> Ligne:
    """Compare a release being built with the last one kept."""
    gardees = sorted((entrepot.racine / "releases").glob("[!.]*/manifest.json"))
    if not gardees:
        journal = _empty("premiere", manifeste, None)
        journal["resume"] = "Première publication gardée : il n'y a rien à quoi la comparer."
        return journal
    avant = json.loads(gardees[-1].read_text(encoding="utf-8"))
    journal = _empty("comparee", manifeste, avant["release"])
    causes = differing_causes(avant, manifeste)
    fichiers = {"avant": gardees[-1].parent / "observatoire.duckdb", "apres": dossier / "observatoire.duckdb"}
    with entrepot.connect(()) as connexion, attached(connexion, **fichiers):
        compare_values(connexion, "avant.indicateurs.valeurs", "apres.indicateurs.valeurs")
        journal["methode"] = _attribute(connexion, entrepot, avant, causes)
        journal["indicateurs"] = compare_definitions(connexion)
        journal["territoires"] = compare_territories(connexion)
        journal["tables"] = compare_tables(connexion)
        _read_changes(connexion, journal, manifeste["territoire"], dossier / TOUS)
    journal["causes"] = [
        {
            "cause": cause.nom,
            "libelle": LIBELLES[cause.nom],
            "sources": list(cause.sources),
            "details": list(cause.details),
        }
        for cause in causes
    ]
    for ligne in journal["bilan"]:
        derriere = sources_behind(ligne["indicateur"]) if ligne["indicateur"] in indicateurs() else set()
        ligne["sources"] = sorted(derriere & {source for cause in causes for source in cause.sources})
    journal["cas"] = "comparee" if _differs(journal) else "inchangee"
    journal["resume"] = _sum_up(journal)
    return journal


def _attribute(
    connexion: duckdb.DuckDBPyConnection, entrepot: Entrepot, avant: Ligne, causes: list[Cause]
) -> str:
    """Attribute the changes, by replaying causes where one alone does not explain them; say, in French, how."""
    attribute(connexion, causes)
    ((melees,),) = connexion.execute("SELECT count(*) FROM changements WHERE causes = ['melees']").fetchall()
    if not causes:
        return "Rien de ce qui donne les valeurs ne diffère d'une publication à l'autre."
    if len(causes) == 1:
        return "Une seule cause diffère d'une publication à l'autre : tout changement en vient."
    if not melees:
        return "Plusieurs causes diffèrent ; une seule touche chaque indicateur qui change, et l'explique."
    ordre = ", ".join(LIBELLES[cause.nom] for cause in causes)
    try:
        garde = open_evidence(entrepot, avant["release"])
        garde.settings = replace(garde.settings, territoire=avant["territoire"])
        with replayed_values(entrepot, garde, causes) as etapes:
            attribute(connexion, causes, etapes)
        return f"Plusieurs causes diffèrent, rejouées une à une sur les données d'avant, dans l'ordre : {ordre}."
    except PreuvesAbsentes:
        pourquoi = "les données de la publication précédente ne sont plus gardées"
    except RejeuImpossible as erreur:
        pourquoi = str(erreur)
    except Exception as erreur:  # noqa: BLE001 — inputs of two dates may not go together: it is said, not hidden
        pourquoi = f"une étape n'a pas pu être calculée ({type(erreur).__name__})"
    attribute(connexion, causes)
    return (
        f"Plusieurs causes diffèrent ({ordre}) et n'ont pas pu être rejouées une à une : {pourquoi}. Là où plusieurs "
        "touchent le même indicateur, les causes sont dites mêlées."
    )


def _read_changes(connexion: duckdb.DuckDBPyConnection, journal: Ligne, territoire: str, tous: Path) -> None:
    """Count the changes, write them all, and read those a page can show: the territory and totals first."""
    connexion.execute("""
        CREATE OR REPLACE TEMP VIEW themes AS
        SELECT indicateur, coalesce(n.theme, a.theme) AS theme, coalesce(n.titre, a.titre) AS titre,
               coalesce(n.decimales, a.decimales) AS decimales
        FROM avant.indicateurs.catalogue a FULL JOIN apres.indicateurs.catalogue n USING (indicateur)""")
    comptes = ", ".join(f"count(*) FILTER (changement = '{nom}') AS {nom}" for nom in CHANGEMENTS)
    journal["bilan"] = read_rows(
        connexion,
        f"""SELECT theme, indicateur, any_value(titre) AS titre, {comptes} FROM changements
            LEFT JOIN themes USING (indicateur) GROUP BY ALL ORDER BY theme, indicateur""",
    )
    journal["par_cause"] = read_rows(
        connexion, "SELECT causes, count(*) AS valeurs FROM changements GROUP BY ALL ORDER BY valeurs DESC, causes"
    )
    ordre = f"""(niveau = 'epci' AND code_territoire = {sql_literal(territoire)}) DESC, axe = 'total' DESC,
        list_position(['epci', 'departement', 'region', 'france', 'commune', 'inconnu'], niveau),
        abs(ecart_pct) DESC NULLS LAST, {CLE}"""
    ((journal["nombre_changements"],),) = connexion.execute("SELECT count(*) FROM changements").fetchall()
    if journal["nombre_changements"]:
        connexion.execute(f"""
            COPY (SELECT * EXCLUDE (est_montrable) FROM changements ORDER BY {ordre} LIMIT {GARDES})
            TO {sql_literal(tous)} (FORMAT parquet, COMPRESSION zstd)""")
    journal["changements"] = read_rows(
        connexion,
        f"""SELECT theme, titre, decimales, changements.* FROM changements LEFT JOIN themes USING (indicateur)
            ORDER BY {ordre} LIMIT {MONTRES}""",
    )
    for ligne in journal["changements"]:
        parts = {nom: ligne.pop(f"part_{nom}") for nom in ORDRE}
        ligne["parts"] = {nom: part for nom, part in parts.items() if part is not None and nom in ligne["causes"]}


def _differs(journal: Ligne) -> bool:
    """Say whether anything people read changed."""
    return bool(
        journal["nombre_changements"]
        or any(journal["indicateurs"].values())
        or any(territoires["total"] for territoires in journal["territoires"].values())
        or any(journal["tables"].values())
    )


def _sum_up(journal: Ligne) -> str:
    """Say in a sentence or two what changed, and why."""
    pourquoi = " ; ".join(
        cause["libelle"] + (f" ({', '.join(cause['sources'])})" if cause["sources"] else "")
        for cause in journal["causes"]
    ) or "ce que le manifeste dit de l'état des sources, ou l'adresse des pages"
    if journal["cas"] == "inchangee":
        return f"Aucune valeur ni définition n'a changé. Ce qui diffère : {pourquoi}."
    comptes: Counter[str] = Counter()
    for ligne in journal["bilan"]:
        comptes.update({nom: ligne[nom] for nom in CHANGEMENTS})
    nombres = [(comptes[nom], *DITS[nom]) for nom in CHANGEMENTS]
    definis, territoires = journal["indicateurs"], journal["territoires"]
    nombres += [
        (len(definis["ajoutes"]), "indicateur ajouté", "indicateurs ajoutés"),
        (len(definis["retires"]), "indicateur retiré", "indicateurs retirés"),
        (
            len({ligne["indicateur"] for ligne in definis["definitions"]}),
            "définition changée",
            "définitions changées",
        ),
        (territoires["ajoutes"]["total"], "territoire ajouté", "territoires ajoutés"),
        (territoires["retires"]["total"], "territoire retiré", "territoires retirés"),
        (territoires["renommes"]["total"], "territoire renommé", "territoires renommés"),
        (territoires["deplaces"]["total"], "rattachement changé", "rattachements changés"),
        (
            sum(map(len, journal["tables"].values())),
            "table ou colonne en plus ou en moins",
            "tables ou colonnes en plus ou en moins",
        ),
    ]
    dites = [f"{nombre(combien)} {plusieurs if combien > 1 else un}" for combien, un, plusieurs in nombres if combien]
    return f"{', '.join(dites)}. Ce qui diffère : {pourquoi}."


def _write(dossier: Path, journal: Ligne, manifeste: Ligne) -> None:
    """Write the page, then the JSON file, each whole."""
    contexte = {
        "journal": journal,
        "release": manifeste,
        "territoire": _name_of(dossier / "observatoire.duckdb", manifeste["territoire"]),
        "code_territoire": manifeste["territoire"],
        "est_demonstration": manifeste["nature"] == "demonstration",
        "libelles_causes": LIBELLES,
        "libelles_changements": CHANGEMENTS,
        "titres_sources": {nom: source.titre for nom, source in sources().items()},
    }
    page = template("journal.html").render(read_words() | contexte)
    ecrits = json.dumps(journal, ensure_ascii=False, indent=1, default=_as_number)
    for chemin, texte in ((dossier / PAGE, page), (dossier / JOURNAL, ecrits)):
        chemin.parent.mkdir(exist_ok=True)
        provisoire = chemin.with_name(f".{chemin.name}.part")
        provisoire.write_text(texte, encoding="utf-8")
        provisoire.replace(chemin)


def _as_number(valeur: object) -> str:
    """Write an exact number as text: JSON numbers are floats to most who read them."""
    if isinstance(valeur, Decimal):
        return f"{valeur:f}".rstrip("0").rstrip(".") if valeur else "0"
    return str(valeur)


def _name_of(fichier: Path, territoire: str) -> str:
    with open_published(fichier) as base:
        requete = "SELECT libelle FROM referentiels.territoires WHERE niveau = 'epci' AND code_territoire = ?"
        noms = base.execute(requete, [territoire]).fetchall()
    return str(noms[0][0]) if noms else territoire
