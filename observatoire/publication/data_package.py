"""The data package of a release: `datapackage.json`, which says what each file is, so that a program needs no guess.

Data Package 2.0 (`$schema`), within what a reader of version 1 understands. A constraint is written only where it
holds: each one is asked of the tables first. Licences belong to `licences`, the catalogue for portals to `dcat`.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as arrow
from duckdb import DuckDBPyConnection

from observatoire.chain.step import TablePublique
from observatoire.levels import NIVEAUX
from observatoire.publication.licences import Licence, OriginePubliee, feeding, licences_of, read_origins
from observatoire.publication.public_tables import public_tables
from observatoire.schemas import BOOLEEN, DATE, ENTIER, HORODATAGE, TEXTE, Colonne
from observatoire.warehouse import count_repeats, open_published

FICHIER = "datapackage.json"
NORME = "https://datapackage.org/profiles/2.0/datapackage.json"
TYPES = {TEXTE: "string", ENTIER: "integer", BOOLEEN: "boolean", DATE: "date", HORODATAGE: "datetime"}
# the words of the public contract; a column of that name has no other, where its values say so
ENUMERATIONS = {
    "niveau": [*NIVEAUX],
    "niveau_parent": [*NIVEAUX],
    "nature": ["reelle", "demonstration"],
    "statut_observation": ["A", "E", "P", "B", "O"],
    "statut_confidentialite": ["F", "C"],
    "gravite": ["refus", "signalement", "echec"],
    "etat": ["lu", "a_completer", "doublon", "remplace", "en_retard", "perime", "en_echec", "absente"],
}
LIEU = ("niveau", "code_territoire")
TERRITOIRES = ("referentiels.territoires", LIEU)
# which column names a row of which other table
RENVOIS: dict[str, list[tuple[tuple[str, ...], tuple[str, tuple[str, ...]]]]] = {
    "indicateurs.valeurs": [(("indicateur",), ("indicateurs.catalogue", ("indicateur",)))],
    "indicateurs.pont_emploi": [
        ((f"indicateur_{cote}",), ("indicateurs.catalogue", ("indicateur",))) for cote in ("a", "b")
    ],
    "referentiels.appartenances": [(LIEU, TERRITOIRES), (("niveau_parent", "code_parent"), TERRITOIRES)],
    "indicateurs.estimations": [(LIEU, TERRITOIRES)],
}
DIALECTE = {
    "header": True,
    "delimiter": ",",
    "lineTerminator": "\n",
    "quoteChar": '"',
    "doubleQuote": True,
    "skipInitialSpace": False,
}
MEDIAS = {
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".duckdb": "application/vnd.duckdb",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".geojson": "application/geo+json",
}
# names frictionless 5 leaves alone, checking the bytes and the hash: as « parquet » it reads through pandas, and fails
# on a time that is missing; as « xlsx » it takes a workbook for one bare table
FORMATS = {".parquet": "apache-parquet", ".xlsx": "workbook"}
# what a release offers beside its tables
TITRES = {
    ".duckdb": "Base DuckDB : toutes les tables, pour DuckDB 1.0 et suivants",
    ".xlsx": "Classeur du territoire, pour tableur",
    ".geojson": "Indicateurs du territoire sur les contours de ses communes",
}
Paquet = dict[str, Any]


def write_data_package(duckdb: Path, dossier: Path, empreintes: dict[str, str]) -> Paquet:
    """Write `datapackage.json` at the root of a release, and return what it says.

    Args:
        duckdb: the public file.
        dossier: the release.
        empreintes: sha256 of each file of the release to describe, by path relative to it.
    """
    with open_published(duckdb) as base:
        paquet = _package(base, dossier, empreintes)
    (dossier / FICHIER).write_text(json.dumps(paquet, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return paquet


def _package(base: DuckDBPyConnection, dossier: Path, empreintes: dict[str, str]) -> Paquet:
    ((release, cree_le, nature, code, territoire, debut, fin),) = base.execute("""
        SELECT release, cree_le, nature, territoire, libelle, debut, fin FROM meta.release
        LEFT JOIN (SELECT code_territoire, libelle FROM referentiels.territoires WHERE niveau = 'epci')
            ON code_territoire = territoire
        CROSS JOIN (SELECT min(periode[:4]) AS debut, max(periode[:4]) AS fin FROM indicateurs.valeurs
                    WHERE regexp_matches(periode, '^[0-9]{4}'))""").fetchall()
    origines = read_origins(base)
    niveaux = {niveau for (niveau,) in base.execute("SELECT DISTINCT niveau FROM indicateurs.valeurs").fetchall()}
    lieu = territoire or code
    demonstration = (
        " DÉMONSTRATION : une partie des données d'entrée est fabriquée ; aucun chiffre n'est à citer comme réel."
        if nature == "demonstration"
        else ""
    )
    return {
        "$schema": NORME,
        "name": "observatoire-ess",
        "title": f"Observatoire de l'économie sociale et solidaire — {lieu}",
        "description": "Indicateurs de l'économie sociale et solidaire d'un territoire, comparés à d'autres : "
        "établissements, emploi, budgets, subventions, réseaux ; leurs définitions, leurs sources, les lignes qui les "
        f"fondent et ce qui a été refusé.{demonstration}",
        "version": release,
        "created": f"{cree_le:%Y-%m-%dT%H:%M:%SZ}",
        "keywords": ["économie sociale et solidaire", "emploi", "associations", "subventions", "territoire", lieu],
        "nature": nature,
        "coverage": {
            "territoire": {"niveau": "epci", "code": code, "libelle": territoire},
            "niveaux": [niveau for niveau in NIVEAUX if niveau in niveaux - {"inconnu"}],
            "debut": debut,
            "fin": fin,
        },
        "contributors": [{"title": f"Observatoire de l'ESS — {lieu}", "roles": ["publisher"]}],
        "licenses": _licences(licences_of(origines.values())),
        "sources": [_source(origine) for origine in origines.values()],
        "resources": [
            *(r for publique in public_tables() for r in _tables(base, publique, dossier, empreintes, origines)),
            *_others(dossier, empreintes, origines),
        ],
    }


def _tables(
    base: DuckDBPyConnection,
    publique: TablePublique,
    dossier: Path,
    empreintes: dict[str, str],
    origines: dict[str, OriginePubliee],
) -> Iterable[Paquet]:
    """Describe a public table: its CSV file with a Table Schema, its Parquet file, which carries its own types."""
    nom = f"{publique.schema}.{publique.nom}"
    lues = [origines[source.nom] for source in feeding(nom) if source.nom in origines]
    propre = any(colonne.nom == "nature" for colonne in publique.table.colonnes)
    demontre = _is_demonstration(lues)
    commun = {
        "title": f"{nom} : {publique.table.description}",
        "description": publique.table.description
        + (" Une ligne dit sa nature dans la colonne « nature »." if propre and demontre else ""),
        "nature": "demonstration" if demontre else "reelle",
        "licenses": _licences(licences_of(lues)),
    }
    for suffixe in (".csv", ".parquet"):
        chemin = f"tables/{nom}{suffixe}"
        if chemin not in empreintes:
            continue
        dit: Paquet = dict(commun)
        ressource = {"name": nom if suffixe == ".csv" else f"{nom}.parquet", **_file(chemin, dossier, empreintes)}
        if suffixe == ".csv":
            ressource |= {"type": "table", "encoding": "utf-8", "dialect": DIALECTE}
            dit |= {"sources": [_source(origine) for origine in lues], "schema": _schema(base, nom, publique)}
        else:
            dit |= {"description": f"{publique.table.description} Les mêmes lignes que {nom}, typées."}
        yield ressource | dit


def _others(dossier: Path, empreintes: dict[str, str], origines: dict[str, OriginePubliee]) -> Iterable[Paquet]:
    """Describe what else there is to take away: made of all the tables, it is bound by the strictest of them."""
    for chemin in sorted(empreintes):
        titre = TITRES.get(Path(chemin).suffix)
        if titre is not None:
            yield {
                "name": chemin.lower(),
                **_file(chemin, dossier, empreintes),
                "title": titre,
                "nature": "demonstration" if _is_demonstration(origines.values()) else "reelle",
                "licenses": _licences(licences_of(origines.values())),
            }


def _file(chemin: str, dossier: Path, empreintes: dict[str, str]) -> Paquet:
    suffixe = Path(chemin).suffix
    return {
        "path": chemin,
        "format": FORMATS.get(suffixe, suffixe.lstrip(".")),
        "mediatype": MEDIAS[suffixe],
        "bytes": (dossier / chemin).stat().st_size,
        "hash": f"sha256:{empreintes[chemin]}",
    }


def _is_demonstration(origines: Iterable[OriginePubliee]) -> bool:
    return any(origine.nature == "demonstration" for origine in origines)


def _schema(base: DuckDBPyConnection, nom: str, publique: TablePublique) -> Paquet:
    """Write the Table Schema of a CSV file, with the constraints its rows keep."""
    colonnes = publique.table.colonnes
    pleines, enumerees = _facts(base, nom, colonnes)
    schema: Paquet = {
        "fields": [
            {
                "name": colonne.nom,
                "type": TYPES.get(colonne.type, "number"),
                "title": colonne.nom,
                "description": colonne.description,
                **({"unit": colonne.unite} if colonne.unite else {}),
                **({"decimalChar": "."} if arrow.types.is_decimal(colonne.type) else {}),
                **({"trueValues": ["true"], "falseValues": ["false"]} if colonne.type == BOOLEEN else {}),
                **_constraints(colonne, pleines, enumerees),
            }
            for colonne in colonnes
        ],
        "missingValues": [""],
    }
    cle = publique.table.cle
    if cle and set(cle) <= pleines and _is_unique(base, nom, cle):
        schema["primaryKey"] = list(cle)
    renvois = [
        {"fields": list(champs), "reference": {"resource": cible, "fields": list(cles)}}
        for champs, (cible, cles) in RENVOIS.get(nom, [])
        if not _orphans(base, nom, champs, cible, cles)
    ]
    return schema | ({"foreignKeys": renvois} if renvois else {})


def _constraints(colonne: Colonne, pleines: set[str], enumerees: set[str]) -> Paquet:
    contraintes: Paquet = {}
    if colonne.nom in pleines:
        contraintes["required"] = True
    if colonne.nom in enumerees:
        contraintes["enum"] = ENUMERATIONS[colonne.nom]
    return {"constraints": contraintes} if contraintes else {}


def _facts(base: DuckDBPyConnection, nom: str, colonnes: tuple[Colonne, ...]) -> tuple[set[str], set[str]]:
    """Ask a table which columns have a value in every row, and which keep to the words they are known by.

    An empty cell is no value, whether nothing or an empty text is behind it: a CSV file does not tell them apart.
    """
    a_demander = []
    for colonne in colonnes:
        presente = f"nullif({colonne.nom}, '')" if colonne.type == TEXTE else colonne.nom
        a_demander.append(f"count({presente}) = count(*) AND count(*) > 0")
        mots = ENUMERATIONS.get(colonne.nom) if colonne.type == TEXTE else None
        permis = ", ".join(f"'{mot}'" for mot in mots or [])
        a_demander.append(f"coalesce(bool_and({colonne.nom} IN ({permis})), true)" if mots else "false")
    (reponses,) = base.execute(f"SELECT {', '.join(a_demander)} FROM {nom}").fetchall()
    noms = [colonne.nom for colonne in colonnes]
    pleines = {colonne for colonne, pleine in zip(noms, reponses[::2], strict=True) if pleine}
    return pleines, {colonne for colonne, enumeree in zip(noms, reponses[1::2], strict=True) if enumeree}


def _is_unique(base: DuckDBPyConnection, nom: str, cle: tuple[str, ...]) -> bool:
    return not count_repeats(base, nom, ", ".join(cle))


def _orphans(
    base: DuckDBPyConnection, nom: str, champs: tuple[str, ...], cible: str, cles: tuple[str, ...]
) -> bool:
    appariement = " AND ".join(f"a.{champ} = b.{cle}" for champ, cle in zip(champs, cles, strict=True))
    requete = f"SELECT 1 FROM {nom} a ANTI JOIN {cible} b ON {appariement} LIMIT 1"
    return bool(base.execute(requete).fetchall())


def _licences(licences: list[Licence]) -> list[Paquet]:
    return [
        {"name": licence.code, "title": licence.titre, **({"path": licence.adresse} if licence.adresse else {})}
        for licence in licences
    ]


def _source(origine: OriginePubliee) -> Paquet:
    source = origine.source
    return {
        "title": f"{source.titre} ({' ; '.join(origine.producteurs)})",
        **({"path": source.url} if source.url.startswith("http") and source.diffusion == "publique" else {}),
        "licence": " ; ".join(origine.licences),
        "nature": origine.nature,
        **({"version": origine.obtenu_le} if origine.obtenu_le else {}),
    }
