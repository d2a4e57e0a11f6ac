"""A grant as its grantor publishes it: SCDL « subventions » v1.1 (14 columns), v2.1 (16), Data.Subvention's.

The obligation (décret 2017-779) starts at 23,000 €: smaller grants are not missing, they are outside it. Headers are
the technical names or the titles of the official schema; `tests/sources/test_schemas_officiels.py` compares the rules.
"""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
import pyarrow as arrow

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
    RegleEnsemble,
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
from observatoire.sources.subventions.parts import shares_of

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
# 2024-07-02, 02/07/2024 or 2-juil : what a spreadsheet makes of « 2.7 »
DATE_DE_TABLEUR = r"\d{4}-\d{2}-\d{2}([ T]00:00:00)?|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}[-. ][a-zéû]{3,5}\.?([-. ]\d{2,4})?"
EUROS_ECRITS, FRANCS_ECRITS = r"€|eur|euros?", r"f|frf|francs?( fran[cç]ais)?"
FRANCS_PAR_EURO = Decimal("6.55957")
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


def _names_someone(identifiant: pd.Series) -> pd.Series:
    return is_siren_or_siret(restored(identifiant))


def _explained(identifiant: pd.Series) -> pd.Series:
    """Say which identifiers are right, or already explained by another rule."""
    dits: pd.Series = _written(f"{SCIENTIFIC}|{ROUNDED}|{MADE_UP}")(identifiant)
    return _names_someone(identifiant) | dits


def _shares_add_up(lignes: pd.DataFrame) -> pd.Series:
    """Say which shared conventions have shares of all their beneficiaries, to a rounding of two decimals each."""
    parts = lignes["pourcentage_subvention"].astype("float64")
    par_convention = parts.groupby(lignes["reference_convention"]).transform("sum")
    return (lignes["reference_convention"].isna() | ((par_convention - 1).abs() <= 0.02)).astype(bool)


def _in_francs(monnaie: pd.Series) -> pd.Series:
    en_francs: pd.Series = _written(FRANCS_ECRITS)(monnaie.astype(pd.ArrowDtype(TEXTE)))
    return en_francs


