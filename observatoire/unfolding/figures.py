"""Unfold a published figure: its formula, its terms, the rows behind each, what is left out and why.

Everything is read from the evidence kept with the release, and checked: rows that do not add up to what was published
are an error, not an answer. Finding rows belongs to `raw_lines`; writing pages to `publication`.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from observatoire.estimation.employers import ess_employers
from observatoire.evidence import open_evidence
from observatoire.indicators.catalog import Derive, Indicateur, Mesure, Terme, indicateurs, mesures, sources_of_measure
from observatoire.indicators.contributions import aggregate, select_contributions
from observatoire.indicators.cube import CELLULE
from observatoire.indicators.raw_lines import find_lines, public_lines
from observatoire.obstacle import Obstacle
from observatoire.sources import sources
from observatoire.sources.states import state_of
from observatoire.warehouse import NOM_DUCKDB, Entrepot, memory_database, open_published, read_rows, sql_literal

Ligne = dict[str, Any]
CLE = ("indicateur", "niveau", "code_territoire", "periode", "axe", "modalite")
CONFIDENTIELLE = "Valeur supprimée au titre du secret statistique : rien de ce qui la compose n'est montré."
LARGES = {"departement": "de son département", "region": "de sa région", "france": "de la France"}
AGREGATS = {
    "somme": "somme",
    "nombre_unites": "nombre d'unités",
    "nombre_repondants": "nombre de répondants",
    "mediane_unites": "médiane par unité",
    "mediane_repondants": "médiane par répondant",
    "top10_repondants": "somme des dix premiers répondants",
    "herfindahl": "indice de Herfindahl",
}
SANS_VALEUR = "Valeur qui ne peut être calculée : "


@dataclass
class TermeDeplie:
    """A term of a value: an aggregate of a measure in a cell, the rows it counts, what it leaves out.

    Attributes:
        role: numerateur or denominateur.
        valeur: the term, recomputed from the rows.
        lignes: rows of the public file, and counts by reason of the others (columns of `raw_lines.LIGNES`, sha256).
        ecartees: rows its sources left out, and contributions known only above this level: source, raison, nombre, and
            valeur where it is known.
    """

    role: str
    mesure: str
    description: str
    agregat: str
    valeur: Decimal | float | None
    lignes: list[Ligne] = field(default_factory=list)
    ecartees: list[Ligne] = field(default_factory=list)


@dataclass
class Depliage:
    """A published value and what it rests on.

    Attributes:
        release: the release it is in.
        valeur: its row of `indicateurs.valeurs`.
        formule: how it is computed, in French.
        motif: why nothing more is said, empty when something is.
        termes: its terms.
        repose_sur: for what derives from several territories, the published rows it compares.
        tranches: for an estimate, employers by size band: no headcount of an establishment exists, and none is shown.
    """

    release: str
    valeur: Ligne
    formule: str
    motif: str = ""
    termes: list[TermeDeplie] = field(default_factory=list)
    repose_sur: list[Ligne] = field(default_factory=list)
    tranches: list[Ligne] = field(default_factory=list)


def unfold(entrepot: Entrepot, release: str, cle: dict[str, str]) -> Depliage:
    """Unfold a value of a release, from the evidence kept with it.

    Args:
        entrepot: the warehouse.
        release: a kept release.
        cle: indicateur, niveau, code_territoire, periode, axe, modalite.

    Raises:
        Obstacle: no such value, or rows that do not add up to it (computed by another version of the code).
        PreuvesAbsentes: its evidence is not kept.
    """
    preuves = open_evidence(entrepot, release)
    publiee = entrepot.racine / "releases" / release / NOM_DUCKDB
    lignes = _published(publiee, " AND ".join(f"{nom} = {sql_literal(valeur)}" for nom, valeur in cle.items()))
    if len(lignes) != 1:
        dite = ", ".join(cle.values())
        raise Obstacle(f"« {dite} » n'est pas une valeur de {release} : la prendre dans indicateurs.valeurs.")
    indicateur = indicateurs().get(cle["indicateur"])
    if indicateur is None:
        raise Obstacle(f"L'indicateur « {cle['indicateur']} » n'existe plus dans cette version du code.")
    depliage = Depliage(release, lignes[0], formula(indicateur))
    if lignes[0]["statut_confidentialite"] == "C":
        depliage.motif = CONFIDENTIELLE
    elif indicateur.derive is not None:
        depliage.repose_sur = _compared(publiee, indicateur.derive, lignes[0])
    elif indicateur.estimation is not None:
        _unfold_estimate(preuves, depliage, indicateur)
    else:
        _unfold_terms(preuves, depliage, indicateur)
    return depliage


def published_keys(chemin: Path, cle: dict[str, str]) -> list[dict[str, str]]:
    """List the keys of the values that answer the parts of a key given, the last period first."""
    condition = " AND ".join(f"{nom} = {sql_literal(valeur)}" for nom, valeur in cle.items())
    ordre = f"periode = 'inconnu', periode DESC, {', '.join(CLE)}"
    lignes = _published(chemin, f"{condition} ORDER BY {ordre}")
    return [{nom: ligne[nom] for nom in CLE} for ligne in lignes]


def formula(indicateur: Indicateur) -> str:
    """Say how an indicator is computed."""
    if indicateur.derive is not None:
        base = indicateurs()[indicateur.derive.indicateur].titre
        if indicateur.derive.type == "rang":
            return f"rang, parmi les territoires du même niveau, de « {base} »"
        reference = LARGES[indicateur.derive.reference or "france"]
        return f"« {base} » du territoire ÷ la même {reference}"
    if indicateur.estimation is not None:
        haut = "estimation calée sur le total de l'Urssaf du département, employeurs pris par tranche d'effectifs"
    else:
        haut = _said(indicateur.numerateur)
    fois = f" × {indicateur.facteur}" if indicateur.facteur != 1 else ""
    return haut + (f" ÷ {_said(indicateur.denominateur)}" if indicateur.denominateur is not None else "") + fois


def _said(terme: Terme | None) -> str:
    if terme is None:
        return ""
    compte = mesures()[terme.mesure].description.rstrip(".")
    return f"{AGREGATS.get(terme.agregat, terme.agregat)} de « {compte} »"


def _published(chemin: Path, condition: str) -> list[Ligne]:
    with open_published(chemin) as base:
        return read_rows(base, f"FROM indicateurs.valeurs WHERE {condition}")


def _compared(chemin: Path, derive: Derive, valeur: Ligne) -> list[Ligne]:
    """List the published values a rank or a specialisation compares: each unfolds in its turn."""
    memes = [f"indicateur = {sql_literal(derive.indicateur)}", "valeur IS NOT NULL OR borne_basse IS NOT NULL"]
    memes += [f"{nom} = {sql_literal(valeur[nom])}" for nom in ("periode", "axe", "modalite")]
    ici = f"niveau = {sql_literal(valeur['niveau'])} AND code_territoire = {sql_literal(valeur['code_territoire'])}"
    if derive.type == "specialisation":
        reference = f"""(niveau, code_territoire) IN (
            SELECT (niveau_parent, code_parent) FROM referentiels.appartenances
            WHERE {ici} AND niveau_parent = {sql_literal(derive.reference or "france")})"""
        memes.append(f"{ici} OR {reference}")
    else:
        memes.append(f"niveau = {sql_literal(valeur['niveau'])}")
        if derive.parmi == "comparables":
            memes.append(f"""{ici} OR code_territoire IN (
                SELECT code_comparable FROM referentiels.comparables
                WHERE code_territoire = {sql_literal(valeur['code_territoire'])})""")
    return _published(chemin, " AND ".join(f"({condition})" for condition in memes) + " ORDER BY valeur DESC")


def _unfold_terms(preuves: Entrepot, depliage: Depliage, indicateur: Indicateur) -> None:
    for role, terme in (("numerateur", indicateur.numerateur), ("denominateur", indicateur.denominateur)):
        if terme is not None:
            depliage.termes.append(_unfold_term(preuves, depliage.valeur, role, terme))
    for terme_deplie in depliage.termes:
        publie = depliage.valeur[terme_deplie.role]
        if not _equal(terme_deplie.valeur, publie):
            raise Obstacle(
                f"Le {terme_deplie.role} recalculé n'est pas celui publié par {depliage.release} : cette version du "
                "code n'est plus celle qui l'a calculé ; déplier la publication courante, ou revenir à cette version."
            )
    if depliage.valeur["valeur"] is None:
        depliage.motif = SANS_VALEUR + "un terme est inconnu, ou le dénominateur est nul."


def _equal(calculee: Decimal | float | None, publiee: Decimal | None) -> bool:
    if calculee is None or publiee is None:
        return calculee is publiee
    if isinstance(calculee, float):
        return abs(calculee - float(publiee)) <= 1e-6 * max(1.0, abs(calculee))
    return calculee == publiee


def cell_of(valeur: Ligne, role: str, terme: Terme) -> Ligne:
    """Return the cell a term of a value is read in: a denominator has its own period, and perhaps the total."""
    cellule = {nom: valeur[nom] for nom in CELLULE.split(", ")}
    if role == "denominateur":
        cellule["periode"] = valeur["periode_denominateur"]
        if terme.modalite == "total":
            cellule |= {"axe": "total", "modalite": "total"}
    return cellule


def _unfold_term(preuves: Entrepot, valeur: Ligne, role: str, terme: Terme) -> TermeDeplie:
    mesure = mesures()[terme.mesure]
    deplie = TermeDeplie(role, mesure.nom, mesure.description, terme.agregat, None)
    if (role, valeur["periode_denominateur"]) == ("denominateur", None):
        return deplie
    cellule = cell_of(valeur, role, terme)
    with preuves.connect() as connexion:
        select_contributions(connexion, preuves, mesure, cellule)
        deplie.valeur = aggregate(connexion, terme.agregat)
        find_lines(connexion, mesure, "contributions")
        colonnes = f"FROM ({public_lines(mesure)}) ORDER BY ALL"
        deplie.lignes = _with_sha256(preuves, read_rows(connexion, colonnes))
        deplie.ecartees = [*_left_out(preuves, mesure), *_known_above(connexion, preuves, mesure, cellule)]
    return deplie


def _with_sha256(preuves: Entrepot, lignes: list[Ligne]) -> list[Ligne]:
    empreintes: dict[tuple[str, str], str] = {}
    for nom in {ligne["source"] for ligne in lignes if ligne["fichier"]}:
        etat = state_of(preuves, sources()[nom])
        empreintes |= {(nom, lu.fichier): lu.sha256 for lu in (etat.fichiers if etat else [])}
    return [{**ligne, "sha256": empreintes.get((ligne["source"], ligne["fichier"]))} for ligne in lignes]


def _left_out(preuves: Entrepot, mesure: Mesure) -> list[Ligne]:
    """Count what the counted sources left out, file by file: out of scope, refused; nobody knows of which cell."""
    ecartees = []
    for source in sources_of_measure(mesure):
        etat = state_of(preuves, source)
        if etat is None or source.facultative or source.famille == "references" or source.diffusion != "publique":
            continue
        for lu in etat.fichiers:
            for raison, nombre in lu.motifs_hors_champ.items():
                dite = {"source": source.nom, "fichier": lu.fichier, "raison": f"hors champ : {raison}"}
                ecartees.append({**dite, "nombre": nombre, "valeur": None})
        chemin = preuves.racine / "rejets" / f"{source.nom}.parquet"
        if chemin.exists():
            with memory_database() as connexion:
                ecartees += read_rows(connexion, f"""
                    SELECT {sql_literal(source.nom)} AS source, fichier, 'refusée : ' || motif AS raison,
                           count(DISTINCT ligne) AS nombre, NULL AS valeur
                    FROM read_parquet({sql_literal(chemin)}) WHERE gravite = 'refus' GROUP BY ALL ORDER BY ALL""")
    return ecartees


def _known_above(
    connexion: duckdb.DuckDBPyConnection, preuves: Entrepot, mesure: Mesure, cellule: Ligne
) -> list[Ligne]:
    """Count what may lie in the cell's territory and is known only above it: it counts there, not here."""
    if mesure.diffusion != "libre" or cellule["niveau"] in ("france", "inconnu"):
        return []
    dites = " AND ".join(f"m.{nom} = {sql_literal(cellule[nom])}" for nom in ("periode", "axe", "modalite"))
    return read_rows(connexion, f"""
        SELECT '' AS source, NULL AS fichier, 'lieu connu seulement au niveau ' || m.niveau AS raison,
               count(*) AS nombre, sum(valeur) AS valeur
        FROM mesures.{mesure.nom} m
        WHERE {dites} AND (m.niveau = 'inconnu' OR (m.niveau, m.code_territoire) IN (
            SELECT (niveau_parent, code_parent) FROM ancetres
            WHERE niveau = {sql_literal(cellule["niveau"])} AND niveau_parent <> niveau
              AND code_territoire = {sql_literal(cellule["code_territoire"])}))
        GROUP BY ALL ORDER BY ALL""")


