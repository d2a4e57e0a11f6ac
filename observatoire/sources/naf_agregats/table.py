"""The French name of an aggregate of NAF rév. 2."""

from observatoire.schemas import TEXTE, Colonne, Table

TABLE = Table(
    "Intitulés des agrégats de la NAF rév. 2.",
    (
        Colonne("nomenclature", TEXTE, "a17, a21, a38 ou a88.", requise=True, obligatoire=True),
        Colonne("code", TEXTE, "Code du poste.", requise=True, obligatoire=True),
        Colonne("libelle", TEXTE, "Intitulé du poste.", requise=True, obligatoire=True),
    ),
    cle=("nomenclature", "code"),
)
