"""Why two releases differ: what is not the same in their two manifests, gathered into five causes.

Saying which cause moved which value belongs to `attribution`; here nothing is computed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from observatoire.estimation.tables import REMPLACEES_PAR
from observatoire.indicators.catalog import indicateurs, mesures, sources_of_indicator, sources_of_measure
from observatoire.publication.pages import read_words
from observatoire.sources import sources

# the order in which causes are replayed. Code first: the former code is no longer there to compute with the new inputs.
ORDRE = ("code", "geographie", "perimetre", "correction", "source")
LIBELLES = {
    "code": "code de l'observatoire",
    "geographie": "géographie",
    "perimetre": "périmètre de l'ESS et nomenclatures",
    "correction": "corrections et décisions",
    "source": "données des sources",
    "melees": "causes mêlées",
}
GEOGRAPHIE = ("communes", "communes_anciennes", "mouvements_communes", "zonages")
CORRECTIONS = ("corrections_ess", "rapprochements_noms")
# what a file says of itself, as the manifest keeps it
D_UN_FICHIER = ("sha256", "millesime", "obtenu_le", "producteur", "licence", "nature", "etat")


@dataclass(frozen=True)
class Cause:
    """One of the five causes, where the manifests differ.

    Attributes:
        nom: one of `ORDRE`.
        sources: the sources in which they differ; none for code.
        details: what differs, in French.
        est_partout: whether it may move any value, whatever its sources.
    """

    nom: str
    sources: tuple[str, ...]
    details: tuple[str, ...]
    est_partout: bool = False


def group_of(source: str) -> str:
    """Say which cause a change in a source is: references are geography, or else nomenclatures and perimeter."""
    if source in CORRECTIONS:
        return "correction"
    if source in GEOGRAPHIE:
        return "geographie"
    declaree = sources().get(source)
    return "perimetre" if declaree is not None and declaree.famille == "references" else "source"


def differing_causes(avant: dict[str, Any], apres: dict[str, Any]) -> list[Cause]:
    """Return the causes that differ between two manifests, in the order they are replayed."""
    differents: dict[str, dict[str, list[str]]] = {nom: {} for nom in ORDRE}
    meme_code = avant["code_version"] == apres["code_version"] and avant["contrat"] == apres["contrat"]
    avant_par_nom, apres_par_nom = ({dite["source"]: dite for dite in m["sources"]} for m in (avant, apres))
    for nom in sorted({*avant_par_nom, *apres_par_nom}):
        groupe, dits = _source_changes(nom, avant_par_nom.get(nom), apres_par_nom.get(nom), meme_code)
        if dits:
            differents[groupe][nom] = dits
    causes = []
    for nom in ORDRE:
        details = [f"{_named(source)} : {dit}" for source, dits in differents[nom].items() for dit in dits]
        partout = nom == "code" and not meme_code
        if partout:
            details.append(f"version {avant['code_version']} → {apres['code_version']}")
        if nom == "geographie" and avant["territoire"] != apres["territoire"]:
            details.append(f"territoire du portrait : {avant['territoire']} → {apres['territoire']}")
            partout = True
        if details:
            causes.append(Cause(nom, tuple(differents[nom]), tuple(details), partout))
    return causes


def _named(source: str) -> str:
    """Name a source as people do, and as its folder."""
    declaree = sources().get(source)
    return source if declaree is None else f"{declaree.titre} — {source}"


def _source_changes(
    nom: str, avant: dict[str, Any] | None, apres: dict[str, Any] | None, meme_code: bool
) -> tuple[str, list[str]]:
    """Say, in French, what differs of one source; nothing when only the code that reads it does."""
    groupe = group_of(nom)
    if avant is None or apres is None:
        # a source is declared, or no longer, by the code
        return ("code" if not meme_code else groupe), ["source nouvelle" if avant is None else "source disparue"]
    dits = _file_changes(avant["fichiers"], apres["fichiers"])
    if avant["etat"] != apres["etat"]:
        etats = read_words()["etats"]
        dits.append(f"état : {etats[avant['etat']]} → {etats[apres['etat']]}")
    elif avant["motif"] != apres["motif"]:
        dits.append("motif de son état")
    for champ, libelle in (("nature", "nature"), ("couverture", "couverture")):
        if champ in avant and champ in apres and avant[champ] != apres[champ]:
            ecrites = [valeur if isinstance(valeur, str) else "liste" for valeur in (avant[champ], apres[champ])]
            dits.append(f"{libelle} {ecrites[0]} → {ecrites[1]}" if ecrites[0] != ecrites[1] else f"{libelle} changée")
    acceptees = "acceptations" in avant and "acceptations" in apres and avant["acceptations"] != apres["acceptations"]
    if acceptees and not dits:
        return "correction", ["fichiers acceptés par une décision (acceptations.yml)"]
    if acceptees:
        dits.append("avec une décision d'acceptation (acceptations.yml)")
    if not dits and avant["version"] != apres["version"] and meme_code:
        dits.append("relue : ses règles comparent les années à l'année en cours")
    return groupe, dits


def _file_changes(avant: list[dict[str, Any]], apres: list[dict[str, Any]]) -> list[str]:
    anciens, nouveaux = ({lu["fichier"]: lu for lu in lus} for lus in (avant, apres))
    dits = []
    for fichier in sorted({*anciens, *nouveaux}):
        ancien, nouveau = anciens.get(fichier), nouveaux.get(fichier)
        if ancien is None or nouveau is None:
            dits.append(f"fichier « {fichier} » {'ajouté' if ancien is None else 'retiré'}")
        elif ancien["sha256"] != nouveau["sha256"]:
            dits.append(
                f"fichier « {fichier} » changé (sha256 {ancien['sha256'][:12]}… → {nouveau['sha256'][:12]}…)"
            )
        else:
            dits += [
                f"fichier « {fichier} » : {champ} {ancien[champ]} → {nouveau[champ]}"
                for champ in D_UN_FICHIER
                if champ in ancien and champ in nouveau and ancien[champ] != nouveau[champ]
            ]
    return dits


def sources_behind(indicateur: str) -> set[str]:
    """Name every source that may move a value of an indicator: what it counts, where it lies, what replaces it."""
    declare = indicateurs()[indicateur]
    noms = {source.nom for source in sources_of_indicator(declare)} | set(GEOGRAPHIE)
    base = indicateurs()[declare.derive.indicateur] if declare.derive is not None else declare
    if base.estimation is not None and REMPLACEES_PAR[base.estimation] in mesures():
        noms |= {source.nom for source in sources_of_measure(mesures()[REMPLACEES_PAR[base.estimation]])}
    return noms


def causes_of(indicateur: str, causes: Iterable[Cause]) -> list[Cause]:
    """Return those of the causes that may have moved a value of an indicator; an unknown one owes it to the code."""
    causes = list(causes)
    if indicateur not in indicateurs():
        return [cause for cause in causes if cause.nom == "code"] or causes
    derriere = sources_behind(indicateur)
    return [cause for cause in causes if cause.est_partout or derriere & set(cause.sources)] or causes
