"""Establishments on hand-made stocks: whose they are, where they are today, in what sector; and nobody lost."""

import dataclasses

import pytest

from observatoire.derived import TableIncoherente, compute_table
from observatoire.settings import Settings
from observatoire.socle.establishments import ETABLISSEMENTS
from observatoire.socle.former_communes import PASSAGES_COMMUNES
from observatoire.sources import sources
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, comptes_justes, deposer, rejets, table
from tests.donnees import lire_csv
from tests.petit_sirene import PetitSirene


@pytest.fixture
def petit(entrepot) -> PetitSirene:
    """Give empty stocks."""
    return PetitSirene(entrepot)


# ---- C20: a SIREN too many


def test_c20_un_siren_fusionne_mene_a_celui_qui_fait_foi(petit):
    petit.unite("debout")
    petit.etablissement("double", "suivi")
    petit.deposer("sirene_doublons", {"siren": "debout", "sirenDoublon": "double"})
    petit.calculer()
    suivi = petit.etablissements()["suivi"]
    assert suivi["siren"] == petit.siren("debout") and suivi["siret"].startswith(petit.siren("double"))
    assert (suivi["est_ess"], suivi["famille"]) == (True, "association")
    assert petit.listes()["suivi"]["denomination"] == "PERSONNE MORALE D'ESSAI"
    assert _double(petit) == {"suivi jusqu'au SIREN qui fait foi": 1}
    assert ("unité légale", "absente du stock") not in petit.rapproches()
    [motif] = petit.lignes("qualite.perimetre_motifs")
    assert motif["nombre_etablissements_employeurs"] == 2, "compté avec l'unité qui fait foi"


def test_c20_une_chaine_de_fusions_se_suit_jusqu_au_bout(petit):
    petit.unite("debout")
    petit.etablissement("premier", "suivi")
    petit.deposer(
        "sirene_doublons",
        {"siren": petit.siren("second"), "sirenDoublon": petit.siren("premier")},
        {"siren": petit.siren("debout"), "sirenDoublon": petit.siren("second")},
        # another way, to the same one
        {"siren": petit.siren("debout"), "sirenDoublon": petit.siren("premier")},
    )
    petit.calculer()
    assert petit.etablissements()["suivi"]["siren"] == petit.siren("debout")


@pytest.mark.parametrize("cas", ["deux", "cercle", "lui-même"])
def test_c20_un_doublon_qui_ne_mene_nulle_part_a_coup_sur_reste_ou_il_est(petit, cas):
    for rang in range(20):
        petit.unite(f"u{rang}")
    petit.etablissement("double", "laisse")
    suites = {
        "deux": [("u1", "double"), ("u2", "double")],
        "cercle": [("retour", "double"), ("double", "retour")],
        "lui-même": [("double", "double")],
    }
    paires = [{"siren": petit.siren(u), "sirenDoublon": petit.siren(d)} for u, d in suites[cas]]
    petit.deposer("sirene_doublons", *paires)
    petit.calculer()
    laisse = petit.etablissements()["laisse"]
    assert (laisse["siren"], laisse["est_ess"]) == (petit.siren("double"), False)
    assert _double(petit) == {"laissé : il mène à plusieurs SIREN, ou à aucun": 1}
    assert petit.rapproches()["unité légale", "absente du stock"] == 1


def _double(petit: PetitSirene) -> dict[str, int]:
    lignes = petit.lignes("qualite.rapprochements")
    return {ligne["consequence"]: ligne["nombre"] for ligne in lignes if ligne["cas"] == "SIREN en double"}


# ---- activity


