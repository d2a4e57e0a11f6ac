"""Sources of millions of rows: whatever the file is made of, the rows are the same, and every record is accounted for."""

import datetime
import gzip
import hashlib
import io
import re
import shutil
import zipfile
from collections import namedtuple
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from observatoire.loading import bulk
from observatoire.loading import bulk_opening as large_files
from observatoire.loading.bulk_values import sql_value
from observatoire.schemas import BOOLEEN, DATE, ENTIER, EUROS, TEXTE, Colonne
from observatoire.settings import Settings
from observatoire.sources import Source, sources
from observatoire.sources.states import Etat
from observatoire.warehouse import ATELIER, Entrepot
from tests.depots import charger_source, comptes_justes, deposer, en_csv, octets, regles, rejets, table
from tests.petit_sirene import siren, siret

SOURCE = "sirene_etablissements"
BON = {
    "siren": "005520135",
    "nic": "00038",
    "siret": "00552013500038",
    "statutDiffusionEtablissement": "O",
    "dateCreationEtablissement": "1954-12-25",
    "trancheEffectifsEtablissement": "01",
    "anneeEffectifsEtablissement": "2023",
    "dateDernierTraitementEtablissement": "2026-09-30T12:51:34",
    "etablissementSiege": "true",
    "libelleCommuneEtablissement": "AMBÉRIEU, L'ÉTÉ",
    "codeCommuneEtablissement": "01004",
    "dateDebut": "2010-01-01",
    "etatAdministratifEtablissement": "A",
    "activitePrincipaleEtablissement": "88.99B",
    "nomenclatureActivitePrincipaleEtablissement": "NAFRev2",
    "caractereEmployeurEtablissement": "O",
}
ENTETE = ",".join(BON)


def lignes(nombre: int = 3) -> list[dict[str, str]]:
    """Write good rows: the first has zeros on its left, the second has gaps, the third closed last year."""
    autres = [
        {**BON, "siren": siren(rang), "siret": siret(siren(rang)), "codeCommuneEtablissement": "63113"}
        for rang in range(1, nombre)
    ]
    vides = ("anneeEffectifsEtablissement", "trancheEffectifsEtablissement", "dateCreationEtablissement")
    autres[0] |= dict.fromkeys((*vides, "caractereEmployeurEtablissement", "etablissementSiege"), "")
    autres[0] |= {"codeCommuneEtablissement": "", "dateDebut": "1900-01-01", "anneeEffectifsEtablissement": ""}
    autres[1] |= {"etatAdministratifEtablissement": "F", "dateDebut": f"{datetime.date.today().year - 1}-03-31"}  # noqa: DTZ011
    return [BON, *autres]


def texte(*rangs: dict[str, str]) -> str:
    return en_csv(rangs or lignes())


def gardees(entrepot: Entrepot) -> list[dict[str, Any]]:
    """Return the rows kept, in the order of the file, without where they come from."""
    lues = sorted(table(entrepot, SOURCE), key=lambda ligne: ligne["_ligne"])
    return [{nom: valeur for nom, valeur in ligne.items() if not nom.startswith("_")} for ligne in lues]


@pytest.fixture(scope="module")
def attendues(tmp_path_factory) -> list[dict[str, Any]]:
    """Give the rows of the plain CSV."""
    entrepot = _entrepot(tmp_path_factory.mktemp("csv"))
    deposer(entrepot, SOURCE, "StockEtablissement_utf8.csv", texte())
    etat = charger_source(entrepot, SOURCE)
    assert (etat.etat, etat.lignes_retenues, etat.regles) == ("a_jour", 3, []), etat.motif
    lues = gardees(entrepot)
    assert [(ligne["siren"], ligne["code_commune_lu"], ligne["annee_effectifs"]) for ligne in lues] == [
        *(("005520135", "01004", "2023"), (siren(1), None, None), (siren(2), "63113", "2023"))
    ]
    assert [ligne["date_debut"] for ligne in lues][:2] == [datetime.date(2010, 1, 1), None]
    return lues


def _entrepot(dossier: Path) -> Entrepot:
    return Entrepot(Settings(dossier / "raw", dossier / "warehouse", "246300701"))


# ---- the same rows whatever the file is made of


