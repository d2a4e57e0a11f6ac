"""Who received each grant, on hand-made registers: merged, ceased, absent, unknown; and not a cent lost on the way."""

import dataclasses
from collections import Counter
from decimal import Decimal

import pytest

from observatoire.derived import TableIncoherente, compute_table
from observatoire.indicators.catalog import mesures, sources_of_measure
from observatoire.publication.public_tables import public_tables, register_quality
from observatoire.socle.beneficiaries import (
    BENEFICIAIRES,
    PARTS_SUBVENTIONS,
    QUALITE_BENEFICIAIRES,
    SUBVENTIONS_IDENTIFIEES,
)
from observatoire.socle.registry import sources_of
from tests.depots import SUBVENTION, charger_source, deposer, en_csv
from tests.donnees import CAM, TOTAUX_CAM, poser_subventions_cam
from tests.petit_sirene import Ligne, PetitSirene, siret

RNA = {
    "id": "W631000001", "siret": "", "date_creat": "1990-01-01", "nature": "D", "groupement": "S",
    "titre": "association d'essai", "objet_social1": "", "adrs_codeinsee": "63014", "position": "A",
    "date_disso": "0001-01-01", "maj_time": "2026-10-01",
}  # fmt: skip
PERSONNE = {"categorie": "1000", "naf": "90.03B"}
CESSEE = {"etatAdministratifUniteLegale": "C", "dateDebut": "2024-06-30"}


class Subventions(PetitSirene):
    """Registers, and the grants of a local authority to what they know and what they do not."""

    def __init__(self, entrepot) -> None:
        super().__init__(entrepot)
        self.recues: list[Ligne] = []
        self.associations: list[Ligne] = []

    def donne(self, montant: str, a: str = "", **colonnes: str) -> None:
        """Write a grant; `a` is the name of a legal unit, known or not."""
        identifiant = {"idBeneficiaire": siret(self.siren(a)) if a else ""}
        ligne = {
            **SUBVENTION,
            "rnaBeneficiaire": "",
            "pourcentageSubvention": "",
            "etat": "",
            "montant": montant,
            **identifiant,
        }
        self.recues.append({**ligne, "objet": f"objet {len(self.recues)}", **colonnes})

    def declare(self, **colonnes: str) -> None:
        """Write an association in the RNA."""
        self.associations.append({**RNA, **colonnes})

    def reconnaitre(self) -> list[Ligne]:
        """Compute the tables; return the beneficiaries, in the order the grants were written."""
        self.calculer()
        if self.recues:
            deposer(self.entrepot, "subventions", "2024.csv", en_csv(self.recues))
        if self.associations:
            deposer(self.entrepot, "rna", "rna.csv", en_csv(self.associations))
        for nom in ("subventions", "rna"):
            self.etats[nom] = charger_source(self.entrepot, nom, plancher_pct=0)
            assert self.etats[nom].etat in ("a_jour", "absente"), self.etats[nom].motif
        for derivee in (PARTS_SUBVENTIONS, BENEFICIAIRES, SUBVENTIONS_IDENTIFIEES, QUALITE_BENEFICIAIRES):
            compute_table(self.entrepot, derivee)
        return sorted(self.lignes("socle.beneficiaires"), key=lambda ligne: ligne["_ligne"])


@pytest.fixture
def petit(entrepot) -> Subventions:
    """Give registers that know one association, and no grant."""
    petit = Subventions(entrepot)
    petit.unite("connue")
    return petit


def sommes(lignes: list[Ligne], *colonnes: str) -> dict[tuple, Decimal]:
    """Add amounts up by the values of columns."""
    total: Counter = Counter()
    for ligne in lignes:
        total[tuple(ligne[colonne] for colonne in colonnes)] += ligne["montant_eur"]
    return dict(total)


# ---- what makes a beneficiary known


def test_un_siret_connu_donne_l_unite_sa_famille_son_secteur_et_sa_commune(petit):
    petit.donne("30000", "connue")
    [ligne] = petit.reconnaitre()
    assert (ligne["identification"], ligne["etat_beneficiaire"]) == ("SIRET", "actif")
    assert (ligne["siren"], ligne["denomination"]) == (petit.siren("connue"), "PERSONNE MORALE D'ESSAI")
    assert (ligne["est_ess"], ligne["famille"], ligne["statut_beneficiaire"]) == (True, "association", "ESS")
    assert (ligne["niveau"], ligne["code_territoire"], ligne["a17"]) == ("commune", "63113", "OQ")
    assert ligne["motif"] == "catégorie juridique"


