"""What a change of the code makes compute again: what it can change, and nothing else."""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from observatoire import fingerprints
from observatoire.derived import Derivee, TableIncoherente, compute_table, table_version
from observatoire.fingerprints import CodeIntrouvable, code_owed
from observatoire.loading import batches
from observatoire.loading.ingestion import load_source
from observatoire.releases.code import code_version
from observatoire.schemas import ENTIER, Colonne, Table, refus, signalement
from observatoire.settings import RACINE, Settings
from observatoire.sources import sources
from observatoire.warehouse import Entrepot
from tests.donnees import CAM

CHARGEES = ("arithmetique_declarations", "categories_hors_ess", "motifs_ess", "naf_agregats")


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a copy of the package, on which fingerprints are taken."""
    copie = tmp_path / "observatoire"
    shutil.copytree(RACINE / "observatoire", copie, ignore=shutil.ignore_patterns("__pycache__", "references"))
    monkeypatch.setattr(fingerprints, "PAQUET", copie)
    oublier()
    yield copie
    oublier()


def oublier() -> None:
    """Forget what was read: code does not change while a run goes on, it does here."""
    f = fingerprints
    for lu in (f.code_owed, f._imports, f._files_of, f._hash, f._installed):
        lu.cache_clear()


def commenter(chemin: Path) -> None:
    chemin.write_text(chemin.read_text(encoding="utf-8") + "\n# un commentaire\n", encoding="utf-8")
    oublier()


@pytest.mark.parametrize(
    ("touche", "relues"),
    [
        ("alerts/channels.py", set()),
        ("socle/perimeter.py", set()),
        ("loading/sorting.py", set(CHARGEES)),
        ("schemas.py", set(CHARGEES)),
        ("sources/motifs_ess/table.py", {"motifs_ess"}),
        ("sources/naf_agregats/source.yml", {"naf_agregats"}),
    ],
)
def test_une_source_n_est_relue_que_si_ce_qui_la_charge_change(touche: str, relues: set[str], code: Path, monkeypatch):
    entrepot = Entrepot(Settings(code.parent / "raw", code.parent / "warehouse", CAM))
    lues: set[str] = set()
    lire = batches.load_rows

    def compter(entrepot, source, *reste):
        lues.add(source.nom)
        return lire(entrepot, source, *reste)

    monkeypatch.setattr(batches, "load_rows", compter)
    for attendues in (set(CHARGEES), set()):
        lues.clear()
        for nom in CHARGEES:
            assert load_source(entrepot, sources()[nom]).etat == "a_jour"
        assert lues == attendues
    commenter(code / touche)
    for nom in CHARGEES:
        assert load_source(entrepot, sources()[nom]).etat == "a_jour"
    assert lues == relues


@pytest.mark.parametrize(
    ("touche", "change"),
    [
        ("alerts/channels.py", False),
        ("receiving/download.py", False),
        ("registre/store.py", False),
        ("publication/french.py", True),
        ("publication/modeles/libelles.yml", True),
        ("measures/subventions.sql", True),
        ("sources/naf/table.py", True),
        ("loading/sorting.py", True),
    ],
)
def test_une_publication_ne_se_doit_qu_a_ce_qui_la_fait(touche: str, change: bool, code: Path):
    avant = code_version()
    commenter(code / touche)
    assert (code_version() != avant) is change


def test_une_bibliotheque_d_une_autre_version_fait_tout_recalculer(code: Path, monkeypatch):
    chargement, aucune = code_owed("observatoire.loading.ingestion"), code_owed("observatoire.formulas")
    oublier()
    connue = fingerprints.version
    monkeypatch.setattr(fingerprints, "version", lambda nom: "0.0" if nom == "pandera" else connue(nom))
    assert code_owed("observatoire.loading.ingestion") != chargement
    assert code_owed("observatoire.formulas") == aucune, "ce module n'en importe aucune"


@pytest.mark.parametrize(
    "ou",
    [
        "import {}",
        "def f():\n    if True:\n        import {}",
        "try:\n    pass\nexcept OSError:\n    import {}\nelse:\n    pass\nfinally:\n    pass",
        "class C:\n    with open('x'):\n        import {}",
        "match 1:\n    case 1:\n        import {}",
    ],
)
def test_un_import_se_voit_ou_qu_il_soit(ou: str, code: Path):
    (code / "essai.py").write_text(ou.format("observatoire.alerts.channels") + "\n", encoding="utf-8")
    avant = code_owed("observatoire.essai")
    commenter(code / "alerts" / "channels.py")
    assert code_owed("observatoire.essai") != avant


@pytest.mark.parametrize(
    ("ligne", "motif"),
    [
        ("from . import schemas", "import relatif"),
        ("import bibliotheque_absente", "importe bibliotheque_absente, dont la version ne se trouve pas"),
    ],
)
def test_ce_que_l_empreinte_ne_suit_pas_est_refuse(ligne: str, motif: str, code: Path):
    (code / "essai.py").write_text(ligne + "\n", encoding="utf-8")
    with pytest.raises(CodeIntrouvable, match=motif):
        code_owed("observatoire.essai")


def test_un_nom_qui_ne_designe_rien_est_refuse(code: Path):
    with pytest.raises(CodeIntrouvable, match="sources/absente"):
        code_owed("sources/absente/*")


# computed tables

NOMBRES = Derivee(
    nom="nombres",
    schema="socle",
    famille="references",
    lit=(),
    publiee=False,
    table=Table("Nombres.", (Colonne("n", ENTIER, "Un nombre."),), cle=("n",)),
    requete="SELECT unnest([1, 2, 3]) AS n",
)


@pytest.fixture
def entrepot(tmp_path: Path) -> Entrepot:
    """Give a warehouse where the table stands."""
    ici = Entrepot(Settings(tmp_path / "raw", tmp_path / "warehouse", CAM))
    assert compute_table(ici, NOMBRES) == 3
    return ici


def avec_regle(*regles) -> Derivee:
    return dataclasses.replace(
        NOMBRES, table=Table("Nombres.", (Colonne("n", ENTIER, "Un nombre.", regles=regles),), cle=("n",))
    )


@pytest.mark.parametrize(
    ("changee", "reproche"),
    [
        (dataclasses.replace(NOMBRES, controles=(("a trop de lignes", "SELECT count(*) FROM calcul"),)), "trop de"),
        (avec_regle(refus("petit", "nombre trop grand", lambda v: v < 3)), "schéma"),
        (
            dataclasses.replace(
                NOMBRES, requete="SELECT 1 AS n UNION ALL SELECT NULL", table=Table(
                    "Nombres.", (Colonne("n", ENTIER, "Un nombre.", obligatoire=True),), cle=("n",)
                ),
            ),
            "schéma",
        ),
    ],
)  # fmt: skip
def test_un_controle_ajoute_s_execute_sur_une_table_en_place(changee: Derivee, reproche: str, entrepot: Entrepot):
    avant = entrepot.path_of("socle", "nombres").read_bytes()
    with pytest.raises(TableIncoherente, match=reproche):
        compute_table(entrepot, changee)
    assert entrepot.path_of("socle", "nombres").read_bytes() == avant


def test_la_version_d_une_table_suit_ses_regles():
    regle = refus("petit", "nombre trop grand", lambda v: v < 9)
    versions = {
        table_version({}, derivee)
        for derivee in (
            NOMBRES,
            avec_regle(regle),
            avec_regle(signalement("petit", "nombre trop grand", lambda v: v < 9)),
            avec_regle(refus("petit", "un autre motif", lambda v: v < 9)),
            dataclasses.replace(NOMBRES, controles=(("est vide", "SELECT 0"),)),
        )
    }
    assert len(versions) == 5
    assert table_version({}, avec_regle(regle)) == table_version({}, avec_regle(regle))


def test_une_regle_faite_avec_une_autre_valeur_est_une_autre_regle():
    def petit(seuil: int, sauf: frozenset[int] = frozenset()) -> Derivee:
        return avec_regle(refus("petit", "nombre trop grand", lambda v: (v < seuil) | v.isin(sauf)))

    versions = {table_version({}, derivee) for derivee in (petit(3), petit(9), petit(9, frozenset({12, 15})))}
    assert len(versions) == 3
    assert table_version({}, petit(9, frozenset({12, 15}))) == table_version({}, petit(9, frozenset({15, 12})))


def test_les_appoints_d_une_table_sont_dans_sa_version():
    assert table_version({}, NOMBRES) != table_version({}, dataclasses.replace(NOMBRES, appoints=("socle.autres",)))


def test_ce_qu_une_regle_verifie_est_dans_la_version(tmp_path: Path):
    module = tmp_path / "essai.py"
    versions = []
    for seuil in (3, 9):
        module.write_text(f"def petit(v):\n    return v < {seuil}\n", encoding="utf-8")
        portee: dict = {}
        exec(compile(module.read_text(encoding="utf-8"), str(module), "exec"), portee)  # noqa: S102
        oublier()
        versions.append(table_version({}, avec_regle(refus("petit", "nombre trop grand", portee["petit"]))))
    oublier()
    assert versions[0] != versions[1]
