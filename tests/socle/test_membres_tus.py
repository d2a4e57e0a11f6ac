"""Members nobody may be named by: counted, never in a public table, a contribution, a breakdown or an unfolding."""

import re
import shutil
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pyarrow as arrow
import pytest

from observatoire.derived import compute_table
from observatoire.graph.links import LIT, REGISTRES, TU, read_links
from observatoire.indicators.catalog import Terme, mesures
from observatoire.publication import public_contributions
from observatoire.publication.public_contributions import register_contributions
from observatoire.publication.public_tables import public_tables
from observatoire.schemas import TEXTE
from observatoire.settings import RACINE, Settings
from observatoire.socle import members
from observatoire.sources import sources
from observatoire.unfolding.figures import _unfold_term
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, deposer, en_csv, subventions
from tests.donnees import lire_csv

CULTE, MARQUE = "Paroisse à taire", re.compile(r"[aà].taire|700000045|700000102", re.IGNORECASE)
SANS = {"siren_membre": "", "siren": "", "siren_societe": "", "siren_beneficiaire": "", "note": ""}
# what nobody may be named by: each row is silent for its own reason, and says so with the mark
TUS: dict[str, list[dict[str, str]]] = {
    "organisations": [{"organisation": "a_taire", "nom": CULTE, "siren": "700000045", "creation": "1905", "est_sensible": "true"}],
    "alias_organisations": [{"nom_ecrit": f"la {CULTE}", "organisation": "a_taire", "note": "à taire"}],
    "adhesions": [
        {"membre": "Syndicat à taire", "est_sensible": "true"}, {"membre": f"la {CULTE}", "siren_membre": "700000045"},
        {"membre": "Décidée à taire"}, {"membre": "Personne à taire", "siren_membre": "700000102"},
    ],
    "relations": [
        {"source": f"la {CULTE}", "cible": "CISCA", "note": "à taire"},
        {"source": "CISCA", "cible": "Culte à taire en relation", "est_sensible": "true"},
    ],
    "signatures": [{"signataire": "Parti à taire en signature", "est_sensible": "true"}],
    "annuaires": [{"organisme": "Parti à taire en annuaire", "est_sensible": "true"}],
    "mandats": [{"organisation": "PAROISSE A TAIRE", "titulaire": "CISCA"}],
    "labels": [{"titulaire": "Parti à taire en signature", "delivre_par": "CISCA"}],
    "evenements": [{"organisateur": "parti à taire en annuaire", "titre": "Fête à taire"}],
    "programmes": [{"porteur": "Culte à taire en relation"}],
    "participations": [{"societe": "Société à taire", "siren_societe": "700000102"}],
    "financements": [{"beneficiaire": "Société à taire", "siren_beneficiaire": "700000102"}],
    "soutiens": [{"beneficiaire": CULTE, "note": "à taire"}],
    "reseaux": [{"reseau": "essai", "porteur": "SYNDICAT A TAIRE"}],
    "conventions": [{"organisation": f"la {CULTE}"}],
    "initiatives": [{"nom": CULTE}],
}
SIRENE = {"siren": TEXTE, "statut_diffusion": TEXTE, "categorie_juridique": TEXTE, "code_naf": TEXTE}


def poser_sirene(entrepot: Entrepot, *unites: tuple[str, str, str, str]) -> None:
    """Write legal units: SIREN, diffusion, legal category, activity."""
    cadre = pd.DataFrame(unites, columns=list(SIRENE))
    with entrepot.replacing(entrepot.path_of("socle", "sirene_unites_legales")) as chemin:
        entrepot.write_batches(chemin, arrow.schema(list(SIRENE.items())), [cadre], {"version": repr(unites)})


@pytest.fixture(scope="module")
def charges(tmp_path_factory) -> Path:
    """Load once the committed registers, and in each of them what may not be named."""
    dossier = tmp_path_factory.mktemp("registres") / "ici"
    entrepot = Entrepot(Settings(dossier / "raw", dossier / "warehouse", "246300701"))
    lues = {table.split(".")[1] for table in (*LIT, *members.NOMS_TUS.lit)} | set(TUS)
    for nom in (lues & set(sources())) - {"sirene_unites_legales"}:
        for chemin in (RACINE / "raw" / nom).glob("*.csv"):
            deposer(entrepot, nom, chemin.name, chemin.read_bytes())
        if nom in TUS:
            bonne = {**lire_csv(RACINE / "tests" / "sources" / "mauvais" / f"{nom}.csv")[0], "document": "d"}
            del bonne["attendu"]
            vides = {colonne: vide for colonne, vide in SANS.items() if colonne in bonne}
            deposer(entrepot, nom, "essai.csv", en_csv({**bonne, **vides, "citation": "mots à taire", **ligne} for ligne in TUS[nom]))
    deposer(entrepot, "adhesions", "visible.csv", VISIBLE)
    decidee = "nom,contexte,identifiant,raison,auteur,decidee_le\nDécidée à taire,partout,700000102,r,a,2026-01-05\n"
    deposer(entrepot, "rapprochements_noms", "essai.csv", decidee)
    for nom in (lues & set(sources())) - {"sirene_unites_legales"}:
        etat = charger_source(entrepot, nom, plafond_rejets_pct=100)
        assert etat.etat == "a_jour", (nom, etat.motif)
    poser_sirene(
        entrepot, ("246300701", "O", "7344", "84.11Z"), ("700000045", "O", "9220", "94.91Z"), ("700000102", "O", "1000", "43.21A"),
    )
    for derivee in (members.NOMS_ORGANISATIONS, members.NOMS_TUS):
        compute_table(entrepot, derivee)
    return dossier


