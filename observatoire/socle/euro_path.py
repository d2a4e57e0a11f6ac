"""Where the euro goes: from the account to the territory of who received it, and what each step leaves unexplained.

The steps compare what is *mandaté*, voted, decided and paid; they never add them. A coverage is no grade: above 100 %
it has causes, which are named. Who each beneficiary is belongs to `beneficiaries`.
"""

from observatoire.derived import Derivee
from observatoire.schemas import BOOLEEN, ENTIER, NOMBRE, PROVENANCE, REEL, TEXTE, Colonne, Table, refus
from observatoire.socle.beneficiaries import ATTRIBUTION

SEUIL_PUBLICATION_EUR = 23000  # décret 2017-779, article 1: by beneficiary and by year
COUVERTURE_A_EXPLIQUER_PCT = 105
ETAPES = ("compte", "délibération", "convention", "versement", "bénéficiaire", "territoire")
CAUSES = (
    "plus de subventions trouvées que n''en porte le compte ; causes possibles : le compte 6574 de la M14 (65741 à "
    "65748 en M57) comprend d''autres personnes de droit privé que les associations, mais laisse dehors les organismes "
    "publics (6573), que le fichier peut compter ; subventions d''investissement (204) ; subventions pluriannuelles "
    "décidées en une fois ; aides en nature, que le compte ne porte pas ; "
    "subventions d''un budget absent des balances reçues ; décidé n''est pas mandaté"
)
# Accounts come by nature, or crossed with functions: two presentations of the same spending of a budget, of which one
# counts. Each budget has its own: an annex one may come in one of the two only.
COMPTES_SUBVENTIONS = Derivee(
    nom="comptes_subventions",
    schema="socle",
    famille="budgets",
    lit=("socle.balances_dgfip",),
    publiee=False,
    table=Table(
        "Comptes de subventions de fonctionnement aux personnes de droit privé, chacun dans une seule présentation.",
        (
            *PROVENANCE,
            *ATTRIBUTION,
            Colonne("nomenclature", TEXTE, "M14 ou M57, et leurs variantes."),
            Colonne("compte", TEXTE, "Compte par nature.", obligatoire=True),
            Colonne("montant_eur", NOMBRE, "Montant mandaté.", obligatoire=True, unite="eur"),
        ),
        cle=("_fichier", "_ligne"),
    ),
    requete="""
        SELECT _fichier, _ligne, siren AS siren_attribuant, annee AS exercice, nomenclature, compte,
               mandate_eur AS montant_eur
        FROM socle.balances_dgfip
        WHERE est_subvention_droit_prive AND mandate_eur IS NOT NULL AND coalesce(etat_balance, 'DEF') = 'DEF'
        QUALIFY dense_rank() OVER (PARTITION BY siret_budget, annee ORDER BY presentation DESC) = 1
        ORDER BY _fichier, _ligne""",
)

