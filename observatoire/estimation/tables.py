"""What the estimates read, and the three tables they give: the estimates, their calibrations, their back-tests.

Computing them belongs to `local_jobs` and `back_tests`.
"""

from observatoire.schemas import ENTIER, NOMBRE, REEL, TEXTE, Colonne, Table

LUES = (
    "socle.etablissements",
    "socle.unites_ess",
    "socle.urssaf_ess_departements",
    "socle.urssaf_prive_epci",
    "socle.emplois_prives_communes",
    "referentiels.communes",
    "referentiels.appartenances",
    "referentiels.hors_regime_general",
    "referentiels.familles_urssaf",
)
LUES_RETROTESTS = (*LUES, "socle.sirene_unites_legales")
GRANDEURS = {
    "emplois_ess": "effectif salarié moyen de l'ESS, régime général",
    "masse_salariale_ess": "masse salariale brute de l'ESS, ordre de grandeur à deux chiffres",
}
# the measure whose total each is calibrated on: an estimate has its unit, its scope, its producer
CALEES_SUR = {"emplois_ess": "effectifs_ess_urssaf", "masse_salariale_ess": "masse_salariale_ess_urssaf"}
# the measure of an ordered table that takes the place of an estimate, cell by cell, where it has a value
REMPLACEES_PAR = {"emplois_ess": "salaries_ess_sur_mesure", "masse_salariale_ess": "masse_salariale_ess_sur_mesure"}

_NATURE = Colonne("nature", TEXTE, "reelle, ou demonstration dès qu'une donnée d'entrée l'est.", obligatoire=True)

ESTIMATIONS = Table(
    "Annexe des estimations locales de l'ESS : fourchettes plausibles à 90 %, bornes logiques (qui ne valent que si "
    "les tranches datent de l'année du total), et pourquoi une estimation est publiée ou non. Champ : régime général, "
    "périmètre Insee reconstitué ; les familles sont calées chacune sur son total et ne s'ajoutent pas exactement.",
    (
        Colonne("grandeur", TEXTE, f"Ce qui est estimé : {' ; '.join(f'{n} ({d})' for n, d in GRANDEURS.items())}."),
        Colonne("niveau", TEXTE, "Niveau du territoire : commune ou epci."),
        Colonne("code_territoire", TEXTE, "Code du territoire dans son niveau."),
        Colonne("periode", TEXTE, "Année du total de l'Urssaf."),
        Colonne("axe", TEXTE, "Ventilation : total, ou famille."),
        Colonne("modalite", TEXTE, "Modalité de la ventilation."),
        Colonne("estimation", REEL, "Valeur estimée ; vide quand seule une fourchette peut être publiée."),
        Colonne("borne_basse", REEL, "Borne basse de la fourchette plausible à 90 %."),
        Colonne("borne_haute", REEL, "Borne haute de la fourchette plausible à 90 %."),
        Colonne(
            "borne_logique_basse", REEL, "Borne basse logique, si toutes les tranches étaient de l'année du total."
        ),
        Colonne(
            "borne_logique_haute",
            REEL,
            "Borne haute logique, si toutes les tranches étaient de l'année du total ; les employeurs sans commune "
            "connue y sont, comme dans celle de chaque territoire où ils peuvent être.",
        ),
        Colonne("nombre_etablissements", ENTIER, "Établissements employeurs de l'ESS estimés.", unite="établissements"),
        Colonne("nombre_repondants", ENTIER, "Unités légales (SIREN) de ces établissements.", unite="unités légales"),
        Colonne(
            "nombre_hors_regime_general",
            ENTIER,
            "Établissements employeurs de l'ESS hors du régime général : ni estimés, ni dans le total.",
            unite="établissements",
        ),
        Colonne("part_tranches_manquantes_pct", REEL, "Part de ces établissements sans tranche connue.", unite="%"),
        Colonne("ecart_annees", REEL, "Écart moyen entre l'année des tranches et celle du total.", unite="années"),
        Colonne(
            "tolerance_tables_pct",
            REEL,
            "Écart mesuré entre les tables de l'Urssaf (EPCI et départements) : tolérance des parts.",
            unite="%",
        ),
        Colonne("publication", TEXTE, "point, intervalle, ou non_estimable."),
        Colonne("motif", TEXTE, "Pourquoi une fourchette seule, ou rien ; vide pour un point."),
        _NATURE,
    ),
    cle=("grandeur", "niveau", "code_territoire", "periode", "axe", "modalite"),
)

