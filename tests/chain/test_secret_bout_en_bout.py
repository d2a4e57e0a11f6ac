"""The real job on a restricted payroll whose values are canaries: none is found in anything that leaves the warehouse."""

import csv
import html
import logging
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path

import dagster as dg
import duckdb
import openpyxl
import pytest

from observatoire.loading.files import dropped_files
from observatoire.settings import RACINE, Settings
from observatoire.sources import sources
from observatoire.warehouse import Entrepot
from tests.chaine import definitions, installer, petit_raw, raisons
from tests.depots import charger_source, deposer, table

pytestmark = pytest.mark.long

ANNEES = ("2023", "2024")
PAIE = {"indicateur": "masse_salariale_ess_paie", "niveau": "departement", "code_territoire": "63", "periode": "2024"}
DEPLIEES = (PAIE, {**PAIE, "indicateur": "effectifs_ess_paie"})


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


def lancer(ouverte: dg.DagsterInstance, job: str = "tout_recalculer", **ops: dict) -> dg.ExecuteInProcessResult:
    config = {"ops": {op: {"config": dit} for op, dit in ops.items()}}
    job_def = definitions().resolve_job_def(job)
    return job_def.execute_in_process(instance=ouverte, raise_on_error=False, run_config=config)


def ecrire_paies(raw: Path, entrepot: Entrepot) -> list[dict[str, str]]:
    """Give half of the small Sirene a payroll no other number looks like, were it rounded; only its ESS counts."""
    assert charger_source(entrepot, "sirene_etablissements").etat == "a_jour"
    sirets = sorted(ligne["siret"] for ligne in table(entrepot, "sirene_etablissements"))[::2]
    assert len(sirets) > 200
    lignes = [
        {
            "siret": siret,
            "annee": annee,
            "effectif_salarie": f"{7 + rang % 11}.{83017 + 7 * rang}",
            "masse_salariale_eur": f"{(7 + rang % 11) * 7019003 + 24347 * rang + 3259 * int(annee[-1])}.{10 + rang % 89}",
            "salaire_maximal_eur": f"{7530011 + 15313 * rang}.{11 + rang % 83}",
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
        flux.write("12345678901234,2024,3.771177,77117731.71,77117731.01\n")
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
            with journal.open("a", encoding="utf-8") as flux, redirect_stdout(flux), redirect_stderr(flux):
                avec = lancer(ouverte)
                ensuite = [lancer(ouverte, "portraits", ecrire_portraits={"codes": [entrepot.settings.territoire]})]
                ensuite += [lancer(ouverte, "deplier", deplier_une_valeur=valeur) for valeur in DEPLIEES]
            for fait in (avec, *ensuite):
                assert fait.success, raisons(fait)
        logging.getLogger().removeHandler(suivi)
        yield Monde(dossier, entrepot, paies, dossier / "dagster", temporaire, journal.read_text(encoding="utf-8"))


def canaris(monde: Monde) -> list[str]:
    """List the values of the file."""
    motifs = {
        ligne[colonne]
        for ligne in monde.paies
        for colonne in ("effectif_salarie", "masse_salariale_eur", "salaire_maximal_eur")
    }
    return sorted(motifs | {"3.771177", "77117731.71", "77117731.01"})


# a page writes 104 185,50 or 104 186 €, its spaces narrow and not breaking; a JSON or an HTML file may escape them
GROUPES = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:[\u00a0\u202f]\d{3})+(?:[.,]\d+)?")
# in a CSV the comma between two values is not a decimal one: points and commas are read apart
NUS = (re.compile(r"\d+\.\d+"), re.compile(r"\d+,\d+"))
# rounded to the euro, a value is told from any other number when it has seven digits
ENTIERS = re.compile(r"(?<![\w.])\d{7,}(?!\w)")


def trouver(texte: str, motifs: list[str]) -> set[str]:
    """Search values in a text, as they are or as French writes them; rounded too, grouped or from a million up."""
    texte = html.unescape(texte.replace("\\u202f", "\u202f").replace("\\u00a0", "\u00a0"))
    exacts = {Decimal(motif) for motif in motifs}
    arrondis = {
        valeur.quantize(Decimal(pas), mode)
        for valeur in exacts
        for pas in ("1", "0.1", "0.01")
        for mode in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)
    }
    nus = {Decimal(nombre.replace(",", ".")) for forme in NUS for nombre in forme.findall(texte)}
    groupes = {Decimal(re.sub("[\u00a0\u202f]", "", nombre).replace(",", ".")) for nombre in GROUPES.findall(texte)}
    longs = {valeur for valeur in nus if valeur >= 10**6} | {Decimal(nombre) for nombre in ENTIERS.findall(texte)}
    return {str(valeur) for valeur in (nus & exacts) | ((groupes | longs) & (exacts | arrondis))}


