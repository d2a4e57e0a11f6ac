"""What the five founding documents say, row by row (Y09 to Y34, N14 to N19), in the published file."""

import datetime
import re
from pathlib import Path

import duckdb
import pytest

from observatoire.indicators.catalog import indicateurs
from observatoire.settings import RACINE
from tests.documents import est_citee, textes
from tests.donnees import lire_csv
from tests.publication.test_contrat import noms_de_personnes

REGISTRES = (
    "adhesions", "reseaux", "organisations", "alias_organisations", "mandats", "labels", "programmes", "conventions", "evenements",
    "signatures", "annuaires", "relations", "perimetres_nommes", "thematiques", "initiatives",
)


@pytest.fixture
def dit(publie: Path):
    """Ask the published file; one row of one column comes alone."""
    with duckdb.connect(str(publie / "warehouse" / "observatoire.duckdb"), read_only=True) as connexion:

        def demander(requete: str):
            lignes = connexion.execute(requete).fetchall()
            return lignes[0][0] if len(lignes) == 1 and len(lignes[0]) == 1 else lignes

        yield demander


def valeurs(dit, indicateur: str, axe: str = "total") -> dict:
    lignes = dit(
        f"SELECT modalite || '@' || periode, valeur, niveau FROM indicateurs.valeurs WHERE indicateur = '{indicateur}' AND axe = '{axe}' "
        "AND niveau IN ('epci', 'inconnu') AND code_territoire IN ('246300701', 'inconnu')"
    )
    return {cle: valeur for cle, valeur, _ in sorted(lignes, key=lambda ligne: ligne[2], reverse=True)}


@pytest.mark.parametrize(
    ("citation", "vraie"),
    [
        ("le début […] la fin", True), ("le début […]", True), ("[…] (la fin", True), ("(la […])", True), ("le début […] au loin", False),
        ("le début […] […] la fin", False), ("le début […], […] la fin", False), ("[…]", False), ("[…] ( […]", False), ("", False),
    ],
)
def test_une_coupe_dans_une_citation_est_courte_et_laisse_des_mots(citation: str, vraie: bool):
    texte = f"le début, puis (la fin) {'mot ' * 200} au loin"
    assert est_citee(citation, texte) is vraie


def test_ce_qu_un_document_ne_dit_pas_n_est_ni_sur_ni_un_type():
    organismes = {ligne["organisation"]: ligne["type_organisation"] for ligne in lire_csv(RACINE / "raw/organisations/organisations_documents.csv")}
    tus = {"cerdi", "clerma", "communication_et_societes", "adml63", "crefad_auvergne", "caisse_des_depots"}
    assert {organismes[organisme] for organisme in tus} == {"inconnu"}
    for registre, cle, deduit in [
        ("mandats", "titulaire", "l'université de Clermont"), ("labels", "delivre_par", "French Impact"), ("relations", "type_relation", "projet de lieu"),
    ]:
        lignes = lire_csv(RACINE / "raw" / registre / f"{registre}_documents.csv")
        assert {ligne["confiance"] for ligne in lignes if ligne[cle] == deduit} == {"moyenne"}


@pytest.mark.parametrize("registre", REGISTRES)
def test_chaque_ligne_d_un_registre_a_sa_phrase_dans_son_document(donnees: Path, registre: str):
    dits = textes(donnees)
    lignes = [ligne for chemin in (RACINE / "raw" / registre).glob("*.csv") for ligne in lire_csv(chemin)]
    assert lignes
    absentes = [
        (ligne["document"], ligne["citation"]) for ligne in lignes if not est_citee(ligne["citation"], dits[ligne["document"]])
    ]
    assert absentes == []


def test_chaque_document_cite_est_inscrit(dit):
    for registre in REGISTRES:
        assert dit(f"SELECT count(*) FROM socle.{registre} ANTI JOIN socle.documents USING (document)") == 0, registre


