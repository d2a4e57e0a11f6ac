"""The pages of every EPCI, from the release that stands: a job apart, for they are many and not part of it."""

import dagster as dg

from observatoire.releases.portraits import write_portraits
from pipelines.defs.resources import EntrepotVerrouille
from pipelines.failing import obstacles_told
from pipelines.progress import Progression


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
    with obstacles_told(), Progression(context.log, "portraits", str, " pages") as suivi:
        portraits = write_portraits(entrepot, config.codes, progres=suivi.advance)
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
