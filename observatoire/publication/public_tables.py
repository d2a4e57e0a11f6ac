"""Which tables are public, and what is taken out of them: the contract of `observatoire.duckdb`.

Writing the release folder belongs to `releases`; what people read in a page belongs to `portrait`.
"""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from observatoire.chain.step import TablePublique
from observatoire.chain.steps import published
from observatoire.indicators.catalog import mesures
from observatoire.loading.rejects import shown_rejects
from observatoire.publication.public_contributions import CONTRIBUTIONS, register_contributions
from observatoire.schemas import DATE, ENTIER, HORODATAGE, TEXTE, Colonne, Table
from observatoire.sources import sources
from observatoire.sources.states import schema_of, state_of
from observatoire.warehouse import Entrepot, open_published, sql_literal

CONTRAT = 1

SOURCES = Table(
    "Fichiers lus par les sources, leur empreinte et le compte de leurs lignes ; un fichier absent n'a pas de nom.",
    (
        Colonne("source", TEXTE, "Source."),
        Colonne("titre", TEXTE, "Titre de la source."),
        Colonne("fichier", TEXTE, "Fichier, chemin relatif au dossier de la source."),
        Colonne("sha256", TEXTE, "Empreinte du fichier."),
        Colonne("producteur", TEXTE, "Producteur."),
        Colonne("licence", TEXTE, "Licence."),
        Colonne("nature", TEXTE, "reelle ou demonstration."),
        Colonne("millesime", TEXTE, "Millésime du fichier."),
        Colonne("obtenu_le", DATE, "Jour où le fichier a été obtenu."),
        Colonne("lignes_lues", ENTIER, "Lignes lues = retenues + hors champ + rejetées."),
        Colonne("lignes_retenues", ENTIER, "Lignes retenues."),
        Colonne("lignes_hors_champ", ENTIER, "Lignes écartées par une règle de champ déclarée."),
        Colonne("lignes_rejetees", ENTIER, "Lignes refusées."),
        Colonne(
            "etat",
            TEXTE,
            "lu, doublon, remplace ; a_completer : le fichier ne dit pas qui attribue, ses lignes comptent sans "
            "territoire ; en_retard, perime : rien de nouveau depuis une cadence, deux ; "
            "en_echec : la table est celle du dernier chargement réussi ; absente.",
        ),
        Colonne("perime_le", DATE, "Jour après lequel la source est périmée sans nouveau fichier."),
        Colonne("colonnes_inconnues", TEXTE, "Colonnes du fichier que l'observatoire ne lit pas."),
        Colonne("motif", TEXTE, "Ce qui manque, et quoi faire, quand la source est en échec ou absente."),
        Colonne("en_echec_depuis", HORODATAGE, "Heure UTC depuis laquelle la source est en échec."),
    ),
)
REJETS = Table(
    "Lignes refusées ou signalées, une par raison ; les valeurs qui peuvent nommer une personne n'y sont pas.",
    (
        Colonne("source", TEXTE, "Source."),
        Colonne("fichier", TEXTE, "Fichier."),
        Colonne("ligne", ENTIER, "Ligne du fichier, ou numéro d'enregistrement."),
        Colonne("colonne", TEXTE, "Colonne en cause ; vide quand la raison porte sur la ligne."),
        Colonne("valeur", TEXTE, "Valeur lue ; vide quand elle peut nommer une personne."),
        Colonne("regle", TEXTE, "Règle."),
        Colonne(
            "gravite",
            TEXTE,
            "refus : non comptée ; signalement : comptée, à vérifier ; echec : source refusée en entier.",
        ),
        Colonne("motif", TEXTE, "Raison, et quoi faire."),
    ),
)
RELEASE = Table(
    "Cette publication.",
    (
        Colonne("release", TEXTE, "Identifiant."),
        Colonne("contrat", ENTIER, "Version du contrat des tables publiques."),
        Colonne("cree_le", HORODATAGE, "Heure UTC de création."),
        Colonne("code_version", TEXTE, "Empreinte du code."),
        Colonne("nature", TEXTE, "reelle, ou demonstration dès qu'une donnée d'entrée l'est."),
        Colonne("territoire", TEXTE, "Territoire du portrait."),
    ),
)
DICTIONNAIRE = Table(
    "Colonnes de ce fichier.",
    (
        Colonne("nom_schema", TEXTE, "Schéma."),
        Colonne("nom_table", TEXTE, "Table."),
        Colonne("nom_colonne", TEXTE, "Colonne."),
        Colonne("type", TEXTE, "Type DuckDB."),
        Colonne("description", TEXTE, "Description."),
        Colonne("unite", TEXTE, "Unité des valeurs."),
        Colonne("source", TEXTE, "Sources dont vient la colonne."),
    ),
)


