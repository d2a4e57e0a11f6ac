"""Private employment of a département for a year, in the ESS by family or outside it (Urssaf, régime général).

Headcount is a yearly mean, payroll the uncapped base in euros, establishments are contribution accounts. A null is no
zero.
"""

import pandas as pd

from observatoire.conversion import as_code
from observatoire.schemas import BOOLEEN, ENTIER, EUROS, NOMBRE, TEXTE, Colonne, Table, refus

TABLE = Table(
    "Emploi privé par département, dans l'ESS et hors ESS (Urssaf, régime général, hors agriculture et Mayotte).",
    (
        Colonne(
            "annee",
            ENTIER,
            "Année.",
            ("Année",),
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "annee_plausible", "année impossible : la série commence en 1998", lambda v: v.between(1998, 2100)
                ),
            ),
        ),
        Colonne(
            "code_departement", TEXTE, "Code du département.", ("Code département",), requise=True, obligatoire=True
        ),
        Colonne(
            "est_ess", BOOLEEN, "Dans le champ de l'ESS.", ("champ_ess", "Champ ESS ?"), requise=True, obligatoire=True
        ),
        Colonne(
            "famille_ess",
            TEXTE,
            "Famille, dans les mots de l'Urssaf.",
            ("Famille ESS",),
            requise=True,
            obligatoire=True,
        ),
        Colonne(
            "nombre_etablissements",
            NOMBRE,
            "Établissements : moyenne des comptes cotisants des trimestres.",
            ("nombre_d_etablissements", "Nombre d'établissements"),
            requise=True,
            unite="établissements",
            regles=(refus("etablissements_positifs", "nombre négatif", lambda v: v >= 0),),
        ),
        Colonne(
            "effectifs_salaries_moyens",
            NOMBRE,
            "Effectif salarié moyen de l'année.",
            ("Effectifs salariés moyens",),
            requise=True,
            unite="salariés",
            regles=(refus("effectifs_positifs", "effectif négatif", lambda v: v >= 0),),
        ),
        Colonne(
            "masse_salariale_eur",
            EUROS,
            "Masse salariale brute (assiette déplafonnée).",
            ("masse_salariale", "Masse salariale"),
            requise=True,
            unite="eur",
            regles=(refus("masse_positive", "masse salariale négative", lambda v: v >= 0),),
        ),
    ),
    cle=("annee", "code_departement", "est_ess", "famille_ess"),
)


def preparer(brut: pd.DataFrame, fichier: str, millesime: str) -> pd.DataFrame:
    """Give départements 01 to 09 back the zero that a spreadsheet or a Parquet writer takes away."""
    codes = as_code(brut["code_departement"], 2).str.strip()
    return brut.assign(code_departement=codes.str.replace(r"^(\d)$", r"0\1", regex=True))
