"""What is published of a protected measure: nulls, ranks, years, kept releases; and what an attacker finds there."""

from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from observatoire.confidentiality import suppressions
from observatoire.confidentiality.audit import first_leak
from observatoire.confidentiality.cells import CLE
from observatoire.confidentiality.published import SecretNonGaranti
from observatoire.confidentiality.suppressions import compute_suppressions
from observatoire.evidence import keep_evidence
from observatoire.warehouse import sql_literal
from tests.fabrique import Fabrique, Ligne

CHIFFRES = ("valeur", "borne_basse", "borne_haute", "numerateur", "denominateur", "nombre_unites")
GRANDES = {"63001": 4, "63002": 5, "63003": 6, "43002": 5, "19002": 4, "19003": 7}


def paies(petit: Fabrique, periode: str = "2024", facteur: float = 1, **ajouts: list[float]) -> list[Ligne]:
    """Draw payrolls of associations and of a few foundations; `ajouts` are more of them, by commune."""
    lignes = []
    for commune, nombre in GRANDES.items():
        for rang in range(nombre):
            famille = "fondation" if rang == 0 else "association"
            valeur = round((100 + 37 * rang + int(commune) % 89) * facteur, 2)
            lignes += petit.lignes(
                f"commune:{commune}", valeur, "famille", famille, unite=f"{commune}-{rang}", periode=periode
            )
    for commune, valeurs in ajouts.items():
        for rang, valeur in enumerate(valeurs):
            unite = f"{commune}-ajout-{rang}"
            lignes += petit.lignes(
                f"commune:{commune[1:]}", valeur, "famille", "mutuelle", unite=unite, periode=periode
            )
    return lignes


def publier(petit: Fabrique, nom: str) -> None:
    """Keep the present values as those of a release, and what they were computed from."""
    petit.valeurs()
    dossier = petit.entrepot.racine / "releases" / nom
    dossier.mkdir(parents=True)
    with duckdb.connect() as connexion:
        connexion.execute(f"ATTACH {sql_literal(dossier / 'observatoire.duckdb')} AS r")
        connexion.execute("CREATE SCHEMA r.indicateurs")
        for table in ("valeurs", "catalogue"):
            lue = sql_literal(petit.entrepot.path_of("indicateurs", table))
            connexion.execute(f"CREATE TABLE r.indicateurs.{table} AS FROM read_parquet({lue})")
        connexion.execute("DETACH r")
    (dossier / "manifest.json").write_text("{}", encoding="utf-8")
    keep_evidence(petit.entrepot, nom)


def retoucher(petit: Fabrique, changement: str) -> None:
    """Change the values about to be published: what a mistake of the chain would let out."""
    petit.valeurs()
    chemin = petit.entrepot.path_of("indicateurs", "valeurs")
    dit = petit.entrepot.metadata("indicateurs", "valeurs") or {}
    with petit.entrepot.connect() as connexion:
        connexion.execute("CREATE TABLE v AS FROM indicateurs.valeurs")
        connexion.execute(changement)
        chemin.unlink()
        petit.entrepot.write_query(connexion, "FROM v", "indicateurs", "valeurs", dit)


def lignes_de(petit: Fabrique, indicateur: str) -> list[dict[str, Any]]:
    return [ligne for (nom, *_), ligne in petit.valeurs().items() if nom == indicateur]


