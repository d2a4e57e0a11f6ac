"""A grant as its grantor publishes it: SCDL « subventions » v1.1 (14 columns), v2.1 (16), Data.Subvention's.

The obligation (décret 2017-779) starts at 23,000 €: smaller grants are not missing, they are outside it. Headers are
the technical names or the titles of the official schema; `tests/sources/test_schemas_officiels.py` compares the rules.
"""

from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd

from observatoire.conversion import convert
from observatoire.identifiers import (
    MADE_UP,
    ROUNDED,
    SCIENTIFIC,
    is_rna,
    is_siren,
    is_siren_or_siret,
    is_siret,
    restored,
)
from observatoire.schemas import (
    BOOLEEN,
    DATE,
    ENTIER,
    EUROS,
    NOMBRE,
    TEXTE,
    Colonne,
    Controle,
    Table,
    Totaux,
    length_at_most,
    refus,
    signalement,
)
from observatoire.sources.subventions.annee import (
    CONFIRMEE,
    FICHIER,
    MONNAIE_UNIQUE,
    PREMIERE,
    without_day,
    year_of_file,
    years_of,
)
from observatoire.sources.subventions.entetes import declared_headers
from observatoire.sources.subventions.monnaie import (
    EUROS_ECRITS,
    FRANCS_ECRITS,
    in_francs,
    in_one_currency,
    to_euros,
)
from observatoire.sources.subventions.parts import shares_of
from observatoire.sources.subventions.series import ENSEMBLE

ETATS = ("décidé", "conventionné", "payé")
# statuses without accents, as `_plain` reads them; the first of the pending ones is how the schema writes it
ATTRIBUEE = "attribuee?|accordee?|acceptee?|votee?|approuvee?"
SANS_SUITE = {
    "en cours d'intruction|en cours( d'instruction)?|en attente|deposee?": "demande en cours : rien n'est attribué",
    "ineligible|non[- ]eligible": "demande inéligible : rien n'est attribué",
    "refusee?|rejetee?|non[- ]attribuee?": "demande refusée : rien n'est attribué",
    "abandonnee?|annulee?|retiree?|sans suite": "demande retirée ou annulée : rien n'est attribué",
}
NUMERAIRE, EN_NATURE = "aide en numéraire", "aide en nature"
NATURES = (NUMERAIRE, EN_NATURE, f"{NUMERAIRE};{EN_NATURE}", f"{EN_NATURE};{NUMERAIRE}")
PRET = r".*\b(prets?|garanties?|avances? (remboursables?|recuperables?)|cautions?|cautionnements?)\b.*"
JOURS = r"\d{4}-\d{2}-\d{2}([/_]\d{4}-\d{2}-\d{2})?"


def _written(motif: str) -> Controle:
    return lambda v: v.str.fullmatch(motif, case=False).fillna(False).astype(bool)


def _not_written(motif: str) -> Controle:
    ecrit = _written(motif)
    return lambda v: ~ecrit(v)


def _plain(mots: pd.Series) -> pd.Series:
    """Read words without their case, their accents and the shapes of their apostrophes."""
    droites = mots.str.lower().str.replace("[’ʼ`´]", "'", regex=True).str.normalize("NFKD")
    return droites.str.replace("[\u0300-\u036f]", "", regex=True).str.replace(r"\s+", " ", regex=True).str.strip()


def _explained(identifiant: pd.Series) -> pd.Series:
    """Say which identifiers are right, or already explained by another rule."""
    dits: pd.Series = _written(f"{SCIENTIFIC}|{ROUNDED}|{MADE_UP}")(identifiant)
    return is_siren_or_siret(identifiant) | is_rna(identifiant) | dits


def _shares_add_up(lignes: pd.DataFrame) -> pd.Series:
    """Say which shared conventions have shares of all their beneficiaries, to a rounding of two decimals each."""
    parts = lignes["pourcentage_subvention"].astype("float64")
    par_convention = parts.groupby(lignes["reference_convention"]).transform("sum")
    return (lignes["reference_convention"].isna() | ((par_convention - 1).abs() <= 0.02)).astype(bool)


NOMS = declared_headers()