def public_tables() -> list[TablePublique]:
    """List the public tables, indicators first: those of the steps, then what a release says of itself.

    The views `r_*` that the latter read are made when it is written.
    """
    des_etapes = sorted(published(), key=lambda publique: publique.schema != "indicateurs")
    libres = tuple(f"mesures.{mesure.nom}" for mesure in mesures().values() if mesure.diffusion == "libre")
    return [
        *des_etapes,
        TablePublique("indicateurs", "contributions", CONTRIBUTIONS, "FROM r_contributions ORDER BY ALL", libres),
        TablePublique("qualite", "sources", SOURCES, "FROM r_sources ORDER BY source, fichier"),
        TablePublique(
            "qualite",
            "rejets",
            REJETS,
            "FROM r_rejets ORDER BY source, fichier, ligne, colonne, regle",
            tuple(f"{schema_of(source)}.{source.nom}" for source in sources().values()),
        ),
        TablePublique("meta", "release", RELEASE, "FROM r_release"),
        TablePublique("meta", "dictionnaire", DICTIONNAIRE, "FROM r_dictionnaire"),
    ]


def register_quality(connexion: duckdb.DuckDBPyConnection, entrepot: Entrepot, release: dict[str, Any]) -> None:
    """Register what the run knows of itself (files read, rejects, release) as views a public table can read."""
    lignes_sources, echecs = [], []
    for source in sources().values():
        etat = state_of(entrepot, source)
        if etat is None:
            continue
        commun = {
            "source": source.nom,
            "titre": source.titre,
            "motif": etat.motif or None,
            "en_echec_depuis": etat.depuis,
        }
        if etat.etat == "en_echec":
            echecs.append({"source": source.nom, "regle": "source_en_echec", "gravite": "echec", "motif": etat.motif})
        # where each producer has its files, one may stand in failure alone
        seuls = {lu.fichier for lu in etat.fichiers if lu.etat == "en_echec"} or {lu.fichier for lu in etat.fichiers}
        for lu in etat.fichiers:
            dit = {colonne: valeur for colonne, valeur in vars(lu).items() if SOURCES.colonne(colonne) is not None}
            dit["colonnes_inconnues"] = ", ".join(lu.colonnes_inconnues) or None
            # the file itself was read, once: it is its source that stands in failure, or late, now
            en_echec = etat.etat == "en_echec" and lu.fichier in seuls
            dit["etat"] = "en_echec" if en_echec else lu.etat if lu.etat != "lu" else etat.retard or "lu"
            lignes_sources.append({**commun, **dit})
        if not etat.fichiers:
            vides = dict.fromkeys(("lignes_lues", "lignes_retenues", "lignes_hors_champ", "lignes_rejetees"), 0)
            lignes_sources.append({**commun, **vides, "nature": source.nature, "etat": etat.etat})
    _register(connexion, "r_sources", SOURCES, lignes_sources)
    _register(connexion, "r_echecs", REJETS, echecs)
    _register(connexion, "r_release", RELEASE, [release])
    connexion.execute(f"CREATE TEMP VIEW r_rejets AS FROM r_echecs UNION ALL BY NAME {_to_rejects(entrepot)}")


def _to_rejects(entrepot: Entrepot) -> str:
    """Query the rejects of every source, as they may be shown."""
    chemins = {source.nom: entrepot.racine / "rejets" / f"{source.nom}.parquet" for source in sources().values()}
    requetes = [shown_rejects(sources()[nom], chemin) for nom, chemin in chemins.items() if chemin.exists()]
    return " UNION ALL BY NAME ".join(requetes) or "FROM r_echecs LIMIT 0"


