"""The portrait in a real browser: what each table and figure shows is what the database says."""

import re
from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from observatoire.publication.french import periode
from observatoire.publication.pages import MODELES
from observatoire.publication.themes import AXES_TUS
from tests.navigateur import Visite
from tests.publication.pages import EPCI
from tests.publication.visites import chiffres, libelle, ouvrir

pytestmark = pytest.mark.long
NOMS_AXES = yaml.safe_load((MODELES / "libelles.yml").read_text(encoding="utf-8"))["modalites"]


@pytest.fixture(scope="module")
def dossier(publie: Path) -> Path:
    return publie / "warehouse" / "portrait"


@pytest.fixture(scope="module")
def base(publie: Path):
    with duckdb.connect(str(publie / "warehouse" / "observatoire.duckdb"), read_only=True) as connexion:
        yield connexion


@pytest.fixture(scope="module")
def noms(base) -> dict[str, dict[str, str]]:
    naf = {
        axe: dict(base.execute("SELECT code, libelle FROM referentiels.naf_agregats WHERE nomenclature = ?", [n]).fetchall())
        for axe, n in (("secteur", "a17"), ("secteur_a38", "a38"))
    }
    return NOMS_AXES | naf | {"reseau": dict(base.execute("SELECT reseau, nom_reseau FROM socle.reseaux").fetchall())}


def arrondi(nombre: float | Decimal, decimales: int) -> Decimal:
    exact = Decimal(nombre) if isinstance(nombre, float) else Decimal(str(nombre))
    return exact.quantize(Decimal(1).scaleb(-decimales), ROUND_HALF_EVEN)


def attendus(ligne: dict[str, Any], decimales: int, bref: bool = False) -> list[Decimal]:
    """Say which figures a row is to show: its value, its range, or nothing."""
    if ligne["statut_confidentialite"] == "C":
        return []
    nombres = [ligne["valeur"]] if ligne["valeur"] is not None else []
    if ligne["borne_basse"] is not None and ligne["borne_basse"] != ligne["borne_haute"]:
        nombres += [] if bref and nombres else [ligne["borne_basse"], ligne["borne_haute"]]
    elif ligne["valeur"] is None and bref and ligne["borne_basse"] is not None:
        nombres = [ligne["borne_basse"]]
    en_millions = bref and ligne["unite"] == "€"
    return [arrondi(n, -5) if en_millions and abs(n) >= 1_000_000 else arrondi(n, decimales) for n in nombres]


def lignes_de(base, requete: str, *parametres: Any) -> list[dict[str, Any]]:
    resultat = base.execute(requete, list(parametres))
    noms = [colonne[0] for colonne in resultat.description]
    return [dict(zip(noms, ligne, strict=True)) for ligne in resultat.fetchall()]


