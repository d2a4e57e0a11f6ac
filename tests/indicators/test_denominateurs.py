"""Denominators, nature and catalogue of indicators, and a budget counted in two perimeters."""

from typing import Any

import pytest

from observatoire.indicators.catalog import indicateurs, mesures
from observatoire.schemas import ENTIER, TEXTE
from tests.fabrique import Fabrique


def _part(petit: Fabrique, parts: dict[str, tuple[int, int]]) -> None:
    """Declare the share `p` whose numerator and denominator are given by commune."""
    petit.contributions("haut", [petit.ligne(f"commune:{c}", n) for c, (n, _) in parts.items()])
    petit.contributions("bas", [petit.ligne(f"commune:{c}", d) for c, (_, d) in parts.items()])
    petit.indicateur("p", numerateur={"mesure": "haut"}, denominateur={"mesure": "bas"}, facteur=100)


# denominators


def _ratio(petit: Fabrique, periodes: dict[str, int], celle: str, **denominateur: Any) -> dict[str, Any]:
    petit.contributions("haut", [petit.ligne("epci:A", 12, periode=celle)], couverture="lignes")
    lignes = [petit.ligne("epci:A", valeur, periode=quand) for quand, valeur in periodes.items()]
    petit.contributions("bas", lignes, couverture="lignes")
    petit.indicateur("i", numerateur={"mesure": "haut"}, denominateur={"mesure": "bas", **denominateur})
    return {cle[3]: (ligne["valeur"], ligne["periode_denominateur"]) for cle, ligne in petit.valeurs().items()}


@pytest.mark.parametrize(
    ("periode", "retenue"),
    [
        ("2021", "2021"),
        ("2023", "2022"),  # the latest not after
        ("2022-06", "2022"),
        ("2019", "2020"),  # all are after: the earliest
        ("inconnu", "2022"),  # unknown: the latest
    ],
)
def test_le_denominateur_de_la_derniere_periode_connue(petit: Fabrique, periode: str, retenue: str) -> None:
    bas = {"2020": 2, "2021": 3, "2022": 4}
    attendu = {periode: (12 / bas[retenue], retenue)}
    assert _ratio(petit, bas, periode, periode="derniere_connue") == attendu


def test_une_periode_inconnue_du_denominateur_n_est_pas_la_derniere_connue(petit: Fabrique) -> None:
    assert _ratio(petit, {"2020": 2, "inconnu": 4}, "inconnu", periode="derniere_connue") == {"inconnu": (6, "2020")}


def test_la_derniere_periode_connue_est_celle_du_territoire(petit: Fabrique) -> None:
    petit.contributions("haut", [petit.ligne(f"epci:{c}", 12) for c in "AB"], couverture="lignes")
    bas = [petit.ligne(f"epci:{c}", v, periode=p) for c, v, p in (("A", 2, "2020"), ("B", 3, "2020"), ("B", 4, "2023"))]
    petit.contributions("bas", bas, couverture="lignes")
    petit.indicateur(
        "i", numerateur={"mesure": "haut"}, denominateur={"mesure": "bas", "periode": "derniere_connue"}
    )
    assert petit.publiees() == {"epci:A": 6, "epci:B": 3}


def test_la_meme_periode_est_exigee_par_defaut(petit: Fabrique) -> None:
    assert _ratio(petit, {"2020": 2, "2021": 3}, "2021") == {"2021": (4, "2021")}
    assert _ratio(petit, {"2020": 2, "2021": 3}, "2022") == {}


def test_un_denominateur_nul_donne_une_valeur_vide_et_le_dit(petit: Fabrique) -> None:
    petit.contributions("haut", [petit.ligne("commune:63001", 12)])
    petit.contributions("bas", [petit.ligne("commune:63001", 0), petit.ligne("commune:63002", 5)])
    petit.indicateur("i", numerateur={"mesure": "haut"}, denominateur={"mesure": "bas"})
    valeurs = petit.valeurs()
    nulle = valeurs["i", "commune", "63001", "2024", "total", "total"]
    assert (nulle["valeur"], nulle["statut_observation"]) == (None, "O")
    assert (nulle["numerateur"], nulle["denominateur"]) == (12, 0)
    zero = valeurs["i", "commune", "63002", "2024", "total", "total"]
    assert (zero["valeur"], zero["statut_observation"]) == (0, "A")