CALAGES = Table(
    "Calage des estimations sur le total de l'Urssaf de chaque département, et écarts entre Sirene et l'Urssaf.",
    (
        Colonne("code_departement", TEXTE, "Département ; inconnu pour les établissements sans lieu connu."),
        Colonne("periode", TEXTE, "Année du total."),
        Colonne("famille", TEXTE, "Famille de l'observatoire, ou total."),
        Colonne("total_urssaf", NOMBRE, "Effectif salarié moyen de l'Urssaf.", unite="salariés"),
        Colonne("somme_basse", REEL, "Somme des bornes basses des employeurs.", unite="salariés"),
        Colonne("somme_haute", REEL, "Somme des bornes hautes ; sans limite connue, celle du total.", unite="salariés"),
        Colonne(
            "ecart", REEL, "De combien le total sort de ces sommes ; 0 quand il est entre les deux.", unite="salariés"
        ),
        Colonne("verdict", TEXTE, "cale, hors_bornes, non_rapprochee, total_inconnu ou non_couvert."),
        Colonne("explication", TEXTE, "Pourquoi ce verdict."),
        Colonne("nombre_etablissements_sirene", ENTIER, "Employeurs de l'ESS estimés.", unite="établissements"),
        Colonne("nombre_etablissements_urssaf", NOMBRE, "Comptes cotisants de l'Urssaf.", unite="établissements"),
        Colonne(
            "ecart_etablissements_pct", REEL, "Comptes de l'Urssaf au-delà des établissements de Sirene.", unite="%"
        ),
        Colonne("nombre_hors_regime_general", ENTIER, "Employeurs hors du régime général.", unite="établissements"),
        Colonne(
            "nombre_crees_depuis", ENTIER, "Employeurs créés après l'année du total, écartés.", unite="établissements"
        ),
        Colonne(
            "nombre_sans_commune",
            ENTIER,
            "Employeurs estimés sans commune connue : dans aucune fourchette, mais dans les bornes hautes logiques.",
            unite="établissements",
        ),
        Colonne("nombre_sans_tranche", ENTIER, "Employeurs estimés sans tranche connue.", unite="établissements"),
        Colonne(
            "nombre_cellules_urssaf", ENTIER, "Communes × activités tout entières de l'ESS, mesurées par l'Urssaf."
        ),
        Colonne("salaries_cellules_urssaf", REEL, "Salariés de ces cellules.", unite="salariés"),
        Colonne("tolerance_cellules_pct", REEL, "Tolérance de ces mesures.", unite="%"),
        Colonne(
            "ecart_tables_pct",
            REEL,
            "Emploi privé de la table des communes au-delà de celui de la table des départements, même année.",
            unite="%",
        ),
        _NATURE,
    ),
    cle=("code_departement", "periode", "famille"),
)

RETROTESTS = Table(
    "Ce que vaut la méthode là où la vérité est publiée : couverture de la fourchette à 90 % par taille de territoire.",
    (
        Colonne("test", TEXTE, "Ce qui est estimé, calé et comparé."),
        Colonne("taille", TEXTE, "Taille des territoires, en salariés publiés."),
        Colonne("territoires", ENTIER, "Territoires comparés ; 0 quand les fichiers n'en permettent aucun."),
        Colonne(
            "couverture_pct", REEL, "Part des territoires dont le chiffre publié est dans la fourchette.", unite="%"
        ),
        Colonne("demi_largeur_mediane_pct", REEL, "Demi-largeur médiane de la fourchette.", unite="%"),
        Colonne("ecart_median_pct", REEL, "Écart absolu médian de l'estimation au chiffre publié.", unite="%"),
        Colonne("periode", TEXTE, "Année des chiffres publiés."),
        Colonne("note", TEXTE, "Ce qui a été calé, et sur quoi."),
        _NATURE,
    ),
    cle=("test", "taille", "periode"),
)
