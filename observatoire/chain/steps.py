"""The steps of the chain, in order: the one list of what is computed, from what, and what of it is public.

What a step computes belongs to its room; the check of the whole to `check`. What takes long to load is loaded by the
step that computes with it: knowing what is to be done needs none of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial

from observatoire.chain.step import LIGNES, Bilan, Etape, TablePublique
from observatoire.confidentiality.suppressed import LISENT as SUPPRESSIONS_LISENT
from observatoire.confidentiality.suppressed import SUPPRESSIONS, suppressions_depend_on, suppressions_version
from observatoire.derived import Derivee, compute_table, table_version, versions_of
from observatoire.estimation.computation import ECRITES, compute_estimations, estimations_version
from observatoire.estimation.tables import LUES_RETROTESTS
from observatoire.graph import links
from observatoire.graph.tables import TABLES, graph_version
from observatoire.indicators.catalog import Mesure, indicateurs, mesures, sources_of_indicator, sources_of_measure
from observatoire.indicators.cube import compute_cube, compute_measure, cube_reads, cube_version, measure_version
from observatoire.indicators.values import CATALOGUE, VALEURS, VALEURS_LISENT, compute_indicators, values_version
from observatoire.matching import tables as noms
from observatoire.matching.computation import compute_matches, matches_version
from observatoire.obstacle import Obstacle
from observatoire.reconciliation import document_arithmetic, jobs_bridge, verdicts
from observatoire.reconciliation.estimate_scores import NOTES
from observatoire.schemas import PROVENANCE, Table
from observatoire.socle.computed_tables import derivees, sources_of
from observatoire.socle.members import AXES_DE_NOMS
from observatoire.sources import Source, sources
from observatoire.sources.states import schema_of, state_of
from observatoire.warehouse import Entrepot

# a breakdown by name says nothing of whom the public file must not name: their amount is in the total only
NOM_TU = f"""axe IN {AXES_DE_NOMS}
    AND coalesce(strip_accents(lower(modalite)) IN (FROM socle.noms_tus), false)"""


@cache
def steps() -> tuple[Etape, ...]:
    """Return the steps in the order they are computed: each after those it reads."""
    return (
        *(_source_step(source) for source in sources().values()),
        *(table_step(derivee) for derivee in derivees().values()),
        _matching_step(),
        *(measure_step(mesure) for mesure in mesures().values()),
        cube_step(),
        Etape(
            nom="suppressions",
            tables={"indicateurs.suppressions": SUPPRESSIONS},
            lit=SUPPRESSIONS_LISENT,
            version=suppressions_version,
            depend_de=suppressions_depend_on,
            calcule=_suppress,
            famille="indicateurs",
            ensemble="suppressions",
            moteurs=("python", "parquet"),
        ),
        _estimation_step(),
        indicator_step(),
        *_confrontation_steps(),
        _graph_step(),
    )


@cache
def step_of(table: str) -> Etape:
    """Return the step that writes a `schema.table`.

    Raises:
        KeyError: no step does.
    """
    return {nom: etape for etape in steps() for nom in etape.tables}[table]


@cache
def published() -> tuple[TablePublique, ...]:
    """Return the public tables that the warehouse holds, in the order of the steps.

    Raises:
        Obstacle: one of them rests on a restricted source.
    """
    check_published(steps())
    return tuple(publique for etape in steps() for publique in etape.publiques)


def check_published(etapes: tuple[Etape, ...]) -> None:
    """Refuse a public table that rests on a restricted source.

    What goes through a measure is kept by the diffusion the measure says, and by the suppressions.

    Raises:
        Obstacle: naming the table and the source.
    """
    restreintes = {f"{schema_of(dite)}.{dite.nom}" for dite in sources().values() if dite.diffusion == "restreinte"}
    lues_par = {table: () if table.startswith("mesures.") else etape.lit for etape in etapes for table in etape.tables}
    for etape in etapes:
        for publique in etape.publiques:
            a_voir, vues = [*etape.tables, *etape.lit, *publique.lit], set()
            while a_voir:
                if (table := a_voir.pop()) not in vues:
                    vues.add(table)
                    a_voir += lues_par.get(table, ())
            if lues := sorted(vues & restreintes):
                raise Obstacle(
                    f"{publique.schema}.{publique.nom} est publiée et lit {', '.join(lues)}, de diffusion restreinte : "
                    "ne pas la publier, ou ne pas la lire."
                )


def _source_step(source: Source) -> Etape:
    table = f"{schema_of(source)}.{source.nom}"

    def version(entrepot: Entrepot) -> str | None:
        etat = state_of(entrepot, source)
        return None if etat is None else etat.version

    def load(entrepot: Entrepot) -> Bilan:
        from observatoire.loading.ingestion import load_source

        return {table: {LIGNES: load_source(entrepot, source).lignes_retenues}}

    est_publique = source.schema_public is not None and source.diffusion == "publique"
    return Etape(
        nom=f"source {source.nom}",
        tables={table: source.table},
        lit=(),
        version=version,
        calcule=load,
        famille=source.famille,
        ensemble="sources",
        moteurs=("pandera", "parquet"),
        publiques=(_public_source(source, table),) if est_publique else (),
        sources=lambda: (source,),
        job="actualiser",
    )


def _public_source(source: Source, table: str) -> TablePublique:
    """Say what of a source is public: rows that may be, names that may be read, verdicts beside what they judge."""
    publiees = f" WHERE {source.publiee_si}" if source.publiee_si else ""
    requete, colonnes = f"FROM {table}{publiees}", source.table.colonnes
    lit: tuple[str, ...] = (table,)
    nominatives = [colonne.nom for colonne in source.table.colonnes if colonne.nominatif]
    if source.anonyme_si and nominatives:
        masques = ", ".join(f"CASE WHEN NOT ({source.anonyme_si}) THEN {nom} END AS {nom}" for nom in nominatives)
        requete = f"SELECT * REPLACE ({masques}) {requete}"
    if table == verdicts.COMPLETE:
        jugement, cle = verdicts.VERDICTS, verdicts.VERDICTS.cle
        colonnes = (*colonnes, *(colonne for colonne in jugement.colonnes if colonne.nom not in cle))
        requete, lit = f"FROM ({requete}) LEFT JOIN {verdicts.NOM} USING ({', '.join(cle)})", (table, verdicts.NOM)
    declaree = Table(source.table.description, (*colonnes, *PROVENANCE))
    schema, _, nom = table.partition(".")
    return TablePublique(schema, nom, declaree, f"{requete} ORDER BY _fichier, _ligne", lit, source.titre)


def table_step(derivee: Derivee) -> Etape:
    """Return the step of a table that one query computes."""
    nom = f"{derivee.schema}.{derivee.nom}"
    origine = " ; ".join(source.titre for source in sources_of(nom))
    return Etape(
        nom=derivee.nom,
        tables={nom: derivee.table},
        lit=derivee.lit,
        version=lambda entrepot: table_version(versions_of(entrepot, derivee.lit), derivee),
        calcule=lambda entrepot: {nom: {LIGNES: compute_table(entrepot, derivee)}},
        famille=derivee.famille,
        ensemble="tables",
        moteurs=("duckdb", "parquet"),
        publiques=(replace(_whole(nom, derivee.table), origine=origine),) if derivee.publiee else (),
        job="actualiser",
        est_rejouee=True,
    )


def _matching_step() -> Etape:
    secrete, publique = "socle.rapprochements_noms", "qualite.rapprochements_noms"

    def match(entrepot: Entrepot) -> Bilan:
        comptes = compute_matches(entrepot)
        conflits = comptes.pop("conflits")
        return {secrete: {LIGNES: sum(comptes.values()), **comptes, "conflits": conflits}, publique: {}}

    return Etape(
        nom="rapprochements_noms",
        tables={secrete: noms.NOMS_RAPPROCHES, publique: noms.QUALITE_NOMS},
        lit=noms.LIT,
        version=lambda entrepot: matches_version(versions_of(entrepot, noms.LIT), entrepot.settings.territoire),
        calcule=match,
        famille="adhesions",
        ensemble="rapprochements_noms",
        moteurs=("python", "parquet"),
        publiques=(_whole(publique, noms.QUALITE_NOMS),),
        job="actualiser",
        est_rejouee=True,
    )


def measure_step(mesure: Mesure) -> Etape:
    """Return the step of the contributions of a measure."""
    nom = f"mesures.{mesure.nom}"
    lit = tuple(dict.fromkeys((*mesure.lit, "referentiels.territoires")))
    return Etape(
        nom=nom,
        tables={nom: Table(mesure.description, ())},
        lit=lit,
        version=lambda entrepot: measure_version(mesure, versions_of(entrepot, lit)),
        calcule=lambda entrepot: {nom: {LIGNES: compute_measure(entrepot, mesure)}},
        famille="mesures",
        ensemble="mesures",
        moteurs=("sql", "parquet"),
        sources=lambda: sources_of_measure(mesure),
        dit={"requête": f"```sql\n{mesure.requete}\n```"},
        est_rejouee=True,
    )


def cube_step() -> Etape:
    """Return the step of the cube."""
    return Etape(
        nom="cube",
        tables={"indicateurs.cube": Table("Chaque mesure, à chaque niveau de territoire, par ventilation.", ())},
        lit=cube_reads(),
        version=lambda entrepot: cube_version(versions_of(entrepot, cube_reads())),
        calcule=lambda entrepot: {"indicateurs.cube": {LIGNES: compute_cube(entrepot)}},
        famille="indicateurs",
        ensemble="cube",
        moteurs=("duckdb", "parquet"),
        est_rejouee=True,
    )


def _suppress(entrepot: Entrepot) -> Bilan:
    from observatoire.confidentiality.suppressions import compute_suppressions

    bilan = compute_suppressions(entrepot)
    return {
        "indicateurs.suppressions": {
            LIGNES: bilan.cellules,
            "par une règle": bilan.primaires,
            "pour en protéger une autre": bilan.secondaires,
            "tableaux que τ-Argus n'a pas traités": bilan.echecs_tau,
            "règle des 80 % non vérifiée": ", ".join(bilan.sans_regle_80) or "aucune",
        }
    }


def _estimation_step() -> Etape:
    tables = {".".join(nom): table for nom, table in ECRITES.items()}
    origine = " ; ".join(sorted({source.titre for lue in LUES_RETROTESTS for source in sources_of(lue)}))
    return Etape(
        nom="estimations",
        tables=tables,
        lit=LUES_RETROTESTS,
        version=lambda entrepot: estimations_version(versions_of(entrepot, LUES_RETROTESTS)),
        calcule=lambda entrepot: {nom: {LIGNES: n} for nom, n in compute_estimations(entrepot).items()},
        famille="indicateurs",
        ensemble="estimations",
        moteurs=("python", "parquet"),
        publiques=tuple(replace(_whole(nom, table), origine=origine) for nom, table in tables.items()),
        est_rejouee=True,
    )


def indicator_step() -> Etape:
    """Return the step of the values and of the catalogue."""

    def compute(entrepot: Entrepot) -> Bilan:
        comptes = compute_indicators(entrepot)
        detail = "\n".join(f"- {indicateurs()[nom].titre} : {nombre}" for nom, nombre in comptes.items())
        return {
            "indicateurs.valeurs": {LIGNES: sum(comptes.values()), "valeurs par indicateur": detail},
            "indicateurs.catalogue": {LIGNES: len(comptes)},
        }

    valeurs = replace(_whole("indicateurs.valeurs", VALEURS), requete=f"FROM indicateurs.valeurs WHERE NOT ({NOM_TU})")
    return Etape(
        nom="indicateurs",
        tables={"indicateurs.valeurs": VALEURS, "indicateurs.catalogue": CATALOGUE},
        lit=VALEURS_LISENT,
        version=lambda entrepot: values_version(versions_of(entrepot, VALEURS_LISENT)),
        calcule=compute,
        famille="indicateurs",
        ensemble="indicateurs",
        moteurs=("duckdb", "parquet"),
        # the catalogue is what the observatory says of itself
        publiques=(valeurs, replace(_whole("indicateurs.catalogue", CATALOGUE), lit=())),
        sources=lambda: (source for dit in indicateurs().values() for source in sources_of_indicator(dit)),
        est_rejouee=True,
    )


def _confrontation_steps() -> tuple[Etape, ...]:
    """Set documents against what is computed and against themselves, counts and estimates against each other."""

    def step(
        nom: str,
        table: Table,
        lit: tuple[str, ...],
        version: Callable[[dict[str, str | None]], str],
        calcule: Callable[[Entrepot], Mapping[str, int]],
        est_publique: bool = True,
    ) -> Etape:
        def compute(entrepot: Entrepot) -> Bilan:
            comptes = calcule(entrepot)
            return {nom: {LIGNES: sum(comptes.values()), **comptes}}

        return Etape(
            nom=nom.partition(".")[2],
            tables={nom: table},
            lit=lit,
            version=lambda entrepot: version(versions_of(entrepot, lit)),
            calcule=compute,
            famille="indicateurs",
            ensemble="confrontations",
            moteurs=("python", "parquet"),
            publiques=(_whole(nom, table),) if est_publique else (),
        )

    return (
        step(
            verdicts.NOM,
            verdicts.VERDICTS,
            verdicts.LIT,
            verdicts.verdicts_version,
            verdicts.compute_verdicts,
            est_publique=False,  # they are public beside what they judge
        ),
        step(
            "indicateurs.arithmetique_declarations",
            document_arithmetic.ARITHMETIQUE,
            document_arithmetic.LIT,
            document_arithmetic.arithmetic_version,
            document_arithmetic.compute_arithmetic,
        ),
        step(
            "indicateurs.pont_emploi",
            jobs_bridge.PONT,
            jobs_bridge.LIT,
            jobs_bridge.bridge_version,
            lambda entrepot: {"écarts": jobs_bridge.compute_bridge(entrepot)},
        ),
        step(
            f"{NOTES.schema}.{NOTES.nom}",
            NOTES.table,
            NOTES.lit,
            partial(table_version, derivee=NOTES),
            lambda entrepot: {"estimations notées": compute_table(entrepot, NOTES)},
        ),
    )


def _graph_step() -> Etape:
    tables = {f"indicateurs.{nom}": table for nom, table in TABLES.items()}

    def compute(entrepot: Entrepot) -> Bilan:
        from observatoire.graph.structure import compute_graph

        return {f"indicateurs.{nom}": {LIGNES: n} for nom, n in compute_graph(entrepot).items()}

    return Etape(
        nom="graphe",
        tables=tables,
        lit=links.LIT,
        version=lambda entrepot: graph_version(versions_of(entrepot, links.LIT)),
        calcule=compute,
        famille="indicateurs",
        ensemble="graphe",
        moteurs=("python", "parquet"),
        publiques=tuple(_whole(nom, table) for nom, table in tables.items()),
    )


def _whole(nom: str, table: Table) -> TablePublique:
    """Say that a table of the warehouse is public as it is."""
    schema, _, court = nom.partition(".")
    return TablePublique(schema, court, table, f"FROM {nom}", (nom,))
