-- Cellules de Flores, dans leur ventilation : de deux millésimes, le dernier a révisé l'année qu'ils ont en commun.
SELECT coalesce(t.niveau, 'inconnu') AS niveau, coalesce(t.code_territoire, 'inconnu') AS code_territoire,
       time_period::VARCHAR AS periode,
       CASE WHEN t.niveau IS NULL THEN 'territoire_inconnu' WHEN obs_status = 'W' THEN 'avec_commune_rattachee' WHEN activity = '_T' THEN 'total' ELSE 'activite_' || nomenclature END AS axe,
       CASE WHEN t.niveau IS NULL THEN concat_ws('|', geo_object, nullif(nomenclature, 'inconnue'), activity) WHEN activity = '_T' THEN 'total'
            WHEN obs_status = 'W' THEN concat_ws('|', nullif(nomenclature, 'inconnue'), activity) ELSE activity END AS modalite,
       concat_ws('|', geo_object, geo, time_period) AS unite, concat_ws('|', geo_object, geo) AS repondant,
       flores_measure, obs_value AS valeur
FROM socle.flores f
LEFT JOIN referentiels.territoires t
    ON t.niveau = f.niveau AND t.code_territoire = CASE WHEN f.niveau = 'france' THEN 'FR' ELSE f.geo END
QUALIFY row_number() OVER (
    PARTITION BY flores_measure, geo_object, geo, time_period, activity, CASE WHEN activity <> '_T' THEN nomenclature END
    ORDER BY millesime <> 'inconnu' DESC, millesime DESC, nomenclature) = 1
