"""The registry of steps: each table has one, after what it reads, and nothing escapes the check of the chain."""

import inspect
import re
from dataclasses import replace
from pathlib import Path

import pytest

from observatoire.chain.check import check_chain
from observatoire.chain.steps import check_published, published, step_of, steps
from observatoire.indicators import values
from observatoire.obstacle import Obstacle
from observatoire.publication.licences import feeding
from observatoire.publication.public_tables import public_tables
from observatoire.sources import sources
from observatoire.sources.states import schema_of
from observatoire.warehouse import SCHEMAS, Entrepot
from tests.chaine import definitions, installer


def test_une_table_n_a_qu_une_etape_et_vient_apres_ce_qu_elle_lit():
    ecrites: list[str] = []
    for etape in steps():
        assert set(etape.lit) <= set(ecrites), etape.nom
        ecrites += etape.tables
    assert len(ecrites) == len(set(ecrites)) and {nom.split(".")[0] for nom in ecrites} == set(SCHEMAS)


def test_chaque_etape_est_dans_le_graphe_et_le_graphe_n_a_rien_d_autre():
    assets = {noeud.key.to_user_string() for noeud in definitions().resolve_asset_graph().asset_nodes}
    a_part = {nom for nom in assets if nom.split("/")[0] in ("raw", "demonstration", "archives", "publication")}
    assert assets - a_part == {nom.replace(".", "/") for etape in steps() for nom in etape.tables}


def test_les_valeurs_disent_chaque_table_que_leurs_requetes_lisent():
    nommees = set(re.findall(r"(?:FROM|JOIN) ((?:socle|referentiels|mesures|indicateurs)\.\w+)", inspect.getsource(values)))
    assert "referentiels.comparables" in nommees
    assert nommees <= set(step_of("indicateurs.valeurs").lit)


def test_une_table_que_rien_n_ecrit_n_a_pas_d_etape():
    with pytest.raises(KeyError, match=r"socle\.inconnue"):
        step_of("socle.inconnue")


def test_ce_qui_est_public_est_tenu_par_une_etape_ou_par_la_publication():
    publiques = {f"{publique.schema}.{publique.nom}" for publique in public_tables()}
    siennes = {"indicateurs.contributions", "qualite.sources", "qualite.rejets", "meta.release", "meta.dictionnaire"}
    assert publiques - {f"{publique.schema}.{publique.nom}" for publique in published()} == siennes
    secretes = {f"{schema_of(source)}.{nom}" for nom, source in sources().items() if source.diffusion != "publique"}
    assert secretes and not secretes & publiques


@pytest.mark.parametrize(
    ("source", "publiee"),
    [("documents", "indicateurs.graphe_"), ("etiquettes_noms", "qualite.rapprochements_noms"), ("familles_urssaf", "indicateurs.estimations")],
)
def test_une_table_publique_qui_lit_une_source_restreinte_est_refusee(monkeypatch, source: str, publiee: str):
    """Computed in Python or by a query, near the source or far from it."""
    restreinte = {nom: replace(dite, diffusion="restreinte") if nom == source else dite for nom, dite in sources().items()}
    monkeypatch.setattr("observatoire.chain.steps.sources", lambda: restreinte)
    with pytest.raises(Obstacle, match=rf"\w+\.\w+ est publiée et lit \w+\.{source}, de diffusion restreinte"):
        check_published(steps())
    seules = tuple(etape for etape in steps() if etape.nom.startswith("source ") or any(n.startswith(publiee) for n in etape.tables))
    autres = tuple(replace(etape, publiques=()) if etape not in seules else etape for etape in steps())
    with pytest.raises(Obstacle, match=re.escape(publiee)):
        check_published(tuple(replace(e, publiques=()) if e.nom.startswith("source ") else e for e in autres))


def test_la_licence_suit_ce_que_les_etapes_lisent():
    assert [source.nom for source in feeding("socle.subventions")] == ["subventions"]
    assert {"declarations", "definitions_declarations", "subventions"} <= {
        source.nom for source in feeding("qualite.declarations")
    }
    assert feeding("indicateurs.catalogue") == ()
    assert [source.nom for source in feeding("socle.inconnue")] == sorted(sources())


def test_une_table_reecrite_dans_chaque_ensemble_est_nommee(publie: Path, monkeypatch):
    entrepot = installer(publie, monkeypatch)
    check_chain(entrepot)
    connue = Entrepot.version
    for nom in {etape.ensemble: list(etape.tables)[-1] for etape in steps()}.values():

        def version(ici: Entrepot, schema: str, table: str, reecrite: str = nom) -> str | None:
            return "autre" if f"{schema}.{table}" == reecrite else connue(ici, schema, table)

        monkeypatch.setattr(Entrepot, "version", version)
        with pytest.raises(Obstacle, match=rf"{nom} n'est pas à jour"):
            check_chain(entrepot)
