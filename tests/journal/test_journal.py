"""The journal between two releases: each change has its cause, the parts add up, and nothing hidden is told.

Releases here are made by hand from a small observatory: twelve communes, a few sources, the real functions.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

from observatoire.journal import causes, replay, writing
from observatoire.journal.causes import differing_causes
from observatoire.journal.writing import TOUS
from observatoire.schemas import TEXTE
from observatoire.sources import sources
from tests.fabrique import communes
from tests.journal.atelier import ATTAQUE, Atelier, lignes_de, poser_communes, somme


def en_a(journal: dict[str, Any], indicateur: str = "m", code: str = "A") -> dict[str, Any]:
    (ligne,) = [
        ligne for ligne in journal["changements"] if (ligne["indicateur"], ligne["code_territoire"]) == (indicateur, code)
    ]
    return ligne


def test_la_premiere_publication_n_est_comparee_a_rien(atelier: Atelier):
    atelier.deposer("m", lignes_de(atelier, 1))
    somme(atelier)
    journal = atelier.publier()
    assert (journal["cas"], journal["avant"], journal["changements"]) == ("premiere", None, [])
    assert "rien à quoi la comparer" in atelier.page()
    assert not (atelier.dossier / TOUS).exists()


def test_une_seule_cause_explique_tout_au_centime(atelier: Atelier):
    atelier.deposer("m", lignes_de(atelier, "10.10"))
    somme(atelier)
    atelier.publier()
    atelier.deposer("m", lignes_de(atelier, "10.10", "0.20"))
    journal = atelier.publier(preuves=False)
    assert [cause["cause"] for cause in journal["causes"]] == ["source"]
    assert journal["causes"][0]["sources"] == ["depot_m"] and "f.csv" in journal["causes"][0]["details"][0]
    ligne = en_a(journal)
    assert (ligne["valeur_avant"], ligne["valeur_apres"], ligne["ecart"], ligne["causes"], ligne["parts"]) == (
        "10.1", "10.3", "0.2", ["source"], {"source": "0.2"},
    )  # fmt: skip
    assert ligne["ecart_pct"] == pytest.approx(100 * 0.2 / 10.1)
    assert {ligne["causes"][0] for ligne in journal["par_cause"]} == {"source"}
    tous = parquet.read_table(atelier.dossier / TOUS).to_pylist()
    assert len(tous) == journal["nombre_changements"]
    assert {ligne["part_source"] for ligne in tous if ligne["code_territoire"] == "A"} == {Decimal("0.2")}


def deux_causes(atelier: Atelier) -> dict[str, Any]:
    """Change at once the file of a source, and the EPCI of a commune."""
    atelier.deposer("m", [*lignes_de(atelier, 10), *lignes_de(atelier, 5, lieu="commune:63002")])
    somme(atelier)
    atelier.publier()
    deplacees = [ligne | ({"code_epci": "E"} if ligne["code_commune"] == "63002" else {}) for ligne in communes()]
    poser_communes(atelier, deplacees)
    atelier.deposer("m", [*lignes_de(atelier, 12), *lignes_de(atelier, 7, lieu="commune:63002")])
    return atelier.publier()


def test_deux_causes_rejouees_une_a_une_s_additionnent(atelier: Atelier):
    journal = deux_causes(atelier)
    assert [cause["cause"] for cause in journal["causes"]] == ["geographie", "source"]
    assert "rejouées une à une" in journal["methode"] and "géographie, données des sources" in journal["methode"]
    # A: 15, then 10 once the commune has left, then 12
    a, e, france = en_a(journal), en_a(journal, code="E"), en_a(journal, code="FR")
    assert (a["ecart"], a["parts"]) == ("-3", {"geographie": "-5", "source": "2"})
    assert (e["ecart"], e["parts"]) == ("7", {"geographie": "5", "source": "2"})
    assert (france["ecart"], france["causes"], france["parts"]) == ("4", ["source"], {"source": "4"})
    assert not list(atelier.entrepot.racine.glob(".travail-*")), "the replay leaves nothing"


def test_sans_les_donnees_d_avant_les_causes_sont_melees(atelier: Atelier, monkeypatch):
    monkeypatch.setattr("tests.journal.atelier.keep_evidence", lambda *_: None)
    journal = deux_causes(atelier)
    assert "ne sont plus gardées" in journal["methode"]
    assert (en_a(journal)["causes"], en_a(journal)["parts"], en_a(journal)["ecart"]) == (["melees"], {}, "-3")
    assert "causes mêlées" in atelier.page()


def test_un_grand_entrepot_n_est_pas_rejoue_et_le_dit(atelier: Atelier, monkeypatch):
    monkeypatch.setattr(replay, "LIGNES_REJOUEES", 1)
    journal = deux_causes(atelier)
    assert "rejoue sans attendre" in journal["methode"]
    assert en_a(journal)["causes"] == ["melees"]


def test_une_etape_qui_echoue_n_empeche_pas_de_publier(atelier: Atelier, monkeypatch):
    def casse(_: object) -> None:
        raise ValueError("12 345 € de Canari")

    monkeypatch.setattr("observatoire.chain.steps.compute_cube", casse)
    journal = deux_causes(atelier)
    assert "n'a pas pu être calculée (ValueError)" in journal["methode"] and "Canari" not in atelier.page()
    assert en_a(journal)["causes"] == ["melees"]


def test_un_journal_impossible_n_empeche_pas_de_publier(atelier: Atelier, monkeypatch):
    atelier.deposer("m", lignes_de(atelier, 1))
    somme(atelier)
    atelier.publier()
    monkeypatch.setattr(writing, "compare_values", lambda *_: 1 / 0)
    atelier.code = "code-2"
    journal = atelier.publier()
    assert journal["cas"] == "echec" and "ZeroDivisionError" in journal["resume"]
    assert "n&#39;a pas pu être établi" in atelier.page()


def test_la_geographie_seule(atelier: Atelier):
    atelier.deposer("m", lignes_de(atelier, 5, lieu="commune:63002"))
    somme(atelier)
    atelier.publier()
    changees = [
        ligne | ({"code_epci": "E", "libelle_commune": ATTAQUE} if ligne["code_commune"] == "63002" else {})
        for ligne in communes()
    ]
    poser_communes(atelier, changees)
    journal = atelier.publier()
    assert [cause["cause"] for cause in journal["causes"]] == ["geographie"]
    assert (en_a(journal)["causes"], en_a(journal)["ecart"]) == (["geographie"], "-5")
    (renomme,) = journal["territoires"]["renommes"]["exemples"]
    assert (renomme["avant"], renomme["apres"]) == ("Commune 63002", ATTAQUE)
    deplacees = {(ligne["niveau_parent"], ligne["avant"], ligne["apres"]) for ligne in journal["territoires"]["deplaces"]["exemples"]}
    assert ("epci", "A", "E") in deplacees
    assert ATTAQUE not in atelier.page() and "&lt;script&gt;alert(1)" in atelier.page()


@pytest.mark.parametrize(
    ("source", "famille", "attendue"),
    [
        ("corrections_ess", "etablissements", "correction"),
        ("rapprochements_noms", "adhesions", "correction"),
        ("perimetre_ess", "references", "perimetre"),
        ("naf_hors_ess", "references", "perimetre"),
        ("communes", "references", "geographie"),
        ("subventions", "budgets", "source"),
    ],
)
def test_chaque_source_a_sa_cause(source: str, famille: str, attendue: str):
    assert sources()[source].famille == famille
    avant = {"code_version": "c", "contrat": 1, "territoire": "A", "sources": [_dite(source, "1")]}
    (cause,) = differing_causes(avant, avant | {"sources": [_dite(source, "2")]})
    assert (cause.nom, cause.sources) == (attendue, (source,))


def _dite(source: str, sha256: str, **autres: Any) -> dict[str, Any]:
    dite = {"source": source, "etat": "a_jour", "motif": "", "nature": "reelle", "couverture": "inconnue", "version": "v"}
    return {**dite, "acceptations": [], "fichiers": [{"fichier": "f.csv", "sha256": sha256}], **autres}


def test_ce_qui_differe_sans_qu_un_fichier_change():
    commun = {"code_version": "c", "contrat": 1, "territoire": "A"}
    avant = {**commun, "sources": [_dite("subventions", "1")]}

    def apres(**autres: Any) -> list[tuple[str, str]]:
        dite = _dite("subventions", "1", version="w", **autres)
        return [(cause.nom, " / ".join(cause.details)) for cause in differing_causes(avant, {**commun, "sources": [dite]})]

    assert apres(etat="en_echec") == [("source", "Subventions publiées (SCDL) — subventions : état : à jour → en échec")]
    assert apres(acceptations=["x"]) == [
        ("correction", "Subventions publiées (SCDL) — subventions : fichiers acceptés par une décision (acceptations.yml)")
    ]
    assert apres()[0][0] == "source" and "année en cours" in apres()[0][1]
    # the version of a table also changes with the code that reads it: the source is not to blame
    relue = {**commun, "code_version": "d", "sources": [_dite("subventions", "1", version="w")]}
    assert [cause.nom for cause in differing_causes(avant, relue)] == ["code"]
    ailleurs = differing_causes(avant, {**avant, "territoire": "B"})
    assert [(cause.nom, cause.est_partout) for cause in ailleurs] == [("geographie", True)]
    assert differing_causes(avant, avant) == []


@pytest.mark.parametrize("nom", ["corrections_ess", "perimetre_ess"])
def test_une_correction_ou_un_perimetre_seul(atelier: Atelier, nom: str):
    """The measure counts the units that the corrections, or the perimeter, let in."""
    petite = atelier.petite
    lignes = lignes_de(atelier, 1, 2)
    atelier.deposer("m", lignes)
    petite.source(nom)
    declaration = petite.declarations / "sources" / nom / "source.yml"
    famille = "references" if nom == "perimetre_ess" else "etablissements"
    declaration.write_text(declaration.read_text(encoding="utf-8").replace("budgets", famille), encoding="utf-8")
    petite.mesure("m", f"-- m\nFROM socle.depot_m SEMI JOIN socle.{nom} USING (unite)")
    somme(atelier)
    for admises in (lignes[:1], lignes):
        petite.table("socle", nom, {"unite": TEXTE}, admises)
        atelier.lire(nom, admises)
        journal = atelier.publier()
    attendue = "perimetre" if nom == "perimetre_ess" else "correction"
    assert [cause["cause"] for cause in journal["causes"]] == [attendue]
    assert (en_a(journal)["causes"], en_a(journal)["parts"]) == ([attendue], {attendue: "2"})


def test_le_code_seul(atelier: Atelier):
    atelier.deposer("m", lignes_de(atelier, 3))
    somme(atelier, definition="L'ancienne.")
    somme(atelier, "n")
    atelier.petite.mesure("n", "-- n\nFROM socle.depot_m")
    atelier.publier()
    atelier.code = "code-2"
    somme(atelier, definition=ATTAQUE, facteur=2)
    somme(atelier, "o")
    atelier.petite.mesure("o", "-- o\nFROM socle.depot_m")
    del atelier.petite._indicateurs["n"]
    somme(atelier, "o")
    journal = atelier.publier()
    assert [cause["cause"] for cause in journal["causes"]] == ["code"]
    assert (en_a(journal)["valeur_avant"], en_a(journal)["valeur_apres"], en_a(journal)["causes"]) == ("3", "6", ["code"])
    assert [ligne["indicateur"] for ligne in journal["indicateurs"]["ajoutes"]] == ["o"]
    assert [ligne["indicateur"] for ligne in journal["indicateurs"]["retires"]] == ["n"]
    assert [(ligne["colonne"], ligne["apres"]) for ligne in journal["indicateurs"]["definitions"]] == [("definition", ATTAQUE)]
    assert en_a(journal, "o")["changement"] == "apparue"
    assert (en_a(journal, "n")["changement"], en_a(journal, "n")["est_montrable"]) == ("disparue", False)
    assert ATTAQUE not in atelier.page()


def test_le_code_a_sa_part_quand_une_source_change_aussi(atelier: Atelier):
    atelier.deposer("m", lignes_de(atelier, 3))
    somme(atelier)
    atelier.publier()
    atelier.code = "code-2"
    atelier.deposer("m", lignes_de(atelier, 4))
    atelier.petite.mesure("m", "-- m\nSELECT * REPLACE (valeur * 10 AS valeur) FROM socle.depot_m")
    journal = atelier.publier()
    # 3, then 30 with the new code, then 40
    assert (en_a(journal)["ecart"], en_a(journal)["parts"]) == ("37", {"code": "27", "source": "10"})


def test_rien_n_a_change(atelier: Atelier):
    atelier.deposer("m", lignes_de(atelier, 3))
    somme(atelier)
    atelier.publier()
    atelier.code = "code-2"
    journal = atelier.publier()
    assert (journal["cas"], journal["nombre_changements"]) == ("inchangee", 0)
    assert "Aucune valeur ni définition" in atelier.page()


def test_une_publication_sans_cause_enregistree_ne_dit_pas_plusieurs_causes(atelier: Atelier):
    """The address of the pages changed, say: nothing that gives values did."""
    atelier.deposer("m", lignes_de(atelier, 3))
    somme(atelier)
    atelier.publier()
    journal = atelier.publier()
    assert (journal["cas"], journal["causes"]) == ("inchangee", [])
    assert journal["methode"].startswith("Rien de ce qui donne") and "diffère : ." not in journal["resume"]


def test_une_table_qui_n_est_plus_la_n_est_pas_rejouee(tmp_path: Path):
    ancienne = tmp_path / "ancienne.parquet"
    ancienne.touch()
    replay.link_file(tmp_path / "disparue.parquet", ancienne)
    assert not ancienne.exists()


def test_une_seule_cause_possible_par_indicateur_ne_demande_pas_de_rejeu(atelier: Atelier, monkeypatch):
    for nom in ("m", "n"):
        atelier.deposer(nom, lignes_de(atelier, 3))
        somme(atelier, nom)
    atelier.publier()
    monkeypatch.setattr(causes, "CORRECTIONS", ("depot_n",))
    monkeypatch.setattr(writing, "replayed_values", lambda *_: 1 / 0)
    for nom in ("m", "n"):
        atelier.deposer(nom, lignes_de(atelier, 4))
    journal = atelier.publier()
    assert "une seule touche chaque indicateur" in journal["methode"]
    assert {nom: en_a(journal, nom)["causes"] for nom in ("m", "n")} == {"m": ["source"], "n": ["correction"]}


def test_une_source_n_est_en_cause_que_la_ou_elle_est_lue(atelier: Atelier):
    for nom in ("m", "n"):
        atelier.deposer(nom, lignes_de(atelier, 3))
        somme(atelier, nom)
    atelier.publier()
    for nom in ("m", "n"):
        atelier.deposer(nom, lignes_de(atelier, 4))
    journal = atelier.publier()
    assert [cause["sources"] for cause in journal["causes"]] == [["depot_m", "depot_n"]]
    assert {ligne["indicateur"]: ligne["sources"] for ligne in journal["bilan"]} == {"m": ["depot_m"], "n": ["depot_n"]}
