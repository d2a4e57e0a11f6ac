"""From cells to indicators: a measure, or a ratio of two matched as declared; then what derives from them.

Computing cells belongs to `cube`; what people read of an indicator belongs to `publication`.
"""

import duckdb

from observatoire.derived import versions_of
from observatoire.estimation.publication_rule import DEMI_LARGEUR_PCT
from observatoire.estimation.tables import GRANDEURS, REMPLACEES_PAR
from observatoire.estimation.urssaf_totals import ECART_MAXIMUM_PCT
from observatoire.fingerprints import code_owed
from observatoire.indicators.catalog import (
    AGREGATS_PROTEGES,
    CROISEMENT,
    Derive,
    Indicateur,
    Terme,
    figure_of_indicator,
    indicateurs,
    is_estimated,
    mesures,
    sources_of_indicator,
)
from observatoire.indicators.comparison import Chiffre
from observatoire.schemas import BOOLEEN, ENTIER, NOMBRE, REEL, TEXTE, Colonne, Table
from observatoire.sources import sources
from observatoire.sources.states import common_nature, state_of
from observatoire.warehouse import Entrepot, fingerprint

VALEURS = Table(
    "Valeurs publiées : un indicateur, un territoire, une période, une ventilation.",
    (
        Colonne("indicateur", TEXTE, "Indicateur, clé de indicateurs.catalogue."),
        Colonne("niveau", TEXTE, "Niveau du territoire : commune, epci, departement, region, france, inconnu."),
        Colonne("code_territoire", TEXTE, "Code du territoire dans son niveau, ou inconnu."),
        Colonne("libelle_territoire", TEXTE, "Nom du territoire."),
        Colonne("periode", TEXTE, "Année ou date dont parle la valeur, ou inconnu."),
        Colonne("axe", TEXTE, "Ventilation : total, famille, secteur…"),
        Colonne("modalite", TEXTE, "Modalité de la ventilation ; total ou inconnu compris."),
        Colonne("valeur", REEL, "Valeur, dans l'unité de l'indicateur ; vide quand elle ne peut être calculée."),
        Colonne("borne_basse", REEL, "Borne basse d'une valeur estimée ou d'un rang."),
        Colonne("borne_haute", REEL, "Borne haute d'une valeur estimée ou d'un rang."),
        Colonne("unite", TEXTE, "Unité de la valeur."),
        Colonne("numerateur", NOMBRE, "Numérateur exact (pour un montant, la somme au centime)."),
        Colonne("denominateur", NOMBRE, "Dénominateur exact ; vide quand l'indicateur n'est pas un rapport."),
        Colonne("periode_denominateur", TEXTE, "Période du dénominateur."),
        Colonne("nombre_unites", ENTIER, "Nombre d'unités derrière le numérateur."),
        Colonne("statut_observation", TEXTE, "SDMX : A normal, E estimé, P provisoire, B rupture, O non disponible."),
        Colonne("statut_confidentialite", TEXTE, "F libre, C supprimé."),
        Colonne("nature", TEXTE, "reelle, ou demonstration dès qu'une donnée d'entrée l'est."),
    ),
    cle=("indicateur", "niveau", "code_territoire", "periode", "axe", "modalite"),
)