def test_aucun_chiffre_ne_reste_d_une_ligne_supprimee_ni_de_ce_qui_en_derive(petit: Fabrique) -> None:
    petit.protegee("m", paies(petit))
    petit.protegee("e", [{**ligne, "valeur": round(ligne["valeur"] / 30, 2)} for ligne in paies(petit)])
    petit.indicateur("rapport", numerateur={"mesure": "m"}, denominateur={"mesure": "e"})
    petit.indicateur("part", numerateur={"mesure": "m"}, denominateur={"mesure": "m", "modalite": "total"}, facteur=100)
    petit.indicateur("nombre", numerateur={"mesure": "m", "agregat": "nombre_unites"})
    petit.indicateur("specialisation", derive={"type": "specialisation", "indicateur": "part", "reference": "region"})
    petit.indicateur("rang", derive={"type": "rang", "indicateur": "m"})
    valeurs = petit.valeurs()
    cachees = {
        tuple(ligne[c] for c in ("niveau", "code_territoire", "periode", "axe", "modalite"))
        for ligne in petit.read_batches("indicateurs.suppressions")
        if ligne["mesure"] == "m"
    }
    assert any(axe == "famille" and niveau == "commune" for niveau, _, _, axe, _ in cachees)
    for nom in ("m", "rapport", "part", "nombre"):
        for cellule in cachees:
            ligne = valeurs[nom, *cellule]
            assert ligne["statut_confidentialite"] == "C", (nom, cellule)
            assert [ligne[chiffre] for chiffre in CHIFFRES] == [None] * 6
            assert ligne["statut_observation"] == "O", "one status for all: nothing tells a rule from another"
    for (nom, *cellule), ligne in valeurs.items():
        if nom in ("specialisation", "rang") and tuple(cellule) in cachees:
            assert ligne["statut_confidentialite"] == "C" and [ligne[chiffre] for chiffre in CHIFFRES] == [None] * 6
    libres = [ligne for ligne in valeurs.values() if ligne["statut_confidentialite"] == "F"]
    assert libres and any(ligne["indicateur"] == "rang" for ligne in libres)
    assert first_leak(petit.entrepot) == ""


def test_un_croisement_a_la_commune_n_est_pas_publie(petit: Fabrique) -> None:
    lignes = paies(petit)
    croisees = [
        {**ligne, "axe": "famille×secteur", "modalite": f"{ligne['modalite']}|{axe}"}
        for ligne in lignes
        if ligne["axe"] == "famille"
        for axe in ("Q" if ligne["unite"][-1] in "0246" else "R")
    ]
    secteurs = [{**ligne, "axe": "secteur", "modalite": ligne["modalite"][-1]} for ligne in croisees]
    petit.protegee("m", lignes + croisees + secteurs)
    niveaux = {ligne["niveau"] for ligne in lignes_de(petit, "m") if ligne["axe"] == "famille×secteur"}
    assert niveaux == {"epci", "departement", "region", "france"}
    assert first_leak(petit.entrepot) == ""


# planted leaks: each is caught, and named


def test_une_part_et_son_total_trahissent_ce_que_la_part_cachait(petit: Fabrique) -> None:
    petit.protegee("m", paies(petit))
    petit.indicateur("part", numerateur={"mesure": "m"}, denominateur={"mesure": "m", "modalite": "total"}, facteur=100)
    assert first_leak(petit.entrepot) == "" if petit.valeurs() else False
    retoucher(
        petit,
        """UPDATE v SET valeur = 12, denominateur = 1000, statut_confidentialite = 'F'
           WHERE indicateur = 'part' AND niveau = 'commune' AND modalite = 'fondation' AND code_territoire = '63002'""",
    )
    dit = first_leak(petit.entrepot)
    assert "m, commune 63002, 2024, famille « fondation » (moins de trois répondants (SIREN)) est donnée par" in dit
    assert "l'indicateur « part » (sa part et son total)" in dit and "Rien n'est publié" in dit


