"""Contributions, then the cube: every measure, at every level, from the same rows.

A measure gives contributions at the finest level known; each counts in every territory that wholly contains it. Sums, medians
and concentrations all come from the contributions, never from smaller cells. Ratios do not belong here.
"""

from typing import Any

import duckdb

from observatoire.catalog import Mesure, Source, indicateurs, mesures, sources_de_mesure
from observatoire.derived import versions_lues
from observatoire.ingestion import Etat, etat_de
from observatoire.warehouse import Entrepot, empreinte, empreinte_du_code

CONTRIBUTION = {
    "niveau": "VARCHAR",
    "code_territoire": "VARCHAR",
    "periode": "VARCHAR",
    "axe": "VARCHAR",
    "modalite": "VARCHAR",
    "unite": "VARCHAR",
    "repondant": "VARCHAR",
    "nombre_unites": "BIGINT",
    "valeur": "DECIMAL(38,6)",
}
CELLULE = "niveau, code_territoire, periode, axe, modalite"
PAR_UNITE = {"mediane_unites": "median(valeur)::DOUBLE"}
PAR_REPONDANT = {
    "nombre_repondants": "count(*)",
    "plus_gros_repondant": "max(v)",
    "mediane_repondants": "median(v)::DOUBLE",
    "top10_repondants": "list_sum(max(v, 10))::DECIMAL(38,6)",
    "herfindahl": "CASE WHEN sum(v) <> 0 THEN sum(power(v::DOUBLE, 2)) / power(sum(v)::DOUBLE, 2) END",
}
TYPES = {
    "nombre_repondants": "BIGINT",
    "plus_gros_repondant": "DECIMAL(38,6)",
    "mediane_unites": "DOUBLE",
    "mediane_repondants": "DOUBLE",
    "top10_repondants": "DECIMAL(38,6)",
    "herfindahl": "DOUBLE",
}


class MesureInvalide(Exception):
    """A measure whose contributions cannot be counted. The message, in French, names the measure and says what to do."""


def calculer_mesure(entrepot: Entrepot, mesure: Mesure) -> int:
    """Compute the contributions of a measure, check them, write them; return their number.

    Raises:
        MesureInvalide: a column missing, a null where none may be, an unknown territory, a unit counted twice (a join that
            multiplies), or no total. The former contributions stay.
    """
    with entrepot.connexion() as connexion:
        entrees = versions_lues(entrepot, (*mesure.lit, "referentiels.territoires"))
        colonnes = ", ".join(f"{nom}::{type_} AS {nom}" for nom, type_ in CONTRIBUTION.items())
        try:
            connexion.execute(f"CREATE TEMP TABLE calcul AS SELECT {colonnes} FROM ({mesure.requete.rstrip().rstrip(';')}\n)")
        except duckdb.Error as erreur:
            raise MesureInvalide(
                f"measures/{mesure.nom}.sql : {str(erreur).splitlines()[0]} Colonnes attendues : {', '.join(CONTRIBUTION)}."
            ) from erreur
        _verifier(connexion, mesure)
        dit = {"version": version_mesure(mesure, entrees), "entrees": entrees}
        return entrepot.ecrire_requete(connexion, "FROM calcul", "mesures", mesure.nom, dit)


def version_mesure(mesure: Mesure, entrees: dict[str, str | None]) -> str:
    """Return the version of a measure's contributions, from what it reads and its own text."""
    return empreinte(entrees, mesure.requete)


def _verifier(connexion: duckdb.DuckDBPyConnection, mesure: Mesure) -> None:
    obligatoires = [nom for nom in CONTRIBUTION if nom != "valeur"]
    controles = {
        "a des lignes sans " + " ou ".join(obligatoires):
            f"SELECT * FROM calcul WHERE {' OR '.join(f'{nom} IS NULL' for nom in obligatoires)}",
        "nomme des territoires inconnus de referentiels.territoires":
            "SELECT DISTINCT niveau, code_territoire FROM calcul ANTI JOIN referentiels.territoires "
            "USING (niveau, code_territoire) WHERE niveau <> 'inconnu' OR code_territoire <> 'inconnu'",
        "compte plusieurs fois la même unité (une jointure multiplie les lignes ?)":
            "SELECT unite, periode, axe, modalite FROM calcul GROUP BY ALL HAVING count(*) > 1",
        "a des périodes sans ligne d'axe « total »":
            "SELECT DISTINCT periode FROM calcul WHERE periode NOT IN (SELECT periode FROM calcul WHERE axe = 'total')",
    }
    for reproche, requete in controles.items():
        exemples = connexion.execute(f"{requete} LIMIT 3").fetchall()
        if exemples:
            raise MesureInvalide(f"measures/{mesure.nom}.sql {reproche}, par exemple {exemples}.")


