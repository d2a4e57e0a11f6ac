"""Primary rules: units, respondents, employees; and what the catalogue refuses of a restricted source."""

import shutil
import traceback
from typing import get_args

import pytest

from observatoire.confidentiality.cells import build_system
from observatoire.confidentiality.suppressions import compute_suppressions
from observatoire.indicators import catalog
from observatoire.obstacle import Obstacle
from observatoire.socle.territories import TERRITOIRES
from tests.chaine import RACINE
from tests.fabrique import Fabrique, Ligne


def raisons(petit: Fabrique, mesure: str = "m") -> dict[str, str]:
    """Compute everything; return why each total is suppressed, by `niveau:code`."""
    petit.valeurs()
    return {
        f"{ligne['niveau']}:{ligne['code_territoire']}": ligne["raison"]
        for ligne in petit.read_batches("indicateurs.suppressions")
        if (ligne["mesure"], ligne["axe"]) == (mesure, "total")
    }


def payes(petit: Fabrique, *valeurs: object, lieu: str = "commune:63001", **champs: object) -> list[Ligne]:
    """Make one contribution a value."""
    return [petit.ligne(lieu, valeur, **champs) for valeur in valeurs]


def test_deux_unites_sont_trop_peu_trois_suffisent(petit: Fabrique) -> None:
    petit.protegee("m", payes(petit, 10, 10))
    assert set(raisons(petit).values()) == {"moins de trois répondants (SIREN)"}
    petit.protegee("m", payes(petit, 10, 10, 10))
    assert raisons(petit) == {}


def test_deux_associations_de_trois_etablissements_restent_deux(petit: Fabrique) -> None:
    siens = [*payes(petit, 10, 20, 20, repondant="une"), *payes(petit, 20, 20, 10, repondant="autre")]
    petit.protegee("m", siens)
    assert set(raisons(petit).values()) == {"moins de trois répondants (SIREN)"}
    petit.protegee("m", [*siens, *payes(petit, 20, 20, repondant="troisième")])
    assert raisons(petit) == {}


def test_ce_que_les_parties_ne_disent_pas_demande_aussi_trois_repondants(petit: Fabrique) -> None:
    """The families leave out four establishments: of one association, subtraction gives it; of four, nobody."""
    dits = [ligne for _ in range(6) for ligne in petit.lignes("commune:63001", 50, "famille", "association")]
    for repondants, dites in ((["une"] * 4, {"moins de trois répondants (SIREN) dans une différence"}), ("abcd", set())):
        tus = [petit.ligne("commune:63001", 30, repondant=repondant) for repondant in repondants]
        petit.protegee("m", dits + tus)
        petit.cube()
        with petit.entrepot.connect() as connexion:
            cellules = build_system(connexion, catalog.mesures()["m"], "2024").cellules
        assert set(cellules["raison"].dropna()) == dites


def test_un_repondant_a_85_pour_cent_passe_au_dela_non(petit: Fabrique) -> None:
    petit.protegee("m", payes(petit, 85, 10, 5))
    assert raisons(petit) == {}
    petit.protegee("m", payes(petit, "85.01", 10, "4.99"))
    assert set(raisons(petit).values()) == {"un répondant au-delà de 85 %"}


def test_cinq_etablissements_d_une_association_sont_un_seul_repondant(petit: Fabrique) -> None:
    siens = payes(petit, 20, 20, 20, 20, 20, repondant="association")
    petit.protegee("m", [*siens, *payes(petit, 5, 5)])
    assert set(raisons(petit).values()) == {"un répondant au-delà de 85 %"}
    petit.protegee("m", [*payes(petit, 20, 20, 20, 20, 20), *payes(petit, 5, 5)])
    assert raisons(petit) == {}, "the same five, each its own respondent"


def test_une_paie_demande_cinq_salaries(petit: Fabrique) -> None:
    unites = ["a", "b", "c"]
    petit.protegee("effectifs", [petit.ligne("commune:63001", "1.5", unite=u) for u in unites])
    masses = [petit.ligne("commune:63001", 30000, unite=u) for u in unites]
    petit.protegee("m", masses, "-- salariés : effectifs")
    assert set(raisons(petit).values()) == {"moins de 5 salariés"}
    assert raisons(petit, "effectifs") == {}, "the rule is about payroll"
    petit.protegee("effectifs", [petit.ligne("commune:63001", 2, unite=u) for u in unites])
    assert raisons(petit) == {}


def test_un_effectif_retenu_ne_fait_pas_cinq_salaries(petit: Fabrique) -> None:
    unites = ["a", "b", "c"]
    masses = [petit.ligne("commune:63001", 30000, unite=u) for u in unites]
    for effectifs in ([None, None, None], [None, 2, "2.9"]):
        petit.protegee("effectifs", [petit.ligne("commune:63001", v, unite=u) for u, v in zip(unites, effectifs, strict=True)])
        petit.protegee("m", masses, "-- salariés : effectifs")
        assert set(raisons(petit).values()) == {"moins de 5 salariés"}
    petit.protegee("effectifs", [petit.ligne("commune:63001", v, unite=u) for u, v in zip(unites, [None, 3, 3], strict=True)])
    assert raisons(petit) == {}, "five are known"


