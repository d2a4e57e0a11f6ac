"""Files as people and tools write them: the same amounts, codes and identifiers whatever the source and its reader."""

import datetime
from decimal import Decimal

import pytest

from observatoire.schemas import TEXTE
from observatoire.sources import sources
from tests.depots import SUBVENTION, charger_source, comptes_justes, deposer, en_csv, regles, rejets, table
from tests.donnees import CAM
from tests.petit_sirene import ETABLISSEMENT, UNITE, siren, siret
from tests.sources.test_balances import compte

SIREN, SIRET = "700000045", "70000004500018"


def subventions(entrepot, *changements: dict[str, str], fichier: str = "s_2024.csv") -> list[dict]:
    lignes = [{**SUBVENTION, "objet": str(rang), **change} for rang, change in enumerate(changements)]
    deposer(entrepot, "subventions", fichier, en_csv(lignes))
    etat = charger_source(entrepot, "subventions", plafond_rejets_pct=100)
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    return sorted(table(entrepot, "subventions"), key=lambda ligne: ligne["_ligne"])


def dits(entrepot, source: str) -> set[tuple[int, str, str]]:
    return {(rejet["ligne"], rejet["colonne"], rejet["regle"]) for rejet in rejets(entrepot, source)}


def test_les_montants_de_tableurs_et_de_comptables_se_lisent_au_centime(entrepot):
    montants = ["1E+05", "(1 500,00)", "1 500,00-", "−1 500", "–1500", "€ 30 000", "+30000", "33333.3333333333"]
    montants += ["7200.000000000001", "'30000", "30 000,-", "-"]
    lignes = subventions(entrepot, *({"montant": montant} for montant in montants))
    assert sum(ligne["montant_eur"] for ligne in lignes) == Decimal("254533.33") and len(lignes) == 11
    negatifs = {(ligne, "montant_eur", "montant_positif") for ligne in (3, 4, 5, 6)}
    assert dits(entrepot, "subventions") == negatifs | {
        (2, "montant_eur", "peut_etre_arrondi"),
        (9, "montant_eur", "decimales_arrondies"),  # once for the file
        (13, "montant_eur", "valeur_illisible"),
    }
    [tiret] = [rejet for rejet in rejets(entrepot, "subventions") if rejet["gravite"] == "refus"]
    assert "un tiret seul n'est pas zéro" in tiret["motif"]


def test_les_montants_d_une_balance_se_lisent_comme_ceux_d_une_subvention(entrepot):
    ecrits = {"65741": "1 500,50", "65742": "1.234,50", "65743": "7200.000000000001", "65748": "1500.5"}
    lignes = [compte("0", compte=numero, obnetdeb=ecrit, sd=ecrit) for numero, ecrit in ecrits.items()]
    lignes[3]["exer"] = f"{lignes[3]['exer']}.0"
    lignes.append(compte("0", compte="65749", obnetdeb="15.000", sd="15.000"))
    deposer(entrepot, "balances_dgfip", "b_2024.csv", en_csv(lignes))
    etat = charger_source(entrepot, "balances_dgfip", plafond_rejets_pct=100)
    assert etat.etat == "a_jour" and comptes_justes(etat), etat.motif
    lus = {ligne["compte"]: ligne["obnetdeb_eur"] for ligne in table(entrepot, "balances_dgfip")}
    attendus = ("1500.50", "1234.50", "7200.00", "1500.50")
    assert lus == dict(zip(ecrits, map(Decimal, attendus), strict=True))
    assert {regle for ligne, _, regle in dits(entrepot, "balances_dgfip") if ligne == 4} == {"decimales_arrondies"}
    ambigus = [rejet for rejet in rejets(entrepot, "balances_dgfip") if rejet["ligne"] == 6]
    assert {rejet["regle"] for rejet in ambigus} == {"valeur_illisible"}
    assert all("milliers ou décimales" in rejet["motif"] for rejet in ambigus)


