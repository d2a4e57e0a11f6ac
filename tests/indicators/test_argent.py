"""Money: states that never add, jumps that say why, and the path of the euro, to the cent."""

import re
from collections import Counter
from decimal import Decimal

import pytest

from observatoire.derived import compute_table
from observatoire.indicators.catalog import indicateurs, mesures
from observatoire.indicators.cube import compute_measure
from observatoire.socle.computed_tables import derivees
from observatoire.socle.euro_path import CHEMIN_EURO, COMPTES_SUBVENTIONS
from observatoire.socle.grant_jumps import SAUTS_SUBVENTIONS
from observatoire.socle.places import LIEUX
from observatoire.socle.territories import TERRITOIRES
from tests.depots import charger_source, deposer, en_csv
from tests.donnees import CAM, poser_subventions_cam
from tests.socle.subventionnes import Subventions

# one state each: what a table of money says was done
ETATS = {
    "socle.budget_ess": "déclaré",
    "socle.budget_scdl": "voté",
    "socle.subventions": "attribué",
    "socle.parts_subventions": "attribué",
    "socle.beneficiaires": "attribué",
    "socle.balances_dgfip": "mandaté",
    "socle.comptes_subventions": "mandaté",
    "socle.participations": "capital",
    "socle.financements": "déclaré",
}
COMPTE = {
    "exer": "2024", "ident": CAM, "cbudg": "1", "ctype": "405", "nomen": "M57", "siren": CAM[:9], "categ": "GFP",
    "bal": "DEF", "fonction": "65", "compte": "65748", "obnetdeb": "0", "obnetcre": "0",
}  # fmt: skip
LIGNE = {
    "siren_collectivite": CAM[:9], "exercice": "2024", "ligne": "emploi", "nature": "fonctionnement",
    "etat_budgetaire": "voté", "montant_eur": "1000", "perimetre": "ESS", "deliberation": "", "document": "d",
    "citation": "c",
}  # fmt: skip


class Argent(Subventions):
    """Registers and grants, with what the accounts and the budget say of the same year."""

    def __init__(self, entrepot) -> None:
        super().__init__(entrepot)
        self.comptes: list[dict[str, str]] = []
        self.budget: list[dict[str, str]] = []

    def compte(self, montant: str, **colonnes: str) -> None:
        """Write an account."""
        self.comptes.append({**COMPTE, "obnetdeb": montant, **colonnes})

    def inscrit(self, **colonnes: str) -> None:
        """Write a budget line."""
        self.budget.append({**LIGNE, **colonnes})

    def chemin(self, exercice: int | None = 2024) -> dict[tuple[int, str], dict]:
        """Compute the tables; return the steps of an exercice, by rank and state."""
        self.reconnaitre()
        for source, lignes in (("balances_dgfip", self.comptes), ("budget_ess", self.budget)):
            if lignes:
                deposer(self.entrepot, source, "2024.csv", en_csv(lignes))
            assert charger_source(self.entrepot, source, plancher_pct=0).etat in ("a_jour", "absente"), source
        for derivee in (COMPTES_SUBVENTIONS, CHEMIN_EURO):
            compute_table(self.entrepot, derivee)
        return {(li["rang"], li["etat"]): li for li in self.lignes("qualite.chemin_euro") if li["exercice"] == exercice}

    def sauts(self) -> dict[int, dict]:
        """Compute the jumps; return them by exercice."""
        self.reconnaitre()
        compute_table(self.entrepot, SAUTS_SUBVENTIONS)
        return {ligne["exercice"]: ligne for ligne in self.lignes("qualite.sauts_subventions")}

    def contributions(self, mesure: str) -> list[dict]:
        """Compute a measure; return its contributions by unit: the order of a table's rows is nobody's promise."""
        for derivee in (TERRITOIRES, LIEUX):
            compute_table(self.entrepot, derivee)
        compute_measure(self.entrepot, mesures()[mesure])
        return sorted(self.lignes(f"mesures.{mesure}"), key=lambda ligne: ligne["unite"])


@pytest.fixture
def petit(entrepot) -> Argent:
    """Give registers that know one association, no grant, no account, no budget."""
    petit = Argent(entrepot)
    petit.unite("connue")
    return petit


# ---- states never add


