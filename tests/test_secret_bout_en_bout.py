"""The real job on a restricted payroll whose values are canaries: none is found in anything that leaves the warehouse."""

import csv
import logging
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from observatoire.settings import RACINE, Settings
from observatoire.sources import sources
from observatoire.warehouse import Entrepot
from tests.chaine import definitions, installer, petit_raw, raisons
from tests.depots import charger_source, deposer, table

ANNEES = ("2023", "2024")


@dataclass
class Monde:
    """A folder where the real job has run on a payroll file, and what it may leave about."""

    dossier: Path
    entrepot: Entrepot
    paies: list[dict[str, str]]
    dagster: Path
    temporaire: Path
    journal: str


@contextmanager
def instance(dossier: Path) -> Iterator[dg.DagsterInstance]:
    """Open a Dagster that keeps its store in a folder."""
    dossier.mkdir(parents=True, exist_ok=True)
    (dossier / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    with dg.DagsterInstance.from_config(str(dossier)) as ouverte:
        yield ouverte


def lancer(ouverte: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    return definitions().resolve_job_def("actualiser").execute_in_process(instance=ouverte, raise_on_error=False)


def ecrire_paies(raw: Path, entrepot: Entrepot) -> list[dict[str, str]]:
    """Give half of the small Sirene a payroll no other number looks like; only its ESS counts."""
    assert charger_source(entrepot, "sirene_etablissements").etat == "a_jour"
    sirets = sorted(ligne["siret"] for ligne in table(entrepot, "sirene_etablissements"))[::2]
    assert len(sirets) > 200
    lignes = [
        {
            "siret": siret,
            "annee": annee,
            "effectif_salarie": f"{7 + rang % 11}.{83017 + 7 * rang}",
            "masse_salariale_eur": f"{(7 + rang % 11) * 28000 + 97 * rang + 13 * int(annee[-1])}.{10 + rang % 89}",
            "salaire_maximal_eur": f"{30000 + 61 * rang}.{11 + rang % 83}",
        }
        for annee in ANNEES
        for rang, siret in enumerate(sirets)
    ]
    for annee in ANNEES:
        chemin = raw / "paie_etablissements" / f"{annee}.csv"
        chemin.parent.mkdir(exist_ok=True)
        with chemin.open("w", encoding="utf-8", newline="") as flux:
            sortie = csv.DictWriter(flux, list(lignes[0]))
            sortie.writeheader()
            sortie.writerows(ligne for ligne in lignes if ligne["annee"] == annee)
    # a refused row is restricted too
    with (raw / "paie_etablissements" / "2024.csv").open("a", encoding="utf-8") as flux:
        flux.write("12345678901234,2024,3.771177,771177.71,771177.01\n")
    return lignes


@pytest.fixture(scope="module")
def monde(tmp_path_factory) -> Iterator[Monde]:
    """Run the real job with a payroll, in a Dagster that keeps everything."""
    dossier = tmp_path_factory.mktemp("secret")
    petit_raw(dossier / "raw")
    temporaire = dossier / "tmp"
    temporaire.mkdir()
    journal = dossier / "journal.txt"
    suivi = logging.FileHandler(journal, encoding="utf-8")
    logging.getLogger().addHandler(suivi)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("TMPDIR", str(temporaire))
        monkeypatch.setattr(tempfile, "tempdir", None)
        entrepot = installer(dossier, monkeypatch)
        with instance(dossier / "dagster") as ouverte:
            paies = ecrire_paies(dossier / "raw", entrepot)
            avec = lancer(ouverte)
            assert avec.success, raisons(avec)
        logging.getLogger().removeHandler(suivi)
        yield Monde(dossier, entrepot, paies, dossier / "dagster", temporaire, journal.read_text(encoding="utf-8"))


def canaris(monde: Monde) -> list[bytes]:
    """List the values of the file as they could be written: with their decimals, or the digits before them."""
    motifs = {
        ligne[colonne]
        for ligne in monde.paies
        for colonne in ("effectif_salarie", "masse_salariale_eur", "salaire_maximal_eur")
    }
    motifs |= {"3.771177", "771177.71", "771177.01"}
    return [motif.encode() for motif in motifs]


def chercher(racine: Path, motifs: list[bytes]) -> set[str]:
    """Search every byte of the files of a folder, Parquet decompressed; return what was found and where."""
    trouves = set()
    voulus = {motif.rstrip(b"0") for motif in motifs}
    for chemin in racine.rglob("*"):
        if not chemin.is_file() or chemin.is_symlink():
            continue
        if chemin.suffix == ".parquet":
            with duckdb.connect() as base:
                contenu = "\n".join(
                    map(
                        str,
                        base.execute(f"FROM read_parquet('{str(chemin).replace(chr(39), chr(39) * 2)}')").fetchall(),
                    )
                ).encode()
        else:
            contenu = chemin.read_bytes()
        nombres = {nombre.rstrip(b"0") for nombre in re.findall(rb"[0-9]+\.[0-9]+", contenu)}
        trouves |= {f"{chemin.name}: {nombre.decode()}" for nombre in nombres & voulus}
    return trouves


def test_aucun_canari_dans_les_publications(monde: Monde) -> None:
    """Released files in text; the DuckDB file is read through its tables, compressed as they are."""
    motifs = canaris(monde)
    assert len(motifs) > 100
    assert chercher(monde.entrepot.racine / "releases", motifs) == set()
    texte: list[str] = []
    for fichier in (monde.entrepot.racine / "releases").glob("*/observatoire.duckdb"):
        with duckdb.connect(str(fichier), read_only=True) as public:
            for schema, nom in public.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall():
                texte.append("\n".join(map(str, public.execute(f"FROM {schema}.{nom}").fetchall())))
    tout = "\n".join(texte)
    decimaux = {str(Decimal(m.decode())) for m in motifs} | {m.decode() for m in motifs}
    nombres = {nombre.rstrip("0") for nombre in re.findall(r"[0-9]+\.[0-9]+", tout)}
    assert not {motif.rstrip("0") for motif in decimaux} & nombres


def test_aucun_canari_dans_ce_que_dagster_garde_ni_dans_les_journaux(monde: Monde, capfd) -> None:
    motifs = canaris(monde)
    assert any(monde.dagster.rglob("*.db")), "the store is here"
    assert chercher(monde.dagster, motifs) == set()
    assert not [motif for motif in motifs if motif.decode() in monde.journal]


def test_rien_ne_reste_des_dossiers_de_travail(monde: Monde) -> None:
    assert chercher(monde.temporaire, canaris(monde)) == set()
    assert [chemin.name for chemin in monde.entrepot.racine.glob(".travail-*")] == []


def test_les_canaris_seraient_trouves(monde: Monde) -> None:
    """The search can fail: the warehouse, restricted, does hold the values."""
    motifs = canaris(monde)
    assert len(chercher(monde.entrepot.racine / "socle", motifs)) > 50
    assert chercher(monde.entrepot.racine / "rejets", motifs)


def test_des_totaux_sont_publies_et_d_autres_supprimes(monde: Monde) -> None:
    with duckdb.connect(str(monde.entrepot.racine / "observatoire.duckdb"), read_only=True) as public:
        compte = dict(
            public.execute(
                "SELECT statut_confidentialite, count(*) FROM indicateurs.valeurs "
                "WHERE indicateur = 'masse_salariale_ess_paie' GROUP BY ALL"
            ).fetchall()
        )
        assert compte["C"] > 20 and compte["F"] > 5
        ((nombre,),) = public.execute(
            "SELECT count(*) FROM indicateurs.valeurs WHERE statut_confidentialite = 'C' AND (valeur IS NOT NULL OR "
            "numerateur IS NOT NULL OR denominateur IS NOT NULL OR nombre_unites IS NOT NULL)"
        ).fetchall()
        assert nombre == 0
        total = public.execute(
            "SELECT numerateur FROM indicateurs.valeurs WHERE indicateur = 'masse_salariale_ess_paie' AND periode = '2024' "
            "AND niveau = 'departement' AND axe = 'total'"
        ).fetchone()[0]
        with monde.entrepot.connect(("socle.etablissements",)) as connexion:
            ess = {s for (s,) in connexion.execute("SELECT siret FROM socle.etablissements WHERE est_ess").fetchall()}
        siens = [p for p in monde.paies if p["annee"] == "2024" and p["siret"] in ess]
        assert total == sum(Decimal(p["masse_salariale_eur"]) for p in siens)
        assert not public.execute(
            "SELECT 1 FROM duckdb_tables() WHERE table_name IN ('paie_etablissements', 'suppressions')"
        ).fetchall()
        assert public.execute("SELECT valeur FROM qualite.rejets WHERE source = 'paie_etablissements'").fetchall() == [
            (None,)
        ]


def test_l_exemple_livre_se_charge_et_n_est_jamais_lu_par_defaut(tmp_path: Path) -> None:

    entrepot = Entrepot(Settings(tmp_path / "raw", tmp_path / "warehouse", "246300701"))
    assert charger_source(entrepot, "paie_etablissements").etat == "absente"
    exemple = sources()["paie_etablissements"].dossier / "exemple.csv"
    deposer(entrepot, "paie_etablissements", "2024.csv", exemple.read_bytes())
    etat = charger_source(entrepot, "paie_etablissements")
    assert (etat.etat, etat.regles) == ("a_jour", []) and etat.lignes_retenues > 40
    assert not (RACINE / "raw" / "paie_etablissements").exists()
