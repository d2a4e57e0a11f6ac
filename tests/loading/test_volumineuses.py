"""Sources of millions of rows: whatever the file is made of, the rows are the same, and every record is accounted for."""

import datetime
import gzip
import io

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.depots import charger_source, deposer, regles, rejets, table
from tests.loading.volumineuses import BON, ENTETE, SOURCE, _zip, gardees, lignes, texte
from tests.petit_sirene import siret

TEXTES = {
    "zip": ("s.zip", lambda t: _zip(t.encode())),
    "gz": ("s.csv.gz", lambda t: gzip.compress(t.encode())),
    "zip iso": ("s.zip", lambda t: _zip(t.encode("iso-8859-1"))),
    "iso-8859-1": ("s.csv", lambda t: t.encode("iso-8859-1")),
    "cp1252": ("s.csv", lambda t: t.replace("L'", "L’").encode("cp1252")),
    "utf-16": ("s.csv", lambda t: t.encode("utf-16")),
    "bom": ("s.csv", lambda t: t.encode("utf-8-sig")),
    "point-virgule": ("s.csv", lambda t: t.replace('"AMBÉRIEU, L\'ÉTÉ"', '"AMBÉRIEU; ÉTÉ"').replace(",", ";").encode()),
    "tabulation": ("s.tsv", lambda t: t.replace('"AMBÉRIEU, L\'ÉTÉ"', "A").replace(",", "\t").encode()),
    "crlf": ("s.csv", lambda t: t.replace("\n", "\r\n").encode()),
    "deux fins de ligne": ("s.csv", lambda t: t.replace("\n", "\r\n", 2).encode()),
    "sans fin": ("s.csv", lambda t: t.rstrip("\n").encode()),
    "en-tête en minuscules": ("s.csv", lambda t: t.replace(ENTETE, ENTETE.lower()).encode()),
    "titres": ("s.csv", lambda t: ("Stock Sirene\nau 1er octobre\n" + t).encode()),
    "tout entre guillemets": ("s.csv", lambda t: pd.read_csv(io.StringIO(t), dtype=str, na_filter=False).to_csv(index=False, quoting=1).encode()),
}  # fmt: skip


@pytest.mark.parametrize("forme", TEXTES)
def test_un_texte_donne_les_memes_lignes_quelle_que_soit_sa_forme(entrepot, attendues, forme):
    nom, ecrire = TEXTES[forme]
    deposer(entrepot, SOURCE, nom, ecrire(texte()))
    etat = charger_source(entrepot, SOURCE)
    assert (etat.etat, etat.regles) == ("a_jour", []), etat.motif
    assert gardees(entrepot) == attendues
    titres = 2 * (forme == "titres")
    assert sorted(ligne["_ligne"] for ligne in table(entrepot, SOURCE)) == [2 + titres, 3 + titres, 4 + titres]


def _colonnes(**conversions: pa.DataType) -> pa.Table:
    """Give the rows as Arrow columns, some of them converted: what a library makes of a CSV."""
    rangs = [{nom: valeur or None for nom, valeur in ligne.items()} for ligne in lignes()]
    colonnes = {nom: pa.array([rang[nom] for rang in rangs], pa.string()) for nom in BON}
    for nom, type_ in conversions.items():
        if pa.types.is_boolean(type_):
            colonnes[nom] = pa.array([None if v is None else v in ("true", "O") for v in colonnes[nom].to_pylist()])
        elif pa.types.is_date(type_):
            colonnes[nom] = pa.array([v and datetime.date.fromisoformat(v[:10]) for v in colonnes[nom].to_pylist()])
        elif pa.types.is_timestamp(type_):
            instants = [v and datetime.datetime.fromisoformat(v) for v in colonnes[nom].to_pylist()]
            colonnes[nom] = pa.array(instants, type_)
        else:
            colonnes[nom] = pc.cast(colonnes[nom], type_)
    return pa.table(colonnes)


DATES = ("dateDebut", "dateCreationEtablissement", "dateDernierTraitementEtablissement")
CODES = ("siren", "siret", "codeCommuneEtablissement", "anneeEffectifsEtablissement")
PARQUETS = {
    "textes": {},
    "entiers": dict.fromkeys(CODES, pa.int64()),
    "réels à trous": dict.fromkeys(CODES, pa.float64()),
    "dates": dict.fromkeys(DATES, pa.date32()),
    "horodatages": dict.fromkeys(DATES, pa.timestamp("us")),
    "nanosecondes": dict.fromkeys(DATES, pa.timestamp("ns")),
    "booléens": dict.fromkeys(("etablissementSiege", "caractereEmployeurEtablissement"), pa.bool_()),
    "dictionnaires": dict.fromkeys(BON, pa.dictionary(pa.int32(), pa.string())),
    "grandes chaînes": dict.fromkeys(BON, pa.large_string()),
}


@pytest.mark.parametrize("types", PARQUETS)
def test_un_parquet_donne_les_memes_lignes_quels_que_soient_ses_types(entrepot, attendues, types):
    flux = io.BytesIO()
    pq.write_table(_colonnes(**PARQUETS[types]), flux)
    deposer(entrepot, SOURCE, "StockEtablissement_utf8.parquet", flux.getvalue())
    etat = charger_source(entrepot, SOURCE)
    assert (etat.etat, etat.regles) == ("a_jour", []), etat.motif
    assert gardees(entrepot) == attendues
    assert sorted(ligne["_ligne"] for ligne in table(entrepot, SOURCE)) == [1, 2, 3]