def _unfold_estimate(preuves: Entrepot, depliage: Depliage, indicateur: Indicateur) -> None:
    """Unfold an estimate to its employers by size band: Sirene gives bands, and no headcount of anybody is known."""
    valeur = depliage.valeur
    with preuves.connect() as connexion:
        if valeur["borne_basse"] is None:
            cle = " AND ".join(f"{nom} = {sql_literal(valeur[nom])}" for nom in CELLULE.split(", "))
            requete = f"SELECT motif FROM indicateurs.estimations WHERE {cle} AND grandeur = '{indicateur.estimation}'"
            dits = [motif for (motif,) in connexion.execute(requete).fetchall() if motif]
            depliage.motif = SANS_VALEUR + (dits[0] if dits else "remplacée par une table sur mesure.")
            return
        employeurs = ess_employers(connexion, int(valeur["periode"]))
        lieu = "code_commune" if valeur["niveau"] == "commune" else "code_epci"
        retenus = employeurs[(employeurs[lieu] == valeur["code_territoire"]) & employeurs["est_estimee"]]
        if valeur["axe"] == "famille":
            retenus = retenus[retenus["famille"] == valeur["modalite"]]
        comptes = retenus["tranche_effectifs"].fillna("non renseignée").value_counts().sort_index()
        depliage.tranches = [{"tranche_effectifs": nom, "etablissements": int(n)} for nom, n in comptes.items()]
        departements = ", ".join(sql_literal(nom) for nom in sorted(set(retenus["code_departement"].dropna())))
        depliage.repose_sur = read_rows(connexion, f"""
            SELECT code_departement, periode, famille, total_urssaf, nombre_etablissements_sirene, verdict
            FROM qualite.calages WHERE code_departement IN ({departements or "''"}) AND periode = '{valeur["periode"]}'
              AND famille IN ('total', {sql_literal(valeur["modalite"])}) ORDER BY ALL""")
    if indicateur.denominateur is not None and valeur["periode_denominateur"]:
        depliage.termes.append(_unfold_term(preuves, valeur, "denominateur", indicateur.denominateur))
