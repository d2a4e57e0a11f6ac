"""The register of project leaders: opened with both its parts or not at all, and nothing of it anywhere else."""

import ast
import contextlib
import io
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as parquet
import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from observatoire.judging import judge
from observatoire.loading.sorting import convert_columns
from observatoire.registre.__main__ import main
from observatoire.registre.counts import SEUIL, Compte, monthly_counts, protect
from observatoire.registre.pairing import offers_for
from observatoire.registre.records import Contenu, FicheRefusee, Offre, Porteur
from observatoire.registre.store import RegistreRefuse, Store, open_store
from observatoire.schemas import TEXTE
from observatoire.settings import RACINE, RegisterSettings, Settings
from observatoire.warehouse import Entrepot
from tests.chaine import definitions, environnement
from tests.depots import charger_source, rejets, source, table

pytestmark = pytest.mark.long

CAM = "246300701"
TERRITOIRES = [CAM, "200070407", "200071199", "246300966"]


def canari(rang: int) -> str:
    """Build a word nobody bears."""
    return "zqx" + "".join(random.Random(rang).choices("bcdfghjkvwz", k=14)) + "qz"  # noqa: S311


def porteur(rang: int, **champs) -> Porteur:
    defauts = {
        "numero": f"P{rang:06}", "nom": canari(rang), "contact": canari(1000 + rang), "projet": canari(2000 + rang), "code_epci": CAM,
        "etape": "étude", "finalite": "accompagnement", "rencontre_le": date(2026, 9, 1 + rang % 28),
        "conserver_jusqu_au": date(2028, 9, 1), "referent_technique": canari(3000 + rang) if rang % 2 else "",
    }
    return Porteur(**{**defauts, **champs})


CANARIS = [canari(base + rang) for base in (0, 1000, 2000, 3000) for rang in range(56)]


@pytest.fixture
def places(tmp_path: Path, monkeypatch) -> Path:
    """Point the environment at a store and a key that are apart, and at folders of the observatory."""
    for variable, lieu in (
        ("OBSERVATOIRE_REGISTRE", "registre"), ("OBSERVATOIRE_REGISTRE_CLE", "coffre/cle"), ("OBSERVATOIRE_RAW", "obs/raw"),
        ("OBSERVATOIRE_WAREHOUSE", "obs/warehouse"),
    ):
        monkeypatch.setenv(variable, str(tmp_path / lieu))
    return tmp_path


def ouvrir() -> Store:
    return open_store(RegisterSettings.from_environment(), Settings.from_environment())


@pytest.fixture
def magasin(places: Path) -> Store:
    ouvert = ouvrir()
    ouvert.create(TERRITOIRES)
    return ouvert


def remplir(magasin: Store, nombre: int = 56) -> None:
    with magasin.change() as contenu:
        for rang in range(nombre):
            contenu.add(porteur(rang))


def lancer(*arguments: str, reponses: str = "", monkeypatch=None) -> tuple[int, str, str]:
    sortie, erreurs = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(sortie), contextlib.redirect_stderr(erreurs):
        if monkeypatch is not None:
            monkeypatch.setattr("sys.stdin", io.StringIO(reponses))
        code = main(list(arguments))
    return code, sortie.getvalue(), erreurs.getvalue()


# opened with both parts or not at all


def refus() -> str:
    with pytest.raises(RegistreRefuse) as refuse:
        ouvrir().read()
    return str(refuse.value)


@pytest.mark.parametrize("absente", ["OBSERVATOIRE_REGISTRE", "OBSERVATOIRE_REGISTRE_CLE"])
def test_rien_n_est_fait_sans_le_magasin_et_sans_la_cle(magasin: Store, absente: str, monkeypatch):
    monkeypatch.delenv(absente)
    assert "rien n'est fait sans les deux" in refus()


