"""A node of the tree of what is promised: programme, then défis, piliers, archipels, objectives, tools, actions.

One table, because each level is only a node with a parent. What links an archipel to a pilier is read in the order of a
page, not stated: it is a second attachment, marked `deduit` and of low confidence.
"""

from observatoire.schemas import ENTIER, TEXTE, Colonne, Table, refus
from observatoire.sources.document_columns import CITATION, CONFIANCES, DOCUMENT, PRECISION, code, date_dite, parmi

TYPES = ["programme", "defi", "pilier", "archipel", "objectif", "modalite", "espace", "outil", "action"]

TABLE = Table(
    "Programmes et ce qu'ils annoncent : défis, piliers, archipels, objectifs, actions.",
    (
        code("element", "Élément."),
        code("parent", "Élément dont il est une partie ; vide pour un programme, ou quand il n'est pas dit.", False),
        parmi("type_element", "programme, defi, pilier, archipel, objectif, modalite, espace, outil, action.", TYPES),
        Colonne("rang", ENTIER, "Numéro que le document lui donne.", requise=True),
        Colonne("titre", TEXTE, "Titre, dans les mots du document.", requise=True, obligatoire=True, nominatif=True),
        Colonne("porteur", TEXTE, "Organisme qui le porte, tel qu'écrit.", requise=True, nominatif=True),
        date_dite("depuis", "Début ; vide quand il n'est pas dit."),
        date_dite("jusqu_a", "Fin ; vide quand elle n'est pas dite."),
        code("rattache_a", "Élément auquel il est aussi rattaché.", False),
        Colonne(
            "confiance_rattachement",
            TEXTE,
            "Confiance dans ce rattachement, toujours déduit.",
            regles=(
                refus(
                    "confiance_connue",
                    f"confiance inconnue ; attendu : {', '.join(CONFIANCES)}",
                    lambda v: v.isin(CONFIANCES),
                ),
            ),
        ),
        Colonne("indicateur", TEXTE, "Indicateur publié qui le suit ; vide : aucun.", requise=True),
        Colonne("resultats", TEXTE, "Résultats publiés ; vide : aucun résultat publié.", requise=True),
        PRECISION,
        DOCUMENT,
        CITATION,
    ),
    cle=("element",),
)
