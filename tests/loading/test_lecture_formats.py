"""Formats other than text: archives, Parquet, workbooks, the names and the official files."""

import csv
import datetime
import gzip
import io
import re
import zipfile

import openpyxl
import openpyxl.chart
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from observatoire.conversion import convert, read_column
from observatoire.loading import records as reading
from observatoire.loading.files import files_of
from observatoire.loading.records import Lecture, read_batches
from observatoire.obstacle import Obstacle
from observatoire.schemas import DATE, EUROS, TEXTE, Colonne, Table
from tests.depots import deposer, source, subventions
from tests.donnees import lire_csv
from tests.loading.textes import ATTENDU, TABLE, ecrire, lignes, texte


def zippe(**membres: str) -> bytes:
    flux = io.BytesIO()
    with zipfile.ZipFile(flux, "w", zipfile.ZIP_DEFLATED) as archive:
        for nom, contenu in membres.items():
            archive.writestr(nom.replace("__point__", "."), contenu)
    return flux.getvalue()


@pytest.mark.parametrize("nom", ["essai.csv", "ESSAI.CSV", "essai.txt", "essai.csv.gz", "ESSAI.CSV.GZ", "essai.ZIP"])
def test_l_extension_se_lit_en_majuscules_comme_en_minuscules(tmp_path, nom):
    contenu = texte().encode()
    if nom.lower().endswith(".gz"):
        contenu = gzip.compress(contenu)
    if nom.lower().endswith(".zip"):
        contenu = zippe(essai__point__csv=texte())
    assert lignes(ecrire(tmp_path, contenu, nom)) == ATTENDU


def test_un_zip_avec_ses_metadonnees_se_lit(tmp_path):
    archive = zippe(DS_FLORES_data__point__csv=texte(), DS_FLORES_metadata__point__csv="a;b\n1;2\n")
    assert lignes(ecrire(tmp_path, archive, "flores.zip")) == ATTENDU


def test_un_zip_a_deux_fichiers_de_donnees_est_refuse_en_les_nommant(tmp_path):
    archive = zippe(un__point__csv=texte(), deux__point__csv=texte())
    with pytest.raises(Obstacle, match="un seul fichier de données, elle contient : un.csv, deux.csv"):
        lignes(ecrire(tmp_path, archive, "essai.zip"))


def en_parquet(**colonnes: pa.Array) -> bytes:
    flux = io.BytesIO()
    pq.write_table(pa.table(colonnes), flux)
    return flux.getvalue()


def en_xlsx(*rangs: tuple) -> bytes:
    flux, classeur = io.BytesIO(), openpyxl.Workbook()
    for rang in rangs:
        classeur.active.append(rang)
    classeur.save(flux)
    return flux.getvalue()


def comme_excel(classeur: bytes) -> bytes:
    """Rewrite a workbook as other programs do: seventeen digits, and no dimension, hence rows of uneven length."""
    flux = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(classeur)) as avant, zipfile.ZipFile(flux, "w") as apres:
        for nom in avant.namelist():
            contenu = re.sub(rb"<dimension [^>]*/>", b"", avant.read(nom))
            apres.writestr(nom, contenu.replace(b"<v>0.3</v>", b"<v>0.30000000000000004</v>"))
    return flux.getvalue()


COMPLETS = {
    "essai.csv.gz": gzip.compress(texte().encode() * 50),
    "essai.zip": zippe(essai__point__csv=texte() * 50),
    "essai.parquet": en_parquet(nom=pa.array(["A"] * 50), montant=pa.array(["1"] * 50)),
    "essai.xlsx": en_xlsx(("nom", "montant"), ("A", 1)),
}


@pytest.mark.parametrize("nom", COMPLETS)
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_un_fichier_tronque_est_refuse_en_francais(tmp_path, nom, part):
    contenu = COMPLETS[nom]
    assert lignes(ecrire(tmp_path, contenu, nom))
    with pytest.raises(Obstacle, match=rf"{nom} : (fichier illisible, tronqué|fichier vide)"):
        lignes(ecrire(tmp_path, contenu[: int(len(contenu) * part)], nom))


@pytest.mark.parametrize("nom", COMPLETS)
@pytest.mark.parametrize("place", [0.2, 0.5])
def test_un_fichier_abime_ne_plante_pas_et_ne_change_pas_en_silence(tmp_path, nom, place):
    contenu = bytearray(COMPLETS[nom])
    debut = int(len(contenu) * place)
    contenu[debut : debut + 8] = b"\xff\x00" * 4
    try:
        lu = lignes(ecrire(tmp_path, bytes(contenu), nom))
    except Obstacle:
        return
    assert lu == lignes(ecrire(tmp_path, COMPLETS[nom], nom))


PAGE = b"\n  <!DOCTYPE html>\n<html><body>nom;montant 503 Service Unavailable</body></html>\n"


@pytest.mark.parametrize("nom", ["essai.csv", "essai.zip", "essai.csv.gz", "essai.parquet", "essai.xlsx", "a.PARQUET"])
def test_une_page_web_enregistree_comme_un_fichier_est_refusee(tmp_path, nom):
    with pytest.raises(Obstacle, match="page web" if nom == "essai.csv" else "tronqué ou d'un autre type"):
        lignes(ecrire(tmp_path, PAGE, nom))


