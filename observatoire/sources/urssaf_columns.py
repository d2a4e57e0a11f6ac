"""The columns that every yearly table of Urssaf shares: the same quantity, the same name, the same rules.

Headcount is a yearly mean, payroll the uncapped base in euros, establishments are contribution accounts; régime
général, without agriculture nor Mayotte (open.urssaf.fr). What a row is about belongs to each source.
"""

from observatoire.schemas import BOOLEEN, ENTIER, EUROS, NOMBRE, TEXTE, Colonne, refus

ANNEE = Colonne(
    "annee",
    ENTIER,
    "Année.",
    ("Année",),
    requise=True,
    obligatoire=True,
    genre="annee",
    regles=(refus("annee_plausible", "année impossible : la série commence en 1998", lambda v: v.between(1998, 2100)),),
)
EST_ESS = Colonne(
    "est_ess", BOOLEEN, "Dans le champ de l'ESS.", ("champ_ess", "Champ ESS ?"), requise=True, obligatoire=True
)
FAMILLE_ESS = Colonne(
    "famille_ess", TEXTE, "Famille, dans les mots de l'Urssaf.", ("Famille ESS",), requise=True, obligatoire=True
)
MESURES = (
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
        ("masse_salariale", "masse_salariale_brute", "Masse salariale", "Masse salariale brute"),
        requise=True,
        unite="eur",
        regles=(refus("masse_positive", "masse salariale négative", lambda v: v >= 0),),
    ),
)
