"""Two figures of one cell, of two years or of two releases: no respondent is read in their difference."""


import duckdb
import pytest

from observatoire.confidentiality import suppressions
from observatoire.confidentiality.audit import first_leak
from observatoire.confidentiality.published import SecretNonGaranti
from observatoire.confidentiality.suppressions import compute_suppressions
from observatoire.warehouse import erase
from tests.confidentiality.test_publication import publier
from tests.fabrique import Fabrique, Ligne

QUATRE = [100, 120, 130, 140]
COMMUNE = "commune:63001"


def payes(petit: Fabrique, *valeurs: float, nom: str = "u", periode: str = "2024", **champs: str) -> list[Ligne]:
    """Make one employer a value, the same from one year to another, in one commune."""
    return [
        petit.ligne(COMMUNE, valeur, unite=f"{nom}{rang}", periode=periode, **champs)
        for rang, valeur in enumerate(valeurs)
    ]


def montres(petit: Fabrique, *periodes: str) -> list[bool]:
    return [petit.publiees("m", periode=periode)[COMMUNE] is not None for periode in periodes]


def test_deux_annees_qui_ne_se_suivent_pas_se_comparent_aussi(petit: Fabrique, monkeypatch) -> None:
    """In 2023 the four are counted in part: the newcomer of 2024 is read from 2022."""
    lignes = payes(petit, *QUATRE, periode="2022") + payes(petit, *QUATRE)
    lignes += payes(petit, 60, 80, 70, 90, periode="2023")
    lignes += payes(petit, 200, nom="nouveau", periode="2023") + payes(petit, 200, nom="nouveau")
    petit.protegee("m", lignes)
    assert sum(montres(petit, "2022", "2024")) == 1
    assert first_leak(petit.entrepot) == ""
    monkeypatch.setattr(suppressions, "told_apart", lambda _, __, ___, cellules: cellules.iloc[:0])
    monkeypatch.setattr(suppressions, "suppressions_version", lambda _: "autre")
    petit._calcules.clear()
    assert montres(petit, "2022", "2024") == [True, True]
    assert "m, commune 63001, 2024" in first_leak(petit.entrepot) and "2022" in first_leak(petit.entrepot)


@pytest.mark.parametrize("avant", ["2023", "2024"])
@pytest.mark.parametrize("venus", [(400, 2, 3), (400, 0, 0, 0), (400, 30, 20, 10)])
def test_le_plus_gros_de_trois_venus_ne_se_lit_pas_dans_la_difference(petit: Fabrique, avant: str, venus) -> None:
    """Between two years, or two releases of one year."""
    anciens = payes(petit, *QUATRE, periode=avant)
    petit.protegee("m", anciens)
    if avant == "2024":
        publier(petit, "20240101")
    petit.protegee("m", [*(anciens if avant == "2023" else []), *payes(petit, *QUATRE), *payes(petit, *venus, nom="n")])
    assert sum(montres(petit, *({avant, "2024"}))) == (1 if avant == "2023" else 0)
    assert first_leak(petit.entrepot) == ""


@pytest.mark.parametrize("sans_famille", [(400, 2, 3), (400, 390, 0)])
def test_ce_qu_une_ventilation_ne_dit_pas_ne_livre_pas_un_repondant(petit: Fabrique, sans_famille) -> None:
    """The total less its families is what has no family: one employer at 99 %, or two and a row of zero."""
    familles = [{**ligne, "axe": "famille", "modalite": "association"} for ligne in payes(petit, *QUATRE)]
    petit.protegee("m", [*payes(petit, *QUATRE), *familles, *payes(petit, *sans_famille, nom="autre")])
    montrees = {
        axe
        for (_, _, code, _, axe, _), ligne in petit.valeurs().items()
        if code == "63001" and ligne["valeur"] is not None
    }
    assert len(montrees) == 1
    assert first_leak(petit.entrepot) == ""


def test_trois_venus_de_meme_taille_se_montrent(petit: Fabrique) -> None:
    petit.protegee("m", [*payes(petit, *QUATRE, periode="2023"), *payes(petit, *QUATRE, 100, 90, 80)])
    assert montres(petit, "2023", "2024") == [True, True]
    assert first_leak(petit.entrepot) == ""