def test_y09_l_evenement_annuel_de_2018_est_tenu_celui_de_2019_seulement_annonce(dit):
    lignes = dit(
        "SELECT nature_ligne, depuis, sujet FROM socle.evenements WHERE evenement = 'evenement_annuel_ess' AND nature_ligne <> 'regle' "
        "ORDER BY depuis"
    )
    assert lignes == [("tenue", "2018", "SCIC et évaluation"), ("annonce", "2019-03", "apport des labels")]
    assert dit("SELECT recurrence FROM socle.evenements WHERE evenement = 'trophees_ess_auvergne'") == "annuelle"


def test_y10_l_adhesion_au_rtes_depuis_2015_donne_son_anciennete_chaque_annee(dit):
    anciennetes = valeurs(dit, "anciennete_adhesions")
    assert (anciennetes["total@2015"], anciennetes["total@2019"], anciennetes["total@2024"]) == (0, 4, 9)


def test_y11_le_label_passe_d_annonce_a_labellise_chaque_etat_date_par_son_document(dit):
    assert dit("SELECT etat, date_etat, au_plus_tard, document FROM socle.labels ORDER BY etat") == [
        ("annonce", "2019-02-27", None, "french_impact"), ("labellise", None, "2019-07-24", "rtes_2019"),
    ]


def test_y12_un_theme_rend_ce_que_disent_tous_les_documents_et_mene_a_la_naf(dit):
    for theme in ("cooperation", "accompagnement"):
        documents = dit(f"SELECT list(DISTINCT document ORDER BY document) FROM socle.thematiques WHERE theme = '{theme}'")
        assert documents == ["cisca", "french_impact", "rtes_2019", "sancy_volcans", "sismo"]
    assert dit("SELECT list(DISTINCT theme ORDER BY theme) FROM socle.thematiques WHERE registre = 'naf'") == [
        "alimentation", "mobilite", "numerique",
    ]
    assert dit("SELECT list(DISTINCT precision) FROM socle.thematiques WHERE registre = 'naf'") == ["deduit"]
    divisions = "SELECT code FROM referentiels.naf_agregats WHERE nomenclature = 'a88'"
    assert dit(f"SELECT count(*) FROM socle.thematiques WHERE registre = 'naf' AND objet NOT IN ({divisions})") == 0


@pytest.mark.parametrize(
    ("registre", "cle"),
    [("programmes", "element"), ("initiatives", "initiative"), ("evenements", "evenement"), ("conventions", "convention")],
)
def test_y12_chaque_objet_d_un_theme_existe_dans_son_registre(dit, registre: str, cle: str):
    orphelins = f"SELECT objet FROM socle.thematiques WHERE registre = '{registre}' AND objet NOT IN (SELECT {cle} FROM socle.{registre})"
    assert dit(orphelins) == []


def test_y13_le_conseil_a_14_organismes_et_une_personne_masquee(dit):
    sieges = valeurs(dit, "sieges_gouvernance", "organe×nature_titulaire")
    assert sieges["conseil d'administration|organisation@inconnu"] == 14
    assert sieges["conseil d'administration|personne@inconnu"] == 1
    assert dit("SELECT list(DISTINCT titulaire) FROM socle.mandats WHERE nature_titulaire = 'personne'") == ["[…]"]


def test_y14_chaque_initiative_a_son_type_et_les_noms_sont_resolus(dit):
    types = dict(dit("SELECT initiative, type_initiative FROM socle.initiatives"))
    assert types == {
        "ferme_urbaine": "agriculture urbaine", "auvermoov": "concours", "lieutopie": "tiers-lieu", "epicentre": "tiers-lieu",
        "bivouac": "accompagnement", "cocoshaker": "accompagnement",
    }
    assert dit("SELECT surface_ha FROM socle.initiatives WHERE initiative = 'ferme_urbaine'") == 4
    # the same place as the capital (Y03), the same body as the support (Y05): one node each
    assert dit("SELECT count(*) FROM indicateurs.graphe_liens WHERE cible = 'epicentre_factory' AND type_lien IN ('capital', 'coopération')") == 2
    assert dit("SELECT count(*) FROM indicateurs.graphe_liens WHERE cible = 'cocoshaker' AND type_lien IN ('soutien', 'coopération')") == 2


