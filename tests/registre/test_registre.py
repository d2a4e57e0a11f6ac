"""The register of project leaders: opened with both its parts or not at all, and nothing of it anywhere else."""

import json
import os
from datetime import date
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from observatoire.obstacle import Obstacle
from observatoire.registre.pairing import offers_for
from observatoire.registre.records import Contenu, Offre
from observatoire.registre.store import Store
from observatoire.settings import RACINE
from tests.registre.registres import CAM, TERRITOIRES, canari, lancer, octets, ouvrir, porteur, presents, remplir

# opened with both parts or not at all


def refus() -> str:
    with pytest.raises(Obstacle) as refuse:
        ouvrir().read()
    return str(refuse.value)


@pytest.mark.parametrize("absente", ["OBSERVATOIRE_REGISTRE", "OBSERVATOIRE_REGISTRE_CLE"])
def test_rien_n_est_fait_sans_le_magasin_et_sans_la_cle(magasin: Store, absente: str, monkeypatch):
    monkeypatch.delenv(absente)
    assert "rien n'est fait sans les deux" in refus()


@pytest.mark.parametrize(
    ("variable", "lieu", "mots"),
    [
        ("OBSERVATOIRE_REGISTRE", "obs/warehouse/registre", "touche warehouse/"),
        ("OBSERVATOIRE_REGISTRE", "obs/raw/registre", "touche raw/"),
        ("OBSERVATOIRE_REGISTRE", "obs", "touche raw/"),
        ("OBSERVATOIRE_REGISTRE_CLE", "obs/warehouse/cle", "touche warehouse/"),
        ("OBSERVATOIRE_REGISTRE", str(RACINE / "observatoire" / "registre"), "touche le code"),
        ("OBSERVATOIRE_REGISTRE", "depot/registre", "git"),
        ("OBSERVATOIRE_REGISTRE_CLE", "depot/cle", "git"),
        ("OBSERVATOIRE_REGISTRE_CLE", "registre/cle", "rangée avec le registre"),
        ("OBSERVATOIRE_REGISTRE_CLE", "cle", "rangée avec le registre"),
        ("OBSERVATOIRE_REGISTRE", "coffre/registre", "rangée avec le registre"),
        ("OBSERVATOIRE_REGISTRE_CLE", "ailleurs/lien", "rangée avec le registre"),
    ],
)
def test_un_registre_ou_une_cle_mal_rangee_se_refuse_en_francais(places: Path, variable: str, lieu: str, mots: str, monkeypatch):
    (places / "depot" / ".git").mkdir(parents=True)
    (places / "registre").mkdir()
    (places / "ailleurs").mkdir()
    (places / "ailleurs" / "lien").symlink_to(places / "registre" / "cle")
    monkeypatch.setenv(variable, lieu if lieu.startswith("/") else str(places / lieu))
    assert mots in refus()
    assert not list(places.rglob("registre.chiffre"))


def test_une_mauvaise_cle_une_cle_absente_une_cle_lisible_des_autres_se_refusent(magasin: Store):
    remplir(magasin, 3)
    bonne = magasin.cle.read_bytes()
    magasin.cle.write_bytes(Fernet.generate_key())
    assert "n'ouvre pas ce registre" in refus()
    magasin.cle.write_bytes(b"pas une cle")
    assert "n'est pas une clé" in refus()
    magasin.cle.write_bytes(bonne)
    magasin.cle.chmod(0o640)
    assert "D'autres que son propriétaire" in refus()
    magasin.cle.unlink()
    assert "Clé absente" in refus()


def test_initialiser_n_ecrase_rien(magasin: Store):
    remplir(magasin, 3)
    assert lancer("initialiser", CAM)[0] == 1
    assert len(magasin.read().porteurs) == 3
    assert magasin.cle.parent.stat().st_mode & 0o077 == 0
    assert magasin.cle.stat().st_mode & 0o077 == 0 and magasin.chemin.stat().st_mode & 0o077 == 0


def test_le_magasin_ne_dit_aucun_nom_en_clair_ni_avant_ni_apres_effacement(magasin: Store):
    remplir(magasin)
    assert len(magasin.read().porteurs) == 56
    assert presents(octets(magasin.dossier)) == []
    with magasin.change() as contenu:
        contenu.erase("P000007")
    assert presents(octets(magasin.dossier)) == []
    # what is erased is not in the store any more, even opened
    clair = json.dumps(magasin.read().as_json(), default=str)
    assert canari(7) not in clair and canari(8) in clair
    assert sorted(chemin.name for chemin in magasin.dossier.iterdir()) == [".verrou", "registre.chiffre"]


