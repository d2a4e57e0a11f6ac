"""Contributions, then the cube: every measure, at every level, from the same rows.

A measure gives contributions at the finest level known; each counts in every territory that wholly contains it. Sums,
medians and concentrations all come from the contributions, never from smaller cells. Ratios do not belong here.
"""

from pathlib import Path

import duckdb

from observatoire.derived import versions_of
from observatoire.fingerprints import code_owed
from observatoire.indicators.catalog import Agregat, Mesure, indicateurs, mesures, sources_of_measure
from observatoire.levels import NIVEAUX
from observatoire.obstacle import Obstacle
from observatoire.sources.states import carried_by
from observatoire.warehouse import Entrepot, count_repeats, fingerprint, sql_literal

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
SAUF = "sauf "
# `aucune`, `lignes`, `inconnue`, or the area of each source: the territories it is complete for
Couverture = str | frozenset[tuple[tuple[str, str], ...]]
PAR_UNITE = {"mediane_unites": "median(valeur)::DOUBLE"}
PAR_REPONDANT = {
    "nombre_repondants": "count(*)",
    "plus_gros_repondant": "max(v)",
    "mediane_repondants": "median(v)::DOUBLE",
    "top10_repondants": "list_sum(max(v, 10))::DECIMAL(38,6)",
    # ordered: a sum of floats depends on the order of its terms
    "herfindahl": "CASE WHEN sum(v) <> 0 THEN sum(power(v::DOUBLE, 2) ORDER BY v) / power(sum(v)::DOUBLE, 2) END",
}
TYPES = {
    "nombre_repondants": "BIGINT",
    "plus_gros_repondant": "DECIMAL(38,6)",
    "mediane_unites": "DOUBLE",
    "mediane_repondants": "DOUBLE",
    "top10_repondants": "DECIMAL(38,6)",
    "herfindahl": "DOUBLE",
}


def compute_measure(entrepot: Entrepot, mesure: Mesure) -> int:
    """Compute the contributions of a measure if what it reads changed, check them, write them; return their number.

    Raises:
        Obstacle: a column missing, a null where none may be, an unknown territory, a unit counted twice (a join
            that multiplies), or no total. The former contributions stay.
    """
    lues = (*mesure.lit, "referentiels.territoires")
    entrees = versions_of(entrepot, lues)
    version = measure_version(mesure, entrees)
    if entrepot.version("mesures", mesure.nom) == version:
        return entrepot.count_rows("mesures", mesure.nom)
    with entrepot.connect(lues) as connexion:
        colonnes = ", ".join(f"{nom}::{type_} AS {nom}" for nom, type_ in CONTRIBUTION.items())
        requete = mesure.requete.rstrip().rstrip(";")
        try:
            return entrepot.write_query(
                connexion,
                f"SELECT {colonnes} FROM ({requete}\n)",
                "mesures",
                mesure.nom,
                {"version": version, "entrees": entrees},
                lambda chemin: _check(connexion, mesure, chemin),
            )
        except duckdb.Error as erreur:
            # of what is not `libre`, neither the message nor the cause: DuckDB quotes the value it stumbles on
            dit = str(erreur).splitlines()[0] if mesure.diffusion == "libre" else (
                f"DuckDB s'arrête ({type(erreur).__name__}) et son message, qui peut citer une valeur restreinte, "
                "n'est pas repris : exécuter la requête à la main sur les tables de warehouse/ pour le lire."
            )
            raise Obstacle(
                f"measures/{mesure.nom}.sql : {dit} Colonnes attendues : {', '.join(CONTRIBUTION)}."
            ) from (erreur if mesure.diffusion == "libre" else None)


def measure_version(mesure: Mesure, entrees: dict[str, str | None]) -> str:
    """Return the version of a measure's contributions, from what it reads and its own text."""
    return fingerprint(entrees, mesure.requete, mesure.diffusion, CONTRIBUTION, code_owed(__name__))