def _zip(contenu: bytes) -> bytes:
    flux = io.BytesIO()
    with zipfile.ZipFile(flux, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("StockEtablissement_utf8.csv", contenu)
    return flux.getvalue()


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
        # nothing is guessed
        *[(mots, None) for mots in ("2024", "2024-01", "2024-1-5", "24-01-05", "2024-02-30", "infinity", "epoch")],
        *[(mots, None) for mots in ("2024-01-31 / 2024-02-01", "2024-01-31 et après", "20240131")],
    ],
)
def test_une_date_se_lit_ou_se_dit_illisible(entrepot, ecrit, lu):
    deposer(entrepot, SOURCE, "s.csv", texte({**BON, "dateCreationEtablissement": ecrit}))
    assert charger_source(entrepot, SOURCE).etat == "a_jour"
    [ligne] = gardees(entrepot)
    assert ligne["date_creation"] == lu
    assert regles(entrepot, SOURCE) == ({} if lu else {("signalement", "valeur_illisible"): 1})


@pytest.mark.parametrize(
    ("type_", "ecrit", "lu"),
    [
        (ENTIER, "12", 12),
        (ENTIER, "12.7", None),
        (ENTIER, "12,0", None),
        (EUROS, "1,2", Decimal("1.20")),
        (EUROS, "-7.50", Decimal("-7.50")),
        (EUROS, "1.2300", Decimal("1.23")),
        (EUROS, "1.239", None),
        (BOOLEEN, "Oui", True),
        (BOOLEEN, "peut-être", None),
        (DATE, "hier", None),
        (TEXTE, "  ", None),
    ],
)
def test_un_nombre_n_est_jamais_arrondi_en_silence(type_, ecrit, lu):
    colonne = Colonne("essai", type_, "Essai.")
    requete = f"SELECT ({sql_value(colonne, 'mot', 'VARCHAR')})::{colonne.type_sql} FROM (SELECT ? AS mot)"
    with duckdb.connect() as connexion:
        assert connexion.execute(requete, [ecrit]).fetchall() == [(lu,)]


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


# ---- records that are not sound


def _numerotees(nombre: int) -> list[dict[str, str]]:
    """Write rows whose year says on which line they are, from line 2."""
    return [
        {**BON, "siren": siren(rang), "siret": siret(siren(rang)), "anneeEffectifsEtablissement": str(rang)}
        for rang in range(2, nombre + 2)
    ]


def _abimer(*abimees: int, nombre: int = 12, comment: str = "x,y") -> str:
    entete, *rangs = en_csv(_numerotees(nombre)).splitlines()
    rangs = [comment if rang in abimees else ligne for rang, ligne in enumerate(rangs, start=2)]
    return "\n".join([entete, *rangs]) + "\n"


@pytest.mark.parametrize(
    "comment", ["x,y", "trop court", ",".join("abcdefghijklmnopqrstuvwxyz"), '"cassé"e' + ",," * 8]
)
@pytest.mark.parametrize("abimees", [(2,), (13,), (2, 3, 4), (2, 7, 13), (5, 6, 9, 10, 13), tuple(range(2, 13))])
def test_une_ligne_malformee_est_refusee_et_les_autres_gardent_leur_numero(entrepot, abimees, comment):
    deposer(entrepot, SOURCE, "s.csv", _abimer(*abimees, comment=comment))
    etat = charger_source(entrepot, SOURCE, plafond_rejets_pct=100)
    assert etat.etat == "a_jour", etat.motif
    assert [(rejet["ligne"], rejet["regle"], rejet["gravite"]) for rejet in rejets(entrepot, SOURCE)] == [
        (ligne, "structure", "refus") for ligne in abimees
    ]
    assert {rejet["ligne_complete"] for rejet in rejets(entrepot, SOURCE)} == {comment}
    assert all(ligne["annee_effectifs"] == str(ligne["_ligne"]) for ligne in table(entrepot, SOURCE))
    assert {ligne["_ligne"] for ligne in table(entrepot, SOURCE)} == set(range(2, 14)) - set(abimees)
    assert (etat.fichiers[0].lignes_lues, etat.fichiers[0].lignes_rejetees) == (12, len(abimees))


