"""The census of published headers counts what is readable, what waits for its grantor, and what stops the others."""

from pathlib import Path

import pytest

from observatoire.sources import sources
from tests.donnees import SANS_DONNEES, dossier_donnees
from tests.loading.recensement_entetes import A_COMPLETER, EN_DOUBLE, ENTIERS, REFUSES, lire, recenser

SCDL = "nomAttribuant | idAttribuant | dateConvention | nomBeneficiaire | idBeneficiaire | objet | montant"
EXTRAIT = "\n".join([
    "origine;colonnes;lignes",
    f"a;{SCDL};148",
    f"b;\ufeff{SCDL.replace('idAttribuant', 'Canton')};30",
    f"c;{SCDL} | montant;2",
    "d;AUTORITE |  | BENEFICIAIRE | SUBVENTION;8",
    f"e;{SCDL.replace('montant', 'somme')};",
])  # fmt: skip


def test_le_recensement_compte_entetes_et_lignes(tmp_path: Path):
    chemin = tmp_path / "entetes.csv"
    chemin.write_text(EXTRAIT, encoding="utf-8")
    compte = recenser(lire(chemin), sources()["subventions"].table)
    assert compte.fichiers == {ENTIERS: 1, A_COMPLETER: 1, EN_DOUBLE: 1, REFUSES: 2}
    assert compte.lignes == {ENTIERS: 148, A_COMPLETER: 30, EN_DOUBLE: 2, REFUSES: 8}
    assert compte.manquantes == {"montant_eur": 2}
    assert "à compléter : 1 fichiers, 30 lignes" in str(compte)


def test_les_en_tetes_publies_se_reconnaissent():
    donnees = dossier_donnees()
    chemin = donnees and donnees / "reels" / "scdl_entetes_fichiers_publies_2026-08.csv"
    if not chemin or not chemin.exists():
        pytest.skip(SANS_DONNEES)
    compte = recenser(lire(chemin), sources()["subventions"].table)
    assert compte.fichiers[ENTIERS] >= 550
    assert compte.fichiers[ENTIERS] + compte.fichiers[A_COMPLETER] >= 730
    assert compte.lignes[ENTIERS] + compte.lignes[A_COMPLETER] >= 0.8 * compte.lignes.total()
