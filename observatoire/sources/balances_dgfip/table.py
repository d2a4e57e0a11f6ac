"""An account of a budget for a year (DGFiP « balances comptables », 28 columns, 29 with the function).

What is spent here is *mandaté*: never added to what is voted or attributed. The order of the columns differs between
the portal's exports and its archives; they are found by name. Amounts are euros, debit and credit apart.
"""

from datetime import UTC, datetime

import pandas as pd

from observatoire.identifiers import is_siren, is_siret
from observatoire.schemas import BOOLEEN, ENTIER, EUROS, TEXTE, Colonne, Table, refus, signalement

MONTANTS = (
    ("bedeb", "balance d'entrée, débit"),
    ("becre", "balance d'entrée, crédit"),
    ("obnetdeb", "opérations budgétaires nettes des annulations, débit"),
    ("obnetcre", "opérations budgétaires nettes des annulations, crédit"),
    ("onbdeb", "opérations non budgétaires, débit"),
    ("onbcre", "opérations non budgétaires, crédit"),
    ("oobdeb", "opérations d'ordre budgétaires, débit"),
    ("oobcre", "opérations d'ordre budgétaires, crédit"),
    ("sd", "solde débiteur"),
    ("sc", "solde créditeur"),
)
BUDGETAIRES = ("obnetdeb", "obnetcre")


def _balances(lignes: pd.DataFrame) -> pd.Series:
    """Check that the balance follows from the movements, on the side it falls: sd − sc, one of them being zero."""
    net = lignes["bedeb_eur"] - lignes["becre_eur"] + lignes["obnetdeb_eur"] - lignes["obnetcre_eur"]
    net = net + lignes["onbdeb_eur"] - lignes["onbcre_eur"]
    juste = (net == lignes["sd_eur"] - lignes["sc_eur"]) & ((lignes["sd_eur"] == 0) | (lignes["sc_eur"] == 0))
    return juste.fillna(True).astype(bool)


TABLE = Table(
    "Comptes des budgets d'EPCI : montants mandatés par nature, et par fonction quand le fichier la donne.",
    (
        Colonne(
            "annee",
            ENTIER,
            "Exercice.",
            ("exer",),
            requise=True,
            obligatoire=True,
            genre="annee",
            regles=(
                refus(
                    "annee_plausible",
                    "exercice impossible : avant 2010 ou dans l'avenir",
                    lambda v: v.between(2010, datetime.now(UTC).year),
                ),
            ),
        ),
        Colonne(
            "siret_budget",
            TEXTE,
            "SIRET du budget.",
            ("ident",),
            requise=True,
            obligatoire=True,
            genre="siret",
            regles=(signalement("siret_invalide", "SIRET du budget invalide", is_siret),),
        ),
        Colonne(
            "siren",
            TEXTE,
            "SIREN de la collectivité ; celui du budget quand le fichier ne le donne pas.",
            genre="siren",
            regles=(signalement("siren_invalide", "SIREN invalide : territoire inconnu", is_siren),),
        ),
        Colonne("nom_budget", TEXTE, "Nom du budget.", ("lbudg",)),
        Colonne(
            "code_departement",
            TEXTE,
            "Département, sur trois caractères.",
            ("ndept",),
            longueur=3,
        ),
        Colonne(
            "code_insee",
            TEXTE,
            "Commune du siège dans son département, sur trois caractères.",
            ("insee",),
            longueur=3,
        ),
        Colonne(
            "cbudg",
            TEXTE,
            "Code du type de budget, depuis 2015 : 1, 2 ou 3.",
            genre="code",
        ),
        Colonne("budget", TEXTE, "Code du type de budget, avant 2015 : BP ou BA."),
        Colonne("type_budget", TEXTE, "principal, rattaché ou annexe.", calculee=True),
        Colonne(
            "ctype",
            TEXTE,
            "Type de collectivité (405 : métropole ; 440 : budget annexe d'un groupement).",
            genre="code",
        ),
        Colonne("categ", TEXTE, "Catégorie de collectivité ; connue depuis 2017."),
        Colonne(
            "nomenclature",
            TEXTE,
            "Nomenclature comptable : M14, M57…",
            ("nomen",),
            requise=True,
            regles=(
                signalement(
                    "nomenclature_connue",
                    "nomenclature inconnue : les comptes et la fonction de l'ESS n'y sont pas reconnus",
                    lambda v: v.str.fullmatch(r"M[0-9]+[A-Z]*").fillna(False).astype(bool),
                ),
            ),
        ),
        Colonne("etat_balance", TEXTE, "DEF : balance définitive.", ("bal",)),
        Colonne(
            "presentation",
            TEXTE,
            "nature, ou croisée (nature et fonction) : deux présentations des mêmes dépenses, qui ne s'ajoutent pas.",
            calculee=True,
        ),
        Colonne(
            "fonction",
            TEXTE,
            "Fonction, quand le fichier est croisé.",
            genre="code",
        ),
        Colonne(
            "compte",
            TEXTE,
            "Compte par nature.",
            requise=True,
            obligatoire=True,
            genre="code",
            regles=(
                refus(
                    "compte_forme",
                    "compte mal formé : des chiffres attendus",
                    lambda v: v.str.fullmatch("[0-9]+").fillna(False).astype(bool),
                ),
            ),
        ),
        *(
            Colonne(
                f"{nom}_eur",
                EUROS,
                f"{libelle[0].upper()}{libelle[1:]}.",
                (nom,),
                requise=nom in BUDGETAIRES,
                obligatoire=nom in BUDGETAIRES,
                unite="eur",
            )
            for nom, libelle in MONTANTS
        ),
        Colonne(
            "est_compte_pere",
            BOOLEEN,
            "Compte que ses sous-comptes détaillent au centime dans la même balance : il n'est pas compté deux fois.",
            calculee=True,
            regles=(
                signalement(
                    "compte_pere",
                    "compte déjà détaillé par ses sous-comptes : ceux-ci seuls comptent comme mandaté",
                    lambda v: ~v,
                ),
            ),
        ),
        Colonne(
            "est_detail_partiel",
            BOOLEEN,
            "Compte dont les sous-comptes de la même balance ne font pas le montant : il compte, et eux aussi.",
            calculee=True,
            regles=(
                signalement(
                    "detail_partiel",
                    "sous-comptes qui ne font pas le montant de ce compte : il compte comme eux, à vérifier",
                    lambda v: ~v,
                ),
            ),
        ),
        Colonne(
            "mandate_eur",
            EUROS,
            "Dépense de fonctionnement mandatée (classe 6) : débit net moins crédit net ; vide si détaillée ailleurs.",
            calculee=True,
            unite="eur",
        ),
        Colonne(
            "mandate_reel_eur",
            EUROS,
            "Dépense de fonctionnement mandatée, sans les opérations d'ordre ; vide si détaillée ailleurs.",
            calculee=True,
            unite="eur",
        ),
        Colonne(
            "est_fonction_ess",
            BOOLEEN,
            "Fonction 65 de la M57, « Insertion économique et économie sociale, solidaire » ; jamais en M14.",
            calculee=True,
        ),
        Colonne(
            "est_subvention_droit_prive",
            BOOLEEN,
            "Subvention de fonctionnement aux personnes de droit privé : compte 6574 en M14, 65741 à 65748 en M57.",
            calculee=True,
        ),
    ),
    cle=("annee", "siret_budget", "etat_balance", "presentation", "fonction", "compte"),
    regles=(
        signalement(
            "solde_juste",
            "solde qui ne suit pas des mouvements : ligne altérée ? la télécharger à nouveau ; comptée telle quelle",
            _balances,
        ),
        signalement(
            "type_budget_connu",
            "type de budget inconnu : principal, rattaché ou annexe ?",
            lambda lignes: lignes["type_budget"].notna(),
        ),
    ),
)

