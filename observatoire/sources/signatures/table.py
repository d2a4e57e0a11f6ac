"""The signature of a charter by an organisation, or by several that the document counts without naming them."""

from observatoire.schemas import ENTIER, TEXTE, Colonne, Table, refus
from observatoire.sources.document_columns import (
    CITATION,
    CONFIANCE,
    DOCUMENT,
    EST_SENSIBLE,
    PRECISION,
    code,
    date_dite,
)

TABLE = Table(
    "Signatures de chartes, signataires nommés ou seulement comptés.",
    (
        code("charte", "Charte."),
        code("reseau", "Réseau dont c'est la charte."),
        Colonne("signataire", TEXTE, "Signataire, tel qu'écrit ; vide quand il n'est pas nommé.", requise=True,
                nominatif=True),
        Colonne("role", TEXTE, "partenaire, territoire…", requise=True, obligatoire=True),
        Colonne("nombre", ENTIER, "Nombre de signataires.", requise=True, obligatoire=True, unite="signataires",
                regles=(refus("nombre_positif", "nombre de signataires nul ou négatif", lambda v: v > 0),)),
        date_dite("date_signature", "Date ; vide quand elle n'est pas dite."),
        PRECISION,
        CONFIANCE,
        EST_SENSIBLE,
        DOCUMENT,
        CITATION,
    ),
    cle=("charte", "role", "signataire"),
)