TABLE = Table(
    "Subventions publiées par les collectivités (format SCDL).",
    (
        Colonne(
            "nom_attribuant",
            TEXTE,
            "Collectivité qui attribue.",
            **NOMS["nom_attribuant"],
            origine="attribuant",
            titre=r"(?:attribuant|collectivité)\s*[:\t]\s*([^\t]+)",
        ),
        Colonne(
            "id_attribuant",
            TEXTE,
            "SIRET de la collectivité.",
            **NOMS["id_attribuant"],
            requise=True,
            origine="siret_attribuant",
            genre="siren_ou_siret",
            titre=r"\b(\d{3} ?\d{3} ?\d{3} ?\d{5})\b",
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
            "Exercice de la ligne ; à défaut celui du fichier que la ligne confirme, puis l'année de la convention, de "
            "la décision, du fichier.",
            calculee=True,
            regles=(
                refus(
                    "exercice_plausible",
                    f"exercice impossible : avant {PREMIERE} ou au-delà de l'an prochain",
                    lambda v: v.between(PREMIERE, datetime.now(UTC).year + 1),
                ),
            ),
        ),
        Colonne(
            "exercice_origine",
            TEXTE,
            "Ce qui dit l'exercice : ligne, fichier confirmé (par l'objet ou la période de versement), convention, "
            "décision ou fichier.",
            calculee=True,
            regles=(
                signalement(
                    "exercice_confirme",
                    "convention ou décision d'une autre année : la ligne est comptée à celle du fichier, que donne son "
                    "objet ou sa période de versement",
                    lambda v: v != CONFIRMEE,
                ),
            ),
        ),
        Colonne(
            "exercice_budgetaire",
            ENTIER,
            "Exercice budgétaire, tel que donné.",
            **NOMS["exercice_budgetaire"],
            genre="annee",
        ),
        Colonne("date_convention", DATE, "Date de la convention.", **NOMS["date_convention"]),
        Colonne("date_decision", DATE, "Date de la décision d'attribution.", **NOMS["date_decision"]),
        Colonne(
            "reference_decision",
            TEXTE,
            "Référence de la décision.",
            **NOMS["reference_decision"],
        ),
        Colonne("id_subvention", TEXTE, "Numéro de la subvention chez l'attribuant.", **NOMS["id_subvention"]),
        Colonne(
            "reference_convention",
            TEXTE,
            "Clé commune aux lignes d'une convention partagée ; vide quand le bénéficiaire est seul.",
            calculee=True,
        ),
        Colonne(
            "nom_beneficiaire",
            TEXTE,
            "Bénéficiaire, tel qu'écrit.",
            **NOMS["nom_beneficiaire"],
            requise=True,
            nominatif=True,
        ),
        Colonne(
            "id_beneficiaire",
            TEXTE,
            "SIRET du bénéficiaire, sinon son SIREN ou son numéro RNA ; tel qu'écrit quand il ne se lit pas.",
            **NOMS["id_beneficiaire"],
            nominatif=True,  # a first name is sometimes written there
            genre="siren_ou_siret",
            regles=(
                signalement(
                    "siret_arrondi",
                    "SIRET qui finit par 00000 : arrondi par un tableur, le redemander",
                    _not_written(ROUNDED),
                ),
                signalement(
                    "identifiant_factice",
                    "identifiant inventé pour remplir la case : le demander",
                    _not_written(MADE_UP),
                ),
                signalement(
                    "identifiant_invalide", "identifiant du bénéficiaire invalide : ni SIRET ni SIREN", _explained
                ),
                signalement(
                    "siren_au_lieu_de_siret",
                    "SIREN à la place du SIRET : établissement inconnu",
                    lambda v: ~is_siren(v),
                ),
            ),
        ),
        Colonne(
            "siren_beneficiaire",
            TEXTE,
            "SIREN du bénéficiaire, quand son identifiant est valide.",
            calculee=True,
            nominatif=True,
        ),
        Colonne(
            "siret_beneficiaire", TEXTE, "SIRET du bénéficiaire, quand il est valide.", calculee=True, nominatif=True
        ),
        Colonne(
            "rna_beneficiaire",
            TEXTE,
            "Numéro RNA du bénéficiaire.",
            nominatif=True,
            genre="rna",
            **NOMS["rna_beneficiaire"],
            regles=(signalement("rna_forme", "numéro RNA mal formé (W et neuf chiffres attendus)", is_rna),),
        ),
        Colonne(
            "objet",
            TEXTE,
            "Objet de la subvention.",
            **NOMS["objet"],
            nominatif=True,
            regles=(length_at_most(256),),
        ),
        Colonne(
            "etat",
            TEXTE,
            "décidé, conventionné ou payé : trois états d'une même aide, qui ne s'ajoutent jamais.",
            regles=(refus("etat_connu", f"état inconnu ; attendu : {', '.join(ETATS)}", lambda v: v.isin(ETATS)),),
        ),
        Colonne(
            "statut",
            TEXTE,
            "Statut de la demande, quand le fichier le dit.",
            **NOMS["statut"],
            nom_lu=False,
            regles=(
                refus(
                    "statut_connu",
                    "statut de demande inconnu : attribuée ou non ? l'écrire comme le schéma (attribuée, refusée…)",
                    lambda v: _written(ATTRIBUEE)(_plain(v)),
                ),
            ),
            nominatif=True,
        ),
        Colonne(
            "montant_eur",
            EUROS,
            "Montant attribué ; le montant entier sur chaque ligne d'une convention partagée.",
            **NOMS["montant_eur"],
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
        Colonne(
            "monnaie",
            TEXTE,
            "Monnaie, quand le fichier ou son origine la dit ; des francs sont convertis (1 € pour 6,55957 F).",
            **NOMS["monnaie"],
            origine="monnaie",
            regles=(
                refus(
                    "monnaie_connue",
                    "monnaie autre que l'euro, ou le franc d'avant 2002 : montant non compté",
                    lambda v: _written(f"{EUROS_ECRITS}|{FRANCS_ECRITS}")(v),
                ),
            ),
        ),
        Colonne("pret_eur", EUROS, "Montant du prêt, qui n'est pas une subvention.", **NOMS["pret_eur"], unite="eur"),
        Colonne(
            "garantie_eur",
            EUROS,
            "Montant garanti, qui n'est pas une subvention.",
            **NOMS["garantie_eur"],
            unite="eur",
        ),
        Colonne(
            "nature",
            TEXTE,
            "Aide en numéraire ou en nature.",
            nominatif=True,
            **NOMS["nature"],
            regles=(
                signalement(
                    "nature_connue",
                    f"nature inconnue ; attendu : {NUMERAIRE}, {EN_NATURE}, ou les deux séparées par « ; »",
                    lambda v: v.str.lower().isin(NATURES),
                ),
            ),
        ),
        Colonne(
            "conditions_versement",
            TEXTE,
            "Conditions de versement.",
            nominatif=True,
            **NOMS["conditions_versement"],
            regles=(length_at_most(256),),
        ),
        Colonne(
            "dates_periode_versement",
            TEXTE,
            "Dates ou période de versement.",
            nominatif=True,
            **NOMS["dates_periode_versement"],
            regles=(
                signalement(
                    "periode_lisible",
                    "période de versement illisible : AAAA-MM-JJ, ou deux jours séparés par « / », attendus",
                    _written(JOURS),
                ),
            ),
        ),
        Colonne(
            "id_rae",
            TEXTE,
            "Numéro au répertoire des aides aux entreprises.",
            **NOMS["id_rae"],
            regles=(length_at_most(5),),
        ),
        Colonne(
            "est_notifiee_ue",
            BOOLEEN,
            "Aide notifiée à l'Union européenne.",
            **NOMS["est_notifiee_ue"],
        ),
        Colonne(
            "pourcentage_subvention",
            NOMBRE,
            "Part du bénéficiaire dans une subvention partagée, de 0 à 1 ; au-dessus de 1, lue pour cent.",
            **NOMS["pourcentage_subvention"],
            regles=(
                signalement(
                    "part_plausible",
                    "part du bénéficiaire hors de l'intervalle de 0,01 à 1 : à vérifier à la source",
                    lambda v: (v >= Decimal("0.01")) & (v <= 1),
                ),
            ),
        ),
        Colonne(
            "est_pluriannuelle",
            BOOLEEN,
            "Subvention attribuée sur plusieurs années.",
            **NOMS["est_pluriannuelle"],
            regles=(
                signalement(
                    "pluriannuelle_a_verifier",
                    "subvention pluriannuelle : montant de l'exercice ou de toute la période ? compté tel quel",
                    lambda v: ~v,
                ),
            ),
        ),
        Colonne(
            "dispositif_aide",
            TEXTE,
            "Dispositif d'aide.",
            nominatif=True,
            **NOMS["dispositif_aide"],
        ),
    ),
    cle=(
        *("id_attribuant", "exercice", "etat", "id_beneficiaire", "nom_beneficiaire"),
        *("objet", "montant_eur", "date_convention"),
    ),
    gravite_cle="signalement",
    totaux=Totaux(
        montants=("montant_eur",),
        libelles=("nom_beneficiaire", "objet", "nom_attribuant", "id_attribuant", "id_beneficiaire"),
        identifiants=("siren_beneficiaire", "rna_beneficiaire"),
        propres=("objet", "date_convention", "date_decision"),
    ),
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
            "beneficiaire_nomme",
            "bénéficiaire sans nom : à demander au producteur",
            lambda lignes: lignes["nom_beneficiaire"].notna(),
        ),
        signalement(
            "date_presente",
            "ni exercice budgétaire, ni date de convention ou de décision : l'exercice vient du fichier",
            lambda lignes: (lignes["exercice_origine"] != FICHIER).fillna(False).astype(bool),
        ),
        signalement(
            "exercice_connu",
            "exercice inconnu : ni date de convention, ni année dans le nom du fichier",
            lambda lignes: lignes["exercice"].notna(),
        ),
        refus(
            "monnaie_dite",
            f"avant {MONNAIE_UNIQUE}, francs ou euros ? l'écrire à côté du fichier (« monnaie: » dans son "
            ".origine.yml) ; des francs après cette date ne se comptent pas",
            in_one_currency,
        ),
        signalement(
            "parts_completes",
            "parts connues d'une convention partagée différentes de 100 % : bénéficiaire manquant, ou part erronée ? "
            "la convention compte entière, une fois ; ce qu'elles laissent va à des bénéficiaires non nommés",
            _shares_add_up,
        ),
    ),
    ensemble=ENSEMBLE,
    convention="reference_convention",
)


