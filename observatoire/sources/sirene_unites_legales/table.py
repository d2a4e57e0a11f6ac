"""A legal unit of the Sirene register (Insee, StockUniteLegale, 33 to 35 columns according to the vintage).

Active ones, and the bodies that ceased these last ten years: their closed establishments keep their place in the ESS.
Columns that name natural persons are not declared here, hence never read.
"""

from observatoire.identifiers import is_rna, is_siren
from observatoire.schemas import BOOLEEN, DATE, TEXTE, Colonne, Table, refus, signalement

TABLE = Table(
    "Unités légales du répertoire Sirene, sans les noms des personnes physiques : actives, et personnes "
    "morales cessées depuis dix ans au plus.",
    (
        Colonne(
            "siren",
            TEXTE,
            "SIREN de l'unité légale.",
            requise=True,
            obligatoire=True,
            genre="siren",
            regles=(
                signalement("siren_invalide", "SIREN invalide (neuf chiffres et clé de contrôle attendus)", is_siren),
            ),
        ),
        Colonne(
            "statut_diffusion",
            TEXTE,
            "O : diffusible ; P : diffusion partielle.",
            ("statutDiffusionUniteLegale",),
            requise=True,
            regles=(refus("statut_diffusion_connu", "statut de diffusion inconnu", lambda v: v.isin(["O", "P", "N"])),),
        ),
        Colonne("date_creation", DATE, "Date de création.", ("dateCreationUniteLegale",), vides=("1900-01-01",)),
        Colonne(
            "date_debut",
            DATE,
            "Début de la situation présente : pour une unité cessée, sa cessation.",
            ("dateDebut",),
            vides=("1900-01-01",),
        ),
        Colonne(
            "rna",
            TEXTE,
            "Numéro au répertoire national des associations.",
            ("identifiantAssociationUniteLegale",),
            vides=("[ND]",),
            genre="rna",
            regles=(signalement("rna_forme", "numéro RNA mal formé (W et neuf chiffres attendus)", is_rna),),
        ),
        Colonne(
            "etat_administratif",
            TEXTE,
            "A : active ; C : cessée.",
            ("etatAdministratifUniteLegale",),
            requise=True,
            obligatoire=True,
            regles=(refus("etat_connu", "état administratif inconnu : A ou C attendu", lambda v: v.isin(["A", "C"])),),
        ),
        Colonne(
            "denomination",
            TEXTE,
            "Dénomination de la personne morale.",
            ("denominationUniteLegale",),
            nominatif=True,
            vides=("[ND]",),
        ),
        Colonne(
            "sigle",
            TEXTE,
            "Sigle de l'unité légale.",
            ("sigleUniteLegale",),
            nominatif=True,
            vides=("[ND]",),
        ),
        Colonne(
            "categorie_juridique",
            TEXTE,
            "Catégorie juridique (niveau 3).",
            ("categorieJuridiqueUniteLegale",),
            requise=True,
            obligatoire=True,
            longueur=4,
            regles=(
                signalement(
                    "categorie_juridique_forme",
                    "catégorie juridique mal formée : quatre chiffres attendus",
                    lambda v: v.str.fullmatch(r"\d{4}"),
                ),
            ),
        ),
        Colonne(
            "code_naf",
            TEXTE,
            "Activité principale de l'unité légale.",
            ("activitePrincipaleUniteLegale",),
            requise=True,
        ),
        Colonne(
            "est_ess_insee",
            BOOLEEN,
            "Indicateur ESS de l'Insee ; vide pour la plupart des unités.",
            ("economieSocialeSolidaireUniteLegale",),
            requise=True,
        ),
        Colonne(
            "est_employeur",
            BOOLEEN,
            "Employeur selon les déclarations sociales ; vide quand Sirene ne le dit pas.",
            ("caractereEmployeurUniteLegale",),
            requise=True,
        ),
    ),
    cle=("siren",),
)


HORS_CHAMP = (
    ("entrepreneur individuel cessé", "etat_administratif = 'C' AND categorie_juridique = '1000'"),
    ("unité légale cessée à une date inconnue", "etat_administratif = 'C' AND date_debut IS NULL"),
    (
        "unité légale cessée depuis plus de dix ans",
        "etat_administratif = 'C' AND year(date_debut) < year(current_date) - 10",
    ),
)
