"""The journal between two releases: each change has its cause, the parts add up, and nothing hidden is told.

Releases here are made by hand from a small observatory: twelve communes, a few sources, the real functions.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as parquet
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from observatoire.evidence import keep_evidence
from observatoire.journal import causes, replay, writing
from observatoire.journal.attribution import attribute
from observatoire.journal.causes import ORDRE, Cause, differing_causes
from observatoire.journal.differences import comparable_values, compare_values
from observatoire.journal.writing import JOURNAL, PAGE, TOUS, read_journal, write_journal
from observatoire.schemas import TEXTE
from observatoire.socle.territories import APPARTENANCES, TERRITOIRES
from observatoire.sources import sources
from observatoire.sources.states import FichierLu, state_of
from observatoire.warehouse import fingerprint, sha256, sql_literal
from tests.fabrique import COLONNES_COMMUNES, Fabrique, communes, fabrique

ATTAQUE = "<script>alert(1)</script>"


class Atelier:
    """A small observatory whose releases are made by hand, and whose journal is the real one."""

    def __init__(self, petite: Fabrique) -> None:
        self.petite = petite
        self.entrepot = petite.entrepot
        self.code = "code-1"
        self._rang = 0

    def deposer(self, source: str, lignes: list[dict[str, Any]], **autres: Any) -> None:
        """Lay the contributions of a source, and its state: the hash of its only file is that of its rows."""
        self.petite.contributions(source, lignes, **autres)
        self.lire(f"depot_{source}", lignes)

    def lire(self, source: str, lignes: object, **autres: Any) -> None:
        etat = state_of(self.entrepot, sources()[source])
        assert etat is not None
        etat.fichiers = [FichierLu("f.csv", fingerprint(lignes), "p", "l", "reelle", "2024", "2026-01-01")]
        contenu = asdict(etat) | {"version": fingerprint(lignes, autres)} | autres
        self.entrepot.write_json(contenu, "etats", f"{source}.json")

    def publier(self, preuves: bool = True) -> dict[str, Any]:
        """Compute everything, make a release of it with its journal, and return the journal."""
        self._rang += 1
        self.petite._calcules.clear()
        for derivee in (TERRITOIRES, APPARTENANCES):
            replay.compute_table(self.entrepot, derivee)
        self.petite.valeurs()
        nom = f"2026010{self._rang}T000000000Z-essai"
        manifeste = {
            "release": nom, "contrat": 1, "cree_le": f"2026-01-0{self._rang}T00:00:00", "code_version": self.code,
            "nature": "reelle", "territoire": self.entrepot.settings.territoire, "identite": nom, "fichiers": {},
            "sources": [
                {
                    **{champ: getattr(etat, champ) for champ in ("source", "etat", "motif", "version", "nature")},
                    "couverture": etat.couverture, "acceptations": etat.acceptations,
                    "fichiers": [{"fichier": lu.fichier, "sha256": lu.sha256} for lu in etat.fichiers],
                }
                for etat in filter(None, (state_of(self.entrepot, source) for source in sources().values()))
            ],
        }  # fmt: skip
        dossier = self.entrepot.racine / "releases" / f".en_cours-{nom}"
        dossier.mkdir(parents=True)
        self._ecrire(dossier / "observatoire.duckdb")
        manifeste["avant"] = write_journal(self.entrepot, dossier, manifeste)
        # a second name beside the pages, as in a real release
        (dossier / "portrait" / "donnees").mkdir()
        for ecrit in (JOURNAL, TOUS):
            if (dossier / ecrit).exists():
                os.link(dossier / ecrit, dossier / "portrait" / "donnees" / ecrit)
        ecrits = [chemin for chemin in dossier.rglob("*") if chemin.is_file()]
        manifeste["fichiers"] = {str(chemin.relative_to(dossier)): sha256(chemin) for chemin in ecrits}
        (dossier / "manifest.json").write_text(json.dumps(manifeste), encoding="utf-8")
        if preuves:
            keep_evidence(self.entrepot, nom)
        self.dossier = dossier.rename(dossier.with_name(nom))
        journal = read_journal(self.dossier)
        assert journal is not None
        return journal

    def _ecrire(self, chemin: Path) -> None:
        with self.entrepot.connect() as connexion:
            connexion.execute(f"ATTACH {sql_literal(chemin)} AS public_")
            for table in (
                "indicateurs.valeurs", "indicateurs.catalogue", "referentiels.territoires", "referentiels.appartenances"
            ):  # fmt: skip
                connexion.execute(f"CREATE SCHEMA IF NOT EXISTS public_.{table.split('.')[0]}")
                connexion.execute(f"CREATE TABLE public_.{table} AS FROM {table}")
            connexion.execute("DETACH public_")

    def page(self) -> str:
        return (self.dossier / PAGE).read_text(encoding="utf-8")


@pytest.fixture
def atelier(tmp_path: Path, monkeypatch) -> Iterator[Atelier]:
    with fabrique(tmp_path) as petite:
        # of the chain, what the small observatory has
        monkeypatch.setattr(replay, "derivees", lambda: {"t": TERRITOIRES, "a": APPARTENANCES})
        for sans_objet in ("compute_matches", "compute_estimations"):
            monkeypatch.setattr(replay, sans_objet, lambda _: None)
        ici = Atelier(petite)
        poser_communes(ici, communes())
        yield ici


def poser_communes(atelier: Atelier, lignes: list[dict[str, Any]]) -> None:
    atelier.petite.table("referentiels", "communes", COLONNES_COMMUNES, lignes)
    atelier.lire("communes", lignes)
    atelier.lire("zonages", "zonages")


def somme(atelier: Atelier, nom: str = "m", **autres: Any) -> None:
    atelier.petite.indicateur(nom, numerateur={"mesure": nom}, **autres)


def lignes_de(atelier: Atelier, *valeurs: object, lieu: str = "commune:63001") -> list[dict[str, Any]]:
    return [atelier.petite.ligne(lieu, valeur, unite=f"{lieu} {rang}") for rang, valeur in enumerate(valeurs)]


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
    monkeypatch.setattr("tests.journal.test_journal.keep_evidence", lambda *_: None)
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

    monkeypatch.setattr(replay, "compute_cube", casse)
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


def test_le_resume_ecrit_ses_nombres_en_francais():
    bilan = dict.fromkeys(writing.CHANGEMENTS, 0) | {"disparue": 57266}
    journal = writing._empty("comparee", {"release": "r", "cree_le": "2026-01-01"}, "a") | {"bilan": [bilan]}
    assert writing._sum_up(journal).startswith("57\u202f266 valeurs disparues.")


def test_le_journal_ne_defait_aucun_secret(atelier: Atelier):
    """Payroll of one employer in a commune: nothing of it, before or after, nor of the totals beside it."""
    petite = atelier.petite

    def paies(*valeurs: int) -> None:
        petite.protegee("paie", [petite.ligne("commune:63001", v, unite=f"u{i}", repondant=f"r{i}") for i, v in enumerate(valeurs)])
        atelier.lire("depot_paie", valeurs)

    paies(70001, 70003, 70007, 70013, 70019)
    avant = atelier.publier()
    paies(70001, 70003, 70007, 70013, 70019, 81817, 81819, 81821)
    journal = atelier.publier()
    assert avant["cas"] == "premiere" and journal["nombre_changements"]
    montres = [ligne for ligne in journal["changements"] if ligne["indicateur"] == "paie"]
    assert montres and not any(ligne["est_montrable"] for ligne in montres)
    chiffres = ("valeur_avant", "valeur_apres", "ecart", "ecart_pct", "borne_basse_avant", "borne_haute_apres")
    assert all(ligne[chiffre] is None for ligne in montres for chiffre in chiffres)
    assert not any(ligne["parts"] for ligne in montres)
    ecrit = (atelier.dossier / JOURNAL).read_text(encoding="utf-8") + atelier.page()
    ecrit += str(parquet.read_table(atelier.dossier / TOUS).to_pylist())
    assert not [nombre for nombre in ("350043", "595500", "245457", "350 043") if nombre in ecrit]
    assert "chiffres non repris" in atelier.page()


def test_un_nom_qui_n_est_plus_publie_n_est_pas_redit(atelier: Atelier):
    """It may be one that somebody asked not to be named: the total alone tells the change."""
    nommee = atelier.petite.lignes("commune:63001", 5, "beneficiaire", "Cercle discret", unite="u")
    restee = atelier.petite.lignes("commune:63001", 3, "beneficiaire", "Cercle visible", unite="v")
    atelier.deposer("m", nommee + restee)
    somme(atelier)
    atelier.publier()
    atelier.deposer("m", [{**ligne, "valeur": ligne["valeur"] + 1} for ligne in restee])
    journal = atelier.publier()
    ecrit = json.dumps(journal, default=str, ensure_ascii=False) + atelier.page()
    ecrit += str(parquet.read_table(atelier.dossier / TOUS).to_pylist())
    assert "Cercle discret" not in ecrit and "Cercle visible" in ecrit
    assert {ligne["ecart"] for ligne in journal["changements"] if ligne["axe"] == "total"} == {"-4"}


def test_une_valeur_que_son_producteur_retire_n_est_pas_redite(atelier: Atelier):
    """A free figure that is withheld now: what it was is not printed beside."""
    valeurs = _valeurs({("m", "A"): ("7654.5", "F"), ("m", "B"): ("3", "F")}), _valeurs(
        {("m", "A"): (None, "C"), ("m", "B"): ("5", "F")}
    )
    somme(atelier)
    atelier.deposer("m", lignes_de(atelier, 1))
    lignes = _attribuer([*valeurs], [Cause("source", ("depot_m",), ("d",))], [])
    par_code = {ligne["code_territoire"]: ligne for ligne in lignes}
    assert par_code["A"]["changement"] == "confidentialite" and "7654" not in str(par_code["A"])
    assert par_code["B"]["ecart"] == 2


def _valeurs(cellules: dict[tuple[str, str], tuple[str | None, str]]) -> str:
    """Write a table of values as SQL."""
    lignes = [
        f"('{nom}', 'epci', '{code}', '2024', 'total', 'total', 'L', {f'{v}::DOUBLE' if v else 'NULL'}, NULL::DOUBLE, "
        f"NULL::DOUBLE, 'u', {f'{v}::DECIMAL(38,6)' if v else 'NULL'}, NULL::DECIMAL(38,6), 1, 'A', '{conf}', 'reelle')"
        for (nom, code), (v, conf) in cellules.items()
    ] or ["(" + ", ".join(["NULL"] * 17) + ")"]
    colonnes = (
        "indicateur, niveau, code_territoire, periode, axe, modalite, libelle_territoire, valeur, borne_basse, borne_haute, "
        "unite, numerateur, denominateur, nombre_unites, statut_observation, statut_confidentialite, nature"
    )
    return f"(FROM (VALUES {', '.join(lignes)}) t ({colonnes}) WHERE indicateur IS NOT NULL)"


def _attribuer(tables: list[str], causes_: list[Cause], etapes: list[Path]) -> list[dict[str, Any]]:
    with duckdb.connect() as connexion:
        compare_values(connexion, tables[0], tables[-1])
        attribute(connexion, causes_, etapes)
        curseur = connexion.execute("FROM changements")
        colonnes = [colonne[0] for colonne in curseur.description]
        return [dict(zip(colonnes, ligne, strict=True)) for ligne in curseur.fetchall()]


CENTIMES = st.one_of(st.none(), st.integers(-(10**12), 10**12).map(lambda entier: f"{Decimal(entier) / 100:f}"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    etats=st.lists(st.dictionaries(st.sampled_from("ABCDE"), CENTIMES), min_size=2, max_size=6),
)
@example(etats=[{"A": "1", "B": "1", "C": "1"}, {"A": None, "C": "2"}, {"A": "3", "B": "3", "C": "4"}])
def test_les_parts_font_toujours_le_tout(atelier: Atelier, etats: list[dict[str, str | None]]):
    """Any values, before and after each of one to five causes: the parts add up to the change, or there are none."""
    if not (atelier.petite.declarations / "sources" / "depot_m").exists():
        atelier.deposer("m", lignes_de(atelier, 1))
        somme(atelier)
    tables = [_valeurs({("m", code): (v, "F") for code, v in etat.items()}) for etat in etats]
    causes_ = [Cause(nom, ("depot_m",), ("d",), est_partout=True) for nom in ORDRE[: len(etats) - 1]]
    etapes = []
    for rang, table in enumerate(tables[1:-1]):
        etapes.append(atelier.entrepot.racine / f"etape{rang}.parquet")
        with duckdb.connect() as connexion:
            connexion.execute(f"COPY {table} TO {sql_literal(etapes[-1])} (FORMAT parquet)")
    lignes = {ligne["code_territoire"]: ligne for ligne in _attribuer(tables, causes_, etapes)}
    for code in "ABCDE":
        absent = object()
        avant, apres = (etat.get(code, absent) for etat in (etats[0], etats[-1]))
        assert (code in lignes) == (avant != apres and not _egaux(avant, apres, absent))
        if code not in lignes:
            continue
        ligne = lignes[code]
        parts = [ligne[f"part_{nom}"] for nom in ORDRE if ligne[f"part_{nom}"] is not None]
        if ligne["ecart"] is not None and ligne["causes"] != ["melees"]:
            assert ligne["ecart"] == Decimal(str(apres)) - Decimal(str(avant)) == sum(parts)
            trajet = [etat.get(code) for etat in etats]
            bougees = [nom for nom, (u, v) in zip(ORDRE, zip(trajet, trajet[1:], strict=False), strict=False) if Decimal(u) != Decimal(v)]
            assert ligne["causes"] == bougees
        else:
            assert not parts


def _egaux(avant: Any, apres: Any, absent: object) -> bool:
    return avant is not absent and apres is not absent and None not in (avant, apres) and Decimal(avant) == Decimal(apres)


def test_une_somme_en_euros_est_comparee_telle_quelle():
    """As a float, 123 456 789 012,35 € has noise at the sixth decimal."""
    with duckdb.connect() as connexion:
        table = _valeurs({("m", "A"): ("123456789012.35", "F")})
        assert connexion.execute(f"SELECT exacte FROM ({comparable_values(table)})").fetchall() == [
            (Decimal("123456789012.350000"),)
        ]