def preparer(brut: pd.DataFrame, fichier: str, millesime: str) -> pd.DataFrame:
    """Derive the exercice, the state, the convention, and the SIREN on both sides."""

    def ecrite(nom: str) -> pd.Series:
        return brut.get(nom, pd.Series(None, index=brut.index, dtype=pd.ArrowDtype(TEXTE)))

    dates = ("exercice_budgetaire", "date_convention", "date_decision", "objet", "dates_periode_versement")
    exercice, origine = years_of(pd.DataFrame({nom: ecrite(nom) for nom in dates}), year_of_file(millesime))
    # a year alone was read as such: as a day it is not unreadable, it is not said
    jours = {nom: brut[nom].mask(without_day(brut[nom])) for nom in ("date_convention", "date_decision") if nom in brut}
    identifiant = restored(convert(ecrite("id_beneficiaire"), TEXTE))
    derivees = {
        **jours,
        "exercice": exercice,
        "exercice_origine": origine,
        # what SCDL publishes is attributed: neither signed for sure, nor paid
        "etat": convert(ecrite("etat"), TEXTE).str.lower().fillna(ETATS[0]),
        "siren_attribuant": _siren_of(restored(convert(ecrite("id_attribuant"), TEXTE))),
        "siren_beneficiaire": _siren_of(identifiant),
        "siret_beneficiaire": identifiant.where(is_siret(identifiant)),
        "rna_beneficiaire": convert(ecrite("rna_beneficiaire"), TEXTE).fillna(identifiant.where(is_rna(identifiant))),
    }
    if "monnaie" in brut:
        derivees["montant_eur"] = to_euros(brut["montant_eur"], in_francs(ecrite("monnaie")))
    if "pourcentage_subvention" in brut:
        derivees |= shares_of(brut)
    if "_fusion" in brut:  # a merged amount: the rows that share it are parts of one convention
        deja = derivees.get("reference_convention")
        derivees["reference_convention"] = brut["_fusion"] if deja is None else deja.fillna(brut["_fusion"])
    return brut.assign(**derivees)


def hors_champ(lignes: pd.DataFrame, aucune: pd.Series) -> pd.Series:
    """Leave out the requests that were not granted, and the years to come of a grant over several years."""
    motifs, statut = aucune, _plain(lignes["statut"])
    for ecrit, motif in SANS_SUITE.items():
        motifs = motifs.mask(_written(ecrit)(statut), motif)
    nature = _plain(lignes["nature"])
    prete = _written(PRET)(nature) & ~nature.str.contains("numeraire|en nature|subvention").fillna(False).astype(bool)
    prete |= lignes["montant_eur"].isna() & (lignes["pret_eur"].notna() | lignes["garantie_eur"].notna())
    motifs = motifs.mask(prete.astype(bool) & motifs.isna(), "prêt ou garantie : pas une subvention")
    a_venir = lignes["est_pluriannuelle"].fillna(False) & (lignes["exercice"] > datetime.now(UTC).year).fillna(False)
    return motifs.mask(a_venir.astype(bool) & motifs.isna(), "exercice à venir d'une subvention pluriannuelle")


def _siren_of(identifiant: pd.Series) -> pd.Series:
    """Keep the SIREN of a valid SIREN or SIRET."""
    return identifiant.str.slice(0, 9).where(is_siren_or_siret(identifiant))
