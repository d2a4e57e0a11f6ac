"""A call a local authority launched: when it opened and closed, and how many answered, as a document tells it."""

from observatoire.schemas import DATE, ENTIER, TEXTE, Colonne, Table, refus
from observatoire.sources.territory_columns import annee, siren_collectivite

TYPES = ["appel à projets", "appel à manifestation d'intérêt"]

TABLE = Table(
    "Appels à projets et à manifestation d'intérêt lancés vers l'ESS.",
    (
        siren_collectivite(),
        Colonne("appel", TEXTE, "Objet de l'appel, dans les mots du document.", requise=True, obligatoire=True),
        Colonne(
            "type",
            TEXTE,
            "appel à projets, ou appel à manifestation d'intérêt.",
            requise=True,
            obligatoire=True,
            regles=(refus("type_connu", f"type inconnu ; attendu : {', '.join(TYPES)}", lambda v: v.isin(TYPES)),),
        ),
        annee("Année de l'appel ; vide quand le document ne la donne pas.", depuis=2000, obligatoire=False),
        Colonne("ouverture", DATE, "Jour d'ouverture ; vide quand le document ne le donne pas.", requise=True),
        Colonne("cloture", DATE, "Jour de clôture ; vide quand le document ne le donne pas.", requise=True),
        Colonne("reponses", ENTIER, "Réponses ; vide quand le nombre est approché.", requise=True, unite="réponses"),
        Colonne("reponses_min", ENTIER, "Réponses, au moins (« une vingtaine » : 15).", requise=True, unite="réponses"),
        Colonne("reponses_max", ENTIER, "Réponses, au plus (« une vingtaine » : 25).", requise=True, unite="réponses"),
        Colonne("document", TEXTE, "Document.", requise=True, obligatoire=True),
        Colonne("citation", TEXTE, "Mots du document, personnes masquées par « […] ».", requise=True, obligatoire=True),
        Colonne("note", TEXTE, "Ce qu'il faut savoir pour lire cette ligne."),
    ),
    cle=("siren_collectivite", "appel", "document"),
    regles=(
        refus(
            "cloture_apres_ouverture",
            "l'appel est clos avant d'être ouvert",
            lambda lignes: (lignes["cloture"] >= lignes["ouverture"]).fillna(True),
        ),
        refus(
            "bornes_dans_l_ordre",
            "nombre de réponses au moins plus grand qu'au plus",
            lambda lignes: (lignes["reponses_max"] >= lignes["reponses_min"]).fillna(True),
        ),
    ),
)