@pytest.mark.parametrize("nombre", [1, 4])
def test_un_croisement_montre_a_la_commune_arrete_la_publication(petit: Fabrique, nombre: int) -> None:
    lignes = [
        petit.ligne(f"commune:{commune}", 300 + rang, axe=axe, modalite=modalite, unite=f"{commune}-{rang}")
        for commune, combien in (("63001", nombre), ("63002", 7))
        for rang in range(combien)
        for axe, modalite in (("total", "total"), ("famille", "f"), ("secteur", "s"), ("famille×secteur", "f|s"))
    ]
    petit.protegee("m", lignes)
    retoucher(
        petit,
        f"""INSERT INTO v BY NAME SELECT * REPLACE ('commune' AS niveau, '63001' AS code_territoire,
               {sum(300 + rang for rang in range(nombre))} AS valeur, {nombre} AS nombre_unites)
            FROM v WHERE indicateur = 'm' AND niveau = 'region' AND axe = 'famille×secteur' AND periode = '2024'""",
    )
    dit = first_leak(petit.entrepot)
    assert "m, commune 63001, 2024, famille×secteur « f|s »" in dit and "est donnée par l'indicateur « m »" in dit


def test_une_secondaire_oubliee_se_retrouve_par_soustraction(petit: Fabrique) -> None:
    petit.protegee("m", paies(petit))
    petit.valeurs()
    somme = petit.cube()["m", "commune", "63002", "2024", "famille", "association"]["somme"]
    retoucher(
        petit,
        f"""UPDATE v SET valeur = {somme}, numerateur = {somme}, statut_confidentialite = 'F'
            WHERE niveau = 'commune' AND code_territoire = '63002' AND modalite = 'association'""",
    )
    dit = first_leak(petit.entrepot)
    assert "m, commune 63002, 2024, famille « fondation » est connue par soustraction" in dit
    assert "m, commune 63002, 2024 et ses autres parties sont publiées" in dit


def test_un_nouveau_millesime_ne_donne_pas_le_nouveau_venu(petit: Fabrique, monkeypatch) -> None:
    petit.protegee("m", paies(petit))
    publier(petit, "20240101")
    avant = petit.publiees("m")
    assert avant["departement:63"] is not None
    nouveau = paies(petit, e63001=[99])
    petit.protegee("m", nouveau)
    apres = petit.publiees("m")
    assert apres["departement:63"] is None and apres["departement:43"] == avant["departement:43"]
    assert first_leak(petit.entrepot) == ""
    # without the comparison with the release, the totals are shown and the newcomer is their difference
    monkeypatch.setattr(suppressions, "known_cells", lambda *_: petit_vide())
    monkeypatch.setattr(suppressions, "suppressions_version", lambda _: "autre")
    petit._calcules.clear()
    assert petit.publiees("m")["departement:63"] is not None
    dit = first_leak(petit.entrepot)
    assert "livre un répondant par sa différence avec ce que donne l'indicateur « m » de la publication 20240101" in dit


def petit_vide():
    from observatoire.confidentiality.published import COLONNES

    return pd.DataFrame(columns=list(COLONNES))


def test_trois_nouveaux_venus_ne_cachent_rien_de_plus(petit: Fabrique) -> None:
    petit.protegee("m", paies(petit))
    publier(petit, "20240101")
    petit.protegee("m", paies(petit, e63001=[99, 120, 130]))
    assert petit.publiees("m")["departement:63"] is not None
    assert first_leak(petit.entrepot) == ""


def test_trois_etablissements_venus_d_un_ou_deux_repondants_sont_peu(petit: Fabrique) -> None:
    """A release gives units alone: whose came is read in today's contributions."""
    petit.protegee("m", paies(petit))
    publier(petit, "20240101")
    for venus in (["une"] * 3, ["une", "une", "une", "deux", "deux", "deux"]):
        ajout = [petit.ligne("commune:63001", 50, repondant=r) for r in venus]
        petit.protegee("m", [*paies(petit), *ajout])
        assert petit.publiees("m")["departement:63"] is None
        assert first_leak(petit.entrepot) == ""
    petit.protegee("m", [*paies(petit), *(petit.ligne("commune:63001", 50) for _ in range(3))])
    assert petit.publiees("m")["departement:63"] is not None


