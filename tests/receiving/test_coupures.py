"""Downloads that are cut: resumed where they stopped, started again when what follows is not the rest."""

import time

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.receiving.download import download
from observatoire.receiving.transfer import Patience
from observatoire.settings import Settings
from observatoire.warehouse import Entrepot
from pipelines.defs.automation import fichiers_deposes
from tests.chaine import installer
from tests.hasard import exemples
from tests.receiving.serveur import Panne, ecouter
from tests.receiving.telechargements import (
    CSV,
    DECEMBRE,
    NOVEMBRE,
    PRESSE,
    contenu,
    partiels,
    recus,
    servie,
    telecharger,
)

# cuts


def test_une_coupure_reprend_la_ou_elle_s_est_arretee(entrepot, serveur):
    serveur.pannes = [Panne(apres=30_000)]
    dits: list[str] = []
    resultat = telecharger(entrepot, serveur, dire=dits.append)
    assert (resultat.etat, contenu(entrepot, resultat)) == ("telecharge", CSV)
    assert serveur.reprises == ["bytes=30000-"]
    assert serveur.requetes[-1]["if-range"] == '"v1"'
    assert serveur.envoyes == len(CSV), "not a byte twice"
    assert dits == ["la connexion a été coupée ; nouvel essai, 29,3 ko déjà là"]


def test_des_coupures_qui_avancent_n_epuisent_pas_la_patience(entrepot, serveur):
    serveur.pannes = [Panne(apres=1_000)] * (3 * PRESSE.essais)
    assert contenu(entrepot, telecharger(entrepot, serveur)) == CSV
    assert serveur.envoyes == len(CSV)


def test_un_serveur_muet_est_quitte_puis_repris(entrepot, serveur):
    serveur.pannes = [Panne(apres=1_000, muet=True)]
    debut = time.monotonic()
    resultat = telecharger(entrepot, serveur)
    assert time.monotonic() - debut < 2
    assert contenu(entrepot, resultat) == CSV
    assert serveur.reprises == ["bytes=1000-"]


def test_un_autre_jour_reprend_ce_que_le_premier_a_laisse(entrepot, serveur):
    serveur.pannes = [Panne(apres=n) for n in (5_000, 0, 0, 0)]
    resultat = telecharger(entrepot, serveur)
    assert resultat.etat == "en_echec"
    assert "la connexion a été coupée. Relancer telecharger : il reprendra" in resultat.motif
    assert recus(entrepot) == [] and len(partiels(entrepot)) == 1
    serveur.pannes = [Panne(apres=0)]
    resultat = telecharger(entrepot, serveur)
    assert (resultat.etat, contenu(entrepot, resultat)) == ("telecharge", CSV)
    assert serveur.reprises[-1] == "bytes=5000-"
    assert partiels(entrepot) == []


def test_un_morceau_n_est_un_fichier_ni_pour_les_sources_ni_pour_le_capteur(tmp_path, serveur, monkeypatch):
    entrepot = installer(tmp_path, monkeypatch)
    curseur = fichiers_deposes.evaluate_tick(dg.build_sensor_context()).cursor
    serveur.pannes = [Panne(apres=n) for n in (5_000, 0, 0, 0)]
    telecharger(entrepot, serveur)
    [partiel] = partiels(entrepot)
    assert partiel.name.startswith(".stock.csv.") and partiel.suffix == ".part"
    assert recus(entrepot) == []
    passage = fichiers_deposes.evaluate_tick(dg.build_sensor_context(cursor=curseur))
    assert not passage.run_requests and passage.cursor == curseur


def test_un_fichier_change_entre_deux_morceaux_recommence(entrepot, serveur):
    serveur.pannes = [Panne(apres=n) for n in (30_000, 0, 0, 0)]
    telecharger(entrepot, serveur)
    serveur.contenu, serveur.etag = CSV[::-1], '"v2"'
    resultat = telecharger(entrepot, serveur)
    assert contenu(entrepot, resultat) == CSV[::-1], "never the beginning of one and the end of the other"
    assert partiels(entrepot) == []


def test_un_fichier_change_pendant_la_coupure_recommence(entrepot, serveur):
    def changer(message: str) -> None:
        serveur.contenu, serveur.etag, serveur.modifie = CSV[::-1], '"v2"', DECEMBRE

    serveur.pannes = [Panne(apres=30_000)]
    resultat = telecharger(entrepot, serveur, dire=changer)
    assert serveur.reprises == ["bytes=30000-"]
    assert (resultat.fichier, contenu(entrepot, resultat)) == ("2024-12/stock.csv", CSV[::-1])


@pytest.mark.parametrize(
    "etendue", [f"bytes 29999-{len(CSV) - 1}/{len(CSV)}", "bytes 30000-30009/30010", "", "n'importe quoi"]
)
def test_une_reprise_qui_n_est_pas_la_suite_recommence(entrepot, serveur, etendue):
    serveur.pannes = [Panne(apres=30_000), Panne(206, {"Content-Range": etendue}, b"autre chose")]
    assert contenu(entrepot, telecharger(entrepot, serveur)) == CSV


def test_un_serveur_qui_ne_reprend_pas_est_relu_du_debut(entrepot, serveur):
    serveur.reprend = False
    serveur.pannes = [Panne(apres=30_000)]
    assert contenu(entrepot, telecharger(entrepot, serveur)) == CSV


def test_sans_etiquette_ni_date_rien_ne_se_reprend(entrepot, serveur):
    serveur.etag = serveur.modifie = ""
    serveur.pannes = [Panne(apres=30_000)]
    assert contenu(entrepot, telecharger(entrepot, serveur)) == CSV
    assert serveur.reprises == []


def test_une_etiquette_faible_ne_sert_pas_a_reprendre(entrepot, serveur):
    serveur.etag = 'W/"v1"'
    serveur.pannes = [Panne(apres=30_000)]
    assert contenu(entrepot, telecharger(entrepot, serveur)) == CSV
    assert serveur.requetes[-1]["if-range"] == NOVEMBRE


@exemples(15)
@given(coupures=st.lists(st.integers(0, 40), max_size=6), reprend=st.booleans(), annonce=st.booleans())
def test_quelles_que_soient_les_coupures_le_fichier_est_le_meme(tmp_path_factory, coupures, reprend, annonce):
    dossier = tmp_path_factory.mktemp("coupures")
    entrepot = Entrepot(Settings(dossier / "raw", dossier / "warehouse", "246300701"))
    with ecouter() as serveur:
        serveur.contenu, serveur.reprend = b"a,b\n" + bytes(range(48, 110)), reprend
        # a body whose length is not said cannot be known to be cut: the other misfortunes apply
        serveur.annonce = annonce or bool(coupures)
        serveur.pannes = [Panne(apres=n) for n in coupures]
        patience = Patience(silence=0.3, essais=10, attente=0.001, attente_max=0.001)
        resultat = download(entrepot, servie(serveur), patience=patience)
        assert (resultat.etat, contenu(entrepot, resultat)) == ("telecharge", serveur.contenu)
