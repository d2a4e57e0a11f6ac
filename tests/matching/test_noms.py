"""Names as written: what they become, what a person decides of them, and that nothing is accepted alone."""

from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.matching.decisions import Nom, Proposition, band, settle
from observatoire.matching.names import normalised
from tests.bench import noms as banc
from tests.matching.petits import identifiants

# spellings


def normaliser(*noms: str) -> list[str]:
    with duckdb.connect() as connexion:
        return [connexion.execute(f"SELECT {normalised('?::VARCHAR')}".replace("?", "$n"), {"n": nom}).fetchall()[0][0] for nom in noms]


@pytest.mark.parametrize(
    ("un", "autre"),
    [
        ("LieU'topie", "Lieutopie"),
        ("CoCoShaker", "Cocoshaker"),
        ("Association l'Épicentre", "EPICENTRE"),
        ("M.J.C. de Riom", "MJC RIOM"),
        ("Régie de Territoire des Deux Rives", "REGIE TERRITOIRE DEUX RIVES (ASSOCIATION)"),
        ("Fédé. des œuvres laïques", "FEDERATION OEUVRES LAIQUES"),
        ("St-Éloy", "Saint Eloy"),
    ],
)
def test_deux_ecritures_d_un_meme_nom(un: str, autre: str):
    assert len(set(normaliser(un, autre))) == 1


def test_un_nom_fait_de_mots_tus_garde_les_siens():
    assert normaliser("La Société", "L'Association") == ["la societe", "association"]


@given(st.text(alphabet="abcdéÈç '’.-&(O", min_size=1, max_size=30))
def test_normaliser_deux_fois_n_y_change_rien(nom: str):
    (une,) = normaliser(nom)
    assert normaliser(une or "") == [une]
    assert normaliser(nom.lower())[0] == normaliser(nom.lower().upper().lower())[0]


# one name at a time


PROCHE = Proposition("700000102", "ÉPICENTRE", 100, est_identique=True)


@pytest.mark.parametrize(
    ("propositions", "bande"),
    [
        ([], "inconnu"),
        ([PROCHE], "certain"),
        ([Proposition("1", "EPICENTRO", 94)], "a_revoir"),
        ([PROCHE, Proposition("2", "Epicentre", 100, est_identique=True)], "a_revoir"),
        ([Proposition("1", "E", 100, True, True), Proposition("2", "E", 100, True, None)], "certain"),
        ([Proposition("1", "E", 100, True, False)], "a_revoir"),
        ([Proposition("1", "E", 100, True, None, False)], "a_revoir"),
        ([Proposition("1", "E", 100, True, True, True, est_actif=False)], "a_revoir"),
    ],
)
def test_une_bande_par_situation(propositions: list[Proposition], bande: str):
    assert band(propositions) == bande


def test_un_document_qui_donne_deux_identifiants_n_en_fait_retenir_aucun():
    sort = settle(Nom("E", "c", frozenset({"700000102", "700000201"})), None, [], {}, peut_accepter=True)
    assert (sort.identifiant, sort.est_tranche) == (None, False)


@given(
    st.frozensets(identifiants, max_size=2),
    st.none() | identifiants | st.just("aucun"),
    st.lists(st.builds(Proposition, identifiants, st.just("n"), st.floats(65, 100), st.booleans()), max_size=3),
    st.dictionaries(identifiants, st.just("cessé")),
    st.booleans(),
)
def test_jamais_d_identifiant_sans_document_ni_decision_ni_permission(documents, decide, propositions, contre, permis):
    sort = settle(Nom("n", "c", documents), decide, propositions, contre, permis)
    assert (sort.identifiant is None) == (sort.origine is None)
    if sort.identifiant is not None:
        assert sort.identifiant in documents or sort.identifiant == decide or (permis and decide is None)
    if sort.etat == "conflit":
        assert sort.identifiant is None and not sort.est_tranche


# the bench


def test_le_banc_retrouve_les_noms_alteres(tmp_path: Path):
    banc.generate(tmp_path, 3000, 300)
    banc.search(tmp_path)
    assert banc.found(tmp_path)["rappel_10"] >= 0.95