@pytest.mark.parametrize("nom", [nom for nom, mesure in mesures().items() if set(mesure.lit) & set(ETATS)])
def test_une_mesure_d_argent_dit_son_etat_et_n_en_lit_qu_un(nom):
    mesure = mesures()[nom]
    assert re.match(
        "€ (décidés|conventionnés|payés|mandatés|votés|de capital|déclarés)$", mesure.unite
    )
    assert mesure.champ
    assert len({ETATS[table] for table in mesure.lit if table in ETATS}) == 1
    if set(mesure.lit) & {"socle.parts_subventions", "socle.beneficiaires"}:
        assert re.search(r"WHERE [^;]*\betat = '", mesure.requete), "trois états d'une même aide ne s'ajoutent pas"


def test_aucun_indicateur_ne_divise_deux_etats_de_l_argent():
    for indicateur in indicateurs().values():
        if indicateur.numerateur and indicateur.denominateur:
            haut, bas = (mesures()[t.mesure].unite for t in (indicateur.numerateur, indicateur.denominateur))
            assert haut == bas or "€" not in haut or "€" not in bas, indicateur.nom


def test_une_table_calculee_ne_suit_qu_un_argent_sauf_le_chemin_qui_rapproche_sans_ajouter():
    # the second reads names, and no amount
    rapprochent = {"qualite.chemin_euro", "socle.noms_tus"}
    for nom, derivee in derivees().items():
        assert len({ETATS[table] for table in derivee.lit if table in ETATS}) <= 1 or nom in rapprochent
    assert "_eur" not in derivees()["socle.noms_tus"].requete


def test_decide_conventionne_et_paye_ne_s_ajoutent_jamais(petit):
    for etat, montant in (("décidé", "30000"), ("conventionné", "29000"), ("payé", "28000")):
        petit.donne(montant, "connue", etat=etat)
    petit.reconnaitre()
    sommes = {
        nom: sum(ligne["valeur"] for ligne in petit.contributions(nom) if ligne["axe"] == "total")
        for nom in ("subventions", "subventions_ess", "subventions_conventionnees", "subventions_payees")
    }
    assert list(sommes.values()) == [30000, 30000, 29000, 28000]


# ---- measures of beneficiaries


def test_chaque_ventilation_rend_le_total(petit):
    petit.unite("personne", "1000", "90.03B")
    petit.unite("commune", "7210", "84.11Z")
    for rang, nom in enumerate(("connue", "personne", "commune", "absente", "")):
        petit.donne(f"3000{rang}.1{rang}", nom)
    petit.reconnaitre()
    sommes: Counter = Counter()
    for ligne in petit.contributions("subventions_beneficiaires"):
        sommes[ligne["axe"]] += ligne["valeur"]
    total = Decimal("150010.60")
    axes = ("total", "nature_aide", "statut_beneficiaire", "identification", "famille", "secteur", "lieu_beneficiaire")
    assert dict(sommes) == dict.fromkeys(axes, total)
    familles = {ligne["modalite"]: ligne["valeur"] for ligne in petit.contributions("subventions_beneficiaires")
                if ligne["axe"] == "famille" and ligne["modalite"] != "inconnu"}  # fmt: skip
    assert familles == {
        "association": Decimal("30000.10"),
        "personne physique": Decimal("30001.11"),
        "administration publique": Decimal("30002.12"),
    }
    d_une_personne = [
        ligne
        for ligne in petit.contributions("subventions_beneficiaires")
        if ligne["valeur"] == familles["personne physique"]
    ]
    assert {ligne["modalite"] for ligne in d_une_personne} == {"total", "personne physique"}, "ni lieu, ni secteur"
    lieux = {
        ligne["modalite"] for ligne in petit.contributions("subventions_ess") if ligne["axe"] == "lieu_beneficiaire"
    }
    assert lieux == {"Clermont-Ferrand (63113)"}


def test_c22_quand_rien_n_est_reconnu_la_part_de_l_ess_est_inconnue_et_non_nulle(entrepot):
    petit = Argent(entrepot)
    petit.donne("30000", "absente")
    petit.reconnaitre()
    [ligne] = petit.contributions("subventions_ess")
    assert (ligne["valeur"], ligne["nombre_unites"], ligne["axe"]) == (None, None, "total")
    [ligne] = petit.contributions("subventions_reconnues")
    assert (ligne["valeur"], ligne["nombre_unites"]) == (0, 0)


