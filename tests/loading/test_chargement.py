"""Loading a source: the last good table is never lost, nothing is silent, and people accept what only people can."""

import datetime
import hashlib
import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from observatoire.loading import batches, ingestion
from observatoire.loading.files import unread_files
from observatoire.settings import Settings
from observatoire.sources import Couverture, sources
from observatoire.sources.states import Etat, state_of
from observatoire.warehouse import Entrepot
from tests.depots import (
    SUBVENTION,
    charger_source,
    comptes_justes,
    deposer,
    en_csv,
    octets,
    regles,
    rejets,
    source,
    subventions,
    table,
)

ANNEE = "subventions_2024.csv"


@pytest.fixture(scope="module")
def charge_une_fois(tmp_path_factory) -> tuple[Path, Etat]:
    """Load twenty good grants, once."""
    dossier = tmp_path_factory.mktemp("bon")
    entrepot = Entrepot(Settings(raw=dossier / "raw", warehouse=dossier / "warehouse", territoire="246300701"))
    deposer(entrepot, "subventions", ANNEE, subventions(20))
    return dossier, charger_source(entrepot, "subventions")


@pytest.fixture
def bon(entrepot, charge_une_fois) -> Etat:
    """Give the warehouse a copy of that good load."""
    dossier, etat = charge_une_fois
    assert (etat.etat, etat.lignes_retenues) == ("a_jour", 20)
    for nom in ("raw", "warehouse"):
        shutil.copytree(dossier / nom, entrepot.racine.parent / nom)
    return etat


def accepter(entrepot, contenu: str | bytes, raison: str = "arrêt du dispositif, confirmé par le service") -> None:
    brut = contenu if isinstance(contenu, bytes) else contenu.encode()
    entree = f"- sha256: {hashlib.sha256(brut).hexdigest()}\n  raison: {raison}\n"
    deposer(entrepot, "subventions", "acceptations.yml", entree)


# what breaks, and the words that say so
PANNES = {
    "colonne absente": (ANNEE, subventions(20).replace("montant", "pour chacun"), "« montant » est absente"),
    "fichier vide": (ANNEE, "", "fichier vide"),
    "en-tête seul": (ANNEE, subventions(1).split("\n")[0], "aucun enregistrement"),
    "page web": (ANNEE, "<html>503</html>", "page web"),
    "fichier tronqué": ("subventions_2025.csv.gz", b"\x1f\x8b\x08\x00", "illisible, tronqué"),
    "plafond de refus": (ANNEE, subventions(20).replace(",30000", ",7M€", 2), "2 lignes refusées sur 20, au-delà du plafond de 5 % ; surtout dans"),
    "plancher de lignes": (ANNEE, subventions(17), "17 lignes retenues, 20 au dernier chargement"),
    "acceptations illisibles": ("acceptations.yml", "- [", "acceptations.yml est illisible (ligne 2, ce n'est pas du YAML)"),
    "acceptations d'une autre écriture": ("acceptations.yml", b"\xe9", "ce n'est pas du texte en UTF-8"),
    "acceptations sans liste": ("acceptations.yml", "sha256: abc", "attendu : une liste de {sha256, raison}"),
    "acceptation sans raison": ("acceptations.yml", f"- sha256: {'a' * 64}\n  raison: ' '\n", "acceptations.yml : entrée 1.raison : rien n'y est écrit"),
    "origine illisible": (f"{ANNEE}.origine.yml", "a: [", "origine.yml est illisible"),
    "origine sans entrées": (f"{ANNEE}.origine.yml", "une phrase", "origine.yml : « une phrase » n'est pas permis ; attendu : {producteur, jeu, url"),
    "date impossible": (f"{ANNEE}.origine.yml", "obtenu_le: '2026-13-01'", "obtenu_le : « 2026-13-01 » n'est pas une date comme"),
    "nature inconnue": (f"{ANNEE}.origine.yml", "nature: demo", "nature : « demo » n'est pas permis"),
    "code sans guillemets": (f"{ANNEE}.origine.yml", "couverture: {niveau: departement, codes: [63]}", "entre guillemets"),
    "origine mal épelée": (f"{ANNEE}.origine.yml", "millésime: 2024", "Écrire « millesime » ?"),
    "origine deux fois": (f"{ANNEE}.origine.yml", "licence: a\nlicence: b", "« licence » est écrite deux fois (lignes 1 et 2)"),
    "acceptation mal épelée": ("acceptations.yml", "- sha256: abc\n  raisons: r\n", "Écrire « raison » ?"),
    "origine mal nommée": (f"{ANNEE}.origin.yml", "nature: demonstration", "n'est l'origine d'aucun fichier"),
    "origine d'une autre extension": (f"{ANNEE}.origine.yaml", "nature: demonstration", "Écrire « "),
    "origine sans extension de son fichier": ("2024.origine.yml", "nature: demonstration", "n'est l'origine d'aucun fichier"),
    "empreinte tronquée": ("acceptations.yml", "- sha256: abc\n  raison: r\n", "attendu : les 64 caractères"),
    "couverture sans codes": (f"{ANNEE}.origine.yml", "couverture: {niveau: epci}", "couverture.codes : absent"),
}


