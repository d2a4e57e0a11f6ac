"""What the portrait says of what does not compare, is invented in part, or has no value."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest

from observatoire.indicators.catalog import indicateurs
from observatoire.publication.pages import read_words
from tests.publication.pages import EPCI, PART, indicateur, texte, valeur


@pytest.mark.parametrize(
    ("autre", "raison"),
    [
        ({"nature": "demonstration"}, "l'un est une démonstration"),
        ({"periode": "2019"}, "deux périodes (2019, 2024), séparées par une rupture de série (2023"),
    ],
)
def test_deux_chiffres_qui_ne_se_comparent_pas_ne_sont_pas_mis_cote_a_cote(page: Callable[..., str], autre: dict, raison: str):
    contenu = page(
        catalogue=[indicateur("emplois", ruptures="2023 : les apprentis sont comptés")],
        valeurs=[valeur("emplois", 12), valeur("emplois", 98765, ("departement", "63"), **autre)],
    )
    dit = texte(contenu)
    assert "Non comparé : Puy-de-Dôme" in dit and raison in dit
    assert "98~765" not in dit and "Territoires qui le contiennent" not in dit


PAIRS = ("111111111", "222222222", "333333333")


def pair(code: str, chiffre: float, **autres: Any) -> dict[str, Any]:
    return valeur(PART, chiffre, unite="%", **autres) | {"code_territoire": code}


def cellule_des_pairs(page: Callable[..., str], *valeurs: dict[str, Any], ici: bool = True) -> tuple[str, str]:
    """Give what the last cell of the comparison says of three peers, and the notes under the table."""
    contenu = page(
        catalogue=[indicateur(PART, unite="%", ruptures="2023 : les apprentis sont comptés")],
        valeurs=[valeur(PART, 12, ("epci", EPCI) if ici else ("france", "FR"), unite="%"), *valeurs],
        comparables=[{"code_territoire": EPCI, "code_comparable": code} for code in PAIRS],
    )
    rang = re.search(rf'<tr data-indicateur="{PART}"><th scope="row">ESS parmi.*?</tr>', contenu, re.DOTALL)
    assert rang
    notes = re.findall(r'<p class="sujet"><sup>\d+</sup>\s*Non comparé\s*:.*?</p>', contenu)
    return texte(rang[0].split('<td class="nombre">')[-1]).strip(), texte("".join(notes)).strip()


def test_des_pairs_connus_mais_non_comparables_ne_sont_pas_dits_inconnus(page: Callable[..., str]) -> None:
    un, deux, trois = PAIRS
    anciennes = (pair(un, 9, periode="2019"), pair(deux, 8, periode="2019"))
    dit, notes = cellule_des_pairs(page, *anciennes)
    assert dit == "2 non comparés 1 sur 3"
    assert notes.startswith("1 Non comparé : deux périodes (2019, 2024), séparées par une rupture de série")
    # the older years of a peer that compares are no refusal
    dit, notes = cellule_des_pairs(page, *anciennes, pair(un, 7), pair(trois, 10))
    assert dit == "de 7 à 10\u00a0% 2 connus sur 3 ; 1 non comparé 1".replace("\u00a0", " ")
    assert notes.count("Non comparé") == 1


def test_sans_pair_connu_ou_sans_valeur_ici_la_cellule_le_dit(page: Callable[..., str]) -> None:
    assert cellule_des_pairs(page) == ("aucun connu sur 3", "")
    assert cellule_des_pairs(page, pair(PAIRS[0], 9), pair(PAIRS[0], 8, periode="2019"), ici=False) == ("1 connu sur 3", "")


def test_sans_donnee_de_demonstration_la_page_n_en_parle_pas(page: Callable[..., str]) -> None:
    contenu = page(
        catalogue=[indicateur("emplois")], valeurs=[valeur("emplois", 12), valeur("emplois", 9, periode="2023")]
    )
    assert "démonstration" not in texte(contenu).lower()
    assert "DÉMONSTRATION" not in html.unescape(contenu)
    assert 'class="bandeau"' not in contenu


def test_un_graphique_de_demonstration_le_porte_dans_son_titre_et_dans_l_image(page: Callable[..., str]) -> None:
    contenu = page(
        catalogue=[indicateur("emplois")],
        valeurs=[
            valeur("emplois", 12, nature="demonstration"),
            valeur("emplois", 9, periode="2023", nature="demonstration"),
        ],
    )
    titre = re.search(r"<figcaption>.*?</figcaption>", contenu, re.DOTALL)
    figure = re.search(r"data-figure='(.*?)'", contenu, re.DOTALL)
    assert titre and "insigne-demonstration" in titre[0]
    assert figure and "DÉMONSTRATION" in figure[1]


@pytest.mark.parametrize("fabriquees", [("2022",), ("2022", "2023"), ("2024",), ("2022", "2023", "2024"), ()])
def test_une_serie_en_partie_fabriquee_le_dit_et_dit_quelles_periodes(page: Callable[..., str], fabriquees: tuple[str, ...]):
    def nature(de: str) -> str:
        return "demonstration" if de in fabriquees else "reelle"

    periodes = ("2022", "2023", "2024")
    contenu = page(
        catalogue=[indicateur("soutien_ess", unite="€"), indicateur("etablissements_employeurs_ess_sirene")],
        valeurs=[
            *(valeur("soutien_ess", 9, periode=periode, unite="€", nature=nature(periode)) for periode in periodes),
            *(
                valeur("etablissements_employeurs_ess_sirene", 9 - int(p[3]), axe="famille", modalite=p, nature=nature(p))
                for p in periodes
            ),
        ],
    )
    evolution = re.search(r'<figure class="evolution".*?</figure>', contenu, re.DOTALL)
    repartition = re.search(r'<h3 id="part-1">.*?</div>', contenu, re.DOTALL)
    assert evolution and repartition
    for partie in (evolution[0], repartition[0]):
        assert partie.count("insigne-demonstration") == (1 if fabriquees else 0)
        marquees = re.findall(r'<th scope="(?:col|row)"[^>]*>(\d{4})\s*<abbr title="démonstration">D</abbr></th>', partie)
        assert marquees == (list(fabriquees) if len(fabriquees) < 3 else []), "toutes : le titre suffit"
        assert ("marquées D" in partie) == bool(marquees)


def test_une_ligne_fabriquee_sous_un_total_reel_le_dit(page: Callable[..., str]) -> None:
    contenu = page(
        catalogue=[indicateur("soutien_ess", unite="€")],
        valeurs=[
            valeur("soutien_ess", 9, unite="€"),
            valeur("soutien_ess", 4, unite="€", axe="ligne", modalite="inventée", nature="demonstration"),
            valeur("soutien_ess", 5, unite="€", axe="ligne", modalite="vraie"),
        ],
    )
    dont = re.findall(r'<tr class="dont">.*?</tr>', contenu, re.DOTALL)
    assert ["insigne-demonstration" in ligne for ligne in dont] == ["Inventée" in ligne for ligne in dont]
    assert len(dont) == 2


def test_une_valeur_supprimee_ou_absente_s_explique_sans_chiffre(page: Callable[..., str]) -> None:
    dit = texte(
        page(
            catalogue=[
                indicateur("secret"),
                indicateur("vide"),
                indicateur("estime"),
                indicateur("rang", unite="rang"),
            ],
            valeurs=[
                valeur("secret", None, statut_confidentialite="C"),
                valeur("vide", None, statut_observation="O"),
                valeur("estime", 50, borne_basse=40, borne_haute=60, statut_observation="E"),
                valeur("rang", None, unite="rang", borne_basse=3, borne_haute=5, numerateur=None, denominateur=13),
            ],
        )
    )
    for attendu in (
        "supprimé (secret statistique)",
        "non disponible",
        "50 salariés (entre 40 et 60 salariés)",
        "estimé",
        "entre 3 et 5 sur 13 territoires classés",
    ):
        assert attendu in dit


def test_un_chiffre_cle_sans_valeur_dit_pourquoi(page: Callable[..., str]) -> None:
    def cle(**dite: Any) -> str:
        ligne = valeur(PART, None, unite="%", numerateur=0, denominateur=0, periode_denominateur="2024")
        contenu = page(catalogue=[indicateur(PART, unite="%")], valeurs=[ligne | dite])
        trouvee = re.search(rf'<li data-indicateur="{PART}".*?</li>', contenu, re.DOTALL)
        assert trouvee
        return texte(trouvee[0])

    assert "un terme est inconnu, ou le dénominateur est nul" in cle()
    assert "un terme" not in cle(valeur=0)
    assert "un terme" not in cle(borne_basse=3, borne_haute=5), "une fourchette est une réponse"
    assert "un terme" not in cle(numerateur=None, denominateur=None, statut_confidentialite="C")


def test_la_meme_base_donne_les_memes_octets(page: Callable[..., str]) -> None:
    def ecrire() -> str:
        return page(
            catalogue=[indicateur("emplois")],
            valeurs=[valeur("emplois", 12), *(valeur("emplois", 5, axe="societe", modalite=nom) for nom in "cab")],
        )

    assert ecrire() == ecrire()


def test_un_titre_de_l_essentiel_garde_le_regime_general() -> None:
    choisis = [c for partie in read_words("essentiel.yml").values() if isinstance(partie, list) for c in partie]
    courts = [
        (choix["titre"], indicateurs()[choix["indicateur"]])
        for choix in choisis
        if isinstance(choix, dict) and "axe" not in choix
    ]
    au_regime_general = [titre for titre, entier in courts if "régime général" in entier.titre + entier.champ]
    assert len(au_regime_general) >= 5
    assert [titre for titre in au_regime_general if "régime général" not in titre] == []
