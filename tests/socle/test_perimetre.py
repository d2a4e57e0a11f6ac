"""The ESS perimeter on hand-made legal units: who is in, in which definition, for which reason, and who may be listed."""

import datetime

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from observatoire.settings import Settings
from observatoire.warehouse import Entrepot
from tests.depots import deposer, en_csv
from tests.donnees import lire_csv
from tests.hasard import exemples
from tests.petit_sirene import PetitSirene

# legal category, NAF of the unit, Insee's flag, diffusion, then commune, NAF, diffusion of its establishment
UNITES = {
    "association": ("9220", "88.99B", "", "O", "63113", "88.99B", "O"),
    "association_signalee": ("9220", "88.99B", "O", "O", "63113", "88.99B", "O"),
    "association_non": ("9220", "88.99B", "N", "O", "63113", "88.99B", "O"),
    "parti": ("9220", "94.92Z", "O", "O", "63113", "94.92Z", "O"),
    "parti_naf_2025": ("9220", "94.92Y", "O", "O", "63113", "94.92Y", "O"),
    "parti_muet": ("9220", "94.92Z", "", "O", "63113", "94.92Z", "O"),
    "local_cultuel": ("9220", "88.99B", "O", "O", "63113", "94.91Z", "O"),
    "scop": ("5458", "62.01Z", "", "O", "63113", "62.01Z", "O"),
    "sas": ("5710", "62.01Z", "", "O", "63113", "62.01Z", "O"),
    "sas_non": ("5710", "62.01Z", "N", "O", "63113", "62.01Z", "O"),
    "sas_signalee": ("5710", "62.01Z", "O", "O", "63113", "62.01Z", "O"),
    "a_decider": ("9210", "88.99B", "", "O", "63113", "88.99B", "O"),
    "a_decider_signalee": ("9210", "88.99B", "O", "O", "63113", "88.99B", "O"),
    "gip": ("7410", "84.11Z", "O", "O", "63113", "84.11Z", "O"),
    "personne": ("1000", "62.01Z", "", "O", "63113", "62.01Z", "O"),
    "discrete": ("9220", "88.99B", "", "P", "63113", "88.99B", "O"),
    "etablissement_discret": ("9220", "88.99B", "", "O", "63113", "88.99B", "P"),
    "ancienne_naf": ("9220", "88.99B", "", "O", "63113", "85.3K", "O"),
}
INSEE = {
    "association", "association_signalee", "association_non", "local_cultuel", "scop", "discrete",
    "etablissement_discret", "ancienne_naf",
}  # fmt: skip
LARGE_SEULEMENT = {"parti", "parti_naf_2025", "sas_signalee", "a_decider_signalee"}


@pytest.fixture(scope="module")
def classes(tmp_path_factory) -> PetitSirene:
    """Compute the perimeter of the hand-made units, with an employer that closed."""
    petit = _nouveau(tmp_path_factory.mktemp("perimetre"))
    for nom, (categorie, naf, indicateur, diffusion, commune, naf_local, diffusion_locale) in UNITES.items():
        petit.unite_seule(nom, categorie, naf, indicateur, statutDiffusionUniteLegale=diffusion)
        petit.etablissement(
            nom,
            codeCommuneEtablissement=commune,
            activitePrincipaleEtablissement=naf_local,
            statutDiffusionEtablissement=diffusion_locale,
        )
    petit.etablissement("association", "ferme", etatAdministratifEtablissement="F", dateDebut="2024-03-31")
    petit.calculer()
    return petit


def _nouveau(dossier) -> PetitSirene:
    return PetitSirene(Entrepot(Settings(dossier / "raw", dossier / "warehouse", "246300701")))


@pytest.fixture
def petit(entrepot) -> PetitSirene:
    """Give empty stocks."""
    return PetitSirene(entrepot)


