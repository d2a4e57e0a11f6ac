"""Small Sirene stocks written by hand, with the headers of Insee, and what the product makes of them."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from observatoire.derived import compute_table
from observatoire.settings import Settings
from observatoire.socle.establishments import ETABLISSEMENTS, ETABLISSEMENTS_ESS, RAPPROCHEMENTS
from observatoire.socle.former_communes import PASSAGES_COMMUNES
from observatoire.socle.perimeter import PERIMETRE_MOTIFS, UNITES_ESS
from observatoire.sources import sources
from observatoire.sources.states import Etat
from observatoire.warehouse import Entrepot
from tests.depots import charger_source, deposer, en_csv

Ligne = dict[str, Any]

CALCULEES = (UNITES_ESS, ETABLISSEMENTS, ETABLISSEMENTS_ESS, RAPPROCHEMENTS, PERIMETRE_MOTIFS)
LUES = ("sirene_unites_legales", "sirene_etablissements", "sirene_doublons", "ess_france", "esus", "corrections_ess")
JOUR = "2026-10-03T10:00:00"
UNITE = {
    "statutDiffusionUniteLegale": "O",
    "dateDebut": "2010-01-01",
    "identifiantAssociationUniteLegale": "",
    "etatAdministratifUniteLegale": "A",
    "denominationUniteLegale": "PERSONNE MORALE D'ESSAI",
    "categorieJuridiqueUniteLegale": "9220",
    "activitePrincipaleUniteLegale": "88.99B",
    "economieSocialeSolidaireUniteLegale": "",
    "caractereEmployeurUniteLegale": "O",
}
ETABLISSEMENT = {
    "statutDiffusionEtablissement": "O",
    "trancheEffectifsEtablissement": "01",
    "etablissementSiege": "true",
    "dateDernierTraitementEtablissement": JOUR,
    "codeCommuneEtablissement": "63113",
    "dateDebut": "2010-01-01",
    "etatAdministratifEtablissement": "A",
    "activitePrincipaleEtablissement": "88.99B",
    "nomenclatureActivitePrincipaleEtablissement": "NAFRev2",
    "caractereEmployeurEtablissement": "O",
}
CORRECTION = {
    "sens": "entre",
    "perimetre": "les_deux",
    "famille": "association",
    "raison": "statuts lus",
    "auteur": "CRESS",
    "decidee_le": "2026-09-01",
    "valide_au": "",
}


def siren(rang: int) -> str:
    """Build a valid SIREN outside the demonstration range."""
    return _avec_cle(f"{40000000 + rang}")


def siret(d_un_siren: str, rang: int = 1) -> str:
    """Build a valid SIRET of that SIREN."""
    return _avec_cle(f"{d_un_siren}{rang:04}")


def _avec_cle(debut: str) -> str:
    return next(debut + cle for cle in "0123456789" if _luhn(debut + cle))


def _luhn(chiffres: str) -> bool:
    somme = sum(sum(divmod(int(c) * (1 + rang % 2), 10)) for rang, c in enumerate(reversed(chiffres)))
    return somme % 10 == 0


@cache
def _references() -> Path:
    """Load the embedded references once; give the warehouse that holds them."""
    dossier = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, dossier, ignore_errors=True)
    entrepot = Entrepot(Settings(dossier / "raw", dossier / "warehouse", "246300701"))
    for nom, source in sources().items():
        if source.embarque:
            assert charger_source(entrepot, nom).etat == "a_jour", nom
    compute_table(entrepot, PASSAGES_COMMUNES)
    return entrepot.racine


class PetitSirene:
    """Legal units and establishments named by the test, and the tables computed from them.

    Attributes:
        etats: where each source stands after the last `calculer`.
    """

    def __init__(self, entrepot: Entrepot) -> None:
        shutil.copytree(_references(), entrepot.racine, dirs_exist_ok=True)
        self.entrepot = entrepot
        self.etats: dict[str, Etat] = {}
        self._noms: dict[str, str] = {}
        self._unites: dict[str, Ligne] = {}
        self._etablissements: dict[str, Ligne] = {}

    def siren(self, nom: str) -> str:
        """Give its SIREN to a name, always the same."""
        return self._noms.setdefault(nom, siren(len(self._noms)))

    def unite(
        self, nom: str, categorie: str = "9220", naf: str = "88.99B", indicateur: str = "", **colonnes: str
    ) -> None:
        """Write a legal unit in the stock, and an establishment of hers."""
        self.unite_seule(nom, categorie, naf, indicateur, **colonnes)
        self.etablissement(nom, activitePrincipaleEtablissement=naf)

    def unite_seule(
        self, nom: str, categorie: str = "9220", naf: str = "88.99B", indicateur: str = "", **colonnes: str
    ) -> None:
        """Write a legal unit in the stock."""
        self._unites[nom] = {
            "siren": self.siren(nom),
            **UNITE,
            "categorieJuridiqueUniteLegale": categorie,
            "activitePrincipaleUniteLegale": naf,
            "economieSocialeSolidaireUniteLegale": indicateur,
            **colonnes,
        }

    def etablissement(self, de: str, nom: str = "", **colonnes: str) -> None:
        """Write an establishment in the stock; its name is that of its legal unit unless it is given."""
        d_une_unite = self.siren(de)
        freres = sum(ligne["siren"] == d_une_unite for ligne in self._etablissements.values())
        numeros = {"siren": d_une_unite, "siret": siret(d_une_unite, freres + 1)}
        self._etablissements[nom or de] = {**numeros, **ETABLISSEMENT, **colonnes}

    def disparait(self, nom: str) -> None:
        """Take a legal unit and its establishment out of the stocks."""
        self._unites.pop(nom, None)
        self._etablissements.pop(nom, None)

    def deposer(self, source: str, *lignes: Ligne) -> None:
        """Write the file of a source; a `siren` may be a name."""
        connus = [
            {**ligne, **{c: self._noms.get(str(v), v) for c, v in ligne.items() if c.lower().startswith("siren")}}
            for ligne in lignes
        ]
        deposer(self.entrepot, source, f"{source}.csv", en_csv(connus))

    def corriger(self, nom: str, **colonnes: str) -> None:
        """Write a correction of the perimeter, in a file of its own."""
        ligne = {"siren": self.siren(nom), **CORRECTION, **colonnes}
        deposer(self.entrepot, "corrections_ess", f"{nom}.csv", en_csv([ligne]))

    def calculer(self) -> None:
        """Write the stocks, load every source, compute the tables."""
        for source, lignes in (
            ("sirene_unites_legales", self._unites),
            ("sirene_etablissements", self._etablissements),
        ):
            if lignes:
                deposer(self.entrepot, source, f"{source}.csv", en_csv(lignes.values()))
        for nom in LUES:
            self.etats[nom] = charger_source(self.entrepot, nom, plancher_pct=0)
            assert self.etats[nom].etat in ("a_jour", "absente"), self.etats[nom].motif
        for derivee in CALCULEES:
            compute_table(self.entrepot, derivee)

    def lignes(self, table: str) -> list[Ligne]:
        """Return the rows of a table, `schema.table`."""
        return pq.read_table(self.entrepot.path_of(*table.split("."))).to_pylist()

    def unites(self) -> dict[str, Ligne]:
        """Return the rows of `socle.unites_ess` by name."""
        noms = {numero: nom for nom, numero in self._noms.items()}
        return {noms[ligne["siren"]]: ligne for ligne in self.lignes("socle.unites_ess")}

    def perimetres(self) -> dict[str, str]:
        """Say of each named unit what it is in: `insee` (and large), `large` alone, `insee seul`, or nothing."""
        lues = self.unites()
        return {nom: _perimetre(lues[nom]) if nom in lues else "" for nom in self._noms}

    def etablissements(self) -> dict[str, Ligne]:
        """Return the rows of `socle.etablissements` by name."""
        noms = {ligne["siret"]: nom for nom, ligne in self._etablissements.items()}
        lues = self.lignes("socle.etablissements")
        assert len(lues) == len({ligne["siret"] for ligne in lues}), "un établissement est là deux fois"
        return {noms[ligne["siret"]]: ligne for ligne in lues}

    def listes(self) -> dict[str, Ligne]:
        """Return the rows of `socle.etablissements_ess` by name."""
        noms = {ligne["siret"]: nom for nom, ligne in self._etablissements.items()}
        return {noms[ligne["siret"]]: ligne for ligne in self.lignes("socle.etablissements_ess")}

    def rapproches(self) -> dict[tuple[str, str], int]:
        """Return the rows of `qualite.rapprochements`: (what is matched, case), count."""
        lues = self.lignes("qualite.rapprochements")
        return {(ligne["rapprochement"], ligne["cas"]): ligne["nombre"] for ligne in lues}


def _perimetre(ligne: Ligne) -> str:
    dedans = (ligne["est_ess"], ligne["est_ess_large"])
    return {(True, True): "insee", (False, True): "large", (True, False): "insee seul"}.get(dedans, "")