def test_les_identifiants_se_lisent_sous_toutes_leurs_formes_et_chacune_est_dite_une_fois(entrepot):
    ecrits = [f"{SIRET}.0", f"{SIRET}.00", f"{SIRET}.", f"{SIRET},00", f"'{SIRET}", "700.000.045.00018"]
    ecrits += ["700000045-00018", f"SIRET {SIRET}", f"n° {SIRET}", f"{SIRET}\u200b", "W632001234"]
    lignes = subventions(entrepot, *({"idBeneficiaire": ecrit, "montant": "1000"} for ecrit in ecrits))
    assert [ligne["siret_beneficiaire"] for ligne in lignes] == [SIRET] * 10 + [None]
    assert [ligne["rna_beneficiaire"] for ligne in lignes] == [None] * 10 + ["W632001234"]
    assert sum(ligne["montant_eur"] for ligne in lignes) == 11000
    assert dits(entrepot, "subventions") == {
        (2, "id_beneficiaire", "point_zero"),
        (6, "id_beneficiaire", "identifiant_restitue"),
        (7, "id_beneficiaire", "identifiant_restitue"),
        (9, "id_beneficiaire", "identifiant_restitue"),
        (12, "id_beneficiaire", "rna_au_lieu_de_siret"),
    }


@pytest.mark.parametrize("ecrit", ["200006971.0", "200 006 971", "SIREN 200006971"])
def test_l_attribuant_se_lit_et_son_argent_ne_quitte_pas_son_territoire(entrepot, ecrit):
    [ligne] = subventions(entrepot, {"idAttribuant": ecrit})
    assert (ligne["siren_attribuant"], ligne["id_attribuant"]) == ("200006971", "200006971")


def test_un_siret_ecrit_avec_et_sans_blancs_n_est_pas_un_demenagement(entrepot):
    subventions(entrepot, {}, {"idAttribuant": f"{CAM[:3]} {CAM[3:6]} {CAM[6:9]} {CAM[9:]}"})
    assert dits(entrepot, "subventions") == {(3, "id_attribuant", "identifiant_restitue")}


def test_un_decalage_horaire_garde_le_jour_ecrit(entrepot):
    lignes = subventions(
        entrepot,
        {"dateConvention": "2022-05-10T00:00:00+00:00"},
        {"dateConvention": "2023-05-10T00:00:00+02:00"},
        {"dateConvention": "2022-12-31T23:00:00Z"},  # midnight in Paris
        {"dateConvention": "5/3/2021"},
    )
    assert [ligne["exercice"] for ligne in lignes] == [2022, 2023, 2023, 2021]
    assert lignes[3]["date_convention"] == datetime.date(2021, 3, 5)
    assert dits(entrepot, "subventions") == {(4, "date_convention", "minuit_utc")}


def test_une_participation_et_une_adhesion_lisent_les_identifiants_comme_une_subvention(entrepot):
    participation = {
        "siren_detenteur": "246 300 701",
        "societe": "Coopérative d'essai",
        "siren_societe": f"{SIREN}.0",
        "montant_eur": "1 000,50",
        "date_participation": "",
        "statut": "",
        "document": "fiche",
        "citation": "mots",
    }
    deposer(entrepot, "participations", "p.csv", en_csv([participation]))
    assert charger_source(entrepot, "participations").etat == "a_jour"
    [ligne] = table(entrepot, "participations")
    assert (ligne["siren_detenteur"], ligne["siren_societe"]) == ("246300701", SIREN)
    assert ligne["montant_eur"] == Decimal("1000.50")
    assert dits(entrepot, "participations") == {
        (2, "siren_detenteur", "identifiant_restitue"),
        (2, "siren_societe", "point_zero"),
    }


# what pandas makes of codes when it saves a file again
UN = siren(1)
AUTRE = {"siren": siren(2), "siret": siret(siren(2))}


