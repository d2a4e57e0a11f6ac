"""The year of a grant: which of its words says it, what is flagged, what is refused; and the real files, to the cent."""

import gzip
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from stdnum.fr import siren

from observatoire.warehouse import Entrepot
from tests.depots import SUBVENTION, charger_source, comptes_justes, deposer, en_csv, regles, rejets, table
from tests.donnees import SANS_DONNEES, dossier_donnees


def charger(entrepot: Entrepot, fichier: str, *lignes: dict[str, str], origine: str = "") -> list[tuple[int | None, str]]:
    """Load grants that each change something of a good one; give the year of each, and what said it."""
    completes = [{**SUBVENTION, "objet": f"objet {rang}", **ligne} for rang, ligne in enumerate(lignes)]
    entete = list(dict.fromkeys(nom for ligne in completes for nom in ligne))
    chemin = deposer(entrepot, "subventions", fichier, en_csv([{n: li.get(n, "") for n in entete} for li in completes]))
    if origine:
        chemin.with_name(f"{chemin.name}.origine.yml").write_text(origine, encoding="utf-8")
    etat = charger_source(entrepot, "subventions", plafond_rejets_pct=100)
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    return [(ligne["exercice"], ligne["exercice_origine"]) for ligne in table(entrepot, "subventions")]


@pytest.mark.parametrize("en_tete", ["exercice", "annee", "Année budgétaire", "exerciceBudgetaire"])
def test_l_exercice_de_la_ligne_l_emporte_sur_tout(entrepot, en_tete):
    lignes = [{en_tete: "2023", "dateConvention": "2021-12-10"}, {en_tete: "2023", "dateConvention": "2022-12-30"}]
    assert charger(entrepot, "s_2024.csv", *lignes) == [(2023, "ligne")] * 2


def test_la_ligne_qui_nomme_l_annee_du_fichier_y_est_comptee_et_signalee(entrepot):
    lues = charger(
        entrepot,
        "liste-subventions-plus-23-000-euros-en-2020.csv",
        {"objet": "SUBVENTION 2020", "dateConvention": "2020-03-06"},
        {"objet": "SUBVENTION DE FONCTIONNEMENT 2020", "dateConvention": "2019-12-20"},
        {"objet": "fonctionnement", "dateConvention": "2015-06-01", "datesPeriodeVersement": "2020-01-01/2020-12-31"},
        {"objet": "une ligne qui ne dit rien", "dateConvention": "2019-06-01"},
        {"objet": "saison 2019-2020", "dateConvention": "2019-06-01"},
        {"objet": "saison 2019/20", "dateConvention": "2019-06-01"},
        {"objet": "payée après", "dateConvention": "2019-12-01", "datesPeriodeVersement": "2020-01-15"},
    )
    assert lues[:3] == [(2020, "convention"), (2020, "fichier confirmé"), (2020, "fichier confirmé")]
    assert lues[3:] == [(2019, "convention")] * 4
    assert regles(entrepot, "subventions") == {
        ("signalement", "exercice_confirme"): 2,
        ("signalement", "origines_melees"): 1,
    }


@pytest.mark.parametrize(
    ("ecrite", "annee"),
    [
        *(("2022", 2022), ("2022-05", 2022), ("05/2022", 2022), ("2022-05-10T00:00:00+00:00", 2022)),
        *(("10/05/2022", 2022), ("12 mai 2022", 2022), ("20220510", 2022), ("2022-01-31 et 2022-06-30", 2022)),
    ],
)
@pytest.mark.parametrize("nom", ["s_2018-2024.csv", "s.csv"])
def test_l_annee_de_la_convention_se_lit_comme_on_l_ecrit(entrepot, ecrite, annee, nom):
    assert charger(entrepot, nom, {"dateConvention": ecrite}) == [(annee, "convention")]


def test_une_date_sans_jour_n_est_pas_dite_illisible_et_se_signale_une_fois_par_fichier(entrepot):
    assert charger(entrepot, "s.csv", *[{"dateConvention": "2014"}] * 3) == [(2014, "convention")] * 3
    assert regles(entrepot, "subventions")["signalement", "date_sans_jour"] == 1
    assert ("signalement", "valeur_illisible") not in regles(entrepot, "subventions")


@pytest.mark.parametrize(
    ("nom", "origine", "attendu"),
    [
        ("s_2024.csv", "", (2024, "fichier")),
        ("s_2015-2024.csv", "", (None, None)),
        ("s.csv", "millesime: 2023\n", (2023, "fichier")),
        ("s.csv", "millesime: 2015-2024\n", (None, None)),
    ],
)
def test_sans_date_l_exercice_est_celui_d_un_fichier_d_une_seule_annee(entrepot, nom, origine, attendu):
    assert charger(entrepot, nom, {"dateConvention": ""}, origine=origine) == [attendu]
    assert ("signalement", "date_presente") in regles(entrepot, "subventions")


def test_a_defaut_de_convention_c_est_la_decision(entrepot):
    lignes = {"dateConvention": "", "dateDecision": "2022-11-02"}
    assert charger(entrepot, "s_2024.csv", lignes) == [(2022, "décision")]


def test_avant_2002_la_monnaie_est_a_dire_et_des_francs_deviennent_des_euros(entrepot):
    vieille = {"dateConvention": "1995-05-01", "montant": "6 559,57"}
    assert charger(entrepot, "s.csv", vieille) == []
    assert charger(entrepot, "s.csv", vieille, origine="monnaie: francs\n") == [(1995, "convention")]
    assert [ligne["montant_eur"] for ligne in table(entrepot, "subventions")] == [1000]
    assert charger(entrepot, "s.csv", vieille, origine="monnaie: EUR\n") == [(1995, "convention")]
    assert [ligne["montant_eur"] for ligne in table(entrepot, "subventions")] == [Decimal("6559.57")]


