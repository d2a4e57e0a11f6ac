"""A monthly count of project leaders, of at least eleven persons, or masked; the register itself is never read here."""

from observatoire.schemas import ENTIER, TEXTE, Colonne, Table, refus

SEUIL = 11
NIVEAUX = ["epci", "registre"]
STATUTS = ["F", "C"]

TABLE = Table(
    "Porteurs de projets rencontrés dans le mois, par territoire ; jamais moins de onze.",
    (
        Colonne(
            "mois",
            TEXTE,
            "Mois de la première rencontre.",
            requise=True,
            obligatoire=True,
            regles=(
                refus("mois_forme", "mois mal formé : 2026-10 attendu", lambda v: v.str.fullmatch(r"\d{4}-[01]\d")),
            ),
        ),
        Colonne(
            "niveau",
            TEXTE,
            "epci, ou registre pour l'ensemble.",
            requise=True,
            obligatoire=True,
            regles=(
                refus("niveau_connu", f"niveau inconnu ; attendu : {', '.join(NIVEAUX)}", lambda v: v.isin(NIVEAUX)),
            ),
        ),
        Colonne("code_territoire", TEXTE, "SIREN de l'EPCI, ou registre.", requise=True, obligatoire=True),
        Colonne(
            "nombre",
            ENTIER,
            "Porteurs rencontrés ; vide sous onze, ou pour en protéger un autre.",
            requise=True,
            unite="personnes",
            nominatif=True,  # a small count that should not be there is not repeated
            regles=(
                refus("onze_au_moins", "moins de onze personnes : rien de si petit ne se publie", lambda v: v >= SEUIL),
            ),
        ),
        Colonne(
            "statut_confidentialite",
            TEXTE,
            "F : libre ; C : masqué.",
            requise=True,
            obligatoire=True,
            regles=(
                refus("statut_connu", f"statut inconnu ; attendu : {', '.join(STATUTS)}", lambda v: v.isin(STATUTS)),
            ),
        ),
        Colonne("mention", TEXTE, "Pourquoi le nombre est vide.", requise=True),
    ),
    cle=("mois", "niveau", "code_territoire"),
    regles=(
        refus(
            "statut_et_nombre",
            "un nombre masqué est vide, un nombre libre ne l'est pas",
            lambda lignes: lignes["statut_confidentialite"].isna()
            | (lignes["nombre"].isna() == (lignes["statut_confidentialite"] == "C").fillna(False)),
        ),
    ),
)
