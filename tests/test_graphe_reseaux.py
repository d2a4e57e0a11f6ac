"""The graph of the actors against the golden one, written from the five documents before it."""

from pathlib import Path

import pytest

from tests.documents import est_citee, textes
from tests.donnees import lire_csv

ATTENDU = Path(__file__).parent / "graphe_attendu"
NOEUDS = lire_csv(ATTENDU / "noeuds.csv")
LIENS = lire_csv(ATTENDU / "liens.csv")


@pytest.mark.parametrize("lignes", [NOEUDS, LIENS], ids=["noeuds", "liens"])
def test_chaque_citation_attendue_est_dans_son_document(donnees: Path, lignes: list[dict[str, str]]):
    dits = textes(donnees)
    absentes = [ligne["citation"] for ligne in lignes if not est_citee(ligne["citation"], dits[ligne["document"]])]
    assert absentes == []
    assert not est_citee("des mots que personne n'a écrits", dits["cisca"])


def test_chaque_lien_attendu_joint_deux_noeuds_attendus():
    noeuds = {ligne["noeud"] for ligne in NOEUDS}
    assert {ligne[bout] for ligne in LIENS for bout in ("source", "cible")} == noeuds
