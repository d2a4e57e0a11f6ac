"""What is public never rests on a restricted source, in whatever way its table is computed."""

from dataclasses import replace

import pytest

from observatoire.chain.diffusion import check_published
from observatoire.chain.step import Etape
from observatoire.chain.steps import steps
from observatoire.obstacle import Obstacle
from observatoire.sources import sources


def restreinte(nom: str, **autres: bool) -> list[Etape]:
    """Return the steps as they would be were a source restricted, and not published itself."""
    source = replace(sources()[nom], diffusion="restreinte", **autres)
    return [
        replace(etape, sources=lambda: (source,), publiques=()) if etape.nom == f"source {nom}" else etape
        for etape in steps()
    ]


@pytest.mark.parametrize(
    ("source", "publiee"),
    [
        ("documents", "indicateurs.graphe_"),
        ("etiquettes_noms", "qualite.rapprochements_noms"),
        ("declarations", "indicateurs.arithmetique_declarations"),
        ("familles_urssaf", "indicateurs.estimations"),
        ("hors_regime_general", "indicateurs.estimations"),
    ],
)
def test_une_table_publiee_ne_repose_pas_sur_une_source_restreinte(source: str, publiee: str):
    with pytest.raises(Obstacle, match=rf"{publiee}.*repose sur {source}, de diffusion restreinte"):
        check_published(restreinte(source))


def test_les_sources_d_aujourd_hui_passent_et_une_table_deja_protegee_aussi():
    check_published(steps())
    check_published(restreinte("hors_regime_general", protegee_par_producteur=True))


def test_sans_dire_que_le_secret_est_applique_les_valeurs_ne_sont_pas_publiees():
    etapes = [replace(etape, applique_secret=False) for etape in steps()]
    with pytest.raises(Obstacle, match="est publiée et repose sur paie_etablissements"):
        check_published(etapes)
