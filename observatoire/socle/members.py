"""Who the names written in registers are: the organisations a person recognised, their SIREN, and what is never named.

A name is the organisation of a reviewed alias, or of the register's own name; any other stays the name it is. Matching
names to Sirene or to the RNA belongs to `matching`: what a person decided of it comes in by `DECISIONS`, and
there only.
"""

from observatoire.derived import Derivee
from observatoire.schemas import BOOLEEN, ENTIER, TEXTE, Colonne, Table
from observatoire.socle.perimeter import PUBLIABLE

# of two decisions on one name in one context, the later one holds; one that gives no SIREN (« aucun ») leaves none
DECISIONS = """
            SELECT nom, contexte, CASE WHEN regexp_full_match(identifiant, '[0-9]{9}') THEN identifiant END AS siren
            FROM referentiels.rapprochements_noms
            QUALIFY row_number() OVER (PARTITION BY nom, contexte ORDER BY decidee_le DESC) = 1"""

NOMS_ORGANISATIONS = Derivee(
    nom="noms_organisations",
    schema="socle",
    famille="adhesions",
    lit=("socle.organisations", "socle.alias_organisations"),
    publiee=False,
    table=Table(
        "Organisme que désigne chaque nom écrit, quand une personne l'a décidé.",
        (
            Colonne("nom_ecrit", TEXTE, "Nom, tel qu'écrit.", obligatoire=True),
            Colonne("organisation", TEXTE, "Organisme désigné.", obligatoire=True),
            Colonne("nom", TEXTE, "Nom retenu de l'organisme.", obligatoire=True),
            Colonne("type_organisation", TEXTE, "Type d'organisme.", obligatoire=True),
            Colonne("siren", TEXTE, "SIREN de l'organisme, quand il est connu."),
            Colonne("niveau", TEXTE, "Niveau de son lieu, ou inconnu.", obligatoire=True),
            Colonne("code_territoire", TEXTE, "Code de son lieu, ou inconnu.", obligatoire=True),
        ),
        cle=("nom_ecrit",),
    ),
    requete="""
        WITH noms AS (
            SELECT nom_ecrit, organisation, 1 AS rang FROM socle.alias_organisations WHERE statut = 'revu'
            UNION ALL SELECT nom, organisation, 2 FROM socle.organisations)
        SELECT n.nom_ecrit, organisation, o.nom, o.type_organisation, o.siren, o.niveau, o.code_territoire
        FROM noms n JOIN socle.organisations o USING (organisation)
        QUALIFY row_number() OVER (PARTITION BY n.nom_ecrit ORDER BY rang, organisation) = 1
        ORDER BY ALL""",
)

# breakdowns whose modalities are names as documents write them
AXES_DE_NOMS = ("societe", "beneficiaire")
NOMS_TUS = Derivee(
    nom="noms_tus",
    schema="socle",
    famille="adhesions",
    lit=(
        "socle.organisations",
        "socle.alias_organisations",
        "socle.noms_organisations",
        "socle.adhesions",
        "socle.mandats",
        "socle.relations",
        "socle.signatures",
        "socle.annuaires",
        "socle.participations",
        "socle.financements",
        "socle.soutiens",
        "socle.sirene_unites_legales",
        "referentiels.rapprochements_noms",
    ),
    publiee=False,
    table=Table(
        "Noms et codes d'organismes comptés mais jamais nommés : cultes, partis, syndicats, unités non diffusibles.",
        (Colonne("nom", TEXTE, "Nom écrit, ou code d'organisme, en minuscules sans accent.", obligatoire=True),),
        cle=("nom",),
    ),
    requete=f"""
        WITH decisions AS ({DECISIONS}),
        identifies AS (
            SELECT nom, siren FROM decisions
            UNION SELECT nom_ecrit, siren FROM socle.noms_organisations
            UNION SELECT membre, siren_membre FROM socle.adhesions
            UNION SELECT societe, siren_societe FROM socle.participations
            UNION SELECT beneficiaire, siren_beneficiaire FROM socle.financements
            UNION SELECT beneficiaire, siren_beneficiaire FROM socle.soutiens),
        tues AS (
            SELECT siren FROM socle.sirene_unites_legales
            WHERE siren IN (SELECT siren FROM identifies) AND NOT {PUBLIABLE}),
        -- a relation does not say which of the two is silent: not the one a register knows, when it knows only one
        relations AS (
            SELECT source, cible, a.nom IS NOT NULL AS est_source_connue, b.nom IS NOT NULL AS est_cible_connue
            FROM socle.relations
            LEFT JOIN socle.noms_organisations a ON a.nom_ecrit = source
            LEFT JOIN socle.noms_organisations b ON b.nom_ecrit = cible
            WHERE est_sensible),
        signales AS (
            SELECT DISTINCT strip_accents(lower(nom)) AS nom FROM (
                SELECT nom FROM identifies SEMI JOIN tues USING (siren)
                UNION SELECT membre FROM socle.adhesions WHERE est_sensible
                UNION SELECT titulaire FROM socle.mandats WHERE est_sensible
                UNION SELECT signataire FROM socle.signatures WHERE est_sensible
                UNION SELECT organisme FROM socle.annuaires WHERE est_sensible
                UNION SELECT source FROM relations WHERE NOT est_source_connue OR est_cible_connue
                UNION SELECT cible FROM relations WHERE NOT est_cible_connue OR est_source_connue
                UNION SELECT nom_ecrit FROM socle.alias_organisations WHERE est_sensible)
            WHERE nom <> '[…]'),
        organismes AS (
            SELECT organisation FROM socle.organisations WHERE est_sensible
            UNION SELECT organisation FROM socle.alias_organisations WHERE est_sensible
            UNION SELECT organisation FROM socle.noms_organisations
                WHERE strip_accents(lower(nom_ecrit)) IN (FROM signales))
        SELECT DISTINCT strip_accents(lower(nom)) AS nom FROM (
            FROM signales
            UNION FROM organismes
            UNION SELECT nom FROM socle.organisations SEMI JOIN organismes USING (organisation)
            UNION SELECT nom_ecrit FROM socle.alias_organisations SEMI JOIN organismes USING (organisation)
                WHERE statut <> 'refuse')
        ORDER BY ALL""",
)