def test_l_activite_en_naf_2025_garde_sa_division(petit):
    petit.unite_seule("u")
    for nom, naf, nomenclature in (
        ("rev2", "88.99B", "NAFRev2"),
        ("naf25", "88.99J", "NAF25"),
        # the same word in both: what it says in one is not what it says in the other
        ("meme_mot", "62.01Z", "NAF25"),
        ("sans_nomenclature", "88.99B", ""),
        ("ancienne", "85.3K", "NAFRev1"),
        ("nap", "64.11", "NAP"),
        ("inconnue", "00.00Z", "NAFRev2"),
        ("sans", "", "NAFRev2"),
    ):
        petit.etablissement(
            "u", nom, activitePrincipaleEtablissement=naf, nomenclatureActivitePrincipaleEtablissement=nomenclature
        )
    petit.calculer()
    lus = {nom: (e["code_naf"], e["a17"], e["a38"], e["a88"]) for nom, e in petit.etablissements().items()}
    assert lus == {
        "rev2": ("88.99B", "OQ", "QB", "88"),
        "naf25": (None, "OQ", "QB", "88"),
        "meme_mot": (None, "JZ", "JC", "62"),
        "sans_nomenclature": ("88.99B", "OQ", "QB", "88"),
        **dict.fromkeys(("ancienne", "nap", "inconnue", "sans"), (None, None, None, None)),
    }
    regles = [(rejet["ligne"], rejet["regle"]) for rejet in rejets(petit.entrepot, "sirene_etablissements")]
    assert regles.count((6, "nomenclature_courante")) == regles.count((7, "nomenclature_courante")) == 1


def test_chaque_sous_classe_de_la_naf_2025_a_un_secteur(petit, donnees):
    codes = [ligne["code"] for ligne in lire_csv(donnees / "nomenclatures" / "naf_2025_sous_classes.csv")]
    petit.unite_seule("u")
    for code in codes:
        petit.etablissement(
            "u", code, activitePrincipaleEtablissement=code, nomenclatureActivitePrincipaleEtablissement="NAF25"
        )
    petit.calculer()
    lus = petit.etablissements()
    assert len(lus) == 747
    assert {nom[:2] for nom, ligne in lus.items() if not (ligne["a17"] and ligne["a38"] and ligne["a88"])} == set()
    tus = {nom for nom in codes if nom[:5] in ("94.20", "94.91", "94.92")}
    assert tus == {nom for nom, ligne in lus.items() if not ligne["est_publiable"]}


# ---- place: C18, C19, C22


LIEUX = {
    "63113": ("commune", "63113"),
    "63078": ("commune", "63448"),  # merged in 2019
    "63330": ("commune", "63109"),
    "75101": ("commune", "75056"),
    "75120": ("commune", "75056"),
    "13201": ("commune", "13055"),
    "13216": ("commune", "13055"),
    "69381": ("commune", "69123"),
    "69389": ("commune", "69123"),
    "78001": ("commune", "91001"),  # before the Essonne
    "63999": ("departement", "63"),
    "2A999": ("departement", "2A"),
    "97499": ("departement", "974"),
    "99999": ("inconnu", "inconnu"),
    "sans": ("inconnu", "inconnu"),
    "[ND]": ("inconnu", "inconnu"),
    "AUTRE": ("inconnu", "inconnu"),
}


@pytest.fixture
def situes(petit) -> PetitSirene:
    """Compute establishments whose commune is written in every way."""
    petit.unite_seule("u")
    for code in LIEUX:
        petit.etablissement("u", code, codeCommuneEtablissement=code.replace("sans", ""))
    petit.calculer()
    return petit


def test_le_lieu_est_connu_au_niveau_le_plus_fin(situes):
    lus = situes.etablissements()
    assert {nom: (ligne["niveau"], ligne["code_territoire"]) for nom, ligne in lus.items()} == LIEUX
    listes = {nom: ligne["code_commune"] for nom, ligne in situes.listes().items()}
    assert listes == {nom: code if niveau == "commune" else None for nom, (niveau, code) in LIEUX.items()}