def test_un_siren_seul_mene_au_siege(petit):
    petit.unite_seule("deux lieux")
    petit.etablissement("deux lieux", "ailleurs", codeCommuneEtablissement="63014", etablissementSiege="false")
    petit.etablissement("deux lieux", "siège", codeCommuneEtablissement="63113")
    petit.donne("30000", idBeneficiaire=petit.siren("deux lieux"))
    petit.donne("30000", idBeneficiaire=siret(petit.siren("deux lieux"), 1))
    petit.donne("30000", idBeneficiaire=siret(petit.siren("deux lieux"), 7))
    lues = petit.reconnaitre()
    assert [ligne["identification"] for ligne in lues] == ["SIREN", "SIRET", "SIREN du SIRET"]
    assert [ligne["code_territoire"] for ligne in lues] == ["63113", "63014", "63113"]


def test_c20_un_siren_fusionne_est_suivi_jusqu_a_celui_qui_fait_foi(petit):
    petit.unite("debout")
    petit.deposer("sirene_doublons", {"siren": "debout", "sirenDoublon": petit.siren("double")})
    petit.donne("30000", "double")
    petit.donne("40000", "debout")
    lues = petit.reconnaitre()
    assert [ligne["identification"] for ligne in lues] == ["SIREN fusionné", "SIRET"]
    assert sommes(lues, "beneficiaire", "est_ess") == {(petit.siren("debout"), True): Decimal(70000)}


def test_une_unite_cessee_est_connue_comme_telle(petit):
    petit.unite_seule("cessée", **CESSEE)
    petit.donne("30000", "cessée")
    [ligne] = petit.reconnaitre()
    assert (ligne["identification"], ligne["etat_beneficiaire"], ligne["est_ess"]) == ("SIREN du SIRET", "cessé", True)
    assert (ligne["niveau"], ligne["code_territoire"]) == ("inconnu", "inconnu")


def test_c22_un_siren_que_le_stock_ne_connait_pas_reste_et_le_dit(petit):
    petit.donne("30000", "absente")
    [ligne] = petit.reconnaitre()
    assert (ligne["identification"], ligne["etat_beneficiaire"]) == ("SIREN absent du stock", "absent du stock")
    assert (ligne["siren"], ligne["est_ess"], ligne["est_public"]) == (petit.siren("absente"), None, None)
    assert (ligne["statut_beneficiaire"], ligne["famille"], ligne["montant_eur"]) == ("inconnu", None, 30000)


def test_c22_sans_sirene_rien_n_est_reconnu_rien_n_est_perdu(entrepot):
    petit = Subventions(entrepot)
    petit.donne("30000.10", "absente")
    petit.donne("40000.20")
    lues = petit.reconnaitre()
    assert [ligne["identification"] for ligne in lues] == ["SIREN absent du stock", "non identifié"]
    assert sum(ligne["montant_eur"] for ligne in lues) == Decimal("70000.30")
    assert not any(ligne["est_publiable"] for ligne in lues), "rien ne dit que ce ne sont pas des personnes"
    assert publiques(petit) == []


def test_un_numero_rna_mene_au_siren_ou_a_la_seule_association(petit):
    petit.unite("par Sirene", identifiantAssociationUniteLegale="W631000002")
    petit.unite("par le RNA")
    petit.declare(id="W631000003", siret=siret(petit.siren("par le RNA")))
    petit.declare(id="W631000004")
    for numero in ("W631000002", "W631000003", "W631000004", "W631000005", "631"):
        petit.donne("30000", rnaBeneficiaire=numero)
    lues = petit.reconnaitre()
    assert [ligne["identification"] for ligne in lues] == [
        "RNA", "RNA", "RNA sans SIREN", "RNA inconnu", "non identifié"
    ]  # fmt: skip
    assert [ligne["siren"] for ligne in lues[:2]] == [petit.siren("par Sirene"), petit.siren("par le RNA")]
    seule = lues[2]
    assert (seule["est_ess"], seule["famille"], seule["etat_beneficiaire"]) == (True, "association", "actif")
    assert (seule["statut_beneficiaire"], seule["code_territoire"]) == ("ESS", "63014")
    assert seule["est_publiable"] is False, "rien ne dit que son activité n'est pas sensible"


