-- Établissements employeurs selon Flores (Insee), publics et privés.
SELECT niveau, t.code_territoire, time_period::VARCHAR AS periode,
       CASE WHEN activity = '_T' THEN 'total' ELSE 'activite_a5' END AS axe,
       CASE WHEN activity = '_T' THEN 'total' ELSE activity END AS modalite,
       concat_ws('|', geo_object, geo, time_period) AS unite, concat_ws('|', geo_object, geo) AS repondant,
       coalesce(obs_value, 0) AS nombre_unites, obs_value AS valeur
FROM socle.flores f
JOIN referentiels.territoires t USING (niveau)
WHERE flores_measure = 'UNIT_LOC' AND t.code_territoire = CASE WHEN niveau = 'france' THEN 'FR' ELSE f.geo END
