"""What an analyst reads in the interface after a run: of a source, of a release. What is true, `observatoire` says.

Counts, reasons, and what `qualite.rejets` may show: no personal or restricted value, the history keeps it for ever.
"""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from observatoire.journal.differences import CHANGEMENTS
from observatoire.journal.writing import read_journal
from observatoire.loading.files import A_CONVERTIR, unknown_folders, unread_files
from observatoire.loading.rejects import rejects_path, sample
from observatoire.publication.public_tables import summary
from observatoire.releases.lifecycle import manifest_of, pinned_release
from observatoire.releases.standing import next_step
from observatoire.sources import Source, sources
from observatoire.sources.states import Etat, FichierLu, state_of
from observatoire.warehouse import NOM_DUCKDB, Entrepot
from pipelines.assets import source_key
from pipelines.freshness import expires_on, freshness

COMPTES = {
    "lignes_lues": "lues",
    "lignes_retenues": "retenues",
    "lignes_hors_champ": "hors champ",
    "lignes_rejetees": "refusées",
}
ETATS = {
    "a_jour": "à jour",
    "en_retard": "à jour, mais rien de nouveau depuis une cadence",
    "perime": "périmée : rien de nouveau depuis deux cadences",
    "en_echec": "en échec : les lignes en cause sont celles du dernier chargement réussi",
    "absente": "absente : aucun fichier",
}
MONTREES = 20


def table_of(lignes: Iterable[dict[str, Any]]) -> dg.TableMetadataValue:
    """Show rows, one at least, as a table of the interface: text only, whatever a file contains."""
    records = [dg.TableRecord({nom: _cell(valeur) for nom, valeur in ligne.items()}) for ligne in lignes]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(nom) for nom in records[0].data]))


def _cell(valeur: Any) -> str | int:
    return valeur if isinstance(valeur, int) else "" if valeur is None else str(valeur)


def _counts(lus: Iterable[FichierLu]) -> dict[str, int]:
    lus = list(lus)
    return {mot: sum(getattr(lu, nom) for lu in lus) for nom, mot in COMPTES.items()}


def _equation(comptes: dict[str, int]) -> str:
    """Write that nothing is lost: read = kept + out of scope + refused."""
    lues, *reste = (f"{nombre} {mot}" for mot, nombre in comptes.items())
    return f"{lues} = {' + '.join(reste)}"


def source_result(entrepot: Entrepot, source: Source, etat: Etat) -> dg.MaterializeResult[None]:
    """Report a source: counts, files, what was refused and why, how fresh it is; and its checks."""
    comptes = _counts(etat.fichiers)
    regles = [
        {"colonne": r["colonne"], "règle": r["regle"], "gravité": r["gravite"], "lignes": int(r["size"])}
        for r in etat.regles
    ]
    controles = [
        dg.AssetCheckResult(
            check_name="pandera",
            asset_key=source_key(source),
            passed=etat.etat != "en_echec",
            severity=dg.AssetCheckSeverity.ERROR,
            description=etat.motif or f"{comptes['retenues']} lignes retenues, {comptes['refusées']} refusées.",
            metadata={
                **({"pourquoi, et quoi faire": etat.motif} if etat.motif else {}),
                **comptes,
                "règles": table_of(regles) if regles else "aucune ligne refusée ni signalée",
            },
        )
    ]
    if source.cadence:
        controles.append(freshness(source, etat))
    return dg.MaterializeResult(
        asset_key=source_key(source),
        metadata={
            "dagster/row_count": etat.lignes_retenues,
            "état": ETATS[etat.etat_du_jour],
            **({"à faire": etat.motif} if etat.motif else {}),
            "nature": etat.nature,
            **comptes,
            **_rejects(entrepot, source, etat),
            **_files(etat),
            **_unread(entrepot, source),
            **_dates(source, etat),
        },
        check_results=controles,
        data_version=dg.DataVersion(etat.version),
    )


def _dates(source: Source, etat: Etat) -> dict[str, str]:
    """Say how fresh a source is: when its last file came, what day its rows go to, when it expires."""
    return {
        "dernier fichier obtenu le": max((lu.obtenu_le for lu in etat.fichiers), default="aucun"),
        **({"dernier jour dont parlent ses lignes": etat.jusqu_au} if etat.jusqu_au else {}),
        "cadence": source.cadence or "sans échéance",
        "périmée après le": expires_on(etat) or "sans échéance",
    }


def _files(etat: Etat) -> dict[str, Any]:
    """Say what became of each file."""
    if not etat.fichiers:
        return {"fichiers": "aucun"}
    lus = [
        {"fichier": lu.fichier, "état": lu.etat, "nature": lu.nature, "lignes": _equation(_counts([lu]))}
        for lu in etat.fichiers
    ]
    non_lues = [
        {"fichier": lu.fichier, "colonnes non lues": ", ".join(lu.colonnes_inconnues)}
        for lu in etat.fichiers
        if lu.colonnes_inconnues
    ]
    motifs = [
        {"fichier": lu.fichier, "lignes": nombre, "hors champ parce que": motif}
        for lu in etat.fichiers
        for motif, nombre in sorted(lu.motifs_hors_champ.items())
    ]
    return {
        "fichiers": table_of(lus),
        **({"colonnes non lues": table_of(non_lues)} if non_lues else {}),
        **({"lignes hors champ": table_of(motifs)} if motifs else {}),
    }


