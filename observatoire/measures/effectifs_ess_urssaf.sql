-- Effectifs salariés moyens de l'ESS (Urssaf, régime général).
-- unité : salariés, moyenne annuelle
-- champ : secteur privé, régime général, hors agriculture et Mayotte
-- périmètre : Urssaf
-- lignes : socle.urssaf_ess_departements l ON concat_ws('|', l.code_departement, l.annee, l.est_ess, l.famille_ess) = c.unite
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire, annee::VARCHAR AS periode,
       concat_ws('|', code_departement, annee, est_ess, famille_ess) AS unite, code_departement AS repondant,
       nombre_etablissements AS nombre_unites, effectifs_salaries_moyens AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'famille_urssaf', modalite: famille_ess}], recursive := true)
FROM socle.urssaf_ess_departements
LEFT JOIN referentiels.territoires t ON t.niveau = 'departement' AND t.code_territoire = code_departement
WHERE est_ess