def test_y15_le_programme_a_trois_modalites_deux_espaces_et_ses_outils(dit):
    comptes = dict(dit(
        "SELECT type_element, count(*) FROM socle.programmes WHERE parent = 'programme_transitions_resiliences' GROUP BY ALL"
    ))
    assert comptes == {"modalite": 3, "espace": 2, "outil": 3, "pilier": 6, "archipel": 8}
    assert dit("SELECT depuis, jusqu_a FROM socle.programmes WHERE element = 'programme_transitions_resiliences'") == [("2021", "2025")]


def test_y16_six_piliers_huit_archipels_leur_rattachement_est_deduit(dit):
    lignes = dit("SELECT rattache_a, confiance_rattachement, precision FROM socle.programmes WHERE type_element = 'archipel'")
    piliers = dict(dit("SELECT element, rang FROM socle.programmes WHERE type_element = 'pilier'"))
    assert len(lignes) == 8 and sorted(piliers.values()) == [1, 2, 3, 4, 5, 6]
    assert {pilier for pilier, *_ in lignes} <= set(piliers)
    assert {(confiance, precision) for _, confiance, precision in lignes} == {("faible", "deduit")}


def test_y17_la_grille_lue_par_ocr_garde_ses_30_cellules_et_ses_26_noms_sans_categorie(dit):
    """C28: the columns are not the colleges; the reading puts a university under local authorities, and says so."""
    grille = "FROM socle.adhesions WHERE reseau = 'programme_transitions_resiliences'"
    assert dit(f"SELECT count(*), sum(nombre_cellules)::INT, list(DISTINCT categorie) {grille}") == [(26, 30, ["inconnu"])]
    assert dit(f"SELECT entetes_lus {grille} AND membre = 'UNIVERSITÉ Clermont Auvergne'") == "Collectivités territoriales"
    assert dit(f"SELECT nombre_cellules {grille} AND membre = 'INSTITUT BOBIN'") == 3
    assert dit("SELECT statut FROM socle.alias_organisations WHERE nom_ecrit = 'INSTITUT BOBIN'") == "a_revoir"
    # two written names of the university are one member
    assert valeurs(dit, "membres_reseaux", "reseau")["programme_transitions_resiliences@inconnu"] == 1  # in the EPCI
    assert dit(
        "SELECT count(DISTINCT source) FROM indicateurs.graphe_liens WHERE reseau = 'programme_transitions_resiliences'"
    ) == 24


def test_y18_une_dizaine_de_theses_est_un_intervalle_et_personne_n_est_nomme(dit):
    assert dit(
        "SELECT nombre, nombre_min, nombre_max, statut FROM socle.conventions WHERE convention = 'theses_programme'"
    ) == [(None, 5, 15, "constate")]
    assert dit("SELECT nombre, statut FROM socle.conventions WHERE convention = 'cifre_cisca'") == [(5, "prevu")]


def test_y19_l_equipe_est_comptee_par_roles_jamais_nommee(dit):
    assert dit("SELECT fonction, nombre, titulaire FROM socle.mandats WHERE organe = 'équipe' ORDER BY nombre") == [
        ("recherche, facilitation et études", 3, "[…]"), ("direction, coordination et responsabilités", 4, "[…]"),
    ]


def test_y20_les_comites_sont_attendus_au_moins_une_fois_par_an_et_aucun_n_est_connu(dit):
    attendus, tenus = valeurs(dit, "evenements_attendus", "evenement"), valeurs(dit, "regularite_evenements", "evenement")
    for annee in range(2021, 2026):
        assert attendus[f"Comités d'Orientation Territoriale@{annee}"] == 1
        assert tenus[f"Comités d'Orientation Territoriale@{annee}"] == 0
    assert dit("SELECT recurrence, attendus_par_an FROM socle.evenements WHERE evenement = 'ateliers_resiliences'") == [("non dite", None)]
    assert dit("SELECT type_lien FROM indicateurs.graphe_liens WHERE source = 'dla'") == "appui aux ateliers"