@pytest.mark.parametrize("panne", PANNES)
def test_une_panne_garde_la_derniere_bonne_table_puis_se_repare(entrepot, bon, panne):
    fichier, contenu, mots = PANNES[panne]
    avant = octets(entrepot, "subventions")
    abime = deposer(entrepot, "subventions", fichier, contenu)
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "en_echec"
    assert mots in etat.motif
    assert octets(entrepot, "subventions") == avant
    assert (etat.version, etat.charge_le, etat.fichiers) == (bon.version, bon.charge_le, bon.fichiers)
    assert state_of(entrepot, sources()["subventions"]) == etat
    assert not list(entrepot.racine.rglob("*.part"))

    abime.unlink()
    deposer(entrepot, "subventions", ANNEE, subventions(20))
    repare = charger_source(entrepot, "subventions")
    assert (repare.etat, repare.motif, repare.depuis, repare.lignes_retenues) == ("a_jour", "", None, 20)
    assert not (entrepot.racine / "rejets" / "subventions.en_echec.parquet").exists()


def test_un_fichier_disparu_garde_la_derniere_bonne_table(entrepot, bon):
    avant = octets(entrepot, "subventions")
    (entrepot.settings.raw / "subventions" / ANNEE).unlink()
    etat = charger_source(entrepot, "subventions")
    assert (etat.etat, etat.lignes_retenues) == ("en_echec", 20)
    assert "raw/subventions ne contient plus de fichier" in etat.motif
    assert octets(entrepot, "subventions") == avant


def test_un_fichier_d_un_format_non_lu_est_nomme_et_ne_passe_pas_pour_une_absence(entrepot):
    deposer(entrepot, "subventions", "subventions 2024.pdf", b"PK")
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "en_echec"
    assert "subventions 2024.pdf" in etat.motif and "Enregistrer en CSV (UTF-8) ou en XLSX" in etat.motif
    deposer(entrepot, "subventions", ANNEE, subventions(20))
    assert charger_source(entrepot, "subventions").etat == "a_jour", "beside a good file, it is only said"
    assert unread_files(entrepot.settings, source("subventions")) == ["subventions 2024.pdf"]


def test_l_echec_date_du_premier_et_non_du_dernier(entrepot, bon, monkeypatch):
    deposer(entrepot, "subventions", ANNEE, "")
    for heure in ("2026-11-01T00:00:00", "2026-11-02T00:00:00"):
        monkeypatch.setattr(ingestion, "utc_now", lambda heure=heure: heure)
        etat = charger_source(entrepot, "subventions")
    assert etat.depuis == "2026-11-01T00:00:00"


def test_des_lignes_refusees_en_trop_se_lisent_quand_meme(entrepot, bon):
    deposer(entrepot, "subventions", ANNEE, PANNES["plafond de refus"][1])
    etat = charger_source(entrepot, "subventions")
    assert {(regle["regle"], regle["gravite"]) for regle in etat.regles} == {("valeur_illisible", "refus")}
    refuses = pq.read_table(entrepot.racine / "rejets" / "subventions.en_echec.parquet").to_pylist()
    assert {rejet["regle"] for rejet in refuses} == {"valeur_illisible"}
    assert rejets(entrepot, "subventions") == []


def test_une_baisse_acceptee_avec_sa_raison_passe(entrepot, bon):
    petit = subventions(3)
    deposer(entrepot, "subventions", ANNEE, petit)
    assert charger_source(entrepot, "subventions").etat == "en_echec"
    accepter(entrepot, petit)
    etat = charger_source(entrepot, "subventions")
    assert (etat.etat, etat.lignes_retenues) == ("a_jour", 3)


def test_accepter_un_fichier_n_en_accepte_pas_un_autre(entrepot, bon):
    accepter(entrepot, subventions(3))
    deposer(entrepot, "subventions", ANNEE, subventions(4))
    assert charger_source(entrepot, "subventions").etat == "en_echec"


