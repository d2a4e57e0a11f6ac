"""Downloads, against a server of this machine that misbehaves: nothing good is lost, nothing is fetched twice."""

import datetime
import gzip
import io
import struct
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import httpx
import hypothesis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from observatoire.loading.files import dropped_files
from observatoire.receiving import checks as download_checks
from observatoire.receiving.download import Telechargement, download, downloadable, last_download
from observatoire.receiving.transfer import Patience
from observatoire.settings import Settings
from observatoire.sources import Source, sources, states
from observatoire.sources.states import Etat, FichierLu
from observatoire.warehouse import Entrepot
from pipelines.__main__ import main
from pipelines.defs.automation import fichiers_deposes
from pipelines.progress import Progression
from tests.chaine import definitions, entrepot_ici, installer, lancer, raisons
from tests.depots import deposer, source
from tests.serveur import Panne, Serveur, ecouter

PRESSE = Patience(silence=0.3, essais=3, attente=0.001, attente_max=0.001, retry_after_max=2)
NOM = "sirene_etablissements"
CSV = b"siren,siret\n" + b"".join(b"%09d,%014d\n" % (n, n) for n in range(4000))
NOVEMBRE, DECEMBRE = "Fri, 01 Nov 2024 03:00:00 GMT", "Sun, 01 Dec 2024 03:00:00 GMT"


@pytest.fixture
def serveur() -> Iterator[Serveur]:
    """Serve a table of a hundred kilobytes."""
    with ecouter() as serveur:
        serveur.contenu = CSV
        yield serveur


@pytest.fixture(autouse=True)
def de_la_place(monkeypatch) -> None:
    """Ask for no margin: the disk of this machine may be small."""
    monkeypatch.setattr(download_checks, "MARGE", 0)


def servie(serveur: Serveur, fichier: str = "stock.csv", **changements) -> Source:
    """Return the Sirene source as if that server were its producer."""
    return source(NOM, url=serveur.url, fichier=fichier, **changements)


def telecharger(entrepot: Entrepot, serveur: Serveur, fichier: str = "stock.csv", **options) -> Telechargement:
    return download(entrepot, servie(serveur, fichier), patience=PRESSE, **options)


def recus(entrepot: Entrepot) -> list[str]:
    """List the files a source would be read from."""
    dossier = entrepot.settings.raw / NOM
    return [chemin.relative_to(dossier).as_posix() for chemin in dropped_files(entrepot.settings, NOM)]


def contenu(entrepot: Entrepot, resultat: Telechargement) -> bytes:
    return (entrepot.settings.raw / NOM / resultat.fichier).read_bytes()


def partiels(entrepot: Entrepot) -> list[Path]:
    return list(entrepot.settings.raw.rglob(".*"))


def archive(membres: dict[str, bytes]) -> bytes:
    flux = io.BytesIO()
    with zipfile.ZipFile(flux, "w", zipfile.ZIP_DEFLATED) as ecrite:
        for nom, octets in membres.items():
            ecrite.writestr(nom, octets)
    return flux.getvalue()


def table_parquet() -> bytes:
    flux = io.BytesIO()
    pq.write_table(pa.table({"siren": [str(n) for n in range(5000)]}), flux)
    return flux.getvalue()


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


@hypothesis.settings(max_examples=15)
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


# refusals


def echouer(entrepot: Entrepot, serveur: Serveur, fichier: str = "stock.csv") -> str:
    """Fail over a good file of November; say why."""
    deposer(entrepot, NOM, "2024-10/ancien.csv", "siren\n1\n")
    avant = {c: c.read_bytes() for c in (entrepot.settings.raw).rglob("*") if c.is_file()}
    resultat = telecharger(entrepot, serveur, fichier)
    assert resultat.etat == "en_echec"
    assert {c: c.read_bytes() for c in (entrepot.settings.raw).rglob("*") if c.is_file()} == avant
    return resultat.motif


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


# what arrives is not what was announced

BOMBE = archive({"stock.csv": b"0" * (2**26 + 1)})
BON_ZIP = archive({"StockEtablissement_utf8.csv": CSV})
SOUS_CLE = bytearray(BON_ZIP)
for marque, ecart in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
    SOUS_CLE[SOUS_CLE.index(marque) + ecart] |= 1
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
    assert "a.csv.origine.yml est illisible" in telecharger(entrepot, serveur).motif


# the declarations


def test_une_source_se_telecharge_si_elle_dit_d_ou_et_sous_quel_nom():
    assert set(downloadable()) == {nom for nom, declaree in sources().items() if declaree.fichier}
    assert {"sirene_etablissements", "sirene_unites_legales"} <= set(downloadable())
    for declaree in downloadable().values():
        assert declaree.url.startswith("https://")
        assert Path(declaree.fichier).suffix in download_checks.CONTROLES


# the job