@pytest.fixture(scope="module")
def verite(base) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Give the rows of the EPCI, by indicator and breakdown, in the order of time; the unknown period first."""
    lignes = lignes_de(
        base,
        "FROM indicateurs.valeurs JOIN (SELECT indicateur, decimales FROM indicateurs.catalogue) USING (indicateur) "
        "WHERE niveau = 'epci' AND code_territoire = ? ORDER BY periode <> 'inconnu', periode",
        EPCI,
    )
    par_cle: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for ligne in lignes:
        par_cle.setdefault((ligne["indicateur"], ligne["axe"]), []).append(ligne)
    return par_cle


def tableaux(visite: Visite, choix: str) -> list[dict[str, Any]]:
    return visite.page.evaluate(
        """choix => [...document.querySelectorAll(choix)].map(t => ({...t.dataset, rangs:
            [...t.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.textContent.trim()))}))""",
        choix,
    )


def derniers(lignes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [ligne for ligne in lignes if ligne["periode"] == lignes[-1]["periode"]]


def rapport(ligne: dict[str, Any]) -> list[Decimal]:
    if ligne["denominateur"] is None:
        return []
    # what a specialisation compares is written as the share it is
    decimales = 1 if ligne["indicateur"].startswith("specialisation") else 6
    return [arrondi(n, decimales).normalize() for n in (ligne["numerateur"], ligne["denominateur"]) if n is not None]


def test_chaque_tableau_de_ventilation_est_celui_de_la_base(visite: Visite, dossier: Path, verite, noms):
    ouvrir(visite, dossier / "index.html")
    montres = {(t["indicateur"], t["axe"]): t["rangs"] for t in tableaux(visite, "table[data-cle=libelle]")}
    attendues = {cle: derniers(lignes) for cle, lignes in verite.items() if cle[1] not in ("total", *AXES_TUS)}
    assert montres.keys() == attendues.keys() and len(montres) > 20
    for cle, lignes in attendues.items():
        dits = Counter(
            (rang[0], *chiffres(rang[1]), *(n.normalize() for n in chiffres(re.sub(r"\(.*", "", " ".join(rang[2:]))))) for rang in montres[cle]
        )
        assert dits == Counter(
            (libelle(cle[1], ligne["modalite"], noms), *attendus(ligne, ligne["decimales"]), *rapport(ligne)) for ligne in lignes
        ), cle


def test_chaque_tableau_par_periode_est_celui_de_la_base(visite: Visite, dossier: Path, verite):
    ouvrir(visite, dossier / "index.html")
    montres = {t["indicateur"]: t["rangs"] for t in tableaux(visite, "table[data-cle=periode]")}
    series = {nom: [ligne for ligne in lignes if ligne["periode"] != "inconnu"] for (nom, axe), lignes in verite.items() if axe == "total"}
    attendues = {nom: lignes for nom, lignes in series.items() if sum(ligne["valeur"] is not None for ligne in lignes) > 1}
    assert montres.keys() == attendues.keys() and len(montres) > 5
    for nom, lignes in attendues.items():
        assert [(rang[0], chiffres(rang[1])) for rang in montres[nom]] == [
            (periode(ligne["periode"]), attendus(ligne, ligne["decimales"])) for ligne in lignes
        ], nom


def test_les_territoires_compares_ont_leur_valeur_de_la_base(visite: Visite, dossier: Path, base, verite):
    ouvrir(visite, dossier / "index.html")
    montres = tableaux(visite, "table[data-cle=libelle_territoire]")
    assert len(montres) > 3
    for tableau in montres:
        ici = verite[tableau["indicateur"], "total"][-1]
        for nom, texte, *_ in tableau["rangs"]:
            (ligne,) = lignes_de(
                base,
                "FROM indicateurs.valeurs WHERE indicateur = ? AND axe = 'total' AND periode = ? AND libelle_territoire = ? "
                "AND niveau IN ('epci', 'departement', 'region', 'france')",
                tableau["indicateur"], ici["periode"], re.sub(r" \(.*", "", nom),
            )
            assert chiffres(texte) == attendus(ligne, ici["decimales"]), (tableau["indicateur"], nom)


def test_les_chiffres_de_l_essentiel_sont_ceux_de_la_base(visite: Visite, dossier: Path, verite):
    ouvrir(visite, dossier / "index.html")
    for selecteur, combien in ((".cle", 8), (".liste tr[data-indicateur]", 6), (".comparaisons tr[data-indicateur]", 3)):
        montres = visite.page.evaluate(
            """choix => [...document.querySelectorAll(choix)].map(e => [e.dataset.indicateur,
                e.matches('.cle') ? e.querySelector('.grand').textContent : e.cells[1].querySelector('strong')?.textContent ?? ''])""",
            selecteur,
        )
        assert len(montres) >= combien
        for nom, texte in montres:
            lignes = verite.get((nom, "total"))
            assert chiffres(texte) == (attendus(lignes[-1], lignes[-1]["decimales"], bref=True) if lignes else []), nom


def test_les_figures_de_l_essentiel_sont_celles_de_la_base(visite: Visite, dossier: Path, verite, noms):
    ouvrir(visite, dossier / "index.html")
    barres = tableaux(visite, "table.barres")
    assert len(barres) == 3
    for tableau in barres:
        lignes = derniers(verite[tableau["indicateur"], tableau["axe"]])
        toutes = {libelle(tableau["axe"], ligne["modalite"], noms): attendus(ligne, 0) for ligne in lignes}
        assert {nom: chiffres(texte) for nom, texte in tableau["rangs"]}.items() <= toutes.items()
        assert len(tableau["rangs"]) == (len(lignes) if tableau["axe"] == "tranche" else min(8, len(lignes)))
    series = visite.page.evaluate(
        """[...document.querySelectorAll('figure.evolution')].map(f => [f.dataset.indicateur,
            [...f.querySelectorAll('tbody td')].map(c => c.textContent)])"""
    )
    assert series
    for nom, textes in series:
        lignes = [ligne for ligne in verite[nom, "total"] if ligne["periode"] != "inconnu" and ligne["valeur"] is not None]
        assert [chiffres(texte) for texte in textes] == [[arrondi(ligne["valeur"], ligne["decimales"])] for ligne in lignes[-10:]]


def test_le_tableau_des_communes_est_celui_de_la_base(visite: Visite, dossier: Path, base):
    ouvrir(visite, dossier / "index.html")
    (tableau,) = tableaux(visite, ".carte table")
    lignes = lignes_de(
        base,
        """
        SELECT v.*, decimales FROM indicateurs.valeurs v JOIN indicateurs.catalogue USING (indicateur)
        JOIN referentiels.appartenances a USING (niveau, code_territoire)
        WHERE niveau = 'commune' AND niveau_parent = 'epci' AND code_parent = ? AND axe = 'total'
          AND indicateur = 'part_ess_etablissements_employeurs_sirene'
        QUALIFY periode = max(periode) OVER ()""",
        EPCI,
    )
    attendues = {ligne["libelle_territoire"]: attendus(ligne, ligne["decimales"]) for ligne in lignes}
    montrees = {rang[1]: chiffres(rang[2]) for rang in tableau["rangs"]}
    assert len(montrees) == 21 and attendues.items() <= montrees.items()
