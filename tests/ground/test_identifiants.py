"""Identifiers are judged as python-stdnum does, zeros and number 00000 apart; each way they come wrong is flagged, never guessed."""

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.fr import siren, siret

from observatoire.identifiers import is_rna, is_siren, is_siren_or_siret, is_siret, restored
from tests.depots import SUBVENTION, charger_source, deposer, en_csv, rejets, table
from tests.hasard import exemples

TEXTE = pd.ArrowDtype(pa.string())


def juge(regle, *identifiants: str | None) -> list[bool]:
    return regle(pd.Series(identifiants, dtype=TEXTE)).tolist()


def avec_cle(debut: str) -> str:
    return debut + luhn.calc_check_digit(debut)


def chiffres(motif: str) -> st.SearchStrategy[str]:
    return st.from_regex(f"[0-9]{motif}", fullmatch=True)


@given(st.lists(st.one_of(chiffres("{8,15}"), chiffres("{8}").map(avec_cle), st.just("0" * 9))))
def test_un_siren_est_juge_comme_par_python_stdnum(nombres):
    assert juge(is_siren, *nombres) == [siren.is_valid(nombre) and nombre != "0" * 9 for nombre in nombres]


sirets_plausibles = st.builds(
    lambda debut, etablissement: avec_cle(avec_cle(debut) + etablissement), chiffres("{8}"), chiffres("{4}")
)
sirets_de_la_poste = chiffres("{5}").map(lambda nic: f"356000000{nic}")


@given(st.lists(st.one_of(chiffres("{13,15}"), sirets_plausibles, sirets_de_la_poste)))
def test_un_siret_est_juge_comme_par_python_stdnum(nombres):
    assert juge(is_siret, *nombres) == [
        siret.is_valid(nombre) and not nombre.startswith("0" * 9) and nombre[9:] != "0" * 5 for nombre in nombres
    ]


@exemples(20)
@given(st.lists(st.text(max_size=16)))
def test_aucune_chaine_ne_fait_planter_les_regles(mots):
    for regle in (is_siren, is_siret, is_rna, is_siren_or_siret):
        assert len(juge(regle, *mots, None)) == len(mots) + 1


def test_la_poste_est_valide_bien_que_sa_cle_ne_le_soit_pas():
    assert not luhn.is_valid("35600000049837")
    assert juge(is_siret, "35600000000048", "35600000049837", "35600000049838") == [True, True, False]


def test_un_blanc_dans_un_siret_de_la_poste_n_est_pas_un_siret():
    assert juge(is_siret, "356000000 0004 8", "356000000-00048") == [False, False]


@pytest.mark.parametrize("zeros", ["000000000", "00000000000000"])
def test_un_identifiant_de_zeros_est_refuse(zeros):
    assert juge(is_siren_or_siret, zeros) == [False]


def test_un_etablissement_00000_n_existe_pas_meme_avec_une_cle_juste():
    assert luhn.is_valid("24630016400000") and juge(is_siren, "246300164") == [True]
    assert juge(is_siret, "24630016400000") == [False]


def test_des_chiffres_qui_n_en_sont_pas_pour_un_registre_sont_refuses():
    assert juge(is_siren, "٢٤٦٣٠٠٧٠١", "²46300701", "246300701\n") == [False, False, False]


def test_un_rna_a_un_w_et_neuf_chiffres():
    assert juge(is_rna, "W631001234", "W63100123", "w631001234", "W63100123A", "W2A1001234", None) == [
        *[True, False, False, False, False, False]
    ]


# the shelf « identifiers » of the museum of bad input, and the rule that explains each; C07 is the only good one
MUSEE = {
    "C01 notation scientifique": ("8,03E+13", "notation_scientifique"),
    "C01 notation scientifique anglaise": ("8.03E+13", "notation_scientifique"),
    "C02 finit par 00000": ("24630070100000", "siret_arrondi"),
    "C02 numéro inventé": ("22040000000000", "siret_arrondi"),
    "C04 lettres à la place des chiffres": ("829605252000xx", "identifiant_invalide"),
    "C04 mot": ("PAS", "identifiant_invalide"),
    "C04 barre": ("/", "identifiant_invalide"),
    "C05 blancs et chiffres manquants": ("501 735 3", "identifiant_invalide"),
    "C06 zéros": ("000000000", "identifiant_factice"),
    "C06 numéro de fantaisie": ("11122233344455", "identifiant_factice"),
}


def charger_identifiants(entrepot, **identifiants: str):
    lignes = [{**SUBVENTION, "objet": nom, "idBeneficiaire": valeur} for nom, valeur in identifiants.items()]
    deposer(entrepot, "subventions", "subventions_2024.csv", en_csv(lignes))
    return charger_source(entrepot, "subventions")


def test_chaque_identifiant_du_musee_est_signale_et_son_montant_compte(entrepot):
    etat = charger_identifiants(entrepot, **{nom: valeur for nom, (valeur, _) in MUSEE.items()})
    assert (etat.lignes_retenues, etat.fichiers[0].lignes_rejetees) == (len(MUSEE), 0)
    signales = {rejet["valeur"]: (rejet["regle"], rejet["gravite"]) for rejet in rejets(entrepot, "subventions")}
    assert signales == {valeur: (regle, "signalement") for valeur, regle in MUSEE.values()}
    assert {ligne["id_beneficiaire"]: ligne["siren_beneficiaire"] for ligne in table(entrepot, "subventions")} == (
        dict.fromkeys(valeur for valeur, _ in MUSEE.values())
    )


@pytest.mark.parametrize(
    ("ecrit", "siren", "siret", "regle"),
    [
        ("58801481", "058801481", None, "zeros_restitues"),  # C03: the zero a spreadsheet lost
        ("5520135", "005520135", None, "zeros_restitues"),
        ("700 000 045", "700000045", None, "identifiant_restitue"),  # C05: blanks inside
        ("700\u00a0000\u202f045 00018", "700000045", "70000004500018", "identifiant_restitue"),
    ],
)
def test_un_identifiant_abime_par_un_tableur_est_rendu_et_dit(entrepot, ecrit, siren, siret, regle):
    charger_identifiants(entrepot, restitue=ecrit)
    [ligne] = table(entrepot, "subventions")
    assert (ligne["siren_beneficiaire"], ligne["siret_beneficiaire"]) == (siren, siret)
    assert ligne["id_beneficiaire"] == (siret or siren)
    dits = {rejet["regle"]: rejet["valeur"] for rejet in rejets(entrepot, "subventions")}
    assert set(dits) == {regle} | ({"siren_au_lieu_de_siret"} if siret is None else set())
    assert dits[regle] == ecrit, "ce qui est écrit dans le fichier se retrouve"


def test_des_zeros_ne_sont_rendus_que_si_la_cle_est_juste():
    chiffres = pd.Series(["58801482", "12345", None], dtype=TEXTE)
    assert restored(chiffres).equals(chiffres)


def test_la_poste_n_est_pas_signalee(entrepot):
    etat = charger_identifiants(entrepot, siege="35600000000048", bureau="35600000049837")
    assert etat.regles == []
    assert {ligne["siren_beneficiaire"] for ligne in table(entrepot, "subventions")} == {"356000000"}
