"""`raw/` is ready: each source that people feed has its folder, what to put there, and an empty table that is never read."""

import pytest

from observatoire.loading.files import dropped_files, files_of, unread_files
from observatoire.settings import RACINE, Settings
from observatoire.sources import Source, sources
from observatoire.sources.folders import LISEZMOI, MODELE, fed_by_people, readme_of, template_of, write_folders
from tests.depots import charger_source

DEPOSEES = fed_by_people()


@pytest.mark.parametrize("source", DEPOSEES, ids=lambda source: source.nom)
def test_chaque_dossier_dit_ce_que_sa_source_declare(source: Source):
    dossier = RACINE / "raw" / source.nom
    refaire = "refaire : python -m observatoire.sources.folders"
    assert (dossier / LISEZMOI).read_text(encoding="utf-8") == readme_of(source), refaire
    modele = template_of(source)
    assert (dossier / MODELE).exists() == (modele is not None), refaire
    assert modele is None or (dossier / MODELE).read_text(encoding="utf-8") == modele, refaire


def test_un_dossier_rempli_a_la_main_vaut_un_dossier_vide(entrepot):
    write_folders(entrepot.settings)
    assert dropped_files(entrepot.settings) == []
    for source in DEPOSEES:
        assert unread_files(entrepot.settings, source) == []
        assert files_of(Settings(entrepot.settings.raw, entrepot.racine, ""), source) == []
    assert charger_source(entrepot, "subventions").etat == "absente"


def test_une_table_vide_remplie_se_lit(entrepot):
    """The headers of a template are those its source looks for: all of them, and no other."""
    for source in DEPOSEES:
        modele = template_of(source)
        if modele is None:
            continue
        dossier = entrepot.settings.raw / source.nom
        dossier.mkdir(parents=True)
        (dossier / "s_2024.csv").write_text(modele, encoding="utf-8")
        etat = charger_source(entrepot, source.nom)
        assert "absente" not in etat.motif and "en-tête connu" not in etat.motif, etat.motif


def test_une_source_restreinte_le_dit_d_abord():
    restreintes = [source for source in sources().values() if source.diffusion == "restreinte"]
    assert restreintes and all("DONNÉES RESTREINTES" in readme_of(source) for source in restreintes)
