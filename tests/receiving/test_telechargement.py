"""Downloads, against a server of this machine that misbehaves: nothing good is lost, nothing is fetched twice."""

import datetime
from zoneinfo import ZoneInfo

import pytest
import yaml

from observatoire.receiving.downloads import last_download
from observatoire.sources import sources, states
from observatoire.sources.states import Etat, FichierLu
from tests.depots import deposer
from tests.receiving.serveur import Panne
from tests.receiving.telechargements import CSV, DECEMBRE, NOM, NOVEMBRE, contenu, partiels, recus, telecharger

# a file that arrives


def test_un_fichier_arrive_dans_son_millesime_avec_son_origine(entrepot, serveur):
    resultat = telecharger(entrepot, serveur)
    assert (resultat.etat, resultat.fichier, resultat.octets) == ("telecharge", "2024-11/stock.csv", len(CSV))
    assert contenu(entrepot, resultat) == CSV
    origine = yaml.safe_load((entrepot.settings.raw / NOM / "2024-11/stock.csv.origine.yml").read_text())
    assert origine == {
        "url": serveur.url,
        "producteur": "Insee",
        "licence": "Licence Ouverte 2.0",
        "millesime": "2024-11",
        "obtenu_le": datetime.date.today(),  # noqa: DTZ011
        "derniere_modification": "2024-11-01T03:00:00+00:00",
        "etag": '"v1"',
        "octets": len(CSV),
        "sha256": resultat.sha256,
    }
    assert partiels(entrepot) == []
    assert last_download(entrepot, sources()[NOM]) == resultat


def test_le_millesime_est_celui_de_paris(entrepot, serveur):
    serveur.modifie = "Thu, 31 Oct 2024 23:30:00 GMT"
    assert telecharger(entrepot, serveur).fichier == "2024-11/stock.csv"


def test_sans_date_du_serveur_le_millesime_est_celui_du_jour(entrepot, serveur):
    serveur.modifie = serveur.etag = ""
    serveur.annonce = False
    resultat = telecharger(entrepot, serveur)
    assert resultat.fichier == f"{datetime.datetime.now(ZoneInfo('Europe/Paris')):%Y-%m}/stock.csv"
    assert contenu(entrepot, resultat) == CSV


def test_aucun_nom_ne_vient_du_serveur(entrepot, serveur):
    ailleurs = {"Content-Disposition": 'attachment; filename="../../../evade.csv"'}
    serveur.pannes = [Panne(302, {"Location": "/../../evade.csv?nom=../x"}), Panne(entetes=ailleurs)]
    assert telecharger(entrepot, serveur).etat == "telecharge"
    assert recus(entrepot) == ["2024-11/stock.csv"]
    assert not list(entrepot.racine.parent.rglob("*evade*"))


# nothing is fetched twice


def test_ce_qui_n_a_pas_change_ne_se_telecharge_pas_deux_fois(entrepot, serveur):
    premier = telecharger(entrepot, serveur)
    envoyes, temps = serveur.envoyes, [c.stat().st_mtime_ns for c in sorted((entrepot.settings.raw / NOM).rglob("*"))]
    second = telecharger(entrepot, serveur)
    assert (second.etat, second.fichier, second.sha256) == ("inchange", premier.fichier, premier.sha256)
    assert serveur.requetes[-1]["if-none-match"] == '"v1"'
    assert serveur.requetes[-1]["if-modified-since"] == NOVEMBRE
    assert serveur.envoyes == envoyes
    # the sensor, which reads dates of files, has nothing to launch either
    assert [c.stat().st_mtime_ns for c in sorted((entrepot.settings.raw / NOM).rglob("*"))] == temps


def test_l_origine_suffit_quand_l_entrepot_est_efface(entrepot, serveur):
    telecharger(entrepot, serveur)
    (entrepot.racine / "telechargements" / f"{NOM}.json").unlink()
    assert telecharger(entrepot, serveur).etat == "inchange"


def test_un_serveur_qui_ignore_les_conditions_ne_fait_pas_tout_relire(entrepot, serveur):
    telecharger(entrepot, serveur)
    serveur.ecoute = False
    serveur.pannes = [Panne(apres=10)]
    assert telecharger(entrepot, serveur).etat == "inchange"
    assert len(serveur.requetes) == 2


def test_un_meme_contenu_sous_une_autre_etiquette_n_est_pas_un_nouveau_fichier(entrepot, serveur):
    premier = telecharger(entrepot, serveur)
    serveur.etag, serveur.modifie = '"v2"', DECEMBRE
    second = telecharger(entrepot, serveur)
    assert (second.etat, second.fichier) == ("inchange", premier.fichier)
    telecharger(entrepot, serveur)
    assert serveur.requetes[-1]["if-none-match"] == '"v2"', "fetched once more, not each time"
    assert recus(entrepot) == ["2024-11/stock.csv"] and partiels(entrepot) == []