CATALOGUE = Table(
    "Indicateurs publiés, avec leur définition, leur champ et leurs sources.",
    (
        Colonne("indicateur", TEXTE, "Nom de l'indicateur."),
        Colonne("titre", TEXTE, "Titre."),
        Colonne("theme", TEXTE, "Partie du portrait."),
        Colonne("unite", TEXTE, "Unité."),
        Colonne("decimales", ENTIER, "Nombre de décimales à afficher."),
        Colonne("definition", TEXTE, "Définition."),
        Colonne("champ", TEXTE, "Champ couvert et exclu."),
        Colonne("unite_statistique", TEXTE, "Ce qui est compté, et quand : moyenne annuelle, postes au 31 décembre…"),
        Colonne("champ_statistique", TEXTE, "Parmi qui, en des mots qui se comparent d'un indicateur à l'autre."),
        Colonne("perimetre", TEXTE, "Définition de l'ESS retenue ; vide pour ce qui compte tout le monde."),
        Colonne("producteurs", TEXTE, "Producteurs de ce qui est compté ; d'une estimation, celui du total de calage."),
        Colonne("unite_denominateur", TEXTE, "Ce que compte le dénominateur, et quand."),
        Colonne("champ_denominateur", TEXTE, "Parmi qui le dénominateur compte."),
        Colonne("perimetre_denominateur", TEXTE, "Définition de l'ESS du dénominateur ; vide s'il compte tous."),
        Colonne("producteurs_denominateur", TEXTE, "Producteurs de ce que compte le dénominateur."),
        Colonne("mesure_numerateur", TEXTE, "Mesure du numérateur et son agrégat."),
        Colonne("mesure_denominateur", TEXTE, "Mesure du dénominateur et son agrégat."),
        Colonne("libelle_numerateur", TEXTE, "Ce que compte le numérateur."),
        Colonne("libelle_denominateur", TEXTE, "Ce que compte le dénominateur."),
        Colonne("sources", TEXTE, "Sources."),
        Colonne("licence", TEXTE, "Licences de ces sources."),
        Colonne("reutilisation", TEXTE, "Ce que ces licences demandent à qui réutilise la valeur."),
        Colonne("ruptures", TEXTE, "Ruptures de série."),
        Colonne("nature", TEXTE, "reelle, ou demonstration dès qu'une source l'est."),
        Colonne("est_derive", BOOLEEN, "Calculé à partir d'un autre indicateur."),
    ),
    cle=("indicateur",),
)


# what is calibrated on a table under this licence is data derived from it, whatever else it is made of
ODBL = "ODbL 1.0"
VALEURS_LISENT = (
    "indicateurs.cube",
    "indicateurs.suppressions",
    "indicateurs.estimations",
    "referentiels.territoires",
    "referentiels.appartenances",
    "referentiels.comparables",
)


def nature_of(entrepot: Entrepot, indicateur: Indicateur) -> str:
    """Return `demonstration` as soon as one source of an indicator is."""
    return common_nature(entrepot, sources_of_indicator(indicateur))


def compute_indicators(entrepot: Entrepot) -> dict[str, int]:
    """Compute every value of every indicator and the catalogue; return the number of values of each indicator."""
    with entrepot.connect(VALEURS_LISENT) as connexion:
        colonnes = ", ".join(f"{colonne.nom} {colonne.type_sql}" for colonne in VALEURS.colonnes)
        connexion.execute(f"CREATE TEMP TABLE valeurs ({colonnes})")
        # of cells their producer already protected, one that has no value was withheld: it is not merely unknown
        deja = ", ".join(f"'{mesure.nom}'" for mesure in mesures().values() if mesure.diffusion == "producteur")
        connexion.execute(f"""
            CREATE TEMP VIEW cellules_marquees AS
            SELECT c.*, s.raison IS NOT NULL OR (est_incomplete AND mesure IN ({deja or "''"})) AS est_supprimee
            FROM indicateurs.cube c
            LEFT JOIN indicateurs.suppressions s USING (mesure, {', '.join(VALEURS.cle[1:])})""")
        for indicateur in indicateurs().values():
            if indicateur.numerateur is not None:
                _insert_values(connexion, indicateur, indicateur.numerateur, nature_of(entrepot, indicateur))
            if indicateur.estimation is not None:
                _insert_estimates(connexion, indicateur)
        for indicateur in indicateurs().values():
            if indicateur.derive is not None:
                _insert_derived(connexion, indicateur, indicateur.derive)
        entrees = versions_of(entrepot, VALEURS_LISENT)
        dit: dict[str, object] = {"version": values_version(entrees), "entrees": entrees}
        entrepot.write_query(
            connexion, f"FROM valeurs ORDER BY {', '.join(VALEURS.cle)}", "indicateurs", "valeurs", dit
        )
        _write_catalogue(connexion, entrepot, dit)
        comptes = connexion.execute("SELECT indicateur, count(*) FROM valeurs GROUP BY ALL").fetchall()
    return {nom: dict(comptes).get(nom, 0) for nom in indicateurs()}


