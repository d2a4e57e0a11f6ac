"""The release, and the jobs that move the stable path: back, forward again, or away from a retracted one."""

import dagster as dg

from observatoire.publication.public_tables import tables_publiques
from observatoire.releases import (
    PublicationRefusee,
    epingle,
    manifeste,
    publier,
    reprendre,
    retirer,
    revenir_a,
)
from pipelines.assets import PROPRIETAIRES
from pipelines.defs.resources import EntrepotVerrouille


@dg.asset(
    key=["publication", "release"],
    deps=[[publique.schema, publique.nom] for publique in tables_publiques() if publique.dans_l_entrepot],
    group_name="publication",
    kinds={"duckdb", "parquet", "html"},
    owners=PROPRIETAIRES,
    description="Publication immuable : DuckDB, Parquet, CSV, portrait, manifeste. Rien de changé, rien de publié.",
)
def release(context: dg.AssetExecutionContext, verrouille: EntrepotVerrouille) -> dg.MaterializeResult:
    """Publish, unless nothing changed since the last release."""
    entrepot = verrouille.entrepot
    try:
        nom, nouvelle = publier(entrepot)
    except PublicationRefusee as erreur:
        raise dg.Failure(description=str(erreur), allow_retries=False) from erreur
    contenu = manifeste(entrepot, nom)
    echecs = [source for source in contenu["sources"] if source["etat"] == "en_echec"]
    for source in echecs:
        context.log.warning("%s est en_echec depuis %s : %s", source["source"], source["depuis"], source["motif"])
    return dg.MaterializeResult(
        metadata={
            "publication": nom,
            "nouvelle": nouvelle,
            "nature": contenu["nature"],
            "épinglée": epingle(entrepot) or "non",
            "sources en échec": ", ".join(source["source"] for source in echecs) or "aucune",
            "portrait": dg.MetadataValue.path(str(entrepot.racine / "portrait" / "index.html")),
            "fichier": dg.MetadataValue.path(str(entrepot.racine / "observatoire.duckdb")),
        }
    )


class Retour(dg.Config):
    """Where to go back to."""

    release: str = ""


class Retrait(dg.Config):
    """What to retract, and why."""

    release: str
    motif: str


@dg.op(description="Épingle le chemin stable sur une publication gardée (par défaut, la précédente).")
def epingler(context: dg.OpExecutionContext, config: Retour, verrouille: EntrepotVerrouille) -> None:
    """Pin the stable path."""
    try:
        nom = revenir_a(verrouille.entrepot, config.release or None)
    except PublicationRefusee as erreur:
        raise dg.Failure(description=str(erreur), allow_retries=False) from erreur
    context.log.info("Le chemin stable donne maintenant %s, jusqu'à « reprendre ».", nom)


@dg.op(description="Rend le chemin stable à la dernière publication.")
def desepingler(context: dg.OpExecutionContext, verrouille: EntrepotVerrouille) -> None:
    """Unpin the stable path."""
    try:
        nom = reprendre(verrouille.entrepot)
    except PublicationRefusee as erreur:
        raise dg.Failure(description=str(erreur), allow_retries=False) from erreur
    context.log.info("Le chemin stable donne maintenant %s.", nom)


@dg.op(description="Retire une publication : ses fichiers sont effacés.")
def effacer_publication(context: dg.OpExecutionContext, config: Retrait, verrouille: EntrepotVerrouille) -> None:
    """Retract a release."""
    entrepot = verrouille.entrepot
    try:
        restante = retirer(entrepot, config.release, config.motif)
    except PublicationRefusee as erreur:
        raise dg.Failure(description=str(erreur), allow_retries=False) from erreur
    context.log.info("Publication retirée. Le chemin stable donne maintenant %s.", restante or "rien")


@dg.job(
    name="revenir_a", description="Revenir à une publication gardée ; le chemin stable y reste jusqu'à « reprendre »."
)
def job_revenir_a() -> None:
    """Go back to a kept release."""
    epingler()


@dg.job(name="reprendre", description="Redonner au chemin stable la dernière publication.")
def job_reprendre() -> None:
    """Follow the last release again."""
    desepingler()


@dg.job(
    name="retirer_publication",
    description="Retirer une publication après une objection (dire laquelle, et pourquoi) ; elle ne sera plus publiée.",
)
def job_retirer() -> None:
    """Retract a release."""
    effacer_publication()
