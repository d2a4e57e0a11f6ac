"""A commune of the current official geographic code, and the territories it belongs to."""

from observatoire.schemas import ENTIER, TEXTE, Colonne, Table, refus

TABLE = Table(
    "Communes actuelles du code officiel géographique, avec leurs rattachements et leur population municipale.",
    (
        Colonne(
            "code_commune",
            TEXTE,
            "Code Insee de la commune.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "code_commune_forme",
                    "code commune mal formé : cinq caractères attendus, ex. 63113",
                    lambda codes: codes.str.fullmatch(r"(\d{2}|2A|2B)\d{3}"),
                ),
            ),
        ),
        Colonne("libelle_commune", TEXTE, "Nom de la commune.", requise=True, obligatoire=True),
        Colonne("code_departement", TEXTE, "Département ; vide pour une collectivité d'outre-mer.", requise=True),
        Colonne("code_region", TEXTE, "Région ; vide pour une collectivité d'outre-mer.", requise=True),
        Colonne(
            "code_epci", TEXTE, "SIREN de l'EPCI à fiscalité propre ; vide pour les communes isolées.", requise=True
        ),
        Colonne(
            "population_municipale",
            ENTIER,
            "Population municipale ; vide où aucun recensement n'est publié.",
            requise=True,
            unite="habitants",
            regles=(refus("population_positive", "population négative", lambda valeurs: valeurs >= 0),),
        ),
        Colonne("millesime_population", TEXTE, "Année de référence de la population.", requise=True),
        Colonne("millesime_cog", TEXTE, "Millésime du code officiel géographique.", requise=True, obligatoire=True),
    ),
    cle=("code_commune",),
)