def values_version(entrees: dict[str, str | None]) -> str:
    """Return the version of the values, from the cube, what is suppressed of it and the declarations."""
    return fingerprint(entrees, code_owed(__name__, "indicators.yml"))


def _insert_values(
    connexion: duckdb.DuckDBPyConnection, indicateur: Indicateur, numerateur: Terme, nature: str
) -> None:
    denominateur = indicateur.denominateur
    cellules = f"SELECT * FROM cellules_marquees WHERE mesure = '{numerateur.mesure}'{_on(indicateur)}"
    # nobody's place is everybody's: what is there adds up and counts, and compares nothing but a network, or an event,
    # to itself
    if numerateur.agregat not in AGREGATS_PROTEGES:
        cellules += " AND niveau <> 'inconnu'"
    elif denominateur is not None and denominateur.mesure != numerateur.mesure:
        meme = denominateur.modalite == "meme"
        cellules += " AND (niveau <> 'inconnu' OR axe <> 'total')" if meme else " AND niveau <> 'inconnu'"
    if mesures()[numerateur.mesure].est_protegee:
        # the crossing of two breakdowns in a commune counts too few units for any of it to be published
        cellules += f" AND NOT (niveau = 'commune' AND contains(axe, '{CROISEMENT}'))"
    haut = f"n.{numerateur.agregat}"
    if denominateur is None:
        jointure, bas, periode_bas, valeur = "", "NULL", "NULL", f"{haut}::DOUBLE * {indicateur.facteur}"
        supprimee = "n.est_supprimee"
    else:
        jointure, bas, periode_bas = _join(denominateur), f"d.{denominateur.agregat}", "d.periode"
        valeur = f"CASE WHEN {bas} <> 0 THEN {haut}::DOUBLE / {bas}::DOUBLE * {indicateur.facteur} END"
        supprimee = "(n.est_supprimee OR d.est_supprimee)"
    # of a suppressed row no figure is left, and nothing tells which term or which rule it is
    libre = f"CASE WHEN NOT {supprimee} THEN"
    connexion.execute(f"""
        INSERT INTO valeurs
        SELECT '{indicateur.nom}', n.niveau, n.code_territoire, coalesce(t.libelle, 'Lieu inconnu'), n.periode, n.axe,
               n.modalite, {libre} {valeur} END AS valeur, NULL, NULL, $unite, {libre} {haut} END, {libre} {bas} END,
               {periode_bas}, {libre} n.nombre_unites END,
               CASE WHEN valeur IS NULL THEN 'O' ELSE '{indicateur.statut}' END,
               CASE WHEN {supprimee} THEN 'C' ELSE 'F' END, '{nature}'
        FROM ({cellules}) n {jointure}
        LEFT JOIN referentiels.territoires t ON t.niveau = n.niveau AND t.code_territoire = n.code_territoire""",
        {"unite": indicateur.unite},
    )
    if indicateur.deduit:
        connexion.execute(f"""
            UPDATE valeurs SET statut_observation = 'E'
            WHERE indicateur = '{indicateur.nom}' AND valeur IS NOT NULL AND (niveau, code_territoire, periode) IN (
                SELECT (niveau, code_territoire, periode) FROM indicateurs.cube WHERE mesure = '{numerateur.mesure}'
                AND axe = '{indicateur.deduit}' AND modalite = 'deduit')""")
    if indicateur.rupture:
        _mark_breaks(connexion, indicateur, numerateur.mesure)


def _mark_breaks(connexion: duckdb.DuckDBPyConnection, indicateur: Indicateur, mesure: str) -> None:
    """Mark the values of a period that has nothing in common with the one before, an unknown one being the first."""
    connexion.execute(f"""
        WITH ensembles AS (
            SELECT niveau, code_territoire, periode, list(modalite) AS presentes FROM indicateurs.cube
            WHERE mesure = '{mesure}' AND axe = '{indicateur.rupture}' GROUP BY ALL),
        suivis AS (
            SELECT *, lag(presentes) OVER (PARTITION BY niveau, code_territoire
                                           ORDER BY periode <> 'inconnu', periode) AS avant FROM ensembles)
        UPDATE valeurs SET statut_observation = 'B'
        WHERE indicateur = '{indicateur.nom}' AND axe <> '{indicateur.rupture}' AND valeur IS NOT NULL
          AND (niveau, code_territoire, periode) IN (
              SELECT (niveau, code_territoire, periode) FROM suivis WHERE NOT list_has_any(presentes, avant))""")


