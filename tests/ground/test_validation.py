"""Sorting rows: each reason is kept with its value, each row counts once, and a rule that cannot run is never green."""

import dataclasses
import tempfile
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.judging import RegleInexecutable
from observatoire.loading.ingestion import load_source
from observatoire.loading.sorting import Tri, convert_columns, sort_rows
from observatoire.schemas import DATE, ENTIER, EUROS, TEXTE, Colonne, Controle, Table, refus, signalement
from observatoire.settings import Settings
from observatoire.sources import sources
from observatoire.warehouse import Entrepot
from tests.depots import comptes_justes, deposer, rejets, source, table
from tests.hasard import exemples

TABLE = Table(
    "Table d'essai.",
    (
        Colonne("nom", TEXTE, "Nom.", obligatoire=True),
        Colonne(
            "montant",
            EUROS,
            "Montant.",
            obligatoire=True,
            regles=(
                refus("montant_positif", "montant négatif", lambda v: v >= 0),
                signalement("montant_courant", "montant élevé", lambda v: v < 1000000),
            ),
        ),
        Colonne("jour", DATE, "Jour."),
        Colonne("exercice", ENTIER, "Exercice."),
    ),
    regles=(
        refus("meme_annee", "date d'une autre année", lambda t: t["jour"].dt.year.eq(t["exercice"]).fillna(True)),
    ),
)


def lot(*lignes: tuple[str | None, ...]) -> pd.DataFrame:
    """Build a batch as reading gives it: words, and lines from 2."""
    colonnes = {nom: pa.array([ligne[place] for ligne in lignes], TEXTE) for place, nom in enumerate(TABLE.noms)}
    arrow = pa.table({**colonnes, "_ligne": pa.array(range(2, len(lignes) + 2), pa.int64())})
    return arrow.to_pandas(types_mapper=pd.ArrowDtype)


def tri(brut: pd.DataFrame, table_: Table = TABLE, hors_champ: list[str | None] | None = None) -> Tri:
    lignes, illisibles = convert_columns(brut, table_)
    dehors = pd.Series(hors_champ or [None] * len(brut), index=brut.index, dtype="str")
    return sort_rows(brut, table_, table_.pandera(), dehors, lignes, illisibles)


def raisons(resultat: Tri) -> list[tuple]:
    dits = resultat.rejets[["ligne", "colonne", "valeur", "regle", "gravite"]].astype(object)
    return list(dits.where(dits.notna(), None).itertuples(index=False, name=None))


def test_une_ligne_bonne_est_gardee_avec_ses_types():
    resultat = tri(lot(("A", "1 500,00 €", "31/01/2024", "2024")))
    [ligne] = resultat.retenues.to_dict("records")
    assert {nom: str(valeur) for nom, valeur in ligne.items()} == {
        **{"nom": "A", "montant": "1500.00", "jour": "2024-01-31", "exercice": "2024", "_ligne": "2"}
    }
    assert raisons(resultat) == []


def test_deux_raisons_font_deux_rejets_et_une_ligne():
    resultat = tri(lot(("A", "5", None, None), (None, "-2", "2023-01-01", "2024"), ("C", "7", None, None)))
    assert sorted(raisons(resultat)) == [
        (3, "", None, "meme_annee", "refus"),
        (3, "montant", "-2", "montant_positif", "refus"),
        (3, "nom", None, "valeur_absente", "refus"),
    ]
    assert resultat.retenues["_ligne"].tolist() == [2, 4]
    assert len(resultat.refusees) == 1


def test_un_signalement_laisse_compter_la_ligne():
    resultat = tri(lot(("A", "2 000 000", None, None)))
    assert raisons(resultat) == [(2, "montant", "2 000 000", "montant_courant", "signalement")]
    assert len(resultat.retenues) == 1
    assert resultat.refusees.empty


def test_une_valeur_illisible_refuse_si_elle_est_obligatoire_et_signale_sinon():
    resultat = tri(lot(("A", "7M€", None, None), ("B", "1", "31/02/2024", None)))
    assert raisons(resultat) == [
        (2, "montant", "7M€", "valeur_illisible", "refus"),
        (3, "jour", "31/02/2024", "valeur_illisible", "signalement"),
    ]
    assert resultat.retenues["_ligne"].tolist() == [3]
    assert resultat.retenues["jour"].isna().all()


def test_une_ligne_hors_champ_n_est_ni_gardee_ni_refusee():
    resultat = tri(lot((None, "7M€", None, None), ("B", "1", None, None)), hors_champ=["cessée", None])
    assert raisons(resultat) == []
    assert resultat.hors_champ.tolist() == ["cessée"]
    assert resultat.retenues["_ligne"].tolist() == [3]
    assert resultat.refusees.empty


def test_un_lot_vide_ou_tout_refuse_se_trie():
    assert tri(lot(("A", "1", None, None)).iloc[:0]).retenues.empty
    assert tri(lot((None, None, None, None))).retenues.empty


def fautive(*regles, sur_table: bool = False) -> Table:
    montant = Colonne("montant", EUROS, "Montant.", regles=() if sur_table else regles)
    return Table("Essai.", (montant,), regles=regles if sur_table else ())


def plante(_):
    raise ValueError("la règle est fausse")


IMPOSSIBLES: dict[str, Controle] = {
    "lève une erreur": plante,
    "nomme une colonne absente": lambda v: v["inexistante"] > 0,
    "appelle une méthode absente": lambda v: v.nimporte_quoi(),
    "ne juge pas ligne à ligne": lambda v: False,
    "ne rend rien": lambda v: None,
    "répond par un vide": lambda v: pd.Series([pd.NA] * len(v), index=v.index, dtype="boolean"),
    "répond par un vide pour une ligne": lambda v: pd.Series([pd.NA, *[True] * (len(v) - 1)], index=v.index),
}


