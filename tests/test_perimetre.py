"""The ESS perimeter on hand-made legal units: who is in, for which reason, who may be listed, where."""

import dataclasses

import pytest

from observatoire.catalog import derivees
from observatoire.derived import TableIncoherente, compute_table
from observatoire.ingestion import load_source
from observatoire.settings import Settings
from observatoire.sources import sources
from observatoire.warehouse import Entrepot

LUES = {table.split(".")[1] for derivee in derivees().values() for table in derivee.lit} & set(sources())
# siren, legal category, NAF of the unit, Insee's flag, diffusion, then commune, NAF, diffusion of its establishment
UNITES = {
    "association": ("9220", "88.99B", "", "O", "63113", "88.99B", "O"),
    "association_signalee": ("9220", "88.99B", "O", "O", "63113", "88.99B", "O"),
    "association_non": ("9220", "88.99B", "N", "O", "63113", "88.99B", "O"),
    "parti": ("9220", "94.92Z", "O", "O", "63113", "94.92Z", "O"),
    "parti_naf_2025": ("9220", "94.92Y", "O", "O", "63113", "94.92Y", "O"),
    "local_cultuel": ("9220", "88.99B", "O", "O", "63113", "94.91Z", "O"),
    "scop": ("5458", "62.01Z", "", "O", "63113", "62.01Z", "O"),
    "sas": ("5710", "62.01Z", "", "O", "63113", "62.01Z", "O"),
    "sas_signalee": ("5710", "62.01Z", "O", "O", "63113", "62.01Z", "O"),
    "a_decider": ("9210", "88.99B", "O", "O", "63113", "88.99B", "O"),
    "gip": ("7410", "84.11Z", "O", "O", "63113", "84.11Z", "O"),
    "personne": ("1000", "62.01Z", "", "O", "63113", "62.01Z", "O"),
    "discrete": ("9220", "88.99B", "", "P", "63113", "88.99B", "O"),
    "etablissement_discret": ("9220", "88.99B", "", "O", "63113", "88.99B", "P"),
    "paris": ("9220", "88.99B", "", "O", "75101", "88.99B", "O"),
    "commune_inconnue": ("9220", "88.99B", "", "O", "63999", "88.99B", "O"),
    "outre_mer": ("9220", "88.99B", "", "O", "97499", "88.99B", "O"),
    "sans_lieu": ("9220", "88.99B", "", "O", "", "88.99B", "O"),
    "ancienne_naf": ("9220", "88.99B", "", "O", "63113", "85.3K", "O"),
}
ESS = {
    "association",
    "association_signalee",
    "association_non",
    "local_cultuel",
    "scop",
    "sas_signalee",
    "discrete",
    "etablissement_discret",
    "paris",
    "commune_inconnue",
    "outre_mer",
    "sans_lieu",
    "ancienne_naf",
}


def siren(rang: int) -> str:
    """Build a valid SIREN outside the demonstration range."""
    debut = f"{40000000 + rang}"
    return next(debut + cle for cle in "0123456789" if _luhn(debut + cle))


def _luhn(chiffres: str) -> bool:
    somme = sum(sum(divmod(int(c) * (1 + rang % 2), 10)) for rang, c in enumerate(reversed(chiffres)))
    return somme % 10 == 0


@pytest.fixture(scope="module")
def entrepot_classe(tmp_path_factory) -> Entrepot:
    """Give a warehouse to the hand-made units."""
    dossier = tmp_path_factory.mktemp("perimetre")
    return Entrepot(Settings(dossier / "raw", dossier / "warehouse", "246300701"))