def test_un_numero_rna_qui_n_en_est_pas_un_ne_fait_pas_de_trois_beneficiaires_un_seul(petit):
    petit.deposer("sirene_doublons", {"siren": "connue", "sirenDoublon": petit.siren("double")})
    for nom in ("une", "autre", "troisième"):
        petit.donne("30000", rnaBeneficiaire="néant", nomBeneficiaire=nom)
    for nom in ("connue", "double"):
        petit.donne("30000", nom)
    petit.reconnaitre()
    assert len({ligne["repondant"] for ligne in petit.contributions("subventions")}) == 4


def test_une_convention_compte_entiere_pour_l_attribuant_et_ses_parts_pour_les_beneficiaires(petit):
    for montant, part in (("100000", "0.5"), ("40000", "50"), ("30000", "30 %")):
        petit.donne(montant, "connue", pourcentageSubvention=part, objet=f"cofinancement de {montant}")
    petit.reconnaitre()
    attribuees = petit.contributions("subventions")
    assert [sum(ligne[nom] for ligne in attribuees) for nom in ("valeur", "nombre_unites")] == [170000, 3]
    par_axe: Counter = Counter()
    for ligne in petit.contributions("subventions_beneficiaires"):
        par_axe[ligne["axe"], "non nommés" in ligne["modalite"]] += ligne["valeur"]
    assert [par_axe["total", False], par_axe["famille", False], par_axe["famille", True]] == [170000, 79000, 91000]
    assert petit.chemin()[3, "décidé"]["montant_eur"] == 170000


def test_une_convention_partagee_est_une_subvention(petit):
    petit.unite("autre")
    for nom, part in (("connue", "0.6"), ("autre", "0.4")):
        petit.donne("100000", nom, pourcentageSubvention=part, objet="partagée")
    petit.donne("30000", "connue")
    petit.reconnaitre()
    assert [case["nombre_subventions"] for case in petit.lignes("qualite.beneficiaires")] == [2]
    lues = petit.contributions("subventions")
    assert [ligne["nombre_unites"] for ligne in lues] == [1, 0, 1]
    assert sum(ligne["valeur"] for ligne in lues) == 130000
    for mesure in ("subventions_beneficiaires", "subventions_ess"):
        sommes: Counter = Counter()
        for ligne in petit.contributions(mesure):
            sommes[ligne["axe"]] += ligne["nombre_unites"]
        assert sommes["total"] == 2, mesure
    assert petit.chemin()[3, "décidé"]["nombre"] == 2


def test_une_aide_en_nature_se_lit_a_part_de_l_argent(petit):
    for montant, nature in (("100", "aide en numéraire"), ("20", "Aide en nature"), ("3", "")):
        petit.donne(montant, "connue", nature=nature)
    petit.reconnaitre()
    lues = petit.contributions("subventions_beneficiaires")
    assert {ligne["modalite"]: ligne["valeur"] for ligne in lues if ligne["axe"] == "nature_aide"} == {
        "en numéraire": 100, "en nature": 20, "inconnu": 3
    }  # fmt: skip


def test_quand_tous_sont_reconnus_et_qu_aucun_n_est_de_l_ess_la_part_est_nulle(petit):
    petit.unite("commune", "7210", "84.11Z")
    for _ in range(2):
        petit.donne("30000", "commune")
    petit.reconnaitre()
    [ligne] = petit.contributions("subventions_ess")
    assert (ligne["axe"], ligne["valeur"], ligne["nombre_unites"]) == ("total", 0, 0)


# ---- the function of the ESS in the accounts


def test_seule_la_fonction_65_de_la_m57_compte(petit):
    for nomenclature, exercice in (("M57", "2024"), ("M14", "2023")):
        petit.compte("100.10", nomen=nomenclature, exer=exercice)
        petit.compte("900.90", nomen=nomenclature, exer=exercice, fonction="01", compte="6411")
        petit.compte("5000", nomen=nomenclature, exer=exercice, compte="2031")
    petit.compte("40", cbudg="3", ident="24630070100025")
    petit.chemin()
    valeurs = {
        nom: sum(ligne["valeur"] for ligne in petit.contributions(nom))
        for nom in ("depenses_fonction_ess", "depenses_fonctionnement")
    }
    assert valeurs == {"depenses_fonction_ess": Decimal("100.10"), "depenses_fonctionnement": Decimal("1001.00")}
    assert {ligne["periode"] for ligne in petit.contributions("depenses_fonction_ess")} == {"2024"}


