"""The rules of the SCDL sources are those of the official Table Schemas, field by field; every difference is listed.

A rule is not read but tried: a value the schema allows must raise nothing, one it forbids must be refused or flagged.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from observatoire.schemas import BOOLEEN, DATE, ENTIER, EUROS, NOMBRE, TEXTE, Colonne
from observatoire.sources import sources
from tests.depots import charger_source, deposer, en_csv, rejets, table
from tests.donnees import lire_csv

DOSSIER = Path(__file__).parent / "schemas_officiels"
TYPES = {
    "string": {TEXTE}, "date": {DATE}, "number": {EUROS, NOMBRE}, "integer": {ENTIER}, "year": {ENTIER},
    "boolean": {BOOLEEN},
}  # fmt: skip

VIDE_TOLERE = "laissé vide par des collectivités : la ligne se compte sans lui"
# what is missing there is said of the whole row
DITS_DE_LA_LIGNE = {"idAttribuant", "nomBeneficiaire"}
# (schema, field, constraint): why the observatory does otherwise
ECARTS: dict[tuple[str, str, str], str] = {
    ("subventions", "nomAttribuant", "required"): "le SIRET suffit à identifier l'attribuant",
    ("subventions", "objet", "required"): VIDE_TOLERE,
    ("subventions", "nature", "required"): VIDE_TOLERE,
    ("subventions", "conditionsVersement", "required"): VIDE_TOLERE,
    ("subventions", "datesPeriodeVersement", "required"): VIDE_TOLERE,
    ("subventions", "notificationUE", "required"): VIDE_TOLERE,
    ("subventions", "pourcentageSubvention", "required"): "vide : le bénéficiaire est seul, la subvention compte entière",
    ("subventions", "pourcentageSubvention", "maximum"): "de 1 à 100, une part est lue pour cent",
    ("datasubvention", "pourcentageSubvention", "maximum"): "de 1 à 100, une part est lue pour cent",
    ("subventions", "dateConvention", "required"): "vide : l'exercice vient de l'exercice budgétaire ou du fichier",
    ("budget", "BGT_NOM", "required"): "le SIRET suffit à identifier la collectivité",
    ("budget", "BGT_CONTNAT_LABEL", "required"): "le numéro du compte suffit",
    ("budget", "BGT_NATURE", "required"): "le compte suffit à compter la ligne",
    ("budget", "BGT_NATURE_LABEL", "required"): "le numéro de la nature suffit",
    ("datasubvention", "pluriannualite", "enum"): "« oui » est permis, et signalé : montant d'un an, ou de tous ?",
    ("datasubvention", "conditionsVersement", "enum"): "texte libre dans le SCDL, où 256 caractères l'expliquent",
    ("datasubvention", "notificationUE", "type"): "lu comme un booléen, comme le veut le SCDL",
    ("datasubvention", "pluriannualite", "type"): "« oui » ou « non » : un booléen",
    ("datasubvention", "nature", "required"): VIDE_TOLERE,
    ("datasubvention", "nomAttribuant", "required"): "le SIRET suffit à identifier l'attribuant",
    ("datasubvention", "objet", "required"): VIDE_TOLERE,
    ("datasubvention", "conditionsVersement", "required"): VIDE_TOLERE,
    ("datasubvention", "datesPeriodeVersement", "required"): VIDE_TOLERE,
    ("datasubvention", "notificationUE", "required"): VIDE_TOLERE,
    ("datasubvention", "pourcentageSubvention", "required"): "vide : le bénéficiaire est seul",
    ("datasubvention", "dateConvention", "required"): "vide : l'exercice vient de l'exercice budgétaire ou du fichier",
}
# fields of the variant that say nothing of who gives how much to whom: not read, reported as unknown columns
NON_LUS = {
    "nomServiceInstructeur", "idServiceInstructeur", "anneesPluriannualite", "dateCreation", "dateDebut", "dateFin",
    "sousDispositif", "montantDemande", "nomOutilInstruction", "nomOutilVersement", "ej", "cléVersement",
    "descriptionConditionsVersement", "cofinancement", "attribuantsCofinanceurs", "idCofinancement", "evaluationCout",
    "evaluation", "dateMiseAJour",
}  # fmt: skip
# a value that follows each pattern of the schemas, and one that does not
MODELES = {
    r"^\d{14}$": ("70000004500018", "7000000450001"),
    r"^W\d{9}$": ("W631001234", "W63100123"),
    r"^[0-9]{4}\-[0-9]{2}\-[0-9]{2}(\/[0-9]{4}\-[0-9]{2}\-[0-9]{2})?$": ("2024-03-01/2024-12-31", "mars 2024"),
}


@dataclass(frozen=True)
class Officiel:
    """A schema, the source it is about, and a row of that source that breaks no rule."""

    nom: str
    source: str
    ligne: dict[str, str]

    @property
    def champs(self) -> list[dict[str, Any]]:
        schema = json.loads((DOSSIER / f"{self.fichier}.json").read_text(encoding="utf-8"))
        return [champ for champ in schema["fields"] if champ["name"] not in (NON_LUS if self.nom == "datasubvention" else ())]

    @property
    def fichier(self) -> str:
        return self.nom if self.nom == "datasubvention" else f"scdl_{self.nom}"

    def colonne(self, champ: dict[str, Any]) -> Colonne:
        """Find the column that reads a field, by its technical name."""
        lues = [c for c in sources()[self.source].table.colonnes if champ["name"] in (c.nom, *c.en_tetes)]
        assert len(lues) == 1, f"{champ['name']} : aucune colonne ne le lit, ou plusieurs"
        return lues[0]


def bonne_ligne(source: str) -> dict[str, str]:
    ligne = lire_csv(Path(__file__).parent / "mauvais" / f"{source}.csv")[0]
    return {nom: valeur for nom, valeur in ligne.items() if nom != "attendu"}


OFFICIELS = [
    Officiel("subventions", "subventions", bonne_ligne("subventions")),
    Officiel("datasubvention", "subventions", bonne_ligne("subventions")),
    Officiel("budget", "budget_scdl", bonne_ligne("budget_scdl")),
]
CONTRAINTES = [
    pytest.param(officiel, champ, nom, attendu, id=f"{officiel.nom}-{champ['name']}-{nom}")
    for officiel in OFFICIELS
    for champ in officiel.champs
    for nom, attendu in (champ.get("constraints") or {}).items()
    if attendu is not False
]


def essais(champ: dict[str, Any], contrainte: str, attendu: Any) -> tuple[list[str], list[str]]:
    """Give values a constraint allows, and values it forbids."""
    match contrainte:
        case "required":
            return [], [""]
        case "pattern":
            bon, mauvais = MODELES[attendu]
            return [bon], [mauvais]
        case "enum":
            return list(attendu), ["un autre mot"]
        case "maxLength":
            signe = "6" if champ["name"].startswith("BGT") else "x"
            return [signe * attendu], [signe * (attendu + 1)]
        case "minLength" if attendu == 1:
            return [], []  # an empty cell is the business of « required »
        case "minimum":
            return [str(attendu)], [f"{attendu - 0.001:.3f}"]
        case "maximum":
            return [str(attendu)], [f"{attendu + 0.001:.3f}"]
    raise AssertionError(f"contrainte inconnue : {contrainte} ; écrire comment l'essayer")


def colonnes_en_cause(entrepot, officiel: Officiel, champ: dict[str, Any], valeur: str) -> set[str]:
    """Load one row with a value in a field; return the columns that something was said of."""
    contenu = en_csv([{**officiel.ligne, champ["name"]: valeur}])
    deposer(entrepot, officiel.source, "essai_2024.csv", contenu)
    etat = charger_source(entrepot, officiel.source, plafond_rejets_pct=100, plancher_pct=0)
    assert etat.etat == "a_jour", etat.motif
    return {rejet["colonne"] for rejet in rejets(entrepot, officiel.source)}


def respectee(entrepot, officiel: Officiel, champ: dict[str, Any], contrainte: str, attendu: Any) -> bool:
    """Try the values of a constraint: those it allows raise nothing, those it forbids are refused or flagged."""
    nom = officiel.colonne(champ).nom
    dites_en = {nom, ""} if champ["name"] in DITS_DE_LA_LIGNE else {nom}
    permises, defendues = essais(champ, contrainte, attendu)
    return not any(nom in colonnes_en_cause(entrepot, officiel, champ, valeur) for valeur in permises) and all(
        colonnes_en_cause(entrepot, officiel, champ, valeur) & dites_en for valeur in defendues
    )


@pytest.mark.parametrize(("officiel", "champ", "contrainte", "attendu"), CONTRAINTES)
def test_chaque_contrainte_officielle_est_une_regle_ou_un_ecart_dit(entrepot, officiel, champ, contrainte, attendu):
    ecart = (officiel.nom, champ["name"], contrainte)
    assert respectee(entrepot, officiel, champ, contrainte, attendu) != (ecart in ECARTS), (
        f"{ecart} : écrire la règle, ou pourquoi il n'y en a pas ; retirer l'écart s'il n'y en a plus"
    )


@pytest.mark.parametrize("officiel", OFFICIELS, ids=lambda officiel: officiel.nom)
def test_chaque_champ_officiel_se_lit_sous_son_nom_et_son_titre(officiel):
    for champ in officiel.champs:
        colonne = officiel.colonne(champ)
        assert (colonne.type in TYPES[champ["type"]]) != ((officiel.nom, champ["name"], "type") in ECARTS), champ["name"]
        if officiel.nom != "datasubvention":
            assert champ["title"] in colonne.en_tetes or champ["title"].lower() == colonne.nom, champ["title"]


def test_un_fichier_de_data_subvention_se_lit_et_dit_ce_qu_il_laisse(entrepot):
    """Made by hand: the whole header of the variant, over a row that breaks no rule."""
    schema = json.loads((DOSSIER / "datasubvention.json").read_text(encoding="utf-8"))
    ligne = {champ["name"]: OFFICIELS[1].ligne.get(champ["name"], "") for champ in schema["fields"]}
    deposer(entrepot, "subventions", "essai.csv", en_csv([{**ligne, "dispositif": "essai", "exerciceBudgetaire": "2023"}]))
    etat = charger_source(entrepot, "subventions")
    assert (etat.etat, etat.lignes_retenues, etat.regles) == ("a_jour", 1, []), etat.motif
    assert set(etat.fichiers[0].colonnes_inconnues) == NON_LUS
    [lue] = table(entrepot, "subventions")
    assert (lue["exercice"], lue["dispositif_aide"], lue["id_subvention"]) == (2023, "essai", "S-1")


def test_les_verifications_officielles_de_siret_sont_faites(entrepot):
    """The custom checks: a SIRET with a wrong key, and neither SIRET nor RNA."""
    subventions = OFFICIELS[0]
    for champ, colonne in (("idAttribuant", "id_attribuant"), ("idBeneficiaire", "id_beneficiaire")):
        assert colonne in colonnes_en_cause(entrepot, subventions, {"name": champ}, "70000004500019")
    sans = Officiel("subventions", "subventions", {**subventions.ligne, "rnaBeneficiaire": ""})
    assert "" in colonnes_en_cause(entrepot, sans, {"name": "idBeneficiaire"}, "")
    assert "siret" in colonnes_en_cause(entrepot, OFFICIELS[2], {"name": "BGT_SIRET"}, "70000004500019")


def test_les_ecarts_portent_sur_des_contraintes_qui_existent():
    connues = {(p.values[0].nom, p.values[1]["name"], p.values[2]) for p in CONTRAINTES}
    connues |= {(officiel.nom, champ["name"], "type") for officiel in OFFICIELS for champ in officiel.champs}
    assert set(ECARTS) <= connues
    assert all(ECARTS.values())


@pytest.mark.parametrize(
    ("fichier", "original"),
    [
        ("scdl_subventions", "schemas/scdl_subventions_latest_schema.json"),
        ("scdl_budget", "schemas/scdl_budget_latest_schema.json"),
        ("datasubvention", "scdl_subventions/datasubvention_schema.json"),
    ],
)
def test_la_copie_du_schema_est_celle_de_la_version_publiee(donnees, fichier, original):
    copie = json.loads((DOSSIER / f"{fichier}.json").read_text(encoding="utf-8"))
    publie = json.loads((donnees / original).read_text(encoding="utf-8"))
    assert copie["version"] == publie["version"]
    assert len(copie["fields"]) == len(publie["fields"])
    for reduit, entier in zip(copie["fields"], publie["fields"], strict=True):
        assert reduit == {nom: entier[nom] for nom in reduit}
        assert reduit.get("constraints") == entier.get("constraints") and reduit["type"] == entier["type"]