@pytest.fixture
def registres(charges: Path, tmp_path: Path) -> Entrepot:
    """Copy the registers as they were loaded."""
    dossier = tmp_path / "ici"
    shutil.copytree(charges, dossier)
    return Entrepot(Settings(dossier / "raw", dossier / "warehouse", "246300701"))


VISIBLE = (
    "reseau,membre,depuis,niveau,code_territoire,confiance,est_sensible,document,citation\n"
    "sismo,Cercle visible,,inconnu,inconnu,forte,,d,Cercle visible\n"
)


def test_ce_qui_ne_se_nomme_pas_est_compte_jamais_dessine(registres: Entrepot):
    with registres.connect(LIT) as connexion:
        liens, ecartes = read_links(connexion)
    assert ecartes[TU] == sum(len(TUS[registre]) for registre in REGISTRES)
    noms = {nom for lien in liens for nom in (lien.source, lien.cible, lien.nom_source, lien.nom_cible, lien.citation)}
    assert [nom for nom in noms if MARQUE.search(nom)] == []
    assert "Cercle visible" in noms, "the others are drawn: a test that found nothing would prove nothing"


@pytest.mark.parametrize("registre", TUS)
def test_ce_qui_ne_se_nomme_pas_n_est_dans_aucune_table_publique(registres: Entrepot, registre: str):
    requete = next(publique.requete for publique in public_tables() if publique.nom == registre)
    with registres.connect() as connexion:
        lus = connexion.sql(f"SELECT count(*) FROM socle.{registre} WHERE document = 'd'").fetchall()[0][0]
        lignes = connexion.sql(f"FROM ({requete}) WHERE document = 'd'").fetchall()
        autres = connexion.sql(f"FROM ({requete}) WHERE document <> 'd' AND citation IS NULL").fetchall()
    assert len(lignes) == lus >= len(TUS[registre]), "counted"
    assert [valeur for ligne in lignes for valeur in ligne if isinstance(valeur, str) and MARQUE.search(valeur)] == []
    assert autres == [], "the committed rows are not masked"


NOMMEES = ("participations_capital", "financements_declares", "soutiens", "subventions")


@pytest.fixture
def contribuees(registres: Entrepot, monkeypatch) -> Entrepot:
    """Compute measures over the registers, and over one grant to a natural person."""
    deposer(registres, "subventions", "2024.csv", subventions(1, nomBeneficiaire="Personne à taire", idBeneficiaire="70000010200012"))
    assert charger_source(registres, "subventions").etat == "a_jour"
    with duckdb.connect() as base:
        metropole = "'epci' AS niveau, '246300701' AS code_territoire"
        for schema, nom, requete in (
            ("referentiels", "territoires", f"SELECT {metropole}"),
            ("referentiels", "lieux", f"SELECT {metropole}, niveau AS niveau_lu, code_territoire AS code_lu"),
            ("referentiels", "appartenances", f"SELECT {metropole}, '' AS niveau_parent, '' AS code_parent LIMIT 0"),
            ("socle", "beneficiaires", "SELECT '2024.csv' AS _fichier, 2 AS _ligne, false AS est_publiable"),
            ("socle", "parts_subventions", "SELECT '2024.csv' AS _fichier, 2 AS _ligne, '2024' AS exercice, '246300701' AS siren_attribuant, "
             "'700000102' AS beneficiaire, NULL AS convention, 30000 AS montant_eur, 0 AS reste_eur, 'décidé' AS etat"),
        ):
            registres.write_query(base, requete, schema, nom, {"version": nom})
    choisies = {nom: mesures()[nom] for nom in NOMMEES}
    for mesure in choisies.values():
        with registres.connect() as base:
            registres.write_query(base, f"FROM ({mesure.requete})", "mesures", mesure.nom, {"version": "m"})
    monkeypatch.setattr(public_contributions, "mesures", lambda: choisies)
    return registres


def test_ce_qui_ne_se_nomme_pas_n_est_dans_aucune_contribution_publique(contribuees: Entrepot):
    with contribuees.connect() as base:
        base.execute("CREATE TEMP TABLE r_sources (source VARCHAR, fichier VARCHAR, sha256 VARCHAR, nature VARCHAR)")
        register_contributions(base, contribuees)
        lignes = base.execute("FROM r_contributions").fetchall()
        comptees = dict(base.execute("SELECT mesure, count(*) FROM r_contributions GROUP BY ALL").fetchall())
        par_raison = base.execute("SELECT unite, valeur FROM r_contributions WHERE raison LIKE '%personne physique%'").fetchall()
    assert [v for ligne in lignes for v in ligne if isinstance(v, str) and MARQUE.search(v)] == []
    assert set(comptees) == set(NOMMEES), "counted"
    assert par_raison == [(None, 30000)]