@pytest.fixture(scope="module")
def classes(entrepot_classe: Entrepot) -> dict[str, dict]:
    """Load the hand-made units through the real sources; give their establishments by name."""
    entrepot = entrepot_classe
    for source, entete, ligne in (
        (
            "sirene_unites_legales",
            "siren,statutDiffusionUniteLegale,etatAdministratifUniteLegale,denominationUniteLegale,"
            "categorieJuridiqueUniteLegale,activitePrincipaleUniteLegale,economieSocialeSolidaireUniteLegale,"
            "caractereEmployeurUniteLegale",
            lambda s, nom, u: f"{s},{u[3]},A,{nom},{u[0]},{u[1]},{u[2]},O",
        ),
        (
            "sirene_etablissements",
            "siren,siret,statutDiffusionEtablissement,trancheEffectifsEtablissement,codeCommuneEtablissement,"
            "etatAdministratifEtablissement,activitePrincipaleEtablissement,caractereEmployeurEtablissement,"
            "dateDernierTraitementEtablissement",
            lambda s, nom, u: f"{s},{s}00011,{u[6]},01,{u[4]},A,{u[5]},O,2026-10-03T10:00:00",
        ),
    ):
        chemin = entrepot.settings.raw / source / f"{source}.csv"
        chemin.parent.mkdir(parents=True)
        lignes = [ligne(siren(rang), nom, unite) for rang, (nom, unite) in enumerate(UNITES.items())]
        chemin.write_text("\n".join([entete, *lignes]) + "\n", encoding="utf-8")
    for nom in sorted(LUES):
        assert load_source(entrepot, sources()[nom]).etat == "a_jour", nom
    for derivee in derivees().values():
        compute_table(entrepot, derivee)
    with entrepot.connect() as connexion:
        lignes = connexion.execute("FROM socle.etablissements").df().to_dict("records")
        listes = {s for (s,) in connexion.execute("SELECT siret FROM socle.etablissements_ess").fetchall()}
    noms = {siren(rang): nom for rang, nom in enumerate(UNITES)}
    assert len(lignes) == len(UNITES), "no join multiplies nor loses an establishment"
    return {noms[ligne["siren"]]: {**ligne, "est_listee": ligne["siret"] in listes} for ligne in lignes}


def test_qui_est_dans_l_ess(classes):
    assert {nom for nom, ligne in classes.items() if ligne["est_ess"]} == ESS


def test_les_raisons_et_la_confiance_sont_gardees(classes):
    assert classes["association"]["motif_ess"] == "catégorie juridique"
    assert classes["association_signalee"]["motif_ess"] == "catégorie juridique ; indicateur ESS de l'Insee"
    assert classes["sas_signalee"]["motif_ess"] == "indicateur ESS de l'Insee"
    assert classes["association"]["confiance"] == "moyenne" and classes["association_signalee"]["confiance"] == "forte"
    assert classes["sas_signalee"]["famille"] == "société commerciale de l'ESS"


def test_qui_est_compte_sans_etre_liste(classes):
    tus = {nom for nom, ligne in classes.items() if ligne["est_ess"] and not ligne["est_listee"]}
    # whether an activity in an old nomenclature is a sensitive one is not known: it is not listed
    assert tus == {"local_cultuel", "discrete", "etablissement_discret", "ancienne_naf"}
    assert not any(ligne["est_listee"] for ligne in classes.values() if not ligne["est_ess"])


def test_le_lieu_est_connu_au_niveau_le_plus_fin(classes):
    lieux = {nom: (ligne["niveau"], ligne["code_territoire"]) for nom, ligne in classes.items()}
    assert lieux["association"] == ("commune", "63113")
    assert lieux["paris"] == ("commune", "75056")
    assert lieux["commune_inconnue"] == ("departement", "63")
    assert lieux["outre_mer"] == ("departement", "974")
    assert lieux["sans_lieu"] == ("inconnu", "inconnu")


def test_le_mois_du_stock_et_l_ancienne_nomenclature(classes):
    assert {ligne["millesime"] for ligne in classes.values()} == {"2026-10"}
    assert classes["association"]["a17"] == "OQ" and not isinstance(classes["ancienne_naf"]["code_naf"], str)


def test_un_stock_d_unites_legales_incomplet_ne_publie_pas_une_part_fausse(classes, entrepot_classe: Entrepot):
    """With a third of the legal units, the share of the ESS would fall by two thirds, and every check stay green."""
    chemin = entrepot_classe.settings.raw / "sirene_unites_legales" / "sirene_unites_legales.csv"
    lignes = chemin.read_text(encoding="utf-8").splitlines(keepends=True)
    chemin.write_text("".join(lignes[:6]), encoding="utf-8")
    source = dataclasses.replace(sources()["sirene_unites_legales"], plancher_pct=0)
    assert load_source(entrepot_classe, source).etat == "a_jour"
    with pytest.raises(TableIncoherente, match="sans unité légale .* du même mois"):
        compute_table(entrepot_classe, derivees()["socle.etablissements"])
