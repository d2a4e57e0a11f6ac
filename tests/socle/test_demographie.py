"""Births and closures of employers on hand-made histories: moves are neither, a year known in part is not published."""

import datetime

import pytest

from observatoire.derived import compute_table
from observatoire.settings import Settings
from observatoire.socle.demography import MOUVEMENTS_EMPLOYEURS
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, deposer, en_csv
from tests.petit_sirene import PetitSirene

FERME = {"etatAdministratifEtablissement": "F"}
RECENTE = "2026-05-01"


class Histoire(PetitSirene):
    """Establishments with the periods when they employed, and who took the place of whom."""

    def __init__(self, entrepot: Entrepot) -> None:
        super().__init__(entrepot)
        self.periodes: list[dict[str, str]] = []
        self.liens: list[dict[str, str]] = []
        # what dates the history and the links: the present, unless a test says otherwise
        self.vit("témoin", ("2000-01-01", "2026-04-30"), (RECENTE, ""))
        self.succede("autre", "encore", le=RECENTE)

    def vit(self, nom: str, *periodes: tuple[str, str], employeur: str = "O", fermeture: str = "") -> None:
        """Write a legal unit of one establishment, and its periods as an active employer."""
        ferme = {**FERME, "dateDebut": fermeture} if fermeture else {}
        self.unite_seule(nom)
        self.etablissement(nom, caractereEmployeurEtablissement=employeur, **ferme)
        for debut, fin in periodes:
            self.periodes.append(
                {"siret": self._etablissements[nom]["siret"], "dateFin": fin, "dateDebut": debut,
                 "etatAdministratifEtablissement": "A", "caractereEmployeurEtablissement": "O"}
            )  # fmt: skip

    def succede(self, avant: str, apres: str, le: str) -> None:
        """Write a link of succession."""
        sirets = [self._etablissements.get(nom, {"siret": "00552032500019"})["siret"] for nom in (avant, apres)]
        self.liens.append(
            {"siretEtablissementPredecesseur": sirets[0], "siretEtablissementSuccesseur": sirets[1],
             "dateLienSuccession": le, "dateDernierTraitementLienSuccession": f"{le}T10:00:00"}
        )  # fmt: skip

    def mouvements(self) -> set[tuple[str, str, int]]:
        """Compute the movements: (name, movement, year)."""
        self.calculer()
        for source, lignes in (("sirene_historique", self.periodes), ("sirene_successions", self.liens)):
            deposer(self.entrepot, source, f"{source}.csv", en_csv(lignes))
            assert charger_source(self.entrepot, source).etat == "a_jour"
        compute_table(self.entrepot, MOUVEMENTS_EMPLOYEURS)
        noms = {ligne["siret"]: nom for nom, ligne in self._etablissements.items()}
        lignes = self.lignes("socle.mouvements_employeurs")
        return {(noms[ligne["siret"]], ligne["mouvement"], ligne["jour"].year) for ligne in lignes}


@pytest.fixture
def histoire(tmp_path) -> Histoire:
    return Histoire(Entrepot(Settings(tmp_path / "raw", tmp_path / "warehouse", "246300701")))


def test_un_employeur_nait_a_sa_premiere_periode_et_ferme_a_la_fin_de_la_derniere(histoire):
    histoire.vit("né", ("2020-03-01", ""))
    histoire.vit("né et renommé", ("2019-03-01", "2021-12-31"), ("2022-01-01", ""))
    histoire.vit("né et fermé", ("2018-01-01", "2023-06-30"), fermeture="2023-07-01")
    histoire.vit("ancien", ("1998-01-01", ""))
    histoire.vit("ancien qui réemploie", ("1998-01-01", "2005-01-01"), ("2021-01-01", ""))
    histoire.vit("parti avant", ("1990-01-01", "2010-06-30"), fermeture="2010-07-01")
    assert histoire.mouvements() == {
        ("né", "naissance", 2020),
        ("né et renommé", "naissance", 2019),
        ("né et fermé", "naissance", 2018),
        ("né et fermé", "fermeture", 2023),
    }


def test_un_demenagement_n_est_ni_naissance_ni_fermeture(histoire):
    histoire.vit("ici", ("2000-01-01", "2022-06-30"), fermeture="2022-07-01")
    histoire.vit("là", ("2022-07-01", ""))
    histoire.succede("ici", "là", le="2022-07-01")
    assert histoire.mouvements() == set()


def test_une_reprise_bien_anterieure_n_empeche_pas_de_naitre(histoire):
    histoire.vit("cédant", ("2000-01-01", ""))
    histoire.vit("repreneur", ("2022-07-01", ""))
    histoire.succede("cédant", "repreneur", le="2015-01-01")
    assert histoire.mouvements() == {("repreneur", "naissance", 2022)}


def test_un_etablissement_qui_se_succede_a_lui_meme_est_ne_quand_meme(histoire):
    histoire.vit("seul", ("2022-07-01", ""))
    histoire.succede("seul", "seul", le="2022-07-01")
    assert histoire.mouvements() == {("seul", "naissance", 2022)}


def test_qui_n_emploie_plus_n_est_compte_ni_ne_ni_ferme(histoire):
    histoire.vit("sans salarié aujourd'hui", ("2020-01-01", "2022-01-01"), employeur="N")
    assert histoire.mouvements() == set()


@pytest.mark.parametrize("perime", ["periodes", "liens"])
def test_un_fichier_plus_ancien_que_le_stock_raccourcit_la_serie(histoire, perime):
    histoire.vit("né en 2023", ("2023-03-01", ""))
    histoire.vit("né en 2024", ("2024-03-01", ""))
    if perime == "periodes":
        histoire.periodes[1]["dateDebut"] = "2024-06-01"
    else:
        histoire.liens[0]["dateDernierTraitementLienSuccession"] = "2024-06-01T10:00:00"
    assert histoire.mouvements() == {("né en 2023", "naissance", 2023)}, "2024 n'est connue qu'en partie"


def test_l_annee_en_cours_n_est_pas_publiee(histoire):
    histoire.vit("né cette année", ("2026-02-01", ""))
    assert histoire.mouvements() == set()


def test_les_annees_que_la_lecture_a_coupees_ne_sont_pas_publiees(histoire):
    """Closed employers are read ten years back from today: what a stock read later still has of an older year is a part."""
    premiere = datetime.date.today().year - 10  # noqa: DTZ011
    histoire.vit("fermé avant", ("2000-01-01", f"{premiere - 1}-12-31"), fermeture=f"{premiere}-01-01")
    histoire.vit("fermé après", ("2000-01-01", f"{premiere}-12-31"), fermeture=f"{premiere + 1}-01-01")
    assert histoire.mouvements() == {("fermé après", "fermeture", premiere)}


def test_une_date_a_venir_ne_change_pas_le_mois_du_stock(histoire):
    histoire.vit("mal daté", ("2020-03-01", ""))
    histoire._etablissements["mal daté"]["dateDernierTraitementEtablissement"] = "2099-01-01T10:00:00"
    histoire.calculer()
    assert {ligne["millesime"] for ligne in histoire.lignes("socle.etablissements")} == {"2026-10"}
    assert histoire.etats["sirene_etablissements"].jusqu_au == "2026-10-03"