def test_y21_sismo_a_quatre_objectifs_et_chacun_dit_l_indicateur_qui_le_suit(dit, publie: Path):
    objectifs = dit("SELECT rang, indicateur FROM socle.programmes WHERE parent = 'collectif_sismo' ORDER BY rang")
    assert [rang for rang, _ in objectifs] == [1, 2, 3, 4]
    assert [indicateur for _, indicateur in objectifs] == ["regularite_evenements", None, "relations_acteurs", None]
    assert dit("SELECT creation FROM socle.organisations WHERE organisation = 'sismo'") == "2018-12"
    page = (publie / "warehouse" / "portrait" / "acteurs.html").read_text(encoding="utf-8")
    assert "suivi par : Régularité des événements" in page and "suivi par : aucun indicateur" in page
    suivis = dit("SELECT list(DISTINCT indicateur) FROM socle.programmes WHERE indicateur IS NOT NULL")
    assert set(suivis) <= set(indicateurs())


def test_y22_sismo_declare_39_structures_et_n_en_nomme_aucune_ce_qui_se_voit(dit, publie: Path):
    assert dit(
        "SELECT numerateur, denominateur, valeur FROM indicateurs.valeurs WHERE indicateur = 'couverture_membres' AND modalite = 'sismo'"
    ) == [(0, 39, 0)]
    page = (publie / "warehouse" / "portrait" / "acteurs.html").read_text(encoding="utf-8")
    assert re.search(r"<th scope=\"row\">SISMO</th><td class=\"nombre\">39</td><td class=\"nombre\">0 / 39</td>", page)


def test_y23_douze_afterworks_par_an_sont_attendus_lieu_et_sujet_changent(dit):
    assert valeurs(dit, "evenements_attendus", "evenement")["Afterworks@inconnu"] == 12
    assert dit("SELECT recurrence, lieu, sujet FROM socle.evenements WHERE evenement = 'afterworks_sismo'") == [
        ("mensuelle", "change à chaque fois", "change à chaque fois"),
    ]
    assert valeurs(dit, "regularite_evenements", "evenement")["Afterworks@inconnu"] == 0


def test_y24_les_liens_de_sismo_ont_leur_phrase_et_quartiers_libres_est_un_forum(dit):
    liens = dict(dit("SELECT cible, type_lien FROM indicateurs.graphe_liens WHERE source = 'sismo'"))
    assert liens == {
        "la_cravate_solidaire": "partenariat", "cisca": "recherche-action", "universite_clermont_auvergne": "recherche-action",
        "clermont_auvergne_metropole": "liens avec les services", "ville_de_clermont_ferrand": "liens avec les services",
    }
    assert "en lien avec CISCA" in dit("SELECT citation FROM indicateurs.graphe_liens WHERE source = 'sismo' AND cible = 'cisca'")
    assert dit("SELECT nature_cible FROM socle.relations WHERE cible = 'Quartiers Libres'") == "evenement"
    assert dit("SELECT count(*) FROM indicateurs.graphe_noeuds WHERE nom = 'Quartiers Libres'") == 0


def test_y25_les_quartiers_nord_sont_un_perimetre_nomme_sans_trace(dit):
    assert dit(
        "SELECT est_geometrie_connue, niveau, code_territoire FROM socle.perimetres_nommes WHERE perimetre = 'quartiers_nord_clermont_ferrand'"
    ) == [(False, "commune", "63113")]