def test_un_fichier_abime_depuis_est_telecharge_a_nouveau(entrepot, serveur):
    resultat = telecharger(entrepot, serveur)
    deposer(entrepot, NOM, resultat.fichier, CSV[:100])
    assert telecharger(entrepot, serveur).etat == "telecharge"
    assert contenu(entrepot, resultat) == CSV


def test_un_nouveau_fichier_laisse_le_precedent_a_sa_place(entrepot, serveur):
    telecharger(entrepot, serveur)
    serveur.contenu, serveur.etag, serveur.modifie = CSV + b"1,1\n", '"v2"', DECEMBRE
    resultat = telecharger(entrepot, serveur)
    assert (resultat.etat, resultat.fichier) == ("telecharge", "2024-12/stock.csv")
    assert recus(entrepot) == ["2024-11/stock.csv", "2024-12/stock.csv"]


def test_un_fichier_corrige_dans_le_mois_prend_la_place_du_premier(entrepot, serveur):
    telecharger(entrepot, serveur)
    serveur.contenu, serveur.etag, serveur.modifie = CSV + b"1,1\n", '"v2"', "Sun, 10 Nov 2024 03:00:00 GMT"
    resultat = telecharger(entrepot, serveur)
    assert contenu(entrepot, resultat) == serveur.contenu
    assert recus(entrepot) == ["2024-11/stock.csv"]
    assert telecharger(entrepot, serveur).etat == "inchange"


# fresher data is not replaced by older


def test_un_stock_plus_ancien_ne_remplace_pas_des_donnees_plus_fraiches(entrepot, serveur):
    serveur.modifie = DECEMBRE
    frais = telecharger(entrepot, serveur)
    serveur.contenu, serveur.etag, serveur.modifie = CSV[:-20], '"v0"', NOVEMBRE
    resultat = telecharger(entrepot, serveur)
    assert (resultat.etat, resultat.fichier, resultat.etag) == ("plus_ancien", frais.fichier, '"v1"')
    assert "le serveur offre un fichier du 01/11/2024" in resultat.motif
    assert recus(entrepot) == ["2024-12/stock.csv"] and contenu(entrepot, frais) == CSV


@pytest.mark.parametrize(
    ("depose", "origine", "etat"),
    [
        ("Stock_2024-12.csv", "", "plus_ancien"),
        ("Stock_2024-10.csv", "", "telecharge"),
        ("Stock_2023.csv", "", "telecharge"),
        ("stock.csv", "millesime: inconnu\nobtenu_le: 2024-11-20\n", "plus_ancien"),
        ("stock.csv", "millesime: inconnu\nobtenu_le: 2024-10-20\n", "telecharge"),
        ("stock_2024-11.csv", "obtenu_le: 2024-11-20\n", "plus_ancien"),
        ("stock_2024-11.csv", "obtenu_le: 2024-10-20\n", "telecharge"),
        ("stock_2024-12.csv", "derniere_modification: 2024-10-20T00:00:00\n", "telecharge"),
    ],
)
def test_un_fichier_depose_a_la_main_compte_aussi(entrepot, serveur, depose, origine, etat):
    deposer(entrepot, NOM, depose, "siren\n1\n")
    deposer(entrepot, NOM, f"{depose}.origine.yml", origine)
    assert telecharger(entrepot, serveur).etat == etat


def test_une_horloge_en_avance_ne_fige_rien(entrepot, serveur):
    serveur.modifie = "Thu, 31 Dec 2099 00:00:00 GMT"
    assert telecharger(entrepot, serveur).derniere_modification == ""


def test_une_origine_illisible_est_un_echec_dit(entrepot, serveur):
    deposer(entrepot, NOM, "a.csv", "siren\n1\n")
    deposer(entrepot, NOM, "a.csv.origine.yml", "derniere_modification: hier\n")
    assert "a.csv.origine.yml : derniere_modification : « hier » n'est pas une date" in telecharger(entrepot, serveur).motif


# late, then out of date: not an error


@pytest.mark.parametrize(
    ("jour", "etat"),
    [("2024-12-02", "a_jour"), ("2024-12-03", "en_retard"), ("2025-01-02", "en_retard"), ("2025-01-03", "perime")],
)
def test_une_source_qui_ne_bouge_plus_est_en_retard_puis_perimee(entrepot, monkeypatch, jour, etat):
    lu = FichierLu(
        "f.csv", "", "", "", "reelle", "2024-11", "2024-11-25", en_retard_le="2024-12-02", perime_le="2025-01-02"
    )
    present = Etat(NOM, "a_jour", "v1", "reelle", "lignes", fichiers=[lu])
    monkeypatch.setattr(states, "utc_now", lambda: f"{jour}T00:00:00")
    assert present.etat_du_jour == etat
    assert present.etat == "a_jour", "what is late is no failure"