def test_des_titres_et_des_lignes_vides_au_dessus_ne_decalent_rien(entrepot, attendues):
    deposer(entrepot, SOURCE, "s.csv", "Stock de Sirene\n\n\n" + texte())
    assert charger_source(entrepot, SOURCE).etat == "a_jour"
    assert gardees(entrepot) == attendues
    assert sorted(ligne["_ligne"] for ligne in table(entrepot, SOURCE)) == [5, 6, 7]


def test_un_trou_ecrit_nan_est_un_trou(entrepot, attendues):
    """Some libraries write a gap in whole numbers as NaN, which equals itself and converts to nothing."""
    arbre = _colonnes(**PARQUETS["réels à trous"])
    for nom in ("codeCommuneEtablissement", "anneeEffectifsEtablissement"):
        place = arbre.schema.get_field_index(nom)
        arbre = arbre.set_column(place, nom, pc.fill_null(arbre[nom], float("nan")))
    flux = io.BytesIO()
    pq.write_table(arbre, flux)
    deposer(entrepot, SOURCE, "s.parquet", flux.getvalue())
    assert charger_source(entrepot, SOURCE).etat == "a_jour"
    assert gardees(entrepot) == attendues


def test_un_booleen_ou_une_date_d_un_type_imprevu_est_dit_et_non_efface(entrepot):
    arbre = _colonnes()
    for nom, valeurs in (("etablissementSiege", [1, None, 7]), ("dateCreationEtablissement", [19541225, None, 3])):
        arbre = arbre.set_column(arbre.schema.get_field_index(nom), nom, pa.array(valeurs, pa.int64()))
    flux = io.BytesIO()
    pq.write_table(arbre, flux)
    deposer(entrepot, SOURCE, "s.parquet", flux.getvalue())
    assert charger_source(entrepot, SOURCE).etat == "a_jour"
    assert [ligne["est_siege"] for ligne in gardees(entrepot)] == [True, None, None]
    dits = {(rejet["ligne"], rejet["colonne"], rejet["valeur"], rejet["regle"]) for rejet in rejets(entrepot, SOURCE)}
    assert dits == {
        (3, "est_siege", "7", "valeur_illisible"),
        (1, "date_creation", "19541225", "valeur_illisible"),
        (3, "date_creation", "3", "valeur_illisible"),
    }


# ---- values


@pytest.mark.parametrize(
    ("ecrit", "lu"),
    [
        ("2024-01-31", datetime.date(2024, 1, 31)),
        ("2024/01/31", datetime.date(2024, 1, 31)),
        ("31/01/2024", datetime.date(2024, 1, 31)),
        ("2024-01-31T23:59:59.123Z", datetime.date(2024, 1, 31)),
        (" 2024-01-31 ", datetime.date(2024, 1, 31)),
        ("2024-1-5", datetime.date(2024, 1, 5)),
        # nothing is guessed
        *[(mots, None) for mots in ("2024", "2024-01", "24-01-05", "2024-02-30", "infinity", "epoch")],
        *[(mots, None) for mots in ("2024-01-31 / 2024-02-01", "2024-01-31 et après", "20240131")],
    ],
)
def test_une_date_se_lit_ou_se_dit_illisible(entrepot, ecrit, lu):
    deposer(entrepot, SOURCE, "s.csv", texte({**BON, "dateCreationEtablissement": ecrit}))
    assert charger_source(entrepot, SOURCE).etat == "a_jour"
    [ligne] = gardees(entrepot)
    assert ligne["date_creation"] == lu
    assert regles(entrepot, SOURCE) == ({} if lu else {("signalement", "valeur_illisible"): 1})


def test_les_mots_de_l_insee_pour_rien_sont_vides(entrepot):
    """`[ND]` and 1900-01-01, bare, followed by a time, or among blanks."""
    nuls = {
        "codeCommuneEtablissement": "[ND]",
        "dateDebut": "1900-01-01T00:00:00",
        "dateCreationEtablissement": " 1900-01-01 ",
    }
    deposer(entrepot, SOURCE, "s.csv", texte({**BON, **nuls}))
    etat = charger_source(entrepot, SOURCE)
    [ligne] = gardees(entrepot)
    assert [ligne[nom] for nom in ("code_commune_lu", "date_debut", "date_creation")] == [None, None, None]
    assert etat.regles == []


def test_c03_les_zeros_perdus_sont_rendus_et_dits(entrepot):
    """A stock that a spreadsheet has been through: SIREN, SIRET and communes have lost their zeros."""
    abimee = {**BON, "siren": "5520135", "siret": " 552013500038", "codeCommuneEtablissement": "1004"}
    # as long as a SIREN, blank included
    deposer(entrepot, SOURCE, "s.csv", texte(BON | {"siret": siret("005520135", 9)}, abimee | {"siren": " 5520135 "}))
    etat = charger_source(entrepot, SOURCE)
    assert (etat.etat, etat.lignes_retenues) == ("a_jour", 2)
    lue = gardees(entrepot)[1]
    assert (lue["siren"], lue["siret"], lue["code_commune_lu"]) == ("005520135", "00552013500038", "01004")
    dits = {rejet["colonne"]: rejet for rejet in rejets(entrepot, SOURCE)}
    assert set(dits) == {"siren", "siret", "code_commune_lu"}
    assert {(rejet["ligne"], rejet["regle"], rejet["gravite"]) for rejet in dits.values()} == {
        (3, "zeros_restitues", "signalement")
    }
    assert dits["code_commune_lu"]["valeur"] == "1004" and "restitués" in dits["siren"]["motif"]
