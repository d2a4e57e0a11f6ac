"""Ten kinds of indicators on the shape of the cube, each against a count made by hand; denominators and catalogue."""


import duckdb
import pandas as pd
import pytest

from observatoire.indicators import values
from observatoire.indicators.catalog import Derive, Indicateur
from observatoire.schemas import DATE, TEXTE
from tests.fabrique import Fabrique
from tests.reseaux import poser_adhesions


def _subventions(petit: Fabrique) -> None:
    """Thirteen grants to twelve beneficiaries in EPCI A: 1 to 12, and 100 more to the first."""
    montants = [*((f"b{n}", n) for n in range(1, 13)), ("b1", 100)]
    lignes = [petit.ligne("commune:63001", montant, repondant=qui) for qui, montant in montants]
    petit.contributions("subventions", lignes)


# ten kinds of indicators


def test_une_somme(petit: Fabrique) -> None:
    _subventions(petit)
    petit.indicateur("i", numerateur={"mesure": "subventions"})
    petit.indicateur("n", numerateur={"mesure": "subventions", "agregat": "nombre_unites"})
    valeurs = petit.valeurs()
    ligne = valeurs["i", "epci", "A", "2024", "total", "total"]
    assert (ligne["valeur"], ligne["numerateur"], ligne["denominateur"]) == (178, 178, None)
    assert (ligne["unite"], ligne["libelle_territoire"], ligne["nombre_unites"]) == ("u", "EPCI A", 13)
    assert (ligne["statut_observation"], ligne["statut_confidentialite"], ligne["nature"]) == ("A", "F", "reelle")
    assert valeurs["n", "france", "FR", "2024", "total", "total"]["valeur"] == 13


def test_une_part(petit: Fabrique) -> None:
    familles = [("63001", "association"), ("63001", "association"), ("63004", "association"), ("63001", "mutuelle")]
    lignes = [ligne for code, f in familles for ligne in petit.lignes(f"commune:{code}", 1, "famille", f)]
    petit.contributions("m", lignes)
    petit.indicateur(
        "i", numerateur={"mesure": "m"}, denominateur={"mesure": "m", "modalite": "total"}, facteur=100,
        axes=["famille"],
    )
    valeurs = petit.valeurs()
    assert {cle[4] for cle in valeurs} == {"famille"}  # only the axes asked for
    parts = {cle[1:3] + cle[5:]: ligne["valeur"] for cle, ligne in valeurs.items()}
    assert parts["departement", "63", "association"] == 75
    assert parts["epci", "A", "association"] == pytest.approx(200 / 3)
    assert parts["epci", "C", "association"] == 100
    assert parts["epci", "C", "mutuelle"] == 0


def test_une_mediane_par_unite_et_une_par_repondant(petit: Fabrique) -> None:
    _subventions(petit)
    petit.indicateur("unite", numerateur={"mesure": "subventions", "agregat": "mediane_unites"})
    petit.indicateur("repondant", numerateur={"mesure": "subventions", "agregat": "mediane_repondants"})
    valeurs = petit.valeurs()
    # 1 … 12 and 100: the seventh is 7; by beneficiary 2 … 12 and 101: between 7 and 8
    assert valeurs["unite", "epci", "A", "2024", "total", "total"]["valeur"] == 7
    assert valeurs["repondant", "epci", "A", "2024", "total", "total"]["valeur"] == 7.5


def test_la_part_des_dix_premiers_beneficiaires_et_l_indice_de_herfindahl(petit: Fabrique) -> None:
    _subventions(petit)
    petit.indicateur(
        "top10", numerateur={"mesure": "subventions", "agregat": "top10_repondants"},
        denominateur={"mesure": "subventions"}, facteur=100,
    )
    petit.indicateur("herfindahl", numerateur={"mesure": "subventions", "agregat": "herfindahl"})
    valeurs = petit.valeurs()
    par_beneficiaire = pd.Series([101, *range(2, 13)])
    ligne = valeurs["top10", "epci", "A", "2024", "total", "total"]
    # all but the two smallest, 2 and 3
    assert (ligne["numerateur"], ligne["denominateur"]) == (173, 178)
    assert ligne["valeur"] == pytest.approx(100 * 173 / 178)
    attendu = ((par_beneficiaire / par_beneficiaire.sum()) ** 2).sum()
    assert valeurs["herfindahl", "france", "FR", "2024", "total", "total"]["valeur"] == pytest.approx(attendu)