MEMBRES_IDENTIFIES = Derivee(
    nom="membres_identifies",
    schema="socle",
    famille="adhesions",
    lit=(
        "socle.adhesions",
        "socle.noms_organisations",
        "referentiels.rapprochements_noms",
        "referentiels.lieux",
    ),
    publiee=False,
    table=Table(
        "Adhésions, avec l'organisme que désigne le nom du membre, son SIREN et son lieu quand ils sont connus.",
        (
            Colonne("adhesion", TEXTE, "Fichier et ligne de l'adhésion.", obligatoire=True),
            Colonne("reseau", TEXTE, "Réseau.", obligatoire=True),
            Colonne("organisme", TEXTE, "SIREN, sinon organisme reconnu, sinon nom du membre.", obligatoire=True),
            Colonne("siren", TEXTE, "SIREN du document, du registre ou d'un rapprochement."),
            Colonne("type_organisation", TEXTE, "Type d'organisme, ou inconnu.", obligatoire=True),
            Colonne("categorie", TEXTE, "Catégorie de membre, ou inconnu.", obligatoire=True),
            Colonne("depuis", ENTIER, "Année d'adhésion."),
            Colonne("jusqu_a", ENTIER, "Dernière année d'adhésion."),
            Colonne("niveau", TEXTE, "Niveau du lieu du membre, ou inconnu.", obligatoire=True),
            Colonne("code_territoire", TEXTE, "Code du lieu du membre, ou inconnu.", obligatoire=True),
            Colonne("est_reconnu", BOOLEEN, "Un organisme ou un SIREN est connu.", obligatoire=True),
        ),
        cle=("adhesion",),
    ),
    requete=f"""
        WITH decisions AS ({DECISIONS}),
        adhesions AS (
            SELECT a.*, o.organisation, o.type_organisation,
                   o.niveau AS niveau_registre, o.code_territoire AS code_registre,
                   -- as `matching` reads them: the decision of the context, else everywhere, else on the retained name
                   coalesce(CASE WHEN regexp_full_match(a.siren_membre, '[0-9]{{9}}') AND a.siren_membre <> '000000000'
                                 THEN a.siren_membre END, o.siren,
                            CASE WHEN ici.nom IS NOT NULL THEN ici.siren WHEN partout.nom IS NOT NULL THEN partout.siren
                                 ELSE retenu.siren END) AS siren_lu
            FROM socle.adhesions a
            LEFT JOIN socle.noms_organisations o ON o.nom_ecrit = a.membre
            LEFT JOIN decisions ici ON ici.nom = a.membre AND ici.contexte = 'adhesions/' || a.reseau
            LEFT JOIN decisions partout ON partout.nom = a.membre AND partout.contexte = 'partout'
            LEFT JOIN decisions retenu ON retenu.nom = o.nom AND retenu.contexte = 'partout'),
        identifies AS (
            -- an organisation whose SIREN one of its names gives has it under all of them
            SELECT *, coalesce(siren_lu,
                               CASE WHEN organisation IS NOT NULL AND min(siren_lu) OVER o = max(siren_lu) OVER o
                                    THEN min(siren_lu) OVER o END) AS siren
            FROM adhesions WINDOW o AS (PARTITION BY organisation))
        SELECT a._fichier || '#' || a._ligne AS adhesion, a.reseau,
               coalesce(a.siren, a.organisation, a.membre) AS organisme,
               a.siren, coalesce(a.type_organisation, 'inconnu') AS type_organisation,
               coalesce(a.categorie, 'inconnu') AS categorie, a.depuis, a.jusqu_a,
               coalesce(t.niveau, s.niveau, 'inconnu') AS niveau,
               coalesce(t.code_territoire, s.code_territoire, 'inconnu') AS code_territoire,
               a.siren IS NOT NULL OR a.organisation IS NOT NULL AS est_reconnu
        FROM identifies a
        LEFT JOIN referentiels.lieux t ON t.niveau_lu = a.niveau AND t.code_lu = a.code_territoire
        LEFT JOIN referentiels.lieux s ON s.niveau_lu = a.niveau_registre AND s.code_lu = a.code_registre
        ORDER BY adhesion""",
)