def test_les_numeros_tiennent_sur_des_centaines_de_milliers_de_lignes(entrepot):
    """Beyond what DuckDB reads in one piece, and a row group of Parquet."""
    nombre, abimees = 300_000, set(range(1000, 300_000, 40_000)) | {2, 3, 300_001}
    lourde = "3,4" * 20
    contenu = ["siren,famille juridique de l'entreprise,note"]
    contenu += [
        "x,y" if rang in abimees else f"{rang:09},Associations,{lourde[:3]!r}".replace("'", '"')
        for rang in range(2, nombre + 2)
    ]
    deposer(entrepot, "ess_france", "liste.csv", "\n".join(contenu))
    etat = charger_source(entrepot, "ess_france")
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    lues = pq.read_table(entrepot.path_of("socle", "ess_france"))
    assert lues.num_rows == etat.lignes_retenues == nombre - len(abimees)
    assert pc.all(pc.equal(pc.cast(lues["siren"], pa.int64()), lues["_ligne"])).as_py()
    assert {rejet["ligne"] for rejet in rejets(entrepot, "ess_france") if rejet["regle"] == "structure"} == abimees


def test_une_derniere_ligne_tronquee_est_refusee_et_non_completee(entrepot):
    coupe = texte(*_numerotees(30)).rstrip("\n")
    deposer(entrepot, SOURCE, "s.csv", coupe[:-15])
    etat = charger_source(entrepot, SOURCE)
    assert (etat.etat, etat.lignes_retenues) == ("a_jour", 29), etat.motif
    [rejet] = rejets(entrepot, SOURCE)
    assert (rejet["ligne"], rejet["regle"]) == (31, "structure") and "ligne coupée" in rejet["motif"]


OUVERTS = {
    "jamais refermé": lambda t: t.replace(siren(4), '"' + siren(4), 1),
    "à la dernière ligne": lambda t: t.rstrip("\n")[:-1] + '"O',
    # the quote that comes next opens another value: what lies between is not one record
    "refermé par un autre": lambda t: t.replace(siren(4), '"' + siren(4), 1).replace(siren(9), f'"{siren(9)}"', 1),
    "refermé en fin de ligne": lambda t: t.replace(siren(4), '"' + siren(4), 1).replace(",O\n", ',"O"\n'),
}


@pytest.mark.parametrize("cas", OUVERTS)
def test_un_guillemet_ouvert_refuse_le_fichier_et_garde_la_table(entrepot, cas):
    sans_guillemet = [{**ligne, "libelleCommuneEtablissement": "AMBERIEU"} for ligne in _numerotees(30)]
    deposer(entrepot, SOURCE, "s_2026-09.csv", texte(*sans_guillemet))
    assert charger_source(entrepot, SOURCE).etat == "a_jour"
    avant = octets(entrepot, SOURCE)
    deposer(entrepot, SOURCE, "s_2026-10.csv", OUVERTS[cas](texte(*sans_guillemet)))
    etat = charger_source(entrepot, SOURCE, plafond_rejets_pct=100, plancher_pct=0)
    assert etat.etat == "en_echec"
    ligne = 31 if "dernière" in cas else 4
    mots = rf"un guillemet ouvert à l'enregistrement (de la ligne )?{ligne} n'est jamais refermé"
    assert re.search(mots, etat.motif), etat.motif
    assert "Corriger cette ligne" in etat.motif
    assert octets(entrepot, SOURCE) == avant


def test_un_guillemet_qui_avale_des_megaoctets_refuse_le_fichier(entrepot):
    """Past the longest record DuckDB takes, it gives the quote up, and all it swallowed with it."""
    rang = ",".join(["x" * 30] * len(BON)) + "\n"
    ouvert = texte() + '"oups,' + rang + rang * 30_000 + ',"x"\n' + rang
    deposer(entrepot, SOURCE, "s.csv", ouvert)
    etat = charger_source(entrepot, SOURCE, plafond_rejets_pct=100)
    assert etat.etat == "en_echec" and "un guillemet ouvert à l'enregistrement 5" in etat.motif


