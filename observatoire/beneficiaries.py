"""Who received each grant: the identifier its grantor wrote, checked and crossed with Sirene and the RNA.

One row a grant, never more: an amount that a join multiplies is a lie, and the controls count rows and sums. What is
not found stays, and says so. How grants add up by territory belongs to the measures; where the euro goes, to
`euro_path`.
"""

from observatoire.derived import Derivee
from observatoire.establishments import ACTIVITES, LIEUX
from observatoire.perimeter import DOUBLONS, PUBLIABLE
from observatoire.schemas import BOOLEEN, ENTIER, NOMBRE, PROVENANCE, TEXTE, Colonne, Table, refus

# Of a shared grant each row repeats the whole amount and counts for the share of its beneficiary; a share out of
# bounds is flagged by the source, and counts whole.
PART = (
    "(montant_eur * CASE WHEN pourcentage_subvention > 0 AND pourcentage_subvention <= 1 "
    "THEN pourcentage_subvention ELSE 1 END)::DECIMAL(38,6)"
)
IDENTIFICATIONS = (
    *("SIRET", "SIREN du SIRET", "SIREN", "SIREN fusionné", "RNA", "RNA sans SIREN"),
    *("SIREN absent du stock", "RNA inconnu", "non identifié"),
)
ETATS = ("actif", "cessé", "absent du stock", "inconnu")
STATUTS = (
    "ESS",
    "administration publique",
    "public à caractère commercial",
    "hors ESS",
    "personne physique",
    "inconnu",
)

ATTRIBUTION = (
    Colonne("siren_attribuant", TEXTE, "SIREN de la collectivité."),
    Colonne("exercice", ENTIER, "Exercice ; vide quand le fichier ne le dit pas."),
)
ETAT_DU_MONTANT = Colonne(
    "etat", TEXTE, "décidé, conventionné ou payé : trois états d'une même aide, qui ne s'ajoutent jamais."
)
MONTANT = Colonne("montant_eur", NOMBRE, "Montant ; d'une subvention partagée, la part du bénéficiaire.", unite="eur")
ISSUE = (
    Colonne(
        "identification",
        TEXTE,
        "Ce qui a permis de reconnaître le bénéficiaire, ou pourquoi il ne l'est pas.",
        obligatoire=True,
        regles=(refus("identification_connue", "identification inconnue", lambda v: v.isin(IDENTIFICATIONS)),),
    ),
    Colonne(
        "etat_beneficiaire",
        TEXTE,
        "Aujourd'hui : actif, cessé, absent du stock Sirene, inconnu.",
        obligatoire=True,
        regles=(refus("etat_connu", "état inconnu", lambda v: v.isin(ETATS)),),
    ),
    Colonne(
        "statut_beneficiaire",
        TEXTE,
        "ESS (périmètre Insee reconstitué), administration publique (catégories 7xxx), public à caractère commercial "
        "(4xxx), hors ESS, personne physique, inconnu.",
        obligatoire=True,
        regles=(refus("statut_connu", "statut inconnu", lambda v: v.isin(STATUTS)),),
    ),
)
QUI = (
    Colonne("siren", TEXTE, "SIREN du bénéficiaire, celui qui fait foi s'il y en a deux."),
    Colonne("denomination", TEXTE, "Dénomination de la personne morale dans Sirene."),
    Colonne("categorie_juridique", TEXTE, "Catégorie juridique."),
)
CE_QU_IL_EST = (
    Colonne("est_ess", BOOLEEN, "Dans l'ESS au périmètre Insee reconstitué, non officiel ; vide quand on ne sait pas."),
    Colonne("est_ess_large", BOOLEEN, "Dans l'ESS au périmètre large, approché ; vide quand on ne sait pas."),
    Colonne("est_public", BOOLEEN, "Personne publique (catégories 7xxx et 4xxx) ; vide quand on ne sait pas."),
    Colonne("famille", TEXTE, "Famille de l'ESS ; vide hors de l'ESS."),
    Colonne("motif", TEXTE, "Pourquoi il est dans l'ESS, ou n'y est pas."),
    Colonne("a17", TEXTE, "Secteur (A17) de l'établissement, à défaut du siège ; vide quand il n'est pas connu."),
    Colonne("niveau", TEXTE, "Niveau le plus fin où son lieu est connu.", obligatoire=True),
    Colonne("code_territoire", TEXTE, "Territoire de l'établissement, à défaut du siège.", obligatoire=True),
    Colonne("desaccord", TEXTE, "En quoi les identifiants écrits se contredisent ; vide quand ils s'accordent."),
)

