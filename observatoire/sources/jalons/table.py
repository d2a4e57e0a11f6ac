"""A step of a project: the date a document plans for it, and the date it took place, never taken for granted."""

from observatoire.schemas import TEXTE, Colonne, Controle, Table, refus
from observatoire.sources.territory_columns import siren_collectivite

JOUR = r"[12][0-9]{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?"


def _day() -> Controle:
    return lambda v: v.str.fullmatch(JOUR).fillna(False).astype(bool)


TABLE = Table(
    "Étapes des projets : dates prévues et réelles.",
    (
        siren_collectivite(),
        Colonne("projet", TEXTE, "Projet.", requise=True, obligatoire=True),
        Colonne("jalon", TEXTE, "Étape.", requise=True, obligatoire=True),
        Colonne(
            "date_prevue",
            TEXTE,
            "Date prévue, aussi fine que le document : AAAA, AAAA-MM ou AAAA-MM-JJ.",
            requise=True,
            regles=(refus("prevue_lisible", "date prévue illisible : AAAA, AAAA-MM ou AAAA-MM-JJ attendu", _day()),),
        ),
        Colonne(
            "date_reelle",
            TEXTE,
            "Date constatée, de même ; vide tant que rien ne dit que l'étape a eu lieu.",
            requise=True,
            regles=(refus("reelle_lisible", "date réelle illisible : AAAA, AAAA-MM ou AAAA-MM-JJ attendu", _day()),),
        ),
        Colonne("document", TEXTE, "Document.", requise=True, obligatoire=True),
        Colonne("citation", TEXTE, "Mots du document, personnes masquées par « […] ».", requise=True, obligatoire=True),
        Colonne("note", TEXTE, "Ce qu'il faut savoir pour lire cette ligne."),
    ),
    cle=("siren_collectivite", "projet", "jalon", "document"),
)
