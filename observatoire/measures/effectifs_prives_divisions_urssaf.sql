-- Effectifs salariés moyens du secteur privé par division de la NAF, ESS comprise (Urssaf, régime général).
-- Une autre table que celle des départements : les deux diffèrent par définition et ne se mêlent pas.
-- unité : salariés, moyenne annuelle
-- champ : secteur privé, régime général, hors agriculture et Mayotte
-- lignes : socle.urssaf_ess_regions_na88 l ON concat_ws('|', l.code_region, l.annee, l.division_naf, l.est_ess, l.famille_ess) = c.unite
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire, annee::VARCHAR AS periode,
       concat_ws('|', code_region, annee, division_naf, est_ess, famille_ess) AS unite, code_region AS repondant,
       nombre_etablissements AS nombre_unites, effectifs_salaries_moyens AS valeur,
       unnest([{axe: 'total', modalite: 'total'}, {axe: 'division_naf', modalite: division_naf}], recursive := true)
FROM socle.urssaf_ess_regions_na88
LEFT JOIN referentiels.territoires t ON t.niveau = 'region' AND t.code_territoire = code_region