def test_un_denominateur_incomplet_donne_une_valeur_vide(petit: Fabrique) -> None:
    petit.contributions("haut", [petit.ligne("commune:63001", 12)])
    petit.contributions("bas", [petit.ligne("commune:63001", 4), petit.ligne("commune:63002", None)])
    petit.indicateur("i", numerateur={"mesure": "haut"}, denominateur={"mesure": "bas"})
    publiees, statuts = petit.publiees(), petit.publiees(colonne="statut_observation")
    assert (publiees["commune:63001"], publiees["epci:A"]) == (3, None)
    assert (statuts["commune:63001"], statuts["epci:A"]) == ("A", "O")


@pytest.mark.parametrize(("modalite", "attendu"), [("meme", {"f": 1 / 2, "total": 1 / 4}), ("total", {"f": 1 / 8})])
def test_le_denominateur_de_la_meme_modalite_ou_du_total(
    petit: Fabrique, modalite: str, attendu: dict[str, float]
) -> None:
    petit.contributions("haut", petit.lignes("commune:63001", 1, "famille", "f") + [petit.ligne("commune:63002", 1)])
    bas = [*petit.lignes("commune:63001", 2, "famille", "f"), *petit.lignes("commune:63001", 6, "famille", "g")]
    petit.contributions("bas", bas)
    petit.indicateur("i", numerateur={"mesure": "haut"}, denominateur={"mesure": "bas", "modalite": modalite})
    valeurs = petit.valeurs()
    calcules = {cle[5]: ligne["valeur"] for cle, ligne in valeurs.items() if cle[1:3] == ("departement", "63")}
    assert calcules == {"total": 2 / 8, **attendu}


# nature and catalogue


@pytest.mark.parametrize("fictive", ["haut", "bas", "communes"])
def test_une_seule_entree_de_demonstration_suffit(petit: Fabrique, fictive: str) -> None:
    _part(petit, {"63001": (30, 100)})
    petit.mesure("haut", "FROM socle.depot_haut SEMI JOIN referentiels.communes ON code_commune = code_territoire")
    petit.indicateur("autre", numerateur={"mesure": "bas"})
    petit.indicateur("i", derive={"type": "rang", "indicateur": "p"})
    petit.etat(fictive if fictive == "communes" else f"depot_{fictive}", nature="demonstration")
    valeurs = petit.valeurs()
    natures = {cle[0]: ligne["nature"] for cle, ligne in valeurs.items()}
    assert (natures["p"], natures["i"]) == ("demonstration", "demonstration")
    assert natures["autre"] == ("demonstration" if fictive == "bas" else "reelle")
    catalogue = {ligne["indicateur"]: ligne["nature"] for ligne in petit.read_batches("indicateurs.catalogue")}
    assert catalogue == natures


def test_le_catalogue_dit_les_mesures_et_les_sources(petit: Fabrique) -> None:
    _part(petit, {"63001": (30, 100)})
    petit.indicateur("i", derive={"type": "rang", "indicateur": "p"})
    petit.valeurs()
    part, rang = sorted(petit.read_batches("indicateurs.catalogue"), key=lambda ligne: ligne["est_derive"])
    assert (part["mesure_numerateur"], part["mesure_denominateur"]) == ("haut (somme)", "bas (somme)")
    assert part["sources"] == rang["sources"] == "depot_bas ; depot_haut"
    assert rang["est_derive"]


def test_ce_que_lit_une_mesure_est_trouve_dans_son_sql(petit: Fabrique) -> None:
    petit.source("saisie")
    petit.mesure("m", """-- Une mesure.
        WITH lieux AS (FROM referentiels.territoires) SELECT * FROM socle.saisie JOIN lieux USING (niveau)""")
    mesure = mesures()["m"]
    assert mesure.lit == ("referentiels.territoires", "socle.saisie")
    assert mesure.description == "Une mesure."


def test_le_catalogue_du_produit_est_valide() -> None:
    assert indicateurs()
    assert {terme.mesure for i in indicateurs().values() if (terme := i.numerateur)} <= set(mesures())


# a budget in two perimeters


