"""The workbook, read back by another library: its values are those of the database, and its texts stay texts."""

import zipfile
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.publication.public_tables import public_tables
from observatoire.publication.sheets import LONGUEUR, Classeur, sheet_name
from observatoire.publication.workbook import FICHIER, write_workbook

EPCI = "246300701"
DE_SERVICE = ("Sommaire", "Définitions", "Déclarations", "Sources", "Notes")
HOSTILES = [
    '=HYPERLINK("http://exemple.invalid";"cliquer")',
    "@SUM(1+1)",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "<script>alert(1)</script>",
    "<r><t>texte</t></r>",
    "\u202egnp.exe\u200b\u2066caché\u2069",
    "http://exemple.invalid/",
    "mailto:personne@exemple.invalid",
    "0123",
    "1e5",
    "_x0041_",
    "L" * 10_000,
    "{=1+1}",
]


@pytest.fixture(scope="module")
def lu(publie: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(publie / "warehouse" / "portrait" / "donnees" / FICHIER)


@pytest.fixture
def public(publie: Path):
    with duckdb.connect(str(publie / "warehouse" / "observatoire.duckdb"), read_only=True) as connexion:
        yield connexion


def lignes(feuille) -> list[dict[str, Any]]:
    entetes = [cellule.value for cellule in feuille[3]]
    return [
        dict(zip(entetes, [cellule.value for cellule in ligne], strict=True)) for ligne in feuille.iter_rows(min_row=4)
    ]


def liens(feuille) -> list:
    return [cellule.hyperlink for ligne in feuille.iter_rows() for cellule in ligne if cellule.hyperlink]


def des_themes(classeur: openpyxl.Workbook) -> list:
    return [feuille for feuille in classeur if feuille.title not in DE_SERVICE]


def test_chaque_valeur_est_celle_de_la_base(lu, public):
    attendues = public.execute("""
        WITH communes AS (SELECT code_territoire AS code FROM referentiels.appartenances
                          WHERE niveau = 'commune' AND niveau_parent = 'epci' AND code_parent = '246300701')
        SELECT titre, v.code_territoire, v.periode, v.valeur, v.borne_basse, v.borne_haute, v.unite, v.numerateur,
               v.denominateur, v.periode_denominateur
        FROM indicateurs.valeurs v JOIN indicateurs.catalogue USING (indicateur)
        WHERE niveau = 'epci' AND code_territoire = '246300701' OR niveau = 'commune' AND code_territoire IN (FROM communes)
           OR (niveau, code_territoire) IN (('departement', '63'), ('region', '84'), ('france', 'FR'))""").fetchall()
    ecrites = []
    for feuille in des_themes(lu):
        for ligne in lignes(feuille):
            valeurs = {nom: v for nom, v in ligne.items() if nom.startswith("Valeur (") and v is not None}
            assert set(valeurs) <= {f"Valeur ({ligne['Unité de la ligne']})"}
            ecrites.append(
                (
                    ligne["Indicateur"],
                    ligne["Code"],
                    ligne["Période"],
                    next(iter(valeurs.values()), None),
                    *(ligne[f"Borne {cote} (unité de la ligne)"] for cote in ("basse", "haute")),
                    ligne["Unité de la ligne"],
                    ligne["Numérateur exact"],
                    ligne["Dénominateur exact"],
                    ligne["Période du dénominateur"],
                )
            )
    def tenus(ligne: tuple) -> tuple:
        """Say of a row what cells hold of it: 16 significant digits."""
        return tuple(float(f"{v:.16G}") if isinstance(v, int | float | Decimal) else v for v in ligne)

    assert Counter(map(tenus, ecrites)) == Counter(map(tenus, attendues))
    assert len(ecrites) > 1000


def test_les_montants_sont_exacts_au_centime(lu, public):
    attendus = public.execute("""
        SELECT titre, numerateur FROM indicateurs.valeurs JOIN indicateurs.catalogue c USING (indicateur)
        WHERE c.unite = '€' AND niveau = 'epci' AND code_territoire = '246300701' AND numerateur IS NOT NULL""").fetchall()
    ecrits = [
        (ligne["Indicateur"], Decimal(repr(ligne["Numérateur exact"])).quantize(Decimal("0.01")))
        for feuille in des_themes(lu)
        for ligne in lignes(feuille)
        if ligne["Unité de la ligne"] == "€" and ligne["Code"] == EPCI and ligne["Numérateur exact"] is not None
    ]
    assert attendus and Counter(ecrits) == Counter(
        (titre, montant.quantize(Decimal("0.01"))) for titre, montant in attendus
    )


def test_les_feuilles_se_filtrent_se_figent_et_disent_leurs_unites(lu, public):
    themes = public.execute("SELECT DISTINCT theme FROM indicateurs.catalogue").fetchall()
    assert len(des_themes(lu)) == len(themes) and lu.sheetnames[0] == "Sommaire"
    for feuille in lu:
        if feuille.title in ("Sommaire", "Notes"):
            continue
        assert feuille.freeze_panes == "B4" and feuille.auto_filter.ref.startswith("A3:")
        assert feuille.print_title_rows == "$3:$3"
        assert any(cellule.comment for cellule in feuille[3]), feuille.title
    for feuille in des_themes(lu):
        assert all("(" in c.value for c in feuille[3] if c.value.startswith(("Valeur", "Borne")))
    cibles = {lien.location for lien in liens(lu["Sommaire"])}
    assert {cible.split("!")[0].strip("'") for cible in cibles} == set(lu.sheetnames) - {"Sommaire"}


def test_la_demonstration_est_dite_partout(lu):
    for feuille in lu:
        assert feuille["A1"].value.startswith("DÉMONSTRATION") and feuille.sheet_properties.tabColor.rgb == "FFA14A00"
        assert "DÉMONSTRATION" in feuille.oddHeader.center.text
    assert any(ligne["Nature"] == "DÉMONSTRATION" for feuille in des_themes(lu) for ligne in lignes(feuille))


def test_declarations_verdicts_et_sources_y_sont(lu, public):
    verdicts = lignes(lu["Déclarations"])
    assert verdicts and all(ligne["Verdict"] for ligne in verdicts)
    assert isinstance(next(ligne["Date"] for ligne in verdicts if ligne["Date"]), datetime | date)
    codes = [ligne["Grandeur"] for ligne in verdicts if "_" in ligne["Grandeur"] or "_" in ligne["Document"]]
    assert codes == [], "des noms que l'on lit"
    ((nombre, lues),) = public.execute("SELECT count(*), sum(lignes_lues) FROM qualite.sources").fetchall()
    sources = lignes(lu["Sources"])
    assert len(sources) == nombre and sum(ligne["Lignes lues (nombre)"] for ligne in sources) == lues


def base_hostile(chemin: Path, textes: list[str], nature: str = "reelle") -> Path:
    """Make a public file whose every free text is hostile; a theme and a territory are no exception."""
    with duckdb.connect(str(chemin)) as connexion:
        for publique in public_tables():
            colonnes = ", ".join(f"{c.nom} {c.type_sql}" for c in publique.table.colonnes)
            connexion.execute(f"CREATE SCHEMA IF NOT EXISTS {publique.schema}")
            connexion.execute(f"CREATE TABLE {publique.schema}.{publique.nom} ({colonnes})")

        def inserer(table: str, ligne: dict[str, Any]) -> None:
            noms, marques = ", ".join(ligne), ", ".join("?" * len(ligne))
            connexion.execute(f"INSERT INTO {table} ({noms}) VALUES ({marques})", list(ligne.values()))

        release = {"release": "r1", "contrat": 1, "cree_le": "2026-11-26 10:00:00", "nature": nature}
        inserer("meta.release", release | {"territoire": EPCI})
        inserer(
            "referentiels.territoires", {"niveau": "epci", "code_territoire": EPCI, "libelle": "=1+1 & <r>l'EPCI</r>"}
        )
        for rang, texte in enumerate(textes):
            inserer(
                "indicateurs.catalogue",
                {
                    "indicateur": f"i{rang}",
                    "titre": texte,
                    "theme": texte[:40],
                    "unite": texte[:20],
                    "definition": texte,
                    "sources": texte,
                    "licence": texte,
                    "decimales": 0,
                    "nature": nature,
                    "est_derive": False,
                },
            )
            inserer(
                "indicateurs.valeurs",
                {
                    "indicateur": f"i{rang}",
                    "niveau": "epci",
                    "code_territoire": EPCI,
                    "libelle_territoire": texte,
                    "periode": "2024",
                    "axe": "total",
                    "modalite": texte,
                    "valeur": 1.5,
                    "unite": texte[:20],
                    "statut_observation": "A",
                    "statut_confidentialite": "F",
                    "nature": nature,
                },
            )
            inserer(
                "qualite.declarations",
                {
                    "document": texte,
                    "citation": texte,
                    "grandeur": texte,
                    "niveau": "epci",
                    "code_territoire": EPCI,
                    "periode": "2024",
                    "verdict": texte,
                    "explication": texte,
                    "nature": nature,
                },
            )
            inserer("qualite.sources", {"source": f"s{rang}", "titre": texte, "fichier": texte, "motif": texte})
    return chemin


def test_un_contenu_hostile_reste_du_texte(tmp_path: Path):
    write_workbook(base_hostile(tmp_path / "base.duckdb", HOSTILES), tmp_path, EPCI)
    classeur = openpyxl.load_workbook(tmp_path / FICHIER)
    cellules = [cellule for feuille in classeur for ligne in feuille.iter_rows() for cellule in ligne if cellule.value]
    assert {cellule.data_type for cellule in cellules} <= {"s", "n", "inlineStr"}
    textes = {cellule.value for cellule in cellules if isinstance(cellule.value, str)}
    # openpyxl leaves the escapes of the format as they are written; the mark the library takes for its own is moved
    attendus = {texte.replace("_x0041_", "_x005F_x0041_") for texte in HOSTILES if not texte.startswith("<r>")}
    assert attendus <= textes and " <r><t>texte</t></r>" in textes
    with zipfile.ZipFile(tmp_path / FICHIER) as archive:
        for nom in archive.namelist():
            contenu = archive.read(nom).decode("utf-8", errors="ignore")
            assert "<f>" not in contenu and "TargetMode=\"External\"" not in contenu, nom
            assert "<t>texte</t></r>" not in contenu, nom
    for feuille in classeur:
        assert all(lien.location and not lien.target for lien in liens(feuille))


def test_ce_qui_ne_tient_pas_dans_une_cellule_est_coupe_et_dit(tmp_path: Path):
    textes = ["é" * 40_000, "😀" * 20_000, "a\x00b\x07\ufffe", "x" * LONGUEUR]
    write_workbook(base_hostile(tmp_path / "base.duckdb", textes), tmp_path, EPCI)
    classeur = openpyxl.load_workbook(tmp_path / FICHIER)
    titres = [ligne["Indicateur"] for ligne in lignes(classeur["Définitions"])]
    assert all(len(titre.encode("utf-16-le")) <= 2 * LONGUEUR for titre in titres)
    coupes = [titre for titre in titres if titre.endswith("il est entier dans les fichiers CSV)")]
    assert len(coupes) == 2 and "a\ufffdb\ufffd\ufffd" in titres and "x" * LONGUEUR in titres
    (dit,) = [ligne[1].value for ligne in classeur["Notes"].iter_rows() if ligne[0].value == "Textes adaptés"]
    assert not dit.startswith("0 coupés")


def test_une_publication_reelle_ne_crie_pas_a_la_demonstration(tmp_path: Path):
    write_workbook(base_hostile(tmp_path / "base.duckdb", ["emploi"]), tmp_path, EPCI)
    classeur = openpyxl.load_workbook(tmp_path / FICHIER)
    dits = {str(c.value) for feuille in classeur for ligne in feuille.iter_rows() for c in ligne}
    assert not [dit for dit in dits if "DÉMONSTRATION" in dit]
    assert all(feuille.sheet_properties.tabColor is None for feuille in classeur)


def test_un_territoire_inconnu_donne_un_classeur_sans_valeur(tmp_path: Path):
    write_workbook(base_hostile(tmp_path / "base.duckdb", ["emploi"]), tmp_path, "000000000")
    classeur = openpyxl.load_workbook(tmp_path / FICHIER)
    assert [lignes(feuille) for feuille in des_themes(classeur)] == [[]]


@given(st.lists(st.text(max_size=60), max_size=12))
def test_les_noms_de_feuilles_sont_toujours_acceptes(titres: list[str]):
    pris: list[str] = []
    for titre in titres:
        nom = sheet_name(titre, pris)
        assert 0 < len(nom.encode("utf-16-le")) <= 62 and not set("[]:*?/\\") & set(nom) and nom.strip("'") == nom
        assert nom.casefold() not in {autre.casefold() for autre in pris}
        pris.append(nom)


@given(st.text())
def test_un_texte_ecrit_se_relit(tmp_path_factory, texte: str):
    chemin = tmp_path_factory.mktemp("texte") / "c.xlsx"
    classeur = Classeur(chemin, "reelle", "pied", datetime.fromisoformat("2026-11-26"))
    feuille, _ = classeur.sheet("Textes")
    classeur.text(feuille, 0, 0, texte)
    attendu = classeur.clean(texte)
    classeur.close()
    cellule = openpyxl.load_workbook(chemin)["Textes"]["A1"]
    assert cellule.data_type != "f"
    assert (cellule.value or "").replace("_x005F_", "_") == attendu.replace("_x005F_", "_")
