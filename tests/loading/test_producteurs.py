"""Several files, several producers: parts of a year, a file that holds another, and one fault that stays where it is."""

from decimal import Decimal

import pytest

from tests.depots import SUBVENTION, charger_source, comptes_justes, deposer, en_csv, regles, subventions, table


def euros(entrepot, cle: str = "_fichier") -> dict[object, Decimal]:
    sommes: dict[object, Decimal] = {}
    for ligne in table(entrepot, "subventions"):
        sommes[ligne[cle]] = sommes.get(ligne[cle], Decimal(0)) + ligne["montant_eur"]
    return sommes


def dons(*montants: int, **changements: str) -> str:
    return en_csv(
        {**SUBVENTION, "objet": f"o{rang}", "montant": str(m), **changements} for rang, m in enumerate(montants)
    )


@pytest.mark.parametrize(
    "noms",
    [
        ("2024_du_01-01_au_30-06-24.csv", "2024_du_01-07_au_31-12-24.csv"),
        ("s1_2024.csv", "s2_2024.csv"),
        ("subventions 2024 1er semestre.csv", "subventions 2024 2e semestre.csv"),
        ("2024_T1.csv", "2024_T3.csv"),
    ],
)
def test_deux_parties_d_une_annee_s_ajoutent(entrepot, noms):
    for rang, nom in enumerate(noms):
        deposer(entrepot, "subventions", f"region/{nom}", dons(1000, objet=f"partie {rang}"))
    deposer(entrepot, "subventions", "clermont/s_2023.csv", dons(5000, dateConvention="2023-02-01"))
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    assert euros(entrepot, "exercice") == {2024: 2000, 2023: 5000}


def test_deux_parties_qui_se_chevauchent_sont_un_conflit(entrepot):
    for nom in ("2024_du_01-01_au_30-09-24.csv", "2024_du_01-07_au_31-12-24.csv"):
        deposer(entrepot, "subventions", nom, dons(1000, objet=nom))
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "en_echec" and "deux fichiers pour 2024" in etat.motif


def test_le_conflit_d_un_producteur_laisse_les_autres_nouveaux(entrepot):
    deposer(entrepot, "subventions", "ville/2023.csv", dons(1, dateConvention="2023-02-01"))
    deposer(entrepot, "subventions", "region/2023.csv", dons(10, dateConvention="2023-02-01"))
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    deposer(entrepot, "subventions", "region/2024.csv", dons(20))
    for nom in ("2024.csv", "2024 copie.csv"):
        deposer(entrepot, "subventions", f"ville/{nom}", dons(2, objet=nom))
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "en_echec" and "ville/2024.csv" in etat.motif and etat.depuis
    assert {lu.fichier: lu.etat for lu in etat.fichiers} == {
        "region/2023.csv": "lu",
        "region/2024.csv": "lu",
        "ville/2023.csv": "en_echec",
    }
    assert euros(entrepot) == {"region/2023.csv": 10, "region/2024.csv": 20, "ville/2023.csv": 1}
    (entrepot.settings.raw / "subventions" / "ville" / "2024 copie.csv").unlink()
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    assert euros(entrepot)["ville/2024.csv"] == 2


@pytest.mark.parametrize("faute", [dons(5).replace("montant", "combien"), dons(5) + '"jamais refermé', dons(*[5] * 3).replace(",5\n", ",x\n")])
def test_un_fichier_illisible_n_arrete_que_son_producteur(entrepot, faute):
    deposer(entrepot, "subventions", "ville/2024.csv", faute)
    deposer(entrepot, "subventions", "region/2024.csv", dons(20))
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "en_echec" and "2024.csv" in etat.motif
    assert euros(entrepot) == {"region/2024.csv": 20}
    assert {lu.fichier: lu.etat for lu in etat.fichiers} == {"region/2024.csv": "lu", "ville/2024.csv": "en_echec"}


def test_un_fichier_qui_en_contient_un_autre_ne_le_double_pas(entrepot):
    anciennes = subventions(10, dateConvention="2023-02-01")
    deposer(entrepot, "subventions", "s_2023.csv", anciennes)
    deposer(entrepot, "subventions", "s_2024.csv", anciennes + dons(7, 8).split("\n", 1)[1])
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    assert euros(entrepot, "exercice") == {2023: 300_000, 2024: 15}
    assert regles(entrepot, "subventions") == {("signalement", "fichier_contenu"): 1}
    [suite] = [lu for lu in etat.fichiers if lu.fichier == "s_2024.csv"]
    assert suite.motifs_hors_champ == {"un fichier contient l'autre : lignes de s_2023.csv, comptées là": 10}


def test_sans_date_deux_annees_peuvent_donner_la_meme_chose(entrepot):
    deposer(entrepot, "subventions", "s_2023.csv", subventions(3, dateConvention=""))
    deposer(entrepot, "subventions", "s_2024.csv", subventions(4, dateConvention=""))
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    assert euros(entrepot, "exercice") == {2023: 90_000, 2024: 120_000}
    assert regles(entrepot, "subventions")["signalement", "fichier_contenu"] == 1