def test_les_dix_premiers_sont_comptes_au_centime_et_malgre_les_ex_aequo(petit: Fabrique) -> None:
    lignes = [petit.ligne("commune:63001", "0.10") for _ in range(12)]
    petit.contributions("m", [*lignes, petit.ligne("commune:63001", "123456789012.34")])
    petit.indicateur("i", numerateur={"mesure": "m", "agregat": "top10_repondants"})
    ligne = petit.valeurs()["i", "epci", "A", "2024", "total", "total"]
    assert str(ligne["numerateur"]) == "123456789013.240000"


def test_un_seul_beneficiaire_a_un_indice_de_un(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("commune:63001", v, repondant="seul") for v in (1, 2)])
    petit.indicateur("i", numerateur={"mesure": "m", "agregat": "herfindahl"})
    publiees = petit.publiees()
    assert (publiees["epci:A"], publiees["epci:B"]) == (1, None)


def test_une_anciennete_moyenne_a_une_date(petit: Fabrique) -> None:
    poser_adhesions(petit, [
        {"reseau": "r", "membre": "x", "niveau": "commune", "code_territoire": "63001", "depuis": 2015},
        {"reseau": "r", "membre": "y", "niveau": "epci", "code_territoire": "A", "depuis": 2020, "jusqu_a": 2022},
        {"reseau": "s", "membre": "x", "niveau": "commune", "code_territoire": "63001", "depuis": 2024},
        {"reseau": "s", "membre": "z", "niveau": "commune", "code_territoire": "63001", "depuis": None},
    ])
    petit.mesure_du_produit("anciennete_adhesions")
    petit.indicateur(
        "i", numerateur={"mesure": "anciennete_adhesions"},
        denominateur={"mesure": "anciennete_adhesions", "agregat": "nombre_unites"},
    )
    valeurs = petit.valeurs()
    moyennes = {cle[3]: ligne["valeur"] for cle, ligne in valeurs.items() if cle[1] == "epci" and cle[4] == "total"}
    assert moyennes["2019"] == 4  # x alone, since 2015
    assert moyennes["2022"] == 4.5  # x for 7 years, y for 2
    assert moyennes["2023"] == 8  # y has left
    assert moyennes["2024"] == 4.5  # x in r for 9 years, in s since this year; z, undated, is not counted
    assert max(moyennes) == "2025"  # the year of the geographic code is not over


def test_les_naissances_d_une_annee(petit: Fabrique) -> None:
    petit.source("registre")
    petit.table("socle", "registre", {"siret": TEXTE, "code_commune": TEXTE, "date_creation": DATE}, [
        {"siret": "1", "code_commune": "63001", "date_creation": pd.Timestamp("2024-01-01").date()},
        {"siret": "2", "code_commune": "63007", "date_creation": pd.Timestamp("2024-12-31").date()},
        {"siret": "3", "code_commune": "63001", "date_creation": pd.Timestamp("2023-12-31").date()},
        {"siret": "4", "code_commune": "63001", "date_creation": None},
    ])
    petit.mesure("creations", """
        SELECT 'commune' AS niveau, code_commune AS code_territoire,
               coalesce(year(date_creation)::VARCHAR, 'inconnu') AS periode, 'total' AS axe, 'total' AS modalite,
               siret AS unite, siret[:9] AS repondant, 1 AS nombre_unites, 1 AS valeur
        FROM socle.registre""")
    petit.indicateur("i", numerateur={"mesure": "creations"})
    valeurs = petit.valeurs()
    departement = {cle[3]: ligne["valeur"] for cle, ligne in valeurs.items() if cle[1:3] == ("departement", "63")}
    assert departement == {"2024": 2, "2023": 1, "inconnu": 1}
    assert valeurs["i", "epci", "A", "2024", "total", "total"]["valeur"] == 1
    assert valeurs["i", "commune", "63007", "2023", "total", "total"]["valeur"] == 0


def _part(petit: Fabrique, parts: dict[str, tuple[int, int]]) -> None:
    """Declare the share `p` whose numerator and denominator are given by commune."""
    petit.contributions("haut", [petit.ligne(f"commune:{c}", n) for c, (n, _) in parts.items()])
    petit.contributions("bas", [petit.ligne(f"commune:{c}", d) for c, (_, d) in parts.items()])
    petit.indicateur("p", numerateur={"mesure": "haut"}, denominateur={"mesure": "bas"}, facteur=100)