def agregats_demandes(mesure: str) -> set[str]:
    """Return the aggregates that indicators ask of a measure, beside sum and number of units."""
    termes = [terme for i in indicateurs().values() for terme in (i.numerateur, i.denominateur) if terme is not None]
    return {terme.agregat for terme in termes if terme.mesure == mesure} - {"somme", "nombre_unites"}


def etats_de(entrepot: Entrepot, lues: tuple[Source, ...]) -> list[Etat]:
    """Return the states of sources, those that ran."""
    return [etat for etat in (etat_de(entrepot, source) for source in lues) if etat is not None]


def couverture(entrepot: Entrepot, mesure: Mesure) -> Any:
    """Return what a measure is complete for: `aucune`, `lignes`, `inconnue`, or the list of covered areas of each source."""
    dites = [etat.couverture for etat in etats_de(entrepot, sources_de_mesure(mesure))]
    for mot in ("aucune", "lignes"):
        if mot in dites:
            return mot
    return [aires for aires in dites if aires != "inconnue"] if "inconnue" not in dites else "inconnue"


def calculer_cube(entrepot: Entrepot) -> int:
    """Compute the cube of all measures; return its number of cells."""
    with entrepot.connexion() as connexion:
        connexion.execute(f"""
            CREATE TEMP TABLE ancetres AS
            SELECT niveau, code_territoire, niveau_parent, code_parent FROM referentiels.appartenances
            UNION ALL SELECT niveau, code_territoire, niveau, code_territoire FROM referentiels.territoires
            UNION ALL SELECT 'inconnu', 'inconnu', 'inconnu', 'inconnu';
            CREATE TEMP TABLE cube (mesure VARCHAR, niveau VARCHAR, code_territoire VARCHAR, periode VARCHAR, axe VARCHAR,
                modalite VARCHAR, somme DECIMAL(38,6), nombre_unites BIGINT, est_incomplete BOOLEAN,
                {', '.join(f'{nom} {type_}' for nom, type_ in TYPES.items())})""")
        for mesure in mesures().values():
            _cube_d_une_mesure(connexion, entrepot, mesure)
        entrees = versions_lues(entrepot, tuple(f"mesures.{nom}" for nom in mesures()))
        dit = {"version": version_cube(entrees), "entrees": entrees}
        return entrepot.ecrire_requete(connexion, f"FROM cube ORDER BY mesure, {CELLULE}", "indicateurs", "cube", dit)


def version_cube(entrees: dict[str, str | None]) -> str:
    """Return the version of the cube, from the contributions and from what indicators ask of it."""
    return empreinte(entrees, {nom: sorted(agregats_demandes(nom)) for nom in mesures()}, empreinte_du_code("cube.py"))


def _cube_d_une_mesure(connexion: duckdb.DuckDBPyConnection, entrepot: Entrepot, mesure: Mesure) -> None:
    complete_pour = couverture(entrepot, mesure)
    if complete_pour == "aucune":
        return
    aires = complete_pour if isinstance(complete_pour, list) else []
    _territoires_couverts(connexion, aires)
    # without coverage a row is only about the place it names: what lies around it is not known to be complete
    montee = "niveau = niveau_parent AND code_territoire = code_parent" if complete_pour == "lignes" else "true"
    connexion.execute(f"""
        CREATE OR REPLACE TEMP TABLE remontees AS
        SELECT niveau, code_territoire, niveau_parent, code_parent FROM ancetres
        SEMI JOIN (SELECT DISTINCT niveau, code_territoire FROM mesures.{mesure.nom}) USING (niveau, code_territoire)
        WHERE {montee} AND ({not aires} OR (niveau_parent, code_parent) IN (FROM couverts) OR niveau_parent = 'inconnu');
        CREATE OR REPLACE TEMP TABLE cellules AS
        WITH sur_place AS (
            SELECT {CELLULE}, sum(valeur) AS s, sum(nombre_unites) AS n, count(*) - count(valeur) AS inconnues
            FROM mesures.{mesure.nom} GROUP BY ALL)
        SELECT r.niveau_parent AS niveau, r.code_parent AS code_territoire, periode, axe, modalite,
               sum(s)::DECIMAL(38,6) AS somme, sum(n)::BIGINT AS nombre_unites, sum(inconnues) > 0 AS est_incomplete
        FROM sur_place JOIN remontees r USING (niveau, code_territoire) GROUP BY ALL""")
    comptees = [source for source in sources_de_mesure(mesure) if source.famille != "references"]
    if aires and comptees and all(source.absence == "zero" for source in comptees):
        _remplir_de_zeros(connexion)
    elif aires:
        _retirer_les_partielles(connexion, mesure)
    _ajouter_agregats(connexion, mesure)


