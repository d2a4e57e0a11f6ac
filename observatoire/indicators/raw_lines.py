"""From contributions to the raw rows behind them: file and line, what each counts for, and what is only counted.

A measure says how its contributions lead to rows (`-- lignes : …`), a source which of its rows are never shown
(`tue`). Which contributions a value rests on belongs to `unfolding`.
"""

import duckdb

from observatoire.indicators.catalog import Mesure
from observatoire.indicators.row_joins import LUE, source_of_lines
from observatoire.schemas import ENTIER, NOMBRE, TEXTE, Colonne, Table
from observatoire.sources import sources

SANS_LIGNE = "aucune ligne : dit qu'il n'y a rien à compter"
NON_DITES = "la mesure ne dit pas quelles lignes elle compte"
RESTREINTE = "source de diffusion restreinte"
ROLES = ("compte", "précise")

LIGNES = Table(
    "Lignes lues derrière une valeur. Le rôle « compte » s'ajoute : la somme des valeurs est celle du terme, au "
    "centime. « précise » : une ligne sur laquelle la contribution s'appuie sans l'ajouter.",
    (
        Colonne("axe", TEXTE, "Ventilation."),
        Colonne("modalite", TEXTE, "Modalité."),
        Colonne("periode", TEXTE, "Période."),
        Colonne("role", TEXTE, f"{', '.join(ROLES)}."),
        Colonne("source", TEXTE, "Source de la ligne ; vide quand la mesure est protégée."),
        Colonne("fichier", TEXTE, "Fichier d'où vient la ligne ; vide pour des lignes seulement comptées."),
        Colonne("ligne", ENTIER, "Numéro de la ligne, ou de l'enregistrement."),
        Colonne("unite", TEXTE, "Unité de la contribution ; vide quand le fichier public ne la nomme pas."),
        Colonne("repondant", TEXTE, "Répondant de la contribution ; vide de même."),
        Colonne("nombre_unites", NOMBRE, "Unités que la ligne compte ; 0 quand une autre compte les mêmes."),
        Colonne("valeur", NOMBRE, "Ce que la ligne ajoute à la mesure ; 0 quand une autre le fait."),
        Colonne("nombre_lignes", ENTIER, "1, ou le nombre de lignes seulement comptées."),
        Colonne("raison", TEXTE, "Pourquoi des lignes sont seulement comptées ; vide d'une ligne montrée."),
    ),
)
_CELLULE = "periode, axe, modalite"


def find_lines(connexion: duckdb.DuckDBPyConnection, mesure: Mesure, contributions: str) -> None:
    """Make the temporary table `lignes`: every row behind contributions, shown or not; restricted like them.

    Args:
        connexion: a warehouse, or kept evidence, with all of its tables.
        mesure: what they contribute to.
        contributions: name of a table with the columns of a measure.

    A measure that names no row (no `lignes` header) has none shown: its contributions are counted, and it is said.
    """
    requetes = [_rows(role, jointure, mesure.valeur_ligne if role == "compte" else "", contributions)
                for role, jointure in zip(("compte", *("précise" for _ in mesure.lignes)), mesure.lignes, strict=False)]
    toutes = " UNION ALL ".join(requetes or [_unsaid(contributions)])
    connexion.execute(f"CREATE OR REPLACE TEMP TABLE lignes AS {toutes}")
    # what no row says still counts: a zero that speaks of a whole list, or a place
    connexion.execute(f"""
        INSERT INTO lignes
        SELECT {_CELLULE}, 'compte', '', NULL, NULL, unite, repondant, nombre_unites, valeur, {_text(SANS_LIGNE)},
               false, false
        FROM {contributions} ANTI JOIN (FROM lignes WHERE role = 'compte') USING (unite, {_CELLULE})""")