def test_un_fichier_dont_rien_n_a_la_bonne_forme_est_refuse_sans_etre_detaille(entrepot, monkeypatch):
    monkeypatch.setattr(large_files, "MALFORMES_AU_PLUS", 10)
    deposer(entrepot, SOURCE, "s.csv", _abimer(*range(2, 13)))
    etat = charger_source(entrepot, SOURCE, plafond_rejets_pct=100)
    assert etat.etat == "en_echec"
    assert "11 enregistrements n'ont pas autant de champs que l'en-tête" in etat.motif and "à nouveau" in etat.motif


def test_une_valeur_sur_plusieurs_lignes_reste_un_enregistrement(entrepot):
    rangs = _numerotees(3)
    rangs[0]["libelleCommuneEtablissement"] = 'AMBÉRIEU\n"EN"\nBUGEY'
    deposer(entrepot, SOURCE, "s.csv", texte(*rangs))
    etat = charger_source(entrepot, SOURCE)
    assert (etat.etat, etat.lignes_retenues, etat.regles) == ("a_jour", 3, [])


# ---- files that are not what they should be


def _deux_dans_un_zip(premier: str, second: str) -> bytes:
    flux = io.BytesIO()
    with zipfile.ZipFile(flux, "w") as archive:
        archive.writestr("a.csv", premier)
        archive.writestr("b.csv", second)
    return flux.getvalue()


REFUSES = {
    "colonne requise absente": ("s.csv", texte().replace("activitePrincipale", "activite"), "« activitePrincipaleEtablissement » est absente"),
    "vide": ("s.csv", "", "fichier vide"),
    "en-tête seul": ("s.csv", ENTETE + "\n", "aucun enregistrement sous l'en-tête"),
    "page web .parquet": ("s.parquet", "<!DOCTYPE html><html>503</html>", "illisible, tronqué ou d'un autre type que « .parquet »"),
    "page web .csv": ("s.csv", "<!DOCTYPE html><html>503</html>", "page web"),
    "page web .zip": ("s.zip", "<!DOCTYPE html><html>503</html>", "illisible, tronqué ou d'un autre type que « .zip »"),
    "zip à deux fichiers": ("s.zip", _deux_dans_un_zip(texte(), "id,autre\n1,2\n"), "un seul tableau, elle contient : a.csv, b.csv"),
    "zip coupé": ("s.zip", _zip(texte(*_numerotees(500)).encode())[:2000], "illisible, tronqué"),
    "gz coupé": ("s.csv.gz", gzip.compress(texte(*_numerotees(500)).encode())[:2000], "illisible, tronqué"),
    "sans en-tête": ("s.csv", texte().split("\n", 1)[1], "aucun en-tête connu"),
}  # fmt: skip


@pytest.mark.parametrize("cas", REFUSES)
def test_un_fichier_qui_n_est_pas_le_bon_est_refuse_en_francais(entrepot, attendues, cas):
    nom, contenu, mots = REFUSES[cas]
    deposer(entrepot, SOURCE, "s_2026-01.csv", texte())
    charger_source(entrepot, SOURCE)
    deposer(entrepot, SOURCE, f"2026-10_{nom}", contenu)
    etat = charger_source(entrepot, SOURCE)
    assert etat.etat == "en_echec" and mots in etat.motif, etat.motif
    assert gardees(entrepot) == attendues
    assert not [c for c in entrepot.racine.rglob("*") if c.name.startswith(ATELIER) or c.suffix == ".part"]


@pytest.mark.parametrize("fin", ["\n", "\r\n"])
@pytest.mark.parametrize("sans_fin", [False, True])
def test_deux_morceaux_d_un_meme_tableau_sont_un_fichier(entrepot, fin, sans_fin):
    """A stock cut by its producer: the last record of a part and the first of the next stay two, and keep their numbers."""
    rangs = _numerotees(20)
    rangs[15]["anneeEffectifsEtablissement"] = "de trop,ici"
    morceaux = [
        texte(*morceau).replace('"de trop,ici"', "de trop,ici").replace("\n", fin)
        for morceau in (rangs[:10], rangs[10:])
    ]
    if sans_fin:
        morceaux[0] = morceaux[0].rstrip("\r\n")
    deposer(entrepot, SOURCE, "s.zip", _deux_dans_un_zip(*morceaux))
    etat = charger_source(entrepot, SOURCE)
    assert (etat.etat, etat.lignes_retenues, comptes_justes(etat)) == ("a_jour", 19, True), etat.motif
    assert [rejet["ligne"] for rejet in rejets(entrepot, SOURCE)] == [17]
    assert all(ligne["annee_effectifs"] == str(ligne["_ligne"]) for ligne in table(entrepot, SOURCE))