def test_un_numero_rna_que_deux_unites_portent_est_celui_de_l_active(petit):
    petit.unite("active", identifiantAssociationUniteLegale="W631000002")
    petit.unite_seule("ancienne", identifiantAssociationUniteLegale="W631000002", **CESSEE)
    for nom in ("une", "autre"):
        petit.unite(nom, identifiantAssociationUniteLegale="W631000003")
    petit.donne("30000", rnaBeneficiaire="W631000002")
    petit.donne("30000", rnaBeneficiaire="W631000003")
    lues = petit.reconnaitre()
    assert [ligne["identification"] for ligne in lues] == ["RNA", "RNA inconnu"]
    assert lues[0]["siren"] == petit.siren("active")


def test_deux_identifiants_qui_se_contredisent_le_disent(petit):
    petit.unite("inscrite", identifiantAssociationUniteLegale="W631000002")
    petit.donne("30000", "inscrite", rnaBeneficiaire="W631000009")
    petit.donne("30000", "inscrite", rnaBeneficiaire="W631000002")
    dits = [ligne["desaccord"] for ligne in petit.reconnaitre()]
    assert dits == ["le numéro RNA n'est pas celui que Sirene donne à ce SIREN", None]


def test_un_siren_et_le_numero_rna_d_un_autre_se_contredisent(petit):
    petit.unite("autre", identifiantAssociationUniteLegale="W631000002")
    petit.declare(id="W631000003", siret=siret(petit.siren("autre")))
    petit.declare(id="W631000004", siret=siret(petit.siren("ailleurs")))
    petit.declare(id="W631000005", siret=siret(petit.siren("double")))
    petit.deposer("sirene_doublons", {"siren": "connue", "sirenDoublon": petit.siren("double")})
    for nom, rna in (("connue", 2), ("absente", 2), ("connue", 3), ("connue", 4), ("connue", 5), ("", 2)):
        petit.donne("30000", nom, rnaBeneficiaire=f"W63100000{rna}")
    sirene, registre = "Sirene donne ce numéro RNA à un autre SIREN", "le RNA donne à ce numéro un autre SIREN"
    assert [ligne["desaccord"] for ligne in petit.reconnaitre()] == [sirene, sirene, registre, registre, None, None]


@pytest.mark.parametrize(
    ("categorie", "statut", "est_public"),
    [
        ("7210", "administration publique", True),
        ("4110", "public à caractère commercial", True),
        ("5710", "hors ESS", False),
        ("9220", "ESS", False),
    ],
)
def test_les_personnes_publiques_sont_mises_a_part(petit, categorie, statut, est_public):
    petit.unite("reçoit", categorie)
    petit.donne("30000", "reçoit")
    [ligne] = petit.reconnaitre()
    assert (ligne["statut_beneficiaire"], ligne["est_public"]) == (statut, est_public)
    assert ligne["motif"], "la raison est dite, qu'il soit dans l'ESS ou non"


# ---- money


def test_d_une_subvention_partagee_ne_compte_que_la_part(petit):
    for part, nom in (("0.6", "connue"), ("0.4", "autre")):
        petit.donne("100000.01", nom, pourcentageSubvention=part, objet="partagée")
    petit.donne("100000.01", "connue", pourcentageSubvention="3")
    lues = petit.reconnaitre()
    assert [ligne["montant_eur"] for ligne in lues] == [
        Decimal("60000.006"), Decimal("40000.004"), Decimal("3000.0003")
    ]  # fmt: skip
    assert [ligne["reste_eur"] for ligne in lues] == [0, 0, Decimal("97000.0097")], "le reste n'est à personne de nommé"


@pytest.mark.parametrize(
    ("parts", "attendues"),
    [
        (("50", "50"), (50000, 50000)),
        (("60 %", "40,0 %"), (60000, 40000)),
        (("60 %",), (60000,)),
        (("0.5", ""), (50000, 50000)),
        (("0.3", "0.3", ""), (Decimal("33333.333334"), Decimal("33333.333333"), Decimal("33333.333333"))),
        (("0.6", "0.6"), (50000, 50000)),
        (("0.9", "0.3"), (75000, 25000)),
        (("50", "20"), (50000, 20000)),
        (("1 %",), (1000,)),
        (("0.125", "87,5 %"), (12500, 87500)),
        (("5 parts", "2 parts"), (100000, 100000)),  # nothing says that they share
        (("0.5", "0.5", ""), (50000, 50000, 100000)),  # a whole convention, and another grant
        (("1", "1"), (100000, 100000)),
    ],
)
def test_une_convention_aux_parts_mal_ecrites_ne_compte_qu_une_fois(petit, parts, attendues):
    for rang, part in enumerate(parts):
        petit.donne("100000", f"b{rang}", pourcentageSubvention=part, objet="partagée")
    assert [ligne["montant_eur"] for ligne in petit.reconnaitre()] == list(attendues)


