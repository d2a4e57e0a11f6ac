"""Contributions and cube: what counts where, what is refused, and that no cell depends on the order of the rows."""

import random
from decimal import Decimal
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.indicators import cube
from observatoire.indicators.catalog import mesures
from observatoire.indicators.cube import compute_measure
from observatoire.obstacle import Obstacle
from observatoire.schemas import TEXTE
from tests.fabrique import COMMUNES, FRANCE, Fabrique, fabrique
from tests.hasard import exemples

SQL = """SELECT 'commune' AS niveau, '63001' AS code_territoire, '2024' AS periode, 'total' AS axe, 'total' AS modalite,
                'u' AS unite, 'r' AS repondant, 1 AS nombre_unites, 10 AS valeur"""


# where a contribution counts


def test_une_commune_compte_dans_chaque_territoire_qui_la_contient(petit: Fabrique) -> None:
    lignes = [petit.ligne("commune:63001", 5), petit.ligne("commune:63001", "2.5")]
    petit.contributions("m", lignes, couverture="inconnue")
    attendu = ("commune:63001", "epci:A", "departement:63", "region:84", "france:FR")
    assert petit.sommes() == dict.fromkeys(attendu, Decimal("7.5"))


def test_une_commune_d_un_epci_a_cheval_compte_dans_son_departement_et_dans_l_epci(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("commune:63004", 5)], couverture="inconnue")
    assert set(petit.sommes()) == {"commune:63004", "epci:C", "departement:63", "region:84", "france:FR"}


def test_un_epci_a_cheval_sur_deux_departements_ne_compte_dans_aucun_mais_dans_la_region(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("epci:C", 5)], couverture="inconnue")
    assert petit.sommes() == {"epci:C": 5, "region:84": 5, "france:FR": 5}


def test_un_epci_a_cheval_sur_deux_regions_ne_compte_qu_en_france(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("epci:D", 5)], couverture="inconnue")
    assert petit.sommes() == {"epci:D": 5, "france:FR": 5}


def test_une_commune_sans_epci_compte_dans_son_departement(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("commune:63007", 5)], couverture="inconnue")
    assert petit.sommes() == dict.fromkeys(("commune:63007", "departement:63", "region:84", "france:FR"), 5)


def test_ce_qui_est_inconnu_sous_le_departement_compte_au_departement_et_au_dessus(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("departement:63", 5), petit.ligne("commune:63001", 1)], couverture="inconnue")
    assert petit.sommes() == {
        "commune:63001": 1, "epci:A": 1, "departement:63": 6, "region:84": 6, "france:FR": 6,
    }


@pytest.mark.parametrize("couverture", [FRANCE, "lignes", "inconnue"])
def test_un_lieu_inconnu_est_garde_et_ne_compte_dans_aucun_territoire(petit: Fabrique, couverture: object) -> None:
    petit.contributions("m", [petit.ligne("inconnu", 5), petit.ligne("inconnu", 2)], couverture=couverture)
    assert petit.sommes() == {"inconnu:inconnu": 7}


def test_le_meme_code_de_deux_niveaux_ne_se_melange_pas(petit: Fabrique) -> None:
    lignes = [petit.ligne("departement:19", 5), petit.ligne("region:19", 1)]
    petit.contributions("m", lignes, couverture="inconnue")
    assert petit.sommes() == {"departement:19": 5, "region:19": 6, "france:FR": 6}


# medians and respondents come from the contributions


def test_la_mediane_d_un_territoire_n_est_pas_la_mediane_de_ses_communes(petit: Fabrique) -> None:
    montants = {"63001": [1, 2, 90], "63002": [100, 110], "63003": [3]}
    lignes = [petit.ligne(f"commune:{code}", valeur) for code, valeurs in montants.items() for valeur in valeurs]
    petit.contributions("m", lignes)
    petit.indicateur("i", numerateur={"mesure": "m", "agregat": "mediane_unites"})
    cellules = petit.cube()
    # by hand: 1, 2, 3, 90, 100, 110 → 46.5; the median of the communes' medians 2, 105 and 3 would be 3
    assert cellules["m", "epci", "A", "2024", "total", "total"]["mediane_unites"] == 46.5
    assert cellules["m", "commune", "63002", "2024", "total", "total"]["mediane_unites"] == 105