@pytest.mark.parametrize(("nom", "encodage"), [("s.zip", "utf-8"), ("s.csv.gz", "utf-8"), ("s.csv", "cp1252")])
def test_faute_de_place_sur_le_disque_rien_n_est_ouvert(entrepot, monkeypatch, nom, encodage):
    contenu = texte().encode(encodage)
    emballe = {"s.zip": _zip, "s.csv.gz": gzip.compress}.get(nom, bytes)(contenu)
    deposer(entrepot, SOURCE, nom, emballe)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 10**12, 50))
    etat = charger_source(entrepot, SOURCE)
    assert etat.etat == "en_echec"
    assert "Go libres. Libérer de la place, ou déposer le fichier Parquet, puis relancer." in etat.motif
    monkeypatch.undo()
    assert charger_source(entrepot, SOURCE).etat == "a_jour"


def test_les_colonnes_inconnues_sont_tolerees_et_rapportees(entrepot, attendues):
    rangs = [{"activitePrincipaleNAF30Etablissement": "x", **ligne, "autre chose": "y"} for ligne in lignes()]
    deposer(entrepot, SOURCE, "s.csv", texte(*rangs))
    etat = charger_source(entrepot, SOURCE)
    assert etat.fichiers[0].colonnes_inconnues == [
        "activitePrincipaleNAF30Etablissement", "nic", "libelleCommuneEtablissement", "autre chose",
    ]  # fmt: skip
    assert gardees(entrepot) == attendues


def test_un_ancien_millesime_sans_ses_colonnes_se_lit(entrepot, attendues):
    facultatives = ("nomenclatureActivitePrincipaleEtablissement", "dateCreationEtablissement", "etablissementSiege")
    deposer(
        entrepot,
        SOURCE,
        "s.csv",
        texte(*({n: v for n, v in ligne.items() if n not in facultatives} for ligne in lignes())),
    )
    assert charger_source(entrepot, SOURCE).etat == "a_jour"
    manquantes = dict.fromkeys(("nomenclature_activite", "date_creation", "est_siege"))
    assert gardees(entrepot) == [{**ligne, **manquantes} for ligne in attendues]


def test_ce_qu_une_execution_tuee_laisse_est_balaye(entrepot):
    """An unpacked stock takes gigabytes: it does not outlive the run that was killed over it."""
    reste = entrepot.racine / f"{ATELIER}abandonne" / "StockEtablissement_utf8.ouvert"
    reste.parent.mkdir(parents=True)
    reste.write_text(texte(), encoding="utf-8")
    with entrepot.lock("essai"):
        assert not reste.parent.exists()


# ---- rows repeated


def test_deux_periodes_sans_date_de_debut_sont_la_meme(entrepot):
    """A null does not stop a key from being repeated."""
    periode = {"siret": siret(siren(1)), "dateDebut": "1900-01-01", "dateFin": "2014-12-31",
               "etatAdministratifEtablissement": "A", "caractereEmployeurEtablissement": "O"}  # fmt: skip
    deposer(entrepot, "sirene_historique", "h.csv", en_csv([periode, {**periode, "dateFin": "2015-12-31"}]))
    etat = charger_source(entrepot, "sirene_historique", plafond_rejets_pct=100)
    assert etat.lignes_retenues == 1 and comptes_justes(etat)
    assert regles(entrepot, "sirene_historique") == {("refus", "cle_en_double"): 1}
    assert [ligne["_ligne"] for ligne in table(entrepot, "sirene_historique")] == [2]


# ---- C21: a stock older than what is there