def test_l_ancien_contenu_est_ecrase_sur_place(magasin: Store):
    remplir(magasin, 3)
    avant = magasin.chemin.read_bytes()
    os.link(magasin.chemin, magasin.cle.parent / "temoin")  # stands for the blocks of the disk
    with magasin.change() as contenu:
        contenu.erase("P000001")
    assert avant[:40] not in (magasin.cle.parent / "temoin").read_bytes()


def test_une_ecriture_qui_echoue_laisse_le_registre_comme_il_etait(magasin: Store):
    remplir(magasin, 3)
    avant = magasin.chemin.read_bytes()
    with pytest.raises(Obstacle), magasin.change() as contenu:
        contenu.erase("P000001")
        contenu.add(porteur(9, finalite=""))
    assert magasin.chemin.read_bytes() == avant
    (magasin.dossier / ".registre.tue").write_bytes(avant)  # a run killed half-way
    remplir(magasin, 1)
    assert not (magasin.dossier / ".registre.tue").exists()


def test_la_purge_efface_ce_qu_une_ecriture_tuee_a_laisse_meme_sans_fiche_expiree(magasin: Store):
    remplir(magasin, 3)
    laisse = magasin.dossier / ".registre.tue.ancien"
    laisse.write_bytes(avant := magasin.chemin.read_bytes())
    assert magasin.purge(date(2026, 10, 1)) == 0
    assert not laisse.exists() and magasin.chemin.read_bytes() == avant


@pytest.mark.parametrize(
    ("champs", "mots"),
    [
        ({"nom": " "}, "le nom manque"),
        ({"finalite": ""}, "finalité"),
        ({"etape": "rêve"}, "étape inconnue"),
        ({"code_epci": "200000000"}, "hors du registre"),
        ({"conserver_jusqu_au": date(2026, 1, 1)}, "expire avant"),
        ({"conserver_jusqu_au": date(2029, 12, 1)}, "3 ans au plus"),
    ],
)
def test_une_fiche_incomplete_se_refuse_sans_rien_repeter_d_elle(champs: dict, mots: str):
    with pytest.raises(Obstacle, match=mots) as refuse:
        Contenu(TERRITOIRES).add(porteur(1, **champs))
    assert presents(str(refuse.value).encode()) == []


def test_les_referents_sont_une_offre_pas_une_regle(magasin: Store):
    with magasin.change() as contenu:
        contenu.add(porteur(0, referent_technique="", referent_territorial=""))
        contenu.add(porteur(1, referent_technique="Chambre", referent_territorial=""))
    assert [p.referent_technique for p in magasin.read().porteurs] == ["", "Chambre"]


def test_le_contenu_relu_est_celui_qui_a_ete_ecrit(magasin: Store):
    ecrit = Contenu(TERRITOIRES, [porteur(1, themes=("bois", "eau"))], [Offre("O1", "Local", "Commune", themes=("bois",))], ["2026-08"])
    with magasin.change() as contenu:
        contenu.porteurs, contenu.offres, contenu.mois_exportes = ecrit.porteurs, ecrit.offres, ecrit.mois_exportes
    assert magasin.read() == ecrit


# offers


def test_les_offres_qui_conviennent():
    jour = date(2026, 10, 1)
    sien = porteur(0, themes=("bois", "eau"))
    offres = [
        Offre("O1", "Atelier partagé", "a", CAM, ("bois",)),
        Offre("O2", "Fonds", "b", "", ("bois", "eau"), ("étude",)),
        Offre("O3", "Pépinière", "c"),
        Offre("O4", "Autre territoire", "d", TERRITOIRES[1], ("bois",)),
        Offre("O5", "Autre étape", "e", CAM, ("bois",), ("reprise",)),
        Offre("O6", "Finie", "f", CAM, ("bois",), jusqu_au=date(2026, 9, 30)),
        Offre("O7", "Autre thème", "g", CAM, ("laine",)),
    ]
    assert [(offre.numero, communs) for offre, communs in offers_for(sien, offres, jour)] == [("O2", 2), ("O1", 1), ("O3", 0)]