@pytest.mark.parametrize(("monnaie", "retenues"), [("EUR", 1), ("€", 1), ("USD", 0), ("CHF", 0), ("francs", 0)])
def test_une_autre_monnaie_que_l_euro_est_refusee(entrepot, monnaie, retenues):
    assert len(charger(entrepot, "s_2024.csv", {"Devise": monnaie})) == retenues


@pytest.mark.parametrize(
    "pret", [{"nature": "Prêt"}, {"nature": "garantie d'emprunt"}, {"montant": "", "Montant du prêt": "5000"}]
)
def test_un_pret_ou_une_garantie_est_hors_champ_et_compte(entrepot, pret):
    assert len(charger(entrepot, "s_2024.csv", {}, pret)) == 1
    assert rejets(entrepot, "subventions") == []


def reel(nom: str) -> Path:
    donnees = dossier_donnees()
    if donnees is None or not (donnees / "reels" / nom).exists():
        pytest.skip(SANS_DONNEES)
    return donnees / "reels" / nom


def poser(entrepot: Entrepot, nom: str, sous: str):
    deposer(entrepot, "subventions", sous, reel(nom).read_bytes())
    etat = charger_source(entrepot, "subventions")
    assert comptes_justes(etat)
    return etat


def test_loire_atlantique_se_lit_annee_par_annee_au_centime(entrepot):
    chemin = reel("scdl_titres_v1_loire_atlantique.csv.gz")
    etat = poser(entrepot, chemin.name, "loire_atlantique/224400028_subventions.csv.gz")
    assert etat.etat == "a_jour", etat.motif
    [lu] = etat.fichiers
    assert (lu.lignes_lues, lu.lignes_retenues, lu.lignes_hors_champ + lu.lignes_rejetees) == (18044, 18014, 30)
    with gzip.open(chemin, "rt", encoding="utf-8-sig") as flux:
        brut = pd.read_csv(flux, sep=";", dtype=str, keep_default_na=False)
    ecrits = brut["Montant total de la subvention"]
    attendus: dict[int, Decimal] = {}
    for annee, ecrit in zip(brut["Date de la convention de subvention"], ecrits, strict=True):
        if ecrit:
            attendus[int(annee)] = attendus.get(int(annee), Decimal(0)) + Decimal(ecrit.replace(",", "."))
    lus: dict[int, Decimal] = {}
    for ligne in table(entrepot, "subventions"):
        lus[ligne["exercice"]] = lus.get(ligne["exercice"], Decimal(0)) + ligne["montant_eur"]
    assert lus == attendus
    assert (lus[2018], sum(lus.values())) == (Decimal("34598362.38"), Decimal("471094594.65"))
    sans_montant = [rejet for rejet in rejets(entrepot, "subventions") if rejet["gravite"] == "refus"]
    assert len(sans_montant) == lu.lignes_rejetees and lu.motifs_hors_champ == {"prêt ou garantie : pas une subvention": 15}
    valides = brut["Identification du bénéficiaire"].map(siren.is_valid)
    reconnus = sum(ligne["siren_beneficiaire"] is not None for ligne in table(entrepot, "subventions"))
    assert (sum(valides), reconnus) == (18039, sum(valides & (ecrits != "")))


def test_maine_et_loire_et_mayenne_se_lisent_aux_annees_de_leurs_conventions(entrepot):
    poser(entrepot, "scdl_maine_et_loire_2017_2019.csv", "maine_et_loire/conventions_2017_2019.csv")
    poser(entrepot, "scdl_mayenne_2018.xlsx", "mayenne/2018.xlsx")
    assert poser(entrepot, "scdl_mayenne_2019.xlsx", "mayenne/2019.xlsx").etat == "a_jour"
    sommes: dict[str, Decimal] = {}
    avant = {"lignes": 0, "euros": Decimal(0)}
    for ligne in table(entrepot, "subventions"):
        sommes[ligne["_fichier"]] = sommes.get(ligne["_fichier"], Decimal(0)) + ligne["montant_eur"]
        # one object names 2018, and no other year: its row is counted there, flagged
        confirmee = ligne["exercice_origine"] == "fichier confirmé"
        if ligne["_fichier"] == "mayenne/2018.xlsx" and (ligne["exercice"] < 2018 or confirmee):
            avant["lignes"] += 1
            avant["euros"] += ligne["montant_eur"]
    assert sommes == {
        "maine_et_loire/conventions_2017_2019.csv": Decimal("8327364.88"),
        "mayenne/2018.xlsx": Decimal("28085128.47"),
        "mayenne/2019.xlsx": Decimal(6472544),
    }
    assert avant == {"lignes": 62, "euros": Decimal("12262182.55")}


def test_toulouse_dit_perdus_les_siret_passes_par_un_tableur(entrepot):
    nom = "scdl_toulouse_metropole_2022_siret_en_notation_scientifique.csv"
    assert poser(entrepot, nom, "toulouse/2022.csv").etat == "a_jour"
    assert regles(entrepot, "subventions")["signalement", "notation_scientifique"] > 380


@pytest.mark.parametrize("annee", ["2017", "201903"])
def test_vendee_est_refusee_avec_sa_raison(entrepot, annee):
    nom = f"vendee_{annee}_virgule_decimale_non_protegee.csv"
    etat = poser(entrepot, nom, f"vendee/{nom}")
    assert etat.etat == "en_echec"
    assert "virgule décimale dans un fichier séparé par des virgules" in etat.motif
