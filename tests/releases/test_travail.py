"""What a run has to do, found before anything runs: nothing, one line's consequences, the day's, a failing source's."""

import os
from pathlib import Path

import pytest

from observatoire.loading import foreseen
from observatoire.loading.demonstrations import demonstration_due, note_demonstration
from observatoire.releases.lifecycle import releases
from observatoire.releases.work import PUBLICATION, Travail, reached_from, work_left
from observatoire.sources import sources, states
from observatoire.sources.states import keep_state, schema_of, state_of
from observatoire.warehouse import Entrepot
from tests.chaine import adhesion, ajouter, copier, installer
from tests.depots import charger_source

RIEN = Travail((), ())
ADHESIONS = "adhesions/adhesions_documents.csv"


@pytest.fixture
def ici(publie: Path, tmp_path: Path, monkeypatch) -> Entrepot:
    """Copy a folder whose first release is made."""
    return installer(copier(publie, tmp_path / "ici"), monkeypatch)


def test_rien_de_change_rien_a_faire(ici: Entrepot):
    assert work_left(ici) == RIEN


def test_un_fichier_seulement_touche_n_est_pas_un_changement(ici: Entrepot):
    fichier = ici.settings.raw / ADHESIONS
    contenu, date = fichier.read_bytes(), fichier.stat()
    fichier.unlink()
    fichier.write_bytes(contenu)
    os.utime(fichier, ns=(date.st_atime_ns, date.st_mtime_ns))
    assert work_left(ici) == RIEN


def test_une_ligne_change_sa_source_ce_qui_la_lit_et_rien_d_autre(ici: Entrepot):
    ajouter(ici.settings.raw, ADHESIONS, adhesion(1))
    travail = work_left(ici)
    assert travail.lectures == ("socle.adhesions",)
    assert travail.suite[-1] == PUBLICATION and set(travail.suite) < reached_from(["adhesions"])
    assert "indicateurs.valeurs" in travail.suite
    assert not {"socle.etablissements", "mesures.population", "indicateurs.estimations"} & set(travail.suite)


def test_d_autres_regles_de_la_maison_se_voient_aussi(ici: Entrepot, monkeypatch):
    monkeypatch.setattr("observatoire.indicators.cube.code_owed", lambda *_: "autre code")
    suite = work_left(ici).suite
    assert "indicateurs.cube" in suite and PUBLICATION in suite and "socle.etablissements" not in suite


def test_une_autre_annee_relit_tout(ici: Entrepot, monkeypatch):
    class Demain(foreseen.date):
        @classmethod
        def today(cls) -> "Demain":
            return cls(2031, 1, 1)

    monkeypatch.setattr(foreseen, "date", Demain)
    lues = {nom for nom, source in sources().items() if (etat := state_of(ici, source)) and etat.etat != "absente"}
    assert work_left(ici).lectures == tuple(f"{schema_of(s)}.{nom}" for nom, s in sources().items() if nom in lues)


def test_une_source_devenue_en_retard_ne_demande_qu_une_publication(ici: Entrepot, monkeypatch):
    etat = state_of(ici, sources()["adhesions"])
    assert etat is not None
    etat.fichiers[0].en_retard_le, etat.fichiers[0].perime_le = "2059-01-01", "2061-01-01"
    keep_state(ici, etat)
    assert work_left(ici) == RIEN
    monkeypatch.setattr(states, "utc_now", lambda: "2060-01-01T00:00:00")
    assert work_left(ici) == Travail((), (PUBLICATION,))


def test_une_table_effacee_se_recalcule_avec_ce_qui_la_lit(ici: Entrepot):
    ici.path_of("indicateurs", "pont_emploi").unlink()
    assert work_left(ici) == Travail((), ("indicateurs.pont_emploi", PUBLICATION))


def test_un_chemin_stable_qui_ne_mene_pas_a_la_derniere_se_remet(ici: Entrepot):
    (ici.racine / "portrait").unlink()
    assert work_left(ici) == Travail((), (PUBLICATION,))
    assert len(releases(ici)) == 1


def test_une_source_en_echec_est_relue_seule_tant_que_ses_fichiers_restent(ici: Entrepot):
    fichier = ici.settings.raw / ADHESIONS
    bon = fichier.read_text(encoding="utf-8")
    fichier.write_text(bon.replace("reseau,membre", "reseau,adherent", 1), encoding="utf-8")
    assert len(work_left(ici).suite) > 1, "nobody knows yet that it fails"
    assert charger_source(ici, "adhesions").etat == "en_echec"
    assert work_left(ici) == Travail(("socle.adhesions",), (PUBLICATION,)), "the failure itself is to be published"
    fichier.write_text(bon.replace("reseau,membre", "reseau,structure", 1), encoding="utf-8")
    assert len(work_left(ici).suite) > 1, "another file may do better"


def test_ce_que_la_machine_a_fait_echouer_peut_reussir(ici: Entrepot):
    etat = state_of(ici, sources()["adhesions"])
    assert etat is not None
    etat.etat, etat.motif = "en_echec", "adhesions : le disque a refusé une lecture."
    keep_state(ici, etat)
    travail = work_left(ici)
    assert travail.lectures == ("socle.adhesions",) and len(travail.suite) > 1


def test_une_demonstration_n_est_refaite_que_si_elle_manque(tmp_path: Path, monkeypatch):
    entrepot = installer(tmp_path, monkeypatch)
    assert demonstration_due(entrepot, "flores")
    fait = entrepot.make_folder("demonstration", "flores") / "f.csv"
    fait.write_text("a;b\n")
    note_demonstration(entrepot, "flores", [fait])
    assert not demonstration_due(entrepot, "flores")
    fait.write_text("a;b;c\n")
    assert demonstration_due(entrepot, "flores"), "what a kill leaves half of"
