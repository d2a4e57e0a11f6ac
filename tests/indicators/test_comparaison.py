"""Two figures are set side by side only when `comparable` lets them; a share is no exception."""

import dataclasses
from dataclasses import replace

import pytest

from observatoire.indicators.catalog import (
    Terme,
    _no_share,
    figure_of,
    figure_of_indicator,
    indicateurs,
    mesures,
)
from observatoire.indicators.comparison import Chiffre, comparable
from observatoire.indicators.values import reuse
from observatoire.obstacle import Obstacle
from observatoire.publication.themes import figure_of as figure_on_page
from tests.fabrique import Fabrique

SALARIES = Chiffre(
    unite="salariés, moyenne annuelle",
    champ="secteur privé, régime général",
    producteurs=frozenset({"Urssaf"}),
    periode="2024",
    ruptures=("2023 : les apprentis sont comptés",),
)


def test_deux_chiffres_de_meme_nature_se_comparent():
    assert comparable(SALARIES, SALARIES) is None
    assert comparable(SALARIES, dataclasses.replace(SALARIES, perimetre="Insee")) is None, "a part and its whole"


@pytest.mark.parametrize(
    ("changement", "raison"),
    [
        ({"unite": "postes au 31 décembre"}, "deux unités (« salariés, moyenne annuelle », « postes au 31 décembre »)"),
        ({"champ": "public et privé"}, "deux champs"),
        ({"champ": ""}, "n'est pas dit"),
        ({"producteurs": frozenset({"Insee"})}, "deux sources (Urssaf ; Insee)"),
        ({"periode": "2025"}, "deux périodes (2024, 2025)"),
        ({"periode": "inconnu"}, "la période de l'un est inconnue"),
        ({"nature": "demonstration"}, "démonstration"),
        ({"denominateur": SALARIES}, "l'un est un rapport"),
    ],
)
def test_ce_qui_differe_est_dit_dans_les_deux_sens(changement: dict, raison: str):
    autre = dataclasses.replace(SALARIES, **changement)
    assert raison in (comparable(SALARIES, autre) or "")
    assert comparable(autre, SALARIES) is not None


def test_une_rupture_entre_deux_annees_est_nommee():
    assert "apprentis" in (comparable(SALARIES, dataclasses.replace(SALARIES, periode="2019")) or "")
    assert "apprentis" not in (comparable(SALARIES, dataclasses.replace(SALARIES, periode="2023")) or "")


def test_deux_perimetres_de_l_ess_ne_se_comparent_pas():
    un, deux = (dataclasses.replace(SALARIES, perimetre=nom) for nom in ("Insee reconstitué", "large, approché"))
    assert "périmètres" in (comparable(un, deux) or "")


def test_les_denominateurs_de_deux_rapports_sont_compares_aussi():
    part = dataclasses.replace(SALARIES, denominateur=SALARIES)
    autre = dataclasses.replace(SALARIES, denominateur=dataclasses.replace(SALARIES, champ="public et privé"))
    assert comparable(part, part) is None
    assert (comparable(part, autre) or "").startswith("leurs dénominateurs diffèrent : deux champs")


def test_une_part_de_l_ess_et_une_part_de_tous_ne_se_comparent_pas():
    """A part and its whole are set side by side as counts; as denominators they make two other ratios."""
    de_tous = dataclasses.replace(SALARIES, denominateur=SALARIES)
    de_l_ess = dataclasses.replace(SALARIES, denominateur=dataclasses.replace(SALARIES, perimetre="Insee"))
    for a, b in ((de_tous, de_l_ess), (de_l_ess, de_tous)):
        assert "leurs dénominateurs diffèrent" in (comparable(a, b) or "")


# in the catalogue


def test_un_rapport_porte_son_denominateur():
    """The share of the ESS among employers, and that of a family among those of the ESS: one numerator, two ratios."""
    part, famille, estimee, urssaf, compte = (
        figure_of_indicator(indicateurs()[nom])
        for nom in (
            "part_ess_etablissements_employeurs_sirene", "part_familles_ess_sirene", "part_ess_emplois_prives_estimee",
            "part_ess_effectifs_prives_urssaf", "effectifs_ess_urssaf",
        )
    )
    assert comparable(part, part) is None
    assert "dénominateurs" in (comparable(part, famille) or "")
    assert "rapport" in (comparable(urssaf, compte) or "")
    assert comparable(estimee, urssaf) is None, "the estimate stands beside what it is calibrated on"


