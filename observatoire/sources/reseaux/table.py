"""A network and the number of members a document declares for it."""

from observatoire.schemas import BOOLEEN, DATE, ENTIER, TEXTE, Colonne, Table, refus

TABLE = Table(
    "Réseaux et nombre de membres déclaré.",
    (
        Colonne(
            "reseau",
            TEXTE,
            "Code du réseau.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "code_reseau",
                    "code mal formé : minuscules sans accent et soulignés attendus",
                    lambda v: v.str.fullmatch(r"[a-z0-9_]+"),
                ),
            ),
        ),
        Colonne("nom_reseau", TEXTE, "Nom du réseau.", requise=True, obligatoire=True, nominatif=True),
        Colonne("type_reseau", TEXTE, "Type de réseau, dans les mots du document.", requise=True),
        Colonne("membres_declares", ENTIER, "Nombre de membres déclaré.", requise=True, unite="membres"),
        Colonne("membres_declares_min", ENTIER, "Nombre de membres au moins.", unite="membres"),
        Colonne("membres_declares_max", ENTIER, "Nombre de membres au plus.", unite="membres"),
        Colonne("date_document", DATE, "Date du document ; vide quand il n'en porte pas."),
        Colonne("document", TEXTE, "Document.", requise=True, obligatoire=True),
        Colonne("citation", TEXTE, "Mots du document.", requise=True, obligatoire=True, nominatif=True),
        Colonne("porteur", TEXTE, "Organisme qui porte le réseau, tel qu'écrit.", nominatif=True),
        Colonne("est_borne_stricte", BOOLEEN, "La borne est exclue (« plus de 50 »)."),
    ),
    cle=("reseau", "document"),
)
