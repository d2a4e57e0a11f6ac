"""An agreement or a group of theses, in aggregate: how many a document tells of, planned or not, never whose."""

from observatoire.schemas import BOOLEEN, ENTIER, TEXTE, Colonne, Table, refus
from observatoire.sources.document_columns import CITATION, DOCUMENT, PRECISION, code, parmi

TABLE = Table(
    "Conventions, contrats et thèses, comptés sans nommer personne.",
    (
        code("convention", "Convention, ou ensemble de contrats ou de thèses."),
        Colonne("type_convention", TEXTE, "CIFRE, thèse, convention, accord…", requise=True, obligatoire=True),
        Colonne("organisation", TEXTE, "Organisme qui la porte, tel qu'écrit.", requise=True, obligatoire=True,
                nominatif=True),
        Colonne("objet", TEXTE, "Objet.", requise=True, obligatoire=True, nominatif=True),
        Colonne("nombre", ENTIER, "Nombre, quand il est exact.", requise=True),
        Colonne("nombre_min", ENTIER, "Nombre au moins, pour une approximation.", requise=True),
        Colonne("nombre_max", ENTIER, "Nombre au plus, pour une approximation.", requise=True),
        Colonne("est_borne_stricte", BOOLEEN, "La borne est exclue (« plus de 50 »)."),
        parmi("statut", "prevu, en_cours, constate.", ["prevu", "en_cours", "constate"]),
        PRECISION,
        DOCUMENT,
        CITATION,
    ),
    cle=("convention", "document"),
    regles=(
        refus(
            "nombre_dit",
            "ni nombre ni borne : rien n'est compté",
            lambda lignes: lignes[["nombre", "nombre_min", "nombre_max"]].notna().any(axis=1),
        ),
    ),
)