def test_le_plus_gros_repondant_se_mesure_sur_tout_le_territoire(petit: Fabrique) -> None:
    lignes = [
        petit.ligne("commune:63001", 40, repondant="x"), petit.ligne("commune:63002", 40, repondant="x"),
        petit.ligne("commune:63001", 50, repondant="y"), petit.ligne("commune:63002", 10, repondant="z"),
    ]
    petit.contributions("m", lignes)
    petit.indicateur("i", numerateur={"mesure": "m", "agregat": "plus_gros_repondant"})
    petit.indicateur("n", numerateur={"mesure": "m", "agregat": "nombre_repondants"})
    cellules = petit.cube()
    epci = cellules["m", "epci", "A", "2024", "total", "total"]
    assert (epci["plus_gros_repondant"], epci["nombre_repondants"], epci["nombre_unites"]) == (80, 3, 4)
    commune = cellules["m", "commune", "63001", "2024", "total", "total"]
    assert (commune["plus_gros_repondant"], commune["nombre_repondants"]) == (50, 2)


def test_les_agregats_que_personne_ne_demande_ne_sont_pas_calcules(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("commune:63001", 5)])
    petit.indicateur("i", numerateur={"mesure": "m"})
    cellule = petit.cube()["m", "epci", "A", "2024", "total", "total"]
    assert [cellule[agregat] for agregat in cube.TYPES] == [None] * len(cube.TYPES)


# what no row means


def test_zero_ou_la_source_est_complete_et_ne_dit_rien(petit: Fabrique) -> None:
    petit.contributions("m", petit.lignes("commune:63001", 5, "famille", "association"))
    petit.indicateur("i", numerateur={"mesure": "m", "agregat": "nombre_repondants"})
    cellules = petit.cube()
    attendus = {f"commune:{code}" for code in COMMUNES} | {f"epci:{code}" for code in "ABCDE"}
    attendus |= {"departement:63", "departement:43", "departement:19", "region:84", "region:19", "france:FR"}
    # in a commune, a breakdown writes what is there: the zero of the total says that the rest is zero
    ventiles = {lieu for lieu in attendus if not lieu.startswith("commune:")} | {"commune:63001"}
    for axe, modalite, lieux in (("total", "total", attendus), ("famille", "association", ventiles)):
        assert set(petit.sommes("m", axe, modalite)) == lieux
        vide = cellules["m", "epci", "B", "2024", axe, modalite]
        assert (vide["somme"], vide["nombre_unites"], vide["nombre_repondants"]) == (0, 0, 0)


def test_une_mediane_n_est_pas_zero_ou_il_n_y_a_rien(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("commune:63001", 5)])
    petit.indicateur("i", numerateur={"mesure": "m", "agregat": "mediane_unites"})
    valeur = petit.valeurs()["i", "epci", "B", "2024", "total", "total"]
    assert (valeur["valeur"], valeur["nombre_unites"], valeur["statut_observation"]) == (None, 0, "O")


def test_aucun_zero_sous_le_niveau_ou_une_periode_est_connue(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("departement:63", 5), petit.ligne("commune:63001", 1, periode="2025")])
    cellules = petit.cube()
    niveaux = {niveau for _, niveau, _, periode, *_ in cellules if periode == "2024"}
    assert niveaux == {"departement", "region", "france"}
    assert cellules["m", "commune", "19002", "2025", "total", "total"]["somme"] == 0
    assert cellules["m", "departement", "19", "2024", "total", "total"]["somme"] == 0


def test_un_epci_recoit_son_zero_meme_si_seules_des_communes_isolees_ont_des_lignes(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("commune:63007", 5)])
    assert petit.sommes()["epci:A"] == 0


def test_rien_hors_de_la_couverture(petit: Fabrique) -> None:
    lignes = [petit.ligne(f"commune:{code}", 5) for code in ("43002", "43001", "63001", "98735")]
    petit.contributions("m", lignes, couverture=[["departement", "43"]])
    # EPCI C is only partly in 43, 63001 is not, and région 84 is larger than what is covered
    assert petit.sommes() == {"commune:43001": 5, "commune:43002": 5, "epci:E": 5, "departement:43": 10}


def test_une_mesure_de_deux_sources_ne_vaut_que_la_ou_les_deux_sont_completes(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("commune:63001", 5), petit.ligne("commune:63002", 2)])
    petit.source("autre", couverture=[["commune", "63002"], ["departement", "43"]])
    petit.table("socle", "autre", {"nom": TEXTE}, [])
    petit.mesure("m", "FROM socle.depot_m WHERE (SELECT count(*) FROM socle.autre) = 0")
    assert petit.sommes() == {
        "commune:63002": 2, "commune:43001": 0, "commune:43002": 0, "epci:E": 0, "departement:43": 0,
    }


