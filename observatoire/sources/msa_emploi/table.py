"""Employment of the agricultural scheme in a territory for a year (MSA), in the ESS by category or outside it.

No open file has it at this grain: the format is ours, filled by a service from the table the MSA gave it.
"""

from observatoire.schemas import BOOLEEN, EUROS, NOMBRE, TEXTE, Colonne, Table, refus
from observatoire.sources.territory_columns import annee, niveau

UNITES = ["salariés, moyenne annuelle", "salariés au 31 décembre", "équivalents temps plein"]

TABLE = Table(
    "Emploi du régime agricole par territoire, dans l'ESS et hors ESS (MSA).",
    (
        annee("Année."),
        niveau(),
        Colonne("code_territoire", TEXTE, "Code du territoire.", requise=True, obligatoire=True),
        Colonne("est_ess", BOOLEEN, "Dans le champ de l'ESS.", requise=True, obligatoire=True),
        Colonne(
            "categorie",
            TEXTE,
            "Catégorie d'employeurs, dans les mots de la MSA.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "categorie_detaillee",
                    "une ligne de total s'ajouterait à ses parties : la retirer, ou, s'il n'y a pas de détail, nommer "
                    "ce qu'elle compte (« employeurs agricoles de l'ESS »)",
                    lambda v: ~v.str.match(r"\s*(sous-)?(total|totaux|ensemble|tous|toutes)\b", case=False),
                ),
            ),
        ),
        Colonne(
            "effectifs_salaries",
            NOMBRE,
            "Effectif salarié, dans l'unité dite à côté.",
            requise=True,
            unite="salariés",
            regles=(refus("effectifs_positifs", "effectif négatif", lambda v: v >= 0),),
        ),
        Colonne(
            "unite_effectifs",
            TEXTE,
            "Unité de l'effectif.",
            requise=True,
            obligatoire=True,
            regles=(
                refus("unite_connue", f"unité inconnue ; attendu : {' ; '.join(UNITES)}", lambda v: v.isin(UNITES)),
            ),
        ),
        Colonne(
            "masse_salariale_eur",
            EUROS,
            "Masse salariale brute.",
            unite="eur",
            regles=(refus("masse_positive", "masse salariale négative", lambda v: v >= 0),),
        ),
        Colonne(
            "nombre_etablissements",
            NOMBRE,
            "Établissements employeurs.",
            unite="établissements",
            regles=(refus("etablissements_positifs", "nombre négatif", lambda v: v >= 0),),
        ),
    ),
    cle=("annee", "niveau", "code_territoire", "est_ess", "categorie"),
)
