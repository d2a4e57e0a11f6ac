"""Adding a source, a measure, an indicator, a computed table, a page touches its own files: the examples of CONTRIBUTING."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.chaine import RACINE, environnement, petit_raw

pytestmark = pytest.mark.long

EXECUTER = """
import json, sys
from tests.chaine import definitions, lancer, raisons
resultat = lancer()
print(raisons(resultat), file=sys.stderr)
print(json.dumps([noeud.key.to_user_string() for noeud in definitions().resolve_asset_graph().asset_nodes]))
sys.exit(not resultat.success)
"""

def exemple() -> dict[str, str]:
    """Read the files of the example: a path alone on its line, then a block."""
    texte = (RACINE / "CONTRIBUTING.md").read_text(encoding="utf-8")
    chemin = r"^`((?:observatoire|tests)/[^`]+)`\n\n```\w+\n(.*?)```"
    return dict(re.findall(chemin, texte, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def copie(tmp_path_factory) -> Path:
    """Copy the code, and add what the examples add."""
    dossier = tmp_path_factory.mktemp("copie")
    for nom in ("observatoire", "pipelines", "tests"):
        shutil.copytree(RACINE / nom, dossier / nom, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(RACINE / "raw", dossier / "raw")
    shutil.copy(RACINE / "pyproject.toml", dossier)
    (dossier / "observatoire" / "sources" / "bancs").mkdir()
    for nom, texte in exemple().items():
        if (dossier / nom).exists():
            texte = f"{(dossier / nom).read_text(encoding='utf-8')}\n{texte}"
        (dossier / nom).write_text(texte, encoding="utf-8")
    ici = dossier / "ici"
    petit_raw(ici / "raw")
    (ici / "raw" / "bancs").mkdir()
    (ici / "raw" / "bancs" / "bancs.csv").write_text(
        "banc;code_commune;nb_places\nb1;63113;3\nb2;63113;4\nb3;63014;2\nb4;63014;0\n", encoding="utf-8"
    )
    return dossier


def test_une_source_une_mesure_un_indicateur_se_trouvent_partout(copie: Path):
    sortie = subprocess.run(
        [sys.executable, "-c", EXECUTER],
        cwd=copie,
        env={**environnement(copie / "ici"), "PYTHONPATH": str(copie)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert sortie.returncode == 0, sortie.stderr
    graphe = json.loads(sortie.stdout.splitlines()[-1])
    assert {"socle/bancs", "mesures/places_de_banc"} <= set(graphe)
    with duckdb.connect(str(copie / "ici" / "warehouse" / "observatoire.duckdb"), read_only=True) as public:
        assert public.execute("SELECT places, _fichier, _ligne FROM socle.bancs ORDER BY _ligne").fetchall() == [
            (3, "bancs.csv", 2),
            (4, "bancs.csv", 3),
            (2, "bancs.csv", 4),
        ]
        assert public.execute("SELECT ligne, regle, motif FROM qualite.rejets WHERE source = 'bancs'").fetchall() == [
            (5, "places_positives", "un banc a au moins une place")
        ]
        lignes = "SELECT fichier, ligne, valeur, raison FROM indicateurs.contributions WHERE mesure = 'places_de_banc' ORDER BY 2"
        assert public.execute(lignes).fetchall() == [
            ("bancs.csv", 2, 3, None), ("bancs.csv", 3, 4, None), ("bancs.csv", 4, 2, None)
        ]
        valeurs = dict(
            public.execute(
                "SELECT niveau || code_territoire, valeur FROM indicateurs.valeurs WHERE indicateur = 'places_de_banc'"
            ).fetchall()
        )
        assert valeurs["commune63113"] == 7 and valeurs["commune63032"] == 0 and valeurs["epci246300701"] == 9
        assert "departement63" not in valeurs, "the source covers the métropole only"
        assert public.execute("SELECT titre FROM indicateurs.catalogue WHERE indicateur = 'places_de_banc'").fetchall()
        dites = public.execute("SELECT nom_colonne FROM meta.dictionnaire WHERE nom_table = 'bancs'").fetchall()
        assert {ligne[0] for ligne in dites} == {"banc", "code_commune", "places", "_fichier", "_ligne"}
    portrait = (copie / "ici" / "warehouse" / "portrait" / "index.html").read_text(encoding="utf-8")
    assert "Places de banc public" in portrait and "Bancs publics" in portrait
    # the computed table, and the page that shows it
    assert "socle/places_communes" in graphe
    with duckdb.connect(str(copie / "ici" / "warehouse" / "observatoire.duckdb"), read_only=True) as public:
        comptees = public.execute("FROM socle.places_communes ORDER BY code_commune").fetchall()
        dites = public.execute(
            "SELECT nom_colonne, unite FROM meta.dictionnaire WHERE nom_table = 'places_communes' ORDER BY 1"
        ).fetchall()
    assert comptees == [("63014", 1, 2), ("63113", 2, 7)]
    assert dites == [("code_commune", None), ("nombre_bancs", "bancs"), ("nombre_places", "places")]
    page = (copie / "ici" / "warehouse" / "portrait" / "bancs.html").read_text(encoding="utf-8")
    assert "<p>63014 : 2 places</p>\n<p>63113 : 7 places</p>" in page
    assert '<a href="bancs.html">Les bancs</a>' in portrait


@pytest.mark.campagne
def test_la_mauvaise_ligne_de_chaque_regle_de_l_exemple_est_refusee(copie: Path):
    sortie = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/sources/test_sources.py", "-k", "bancs"],
        cwd=copie,
        env={**environnement(copie / "ici"), "PYTHONPATH": str(copie)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert sortie.returncode == 0, sortie.stdout  # 5 when no test is about it


def test_rien_d_autre_n_a_change(copie: Path):
    """The proof above holds only if the copy is the product, plus what is added."""
    ajouts = exemple()
    assert len(ajouts) == 8
    for nom in ("observatoire", "pipelines"):
        presents = {chemin.relative_to(copie) for chemin in (copie / nom).rglob("*") if fichier_de_code(chemin)}
        connus = {chemin.relative_to(RACINE) for chemin in (RACINE / nom).rglob("*") if fichier_de_code(chemin)}
        assert {str(chemin) for chemin in presents - connus} == {a for a in ajouts if a.startswith(nom)} - {
            "observatoire/indicators.yml"
        }
        for chemin in connus:
            avant = (RACINE / chemin).read_bytes()
            ajout = "\n" + ajouts[str(chemin)] if str(chemin) in ajouts else ""
            assert (copie / chemin).read_bytes() == avant + ajout.encode()


def fichier_de_code(chemin: Path) -> bool:
    return chemin.is_file() and chemin.suffix != ".pyc"
