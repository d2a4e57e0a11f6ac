"""The rules of the perimeter are data: dated, replaced by a file of `raw/`, corrected by a CRESS."""

import duckdb
import pytest

from observatoire.releases.lifecycle import manifest_of, releases
from observatoire.settings import REFERENCES
from tests.chaine import ETABLISSEMENTS_RETIRES, entrepot_de
from tests.depots import charger_source, deposer, en_csv
from tests.donnees import lire_csv
from tests.petit_sirene import PetitSirene


@pytest.fixture
def petit(entrepot) -> PetitSirene:
    """Give empty stocks."""
    return PetitSirene(entrepot)


# ---- rules are data: dated, replaced by a file of raw/


def _regles(petit: PetitSirene, source: str, *lignes: dict[str, str]) -> None:
    """Replace a table of rules by its embedded rows, changed: a row given again under its key comes first."""
    embarquees = lire_csv(REFERENCES / f"{source}.csv")
    cle = next(iter(embarquees[0]))
    changees = {ligne[cle] for ligne in lignes}
    gardees = [ligne for ligne in embarquees if ligne[cle] not in changees]
    modele = dict.fromkeys(embarquees[0], "essai") | {"valide_du": "", "valide_au": ""}
    deposer(petit.entrepot, source, f"{source}.csv", en_csv([*gardees, *({**modele, **ligne} for ligne in lignes)]))
    etat = charger_source(petit.entrepot, source, plancher_pct=0)
    assert etat.etat == "a_jour", etat.motif


SCOP = {"code_categorie_juridique": "5458", "famille": "coopérative", "confiance": "forte"}


@pytest.mark.parametrize(
    ("du", "au", "dedans"),
    [
        ("", "", True),
        ("2026-10-03", "", True),
        ("2026-10-04", "", False),
        ("", "2026-10-03", True),
        ("", "2026-10-02", False),
        ("2020-01-01", "2030-01-01", True),
    ],
)
def test_une_regle_ne_vaut_que_du_au_le_jour_du_stock(petit, du, au, dedans):
    petit.unite("scop", "5458")
    _regles(petit, "perimetre_ess", {**SCOP, "regle": "retenue", "valide_du": du, "valide_au": au})
    petit.calculer()
    assert petit.perimetres() == {"scop": "insee" if dedans else ""}


def test_de_deux_versions_d_une_regle_la_derniere_en_vigueur_vaut(petit):
    """The former was left without an end: both would be in force, and the unit there twice."""
    petit.unite("scop", "5458")
    versions = [("", "retenue"), ("2026-01-01", "si_indicateur"), ("2027-01-01", "retenue")]
    _regles(petit, "perimetre_ess", *({**SCOP, "regle": regle, "valide_du": du} for du, regle in versions))
    motif = {"motif": "indicateur_insee", "est_insee_reconstitue": "non", "est_large": "oui", "libelle": "indicateur"}
    _regles(petit, "motifs_ess", motif, {**motif, "libelle": "indicateur de 2026", "valide_du": "2026-01-01"})
    petit.unite("signalee", "5710", indicateur="O")
    petit.calculer()
    assert petit.perimetres() == {"scop": "", "signalee": "large"}
    assert petit.unites()["signalee"]["motif_ess"] == "indicateur de 2026"


def test_chaque_table_de_regles_deposee_change_le_resultat(petit):
    petit.unite("scop", "5458")
    petit.unite("sas", "5710", indicateur="O")
    petit.unite("creche", naf="88.91A")
    petit.unite("decidee", "9210")
    petit.calculer()
    assert petit.perimetres() == {"scop": "insee", "sas": "large", "creche": "insee", "decidee": ""}
    tue = {"prefixe_naf": "88.91A", "valide_du": "2026-01-01"}
    _regles(petit, "naf_hors_ess", tue)
    _regles(petit, "categories_hors_ess", {"prefixe_categorie_juridique": "57"})
    _regles(
        petit,
        "perimetre_ess",
        {**SCOP, "regle": "si_indicateur"},
        {**SCOP, "code_categorie_juridique": "9210", "famille": "association", "regle": "retenue"},
    )
    petit.calculer()
    assert petit.perimetres() == {"scop": "", "sas": "", "creche": "", "decidee": "insee"}


def test_une_raison_peut_passer_d_un_perimetre_a_l_autre(petit):
    petit.unite("sas", "5710", indicateur="O")
    reconnue = {
        "motif": "indicateur_insee",
        "libelle": "indicateur",
        "est_insee_reconstitue": "oui",
        "est_large": "oui",
    }
    _regles(petit, "motifs_ess", reconnue)
    petit.calculer()
    assert petit.perimetres() == {"sas": "insee"}


