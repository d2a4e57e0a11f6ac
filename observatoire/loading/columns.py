"""What each column of a load holds: how much of it is filled, matched with its reference, flagged; and what it became.

A column that arrives empty, or full of another kind of codes, halves a figure without any row being wrong. Counting
rows belongs to `volumes`.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pyarrow import parquet

from observatoire.obstacle import Obstacle
from observatoire.schemas import Table
from observatoire.settings import REFERENCES
from observatoire.sources import Source
from observatoire.sources.states import Etat
from observatoire.warehouse import memory_database, sql_literal

# of fewer rows, a share says nothing
LIGNES_PARLANTES = 20
LIGNES_D_UN_GENRE = 10
IDENTIFIANTS = ("siren", "siret", "siren_ou_siret", "rna")
INUTILISABLE_PCT = 90.0
CODES: dict[str, tuple[tuple[str, str], ...]] = {
    "commune": (
        ("communes.csv", "code_commune"),
        ("communes_anciennes.csv", "code_ancien"),
        ("mouvements_communes.csv", "COM_AV"),
    ),
    "epci": (("communes.csv", "code_epci"),),
    "naf": (("naf.csv", "code_naf"),),
}


def filled(chemin: Path, table: Table) -> dict[str, float]:
    """Return the percentage of rows where each column has a value, from what its Parquet says of itself."""
    decrit = parquet.read_metadata(chemin)
    noms = decrit.schema.to_arrow_schema().names
    if not decrit.num_rows:
        return {}
    groupes = [decrit.row_group(rang) for rang in range(decrit.num_row_groups)]
    pleines = {}
    for rang, nom in enumerate(noms):
        dits = [groupe.column(rang).statistics for groupe in groupes]
        if table.colonne(nom) is not None and all(dit is not None and dit.has_null_count for dit in dits):
            pleines[nom] = round(100 - 100 * sum(dit.null_count for dit in dits) / decrit.num_rows, 2)
    return pleines


def matched(chemin: Path, table: Table) -> dict[str, float]:
    """Return the percentage of values its reference knows, for each column that names one and has some."""
    trouvees = {}
    with memory_database() as connexion:
        for colonne in (colonne for colonne in table.colonnes if colonne.reference):
            connexion.execute("CREATE OR REPLACE TABLE connus (code VARCHAR)")
            connexion.execute("INSERT INTO connus SELECT unnest(?)", [_known(colonne.reference)])
            ((pct,),) = connexion.execute(
                f"""
                SELECT 100.0 * count(*) FILTER ({colonne.nom} IN (FROM connus)) / nullif(count({colonne.nom}), 0)
                FROM read_parquet({sql_literal(chemin)})"""
            ).fetchall()
            if pct is not None:
                trouvees[colonne.nom] = round(float(pct), 2)
    return trouvees


@cache
def _known(reference: str) -> list[str]:
    codes: set[str] = set()
    with memory_database() as connexion:
        for fichier, colonne in CODES[reference]:
            lus = f"FROM read_csv({sql_literal(REFERENCES / fichier)}, all_varchar = true)"
            codes |= {code for (code,) in connexion.execute(f"SELECT DISTINCT {colonne} {lus}").fetchall() if code}
    return sorted(codes)


def check_columns(chemin: Path, etat: Etat, precedent: Etat | None, source: Source, accepter: str) -> None:
    """Refuse a load whose column became another thing, beyond the gap the source declares.

    Args:
        chemin: the Parquet of the load.
        etat: of the load, with what its columns hold.
        precedent: the last good one.
        source: what is loaded.
        accepter: how a person accepts it, in French.

    Raises:
        Obstacle: with both figures.
    """
    for faute in (*_of_another_kind(chemin, etat, source), *_fallen(etat, precedent, source)):
        raise Obstacle(f"{source.nom} : {faute} {accepter}")


def _of_another_kind(chemin: Path, etat: Etat, source: Source) -> Iterable[str]:
    """Say in French which column of codes holds other codes, which column of identifiers holds none."""
    retenues = etat.lignes_retenues
    if retenues < LIGNES_D_UN_GENRE:
        return
    for nom, pct in etat.rapprochement.items():
        colonne = source.table.colonne(nom)
        if colonne is not None and colonne.reference == "commune" and pct < 50 and _look_postal(chemin, nom):
            yield (
                f"la colonne {_header(etat, nom)} semble porter des codes postaux ({pct:g} % seulement sont des codes "
                "commune de l'Insee). Garder la colonne du code commune, puis relancer."
            )
    for regle in etat.regles:
        colonne = source.table.colonne(regle["colonne"])
        if colonne is None or not colonne.obligatoire or colonne.genre not in IDENTIFIANTS:
            continue
        if regle["regle"] in {str(dite.name) for dite in colonne.regles} and (
            100 * regle["size"] >= INUTILISABLE_PCT * retenues
        ):
            yield (
                f"{regle['size']} lignes sur {retenues} sont signalées ({regle['regle']}) dans la colonne "
                f"{_header(etat, colonne.nom)} : ce qu'elle contient n'est pas ce qu'elle annonce, et rien n'en serait "
                "rapproché."
            )


def _look_postal(chemin: Path, nom: str) -> bool:
    """Say whether the codes of a column are mostly of five digits that end with a zero, as postcodes do."""
    with memory_database() as connexion:
        requete = f"""
            SELECT avg(regexp_full_match({nom}, '[0-9]{{4}}0')::INT) >= 0.5
            FROM (SELECT DISTINCT {nom} FROM read_parquet({sql_literal(chemin)}) WHERE {nom} IS NOT NULL)"""
        ((dit,),) = connexion.execute(requete).fetchall()
    return bool(dit)


def _fallen(etat: Etat, precedent: Etat | None, source: Source) -> Iterable[str]:
    """Say in French which column has fallen since the last good load: filled, matched, or free of flags."""
    if precedent is None or precedent.charge_le is None or precedent.nature != etat.nature:
        return
    if source.cumul != "dernier" and len(precedent.fichiers) != len(etat.fichiers):
        return  # a file more is about something else
    if min(etat.lignes_retenues, precedent.lignes_retenues) < LIGNES_PARLANTES:
        return
    for dit, ici, avant in (
        ("n'est plus remplie qu'à", etat.remplissage, precedent.remplissage),
        ("n'est plus connue de sa référence qu'à", etat.rapprochement, precedent.rapprochement),
    ):
        for nom, pct in avant.items():
            if pct - ici.get(nom, 0.0) > source.chute_pct:
                yield (
                    f"la colonne {_header(etat, nom)} {dit} {ici.get(nom, 0.0):g} % ({pct:g} % au dernier chargement)."
                )
    parts = _flag_shares(precedent)
    for (nom, regle), pct in _flag_shares(etat).items():
        if pct - parts.get((nom, regle), 0.0) > source.chute_pct:
            yield (
                f"{pct:g} % des lignes sont signalées ({regle}, colonne {_header(etat, nom)}), "
                f"{parts.get((nom, regle), 0.0):g} % au dernier chargement."
            )


def _flag_shares(etat: Etat) -> dict[tuple[str, str], float]:
    return {
        (regle["colonne"], regle["regle"]): round(100 * regle["size"] / etat.lignes_retenues, 2)
        for regle in etat.regles
        if regle["gravite"] == "signalement" and regle["colonne"]
    }


def _header(etat: Etat, nom: str) -> str:
    """Name a column as its file does."""
    ecrits = [lu.en_tetes[nom] for lu in etat.fichiers if nom in lu.en_tetes]
    return f"« {ecrits[0] if ecrits else nom} »"
