"""Alerts: who is told, of what, once; what never leaves; a channel that fails hinders nothing."""

import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.alerts.channels import channels
from observatoire.alerts.notifications import (
    RAPPEL,
    EnvoiImpossible,
    Message,
    Panne,
    announce,
    failing_sources,
    one_line,
)
from observatoire.obstacle import Obstacle
from observatoire.settings import AlertSettings
from observatoire.warehouse import Entrepot
from pipelines.defs.notifications import alertes
from tests.alerts.messagerie import crochet, messagerie
from tests.chaine import definitions, entrepot_ici, installer
from tests.depots import charger_source, deposer, subventions

MIDI = datetime(2026, 11, 26, 12, tzinfo=UTC)
ADHESIONS = Panne("La source « Adhésions » est en échec", "la colonne « membre » est absente", "Corriger le fichier.")
VARIABLES = ("COURRIEL", "SMTP", "SMTP_SECRET", "WEBHOOK", "ADRESSE")


def reglages(**dits: object) -> AlertSettings:
    return AlertSettings(**{"courriel": "", "smtp": "", "secret": None, "webhook": "", **dits})


def par_courriel(port: int, a: str = "analyste@exemple.fr") -> AlertSettings:
    return reglages(courriel=a, smtp=f"smtp://127.0.0.1:{port}")


@pytest.fixture
def boites(tmp_path, monkeypatch):
    """Set both channels up towards this machine, on an empty warehouse."""
    with messagerie() as courrier, crochet() as webhook:
        for nom in VARIABLES:
            monkeypatch.delenv(f"OBSERVATOIRE_{nom}", raising=False)
        monkeypatch.setenv("OBSERVATOIRE_COURRIEL", "analyste@exemple.fr, service@exemple.fr")
        monkeypatch.setenv("OBSERVATOIRE_SMTP", f"smtp://127.0.0.1:{courrier.port}")
        monkeypatch.setenv("OBSERVATOIRE_WEBHOOK", f"http://127.0.0.1:{webhook.port}/jeton-secret")
        installer(tmp_path, monkeypatch)
        yield courrier, webhook