def test_y26_44_communes_declarees_aucune_nommee_et_rien_ne_se_rattache_a_aujourd_hui(dit):
    assert dit(
        "SELECT communes_declarees, communes_nommees, habitants_declares, depuis, jusqu_a FROM socle.perimetres_nommes "
        "WHERE perimetre = 'sancy_volcans' AND composante IS NULL"
    ) == [(44, 0, 29000, "2005-11", "2007-03")]
    parties = dit("SELECT niveau, rattachement FROM socle.perimetres_nommes WHERE perimetre = 'sancy_volcans' AND composante IS NOT NULL")
    assert len(parties) == 4
    assert all(niveau == "inconnu" and "ne peut être rattaché" in pourquoi for niveau, pourquoi in parties)


def test_y27_l_annuaire_existe_et_ses_zero_entrees_connues_se_voient(dit):
    entrees = valeurs(dit, "entrees_annuaires", "annuaire")
    assert entrees["partenaires et collectivités (annuaire_sancy_volcans)@inconnu"] == 0


def test_y28_les_offres_sont_dites_exister_et_les_porteurs_ne_sont_pas_ici(dit):
    assert valeurs(dit, "entrees_annuaires", "annuaire")["offres territoriales (offres_sancy_volcans)@inconnu"] == 0
    assert dit("SELECT valeur FROM qualite.declarations WHERE grandeur = 'porteurs_projets_sancy_volcans'") == 56
    # of the persons themselves, monthly counts may be published; nothing else bears their name
    assert dit("SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '%porteurs%' AND table_name <> 'porteurs_mensuels'") == 0


def test_y29_quinze_partenaires_et_quatre_territoires_font_dix_neuf_signataires(dit):
    roles = valeurs(dit, "signataires_chartes", "role")
    assert (roles["partenaire@2006-10"], roles["territoire@2006-10"]) == (15, 4)
    assert valeurs(dit, "signataires_chartes")["total@2006-10"] == 19
    assert dit("SELECT verdict FROM indicateurs.arithmetique_declarations WHERE controle = 'signataires_de_la_charte'") == "coherent"


def test_y30_deux_referents_sont_une_offre_et_non_une_regle(dit):
    ((titre, citation),) = dit("SELECT titre, citation FROM socle.programmes WHERE element = 'modalite_referents'")
    assert "une offre, non une règle" in titre and "peut lui proposer" in citation


def test_y31_huit_reunions_jusqu_a_octobre_2006_et_un_portage_sans_fin_connue(dit):
    assert dit("SELECT nombre, depuis, jusqu_a FROM socle.evenements WHERE evenement = 'reunions_travail_sancy_volcans'") == [
        (8, "2005-11", "2006-10"),
    ]
    assert dit("SELECT nature_ligne, nombre, jusqu_a FROM socle.evenements WHERE evenement = 'suite_reunions_sancy_volcans'") == [
        ("regle", None, "2007-03"),
    ]
    assert dit("SELECT jusqu_a, statut FROM socle.relations WHERE type_relation = 'animation'") == [(None, "actif")]


def test_y32_partenaires_et_mentors_ont_chacun_un_lien_et_la_scic_a_venir_n_a_pas_de_siren(dit):
    statuts = dict(dit(
        "SELECT CASE WHEN source IN ('clermont_auvergne_metropole') THEN cible ELSE source END, statut FROM indicateurs.graphe_liens "
        "WHERE document = 'rtes_2019' AND registre = 'relations' AND type_lien <> 'partenariat' OR source = 'caisse_des_depots'"
    ))
    assert statuts == {
        "institut_godin": "actif", "caisse_des_depots": "prevu", "sem_maison_de_l_ess": "actif", "ville_de_clermont_ferrand": "actif",
        "departement_puy_de_dome": "actif", "scic_maison_de_l_ess": "prevu",
    }
    assert dit("SELECT count(siren) FROM socle.organisations WHERE organisation IN ('scic_maison_de_l_ess', 'sem_maison_de_l_ess')") == 0