@pytest.mark.parametrize(
    ("variable", "lieu", "mots"),
    [
        ("OBSERVATOIRE_REGISTRE", "obs/warehouse/registre", "touche warehouse/"),
        ("OBSERVATOIRE_REGISTRE", "obs/raw/registre", "touche raw/"),
        ("OBSERVATOIRE_REGISTRE", "obs", "touche raw/"),
        ("OBSERVATOIRE_REGISTRE_CLE", "obs/warehouse/cle", "touche warehouse/"),
        ("OBSERVATOIRE_REGISTRE", str(RACINE / "observatoire" / "registre"), "touche le code"),
        ("OBSERVATOIRE_REGISTRE", "depot/registre", "git"),
        ("OBSERVATOIRE_REGISTRE_CLE", "depot/cle", "git"),
        ("OBSERVATOIRE_REGISTRE_CLE", "registre/cle", "rangée avec le registre"),
        ("OBSERVATOIRE_REGISTRE_CLE", "cle", "rangée avec le registre"),
        ("OBSERVATOIRE_REGISTRE", "coffre/registre", "rangée avec le registre"),
        ("OBSERVATOIRE_REGISTRE_CLE", "ailleurs/lien", "rangée avec le registre"),
    ],
)
def test_un_registre_ou_une_cle_mal_rangee_se_refuse_en_francais(places: Path, variable: str, lieu: str, mots: str, monkeypatch):
    (places / "depot" / ".git").mkdir(parents=True)
    (places / "registre").mkdir()
    (places / "ailleurs").mkdir()
    (places / "ailleurs" / "lien").symlink_to(places / "registre" / "cle")
    monkeypatch.setenv(variable, lieu if lieu.startswith("/") else str(places / lieu))
    assert mots in refus()
    assert not list(places.rglob("registre.chiffre"))


def test_une_mauvaise_cle_une_cle_absente_une_cle_lisible_des_autres_se_refusent(magasin: Store):
    remplir(magasin, 3)
    bonne = magasin.cle.read_bytes()
    magasin.cle.write_bytes(Fernet.generate_key())
    assert "n'ouvre pas ce registre" in refus()
    magasin.cle.write_bytes(b"pas une cle")
    assert "n'est pas une clé" in refus()
    magasin.cle.write_bytes(bonne)
    magasin.cle.chmod(0o640)
    assert "D'autres que son propriétaire" in refus()
    magasin.cle.unlink()
    assert "Clé absente" in refus()


def test_initialiser_n_ecrase_rien(magasin: Store):
    remplir(magasin, 3)
    assert lancer("initialiser", CAM)[0] == 1
    assert len(magasin.read().porteurs) == 3
    assert magasin.cle.parent.stat().st_mode & 0o077 == 0
    assert magasin.cle.stat().st_mode & 0o077 == 0 and magasin.chemin.stat().st_mode & 0o077 == 0


# what is written, and what is erased


def fichiers(dossier: Path, motif: str = "*") -> list[Path]:
    """List the files of a folder, each once, however many names it has."""
    return list({chemin.stat().st_ino: chemin for chemin in dossier.rglob(motif) if chemin.is_file()}.values())


def octets(dossier: Path) -> bytes:
    return b"".join(chemin.read_bytes() for chemin in fichiers(dossier))


def presents(contenu: bytes) -> list[str]:
    """List the canaries found: they have one shape, which one pass finds."""
    trouves = {mot.decode() for mot in re.findall(rb"zqx[a-z]{14}qz", contenu)}
    return [mot for mot in CANARIS if mot in trouves]


def test_le_magasin_ne_dit_aucun_nom_en_clair_ni_avant_ni_apres_effacement(magasin: Store):
    remplir(magasin)
    assert len(magasin.read().porteurs) == 56
    assert presents(octets(magasin.dossier)) == []
    with magasin.change() as contenu:
        contenu.erase("P000007")
    assert presents(octets(magasin.dossier)) == []
    # what is erased is not in the store any more, even opened
    clair = json.dumps(magasin.read().as_json(), default=str)
    assert canari(7) not in clair and canari(8) in clair
    assert sorted(chemin.name for chemin in magasin.dossier.iterdir()) == [".verrou", "registre.chiffre"]


