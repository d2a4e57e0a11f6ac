"""A text is read whatever its bytes: a mark before any encoding, two encodings in one file, UTF-16 with or without mark."""

import codecs

import pytest

from tests.depots import charger_source, deposer, regles, table
from tests.loading.textes import ATTENDU, ecrire, lignes, texte
from tests.loading.volumineuses import BON, SOURCE
from tests.loading.volumineuses import texte as etablissements

BOM = codecs.BOM_UTF8


@pytest.mark.parametrize("encodage", ["cp1252", "iso-8859-1"])
def test_une_marque_devant_un_autre_encodage_ne_perd_pas_la_premiere_colonne(tmp_path, encodage):
    assert lignes(ecrire(tmp_path, BOM + texte().encode(encodage))) == ATTENDU


@pytest.mark.parametrize("encodage", ["utf-16-le", "utf-16-be"])
def test_utf_16_se_lit_sans_marque(tmp_path, encodage):
    assert lignes(ecrire(tmp_path, texte().encode(encodage))) == ATTENDU


@pytest.mark.parametrize("fin", ["\n", "\r\n"])
@pytest.mark.parametrize("marque", [b"", BOM])
def test_chaque_ligne_se_lit_dans_son_encodage(tmp_path, fin, marque):
    melange = marque + f"nom;montant{fin}Chaîne & Cie;12,5{fin}".encode() + f"Élan;7{fin}".encode("cp1252")
    assert lignes(ecrire(tmp_path, melange)) == ATTENDU


def test_un_octet_d_un_autre_encodage_n_abime_pas_le_reste_de_sa_ligne(tmp_path):
    assert lignes(ecrire(tmp_path, "nom;montant\nÉlan d’".encode() + b"\xe9t\xe9;7\n")) == [(2, "Élan d’été", "7")]


def _etablissements(encodages: tuple[str, str]) -> bytes:
    lignes = etablissements({**BON}, {**BON, "siret": "00552013500046"}).splitlines(keepends=True)
    return lignes[0].encode() + lignes[1].encode(encodages[0]) + lignes[2].encode(encodages[1])


@pytest.mark.parametrize("marque", [b"", BOM])
def test_les_deux_encodages_d_un_fichier_lourd_se_lisent_et_se_disent(entrepot, marque):
    deposer(entrepot, SOURCE, "s.csv", marque + _etablissements(("utf-8", "cp1252")))
    etat = charger_source(entrepot, SOURCE)
    assert etat.etat == "a_jour" and "siren" in etat.fichiers[0].en_tetes, etat.motif
    assert len(table(entrepot, SOURCE)) == 2
    assert regles(entrepot, SOURCE) == {("signalement", "encodages_meles"): 1}


def test_les_deux_encodages_d_une_subvention_se_lisent_et_se_disent(entrepot):
    en_tete = "nomAttribuant;idAttribuant;dateConvention;nomBeneficiaire;idBeneficiaire;objet;montant\n"
    rang = "Métropole;24630070100017;2024-03-15;{};70000004500018;Fête;{}\n"
    contenu = BOM + en_tete.encode() + rang.format("Élan", 1).encode() + rang.format("Été", 2).encode("cp1252")
    deposer(entrepot, "subventions", "s_2024.csv", contenu)
    assert charger_source(entrepot, "subventions").etat == "a_jour"
    lues = [(ligne["nom_attribuant"], ligne["nom_beneficiaire"]) for ligne in table(entrepot, "subventions")]
    assert lues == [("Métropole", "Élan"), ("Métropole", "Été")]
    assert regles(entrepot, "subventions") == {("signalement", "encodages_meles"): 1}
