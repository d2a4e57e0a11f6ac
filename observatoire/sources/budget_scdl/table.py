"""A line of a budget (SCDL « budget » v0.8.3): voted by the council, or realised at the end of the year.

Voted and realised amounts are two columns, one of them always empty: no sum can add them. Headers are the technical
names or the titles of the official schema; `tests/sources/test_schemas_officiels.py` compares the rules with it.
"""

from datetime import UTC, datetime

import pandas as pd
import pyarrow as arrow

from observatoire.conversion import convert
from observatoire.identifiers import is_siren_or_siret, restored
from observatoire.schemas import (
    ENTIER,
    EUROS,
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

VOTE = ("budget primitif", "budget supplémentaire", "décision modificative")
# the second takes the place of the first, and of the treasurer's account, by 2027
REALISE = ("compte administratif", "compte financier unique")
ETAPES = (*VOTE, *REALISE)
# words met for those of the schema
SYNONYMES = {
    **dict.fromkeys(("depense", "dépenses", "depenses", "d"), "dépense"),
    **dict.fromkeys(("recettes", "r"), "recette"),
    **dict.fromkeys(("reel", "réelle", "reelle"), "réel"),
    **dict.fromkeys(("f", "section de fonctionnement"), "fonctionnement"),
    **dict.fromkeys(("i", "section d'investissement"), "investissement"),
    **dict.fromkeys(("cfu", "compte financier"), "compte financier unique"),
    **dict.fromkeys(("bp", "budget primitf"), "budget primitif"),
    **dict.fromkeys(("bs", "budget supplementaire"), "budget supplémentaire"),
    **dict.fromkeys(("dm", "decision modificative"), "décision modificative"),
    "ca": "compte administratif",
}


def _among(*mots: str) -> Controle:
    return lambda v: v.str.lower().isin(mots)


def _in_state(lignes: pd.DataFrame, etat: str) -> pd.Series:
    return (lignes["etat_budgetaire"] == etat).fillna(False).astype(bool)


def _amount(nom: str, en_tete: str, titre: str, description: str) -> Colonne:
    return Colonne(nom, EUROS, description, (en_tete, titre), unite="eur")


TABLE = Table(
    "Lignes de budget de collectivités (format SCDL) : voté et réalisé, dans deux colonnes.",
    (
        Colonne(
            "etape",
            TEXTE,
            "Étape budgétaire : budget primitif, budget supplémentaire, décision modificative, compte administratif ou "
            "compte financier unique.",
            ("BGT_NATDEC", "étape budgétaire"),
            requise=True,
            obligatoire=True,
            regles=(refus("etape_connue", f"étape inconnue ; attendu : {', '.join(ETAPES)}", _among(*ETAPES)),),
        ),
        Colonne(
            "exercice",
            ENTIER,
            "Exercice.",
            ("BGT_ANNEE", "année de exercice"),
            requise=True,
            obligatoire=True,
            genre="annee",
            regles=(
                refus(
                    "exercice_plausible",
                    "exercice impossible : avant 2010 ou au-delà de l'an prochain",
                    lambda v: v.between(2010, datetime.now(UTC).year + 1),  # a budget is voted before its year
                ),
            ),
        ),
        Colonne(
            "siret",
            TEXTE,
            "SIRET de la collectivité ou de l'établissement.",
            ("BGT_SIRET", "code SIRET"),
            requise=True,
            obligatoire=True,
            genre="siren_ou_siret",
            regles=(signalement("siret_invalide", "SIRET invalide : territoire inconnu", is_siren_or_siret),),
        ),
        Colonne("siren", TEXTE, "SIREN de la collectivité, quand son SIRET est valide.", calculee=True),
        Colonne("nom", TEXTE, "Nom.", ("BGT_NOM", "nom de la collectivité ou de l'établissement concerné")),
        Colonne(
            "code_budget",
            TEXTE,
            "Code du budget, principal ou annexe, quand le fichier les distingue : leurs montants ne s'ajoutent pas "
            "sans ôter ce qu'ils se versent.",
            ("CODE_BUDGET", "BGT_CODE", "Code budget"),
        ),
        Colonne("libelle_budget", TEXTE, "Nom du budget.", ("LIBELLE_BUDGET", "BGT_LABEL", "Libellé budget")),
        Colonne(
            "compte",
            TEXTE,
            "Article, ou compte budgétaire.",
            ("BGT_CONTNAT", "numéro du compte budgétaire"),
            requise=True,
            obligatoire=True,
            genre="code",
            regles=(length_at_most(9),),
        ),
        Colonne("libelle_compte", TEXTE, "Libellé du compte.", ("BGT_CONTNAT_LABEL", "Libellé du compte budgétaire")),
        Colonne(
            "nature",
            TEXTE,
            "Nature de la dépense ou de la recette.",
            ("BGT_NATURE", "Nature de la dépense ou de la recette"),
            regles=(length_at_most(9),),
        ),
        Colonne(
            "libelle_nature",
            TEXTE,
            "Libellé de la nature.",
            ("BGT_NATURE_LABEL", "Libellé de la nature de la dépense ou de la recette"),
        ),
        Colonne(
            "fonction",
            TEXTE,
            "Fonction de la dépense ou de la recette.",
            ("BGT_FONCTION", "Fonction de la dépense ou de la recette"),
            regles=(length_at_most(9),),
        ),
        Colonne(
            "libelle_fonction",
            TEXTE,
            "Libellé de la fonction.",
            ("BGT_FONCTION_LABEL", "Libellé de la fonction de la dépense ou de la recette"),
        ),
        Colonne(
            "operation",
            TEXTE,
            "Opération budgétaire votée.",
            ("BGT_OPERATION", "Code ou libellé de l'opération budgétaire votée"),
        ),
        Colonne(
            "section",
            TEXTE,
            "investissement ou fonctionnement.",
            ("BGT_SECTION", "section budgétaire"),
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "section_connue",
                    "section inconnue : investissement ou fonctionnement attendu",
                    _among("investissement", "fonctionnement"),
                ),
            ),
        ),
        Colonne(
            "type_operation",
            TEXTE,
            "réel, ou ordre (sans encaissement ni décaissement).",
            ("BGT_OPBUDG", "type opération budgétaire"),
            requise=True,
            obligatoire=True,
            regles=(
                refus(
                    "type_operation_connu", "type d'opération inconnu : réel ou ordre attendu", _among("réel", "ordre")
                ),
            ),
        ),
        Colonne(
            "sens",
            TEXTE,
            "recette ou dépense.",
            ("BGT_CODRD", "Code recette / dépense"),
            requise=True,
            obligatoire=True,
            regles=(refus("sens_connu", "sens inconnu : recette ou dépense attendu", _among("recette", "dépense")),),
        ),
        Colonne("etat_budgetaire", TEXTE, "voté ou réalisé : deux états qui ne s'ajoutent jamais.", calculee=True),
        Colonne(
            "vote_eur", EUROS, "Montant voté à cette étape ; vide aux comptes.", calculee=True, unite="eur"
        ),
        Colonne(
            "realise_eur", EUROS, "Montant réalisé, aux comptes seulement.", calculee=True, unite="eur"
        ),
        _amount("mtreal_eur", "BGT_MTREAL", "Montant signé des réalisations budgétaires", "Réalisations."),
        _amount("mtbudgprec_eur", "BGT_MTBUDGPREC", "Montant du budget précédent", "Montant du budget précédent."),
        _amount("mtrarprec_eur", "BGT_MTRARPREC", "Montant restant à réaliser N-1", "Reste à réaliser de N−1."),
        _amount("mtpropnouv_eur", "BGT_MTPROPNOUV", 'Montant "Propositions nouvelles"', "Propositions nouvelles."),
        _amount("mtprev_eur", "BGT_MTPREV", "montant budget voté", "Budget voté."),
        _amount("credouv_eur", "BGT_CREDOUV", "crédits ouverts à l'article", "Crédits ouverts à l'article."),
        _amount("mtrar3112_eur", "BGT_MTRAR3112", "Montant reste à réaliser exercice", "Reste à réaliser."),
        Colonne(
            "article_specialise",
            TEXTE,
            "spécialisé ou non spécialisé.",
            ("BGT_ARTSPE", "Article spécialisé"),
            regles=(
                signalement(
                    "specialisation_connue",
                    "spécialisation inconnue : spécialisé ou non spécialisé attendu",
                    _among("spécialisé", "non spécialisé"),
                ),
            ),
        ),
    ),
    cle=(
        *("siret", "code_budget", "exercice", "etape", "section", "sens", "type_operation"),
        *("compte", "nature", "fonction", "operation"),
    ),
    # several amendments of a year are all « décision modificative »
    gravite_cle="signalement",
    totaux=Totaux(
        montants=("mtreal_eur", "mtprev_eur", "mtpropnouv_eur"),
        libelles=("etape", "compte", "libelle_compte", "nature", "libelle_nature", "libelle_fonction", "nom"),
        identifiants=("compte",),
    ),
    regles=(
        signalement(
            "montant_vote_present",
            "étape votée sans montant voté : la ligne ne compte pas",
            lambda lignes: ~_in_state(lignes, "voté") | lignes["vote_eur"].notna(),
        ),
        signalement(
            "montant_realise_present",
            "compte sans montant réalisé : la ligne ne compte pas",
            lambda lignes: ~_in_state(lignes, "réalisé") | lignes["realise_eur"].notna(),
        ),
        signalement(
            "realise_a_sa_place",
            "montant réalisé à une étape votée : gardé tel quel, jamais compté comme réalisé",
            lambda lignes: ~_in_state(lignes, "voté") | lignes["mtreal_eur"].isna() | (lignes["mtreal_eur"] == 0),
        ),
    ),
    ensemble=(
        RegleEnsemble(
            "deux_comptes",
            "etape",
            "compte administratif d'un budget et d'un exercice qui ont un compte financier unique : celui-ci fait foi, "
            "les deux ne s'ajoutent pas ; dit une fois par budget",
            """
            SELECT _fichier, _ligne, exercice::VARCHAR AS valeur
            FROM (SELECT *, bool_or(etape = 'compte financier unique') OVER (PARTITION BY siret, code_budget, exercice)
                         AS a_un_compte_unique FROM lignes)
            WHERE a_un_compte_unique AND etape = 'compte administratif'
            QUALIFY row_number() OVER (PARTITION BY siret, code_budget, exercice ORDER BY _fichier, _ligne) = 1""",
        ),
    ),
)