def test_deux_perimetres_de_budget_ne_s_ajoutent_pas(petit: Fabrique) -> None:
    petit.source("budget_ess", couverture="lignes")
    textes = ("siren_collectivite", "ligne", "nature", "perimetre", "etat_budgetaire", "confiance", "_fichier")
    entiers = ("exercice", "montant_eur", "_ligne")
    colonnes = {**dict.fromkeys(textes, TEXTE), **dict.fromkeys(entiers, ENTIER)}
    commun = {"siren_collectivite": "A", "exercice": 2024, "montant_eur": 10, "etat_budgetaire": "voté", "_fichier": "f",
              "nature": "fonctionnement"}
    petit.table("socle", "budget_ess", colonnes, [
        {**commun, "ligne": "emploi", "perimetre": nom, "_ligne": n} for n, nom in enumerate(["étroit", "large"])
    ])
    petit.mesure_du_produit("soutien_ess")
    petit.indicateur("i", numerateur={"mesure": "soutien_ess"})
    valeurs = {cle[4:]: (v["valeur"], v["statut_observation"]) for cle, v in petit.valeurs().items()}
    assert valeurs.pop(("total", "total"), (None, "O")) == (None, "O")
    assert valeurs["perimetre", "large, voté"] == (10, "A")
    assert {valeur for (axe, _), (valeur, _) in valeurs.items() if axe == "ligne"} == {10}


def test_un_budget_qui_change_de_perimetre_est_une_rupture_non_une_croissance(petit: Fabrique) -> None:
    petit.source("budget_ess", couverture="lignes")
    textes = ("siren_collectivite", "ligne", "nature", "perimetre", "etat_budgetaire", "confiance", "_fichier")
    colonnes = {**dict.fromkeys(textes, TEXTE), **dict.fromkeys(("exercice", "montant_eur", "_ligne"), ENTIER)}
    annees = [(None, "fiche 2019", 100), (2024, "fiche 2025", 170), (2025, "fiche 2025", 175)]
    petit.table("socle", "budget_ess", colonnes, [
        {"siren_collectivite": "A", "exercice": annee, "montant_eur": montant, "etat_budgetaire": "voté",
         "ligne": "emploi", "nature": "fonctionnement", "perimetre": perimetre, "_fichier": "f", "_ligne": n}
        for n, (annee, perimetre, montant) in enumerate(annees)
    ])
    petit.mesure_du_produit("soutien_ess")
    petit.indicateur("i", numerateur={"mesure": "soutien_ess"}, rupture="perimetre", axes=["total", "ligne", "nature", "perimetre"])
    statuts = {p: petit.publiees(colonne="statut_observation", periode=p)["epci:A"] for p in ("inconnu", "2024", "2025")}
    assert statuts == {"inconnu": "A", "2024": "B", "2025": "A"}
    assert {cle[4]: v["statut_observation"] for cle, v in petit.valeurs().items() if cle[3] == "2024"} == {
        "total": "B", "ligne": "B", "nature": "B", "perimetre": "A"
    }


def test_un_lieu_inconnu_s_additionne_et_ne_se_compare_pas(petit: Fabrique) -> None:
    petit.contributions("m", [petit.ligne("inconnu", 30), petit.ligne("inconnu", 70)])
    petit.contributions("autre", [petit.ligne("inconnu", 200)])
    petit.indicateur("somme", numerateur={"mesure": "m"})
    petit.indicateur("mediane", numerateur={"mesure": "m", "agregat": "mediane_unites"})
    petit.indicateur("concentration", numerateur={"mesure": "m", "agregat": "herfindahl"})
    petit.indicateur("part", numerateur={"mesure": "m"}, denominateur={"mesure": "autre"})
    assert {clef[:2]: ligne["valeur"] for clef, ligne in petit.valeurs().items()} == {("somme", "inconnu"): 100}


def test_ce_qui_est_deduit_d_un_document_est_estime(petit: Fabrique) -> None:
    for annee, confiance in (("2023", "rapporté"), ("2024", "deduit")):
        lignes = petit.lignes("epci:A", 10, "confiance", confiance, periode=annee)
        petit.contributions(f"m{annee}", lignes)
        petit.indicateur(f"i{annee}", numerateur={"mesure": f"m{annee}"}, axes=["total"], deduit="confiance")
    assert {clef[0]: ligne["statut_observation"] for clef, ligne in petit.valeurs().items()} == {"i2023": "A", "i2024": "E"}