def test_la_regle_des_80_pour_cent_n_est_verifiee_que_la_ou_chaque_poste_est_connu(petit: Fabrique) -> None:
    masses = [petit.ligne("commune:63001", valeur, unite=u) for u, valeur in (("a", 84), ("b", 10), ("c", 6))]
    forts = [petit.ligne("commune:63001", valeur, unite=u) for u, valeur in (("a", 82), ("b", 5), ("c", 5))]
    entete = "-- diffusion : protegee"
    petit.contributions("forts", forts, entete, couverture="inconnue", diffusion="restreinte")
    petit.protegee("m", masses, "-- plus gros salaire : forts")
    assert set(raisons(petit).values()) == {"un salarié au-delà de 80 %"}
    forts[0]["valeur"] = None
    petit.contributions("forts", forts, entete, couverture="inconnue", diffusion="restreinte")
    petit.protegee("m", masses, "-- plus gros salaire : forts")
    assert raisons(petit) == {}
    assert compute_suppressions(petit.entrepot).sans_regle_80 == ["m"], "and it is said"


def test_un_salaire_connu_au_dela_de_80_pour_cent_suffit_meme_si_un_autre_manque(petit: Fabrique) -> None:
    unites = ["a", "b", "c"]
    masses = [petit.ligne("commune:63001", v, unite=u) for u, v in zip(unites, (84, 10, 6), strict=True)]
    forts = [petit.ligne("commune:63001", v, unite=u) for u, v in zip(unites, (82, None, 5), strict=True)]
    petit.contributions("forts", forts, "-- diffusion : protegee", couverture="inconnue", diffusion="restreinte")
    petit.protegee("m", masses, "-- plus gros salaire : forts")
    assert set(raisons(petit).values()) == {"un salarié au-delà de 80 %"}


def test_une_valeur_retenue_par_le_producteur_n_est_jamais_recalculee(petit: Fabrique) -> None:
    petit.protegee("m", [*payes(petit, 10, 20, 30), *payes(petit, None, lieu="commune:63002")])
    attendu = {"commune:63002", "epci:A", "departement:63", "region:84", "france:FR"}
    assert raisons(petit) == dict.fromkeys(attendu, "retenue par le producteur")
    publiees = {lieu for lieu, valeur in petit.publiees("m").items() if valeur is not None}
    assert publiees == {"commune:63001"}


def test_une_cellule_nulle_ne_dit_rien_de_personne(petit: Fabrique) -> None:
    petit.protegee("m", [*payes(petit, 10, 20, 30), *payes(petit, 0, lieu="commune:63002")])
    assert raisons(petit) == {}


def test_une_ligne_de_zero_n_est_pas_un_repondant(petit: Fabrique) -> None:
    """Of 700 and 600, each knows the other as soon as their sum is shown."""
    petit.protegee("m", payes(petit, 700, 600, 0))
    assert set(raisons(petit).values()) == {"moins de trois répondants (SIREN)"}
    petit.protegee("m", payes(petit, 700, 600, 10, 0))
    assert raisons(petit) == {}


def test_des_comptes_publics_ne_sont_pas_proteges(petit: Fabrique) -> None:
    petit.contributions("m", payes(petit, 10), couverture="inconnue")
    petit.indicateur("m", numerateur={"mesure": "m"})
    assert raisons(petit) == {}
    assert petit.publiees("m")["commune:63001"] == 10


# what does not load


def test_une_mesure_qui_lit_une_source_restreinte_sans_le_dire_ne_se_charge_pas(petit: Fabrique) -> None:
    petit.contributions("m", payes(petit, 1), diffusion="restreinte")
    with pytest.raises(Obstacle, match=r"measures/m\.sql lit depot_m.*diffusion : protegee"):
        catalog.mesures()


@pytest.mark.parametrize(
    ("dite", "mots"),
    [
        ("diffusion: restreint", r"« restreint » n'est pas permis.*Écrire « restreinte »"),
        ("difusion: restreinte", r"clé « difusion » inconnue.*Écrire « diffusion »"),
        ("", "diffusion : absent"),
        ("diffusion: restreinte\ndiffusion: publique", r"écrite deux fois \(lignes \d+ et \d+\)"),
    ],
)
def test_un_mot_mal_ecrit_ne_desarme_pas_la_garde_d_une_paie(petit: Fabrique, dite: str, mots: str) -> None:
    petit.contributions("m", payes(petit, 1), diffusion="restreinte")
    declaree = petit.declarations / "sources" / "depot_m" / "source.yml"
    lignes = [ligne for ligne in declaree.read_text(encoding="utf-8").splitlines() if not ligne.startswith("diffusion")]
    declaree.write_text("\n".join([*lignes, dite]), encoding="utf-8")
    with pytest.raises(Obstacle, match=rf"sources/depot_m/source\.yml : .*{mots}"):
        catalog.mesures()