def test_sans_aucune_regle_personne_n_entre_et_rien_ne_plante(petit):
    petit.unite("association", indicateur="O")
    passees = [{**ligne, "valide_au": "2020-01-01"} for ligne in lire_csv(REFERENCES / "motifs_ess.csv")]
    _regles(petit, "motifs_ess", *passees)
    petit.calculer()
    assert petit.perimetres() == {"association": ""}


@pytest.mark.long
def test_une_regle_changee_se_voit_dans_la_publication(publie_trois_fois):
    """What a release owes to the rules: their file in its manifest, the rules and the result in its tables."""
    entrepot = entrepot_de(publie_trois_fois)
    _, avant, apres = (_publiees(entrepot, nom) for nom in releases(entrepot))
    assert (avant["regle"], apres["regle"]) == (("retenue", "2026-1"), ("si_indicateur", "essai-1"))
    assert 0 < apres["associations"] < avant["associations"] - ETABLISSEMENTS_RETIRES
    assert apres["fichier"] == "perimetre_ess_2026.csv" and apres["sha256"] != avant["sha256"]


def _publiees(entrepot, release: str) -> dict[str, object]:
    manifeste = manifest_of(entrepot, release)
    [fichier] = next(s for s in manifeste["sources"] if s["source"] == "perimetre_ess")["fichiers"]
    with duckdb.connect(str(entrepot.racine / "releases" / release / "observatoire.duckdb"), read_only=True) as base:
        [regle] = base.execute(
            "SELECT regle, version FROM referentiels.perimetre_ess WHERE code_categorie_juridique = '9220'"
        ).fetchall()
        [(associations,)] = base.execute(
            "SELECT count(*) FROM socle.etablissements_ess WHERE est_ess AND famille = 'association'"
        ).fetchall()
    return {**fichier, "regle": regle, "associations": associations}


# ---- corrections of a CRESS


def test_une_correction_fait_entrer_sortir_ou_changer_de_famille(petit):
    for nom in ("association", "sortie", "deplacee"):
        petit.unite(nom)
    petit.unite("sas", "5710")
    petit.corriger("sas", famille="société commerciale de l'ESS")
    petit.corriger("sortie", sens="sort", famille="")
    petit.corriger("deplacee", sens="deplace", famille="fondation")
    petit.calculer()
    assert petit.perimetres() == {"association": "insee", "sortie": "", "deplacee": "insee", "sas": "insee"}
    lues = petit.unites()
    assert {nom: (ligne["famille"], ligne["correction"]) for nom, ligne in lues.items()} == {
        "association": ("association", None),
        "sas": ("société commerciale de l'ESS", "active"),
        "sortie": ("association", "active"),
        "deplacee": ("fondation", "active"),
    }
    assert lues["sas"]["motif_ess"] == "correction d'une CRESS"
    assert lues["deplacee"]["motif_ess"] == "catégorie juridique ; correction d'une CRESS"
    assert lues["sortie"]["motif_ess"] is None
    assert {lues[nom]["desaccord"] for nom in ("sas", "sortie", "deplacee")} == {"corrigée par une CRESS"}
    assert petit.etablissements()["deplacee"]["famille"] == "fondation"
    assert "statuts lus" not in str(lues), "la raison est nominative : elle reste dans raw/"


PAR_PERIMETRE = {
    # what the unit is in, the correction, what it is in then
    ("", "entre", "les_deux"): "insee",
    ("", "entre", "large"): "large",
    # the large perimeter holds the other: one cannot enter that one alone, nor leave this one alone
    ("", "entre", "insee_reconstitue"): "insee",
    ("large", "entre", "insee_reconstitue"): "insee",
    ("insee", "sort", "les_deux"): "",
    ("insee", "sort", "insee_reconstitue"): "large",
    ("insee", "sort", "large"): "",
    ("large", "sort", "large"): "",
    ("large", "sort", "insee_reconstitue"): "large",
}


def test_une_correction_ne_touche_que_son_perimetre(petit):
    for avant, sens, perimetre in PAR_PERIMETRE:
        nom = f"{avant}-{sens}-{perimetre}"
        petit.unite(nom, "9220" if avant == "insee" else "5710", indicateur="O" if avant == "large" else "")
        famille = "association" if avant == "insee" else "société commerciale de l'ESS"
        petit.corriger(nom, sens=sens, perimetre=perimetre, famille=famille)
    petit.calculer()
    assert petit.perimetres() == {"-".join(cas): apres for cas, apres in PAR_PERIMETRE.items()}
    corrections = {nom: ligne["correction"] for nom, ligne in petit.unites().items()}
    assert corrections.pop("large-sort-insee_reconstitue") == "close", "elle n'y était pas"
    assert set(corrections.values()) == {"active"}


