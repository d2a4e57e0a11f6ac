"""A monthly count of project leaders, of at least eleven persons, or masked; the register itself is never read here.

Its columns hold codes and one sentence, nothing that could be a name. What is refused of a month may be a name or a
small count: no value of it is repeated.
"""

import pandas as pd

from observatoire.schemas import ENTIER, TEXTE, Colonne, Table, refus

SEUIL = 11
NIVEAUX = ["epci", "registre"]
STATUTS = ["F", "C"]
MENTION = "moins de 11, ou masqué pour en protéger un autre"


def _has_its_total(lignes: pd.DataFrame) -> pd.Series:
    """Say which rows are of a month whose total is in the file: two files then never share a month."""
    mois = lignes["mois"]
    return (mois.isna() | mois.isin(mois[(lignes["niveau"] == "registre").fillna(False)])).astype(bool)


def _gives_nothing_away(lignes: pd.DataFrame) -> pd.Series:
    """Say which rows are of a month whose total, minus what is published, gives no small count.

    Without a published total nothing is deduced. With one, what is not published is nothing at all, or at least two
    territories and eleven persons; a territory whose row is missing counts like any other.
    """
    uniques = lignes.drop_duplicates(["mois", "niveau", "code_territoire"])
    est_total = (uniques["niveau"] == "registre").fillna(False)
    est_libre = ((uniques["statut_confidentialite"] == "F") & (uniques["nombre"] >= SEUIL)).fillna(False)
    nombres = uniques["nombre"].where(est_libre, 0)
    parties = pd.DataFrame(
        {
            "mois": uniques["mois"],
            "total": nombres.where(est_total, 0),
            "publie": nombres.where(~est_total, 0),
            "masques": (~est_total & ~est_libre).astype("int64"),
        }
    )
    par_mois = parties.groupby("mois").sum()
    reste = par_mois["total"] - par_mois["publie"]
    sur = (par_mois["total"] == 0) | ((reste == 0) & (par_mois["masques"] == 0))
    sur |= (reste >= SEUIL) & (par_mois["masques"] > 1)
    return (lignes["mois"].isna() | ~lignes["mois"].isin(sur.index[~sur.astype(bool)])).astype(bool)


TABLE = Table(
    "Porteurs de projets rencontrés dans le mois, par territoire ; jamais moins de onze.",
    (
        Colonne(
            "mois",
            TEXTE,
            "Mois de la première rencontre.",
            requise=True,
            obligatoire=True,
            nominatif=True,
            regles=(
                refus(
                    "mois_forme",
                    "mois mal formé : 2026-10 attendu",
                    lambda v: v.str.fullmatch(r"\d{4}-(0[1-9]|1[0-2])"),
                ),
            ),
        ),
        Colonne(
            "niveau",
            TEXTE,
            "epci, ou registre pour l'ensemble.",
            requise=True,
            obligatoire=True,
            nominatif=True,
            regles=(
                refus("niveau_connu", f"niveau inconnu ; attendu : {', '.join(NIVEAUX)}", lambda v: v.isin(NIVEAUX)),
            ),
        ),
        Colonne(
            "code_territoire",
            TEXTE,
            "SIREN de l'EPCI, ou registre.",
            requise=True,
            obligatoire=True,
            nominatif=True,
            regles=(
                refus(
                    "code_territoire_forme",
                    "neuf chiffres attendus, le SIREN de l'EPCI, ou « registre »",
                    lambda v: v.str.fullmatch(r"\d{9}|registre"),
                ),
            ),
        ),
        Colonne(
            "nombre",
            ENTIER,
            "Porteurs rencontrés ; vide sous onze, ou pour en protéger un autre.",
            requise=True,
            unite="personnes",
            nominatif=True,  # a small count that should not be there is not repeated
            regles=(
                refus("onze_au_moins", "moins de onze personnes : rien de si petit ne se publie", lambda v: v >= SEUIL),
            ),
        ),
        Colonne(
            "statut_confidentialite",
            TEXTE,
            "F : libre ; C : masqué.",
            requise=True,
            obligatoire=True,
            nominatif=True,
            regles=(
                refus("statut_connu", f"statut inconnu ; attendu : {', '.join(STATUTS)}", lambda v: v.isin(STATUTS)),
            ),
        ),
        Colonne(
            "mention",
            TEXTE,
            "Pourquoi le nombre est vide.",
            requise=True,
            nominatif=True,
            regles=(refus("mention_connue", f"mention inconnue ; attendu : {MENTION}", lambda v: v == MENTION),),
        ),
    ),
    cle=("mois", "niveau", "code_territoire"),
    regles=(
        refus(
            "statut_et_nombre",
            "un nombre masqué est vide, un nombre libre ne l'est pas",
            lambda lignes: lignes["statut_confidentialite"].isna()
            | (lignes["nombre"].isna() == (lignes["statut_confidentialite"] == "C").fillna(False)),
        ),
        refus(
            "niveau_et_code",
            "le code « registre » va avec le niveau « registre », un SIREN avec « epci »",
            lambda lignes: lignes["niveau"].isna()
            | lignes["code_territoire"].isna()
            | ((lignes["niveau"] == "registre") == (lignes["code_territoire"] == "registre")).fillna(False),
        ),
        refus(
            "mois_entier",
            "le total du mois (niveau registre) manque : déposer le fichier tel que le registre l'a exporté",
            _has_its_total,
        ),
        refus(
            "mois_sans_deduction",
            "le total du mois moins ce qui est publié désignerait un territoire ou moins de onze personnes : "
            "déposer le fichier tel que le registre l'a exporté",
            _gives_nothing_away,
        ),
    ),
)