def _register(connexion: duckdb.DuckDBPyConnection, nom: str, table: Table, lignes: list[dict[str, Any]]) -> None:
    """Create a table from rows of Python values, with the types it declares."""
    colonnes = ", ".join(f"{colonne.nom} {colonne.type_sql}" for colonne in table.colonnes)
    connexion.execute(f"CREATE TEMP TABLE {nom} ({colonnes})")
    # a list a column: a row at a time, a dictionary of a thousand rows takes half a second
    listes = ", ".join(f"unnest(?::{colonne.type_sql}[])" for colonne in table.colonnes)
    valeurs = [[ligne.get(colonne) for ligne in lignes] for colonne in table.noms]
    connexion.execute(f"INSERT INTO {nom} SELECT {listes}", valeurs)


def dictionary_rows() -> list[dict[str, Any]]:
    """List every column of the public file."""
    return [
        {
            "nom_schema": publique.schema,
            "nom_table": publique.nom,
            "nom_colonne": colonne.nom,
            "type": colonne.type_sql,
            "description": colonne.description,
            "unite": colonne.unite or None,
            "source": publique.origine or None,
        }
        for publique in public_tables()
        for colonne in publique.table.colonnes
    ]


def write_duckdb(entrepot: Entrepot, chemin: str, release: dict[str, Any]) -> dict[str, int]:
    """Write the public DuckDB file, readable by DuckDB 1.0 to 2.x; return the rows of each table.

    No key constraint: any PRIMARY KEY makes a 1.0 client fail. Comments in French on every table and column.
    """
    comptes = {}
    with entrepot.connect() as connexion:
        connexion.execute("SET preserve_insertion_order = true")  # the same release, the same bytes
        register_quality(connexion, entrepot, release)
        register_contributions(connexion, entrepot)
        _register(connexion, "r_dictionnaire", DICTIONNAIRE, dictionary_rows())
        connexion.execute(f"ATTACH {sql_literal(chemin)} AS public_ (STORAGE_VERSION 'v1.0.0')")
        for publique in public_tables():
            cible = f"public_.{publique.schema}.{publique.nom}"
            connexion.execute(f"CREATE SCHEMA IF NOT EXISTS public_.{publique.schema}")
            colonnes = ", ".join(f"{c.nom}::{c.type_sql} AS {c.nom}" for c in publique.table.colonnes)
            connexion.execute(f"CREATE TABLE {cible} AS SELECT {colonnes} FROM ({publique.requete})")
            connexion.execute(f"COMMENT ON TABLE {cible} IS {sql_literal(publique.table.description)}")
            for colonne in publique.table.colonnes:
                connexion.execute(f"COMMENT ON COLUMN {cible}.{colonne.nom} IS {sql_literal(colonne.description)}")
            comptes[f"{publique.schema}.{publique.nom}"] = connexion.execute(
                f"SELECT count(*) FROM {cible}"
            ).fetchall()[0][0]
        connexion.execute("DETACH public_")
    return comptes


# what `datapackage.json` promises of the CSV files: UTF-8, LF, a point for decimals, ISO dates, UTC times that say so;
# no value is an empty cell, an empty text is « "" »
CSV = """FORMAT csv, HEADER, DELIMITER ',', QUOTE '"', ESCAPE '"', NULLSTR '', DATEFORMAT '%Y-%m-%d',
    TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%SZ'"""


def export_tables(fichier: Path, dossier: Path) -> None:
    """Write every public table of a release as Parquet and as CSV."""
    with open_published(fichier) as base:
        for publique in public_tables():
            nom = f"{publique.schema}.{publique.nom}"
            for extension, sorte in (("parquet", "FORMAT parquet, COMPRESSION zstd"), ("csv", CSV)):
                base.execute(f"COPY {nom} TO {sql_literal(dossier / f'{nom}.{extension}')} ({sorte})")


def summary(entrepot: Entrepot) -> pd.DataFrame:
    """Return one row per source: state, files, rows read, kept, out of scope, refused."""
    lignes = []
    for source in sources().values():
        etat = state_of(entrepot, source)
        if etat is not None:
            comptes = {
                nom: sum(getattr(lu, nom) for lu in etat.fichiers)
                for nom in ("lignes_lues", "lignes_retenues", "lignes_hors_champ", "lignes_rejetees")
            }
            lignes.append(
                {"source": source.nom, "etat": etat.etat_du_jour, "nature": etat.nature, **comptes, "motif": etat.motif}
            )
    return pd.DataFrame(lignes)