def test_l_ancien_contenu_est_ecrase_sur_place(magasin: Store):
    remplir(magasin, 3)
    avant = magasin.chemin.read_bytes()
    os.link(magasin.chemin, magasin.cle.parent / "temoin")  # stands for the blocks of the disk
    with magasin.change() as contenu:
        contenu.erase("P000001")
    assert avant[:40] not in (magasin.cle.parent / "temoin").read_bytes()


def test_une_ecriture_qui_echoue_laisse_le_registre_comme_il_etait(magasin: Store):
    remplir(magasin, 3)
    avant = magasin.chemin.read_bytes()
    with pytest.raises(FicheRefusee), magasin.change() as contenu:
        contenu.erase("P000001")
        contenu.add(porteur(9, finalite=""))
    assert magasin.chemin.read_bytes() == avant
    (magasin.dossier / ".registre.tue").write_bytes(avant)  # a run killed half-way
    remplir(magasin, 1)
    assert not (magasin.dossier / ".registre.tue").exists()


def test_la_purge_efface_ce_qu_une_ecriture_tuee_a_laisse_meme_sans_fiche_expiree(magasin: Store):
    remplir(magasin, 3)
    laisse = magasin.dossier / ".registre.tue.ancien"
    laisse.write_bytes(avant := magasin.chemin.read_bytes())
    assert magasin.purge(date(2026, 10, 1)) == 0
    assert not laisse.exists() and magasin.chemin.read_bytes() == avant


@pytest.mark.parametrize(
    ("champs", "mots"),
    [
        ({"nom": " "}, "le nom manque"),
        ({"finalite": ""}, "finalité"),
        ({"etape": "rêve"}, "étape inconnue"),
        ({"code_epci": "200000000"}, "hors du registre"),
        ({"conserver_jusqu_au": date(2026, 1, 1)}, "expire avant"),
        ({"conserver_jusqu_au": date(2029, 12, 1)}, "3 ans au plus"),
    ],
)
def test_une_fiche_incomplete_se_refuse_sans_rien_repeter_d_elle(champs: dict, mots: str):
    with pytest.raises(FicheRefusee, match=mots) as refuse:
        Contenu(TERRITOIRES).add(porteur(1, **champs))
    assert presents(str(refuse.value).encode()) == []


def test_les_referents_sont_une_offre_pas_une_regle(magasin: Store):
    with magasin.change() as contenu:
        contenu.add(porteur(0, referent_technique="", referent_territorial=""))
        contenu.add(porteur(1, referent_technique="Chambre", referent_territorial=""))
    assert [p.referent_technique for p in magasin.read().porteurs] == ["", "Chambre"]


def test_le_contenu_relu_est_celui_qui_a_ete_ecrit(magasin: Store):
    ecrit = Contenu(TERRITOIRES, [porteur(1, themes=("bois", "eau"))], [Offre("O1", "Local", "Commune", themes=("bois",))], ["2026-08"])
    with magasin.change() as contenu:
        contenu.porteurs, contenu.offres, contenu.mois_exportes = ecrit.porteurs, ecrit.offres, ecrit.mois_exportes
    assert magasin.read() == ecrit


# offers


def test_les_offres_qui_conviennent():
    jour = date(2026, 10, 1)
    sien = porteur(0, themes=("bois", "eau"))
    offres = [
        Offre("O1", "Atelier partagé", "a", CAM, ("bois",)),
        Offre("O2", "Fonds", "b", "", ("bois", "eau"), ("étude",)),
        Offre("O3", "Pépinière", "c"),
        Offre("O4", "Autre territoire", "d", TERRITOIRES[1], ("bois",)),
        Offre("O5", "Autre étape", "e", CAM, ("bois",), ("reprise",)),
        Offre("O6", "Finie", "f", CAM, ("bois",), jusqu_au=date(2026, 9, 30)),
        Offre("O7", "Autre thème", "g", CAM, ("laine",)),
    ]
    assert [(offre.numero, communs) for offre, communs in offers_for(sien, offres, jour)] == [("O2", 2), ("O1", 1), ("O3", 0)]


# counts