@pytest.mark.parametrize("contenu", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
def test_un_fichier_vide_est_refuse(tmp_path, contenu):
    with pytest.raises(Obstacle, match="fichier vide"):
        lignes(ecrire(tmp_path, contenu))


def test_un_en_tete_seul_ne_donne_aucune_ligne(tmp_path):
    assert lignes(ecrire(tmp_path, "nom;montant\n")) == []


def test_un_parquet_rend_ses_zeros_aux_codes_pris_pour_des_nombres(tmp_path):
    codes = [58801481, 24630070100017, None]
    for type_ in (pa.int64(), pa.float64()):
        chemin = ecrire(tmp_path, en_parquet(nom=pa.array(codes, type_), montant=pa.array([1, 2, 3])), "essai.parquet")
        [lot] = read_batches(chemin, TABLE, Lecture())
        assert read_column(lot["nom"], Colonne("code", TEXTE, "Code.", longueur=9))[0].fillna("").tolist() == ["058801481", "24630070100017", ""]
        assert convert(lot["nom"], TEXTE).fillna("").tolist() == ["58801481", "24630070100017", ""]
        assert lot["_ligne"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "type_", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_un_parquet_ecrit_par_pandas_polars_ou_arrow_donne_les_memes_codes(tmp_path, type_):
    codes = pa.array(["2A004", "01001", None]).cast(type_)
    chemin = ecrire(tmp_path, en_parquet(nom=codes, montant=pa.array(["1", "2", "3"])), "essai.parquet")
    [lot] = read_batches(chemin, TABLE, Lecture())
    assert read_column(lot["nom"], Colonne("code", TEXTE, "Code.", longueur=5))[0].fillna("").tolist() == ["2A004", "01001", ""]


def test_un_parquet_garde_montants_et_dates(tmp_path):
    quand = datetime.datetime(2024, 1, 31, 23, 59, tzinfo=datetime.UTC).replace(tzinfo=None)
    chemin = ecrire(
        tmp_path,
        en_parquet(
            nom=pa.array(["A", "B"]),
            montant=pa.array([12345678901.25, float("nan")]),
            dateConvention=pa.array([quand, None], pa.timestamp("us")),
        ),
        "essai.parquet",
    )
    [lot] = read_batches(chemin, TABLE, Lecture())
    assert [str(montant) for montant in convert(lot["montant_eur"], EUROS)] == ["12345678901.25", "<NA>"]
    assert [str(jour) for jour in convert(lot["date_convention"], DATE)] == ["2024-01-31", "<NA>"]


@pytest.mark.parametrize("nom", ["essai.csv", "essai.parquet", "essai.xlsx"])
def test_un_fichier_lu_en_plusieurs_lots_garde_ses_numeros(tmp_path, monkeypatch, nom):
    monkeypatch.setattr(reading, "LIGNES_PAR_LOT", 2)
    contenus = {
        "essai.csv": b"nom;montant\n" + b"A;1\n" * 5,
        "essai.parquet": en_parquet(nom=pa.array(["A"] * 5), montant=pa.array(["1"] * 5)),
        "essai.xlsx": en_xlsx(("nom", "montant"), *[("A", 1)] * 5),
    }
    premiere = 1 if nom == "essai.parquet" else 2
    assert lignes(ecrire(tmp_path, contenus[nom], nom)) == [(premiere + rang, "A", "1") for rang in range(5)]


def test_un_xlsx_donne_dates_nombres_et_lignes_comme_excel_les_montre(tmp_path):
    jour = datetime.date(2024, 1, 31)
    classeur = en_xlsx(
        ("Subventions 2024",),
        ("nom", "montant", "dateConvention"),
        ("A", 0.3, jour),
        (None, None, None),
        ("B", 15000.0),
        (12345678901234, 7500.25, datetime.datetime(2024, 1, 31, 10, 30)),  # noqa: DTZ001 — as Excel has it
    )
    chemin = ecrire(tmp_path, comme_excel(classeur), "essai.xlsx")
    lecture = Lecture()
    assert lignes(chemin, TABLE, lecture) == [(3, "A", "0.3"), (5, "B", "15000"), (6, "12345678901234", "7500.25")]
    assert lecture.malformees == []
    [lot] = read_batches(chemin, TABLE, Lecture())
    assert [str(d) for d in convert(lot["date_convention"], DATE)] == ["2024-01-31", "<NA>", "2024-01-31"]


def test_les_fichiers_en_cours_de_copie_et_les_verrous_ne_sont_pas_lus(entrepot):
    noms = ["b.CSV", "sous/a.csv"]
    ignores = ["~$c.xlsx", "d.csv.part", ".e.csv", ".cache/f.csv", "b.CSV.origine.yml", "acceptations.yml", "LISEZ.md"]
    for nom in (*noms, *ignores):
        deposer(entrepot, "subventions", nom, "" if nom.endswith("yml") else subventions(1))
    assert [fichier.nom for fichier in files_of(entrepot.settings, source("subventions"))] == noms


@pytest.mark.parametrize(
    ("nom", "millesime"),
    [
        ("StockUniteLegale_utf8_extrait_2022-04_personnes_morales.csv", "2022-04"),
        ("rna_waldec_20261001.csv", "2026-10"),
        ("2024-05-17_subventions.csv", "2024-05"),
        ("subventions_2020_2024.csv", ""),
        ("2023/subventions_2020_2024.csv", ""),
        ("2025/subventions_2024.csv", "2024"),
        ("liste-subventions-plus-23-000-euros-en-2020.csv", "2020"),
        ("2023/subventions.csv", "2023"),
        ("subventions-23000.csv", ""),
        ("StockEtablissement_utf8.csv", ""),
    ],
)
def test_le_millesime_se_lit_dans_le_nom(entrepot, nom, millesime):
    deposer(entrepot, "subventions", nom, subventions(1))
    [fichier] = files_of(entrepot.settings, source("subventions"))
    assert fichier.millesime == millesime


@pytest.mark.parametrize("chemin", ["geo/dgcl_epcicom2025_dep63.csv", "geo/insee_populations_reference_2023_dep63.csv"])
def test_les_fichiers_officiels_se_lisent_sans_perdre_une_ligne(donnees, chemin):
    fichier = donnees / chemin
    attendues = lire_csv(fichier, ";")
    premiere = next(iter(attendues[0]))
    table = Table("Essai.", (Colonne("premiere", TEXTE, "Première.", (premiere,), requise=True),))
    lecture = Lecture()
    lu = pd.concat(read_batches(fichier, table, lecture))
    assert lu["premiere"].tolist() == [ligne[premiere] for ligne in attendues]
    assert lecture.malformees == []


@pytest.mark.parametrize(
    ("nom", "colonne"),
    [
        ("int_courts_naf_rev_2.csv", "Intitulés de la  NAF rév. 2, version finale"),
        ("niv_agreg_naf_rev_2.csv", "Intitulés"),
    ],
)
def test_les_nomenclatures_de_l_insee_gardent_leur_typographie(donnees, nom, colonne):
    octets = (donnees / "nomenclatures" / nom).read_bytes()
    table = Table("Essai.", (Colonne("intitule", TEXTE, "Intitulé.", (colonne,), requise=True),))
    lu = pd.concat(read_batches(donnees / "nomenclatures" / nom, table, Lecture()))["intitule"].tolist()
    attendu = csv.DictReader(io.StringIO(octets.decode("cp1252"), newline=""), delimiter=";")
    rangs = [{(clef or "").strip(): valeur for clef, valeur in rang.items()} for rang in attendu]
    assert lu == [rang[colonne] for rang in rangs if any(rang.values())]
    assert any("\u2019" in intitule for intitule in lu)


def classeur_de(**feuilles: list[tuple]) -> bytes:
    """Build a workbook of several sheets."""
    flux, classeur = io.BytesIO(), openpyxl.Workbook()
    classeur.remove(classeur.active)
    for nom, rangs in feuilles.items():
        feuille = classeur.create_sheet(nom)
        for rang in rangs:
            feuille.append(rang)
    classeur.save(flux)
    return flux.getvalue()


def test_une_feuille_de_notes_ne_cache_pas_le_tableau(tmp_path):
    contenu = classeur_de(Notes=[("À lire",)], Données=[("nom", "montant"), ("A", 1)])
    assert lignes(ecrire(tmp_path, contenu, "essai.xlsx"), TABLE, Lecture()) == [(2, "A", "1")]


def test_deux_tableaux_dans_un_classeur_ne_se_perdent_pas_en_silence(tmp_path):
    contenu = classeur_de(**{nom: [("nom", "montant"), ("A", 1)] for nom in ("2023", "2024")})
    with pytest.raises(Obstacle, match=r"plusieurs feuilles portent un tableau \(2023, 2024\)"):
        lignes(ecrire(tmp_path, contenu, "essai.xlsx"), TABLE, Lecture())


@pytest.mark.parametrize(("dessinee", "mots"), [(False, "feuille de graphique"), (True, "aucune feuille visible")])
def test_un_classeur_fait_d_un_graphique_se_refuse_en_francais(tmp_path, dessinee, mots):
    flux, classeur = io.BytesIO(), openpyxl.Workbook()
    classeur.remove(classeur.active)
    feuille = classeur.create_chartsheet("Graphique")
    if dessinee:
        feuille.add_chart(openpyxl.chart.BarChart())
    classeur.save(flux)
    with pytest.raises(Obstacle, match=mots):
        lignes(ecrire(tmp_path, flux.getvalue(), "essai.xlsx"), TABLE, Lecture())


def test_un_fichier_sans_en_tete_ne_cite_pas_ses_donnees(tmp_path):
    """The message goes to the release and to logs that are kept: the first row may name a person."""
    with pytest.raises(Obstacle, match="aucun en-tête connu") as refus_:
        lignes(ecrire(tmp_path, b"Jeanne Exemple;12\n", "essai.csv"), TABLE, Lecture())
    assert "Jeanne" not in str(refus_.value)
