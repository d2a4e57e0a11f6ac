"""Private employment of an activity in a commune, years as columns (Urssaf, régime général), one row for one row.

Headcount is that of the end of the year, establishments are contribution accounts. A null is no zero: `communal_jobs`
turns the columns into rows, and leaves nulls out.
"""

from observatoire.schemas import NOMBRE, TEXTE, Colonne, Table, refus, signalement

# later years are told as unknown columns in qualite.sources, until they are added here
ANNEES = range(2006, 2031)


def _of_year(annee: int) -> tuple[Colonne, Colonne]:
    return (
        Colonne(
            f"nombre_d_etablissements_{annee}",
            NOMBRE,
            f"Établissements (comptes cotisants) de {annee}.",
            (f"Nombre d'établissements {annee}",),
            unite="établissements",
        ),
        Colonne(
            f"effectifs_salaries_{annee}",
            NOMBRE,
            f"Effectif salarié de la fin de {annee}.",
            (f"Effectifs salariés {annee}",),
            unite="salariés",
        ),
    )


PAR_ANNEE = tuple(colonne for annee in ANNEES for colonne in _of_year(annee))

TABLE = Table(
    "Emploi privé par commune et activité, une colonne par année (Urssaf, hors agriculture et Mayotte).",
    (
        Colonne(
            "code_commune",
            TEXTE,
            "Code commune tel que reçu.",
            ("Code commune",),
            requise=True,
            obligatoire=True,
            longueur=5,
            reference="commune",
            regles=(
                signalement(
                    "code_commune_forme",
                    "code commune mal formé : rattaché à aucune commune",
                    lambda v: v.str.fullmatch(r"(\d{2}|2A|2B)\d{3}"),
                ),
            ),
        ),
        Colonne(
            "code_ape",
            TEXTE,
            "Activité (APE, NAF rév. 2 sans point) telle que reçue.",
            ("Code APE",),
            requise=True,
            obligatoire=True,
            regles=(
                signalement(
                    "code_ape_forme",
                    "activité mal formée (6203Z attendu) : comptée sans activité",
                    lambda v: v.str.fullmatch(r"\d{3,4}[A-Z]"),
                ),
            ),
        ),
        *PAR_ANNEE,
    ),
    cle=("code_commune", "code_ape"),
    regles=(
        refus(
            "nombres_positifs",
            "nombre négatif d'établissements ou de salariés",
            lambda lignes: ~(lignes[[colonne.nom for colonne in PAR_ANNEE]] < 0).fillna(value=False).any(axis=1),
        ),
    ),
)
