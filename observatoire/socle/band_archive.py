"""The archive of size bands: what each monthly stock of Sirene said, kept small, because no open file keeps it.

The stock gives one band an establishment, of a year of its own, and forgets the one before. Estimating jobs of past
years will need them. Reading an archive does not belong here yet: nothing does.
"""

from pathlib import Path

from observatoire.sources import sources
from observatoire.sources.states import state_of
from observatoire.warehouse import Entrepot, copy_query


def archive_bands(entrepot: Entrepot) -> Path | None:
    """Write the bands of the employers of the stock in place to `warehouse/archives/`, once a month of the stock.

    Returns:
        The archive of that month: siret (integer), band, year of the band, in the order of SIRET. None for
        demonstration data, or a stock of unknown month: nothing to keep.
    """
    chemin = _place(entrepot)
    if chemin is not None and not _is_kept(entrepot, chemin):
        with entrepot.connect(("socle.etablissements",)) as connexion, entrepot.replacing(chemin) as provisoire:
            requete = """
                SELECT try_cast(siret AS BIGINT) AS siret, tranche_effectifs, annee_effectifs
                FROM socle.etablissements
                WHERE est_actif AND est_employeur AND tranche_effectifs IS NOT NULL ORDER BY siret"""
            copy_query(connexion, requete, provisoire, {"version": entrepot.version("socle", "etablissements")})
    return chemin


def archive_due(entrepot: Entrepot) -> bool:
    """Say whether the stock in place has an archive to be written."""
    chemin = _place(entrepot)
    return chemin is not None and not _is_kept(entrepot, chemin)


def _place(entrepot: Entrepot) -> Path | None:
    """Return where the bands of the stock in place are kept, None when there is nothing to keep."""
    etat = state_of(entrepot, sources()["sirene_etablissements"])
    if etat is None or etat.nature == "demonstration" or entrepot.version("socle", "etablissements") is None:
        return None
    with entrepot.connect(("socle.etablissements",)) as connexion:
        ((millesime,),) = connexion.execute("SELECT max(millesime) FROM socle.etablissements").fetchall()
    if millesime in (None, "inconnu"):
        return None
    return entrepot.racine / "archives" / "tranches_effectifs" / f"{millesime}.parquet"


def _is_kept(entrepot: Entrepot, chemin: Path) -> bool:
    return entrepot.said_by(chemin).get("version") == entrepot.version("socle", "etablissements")