def test_une_scission_se_compte_au_territoire_qui_contient_ses_parts(petit):
    """The finest territory that surely holds the parts, never one of them."""
    parts = {"63900": ["63113", "63014"], "63901": ["63113", "63178"], "63902": ["63113", "43157"]}
    mouvements = [
        {
            "MOD": "20",
            "DATE_EFF": "2001-01-01",
            "TYPECOM_AV": "COM",
            "COM_AV": ancien,
            "TYPECOM_AP": "COM",
            "COM_AP": part,
        }
        for ancien, deux in parts.items()
        for part in deux
    ]
    petit.deposer("mouvements_communes", *mouvements)
    assert charger_source(petit.entrepot, "mouvements_communes", plancher_pct=0).etat == "a_jour"
    compute_table(petit.entrepot, PASSAGES_COMMUNES)
    petit.unite_seule("u")
    for ancien in parts:
        petit.etablissement("u", ancien, codeCommuneEtablissement=ancien)
    petit.calculer()
    assert {nom: (ligne["niveau"], ligne["code_territoire"]) for nom, ligne in petit.etablissements().items()} == {
        "63900": ("epci", "246300701"),
        "63901": ("departement", "63"),
        "63902": ("region", "84"),
    }
    assert [ligne["code_commune"] for ligne in petit.listes().values()] == [None] * 3
    [dit] = petit.lignes("qualite.rapprochements")
    assert (dit["cas"], dit["consequence"], dit["nombre"]) == ("scission", "compté au territoire qui la contient", 3)


def test_c18_un_nd_est_vide_et_ne_se_place_nulle_part(petit):
    cache = {"statutDiffusionUniteLegale": "P", "denominationUniteLegale": "[ND]"}
    petit.unite_seule("discrete", **cache, identifiantAssociationUniteLegale="[ND]")
    petit.etablissement(
        "discrete", "caché", statutDiffusionEtablissement="P", codeCommuneEtablissement="[ND]",
        libelleCommuneEtablissement="[ND]",
    )  # fmt: skip
    petit.calculer()
    lu = petit.etablissements()["caché"]
    assert (lu["niveau"], lu["code_territoire"], lu["est_ess"]) == ("inconnu", "inconnu", True)
    assert not petit.listes(), "compté, jamais listé"
    assert petit.rapproches() == {("commune", "sans code"): 1}
    for source in ("sirene_unites_legales", "sirene_etablissements"):
        assert petit.etats[source].regles == [], "[ND] est le mot de l'Insee pour « vide », pas une faute"
        assert "[ND]" not in str(petit.lignes(f"socle.{source}"))


def test_c19_les_arrondissements_menent_a_leur_commune_et_c_est_dit(situes):
    rapproches = situes.rapproches()
    assert rapproches["ancienne commune", "arrondissement municipal"] == 6
    [dit] = [ligne for ligne in situes.lignes("qualite.rapprochements") if ligne["cas"] == "arrondissement municipal"]
    assert dit["consequence"] == "compté à la commune actuelle"


def test_c22_un_code_qui_ne_rapproche_rien_se_voit_et_n_est_pas_perdu(situes):
    rapproches = situes.rapproches()
    inconnus = {cas: nombre for (quoi, cas), nombre in rapproches.items() if quoi == "commune"}
    assert inconnus == {"63999": 1, "2A999": 1, "97499": 1, "99999": 1, "code mal formé": 1, "sans code": 2}
    assert sum(rapproches.values()) == len(LIEUX) - 1, "63113 est le seul code actuel"
    assert len(situes.etablissements()) == len(LIEUX)
    [faute] = [
        rejet for rejet in rejets(situes.entrepot, "sirene_etablissements") if rejet["colonne"] == "code_commune_lu"
    ]
    assert (faute["valeur"], faute["gravite"]) == ("AUTRE", "signalement")
    assert faute["motif"] == "code commune mal formé : compté au département s'il est connu"


def test_c22_une_categorie_juridique_que_la_nomenclature_ignore_se_voit(petit):
    petit.unite("nouvelle", "9999")
    petit.unite("nouvelle_signalee", "9999", indicateur="O")
    petit.calculer()
    assert petit.rapproches() == {("catégorie juridique", "9999"): 2}
    assert petit.perimetres() == {"nouvelle": "", "nouvelle_signalee": "large"}
    assert petit.unites()["nouvelle_signalee"]["famille"] == "autre"


