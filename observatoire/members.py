"""Who the names written in registers are: the organisations a person recognised, their SIREN, and what is never named.

A name is the organisation of a reviewed alias, or of the register's own name; any other stays the name it is. Matching
names to Sirene or to the RNA belongs to `matching`: what a person decided of it comes in by `SIREN_DECIDES`, and there
only.
"""

from observatoire.derived import Derivee
from observatoire.schemas import BOOLEEN, ENTIER, TEXTE, Colonne, Table

# a name that decisions give two SIREN to is nobody's for sure; proposals without a decision count for nothing
SIREN_DECIDES = """
            SELECT nom AS nom_ecrit, min(identifiant) AS siren FROM referentiels.rapprochements_noms
            WHERE regexp_full_match(identifiant, '[0-9]{9}')
            GROUP BY nom HAVING count(DISTINCT identifiant) = 1"""

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

NOMS_TUS = Derivee(
    nom="noms_tus",
    schema="socle",
    famille="adhesions",
    lit=(
        "socle.organisations",
        "socle.alias_organisations",
        "socle.adhesions",
        "socle.mandats",
        "socle.etablissements",
    ),
    publiee=False,
    table=Table(
        "Noms et codes d'organismes comptés mais jamais nommés : cultes, partis, syndicats, unités non diffusibles.",
        (Colonne("nom", TEXTE, "Nom écrit, ou code d'organisme.", obligatoire=True),),
        cle=("nom",),
    ),
    requete="""
        WITH tues AS (SELECT DISTINCT siren FROM socle.etablissements WHERE NOT est_publiable),
        organismes AS (
            SELECT organisation, nom FROM socle.organisations WHERE est_sensible OR siren IN (FROM tues)
            UNION SELECT organisation, nom_ecrit FROM socle.alias_organisations WHERE est_sensible)
        SELECT organisation AS nom FROM organismes
        UNION SELECT nom FROM organismes
        UNION SELECT nom_ecrit FROM socle.alias_organisations
            WHERE statut <> 'refuse' AND organisation IN (SELECT organisation FROM organismes)
        UNION SELECT membre FROM socle.adhesions WHERE est_sensible OR siren_membre IN (FROM tues)
        UNION SELECT titulaire FROM socle.mandats WHERE est_sensible
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
        "referentiels.territoires",
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
        WITH rapproches AS ({SIREN_DECIDES}),
        adhesions AS (
            SELECT a.*, o.organisation, o.type_organisation,
                   o.niveau AS niveau_registre, o.code_territoire AS code_registre,
                   coalesce(CASE WHEN regexp_full_match(a.siren_membre, '[0-9]{{9}}') AND a.siren_membre <> '000000000'
                                 THEN a.siren_membre END, o.siren, r.siren) AS siren
            FROM socle.adhesions a
            LEFT JOIN socle.noms_organisations o ON o.nom_ecrit = a.membre
            LEFT JOIN rapproches r ON r.nom_ecrit = a.membre)
        SELECT a._fichier || '#' || a._ligne AS adhesion, a.reseau,
               coalesce(a.siren, a.organisation, a.membre) AS organisme,
               a.siren, coalesce(a.type_organisation, 'inconnu') AS type_organisation,
               coalesce(a.categorie, 'inconnu') AS categorie, a.depuis, a.jusqu_a,
               coalesce(t.niveau, s.niveau, 'inconnu') AS niveau,
               coalesce(t.code_territoire, s.code_territoire, 'inconnu') AS code_territoire,
               a.siren IS NOT NULL OR a.organisation IS NOT NULL AS est_reconnu
        FROM adhesions a
        LEFT JOIN referentiels.territoires t ON t.niveau = a.niveau AND t.code_territoire = a.code_territoire
        LEFT JOIN referentiels.territoires s ON s.niveau = a.niveau_registre AND s.code_territoire = a.code_registre
        ORDER BY adhesion""",
)