def preparer(brut: pd.DataFrame, fichier: str, millesime: str) -> pd.DataFrame:
    """Tell what is voted from what is realised, and find the SIREN."""

    def montant(nom: str) -> pd.Series:
        absent = pd.Series(None, index=brut.index, dtype=pd.ArrowDtype(TEXTE))
        return convert(brut.get(nom, absent), EUROS)

    def mot(nom: str) -> pd.Series:
        minuscules = convert(brut[nom], TEXTE).str.lower()
        return minuscules.replace(SYNONYMES)

    etape = mot("etape")
    votee, realisee = etape.isin(VOTE), etape.isin(REALISE)
    siret = restored(convert(brut["siret"], TEXTE))
    etat = pd.Series(None, index=brut.index, dtype=pd.ArrowDtype(arrow.string()))
    minuscules = {nom: mot(nom) for nom in ("section", "type_operation", "sens")}
    return brut.assign(
        etape=etape,
        **minuscules,
        siren=siret.str.slice(0, 9).where(is_siren_or_siret(siret)),
        etat_budgetaire=etat.mask(votee.fillna(False), "voté").mask(realisee.fillna(False), "réalisé"),
        # what was proposed anew is what an amendment votes, where it gives nothing else
        vote_eur=montant("mtprev_eur").fillna(montant("mtpropnouv_eur")).where(votee.fillna(False)),
        realise_eur=montant("mtreal_eur").where(realisee.fillna(False)),
    )
