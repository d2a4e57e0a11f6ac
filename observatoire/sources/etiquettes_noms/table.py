"""A name as written and what it truly names: what precision and recall are measured on."""

from observatoire.identifiers import is_rna, is_siren
from observatoire.schemas import DATE, TEXTE, Colonne, Table, refus

ORIGINES = ["personne", "generee"]

TABLE = Table(
    "Noms étiquetés : l'organisme que chacun désigne, et qui l'a dit.",
    (
        Colonne("nom", TEXTE, "Nom, tel qu'écrit.", requise=True, obligatoire=True, nominatif=True),
        Colonne(
            "code_commune",
            TEXTE,
            "Commune que le document donne ; vide quand il n'en donne pas.",
            longueur=5,
            regles=(
                refus(
                    "code_commune_forme",
                    "code commune mal formé : 63113 attendu",
                    lambda v: v.str.fullmatch(r"(\d{2}|2A|2B)\d{3}"),
                ),
            ),
        ),
        Colonne(
            "identifiant",
            TEXTE,
            "SIREN ou numéro RNA de l'organisme qu'il désigne, ou aucun.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "identifiant_etiquete",
                    "ni SIREN (neuf chiffres et clé de contrôle), ni numéro RNA (W et neuf chiffres), ni « aucun »",
                    lambda v: is_siren(v) | is_rna(v) | (v == "aucun").fillna(False).astype(bool),
                ),
            ),
        ),
        Colonne(
            "origine",
            TEXTE,
            "personne : relu par quelqu'un ; generee : fabriquée, ne compte pas.",
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "origine_connue",
                    f"origine inconnue ; attendu : {', '.join(ORIGINES)}",
                    lambda v: v.isin(ORIGINES),
                ),
            ),
        ),
        Colonne("auteur", TEXTE, "Service ou organisme qui étiquette.", requise=True, obligatoire=True),
        Colonne("etiquetee_le", DATE, "Jour de l'étiquette.", requise=True, obligatoire=True),
    ),
    cle=("nom", "code_commune", "origine"),
)
