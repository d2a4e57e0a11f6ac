"""The command of operators, in this process: what it understands, what it refuses in French, what it says first."""

import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from observatoire.machine import MachineRefuse, check_writable, refusal_in
from observatoire.releases.lifecycle import current_release, releases
from observatoire.releases.retraction_word import FICHIER, retraction_word, written_word
from observatoire.warehouse import Entrepot
from pipelines import running
from pipelines.command import COMMANDES, main
from pipelines.parsing import command_names, parser
from tests.chaine import RACINE, copier, installer
from tests.depots import charger_source, deposer, source, subventions

ANGLAIS = r"\b(usage:|options|optional|positional|arguments?|show this|required|invalid|Traceback|error)\b"


@pytest.fixture
def vide(tmp_path: Path, monkeypatch) -> Entrepot:
    """Point the environment at an empty folder, and keep what the command sets there."""
    for nom in ("DAGSTER_HOME", "OBSERVATOIRE_HISTORIQUE"):
        monkeypatch.setenv(nom, str(tmp_path))
    return installer(tmp_path, monkeypatch)


@pytest.fixture
def ici(publie: Path, tmp_path: Path, monkeypatch) -> Entrepot:
    """Copy a folder whose first release is made."""
    copier(publie, tmp_path / "ici")
    for nom in ("DAGSTER_HOME", "OBSERVATOIRE_HISTORIQUE"):
        monkeypatch.setenv(nom, str(tmp_path))
    return installer(tmp_path / "ici", monkeypatch)


@pytest.mark.parametrize("nom", ["", *command_names(parser())])
def test_chaque_commande_s_explique_en_francais(nom: str, capsys):
    assert main([*([nom] if nom else []), "--help"]) == 0
    dit = capsys.readouterr().out
    assert dit.startswith(f"usage : observatoire {nom}".rstrip()) and "affiche cette aide" in dit
    assert not re.search(ANGLAIS, dit), dit


def test_chaque_commande_expliquee_fait_quelque_chose():
    assert set(command_names(parser())) == set(COMMANDES)


@pytest.mark.parametrize(
    ("mots", "dits"),
    [
        (["jadis"], "Aucune commande ne s'appelle jadis. Commandes : actualiser"),
        (["retrotester", "subventions"], "Le job retrotester ne prend rien de plus"),
        (["actualiser", "subventions"], "« subventions » est en trop"),
        (["revenir_a", "x", "y"], "« y » est en trop"),
        (["retirer_publication", "release=x"], "il manque --motif"),
        (["retirer", "x", "--motif"], "--motif attend une valeur"),
        (["deplier", "un=deux"], "deplier attend indicateur=…"),
        (["essayer", "subventions"], "il manque fichier"),
        (["essayer", "jadis", "x.csv"], "Aucune source ne s'appelle jadis. Sources : "),
        (["telecharger", "flores"], "flores : rien à télécharger"),
        (["interface", "--port", "haut"], "--port attend un nombre de 1 à 65535, pas 'haut'"),
        (["interface", "--port", "-1"], "--port attend un"),
        (["interface", "--port", "70000"], "--port attend un nombre de 1 à 65535, pas '70000'"),
        (["retroteste"], "Aucune commande ne s'appelle retroteste. Écrire « retrotester » ?"),
        (["--zut"], "« --zut » est en trop"),
    ],
)
def test_ce_qui_ne_se_comprend_pas_se_dit_en_francais(mots: list[str], dits: str, capsys, vide: Entrepot):
    assert main(mots) == 2
    dit = capsys.readouterr().err
    assert dits in dit and not re.search(ANGLAIS, dit)


def test_une_objection_s_honore_sans_interface(ici: Entrepot, capsys):
    retiree = current_release(ici)
    assert main(["retirer_publication", f"release={retiree}", "motif=objection"]) == 0
    assert releases(ici) == [] and current_release(ici) is None
    capsys.readouterr()
    assert main(["revenir_a", f"release={retiree}"]) == 1
    dit = capsys.readouterr()
    assert "n'est pas gardée" in dit.err and "rien n'est publié" in dit.out