def test_ce_qui_ne_se_nomme_pas_n_est_la_ventilation_d_aucune_valeur_publique(contribuees: Entrepot):
    requete = next(publique.requete for publique in public_tables() if publique.nom == "valeurs")
    with contribuees.connect() as base:
        valeurs = " UNION ALL ".join(f"SELECT axe, modalite FROM mesures.{mesure}" for mesure in NOMMEES)
        contribuees.write_query(base, valeurs, "indicateurs", "valeurs", {"version": "v"})
    with contribuees.connect() as base:
        avant = [modalite for _, modalite in base.execute("FROM indicateurs.valeurs").fetchall()]
        publiees = base.execute(requete).fetchall()
    assert any(MARQUE.search(modalite) for modalite in avant)
    assert [modalite for _, modalite in publiees if MARQUE.search(modalite)] == []
    assert {axe for axe, _ in publiees} >= {"total", "societe", "beneficiaire"}, "the others keep their row"


@pytest.mark.parametrize("mesure", NOMMEES)
def test_ce_qui_ne_se_nomme_pas_n_est_dans_aucun_depliage(contribuees: Entrepot, mesure: str):
    with contribuees.connect() as base:
        cellules = base.execute(f"SELECT DISTINCT periode, axe, modalite FROM mesures.{mesure} WHERE axe = 'total'").fetchall()
    lignes: list[dict] = []
    for cellule in cellules:
        valeur = {"niveau": "epci", "code_territoire": "246300701", "periode_denominateur": None}
        valeur |= dict(zip(("periode", "axe", "modalite"), cellule, strict=True))
        lignes += _unfold_term(contribuees, valeur, "numerateur", Terme(mesure)).lignes
    assert lignes, "counted"
    assert [v for ligne in lignes for v in ligne.values() if isinstance(v, str) and MARQUE.search(v)] == []


def test_une_unite_non_diffusible_de_sirene_est_tue_aussi(registres: Entrepot):
    poser_sirene(registres, ("246300701", "P", "7344", "84.11Z"))
    compute_table(registres, members.NOMS_TUS)
    with registres.connect(LIT) as connexion:
        liens, _ = read_links(connexion)
    assert "clermont_auvergne_metropole" not in {lien.source for lien in liens}


def test_une_personne_ne_peut_pas_etre_nommee_dans_un_siege(entrepot: Entrepot):
    entete = "organisation,organe,titulaire,nature_titulaire,fonction,nombre,depuis,jusqu_a,precision,confiance,document,citation\n"
    deposer(entrepot, "mandats", "m.csv", entete + "Asso,bureau,Quelqu'un,personne,,1,,,exact,forte,d,c\nAsso,bureau,[…],personne,,1,,,exact,forte,d,c\n")
    etat = charger_source(entrepot, "mandats", plafond_rejets_pct=100)
    assert (etat.lignes_retenues, [regle["regle"] for regle in etat.regles]) == (1, ["personne_masquee"])


def test_un_membre_personne_physique_est_refuse_s_il_n_est_pas_masque(entrepot: Entrepot):
    entete = "reseau,membre,nature_membre,siren_membre,depuis,niveau,code_territoire,document,citation\n"
    lignes = (
        "r,Quelqu'un,personne,,,inconnu,inconnu,d,c\nr,[…],personne,,,inconnu,inconnu,d,c\nr,Asso,,,,inconnu,inconnu,d,c\n"
        "s,[…],personne,700000102,,inconnu,inconnu,d,c\n"
    )
    deposer(entrepot, "adhesions", "a.csv", entete + lignes)
    etat = charger_source(entrepot, "adhesions", plafond_rejets_pct=100)
    assert (etat.lignes_retenues, [regle["regle"] for regle in etat.regles]) == (2, ["personne_masquee"])


def test_un_registre_se_depose_aussi_en_xlsx(entrepot: Entrepot):
    classeur = openpyxl.Workbook()
    colonnes = [colonne.nom for colonne in sources()["annuaires"].table.colonnes if colonne.requise]
    classeur.active.append(colonnes)
    classeur.active.append(["annuaire_essai", "partenaires", "Asso", "accueil", "inconnu", "inconnu", "d", "c"])
    chemin = entrepot.settings.raw / "annuaires" / "a.xlsx"
    chemin.parent.mkdir(parents=True)
    classeur.save(chemin)
    assert charger_source(entrepot, "annuaires").lignes_retenues == 1
    with duckdb.connect() as connexion:
        lu = entrepot.path_of("socle", "annuaires")
        assert connexion.execute(f"SELECT organisme FROM '{lu}'").fetchall() == [("Asso",)]
