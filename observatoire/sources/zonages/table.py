"""A territory above the commune: its level, code, name and type."""

from observatoire.schemas import TEXTE, Colonne, Table, refus

NIVEAUX = ["epci", "departement", "region", "france"]

TABLE = Table(
    "EPCI à fiscalité propre, départements, régions et France : noms et types.",
    (
        Colonne(
            "niveau",
            TEXTE,
            "Niveau du territoire : epci, departement, region, france.",
            requise=True,
            obligatoire=True,
            regles=(refus("niveau_connu", "niveau inconnu", lambda valeurs: valeurs.isin(NIVEAUX)),),
        ),
        Colonne("code_territoire", TEXTE, "Code du territoire dans son niveau.", requise=True, obligatoire=True),
        Colonne("libelle", TEXTE, "Nom du territoire.", requise=True, obligatoire=True),
        Colonne("type_zonage", TEXTE, "Type d'EPCI : METRO, CU, CA, CC, MET69."),
        Colonne("mode_financement", TEXTE, "Fiscalité de l'EPCI : FPU (professionnelle unique) ou FA (additionnelle)."),
    ),
    cle=("niveau", "code_territoire"),
)
