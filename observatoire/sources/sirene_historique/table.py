"""A period of an establishment (Insee, StockEtablissementHistorique, 18 columns): between two changes, what it was.

Only the periods when it was active and an employer are kept. A change of name or activity opens a new period: two that
follow each other may be one life. There is no legal unit and no place here: the stocks say them.
"""

from observatoire.identifiers import is_siret
from observatoire.schemas import DATE, TEXTE, Colonne, Table, refus, signalement

TABLE = Table(
    "Périodes où un établissement du répertoire Sirene était actif et employeur.",
    (
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
            "date_debut",
            DATE,
            "Premier jour de la période ; vide quand Sirene ne le connaît pas.",
            ("dateDebut",),
            requise=True,
            vides=("1900-01-01",),
        ),
        Colonne("date_fin", DATE, "Dernier jour de la période ; vide quand elle dure.", ("dateFin",), requise=True),
        Colonne(
            "etat_administratif",
            TEXTE,
            "A : actif ; F : fermé.",
            ("etatAdministratifEtablissement",),
            requise=True,
            obligatoire=True,
            regles=(refus("etat_connu", "état administratif inconnu : A ou F attendu", lambda v: v.isin(["A", "F"])),),
        ),
        # a word and not a boolean: one that is unknown must be refused, where a null is out of scope
        Colonne(
            "caractere_employeur",
            TEXTE,
            "O : employeur selon les déclarations sociales ; N : non.",
            ("caractereEmployeurEtablissement",),
            requise=True,
            regles=(
                refus("employeur_connu", "caractère employeur inconnu : O ou N attendu", lambda v: v.isin(["O", "N"])),
            ),
        ),
    ),
    cle=("siret", "date_debut"),
    regles=(
        signalement(
            "periode_dans_l_ordre",
            "la période finit avant de commencer : à vérifier dans Sirene",
            lambda lignes: (lignes["date_fin"] >= lignes["date_debut"]).fillna(True),
        ),
    ),
)

HORS_CHAMP = (
    ("période fermée", "etat_administratif = 'F'"),
    ("période sans caractère employeur", "coalesce(caractere_employeur, 'N') = 'N'"),
)