def test_une_source_sans_fichier_ne_donne_aucune_cellule(petit: Fabrique) -> None:
    # a measure may have rows all the same, from another source it joins to the empty one
    for mesure, couverture in (("m", "aucune"), ("n", FRANCE)):
        petit.contributions(mesure, [petit.ligne("commune:63001", 5)], couverture=couverture)
    assert {mesure for mesure, *_ in petit.cube()} == {"n"}


def test_une_ligne_omise_d_une_source_agregee_n_est_pas_un_zero(petit: Fabrique) -> None:
    lignes = [petit.ligne(f"departement:{code}", 5) for code in ("63", "19")]
    petit.contributions("m", lignes, absence="inconnue")
    # 43 has no row: neither it nor région 84 nor France is known, région 19 is whole
    assert petit.sommes() == {"departement:63": 5, "departement:19": 5, "region:19": 5}


def test_un_territoire_laisse_de_cote_ne_rend_pas_le_pays_partiel(petit: Fabrique) -> None:
    lignes = [petit.ligne(f"departement:{code}", 5) for code in ("63", "19")]
    couverture = [["france", "FR"], ["sauf departement", "43"]]
    petit.contributions("m", lignes, absence="inconnue", couverture=couverture)
    # the scope says so: France here is France without 43
    assert petit.sommes() == {
        "departement:63": 5, "departement:19": 5, "region:84": 5, "region:19": 5, "france:FR": 10,
    }


def test_une_modalite_omise_n_emporte_que_ses_cellules(petit: Fabrique) -> None:
    lignes = [ligne for code in ("63", "43", "19") for ligne in petit.lignes(f"departement:{code}", 5, "famille", "f")]
    petit.contributions("m", lignes[:-1], absence="inconnue")
    assert petit.sommes()["france:FR"] == 15
    assert petit.sommes("m", "famille", "f") == {"departement:63": 5, "departement:43": 5, "region:84": 10}


def test_une_source_agregee_complete_se_somme(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne(f"departement:{c}", 5) for c in ("63", "43", "19")], absence="inconnue")
    assert petit.sommes() == {
        "departement:63": 5, "departement:43": 5, "departement:19": 5, "region:84": 10, "region:19": 5, "france:FR": 15,
    }


def test_une_valeur_inconnue_rend_vides_les_cellules_qui_la_contiennent(petit: Fabrique) -> None:
    lignes = [petit.ligne(f"departement:{c}", v) for c, v in (("63", None), ("43", 5), ("19", 7))]
    petit.contributions("m", lignes, absence="inconnue")
    for agregat in ("somme", "mediane_unites", "mediane_repondants", "top10_repondants", "herfindahl"):
        petit.indicateur(agregat, numerateur={"mesure": "m", "agregat": agregat})
    cellules = petit.cube()
    for agregat in ("somme", "mediane_unites", "mediane_repondants", "top10_repondants"):
        assert {cle[1:3]: cellule[agregat] for cle, cellule in cellules.items()} == {
            ("departement", "63"): None, ("departement", "43"): 5, ("departement", "19"): 7,
            ("region", "84"): None, ("region", "19"): 7, ("france", "FR"): None,
        }
    assert cellules["m", "france", "FR", "2024", "total", "total"]["herfindahl"] is None
    statuts = petit.publiees("somme", "statut_observation")
    assert (statuts["france:FR"], statuts["region:84"], statuts["region:19"]) == ("O", "O", "A")


def test_une_couverture_par_lignes_ne_monte_pas(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("epci:A", 5), petit.ligne("commune:63001", 2)], couverture="lignes")
    assert petit.sommes() == {"epci:A": 5, "commune:63001": 2}


def test_une_couverture_inconnue_monte_comme_un_minimum_et_sans_zero(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("commune:63001", 5)], couverture="inconnue")
    sommes = petit.sommes()
    assert sommes["france:FR"] == 5
    assert "epci:B" not in sommes


def test_une_mesure_qui_lit_aussi_une_source_par_lignes_ne_monte_pas(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("commune:63001", 5)])
    petit.source("autre", couverture="lignes")
    petit.table("socle", "autre", {"nom": TEXTE}, [])
    petit.mesure("m", "FROM socle.depot_m WHERE (SELECT count(*) FROM socle.autre) = 0")
    assert petit.sommes() == {"commune:63001": 5}