def test_les_mesures_du_produit_disent_ce_qu_elles_comptent():
    postes, salaries = figure_of(mesures()["postes_flores"]), figure_of(mesures()["effectifs_prives_urssaf"])
    assert "deux unités" in (comparable(postes, salaries) or "")
    assert comparable(figure_of(mesures()["effectifs_ess_urssaf"]), salaries) is None
    for indicateur in indicateurs().values():
        if indicateur.unite == "%" and indicateur.numerateur is not None:
            assert indicateur.denominateur is not None, f"{indicateur.nom} : un pourcentage sans dénominateur"


def _part(petit: Fabrique, haut: str, bas: str, **denominateur: str) -> None:
    petit.contributions("depot", [petit.ligne("commune:63001", 1)])
    for nom, entetes in (("haut", haut), ("bas", bas)):
        petit.mesure(nom, f"-- {nom}\n{entetes}FROM socle.depot_depot")
    petit.indicateur(
        "i", unite="%", facteur=100, numerateur={"mesure": "haut"}, denominateur={"mesure": "bas", **denominateur}
    )


def test_deux_tables_d_un_producteur_ne_font_pas_une_part():
    ess, autre_table = mesures()["effectifs_ess_urssaf"], mesures()["effectifs_prives_divisions_urssaf"]
    assert comparable(figure_of(ess), figure_of(autre_table)) is None, "one unit, one scope, one producer"
    part = replace(
        indicateurs()["part_ess_effectifs_prives_urssaf"], denominateur=Terme("effectifs_prives_divisions_urssaf")
    )
    assert "deux tables" in (_no_share(part) or "")
    assert _no_share(indicateurs()["part_ess_effectifs_prives_urssaf"]) is None


DITE = "-- unité : salariés\n-- champ : secteur privé\n"


@pytest.mark.parametrize(
    ("bas", "denominateur", "raison"),
    [
        ("", {}, "n'est pas dit"),
        ("-- unité : postes\n-- champ : secteur privé\n", {}, "deux unités"),
        ("-- unité : salariés\n-- champ : public et privé\n", {}, "deux champs"),
        (DITE, {"periode": "derniere_connue"}, "autre période"),
    ],
)
def test_une_part_dont_les_termes_different_ne_se_charge_pas(petit: Fabrique, bas: str, denominateur: dict, raison: str):
    _part(petit, DITE, bas, **denominateur)
    with pytest.raises(Obstacle, match=f"« i ».*{raison}"):
        indicateurs()


def test_une_part_dont_les_termes_s_accordent_se_charge(petit: Fabrique):
    _part(petit, DITE, DITE)
    assert petit.publiees()["epci:A"] == 100


@pytest.mark.parametrize(
    ("autre", "raison"),
    [(DITE, None), ("-- unité : salariés\n-- champ : public et privé\n", "deux champs"), ("", "deux unités"),
     (f"{DITE}-- périmètre : Insee\n", "périmètre")],
)  # fmt: skip
def test_la_page_compare_les_denominateurs_que_le_catalogue_dit(petit: Fabrique, autre: str, raison: str | None):
    petit.contributions("depot", [petit.ligne("commune:63001", 1)])
    for nom, entetes in (("haut", DITE), ("un", DITE), ("deux", autre)):
        petit.mesure(nom, f"-- {nom}\n{entetes}FROM socle.depot_depot")
    for bas in ("un", "deux"):
        petit.indicateur(f"par_{bas}", unite="u", numerateur={"mesure": "haut"}, denominateur={"mesure": bas})
    petit.valeurs()
    catalogue = {ligne["indicateur"]: ligne for ligne in petit.read_batches("indicateurs.catalogue")}
    valeur = {"periode": "2024", "nature": "reelle", "periode_denominateur": "2024"}
    un, deux = (figure_on_page(catalogue[nom], valeur) for nom in ("par_un", "par_deux"))
    assert comparable(un, un) is None and comparable(deux, deux) is None
    dit = comparable(un, deux)
    assert dit is None if raison is None else dit is not None and "dénominateurs" in dit and raison in dit


def test_ce_qui_repose_sur_l_urssaf_se_partage_sous_odbl():
    assert "ODbL" in reuse({"Licence Ouverte 2.0", "ODbL 1.0"}) and "ODbL" not in reuse({"Licence Ouverte 2.0"})
    assert reuse(set()) == ""
