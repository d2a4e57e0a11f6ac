"""An activity that puts a legal unit outside the ESS whatever its legal category."""

from observatoire.schemas import TEXTE, Colonne, Table

TABLE = Table(
    "Activités (NAF rév. 2) réputées hors du champ de l'ESS, reconstituées et non officielles.",
    (
        Colonne("prefixe_naf", TEXTE, "Début du code d'activité exclu.", requise=True, obligatoire=True),
        Colonne("libelle", TEXTE, "Intitulé de l'activité.", requise=True),
        Colonne("origine", TEXTE, "D'où vient cette exclusion.", requise=True, obligatoire=True),
        Colonne("confiance", TEXTE, "Confiance : forte, moyenne, faible.", requise=True, obligatoire=True),
    ),
    cle=("prefixe_naf",),
)
