"""A code that is no current commune (delegated, associated, municipal arrondissement), with the commune it is in."""

from observatoire.schemas import TEXTE, Colonne, Table

TABLE = Table(
    "Communes déléguées ou associées et arrondissements de Paris, Lyon et Marseille, avec leur commune actuelle.",
    (
        Colonne("code_ancien", TEXTE, "Code porté par certains fichiers.", requise=True, obligatoire=True),
        Colonne("libelle_ancien", TEXTE, "Nom correspondant."),
        Colonne("type_ancien", TEXTE, "commune-deleguee, commune-associee ou arrondissement-municipal."),
        Colonne("code_commune", TEXTE, "Commune actuelle.", requise=True, obligatoire=True),
    ),
    cle=("code_ancien",),
)