# `categ` is empty before 2017; the types of groupings begin with 4
GROUPEMENT = "coalesce(upper(categ) = 'GFP', ctype LIKE '4%', false) OR coalesce(ctype, '') IN ('405', '440')"
HORS_CHAMP = (("budget d'une autre collectivité qu'un groupement à fiscalité propre", f"NOT ({GROUPEMENT})"),)

_NET = "obnetdeb_eur - obnetcre_eur"
# the accounts of one balance and class, each once; under an account, those that no other details
_CLASSE = f"""list(DISTINCT {{'compte': compte, 'net': {_NET}}})
    OVER (PARTITION BY annee, siret_budget, etat_balance, fonction, compte[:1])"""
_SOUS = f"list_filter({_CLASSE}, lambda x: x.compte <> compte AND starts_with(x.compte, compte))"
_DETAILLE = f"len(list_filter({_SOUS}, lambda y: y.compte <> x.compte AND starts_with(y.compte, x.compte))) > 0"
_DETAIL = f"list_sum(list_transform(list_filter({_SOUS}, lambda x: NOT {_DETAILLE}), lambda x: x.net))"
# without an account under it, a sum of nothing is null
_PERE = f"coalesce({_DETAIL} = {_NET}, false)"
_CHARGE = f"compte LIKE '6%' AND NOT {_PERE}"
_ORDRE = "coalesce(oobdeb_eur, 0) - coalesce(oobcre_eur, 0)"
CALCULS = {
    "siren": "coalesce(siren, siret_budget[:9])",
    "type_budget": """CASE coalesce(cbudg, budget) WHEN '1' THEN 'principal' WHEN 'BP' THEN 'principal'
        WHEN '2' THEN 'rattaché' WHEN '3' THEN 'annexe' WHEN 'BA' THEN 'annexe' END""",
    "presentation": "CASE WHEN count(fonction) OVER () > 0 THEN 'croisée' ELSE 'nature' END",
    "est_compte_pere": _PERE,
    "est_detail_partiel": f"coalesce({_DETAIL} <> {_NET}, false)",
    "mandate_eur": f"CASE WHEN {_CHARGE} THEN {_NET} END",
    "mandate_reel_eur": f"CASE WHEN {_CHARGE} THEN {_NET} - ({_ORDRE}) END",
    # the vote by function writes 9365 and 9065; the 65 of the M14 is another function
    "est_fonction_ess": "coalesce(nomenclature LIKE 'M57%' AND regexp_full_match(fonction, '(9[03])?65[0-9]*'), false)",
    "est_subvention_droit_prive": """coalesce(nomenclature LIKE 'M14%' AND compte LIKE '6574%'
        OR nomenclature LIKE 'M57%' AND regexp_full_match(compte, '6574[1-8][0-9]*'), false)""",
}