def _in_one_currency(lignes: pd.DataFrame) -> pd.Series:
    """Say which rows have a known currency: that of their time."""
    exercice = lignes["exercice"].fillna(MONNAIE_UNIQUE)
    ancienne, impossible = exercice < MONNAIE_UNIQUE, exercice < PREMIERE
    juste: pd.Series = lignes["monnaie"].notna().where(ancienne & ~impossible, ~_in_francs(lignes["monnaie"]))
    return juste


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
            titre=r"\b(\d{3} ?\d{3} ?\d{3} ?\d{5})\b",
            regles=(
                signalement(
                    "attribuant_invalide", "identifiant de l'attribuant invalide : territoire inconnu", _names_someone
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
        Colonne("exercice_budgetaire", ENTIER, "Exercice budgétaire, tel que donné.", **NOMS["exercice_budgetaire"]),
        Colonne("date_convention", DATE, "Date de la convention.", **NOMS["date_convention"]),
        Colonne("date_decision", DATE, "Date de la décision d'attribution.", **NOMS["date_decision"]),
        Colonne(
            "reference_decision",
            TEXTE,
            "Référence de la décision.",
            **NOMS["reference_decision"],
            regles=(
                signalement(
                    "reference_en_date",
                    "référence qui ressemble à une date : « 2.7 » transformé par un tableur ? gardée telle quelle",
                    _not_written(DATE_DE_TABLEUR),
                ),
            ),
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
            "SIRET du bénéficiaire, tel qu'écrit.",
            **NOMS["id_beneficiaire"],
            nominatif=True,  # a first name is sometimes written there
            regles=(
                signalement(
                    "notation_scientifique",
                    "SIRET passé en notation scientifique par un tableur : ses chiffres sont perdus, le redemander",
                    _not_written(SCIENTIFIC),
                ),
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
                    "identifiant_restitue",
                    "blancs ôtés, ou zéros de gauche rendus pour lire l'identifiant, qui peut alors désigner quelqu'un "
                    "d'autre : à confirmer",
                    lambda v: v == restored(v),
                ),
                signalement(
                    "siren_au_lieu_de_siret",
                    "SIREN à la place du SIRET : établissement inconnu",
                    lambda v: ~is_siren(restored(v)),
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
            _in_one_currency,
        ),
        signalement(
            "parts_completes",
            "parts connues d'une convention partagée différentes de 100 % : bénéficiaire manquant, ou part erronée ? "
            "la convention compte entière, une fois ; ce qu'elles laissent va à des bénéficiaires non nommés",
            _shares_add_up,
        ),
    ),
    ensemble=(
        RegleEnsemble(
            "attribuant_change",
            "id_attribuant",
            "SIRET de l'attribuant autre que celui de ses premières lignes : déménagement, fusion, ou erreur ? "
            "dit une fois par fichier ; compté là où mène ce SIRET",
            """
            SELECT _fichier, _ligne, id_attribuant AS valeur
            FROM (SELECT *, lower(nom_attribuant) AS nom FROM lignes WHERE siren_attribuant IS NOT NULL)
            WHERE nom IS NOT NULL
            QUALIFY id_attribuant <> first_value(id_attribuant)
                        OVER (PARTITION BY nom ORDER BY exercice NULLS LAST, _fichier, _ligne)
                AND row_number() OVER (PARTITION BY _fichier, nom, id_attribuant ORDER BY _ligne) = 1""",
        ),
        RegleEnsemble(
            "date_sans_jour",
            "",
            "conventions dont la date ne donne pas un jour (une année ou un mois seul, plusieurs dates) : l'exercice "
            "se lit, le jour non ; dit une fois par fichier",
            """
            SELECT _fichier, min(_ligne) AS _ligne, count(*) || ' lignes' AS valeur FROM lignes
            WHERE exercice_origine = 'convention' AND date_convention IS NULL
            GROUP BY _fichier""",
        ),
        RegleEnsemble(
            "origines_melees",
            "exercice",
            "série dont les exercices ne sont pas tous dits par la même chose (voir exercice_origine) : d'une année à "
            "l'autre, comparer avec prudence ; dit une fois par attribuant",
            """
            SELECT _fichier, _ligne, premiere || ', puis ' || exercice_origine AS valeur
            FROM (SELECT *, first_value(exercice_origine) OVER (serie ORDER BY _fichier, _ligne) AS premiere,
                         max(exercice) OVER serie > min(exercice) OVER serie AS est_serie
                  FROM lignes WHERE exercice IS NOT NULL
                  WINDOW serie AS (PARTITION BY siren_attribuant, etat))
            WHERE est_serie AND exercice_origine <> premiere
            QUALIFY row_number() OVER (PARTITION BY siren_attribuant, etat ORDER BY _fichier, _ligne) = 1""",
        ),
    ),
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
    }
    if "monnaie" in brut:
        derivees["montant_eur"] = _to_euros(brut["montant_eur"], _in_francs(ecrite("monnaie")))
    if "pourcentage_subvention" in brut:
        derivees |= shares_of(brut)
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


def _to_euros(montants: pd.Series, en_francs: pd.Series) -> pd.Series:
    """Convert the amounts in francs, to the cent, half up; what cannot be read stays as it is written."""
    lus = convert(montants, EUROS)
    euros = [
        str((lu / FRANCS_PAR_EURO).quantize(Decimal("0.01"), ROUND_HALF_UP)) if franc and pd.notna(lu) else ecrit
        for lu, franc, ecrit in zip(lus, en_francs, montants, strict=True)
    ]
    return pd.Series(euros, index=montants.index, dtype=pd.ArrowDtype(arrow.string()))


def _siren_of(identifiant: pd.Series) -> pd.Series:
    """Keep the SIREN of a valid SIREN or SIRET."""
    return identifiant.str.slice(0, 9).where(is_siren_or_siret(identifiant))
