"""Who received each grant, on hand-made registers: merged, ceased, absent, unknown; and not a cent lost on the way."""

import dataclasses
from decimal import Decimal

import pytest

from observatoire.derived import TableIncoherente, compute_table
from observatoire.socle.beneficiaries import (
    BENEFICIAIRES,
)
from tests.petit_sirene import siret
from tests.socle.subventionnes import CESSEE, PERSONNE, Subventions, publiques, sommes


@pytest.fixture
def petit(entrepot) -> Subventions:
    """Give registers that know one association, and no grant."""
    petit = Subventions(entrepot)
    petit.unite("connue")
    return petit


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


def test_les_personnes_publiques_sont_mises_a_part(petit):
    attendus = {
        "7210": ("administration publique", True),
        "4110": ("public à caractère commercial", True),
        "5710": ("hors ESS", False),
        "9220": ("ESS", False),
    }
    for categorie in attendus:
        petit.unite(categorie, categorie)
        petit.donne("30000", categorie)
    lues = petit.reconnaitre()
    assert [(ligne["statut_beneficiaire"], ligne["est_public"]) for ligne in lues] == list(attendus.values())
    assert all(ligne["motif"] for ligne in lues), "la raison est dite, qu'il soit dans l'ESS ou non"


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


PARTS_MAL_ECRITES = [
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
]


def test_une_convention_aux_parts_mal_ecrites_ne_compte_qu_une_fois(petit):
    for parts, _ in PARTS_MAL_ECRITES:
        for rang, part in enumerate(parts):
            petit.donne("100000", f"b{rang}", pourcentageSubvention=part, objet=f"partagée : {parts}")
    lues = iter(petit.reconnaitre())
    for parts, attendues in PARTS_MAL_ECRITES:
        assert tuple(next(lues)["montant_eur"] for _ in parts) == attendues, parts


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
