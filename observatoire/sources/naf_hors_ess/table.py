"""An activity that puts a legal unit outside the ESS whatever its legal category."""

from observatoire.schemas import DATE, TEXTE, Colonne, Table

TABLE = Table(
    "Activités (NAF rév. 2) réputées hors du champ de l'ESS, reconstituées et non officielles.",
    (
        Colonne("prefixe_naf", TEXTE, "Début du code d'activité exclu.", requise=True, obligatoire=True),
        Colonne("libelle", TEXTE, "Intitulé de l'activité.", requise=True),
        Colonne("origine", TEXTE, "D'où vient cette exclusion.", requise=True, obligatoire=True),
        Colonne("confiance", TEXTE, "Confiance : forte, moyenne, faible.", requise=True, obligatoire=True),
        Colonne("version", TEXTE, "Version de la règle.", requise=True, obligatoire=True),
        Colonne("valide_du", DATE, "Premier jour de validité, quand il est connu."),
        Colonne("valide_au", DATE, "Dernier jour de validité ; vide tant qu'elle vaut."),
    ),
    cle=("prefixe_naf", "valide_du"),
)
