"""A rule that puts an employer outside the régime général, hence outside what Urssaf counts."""

from observatoire.schemas import DATE, TEXTE, Colonne, Table, refus

CRITERES = ["activite", "categorie_juridique"]

TABLE = Table(
    "Employeurs hors du régime général, que l'Urssaf ne compte pas : règles reconstituées, non officielles.",
    (
        Colonne(
            "critere",
            TEXTE,
            "Sur quoi porte la règle : activite (NAF rév. 2 de l'établissement) ou categorie_juridique.",
            requise=True,
            obligatoire=True,
            regles=(
                refus("critere_connu", "critère inconnu : activite ou categorie_juridique", lambda v: v.isin(CRITERES)),
            ),
        ),
        Colonne("prefixe", TEXTE, "Début du code concerné.", requise=True, obligatoire=True),
        Colonne("libelle", TEXTE, "Intitulé.", requise=True),
        Colonne("origine", TEXTE, "D'où vient cette règle.", requise=True, obligatoire=True),
        Colonne("confiance", TEXTE, "Confiance : forte, moyenne, faible.", requise=True, obligatoire=True),
        Colonne("version", TEXTE, "Version de la règle.", requise=True, obligatoire=True),
        Colonne("valide_du", DATE, "Premier jour de validité, quand il est connu."),
        Colonne("valide_au", DATE, "Dernier jour de validité ; vide tant qu'elle vaut."),
    ),
    cle=("critere", "prefixe", "valide_du"),
)
