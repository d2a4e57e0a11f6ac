"""Which published value is asked: the key of a figure, completed from what was said of it.

What lies behind the figure belongs to `figures`.
"""

from observatoire.evidence import open_evidence
from observatoire.obstacle import Obstacle
from observatoire.unfolding.figures import CLE, published_keys
from observatoire.warehouse import NOM_DUCKDB, Entrepot

# what the portrait shows first, of the focal territory
PAR_DEFAUT = {"indicateur": "etablissements_employeurs_ess_sirene", "niveau": "epci", "axe": "total"}


def complete_key(entrepot: Entrepot, courante: str | None, dite: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Complete what was asked: the current release, the focal territory, its last period, the total.

    Args:
        entrepot: the warehouse.
        courante: the release the stable path gives, None when nothing is published.
        dite: release, indicateur, niveau, code_territoire, periode, axe, modalite; empty ones are completed.

    Raises:
        Obstacle: nothing is published, or no value answers.
        PreuvesAbsentes: the release is not kept, or its evidence is not.
    """
    release = dite.get("release") or courante
    if release is None:
        raise Obstacle("Aucune publication : lancer actualiser, puis déplier.")
    cle = {**PAR_DEFAUT, **{nom: valeur for nom, valeur in dite.items() if valeur and nom in CLE}}
    if "code_territoire" not in cle and cle["niveau"] == "epci":
        cle["code_territoire"] = entrepot.settings.territoire
    if cle["axe"] == "total":
        cle["modalite"] = "total"
    open_evidence(entrepot, release)
    trouvees = published_keys(entrepot.racine / "releases" / release / NOM_DUCKDB, cle)
    if not trouvees:
        raise Obstacle(
            f"Aucune valeur publiée pour {', '.join(f'{nom} = {valeur}' for nom, valeur in cle.items())} : prendre "
            "indicateur, niveau, code_territoire, periode, axe et modalite dans indicateurs.valeurs."
        )
    return release, trouvees[0]