def chercher(racine: Path, motifs: list[str]) -> set[str]:
    """Search every byte of the files of a folder, Parquet and zip (a workbook) decompressed; return what is where."""
    trouves = set()
    for chemin in racine.rglob("*"):
        if not chemin.is_file() or chemin.is_symlink():
            continue
        if chemin.suffix == ".parquet":
            with duckdb.connect() as base:
                lignes = base.execute("FROM read_parquet($chemin)", {"chemin": str(chemin)}).fetchall()
                # each value apart: the comma between two is not a decimal one
                contenu = "\n".join(str(valeur) for ligne in lignes for valeur in ligne)
        elif zipfile.is_zipfile(chemin):
            with zipfile.ZipFile(chemin) as archive:
                contenu = "\n".join(archive.read(nom).decode("utf-8", errors="ignore") for nom in archive.namelist())
        else:
            contenu = chemin.read_bytes().decode("utf-8", errors="ignore")
        trouves |= {f"{chemin.name}: {nombre}" for nombre in trouver(contenu, motifs)}
    return trouves


@pytest.mark.parametrize(
    "ecrit",
    [
        "104185.50", "104185,5", "104\u202f185,50 €", "104\u202f186 €", "104\u00a0185,5", "104\u00a0186",
        "104&#8239;186", "104\\u202f185,50",
    ],
)  # fmt: skip
def test_une_valeur_se_retrouve_comme_une_page_l_ecrit(ecrit: str) -> None:
    assert len(trouver(f"masse : {ecrit}.", ["104185.50"])) == 1
    assert not trouver("104\u202f187 €, 1\u202f104\u202f186 et 2104185.50", ["104185.50"])


@pytest.mark.parametrize(
    "ecrit", ["5,49104186", '{"v":49104186}', "49104185,9", "5,49104185.50", "49104185.5", "x\n49104186\n", "12,7.83017,3"]
)
def test_une_valeur_se_retrouve_comme_un_csv_ou_un_json_l_ecrit(ecrit: str) -> None:
    assert trouver(ecrit, ["49104185.50", "7.83017"])
    assert not trouver("249104186, 0.49104186, 49104187, a49104186, 49104186e, 17.83017", ["49104185.50", "7.83017"])


def test_une_valeur_se_retrouve_dans_un_classeur(tmp_path: Path) -> None:
    classeur = openpyxl.Workbook()
    classeur.active.append(["a", 49104185.5])
    classeur.save(tmp_path / "observatoire_ess.xlsx")
    assert "observatoire_ess.xlsx: 49104185.50" in chercher(tmp_path, ["49104185.50"])


def test_aucun_canari_dans_les_publications(monde: Monde) -> None:
    """Released files in text; the DuckDB file is read through its tables, compressed as they are."""
    motifs = canaris(monde)
    assert len(motifs) > 100
    assert any((monde.entrepot.racine / "releases").rglob("*.xlsx")), "the workbook is here"
    assert chercher(monde.entrepot.racine / "releases", motifs) == set()
    texte: list[str] = []
    for fichier in (monde.entrepot.racine / "releases").glob("*/observatoire.duckdb"):
        with duckdb.connect(str(fichier), read_only=True) as public:
            for schema, nom in public.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall():
                lignes = public.execute(f"FROM {schema}.{nom}").fetchall()
                texte += [str(valeur) for ligne in lignes for valeur in ligne]
    assert trouver("\n".join(texte), motifs) == set()