def test_c22_un_etablissement_sans_unite_legale_se_voit(petit):
    for rang in range(20):
        petit.unite(f"u{rang}")
    petit.etablissement("absente", "orphelin")
    petit.etablissement("absente", "orphelin_ferme", etatAdministratifEtablissement="F", dateDebut="2022-05-01")
    petit.calculer()
    assert petit.rapproches() == {
        ("unité légale", "absente du stock"): 1,
        ("unité légale", "hors champ ou absente du stock, employeur fermé"): 1,
    }
    lus = petit.etablissements()
    assert len(lus) == 22
    assert (lus["orphelin"]["est_ess"], lus["orphelin"]["famille"], lus["orphelin"]["est_publiable"]) == (
        False,
        None,
        False,
    )


def test_c22_un_stock_d_unites_legales_incomplet_ne_publie_pas_une_part_fausse(petit):
    """With a third of the legal units, the share of the ESS would fall by two thirds, and every check stay green."""
    for rang in range(20):
        petit.unite(f"u{rang}")
    petit.calculer()
    avant = petit.entrepot.path_of("socle", "etablissements").read_bytes()
    chemin = petit.entrepot.settings.raw / "sirene_unites_legales" / "sirene_unites_legales.csv"
    chemin.write_text("".join(chemin.read_text(encoding="utf-8").splitlines(keepends=True)[:7]), encoding="utf-8")
    assert charger_source(petit.entrepot, "sirene_unites_legales", plancher_pct=0).etat == "a_jour"
    with pytest.raises(TableIncoherente, match="sans unité légale .* du même mois.* 14 cas"):
        compute_table(petit.entrepot, ETABLISSEMENTS)
    assert petit.entrepot.path_of("socle", "etablissements").read_bytes() == avant


def test_des_employeurs_fermes_avec_leur_entreprise_n_arretent_rien(petit):
    """Their legal unit, ceased too long ago, is out of scope: that is no sign of two stocks of two months."""
    petit.unite("u")
    for rang in range(10):
        petit.unite_seule(f"c{rang}", etatAdministratifUniteLegale="C", dateDebut="2012-12-31")
        petit.etablissement(f"c{rang}", etatAdministratifEtablissement="F", dateDebut="2022-05-01")
    petit.calculer()
    assert petit.rapproches() == {("unité légale", "hors champ ou absente du stock, employeur fermé"): 10}
    assert len(petit.etablissements()) == 11


def test_le_repertoire_ne_perd_personne_entre_le_stock_et_la_table(petit):
    """What is counted twice or lost by a join stops the table: a nomenclature where a division has two sectors."""
    petit.unite("u")
    petit.calculer()
    naf = lire_csv(sources()["naf"].dossier.parents[1] / "references" / "naf.csv")
    abimee = [{**ligne, "a17": "AZ"} if ligne["code_naf"] == "88.99A" else ligne for ligne in naf]
    petit.deposer("naf", *abimee)
    source = dataclasses.replace(sources()["naf"], plancher_pct=0)
    assert charger_source(petit.entrepot, source.nom).etat == "a_jour"
    with pytest.raises(TableIncoherente, match="siret|jointure"):
        compute_table(petit.entrepot, ETABLISSEMENTS)


def test_les_extraits_reels_de_sirene_sont_tous_places(tmp_path, donnees):
    entrepot = Entrepot(Settings(tmp_path / "raw", tmp_path / "warehouse", "246300701"))
    petit = PetitSirene(entrepot)
    for nom, fichier in (
        ("sirene_etablissements", "StockEtablissement_utf8_extrait_2024-04_personnes_morales.csv"),
        ("sirene_unites_legales", "StockUniteLegale_utf8_extrait_2022-04_personnes_morales.csv"),
    ):
        deposer(entrepot, nom, fichier, (donnees / "sirene" / fichier).read_bytes())
    petit.calculer()
    assert all(comptes_justes(etat) for etat in petit.etats.values())
    lus = petit.lignes("socle.etablissements")
    employeurs = {ligne["siret"] for ligne in table(entrepot, "sirene_etablissements") if ligne["est_employeur"]}
    assert employeurs == {ligne["siret"] for ligne in lus if ligne["est_employeur"]} and len(employeurs) > 3
    assert {ligne["niveau"] for ligne in lus if ligne["est_actif"]} == {"commune"}
    assert {ligne["millesime"] for ligne in lus} == {"2024-03"}
