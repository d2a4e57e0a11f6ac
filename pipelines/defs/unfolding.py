"""The job that unfolds a published figure: from the desk, with nothing typed, or with the key of a value."""

import dagster as dg
from pydantic import Field

from observatoire.publication.unfolded_page import PAGE, TABLE, write_unfolding
from observatoire.releases.lifecycle import current_release
from observatoire.settings import Settings
from observatoire.unfolding.figures import unfold
from observatoire.unfolding.key import complete_key
from observatoire.warehouse import Entrepot
from pipelines.failing import obstacles_told

OP = "deplier_une_valeur"


class Valeur(dg.Config):
    """The key of a value, as in `indicateurs.valeurs`; what is left empty is completed."""

    indicateur: str = Field(default="", description="Indicateur ; vide : établissements employeurs de l'ESS.")
    niveau: str = Field(default="", description="commune, epci, departement, region, france ; vide : epci.")
    code_territoire: str = Field(default="", description="Code du territoire ; vide : celui de l'observatoire.")
    periode: str = Field(default="", description="Année ou date ; vide : la dernière connue.")
    axe: str = Field(default="", description="Ventilation ; vide : total.")
    modalite: str = Field(default="", description="Modalité ; vide : total, ou la première de la ventilation.")
    release: str = Field(default="", description="Publication gardée ; vide : la publication courante.")


@dg.op(name=OP, description="Écrit une page et un CSV dans warehouse/deplies, sans rien de restreint.")
def unfold_value(context: dg.OpExecutionContext, config: Valeur) -> str:
    """Unfold one value; it reads kept evidence only, and needs no lock."""
    entrepot = Entrepot(Settings.from_environment())
    with obstacles_told():
        depliage = unfold(entrepot, *complete_key(entrepot, current_release(entrepot), config.model_dump()))
        dossier = write_unfolding(entrepot, depliage)
    context.add_output_metadata(
        {
            "page": dg.MetadataValue.path(str(dossier / PAGE)),
            "lignes": dg.MetadataValue.path(str(dossier / TABLE)),
            "lignes montrées": sum(not ligne["raison"] for terme in depliage.termes for ligne in terme.lignes),
            "lignes seulement comptées": sum(
                ligne["nombre_lignes"] for terme in depliage.termes for ligne in terme.lignes if ligne["raison"]
            ),
        }
    )
    return str(dossier)


@dg.job(
    name="deplier",
    description="Déplier un chiffre publié jusqu'aux lignes lues ; sans rien saisir, le premier chiffre du territoire.",
)
def unfold_job() -> None:
    """Unfold a published value."""
    unfold_value()
