"""Grants to hand-made beneficiaries, and how they are recognised."""

from collections import Counter
from decimal import Decimal

from observatoire.derived import compute_table
from observatoire.publication.public_tables import public_tables
from observatoire.socle.beneficiaries import (
    BENEFICIAIRES,
    PARTS_SUBVENTIONS,
    QUALITE_BENEFICIAIRES,
    SUBVENTIONS_IDENTIFIEES,
)
from tests.depots import SUBVENTION, charger_source, deposer, en_csv
from tests.petit_sirene import Ligne, PetitSirene, siret

RNA = {
    "id": "W631000001", "siret": "", "date_creat": "1990-01-01", "nature": "D", "groupement": "S",
    "titre": "association d'essai", "objet_social1": "", "adrs_codeinsee": "63014", "position": "A",
    "date_disso": "0001-01-01", "maj_time": "2026-10-01",
}  # fmt: skip
PERSONNE = {"categorie": "1000", "naf": "90.03B"}
CESSEE = {"etatAdministratifUniteLegale": "C", "dateDebut": "2024-06-30"}


class Subventions(PetitSirene):
    """Registers, and the grants of a local authority to what they know and what they do not."""

    def __init__(self, entrepot) -> None:
        super().__init__(entrepot)
        self.recues: list[Ligne] = []
        self.associations: list[Ligne] = []

    def donne(self, montant: str, a: str = "", **colonnes: str) -> None:
        """Write a grant; `a` is the name of a legal unit, known or not."""
        identifiant = {"idBeneficiaire": siret(self.siren(a)) if a else ""}
        ligne = {
            **SUBVENTION,
            "rnaBeneficiaire": "",
            "pourcentageSubvention": "",
            "etat": "",
            "montant": montant,
            **identifiant,
        }
        self.recues.append({**ligne, "objet": f"objet {len(self.recues)}", **colonnes})

    def declare(self, **colonnes: str) -> None:
        """Write an association in the RNA."""
        self.associations.append({**RNA, **colonnes})

    def reconnaitre(self) -> list[Ligne]:
        """Compute the tables; return the beneficiaries, in the order the grants were written."""
        self.calculer()
        if self.recues:
            deposer(self.entrepot, "subventions", "2024.csv", en_csv(self.recues))
        if self.associations:
            deposer(self.entrepot, "rna", "rna.csv", en_csv(self.associations))
        for nom in ("subventions", "rna"):
            self.etats[nom] = charger_source(self.entrepot, nom, plancher_pct=0)
            assert self.etats[nom].etat in ("a_jour", "absente"), self.etats[nom].motif
        for derivee in (PARTS_SUBVENTIONS, BENEFICIAIRES, SUBVENTIONS_IDENTIFIEES, QUALITE_BENEFICIAIRES):
            compute_table(self.entrepot, derivee)
        return sorted(self.lignes("socle.beneficiaires"), key=lambda ligne: ligne["_ligne"])


def sommes(lignes: list[Ligne], *colonnes: str) -> dict[tuple, Decimal]:
    """Add amounts up by the values of columns."""
    total: Counter = Counter()
    for ligne in lignes:
        total[tuple(ligne[colonne] for colonne in colonnes)] += ligne["montant_eur"]
    return dict(total)


def publiques(petit: Subventions) -> list[Ligne]:
    """Read the public table of grants."""
    [publique] = [t for t in public_tables() if (t.schema, t.nom) == ("socle", "subventions")]
    with petit.entrepot.connect() as connexion:
        return connexion.sql(publique.requete).to_arrow_table().to_pylist()