def test_qui_est_dans_quel_perimetre(classes):
    dedans = classes.perimetres()
    assert {nom for nom, perimetre in dedans.items() if perimetre == "insee"} == INSEE
    assert {nom for nom, perimetre in dedans.items() if perimetre == "large"} == LARGE_SEULEMENT
    assert {dedans[nom] for nom in set(UNITES) - INSEE - LARGE_SEULEMENT} == {""}
    lus = classes.etablissements()
    assert {nom: (ligne["est_ess"], ligne["est_ess_large"]) for nom, ligne in lus.items() if nom != "ferme"} == {
        nom: (perimetre == "insee", perimetre != "") for nom, perimetre in dedans.items()
    }


def test_les_raisons_et_la_confiance_sont_gardees(classes):
    lues = classes.unites()
    dites = {nom: (ligne["motif_ess"], ligne["confiance"]) for nom, ligne in lues.items()}
    assert dites["association"] == ("catégorie juridique", "moyenne")
    assert dites["association_signalee"] == ("catégorie juridique ; indicateur ESS de l'Insee", "forte")
    assert dites["sas_signalee"] == ("indicateur ESS de l'Insee", "moyenne")
    assert dites["parti"] == ("indicateur ESS de l'Insee", "moyenne")
    assert dites["a_decider"] == (None, None)
    assert lues["sas_signalee"]["famille"] == "société commerciale de l'ESS"
    listes = classes.listes()
    assert (listes["association"]["motif_ess"], listes["association"]["confiance"]) == dites["association"]
    assert (listes["sas_signalee"]["est_ess"], listes["sas_signalee"]["est_ess_large"]) == (False, True)


def test_les_desaccords_entre_les_raisons_sont_dits(classes):
    dits = {nom: ligne["desaccord"] for nom, ligne in classes.unites().items() if ligne["desaccord"]}
    assert dits == {
        "association_non": "catégorie retenue, indicateur « N »",
        "parti": "activité hors champ, mais indicateur ou liste",
        "parti_naf_2025": "activité hors champ, mais indicateur ou liste",
        "gip": "catégorie jamais dans l'ESS, mais indicateur ou liste",
        "a_decider": "catégorie à décider",
        "a_decider_signalee": "catégorie à décider",
    } | {"gip": "activité hors champ, mais indicateur ou liste ; catégorie jamais dans l'ESS, mais indicateur ou liste"}
    assert not {"sas", "sas_non", "personne"} & set(classes.unites()), "rien ne les fait entrer ni ne les écarte"


def test_qui_est_compte_sans_etre_liste(classes):
    listes = set(classes.listes())
    comptes = {nom for nom, ligne in classes.etablissements().items() if ligne["est_ess_large"]}
    # whether an activity in an old nomenclature is a sensitive one is not known: it is not listed
    assert comptes - listes == {
        *("parti", "parti_naf_2025", "local_cultuel", "discrete", "etablissement_discret", "ancienne_naf", "ferme")
    }
    assert listes < comptes


def test_un_employeur_ferme_reste_la_sans_etre_liste(classes):
    lus = classes.etablissements()
    assert (lus["ferme"]["est_actif"], str(lus["ferme"]["date_fermeture"])) == (False, "2024-03-31")
    assert lus["ferme"]["est_ess"], "sa fermeture est celle d'un établissement de l'ESS"
    assert (lus["association"]["est_actif"], lus["association"]["date_fermeture"]) == (True, None)
    assert "ferme" not in classes.listes()


def test_le_mois_du_stock_et_l_ancienne_nomenclature(classes):
    lus = classes.etablissements()
    assert {ligne["millesime"] for ligne in lus.values()} == {"2026-10"}
    assert lus["association"]["a17"] == "OQ"
    assert (lus["ancienne_naf"]["code_naf"], lus["ancienne_naf"]["a17"]) == (None, None)


# none of them is an enterprise of the ESS, whatever a flag or a list says
JAMAIS = ["1000", "2110", "3120", "7410", "7160", "6585", "6901"]
RAISONS = {
    "indicateur": "indicateur ESS de l'Insee",
    "liste": "liste d'ESS France",
    "agrement": "agrément ESUS",
}