def test_la_population_sans_celle_d_une_commune_n_est_pas_une_somme_partielle(petit: Fabrique) -> None:
    petit.mesure_du_produit("population")
    cellules = {cle[1:3]: ligne["somme"] for cle, ligne in petit.cube().items()}
    populations = {code: COMMUNES[code][3] for code in COMMUNES}
    assert cellules["epci", "A"] == populations["63001"] + populations["63002"] + populations["63003"]
    assert cellules["departement", "63"] == 657
    assert cellules["france", "FR"] == sum(populations.values()) - populations["98735"]
    assert cellules["commune", "98735"] == populations["98735"]  # in no région: it counts for itself


# what a measure may not be


@pytest.mark.parametrize(
    ("requete", "motif"),
    [
        (SQL.replace("'r' AS repondant", "NULL AS repondant"), "sans .*repondant"),
        (SQL.replace("'total' AS modalite", "NULL AS modalite"), "sans .*modalite"),
        (SQL.replace("'63001'", "'63999'"), r"territoires inconnus .*63999"),
        (SQL.replace("'commune'", "'region'"), "territoires inconnus"),
        (SQL.replace("'63001'", "'inconnu'"), "territoires inconnus"),
        (SQL.replace("'u' AS unite", "'u' AS unite, unnest([1, 2]) AS jointure"), "plusieurs fois la même unité"),
        (SQL + " UNION ALL " + SQL.replace("63001", "63002"), "plusieurs fois la même unité"),
        (SQL.replace("'total' AS axe", "'famille' AS axe"), "périodes sans ligne d'axe « total »"),
        (
            SQL + " UNION ALL " + SQL.replace("2024", "2025").replace("'total' AS axe", "'famille' AS axe"),
            r"sans ligne d'axe « total ».*2025",
        ),
        (SQL.replace(", 'r' AS repondant", ""), "repondant.*Colonnes attendues"),
        (SQL.replace("10 AS valeur", "'dix' AS valeur"), "dix"),
    ],
)
def test_une_mesure_mal_ecrite_est_refusee_et_dit_pourquoi(petit: Fabrique, requete: str, motif: str) -> None:
    petit.mesure("m", requete)
    with pytest.raises(Obstacle, match=rf"measures/m\.sql .*{motif}"):
        compute_measure(petit.entrepot, mesures()["m"])


def test_une_mesure_refusee_laisse_ses_dernieres_contributions(petit: Fabrique) -> None:
    petit.mesure("m", SQL)
    compute_measure(petit.entrepot, mesures()["m"])
    avant = petit.entrepot.path_of("mesures", "m").read_bytes()
    petit.mesure("m", SQL.replace("'r' AS repondant", "NULL AS repondant"))
    with pytest.raises(Obstacle):
        compute_measure(petit.entrepot, mesures()["m"])
    assert petit.entrepot.path_of("mesures", "m").read_bytes() == avant


def test_une_valeur_vide_et_un_lieu_inconnu_sont_acceptes(petit: Fabrique) -> None:
    sans_valeur = SQL.replace("10 AS valeur", "NULL AS valeur")
    petit.mesure("m", sans_valeur.replace("'63001'", "'inconnu'").replace("'commune'", "'inconnu'"))
    assert compute_measure(petit.entrepot, mesures()["m"]) == 1


def test_une_requete_finit_par_un_point_virgule_ou_un_commentaire(petit: Fabrique) -> None:
    petit.mesure("m", f"-- titre\n{SQL};\n")
    petit.mesure("n", f"{SQL} -- fin")
    assert [compute_measure(petit.entrepot, mesure) for mesure in mesures().values()] == [1, 1]


def test_la_version_du_cube_suit_les_contributions_et_ce_que_les_indicateurs_demandent(petit: Fabrique) -> None:
    def version() -> str | None:
        petit.cube()
        return petit.entrepot.version("indicateurs", "cube")

    lignes = [petit.ligne("commune:63001", 5)]
    petit.contributions("m", lignes)
    premiere = version()
    assert version() == premiere
    petit.indicateur("i", numerateur={"mesure": "m", "agregat": "mediane_unites"})
    deuxieme = version()
    petit.contributions("m", [*lignes, petit.ligne("commune:63002", 5)])
    assert len({premiere, deuxieme, version()}) == 3


