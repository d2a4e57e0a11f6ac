"""The French guide says true: its recipes run on a release, what it names exists, its pictures are there and small."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import duckdb
import pytest
import sqlalchemy
import yaml

from observatoire.settings import Settings
from observatoire.sources import sources
from observatoire.warehouse import Entrepot
from pipelines.parsing import command_names, parser
from tests.chaine import RACINE, definitions
from tests.depots import charger_source, deposer, rejets
from tests.docs.captures import OCTETS_MAX
from tests.docs.guide import DOCS, PAGES, blocs, copie, jouer
from tests.publication.test_contrat import DUCKDB_1_0

RAISONS = {"administration", "installe", "serveur"}
TEXTE = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
TOUT = "\n".join(TEXTE.values())


def numerotes(trouves):
    """Name each block after its page and its rank."""
    return [pytest.param(bloc, id=f"{bloc.page}-{rang}") for rang, bloc in enumerate(trouves)]


@pytest.fixture(scope="module")
def ici(publie: Path, tmp_path_factory) -> Path:
    """Give a copy of the release that recipes may change."""
    return copie(publie, tmp_path_factory.mktemp("guide") / "observatoire")


def test_une_recette_non_jouee_dit_pourquoi():
    hors_essai = [bloc.hors_essai for bloc in blocs("sql", "python", "console") if bloc.hors_essai]
    assert set(hors_essai) == RAISONS
    # one more has to be decided, not slipped in
    assert len(hors_essai) <= 8 < len(blocs("sql", "python", "console"))
    assert not [bloc for bloc in blocs("sql", "python") if bloc.hors_essai]


@pytest.mark.parametrize("bloc", numerotes(blocs("sql")))
def test_les_requetes_du_guide_donnent_des_lignes(ici: Path, monkeypatch, bloc):
    monkeypatch.chdir(ici)
    with duckdb.connect("warehouse/observatoire.duckdb", read_only=True) as public:
        assert public.execute(bloc.texte).fetchall()


@pytest.mark.parametrize("bloc", numerotes(blocs("sql")))
def test_les_memes_requetes_se_lisent_avec_un_client_1_0(ici: Path, bloc):
    if not (DUCKDB_1_0 / "duckdb").exists():
        pytest.skip("DuckDB 1.0 absent de .outils/ : « make test » l'installe.")
    code = (
        "import duckdb, sys\nc = duckdb.connect('warehouse/observatoire.duckdb', read_only=True)\n"
        "print(duckdb.__version__, len(c.execute(sys.argv[1]).fetchall()))"
    )
    sortie = subprocess.run(
        [sys.executable, "-c", code, bloc.texte],
        cwd=ici,
        env={**os.environ, "PYTHONPATH": str(DUCKDB_1_0)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert sortie.returncode == 0, sortie.stderr
    version, lignes = sortie.stdout.split()
    assert version == "1.0.0" and int(lignes) > 0


@pytest.mark.parametrize("bloc", numerotes(blocs("python")))
def test_les_programmes_du_guide_tournent(ici: Path, monkeypatch, capsys, bloc):
    monkeypatch.chdir(ici)
    exec(bloc.texte, {})  # noqa: S102 — the guide's own words are what is tested
    assert re.search("2022|Clermont-Ferrand|demonstration", capsys.readouterr().out)


def test_la_requete_ecrite_pour_r_donne_des_lignes(ici: Path):
    (programme,) = blocs("r")
    (base,) = re.findall(r'dbdir = "([^"]+)", read_only = TRUE', programme.texte)
    (requete,) = re.findall(r'dbGetQuery\(\w+, "(.*?)"\)', programme.texte, re.DOTALL)
    with duckdb.connect(str(ici / base), read_only=True) as public:
        assert len(public.execute(requete).fetchall()) > 10


@pytest.mark.long
@pytest.mark.parametrize("bloc", numerotes(b for b in blocs("console") if not b.note))
def test_les_commandes_du_guide_passent(ici: Path, bloc):
    if "duckdb " in bloc.texte and not (shutil.which("duckdb") or (Path(sys.executable).parent / "duckdb").exists()):
        pytest.skip("La commande duckdb n'est pas installée : « make test » l'installe.")
    for commande in bloc.commandes:
        resultat = jouer(commande, ici)
        if "revenir-a" in commande:  # one release is kept here: the command says itself that nothing came before
            assert resultat.returncode == 1 and "Aucune publication antérieure n'est gardée" in resultat.stderr
            continue
        assert resultat.returncode == 0, f"{commande}\n{resultat.stdout}{resultat.stderr}"
    for ecrit in re.findall(r"> (\S+)$", bloc.texte, re.MULTILINE):
        assert (ici / ecrit).read_text(encoding="utf-8").strip()


def test_la_couche_de_qgis_garde_les_codes_en_texte(ici: Path):
    (bloc,) = [bloc for bloc in blocs("console") if ".csvt" in bloc.texte]
    requete = re.findall(r'"(SELECT .*?)" >', bloc.texte)[0]
    with duckdb.connect(str(ici / "warehouse" / "observatoire.duckdb"), read_only=True) as public:
        types = [str(type_) for _, type_, *_ in public.execute(requete).description]
    csvt = re.findall(r"echo '(.*)' >", bloc.texte)[0].replace('"', "").split(",")
    attendus = {"VARCHAR": "String", "STRING": "String", "DOUBLE": "Real", "NUMBER": "Real"}
    assert [attendus[type_] for type_ in types] == csvt


def _adresse(debut: str) -> str:
    (adresse,) = [bloc.texte.strip() for bloc in blocs("text", page="services.md") if bloc.texte.startswith(debut)]
    return adresse


def test_l_adresse_donnee_a_superset_lit_et_n_ecrit_pas(ici: Path):
    pytest.importorskip("duckdb_engine")
    adresse = _adresse("duckdb:").replace("/srv/observatoire", str(ici))
    moteur = sqlalchemy.create_engine(adresse)
    with moteur.connect() as connexion:
        assert connexion.execute(sqlalchemy.text("SELECT count(*) FROM indicateurs.valeurs")).scalar_one() > 1000
        assert "valeurs" in sqlalchemy.inspect(connexion).get_table_names(schema="indicateurs")
        with pytest.raises(sqlalchemy.exc.DBAPIError):
            connexion.execute(sqlalchemy.text("CREATE TABLE indicateurs.essai (a INTEGER)"))
    moteur.dispose()


def test_la_chaine_odbc_est_en_lecture_seule(ici: Path):
    morceaux = dict(morceau.split("=", 1) for morceau in _adresse("Driver=").split(";"))
    assert morceaux.pop("Driver") == "{DuckDB Driver}" and morceaux.pop("Database").endswith(r"\observatoire.duckdb")
    # the other words are handed over to DuckDB as they are
    with duckdb.connect(str(ici / "warehouse" / "observatoire.duckdb"), config=morceaux) as public:
        assert public.execute("SELECT value FROM duckdb_settings() WHERE name = 'access_mode'").fetchone() == (
            "read_only",
        )


def test_la_requete_excel_lit_un_fichier_publie_et_ses_colonnes(publie: Path):
    (bloc,) = blocs("powerquery")
    (nom,) = re.findall(r"\\tables\\([\w.]+)", bloc.texte)
    with (publie / "warehouse" / "portrait" / "donnees" / "tables" / nom).open(encoding="utf-8") as flux:
        entetes = flux.readline().strip().split(",")
    assert {*re.findall(r'\{"(\w+)", type', bloc.texte)} <= {*entetes} and 'Delimiter = ","' in bloc.texte


def test_les_fichiers_que_l_analyste_ecrit_sont_acceptes(tmp_path: Path):
    entrepot = Entrepot(Settings(tmp_path / "raw", tmp_path / "warehouse", "246300701"))
    origine, acceptations, _ = (bloc.texte for bloc in blocs("yaml", page="analyste.md"))
    (corrections,) = (bloc.texte for bloc in blocs("csv", page="analyste.md"))
    fichier = deposer(entrepot, "corrections_ess", "2026.csv", corrections)
    fichier.with_name(f"{fichier.name}.origine.yml").write_text(origine, encoding="utf-8")
    (fichier.parent / "acceptations.yml").write_text(acceptations, encoding="utf-8")
    etat = charger_source(entrepot, "corrections_ess")
    assert (etat.etat, etat.lignes_retenues, rejets(entrepot, "corrections_ess")) == ("a_jour", 1, [])
    assert etat.fichiers[0].millesime == "2024" and etat.fichiers[0].producteur == "Clermont Auvergne Métropole"


def test_le_reglage_d_un_retrait_est_celui_du_job():
    *_, retrait = blocs("yaml", page="analyste.md")
    assert dg.validate_run_config(
        definitions().resolve_job_def("retirer_publication"), run_config=yaml.safe_load(retrait.texte)
    )


def test_ce_que_le_guide_nomme_existe(publie: Path):
    with duckdb.connect(str(publie / "warehouse" / "observatoire.duckdb"), read_only=True) as public:
        tables = {
            f"{s}.{t}" for s, t in public.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        }
        colonnes = {
            f"{t}.{c}" for t, c in public.execute("SELECT table_name, column_name FROM duckdb_columns()").fetchall()
        }
    entre_accents_graves = set(re.findall(r"`([^`\n]+)`", TOUT))
    schemas = "indicateurs|qualite|meta|socle|referentiels"
    for nom in (nom for nom in entre_accents_graves if re.fullmatch(rf"({schemas})\.\w+(\.\w+)?", nom)):
        assert nom in tables or nom.split(".", 1)[1] in colonnes, nom
    for nom in (
        nom for nom in entre_accents_graves if re.fullmatch(r"warehouse/(?:portrait/|flux|releases.json)[\w./]*", nom)
    ):
        # the GeoJSON asks for contours, which are not committed
        assert "/geo/" in nom or (publie / nom).exists(), nom
    for nom in (nom for nom in entre_accents_graves if re.fullmatch(r"raw/[a-z_]+/.*", nom)):
        assert nom.split("/")[1] in sources(), nom
    lues = set(re.findall(r'get\("(OBSERVATOIRE_\w+)"\)', _code()))
    assert set(re.findall(r"OBSERVATOIRE_\w+", TOUT)) <= lues
    jobs = {job.name for job in definitions().resolve_all_job_defs()}
    assert set(re.findall(r"^\| `([a-z_]+)` \| [a-z]", TEXTE["analyste.md"], re.MULTILINE)) <= jobs
    for commande in re.findall(r"bin/observatoire ([\w-]+)", TOUT):
        assert commande in (*command_names(parser()), *jobs), commande


def _code() -> str:
    return (RACINE / "observatoire" / "settings.py").read_text(encoding="utf-8")


def test_chaque_capture_existe_pese_peu_et_se_dit_en_mots():
    citees = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", TOUT)
    assert len(citees) >= 7
    for texte, chemin in citees:
        assert len(texte) > 20, f"{chemin} : dire ce que l'image montre"
        assert (DOCS / chemin).stat().st_size < OCTETS_MAX, chemin
    assert {Path(chemin).name for _, chemin in citees} == {chemin.name for chemin in (DOCS / "captures").iterdir()}


def test_les_pages_sont_courtes_et_en_francais_accentue():
    for nom, texte in TEXTE.items():
        assert len(texte.splitlines()) <= 160, nom
        hors_code = re.sub(r"```.*?```|`[^`]*`|\[[\w.]+\]\([^)]*\)", "", texte, flags=re.DOTALL)
        assert not re.search(r"\b(donnees|deposer|a jour|publiee|meme|tres|verifie)\b", hors_code), nom