def _rows(role: str, jointure: str, valeur: str, contributions: str) -> str:
    """Query the rows one header gives; of several rows of one contribution, the first stands for it."""
    schema, nom = source_of_lines(jointure)
    source = sources()[nom]
    nominatives = [colonne.nom for colonne in source.table.colonnes if colonne.nominatif] if source.anonyme_si else []
    dites = f"""(SELECT *, {source.tue_sql} AS _tue, coalesce({source.anonyme_si or "false"}, false) AS _anonyme,
                        [{", ".join(nominatives)}]::VARCHAR[] AS _noms
                 FROM {schema}.{nom}) l"""
    jointe = LUE.sub(lambda _: dites, jointure, count=1)
    rang = f"row_number() OVER (PARTITION BY c.unite, {_of_c()} ORDER BY l._fichier, l._ligne)"
    compte = "0" if role != "compte" else f"CASE WHEN {rang} = 1 THEN {{}} ELSE 0 END"
    return f"""
        SELECT {_of_c()}, '{role}' AS role, '{nom}' AS source, l._fichier AS fichier, l._ligne AS ligne, c.unite,
               c.repondant, {compte.format("c.nombre_unites")}::DECIMAL(38,6) AS nombre_unites,
               ({valeur or compte.format("c.valeur")})::DECIMAL(38,6) AS valeur, l._tue AS tue,
               l._anonyme AS est_anonyme, l._anonyme AND list_contains(l._noms, c.modalite) AS est_nom
        FROM {contributions} c JOIN {jointe}"""


def _unsaid(contributions: str) -> str:
    """Query the contributions of a measure that names no row: they are counted, none is shown."""
    return f"""
        SELECT {_CELLULE}, 'compte' AS role, '' AS source, NULL::VARCHAR AS fichier, NULL::BIGINT AS ligne, unite,
               repondant, nombre_unites::DECIMAL(38,6) AS nombre_unites, valeur::DECIMAL(38,6) AS valeur,
               {_text(NON_DITES)} AS tue, false AS est_anonyme, false AS est_nom
        FROM {contributions}"""


def _of_c() -> str:
    return ", ".join(f"c.{nom}" for nom in _CELLULE.split(", "))


def _text(texte: str) -> str:
    return "'" + texte.replace("'", "''") + "'"


def public_lines(mesure: Mesure) -> str:
    """Query what may be shown of the table `lignes`: rows of the public file, and the others by reason.

    Of a measure that confidentiality protects, no row: one count and one sum, those of the published cell; by source,
    what has no row would be a sum apart.
    """
    restreinte = mesure.diffusion != "libre"
    tue = _text(RESTREINTE) if restreinte else "tue"
    # what is not shown of a contribution hides all that leads to it: the legal unit of an establishment, its name
    jugees = """(
        SELECT * REPLACE (coalesce(max(tue) FILTER (role = 'compte') OVER u, tue) AS tue,
                          bool_or(est_anonyme) OVER u AS est_anonyme,
                          CASE WHEN bool_or(est_nom) OVER u THEN '[…]' ELSE modalite END AS modalite)
        FROM lignes WINDOW u AS (PARTITION BY unite, periode, axe, modalite))"""
    return f"""
        SELECT axe, modalite, periode, role, source, fichier, ligne, CASE WHEN NOT est_anonyme THEN unite END AS unite,
               CASE WHEN NOT est_anonyme THEN repondant END AS repondant, nombre_unites, valeur, 1 AS nombre_lignes,
               NULL::VARCHAR AS raison
        FROM {jugees} WHERE {tue} IS NULL
        UNION ALL
        SELECT axe, modalite, periode, role, {"''" if restreinte else "source"} AS source, NULL, NULL, NULL, NULL,
               CASE WHEN count(nombre_unites) = count(*) THEN sum(nombre_unites) END::DECIMAL(38,6),
               CASE WHEN count(valeur) = count(*) THEN sum(valeur) END::DECIMAL(38,6), count(*), {tue} AS raison
        FROM {jugees} WHERE {tue} IS NOT NULL {"AND role = 'compte'" if restreinte else ""} GROUP BY ALL"""