def test_ce_qui_attend_quelqu_un_se_dit_avant_le_reste(ici: Entrepot, capsys):
    (ici.settings.raw / "adhesion").mkdir()
    (ici.settings.raw / "adhesions" / "bilan.pdf").write_bytes(b"%PDF")
    assert main(["reprendre"]) == 0
    dit = capsys.readouterr().out
    assert dit.startswith("À faire (2) :")
    assert "raw/adhesion n'est lu par aucune source" in dit
    assert "raw/adhesions/bilan.pdf : format non lu\n      → Enregistrer en CSV (UTF-8) ou en XLSX" in dit
    assert len([ligne for ligne in dit.splitlines() if "lignes lues" in ligne]) == 1, "quiet sources are one line"


def test_l_etat_dit_quoi_faire_et_sort_en_erreur_quand_il_faut(ici: Entrepot, capsys):
    avant = {c: c.stat().st_mtime_ns for c in ici.racine.rglob("*")}
    assert main(["etat"]) == 0
    dit = capsys.readouterr().out
    assert f"Mot de retrait, que l'interface demande pour retirer une publication : {retraction_word(ici)}" in dit
    assert "Rien à faire." in dit and str(current_release(ici)) in dit and "raw/ lu     :" in dit
    deposer(ici, "subventions", "2024.csv", subventions(3))
    assert main(["etat"]) == 1
    assert "pas encore lu dans raw/ : subventions/2024.csv\n      → lancer observatoire actualiser" in capsys.readouterr().out
    assert {c: c.stat().st_mtime_ns for c in ici.racine.rglob("*")} == avant, "it writes nothing"