@pytest.mark.parametrize("raison", RAISONS)
def test_chaque_raison_fait_entrer_dans_le_perimetre_large_sauf_une_categorie_exclue(petit, raison):
    categories = ["5710", "5499", "6540", "9240", *JAMAIS]
    for categorie in categories:
        petit.unite(categorie, categorie, indicateur="O" if raison == "indicateur" else "")
    if raison == "liste":
        petit.deposer("ess_france", *({"SIREN": categorie} for categorie in categories))
    if raison == "agrement":
        petit.deposer("esus", *({"SIREN": categorie, "Région": "Auvergne"} for categorie in categories))
    petit.calculer()
    assert petit.perimetres() == {categorie: "" if categorie in JAMAIS else "large" for categorie in categories}
    lues = petit.unites()
    assert {lues[nom]["motif_ess"] for nom in categories if nom not in JAMAIS} == {RAISONS[raison]}
    for nom in JAMAIS:
        assert lues[nom]["desaccord"] == "catégorie jamais dans l'ESS, mais indicateur ou liste"
        assert (lues[nom]["motif_ess"], lues[nom]["confiance"]) == (None, None)


def test_plusieurs_raisons_s_ajoutent_et_un_agrement_ne_vaut_que_ses_annees(petit):
    for nom in ("toutes", "expiree", "future", "renouvelee"):
        petit.unite(nom, "5710", indicateur="O" if nom == "toutes" else "")
    petit.deposer("ess_france", {"SIREN": "toutes"})
    dates = {
        "toutes": ("2024-01-01", "2029-01-01"),
        "expiree": ("2016-01-01", "2021-01-01"),
        "future": ("2026-11-01", "2031-01-01"),
    }
    agrements = [(nom, *jours) for nom, jours in dates.items()]
    agrements += [("renouvelee", "2019-01-01", "2024-01-01"), ("renouvelee", "2024-01-01", "2029-01-01")]
    petit.deposer(
        "esus", *({"SIREN": n, "Date d'agrément": du, "Date de fin d'agrément": au} for n, du, au in agrements)
    )
    petit.calculer()
    assert petit.perimetres() == {"toutes": "large", "expiree": "", "future": "", "renouvelee": "large"}
    assert petit.unites()["toutes"]["motif_ess"] == " ; ".join(RAISONS.values())
    assert petit.unites()["toutes"]["confiance"] == "forte"


def test_une_activite_hors_champ_ecarte_du_premier_perimetre_et_pas_du_large(petit):
    for naf in ("84.11Z", "94.11Z", "94.12Y", "94.20Z", "94.91Z", "94.92Z"):
        petit.unite(f"muette {naf}", naf=naf)
        petit.unite(f"signalée {naf}", naf=naf, indicateur="O")
    for naf in ("94.99Z", "85.42Z", "28.41Z"):
        petit.unite(f"permise {naf}", naf=naf)
    petit.calculer()
    attendus = {"muette": "", "signalée": "large", "permise": "insee"}
    assert {nom.split()[0]: perimetre for nom, perimetre in petit.perimetres().items()} == attendus
    assert len(set(petit.perimetres().items())) == 15
    assert {u["desaccord"] for nom, u in petit.unites().items() if nom.startswith("signalée")} == {
        "activité hors champ, mais indicateur ou liste"
    }


# ---- what each reason brings adds up


