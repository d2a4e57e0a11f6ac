"""A perimeter a document names without drawing it, and its parts; what maps to no territory of today says so."""

from observatoire.schemas import BOOLEEN, ENTIER, TEXTE, Colonne, Table
from observatoire.sources.document_columns import CITATION, CODE_TERRITOIRE, DOCUMENT, NIVEAU, code, date_dite

TABLE = Table(
    "Périmètres que nomment les documents, et ce qui s'en rattache aux territoires d'aujourd'hui.",
    (
        code("perimetre", "Périmètre."),
        Colonne("composante", TEXTE, "Partie nommée ; vide pour le périmètre entier.", requise=True),
        Colonne("nom", TEXTE, "Nom, dans les mots du document.", requise=True, obligatoire=True),
        Colonne("type_perimetre", TEXTE, "quartiers, communautés de communes de l'époque…", requise=True,
                obligatoire=True),
        date_dite("depuis", "Début de l'époque dont parle le document."),
        date_dite("jusqu_a", "Fin de l'époque dont parle le document."),
        Colonne("communes_declarees", ENTIER, "Communes que le document déclare.", requise=True, unite="communes"),
        Colonne("communes_nommees", ENTIER, "Communes que le document nomme.", requise=True, unite="communes"),
        Colonne("habitants_declares", ENTIER, "Habitants que le document déclare.", requise=True, unite="habitants"),
        Colonne("est_geometrie_connue", BOOLEEN, "Un tracé est connu.", requise=True, obligatoire=True),
        NIVEAU,
        CODE_TERRITOIRE,
        Colonne("rattachement", TEXTE, "Ce qui se rattache à un territoire d'aujourd'hui, ou pourquoi rien.",
                requise=True, obligatoire=True),
        DOCUMENT,
        CITATION,
    ),
    cle=("perimetre", "composante"),
)
