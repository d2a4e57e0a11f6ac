"""The public file keeps its contract: tables, columns, types, comments, clients of 1.0, nothing nominative."""

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
import unicodedata
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from observatoire.warehouse import sql_literal
from tests.chaine import RACINE

CONTRAT = RACINE / "tests" / "instantanes" / "contrat.json"
DUCKDB_1_0 = RACINE / ".outils" / "duckdb-1.0"


@pytest.fixture
def public(publie: Path):
    with duckdb.connect(str(publie / "warehouse" / "observatoire.duckdb"), read_only=True) as connexion:
        yield connexion


def test_le_contrat_est_celui_qui_est_archive(public):
    """A change of it is a decision: bump `CONTRAT`, keep the old names one version, then write the snapshot again."""
    lignes = public.execute(
        "SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE NOT internal ORDER BY schema_name, table_name, column_index"
    ).fetchall()
    present: dict[str, dict[str, str]] = {}
    for table, colonne, type_ in lignes:
        present.setdefault(table, {})[colonne] = type_
    if os.environ.get("ECRIRE_INSTANTANES"):
        CONTRAT.write_text(json.dumps(present, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert present == json.loads(CONTRAT.read_text(encoding="utf-8"))


ATTENDUES = {
    "indicateurs.valeurs": "indicateur niveau code_territoire libelle_territoire periode axe modalite valeur borne_basse "
    "borne_haute unite numerateur denominateur periode_denominateur nombre_unites statut_observation "
    "statut_confidentialite nature",
    "indicateurs.catalogue": "indicateur titre unite definition champ mesure_numerateur mesure_denominateur sources licence "
    "ruptures",
    "referentiels.territoires": "niveau code_territoire libelle population millesime_population",
    "referentiels.appartenances": "niveau code_territoire niveau_parent code_parent millesime_cog",
    "qualite.sources": "source fichier sha256 producteur licence nature millesime obtenu_le lignes_lues lignes_retenues "
    "lignes_hors_champ lignes_rejetees etat perime_le",
    "qualite.rejets": "source fichier ligne colonne valeur regle gravite motif",
    "qualite.declarations": "document date citation grandeur niveau code_territoire periode valeur borne_basse borne_haute "
    "unite valeur_calculee verdict explication nature",
    "meta.release": "release contrat cree_le code_version nature",
    "meta.dictionnaire": "nom_schema nom_table nom_colonne type description unite source",
}


@pytest.mark.parametrize("table", ATTENDUES)
def test_les_colonnes_promises_existent(public, table: str):
    colonnes = {ligne[0] for ligne in public.execute(f"DESCRIBE {table}").fetchall()}
    assert set(ATTENDUES[table].split()) <= colonnes


def test_chaque_ligne_du_socle_dit_d_ou_elle_vient(public):
    tables = public.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'socle'").fetchall()
    derivees = {"etablissements_ess"}
    for (table,) in tables:
        if table not in derivees:
            assert {"_fichier", "_ligne"} <= {
                ligne[0] for ligne in public.execute(f"DESCRIBE socle.{table}").fetchall()
            }


def test_tables_et_colonnes_ont_un_commentaire_en_francais(public):
    sans = public.execute(
        "SELECT table_name, NULL FROM duckdb_tables() WHERE coalesce(comment, '') = '' "
        "UNION ALL SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND coalesce(comment, '') = ''"
    ).fetchall()
    assert sans == []
    textes = public.execute("SELECT comment FROM duckdb_tables() UNION SELECT comment FROM duckdb_columns()").fetchall()
    assert [texte for (texte,) in textes if texte and re.search(r"\b(the|of|and|with|is|are)\b", texte.lower())] == []


def test_le_dictionnaire_est_le_fichier(public):
    dit = public.execute(
        "SELECT nom_schema, nom_table, nom_colonne, type, description FROM meta.dictionnaire ORDER BY ALL"
    )
    vrai = "SELECT schema_name, table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
    assert dit.fetchall() == public.execute(vrai).fetchall()


def test_un_client_duckdb_1_0_ouvre_le_fichier(publie: Path):
    if not (DUCKDB_1_0 / "duckdb").exists():
        pytest.skip("DuckDB 1.0 absent de .outils/ : « make test » l'installe.")
    code = """
import duckdb, sys
c = duckdb.connect(sys.argv[1], read_only=True)
tables = c.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
lignes = sum(c.execute(f"SELECT count(*) FROM {s}.{t}").fetchone()[0] for s, t in tables)
for s, t in tables: c.execute(f"SELECT * FROM {s}.{t} LIMIT 3").fetchall()
print(duckdb.__version__, len(tables), lignes)
"""
    sortie = subprocess.run(
        [sys.executable, "-c", code, str(publie / "warehouse" / "observatoire.duckdb")],
        env={**os.environ, "PYTHONPATH": str(DUCKDB_1_0)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert sortie.returncode == 0, sortie.stderr
    version, tables, lignes = sortie.stdout.split()
    assert version == "1.0.0" and int(tables) == len(json.loads(CONTRAT.read_text())) and int(lignes) > 1000


def test_chaque_table_est_aussi_en_parquet_et_en_csv(publie: Path, public):
    dossier = (publie / "warehouse" / "observatoire.duckdb").resolve().parent / "tables"
    for table in json.loads(CONTRAT.read_text(encoding="utf-8")):
        attendu = public.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        lu = duckdb.sql(f"SELECT count(*) FROM read_parquet({sql_literal(dossier / (table + '.parquet'))})").fetchall()[0][0]
        assert lu == attendu
        with (dossier / f"{table}.csv").open(encoding="utf-8", newline="") as flux:
            assert sum(1 for _ in csv.reader(flux)) == attendu + 1


def test_la_nature_suit_chaque_chiffre(public):
    natures = dict(public.execute("SELECT indicateur, max(nature) FROM indicateurs.valeurs GROUP BY ALL").fetchall())
    assert natures["etablissements_employeurs_ess_sirene"] == "demonstration"
    assert natures["specialisation_ess_departement"] == "demonstration"
    assert natures["effectifs_ess_urssaf"] == "demonstration"
    assert natures["population"] == natures["soutien_ess"] == natures["soutien_ess_par_habitant"] == "reelle"
    assert public.execute("SELECT nature FROM meta.release").fetchall() == [("demonstration",)]
    assert public.execute("SELECT DISTINCT nature FROM qualite.sources WHERE source LIKE 'sirene%' AND etat <> 'absente'").fetchall() == [
        ("demonstration",)
    ]


def test_une_liste_facultative_ne_dit_rien_de_ce_qui_ne_la_compte_pas(public):
    """The list of ESS France is frozen: only the large perimeter counts it, and says so itself."""
    dits = public.execute("SELECT indicateur, champ FROM indicateurs.catalogue WHERE champ LIKE '%novembre 2023%'").fetchall()
    assert {nom for nom, _ in dits} == {
        "etablissements_employeurs_ess_large_sirene",
        "part_ess_large_etablissements_employeurs_sirene",
    }
    assert not public.execute("FROM indicateurs.catalogue WHERE ruptures LIKE '%novembre 2023%'").fetchall()


def test_les_lignes_lues_sont_toutes_comptees(public):
    assert (
        public.execute(
            "SELECT source FROM qualite.sources WHERE lignes_lues <> lignes_retenues + lignes_hors_champ + lignes_rejetees"
        ).fetchall()
        == []
    )


def test_la_metropole_a_ses_21_communes_et_ses_habitants(public):
    assert public.execute(
        "SELECT population, millesime_population FROM referentiels.territoires WHERE code_territoire = '246300701'"
    ).fetchall() == [(295488, "2023")]
    assert public.execute(
        "SELECT count(*) FROM referentiels.appartenances WHERE niveau = 'commune' AND code_parent = '246300701'"
    ).fetchall() == [(21,)]


def test_chaque_figure_des_documents_est_une_declaration_avec_ses_mots(public):
    lignes = public.execute(
        "SELECT reference, count(*), count(citation), count(verdict) FILTER (explication <> '') FROM qualite.declarations "
        "GROUP BY ALL"
    ).fetchall()
    assert {ligne[0] for ligne in lignes} == {f"N{numero:02}" for numero in range(1, 20)}
    assert all(total == citees == verdicts for _, total, citees, verdicts in lignes)
    # Sirene and Urssaf are a demonstration here, and the sheet of 2019 does not say of which year it speaks
    assert public.execute("SELECT DISTINCT verdict FROM qualite.declarations").fetchall() == [("inverifiable",)]
    valeurs = dict(
        public.execute(
            "SELECT grandeur, valeur FROM qualite.declarations WHERE document = 'rtes_2019' AND valeur IS NOT NULL"
        ).fetchall()
    )
    assert valeurs["etablissements_employeurs_ess"] == 1295
    assert valeurs["masse_salariale_ess"] == 400_000_000


def test_l_arithmetique_des_documents_est_refaite(public):
    rendus = {
        controle: (round(bas, 2), verdict)
        for controle, bas, verdict in public.execute(
            "SELECT controle, resultat_bas, verdict FROM indicateurs.arithmetique_declarations"
        ).fetchall()
    }
    assert rendus["salaries_par_etablissement"] == (Decimal("11.20"), "plausible")
    assert rendus["masse_salariale_par_salarie"] == (Decimal("27586.21"), "plausible")
    assert rendus["signataires_de_la_charte"] == (19, "coherent")
    assert rendus["budget_annuel_ess"] == (150_000, "sans_repere")


def test_le_capital_et_les_financements_ne_sont_jamais_des_subventions(public):
    """Y03 and Y08: 2 × 10,000 € of capital and 10,000 € of funding stand apart, and the budget's total is 150,000 €."""
    sommes = dict(
        public.execute(
            "SELECT indicateur, numerateur FROM indicateurs.valeurs WHERE code_territoire = '246300701' AND axe = 'total' "
            "AND periode = 'inconnu' AND indicateur IN ('soutien_ess', 'participations_capital', 'financements_declares', 'subventions_montant')"
        ).fetchall()
    )
    assert sommes == {"soutien_ess": 150_000, "participations_capital": 20_000, "financements_declares": 10_000}


def test_personne_physique_ni_corps_sensible_n_est_liste(public, publie: Path):
    assert public.execute(
        "SELECT count(*) FROM socle.etablissements_ess WHERE categorie_juridique = '1000' OR categorie_juridique LIKE '2%' "
        "OR code_naf IN ('94.20Z', '94.91Z', '94.92Z')"
    ).fetchall() == [(0,)]
    colonnes = {ligne[0] for ligne in public.execute("DESCRIBE socle.etablissements_ess").fetchall()}
    assert not [nom for nom in colonnes if re.search(r"adresse|voie|prenom|nom_|code_postal", nom)]
    # they are in the input, and counted
    with duckdb.connect() as prive:
        chemin = publie / "warehouse" / "socle" / "etablissements.parquet"
        assert (
            prive.execute(f"SELECT count(*) FROM read_parquet({sql_literal(chemin)}) WHERE est_employeur AND NOT est_publiable").fetchall()[0][0]
            > 0
        )


def test_aucune_valeur_nominative_dans_les_rejets_publies(public):
    assert public.execute(
        "SELECT count(*) FROM qualite.rejets WHERE valeur IS NOT NULL "
        "AND colonne IN ('nom_beneficiaire', 'objet', 'denomination', 'membre')"
    ).fetchall() == [(0,)]


PERSONNES = json.loads((Path(__file__).parent / "personnes.json").read_text(encoding="utf-8"))


def noms_de_personnes(texte: str) -> set[str]:
    """Give the fingerprints of the documents' persons found in a text: words alone, and in pairs."""
    sans_accents = unicodedata.normalize("NFKD", texte).encode("ascii", "ignore").decode().lower()
    mots = re.findall(r"[a-z]+", sans_accents)
    candidats = {*mots, *(f"{a} {b}" for a, b in zip(mots, mots[1:], strict=False))}
    empreintes = {hashlib.sha256((PERSONNES["sel"] + mot).encode()).hexdigest() for mot in candidats}
    return empreintes & set(PERSONNES["empreintes"])


def test_aucun_nom_de_personne_dans_les_fichiers_versionnes():
    fichiers = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=RACINE, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert len(fichiers) > 50
    for nom in fichiers:
        if (RACINE / nom).exists():
            assert (
                noms_de_personnes(nom + " " + (RACINE / nom).read_text(encoding="utf-8", errors="ignore")) == set()
            ), nom


def test_aucun_nom_de_personne_dans_une_publication(publie: Path):
    dossier = (publie / "warehouse" / "observatoire.duckdb").resolve().parent
    for chemin in dossier.rglob("*"):
        if chemin.suffix in (".csv", ".json", ".html"):
            assert noms_de_personnes(chemin.read_text(encoding="utf-8")) == set(), chemin.name


def test_le_detecteur_de_noms_les_trouve(donnees: Path):
    """The five documents do name persons: a detector that found nothing there would prove nothing."""
    graines = sorted((donnees.parent / "seeds").glob("*.txt"))
    if not graines:
        pytest.skip("Les cinq documents ne sont pas à côté des données de test.")
    trouves = set().union(*(noms_de_personnes(chemin.read_text(encoding="utf-8")) for chemin in graines))
    assert len(trouves) == len(PERSONNES["empreintes"])


def test_ni_courriel_ni_telephone_dans_les_donnees_versionnees():
    for chemin in (RACINE / "raw").rglob("*.csv"):
        texte = chemin.read_text(encoding="utf-8")
        assert not re.search(r"@|\b0[1-9]([ .]?\d{2}){4}\b", texte), chemin.name