def test_deux_presentations_des_memes_comptes_comptent_une_fois(petit):
    petit.compte("100.10", compte="65748")
    petit.compte("200.20", compte="65741", fonction="4")
    par_nature = [{**c, "obnetdeb": c["obnetdeb"]} for c in petit.comptes]
    for ligne in par_nature:
        ligne.pop("fonction")
    deposer(petit.entrepot, "balances_dgfip", "nature.csv", en_csv(par_nature))
    petit.donne("30000", "connue")
    assert petit.chemin()[1, "mandaté"]["montant_eur"] == Decimal("300.30")
    sommes: Counter = Counter()
    for ligne in petit.contributions("subventions_comptes"):
        sommes[ligne["axe"], ligne["modalite"]] += ligne["valeur"]
    assert dict(sommes) == {
        ("total", "total"): Decimal("300.30"),
        ("compte", "M57 65748"): Decimal("100.10"),
        ("compte", "M57 65741"): Decimal("200.20"),
    }


def test_un_budget_annexe_present_dans_la_seule_presentation_croisee_compte(petit):
    petit.compte("100")
    petit.compte("40", cbudg="3", ident="24630070100025")
    par_nature = {nom: valeur for nom, valeur in petit.comptes[0].items() if nom != "fonction"}
    deposer(petit.entrepot, "balances_dgfip", "nature.csv", en_csv([par_nature]))
    petit.donne("30000", "connue")
    assert petit.chemin()[1, "mandaté"]["montant_eur"] == 140
    totaux = [ligne["valeur"] for ligne in petit.contributions("subventions_comptes") if ligne["axe"] == "total"]
    assert sorted(totaux) == [40, 100]


# ---- jumps


def test_un_saut_qu_un_beneficiaire_explique_le_dit(petit):
    for exercice, montants in ((2022, ("100", "50")), (2024, ("160", "90"))):
        for nom, montant in zip(("connue", "absente"), montants, strict=True):
            petit.donne(montant, nom, dateConvention=f"{exercice}-01-31")
    saut = petit.sauts()[2024]
    assert (saut["exercice_precedent"], saut["ecart_eur"], saut["contribution_eur"]) == (2022, 100, 60)
    assert (saut["siren"], saut["part_pct"]) == (petit.siren("connue"), pytest.approx(60))
    assert saut["constat"] == (
        "un seul bénéficiaire explique la moitié de l'écart ou plus ; des exercices manquent entre les deux"
    )


def test_une_baisse_s_explique_par_celui_qui_perd(petit):
    petit.donne("100", "absente", dateConvention="2023-01-31")
    petit.donne("10", "connue", dateConvention="2024-01-31")
    saut = petit.sauts()[2024]
    assert (saut["ecart_eur"], saut["contribution_eur"], saut["siren"]) == (-90, -100, None)


def test_une_personne_physique_n_explique_pas_un_saut(petit):
    petit.unite("personne", "1000", "90.03B")
    petit.donne("10", "connue", dateConvention="2023-01-31")
    petit.donne("100", "personne", dateConvention="2024-01-31")
    saut = petit.sauts()[2024]
    assert (saut["siren"], saut["contribution_eur"], saut["part_pct"]) == (None, None, None)


def test_le_saut_de_clermont_en_2024_tient_pour_plus_de_moitie_a_un_siren(entrepot, donnees):
    petit = Argent(entrepot)
    poser_subventions_cam(entrepot.settings.raw)
    petit._noms["entrée"] = "823951876"
    petit.unite("entrée")
    sauts = petit.sauts()
    assert {exercice: saut["ecart_eur"] for exercice, saut in sauts.items()} == {
        2022: Decimal("887118.38"),
        2023: Decimal("-254008.71"),
        2024: Decimal("3396079.63"),
    }
    assert (sauts[2024]["siren"], sauts[2024]["contribution_eur"]) == ("823951876", Decimal("1882387.00"))
    assert sauts[2024]["constat"] == "un seul bénéficiaire explique la moitié de l'écart ou plus"
    assert sauts[2022]["constat"].endswith("des exercices manquent entre les deux")


