"""The pages of every EPCI, from the release that stands: a job apart, for they are many and not part of it."""

import dagster as dg

from observatoire.chain.check import PublicationRefusee
from observatoire.releases.portraits import write_portraits
from pipelines.defs.resources import EntrepotVerrouille


class Choix(dg.Config):
    """Which EPCI; all of them when none is named."""

    codes: list[str] = []


@dg.op(
    name="ecrire_portraits",
    description="Écrit une page par EPCI (tous, sans rien préciser) d'après la publication en cours, et leur liste.",
)
def write_pages(context: dg.OpExecutionContext, config: Choix, verrouille: EntrepotVerrouille) -> None:
    """Write the pages."""
    entrepot = verrouille.entrepot
    try:
        portraits = write_portraits(entrepot, config.codes)
    except PublicationRefusee as erreur:
        raise dg.Failure(description=str(erreur), allow_retries=False) from erreur
    context.log.info("%s pages de la publication %s.", portraits.pages, portraits.release)
    context.add_output_metadata(
        {
            "publication": portraits.release,
            "pages": portraits.pages,
            "page la plus lourde (octets)": portraits.plus_lourde,
            "liste": dg.MetadataValue.path(str(entrepot.racine / "portraits" / "index.html")),
        }
    )


@dg.job(
    name="portraits",
    description="Écrire le portrait de tous les EPCI d'après la publication en cours (quelques minutes).",
)
def portraits_job() -> None:
    """Write the pages of every EPCI."""
    write_pages()
