"""A grant as its grantor publishes it (SCDL « subventions », v1.1 with 14 columns, v2.1 with 16; décret 2017-779).

The obligation starts at 23,000 €: smaller grants are not missing, they are outside it.
"""

import re
from datetime import UTC, datetime

import pandas as pd

from observatoire.conversion import convert
from observatoire.identifiers import is_rna, is_siren, is_siren_or_siret, is_siret
from observatoire.schemas import BOOLEEN, DATE, ENTIER, EUROS, NOMBRE, TEXTE, Colonne, Table, refus, signalement

TABLE = Table(
    "Subventions publiées par les collectivités (format SCDL).",
    (
        Colonne("nom_attribuant", TEXTE, "Collectivité qui attribue.", ("nomAttribuant",), requise=True),
        Colonne(
            "id_attribuant",
            TEXTE,
            "SIRET de la collectivité.",
            ("idAttribuant",),
            requise=True,
            regles=(
                signalement(
                    "attribuant_invalide",
                    "identifiant de l'attribuant invalide : territoire inconnu",
                    is_siren_or_siret,
                ),
            ),
        ),
        Colonne("siren_attribuant", TEXTE, "SIREN de la collectivité.", calculee=True),
        Colonne(
            "exercice",
            ENTIER,
            "Année de la convention, à défaut celle du fichier.",
            calculee=True,
            regles=(
                refus(
                    "exercice_plausible",
                    "exercice impossible : avant 2010 ou dans l'avenir",
                    lambda v: v.between(2010, datetime.now(UTC).year),
                ),
            ),
        ),
        Colonne("date_convention", DATE, "Date de la convention.", ("dateConvention",)),
        Colonne("reference_decision", TEXTE, "Référence de la décision.", ("referenceDecision",)),
        Colonne(
            "nom_beneficiaire", TEXTE, "Bénéficiaire, tel qu'écrit.", ("nomBeneficiaire",), requise=True, nominatif=True
        ),
        Colonne(
            "id_beneficiaire",
            TEXTE,
            "SIRET du bénéficiaire, tel qu'écrit.",
            ("idBeneficiaire",),
            regles=(
                signalement(
                    "identifiant_invalide",
                    "identifiant du bénéficiaire invalide : ni SIRET ni SIREN",
                    is_siren_or_siret,
                ),
                signalement(
                    "siren_au_lieu_de_siret",
                    "SIREN à la place du SIRET : établissement inconnu",
                    lambda v: ~is_siren(v),
                ),
            ),
        ),
        Colonne("siren_beneficiaire", TEXTE, "SIREN du bénéficiaire, quand son identifiant est valide.", calculee=True),
        Colonne(
            "rna_beneficiaire",
            TEXTE,
            "Numéro RNA du bénéficiaire.",
            ("rnaBeneficiaire",),
            regles=(signalement("rna_forme", "numéro RNA mal formé (W et neuf chiffres attendus)", is_rna),),
        ),
        Colonne("objet", TEXTE, "Objet de la subvention.", requise=True, nominatif=True),
        Colonne(
            "montant_eur",
            EUROS,
            "Montant attribué.",
            ("montant",),
            requise=True,
            obligatoire=True,
            unite="eur",
            regles=(
                signalement(
                    "montant_positif",
                    "montant nul ou négatif : annulation ou reversement ? compté tel quel",
                    lambda v: v > 0,
                ),
            ),
        ),
        Colonne("nature", TEXTE, "Aide en numéraire ou en nature."),
        Colonne("conditions_versement", TEXTE, "Conditions de versement.", ("conditionsVersement",)),
        Colonne("dates_periode_versement", TEXTE, "Dates ou période de versement.", ("datesPeriodeVersement",)),
        Colonne("id_rae", TEXTE, "Numéro au répertoire des aides aux entreprises.", ("idRAE",)),
        Colonne("est_notifiee_ue", BOOLEEN, "Aide notifiée à l'Union européenne.", ("notificationUE",)),
        Colonne(
            "pourcentage_subvention",
            NOMBRE,
            "Part du bénéficiaire dans une subvention partagée, de 0 à 1.",
            ("pourcentageSubvention",),
            regles=(
                signalement(
                    "part_plausible",
                    "part du bénéficiaire hors de l'intervalle de 0 à 1 : la subvention est comptée entière",
                    lambda v: (v > 0) & (v <= 1),
                ),
            ),
        ),
        Colonne("dispositif_aide", TEXTE, "Dispositif d'aide.", ("dispositifAide",)),
    ),
    cle=("id_attribuant", "exercice", "id_beneficiaire", "nom_beneficiaire", "objet", "montant_eur", "date_convention"),
    gravite_cle="signalement",
    regles=(
        signalement(
            "attribuant_identifie",
            "attribuant sans SIRET : territoire inconnu",
            lambda lignes: lignes["id_attribuant"].notna(),
        ),
        signalement(
            "beneficiaire_identifie",
            "bénéficiaire sans SIRET ni RNA : à demander au producteur",
            lambda lignes: lignes["id_beneficiaire"].notna() | lignes["rna_beneficiaire"].notna(),
        ),
        signalement(
            "date_presente",
            "date de convention absente : l'exercice vient du fichier",
            lambda lignes: lignes["date_convention"].notna(),
        ),
        signalement(
            "exercice_connu",
            "exercice inconnu : ni date de convention, ni année dans le nom du fichier",
            lambda lignes: lignes["exercice"].notna(),
        ),
    ),
)


def preparer(brut: pd.DataFrame, fichier: str, millesime: str) -> pd.DataFrame:
    """Derive the exercice, and the SIREN on both sides."""
    absente = pd.Series(None, index=brut.index, dtype=pd.ArrowDtype(TEXTE))
    annee = convert(brut.get("date_convention", absente), DATE).dt.year.astype(pd.ArrowDtype(ENTIER))
    # an origin may say « inconnu », or several years in words: only a year that comes first is one
    annee_du_fichier = re.match(r"(19|20)\d{2}", millesime)
    return brut.assign(
        exercice=annee.fillna(int(annee_du_fichier[0])) if annee_du_fichier else annee,
        siren_attribuant=_siren_of(brut["id_attribuant"]),
        siren_beneficiaire=_siren_of(brut.get("id_beneficiaire", absente)),
    )


def _siren_of(identifiant: pd.Series) -> pd.Series:
    """Keep the SIREN of a valid SIREN or SIRET."""
    nu = convert(identifiant, TEXTE)
    return nu.str.slice(0, 9).where(is_siren(nu) | is_siret(nu))