CHEMIN_EURO = Derivee(
    nom="chemin_euro",
    schema="qualite",
    famille="budgets",
    lit=("socle.beneficiaires", "socle.budget_ess", "socle.comptes_subventions"),
    appoints=("socle.comptes_subventions", "socle.budget_ess"),
    publiee=True,
    table=Table(
        "Le chemin de l'euro : ce que disent le compte, la délibération, la convention, le versement, le bénéficiaire "
        "et le territoire, et ce que chaque étape laisse inexpliqué. Des étapes se rapprochent, sans jamais s'ajouter.",
        (
            *ATTRIBUTION,
            Colonne("rang", ENTIER, "Rang de l'étape.", obligatoire=True),
            Colonne(
                "etape",
                TEXTE,
                "compte, délibération, convention, versement, bénéficiaire, territoire.",
                obligatoire=True,
                regles=(refus("etape_connue", "étape inconnue", lambda v: v.isin(ETAPES)),),
            ),
            Colonne(
                "etat", TEXTE, "État du montant : mandaté, voté, décidé, conventionné, payé, inconnu.", obligatoire=True
            ),
            Colonne("perimetre", TEXTE, "Périmètre d'une ligne de budget : deux périmètres ne se comparent pas."),
            Colonne("montant_eur", NOMBRE, "Montant connu à cette étape ; vide quand rien ne le dit.", unite="eur"),
            Colonne("nombre", ENTIER, "Comptes, lignes ou subventions derrière ce montant."),
            Colonne(
                "hors_obligation_eur",
                NOMBRE,
                "Dont publié sans obligation : moins de 23 000 € au bénéficiaire dans l'année.",
                unite="eur",
            ),
            Colonne(
                "reste_inexplique_eur",
                NOMBRE,
                "Ce que l'étape n'explique pas de celle dont elle vient ; négatif quand elle la dépasse.",
                unite="eur",
            ),
            Colonne(
                "couverture_pct",
                REEL,
                "Montant rapporté à celui de l'étape dont elle vient ; un rapprochement, non une note.",
            ),
            Colonne(
                "est_rupture", BOOLEEN, "Autre périmètre qu'à l'exercice d'avant : une rupture, non une évolution."
            ),
            Colonne(
                "explication", TEXTE, "Comment lire cette étape, et les causes possibles du reste.", obligatoire=True
            ),
        ),
        cle=("siren_attribuant", "exercice", "rang", "etat", "perimetre"),
    ),
    requete=f"""
        WITH comptes AS (
            SELECT siren_attribuant, exercice, sum(montant_eur)::DECIMAL(38,6) AS montant, count(*) AS nombre
            FROM socle.comptes_subventions GROUP BY ALL),
        donnees AS (
            SELECT *, sum(montant_eur) OVER (PARTITION BY siren_attribuant, exercice, etat, beneficiaire)
                      < {SEUIL_PUBLICATION_EUR} AS est_hors_obligation,
                   est_ess IS NOT NULL AS est_reconnu, est_reconnu AND niveau <> 'inconnu' AS est_situe
            FROM socle.beneficiaires),
        -- one row an exercice, before anything is joined to it
        subventions AS (
            SELECT siren_attribuant, exercice,
                   sum(montant_eur + reste_eur) FILTER (etat = 'décidé') AS decide,
                   count(DISTINCT convention) FILTER (etat = 'décidé') AS decidees,
                   sum(montant_eur) FILTER (etat = 'décidé' AND est_hors_obligation) AS hors_obligation,
                   sum(montant_eur + reste_eur) FILTER (etat = 'conventionné') AS conventionne,
                   count(DISTINCT convention) FILTER (etat = 'conventionné') AS conventionnees,
                   sum(montant_eur + reste_eur) FILTER (etat = 'payé') AS paye,
                   count(DISTINCT convention) FILTER (etat = 'payé') AS payees,
                   coalesce(sum(montant_eur) FILTER (etat = 'décidé' AND est_reconnu), 0) AS reconnu,
                   count(DISTINCT convention) FILTER (etat = 'décidé' AND est_reconnu) AS reconnues,
                   coalesce(sum(montant_eur) FILTER (etat = 'décidé' AND est_situe), 0) AS situe,
                   count(DISTINCT convention) FILTER (etat = 'décidé' AND est_situe) AS situees
            FROM donnees GROUP BY ALL),
        chemins AS (
            SELECT coalesce(s.siren_attribuant, c.siren_attribuant) AS siren_attribuant,
                   coalesce(s.exercice, c.exercice) AS exercice, c.montant AS compte, c.nombre AS comptes,
                   s.* EXCLUDE (siren_attribuant, exercice)
            FROM subventions s FULL JOIN comptes c
                 ON c.siren_attribuant = s.siren_attribuant AND c.exercice = s.exercice),
        etapes AS (
            SELECT siren_attribuant, exercice, unnest([
                {{rang: 1, etape: 'compte', etat: 'mandaté', montant_eur: compte, nombre: comptes, avant: NULL,
                  hors_obligation_eur: NULL, explication: CASE WHEN compte IS NULL
                    THEN 'balance comptable de la DGFiP non reçue : le point de départ manque'
                    ELSE 'subventions de fonctionnement aux personnes de droit privé : compte 6574 en M14, 65741 à '
                         '65748 en M57' END}},
                {{rang: 3, etape: 'convention', etat: 'décidé', montant_eur: decide, nombre: decidees, avant: compte,
                  hors_obligation_eur: hors_obligation, explication: CASE
                    WHEN decide IS NULL THEN 'aucune subvention publiée pour cet exercice'
                    WHEN compte IS NULL THEN 'subventions publiées ; aucun compte auquel les rapprocher'
                    WHEN decide * 100 > compte * {COUVERTURE_A_EXPLIQUER_PCT} THEN '{CAUSES}'
                    ELSE 'le reste comprend les subventions de moins de 23 000 €, hors obligation de publier : elles '
                         'ne manquent pas ; décidé n''est pas mandaté' END}},
                {{rang: 3, etape: 'convention', etat: 'conventionné', montant_eur: conventionne, nombre: conventionnees,
                  avant: decide, hors_obligation_eur: NULL,
                  explication: 'un état de la même aide, rapproché de ce qui est décidé'}},
                {{rang: 4, etape: 'versement', etat: 'payé', montant_eur: paye, nombre: payees, avant: decide,
                  hors_obligation_eur: NULL, explication: CASE WHEN paye IS NULL
                    THEN 'aucun versement publié : le format SCDL donne une date ou une période, non un montant payé'
                    ELSE 'un état de la même aide, rapproché de ce qui est décidé' END}},
                {{rang: 5, etape: 'bénéficiaire', etat: 'décidé', montant_eur: reconnu, nombre: reconnues,
                  avant: decide, hors_obligation_eur: NULL,
                  explication: 'le reste va à des bénéficiaires que ni Sirene ni le répertoire des associations ne '
                               'connaissent : qualite.beneficiaires dit pourquoi'}},
                {{rang: 6, etape: 'territoire', etat: 'décidé', montant_eur: situe, nombre: situees, avant: reconnu,
                  hors_obligation_eur: NULL,
                  explication: 'le reste va à des bénéficiaires reconnus dont le lieu ne l''est pas'}}
                ], recursive := true)
            FROM chemins),
        lignes AS (
            SELECT siren_collectivite AS siren_attribuant, exercice, etat_budgetaire AS etat, perimetre,
                   sum(montant_eur)::DECIMAL(38,6) AS montant, count(*) AS nombre,
                   coalesce(sum(montant_eur) FILTER (deliberation IS NULL), 0)::DECIMAL(38,6) AS sans_deliberation
            FROM socle.budget_ess GROUP BY ALL),
        -- a document that gives no exercice comes before those that do
        suivies AS (
            SELECT siren_attribuant, exercice, lag(list(perimetre)) OVER (
                       PARTITION BY siren_attribuant ORDER BY exercice NULLS FIRST) AS avant
            FROM lignes GROUP BY siren_attribuant, exercice)
        SELECT * EXCLUDE (avant), NULL AS perimetre, NULL AS est_rupture,
               CASE WHEN avant IS NOT NULL THEN avant - coalesce(montant_eur, 0) END AS reste_inexplique_eur,
               CASE WHEN avant > 0 THEN montant_eur::DOUBLE / avant::DOUBLE * 100 END AS couverture_pct
        FROM etapes
        WHERE (etat <> 'conventionné' OR montant_eur IS NOT NULL)
          AND (rang IN (1, 3) OR avant IS NOT NULL OR montant_eur > 0)
        UNION ALL BY NAME
        SELECT l.siren_attribuant, l.exercice, 2 AS rang, 'délibération' AS etape, l.etat, l.perimetre,
               l.montant AS montant_eur, l.nombre, l.sans_deliberation AS reste_inexplique_eur,
               CASE WHEN l.montant > 0 THEN (l.montant - l.sans_deliberation)::DOUBLE / l.montant::DOUBLE * 100 END
                   AS couverture_pct,
               NOT list_contains(s.avant, l.perimetre) AS est_rupture,
               'lignes consacrées à l''ESS, une part du compte : elles ne s''en retranchent pas ; le reste est ce dont '
               'aucune délibération n''est connue'
               || CASE WHEN est_rupture THEN ' ; autre périmètre qu''à l''exercice d''avant : rupture, non évolution'
                       ELSE '' END AS explication
        FROM lignes l JOIN suivies s
             ON s.siren_attribuant = l.siren_attribuant AND s.exercice IS NOT DISTINCT FROM l.exercice
        ORDER BY siren_attribuant, exercice, rang, etat, perimetre""",
    controles=(
        (
            "n'explique pas chaque euro décidé : territoire, plus les deux restes, font ce qui est décidé",
            """
            SELECT count(*) FROM (
                SELECT siren_attribuant, exercice, sum(montant_eur + reste_eur) FROM socle.beneficiaires
                WHERE etat = 'décidé' GROUP BY ALL
                EXCEPT SELECT siren_attribuant, exercice, sum(CASE WHEN rang = 6 THEN montant_eur ELSE 0 END)
                                                          + sum(reste_inexplique_eur)
                FROM calcul WHERE rang IN (5, 6) GROUP BY ALL)""",
        ),
    ),
)
