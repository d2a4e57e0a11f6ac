"""Layout of the two Sirene stocks: columns of the 2026 vintages, in their order, with the types of the Parquet files.

Only the layout: what the columns are filled with is in ``sirene``.
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


def _type(column: str) -> pa.DataType:
    """Type of a column: legal category and NIC of the head office are integers on data.gouv.fr, other codes are not."""
    if column.startswith("dateDernierTraitement"):
        return pa.timestamp("us")
    if column.startswith("date"):
        return pa.date32()
    if column in ("etablissementSiege", "unitePurgeeUniteLegale"):
        return pa.bool_()
    if column.startswith(("annee", "nombrePeriodes", "categorieJuridique", "nicSiege")):
        return pa.int64()
    return pa.string()


ETABLISSEMENT = pa.schema([(column, _type(column)) for column in _ETABLISSEMENT.split()])
UNITE_LEGALE = pa.schema([(column, _type(column)) for column in _UNITE_LEGALE.split()])