def test_aucun_compte_sous_onze_ne_sort():
    mois = [porteur(rang, code_epci=TERRITOIRES[rang % 4]) for rang in range(56)]
    comptes = {c.code_territoire: c.nombre for c in monthly_counts(mois, TERRITOIRES, "2026-09")}
    assert comptes == {**dict.fromkeys(TERRITOIRES, 14), "registre": 56}
    peu = [*mois[:16], porteur(90, code_epci=TERRITOIRES[3])]
    assert {c.nombre for c in monthly_counts(peu, TERRITOIRES, "2026-09")} == {None, 17}
    assert {c.nombre for c in monthly_counts(mois, TERRITOIRES, "2026-08")} == {None}
    assert {c.as_row()["mention"] for c in monthly_counts([], TERRITOIRES, "2026-09")} == {
        "moins de 11, ou masqué pour en protéger un autre"
    }


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 40), min_size=1))
def test_un_total_moins_ce_qui_est_publie_ne_donne_aucun_petit_compte(comptes: dict[str, int]):
    publies, total = protect(comptes)
    visibles = {code: nombre for code, nombre in publies.items() if nombre is not None}
    assert all(nombre == comptes[code] and nombre >= SEUIL for code, nombre in visibles.items())
    masques = [comptes[code] for code in comptes if code not in visibles]
    if total is not None:
        assert total == sum(comptes.values())
        assert not masques or (len(masques) > 1 and sum(masques) >= SEUIL)


@pytest.mark.parametrize("territoires", [1, 2, 3, 4])
def test_qui_connait_la_regle_ne_retrouve_aucun_compte_masque(territoires: int):
    """Every situation that gives the same publication, rule known: no masked cell has a single possible value."""
    seuil, au_plus, codes = 3, 14 if territoires < 4 else 11, "abcd"[:territoires]
    possibles: dict[str, list[tuple[int, ...]]] = {}
    for valeurs in itertools.product(range(au_plus + 1), repeat=territoires):
        for tire in range(territoires):
            vue = repr(protect(dict(zip(codes, valeurs, strict=True)), seuil, lambda autres, tire=tire: autres[tire % len(autres)]))
            possibles.setdefault(vue, []).append(valeurs)
    for vue, situations in possibles.items():
        publies, total = eval(vue)  # noqa: S307 — written just above
        if total is not None and total > au_plus:
            continue  # some of the situations lie beyond what is enumerated
        for rang, code in enumerate(codes):
            if publies[code] is None:
                assert len({valeurs[rang] for valeurs in situations}) > 1, (vue, code)


def refus_de(comptes: list[Compte]) -> pd.DataFrame:
    """Read counts as the observatory does; return what it refuses of them."""
    declaree = source("porteurs_mensuels").table
    ecrites = [{nom: str(valeur) or None for nom, valeur in compte.as_row().items()} for compte in comptes]
    lues, illisibles = convert_columns(pd.DataFrame(ecrites, dtype=pd.ArrowDtype(TEXTE)), declaree)
    assert illisibles.empty
    return judge(lues, declaree.pandera(), lues.assign(_ligne=range(len(lues))))


@given(st.dictionaries(st.sampled_from(TERRITOIRES), st.integers(0, 40), min_size=1))
def test_ce_que_le_registre_exporte_se_lit_toujours(comptes: dict[str, int]):
    venus = [porteur(rang, code_epci=code) for code, nombre in comptes.items() for rang in range(nombre)]
    assert refus_de(monthly_counts(venus, comptes, "2026-09")).empty


@pytest.mark.parametrize(
    ("total", "territoires", "permis"),
    [
        (40, [20, 20], True),
        (None, [20, None], True),
        (40, [20, None, None], True),
        (30, [20, None], False),  # the only one that is masked
        (45, [20, None], False),
        (30, [20, None, None], False),  # ten persons between two
        (45, [20, 20], False),  # a row is missing
        (15, [], False),
        (15, [20], False),
    ],
)
def test_un_mois_dont_la_difference_designe_quelqu_un_se_refuse(total: int | None, territoires: list[int | None], permis: bool):
    lus = zip(TERRITOIRES, territoires, strict=False)
    comptes = [Compte("2026-09", "epci", code, nombre) for code, nombre in lus] + [Compte("2026-09", "registre", "registre", total)]
    assert set(refus_de(comptes)["regle"]) == (set() if permis else {"mois_sans_deduction"})