def passer(instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorEvaluationContext:
    """Let the sensor look once; return its context, whose cursor is what it remembers."""
    essais = dg.Definitions(jobs=[attendu, imprevu, quotidien])
    contexte = dg.build_sensor_context(
        instance=instance, cursor=cursor, definitions=dg.Definitions.merge(definitions(), essais)
    )
    passage = alertes(contexte)
    contexte.passage = passage.skip_message  # type: ignore[attr-defined]
    return contexte


def casser_une_source(entrepot: Entrepot, fichier: str = "2024.csv") -> None:
    deposer(entrepot, "subventions", fichier, "colonne\nJeanne Exemple\n")
    assert charger_source(entrepot, "subventions").etat == "en_echec"


def test_sans_reglage_personne_n_est_prevenu(tmp_path, monkeypatch):
    for nom in VARIABLES:
        monkeypatch.delenv(f"OBSERVATOIRE_{nom}", raising=False)
    assert alertes.default_status == dg.DefaultSensorStatus.STOPPED
    assert channels(AlertSettings.from_environment()) == {}
    with dg.DagsterInstance.ephemeral() as instance:
        assert "Aucun destinataire" in passer(instance).passage


def test_une_source_en_echec_est_dite_une_fois_puis_retablie(boites, tmp_path):
    courrier, webhook = boites
    entrepot = entrepot_ici()
    casser_une_source(entrepot)
    with dg.DagsterInstance.ephemeral() as instance:
        passage = passer(instance)
        passage = passer(instance, passage.cursor)
        assert len(courrier.bruts) == len(webhook.recus) == 1, "the second look announces nothing"
        deposer(entrepot, "subventions", "2024.csv", subventions(3))
        assert charger_source(entrepot, "subventions").etat == "a_jour"
        passage = passer(instance, passage.cursor)
        passer(instance, passage.cursor)
    premier, dernier = courrier.courriels
    assert premier["Subject"] == "Observatoire ESS, en échec : source subventions"
    assert premier["To"] == "analyste@exemple.fr, service@exemple.fr"
    texte = premier.get_content()
    assert "ÉCHEC : La source « Subventions" in texte and "Pourquoi : " in texte and "Que faire : " in texte
    assert "Son dernier chargement réussi reste publié" in texte and "Jeanne" not in texte
    assert dernier["Subject"] == "Observatoire ESS, rétablie : source subventions"
    assert [recu.splitlines()[0] for recu in webhook.recus] == [premier["Subject"], dernier["Subject"]]


@dg.op
def dire_pourquoi() -> None:
    raise dg.Failure(description="Source indispensable en échec, rien n'est publié.")


@dg.op
def se_tromper() -> None:
    raise ValueError("Jeanne Exemple, 12 rue des Lilas")


@dg.job(name="actualiser_essai")
def attendu() -> None:
    dire_pourquoi()


@dg.job(name="recalculer_essai")
def imprevu() -> None:
    se_tromper()


@dg.op
def reussir() -> None:
    pass


@dg.job(name="telecharger_essai")
def quotidien() -> None:
    reussir()


def test_un_job_en_echec_n_est_retabli_que_par_sa_reussite(boites):
    """Other jobs that succeed, however often, push nothing out of sight."""
    courrier, _ = boites
    with dg.DagsterInstance.ephemeral() as instance:
        echec = attendu.execute_in_process(instance=instance, raise_on_error=False)
        passage = passer(instance)
        for numero in range(60):
            instance.add_run(
                dg.DagsterRun(job_name="telecharger_essai", run_id=f"{numero}", status=dg.DagsterRunStatus.SUCCESS)
            )
        passage = passer(instance, passage.cursor)
        assert passage.passage.startswith("courriel : rien de nouveau")
        reussite = dg.DagsterRun(job_name="actualiser_essai", run_id="apres", status=dg.DagsterRunStatus.SUCCESS)
        instance.add_run(reussite)
        passer(instance, passage.cursor)
    assert not echec.success
    assert [courriel["Subject"] for courriel in courrier.courriels] == [
        "Observatoire ESS, en échec : job actualiser_essai",
        "Observatoire ESS, rétablie : job actualiser_essai",
    ]


def test_un_job_dont_l_historique_est_efface_n_est_pas_dit_retabli(boites):
    courrier, _ = boites
    with dg.DagsterInstance.ephemeral() as instance:
        attendu.execute_in_process(instance=instance, raise_on_error=False)
        passage = passer(instance)
    with dg.DagsterInstance.ephemeral() as instance:
        passage = passer(instance, passage.cursor)
    assert "rien de nouveau" in passage.passage and len(courrier.bruts) == 1
    assert "actualiser_essai" not in passage.cursor


def test_un_job_qui_echoue_est_dit_avec_sa_raison_et_son_lien_sans_valeur(boites, monkeypatch):
    courrier, _ = boites
    monkeypatch.setenv("OBSERVATOIRE_ADRESSE", "https://ess.exemple.fr/")
    with dg.DagsterInstance.ephemeral() as instance:
        attendu.execute_in_process(instance=instance, raise_on_error=False)
        echec = imprevu.execute_in_process(instance=instance, raise_on_error=False)
        passer(instance)
    (courriel,) = courrier.courriels
    texte = courriel.get_content()
    assert "Le job « actualiser_essai » a échoué" in texte
    assert "Source indispensable en échec, rien n'est publié." in texte
    assert "Erreur du programme (ValueError)" in texte and "Jeanne" not in texte and "Lilas" not in texte
    assert f"https://ess.exemple.fr/dagster/runs/{echec.run_id}" in texte


def test_un_canal_en_panne_n_arrete_pas_l_autre_et_sera_reessaye(boites):
    courrier, webhook = boites
    courrier.refus = 550
    entrepot = entrepot_ici()
    casser_une_source(entrepot)
    with dg.DagsterInstance.ephemeral() as instance:
        passage = passer(instance)
        assert (len(courrier.bruts), len(webhook.recus)) == (0, 1)
        assert "courriel non envoyé" in passage.passage and "webhook : message envoyé" in passage.passage
        courrier.refus, webhook.refus = 0, 500
        passage = passer(instance, passage.cursor)
        assert (len(courrier.bruts), len(webhook.recus)) == (1, 1)
        assert "courriel : message envoyé" in passage.passage and "webhook : rien de nouveau" in passage.passage


@pytest.mark.parametrize("canal", ["courriel", "webhook"])
@pytest.mark.parametrize("panne", ["muet", "refus", "absent"])
def test_un_serveur_muet_qui_refuse_ou_absent_le_dit_sans_secret(canal: str, panne: str):
    ouvrir = messagerie if canal == "courriel" else crochet
    with ouvrir() as boite:
        boite.muet, boite.refus = panne == "muet", 550 if panne == "refus" else 0
        port = boite.port
        dits = par_courriel(port) if canal == "courriel" else reglages(webhook=f"http://127.0.0.1:{port}/jeton-secret")
        if panne != "absent":
            with pytest.raises(EnvoiImpossible) as refus:
                channels(dits, delai_s=0.3)[canal](Message("sujet", "texte"))
    if panne == "absent":
        with pytest.raises(EnvoiImpossible) as refus:
            channels(dits, delai_s=0.3)[canal](Message("sujet", "texte"))
    assert "non envoyé" in str(refus.value) and "jeton" not in str(refus.value) and str(port) not in str(refus.value)


def test_le_nom_d_un_fichier_n_ecrit_pas_d_en_tete():
    panne = Panne("La source\r\nBcc: autre@exemple.fr est en échec", "fichier « a\nTo: b@exemple.fr\u202e »", "Corriger.")
    with messagerie() as boite:
        envoyer = channels(par_courriel(boite.port))["courriel"]
        announce({"source x\r\nBcc: autre@exemple.fr": panne}, {}, MIDI, envoyer)
        (courriel,) = boite.courriels
    assert courriel["Bcc"] is None and courriel["To"] == "analyste@exemple.fr"
    assert "Bcc: autre@exemple.fr" in courriel["Subject"], "what would be a header stands in the subject, as text"
    assert not [ligne for ligne in courriel.get_content().splitlines() if ligne.startswith(("Bcc", "To:"))]


@given(st.text(max_size=300))
def test_un_texte_quelconque_tient_sur_une_ligne(texte: str):
    assert len(one_line(texte, 100)) <= 100
    assert len(one_line(texte, 100).splitlines()) <= 1


def test_un_rappel_par_semaine_et_une_raison_nouvelle_se_disent():
    envoyes: list[Message] = []
    memoire, _ = announce({"source a": ADHESIONS}, {}, MIDI, envoyes.append)
    memoire, _ = announce({"source a": ADHESIONS}, memoire, MIDI + RAPPEL - timedelta(hours=1), envoyes.append)
    assert len(envoyes) == 1
    memoire, _ = announce({"source a": ADHESIONS}, memoire, MIDI + RAPPEL, envoyes.append)
    memoire, _ = announce({"source a": ADHESIONS}, memoire, MIDI + RAPPEL + timedelta(days=1), envoyes.append)
    assert [message.sujet for message in envoyes[1:]] == ["Observatoire ESS, rappel : source a"]
    autre = Panne(ADHESIONS.quoi, "aucun enregistrement sous l'en-tête", ADHESIONS.que_faire)
    memoire, _ = announce({"source a": autre}, memoire, MIDI + RAPPEL * 1.5, envoyes.append)
    assert "aucun enregistrement" in envoyes[-1].texte and len(envoyes) == 3
    assert json.loads(json.dumps(memoire)) == memoire, "kept as JSON between two looks"


def test_une_indispensable_dit_que_rien_n_est_publie(entrepot: Entrepot):
    deposer(entrepot, "communes", "communes.csv", "colonne\n1\n")
    charger_source(entrepot, "communes")
    (panne,) = failing_sources(entrepot).values()
    assert "Rien n'est publié" in panne.que_faire and panne.lien == ""


@pytest.mark.parametrize(
    ("dits", "variable"),
    [
        ({"courriel": "analyste@exemple.fr"}, "OBSERVATOIRE_SMTP"),
        ({"courriel": "pas une adresse", "smtp": "smtps://serveur"}, "OBSERVATOIRE_COURRIEL"),
        ({"courriel": "a@b.fr", "smtp": "smtps://compte:motdepasse@serveur"}, "OBSERVATOIRE_SMTP"),
        ({"courriel": "a@b.fr", "smtp": "imap://serveur"}, "OBSERVATOIRE_SMTP"),
        ({"webhook": "http://ailleurs.exemple.fr/motdepasse"}, "OBSERVATOIRE_WEBHOOK"),
        ({"webhook": "ftp://127.0.0.1/motdepasse"}, "OBSERVATOIRE_WEBHOOK"),
    ],
)
def test_un_reglage_qui_ne_se_suit_pas_est_nomme_sans_sa_valeur(dits: dict[str, str], variable: str):
    with pytest.raises(Obstacle, match=variable) as refus:
        channels(reglages(**dits))
    assert "motdepasse" not in str(refus.value)


def test_vers_un_autre_serveur_rien_ne_part_sans_chiffrement(monkeypatch):
    """A server that does not offer STARTTLS receives neither account nor message."""
    monkeypatch.setattr("observatoire.alerts.channels.LOCALES", ())
    with messagerie() as boite:
        with pytest.raises(EnvoiImpossible):
            channels(par_courriel(boite.port))["courriel"](Message("sujet", "texte"))
        assert boite.bruts == []
