"""The candidates a name may be matched to, and what the registers now say of an identifier a person decided.

Legal units of Sirene and associations of the RNA; a natural person is never a candidate. One body that both know has
its SIREN.
"""

from collections.abc import Iterable

import duckdb

from observatoire.sources import sources
from observatoire.sources.states import carried_by
from observatoire.warehouse import Entrepot, sql_literal

# legal categories of natural persons and of groups without personality (Insee, nomenclature of legal categories)
PERSONNES = "categorie_juridique[1] IN ('1', '2')"
# of an association with a SIREN, the SIREN: that of Sirene by its RNA number, else that of the SIRET it declared
NUMEROS = """
    SELECT rna, min(siren) AS siren FROM socle.sirene_unites_legales WHERE rna IS NOT NULL
    GROUP BY rna HAVING count(*) = 1"""


def candidates(territoire: str) -> str:
    """Give the query of the candidates: `identifiant, nom, communes, famille, est_local, est_actif`.

    Communes are known in the départements of the focal EPCI only: asking it of the whole country would cost a pass over
    every establishment, for names that documents of the territory write.
    """
    return f"""
        WITH ici AS (
            SELECT code_commune FROM referentiels.communes WHERE code_departement IN (
                SELECT code_departement FROM referentiels.communes WHERE code_epci = {sql_literal(territoire)})),
        lieux AS (
            SELECT siret[:9] AS siren, list(DISTINCT code_commune_lu) AS communes
            FROM socle.sirene_etablissements WHERE code_commune_lu IN (FROM ici) AND etat_administratif = 'A'
            GROUP BY ALL),
        unites AS (
            SELECT siren, denomination, sigle, etat_administratif = 'A' AS est_actif
            FROM socle.sirene_unites_legales WHERE NOT {PERSONNES}),
        numeros AS ({NUMEROS}),
        associations AS (
            SELECT coalesce(numeros.siren, siret[:9], id_association) AS identifiant, titre, titre_court,
                   CASE WHEN code_commune_lu IN (FROM ici) THEN [code_commune_lu] END AS communes
            FROM socle.rna LEFT JOIN numeros ON rna = id_association)
        SELECT siren AS identifiant, nom, communes, famille, communes IS NOT NULL AS est_local, est_actif
        FROM (SELECT siren, unnest([denomination, sigle]) AS nom, est_actif FROM unites)
        LEFT JOIN lieux USING (siren) LEFT JOIN (SELECT siren, famille FROM socle.unites_ess) USING (siren)
        WHERE nom IS NOT NULL
        UNION ALL
        SELECT identifiant, nom, communes, 'association', communes IS NOT NULL, true
        FROM (SELECT identifiant, communes, unnest([titre, titre_court]) AS nom FROM associations)
        WHERE nom IS NOT NULL"""


def reproaches(
    connexion: duckdb.DuckDBPyConnection, entrepot: Entrepot, identifiants: Iterable[str]
) -> dict[str, str]:
    """Say in French what the registers now hold against identifiers: merged, ceased, vanished.

    An extract of a register, or an invented one, says nothing of what it does not hold.
    """
    connexion.execute("CREATE OR REPLACE TEMP TABLE decides (identifiant VARCHAR)")
    if connus := [[identifiant] for identifiant in sorted(set(identifiants))]:
        connexion.executemany("INSERT INTO decides VALUES (?)", connus)
    complets = {nom for nom in ("sirene_unites_legales", "rna") if _is_whole(entrepot, nom)}
    lignes = connexion.execute(f"""
        SELECT identifiant,
               CASE WHEN d.remplacants IS NOT NULL THEN 'SIREN en double, remplacé par ' || d.remplacants
                    WHEN u.etat_administratif = 'C' THEN 'unité cessée le ' || coalesce(u.date_debut::VARCHAR, '?')
                    WHEN identifiant[1] <> 'W' AND u.siren IS NULL AND {"sirene_unites_legales" in complets}
                        THEN 'absent de Sirene, ou cessé depuis longtemps'
                    WHEN identifiant[1] = 'W' AND a.id_association IS NULL AND {"rna" in complets}
                        THEN 'absente du RNA, ou dissoute' END AS reproche
        FROM decides
        LEFT JOIN (SELECT siren_doublon, string_agg(siren, ', ' ORDER BY siren) AS remplacants
                   FROM socle.sirene_doublons GROUP BY ALL) d ON d.siren_doublon = identifiant
        LEFT JOIN (FROM socle.sirene_unites_legales SEMI JOIN decides ON siren = identifiant) u
               ON u.siren = identifiant
        LEFT JOIN (FROM socle.rna SEMI JOIN decides ON id_association = identifiant) a
               ON a.id_association = identifiant
        WHERE reproche IS NOT NULL""").fetchall()
    return dict(lignes)


def _is_whole(entrepot: Entrepot, nom: str) -> bool:
    """Say whether a register in place is real and said to be complete for some territory."""
    portee = carried_by(entrepot, sources()[nom])
    return portee is not None and portee.nature != "demonstration" and not isinstance(portee.couverture, str)
