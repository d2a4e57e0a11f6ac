"""Private employment of an EPCI for a year (Urssaf, régime général); an EPCI over two régions has a row for each.

Headcount is a yearly mean, payroll the uncapped base in euros, establishments are contribution accounts. A null is no
zero.
"""

from observatoire.schemas import ENTIER, EUROS, NOMBRE, TEXTE, Colonne, Table, refus

TABLE = Table(
    "Emploi privé par EPCI (Urssaf, régime général, hors agriculture et Mayotte).",
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
        Colonne("code_epci", TEXTE, "SIREN de l'EPCI.", ("Code EPCI",), requise=True, obligatoire=True),
        Colonne("code_region", TEXTE, "Région de cette partie de l'EPCI.", ("Code région",), requise=True),
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
    cle=("annee", "code_epci", "code_region"),
)
