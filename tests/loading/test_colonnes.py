"""A column that empties, or holds other codes, turns its source red: with both figures, and the last good table kept."""

import pytest

from observatoire.warehouse import sha256
from tests.depots import charger_source, deposer, en_csv, octets, table
from tests.loading.volumineuses import BON, SOURCE
from tests.petit_sirene import siren, siret

COMMUNES = ("63113", "63124", "69381", "2A004", "97411", "01004")
POSTAUX = ("63000", "63800", "69001", "20000", "97410", "01500")


def _etablissements(nombre: int, communes=COMMUNES, **changements: str) -> str:
    return en_csv(
        {
            **BON,
            "siren": siren(rang),
            "siret": siret(siren(rang)),
            "codeCommuneEtablissement": communes[rang % len(communes)],
            **changements,
        }
        for rang in range(1, nombre + 1)
    )


@pytest.mark.parametrize(
    ("changements", "mots"),
    [
        ({"caractereEmployeurEtablissement": ""}, ("« caractereEmployeurEtablissement »", "qu'à 0 %", "100 %")),
        ({"activitePrincipaleEtablissement": ""}, ("« activitePrincipaleEtablissement »", "qu'à 0 %", "100 %")),
        ({"codeCommuneEtablissement": "99123"}, ("« codeCommuneEtablissement »", "sa référence qu'à 0 %", "100 %")),
        ({"codeCommuneEtablissement": "Lyon!"}, ("« codeCommuneEtablissement »",)),
    ],
)
def test_une_colonne_qui_se_vide_garde_la_derniere_table(entrepot, changements, mots):
    deposer(entrepot, SOURCE, "s_2026-09.csv", _etablissements(40))
    assert charger_source(entrepot, SOURCE).etat == "a_jour"
    avant = octets(entrepot, SOURCE)
    deposer(entrepot, SOURCE, "s_2026-10.csv", _etablissements(40, **changements))
    etat = charger_source(entrepot, SOURCE)
    assert etat.etat == "en_echec" and all(mot in etat.motif for mot in mots), etat.motif
    assert octets(entrepot, SOURCE) == avant


def test_une_colonne_un_peu_moins_remplie_passe(entrepot):
    deposer(entrepot, SOURCE, "s_2026-09.csv", _etablissements(40))
    assert charger_source(entrepot, SOURCE).remplissage["est_employeur"] == 100
    rangs = _etablissements(40).splitlines(keepends=True)
    deposer(entrepot, SOURCE, "s_2026-10.csv", "".join(rangs[:31] + [rang.replace(",O\n", ",\n") for rang in rangs[31:]]))
    etat = charger_source(entrepot, SOURCE)
    assert (etat.etat, etat.remplissage["est_employeur"]) == ("a_jour", 75.0), etat.motif


def test_une_colonne_videe_s_accepte(entrepot):
    deposer(entrepot, SOURCE, "s_2026-09.csv", _etablissements(40))
    charger_source(entrepot, SOURCE)
    chemin = deposer(entrepot, SOURCE, "s_2026-10.csv", _etablissements(40, caractereEmployeurEtablissement=""))
    charger_source(entrepot, SOURCE)
    entree = f"- sha256: {sha256(chemin)}\n  raison: l'Insee ne la donne plus\n"
    deposer(entrepot, SOURCE, "acceptations.yml", entree)
    assert charger_source(entrepot, SOURCE).etat == "a_jour"


def test_des_codes_postaux_ne_sont_pas_des_codes_commune(entrepot):
    deposer(entrepot, SOURCE, "s_2026-10.csv", _etablissements(40, POSTAUX))
    etat = charger_source(entrepot, SOURCE)
    assert etat.etat == "en_echec" and "codes postaux" in etat.motif, etat.motif
    assert table(entrepot, SOURCE) == []


def _agrements(mots: list[str]) -> str:
    return en_csv({"Numéro SIREN": mot, "Région": "ARA"} for mot in mots)


def test_des_numeros_de_tva_sans_cle_ne_sont_pas_des_siren(entrepot):
    deposer(entrepot, "esus", "liste_esus_2025.csv", _agrements([f"FR{rang:02}{siren(rang)}" for rang in range(1, 13)]))
    etat = charger_source(entrepot, "esus")
    assert etat.etat == "en_echec" and "12 lignes sur 12" in etat.motif and "« Numéro SIREN »" in etat.motif


def test_des_numeros_de_tva_avec_leur_cle_se_lisent(entrepot):
    numeros = [f"FR{(12 + 3 * (int(siren(rang)) % 97)) % 97:02}{siren(rang)}" for rang in range(1, 13)]
    deposer(entrepot, "esus", "liste_esus_2025.csv", _agrements(numeros))
    assert charger_source(entrepot, "esus").etat == "a_jour"
    assert {ligne["siren"] for ligne in table(entrepot, "esus")} == {siren(rang) for rang in range(1, 13)}
