"""How far names matched alone are trusted: the documents of the observatory, labelled pairs, an interval."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.matching.computation import FILE, compute_matches
from observatoire.matching.precision import Etiquette, Proportion, measure
from observatoire.settings import RACINE, Settings
from observatoire.warehouse import Entrepot
from tests.depots import deposer, en_csv
from tests.matching.petits import Petits, file_de, qualite, rapprocher

ETIQUETTE = {"nom": "", "code_commune": "", "identifiant": "", "origine": "personne", "auteur": "CRESS d'essai", "etiquetee_le": "2026-01-05"}


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