def _check(connexion: duckdb.DuckDBPyConnection, mesure: Mesure, chemin: Path) -> None:
    """Check the file of contributions before it takes its place; breakdown by breakdown, so that it holds in memory."""
    connexion.execute(f"CREATE TEMP VIEW calcul AS FROM read_parquet({sql_literal(chemin)})")
    obligatoires = [nom for nom in CONTRIBUTION if nom not in ("valeur", "nombre_unites")]
    controles = {
        "a des lignes sans " + " ou ".join(obligatoires):
            f"SELECT DISTINCT periode, axe FROM calcul WHERE {' OR '.join(f'{nom} IS NULL' for nom in obligatoires)}",
        "nomme des territoires inconnus de referentiels.territoires":
            "SELECT DISTINCT niveau, code_territoire FROM calcul ANTI JOIN referentiels.territoires "
            "USING (niveau, code_territoire) WHERE niveau <> 'inconnu' OR code_territoire <> 'inconnu'",
        "a des périodes sans ligne d'axe « total »":
            "SELECT DISTINCT periode FROM calcul ANTI JOIN (FROM calcul WHERE axe = 'total') USING (periode)",
    }
    if mesure.est_protegee:
        # what protects a sum rests on parts that cannot be negative
        controles["a des valeurs négatives, que le secret statistique ne protège pas"] = (
            "SELECT DISTINCT periode, axe FROM calcul WHERE valeur < 0"
        )
    # examples name places and periods, never a unit: this message goes to logs that are kept
    for reproche, requete in controles.items():
        exemples = connexion.execute(f"{requete} LIMIT 3").fetchall()
        if exemples:
            raise Obstacle(f"measures/{mesure.nom}.sql {reproche}, par exemple {exemples}.")
    for (axe,) in connexion.execute("SELECT DISTINCT axe FROM calcul ORDER BY axe").fetchall():
        connexion.execute(f"CREATE OR REPLACE TEMP VIEW sur_axe AS FROM calcul WHERE axe = {sql_literal(axe)}")
        if doubles := count_repeats(connexion, "sur_axe", "unite, periode, modalite"):
            raise Obstacle(
                f"measures/{mesure.nom}.sql compte plusieurs fois la même unité (une jointure multiplie les lignes ?), "
                f"axe « {axe} », {doubles} cas."
            )


def requested_aggregates(mesure: str) -> set[Agregat]:
    """Return the aggregates that indicators ask of a measure, beside sum and number of units."""
    termes = [terme for i in indicateurs().values() for terme in (i.numerateur, i.denominateur) if terme is not None]
    return {terme.agregat for terme in termes if terme.mesure == mesure} - {"somme", "nombre_unites"}


def coverage_of(entrepot: Entrepot, mesure: Mesure) -> Couverture:
    """Return what a measure is complete for: `aucune`, `lignes`, `inconnue`, or the areas its sources cover."""
    necessaires = tuple(source for source in sources_of_measure(mesure) if not source.facultative)
    portees = [carried_by(entrepot, source) for source in necessaires]
    dites = [portee.couverture for portee in portees if portee is not None]
    for mot in ("aucune", "lignes", "inconnue"):
        if mot in dites:
            return mot
    return frozenset(tuple((niveau, code) for niveau, code in aire) for aire in dites)


def compute_cube(entrepot: Entrepot) -> int:
    """Compute the cube of all measures; return its number of cells."""
    with entrepot.connect(cube_reads()) as connexion:
        lay_ancestors(connexion)
        connexion.execute(f"""
            CREATE TEMP TABLE cube (mesure VARCHAR, niveau VARCHAR, code_territoire VARCHAR, periode VARCHAR,
                axe VARCHAR, modalite VARCHAR, somme DECIMAL(38,6), nombre_unites BIGINT, est_incomplete BOOLEAN,
                {', '.join(f'{nom} {type_}' for nom, type_ in TYPES.items())})""")
        groupes: dict[Couverture, list[Mesure]] = {}
        for mesure in mesures().values():
            groupes.setdefault(coverage_of(entrepot, mesure), []).append(mesure)
        groupes.pop("aucune", None)
        for complete_pour, groupe in groupes.items():
            _covered_territories(connexion, complete_pour)
            for mesure in groupe:
                _cube_of_measure(connexion, mesure, complete_pour)
        entrees = versions_of(entrepot, cube_reads())
        dit = {"version": cube_version(entrees), "entrees": entrees}
        return entrepot.write_query(connexion, f"FROM cube ORDER BY mesure, {CELLULE}", "indicateurs", "cube", dit)


