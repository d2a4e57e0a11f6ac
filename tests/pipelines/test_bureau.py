"""What the interface shows after a run: refused rows, their place, freshness, what changed; and what it never shows."""

import csv
import json
from pathlib import Path

import dagster as dg
import pytest

from observatoire.journal.writing import JOURNAL, read_journal
from observatoire.releases.lifecycle import current_release, releases
from observatoire.warehouse import Entrepot
from pipelines.desk import release_report, source_result
from tests.chaine import copier, installer
from tests.depots import SUBVENTION, charger_source, deposer, en_csv, source, subventions


def montre(entrepot: Entrepot, nom: str) -> dict[str, dg.MetadataValue]:
    """Load a source and return what the interface shows of it."""
    etat = charger_source(entrepot, nom)
    resultat = source_result(entrepot, source(nom), etat)
    return {cle: dg.MetadataValue.text(v) if isinstance(v, str) else v for cle, v in resultat.metadata.items()}


def lignes(valeur: dg.MetadataValue) -> list[dict]:
    return [dict(record.data) for record in valeur.records]


def tout(montre: dict) -> str:
    """Write all that is shown."""
    return json.dumps({cle: lignes(v) if hasattr(v, "records") else str(v) for cle, v in montre.items()}, ensure_ascii=False)


def depot(montant: str, **changements: str) -> str:
    """Write forty grants, one with this amount."""
    ecrites = [{**SUBVENTION, "objet": f"objet {rang}"} for rang in range(40)]
    ecrites[3] |= {"montant": montant, **changements}
    return en_csv(ecrites)


def test_une_ligne_refusee_se_trouve_avec_son_lieu_sa_raison_et_toutes_les_autres(entrepot: Entrepot):
    deposer(entrepot, "subventions", "2024.csv", depot("trente mille"))
    dit = montre(entrepot, "subventions")
    (refusee,) = lignes(dit["lignes refusées ou signalées"])
    assert refusee["gravité"] == "refus" and refusee["où"] == "2024.csv, ligne 5, montant_eur"
    assert "corriger la valeur à la source" in refusee["raison, et quoi faire"] and refusee["valeur"] == "non montrée"
    (fichier,) = lignes(dit["fichiers"])
    assert fichier["lignes"] == "40 lues = 39 retenues + 0 hors champ + 1 refusées"
    assert dit["cadence"].text == "annuelle" and dit["périmée après le"].text > dit["dernier fichier obtenu le"].text
    assert Path(dit["lettres au producteur (restreint)"].path).is_dir()
    with Path(dit["toutes, pour un tableur (restreint)"].path).open(encoding="utf-8-sig", newline="") as flux:
        (ecrite,) = csv.DictReader(flux, delimiter=";")
    assert (ecrite["ligne"], ecrite["valeur"]) == ("5", "trente mille") and "objet 3" in ecrite["ligne_complete"]


def test_le_tableur_n_execute_rien(entrepot: Entrepot):
    deposer(entrepot, "subventions", "2024.csv", depot('=HYPERLINK("https://exemple.fr")'))
    chemin = Path(montre(entrepot, "subventions")["toutes, pour un tableur (restreint)"].path)
    with chemin.open(encoding="utf-8-sig", newline="") as flux:
        (ecrite,) = csv.DictReader(flux, delimiter=";")
    assert ecrite["valeur"].startswith("'=HYPERLINK")
    assert chemin.stat().st_mode & 0o077 == 0, "restricted: for whom runs the observatory only"


def test_ni_nom_de_personne_ni_valeur_restreinte_dans_l_interface(entrepot: Entrepot):
    deposer(entrepot, "subventions", "2024.csv", depot("Jeanne Exemple", nomBeneficiaire="Jeanne Exemple"))
    exemple = source("paie_etablissements").dossier
    (synthetique,) = exemple.glob("*.csv")
    restreint = synthetique.read_text(encoding="utf-8").splitlines()
    deposer(entrepot, "paie_etablissements", "paie.csv", "\n".join([*restreint, restreint[1].replace(restreint[1][:6], "SECRET", 1)]))
    dit = tout(montre(entrepot, "subventions")) + tout(montre(entrepot, "paie_etablissements"))
    assert "Jeanne" not in dit and "SECRET" not in dit and "refus" in dit


def test_un_refus_de_tout_le_fichier_montre_les_lignes_de_ce_fichier(entrepot: Entrepot):
    deposer(entrepot, "subventions", "2024.csv", subventions(40))
    assert "lignes refusées ou signalées" not in montre(entrepot, "subventions")
    deposer(entrepot, "subventions", "2024.csv", subventions(40, montant="néant"))
    dit = montre(entrepot, "subventions")
    assert dit["état"].text.startswith("en échec") and "au-delà du plafond" in dit["à faire"].text
    assert len(lignes(dit["lignes refusées ou signalées"])) == 20, "a sample"
    assert dit["toutes, pour un tableur (restreint)"].path.endswith("subventions.en_echec.csv")
    deposer(entrepot, "subventions", "2024.csv", subventions(41))
    montre(entrepot, "subventions")
    assert not list((entrepot.racine / "rejets").glob("*.en_echec.*"))


@pytest.fixture
def ici(publie_deux_fois: Path, tmp_path: Path, monkeypatch) -> Entrepot:
    """Copy a folder that has two releases: grants and a member came between them."""
    return installer(copier(publie_deux_fois, tmp_path / "ici"), monkeypatch)


def test_la_publication_dit_ce_qui_a_change_et_ou_la_lire(ici: Entrepot, monkeypatch):
    premiere, _ = releases(ici)
    dit = release_report(ici, premiere, True)
    assert dit["changements"].startswith("Première publication gardée") and dit["comparée à"] == "aucune"
    dit = release_report(ici, current_release(ici), True)
    assert dit["comparée à"] == premiere
    assert {"cause": "données des sources", "ce qui diffère": "Subventions publiées (SCDL) — subventions : fichier « 2024.csv » ajouté"} in lignes(dit["pourquoi"])
    changes = lignes(dit["changements par indicateur"])
    assert changes and all(any(isinstance(n, int) and n > 0 for n in c.values()) for c in changes)
    journal = read_journal(ici.racine / "releases" / current_release(ici))
    assert dit["changements"] == journal["resume"]
    assert sum(c["valeur apparue"] for c in changes) == sum(ligne["apparue"] for ligne in journal["bilan"]) > 0
    tableau = {ligne["source"]: ligne for ligne in lignes(dit["tableau de bord des sources"])}
    assert tableau["subventions"]["lignes"] == "3 lues = 3 retenues + 0 hors champ + 0 refusées"
    assert dit["portrait"].path == str(ici.racine / "portrait" / "index.html")
    monkeypatch.setenv("OBSERVATOIRE_ADRESSE", "https://ess.exemple.fr/")
    assert release_report(installer(ici.racine.parent, monkeypatch), current_release(ici), True)["portrait"].url == (
        "https://ess.exemple.fr/portrait/index.html"
    )
    dossier = ici.racine / "releases" / current_release(ici)
    dossier.chmod(0o755)
    (dossier / JOURNAL).unlink()
    (ici.settings.raw / "subvention").mkdir()
    dit = release_report(ici, current_release(ici), False)
    assert dit["changements"].startswith("publication faite avant")
    assert dit["dossiers de raw/ que rien ne lit"] == "subvention"