BENEFICIAIRES = Derivee(
    nom="beneficiaires",
    schema="socle",
    famille="budgets",
    lit=(
        "socle.subventions",
        "socle.sirene_unites_legales",
        "socle.sirene_etablissements",
        "socle.sirene_doublons",
        "socle.unites_ess",
        "socle.rna",
        "referentiels.communes",
        "referentiels.passages_communes",
        "referentiels.zonages",
        "referentiels.naf",
    ),
    appoints=("socle.rna",),
    publiee=False,
    table=Table(
        "Bénéficiaire de chaque subvention, reconnu dans Sirene ou au RNA quand il peut l'être.",
        (
            *PROVENANCE,
            *ATTRIBUTION,
            ETAT_DU_MONTANT,
            MONTANT,
            Colonne(
                "beneficiaire",
                TEXTE,
                "Ce qui le distingue : SIREN, RNA, nom écrit, à défaut la ligne.",
                obligatoire=True,
            ),
            *QUI,
            *ISSUE,
            *CE_QU_IL_EST,
            Colonne("est_personne_physique", BOOLEEN, "Personne physique, ou groupement sans personnalité."),
            Colonne(
                "est_publiable",
                BOOLEEN,
                "Peut être nommé : personne morale, diffusible, activité non sensible.",
                obligatoire=True,
            ),
            Colonne(
                "est_masque",
                BOOLEEN,
                "Ne doit pas être nommé : Sirene est là, et ne dit pas qu'il peut l'être.",
                obligatoire=True,
            ),
        ),
        cle=("_fichier", "_ligne"),
    ),
    requete=f"""
        WITH RECURSIVE {DOUBLONS},
        lues AS MATERIALIZED (
            SELECT _fichier, _ligne, siren_attribuant, exercice, etat, {PART} AS montant_eur,
                   s.siren_beneficiaire AS siren_lu, coalesce(d.siren, s.siren_beneficiaire) AS siren_suivi,
                   siret_beneficiaire AS siret_lu,
                   CASE WHEN rna_beneficiaire SIMILAR TO 'W[0-9]{{9}}' THEN rna_beneficiaire END AS rna_lu,
                   nom_beneficiaire
            FROM socle.subventions s LEFT JOIN doublons d ON d.siren_doublon = s.siren_beneficiaire),
        associations AS MATERIALIZED (
            SELECT id_association AS rna, siret[:9] AS siren, code_commune_lu
            FROM socle.rna SEMI JOIN lues ON rna_lu = id_association),
        -- the registers are national: what the grants name is taken out of them first
        nommees AS (SELECT siren_suivi AS siren FROM lues UNION SELECT siren FROM associations),
        unites AS MATERIALIZED (
            SELECT siren, rna, etat_administratif, denomination, categorie_juridique, {PUBLIABLE} AS est_publiable
            FROM socle.sirene_unites_legales
            WHERE siren IN (SELECT siren FROM nommees) OR rna IN (SELECT rna_lu FROM lues)),
        -- a number that two units bear is that of the active one; of several, nobody's
        par_rna AS (
            SELECT rna, coalesce(max(siren) FILTER (etat_administratif = 'A'), max(siren)) AS siren
            FROM unites WHERE rna IS NOT NULL GROUP BY rna
            HAVING count(*) = 1 OR count(*) FILTER (etat_administratif = 'A') = 1),
        reconnues AS (
            SELECT l.*, u.siren IS NOT NULL AS est_connu, a.rna IS NOT NULL AS est_declaree,
                   a.code_commune_lu AS commune_rna, coalesce(u.siren, r.siren, ar.siren) AS siren_trouve
            FROM lues l
            LEFT JOIN unites u ON u.siren = l.siren_suivi
            LEFT JOIN par_rna r ON r.rna = l.rna_lu
            LEFT JOIN associations a ON a.rna = l.rna_lu
            LEFT JOIN unites ar ON ar.siren = a.siren),
        etablissements AS MATERIALIZED (
            SELECT siret, siren, est_siege, etat_administratif, code_commune_lu, code_naf, nomenclature_activite
            FROM socle.sirene_etablissements
            WHERE siret IN (SELECT siret_lu FROM lues)
               OR est_siege AND siren IN (SELECT siren_trouve FROM reconnues)),
        sieges AS (
            SELECT * FROM etablissements WHERE est_siege
            QUALIFY row_number() OVER (PARTITION BY siren ORDER BY etat_administratif, siret) = 1),
        codes_lus AS (
            SELECT code_commune_lu, code_naf, nomenclature_activite FROM etablissements
            UNION SELECT code_commune_lu, NULL, NULL FROM associations),
        {LIEUX},
        {ACTIVITES}
        SELECT l._fichier, l._ligne, l.siren_attribuant, l.exercice, l.etat, l.montant_eur,
               coalesce(l.siren_trouve, l.siren_suivi) AS siren,
               coalesce(l.siren_trouve, l.siren_suivi, l.rna_lu, l.nom_beneficiaire, l._fichier || '#' || l._ligne)
                   AS beneficiaire,
               u.denomination, u.categorie_juridique,
               CASE WHEN est_connu AND siren_suivi <> siren_lu THEN 'SIREN fusionné'
                    WHEN est_connu AND e.siret IS NOT NULL THEN 'SIRET'
                    WHEN est_connu AND siret_lu IS NOT NULL THEN 'SIREN du SIRET'
                    WHEN est_connu THEN 'SIREN'
                    WHEN siren_trouve IS NOT NULL THEN 'RNA'
                    WHEN est_declaree THEN 'RNA sans SIREN'
                    WHEN siren_lu IS NOT NULL THEN 'SIREN absent du stock'
                    WHEN rna_lu IS NOT NULL THEN 'RNA inconnu'
                    ELSE 'non identifié' END AS identification,
               CASE WHEN u.etat_administratif = 'A' OR est_declaree AND siren_trouve IS NULL THEN 'actif'
                    WHEN u.etat_administratif = 'C' THEN 'cessé'
                    WHEN siren_lu IS NOT NULL THEN 'absent du stock' ELSE 'inconnu' END AS etat_beneficiaire,
               coalesce(u.categorie_juridique SIMILAR TO '1000|2.*', false) AS est_personne_physique,
               u.categorie_juridique SIMILAR TO '[47].*' AS est_public,
               -- an association the RNA declares is in the ESS by its very form
               CASE WHEN u.siren IS NOT NULL THEN coalesce(ess.est_ess, false)
                    WHEN est_declaree THEN true END AS est_ess,
               CASE WHEN u.siren IS NOT NULL THEN coalesce(ess.est_ess_large, false)
                    WHEN est_declaree THEN true END AS est_ess_large,
               CASE WHEN est_personne_physique THEN 'personne physique'
                    WHEN ess.est_ess OR u.siren IS NULL AND est_declaree THEN 'ESS'
                    WHEN u.categorie_juridique LIKE '7%' THEN 'administration publique'
                    WHEN u.categorie_juridique LIKE '4%' THEN 'public à caractère commercial'
                    WHEN u.siren IS NOT NULL THEN 'hors ESS' ELSE 'inconnu' END AS statut_beneficiaire,
               CASE WHEN ess.est_ess OR ess.est_ess_large THEN ess.famille
                    WHEN u.siren IS NULL AND est_declaree THEN 'association' END AS famille,
               CASE WHEN u.siren IS NULL AND est_declaree THEN 'association déclarée au RNA'
                    WHEN u.siren IS NULL THEN NULL
                    WHEN ess.est_ess OR ess.est_ess_large THEN ess.motif_ess
                    WHEN ess.desaccord IS NOT NULL THEN ess.desaccord
                    WHEN ess.siren IS NOT NULL THEN 'écartée par une règle du périmètre'
                    ELSE 'catégorie juridique ' || u.categorie_juridique || ' hors du périmètre' END AS motif,
               a.a17,
               coalesce(li.niveau, 'inconnu') AS niveau, coalesce(li.code_territoire, 'inconnu') AS code_territoire,
               CASE WHEN u.rna <> l.rna_lu THEN 'le numéro RNA n''est pas celui que Sirene donne à ce SIREN' END
                   AS desaccord,
               coalesce(u.est_publiable, false) AS est_publiable,
               NOT coalesce(u.est_publiable, false) AND (SELECT count(*) > 0 FROM unites) AS est_masque
        FROM reconnues l
        LEFT JOIN unites u ON u.siren = l.siren_trouve
        LEFT JOIN socle.unites_ess ess ON ess.siren = l.siren_trouve
        LEFT JOIN etablissements e ON e.siret = l.siret_lu
        LEFT JOIN sieges s ON s.siren = l.siren_trouve AND e.siret IS NULL
        LEFT JOIN activites a ON a.code_lu = coalesce(e.code_naf, s.code_naf)
             AND a.est_naf25 = (coalesce(e.nomenclature_activite, s.nomenclature_activite) IS NOT DISTINCT FROM 'NAF25')
        LEFT JOIN lieux li ON li.code_commune_lu = coalesce(e.code_commune_lu, s.code_commune_lu,
             CASE WHEN l.siren_trouve IS NULL THEN l.commune_rna END)
        ORDER BY l._fichier, l._ligne""",
    controles=(
        (
            "n'a pas une ligne par subvention : une jointure en ajoute ou en perd",
            "SELECT abs((SELECT count(*) FROM calcul) - (SELECT count(*) FROM socle.subventions))",
        ),
        (
            "ne rend pas au centime la somme des subventions d'une collectivité, d'un exercice et d'un état",
            f"""
            SELECT count(*) FROM (
                SELECT siren_attribuant, exercice, etat, sum({PART}) FROM socle.subventions GROUP BY ALL
                EXCEPT SELECT siren_attribuant, exercice, etat, sum(montant_eur) FROM calcul GROUP BY ALL)""",
        ),
    ),
)

