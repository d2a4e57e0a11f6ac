"""The census of published headers counts what is readable, and names what stops the others."""

from pathlib import Path

from observatoire.sources import sources
from tests.loading.recensement_entetes import SCDL_ANCIEN, avec, lire, main, recenser

SCDL = "nomAttribuant | idAttribuant | dateConvention | nomBeneficiaire | idBeneficiaire | objet | montant"
EXTRAIT = "\n".join([
    "origine;colonnes;lignes",
    f"a;{SCDL};148",
    f"b;\ufeff{SCDL.replace('idBeneficiaire', 'Id du bénéficiaire en clair')};30",
    "c;AUTORITE |  | BENEFICIAIRE | SUBVENTION;8",
    f"d;{SCDL.replace('montant', 'somme')};",
])  # fmt: skip


def test_le_recensement_compte_entetes_et_lignes(tmp_path: Path, capsys):
    chemin = tmp_path / "entetes.csv"
    chemin.write_text(EXTRAIT, encoding="utf-8")
    dit = recenser(lire(chemin), sources()["subventions"].table)
    assert dit.startswith("4 headers, readable 2 (178 rows), refused 2 (8 rows) {")
    assert "'montant': 1" in dit and dit.endswith("beneficiary id column not recognised: 1 (30 rows)")
    main(chemin)
    assert [ligne.split(":")[0] for ligne in capsys.readouterr().out.splitlines()] == [
        "today", "+ title of SCDL 1.1.0 to 2.0.2", "+ ten spellings met", "+ grantor said beside the file (origine.yml)"
    ]  # fmt: skip


def test_un_titre_de_plus_ou_une_colonne_dont_on_se_passe_rend_lisible():
    table = sources()["subventions"].table
    assert ", refused 1 " in recenser([(["nomBeneficiaire", "objet", "montant"], 5)], table)
    sans_attribuant = avec(table, SCDL_ANCIEN, ["id_attribuant"])
    assert "readable 1 (5 rows)" in recenser([(["nomBeneficiaire", "objet", "montant"], 5)], sans_attribuant)