def test_seul_le_fichier_nouveau_est_a_accepter(entrepot):
    deposer(entrepot, "subventions", "subventions_2023.csv", subventions(5, dateConvention="2023-05-01"))
    deposer(entrepot, "subventions", ANNEE, subventions(20))
    charger_source(entrepot, "subventions")
    petit = subventions(1)
    deposer(entrepot, "subventions", ANNEE, petit)
    accepter(entrepot, petit)
    etat = charger_source(entrepot, "subventions")
    assert (etat.etat, etat.lignes_retenues) == ("a_jour", 6)


def test_un_fichier_retire_n_est_pas_accepte_d_office(entrepot):
    deposer(entrepot, "subventions", "subventions_2023.csv", subventions(5, dateConvention="2023-05-01"))
    retire = deposer(entrepot, "subventions", ANNEE, subventions(20))
    charger_source(entrepot, "subventions")
    retire.unlink()
    assert charger_source(entrepot, "subventions").etat == "en_echec"


def test_un_premier_chargement_rate_laisse_une_table_vide_et_typee(entrepot):
    deposer(entrepot, "subventions", ANNEE, "")
    etat = charger_source(entrepot, "subventions")
    assert (etat.etat, etat.couverture, etat.charge_le) == ("en_echec", "aucune", None)
    assert table(entrepot, "subventions") == []


@pytest.mark.parametrize("nom", [nom for nom, source in sources().items() if not source.embarque])
def test_une_source_absente_donne_une_table_vide_et_typee(entrepot, nom):
    etat = charger_source(entrepot, nom)
    assert (etat.etat, etat.lignes_retenues) == ("absente", 0)
    assert etat.motif == f"raw/{nom} est vide : {sources()[nom].aide}."
    chemin = entrepot.path_of(sources()[nom].schema_public or "socle", nom)
    assert pq.read_schema(chemin).remove_metadata() == sources()[nom].table.arrow()


def test_un_fichier_inchange_n_est_pas_relu(entrepot, bon, monkeypatch):
    monkeypatch.setattr(batches, "load_rows", None)
    assert charger_source(entrepot, "subventions") == bon


@pytest.mark.parametrize("quoi", ["fichier", "origine", "table effacée"])
def test_ce_qui_change_fait_relire(entrepot, bon, quoi):
    if quoi == "fichier":
        deposer(entrepot, "subventions", ANNEE, subventions(21))
    elif quoi == "origine":
        deposer(entrepot, "subventions", f"{ANNEE}.origine.yml", "licence: ODbL\n")
    else:
        entrepot.path_of("socle", "subventions").unlink()
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "a_jour"
    assert (etat.version == bon.version) == (quoi == "table effacée")
    assert len(table(entrepot, "subventions")) == etat.lignes_retenues == 20 + (quoi == "fichier")


def test_le_meme_contenu_n_est_lu_qu_une_fois(entrepot):
    for nom in ("a_2024.csv", "b_2023.csv"):
        deposer(entrepot, "subventions", nom, subventions(4))
    etat = charger_source(entrepot, "subventions")
    assert etat.lignes_retenues == 4
    assert [(lu.fichier, lu.etat, lu.lignes_lues) for lu in etat.fichiers] == [
        *[("a_2024.csv", "lu", 4), ("b_2023.csv", "doublon", 0)]
    ]


@pytest.mark.parametrize(
    ("cumul", "lus", "remplaces"),
    [
        ("dernier", ["b_2024-06.csv"], ["a_2023.csv", "autre/b_2024-01.csv"]),
        ("union", ["a_2023.csv", "autre/b_2024-01.csv", "b_2024-06.csv"], []),
        ("par_periode", ["a_2023.csv", "autre/b_2024-01.csv", "b_2024-06.csv"], []),
    ],
)
def test_le_cumul_des_millesimes_suit_la_source(entrepot, cumul, lus, remplaces):
    for rang, nom in enumerate(["a_2023.csv", "autre/b_2024-01.csv", "b_2024-06.csv"]):
        deposer(entrepot, "subventions", nom, subventions(1, objet=f"objet {rang}"))
    etat = charger_source(entrepot, "subventions", cumul=cumul)
    assert {ligne["_fichier"] for ligne in table(entrepot, "subventions")} == set(lus)
    assert sorted(lu.fichier for lu in etat.fichiers if lu.etat == "lu") == lus
    assert sorted(lu.fichier for lu in etat.fichiers if lu.etat == "remplace") == remplaces


