"""Servers that refuse, wait, send elsewhere: what is asked again, what is a failure, what is never followed."""

import time
from dataclasses import replace

import httpx
import pytest

from observatoire.receiving.download import download
from observatoire.receiving.transfer import Reseau
from tests.depots import source
from tests.receiving.serveur import Panne
from tests.receiving.telechargements import CSV, NOM, PRESSE, contenu, echouer, telecharger


@pytest.mark.parametrize("statut", [401, 403, 404, 410])
def test_un_refus_definitif_n_est_pas_redemande(entrepot, serveur, statut):
    serveur.pannes = [Panne(statut, corps=b"<html>non</html>")]
    assert str(statut) in echouer(entrepot, serveur)
    assert len(serveur.requetes) == 1


@pytest.mark.parametrize("statut", [429, 500, 502, 503, 504])
def test_un_refus_passager_est_redemande(entrepot, serveur, statut):
    serveur.pannes = [Panne(statut), Panne(statut)]
    assert telecharger(entrepot, serveur).etat == "telecharge"
    assert len(serveur.requetes) == 3


def test_un_refus_qui_dure_finit_par_un_echec(entrepot, serveur):
    serveur.pannes = [Panne(500)] * 9
    assert "le serveur répond 500. Relancer telecharger" in echouer(entrepot, serveur)
    assert len(serveur.requetes) == PRESSE.essais


def test_un_serveur_injoignable_est_un_echec_dit(entrepot):
    resultat = download(entrepot, source(NOM, url="http://127.0.0.1:9/rien", fichier="stock.csv"), patience=PRESSE)
    assert (resultat.etat, resultat.fichier) == ("en_echec", "")
    assert "injoignable" in resultat.motif and f"raw/{NOM} est comme avant" in resultat.motif


def test_un_serveur_jamais_joint_lasse_plus_vite_qu_un_serveur_qui_repond(entrepot):
    dits: list[str] = []
    seul = source(NOM, url="http://127.0.0.1:9/rien", fichier="stock.csv")
    download(entrepot, seul, dire=dits.append, patience=replace(PRESSE, essais=50))
    assert len(dits) == PRESSE.essais_de_connexion - 1


def test_sans_reseau_deux_serveurs_suffisent_a_le_dire(entrepot):
    reseau, dits = Reseau(), []
    for rang, hote in enumerate(("127.0.0.1", "localhost", "127.0.0.1")):
        assert reseau.absent == (rang == 2)
        nouvelle = source(NOM, url=f"http://{hote}:9/rien", fichier="stock.csv")
        download(entrepot, nouvelle, dire=dits.append, patience=PRESSE, reseau=reseau)
    assert len(dits) == PRESSE.essais_de_connexion - 1, "the second server, and the third, are tried once"


def test_un_serveur_qui_refuse_n_est_pas_un_reseau_absent(entrepot, serveur):
    reseau = Reseau()
    serveur.pannes = [Panne(404)]
    telecharger(entrepot, serveur, reseau=reseau)
    for port in (9, 19):
        download(
            entrepot, source(NOM, url=f"http://localhost:{port}/rien", fichier="stock.csv"), patience=PRESSE, reseau=reseau
        )
    assert not reseau.absent and reseau.injoignables == {"localhost"}


def test_le_delai_demande_par_le_serveur_est_respecte(entrepot, serveur):
    serveur.pannes = [Panne(429, {"Retry-After": "1"})]
    debut = time.monotonic()
    assert telecharger(entrepot, serveur).etat == "telecharge"
    assert time.monotonic() - debut >= 1


@pytest.mark.parametrize("attendre", ["3600", "Thu, 31 Dec 2099 00:00:00 GMT"])
def test_un_delai_trop_long_est_un_echec_et_non_une_attente(entrepot, serveur, attendre):
    serveur.pannes = [Panne(429, {"Retry-After": attendre})]
    assert "le serveur répond 429" in echouer(entrepot, serveur)
    assert len(serveur.requetes) == 1


def test_un_echec_garde_le_dernier_bon_fichier_et_le_dit(entrepot, serveur):
    bon = telecharger(entrepot, serveur)
    serveur.pannes = [Panne(404)]
    rate = telecharger(entrepot, serveur)
    assert (rate.etat, rate.fichier, rate.sha256) == ("en_echec", bon.fichier, bon.sha256)
    assert rate.motif.endswith(f"Le dernier bon fichier est gardé : raw/{NOM}/2024-11/stock.csv.")
    assert contenu(entrepot, bon) == CSV
    assert telecharger(entrepot, serveur).etat == "inchange", "the failure did not make it forget"


# redirections


def test_une_redirection_est_suivie_sur_cette_machine(entrepot, serveur):
    serveur.pannes = [Panne(302, {"Location": "/ailleurs"})]
    assert telecharger(entrepot, serveur).etat == "telecharge"


@pytest.mark.parametrize(
    "cible",
    [
        "http://exemple.invalid/stock.csv",
        "ftp://127.0.0.1/x",
        "file:" + "//" + "/etc/hostname",
        "http://127.0.0.1@mal.invalid/",
    ],
)
def test_une_redirection_hors_https_est_refusee(entrepot, serveur, cible):
    serveur.pannes = [Panne(302, {"Location": cible})]
    assert "n'est pas en https : refusé" in echouer(entrepot, serveur)
    assert len(serveur.requetes) == 1


@pytest.mark.parametrize("depart", ["https://exemple.invalid/x", "http://exemple.invalid/x"])
@pytest.mark.parametrize("cible", ["http://127.0.0.1:8000/", "http://localhost/", "http://exemple.invalid/"])
def test_une_adresse_publique_ne_mene_ni_a_cette_machine_ni_a_du_http(entrepot, monkeypatch, depart, cible):
    demandes = []

    def redirige(demande: httpx.Request) -> httpx.Response:
        demandes.append(str(demande.url))
        return httpx.Response(302, headers={"Location": cible})

    client = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **_: client(transport=httpx.MockTransport(redirige)))
    resultat = download(entrepot, source(NOM, url=depart, fichier="stock.csv"), patience=PRESSE)
    assert "n'est pas en https : refusé" in resultat.motif
    assert demandes == [depart] * depart.startswith("https")


def test_des_redirections_sans_fin_sont_un_echec(entrepot, serveur):
    serveur.pannes = [Panne(302, {"Location": "/encore"})] * 50
    assert "redirections de suite" in echouer(entrepot, serveur)
    assert len(serveur.requetes) < 10
