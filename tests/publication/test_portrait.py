"""The portrait: its figures are those of the database, demonstration cannot be missed, content stays text.

The tables are made by hand with the declared columns of the public contract; what fills them is tested elsewhere.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from observatoire.publication.french import bref, en_clair, fourchette, majuscule, mesure, nombre, periode
from tests.publication.pages import ATTAQUE, EPCI, PART, declaration, indicateur, read_batches, source, texte, valeur


def page_des_sources(tmp_path: Path) -> str:
    return texte((tmp_path / "portrait" / "sources.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("ecrit", "attendu"),
    [
        (nombre(1234567.891, 1), "1\u202f234\u202f567,9"),
        (nombre(12.500000), "12,5"),
        (nombre(100), "100"),
        (nombre(-3, 0), "−3"),
        (nombre(-0.04, 1), "0,0"),
        (nombre(-0.06, 1), "−0,1"),
        (nombre(Decimal("-0.4"), 0), "0"),
        (nombre(-0.0), "0"),
        (mesure(1, "salariés", 0), "1\u00a0salarié"),
        (mesure(2, "salariés", 0), "2\u00a0salariés"),
        (mesure(1, "comités par an", 0), "1\u00a0comité par an"),
        (mesure(12, "eur"), "12\u00a0€"),
        (mesure(27586, "eur par salarié", 0), "27\u202f586\u00a0€ par salarié"),
        (periode("2026-10"), "octobre 2026"),
        (en_clair("a_b de 2016 (2026-10) par c_d", {"a_b": "l'un"}), "l'un de 2016 (octobre 2026) par c d"),
        (periode("2019-07-01"), "1er juillet 2019"),
        (periode("2016-2020"), "2016-2020"),
        (periode("inconnu"), "période inconnue"),
        (periode("2019"), "2019"),
    ],
)
def test_nombres_et_periodes_s_ecrivent_en_francais(ecrit: str, attendu: str) -> None:
    assert ecrit == attendu


@pytest.mark.parametrize(
    ("unite", "bas", "haut", "attendu"),
    [
        ("salariés", 7701, 8457, "7\u202f701 {} 8\u202f457\u00a0salariés"),
        ("eur", 230e6, 260e6, "230 {} 260\u00a0M€"),
        ("eur", 900e3, 1.2e6, "900\u202f000\u00a0€ {} 1,2\u00a0M€"),
        ("rang", 3, 5, "3 {} 5"),
    ],
)
def test_une_fourchette_dit_son_unite_une_fois(unite: str, bas: float, haut: float, attendu: str) -> None:
    ligne = valeur("x", (bas + haut) / 2, unite=unite, borne_basse=bas, borne_haute=haut)
    assert fourchette(ligne, 0) == "entre " + attendu.format("et")
    assert bref(ligne | {"valeur": None}, 0) == attendu.format("à")


def test_ce_qui_commence_une_phrase_garde_ses_autres_majuscules(page: Callable[..., str]) -> None:
    assert majuscule("secteur d'activité (A38)") == "Secteur d'activité (A38)" and majuscule("") == ""
    lignes = [valeur("x", 5, axe="activite_a38", modalite=nom) for nom in "ab"]
    dit = texte(page(catalogue=[indicateur("x")], valeurs=[valeur("x", 10), *lignes]))
    assert "Activité (A38) Valeur" in dit


def test_les_termes_d_une_specialisation_ont_l_unite_de_ce_qu_elle_compare(page: Callable[..., str]) -> None:
    nom = "specialisation_ess_departement"
    ligne = valeur(nom, 0.99, unite="rapport", numerateur=11.940704, denominateur=12.065956, periode_denominateur="2024")
    derive = indicateur(nom, unite="rapport", decimales=2, est_derive=True, mesure_numerateur=None)
    catalogue = [indicateur(PART, unite="%", decimales=1), derive]
    dit = texte(page(catalogue=catalogue, valeurs=[ligne])).replace("\u00a0", " ")
    assert "Numérateur 11,9 % valeur comparée" in dit and "Dénominateur 12,1 % valeur comparée" in dit


def test_un_document_et_ce_qu_il_declare_portent_leur_nom(page: Callable[..., str]) -> None:
    ligne = declaration("14 500 salariés", ("epci", EPCI), grandeur="salaries_ess", document="rtes_2019")
    dit = texte(
        page(
            declarations=[ligne],
            documents=[{"document": "rtes_2019", "titre": "Clermont", "editeur": "RTES"}],
        )
    )
    assert "« 14 500 salariés » Salariés de l'ESS" in dit
    assert "rtes_2019" not in dit and dit.count("Clermont (RTES)") == 2, "l'essentiel, le tableau"


@pytest.mark.parametrize(
    ("verdicts", "attendu"),
    [
        (("inverifiable", "inverifiable"), "Chiffres déclarés ici : 2, tous invérifiables."),
        (("confirme",), "Chiffres déclarés ici : 1, confirmé."),
        (("ambigu", "ambigu", "contredit"), "Chiffres déclarés ici : 3, dont 2 ambigus, 1 contredit."),
    ],
)
def test_les_verdicts_s_accordent(page: Callable[..., str], verdicts: tuple[str, ...], attendu: str) -> None:
    declarations = [declaration(str(rang), ("epci", EPCI), verdict=v) for rang, v in enumerate(verdicts)]
    assert attendu in texte(page(declarations=declarations))


def test_les_nombres_de_la_page_sont_ceux_de_la_base(page: Callable[..., str]) -> None:
    dit = texte(
        page(
            catalogue=[
                indicateur("emplois"),
                indicateur(
                    "part",
                    unite="%",
                    decimales=1,
                    mesure_denominateur="tous (somme)",
                    libelle_denominateur="Tous les emplois.",
                    mesure_numerateur="emplois (somme)",
                ),
            ],
            valeurs=[
                valeur("emplois", 84321, periode="2023"),
                valeur("emplois", 85718.2),
                valeur("emplois", 198064, ("departement", "63")),
                valeur("emplois", 7, ("departement", "63"), periode="2011"),
                valeur("emplois", 42, ("inconnu", "inconnu")),
                valeur("emplois", 612, axe="secteur", modalite="AZ"),
                valeur("emplois", 93, axe="secteur", modalite="ZZ"),
                valeur("part", 12.8634, unite="%", numerateur=947, denominateur=7362, periode_denominateur="2022"),
            ],
            naf_agregats=[{"nomenclature": "a17", "code": "AZ", "libelle": "Agriculture"}],
        )
    )
    for attendu in (
        "85~718 salariés",
        "84~321 salariés",
        "Puy-de-Dôme (département) 198~064 salariés",
        "Agriculture 612 salariés",
        "ZZ 93 salariés",
        "12,9 %",
        "947 Titre de emplois, 2024",
        "7~362 Tous les emplois, 2022",
        "Sans lieu connu : 42 salariés",
    ):
        assert attendu in dit
    assert "7 salariés" not in dit, "une autre période ne se compare pas"


def test_un_territoire_qu_aucun_indicateur_ne_couvre_dit_ce_qu_on_sait_plus_haut(
    page: Callable[..., str], tmp_path: Path
) -> None:
    dit = texte(
        page(
            catalogue=[indicateur("emplois_ess"), indicateur("dons", sources="Source B")],
            valeurs=[valeur("emplois_ess", 26425.5, ("departement", "63"))],
            sources=[source("Source A"), source("Source B", "absente", motif="raw/dons est vide.")],
        )
    )
    assert "Puy-de-Dôme (département) : 26~426 salariés" in dit
    assert "Source absente : Source B. Ce qu'il manque" in dit and "raw/" not in dit
    assert "⚠ absente raw/dons est vide." in page_des_sources(tmp_path), "à qui peut déposer le fichier"


def test_une_source_dont_on_se_passe_n_est_pas_comptee_parmi_les_absentes(page: Callable[..., str]) -> None:
    appoint = source("ESUS", "absente", motif="rien à faire sans liste")
    dit = texte(page(sources=[source("Source B", "absente"), appoint]))
    assert "Sources absentes : 1 ;" in dit and "Sources absentes : Source B." in dit
    assert "rien à faire" not in dit


def test_ce_qui_n_a_pas_de_valeur_est_replie_a_la_fin_de_son_theme(page: Callable[..., str]) -> None:
    contenu = page(catalogue=[indicateur("connu"), indicateur("b"), indicateur("c")], valeurs=[valeur("connu", 12)])
    (replie,) = re.findall(r"<details class=\"absentes\">(.*?)</ul>\s*</details>", contenu, re.DOTALL)
    assert "Non disponible : 2 indicateurs" in texte(replie)
    assert 'id="i-b"' in replie and 'id="i-c"' in replie and 'id="i-connu"' not in replie


def test_une_source_en_echec_est_dite_a_cote_de_sa_derniere_valeur(
    page: Callable[..., str], tmp_path: Path
) -> None:
    dit = texte(
        page(
            catalogue=[indicateur("emplois")],
            valeurs=[valeur("emplois", 12)],
            sources=[source("Source A", "en_echec", motif="Structure changée.", en_echec_depuis="2026-11-20 08:00:00")],
            rejets=[
                {"source": "source a", "regle": "source_en_echec", "gravite": "echec", "motif": "Structure changée."}
            ],
        )
    )
    assert "Source en échec : Source A. Structure changée. Les valeurs sont celles du dernier chargement réussi." in dit
    assert "⚠ En échec depuis le 20 novembre 2026 : Source A. Structure changée." in dit
    dit = page_des_sources(tmp_path)
    assert "⚠ en échec depuis le 20 novembre 2026" in dit
    assert "1~234 1~000 200 34" in dit


@pytest.mark.parametrize("ou", ["publication", "valeur", "declaration"])
def test_le_bandeau_de_demonstration_est_la_des_qu_une_donnee_l_est(page: Callable[..., str], ou: str) -> None:
    def demo(ici: str) -> dict[str, str]:
        return {"nature": "demonstration"} if ici == ou else {}

    contenu = page(
        **(demo("publication") or {"nature": "reelle"}),
        catalogue=[indicateur("emplois")],
        valeurs=[
            valeur("emplois", 12, **demo("valeur")),
            valeur("emplois", 99, ("departement", "63"), **demo("valeur")),
        ],
        declarations=[declaration("14 500 emplois", ("epci", EPCI), **demo("declaration"))],
    )
    assert '<body class="avec-essentiel demonstration">' in contenu
    assert 'class="bandeau"' in contenu
    assert 'class="filigrane"' in contenu
    detail = contenu[contenu.index("<article") :]
    assert detail.count('class="insigne insigne-demonstration"') == {"publication": 0, "valeur": 2}.get(ou, 1)


def test_un_contenu_hostile_reste_du_texte(page: Callable[..., str]) -> None:
    contenu = page(
        catalogue=[indicateur("emplois", titre=ATTAQUE, definition=ATTAQUE, theme=ATTAQUE)],
        valeurs=[
            valeur("emplois", 12),
            *(valeur("emplois", n, axe="societe", modalite=f"' {ATTAQUE}<a href='http://x'>{n}") for n in (1, 2)),
        ],
        declarations=[declaration(ATTAQUE, ("commune", "63113"), explication=ATTAQUE)],
        sources=[source(ATTAQUE)],
    )
    lecteur = read_batches(contenu)
    assert lecteur.balises.count("script") == 2, "plotly et le script de la page, rien d'autre"
    assert ATTAQUE in "".join(lecteur.textes)
    figure = re.search(r"data-figure='(.*?)'>", contenu, re.DOTALL)
    assert figure and r"\u0026lt;script" in figure[1], "plotly ne doit pas y lire de balise non plus"
    assert "<a href='http" not in contenu


def test_la_page_ne_charge_rien_du_dehors(page: Callable[..., str], tmp_path: Path) -> None:
    contenu = page(
        catalogue=[indicateur("emplois", licence="https://exemple.fr/licence")], valeurs=[valeur("emplois", 12)]
    )
    ressources = read_batches(contenu).ressources
    assert "plotly.min.js" in ressources
    voisines = ("plotly.min.js", "qualite.html", "acteurs.html", "sources.html", "journal.html")
    assert [r for r in ressources if r not in voisines and not r.startswith(("#", "donnees/"))] == []
    style = re.search(r"<style>.*?</style>", contenu, re.DOTALL)
    assert style and not re.search(r"url\((?!#)|@import|https?:", style[0])
    assert (tmp_path / "portrait" / "plotly.min.js").stat().st_size > 1_000_000


def test_un_territoire_inconnu_donne_une_page_qui_le_dit(page: Callable[..., str]) -> None:
    dit = texte(page(territoire=f"000{ATTAQUE}"))
    assert "Territoire inconnu" in dit
    assert f"« 000{ATTAQUE} »" in dit


def test_un_theme_nouveau_apparait_de_lui_meme_apres_les_autres(page: Callable[..., str]) -> None:
    contenu = page(
        catalogue=[
            indicateur("velos", theme="mobilite_douce", unite="vélos"),
            indicateur("emplois"),
            indicateur("habitants", theme="territoire"),
        ],
        valeurs=[valeur("velos", 4321, unite="vélos"), valeur("emplois", 12), valeur("habitants", 3)],
    )
    titres = re.findall(r'<h2 id="theme-\d+">(.*?)</h2>', contenu)
    assert titres == ["Territoire", "Emploi et masse salariale", "Mobilite douce"]
    assert "4~321 vélos" in texte(contenu)


def test_les_declarations_sont_celles_du_territoire_et_de_ses_communes(page: Callable[..., str]) -> None:
    dit = texte(
        page(
            declarations=[
                declaration("à la métropole", ("epci", EPCI)),
                declaration("à la commune", ("commune", "63113"), verdict="contredit"),
                declaration("ailleurs", ("france", "FR")),
                declaration("plus de mille", ("epci", EPCI), valeur=None, borne_basse=1000, est_borne_stricte=True),
            ]
        )
    )
    assert "« à la métropole »" in dit and "« à la commune »" in dit and "« ailleurs »" not in dit
    assert "1 pour d'autres territoires" in dit
    assert "non encore jugé" in dit and "contredit" in dit
    assert "plus de 1~000 salariés" in dit