def test_deux_fichiers_d_un_producteur_pour_une_annee_ne_se_remplacent_pas_en_silence(entrepot):
    for rang, nom in enumerate(["metropole/2024.csv", "metropole/2024-06.csv"]):
        deposer(entrepot, "subventions", nom, subventions(1, objet=f"objet {rang}"))
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "en_echec" and "deux fichiers pour 2024 (metropole/2024-06.csv, metropole/2024.csv)" in etat.motif


def test_deux_producteurs_d_une_meme_annee_s_ajoutent(entrepot):
    for rang, nom in enumerate(["metropole/2024.csv", "ville/2024.csv"]):
        deposer(entrepot, "subventions", nom, subventions(1, objet=f"objet {rang}"))
    assert charger_source(entrepot, "subventions").lignes_retenues == 2


def test_un_fichier_sans_date_ne_cede_pas_sa_place_en_silence(entrepot):
    for rang, nom in enumerate(["StockEtablissement_2024-04.csv", "StockEtablissement_utf8.csv"]):
        deposer(entrepot, "subventions", nom, subventions(1, objet=f"objet {rang}"))
    etat = charger_source(entrepot, "subventions", cumul="dernier")
    assert etat.etat == "en_echec" and "Écrire « millesime: » dans StockEtablissement_utf8.csv.origine.yml" in etat.motif


def test_un_extrait_qui_ne_dit_pas_ce_qu_il_couvre_ne_couvre_que_ses_lignes(entrepot):
    deposer(entrepot, "urssaf_ess_departements", "u.csv", en_csv([URSSAF]))
    etat = charger_source(entrepot, "urssaf_ess_departements", lignes_nationales=10)
    assert etat.couverture == "lignes"


def test_un_etat_efface_ne_vide_pas_la_table(entrepot):
    deposer(entrepot, "subventions", ANNEE, subventions(5))
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    avant = octets(entrepot, "subventions")
    (entrepot.racine / "etats" / "subventions.json").unlink()
    deposer(entrepot, "subventions", ANNEE, "n'importe quoi")
    etat = charger_source(entrepot, "subventions")
    assert (etat.etat, etat.couverture) == ("en_echec", "aucune") and octets(entrepot, "subventions") == avant


def test_l_origine_dit_nature_couverture_millesime_licence_et_date(entrepot):
    deposer(entrepot, "flores", "f.csv", en_csv([FLORES]))
    deposer(
        entrepot,
        "flores",
        "f.csv.origine.yml",
        "nature: demonstration\nlicence: ODbL\nproducteur: Essai\nmillesime: 2024\nobtenu_le: 2026-01-15\n"
        "couverture: {niveau: departement, codes: ['63', '03']}\n",
    )
    etat = charger_source(entrepot, "flores", couverture=Couverture("france", ("FR",)))
    [lu] = etat.fichiers
    assert (etat.nature, lu.nature, lu.licence, lu.producteur, lu.millesime, lu.obtenu_le) == (
        *("demonstration", "demonstration", "ODbL", "Essai", "2024", "2026-01-15"),
    )
    assert etat.couverture == [("departement", "03"), ("departement", "63")]
    assert lu.perime_le == "2028-01-17"  # two cadences of 366 days later


def test_aucun_fichier_ne_fait_s_additionner_des_cellules_publiees_a_plusieurs_niveaux(entrepot):
    deposer(entrepot, "flores", "f.csv", en_csv([FLORES]))
    deposer(entrepot, "flores", "f.csv.origine.yml", "couverture: {niveau: france, codes: [FR]}\n")
    assert charger_source(entrepot, "flores").couverture == "lignes"


def test_la_couverture_peut_laisser_un_territoire_de_cote(entrepot):
    deposer(entrepot, "urssaf_ess_departements", "u.csv", en_csv([URSSAF]))
    assert charger_source(entrepot, "urssaf_ess_departements").couverture == [
        ("france", "FR"), ("sauf departement", "976")
    ]


def test_une_source_sans_cadence_ne_perime_pas(entrepot):
    assert charger_source(entrepot, "naf_hors_ess").fichiers[0].perime_le is None


def test_sans_origine_le_fichier_date_de_son_depot(entrepot, bon):
    [lu] = charger_source(entrepot, "subventions").fichiers
    assert lu.obtenu_le == datetime.datetime.now(datetime.UTC).date().isoformat()
    assert (lu.nature, lu.licence) == ("reelle", "Licence Ouverte 2.0")