def test_une_specialisation_par_rapport_a_la_region(petit: Fabrique) -> None:
    _part(petit, {"63001": (30, 100), "43002": (10, 100), "63005": (20, 50), "19002": (5, 100)})
    petit.indicateur("i", derive={"type": "specialisation", "indicateur": "p", "reference": "region"})
    valeurs = petit.valeurs()
    specialisations = petit.publiees()
    # région 84: 60 over 250, 24 %; région 19: 5 %
    assert specialisations["epci:A"] == pytest.approx(30 / 24)
    assert specialisations["epci:E"] == pytest.approx(10 / 24)
    assert specialisations["departement:19"] == 1
    assert not {"epci:D", "region:84", "france:FR", "commune:63001"} & set(specialisations)  # D lies in no région
    ligne = valeurs["i", "epci", "A", "2024", "total", "total"]
    assert (ligne["numerateur"], ligne["denominateur"], ligne["unite"]) == (30, 24, "u")


def test_une_specialisation_contre_une_reference_nulle_est_vide_et_le_dit(petit: Fabrique) -> None:
    _part(petit, {"63001": (30, 100), "19002": (0, 100)})
    petit.indicateur("i", derive={"type": "specialisation", "indicateur": "p", "reference": "region"})
    assert petit.publiees()["epci:B"] is None
    statuts = petit.publiees(colonne="statut_observation")
    assert (statuts["epci:B"], statuts["epci:A"]) == ("O", "A")


def test_un_rang_exact_et_des_ex_aequo(petit: Fabrique) -> None:
    _part(petit, {"63001": (30, 100), "43002": (30, 100), "63005": (10, 100), "19002": (50, 100), "63004": (0, 0)})
    petit.indicateur("i", derive={"type": "rang", "indicateur": "p"})
    valeurs = petit.valeurs()
    rangs = petit.publiees()
    # B 50 %, A and E 30 %, D 10 %; C, without denominator, has no rank and counts among nobody
    assert {code: rangs[f"epci:{code}"] for code in "BAED"} == {"B": 1, "A": 2, "E": 2, "D": 4}
    assert not {"epci:C", "commune:63001", "france:FR"} & set(rangs)
    ligne = valeurs["i", "epci", "A", "2024", "total", "total"]
    assert (ligne["borne_basse"], ligne["borne_haute"], ligne["denominateur"]) == (2, 2, 4)
    assert (rangs["departement:19"], rangs["region:84"]) == (1, 2)


@pytest.mark.parametrize(
    ("bornes", "attendus"),
    [
        ({"A": (8, 9), "B": (4, 6), "C": (5, 7), "D": (1, 2)}, {"A": (1, 1), "B": (2, 3), "C": (2, 3), "D": (4, 4)}),
        # B overlaps both neighbours, which do not overlap one another
        ({"A": (6, 9), "B": (3, 7), "C": (1, 4)}, {"A": (1, 2), "B": (1, 3), "C": (2, 3)}),
        # an exact value among ranges
        ({"A": (5, None), "B": (4, 6), "C": (1, 2)}, {"A": (1, 2), "B": (1, 2), "C": (3, 3)}),
    ],
)
def test_un_rang_est_un_intervalle_quand_les_fourchettes_se_chevauchent(
    bornes: dict[str, tuple[float, float | None]], attendus: dict[str, tuple[int, int]]
) -> None:
    with duckdb.connect() as connexion:
        noms = [colonne.nom for colonne in values.VALEURS.colonnes]
        lignes = pd.DataFrame([
            {
                **dict.fromkeys(noms), "indicateur": "p", "niveau": "epci", "code_territoire": code, "periode": "2024",
                "axe": "total", "modalite": "total", "valeur": bas if haut is None else (bas + haut) / 2,
                "borne_basse": None if haut is None else bas, "borne_haute": haut,
            }
            for code, (bas, haut) in bornes.items()
        ])
        nombres = {"valeur", "borne_basse", "borne_haute", "numerateur", "denominateur"}
        types = ", ".join(f"{nom} {'DOUBLE' if nom in nombres else 'VARCHAR'}" for nom in noms)
        connexion.execute(f"CREATE TEMP TABLE valeurs ({types})")
        connexion.execute("INSERT INTO valeurs SELECT * FROM lignes")
        derive = Derive("rang", "p")
        values._insert_derived(connexion, Indicateur("i", "i", "rang", "d", "c", "t", derive=derive), derive)
        calcules = connexion.execute(
            "SELECT code_territoire, borne_basse, borne_haute, valeur FROM valeurs WHERE indicateur = 'i'"
        ).fetchall()
    assert lignes.shape[0] == len(calcules)
    assert {code: (bas, haut) for code, bas, haut, _ in calcules} == attendus
    assert all(valeur == (bas if bas == haut else None) for _, bas, haut, valeur in calcules)


