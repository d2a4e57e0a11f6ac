"""A quote opened in one row and closed in another, or never: no row disappears, in either reader."""

from decimal import Decimal

import pytest

from observatoire.loading.records import Lecture
from observatoire.obstacle import Obstacle
from tests.depots import charger_source, comptes_justes, deposer, en_csv, regles, table
from tests.loading.textes import TABLE, ecrire, lignes
from tests.loading.volumineuses import BON, SOURCE
from tests.petit_sirene import siren, siret

SUBVENTION = {
    "nomAttribuant": "EPCI 200006716",
    "idAttribuant": "200006716",
    "dateConvention": "2024-03-15",
    "nomBeneficiaire": "Asso",
    "idBeneficiaire": "70000004500018",
    "objet": "x",
    "montant": "1",
    "nature": "aide en numéraire",
}
OBJETS = {
    "ouvert puis refermé plus loin": ['"Festival', "x", 'Concert"', "d"],
    "ouvert puis refermé dans la ligne suivante": ['"Festival', 'x"', "Concert", "d"],
    "jamais refermé": ["Festival", '"x', "Concert", "d"],
    "ouvert deux fois": ['"Festival', '"x', "Concert", "d"],
    "une ligne avalée a ses propres guillemets": ['"Festival', '"x; y"', '"sur\ndeux lignes"', 'd"'],
}


def _objets(cas: str, fin: str = "\n") -> str:
    montants = (30000, 45000, 50000, 1000)
    en_tete, *rangs = en_csv(
        {**SUBVENTION, "montant": str(montant), "objet": "OBJET"} for montant in montants
    ).splitlines()
    rangs = [ligne.replace(",", ";").replace("OBJET", objet) for ligne, objet in zip(rangs, OBJETS[cas], strict=True)]
    return fin.join([en_tete.replace(",", ";"), *rangs]) + fin


@pytest.mark.parametrize("fin", ["\n", "\r\n"])
@pytest.mark.parametrize("cas", OBJETS)
def test_un_guillemet_n_avale_aucune_subvention(entrepot, cas, fin):
    deposer(entrepot, "subventions", "s_2024.csv", _objets(cas, fin))
    etat = charger_source(entrepot, "subventions")
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    montants = [ligne["montant_eur"] for ligne in table(entrepot, "subventions")]
    assert (len(montants), sum(montants)) == (4, Decimal(126_000))
    assert regles(entrepot, "subventions")["signalement", "guillemet_isole"] >= 1


def _etablissements(nombre: int) -> list[dict[str, str]]:
    return [{**BON, "siren": siren(rang), "siret": siret(siren(rang))} for rang in range(2, nombre + 2)]


LIBELLES = {
    "ouvert puis refermé plus loin": {3: '"AMB', 7: 'AMB"'},
    "ouvert puis refermé dans la ligne suivante": {3: '"AMB', 4: 'AMB"'},
    "jamais refermé": {3: '"AMB'},
    "deux fois": {3: '"AMB', 5: 'AMB"', 8: '"AMB'},
}


@pytest.mark.parametrize("cas", LIBELLES)
def test_un_guillemet_n_avale_aucun_etablissement(entrepot, cas):
    rangs = _etablissements(10)
    for rang, ligne in enumerate(rangs, start=2):
        ligne["libelleCommuneEtablissement"] = f"LIBELLE{rang}."
    texte = en_csv(rangs)
    for rang in range(2, 12):
        texte = texte.replace(f"LIBELLE{rang}.", LIBELLES[cas].get(rang, "AMB"))
    deposer(entrepot, SOURCE, "s.csv", texte)
    etat = charger_source(entrepot, SOURCE)
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    lues = {ligne["_ligne"]: ligne["siren"] for ligne in table(entrepot, SOURCE)}
    assert lues == {rang: siren(rang) for rang in range(2, 12)}, "aucune ligne avalée, et chacune à son numéro"
    ouverts = sum(mot.startswith('"') for mot in LIBELLES[cas].values())
    assert regles(entrepot, SOURCE) == {("signalement", "guillemet_isole"): ouverts}


def test_une_adresse_sur_trois_lignes_n_avale_rien(tmp_path):
    lecture = Lecture()
    chemin = ecrire(tmp_path, 'nom;montant\n"A\n12; rue\nVille";1\n"B\nC";2\n')
    assert [(ligne, montant) for ligne, _, montant in lignes(chemin, TABLE, lecture)] == [(2, "1"), (5, "2")]
    assert lecture.isoles == []


def test_un_guillemet_jamais_referme_ne_mange_pas_la_fin_du_fichier(tmp_path):
    lecture = Lecture()
    chemin = ecrire(tmp_path, 'nom;montant\nA;1\n"B;2\n' + "C;3\n" * 50)
    assert lignes(chemin, TABLE, lecture)[:3] == [(2, "A", "1"), (3, '"B', "2"), (4, "C", "3")]
    assert lecture.isoles == [3]


def test_une_ligne_illisible_sans_son_guillemet_refuse_le_fichier(tmp_path):
    with pytest.raises(Obstacle, match="guillemet ouvert à l'enregistrement de la ligne 3"):
        lignes(ecrire(tmp_path, 'nom;montant\nA;1\nB;"2\n' + "C;3\n" * 50))