# properties

Tirage = tuple[str, Decimal, str, str]
CONTRIBUTION = st.tuples(
    st.sampled_from(sorted(set(COMMUNES) - {"98735"})),
    st.decimals(-1000, 100_000, places=2),
    st.sampled_from("abc"),
    st.sampled_from("xyz"),
)


def _lignes(petit: Fabrique, tirages: list[Tirage]) -> list[dict[str, object]]:
    return [
        ligne
        for numero, (code, valeur, famille, repondant) in enumerate(tirages)
        for ligne in petit.lignes(
            f"commune:{code}", valeur, "famille", famille, unite=f"u{numero}", repondant=repondant
        )
    ]


@exemples(5)
@given(st.lists(CONTRIBUTION, min_size=1, max_size=25), st.randoms(use_true_random=False))
def test_l_ordre_des_lignes_ne_change_aucune_cellule(tirages: list[Tirage], des: random.Random) -> None:
    with TemporaryDirectory() as dossier, fabrique(Path(dossier)) as petite:
        lignes = _lignes(petite, tirages)
        petite.contributions("m", lignes)
        for agregat in cube.TYPES:
            petite.indicateur(agregat, numerateur={"mesure": "m", "agregat": agregat})
        dans_l_ordre = petite.cube()
        des.shuffle(lignes)
        petite.contributions("m", lignes)
        assert petite.cube() == dans_l_ordre


@exemples(8)
@given(st.lists(CONTRIBUTION, min_size=1, max_size=25))
def test_chaque_territoire_compte_ce_que_compte_un_decompte_direct(tirages: list[Tirage]) -> None:
    with TemporaryDirectory() as dossier, fabrique(Path(dossier)) as petite:
        petite.contributions("m", _lignes(petite, tirages))
        petite.indicateur("i", numerateur={"mesure": "m", "agregat": "mediane_unites"})
        petite.indicateur("j", numerateur={"mesure": "m", "agregat": "nombre_repondants"})
        cellules = petite.cube()
    assert cellules["m", "france", "FR", "2024", "total", "total"]["somme"] == sum(valeur for _, valeur, *_ in tirages)
    for (_, niveau, lieu, _, _, modalite), cellule in cellules.items():
        rang = {"departement": 0, "region": 1, "epci": 2}.get(niveau)
        dedans = [
            (valeur, repondant)
            for code, valeur, famille, repondant in tirages
            if modalite in ("total", famille)
            and (niveau == "france" or lieu == (code if rang is None else COMMUNES[code][rang]))
        ]
        assert cellule["somme"] == sum(valeur for valeur, _ in dedans)
        assert cellule["nombre_unites"] == len(dedans)
        assert cellule["nombre_repondants"] == len({repondant for _, repondant in dedans})
        if dedans:
            assert cellule["mediane_unites"] == pytest.approx(float(median(valeur for valeur, _ in dedans)))
        else:
            assert cellule["mediane_unites"] is None


def test_un_nombre_d_unites_inconnu_n_est_pas_zero(petit: Fabrique) -> None:
    lignes = [petit.ligne("departement:63", 5, nombre_unites=None), petit.ligne("departement:43", 7, nombre_unites=3)]
    petit.contributions("m", [*lignes, petit.ligne("departement:19", 1, nombre_unites=2)], absence="inconnue")
    nombres = {":".join(cle[1:3]): ligne["nombre_unites"] for cle, ligne in petit.cube().items()}
    assert nombres == {
        "departement:63": None, "departement:43": 3, "departement:19": 2, "region:84": None, "region:19": 2,
        "france:FR": None,
    }
    assert petit.sommes()["france:FR"] == 13


def test_une_ligne_qui_ne_compte_rien_couvre_son_lieu_sans_etre_un_repondant(petit):
    petit.contributions("m", [petit.ligne("epci:A", 0, nombre_unites=0), petit.ligne("epci:B", 5)])
    petit.indicateur("n", numerateur={"mesure": "m", "agregat": "nombre_repondants"})
    petit.indicateur("d", numerateur={"mesure": "m", "agregat": "mediane_repondants"})
    cube = petit.cube()
    vide, autre = (cube["m", "epci", code, "2024", "total", "total"] for code in "AB")
    assert (vide["somme"], vide["nombre_repondants"], vide["mediane_repondants"]) == (0, 0, None)
    assert (autre["nombre_repondants"], autre["mediane_repondants"]) == (1, 5)