def _insert_estimates(connexion: duckdb.DuckDBPyConnection, indicateur: Indicateur) -> None:
    """Insert estimates as they may be published, alone or as a share of a denominator.

    Where an ordered table has the cell, the estimate gives way, but its share stays: nothing else has its scope. A row
    without figures stays.
    """
    chiffres = ("estimation", "borne_basse", "borne_haute")
    lignes = f"""
        SELECT e.*, c.somme IS NOT NULL AS est_remplacee
        FROM indicateurs.estimations e
        LEFT JOIN (FROM indicateurs.cube WHERE mesure = '{REMPLACEES_PAR[str(indicateur.estimation)]}') c
            USING (niveau, code_territoire, periode, axe, modalite)
        WHERE grandeur = '{indicateur.estimation}'{_on(indicateur)}"""
    if indicateur.denominateur is not None:
        lignes = _shares(lignes, indicateur.denominateur)
    else:
        tues = ", ".join(f"CASE WHEN NOT est_remplacee THEN {nom} END AS {nom}" for nom in chiffres)
        lignes = f"SELECT * REPLACE ({tues}), NULL AS bas, NULL AS periode_bas FROM ({lignes})"
    estimation, basse, haute = (
        f"n.{nom} * {indicateur.facteur} / coalesce(n.bas::DOUBLE, 1)" for nom in chiffres
    )
    connexion.execute(f"""
        INSERT INTO valeurs
        SELECT '{indicateur.nom}', n.niveau, n.code_territoire, coalesce(t.libelle, 'Lieu inconnu'), n.periode, n.axe,
               n.modalite, {estimation}, {basse}, {haute}, $unite, n.estimation::DECIMAL(38,6), n.bas, n.periode_bas,
               n.nombre_etablissements, CASE WHEN n.borne_basse IS NULL THEN 'O' ELSE 'E' END, 'F', n.nature
        FROM ({lignes}) n
        LEFT JOIN referentiels.territoires t ON t.niveau = n.niveau AND t.code_territoire = n.code_territoire""",
        {"unite": indicateur.unite},
    )


def _shares(estimees: str, denominateur: Terme) -> str:
    """Select estimates that are shares of a denominator, with their bounds and their points.

    Bounds are wider by what the table an estimate is calibrated on and the one of its denominator are measured to
    differ by: unknown or too large, there is no share. The point obeys the rule of any estimate, on these bounds. A
    part does not exceed its whole: none where all of it would.
    """
    ecart = "tolerance_tables_pct / 100"
    return f"""
        SELECT * REPLACE (
            CASE WHEN est_une_part AND estimation <= bas
                      AND large_haute - large_basse <= {2 * DEMI_LARGEUR_PCT / 100} * estimation
                 THEN estimation END AS estimation,
            CASE WHEN est_une_part THEN large_basse END AS borne_basse,
            CASE WHEN est_une_part THEN least(large_haute, bas) END AS borne_haute)
        FROM (
            SELECT n.*, nullif(d.{denominateur.agregat}, 0) AS bas, d.periode AS periode_bas,
                   borne_basse * (1 - {ecart}) AS large_basse, borne_haute * (1 + {ecart}) AS large_haute,
                   tolerance_tables_pct <= {ECART_MAXIMUM_PCT} AND large_basse <= bas AS est_une_part
            FROM ({estimees}) n {_join(denominateur)})"""


def _on(indicateur: Indicateur) -> str:
    axes = ", ".join(f"'{axe}'" for axe in indicateur.axes)
    return f" AND axe IN ({axes})" if axes else ""