def test_ce_qu_une_publication_gardee_donne_arrete_tout_et_dit_quoi_faire(petit: Fabrique) -> None:
    petit.protegee("m", [petit.ligne("commune:63001", v, unite=u) for u, v in (("a", 84), ("b", 10), ("c", 6))])
    publier(petit, "20240101")
    avant = petit.entrepot.version("indicateurs", "suppressions")
    petit.protegee("m", [petit.ligne("commune:63001", v, unite=u) for u, v in (("a", 87), ("b", 8), ("c", 5))])
    petit.cube()
    with pytest.raises(
        SecretNonGaranti, match=r"m, commune 63001, 2024 est confidentielle.*85 %.*publication 20240101"
    ):
        compute_suppressions(petit.entrepot)
    assert petit.entrepot.version("indicateurs", "suppressions") == avant, "the former table stays"


def familles(petit: Fabrique, periode: str = "2024", **paies: list[float]) -> list[Ligne]:
    """Make one commune, of these families."""
    return [
        ligne
        for famille, valeurs in paies.items()
        for rang, valeur in enumerate(valeurs)
        for ligne in petit.lignes(
            "commune:63001", valeur, "famille", famille, unite=f"{famille}-{rang}", periode=periode
        )
    ]


AVANT = {"association": [100.0] * 10, "fondation": [202.0] * 3, "mutuelle": [600.0] * 3}
APRES = {"association": [103.0] * 10 + [100.0] * 4, "fondation": [202.6] * 3, "mutuelle": [450.0] * 2}


def cachees(petit: Fabrique, periode: str = "2024") -> set[str]:
    petit.valeurs()
    return {
        ligne["modalite"]
        for ligne in petit.read_batches("indicateurs.suppressions")
        if (ligne["niveau"], ligne["periode"]) == ("commune", periode)
    }


@pytest.mark.parametrize("periode", ["2024", "2023"])
def test_un_ancien_chiffre_a_peine_revise_ne_protege_plus_sa_voisine(petit: Fabrique, monkeypatch, periode) -> None:
    """The foundations hide the mutuals; a kept release gives them 0.3 % away, in this year or in the one before."""
    avant = familles(petit, periode, **AVANT)
    petit.protegee("m", avant)
    publier(petit, "20240101")
    apres = familles(petit, **APRES)
    petit.protegee("m", apres + (avant if periode == "2023" else []))
    assert {"mutuelle"} < cachees(petit) and cachees(petit) & {"association", "total"}
    assert first_leak(petit.entrepot) == ""
    # when nobody reckons with it, the attacker does
    monkeypatch.setattr(suppressions, "margins", lambda _, nombre, __: np.full(nombre, np.inf))
    monkeypatch.setattr(suppressions, "_carry_years", lambda *_: set())
    monkeypatch.setattr(suppressions, "suppressions_version", lambda _: "autre")
    petit._calcules.clear()
    assert cachees(petit) == {"mutuelle", "fondation"}
    assert "famille « mutuelle » est connue à ±10 % près en recoupant" in first_leak(petit.entrepot)


def test_une_annee_deja_publiee_qui_donne_la_suivante_arrete_tout_et_se_nomme(petit: Fabrique) -> None:
    une = [petit.ligne("commune:63001", v, unite=u, periode="2023") for u, v in (("a", 84), ("b", 10), ("c", 6))]
    petit.protegee("m", une)
    publier(petit, "20240101")
    autre = [petit.ligne("commune:63001", v, unite=u) for u, v in (("a", 87), ("b", 8), ("c", 5))]
    petit.protegee("m", une + autre)
    petit.cube()
    with pytest.raises(
        SecretNonGaranti, match=r"m, commune 63001, 2024 est confidentielle.*publication 20240101.*en 2023.*Retirer"
    ):
        compute_suppressions(petit.entrepot)


