"""Layout of the four Sirene files: columns of each vintage, in their order, with the types of the Parquet files.

Only the layout: what the columns are filled with is in ``sirene_columns``.
"""

import pyarrow as pa

_ETABLISSEMENT = """
    siren nic siret statutDiffusionEtablissement dateCreationEtablissement trancheEffectifsEtablissement
    anneeEffectifsEtablissement activitePrincipaleRegistreMetiersEtablissement dateDernierTraitementEtablissement
    etablissementSiege nombrePeriodesEtablissement complementAdresseEtablissement numeroVoieEtablissement
    indiceRepetitionEtablissement dernierNumeroVoieEtablissement indiceRepetitionDernierNumeroVoieEtablissement
    typeVoieEtablissement libelleVoieEtablissement codePostalEtablissement libelleCommuneEtablissement
    libelleCommuneEtrangerEtablissement distributionSpecialeEtablissement codeCommuneEtablissement
    codeCedexEtablissement libelleCedexEtablissement codePaysEtrangerEtablissement libellePaysEtrangerEtablissement
    identifiantAdresseEtablissement coordonneeLambertAbscisseEtablissement coordonneeLambertOrdonneeEtablissement
    complementAdresse2Etablissement numeroVoie2Etablissement indiceRepetition2Etablissement typeVoie2Etablissement
    libelleVoie2Etablissement codePostal2Etablissement libelleCommune2Etablissement libelleCommuneEtranger2Etablissement
    distributionSpeciale2Etablissement codeCommune2Etablissement codeCedex2Etablissement libelleCedex2Etablissement
    codePaysEtranger2Etablissement libellePaysEtranger2Etablissement dateDebut etatAdministratifEtablissement
    enseigne1Etablissement enseigne2Etablissement enseigne3Etablissement denominationUsuelleEtablissement
    activitePrincipaleEtablissement nomenclatureActivitePrincipaleEtablissement caractereEmployeurEtablissement
    activitePrincipaleNAF25Etablissement
"""

_UNITE_LEGALE = """
    siren statutDiffusionUniteLegale unitePurgeeUniteLegale dateCreationUniteLegale sigleUniteLegale sexeUniteLegale
    prenom1UniteLegale prenom2UniteLegale prenom3UniteLegale prenom4UniteLegale prenomUsuelUniteLegale
    pseudonymeUniteLegale identifiantAssociationUniteLegale trancheEffectifsUniteLegale anneeEffectifsUniteLegale
    dateDernierTraitementUniteLegale nombrePeriodesUniteLegale categorieEntreprise anneeCategorieEntreprise dateDebut
    etatAdministratifUniteLegale nomUniteLegale nomUsageUniteLegale denominationUniteLegale
    denominationUsuelle1UniteLegale denominationUsuelle2UniteLegale denominationUsuelle3UniteLegale
    categorieJuridiqueUniteLegale activitePrincipaleUniteLegale nomenclatureActivitePrincipaleUniteLegale
    nicSiegeUniteLegale economieSocialeSolidaireUniteLegale societeMissionUniteLegale caractereEmployeurUniteLegale
    activitePrincipaleNAF25UniteLegale
"""


_HISTORIQUE = """
    siren nic siret dateFin dateDebut etatAdministratifEtablissement changementEtatAdministratifEtablissement
    enseigne1Etablissement enseigne2Etablissement enseigne3Etablissement changementEnseigneEtablissement
    denominationUsuelleEtablissement changementDenominationUsuelleEtablissement activitePrincipaleEtablissement
    nomenclatureActivitePrincipaleEtablissement changementActivitePrincipaleEtablissement
    caractereEmployeurEtablissement changementCaractereEmployeurEtablissement
"""

_SUCCESSIONS = """
    siretEtablissementPredecesseur siretEtablissementSuccesseur dateLienSuccession transfertSiege continuiteEconomique
    dateDernierTraitementLienSuccession
"""

_SINCE_2025 = "activitePrincipaleNAF25Etablissement activitePrincipaleNAF25UniteLegale"

_SINCE_2024 = """
    dernierNumeroVoieEtablissement indiceRepetitionDernierNumeroVoieEtablissement identifiantAdresseEtablissement
    coordonneeLambertAbscisseEtablissement coordonneeLambertOrdonneeEtablissement societeMissionUniteLegale
"""

VINTAGES = {"2022": f"{_SINCE_2024} {_SINCE_2025}", "2024": _SINCE_2025, "2026": ""}
"""What each vintage does not have yet: 48, 53 and 54 columns for establishments, 33, 34 and 35 for legal units."""

LATEST = "2026"


def _type(column: str) -> pa.DataType:
    """Type of a column: legal category and NIC of the head office are integers on data.gouv.fr, other codes are not."""
    if column.startswith("dateDernierTraitement"):
        return pa.timestamp("us")
    if column.startswith("date"):
        return pa.date32()
    if column in ("etablissementSiege", "unitePurgeeUniteLegale", "transfertSiege", "continuiteEconomique"):
        return pa.bool_()
    if column.startswith("changement"):
        return pa.bool_()
    if column.startswith(("annee", "nombrePeriodes", "categorieJuridique", "nicSiege")):
        return pa.int64()
    return pa.string()


def schemas(vintage: str) -> dict[str, tuple[str, pa.Schema]]:
    """Return the name and the layout of the file of each source."""
    if vintage not in VINTAGES:
        raise ValueError(f"millésime de colonnes inconnu : {vintage!r} ; choisir {', '.join(VINTAGES)}")
    missing = VINTAGES[vintage].split()
    files = {
        "sirene_etablissements": ("StockEtablissement_utf8", _ETABLISSEMENT),
        "sirene_unites_legales": ("StockUniteLegale_utf8", _UNITE_LEGALE),
        "sirene_historique": ("StockEtablissementHistorique_utf8", _HISTORIQUE),
        "sirene_successions": ("StockEtablissementLiensSuccession_utf8", _SUCCESSIONS),
    }
    return {
        source: (name, pa.schema([(column, _type(column)) for column in text.split() if column not in missing]))
        for source, (name, text) in files.items()
    }
