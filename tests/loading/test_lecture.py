"""A file is read as its producer wrote it, in any dialect; damaged or disguised, it is refused in French."""

import pandas as pd
import pytest

from observatoire.loading.records import Lecture, read_batches
from observatoire.obstacle import Obstacle
from observatoire.schemas import TEXTE, Colonne, Table
from tests.loading.textes import ATTENDU, TABLE, ecrire, lignes, texte


@pytest.mark.parametrize("separateur", [",", ";", "\t", "|"])
@pytest.mark.parametrize("fin", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encodage", ["utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "utf-16"])
def test_tous_les_dialectes_donnent_les_memes_lignes(tmp_path, separateur, fin, encodage):
    assert lignes(ecrire(tmp_path, texte(separateur, fin).encode(encodage))) == ATTENDU


def test_cp1252_garde_l_euro_l_apostrophe_et_le_oe(tmp_path):
    chemin = ecrire(tmp_path, "nom;montant\nL’œuvre à 5 €;1\n".encode("cp1252"))
    assert lignes(chemin) == [(2, "L’œuvre à 5 €", "1")]


def test_un_octet_sans_caractere_se_voit_et_ne_refuse_pas_le_fichier(tmp_path):
    assert lignes(ecrire(tmp_path, b"nom;montant\nA\x81\x80;1\n")) == [(2, "A\ufffd€", "1")]


@pytest.mark.parametrize("encodage", ["iso-8859-1", "cp1252"])
def test_un_seul_accent_au_dernier_octet_n_est_pas_pris_pour_de_l_utf_8(tmp_path, encodage):
    assert lignes(ecrire(tmp_path, "montant;nom\n1;unité".encode(encodage))) == [(2, "unité", "1")]


def test_un_utf_8_coupe_au_milieu_d_un_caractere_est_refuse(tmp_path):
    with pytest.raises(Obstacle, match="essai.csv : fichier tronqué au milieu d'un caractère"):
        lignes(ecrire(tmp_path, "montant;nom\n1;été\n2;unité".encode()[:-1]))


def test_le_rna_en_iso_8859_1_garde_ses_accents(donnees, tmp_path):
    """The samples lost their accents on the way here: their shape is real, the accents are put back."""
    original = (donnees / "rna" / "rna_sample_import.csv").read_bytes()
    accentue = original.replace(b"dmocratisation", "démocratisation".encode("iso-8859-1"))
    table = Table("RNA.", (Colonne("objet", TEXTE, "Objet.", requise=True), Colonne("id", TEXTE, "Id.", requise=True)))
    lu = pd.concat(read_batches(ecrire(tmp_path, accentue), table, Lecture()))
    assert lu["id"].tolist() == [ligne.split(b";")[0].decode() for ligne in original.splitlines()[1:]]
    assert lu["objet"].tolist()[0] == "dvpt et démocratisation de la musique"


def test_un_retour_a_la_ligne_entre_guillemets_ne_decale_pas_les_numeros(tmp_path):
    chemin = ecrire(tmp_path, 'nom;montant\r\n"A\r\nB";1\r\n\r\nC;2\r\n"D\nE\nF";3\r\nG;4\r\n')
    assert [ligne for ligne, *_ in lignes(chemin)] == [2, 5, 6, 9]
    assert lignes(chemin)[0][1] == "A\r\nB"


def test_des_titres_au_dessus_de_l_en_tete_sont_passes(tmp_path):
    titres = "Subventions 2024;\nClermont Auvergne Métropole;\n\n"
    assert [ligne for ligne, *_ in lignes(ecrire(tmp_path, titres + texte()))] == [5, 6]


def test_l_ordre_des_colonnes_leurs_accents_et_leur_casse_n_importent_pas(tmp_path):
    lecture = Lecture()
    chemin = ecrire(tmp_path, "Observations;MONTANT ;Nom du Beneficiaire\nrien;5;A\n")
    assert lignes(chemin, TABLE, lecture) == [(2, "A", "5")]
    assert lecture.inconnues == ["Observations"]
    assert lecture.manquantes == ["date_convention"]


def test_une_colonne_requise_absente_dit_le_fichier_la_colonne_et_ce_qui_est_la(tmp_path):
    with pytest.raises(Obstacle) as refus:
        lignes(ecrire(tmp_path, "nom;pour chaque bénéficiaire\nA;1\n"))
    for mots in ("essai.csv", "« montant » est absente", "« nom », « pour chaque bénéficiaire »", "Corriger l'en-tête"):
        assert mots in str(refus.value)


def test_une_ligne_qui_deborde_ou_trop_courte_est_refusee_a_sa_ligne(tmp_path):
    lecture = Lecture()
    chemin = ecrire(tmp_path, 'nom;montant\nA;1\nB;2;3\nC\nD;4;;\n"E\nF";5;6\nG;7\n')
    assert lignes(chemin, TABLE, lecture) == [(2, "A", "1"), (5, "D", "4"), (8, "G", "7")]
    assert [(ligne, mots) for ligne, mots, _ in lecture.malformees] == [(3, "B | 2 | 3"), (4, "C"), (6, "E\nF | 5 | 6")]
    assert lecture.malformees[0][2].startswith("3 champs au lieu de 2")
    assert "2 lignes" in lecture.malformees[2][2]


def test_des_octets_nuls_refusent_leur_ligne_et_ne_sont_pas_effaces(tmp_path):
    lecture = Lecture()
    assert lignes(ecrire(tmp_path, "nom;montant\nA;1\0\0\nB;2\n"), TABLE, lecture) == [(3, "B", "2")]
    assert [(ligne, motif.split(" :")[0]) for ligne, _, motif in lecture.malformees] == [(2, "octets nuls")]
