"""The release, and the jobs that move the stable path: back, forward again, or away from a retracted one."""

import dagster as dg
from pydantic import Field

from observatoire.chain.steps import published
from observatoire.releases.lifecycle import (
    follow_latest,
    manifest_of,
    publish,
    retract,
    roll_back_to,
)
from observatoire.releases.retraction_word import check_retraction_word, renew_retraction_word
from observatoire.settings import Settings
from observatoire.warehouse import Entrepot
from pipelines.assets import PROPRIETAIRES, asset_key_of
from pipelines.defs.resources import EntrepotVerrouille
from pipelines.desk import release_report
from pipelines.failing import obstacles_told
from pipelines.freshness import tell_freshness


@dg.asset(
    key=["publication", "release"],
    deps=[
        asset_key_of(table)
        for table in sorted({lue for p in published() for lue in (f"{p.schema}.{p.nom}", *p.lit)})
    ],
    group_name="publication",
    kinds={"duckdb", "parquet", "html"},
    owners=PROPRIETAIRES,
    description="**La page à ouvrir après un run** : ce qui a été lu, refusé, changé, publié ; où en est chaque "
    "source ; le portrait. Publication immuable : DuckDB, Parquet, CSV, portrait, manifeste. Rien de changé, rien de "
    "publié.",
)
def release(context: dg.AssetExecutionContext, verrouille: EntrepotVerrouille) -> dg.MaterializeResult[None]:
    """Publish, unless nothing changed since the last release."""
    entrepot = verrouille.entrepot
    with obstacles_told():
        nom, nouvelle = publish(entrepot)
    for source in manifest_of(entrepot, nom)["sources"]:
        if source["etat"] == "en_echec":
            context.log.warning("%s est en_echec depuis %s : %s", source["source"], source["depuis"], source["motif"])
    tell_freshness(context.instance, entrepot)
    return dg.MaterializeResult(metadata=release_report(entrepot, nom, nouvelle))


class Retour(dg.Config):
    """Where to go back to."""

    release: str = ""


class Retrait(dg.Config):
    """What to retract, and why."""

    release: str = Field(description="Identifiant de la publication à retirer.")
    motif: str = Field(description="Pourquoi. Il est public (releases.json, flux.atom) : n'y nommer personne.")
    mot: str = Field(description="Mot de retrait : « observatoire etat » le donne, sur la machine ; il sert une fois.")


@dg.op(name="epingler", description="Épingle le chemin stable sur une publication gardée (par défaut, la précédente).")
def pin(context: dg.OpExecutionContext, config: Retour, verrouille: EntrepotVerrouille) -> None:
    """Pin the stable path."""
    with obstacles_told():
        nom = roll_back_to(verrouille.entrepot, config.release or None)
    context.log.info("Le chemin stable donne maintenant %s, jusqu'à « reprendre ».", nom)


@dg.op(name="desepingler", description="Rend le chemin stable à la dernière publication.")
def unpin(context: dg.OpExecutionContext, verrouille: EntrepotVerrouille) -> None:
    """Unpin the stable path."""
    with obstacles_told():
        nom = follow_latest(verrouille.entrepot)
    context.log.info("Le chemin stable donne maintenant %s.", nom)


@dg.op(name="effacer_publication", description="Retire une publication : ses fichiers sont effacés.")
def erase_release(context: dg.OpExecutionContext, config: Retrait, verrouille: EntrepotVerrouille) -> None:
    """Retract a release."""
    try:
        entrepot = verrouille.entrepot
        with obstacles_told():
            check_retraction_word(entrepot, config.mot)
            restante = retract(entrepot, config.release, config.motif)
    finally:
        renew_retraction_word(Entrepot(Settings.from_environment()))
    context.log.info("Publication retirée. Le chemin stable donne maintenant %s.", restante or "rien")


@dg.job(
    name="revenir_a", description="Revenir à une publication gardée ; le chemin stable y reste jusqu'à « reprendre »."
)
def roll_back_job() -> None:
    """Go back to a kept release."""
    pin()


@dg.job(name="reprendre", description="Redonner au chemin stable la dernière publication.")
def follow_latest_job() -> None:
    """Follow the last release again."""
    unpin()


@dg.job(
    name="retirer_publication",
    description="Retirer une publication après une objection : dire laquelle, pourquoi (ce motif est public, n'y "
    "nommer personne) et le mot que donne « observatoire etat ». Elle ne sera plus publiée ; les sauvegardes faites "
    "avant la gardent.",
)
def retract_job() -> None:
    """Retract a release."""
    erase_release()