@pytest.fixture
def producteurs(tmp_path, serveur, monkeypatch) -> Serveur:
    """Point the sources that are downloaded at the server, and the job at an empty folder."""
    installer(tmp_path, monkeypatch)
    serveur.contenu = BON_ZIP
    servies = {nom: source(nom, url=serveur.url, fichier="Stock.zip") for nom in downloadable()}
    for module in ("observatoire.sources", "observatoire.receiving.download"):
        monkeypatch.setattr(f"{module}.sources", lambda: {**sources(), **servies})
    monkeypatch.setattr("observatoire.receiving.download.Patience", lambda: PRESSE)
    return serveur


def test_le_job_telecharge_chaque_source_et_le_second_passage_rien(producteurs):
    resultat = lancer("telecharger")
    assert resultat.success, raisons(resultat)
    controles = resultat.get_asset_check_evaluations()
    assert {controle.asset_key.path[1] for controle in controles} == set(downloadable())
    assert all(controle.passed for controle in controles)
    envoyes = producteurs.envoyes
    assert lancer("telecharger").success
    assert producteurs.envoyes == envoyes
    assert {last_download(entrepot_ici(), source).etat for source in downloadable().values()} == {"inchange"}


def test_une_source_en_echec_n_arrete_pas_les_autres_et_le_job_le_dit(producteurs):
    producteurs.pannes = [Panne(404)]
    resultat = lancer("telecharger")
    assert not resultat.success
    assert "réponse 404" in raisons(resultat)
    controles = {controle.asset_key.path[1]: controle for controle in resultat.get_asset_check_evaluations()}
    premiere, *autres = downloadable()
    assert {nom: controle.passed for nom, controle in controles.items()} == {
        premiere: False,
        **dict.fromkeys(autres, True),
    }
    assert "réponse 404" in controles[premiere].description
    assert [evenement.asset_key.path[1] for evenement in resultat.get_asset_materialization_events()] == autres


def test_la_ligne_de_commande_telecharge_une_source(producteurs, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    assert main("telecharger", "sirene_etablissements") == 0
    assert "telecharge  → raw/sirene_etablissements/2024-11/Stock.zip" in capsys.readouterr().out
    assert [chemin.parts[-3] for chemin in dropped_files(entrepot_ici().settings)] == ["sirene_etablissements"]
    producteurs.pannes = [Panne(404)]
    assert main("telecharger", "sirene_etablissements") == 1
    assert "Le dernier bon fichier est gardé" in capsys.readouterr().err
    assert main("telecharger", "flores") == 2
    assert main("actualiser", "sirene_etablissements") == 2


def test_actualiser_ne_touche_pas_au_reseau():
    telechargees = {dg.AssetKey(["raw", nom]) for nom in downloadable()}
    for job in definitions().resolve_all_job_defs():
        if job.name.startswith(("actualiser", "recalculer")):
            assert not telechargees & set(job.asset_layer.executable_asset_keys), job.name
    assert set(definitions().resolve_job_def("telecharger").asset_layer.executable_asset_keys) == telechargees


def test_chaque_cadence_telecharge_ses_sources_avant_de_les_lire():
    horaires = {horaire.name: horaire for horaire in definitions().schedules}
    cadences = {declaree.cadence for declaree in downloadable().values() if declaree.cadence}
    assert {nom for nom in horaires if nom.startswith("telecharger_")} == {f"telecharger_{c}" for c in cadences}
    for cadence in cadences:
        horaire = horaires[f"telecharger_{cadence}"]
        assert horaire.default_status == dg.DefaultScheduleStatus.RUNNING
        assert horaire.execution_timezone == "Europe/Paris"
        (demande,) = horaire.evaluate_tick(dg.build_schedule_context()).run_requests
        assert {cle.path[1] for cle in demande.asset_selection} == {
            nom for nom, declaree in downloadable().items() if declaree.cadence == cadence
        }
        minute, heure, jours, *_ = horaire.cron_schedule.split()
        lue = horaires[f"cadence_{cadence}"].cron_schedule.split()
        assert int(heure) <= int(lue[1]) - 3 and jours.split("-")[0] == lue[2]


def test_la_progression_tient_en_quelques_lignes(monkeypatch):
    lignes: list[str] = []

    class Journal:
        def info(self, modele: str, *mots: object) -> None:
            lignes.append(modele % mots)

    temps = iter(range(0, 10**9, 2))
    monkeypatch.setattr("pipelines.progress.time.monotonic", lambda: float(next(temps)))
    with Progression(Journal(), "stock") as suivi:
        for recu in range(0, 2 * 2**30, 2**20):
            suivi.advance(recu, 2 * 2**30)
    assert 5 <= len(lignes) <= 11
    assert lignes[0] == "stock : 205,0 Mo sur 2,0 Go (10 %)"
    lignes.clear()
    with Progression(Journal(), "sans fin") as suivi:
        for recu in range(0, 2 * 2**30, 2**20):
            suivi.advance(recu, None)
    assert 5 <= len(lignes) <= 40


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