# ---- the path of the euro


def test_chaque_etape_dit_ce_qu_elle_laisse_inexplique(petit):
    petit.unite_seule("sans lieu")
    petit.donne("30000.10", "connue")
    petit.donne("40000.20", "sans lieu")
    petit.donne("500.30", "absente")
    petit.compte("100000")
    petit.inscrit(montant_eur="900", deliberation="DEL-1")
    petit.inscrit(montant_eur="100", ligne="événements")
    chemin = petit.chemin()
    dits = {clef: (ligne["montant_eur"], ligne["reste_inexplique_eur"]) for clef, ligne in chemin.items()}
    assert dits == {
        (1, "mandaté"): (Decimal(100000), None),
        (2, "voté"): (Decimal(1000), Decimal(100)),
        (3, "décidé"): (Decimal("70500.60"), Decimal("29499.40")),
        (4, "payé"): (None, Decimal("70500.60")),
        (5, "décidé"): (Decimal("70000.30"), Decimal("500.30")),
        (6, "décidé"): (Decimal("30000.10"), Decimal("40000.20")),
    }
    convention = chemin[3, "décidé"]
    assert convention["hors_obligation_eur"] == Decimal("500.30")
    assert convention["couverture_pct"] == pytest.approx(70.5006)
    assert "moins de 23 000 €, hors obligation de publier : elles ne manquent pas" in convention["explication"]


def test_une_couverture_au_dela_de_105_pct_donne_ses_causes_non_une_note(petit):
    petit.donne("105", "connue")
    petit.compte("100", nomen="M14", compte="6574", fonction="0")
    assert "causes possibles" not in petit.chemin()[3, "décidé"]["explication"]
    petit.donne("0.01", "connue")
    convention = petit.chemin()[3, "décidé"]
    assert convention["reste_inexplique_eur"] == Decimal("-5.01")
    for cause in ("6574", "organismes publics", "investissement (204)", "pluriannuelles", "n'est pas mandaté"):
        assert cause in convention["explication"]


def test_sans_compte_recu_rien_n_est_rapproche(petit):
    petit.donne("30000", "connue")
    chemin = petit.chemin()
    assert chemin[1, "mandaté"]["montant_eur"] is None
    assert (chemin[3, "décidé"]["reste_inexplique_eur"], chemin[3, "décidé"]["couverture_pct"]) == (None, None)


def test_un_versement_publie_se_rapproche_sans_s_ajouter(petit):
    petit.donne("30000", "connue")
    petit.donne("25000", "connue", etat="payé")
    petit.donne("30000", "connue", etat="conventionné")
    chemin = petit.chemin()
    restes = {clef: ligne["reste_inexplique_eur"] for clef, ligne in chemin.items() if clef[0] in (3, 4)}
    assert restes == {(3, "décidé"): None, (3, "conventionné"): 0, (4, "payé"): 5000}


def test_deux_versions_du_budget_de_l_ess_sont_une_rupture_non_une_croissance(petit):
    """The sheet of 2019 gives no exercice: 150,000 € there, and 175 % of it in another perimeter, do not compare."""
    petit.inscrit(exercice="", montant_eur="150000", perimetre="fiche RTES 2019", etat_budgetaire="inconnu")
    petit.inscrit(exercice="2025", montant_eur="262500", perimetre="fiche RTES 2025", etat_budgetaire="inconnu")
    petit.donne("30000", "connue")
    assert petit.chemin(None)[2, "inconnu"]["est_rupture"] is None
    ligne = petit.chemin(2025)[2, "inconnu"]
    assert ligne["est_rupture"] is True and "rupture, non évolution" in ligne["explication"]


def test_un_budget_de_meme_perimetre_ne_se_rompt_pas(petit):
    for exercice in ("2023", "2024"):
        petit.inscrit(exercice=exercice)
    petit.donne("30000", "connue")
    assert petit.chemin()[2, "voté"]["est_rupture"] is False
