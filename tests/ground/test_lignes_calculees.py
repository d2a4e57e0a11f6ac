"""Rows computed in Python become a table as those of a query do: typed, in the order of its key, checked before they stand."""

from decimal import Decimal
from pathlib import Path

import pytest

from observatoire.derived import TableIncoherente, write_rows
from observatoire.schemas import NOMBRE, REEL, TEXTE, Colonne, Table, refus
from observatoire.settings import Settings
from observatoire.warehouse import Entrepot
from tests.donnees import CAM

TABLE = Table(
    "Essai.",
    (
        Colonne("nom", TEXTE, "Nom.", obligatoire=True, regles=(refus("court", "nom long", lambda v: v.str.len() < 5),)),
        Colonne("exact", NOMBRE, "Montant."),
        Colonne("part", REEL, "Part."),
    ),
    cle=("nom",),
)


@pytest.fixture
def entrepot(tmp_path: Path) -> Entrepot:
    return Entrepot(Settings(tmp_path / "raw", tmp_path / "warehouse", CAM))


def lues(entrepot: Entrepot) -> list[tuple]:
    with entrepot.connect(("indicateurs.essai",)) as connexion:
        return connexion.execute("FROM indicateurs.essai").fetchall()


def test_les_lignes_sont_typees_et_dans_l_ordre_de_la_cle(entrepot):
    grand = Decimal("12345678901234567890.123456")
    lignes = [{"nom": "b", "exact": grand, "part": 0.5}, {"nom": "a", "part": None, "de_trop": 1}]
    assert write_rows(entrepot, "indicateurs.essai", TABLE, lignes, {"version": "v"}) == 2
    assert lues(entrepot) == [("a", None, None), ("b", grand, 0.5)]
    assert entrepot.version("indicateurs", "essai") == "v"


def test_un_nombre_a_virgule_devient_un_decimal(entrepot):
    write_rows(entrepot, "indicateurs.essai", TABLE, [{"nom": "a", "exact": 1.5}, {"nom": "b", "exact": None}], {})
    assert lues(entrepot) == [("a", Decimal("1.500000"), None), ("b", None, None)]


def test_aucune_ligne_donne_une_table_vide(entrepot):
    assert write_rows(entrepot, "indicateurs.essai", TABLE, [], {}) == 0 and lues(entrepot) == []


@pytest.mark.parametrize(
    ("lignes", "reproche"),
    [
        ([{"nom": "a"}, {"nom": "a"}], r"même clé \(nom\) : 1 cas"),
        ([{"nom": None, "part": 1.0}], "schéma"),
        ([{"nom": "abcdef"}], "schéma"),
    ],
)
def test_des_lignes_fautives_sont_refusees_et_la_table_reste(lignes, reproche, entrepot):
    write_rows(entrepot, "indicateurs.essai", TABLE, [{"nom": "a"}], {})
    with pytest.raises(TableIncoherente, match=reproche):
        write_rows(entrepot, "indicateurs.essai", TABLE, lignes, {})
    assert lues(entrepot) == [("a", None, None)]