def test_l_etat_voit_un_fichier_remplace_sous_le_meme_nom_et_la_meme_date(ici: Entrepot, capsys):
    (fichier,) = (ici.settings.raw / "zonages").glob("*.csv")
    dates = fichier.stat()
    fichier.write_text(fichier.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    os.utime(fichier, ns=(dates.st_atime_ns, dates.st_mtime_ns))
    assert main(["etat"]) == 1
    assert f"pas encore lu dans raw/ : zonages/{fichier.name}\n" in capsys.readouterr().out


def test_l_etat_voit_une_source_en_echec_et_une_publication_en_retard_sur_les_tables(ici: Entrepot, capsys):
    deposer(ici, "subventions", "2024.csv", "a;b\n1;2\n")
    assert charger_source(ici, "subventions").etat == "en_echec"
    assert main(["etat"]) == 1
    dit = capsys.readouterr().out
    assert "subventions : en échec depuis" in dit and "la colonne « nomBeneficiaire » est absente" in dit
    assert "ce qui est publié n'est pas ce que l'entrepôt contient" in dit


def test_l_etat_sans_rien_dit_par_ou_commencer(vide: Entrepot, capsys):
    assert main(["etat"]) == 1
    assert "raw/ n'a jamais été lu\n      → lancer observatoire actualiser" in capsys.readouterr().out


# trying a file


def test_essayer_dit_ce_qui_serait_lu_refuse_et_pourquoi_sans_rien_ecrire(vide: Entrepot, tmp_path: Path, capsys):
    fichier = tmp_path / "subventions 2024.csv"
    fichier.write_text(subventions(40), encoding="utf-8")
    assert main(["essayer", "subventions", str(fichier)]) == 0
    assert "40 lues = 40 retenues + 0 hors champ + 0 refusées" in capsys.readouterr().out
    fichier.write_text(subventions(40, montant="Jeanne Exemple"), encoding="utf-8")
    assert main(["essayer", "subventions", str(fichier)]) == 1
    dit = capsys.readouterr().out
    assert dit.startswith("subventions 2024.csv dans subventions : REFUSÉ")
    assert "refus · montant_eur · " in dit and " : 40\n" in dit and "ligne 2" in dit
    assert "Jeanne" not in dit and "warehouse/rejets" not in dit
    assert not vide.racine.exists() and not vide.settings.raw.exists()


def test_essayer_ne_montre_rien_de_restreint(vide: Entrepot, tmp_path: Path, capsys):
    (synthetique,) = source("paie_etablissements").dossier.glob("*.csv")
    lignes = synthetique.read_text(encoding="utf-8").splitlines()
    fichier = tmp_path / "paie.csv"
    fichier.write_text("\n".join([*lignes, lignes[1].replace(lignes[1][:6], "SECRET", 1)]), encoding="utf-8")
    main(["essayer", "paie_etablissements", str(fichier)])
    dit = capsys.readouterr().out
    assert "siret_invalide" in dit and "SECRET" not in dit


@pytest.mark.parametrize(
    ("nom", "mots"), [("absent.csv", "n'est pas un fichier"), (".cache.csv", "ne serait pas lu"), ("bilan.pdf", "Enregistrer en CSV")]
)
def test_essayer_ce_qui_n_est_pas_un_fichier_de_donnees(nom: str, mots: str, vide: Entrepot, tmp_path: Path, capsys):
    if nom != "absent.csv":
        (tmp_path / nom).write_text("x", encoding="utf-8")
    assert main(["essayer", "communes", str(tmp_path / nom)]) == 1
    dit = capsys.readouterr()
    assert mots in dit.out + dit.err


# what the machine refuses


@pytest.mark.parametrize(
    ("dit", "mots"),
    [
        (str(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/a/b")), "/a/b : le disque est plein"),
        (str(OSError(errno.EROFS, os.strerror(errno.EROFS))), "Le disque est en lecture seule"),
        ('IO Error: Could not write file "/a/b c": No space left on device', "/a/b c : le disque est plein"),
        ('IO Error: Cannot open file "/a": Permission denied', "/a : ce compte n'en a pas le droit"),
        ("(sqlite3.OperationalError) database or disk is full", "Le disque est plein"),
        ("(sqlite3.OperationalError) disk I/O error", "Le disque est plein, ou ne lit"),
        ("invalid literal for int()", None),
    ],
)
def test_ce_que_la_machine_refuse_se_dit_en_francais(dit: str, mots: str | None):
    trouve = refusal_in(dit)
    assert (trouve is None) if mots is None else trouve.startswith(mots)


def test_un_entrepot_d_un_autre_compte_est_laisse(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("observatoire.machine.os.geteuid", lambda: os.getuid() + 1)
    with pytest.raises(MachineRefuse, match=r"appartient au compte .* Rien n'a été écrit. Relancer sous son compte"):
        check_writable(tmp_path)
    check_writable(tmp_path / "pas encore")


def test_rien_n_est_ecrit_avant_de_savoir_si_on_le_peut(vide: Entrepot, monkeypatch, capsys):
    monkeypatch.setattr("observatoire.machine.os.access", lambda *_, **__: False)
    assert main(["actualiser"]) == 1
    dit = capsys.readouterr().err
    assert "ce compte n'en a pas le droit" in dit and "Rien n'a été écrit" in dit
    assert not vide.racine.exists()


@pytest.mark.long
def test_un_disque_plein_arrete_tout_et_n_accuse_aucune_source(ici: Entrepot, monkeypatch, capsys):
    publiee = current_release(ici)
    deposer(ici, "subventions", "2024.csv", subventions(3))

    def plein(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(ici.racine / "socle"))

    with monkeypatch.context() as m:
        m.setattr(Entrepot, "write_batches", plein)
        assert main(["actualiser"]) == 1
    dit = capsys.readouterr()
    assert "le disque est plein. Libérer de la place" in dit.err and "Traceback" not in dit.err + dit.out
    assert current_release(ici) == publiee
    assert "en_echec" not in {e.stem for e in (ici.racine / "rejets").glob("*.en_echec*")}
    assert main(["actualiser"]) == 0, "with room again, nothing is left of it"


def test_une_erreur_imprevue_laisse_sa_trace_dans_un_fichier_et_pas_a_l_ecran(vide: Entrepot, tmp_path, monkeypatch, capsys):
    def casse(*_):
        raise ZeroDivisionError("valeur de Jeanne Exemple")

    monkeypatch.setattr(running, "definitions", casse)
    assert main(["retrotester"]) == 1
    dit = capsys.readouterr().err
    detail = tmp_path / "derniere_erreur.log"
    assert "Erreur du programme (ZeroDivisionError)" in dit and f"Détail technique : {detail}" in dit
    assert "Jeanne" not in dit and "Traceback" not in dit
    assert "Traceback" in detail.read_text(encoding="utf-8") and detail.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("numero", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_interrompue_elle_finit_proprement_et_le_dit(numero: int, code: int, monkeypatch, capsys):
    monkeypatch.setitem(COMMANDES, "etat", lambda _: signal.raise_signal(numero))
    avant = signal.getsignal(numero)
    assert main(["etat"]) == code
    assert "Interrompu : ce qui était publié est inchangé" in capsys.readouterr().err
    assert signal.getsignal(numero) is avant


def test_l_etat_demande_par_un_autre_compte_ne_cree_rien(ici: Entrepot, monkeypatch, capsys):
    permis = os.access
    monkeypatch.setattr("os.access", lambda chemin, *r, **n: Path(chemin).name != FICHIER and permis(chemin, *r, **n))
    avant = set(ici.racine.rglob("*"))
    assert main(["etat"]) == 0
    assert "Mot de retrait" not in capsys.readouterr().out and set(ici.racine.rglob("*")) == avant


def test_l_etat_que_seul_un_autre_compte_lit_dit_lequel(ici: Entrepot, monkeypatch, capsys):
    permis = os.access
    monkeypatch.setattr("os.access", lambda chemin, *r, **n: Path(chemin).name != "etats" and permis(chemin, *r, **n))
    assert main(["etat"]) == 1
    assert re.search(r"etats appartient au compte \S+, qui seul le lit\. Relancer sous son compte \(sudo -u", capsys.readouterr().err)


def test_lancee_pour_survivre_au_terminal_elle_y_survit(monkeypatch, capsys):
    """As `nohup` launches it."""
    monkeypatch.setitem(COMMANDES, "etat", lambda _: signal.raise_signal(signal.SIGHUP) or 0)
    avant = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert main(["etat"]) == 0
    finally:
        signal.signal(signal.SIGHUP, avant)


@pytest.mark.parametrize(("suite", "code", "dit"), [(" | head -0", 0, ""), (" >/dev/full", 1, "le disque est plein")])
def test_une_sortie_que_personne_ne_lit_ne_defait_pas_un_succes(suite: str, code: int, dit: str):
    environ = {nom: dit for nom, dit in os.environ.items() if nom != "PYTHONUNBUFFERED"}
    commande = f"set -o pipefail; '{sys.executable}' -m pipelines etat --help{suite}"
    fait = subprocess.run(["bash", "-c", commande], capture_output=True, text=True, check=False, cwd=RACINE, env=environ)
    assert fait.returncode == code, fait.stderr
    assert dit in fait.stderr.lower() and not re.search("Exception|Traceback|BrokenPipe", fait.stderr)


def test_un_dossier_de_dagster_qui_n_existe_pas_se_dit(vide: Entrepot, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "ailleurs"))
    assert main(["reprendre"]) == 1
    assert re.search(r"DAGSTER_HOME dit .*ailleurs, qui n'est pas un dossier", capsys.readouterr().err)


def test_un_retrait_mal_demande_donne_un_autre_mot(ici: Entrepot, capsys):
    mot = retraction_word(ici)
    assert main(["retirer", "20200101T000000000Z-00000000", "--motif", "objection"]) == 1
    assert "n'est pas gardée" in capsys.readouterr().err
    with ici.lock("une autre exécution"):
        assert main(["retirer", current_release(ici), "--motif", "objection"]) == 1
    assert current_release(ici) and len({mot, written_word(ici), None}) == 3
