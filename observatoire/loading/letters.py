"""A letter to the producer of a file: the rows refused or flagged as one CSV, and one French text ready to send.

Written under `lettres/<source>/<fichier>/`, restricted like the rejects they quote and never part of a release: values
stand in the CSV only, the text has counts and reasons. What is refused belongs to `sorting`.
"""

import csv
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from observatoire.formulas import harmless
from observatoire.loading.headers import resemblance
from observatoire.sources import Source
from observatoire.sources.states import FichierLu
from observatoire.warehouse import ATELIER, Entrepot

LIGNES, LETTRE = "lignes.csv", "lettre.txt"
ENTETE = ("ligne", "gravite", "colonne", "valeur_lue", "motif", "correction", "ligne_complete")


def write_letters(entrepot: Entrepot, source: Source, lus: Iterable[FichierLu], rejets: pd.DataFrame) -> None:
    """Write the letters of a source in place of its former ones: none for a file about which nothing is asked.

    Args:
        entrepot: where to write.
        source: what was loaded; nothing is written unless it says `lettre`.
        lus: its files, with what became of their rows.
        rejets: one row per reason, the columns of `ingestion.REJETS`.
    """
    if not source.lettre:
        return
    entrepot.make_folder()
    place = entrepot.racine / "lettres" / source.nom
    with tempfile.TemporaryDirectory(dir=entrepot.racine, prefix=ATELIER) as atelier:
        neuves = Path(atelier) / source.nom
        for lu in lus:
            cas = rejets[rejets["fichier"] == lu.fichier].sort_values(["gravite", "ligne", "colonne", "regle"])
            if not cas.empty:
                dossier = neuves / lu.fichier
                dossier.mkdir(parents=True)
                _write_rows(dossier / LIGNES, source, lu, cas)
                (dossier / LETTRE).write_text(_text(source, lu, cas), encoding="utf-8")
        shutil.rmtree(place, ignore_errors=True)
        if neuves.exists():
            entrepot.make_folder("lettres")
            neuves.rename(place)


def _write_rows(chemin: Path, source: Source, lu: FichierLu, cas: pd.DataFrame) -> None:
    """Write the rows as French spreadsheets open them: semicolons, a mark of UTF-8, and no formula."""
    with chemin.open("w", encoding="utf-8-sig", newline="") as flux:
        sortie = csv.writer(flux, delimiter=";")
        sortie.writerow(ENTETE)
        for rejet in cas.to_dict("records"):
            gravite = "refusée" if rejet["gravite"] == "refus" else "à confirmer"
            colonne = _header(source, lu, rejet["colonne"])
            motif = _reason(source, lu, rejet["colonne"], rejet["motif"])
            valeurs = (rejet["ligne"], gravite, colonne, rejet["valeur"], motif, "", rejet["ligne_complete"])
            sortie.writerow([harmless(valeur) for valeur in valeurs])


def _header(source: Source, lu: FichierLu, colonne: str) -> str:
    """Name a column as the file does; one that it lacks, as the official header does."""
    noms = []
    for nom in colonne.split(", "):
        declaree = source.table.colonne(nom)
        officiel = declaree.en_tetes[0] if declaree is not None and declaree.en_tetes else nom
        noms.append(lu.en_tetes.get(nom, officiel))
    return ", ".join(noms)


def _reason(source: Source, lu: FichierLu, colonne: str, motif: str) -> str:
    """Say a reason with the producer's name of the column."""
    return motif.replace(f"« {colonne} »", f"« {_header(source, lu, colonne)} »")


def _text(source: Source, lu: FichierLu, cas: pd.DataFrame) -> str:
    refusees, a_confirmer = cas[cas["gravite"] == "refus"], cas[cas["gravite"] != "refus"]
    hors_champ = "".join(f"\n  - {_rows(nombre)} : {motif}" for motif, nombre in sorted(lu.motifs_hors_champ.items()))
    compte = [
        f"Ce fichier compte {_rows(lu.lignes_lues)}.",
        f"- Retenues : {lu.lignes_retenues}.",
        f"- Hors du champ de l'observatoire : {lu.lignes_hors_champ}.{hors_champ}",
        f"- Refusées, faute de pouvoir être comptées : {lu.lignes_rejetees}.",
    ]
    producteur = f" Producteur : {lu.producteur}." if lu.producteur != source.producteur else ""
    demandes = []
    if not refusees.empty:
        demandes.append("de corriger les lignes refusées, ou de nous dire ce qu'il faut y lire")
    if not a_confirmer.empty:
        demandes.append("de confirmer ou de corriger les lignes retenues qui portent une question")
    demandes.append("de publier le fichier corrigé, ou de nous l'adresser")
    parties = [
        f"Objet : {lu.fichier} : lignes à corriger ou à confirmer",
        "Madame, Monsieur,",
        f"L'observatoire territorial de l'économie sociale et solidaire lit le fichier « {lu.fichier} », obtenu le "
        f"{_day(lu.obtenu_le)} pour le jeu « {source.titre} ».{producteur}",
        "\n".join(compte),
        _unread(source, lu),
        _reasons("Lignes refusées", source, lu, refusees),
        _reasons("Lignes retenues, qui portent une question", source, lu, a_confirmer),
        "Nous vous serions reconnaissants :\n"
        + " ;\n".join(f"{rang}. {demande}" for rang, demande in enumerate(demandes, start=1))
        + ".",
        f"Le fichier joint, {LIGNES}, donne pour chacune le numéro de ligne, la colonne, la valeur lue et le motif ; "
        "sa colonne « correction » est à remplir. Ces valeurs ne sont ni publiées ni transmises à d'autres que vous.",
        "Avec nos remerciements pour cette publication, qui permet d'observer l'économie sociale et solidaire.",
    ]
    return "\n\n".join(partie for partie in parties if partie) + "\n"


def _unread(source: Source, lu: FichierLu) -> str:
    """Name the columns nobody reads, and those that may have been meant for one that is missing."""
    if not lu.colonnes_inconnues:
        return ""
    manquantes = [c for c in source.table.colonnes if not c.calculee and c.nom not in lu.en_tetes]
    proches = [dit for colonne in manquantes if (dit := resemblance(colonne, lu.colonnes_inconnues))]
    return "\n".join(
        [
            f"Colonnes que l'observatoire ne lit pas : {', '.join(f'« {nom} »' for nom in lu.colonnes_inconnues)}.",
            *(f"- {dit} : est-ce la même ?" for dit in proches),
        ]
    )


def _reasons(titre: str, source: Source, lu: FichierLu, cas: pd.DataFrame) -> str:
    """List the reasons, the most frequent first, with the number of rows of each."""
    if cas.empty:
        return ""
    comptes = cas.groupby(["colonne", "motif"])["ligne"].nunique().reset_index(name="nombre")
    comptes = comptes.sort_values(["nombre", "colonne", "motif"], ascending=[False, True, True])
    lignes = []
    for compte in comptes.to_dict("records"):
        colonne = _header(source, lu, compte["colonne"])
        ou = f", colonne « {colonne} »" if colonne and ", " not in colonne else ""
        motif = _reason(source, lu, compte["colonne"], compte["motif"])
        lignes.append(f"- {_rows(compte['nombre'])}{ou} : {motif}")
    return f"{titre} :\n" + "\n".join(lignes)


def _rows(nombre: int) -> str:
    return f"{nombre} ligne{'s' if nombre > 1 else ''}"


def _day(iso: str) -> str:
    return "/".join(reversed(iso.split("-")))