def _join(terme: Terme) -> str:
    """Match the denominator: the same cell or its total, the same period or the last one known there.

    `derniere_connue` is the latest period not after the numerator's, failing that the earliest after it; for a
    numerator of unknown period, the latest of all.
    """
    ventilation = "d.axe = n.axe AND d.modalite = n.modalite" if terme.modalite == "meme" else "true"
    total = "" if terme.modalite == "meme" else " AND axe = 'total'"
    if terme.periode == "meme":
        periode = "d.periode = n.periode"
    else:
        periode = f"""d.periode = (
            SELECT coalesce(max(p.periode) FILTER (p.periode <> 'inconnu'
                                AND (n.periode = 'inconnu' OR p.periode[:4] <= n.periode[:4])), min(p.periode))
            FROM (SELECT DISTINCT niveau, code_territoire, periode FROM indicateurs.cube
                  WHERE mesure = '{terme.mesure}') p
            WHERE p.niveau = n.niveau AND p.code_territoire = n.code_territoire)"""
    return f"""JOIN (SELECT * FROM cellules_marquees WHERE mesure = '{terme.mesure}'{total}) d
        ON d.niveau = n.niveau AND d.code_territoire = n.code_territoire AND {ventilation} AND {periode}"""


def _insert_derived(connexion: duckdb.DuckDBPyConnection, indicateur: Indicateur, derive: Derive) -> None:
    """Compute what needs several territories: a specialisation against a reference, a rank among equals."""
    base = f"""(SELECT * FROM valeurs WHERE indicateur = '{derive.indicateur}'
                AND niveau NOT IN ('inconnu', 'commune'){_on(indicateur)})"""
    if derive.type == "specialisation":
        reference = derive.reference or "france"
        libre = "v.statut_confidentialite = 'F' AND r.statut_confidentialite = 'F'"
        requete = f"""
            SELECT v.* REPLACE ('{indicateur.nom}' AS indicateur, $unite AS unite,
                CASE WHEN r.valeur <> 0 THEN v.valeur / r.valeur END AS valeur,
                NULL AS borne_basse, NULL AS borne_haute,
                CASE WHEN {libre} THEN v.valeur::DECIMAL(38,6) END AS numerateur,
                CASE WHEN {libre} THEN r.valeur::DECIMAL(38,6) END AS denominateur, r.periode AS periode_denominateur,
                CASE WHEN {libre} THEN v.nombre_unites END AS nombre_unites,
                CASE WHEN {libre} THEN 'F' ELSE 'C' END AS statut_confidentialite,
                CASE WHEN v.valeur IS NULL OR coalesce(r.valeur, 0) = 0 THEN 'O'
                     ELSE v.statut_observation END AS statut_observation)
            FROM {base} v
            JOIN referentiels.appartenances a
              ON a.niveau = v.niveau AND a.code_territoire = v.code_territoire AND a.niveau_parent = '{reference}'
            JOIN {base} r ON r.niveau = a.niveau_parent AND r.code_territoire = a.code_parent
                         AND r.periode = v.periode AND r.axe = v.axe AND r.modalite = v.modalite"""
    else:
        paires = "FROM bornees v JOIN bornees a USING (niveau, periode, axe, modalite)"
        if derive.parmi == "comparables":
            paires += """ WHERE v.niveau = 'epci' AND (a.code_territoire = v.code_territoire OR (
                v.code_territoire, a.code_territoire) IN (
                SELECT (code_territoire, code_comparable) FROM referentiels.comparables))"""
        # known up to the territories whose range overlaps: exact where values have no bounds; France has no peer
        requete = f"""
            WITH bornees AS (
                SELECT niveau, code_territoire, periode, axe, modalite, coalesce(borne_basse, valeur) AS bas,
                       coalesce(borne_haute, valeur) AS haut
                FROM {base} WHERE coalesce(borne_basse, valeur) IS NOT NULL AND niveau <> 'france'),
            rangs AS (
                SELECT v.niveau, v.code_territoire, v.periode, v.axe, v.modalite, count(*) AS parmi,
                       1 + count(*) FILTER (a.bas > v.haut) AS premier,
                       1 + count(*) FILTER (a.haut > v.bas AND a.code_territoire <> v.code_territoire) AS dernier
                {paires} GROUP BY ALL)
            SELECT v.* REPLACE ('{indicateur.nom}' AS indicateur, $unite AS unite,
                CASE WHEN premier = dernier THEN premier::DOUBLE END AS valeur, premier::DOUBLE AS borne_basse,
                dernier::DOUBLE AS borne_haute, NULL AS numerateur, parmi::DECIMAL(38,6) AS denominateur,
                v.periode AS periode_denominateur)
            FROM {base} v LEFT JOIN rangs USING (niveau, code_territoire, periode, axe, modalite)
            WHERE {"parmi > 1" if derive.parmi == "comparables" else "parmi IS NOT NULL"}
                  OR (v.statut_confidentialite = 'C' AND niveau <> 'france')"""
    connexion.execute(f"INSERT INTO valeurs {requete}", {"unite": indicateur.unite})