def test_aucun_canari_dans_les_portraits_ni_dans_une_valeur_depliee(monde: Monde) -> None:
    assert any(monde.entrepot.racine.glob("pages/*/*.html")), "the job `portraits` ran"
    for indicateur in ("masse_salariale_ess_paie", "effectifs_ess_paie"):
        assert any(indicateur in str(c) for c in monde.entrepot.racine.glob("deplies/*/*")), "the job `deplier` ran"
    for dossier in ("pages", "deplies"):
        assert chercher(monde.entrepot.racine / dossier, canaris(monde)) == set()


def test_aucun_canari_dans_ce_que_dagster_garde_ni_dans_les_journaux(monde: Monde) -> None:
    motifs = canaris(monde)
    assert any(monde.dagster.rglob("*.db")), "the store is here"
    assert chercher(monde.dagster, motifs) == set()
    assert monde.journal and trouver(monde.journal, motifs) == set()


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
    assert dropped_files(Settings(RACINE / "raw", tmp_path, ""), "paie_etablissements") == []


@pytest.mark.campagne
def test_un_echec_ne_dit_rien_non_plus(monde: Monde, capfd) -> None:
    """The last test: the payroll changes, so that a total already published becomes that of one employer."""
    with duckdb.connect(str(monde.entrepot.racine / "observatoire.duckdb"), read_only=True) as public:
        ((total,),) = public.execute(
            "SELECT numerateur FROM indicateurs.valeurs WHERE indicateur = 'masse_salariale_ess_paie' AND periode = '2024' "
            "AND niveau = 'departement' AND axe = 'total'"
        ).fetchall()
    with monde.entrepot.connect(("socle.etablissements",)) as connexion:
        ess = {s for (s,) in connexion.execute("SELECT siret FROM socle.etablissements WHERE est_ess").fetchall()}
    siennes = [dict(ligne) for ligne in monde.paies if ligne["annee"] == "2024"]
    for rang, ligne in enumerate(siennes):
        ligne["masse_salariale_eur"] = f"{8019003 + 7019 * rang}.{17 + rang % 71}"
    employeur = next(ligne for ligne in siennes if ligne["siret"] in ess)
    employeur["masse_salariale_eur"] = f"{int(total * Decimal('1.01'))}.37"
    with (monde.dossier / "raw" / "paie_etablissements" / "2024.csv").open("w", encoding="utf-8", newline="") as flux:
        sortie = csv.DictWriter(flux, list(siennes[0]))
        sortie.writeheader()
        sortie.writerows(siennes)
    suivi = logging.FileHandler(monde.dossier / "echec.txt", encoding="utf-8")
    logging.getLogger().addHandler(suivi)
    capfd.readouterr()
    with instance(monde.dossier / "dagster") as ouverte:
        rate = lancer(ouverte)
    logging.getLogger().removeHandler(suivi)
    sorties = capfd.readouterr()
    assert not rate.success and "est confidentielle (un répondant au-delà de 85 %)" in str(raisons(rate))
    motifs = sorted({*canaris(monde), *(ligne["masse_salariale_eur"] for ligne in siennes)})
    journal = (monde.dossier / "echec.txt").read_text(encoding="utf-8")
    assert trouver(sorties.out + sorties.err + journal + str(raisons(rate)), motifs) == set()
    for dossier in (monde.dagster, monde.temporaire, monde.entrepot.racine / "releases"):
        assert chercher(dossier, motifs) == set(), dossier.name
    assert [chemin.name for chemin in monde.entrepot.racine.glob(".travail-*")] == []
