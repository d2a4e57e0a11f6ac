"""A state of a label: announced, then given, as documents say it; what came of it, empty until published."""

from observatoire.schemas import ENTIER, TEXTE, Colonne, Table
from observatoire.sources.document_columns import (
    CITATION,
    CODE_TERRITOIRE,
    CONFIANCE,
    DOCUMENT,
    NIVEAU,
    code,
    date_dite,
    parmi,
)

TABLE = Table(
    "États successifs des labels, chacun daté par son document.",
    (
        code("label", "Label."),
        Colonne("titulaire", TEXTE, "Titulaire, tel qu'écrit.", requise=True, obligatoire=True, nominatif=True),
        Colonne("delivre_par", TEXTE, "Qui le délivre, tel qu'écrit.", requise=True, nominatif=True),
        parmi("etat", "annonce, labellise, retire.", ["annonce", "labellise", "retire"]),
        date_dite("date_etat", "Date de cet état ; vide quand seule une date limite est connue."),
        date_dite("au_plus_tard", "Date à laquelle cet état était atteint."),
        Colonne("plan_action", TEXTE, "Plan d'action publié ; vide : aucun.", requise=True),
        Colonne("resultats", TEXTE, "Résultats publiés ; vide : aucun résultat publié.", requise=True),
        Colonne("titulaires_declares", ENTIER, "Titulaires que le document annonce.", unite="titulaires"),
        NIVEAU,
        CODE_TERRITOIRE,
        CONFIANCE,
        DOCUMENT,
        CITATION,
    ),
    cle=("label", "titulaire", "etat", "document"),
)