def reuse(licences: set[str]) -> str:
    """Say what licences ask of whoever uses a value that rests on them: one share-alike licence binds the whole.

    ODbL 1.0, section 4.4: a database derived from one under ODbL is shared under ODbL. Licence Ouverte 2.0 asks for the
    source and its date, and is compatible with it.
    """
    dites = []
    if any(licence.startswith("ODbL") for licence in licences):
        dites.append(
            "données dérivées d'une base sous ODbL 1.0 : une base qui en est tirée se partage sous la même licence, "
            "en citant son producteur"
        )
    if any(licence.startswith("Licence Ouverte") for licence in licences):
        dites.append("citer les sources et leur date")
    return " ; ".join(dites)


def _write_catalogue(connexion: duckdb.DuckDBPyConnection, entrepot: Entrepot, dit: dict[str, object]) -> None:
    colonnes = ", ".join(f"{colonne.nom} {colonne.type_sql}" for colonne in CATALOGUE.colonnes)
    connexion.execute(f"CREATE TEMP TABLE catalogue ({colonnes})")
    etats = {nom: state_of(entrepot, source) for nom, source in sources().items()}
    licences_lues = {nom: {lu.licence for lu in etat.fichiers} if etat else set() for nom, etat in etats.items()}
    for indicateur in indicateurs().values():
        # a list that only adds reasons is no source of what does not count them: the large perimeter says it itself
        lues = {
            source.nom: source for source in sources_of_indicator(indicateur) if not source.facultative
        }
        licences = {licence for nom in lues for licence in licences_lues[nom]}
        # a demonstration is shared as what it imitates: the real file that takes its place frees nothing
        licences |= {ODBL for source in lues.values() if source.licence == ODBL}
        if is_estimated(indicateur):
            licences = {licence for licence in licences if licence != ODBL} | {f"{ODBL} (donnée dérivée de l'Urssaf)"}
        termes = (indicateur.numerateur, indicateur.denominateur)
        noms = [f"{terme.mesure} ({terme.agregat})" if terme is not None else None for terme in termes]
        libelles = [mesures()[terme.mesure].description if terme is not None else None for terme in termes]
        if indicateur.estimation is not None:
            noms[0] = f"indicateurs.estimations ({indicateur.estimation})"
            libelles[0] = f"Estimation : {GRANDEURS[indicateur.estimation]}."
        chiffre = figure_of_indicator(indicateur)
        ligne = [
            indicateur.nom, indicateur.titre, indicateur.theme, indicateur.unite, indicateur.decimales,
            indicateur.definition, indicateur.champ,
            *_words(chiffre), *_words(chiffre.denominateur), *noms, *libelles,
            " ; ".join(sorted(source.titre for source in lues.values())),
            " ; ".join(sorted(licences)), reuse(licences),
            " ; ".join(sorted({source.ruptures for source in lues.values()} - {""})),
            nature_of(entrepot, indicateur), indicateur.derive is not None,
        ]
        connexion.execute(f"INSERT INTO catalogue VALUES ({', '.join('?' * len(ligne))})", ligne)
    entrepot.write_query(connexion, "FROM catalogue ORDER BY theme, indicateur", "indicateurs", "catalogue", dit)


def _words(chiffre: Chiffre | None) -> tuple[str | None, ...]:
    """Return the unit, scope, perimeter and producers of a term, as the catalogue writes them."""
    if chiffre is None:
        return (None,) * 4
    producteurs = " ; ".join(sorted(chiffre.producteurs))
    return chiffre.unite or None, chiffre.champ or None, chiffre.perimetre or None, producteurs
