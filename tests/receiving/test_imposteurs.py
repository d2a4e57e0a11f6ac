"""What arrives is not what was announced, or does not fit on the disk: it does not come in."""

import gzip
import io
import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from observatoire.receiving import checks as download_checks
from tests.depots import deposer
from tests.receiving.serveur import Panne
from tests.receiving.telechargements import BON_ZIP, CSV, NOM, SOUS_CLE, archive, echouer, partiels, recus, telecharger


def table_parquet() -> bytes:
    flux = io.BytesIO()
    pq.write_table(pa.table({"siren": [str(n) for n in range(5000)]}), flux)
    return flux.getvalue()


# what arrives is not what was announced

BOMBE = archive({"stock.csv": b"0" * (2**26 + 1)})
IMPOSTEURS = {
    "page d'erreur en parquet": ("s.parquet", b"<!DOCTYPE html><title>Erreur</title>", "ne commence pas par PAR1"),
    "page d'erreur en csv": ("s.csv", b"\n<html>503</html>", "c'est une page web"),
    "message d'erreur en csv": ("s.csv", b'{"error": "not found"}', "un message d'erreur"),
    "archive sous le nom d'un csv": ("s.csv", BON_ZIP, "octets nuls"),
    "csv vide": ("s.csv", b"\n", "fichier vide"),
    "parquet tronqué": ("s.parquet", table_parquet()[:-200], "tronqué"),
    "archive tronquée": ("s.zip", BON_ZIP[: len(BON_ZIP) // 2], "tronqué"),
    "archive sans son début": ("s.zip", b"\0" * 100 + BON_ZIP[100:], "tronqué"),
    "archive sous clé": ("s.zip", bytes(SOUS_CLE), "mot de passe"),
    "archive vide": ("s.zip", archive({}), "elle en contient 0"),
    "archive à deux tables": ("s.zip", archive({"a.csv": CSV, "b.csv": CSV}), "elle en contient 2"),
    "bombe": ("s.zip", BOMBE, "bombe de décompression"),
    "bombe gzip": ("s.csv.gz", gzip.compress(b"0" * (2**26 + 2**21)), "bombe de décompression"),
    "gzip tronqué": ("s.csv.gz", gzip.compress(CSV)[:-10], "tronqué"),
    "classeur qui n'en est pas un": ("s.xlsx", BON_ZIP, "d'un autre type"),
    "extension inconnue": ("s.exe", b"MZ", "extension non lue"),
}


@pytest.mark.parametrize("cas", IMPOSTEURS)
def test_un_imposteur_n_entre_pas(entrepot, serveur, cas):
    fichier, serveur.contenu, mots = IMPOSTEURS[cas]
    assert mots in echouer(entrepot, serveur, fichier)


@pytest.mark.parametrize("type_", ["text/html; charset=utf-8", "application/json"])
def test_une_page_d_erreur_annoncee_n_est_meme_pas_lue(entrepot, serveur, type_):
    serveur.type = type_
    assert "pas stock.csv" in echouer(entrepot, serveur)
    assert len(serveur.requetes) == 1


@pytest.mark.parametrize(
    ("fichier", "octets"),
    [
        ("s.parquet", table_parquet()),
        ("s.zip", BON_ZIP),
        ("s.zip", archive({"DS_data.csv": CSV, "DS_metadata.csv": b"x\n", "__MACOSX/._DS_data.csv": b"x"})),
        ("s.csv.gz", gzip.compress(CSV)),
        ("s.csv", "é;ü\n1;2\n".encode("utf-16")),
    ],
)
def test_un_bon_fichier_de_chaque_type_entre(entrepot, serveur, fichier, octets):
    serveur.contenu = octets
    assert telecharger(entrepot, serveur, fichier).etat == "telecharge"


def test_une_archive_qui_ment_sur_sa_place_est_vue(entrepot, serveur):
    """The directory says where the member is: elsewhere than it says, or beyond the end."""
    menteuse = bytearray(BON_ZIP)
    place = menteuse.index(b"PK\x01\x02") + 42
    menteuse[place : place + 4] = struct.pack("<I", 7)
    serveur.contenu = bytes(menteuse)
    assert "tronqué, ou d'un autre type" in echouer(entrepot, serveur, "s.zip")


# the disk


def test_le_disque_est_regarde_avant_de_telecharger(entrepot, serveur, monkeypatch):
    monkeypatch.setattr(download_checks, "free_bytes", lambda _: len(CSV) - 1)
    assert "place insuffisante" in echouer(entrepot, serveur)
    assert partiels(entrepot) == []


def test_le_disque_doit_tenir_l_archive_et_ce_qu_elle_contient(entrepot, serveur, monkeypatch):
    serveur.contenu = BON_ZIP
    monkeypatch.setattr(download_checks, "free_bytes", lambda _: 6 * len(BON_ZIP) - 1)
    assert "place insuffisante" in telecharger(entrepot, serveur, "s.zip").motif
    monkeypatch.setattr(download_checks, "free_bytes", lambda _: 100 * len(BON_ZIP))
    assert telecharger(entrepot, serveur, "s.zip").etat == "telecharge"


def test_une_archive_trop_grande_une_fois_ouverte_attend_de_la_place(entrepot, serveur, monkeypatch):
    serveur.contenu = archive({"s.csv": b"0;1\n" * 200_000})
    monkeypatch.setattr(download_checks, "free_bytes", lambda _: 700_000)
    assert "place insuffisante" in telecharger(entrepot, serveur, "s.zip").motif
    envoyes = serveur.envoyes
    monkeypatch.setattr(download_checks, "free_bytes", lambda _: 900_000)
    serveur.pannes = [Panne(apres=0)]
    assert telecharger(entrepot, serveur, "s.zip").etat == "telecharge"
    assert serveur.envoyes == envoyes, "what was received is not fetched again"


def test_un_corps_sans_fin_s_arrete_avant_le_disque(entrepot, serveur, monkeypatch):
    serveur.annonce = False
    monkeypatch.setattr("observatoire.receiving.transfer.ENTRE_DEUX_MESURES", 10_000)
    places = iter([10**9, 10**9])
    monkeypatch.setattr(download_checks, "free_bytes", lambda _: next(places, -1))
    assert "place insuffisante" in telecharger(entrepot, serveur).motif
    assert recus(entrepot) == []


def test_deux_dossiers_d_un_disque_s_ajoutent(tmp_path, monkeypatch):
    monkeypatch.setattr(download_checks, "free_bytes", lambda _: 150)
    download_checks.require_room({tmp_path: 100})
    with pytest.raises(download_checks.PlaceInsuffisante):
        download_checks.require_room({tmp_path: 100, tmp_path / "pas" / "encore": 100})


def test_un_disque_qui_refuse_est_un_echec_dit(entrepot, serveur):
    deposer(entrepot, "", NOM, "un fichier là où le dossier devrait être")
    assert "écriture impossible" in telecharger(entrepot, serveur).motif