def lay_ancestors(connexion: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table `ancetres`, once: the territories that wholly contain each, and each itself."""
    connexion.execute("""
        CREATE TEMP TABLE IF NOT EXISTS ancetres AS
        SELECT niveau, code_territoire, niveau_parent, code_parent FROM referentiels.appartenances
        UNION ALL SELECT niveau, code_territoire, niveau, code_territoire FROM referentiels.territoires
        UNION ALL SELECT 'inconnu', 'inconnu', 'inconnu', 'inconnu'""")


def cube_reads() -> tuple[str, ...]:
    """Return the tables the cube is computed from: every measure, and what contains its places."""
    return (*(f"mesures.{nom}" for nom in mesures()), "referentiels.territoires", "referentiels.appartenances")


def cube_version(entrees: dict[str, str | None]) -> str:
    """Return the version of the cube, from the contributions, what contains them and what indicators ask of it."""
    demandes = {nom: sorted(requested_aggregates(nom)) for nom in mesures()}
    return fingerprint(entrees, demandes, code_owed(__name__))


def _covered_territories(connexion: duckdb.DuckDBPyConnection, complete_pour: Couverture) -> None:
    """List the territories wholly inside what every source covers, how many parts each has, and the unknown place."""
    requetes = ["SELECT niveau, code_territoire FROM referentiels.territoires UNION ALL SELECT 'inconnu', 'inconnu'"]
    for aire in complete_pour if isinstance(complete_pour, frozenset) else ():
        exceptions = [(niveau.removeprefix(SAUF), code) for niveau, code in aire if niveau.startswith(SAUF)]
        incluses = [(niveau, code) for niveau, code in aire if not niveau.startswith(SAUF)]
        dedans = [_inside([*incluses, ("inconnu", "inconnu")])]
        if ("france", "FR") in aire:
            # overseas collectivities lie in no région: they count for themselves
            dedans.append("FROM isolees")
        requetes.append(f"(({') UNION ('.join(dedans)})) EXCEPT ({_inside(exceptions)})")
    connexion.execute(f"""
        CREATE OR REPLACE TEMP TABLE isolees AS
        SELECT niveau, code_territoire FROM referentiels.territoires
        ANTI JOIN (FROM ancetres WHERE niveau_parent = 'france') USING (niveau, code_territoire);
        CREATE OR REPLACE TEMP TABLE couverts AS ({') INTERSECT ('.join(requetes)});
        CREATE OR REPLACE TEMP TABLE attendus AS
        SELECT niveau_parent AS niveau, code_parent AS code_territoire, niveau AS fin, count(*) AS attendus
        FROM ancetres SEMI JOIN couverts USING (niveau, code_territoire) GROUP BY ALL""")


def _inside(aire: list[tuple[str, str]]) -> str:
    """Query the territories that lie wholly inside one of these."""
    valeurs = ", ".join(f"('{niveau}', '{code}')" for niveau, code in aire) or "(NULL, NULL)"
    return f"""
        SELECT niveau, code_territoire FROM ancetres
        SEMI JOIN (VALUES {valeurs}) aire (niveau_parent, code_parent) USING (niveau_parent, code_parent)"""


def _cube_of_measure(connexion: duckdb.DuckDBPyConnection, mesure: Mesure, complete_pour: Couverture) -> None:
    # without coverage a row is only about the place it names: what lies around it is not known to be complete
    montee = "niveau = niveau_parent AND code_territoire = code_parent" if complete_pour == "lignes" else "true"
    connexion.execute(f"""
        CREATE OR REPLACE TEMP TABLE remontees AS
        SELECT niveau, code_territoire, niveau_parent, code_parent FROM ancetres
        SEMI JOIN mesures.{mesure.nom} USING (niveau, code_territoire)
        SEMI JOIN couverts c ON c.niveau = niveau_parent AND c.code_territoire = code_parent
        WHERE {montee};
        CREATE OR REPLACE TEMP TABLE apports AS
        WITH sur_place AS (
            SELECT {CELLULE}, sum(valeur) AS s, count(*) - count(valeur) AS inconnues,
                   CASE WHEN count(nombre_unites) = count(*) THEN sum(nombre_unites) END AS n
            FROM mesures.{mesure.nom} GROUP BY ALL)
        SELECT niveau_parent AS niveau, code_parent AS code_territoire, periode, axe, modalite, r.niveau AS fin,
               sum(s) AS s, CASE WHEN count(n) = count(*) THEN sum(n) END AS n, sum(inconnues) AS inconnues,
               count(*) AS presents
        FROM sur_place JOIN remontees r USING (niveau, code_territoire) GROUP BY ALL;
        CREATE OR REPLACE TEMP TABLE cellules AS
        SELECT {CELLULE}, sum(s)::DECIMAL(38,6) AS somme,
               CASE WHEN count(n) = count(*) THEN sum(n)::BIGINT END AS nombre_unites,
               sum(inconnues) > 0 AS est_incomplete
        FROM apports GROUP BY ALL""")
    if isinstance(complete_pour, frozenset):
        lues = [source for source in sources_of_measure(mesure) if not source.facultative]
        comptees = [source for source in lues if source.famille != "references"]
        if comptees and all(source.absence == "zero" for source in comptees):
            _fill_with_zeros(connexion)
        else:
            _drop_partial_cells(connexion)
    _add_aggregates(connexion, mesure)


def _fill_with_zeros(connexion: duckdb.DuckDBPyConnection) -> None:
    """Give its zero to each cell where the sources are complete and have no row, from the finest level known up.

    In a commune only the total has its zero: a breakdown writes what is there, and what is not there is a zero since
    the total says that the commune is covered. Thirty-five thousand communes have few activities each.
    """
    connexion.execute(f"""
        INSERT INTO cellules
        WITH ventilations AS (
            SELECT DISTINCT periode, axe, modalite,
                   min(list_position({list(NIVEAUX)}, niveau)) OVER (PARTITION BY periode, axe) AS fin
            FROM cellules)
        SELECT c.niveau, c.code_territoire, v.periode, v.axe, v.modalite, 0, 0, false
        FROM couverts c JOIN ventilations v ON list_position({list(NIVEAUX)}, c.niveau) >= v.fin
        ANTI JOIN cellules d ON d.niveau = c.niveau AND d.code_territoire = c.code_territoire
             AND d.periode = v.periode AND d.axe = v.axe AND d.modalite = v.modalite
        WHERE c.niveau <> 'inconnu' AND (c.niveau <> 'commune' OR v.axe = 'total')""")


def _drop_partial_cells(connexion: duckdb.DuckDBPyConnection) -> None:
    """Drop the cells of territories of which some part has no row: an omitted row is not a zero."""
    connexion.execute(f"""
        DELETE FROM cellules WHERE ({CELLULE}) IN (
            SELECT ({CELLULE}) FROM apports JOIN attendus USING (niveau, code_territoire, fin)
            WHERE presents < attendus AND fin <> niveau)""")


def _add_aggregates(connexion: duckdb.DuckDBPyConnection, mesure: Mesure) -> None:
    """Add to the cube the cells of a measure, with the medians and concentrations its indicators ask for."""
    demandes = requested_aggregates(mesure.nom)
    jointures: list[str] = []
    selection: dict[str, str] = {}
    for expressions, lignes in (
        (PAR_UNITE, "lignes"),
        (PAR_REPONDANT, f"(SELECT {CELLULE}, repondant, sum(valeur) AS v FROM lignes GROUP BY ALL)"),
    ):
        voulus = {nom: expression for nom, expression in expressions.items() if nom in demandes}
        if voulus:
            alias = f"j{len(jointures)}"
            calculs = ", ".join(f"{expression} AS {nom}" for nom, expression in voulus.items())
            par_cellule = f"SELECT {CELLULE}, {calculs} FROM {lignes} GROUP BY {CELLULE}"
            jointures.append(f"LEFT JOIN ({par_cellule}) {alias} USING ({CELLULE})")
            # where there is nothing, a count is zero; a median is not
            a_vide = {nom: "0" if nom == "nombre_repondants" else "NULL" for nom in voulus}
            selection |= {
                nom: f"CASE WHEN NOT est_incomplete THEN coalesce({alias}.{nom}, {vide}) END"
                for nom, vide in a_vide.items()
            }
    agregats = ", ".join(f"{selection.get(nom, 'NULL')} AS {nom}" for nom in TYPES)
    connexion.execute(f"""
        INSERT INTO cube
        WITH lignes AS (
            SELECT niveau_parent AS niveau, code_parent AS code_territoire, periode, axe, modalite, repondant, valeur
            FROM mesures.{mesure.nom} JOIN remontees r USING (niveau, code_territoire)
            -- a row of nothing says that its place is covered: it is no respondent
            WHERE (nombre_unites = 0 AND valeur = 0) IS NOT TRUE)
        SELECT '{mesure.nom}', {CELLULE}, CASE WHEN NOT est_incomplete THEN somme END, nombre_unites, est_incomplete,
               {agregats}
        FROM cellules {' '.join(jointures)}""")