SUBVENTIONS_IDENTIFIEES = Derivee(
    nom="subventions_identifiees",
    schema="socle",
    famille="budgets",
    lit=("socle.beneficiaires",),
    publiee=True,
    table=Table(
        "Subventions dont le bénéficiaire peut être nommé (personne morale, diffusible, activité non sensible), avec "
        "ce qu'il est ; les autres sont comptées dans qualite.beneficiaires.",
        (*PROVENANCE, *ATTRIBUTION, ETAT_DU_MONTANT, MONTANT, *QUI, *ISSUE, *CE_QU_IL_EST),
        cle=("_fichier", "_ligne"),
    ),
    requete="FROM socle.beneficiaires WHERE est_publiable ORDER BY _fichier, _ligne",
)

QUALITE_BENEFICIAIRES = Derivee(
    nom="beneficiaires",
    schema="qualite",
    famille="budgets",
    lit=("socle.beneficiaires",),
    publiee=True,
    table=Table(
        "Bénéficiaires des subventions d'une collectivité : ce qui les a fait reconnaître, ou pourquoi ils ne le "
        "sont pas. Les personnes physiques y sont en une seule case par exercice.",
        (
            *ATTRIBUTION,
            ETAT_DU_MONTANT,
            *ISSUE,
            Colonne("nombre_subventions", ENTIER, "Subventions.", obligatoire=True, unite="subventions"),
            Colonne(
                "nombre_beneficiaires", ENTIER, "Bénéficiaires distincts.", obligatoire=True, unite="bénéficiaires"
            ),
            MONTANT,
        ),
        cle=("siren_attribuant", "exercice", "etat", "identification", "etat_beneficiaire", "statut_beneficiaire"),
    ),
    # a natural person is counted, and nothing else is said of it
    requete="""
        SELECT siren_attribuant, exercice, etat,
               CASE WHEN est_personne_physique THEN 'SIREN' ELSE identification END AS identification,
               CASE WHEN est_personne_physique THEN 'inconnu' ELSE etat_beneficiaire END AS etat_beneficiaire,
               statut_beneficiaire, count(*) AS nombre_subventions,
               count(DISTINCT beneficiaire) AS nombre_beneficiaires, sum(montant_eur) AS montant_eur
        FROM socle.beneficiaires GROUP BY ALL ORDER BY ALL""",
    controles=(
        (
            "ne rend pas au centime la somme des subventions",
            """
            SELECT count(*) FROM (
                SELECT siren_attribuant, exercice, etat, sum(montant_eur) FROM socle.beneficiaires GROUP BY ALL
                EXCEPT SELECT siren_attribuant, exercice, etat, sum(montant_eur) FROM calcul GROUP BY ALL)""",
        ),
    ),
)