def test_un_mois_refuse_ne_cache_pas_celui_d_a_cote_et_ne_se_repete_pas():
    juste = [Compte("2026-08", "epci", CAM, 20), Compte("2026-08", "registre", "registre", 20)]
    faux = [Compte("2026-09", "epci", CAM, 20), Compte("2026-09", "registre", "registre", 24)]
    assert sorted(refus_de(juste + faux)["ligne"]) == [2, 3]
    # what is refused may be a name written in the wrong place
    assert all(colonne.nominatif for colonne in source("porteurs_mensuels").table.colonnes)


def test_un_mois_s_exporte_une_seule_fois_et_fini(magasin: Store, places: Path):
    remplir(magasin)
    dossier = places / "obs" / "raw" / "porteurs_mensuels"
    assert lancer("exporter_comptes", "2026-09", str(dossier))[0] == 0
    assert presents(octets(dossier)) == []
    with magasin.change() as contenu:
        contenu.erase("P000001")
    code, _, dit = lancer("exporter_comptes", "2026-09", str(places / "ailleurs"))
    assert code == 1 and "désignerait" in dit and not (places / "ailleurs").exists()
    assert lancer("exporter_comptes", "2999-01", str(dossier))[0] == 1
    entrepot = Entrepot(Settings.from_environment())
    etat = charger_source(entrepot, "porteurs_mensuels")
    assert (etat.etat, etat.regles) == ("a_jour", []), etat.motif
    lues = {ligne["code_territoire"]: ligne["nombre"] for ligne in table(entrepot, "porteurs_mensuels")}
    # nothing but the métropole met anyone: the others are masked, and the total with them but for what it hides
    assert lues[TERRITOIRES[1]] is None and rejets(entrepot, "porteurs_mensuels") == []


# the command


REPONSES = [canari(1), canari(1001), canari(2001), CAM, "63113", "étude", "bois, eau", "accompagnement", "2026-10-02", "2028-10-02", "", ""]


def test_la_commande_ajoute_liste_apparie_et_efface(magasin: Store, monkeypatch):
    code, dit, _ = lancer("ajouter", reponses="\n".join(REPONSES) + "\n", monkeypatch=monkeypatch)
    assert code == 0
    (fiche,) = magasin.read().porteurs
    assert fiche.nom == canari(1) and fiche.themes == ("bois", "eau") and fiche.numero in dit
    offre = "Atelier\nCommune\n\nbois\n\n\n"
    assert "Atelier" in lancer("offres", "--ajouter", reponses=offre, monkeypatch=monkeypatch)[1]
    assert "1 thème(s) en commun" in lancer("apparier", fiche.numero)[1]
    assert presents(lancer("lister")[1].encode()) == [] and fiche.numero in lancer("lister")[1]
    assert canari(1) in lancer("lister", "--noms")[1]
    assert lancer("effacer", fiche.numero)[0] == 0 and magasin.read().porteurs == []
    assert lancer("effacer", fiche.numero)[0] == 1


class ReponsesPendant(io.StringIO):
    """Answers, each given after something else has been done with the register."""

    def __init__(self, reponses: str, faire) -> None:
        super().__init__(reponses)
        self.faire = faire

    def readline(self, *arguments) -> str:
        self.faire()
        return super().readline(*arguments)


@pytest.mark.parametrize(("commande", "reponses"), [(["ajouter"], "\n".join(REPONSES)), (["offres", "--ajouter"], "Atelier\nCommune\n\n\n\n\n")])
def test_une_question_sans_reponse_ne_tient_pas_le_registre(magasin: Store, commande: list[str], reponses: str, monkeypatch):
    monkeypatch.setattr("observatoire.registre.store.ATTENTE_S", 0)

    def ailleurs() -> None:
        with ouvrir().change() as contenu:
            contenu.mois_exportes.append("2026-01")

    monkeypatch.setattr("sys.stdin", ReponsesPendant(reponses, ailleurs))
    assert lancer(*commande)[0] == 0
    contenu = magasin.read()
    assert len(contenu.porteurs) + len(contenu.offres) == 1 and len(contenu.mois_exportes) > 5, "nothing done meanwhile is lost"


