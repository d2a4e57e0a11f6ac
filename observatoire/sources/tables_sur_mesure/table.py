"""A cell of a table ordered from Insee or given by a CRESS: the ESS of a territory for a year, in one quantity.

No official format exists: ours is one row a cell. A cell its producer suppressed says so and has no value; it is never
computed again from the others.
"""

import pandas as pd

from observatoire.schemas import NOMBRE, TEXTE, Colonne, RegleEnsemble, Table, refus
from observatoire.sources.territory_columns import annee, niveau

GRANDEURS = ["salaries_moyens", "postes_31_decembre", "masse_salariale_eur"]


def _valeur_selon_statut(lignes: pd.DataFrame) -> pd.Series:
    return lignes["valeur"].isna() == (lignes["statut"] == "C").fillna(False)


TABLE = Table(
    "Cellules de tables sur mesure : l'ESS d'un territoire, une année, dans une grandeur.",
    (
        annee("Année."),
        niveau(),
        Colonne("code_territoire", TEXTE, "Code du territoire.", requise=True, obligatoire=True),
        Colonne("famille", TEXTE, "Famille de l'ESS, ou total.", requise=True, obligatoire=True),
        Colonne("secteur", TEXTE, "Secteur (A17), ou total.", requise=True, obligatoire=True),
        Colonne(
            "grandeur",
            TEXTE,
            "Ce qui est compté.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "grandeur_connue",
                    f"grandeur inconnue ; attendu : {', '.join(GRANDEURS)}",
                    lambda v: v.isin(GRANDEURS),
                ),
            ),
        ),
        Colonne(
            "valeur",
            NOMBRE,
            "Valeur ; vide quand le producteur l'a supprimée.",
            requise=True,
            regles=(refus("valeur_positive", "valeur négative", lambda v: v >= 0),),
        ),
        Colonne(
            "statut",
            TEXTE,
            "A : publiée ; C : supprimée par le producteur.",
            requise=True,
            obligatoire=True,
            regles=(refus("statut_connu", "statut inconnu : A ou C attendu", lambda v: v.isin(["A", "C"])),),
        ),
        Colonne("champ", TEXTE, "Parmi qui, dans les mots du producteur.", requise=True, obligatoire=True),
    ),
    cle=("annee", "niveau", "code_territoire", "famille", "secteur", "grandeur"),
    regles=(
        refus(
            "valeur_selon_statut",
            "une cellule publiée (A) a une valeur, une cellule supprimée (C) n'en a pas : vérifier la table reçue",
            _valeur_selon_statut,
        ),
    ),
    ensemble=(
        RegleEnsemble(
            "annee_sans_total",
            "grandeur",
            "aucune ligne total × total pour cette année et cette grandeur : ses cellules ne sont pas publiées, "
            "demander le total au producteur",
            """SELECT _fichier, _ligne, grandeur AS valeur FROM lignes
               ANTI JOIN (FROM lignes WHERE famille = 'total' AND secteur = 'total') USING (annee, grandeur)""",
        ),
    ),
)
