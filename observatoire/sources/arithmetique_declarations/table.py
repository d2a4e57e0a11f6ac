"""A computation between figures of one document: `salaries_ess / etablissements_employeurs_ess`, read left to right.

Terms are quantities the document declares, or numbers; operators are + - * /, without precedence.
"""

from observatoire.schemas import NOMBRE, TEXTE, Colonne, Table, refus

CALCUL = r"[a-z][a-z0-9_]*( [-+*/] [a-z0-9_.]+)+"

TABLE = Table(
    "Calculs entre chiffres d'un même document, et ce qu'ils doivent donner.",
    (
        Colonne("document", TEXTE, "Document.", requise=True, obligatoire=True),
        Colonne("controle", TEXTE, "Nom du calcul.", requise=True, obligatoire=True),
        Colonne(
            "calcul",
            TEXTE,
            "Grandeurs et opérations, de gauche à droite.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "calcul_lisible",
                    "calcul illisible : des grandeurs séparées par +, -, * ou / entourés d'espaces",
                    lambda v: v.str.fullmatch(CALCUL),
                ),
            ),
        ),
        Colonne("grandeur_attendue", TEXTE, "Grandeur du document que le calcul doit retrouver.", requise=True),
        Colonne("plausible_bas", NOMBRE, "En dessous, le résultat n'est pas plausible.", requise=True),
        Colonne("plausible_haut", NOMBRE, "Au-dessus, le résultat n'est pas plausible.", requise=True),
        Colonne("unite", TEXTE, "Unité du résultat.", requise=True, obligatoire=True),
        Colonne("raison", TEXTE, "D'où vient ce qui est attendu.", requise=True, obligatoire=True),
    ),
    cle=("document", "controle"),
)
