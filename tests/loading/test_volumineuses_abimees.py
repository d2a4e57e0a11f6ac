"""Large files that are not sound: each bad record refused alone, or the file refused, and the good table kept."""

import gzip
import hashlib
import io
import re
import shutil
import zipfile
from collections import namedtuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from stdnum import luhn

from observatoire.loading import bulk
from observatoire.loading import bulk_opening as large_files
from observatoire.warehouse import ATELIER
from tests.depots import charger_source, comptes_justes, deposer, en_csv, octets, regles, rejets, table
from tests.loading.volumineuses import BON, ENTETE, SOURCE, _zip, gardees, lignes, texte
from tests.petit_sirene import siren, siret

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


def _avec_cle(rang: int) -> str:
    """Write a number of eight digits as a SIREN."""
    return f"{rang:08}{luhn.calc_check_digit(f'{rang:08}')}"


def test_les_numeros_tiennent_sur_des_centaines_de_milliers_de_lignes(entrepot):
    """Beyond what DuckDB reads in one piece, and a row group of Parquet."""
    nombre, abimees = 300_000, set(range(1000, 300_000, 40_000)) | {2, 3, 300_001}
    lourde = "3,4" * 20
    contenu = ["siren,famille juridique de l'entreprise,note"]
    contenu += [
        "x,y" if rang in abimees else f"{_avec_cle(rang)},Associations,{lourde[:3]!r}".replace("'", '"')
        for rang in range(2, nombre + 2)
    ]
    deposer(entrepot, "ess_france", "liste.csv", "\n".join(contenu))
    etat = charger_source(entrepot, "ess_france")
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    lues = pq.read_table(entrepot.path_of("socle", "ess_france"))
    assert lues.num_rows == etat.lignes_retenues == nombre - len(abimees)
    assert pc.all(pc.equal(pc.divide(pc.cast(lues["siren"], pa.int64()), 10), lues["_ligne"])).as_py()
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
