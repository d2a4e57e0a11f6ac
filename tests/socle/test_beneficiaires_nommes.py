"""Who of the beneficiaries may be named: legal persons that may be published, nobody else."""

import pytest

from observatoire.indicators.catalog import mesures, sources_of_measure
from observatoire.publication.public_tables import register_quality
from observatoire.socle.computed_tables import sources_of
from tests.depots import charger_source, deposer, en_csv
from tests.donnees import CAM, TOTAUX_CAM, poser_subventions_cam
from tests.socle.subventionnes import CESSEE, PERSONNE, Subventions, publiques, sommes


@pytest.fixture
def petit(entrepot) -> Subventions:
    """Give registers that know one association, and no grant."""
    petit = Subventions(entrepot)
    petit.unite("connue")
    return petit


# ---- who may be named


def test_ne_sont_nommees_que_des_personnes_morales_publiables(petit):
    petit.unite("personne", **PERSONNE)
    petit.unite("cultuelle", naf="94.91Z")
    petit.unite("discrète", statutDiffusionUniteLegale="P")
    for nom in ("connue", "personne", "cultuelle", "discrète", "absente"):
        petit.donne("30000", nom)
    lues = petit.reconnaitre()
    assert [ligne["siren"] for ligne in petit.lignes("socle.subventions_identifiees")] == [petit.siren("connue")]
    assert [ligne["est_personne_physique"] for ligne in lues] == [False, True, False, False, False]


def test_la_table_publique_des_subventions_n_a_aucune_ligne_de_qui_ne_peut_etre_nomme(petit):
    petit.unite("personne", **PERSONNE)
    petit.unite("cultuelle", naf="94.91Z")
    for nom in ("connue", "personne", "cultuelle", "absente", ""):
        petit.donne("30000", nom, conditionsVersement="chèque", rnaBeneficiaire="" if nom else "néant")
    petit.donne("30000", rnaBeneficiaire="W631000009")
    petit.reconnaitre()
    [lue] = publiques(petit)
    assert (lue["siren_beneficiaire"], lue["objet"]) == (petit.siren("connue"), "objet 0")
    cases = petit.lignes("qualite.beneficiaires")
    assert sum(case["montant_eur"] for case in cases) == 180000, "les autres restent comptées"


def test_aucun_mot_ecrit_a_la_place_d_un_nombre_n_est_publie_parmi_les_rejets(petit):
    mots = {
        "montant": "10 000 € à essai", "dates_periode": "versé à essai", "conditions": f"à essai {'x' * 256}",
        "nature": "don à essai", "statut": "refus de essai",
    }  # fmt: skip
    petit.donne(mots["montant"], "connue")
    petit.donne("-1", "connue", datesPeriodeVersement=mots["dates_periode"], conditionsVersement=mots["conditions"])
    petit.donne("30000", "connue", nature=mots["nature"], dateConvention="le 3 chez essai")
    petit.donne("30000", "connue", statutLabel=mots["statut"])
    for ligne in petit.recues:
        for colonne in ("datesPeriodeVersement", "conditionsVersement", "nature", "statutLabel"):
            ligne.setdefault(colonne, "")
    deposer(petit.entrepot, "subventions", "2024.csv", en_csv(petit.recues))
    charger_source(petit.entrepot, "subventions", plafond_rejets_pct=100)
    with petit.entrepot.connect() as connexion:
        register_quality(connexion, petit.entrepot, {})
        lus = connexion.execute("SELECT regle, valeur FROM r_rejets WHERE source = 'subventions'").fetchall()
    assert {regle for regle, _ in lus} >= {
        "valeur_illisible", "periode_lisible", "texte_long", "nature_connue", "statut_connu"
    }  # fmt: skip
    assert not [valeur for _, valeur in lus if valeur and "essai" in valeur]
    assert ("montant_positif", "-1") in lus, "un nombre, lui, se dit"


def test_le_rna_n_est_qu_un_appoint():
    dites = {source.nom: source.facultative for source in sources_of("socle.beneficiaires")}
    assert dites["rna"] and not dites["subventions"] and not dites["sirene_unites_legales"]
    [rna] = [source for source in sources_of_measure(mesures()["associations_rna"]) if source.nom == "rna"]
    assert not rna.facultative, "ce qui compte les associations du RNA ne peut s'en passer"


# ---- the real grants of the métropole


def test_les_subventions_de_clermont_se_retrouvent_au_centime(entrepot, donnees):
    """A Sirene that knows three of their beneficiaries, one of them merged, one ceased; the others are absent."""
    petit = Subventions(entrepot)
    poser_subventions_cam(entrepot.settings.raw)
    for nom, numero in (("agence", "419217401"), ("fermée", "527987135"), ("double", "779222124")):
        petit._noms[nom] = numero
    petit.unite("agence")
    petit.unite("fermée", categorie="5710", **CESSEE)
    petit.unite("debout", categorie="9260")
    petit.deposer("sirene_doublons", {"siren": "debout", "sirenDoublon": "779222124"})
    lues = petit.reconnaitre()
    assert {
        annee: (len(du), sum(ligne["montant_eur"] for ligne in du))
        for annee in TOTAUX_CAM
        for du in [[ligne for ligne in lues if ligne["exercice"] == annee]]
    } == TOTAUX_CAM
    for colonnes in (["beneficiaire"], ["famille"], ["code_territoire"], ["identification", "etat_beneficiaire"]):
        for annee, (_, total) in TOTAUX_CAM.items():
            assert sum(v for k, v in sommes(lues, "exercice", *colonnes).items() if k[0] == annee) == total
    issues = {(ligne["identification"], ligne["etat_beneficiaire"]) for ligne in lues}
    assert issues == {
        ("SIREN", "actif"),
        ("SIREN", "cessé"),
        ("SIREN fusionné", "actif"),
        ("SIREN absent du stock", "absent du stock"),
        ("non identifié", "inconnu"),
    }
    assert {ligne["siren_attribuant"] for ligne in lues} == {CAM[:9]}
    fusionnees = [ligne for ligne in lues if ligne["identification"] == "SIREN fusionné"]
    assert {ligne["siren"] for ligne in fusionnees} == {petit.siren("debout")}
    assert sum(ligne["identification"] == "non identifié" for ligne in lues) == 3