def test_une_valeur_corrigee_de_presque_rien_est_un_venu(petit: Fabrique) -> None:
    petit.protegee("m", payes(petit, *QUATRE, 0))
    publier(petit, "20240101")
    petit.protegee("m", payes(petit, *QUATRE, 200))
    assert montres(petit, "2024") == [False]
    assert first_leak(petit.entrepot) == ""


def test_celui_qui_part_avec_trois_etablissements_ne_se_lit_pas_dans_la_difference(petit: Fabrique) -> None:
    """Who left is read in what is kept beside the release."""
    petit.protegee("m", payes(petit, *QUATRE) + payes(petit, 70, 80, 90, nom="parti", repondant="X"))
    publier(petit, "20240101")
    petit.protegee("m", payes(petit, *QUATRE))
    assert montres(petit, "2024") == [False]
    assert first_leak(petit.entrepot) == ""
    petit.protegee("m", payes(petit, *QUATRE, 70, 80, 90))
    petit.entrepot.racine.joinpath("releases", "20240101").rename(petit.entrepot.racine / "oubliee")
    publier(petit, "20240102")
    petit.protegee("m", payes(petit, *QUATRE))
    assert montres(petit, "2024") == [True], "three respondents left"


def test_une_annee_que_seule_une_publication_gardee_donne_se_compare_aussi(petit: Fabrique, monkeypatch) -> None:
    petit.protegee("m", payes(petit, *QUATRE, periode="2023"))
    publier(petit, "20240101")
    petit.protegee("m", payes(petit, *QUATRE, 200))
    assert montres(petit, "2024") == [False]
    assert first_leak(petit.entrepot) == ""
    monkeypatch.setattr(suppressions, "told_apart", lambda _, __, ___, cellules: cellules.iloc[:0])
    monkeypatch.setattr(suppressions, "suppressions_version", lambda _: "autre")
    petit._calcules.clear()
    assert montres(petit, "2024") == [True]
    dit = first_leak(petit.entrepot)
    assert "m, commune 63001, 2024" in dit and "publication 20240101" in dit and "2023" in dit


def test_une_publication_sans_ses_contributions_arrete_tout_et_se_nomme(petit: Fabrique) -> None:
    petit.protegee("m", payes(petit, *QUATRE))
    publier(petit, "20240101")
    erase(petit.entrepot.racine / "preuves" / "20240101")
    assert "leurs contributions ne sont plus gardées" in first_leak(petit.entrepot)
    petit.protegee("m", payes(petit, *QUATRE, 100, 90, 80))
    petit.cube()
    with pytest.raises(SecretNonGaranti, match=r"publication 20240101 donne des chiffres de m.*Retirer"):
        compute_suppressions(petit.entrepot)


def renommer(petit: Fabrique, *requetes: str) -> None:
    """Change the catalogue of the kept release, as if names had changed since."""
    with duckdb.connect(petit.entrepot.racine / "releases" / "20240101" / "observatoire.duckdb") as gardee:
        for requete in requetes:
            gardee.execute(requete)


def test_un_indicateur_renomme_depuis_parle_toujours(petit: Fabrique) -> None:
    petit.protegee("m", payes(petit, 84, 10, 6))
    publier(petit, "20240101")
    renommer(
        petit,
        "UPDATE indicateurs.valeurs SET indicateur = 'ancien'",
        "UPDATE indicateurs.catalogue SET indicateur = 'ancien'",
    )
    petit.protegee("m", payes(petit, 87, 8, 5))
    petit.cube()
    with pytest.raises(SecretNonGaranti, match=r"l'indicateur « ancien » de la publication 20240101.*la donne déjà"):
        compute_suppressions(petit.entrepot)


def test_une_mesure_inconnue_d_une_publication_gardee_arrete_tout(petit: Fabrique) -> None:
    petit.protegee("m", payes(petit, *QUATRE))
    publier(petit, "20240101")
    renommer(petit, "UPDATE indicateurs.catalogue SET mesure_numerateur = 'ancienne (somme)', sources = 'autre'")
    petit.protegee("m", payes(petit, *QUATRE))
    assert montres(petit, "2024") == [True], "nothing says that it was protected"
    renommer(petit, "UPDATE indicateurs.catalogue SET sources = 'autre ; depot_m'")
    petit._calcules.clear()
    petit.entrepot.path_of("indicateurs", "suppressions").unlink()
    petit.cube()
    with pytest.raises(SecretNonGaranti, match=r"20240101.*« m ».*« ancienne ».*Retirer cette publication"):
        compute_suppressions(petit.entrepot)