def resauve(valeur: str) -> str:
    return f"{valeur.lstrip('0')}.0"


def test_un_stock_sirene_resauve_par_pandas_se_lit_comme_s_il_ne_l_avait_pas_ete(entrepot):
    etablissement = {**ETABLISSEMENT, "siren": UN, "siret": siret(UN), "anneeEffectifsEtablissement": "2024"}
    unite = {**UNITE, "siren": UN}
    abimes = {
        "sirene_etablissements": {
            **etablissement,
            **{nom: resauve(etablissement[nom]) for nom in ("siret", "trancheEffectifsEtablissement")},
            **{nom: resauve(etablissement[nom]) for nom in ("codeCommuneEtablissement", "anneeEffectifsEtablissement")},
            "etablissementSiege": "True",
        },
        "sirene_unites_legales": {
            **unite,
            **{nom: resauve(unite[nom]) for nom in ("siren", "categorieJuridiqueUniteLegale")},
        },
    }
    for source, intact in (("sirene_etablissements", etablissement), ("sirene_unites_legales", unite)):
        lues = []
        for ligne in (intact, abimes[source]):
            autre = ligne | {nom: valeur for nom, valeur in AUTRE.items() if nom in ligne}
            deposer(entrepot, source, "Stock_utf8.csv", en_csv([ligne, autre]))
            etat = charger_source(entrepot, source)
            assert etat.etat == "a_jour", etat.motif
            lues.append(table(entrepot, source))
        assert lues[0] == lues[1]
        # once for each column, whatever the number of rows
        assert set(regles(entrepot, source)) == {("signalement", "point_zero")}
        assert {rejet["ligne"] for rejet in rejets(entrepot, source)} == {2}


def test_un_epci_resauve_par_pandas_garde_ses_salaries(entrepot):
    entete = "annee,code_epci,code_region,code_ancienne_region,nombre_d_etablissements,effectifs_salaries_moyens,masse_salariale"
    deposer(entrepot, "urssaf_prive_epci", "u.csv", f"{entete}\n2024.0,246300701.0,84.0,83.0,8000.0,120000.0,3600000000.0\n")
    assert charger_source(entrepot, "urssaf_prive_epci").etat == "a_jour"
    [ligne] = table(entrepot, "urssaf_prive_epci")
    assert (ligne["code_epci"], ligne["code_region"], ligne["effectifs_salaries_moyens"]) == ("246300701", "84", 120000)
    assert {regle for _, _, regle in dits(entrepot, "urssaf_prive_epci")} == {"point_zero"}


def test_un_numero_de_tva_dont_la_cle_est_juste_donne_son_siren(entrepot):
    juste = f"FR{(12 + 3 * (int(SIREN) % 97)) % 97:02}{SIREN}"
    fausse = f"FR00{siren(1)}"
    deposer(entrepot, "esus", "liste_esus_2025.csv", f"Numéro SIREN\n{juste}\n{fausse}\n")
    assert charger_source(entrepot, "esus").etat == "a_jour"
    assert [ligne["siren"] for ligne in table(entrepot, "esus")] == [SIREN, fausse]
    assert dits(entrepot, "esus") == {(2, "siren", "tva_au_lieu_de_siren"), (3, "siren", "siren_invalide")}


def test_toute_colonne_d_identifiant_dit_son_genre():
    """A source added without it would read « 70000004500018.0 » as nobody."""
    # names a document gave, or a register of its own numbers
    autres = {("rna", "id_association"), ("subventions", "id_subvention"), ("subventions", "id_rae")}
    for source in sources().values():
        for colonne in source.table.colonnes:
            nomme = colonne.nom.split("_")[0] in ("siren", "siret", "rna", "id")
            if nomme and colonne.type == TEXTE and not colonne.calculee and (source.nom, colonne.nom) not in autres:
                assert colonne.genre in ("siren", "siret", "siren_ou_siret", "rna"), (source.nom, colonne.nom)