def _unread(entrepot: Entrepot, source: Source) -> dict[str, str]:
    """Name the files nothing reads."""
    inconnus = unread_files(entrepot.settings, source)
    return {"fichiers d'un format non lu": f"{', '.join(inconnus)}. {A_CONVERTIR}"} if inconnus else {}


def _rejects(entrepot: Entrepot, source: Source, etat: Etat) -> dict[str, Any]:
    """Show some rejects, and say where all of them are."""
    chemin = rejects_path(entrepot, source, etat)
    exemples = sample(source, chemin, MONTREES)
    if not exemples:
        return {}
    # few columns: the page is narrow, and cuts what is wider
    lignes = [
        {
            "gravité": rejet["gravite"],
            "où": f"{rejet['fichier']}, ligne {rejet['ligne']}, {rejet['colonne'] or 'la ligne entière'}",
            "raison, et quoi faire": rejet["motif"],
            "valeur": "non montrée" if rejet["valeur"] is None else rejet["valeur"],
        }
        for rejet in exemples
    ]
    lettres = entrepot.racine / "lettres" / source.nom
    return {
        "lignes refusées ou signalées": table_of(lignes),
        "toutes, pour un tableur (restreint)": dg.MetadataValue.path(str(chemin.with_suffix(".csv"))),
        "toutes, en Parquet (restreint)": dg.MetadataValue.path(str(chemin)),
        **({"lettres au producteur (restreint)": dg.MetadataValue.path(str(lettres))} if lettres.exists() else {}),
    }


def release_report(entrepot: Entrepot, nom: str, nouvelle: bool) -> dict[str, Any]:
    """Report a release: what is published, where to read it, every source at a glance, what changed since the last."""
    contenu = manifest_of(entrepot, nom)
    inconnus = unknown_folders(entrepot.settings)
    echecs = [source["source"] for source in contenu["sources"] if source["etat"] == "en_echec"]
    return {
        "publication": nom,
        "nouvelle": "oui" if nouvelle else "non : rien n'a changé depuis",
        "nature": contenu["nature"],
        "épinglée": pinned_release(entrepot) or "non",
        "sources en échec": ", ".join(echecs) or "aucune",
        **({"dossiers de raw/ que rien ne lit": ", ".join(inconnus)} if inconnus else {}),
        **_links(entrepot),
        **_changes(entrepot, nom),
        "tableau de bord des sources": table_of(_board(entrepot)),
        "tables publiées": table_of({"table": table, "lignes": n} for table, n in contenu["tables"].items()),
    }


def _links(entrepot: Entrepot) -> dict[str, Any]:
    """Link what people open: a page of `OBSERVATOIRE_ADRESSE`, or the path of its file when nothing serves it."""
    pages = {
        "portrait": "portrait/index.html",
        "rapport de qualité": "portrait/qualite.html",
        "journal des changements": "portrait/journal.html",
        "fichier": NOM_DUCKDB,
    }
    adresse = entrepot.settings.adresse
    return {
        titre: dg.MetadataValue.url(f"{adresse}/{page}") if adresse else dg.MetadataValue.path(str(chemin))
        for titre, page in pages.items()
        if (chemin := entrepot.racine / page).exists()
    }


def _board(entrepot: Entrepot) -> list[dict[str, Any]]:
    """Give a row per source, what asks for something first."""
    lignes = []
    for ligne in summary(entrepot).to_dict("records"):
        source = sources()[ligne["source"]]
        etat = state_of(entrepot, source) or Etat(source.nom, "absente", "", source.nature, "aucune")
        lignes.append(
            {
                "source": source.nom,
                "état": ligne["etat"],
                "lignes": _equation(_counts(etat.fichiers)),
                "à faire": next_step(source) if etat.retard else ligne["motif"],
                "périmée après le": expires_on(etat) or "",
            }
        )
    ordre = ["en_echec", "perime", "en_retard", "a_jour", "absente"]
    return sorted(lignes, key=lambda ligne: (ordre.index(ligne["état"]), ligne["source"]))


def _changes(entrepot: Entrepot, nom: str) -> dict[str, Any]:
    """Say what changed since the release before, and why: what the journal of the release says, shorter."""
    journal = read_journal(entrepot.racine / "releases" / nom)
    if journal is None:
        return {"changements": "publication faite avant que les journaux existent"}
    dit: dict[str, Any] = {"changements": journal["resume"], "comparée à": journal["avant"] or "aucune"}
    if journal["bilan"]:
        dit["changements par indicateur"] = table_of(
            {"indicateur": ligne["titre"], **{mot: ligne[change] for change, mot in CHANGEMENTS.items()}}
            for ligne in journal["bilan"]
        )
    if journal["causes"]:
        dit["pourquoi"] = table_of(
            {"cause": cause["libelle"], "ce qui diffère": detail}
            for cause in journal["causes"]
            for detail in cause["details"]
        )
    return dit