def _adhesions(petit: Fabrique, membres: list[tuple[str, str, str]]) -> None:
    poser_adhesions(petit, [
        {"reseau": r, "membre": m, "niveau": "inconnu" if c == "inconnu" else "commune", "code_territoire": c}
        for r, m, c in membres
    ])


def test_un_membre_de_deux_reseaux_est_un_seul_membre(petit: Fabrique) -> None:
    # x is twice in r and once, without its place, in s; y in s; z in an unknown place
    _adhesions(petit, [
        ("r", "x", "63001"), ("r", "x", "63001"), ("s", "x", "inconnu"), ("s", "y", "63002"), ("r", "z", "inconnu"),
    ])
    petit.mesure_du_produit("membres_reseaux")
    petit.indicateur("i", numerateur={"mesure": "membres_reseaux"})
    valeurs = {cle[1:]: ligne["valeur"] for cle, ligne in petit.valeurs().items()}
    assert valeurs["epci", "A", "inconnu", "total", "total"] == 2
    assert valeurs["epci", "A", "inconnu", "reseau", "r"] == 1
    assert valeurs["epci", "A", "inconnu", "reseau", "s"] == 2
    assert valeurs["inconnu", "inconnu", "inconnu", "total", "total"] == 1
    assert valeurs["commune", "63001", "inconnu", "reseau", "s"] == 1


def test_le_recouvrement_de_deux_reseaux(petit: Fabrique) -> None:
    _adhesions(petit, [
        ("r", "x", "63001"), ("s", "x", "63001"), ("r", "y", "63002"), ("s", "y", "63002"), ("t", "y", "63002"),
        ("r", "z", "63001"), ("t", "w", "63004"),
    ])
    petit.mesure("communs", """
        WITH paires AS (
            SELECT a.niveau, a.code_territoire, a.membre, a.reseau || '|' || b.reseau AS paire
            FROM socle.adhesions a JOIN socle.adhesions b ON a.membre = b.membre AND a.reseau < b.reseau)
        SELECT DISTINCT niveau, code_territoire, 'inconnu' AS periode, 'total' AS axe, 'total' AS modalite,
               membre AS unite, membre AS repondant, 1 AS nombre_unites, 1 AS valeur FROM paires
        UNION ALL
        SELECT niveau, code_territoire, 'inconnu', 'reseau×reseau', paire, membre, membre, 1, 1 FROM paires""")
    petit.indicateur("i", numerateur={"mesure": "communs", "agregat": "nombre_repondants"})
    valeurs = {cle[1:3] + cle[5:]: ligne["valeur"] for cle, ligne in petit.valeurs().items()}
    assert {m: valeurs["epci", "A", m] for m in ("r|s", "r|t", "s|t", "total")} == {
        "r|s": 2, "r|t": 1, "s|t": 1, "total": 2,
    }
    assert valeurs["commune", "63001", "r|s"] == 1
    assert ("epci", "C", "total") not in valeurs  # w is in one network, and what is not known is not zero


def test_un_montant_connu_au_seul_epci_rapporte_a_sa_population(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("epci:A", 1200), petit.ligne("epci:C", 50)], couverture="lignes")
    petit.mesure_du_produit("population")
    petit.indicateur(
        "i", numerateur={"mesure": "m"},
        denominateur={"mesure": "population", "modalite": "total", "periode": "derniere_connue"},
    )
    # C straddles two départements: it has its own population all the same, and the département has no amount
    assert petit.publiees() == {"epci:A": 2, "epci:C": 0.5}
    assert petit.publiees(colonne="denominateur") == {"epci:A": 600, "epci:C": 100}
    assert petit.publiees(colonne="periode_denominateur") == {"epci:A": "2023", "epci:C": "2023"}