@pytest.mark.parametrize("entete", ["", "-- difusion : protegee\n", "-- diffusion : libre\n", "-- Ce que paient les établissements.\n"])
def test_une_mesure_nouvelle_sans_protection_ne_lit_pas_la_paie_du_produit(petit: Fabrique, entete: str) -> None:
    paie = "paie_etablissements"
    shutil.copytree(RACINE / "observatoire/sources" / paie, petit.declarations / "sources" / paie)
    petit.mesure("m", f"{entete}FROM socle.{paie}")
    with pytest.raises(Obstacle, match=r"measures/m\.sql.*(« -- diffusion : protegee »|Écrire « diffusion »|ressemble à une propriété)"):
        catalog.mesures()


def test_ni_a_travers_une_table_calculee(petit: Fabrique, monkeypatch) -> None:
    lue = TERRITOIRES
    derivee = type(lue)(**{**vars(lue), "nom": "paies", "schema": "socle", "lit": ("socle.depot_m",), "publiee": False})
    petit.source("depot_m", diffusion="restreinte")
    monkeypatch.setattr(catalog, "derivees", lambda: {"socle.paies": derivee})
    petit.mesure("m", "FROM socle.paies")
    with pytest.raises(Obstacle, match=r"measures/m\.sql lit depot_m"):
        catalog.mesures()
    petit.mesure("m", "-- diffusion : protegee\nFROM socle.paies")
    assert catalog.mesures()["m"].est_protegee
    publiee = type(lue)(**{**vars(derivee), "publiee": True})
    monkeypatch.setattr(catalog, "derivees", lambda: {"socle.paies": publiee})
    petit.mesure("m", "-- diffusion : protegee\nFROM socle.paies")
    with pytest.raises(Obstacle, match=r"socle\.paies est publiée et lit depot_m"):
        catalog.mesures()


def test_le_producteur_ne_repond_que_de_ce_qu_il_a_protege(petit: Fabrique) -> None:
    """What a table received says of itself opens no payroll, were it read beside the table."""
    petit.source("recue", diffusion="restreinte", protegee=True)
    petit.source("paies", diffusion="restreinte")
    petit.mesure("m", "-- diffusion : producteur\nFROM socle.recue")
    assert catalog.mesures()["m"].diffusion == "producteur"
    for lues in ("socle.paies", "socle.recue JOIN socle.paies USING (unite)"):
        petit.mesure("m", f"-- diffusion : producteur\nFROM {lues}")
        with pytest.raises(Obstacle, match=r"measures/m\.sql lit paies, que son producteur n'a pas protégée"):
            catalog.mesures()


def test_une_diffusion_inconnue_ne_se_charge_pas(petit: Fabrique) -> None:
    petit.contributions("m", payes(petit, 1), "-- diffusion : protégée")
    with pytest.raises(Obstacle, match="diffusion : « protégée » n'est pas permis"):
        catalog.mesures()


@pytest.mark.parametrize("agregat", sorted(set(get_args(catalog.Agregat)) - set(catalog.AGREGATS_PROTEGES)))
def test_un_agregat_qui_trahirait_un_repondant_ne_se_charge_pas(petit: Fabrique, agregat: str) -> None:
    petit.protegee("m", payes(petit, 1))
    petit.indicateur("i", numerateur={"mesure": "m", "agregat": agregat})
    with pytest.raises(Obstacle, match=f"« {agregat} » de la mesure protégée « m »"):
        catalog.indicateurs()


def test_une_mesure_protegee_n_a_pas_de_valeur_negative(petit: Fabrique) -> None:
    petit.protegee("m", payes(petit, 10, -1, 10))
    with pytest.raises(Obstacle, match="valeurs négatives"):
        petit.cube()


@pytest.mark.parametrize("diffusion", ["protegee", "libre"])
def test_l_echec_d_une_mesure_protegee_ne_cite_aucune_valeur(petit: Fabrique, diffusion: str) -> None:
    """The database quotes the value it stumbles on, in a message kept in the history of runs."""
    source = "restreinte" if diffusion == "protegee" else "publique"
    petit.contributions("m", payes(petit, 83017, 600, 5), couverture="inconnue", diffusion=source)
    entete = f"-- diffusion : {diffusion}\n"
    for valeur in ("valeur::TINYINT", "(valeur::VARCHAR || ' €')::INT"):
        petit.mesure("m", f"{entete}SELECT * REPLACE ({valeur} AS valeur) FROM socle.depot_m")
        with pytest.raises(Obstacle, match=r"measures/m\.sql : .*Colonnes attendues") as levee:
            petit.cube()
        dit = "".join(traceback.format_exception(levee.value))
        assert ("83017" in dit) == (diffusion == "libre")
        if diffusion == "protegee":
            assert "ConversionException" in dit and "exécuter la requête" in dit