def test_c21_un_stock_plus_ancien_ne_remplace_pas_un_plus_recent(entrepot):
    """The file of September, downloaded again in November under another name, after that of October."""

    def stock(jour: str) -> str:
        return texte(
            *({**ligne, "dateDernierTraitementEtablissement": f"{jour}T10:00:00"} for ligne in _numerotees(10))
        )

    recent = deposer(entrepot, SOURCE, "StockEtablissement_utf8.csv", stock("2026-09-30"))
    etat = charger_source(entrepot, SOURCE)
    assert (etat.etat, etat.jusqu_au) == ("a_jour", "2026-09-30")
    avant = octets(entrepot, SOURCE)
    recent.write_text(stock("2026-08-31"), encoding="utf-8")
    etat = charger_source(entrepot, SOURCE)
    assert (etat.etat, etat.jusqu_au, etat.lignes_retenues) == ("en_echec", "2026-09-30", 10)
    assert "ce fichier s'arrête au 2026-08-31, les données en place au 2026-09-30" in etat.motif
    assert "acceptations.yml" in etat.motif, "une personne peut en décider autrement"
    assert octets(entrepot, SOURCE) == avant
    recent.write_text(stock("2026-10-31"), encoding="utf-8")
    assert (charger_source(entrepot, SOURCE).etat, octets(entrepot, SOURCE) == avant) == ("a_jour", False)


def test_c21_un_stock_plus_ancien_et_accepte_remplace(entrepot):
    deposer(entrepot, SOURCE, "s.csv", texte(BON))
    charger_source(entrepot, SOURCE)
    ancien = texte({**BON, "dateDernierTraitementEtablissement": "2026-01-31T00:00:00"})
    deposer(entrepot, SOURCE, "s.csv", ancien)
    etat = charger_source(entrepot, SOURCE)
    assert etat.etat == "en_echec"
    empreinte = hashlib.sha256(ancien.encode()).hexdigest()
    deposer(entrepot, SOURCE, "acceptations.yml", f"- sha256: {empreinte}\n  raison: octobre était corrompu\n")
    etat = charger_source(entrepot, SOURCE)
    assert (etat.etat, etat.jusqu_au) == ("a_jour", "2026-01-31")


def test_une_ligne_perdue_par_le_programme_refuse_la_source_et_garde_la_table(entrepot, monkeypatch):
    """The counts are not deduced from each other: a query that lost rows would be seen."""
    deposer(entrepot, SOURCE, "s.csv", texte())
    assert charger_source(entrepot, SOURCE).etat == "a_jour"
    avant = octets(entrepot, SOURCE)
    copier = bulk.copy_query
    monkeypatch.setattr(bulk, "copy_query", lambda c, requete, *reste: copier(c, f"FROM ({requete}) LIMIT 2", *reste))
    deposer(entrepot, SOURCE, "s.csv", texte(*lignes(), {**BON, "siret": siret(BON["siren"], 77)}))
    etat = charger_source(entrepot, SOURCE, plancher_pct=0)
    assert (etat.etat, "LignesPerdues" in etat.motif) == ("en_echec", True), etat.motif
    assert octets(entrepot, SOURCE) == avant


# ---- both ways of reading say the same


def _hors_champ(self: Source, rangs: pd.DataFrame) -> pd.Series:
    """Say in Python what `HORS_CHAMP` says in SQL."""
    (sans_salarie, _), (sans_date, _), (anciens, _) = sources()[SOURCE].hors_champ_sql
    ferme = rangs["etat_administratif"] == "F"
    employeur = rangs["est_employeur"].fillna(False)
    annees = pd.Series([0 if pd.isna(jour) else jour.year for jour in rangs["date_debut"]], index=rangs.index)
    aucune = pd.Series(None, index=rangs.index, dtype="str")
    vieux = aucune.mask((ferme & (annees < datetime.date.today().year - 10)).fillna(False).astype(bool), anciens)  # noqa: DTZ011
    vieux = vieux.mask((ferme & rangs["date_debut"].isna()).fillna(False).astype(bool), sans_date)
    return vieux.mask((ferme & ~employeur).fillna(False).astype(bool), sans_salarie)


