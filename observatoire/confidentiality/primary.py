"""Primary rules: which cells a number of respondents, one of them, or too few employees make confidential (Insee).

Law n° 51-711 of 7 June 1951, article 6; thresholds of Insee's manual « Protection des tableaux » (annexe « Règles »)
for business statistics, and of payroll files for employees. What protects these cells in turn does not belong here.
"""

from observatoire.indicators.catalog import Mesure

SEUIL_REPONDANTS = 3
PART_MAXIMALE_REPONDANT_PCT = 85
SEUIL_SALARIES = 5
PART_MAXIMALE_SALARIE_PCT = 80

RETENUE = "retenue par le producteur"
PEU_NOMBREUX = "moins de trois répondants (SIREN)"
CELLULE = "niveau, code_territoire, axe, modalite"
# one row a cell and respondent: `v` its value, `n` its units
RESPONDENTS = f"""
    SELECT {CELLULE}, repondant, sum(valeur) AS v, sum(nombre_unites) AS n,
           count(*) - count(valeur) AS retenues, count(*) - count(nombre_unites) AS sans_nombre
    FROM lignes GROUP BY ALL"""


def primary_rules(mesure: Mesure) -> str:
    """Query `statistiques`, a CTE over the contributions `lignes`: one row a cell, its sum and why it is confidential.

    It reads `par_repondant`, the CTE of `RESPONDENTS`. A respondent (a SIREN) is one, whatever its number of
    establishments. A cell the producer counts without saying of how many units keeps the producer's own protection:
    only what it withholds is. A zero says nothing of anyone, and a row of zero is no respondent. Employees that are
    withheld do not count; a pay that is withheld could only make the largest known one larger.
    """
    salaries = _joined(mesure.salaries, "sum(j.valeur)", "salaries")
    plus_fort = _joined(mesure.plus_gros_salaire, "max(j.valeur)", "plus_fort")
    peu_de_salaries = (
        f"WHEN coalesce(salaries, 0) < {SEUIL_SALARIES} THEN 'moins de {SEUIL_SALARIES} salariés'"
        if mesure.salaries
        else ""
    )
    return f"""
        {salaries}, {plus_fort},
        sommes AS (
            SELECT {CELLULE}, CASE WHEN sum(retenues) = 0 THEN sum(v)::DECIMAL(38,6) END AS somme, max(v) AS plus_gros,
                   count(*) FILTER (v > 0) AS repondants,
                   CASE WHEN sum(sans_nombre) = 0 THEN sum(n)::BIGINT END AS nombre_unites
            FROM par_repondant GROUP BY ALL),
        statistiques AS (
            SELECT {CELLULE}, somme, nombre_unites,
                   CASE WHEN somme IS NULL THEN '{RETENUE}'
                        WHEN nombre_unites IS NULL OR somme = 0 THEN NULL
                        WHEN repondants < {SEUIL_REPONDANTS} THEN '{PEU_NOMBREUX}'
                        WHEN 100 * plus_gros > {PART_MAXIMALE_REPONDANT_PCT} * somme
                            THEN 'un répondant au-delà de {PART_MAXIMALE_REPONDANT_PCT} %'
                        {peu_de_salaries}
                        WHEN 100 * plus_fort > {PART_MAXIMALE_SALARIE_PCT} * somme
                            THEN 'un salarié au-delà de {PART_MAXIMALE_SALARIE_PCT} %'
                   END AS raison
            FROM sommes LEFT JOIN salaries USING ({CELLULE}) LEFT JOIN plus_fort USING ({CELLULE}))"""


def _joined(mesure: str, agregat: str, nom: str) -> str:
    """Query what another measure says of the same units, cell by cell; nothing when there is no such measure."""
    if not mesure:
        return f"{nom} AS (SELECT {CELLULE}, NULL::DECIMAL(38,6) AS {nom} FROM lignes LIMIT 0)"
    return f"""{nom} AS (
            SELECT {", ".join(f"l.{colonne}" for colonne in CELLULE.split(", "))}, {agregat} AS {nom}
            FROM lignes l LEFT JOIN mesures.{mesure} j USING (periode, axe, modalite, unite) GROUP BY ALL)"""