@exemples(4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    unites=st.lists(
        st.tuples(
            st.sampled_from(["9220", "9210", "5458", "5710", "9300", "7410", "1000", "9999"]),
            st.sampled_from(["88.99B", "94.92Z", "84.11Z", "62.01Z"]),
            st.sampled_from(["", "O", "N"]),
            st.booleans(),
            st.booleans(),
            st.sampled_from(["", "", "entre", "sort", "deplace"]),
            st.sampled_from(["insee_reconstitue", "large", "les_deux"]),
            st.sampled_from(["63113", "75101", "63999", "", "99999"]),
            st.integers(1, 3),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_personne_ne_se_perd_et_tout_s_additionne(tmp_path_factory, unites):
    petit = _nouveau(tmp_path_factory.mktemp("hasard"))
    listees, agreees, corrections = [], [], []
    for rang, (categorie, naf, indicateur, listee, agreee, sens, perimetre, commune, nombre) in enumerate(unites):
        nom = str(rang)
        petit.unite_seule(nom, categorie, naf, indicateur)
        for place in range(nombre):
            petit.etablissement(nom, f"{nom}-{place}", codeCommuneEtablissement=commune)
        listees += [{"SIREN": petit.siren(nom)}] * listee
        agreees += [{"SIREN": petit.siren(nom), "Région": "x"}] * agreee
        if sens:
            petit.corriger(nom, sens=sens, perimetre=perimetre, famille="mutuelle")
    for source, lignes in (("ess_france", listees), ("esus", agreees), ("corrections_ess", corrections)):
        if lignes:
            petit.deposer(source, *lignes)
    petit.calculer()
    attendus = {f"{rang}-{place}" for rang, unite in enumerate(unites) for place in range(unite[-1])}
    lus = petit.etablissements()
    assert set(lus) == attendus, "chaque établissement du stock est là une fois"
    lues = petit.unites()
    assert all(ligne["est_ess_large"] for ligne in lues.values() if ligne["est_ess"]), "le large contient l'autre"
    assert all((ligne["motif_ess"] is not None) == ligne["est_ess_large"] for ligne in lues.values())
    motifs = petit.lignes("qualite.perimetre_motifs")
    assert sum(ligne["nombre_unites_legales"] for ligne in motifs) == len(lues)
    employeurs = sum(ligne["nombre_etablissements_employeurs"] for ligne in motifs if ligne["est_ess"])
    assert employeurs == sum(ligne["est_ess"] for ligne in lus.values())
    assert {nom.split("-")[0]: ligne["est_ess"] for nom, ligne in lus.items()} == {
        str(rang): lues[str(rang)]["est_ess"] if str(rang) in lues else False for rang in range(len(unites))
    }


# ---- the real extracts: digital NAF codes of the whole country


@pytest.fixture(scope="module")
def extraits(donnees_du_module, tmp_path_factory) -> tuple[PetitSirene, dict[str, list[dict[str, str]]]]:
    """Feed the real extracts as a stock of legal units, with the list of ESS France and the ESUS they name."""
    dossier = donnees_du_module / "ess"
    lus = {
        "indicateur": lire_csv(dossier / "insee_flag_ess_O_naf_numerique_2026-02.csv"),
        "categorie": lire_csv(dossier / "sirene_cj_ess_x_naf_numerique_2026-02.csv"),
        "ess_france": lire_csv(dossier / "ess_france_liste_x_naf_numerique_2023-11.csv"),
    }
    petit = _nouveau(tmp_path_factory.mktemp("extraits"))
    signalees = {ligne["siren"] for ligne in lus["indicateur"]}
    unites = {ligne["siren"]: ligne for ligne in [*lus["indicateur"], *lus["categorie"]]}
    modele = next(
        iter(lire_csv(donnees_du_module / "sirene" / "StockUniteLegale_utf8_extrait_2022-04_personnes_morales.csv"))
    )
    colonnes = dict.fromkeys(modele, "") | {
        "statutDiffusionUniteLegale": "O", "etatAdministratifUniteLegale": "A", "caractereEmployeurUniteLegale": "N",
    }  # fmt: skip
    stock = [
        {
            **colonnes,
            **{nom: ligne[nom] for nom in ("siren", "categorieJuridiqueUniteLegale", "activitePrincipaleUniteLegale")},
            "economieSocialeSolidaireUniteLegale": "O" if numero in signalees else "",
        }
        for numero, ligne in unites.items()
    ]
    deposer(petit.entrepot, "sirene_unites_legales", "StockUniteLegale_utf8.csv", en_csv(stock))
    etablissements = [
        {"siren": numero, "siret": f"{numero}00001", "statutDiffusionEtablissement": "O", "etatAdministratifEtablissement": "A",
         "trancheEffectifsEtablissement": "NN", "codeCommuneEtablissement": "63113", "caractereEmployeurEtablissement": "N",
         "activitePrincipaleEtablissement": ligne["activitePrincipaleUniteLegale"],
         "dateDernierTraitementEtablissement": "2026-02-01T00:00:00"}
        for numero, ligne in unites.items()
    ]  # fmt: skip
    deposer(petit.entrepot, "sirene_etablissements", "StockEtablissement_utf8.csv", en_csv(etablissements))
    liste = [{"SIREN": ligne["siren"].lstrip("0")} for ligne in lus["ess_france"]]
    deposer(petit.entrepot, "ess_france", "entreprisesess.csv", en_csv(liste))
    agreees = [{"SIREN": ligne["siren"], "Région": ""} for ligne in lus["categorie"] if "esus" in ligne["sources"]]
    deposer(petit.entrepot, "esus", "esus_2026.csv", en_csv(agreees))
    petit.calculer()
    return petit, lus


def test_les_extraits_reels_donnent_les_comptes_qui_y_sont(extraits):
    petit, lus = extraits
    motifs = {ligne["siren"]: (ligne["motif_ess"] or "").split(" ; ") for ligne in petit.lignes("socle.unites_ess")}
    for categorie, avec_indicateur, toutes in (("9220", 2317, 2417), ("5458", 68, 91), ("5560", 22, 28)):
        de_la_categorie = [
            ligne["siren"] for ligne in lus["categorie"] if ligne["categorieJuridiqueUniteLegale"] == categorie
        ]
        assert len(de_la_categorie) == toutes
        assert all("catégorie juridique" in motifs[numero] for numero in de_la_categorie)
        assert sum("indicateur ESS de l'Insee" in motifs[numero] for numero in de_la_categorie) == avec_indicateur
    listees = [ligne["siren"] for ligne in lus["ess_france"]]
    assert len(listees) == 2061
    signalees = {ligne["siren"]: ligne["categorieJuridiqueUniteLegale"] for ligne in lus["indicateur"]}
    a_deux = {numero for numero in listees if numero in signalees}
    assert len(a_deux) == 1956
    # one of them is a grouping of public law, which neither flag nor list brings in
    assert [signalees[numero] for numero in a_deux if motifs[numero] == [""]] == ["7410"]
    les_deux = {"liste d'ESS France", "indicateur ESS de l'Insee"}
    assert sum(les_deux <= set(motifs[numero]) for numero in a_deux) == 1955
    # the 56 others are in neither extract of legal units: their category is not known here
    assert sum(numero not in motifs for numero in listees) == 56
    assert sum("agrément ESUS" in dits for dits in motifs.values()) == 78


def test_les_extraits_reels_ne_perdent_personne_et_disent_leurs_desaccords(extraits):
    petit, lus = extraits
    unites = {ligne["siren"]: ligne for ligne in petit.lignes("socle.unites_ess")}
    signalees = {ligne["siren"]: ligne["categorieJuridiqueUniteLegale"] for ligne in lus["indicateur"]}
    jamais = {numero for numero, categorie in signalees.items() if categorie in ("7410", "3120", "6585", "6901")}
    assert len(jamais) == 4
    dehors = {numero for numero in signalees if not unites[numero]["est_ess_large"]}
    assert dehors == jamais
    # category retained, and not excluded by its activity: none of these codes is
    assert sum(ligne["est_ess"] for ligne in unites.values()) == sum(
        "catégorie juridique" in (ligne["motif_ess"] or "") for ligne in unites.values()
    )
    tous = signalees | {ligne["siren"]: "" for ligne in lus["categorie"]}
    assert {ligne["siren"] for ligne in petit.lignes("socle.etablissements")} <= set(tous)
    a_decider = {ligne["siren"] for ligne in lus["categorie"] if ligne["categorieJuridiqueUniteLegale"] == "9210"}
    assert {unites[numero]["desaccord"] for numero in a_decider} == {"catégorie à décider"}
    # no rule, no flag, no list: a category nobody claims
    assert not [n for n in unites if n not in signalees and unites[n]["categorie_juridique"] == "9900"]


def test_le_jour_des_regles_est_celui_du_stock_et_non_celui_du_calcul(extraits):
    petit, _ = extraits
    lus = pq.read_table(petit.entrepot.path_of("socle", "sirene_etablissements"), columns=["date_traitement"])
    assert max(lus["date_traitement"].to_pylist()) == datetime.date(2026, 2, 1)
    assert {ligne["millesime"] for ligne in petit.lignes("socle.etablissements")} == {"2026-02"}