URSSAF = {
    **{"annee": "2024", "code_departement": "63", "champ_ess": "OUI", "famille_ess": "Associations"},
    **{"nombre_d_etablissements": "10", "effectifs_salaries_moyens": "100.5", "masse_salariale": "2500000.10"},
}
FLORES = {
    "GEO": "63113",
    "GEO_OBJECT": "COM",
    "ACTIVITY": "_T",
    "NUMBER_EMPL": "_T",
    "LEGAL_FORM_WITH_PUBLIC": "1T9X7",
    "FLORES_MEASURE": "UNIT_LOC",
    "OBS_STATUS": "A",
    "TIME_PERIOD": "2024",
    "OBS_VALUE": "12",
}


def test_une_cle_repetee_entre_fichiers_est_refusee_la_premiere_est_comptee(entrepot):
    cellules = [{**FLORES, "GEO": f"6300{rang}"} for rang in range(5)]
    deposer(entrepot, "flores", "a_2024.csv", en_csv(cellules))
    deposer(entrepot, "flores", "b_2024.csv", en_csv([{**cellules[2], "OBS_VALUE": "99"}, {**FLORES, "GEO": "63009"}]))
    etat = charger_source(entrepot, "flores", cumul="union", plafond_rejets_pct=50)
    assert [(lu.lignes_retenues, lu.lignes_rejetees) for lu in etat.fichiers] == [(5, 0), (1, 1)]
    assert comptes_justes(etat)
    [rejet] = rejets(entrepot, "flores")
    assert (rejet["fichier"], rejet["ligne"], rejet["regle"], rejet["gravite"]) == (
        *("b_2024.csv", 2, "cle_en_double", "refus"),
    )
    assert json.loads(rejet["ligne_complete"])["obs_value"] == "99.000000"
    assert {ligne["geo"]: int(ligne["obs_value"]) for ligne in table(entrepot, "flores")} == {
        **{f"6300{rang}": 12 for rang in range(5)},
        "63009": 12,
    }


def test_une_subvention_repetee_entre_fichiers_est_comptee_et_signalee(entrepot):
    # a grant of its own: a file that held the whole other would count for what is new in it
    seule = subventions(1, objet="seule").split("\n", 1)[1]
    deposer(entrepot, "subventions", "a_2023.csv", subventions(2) + seule)
    deposer(entrepot, "subventions", "b_2024.csv", subventions(3))
    etat = charger_source(entrepot, "subventions")
    assert etat.lignes_retenues == 6
    assert regles(entrepot, "subventions") == {("signalement", "doublon_suspect"): 2}
    assert {rejet["fichier"] for rejet in rejets(entrepot, "subventions")} == {"b_2024.csv"}


def test_un_rejet_dit_ou_quoi_pourquoi_et_garde_la_ligne(entrepot):
    lignes = [SUBVENTION, {**SUBVENTION, "montant": "7M€", "objet": "Été"}, {**SUBVENTION, "idBeneficiaire": "PAS"}]
    deposer(entrepot, "subventions", f"2024/{ANNEE}", en_csv(lignes) + "court,1\n")
    charger_source(entrepot, "subventions", plafond_rejets_pct=100)
    refus, signalement, structure = rejets(entrepot, "subventions")
    assert {nom: refus[nom] for nom in ("fichier", "ligne", "colonne", "valeur", "regle", "gravite", "motif")} == {
        "fichier": f"2024/{ANNEE}",
        "ligne": 3,
        "colonne": "montant_eur",
        "valeur": "7M€",
        "regle": "valeur_illisible",
        "gravite": "refus",
        "motif": "valeur de « montant_eur » illisible : « k » ou « M » ne dit pas tout le nombre : l'écrire en "
        "entier",
    }
    complete = json.loads(refus["ligne_complete"])
    assert (complete["montant_eur"], complete["objet"], complete["id_beneficiaire"]) == ("7M€", "Été", "70000004500018")
    assert (signalement["ligne"], signalement["valeur"], signalement["ligne_complete"]) == (4, "PAS", None)
    assert (structure["ligne"], structure["regle"], structure["ligne_complete"]) == (5, "structure", "court | 1")


def test_les_colonnes_inconnues_sont_rapportees(entrepot):
    deposer(entrepot, "subventions", ANNEE, subventions(2, Commentaire="x"))
    assert charger_source(entrepot, "subventions").fichiers[0].colonnes_inconnues == ["Commentaire"]


@pytest.mark.parametrize("mots", ["inconnu", "2019 (fiche) ; inconnu (autre)"])
def test_un_millesime_en_mots_ne_plante_pas(entrepot, mots):
    deposer(entrepot, "subventions", "s.csv", subventions(1, dateConvention=""))
    deposer(entrepot, "subventions", "s.csv.origine.yml", f"millesime: {mots}\n")
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    assert table(entrepot, "subventions")[0]["exercice"] == (2019 if mots.startswith("2019") else None)