@pytest.mark.parametrize("sur_table", [False, True])
@pytest.mark.parametrize("nom", IMPOSSIBLES)
def test_une_regle_qui_ne_peut_pas_s_executer_n_est_jamais_verte(nom, sur_table):
    regle = refus("casse", "règle cassée", IMPOSSIBLES[nom])
    with pytest.raises(RegleInexecutable, match="casse"):
        tri(lot(("A", "1", None, None), ("B", "2", None, None)), fautive(regle, sur_table=sur_table))


def test_une_regle_cassee_n_ecrit_rien(entrepot, monkeypatch):
    naf = sources()["naf"]
    assert load_source(entrepot, naf).etat == "a_jour"
    avant = entrepot.path_of("referentiels", "naf").read_bytes()
    cassee = dataclasses.replace(naf.table, regles=(refus("casse", "règle cassée", plante),))
    monkeypatch.setattr(naf.module, "TABLE", cassee)
    deposer(entrepot, "naf", "naf.csv", "code_naf,libelle_naf,division_a88,section_a21,a38,a17\n01.11Z,A,01,A,AZ,AZ\n")
    etat = load_source(entrepot, naf)
    assert etat.etat == "en_echec" and "erreur du programme (RegleInexecutable" in etat.motif
    assert entrepot.path_of("referentiels", "naf").read_bytes() == avant


MONTANTS = ["1", "-1", "2000000", "7M€", None]


@cache
def seul(montant: str | None) -> list[tuple]:
    """Say what becomes of a row alone in its batch, but for its line."""
    return [raison[1:] for raison in raisons(tri(lot(("A", montant, None, None))))]


@exemples(15)
@given(st.lists(st.sampled_from(MONTANTS), min_size=1, max_size=12), st.randoms())
def test_un_melange_est_trie_comme_ligne_a_ligne(montants, hasard):
    """A batch hides nothing that its rows show one by one: no failure masks another, whatever the index."""
    brut = lot(*[("A", montant, None, None) for montant in montants])
    brut.index = pd.Index(hasard.sample(range(100), len(brut)))
    une_a_une = [(rang, *raison) for rang, montant in enumerate(montants, start=2) for raison in seul(montant)]
    assert sorted(raisons(tri(brut)), key=str) == sorted(une_a_une, key=str)
    assert {len(seul(montant)) for montant in MONTANTS} == {0, 1}


LIGNE_FLORES = st.builds(
    lambda geo, zone, taille, *suite: [geo, zone, "_T", taille, "1T9X7", *suite],
    st.sampled_from(["63113", "63014", ""]),
    st.sampled_from(["COM", "ZE2020", ""]),
    st.sampled_from(["_T", "1T9"]),
    st.sampled_from(["UNIT_LOC", "EMPL3112", "AUTRE"]),
    st.sampled_from(["A", "K", "Z"]),
    st.sampled_from(["2024", "2015", "l'an dernier"]),
    st.sampled_from(["12", "", "beaucoup"]),
)
# often the same twice: keys repeat
BONNE_LIGNE = st.just(["63113", "COM", "_T", "_T", "1T9X7", "UNIT_LOC", "A", "2024", "12"])
EN_TETE = "GEO;GEO_OBJECT;ACTIVITY;NUMBER_EMPL;LEGAL_FORM_WITH_PUBLIC;FLORES_MEASURE;OBS_STATUS;TIME_PERIOD;OBS_VALUE"


@exemples(10)
@given(st.lists(st.one_of(LIGNE_FLORES, BONNE_LIGNE, LIGNE_FLORES.map(lambda ligne: ligne[:4])), min_size=1, max_size=25))
def test_lues_egale_retenues_plus_hors_champ_plus_rejetees_toujours(lignes):
    with tempfile.TemporaryDirectory() as dossier:
        entrepot = Entrepot(Settings(Path(dossier) / "raw", Path(dossier) / "warehouse", "246300701"))
        moitie = len(lignes) // 2
        lots = {"flores_2023.csv": lignes[:moitie], "flores_2024.csv": lignes[moitie:]}
        for nom, contenu in lots.items():
            # the same bytes would be read once
            en_tete = EN_TETE if nom == "flores_2023.csv" else EN_TETE.lower()
            deposer(entrepot, "flores", nom, "\n".join([en_tete, *(";".join(ligne) for ligne in contenu)]) + "\n")
        etat = load_source(entrepot, source("flores", plafond_rejets_pct=100, cumul="union"))
        assert etat.etat == "a_jour", etat.motif
        assert comptes_justes(etat)
        assert [lu.lignes_lues for lu in etat.fichiers] == [len(contenu) for contenu in lots.values()]
        assert sum(sum(lu.motifs_hors_champ.values()) for lu in etat.fichiers) == sum(
            lu.lignes_hors_champ for lu in etat.fichiers
        )
        gardees = [(ligne["_fichier"], ligne["_ligne"]) for ligne in table(entrepot, "flores")]
        refusees = {(r["fichier"], r["ligne"]) for r in rejets(entrepot, "flores") if r["gravite"] == "refus"}
        assert len(gardees) == len(set(gardees)) == etat.lignes_retenues
        assert len(refusees) == sum(lu.lignes_rejetees for lu in etat.fichiers)
        assert not refusees & set(gardees)