def test_un_registre_tenu_par_une_autre_fenetre_se_refuse_en_francais(magasin: Store, monkeypatch):
    monkeypatch.setattr("observatoire.registre.store.ATTENTE_S", 0)
    with magasin.change():
        code, _, dit = lancer("purger")
    assert code == 1 and "Une autre fenêtre tient le registre" in dit
    assert lancer("purger")[0] == 0, "free again"


def test_un_registre_qui_ne_s_ecrit_pas_se_refuse_en_francais(magasin: Store, monkeypatch):
    def lecture_seule(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("observatoire.registre.store.FileLock.acquire", lecture_seule)
    code, _, dit = lancer("purger")
    assert code == 1 and "Le registre ne s'écrit pas (Read-only file system)" in dit and "ReadWritePaths" in dit


def test_la_commande_refuse_en_francais_sans_registre(monkeypatch):
    monkeypatch.delenv("OBSERVATOIRE_REGISTRE", raising=False)
    code, dit, erreur = lancer("lister")
    assert (code, dit) == (1, "") and "rien n'est fait sans les deux" in erreur


# apart from the observatory


def imports(chemin: Path) -> set[str]:
    noeuds = list(ast.walk(ast.parse(chemin.read_text(encoding="utf-8"))))
    directs = {alias.name for noeud in noeuds if isinstance(noeud, ast.Import) for alias in noeud.names}
    return directs | {noeud.module or "" for noeud in noeuds if isinstance(noeud, ast.ImportFrom)}


def test_le_registre_ignore_l_observatoire_et_l_observatoire_l_ignore():
    dossier = RACINE / "observatoire" / "registre"
    for chemin in (RACINE / "observatoire").rglob("*.py"):
        lus = {nom for nom in imports(chemin) if nom.split(".")[0] == "observatoire"}
        if chemin.is_relative_to(dossier):
            assert all(nom.startswith(("observatoire.registre", "observatoire.settings")) for nom in lus), chemin
        else:
            assert not [nom for nom in lus if nom.startswith("observatoire.registre")], chemin


def test_l_horaire_purge_chaque_nuit():
    (horaire,) = [h for h in definitions().schedules if h.name == "purge_registre"]
    assert (horaire.job_name, horaire.cron_schedule, horaire.execution_timezone) == ("purger_registre", "15 4 * * *", "Europe/Paris")


def purger(dossier: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the job as the schedule does, with a history on the disk."""
    (dossier / "dagster").mkdir(parents=True, exist_ok=True)
    shutil.copy(RACINE / "dagster.yaml", dossier / "dagster")
    code = (
        "import dagster as dg; from pipelines.definitions import defs; "
        "i = dg.DagsterInstance.get(); r = defs().resolve_job_def('purger_registre').execute_in_process(instance=i, "
        "raise_on_error=False); print([e.message for e in i.all_logs(r.run_id)]); raise SystemExit(not r.success)"
    )
    env = {**environnement(dossier), "PYTHONPATH": str(RACINE), **variables}
    return subprocess.run([sys.executable, "-c", code], cwd=dossier, env=env, capture_output=True, text=True, check=False)


def test_sans_registre_la_purge_ne_fait_rien_et_ne_dit_rien(tmp_path: Path, monkeypatch):
    for variable in ("OBSERVATOIRE_REGISTRE", "OBSERVATOIRE_REGISTRE_CLE"):
        monkeypatch.delenv(variable, raising=False)
    fait = purger(tmp_path)
    assert fait.returncode == 0, fait.stderr
    assert "effacée" not in fait.stdout


def lisible(dossier: Path) -> bytes:
    """Give every byte of a folder, and what is compressed in its Parquet and DuckDB files, in clear."""
    morceaux = [octets(dossier)]
    with duckdb.connect() as base:
        for chemin in fichiers(dossier, "*.parquet"):
            morceaux.append(en_clair(base, f"read_parquet('{chemin}')"))
            morceaux.append(repr(parquet.read_metadata(chemin).metadata).encode())
    for chemin in fichiers(dossier, "*.duckdb"):
        with duckdb.connect(str(chemin.resolve()), read_only=True) as base:
            tables = base.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
            morceaux += [en_clair(base, f"{schema}.{nom}") for schema, nom in tables]
    return b"".join(morceaux)


def en_clair(base: duckdb.DuckDBPyConnection, table: str) -> bytes:
    """Write every value of a table as text."""
    return "\n".join(ligne for (ligne,) in base.execute(f"SELECT t::VARCHAR FROM {table} t").fetchall()).encode()


def test_cinquante_six_porteurs_ne_laissent_aucune_trace_hors_du_registre(publie: Path, tmp_path: Path, monkeypatch):
    dossier = tmp_path / "observatoire"
    shutil.copytree(publie, dossier, symlinks=True)
    (dossier / "dagster").mkdir()
    shutil.copy(RACINE / "dagster.yaml", dossier / "dagster")
    variables = {"OBSERVATOIRE_REGISTRE": str(tmp_path / "registre"), "OBSERVATOIRE_REGISTRE_CLE": str(tmp_path / "coffre" / "cle")}
    for nom, valeur in {**environnement(dossier), **variables}.items():
        monkeypatch.setenv(nom, valeur)
    magasin = ouvrir()
    magasin.create(TERRITOIRES)
    with magasin.change() as contenu:
        for rang in range(56):
            expire = {"conserver_jusqu_au": date(2026, 10, 1)} if rang < 5 else {}
            contenu.add(porteur(rang, code_epci=TERRITOIRES[rang % 2], **expire))
    assert lancer("exporter_comptes", "2026-09", str(dossier / "raw" / "porteurs_mensuels"))[0] == 0
    (dossier / "raw" / "porteurs_mensuels" / "abime.csv").write_text("mois,niveau\n2026-09,epci\n")  # something to refuse

    def publier() -> None:
        fait = subprocess.run(
            [sys.executable, "-m", "pipelines"], cwd=dossier, env={**os.environ, "PYTHONPATH": str(RACINE)}, capture_output=True,
            text=True, check=False,
        )
        assert fait.returncode == 0, fait.stderr
        assert presents((fait.stdout + fait.stderr).encode()) == []

    publier()
    assert presents(lisible(dossier)) == [], "before any erasure"
    fait = purger(dossier, **variables)
    assert fait.returncode == 0 and "5 fiche(s)" in fait.stdout, fait.stderr
    assert len(magasin.read().porteurs) == 51
    assert lancer("effacer", "P000020")[0] == 0
    (dossier / "raw" / "porteurs_mensuels" / "abime.csv").unlink()
    publier()
    assert presents(lisible(tmp_path)) == [], "after erasure: the store too holds none in clear"
    with duckdb.connect(str(dossier / "warehouse" / "observatoire.duckdb"), read_only=True) as public:
        comptes = dict(public.execute("SELECT code_territoire, nombre FROM socle.porteurs_mensuels").fetchall())
    # two territories met nobody: one of the others, drawn by lot, is masked with them
    assert sorted(n for n in comptes.values() if n is not None) == [28, 56] and len(comptes) == 5
    # a detector that finds nothing must be able to find
    (dossier / "warehouse" / "etats" / "fuite.json").write_text(canari(3))
    assert presents(lisible(dossier)) == [canari(3)]


def test_une_purge_mal_reglee_echoue_en_francais_sans_rien_dire_des_fiches(magasin: Store, places: Path):
    remplir(magasin, 3)
    magasin.cle.write_bytes(Fernet.generate_key())
    fait = purger(places / "obs")
    assert fait.returncode == 1 and "n'ouvre pas ce registre" in fait.stdout + fait.stderr
    assert presents((fait.stdout + fait.stderr).encode() + octets(places / "obs")) == []