def test_y33_le_suivi_du_label_est_vide_et_le_dit(dit, publie: Path):
    assert dit("SELECT count(plan_action) + count(resultats) FROM socle.labels") == 0
    page = (publie / "warehouse" / "portrait" / "acteurs.html").read_text(encoding="utf-8")
    assert page.count("aucun résultat publié") >= 5 + 2  # five défis, two states of the label
    assert valeurs(dit, "actions_defis")["total@2016-2020"] == 0


def test_y34_ni_contact_ni_personne_dans_les_registres():
    for registre in REGISTRES:
        for chemin in (RACINE / "raw" / registre).iterdir():
            texte = chemin.read_text(encoding="utf-8")
            assert not re.search(r"@\w|\b0[1-9]([ .]?\d{2}){4}\b", texte), chemin.name
            assert noms_de_personnes(texte) == set(), chemin.name


def test_n14_la_fiche_avait_2678_jours_le_22_novembre_2026(dit):
    date = dit("SELECT date_document FROM socle.documents WHERE document = 'rtes_2019'")
    assert (datetime.date(2026, 11, 22) - date).days == 2678
    assert dit("SELECT list(document ORDER BY document) FROM socle.documents WHERE date_document IS NULL") == ["cisca", "sancy_volcans", "sismo"]


def test_n15_plus_de_50_est_une_borne_stricte(dit):
    assert dit(
        "SELECT membres_declares, membres_declares_min, est_borne_stricte FROM socle.reseaux WHERE reseau = 'collectif_cisca'"
    ) == [(None, 50, True)]
    assert dit("SELECT borne_basse, est_borne_stricte FROM qualite.declarations WHERE grandeur = 'acteurs_collectif_cisca'") == [(50, True)]
    assert dit("SELECT max(titulaires_declares) FROM socle.labels") == 20


def test_n16_quinze_sieges_dont_quatorze_organismes(dit):
    assert valeurs(dit, "sieges_gouvernance", "organe")["conseil d'administration@inconnu"] == 15
    assert valeurs(dit, "sieges_gouvernance", "organe")["coprésidence@inconnu"] == 2
    assert dit("SELECT count(depuis) FROM socle.mandats") == 0, "no date is given: none is guessed"


def test_n17_le_programme_et_ses_comptes(dit):
    assert dit("SELECT creation FROM socle.organisations WHERE organisation = 'cisca'") == "2018"
    assert valeurs(dit, "sieges_gouvernance", "organe")["équipe@inconnu"] == 7


def test_n18_les_figures_de_sismo_survivent(dit):
    assert dit("SELECT membres_declares FROM socle.reseaux WHERE reseau = 'sismo'") == 39
    assert dit("SELECT attendus_par_an FROM socle.evenements WHERE evenement = 'afterworks_sismo'") == 12


def test_n19_les_figures_de_sancy_volcans_survivent(dit):
    assert dit("SELECT membres_declares FROM socle.reseaux WHERE reseau = 'sancy_volcans'") is None, "signatories are no members"
    assert dit("SELECT sum(nombre)::INT FROM socle.signatures") == 19
    assert dit("SELECT count(DISTINCT membre) FROM socle.adhesions WHERE reseau = 'sancy_volcans'") == 4


def test_c31_les_memes_lieux_ecrits_autrement_sont_resolus_comme_revus(dit):
    noms = dict(dit("SELECT nom_ecrit, organisation FROM socle.alias_organisations WHERE statut = 'revu'"))
    for ecrits, organisation in (
        (("LieU'topie", "Lieutopie"), "lieutopie"),
        (("CoCoShaker", "Cocoshaker", "CocoShaker"), "cocoshaker"),
        (("Epicentre",), "epicentre_factory"),
        (
            (
                "Centre de recherche et développement et transfert en Innovations Sociales Clermont Auvergne",
                "Centre d'Innovations Sociales Clermont Auvergne", "collectif CISCA", "CISCA (centre d'innovations sociales)",
            ),
            "cisca",
        ),
    ):
        assert {noms[ecrit] for ecrit in ecrits} == {organisation}
