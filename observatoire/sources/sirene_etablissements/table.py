"""An establishment of the Sirene register (Insee, StockEtablissement, 48 to 54 columns by vintage).

Active ones, and the employers closed these last ten years: openings and closings are counted from both.
"""

from observatoire.identifiers import is_siret
from observatoire.schemas import BOOLEEN, DATE, TEXTE, Colonne, Table, refus, signalement

TRANCHES = ["NN", "00", "01", "02", "03", "11", "12", "21", "22", "31", "32", "41", "42", "51", "52", "53"]

TABLE = Table(
    "Établissements du répertoire Sirene, tels que reçus : actifs, et employeurs fermés depuis dix ans au plus.",
    (
        Colonne("siren", TEXTE, "SIREN de l'unité légale.", requise=True, obligatoire=True, genre="siren"),
        Colonne(
            "siret",
            TEXTE,
            "SIRET de l'établissement.",
            requise=True,
            obligatoire=True,
            genre="siret",
            regles=(
                signalement(
                    "siret_invalide", "SIRET invalide (quatorze chiffres et clé de contrôle attendus)", is_siret
                ),
            ),
        ),
        Colonne(
            "statut_diffusion",
            TEXTE,
            "O : diffusible ; P : diffusion partielle.",
            ("statutDiffusionEtablissement",),
            requise=True,
            regles=(refus("statut_diffusion_connu", "statut de diffusion inconnu", lambda v: v.isin(["O", "P", "N"])),),
        ),
        Colonne("date_creation", DATE, "Date de création.", ("dateCreationEtablissement",), vides=("1900-01-01",)),
        Colonne(
            "tranche_effectifs",
            TEXTE,
            "Tranche d'effectifs salariés.",
            ("trancheEffectifsEtablissement",),
            requise=True,
            longueur=2,
            regles=(signalement("tranche_connue", "tranche d'effectifs inconnue", lambda v: v.isin(TRANCHES)),),
        ),
        Colonne(
            "annee_effectifs",
            TEXTE,
            "Année de validité de la tranche.",
            ("anneeEffectifsEtablissement",),
            genre="code",
        ),
        Colonne("est_siege", BOOLEEN, "Siège de l'unité légale.", ("etablissementSiege",)),
        Colonne(
            "code_commune_lu",
            TEXTE,
            "Code commune tel que reçu.",
            ("codeCommuneEtablissement",),
            requise=True,
            longueur=5,
            reference="commune",
            vides=("[ND]",),
            regles=(
                signalement(
                    "code_commune_forme",
                    "code commune mal formé : compté au département s'il est connu",
                    lambda v: v.str.fullmatch(r"(\d{2}|2A|2B)\d{3}"),
                ),
            ),
        ),
        Colonne(
            "etat_administratif",
            TEXTE,
            "A : actif ; F : fermé.",
            ("etatAdministratifEtablissement",),
            requise=True,
            obligatoire=True,
            regles=(refus("etat_connu", "état administratif inconnu : A ou F attendu", lambda v: v.isin(["A", "F"])),),
        ),
        Colonne(
            "date_debut",
            DATE,
            "Début de la situation présente : pour un établissement fermé, sa fermeture.",
            ("dateDebut",),
            vides=("1900-01-01",),
        ),
        Colonne("code_naf", TEXTE, "Activité principale.", ("activitePrincipaleEtablissement",), requise=True),
        Colonne(
            "nomenclature_activite",
            TEXTE,
            "Nomenclature de l'activité principale.",
            ("nomenclatureActivitePrincipaleEtablissement",),
            regles=(
                signalement(
                    "nomenclature_courante",
                    "activité codée dans une ancienne nomenclature : secteur inconnu",
                    lambda v: v.isin(["NAFRev2", "NAF25", "NAF2025"]),
                ),
            ),
        ),
        Colonne(
            "code_naf25",
            TEXTE,
            "Activité principale en NAF 2025, quand le fichier la donne.",
            ("activitePrincipaleNAF25Etablissement",),
        ),
        Colonne(
            "est_employeur",
            BOOLEEN,
            "Employeur selon les déclarations sociales ; vide quand Sirene ne le dit pas.",
            ("caractereEmployeurEtablissement",),
            requise=True,
        ),
        Colonne(
            "date_traitement", DATE, "Dernier traitement de l'établissement.", ("dateDernierTraitementEtablissement",)
        ),
    ),
    cle=("siret",),
)


HORS_CHAMP = (
    ("établissement fermé, sans salarié", "etat_administratif = 'F' AND NOT coalesce(est_employeur, false)"),
    ("établissement fermé à une date inconnue", "etat_administratif = 'F' AND date_debut IS NULL"),
    (
        "établissement fermé depuis plus de dix ans",
        "etat_administratif = 'F' AND year(date_debut) < year(current_date) - 10",
    ),
)
