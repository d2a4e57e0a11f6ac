"""Territories and what contains what: communes, EPCI, départements, régions, France.

EPCI do not nest: 89 straddle départements, 26 straddle régions. An ancestor is therefore a territory that *wholly*
contains another. The territory of one source's rows does not belong here.
"""

from observatoire.derived import Derivee
from observatoire.levels import NIVEAUX
from observatoire.schemas import ENTIER, REEL, TEXTE, Colonne, Table, refus

NOMBRE_DE_COMPARABLES = 20

# Municipal populations add up; a territory with a commune whose population is unknown has none, and its year is empty
# where the communes' differ.
TERRITOIRES = Derivee(
    nom="territoires",
    schema="referentiels",
    famille="references",
    lit=("referentiels.communes", "referentiels.zonages"),
    publiee=True,
    table=Table(
        "Territoires de chaque niveau, avec leur population municipale et son millésime.",
        (
            Colonne(
                "niveau",
                TEXTE,
                "Niveau : commune, epci, departement, region, france.",
                obligatoire=True,
                regles=(refus("niveau_connu", "niveau inconnu", lambda v: v.isin(NIVEAUX)),),
            ),
            Colonne("code_territoire", TEXTE, "Code dans son niveau ; la clé est le couple.", obligatoire=True),
            Colonne("libelle", TEXTE, "Nom du territoire.", obligatoire=True),
            Colonne("type_zonage", TEXTE, "Type d'EPCI : METRO, CU, CA, CC, MET69."),
            Colonne(
                "population",
                ENTIER,
                "Population municipale ; vide où elle n'est pas connue en entier.",
                unite="habitants",
            ),
            Colonne(
                "millesime_population",
                TEXTE,
                "Année de référence de la population ; vide si elle diffère selon les communes.",
            ),
        ),
        cle=("niveau", "code_territoire"),
    ),
    requete="""
        WITH rattachees AS (
            SELECT 'epci' AS niveau, code_epci AS code_territoire, * FROM referentiels.communes
            UNION ALL SELECT 'departement', code_departement, * FROM referentiels.communes
            UNION ALL SELECT 'region', code_region, * FROM referentiels.communes
            UNION ALL SELECT 'france', 'FR', * FROM referentiels.communes WHERE code_region IS NOT NULL),
        sommes AS (
            SELECT niveau, code_territoire,
                   CASE WHEN count(population_municipale) = count(*)
                        THEN sum(population_municipale)::BIGINT END AS population,
                   CASE WHEN count(DISTINCT coalesce(millesime_population, '')) = 1
                        THEN max(millesime_population) END AS millesime_population
            FROM rattachees WHERE code_territoire IS NOT NULL GROUP BY ALL)
        SELECT 'commune' AS niveau, code_commune AS code_territoire, libelle_commune AS libelle,
               NULL::VARCHAR AS type_zonage, population_municipale AS population, millesime_population
        FROM referentiels.communes
        UNION ALL
        SELECT niveau, code_territoire, libelle, type_zonage, population, millesime_population
        FROM referentiels.zonages LEFT JOIN sommes USING (niveau, code_territoire)
        ORDER BY ALL""",
    controles=(
        (
            "ignore des territoires que nomment les communes (mettre à jour raw/communes et raw/zonages ensemble)",
            """
            SELECT count(*) FROM (
                SELECT DISTINCT unnest([{n: 'epci', c: code_epci}, {n: 'departement', c: code_departement},
                                        {n: 'region', c: code_region}]) AS parent FROM referentiels.communes) nommes
            ANTI JOIN calcul ON calcul.niveau = parent.n AND calcul.code_territoire = parent.c
            WHERE parent.c IS NOT NULL""",
        ),
    ),
)

APPARTENANCES = Derivee(
    nom="appartenances",
    schema="referentiels",
    famille="references",
    lit=("referentiels.communes", "referentiels.zonages"),
    publiee=True,
    table=Table(
        "Territoires qui en contiennent d'autres tout entiers.",
        (
            Colonne("niveau", TEXTE, "Niveau du territoire contenu.", obligatoire=True),
            Colonne("code_territoire", TEXTE, "Code du territoire contenu.", obligatoire=True),
            Colonne("niveau_parent", TEXTE, "Niveau du territoire qui le contient.", obligatoire=True),
            Colonne("code_parent", TEXTE, "Code du territoire qui le contient.", obligatoire=True),
            Colonne("millesime_cog", TEXTE, "Millésime du code officiel géographique.", obligatoire=True),
        ),
        cle=("niveau", "code_territoire", "niveau_parent", "code_parent"),
    ),
    requete="""
        WITH places AS (
            SELECT unnest([{n: 'commune', c: code_commune}, {n: 'epci', c: code_epci},
                           {n: 'departement', c: code_departement}, {n: 'region', c: code_region}]) AS enfant,
                   [{n: 'epci', c: code_epci}, {n: 'departement', c: code_departement}, {n: 'region', c: code_region},
                    {n: 'france', c: CASE WHEN code_region IS NOT NULL THEN 'FR' END}] AS parents, millesime_cog
            FROM referentiels.communes),
        paires AS (SELECT enfant, unnest(parents) AS parent, millesime_cog FROM places WHERE enfant.c IS NOT NULL),
        partages AS (
            SELECT enfant, parent, count(*) AS communes, max(millesime_cog) AS millesime_cog FROM paires GROUP BY ALL),
        communes_partagees AS (
            SELECT *, sum(communes) OVER (PARTITION BY enfant, parent.n) AS communes_de_l_enfant FROM partages)
        SELECT enfant.n AS niveau, enfant.c AS code_territoire, parent.n AS niveau_parent, parent.c AS code_parent,
               millesime_cog
        FROM communes_partagees
        WHERE communes = communes_de_l_enfant AND parent.c IS NOT NULL
          AND list_position(['commune', 'epci', 'departement', 'region', 'france'], parent.n)
              > list_position(['commune', 'epci', 'departement', 'region', 'france'], enfant.n)
        ORDER BY ALL""",
)

COMPARABLES = Derivee(
    nom="comparables",
    schema="referentiels",
    famille="references",
    lit=("referentiels.territoires",),
    publiee=True,
    table=Table(
        f"Pour chaque EPCI, les {NOMBRE_DE_COMPARABLES} de même type à la population la plus proche, en proportion.",
        (
            Colonne("code_territoire", TEXTE, "SIREN de l'EPCI.", obligatoire=True),
            Colonne("code_comparable", TEXTE, "SIREN de l'EPCI comparable.", obligatoire=True),
            Colonne("rang_proximite", ENTIER, "1 pour la population la plus proche.", obligatoire=True),
            Colonne("ecart_population_pct", REEL, "Écart de population, en % de celle de l'EPCI.", unite="%"),
        ),
        cle=("code_territoire", "code_comparable"),
    ),
    requete=f"""
        WITH epci AS (
            SELECT code_territoire AS code, type_zonage, population FROM referentiels.territoires
            WHERE niveau = 'epci' AND population > 0 AND type_zonage IS NOT NULL)
        SELECT a.code AS code_territoire, b.code AS code_comparable,
               row_number() OVER (PARTITION BY a.code ORDER BY abs(ln(b.population / a.population)), b.code)
                   AS rang_proximite,
               100 * (b.population / a.population - 1) AS ecart_population_pct
        FROM epci a JOIN epci b ON a.type_zonage = b.type_zonage AND a.code <> b.code
        QUALIFY rang_proximite <= {NOMBRE_DE_COMPARABLES}
        ORDER BY ALL""",
)
