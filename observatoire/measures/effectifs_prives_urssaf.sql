-- Effectifs salariés moyens du secteur privé, ESS comprise (Urssaf, régime général).
SELECT 'departement' AS niveau, code_departement AS code_territoire, annee::VARCHAR AS periode,
       concat_ws('|', code_departement, annee, est_ess, famille_ess) AS unite, code_departement AS repondant,
       coalesce(nombre_etablissements, 0) AS nombre_unites, effectifs_salaries_moyens AS valeur,
       unnest([{axe: 'total', modalite: 'total'}], recursive := true)
FROM socle.urssaf_ess_departements