def test_ce_qu_une_annee_dit_d_une_autre_arrete_la_publication(petit: Fabrique, monkeypatch) -> None:
    """The two checks between years, when suppression forgets them."""
    une = [petit.ligne("commune:63001", v, unite=u, periode="2023") for u, v in (("a", 84), ("b", 10), ("c", 6))]
    autre = [petit.ligne("commune:63001", v, unite=u) for u, v in (("a", 87), ("b", 8), ("c", 5))]
    petit.protegee("m", une + autre)
    with monkeypatch.context() as oubli:
        oubli.setattr(suppressions, "_carry_years", lambda *_: set())
        petit.valeurs()
    dit = first_leak(petit.entrepot)
    assert "m, commune 63001, 2024 (un répondant au-delà de 85 %) est donnée par" in dit
    assert "à ±10 % près, en 2023" in dit
    petit.protegee("m", [*paies(petit, "2023"), *paies(petit, "2024", e63001=[150])])
    with monkeypatch.context() as oubli:
        oubli.setattr(suppressions, "told_apart", lambda *_: pd.DataFrame(columns=list(CLE)))
        petit.valeurs()
    assert "livre un répondant par sa différence avec ce que donne l'indicateur « m »" in first_leak(petit.entrepot)


def test_les_memes_donnees_publiees_deux_fois_cachent_la_meme_chose(petit: Fabrique) -> None:
    petit.protegee("m", paies(petit))
    publier(petit, "20240101")
    avant = petit.read_batches("indicateurs.suppressions")
    petit._calcules.clear()
    petit.valeurs()
    assert petit.read_batches("indicateurs.suppressions") == avant
    assert first_leak(petit.entrepot) == ""


def test_une_cellule_cachee_une_annee_l_est_aussi_l_annee_ou_elle_a_peu_bouge(petit: Fabrique) -> None:
    une = [petit.ligne("commune:63001", v, unite=u, periode="2023") for u, v in (("a", 84), ("b", 10), ("c", 6))]
    autre = [petit.ligne("commune:63001", v, unite=u) for u, v in (("a", 87), ("b", 8), ("c", 5))]
    petit.protegee("m", une + autre)
    assert petit.publiees("m", periode="2024")["commune:63001"] is None
    assert petit.publiees("m", periode="2023")["commune:63001"] is None


def test_l_etablissement_venu_dans_l_annee_ne_se_lit_pas_dans_la_difference(petit: Fabrique) -> None:
    petit.protegee("m", [*paies(petit, "2023"), *paies(petit, "2024", e63001=[150])])
    avant, apres = petit.publiees("m", periode="2023"), petit.publiees("m", periode="2024")
    assert avant["departement:63"] is None or apres["departement:63"] is None
    assert avant["departement:43"] == apres["departement:43"] != None  # noqa: E711
    trois = [petit.ligne("commune:63001", 50, repondant="une") for _ in range(3)]
    petit.protegee("m", [*paies(petit, "2023"), *paies(petit, "2024"), *trois])
    avant, apres = petit.publiees("m", periode="2023"), petit.publiees("m", periode="2024")
    assert avant["departement:63"] is None or apres["departement:63"] is None, "three of one respondent"
    petit.protegee("m", [*paies(petit, "2023"), *paies(petit, "2024", 1.06, e63001=[150])])
    assert petit.publiees("m", periode="2024")["departement:63"] is not None, "the others moved: nothing is told"


def test_sans_donnee_restreinte_rien_n_est_calcule(petit: Fabrique, monkeypatch) -> None:
    def interdit(*_: object) -> None:
        raise AssertionError("nothing is to be protected")

    monkeypatch.setattr(suppressions, "_suppress", interdit)
    monkeypatch.setattr(suppressions, "Tau", interdit)
    petit.contributions("m", paies(petit), couverture="inconnue")
    petit.indicateur("m", numerateur={"mesure": "m"})
    petit.protegee("vide", [])
    assert petit.publiees("m")["commune:63001"] is not None
    assert first_leak(petit.entrepot) == ""
    assert petit.read_batches("indicateurs.suppressions") == []