VALEURS = {
    "siren": [BON["siren"], "5520135", " 5520135 ", siren(1), "123456789", "", "  ", "abc", "0005520135"],
    "siret": [BON["siret"], "552013500038", siret(siren(1)), siret(siren(2)), "", "12345678901234", "3.8E+13"],
    "statutDiffusionEtablissement": ["O", "P", "N", "", "X", " O "],
    "dateCreationEtablissement": ["2024-01-31", "31/01/2024", "1900-01-01", "", "hier", "2024-02-30", "2024-1-5"],
    "trancheEffectifsEtablissement": ["01", "NN", "", "1", "99"],
    "anneeEffectifsEtablissement": ["2023", "", " 2023"],
    "etablissementSiege": ["true", "false", "", "Oui", "?"],
    "codeCommuneEtablissement": ["63113", "1004", "[ND]", "", "ABCDE", "2A004", "631"],
    "etatAdministratifEtablissement": ["A", "A", "A", "F", "F", "", "C"],
    "dateDebut": ["2010-01-01", "2025-03-31", "1900-01-01", "", "2025-13-01"],
    "activitePrincipaleEtablissement": ["88.99B", "85.3K", ""],
    "nomenclatureActivitePrincipaleEtablissement": ["NAFRev2", "NAF25", "NAP", ""],
    "caractereEmployeurEtablissement": ["O", "N", "", "?"],
    "dateDernierTraitementEtablissement": ["2026-09-30T12:51:34", "", "2026-09-30 / 2026-10-01"],
    "libelleCommuneEtablissement": ["AMBÉRIEU, L'ÉTÉ", 'dit "LE BOURG"', "A;B", "€"],
}
LIGNE_AU_HASARD = st.fixed_dictionaries(
    {**{nom: st.just(valeur) for nom, valeur in BON.items()}, **{nom: st.sampled_from(v) for nom, v in VALEURS.items()}}
)
MALFORMEE = st.sampled_from(["x,y", "seul", ",".join("abcdefghijklmnopqrstuvwxyz")])


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rangs=st.lists(LIGNE_AU_HASARD | LIGNE_AU_HASARD | LIGNE_AU_HASARD | MALFORMEE, min_size=1, max_size=15),
    encodage=st.sampled_from(["utf-8", "cp1252"]),
    fin=st.sampled_from(["\n", "\r\n"]),
)
@example(rangs=[BON, "x,y", BON, {**BON, "siret": ""}, "seul"], encodage="utf-8", fin="\n")
@example(
    rangs=[{**BON, "caractereEmployeurEtablissement": "?", "etatAdministratifEtablissement": "F"}],
    encodage="utf-8",
    fin="\n",
)
def test_les_deux_chemins_gardent_et_refusent_les_memes_lignes(tmp_path_factory, rangs, encodage, fin):
    contenu = [ENTETE, *(r if isinstance(r, str) else en_csv([r]).splitlines()[1] for r in rangs)]
    charges: list[tuple[Etat, list[Any], set[Any]]] = []
    for volumineuse in (True, False):
        entrepot = _entrepot(tmp_path_factory.mktemp("chemin"))
        deposer(entrepot, SOURCE, "s.csv", (fin.join(contenu) + fin).encode(encodage))
        with pytest.MonkeyPatch.context() as remplacements:
            remplacements.setattr(Source, "hors_champ", _hors_champ)
            etat = charger_source(entrepot, SOURCE, volumineuse=volumineuse, plafond_rejets_pct=100)
        assert etat.etat == "a_jour", etat.motif
        assert comptes_justes(etat) and etat.lignes_retenues == len(table(entrepot, SOURCE))
        assert etat.fichiers[0].lignes_lues == len(rangs)
        dits = {tuple(r[nom] for nom in ("ligne", "colonne", "regle", "gravite")) for r in rejets(entrepot, SOURCE)}
        assert len(dits) == len(rejets(entrepot, SOURCE)), "chaque raison est dite une fois"
        charges.append((etat, sorted(table(entrepot, SOURCE), key=lambda ligne: ligne["_ligne"]), dits))
    (bulk_dit, bulk_garde, bulk_rejette), (python_dit, python_garde, python_rejette) = charges
    assert bulk_garde == python_garde
    assert bulk_rejette == python_rejette
    assert bulk_dit.fichiers[0].motifs_hors_champ == python_dit.fichiers[0].motifs_hors_champ
    assert bulk_dit.fichiers == python_dit.fichiers


def test_toute_source_volumineuse_a_des_regles_de_champ_en_sql():
    volumineuses = [source for source in sources().values() if source.volumineuse]
    assert SOURCE in {source.nom for source in volumineuses}
    for source in volumineuses:
        assert not hasattr(source.module, "preparer") and not hasattr(source.module, "hors_champ"), source.nom
