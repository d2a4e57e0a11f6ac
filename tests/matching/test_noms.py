"""Names as written: what they become, what a person decides of them, and that nothing is accepted alone."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.derived import compute_table
from observatoire.matching.computation import FILE, compute_matches
from observatoire.matching.decisions import Nom, Proposition, band, settle
from observatoire.matching.names import normalised
from observatoire.matching.precision import Etiquette, Proportion, measure
from observatoire.matching.tables import LIT
from observatoire.settings import RACINE, Settings
from observatoire.socle.members import NOMS_ORGANISATIONS
from observatoire.sources import sources
from observatoire.warehouse import Entrepot
from tests.bench import noms as banc
from tests.depots import charger_source, deposer, en_csv, subventions
from tests.petit_sirene import PetitSirene, siren

ADHESION = {
    "reseau": "essai", "membre": "", "siren_membre": "", "categorie": "inconnu", "depuis": "", "jusqu_a": "", "niveau": "inconnu",
    "code_territoire": "inconnu", "confiance": "faible", "document": "essai", "citation": "essai",
}
DECISION = {
    "nom": "", "contexte": "partout", "identifiant": "", "raison": "même structure, statuts lus", "auteur": "CRESS d'essai",
    "decidee_le": "2026-01-05",
}
ETIQUETTE = {"nom": "", "code_commune": "", "identifiant": "", "origine": "personne", "auteur": "CRESS d'essai", "etiquetee_le": "2026-01-05"}
CONTEXTE = "adhesions/essai"


class Petits:
    """A few legal units, the members of a network, and what was decided of their names."""

    def __init__(self, entrepot: Entrepot) -> None:
        self.entrepot = entrepot
        self.sirene = PetitSirene(entrepot)
        self.membres: dict[str, dict[str, str]] = {}

    def unite(self, nom: str, **colonnes: str) -> str:
        self.sirene.unite(nom, denominationUniteLegale=colonnes.pop("denominationUniteLegale", nom), **colonnes)
        return self.sirene.siren(nom)

    def membre(self, nom: str, **colonnes: str) -> None:
        self.membres[nom] = {**ADHESION, "membre": nom, **colonnes}

    def decider(self, nom: str, identifiant: str, **colonnes: str) -> None:
        ligne = {**DECISION, "nom": nom, "identifiant": identifiant, **colonnes}
        deposer(self.entrepot, "rapprochements_noms", f"{len(list(self._decisions()))}.csv", en_csv([ligne]))

    def _decisions(self):
        return (self.entrepot.settings.raw / "rapprochements_noms").glob("*.csv")

    def stock_complet(self) -> None:
        """Say that the stock holds every legal unit: what is not there has vanished."""
        deposer(
            self.entrepot, "sirene_unites_legales", "sirene_unites_legales.csv.origine.yml",
            "couverture: {niveau: france, codes: [FR]}\n",
        )

    def rapprocher(self) -> dict[str, dict[str, Any]]:
        """Load everything, match, and return the rows by name."""
        self.sirene.calculer()
        if self.membres:
            deposer(self.entrepot, "adhesions", "membres.csv", en_csv(self.membres.values()))
        return rapprocher(self.entrepot)

    @property
    def file(self) -> list[dict[str, str]]:
        return file_de(self.entrepot)


def rapprocher(entrepot: Entrepot) -> dict[str, dict[str, Any]]:
    for source in ("organisations", "alias_organisations", *(nom.split(".")[1] for nom in LIT)):
        if source in sources() and source != "communes":
            etat = charger_source(entrepot, source, plancher_pct=0, plafond_rejets_pct=0)
            assert etat.etat in ("a_jour", "absente"), etat.motif
    compute_table(entrepot, NOMS_ORGANISATIONS)
    compute_matches(entrepot)
    with entrepot.connect(("socle.rapprochements_noms",)) as connexion:
        lignes = connexion.sql("FROM socle.rapprochements_noms").to_arrow_table().to_pylist()
    return {ligne["nom"]: ligne for ligne in lignes}


def file_de(entrepot: Entrepot) -> list[dict[str, str]]:
    with entrepot.racine.joinpath(*FILE).open(encoding="utf-8-sig", newline="") as flux:
        return list(csv.DictReader(flux))


def qualite(entrepot: Entrepot) -> dict[tuple[str, str, str], dict[str, Any]]:
    with entrepot.connect(("qualite.rapprochements_noms",)) as connexion:
        lignes = connexion.sql("FROM qualite.rapprochements_noms").to_arrow_table().to_pylist()
    return {(ligne["contexte"], ligne["constat"], ligne["modalite"]): ligne for ligne in lignes}


@pytest.fixture
def petits(entrepot: Entrepot) -> Petits:
    return Petits(entrepot)


# spellings


def normaliser(*noms: str) -> list[str]:
    with duckdb.connect() as connexion:
        return [connexion.execute(f"SELECT {normalised('?::VARCHAR')}".replace("?", "$n"), {"n": nom}).fetchall()[0][0] for nom in noms]


@pytest.mark.parametrize(
    ("un", "autre"),
    [
        ("LieU'topie", "Lieutopie"),
        ("CoCoShaker", "Cocoshaker"),
        ("Association l'Épicentre", "EPICENTRE"),
        ("M.J.C. de Riom", "MJC RIOM"),
        ("Régie de Territoire des Deux Rives", "REGIE TERRITOIRE DEUX RIVES (ASSOCIATION)"),
        ("Fédé. des œuvres laïques", "FEDERATION OEUVRES LAIQUES"),
        ("St-Éloy", "Saint Eloy"),
    ],
)
def test_deux_ecritures_d_un_meme_nom(un: str, autre: str):
    assert len(set(normaliser(un, autre))) == 1


def test_un_nom_fait_de_mots_tus_garde_les_siens():
    assert normaliser("La Société", "L'Association") == ["la societe", "association"]


@given(st.text(alphabet="abcdéÈç '’.-&(O", min_size=1, max_size=30))
def test_normaliser_deux_fois_n_y_change_rien(nom: str):
    (une,) = normaliser(nom)
    assert normaliser(une or "") == [une]
    assert normaliser(nom.lower())[0] == normaliser(nom.lower().upper().lower())[0]


# decisions


CISCA = [
    "Centre de recherche et développement et transfert en Innovations Sociales Clermont Auvergne",
    "Centre d'Innovations Sociales Clermont Auvergne",
    "collectif CISCA",
    "CISCA (centre d'innovations sociales)",
]
ALIAS = [["LieU'topie", "Lieutopie"], ["CoCoShaker", "Cocoshaker", "CocoShaker"], ["Epicentre", "Epicentre Factory"], CISCA]


def test_un_jeu_d_alias_se_resout_comme_relu_et_un_presque_non(petits: Petits):
    attendus = {}
    for alias in ALIAS:
        numero = petits.unite(alias[0])
        for nom in alias:
            petits.membre(nom)
            petits.decider(nom, numero)
            attendus[nom] = numero
    petits.membre("Lieutopi")
    petits.membre("Epicentre Factori")
    lues = petits.rapprocher()
    assert {nom: lues[nom]["identifiant"] for nom in attendus} == attendus
    assert {lues[nom]["etat_decision"] for nom in attendus} == {"active"}
    for presque, origine in (("Lieutopi", "LieU'topie"), ("Epicentre Factori", "Epicentre")):
        assert (lues[presque]["identifiant"], lues[presque]["bande"]) == (None, "a_revoir")
        proposes = [ligne["identifiant_propose"] for ligne in petits.file if ligne["nom"] == presque]
        assert petits.sirene.siren(origine) in proposes
    assert {ligne["nom"] for ligne in petits.file} == {"Lieutopi", "Epicentre Factori"}


def test_les_alias_relus_des_documents_suivent_la_decision_prise_une_fois(petits: Petits):
    """Where the register says that names are one organisation, one decision on the name it keeps is enough."""
    for source in ("organisations", "alias_organisations"):
        shutil.copytree(RACINE / "raw" / source, petits.entrepot.settings.raw / source)
    petits.rapprocher()
    with petits.entrepot.connect(("socle.noms_organisations",)) as connexion:
        retenus = dict(connexion.execute("SELECT nom_ecrit, nom FROM socle.noms_organisations").fetchall())
    attendus = {}
    for rang, alias in enumerate(ALIAS):
        assert len({retenus[nom] for nom in alias}) == 1, alias
        petits.decider(retenus[alias[0]], numero := petits.unite(f"Organisme {rang}"))
        attendus |= dict.fromkeys(alias, numero)
    petits.membre("Cocoshaker")  # written elsewhere, it is the same
    petits.membre("Cocoshakers")
    lues = petits.rapprocher()
    assert {nom: lues[nom]["identifiant"] for nom in attendus} == attendus
    assert lues["Cocoshakers"]["identifiant"] is None


def test_sans_etiquette_rien_n_est_accepte_seul_meme_a_l_identique(petits: Petits):
    petits.unite("Ressourcerie du Val")
    petits.membre("ressourcerie du val")
    lue = petits.rapprocher()["ressourcerie du val"]
    assert (lue["bande"], lue["identifiant"], lue["origine_identifiant"]) == ("certain", None, None)
    mesure = qualite(petits.entrepot)["sans_commune", "mesure", "precision"]
    assert (mesure["sur"], mesure["taux"], mesure["borne_basse"]) == (0, None, None)
    assert mesure["explication"].startswith("rien n'est accepté sans relecture")


def test_la_decision_survit_a_l_actualisation_et_se_ferme_quand_le_document_dit_de_meme(petits: Petits):
    numero = petits.unite("Épicentre")
    petits.membre("Epicentre Factory")
    petits.decider("Epicentre Factory", numero)
    assert petits.rapprocher()["Epicentre Factory"]["etat_decision"] == "active"
    petits.unite("Une autre")
    assert petits.rapprocher()["Epicentre Factory"]["identifiant"] == numero
    petits.membre("Epicentre Factory", siren_membre=numero)
    close = petits.rapprocher()["Epicentre Factory"]
    assert (close["etat_decision"], close["identifiant"]) == ("close", numero)


def test_un_document_qui_change_d_avis_met_la_decision_en_conflit(petits: Petits):
    numero, autre = petits.unite("Épicentre"), petits.unite("Épicentre Factory SAS")
    petits.membre("Epicentre", siren_membre=autre)
    petits.decider("Epicentre", numero)
    lue = petits.rapprocher()["Epicentre"]
    assert (lue["etat_decision"], lue["identifiant"], lue["identifiant_decide"]) == ("conflit", None, numero)
    assert autre in lue["preuve"]
    assert qualite(petits.entrepot)[CONTEXTE, "decision", "conflit"]["nombre"] == 1
    assert [ligne["nom"] for ligne in petits.file] == ["Epicentre"]
    # deciding again settles it
    petits.decider("Epicentre", autre, decidee_le="2026-02-01")
    assert petits.rapprocher()["Epicentre"]["etat_decision"] == "close"


def test_un_identifiant_cesse_met_la_decision_en_conflit(petits: Petits):
    numero = petits.unite("Épicentre")
    petits.membre("Epicentre")
    petits.decider("Epicentre", numero)
    assert petits.rapprocher()["Epicentre"]["etat_decision"] == "active"
    petits.sirene.unite_seule(
        "Épicentre", denominationUniteLegale="Épicentre", etatAdministratifUniteLegale="C", dateDebut="2026-05-01"
    )
    lue = petits.rapprocher()["Epicentre"]
    assert lue["etat_decision"] == "conflit" and "cessée le 2026-05-01" in lue["preuve"]


def test_un_identifiant_en_double_met_la_decision_en_conflit(petits: Petits):
    numero, vrai = petits.unite("Épicentre"), petits.unite("Épicentre (celui qui reste)")
    petits.membre("Epicentre")
    petits.decider("Epicentre", numero)
    petits.sirene.deposer("sirene_doublons", {"siren": vrai, "sirenDoublon": numero})
    lue = petits.rapprocher()["Epicentre"]
    assert lue["etat_decision"] == "conflit" and vrai in lue["preuve"]


def test_un_identifiant_disparu_n_est_un_conflit_que_si_le_stock_est_complet(petits: Petits):
    petits.unite("Une autre")
    petits.membre("Epicentre")
    petits.decider("Epicentre", siren(900))
    assert petits.rapprocher()["Epicentre"]["etat_decision"] == "active", "an extract says nothing of what it lacks"
    petits.stock_complet()
    assert petits.rapprocher()["Epicentre"]["etat_decision"] == "conflit"


def test_aucun_est_une_decision_que_le_document_peut_contredire(petits: Petits):
    numero = petits.unite("Hub")
    petits.membre("Hub")
    petits.decider("Hub", "aucun")
    lue = petits.rapprocher()["Hub"]
    assert (lue["identifiant"], lue["etat_decision"], petits.file) == (None, "active", [])
    petits.membre("Hub", siren_membre=numero)
    assert petits.rapprocher()["Hub"]["etat_decision"] == "conflit"


def test_la_decision_d_un_contexte_l_emporte_sur_celle_de_partout(petits: Petits):
    ici, ailleurs = petits.unite("Initiative Ici"), petits.unite("Initiative Ailleurs")
    petits.membre("Initiative")
    petits.decider("Initiative", ailleurs, decidee_le="2026-03-01")
    petits.decider("Initiative", ici, contexte=CONTEXTE)
    assert petits.rapprocher()["Initiative"]["identifiant"] == ici


def test_une_decision_dont_le_nom_est_parti_est_gardee_et_dite(petits: Petits):
    petits.membre("Hub")
    petits.decider("Parti", "aucun")
    lue = petits.rapprocher()["Parti"]
    assert (lue["etat_decision"], lue["contexte"], lue["identifiant"]) == ("sans_objet", "partout", None)


def test_une_personne_physique_n_est_jamais_proposee(petits: Petits):
    petits.unite("Ferrand Zéphyrin", categorie="1000")
    petits.unite("Indivision Ferrand Zéphyrin", categorie="2310")
    petits.membre("Ferrand Zéphyrin")
    assert petits.rapprocher()["Ferrand Zéphyrin"]["bande"] == "inconnu"
    assert [ligne["identifiant_propose"] for ligne in petits.file] == [""]


def test_la_commune_departage_des_homonymes(petits: Petits):
    for rang, commune in enumerate(("63113", "63300", "63113")):
        nom = f"homonyme {rang}"
        petits.sirene.unite_seule(nom, denominationUniteLegale="FOYER RURAL" if rang < 2 else "FOYER LAIQUE")
        petits.sirene.etablissement(nom, codeCommuneEtablissement=commune)
    petits.membre("Foyer rural")
    petits.membre("Le Foyer Rural", niveau="commune", code_territoire="63300")
    lues = petits.rapprocher()
    assert (lues["Foyer rural"]["bande"], lues["Le Foyer Rural"]["bande"]) == ("a_revoir", "certain")
    premiere = next(ligne for ligne in petits.file if ligne["nom"] == "Le Foyer Rural")
    assert premiere["identifiant_propose"] == petits.sirene.siren("homonyme 1") and "même commune" in premiere["preuve"]


def test_un_sigle_retrouve_son_nom_entier(petits: Petits):
    numero = petits.unite("Centre d'Innovations Sociales Clermont Auvergne", sigleUniteLegale="")
    autre = petits.unite("Tout autre chose", sigleUniteLegale="ADERE")
    petits.membre("CISCA")
    petits.membre("Adère")
    petits.rapprocher()
    proposes = {ligne["nom"]: ligne["identifiant_propose"] for ligne in petits.file}
    assert proposes == {"CISCA": numero, "Adère": autre}


def test_une_association_connue_des_deux_repertoires_porte_son_siren(petits: Petits):
    numero = petits.unite("Amicale du lac", identifiantAssociationUniteLegale="W631001234")
    rna = {
        "id": "W631001234", "siret": "", "date_creat": "2014-06-17", "date_disso": "", "nature": "D", "groupement": "S",
        "titre": "AMICALE DU LAC ET DE SES RIVES", "objet_social1": "006030", "adrs_codeinsee": "63113", "position": "A",
        "maj_time": "2015-02-09 12:51:34",
    }
    deposer(petits.entrepot, "rna", "rna.csv", en_csv([rna, {**rna, "id": "W631009999", "titre": "AMICALE DES RIVES DU LAC"}]))
    petits.membre("Amicale du lac et de ses rives")
    petits.rapprocher()
    assert [ligne["identifiant_propose"] for ligne in petits.file] == [numero, "W631009999"]


@pytest.mark.parametrize("decide_par", ["rna", "siren"])
def test_le_numero_rna_et_le_siren_d_une_association_sont_un_seul_identifiant(petits: Petits, decide_par: str):
    numeros = {"rna": "W631001234", "siren": petits.unite("Amicale du lac", identifiantAssociationUniteLegale="W631001234")}
    petits.membre("Amicale", siren_membre=numeros["siren"])
    petits.decider("Amicale", numeros[decide_par])
    deposer(petits.entrepot, "subventions", "2024.csv", subventions(1, nomBeneficiaire="Le lac", idBeneficiaire="", rnaBeneficiaire=numeros["rna"]))
    petits.decider("Le lac", numeros[decide_par])
    lues = petits.rapprocher()
    for nom in ("Amicale", "Le lac"):
        assert (lues[nom]["etat_decision"], lues[nom]["identifiant"]) == ("close", numeros["siren"]), nom


# the documents


def test_la_grille_de_logos_reste_a_revoir_et_sa_colonne_n_est_pas_le_college(petits: Petits):
    """C28: `INSTITUT BOBIN` is what a reader of logos made out; nothing says of which college."""
    shutil.copytree(RACINE / "raw" / "adhesions", petits.entrepot.settings.raw / "adhesions")
    petits.unite("Institut Godin")
    petits.unite("Institution Bobin Frères")
    lues = petits.rapprocher()
    assert lues["INSTITUT BOBIN"]["identifiant"] is None
    assert "INSTITUT BOBIN" in {ligne["nom"] for ligne in petits.file}
    with petits.entrepot.connect(("socle.adhesions",)) as connexion:
        categories = connexion.execute(
            "SELECT DISTINCT categorie FROM socle.adhesions WHERE reseau = 'programme_transitions_resiliences'"
        ).fetchall()
    assert categories == [("inconnu",)]
    # the masked name is no name; the métropole is identified by its document
    assert not [nom for nom in lues if "[…]" in nom]
    assert lues["Clermont Auvergne Métropole"]["origine_identifiant"] == "document"


def test_chaque_nom_ecrit_a_une_ligne_et_une_seule(petits: Petits):
    for source in ("adhesions", "participations", "financements", "organisations", "alias_organisations"):
        shutil.copytree(RACINE / "raw" / source, petits.entrepot.settings.raw / source)
    petits.sirene.calculer()
    rapprocher(petits.entrepot)
    with petits.entrepot.connect() as connexion:
        ecrits = connexion.execute("""
            SELECT DISTINCT 'adhesions/' || reseau, membre FROM socle.adhesions WHERE membre NOT LIKE '%[…]%'
            UNION SELECT 'participations', societe FROM socle.participations
            UNION SELECT 'financements', beneficiaire FROM socle.financements
            UNION SELECT 'organisations', nom_ecrit FROM socle.noms_organisations""").fetchall()
        lus = connexion.execute("SELECT contexte, nom FROM socle.rapprochements_noms").fetchall()
    assert sorted(lus) == sorted(ecrits)
    comptes = [ligne["nombre"] for (_, constat, _), ligne in qualite(petits.entrepot).items() if constat == "bande"]
    assert sum(comptes) == len(lus) > 60


def test_la_file_completee_est_un_fichier_de_decisions(petits: Petits):
    numero = petits.unite("Ressourcerie du Val")
    petits.membre("ressourcerie du val")
    petits.rapprocher()
    (ligne,) = petits.file
    complete = {**ligne, "identifiant": ligne["identifiant_propose"], "raison": "vu", "auteur": "CRESS d'essai", "decidee_le": "2026-01-05"}
    deposer(petits.entrepot, "rapprochements_noms", "relus.csv", en_csv([complete]))
    assert petits.rapprocher()["ressourcerie du val"]["identifiant"] == numero
    assert petits.file == []


def test_rien_n_est_recalcule_quand_rien_n_a_change(petits: Petits):
    petits.membre("Hub")
    petits.rapprocher()
    chemin = petits.entrepot.path_of("socle", "rapprochements_noms")
    avant = chemin.stat().st_mtime_ns
    compute_matches(petits.entrepot)
    assert chemin.stat().st_mtime_ns == avant
    petits.membre("Hub 2")
    petits.rapprocher()
    assert chemin.stat().st_mtime_ns != avant


def test_la_file_n_est_lisible_que_de_son_proprietaire(petits: Petits):
    petits.membre("Hub")
    petits.rapprocher()
    assert petits.entrepot.racine.joinpath(*FILE).stat().st_mode & 0o077 == 0


def test_seuls_des_comptes_sont_publies(publie: Path):
    with duckdb.connect(str(publie / "warehouse" / "observatoire.duckdb"), read_only=True) as public:
        tables = {nom for (nom,) in public.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables()").fetchall()}
        lignes = public.execute("FROM qualite.rapprochements_noms").fetchall()
    assert "qualite.rapprochements_noms" in tables
    assert not tables & {"socle.rapprochements_noms", "referentiels.rapprochements_noms", "socle.etiquettes_noms"}
    dits = json.dumps(lignes, ensure_ascii=False)
    noms = {ligne["nom"] for ligne in file_de(Entrepot(Settings(publie / "raw", publie / "warehouse", "246300701")))}
    assert len(noms) > 30 and "INSTITUT BOBIN" in noms
    assert not [nom for nom in noms if f'"{nom}"' in dits]
    # demonstration data: what looks alike stays to review
    assert not [ligne for ligne in lignes if ligne[1:3] in (("identifiant", "automatique"), ("decision", "conflit"))]


# trust


@pytest.mark.parametrize(
    ("favorables", "total", "bas", "haut"),
    [(200, 200, 0.98172, 1.0), (8, 10, 0.44390, 0.97479), (0, 10, 0.0, 0.30850), (199, 200, 0.97246, 0.99987)],
)
def test_l_intervalle_est_celui_des_tables(favorables: int, total: int, bas: float, haut: float):
    proportion = Proportion(favorables, total)
    assert (round(proportion.borne_basse, 5), round(proportion.borne_haute, 5)) == (bas, haut)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_l_intervalle_contient_la_proportion(compte: tuple[int, int]):
    proportion = Proportion(*compte)
    assert 0 <= proportion.borne_basse <= proportion.taux <= proportion.borne_haute <= 1


def etiquettes(justes: int, faux: int = 0, est_reelle: bool = True) -> list[Etiquette]:
    bonnes = [Etiquette(f"S{rang}", f"S{rang}", frozenset({f"S{rang}"}), est_reelle, f"s{rang}") for rang in range(justes)]
    return bonnes + [Etiquette("autre", f"F{rang}", frozenset({f"F{rang}"}), est_reelle, f"f{rang}") for rang in range(faux)]


@pytest.mark.parametrize(
    ("labels", "permis"),
    [
        (etiquettes(199), False),
        (etiquettes(200), True),
        (etiquettes(5000, est_reelle=False), False),
        (etiquettes(199) + etiquettes(5000, est_reelle=False), False),
        (etiquettes(199, faux=1), False),
        (etiquettes(600, faux=3), True),
        (etiquettes(600, faux=12), False),
        ([], False),
        (etiquettes(1) * 200, False),  # one label, copied
        (etiquettes(199) + etiquettes(1), False),
    ],
)
def test_rien_n_est_accepte_sous_deux_cents_paires_ni_sous_98_pour_cent(labels: list[Etiquette], permis: bool):
    assert measure(labels).peut_accepter is permis


def test_la_precision_et_le_rappel_se_comptent_a_part():
    labels = [
        *etiquettes(3, faux=1),
        Etiquette("S", None, frozenset({"S", "T"}), True, "a"),  # found, not sure
        Etiquette("S", None, frozenset(), True, "b"),  # missed
        Etiquette(None, None, frozenset({"T"}), True, "c"),  # nothing to find
        Etiquette(None, "T", frozenset({"T"}), True, "d"),  # sure, and wrong
    ]
    mesure = measure(labels)
    assert (mesure.precision, mesure.rappel, mesure.rappel_propositions) == (Proportion(3, 5), Proportion(3, 6), Proportion(4, 6))


def test_deux_cents_noms_relus_par_une_personne_font_accepter_les_certains(petits: Petits):
    voyelles = "aeiou"
    noms = [f"Atelier {a}{'lmnprst'[b % 7]}{c}v{b}" for a in voyelles for b in range(8) for c in voyelles]
    numeros = {nom: petits.unite(nom) for nom in noms}
    etiquetes = [{**ETIQUETTE, "nom": nom.upper(), "identifiant": numero} for nom, numero in numeros.items()]
    petits.unite("Ressourcerie du Val")
    petits.membre("ressourcerie du val")
    petits.membre("ressourcerie du vol")

    def identifiants(origine: str) -> list[str | None]:
        deposer(petits.entrepot, "etiquettes_noms", "relus.csv", en_csv({**e, "origine": origine} for e in etiquetes))
        lues = petits.rapprocher()
        return [lues[nom]["identifiant"] for nom in ("ressourcerie du val", "ressourcerie du vol")]

    assert identifiants("generee") == [None, None]
    assert identifiants("personne") == [petits.sirene.siren("Ressourcerie du Val"), None]
    # a commune is evidence: names that have one are measured apart, and here nothing is known of them
    petits.membre("ressourcerie du val", niveau="commune", code_territoire="63113")
    petits.sirene.etablissement("Ressourcerie du Val", codeCommuneEtablissement="63113")
    assert identifiants("personne") == [None, None]
    mesure = qualite(petits.entrepot)["avec_commune", "mesure", "precision"]
    assert (mesure["sur"], mesure["explication"][:4]) == (0, "rien")
    mesure = qualite(petits.entrepot)["sans_commune", "mesure", "precision"]
    assert (mesure["nombre"], mesure["sur"], round(mesure["borne_basse"], 3)) == (200, 200, 0.982)


def test_un_nom_etiquete_dans_plusieurs_ecritures_ne_compte_qu_une_fois(petits: Petits):
    numero = petits.unite("Ressourcerie du Val")
    ecritures = ["Ressourcerie du Val", "RESSOURCERIE DU VAL", "ressourcerie  du val", "Association Ressourcerie du Val"]
    deposer(petits.entrepot, "etiquettes_noms", "relus.csv", en_csv({**ETIQUETTE, "nom": nom, "identifiant": numero} for nom in ecritures))
    petits.rapprocher()
    mesure = qualite(petits.entrepot)["sans_commune", "mesure", "precision"]
    assert (mesure["nombre"], mesure["sur"]) == (1, 1)


# one name at a time


PROCHE = Proposition("700000102", "ÉPICENTRE", 100, est_identique=True)


@pytest.mark.parametrize(
    ("propositions", "bande"),
    [
        ([], "inconnu"),
        ([PROCHE], "certain"),
        ([Proposition("1", "EPICENTRO", 94)], "a_revoir"),
        ([PROCHE, Proposition("2", "Epicentre", 100, est_identique=True)], "a_revoir"),
        ([Proposition("1", "E", 100, True, True), Proposition("2", "E", 100, True, None)], "certain"),
        ([Proposition("1", "E", 100, True, False)], "a_revoir"),
        ([Proposition("1", "E", 100, True, None, False)], "a_revoir"),
        ([Proposition("1", "E", 100, True, True, True, est_actif=False)], "a_revoir"),
    ],
)
def test_une_bande_par_situation(propositions: list[Proposition], bande: str):
    assert band(propositions) == bande


def test_un_document_qui_donne_deux_identifiants_n_en_fait_retenir_aucun():
    sort = settle(Nom("E", "c", frozenset({"700000102", "700000201"})), None, [], {}, peut_accepter=True)
    assert (sort.identifiant, sort.est_tranche) == (None, False)


identifiants = st.sampled_from(["A", "B", "C"])


@given(
    st.frozensets(identifiants, max_size=2),
    st.none() | identifiants | st.just("aucun"),
    st.lists(st.builds(Proposition, identifiants, st.just("n"), st.floats(65, 100), st.booleans()), max_size=3),
    st.dictionaries(identifiants, st.just("cessé")),
    st.booleans(),
)
def test_jamais_d_identifiant_sans_document_ni_decision_ni_permission(documents, decide, propositions, contre, permis):
    sort = settle(Nom("n", "c", documents), decide, propositions, contre, permis)
    assert (sort.identifiant is None) == (sort.origine is None)
    if sort.identifiant is not None:
        assert sort.identifiant in documents or sort.identifiant == decide or (permis and decide is None)
    if sort.etat == "conflit":
        assert sort.identifiant is None and not sort.est_tranche


# the bench


def test_le_banc_retrouve_les_noms_alteres(tmp_path: Path):
    banc.generate(tmp_path, 3000, 300)
    banc.search(tmp_path)
    assert banc.found(tmp_path)["rappel_10"] >= 0.95