def test_une_correction_survit_aux_actualisations_de_sirene(petit):
    petit.unite("sas", "5710")
    petit.unite("association")
    petit.corriger("sas", famille="société commerciale de l'ESS")
    petit.calculer()
    petit.unite("nouvelle")
    petit.unite_seule("sas", "5710", denominationUniteLegale="AUTRE NOM")
    petit.calculer()
    assert petit.perimetres() == {"sas": "insee", "association": "insee", "nouvelle": "insee"}
    assert (petit.unites()["sas"]["correction"], petit.unites()["sas"]["denomination"]) == ("active", "AUTRE NOM")


@pytest.mark.parametrize(
    ("correction", "avant", "apres"),
    [
        ({"perimetre": "large", "famille": "société commerciale de l'ESS"}, ("5710", ""), ("5710", "O")),
        ({"perimetre": "les_deux", "famille": "coopérative"}, ("5710", ""), ("5460", "O")),
        ({"sens": "sort", "perimetre": "large"}, ("5710", "O"), ("5710", "N")),
        ({"sens": "sort", "perimetre": "les_deux"}, ("9220", ""), ("5710", "")),
        ({"sens": "deplace", "famille": "fondation"}, ("9220", ""), ("9300", "")),
    ],
)
def test_une_correction_se_ferme_quand_la_source_lui_donne_raison(petit, correction, avant, apres):
    petit.unite("corrigee", avant[0], indicateur=avant[1])
    petit.corriger("corrigee", **correction)
    petit.calculer()
    assert petit.unites()["corrigee"]["correction"] == "active"
    dedans = petit.perimetres()
    petit.unite_seule("corrigee", apres[0], indicateur=apres[1])
    petit.calculer()
    ligne = petit.unites()["corrigee"]
    assert ligne["correction"] == "close" and petit.perimetres() == dedans
    assert "corrigée par une CRESS" not in (ligne["desaccord"] or "")
    assert "correction d'une CRESS" not in (ligne["motif_ess"] or "")


def test_une_correction_d_un_siren_inconnu_est_sans_objet_et_se_voit(petit):
    petit.unite("association")
    petit.corriger("inconnue", famille="mutuelle")
    petit.calculer()
    assert petit.perimetres() == {"association": "insee", "inconnue": ""}
    [vue] = [ligne for ligne in petit.lignes("qualite.perimetre_motifs") if ligne["correction"]]
    assert (vue["correction"], vue["famille"], vue["nombre_unites_legales"]) == ("sans objet", "mutuelle", 1)
    assert vue["desaccord"] == "correction d'une unité que Sirene ne connaît pas, ou plus"


def test_une_correction_expiree_ne_vaut_plus(petit):
    for nom in ("expiree", "en_cours"):
        petit.unite(nom, "5710")
        petit.corriger(nom, famille="coopérative", valide_au="2026-10-02" if nom == "expiree" else "2026-10-03")
    petit.calculer()
    assert petit.perimetres() == {"expiree": "", "en_cours": "insee"}


def test_de_deux_corrections_d_une_entreprise_la_derniere_vaut(petit):
    petit.unite("association")
    petit.corriger("association", sens="sort")
    lignes = [{"siren": petit.siren("association"), "sens": "deplace", "perimetre": "les_deux", "famille": "mutuelle",
               "raison": "r", "auteur": "CRESS", "decidee_le": "2026-09-02", "valide_au": ""}]  # fmt: skip
    deposer(petit.entrepot, "corrections_ess", "seconde.csv", en_csv(lignes))
    petit.calculer()
    assert petit.etats["corrections_ess"].lignes_retenues == 2
    [unite] = petit.lignes("socle.unites_ess")
    assert (unite["est_ess"], unite["famille"], unite["correction"]) == (True, "mutuelle", "active")


@pytest.mark.parametrize("raison", ["ess_france", "esus", "corrections_ess"])
def test_une_liste_ou_une_correction_suit_un_siren_fusionne(petit, raison):
    """C20: a list frozen in 2023 still carries the SIREN that was one too many."""
    petit.unite("debout", "5710")
    petit.deposer("sirene_doublons", {"siren": petit.siren("debout"), "sirenDoublon": petit.siren("double")})
    if raison == "corrections_ess":
        petit.corriger("double", perimetre="large", famille="coopérative")
    else:
        petit.deposer(raison, {"SIREN": petit.siren("double"), "Région": "Auvergne"})
    petit.calculer()
    assert petit.perimetres() == {"debout": "large", "double": ""}
    assert not [ligne for ligne in petit.lignes("qualite.perimetre_motifs") if ligne["correction"] == "sans objet"]