def _territoires_couverts(connexion: duckdb.DuckDBPyConnection, aires: list[list[list[str]]]) -> None:
    """List the territories that lie wholly inside what every source of a measure covers."""
    connexion.execute("CREATE OR REPLACE TEMP TABLE couverts AS SELECT DISTINCT niveau, code_territoire FROM ancetres")
    for aire in aires:
        valeurs = ", ".join(f"('{niveau}', '{code}')" for niveau, code in aire)
        connexion.execute(f"""
            DELETE FROM couverts WHERE (niveau, code_territoire) NOT IN (
                SELECT (niveau, code_territoire) FROM ancetres WHERE (niveau_parent, code_parent) IN ({valeurs}))""")


def _remplir_de_zeros(connexion: duckdb.DuckDBPyConnection) -> None:
    """Give its zero to each cell where the sources are complete and have no row."""
    connexion.execute(f"""
        INSERT INTO cellules
        SELECT c.niveau, c.code_territoire, p.periode, p.axe, p.modalite, 0, 0, false
        FROM couverts c
        CROSS JOIN (SELECT DISTINCT periode, axe, modalite FROM cellules) p
        ANTI JOIN cellules d USING ({CELLULE})
        WHERE c.niveau IN (SELECT DISTINCT niveau FROM cellules) AND c.niveau <> 'inconnu'""")


def _retirer_les_partielles(connexion: duckdb.DuckDBPyConnection, mesure: Mesure) -> None:
    """Drop the cells of territories of which some part has no row: an omitted row is not a zero, their sum would be partial."""
    connexion.execute(f"""
        DELETE FROM cellules WHERE ({CELLULE}) IN (
            WITH presents AS (
                SELECT r.niveau_parent AS niveau, r.code_parent AS code_territoire, periode, axe, modalite, m.niveau AS fin,
                       count(DISTINCT m.code_territoire) AS presents
                FROM mesures.{mesure.nom} m JOIN remontees r USING (niveau, code_territoire) GROUP BY ALL),
            attendus AS (
                SELECT niveau_parent AS niveau, code_parent AS code_territoire, niveau AS fin, count(*) AS attendus
                FROM ancetres SEMI JOIN couverts USING (niveau, code_territoire) GROUP BY ALL)
            SELECT ({CELLULE}) FROM presents JOIN attendus USING (niveau, code_territoire, fin)
            WHERE presents < attendus AND fin <> niveau)""")


def _ajouter_agregats(connexion: duckdb.DuckDBPyConnection, mesure: Mesure) -> None:
    """Add to the cube the cells of a measure, with the medians and concentrations its indicators ask for."""
    demandes = agregats_demandes(mesure.nom)
    jointures, selection = [], {}
    for expressions, lignes in (
        (PAR_UNITE, "lignes"),
        (PAR_REPONDANT, f"(SELECT {CELLULE}, repondant, sum(valeur) AS v FROM lignes GROUP BY ALL)"),
    ):
        voulus = {nom: expression for nom, expression in expressions.items() if nom in demandes}
        if voulus:
            alias = f"j{len(jointures)}"
            calculs = ", ".join(f"{expression} AS {nom}" for nom, expression in voulus.items())
            jointures.append(f"LEFT JOIN (SELECT {CELLULE}, {calculs} FROM {lignes} GROUP BY {CELLULE}) {alias} USING ({CELLULE})")
            selection |= {nom: f"CASE WHEN NOT est_incomplete THEN {alias}.{nom} END" for nom in voulus}
    agregats = ", ".join(f"{selection.get(nom, 'NULL')} AS {nom}" for nom in TYPES)
    connexion.execute(f"""
        INSERT INTO cube
        WITH lignes AS (
            SELECT r.niveau_parent AS niveau, r.code_parent AS code_territoire, periode, axe, modalite, unite, repondant, valeur
            FROM mesures.{mesure.nom} JOIN remontees r USING (niveau, code_territoire))
        SELECT '{mesure.nom}', {CELLULE}, CASE WHEN NOT est_incomplete THEN somme END, nombre_unites, est_incomplete, {agregats}
        FROM cellules {' '.join(jointures)}""")
