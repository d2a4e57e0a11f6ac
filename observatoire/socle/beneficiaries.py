"""Who received each grant: the identifier its grantor wrote, checked and crossed with Sirene and the RNA.

One row a grant, never more: an amount that a join multiplies is a lie, and the controls count rows and sums. What is
not found stays, and says so. How grants add up by territory belongs to the measures; where the euro goes, to
`euro_path`.
"""

from observatoire.derived import Derivee
from observatoire.schemas import BOOLEEN, ENTIER, NOMBRE, PROVENANCE, TEXTE, Colonne, Table, refus
from observatoire.socle.establishments import ACTIVITES, LIEUX
from observatoire.socle.perimeter import DOUBLONS, PUBLIABLE

IDENTIFICATIONS = (
    *("SIRET", "SIREN du SIRET", "SIREN", "SIREN fusionné", "RNA", "RNA sans SIREN"),
    *("SIREN absent du stock", "RNA inconnu", "non identifié"),
    "bénéficiaires non nommés",
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
NATURE_AIDE = Colonne(
    "nature_aide", TEXTE, "en numéraire, en nature, les deux, ou inconnu : une aide en nature n'est pas de l'argent."
)
MONTANT = Colonne("montant_eur", NOMBRE, "Montant ; d'une subvention partagée, la part du bénéficiaire.", unite="eur")
RESTE = Colonne(
    "reste_eur",
    NOMBRE,
    "Ce que les parts nommées d'une convention laissent à des bénéficiaires non nommés ; dit sur sa première ligne.",
    obligatoire=True,
    unite="eur",
)
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

# What is known of a grant without any register but the merged SIREN: totals must not wait for Sirene.
PARTS_SUBVENTIONS = Derivee(
    nom="parts_subventions",
    schema="socle",
    famille="budgets",
    lit=("socle.subventions", "socle.sirene_doublons"),
    appoints=("socle.sirene_doublons",),
    publiee=False,
    table=Table(
        "Ce que chaque bénéficiaire reçoit d'une subvention : d'une convention partagée, sa part, et ce que les parts "
        "nommées laissent. Une convention compte entière, une fois ; quand ses parts ne se lisent pas, elle est "
        "répartie également.",
        (
            *PROVENANCE,
            *ATTRIBUTION,
            ETAT_DU_MONTANT,
            MONTANT,
            RESTE,
            NATURE_AIDE,
            Colonne("convention", TEXTE, "Convention dont c'est une part, à défaut la ligne.", obligatoire=True),
            Colonne("siren_lu", TEXTE, "SIREN du bénéficiaire, tel que lu."),
            Colonne("siren_suivi", TEXTE, "SIREN du bénéficiaire, suivi jusqu'à celui qui fait foi."),
            Colonne("siret_lu", TEXTE, "SIRET du bénéficiaire."),
            Colonne("rna_lu", TEXTE, "Numéro RNA du bénéficiaire, s'il en a la forme."),
            Colonne(
                "beneficiaire",
                TEXTE,
                "Ce qui le distingue : SIREN suivi, RNA, nom écrit, à défaut la ligne.",
                obligatoire=True,
            ),
        ),
        cle=("_fichier", "_ligne"),
    ),
    # euros are shared out in whole millionths; what the division leaves goes to the first row
    requete=f"""
        WITH RECURSIVE {DOUBLONS},
        lues AS (
            SELECT *, _fichier || '#' || coalesce(reference_convention, _ligne::VARCHAR) AS convention,
                   count(*) OVER c AS parts, row_number() OVER (c ORDER BY _ligne) AS rang,
                   bool_and(coalesce(pourcentage_subvention BETWEEN 0 AND 1, false)) OVER c AS est_lisible,
                   sum(coalesce(pourcentage_subvention, 0)) OVER c AS somme_parts,
                   (montant_eur * 1000000)::HUGEINT AS millioniemes
            FROM socle.subventions
            WINDOW c AS (PARTITION BY _fichier, coalesce(reference_convention, _ligne::VARCHAR))),
        poids AS (
            SELECT *, CASE WHEN est_lisible AND somme_parts > 1 THEN (pourcentage_subvention * 1000000)::HUGEINT
                           ELSE 1 END AS poids
            FROM lues),
        reparties AS (
            SELECT *, millioniemes * poids // sum(poids) OVER (PARTITION BY convention)::HUGEINT AS part,
                   est_lisible AND somme_parts > 0 AND somme_parts <= 1 AS est_partage,
                   (montant_eur * pourcentage_subvention)::DECIMAL(38,6) AS nommee
            FROM poids)
        SELECT _fichier, _ligne, siren_attribuant, exercice, etat,
               CASE WHEN est_partage THEN nommee
                    ELSE (CASE WHEN rang > 1 THEN part
                               ELSE millioniemes - (sum(part) OVER (PARTITION BY convention)::HUGEINT - part) END
                         )::DECIMAL(30,0) * 0.000001 END AS montant_eur,
               (CASE WHEN est_partage AND rang = 1
                     THEN reparties.montant_eur - sum(nommee) OVER (PARTITION BY convention)
                     ELSE 0 END)::DECIMAL(38,6) AS reste_eur,
               CASE WHEN nature ILIKE '%nature%' AND nature ILIKE '%numéraire%' THEN 'en numéraire et en nature'
                    WHEN nature ILIKE '%nature%' THEN 'en nature' WHEN nature ILIKE '%numéraire%' THEN 'en numéraire'
                    ELSE 'inconnu' END AS nature_aide,
               convention, siren_beneficiaire AS siren_lu, coalesce(d.siren, siren_beneficiaire) AS siren_suivi,
               siret_beneficiaire AS siret_lu,
               CASE WHEN rna_beneficiaire SIMILAR TO 'W[0-9]{{9}}' THEN rna_beneficiaire END AS rna_lu,
               -- an identifier that is none cannot say that two beneficiaries are one
               coalesce(siren_suivi, rna_lu, nom_beneficiaire, _fichier || '#' || _ligne) AS beneficiaire
        FROM reparties LEFT JOIN doublons d ON d.siren_doublon = siren_beneficiaire
        ORDER BY _fichier, _ligne""",
    controles=(
        (
            "n'a pas une ligne par subvention : une jointure en ajoute ou en perd",
            "SELECT abs((SELECT count(*) FROM calcul) - (SELECT count(*) FROM socle.subventions))",
        ),
        (
            "ne rend pas le montant entier de chaque convention : ses parts, et ce qu'elles laissent",
            """
            SELECT count(*) FROM (
                SELECT sum(c.montant_eur + c.reste_eur) AS reparti, max(s.montant_eur) AS entier
                FROM calcul c JOIN socle.subventions s ON s._fichier = c._fichier AND s._ligne = c._ligne
                GROUP BY c.convention
                HAVING reparti <> entier AND min(s.montant_eur) = entier)""",
        ),
    ),
)

BENEFICIAIRES = Derivee(
    nom="beneficiaires",
    schema="socle",
    famille="budgets",
    lit=(
        "socle.parts_subventions",
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
            RESTE,
            NATURE_AIDE,
            Colonne("convention", TEXTE, "Convention dont c'est une part, à défaut la ligne.", obligatoire=True),
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
        ),
        cle=("_fichier", "_ligne"),
    ),
    requete=f"""
        WITH RECURSIVE {DOUBLONS},
        lues AS MATERIALIZED (FROM socle.parts_subventions),
        associations AS MATERIALIZED (
            SELECT id_association AS rna, coalesce(d.siren, siret[:9]) AS siren, code_commune_lu
            FROM socle.rna SEMI JOIN lues ON rna_lu = id_association
            LEFT JOIN doublons d ON d.siren_doublon = siret[:9]),
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
                   a.code_commune_lu AS commune_rna, coalesce(u.siren, r.siren, ar.siren) AS siren_trouve,
                   -- whom the number of the RNA names, in Sirene or in the RNA itself
                   r.siren AS siren_du_rna, a.siren AS siren_declare
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
        SELECT l._fichier, l._ligne, l.siren_attribuant, l.exercice, l.etat, l.montant_eur, l.reste_eur, l.nature_aide,
               l.convention, coalesce(l.siren_trouve, l.siren_suivi) AS siren,
               coalesce(l.siren_trouve, l.beneficiaire) AS beneficiaire,
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
               CASE WHEN u.rna <> l.rna_lu THEN 'le numéro RNA n''est pas celui que Sirene donne à ce SIREN'
                    WHEN coalesce(l.siren_suivi, u.siren) <> l.siren_du_rna
                         THEN 'Sirene donne ce numéro RNA à un autre SIREN'
                    WHEN coalesce(l.siren_suivi, u.siren) <> l.siren_declare
                         THEN 'le RNA donne à ce numéro un autre SIREN' END AS desaccord,
               -- unknown to Sirene, it may be a person, or a body that is counted and never named
               coalesce(u.est_publiable, false) AS est_publiable
        FROM reconnues l
        LEFT JOIN unites u ON u.siren = l.siren_trouve
        LEFT JOIN socle.unites_ess ess ON ess.siren = l.siren_trouve
        LEFT JOIN etablissements e ON e.siret = l.siret_lu
        LEFT JOIN sieges s ON s.siren = l.siren_trouve AND e.siret IS NULL
        LEFT JOIN activites a ON a.code_lu = coalesce(e.code_naf, s.code_naf)
             AND a.est_naf25 = (coalesce(e.nomenclature_activite, s.nomenclature_activite, '') IN ('NAF25', 'NAF2025'))
        LEFT JOIN lieux li ON li.code_commune_lu = coalesce(e.code_commune_lu, s.code_commune_lu,
             CASE WHEN l.siren_trouve IS NULL THEN l.commune_rna END)
        ORDER BY l._fichier, l._ligne""",
    controles=(
        (
            "n'a pas une ligne par subvention : une jointure en ajoute ou en perd",
            "SELECT abs((SELECT count(*) FROM calcul) - (SELECT count(*) FROM socle.parts_subventions))",
        ),
        (
            "ne rend pas au centime la somme des subventions d'une collectivité, d'un exercice et d'un état",
            """
            SELECT count(*) FROM (
                SELECT siren_attribuant, exercice, etat, sum(montant_eur), sum(reste_eur)
                FROM socle.parts_subventions GROUP BY ALL
                EXCEPT SELECT siren_attribuant, exercice, etat, sum(montant_eur), sum(reste_eur)
                FROM calcul GROUP BY ALL)""",
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
    requete="SELECT * EXCLUDE (reste_eur) FROM socle.beneficiaires WHERE est_publiable ORDER BY _fichier, _ligne",
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
    # a natural person is counted, and nothing else is said of it; what shares leave goes to nobody named
    requete="""
        SELECT siren_attribuant, exercice, etat,
               CASE WHEN est_personne_physique THEN 'SIREN' ELSE identification END AS identification,
               CASE WHEN est_personne_physique THEN 'inconnu' ELSE etat_beneficiaire END AS etat_beneficiaire,
               statut_beneficiaire, count(DISTINCT convention) AS nombre_subventions,
               count(DISTINCT beneficiaire) AS nombre_beneficiaires, sum(montant_eur) AS montant_eur
        FROM socle.beneficiaires GROUP BY ALL
        UNION ALL
        SELECT siren_attribuant, exercice, etat, 'bénéficiaires non nommés', 'inconnu', 'inconnu',
               count(DISTINCT convention), 0, sum(reste_eur)
        FROM socle.beneficiaires WHERE reste_eur <> 0 GROUP BY ALL
        ORDER BY ALL""",
    controles=(
        (
            "ne rend pas au centime la somme des subventions",
            """
            SELECT count(*) FROM (
                SELECT siren_attribuant, exercice, etat, sum(montant_eur + reste_eur)
                FROM socle.beneficiaires GROUP BY ALL
                EXCEPT SELECT siren_attribuant, exercice, etat, sum(montant_eur) FROM calcul GROUP BY ALL)""",
        ),
    ),
)
