"""Payroll of an establishment for a year, as an authorised service holds it: restricted, never published as it is.

An empty amount is withheld by the producer: the totals it belongs to are not recomputed.
"""

from observatoire.identifiers import is_siret
from observatoire.schemas import EUROS, NOMBRE, TEXTE, Colonne, Table, refus, signalement
from observatoire.sources.territory_columns import annee

TABLE = Table(
    "Effectif et masse salariale d'un établissement, par année (diffusion restreinte).",
    (
        Colonne(
            "siret",
            TEXTE,
            "SIRET de l'établissement.",
            requise=True,
            obligatoire=True,
            nominatif=True,
            genre="siret",
            regles=(
                refus(
                    "siret_invalide",
                    "SIRET invalide (quatorze chiffres et leur clé) : établissement impossible à situer",
                    is_siret,
                ),
            ),
        ),
        annee("Année civile de la paie.", "Année"),
        Colonne(
            "effectif_salarie",
            NOMBRE,
            "Effectif salarié moyen de l'année ; vide quand le producteur le retient.",
            ("Effectif salarié moyen",),
            requise=True,
            nominatif=True,
            unite="salariés",
            regles=(refus("effectif_positif", "effectif négatif", lambda v: v >= 0),),
        ),
        Colonne(
            "masse_salariale_eur",
            EUROS,
            "Masse salariale brute de l'année ; vide quand le producteur la retient.",
            ("masse_salariale", "Masse salariale"),
            requise=True,
            nominatif=True,
            unite="eur",
            regles=(refus("masse_positive", "masse salariale négative", lambda v: v >= 0),),
        ),
        Colonne(
            "salaire_maximal_eur",
            EUROS,
            "Plus forte paie annuelle d'un seul poste ; sans elle, la règle des 80 % n'est pas vérifiée.",
            ("salaire_maximal",),
            nominatif=True,
            unite="eur",
            regles=(refus("salaire_positif", "paie négative", lambda v: v >= 0),),
        ),
    ),
    cle=("siret", "annee"),
    regles=(
        signalement(
            "salaire_dans_la_masse",
            "la plus forte paie dépasse la masse salariale de l'établissement : à vérifier",
            lambda lignes: (lignes["salaire_maximal_eur"] <= lignes["masse_salariale_eur"]).fillna(True),
        ),
    ),
)
