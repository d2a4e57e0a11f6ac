"""Files spoilt at random, by an oracle that knows how: no crash, no row lost in silence, no amount changed in silence."""

from pathlib import Path

import pytest

from observatoire.settings import Settings
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, comptes_justes, deposer, rejets, table
from tests.loading.mutations import GACHIS, MODELES, mutate, valid_file


def verifier(dossier: Path, nom: str, graine: int) -> str:
    """Load a spoilt file; return what became of it."""
    entrepot = Entrepot(Settings(dossier / "raw", dossier / "warehouse", "246300701"))
    gachis, mutation = mutate(nom, graine)
    ou = f"{nom}, graine {graine} ({gachis})"
    deposer(entrepot, nom, MODELES[nom].fichier, mutation.octets)
    etat = charger_source(entrepot, nom, plafond_rejets_pct=100)
    if etat.etat != "a_jour":
        assert "erreur du programme" not in etat.motif, f"{ou} : {etat.motif}"
        assert mutation.touches or gachis == "open_quote", f"{ou} : fichier lisible refusé : {etat.motif}"
        return "refusé"
    assert comptes_justes(etat), ou
    [lu] = etat.fichiers
    gardes = [ligne[MODELES[nom].colonne] for ligne in table(entrepot, nom)]
    assert len(set(gardes)) == len(gardes), f"{ou} : un montant compté deux fois"
    assert set(gardes) - {None} <= mutation.montants, f"{ou} : un montant changé sans un mot"
    assert mutation.montants - set(gardes) <= mutation.touches, f"{ou} : une ligne saine perdue"
    dits = {rejet["ligne"] for rejet in rejets(entrepot, nom) if rejet["gravite"] == "refus"}
    blancs = sum(nombre for motif, nombre in lu.motifs_hors_champ.items() if "vide" in motif or "titre" in motif)
    assert len(gardes) + len(dits) + lu.lignes_hors_champ - blancs == mutation.lignes, f"{ou} : une ligne perdue"
    return "lu"


@pytest.mark.parametrize("nom", MODELES)
def test_un_fichier_que_rien_n_abime_se_lit_sans_un_refus(entrepot, nom):
    deposer(entrepot, nom, MODELES[nom].fichier, valid_file(nom))
    etat = charger_source(entrepot, nom)
    assert (etat.etat, etat.lignes_retenues) == ("a_jour", 8), etat.motif


@pytest.mark.parametrize("gachis", GACHIS)
def test_chaque_gachis_est_lu_ou_dit(tmp_path, gachis):
    verifier(tmp_path, "subventions", list(GACHIS).index(gachis))


@pytest.mark.long
@pytest.mark.parametrize("nom", MODELES)
def test_cent_fichiers_abimes_sont_lus_ou_dits(tmp_path, nom):
    for graine in range(25):
        verifier(tmp_path / str(graine), nom, graine)


@pytest.mark.campagne
@pytest.mark.parametrize("nom", MODELES)
@pytest.mark.parametrize("dizaine", range(50))
def test_deux_mille_fichiers_abimes_sont_lus_ou_dits(tmp_path, nom, dizaine):
    for graine in range(10):
        verifier(tmp_path / str(graine), nom, 10 * dizaine + graine)