@pytest.mark.parametrize("moitie", ["0.5", "50 %", "50", "50,0"])
def test_des_parts_seules_comptent_entieres_pour_l_attribuant_et_nommees_pour_les_beneficiaires(petit, moitie):
    for montant, part in (("100000", moitie), ("40000", moitie), ("30000", "0.3")):
        petit.donne(montant, "connue", pourcentageSubvention=part, objet=f"cofinancement de {montant}")
    lues = petit.reconnaitre()
    assert (sum(ligne["montant_eur"] for ligne in lues), sum(ligne["reste_eur"] for ligne in lues)) == (79000, 91000)
    qualite = petit.lignes("qualite.beneficiaires")
    assert sum(case["montant_eur"] for case in qualite) == 170000
    assert [c["montant_eur"] for c in qualite if c["identification"] == "bénéficiaires non nommés"] == [91000]


def test_deux_etats_d_une_convention_partagee_se_partagent_chacun(petit):
    for etat in ("décidé", "payé"):
        for nom, part in (("connue", "60"), ("autre", "40")):
            petit.donne("100000", nom, pourcentageSubvention=part, objet="partagée", etat=etat)
    assert [ligne["montant_eur"] for ligne in petit.reconnaitre()] == [60000, 40000] * 2


def test_un_registre_qui_repete_ses_lignes_ne_multiplie_pas_les_montants(petit):
    # two head offices, two ways to the same SIREN, two units with the same number
    petit.unite_seule("debout", identifiantAssociationUniteLegale="W631000002")
    for nom in ("siège", "autre siège"):
        petit.etablissement("debout", nom, etablissementSiege="true")
    petit.unite("homonyme", identifiantAssociationUniteLegale="W631000002")
    petit.deposer(
        "sirene_doublons",
        {"siren": petit.siren("intermédiaire"), "sirenDoublon": petit.siren("double")},
        {"siren": "debout", "sirenDoublon": petit.siren("double")},
        {"siren": "debout", "sirenDoublon": petit.siren("intermédiaire")},
    )
    petit.donne("30000", idBeneficiaire=petit.siren("double"), rnaBeneficiaire="W631000002")
    petit.donne("30000", "debout", rnaBeneficiaire="W631000002")
    assert sommes(petit.reconnaitre(), "siren") == {(petit.siren("debout"),): Decimal(60000)}


@pytest.mark.parametrize(
    "faute",
    [
        (
            "LEFT JOIN socle.unites_ess ess ON",
            "LEFT JOIN (FROM socle.unites_ess UNION ALL FROM socle.unites_ess) ess ON",
        ),
        ("ORDER BY l._fichier, l._ligne", "WHERE u.siren IS NOT NULL"),
        ("l.etat, l.montant_eur,", "l.etat, l.montant_eur + 0.01 AS montant_eur,"),
    ],
)
def test_c25_une_jointure_qui_multiplie_perd_ou_change_un_montant_est_refusee(petit, faute):
    petit.donne("30000", "connue")
    petit.donne("30000", "absente")
    petit.reconnaitre()
    assert faute[0] in BENEFICIAIRES.requete
    fautive = dataclasses.replace(BENEFICIAIRES, requete=BENEFICIAIRES.requete.replace(*faute))
    with pytest.raises(TableIncoherente):
        compute_table(petit.entrepot, fautive)


def test_les_cases_de_la_qualite_rendent_la_somme(petit):
    petit.unite("personne", **PERSONNE)
    petit.unite("autre personne", **PERSONNE, etatAdministratifUniteLegale="A")
    for rang, nom in enumerate(("connue", "absente", "personne", "autre personne", "")):
        petit.donne(f"3000{rang}.1{rang}", nom)
    attendu = sum(ligne["montant_eur"] for ligne in petit.reconnaitre())
    cases = petit.lignes("qualite.beneficiaires")
    assert sum(case["montant_eur"] for case in cases) == attendu
    [personnes] = [case for case in cases if case["statut_beneficiaire"] == "personne physique"]
    assert (personnes["nombre_subventions"], personnes["etat_beneficiaire"]) == (2, "inconnu")


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


def publiques(petit: Subventions) -> list[Ligne]:
    """Read the public table of grants."""
    [publique] = [t for t in public_tables() if (t.schema, t.nom) == ("socle", "subventions")]
    with petit.entrepot.connect() as connexion:
        return connexion.sql(publique.requete).to_arrow_table().to_pylist()


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
